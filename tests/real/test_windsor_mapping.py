# SPDX-License-Identifier: GPL-2.0-or-later
"""Windsor's two manhole inventories, differently made, come in by what the preview guesses of them."""

from __future__ import annotations

import json
import zipfile

import pytest

from digital_citymgmt_plugin.core.requests import ImportComponents, Layer, PreviewTable
from digital_citymgmt_plugin.services.components import import_components
from digital_citymgmt_plugin.services.table_preview import preview_table
from tests.support import make_context, new_store

pytestmark = pytest.mark.real_data


@pytest.fixture
def city(tmp_path):
    store = new_store(tmp_path / "windsor.gpkg", crs="EPSG:26917", county_name="Windsor", time_zone="America/Toronto")
    yield make_context(store)
    store.close()


def guessed_mapping(answer):
    """The mapping as the window makes it of the guesses when nobody changes anything."""
    fields = {name: column for name, column in answer["fields"].items() if not name.startswith("class_")}
    values = {word: code for word, _, code, _ in answer["classes"] if code}
    mapping = {"name": answer["name"], "fields": fields, "crs": answer["crs"], "null_values": answer["null_values"]}
    fields["class_code"] = {"column": answer["class_column"], "values": values}
    if answer["x"]:
        mapping.update(x=answer["x"], y=answer["y"])
    return json.dumps(mapping)


def come_in(city, path):
    answer = preview_table(city, PreviewTable(Layer(str(path))))
    return answer, import_components(city, ImportComponents(Layer(str(path)), guessed_mapping(answer)))["counts"]


def test_the_old_inventory_comes_in_by_guesses(city, shared, tmp_path):
    with zipfile.ZipFile(shared / "components" / "windsor_manholes_csv.zip") as package:
        package.extractall(tmp_path / "csv")
    expected = {"Storm_mh": 9_355, "San_mh": 8_764, "Comb_mh": 2_683, "Dual_mh": 300}
    for path in sorted((tmp_path / "csv").rglob("*.csv")):
        answer, counts = come_in(city, path)
        assert (answer["class_column"], answer["x"], answer["y"]) == ("LAYER", "XCoord", "YCoord")
        assert answer["fields"]["source_id"] == "MH_NUM" and "N/A" in answer["null_values"]
        assert counts["read"] == expected[path.stem] == counts["accepted"] + counts["rejected"]
        assert counts["rejected"] <= 0.01 * counts["read"], (path.stem, counts)


def test_the_new_inventory_comes_in_by_guesses(city, shared):
    answer, counts = come_in(city, shared / "components" / "windsor_sewer_access_points.gpkg")
    assert answer["class_column"] in ("Sewer_Type", "d_SEWER_TY", "Access_P_1") and answer["crs"].endswith("26917")
    assert counts["read"] == 47_539 == counts["accepted"] + counts["rejected"]
    assert counts["accepted"] >= 0.95 * counts["read"], counts

# SPDX-License-Identifier: GPL-2.0-or-later
"""Windsor's sewer access points (47,539 real manholes) and Binghamton's trees through census and coding."""

from __future__ import annotations

import gzip
import json
from collections import Counter

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.storage.vectors import VectorSource
from tests.services.cities import City, ties
from tests.support import Watcher, new_store

pytestmark = pytest.mark.real_data

COUNTY = "353703"
CLASSES = {
    "STORM": "0103",
    "PRIVATE STORM": "0103",
    "SANITARY": "0102",
    "PRIVATE SANITARY": "0102",
    "COMBINED": "0151",
    "ABANDONED": "0152",
    "CULVERT": "0153",
    "DUAL": "0154",
}
OWN = {"0151": "合流井盖", "0152": "废弃井", "0153": "涵洞井", "0154": "双用井"}
LAYER = "components/windsor_sewer_access_points.gpkg"


def profile(folder):
    """A local profile: the classes of 2013 and four of Windsor's own."""
    classes = [
        {"kind": "component", "code": code, "major_code": "01", "minor_code": code[2:], "name": name}
        for code, name in OWN.items()
    ]
    path = folder / "windsor.json"
    path.write_text(json.dumps({"settings": {"base": "2013", "name": "Windsor"}, "classes": classes}), encoding="utf-8")
    return str(path)


@pytest.fixture
def windsor(tmp_path):
    store = new_store(
        tmp_path / "w.gpkg", crs="EPSG:26917", county_code=COUNTY, county_name="Windsor", profile=profile(tmp_path),
        time_zone="America/Toronto",
    )  # fmt: skip
    yield City(store, tmp_path, Watcher())
    store.close()


@pytest.fixture
def points(shared):
    """The source's own rows, read without the plugin's import."""
    source = VectorSource(str(shared / LAYER), ".gpkg")
    chunks = list(source.chunks(100_000))
    source.close()
    return chunks[0]


MAPPING = json.dumps(
    {
        "name": "windsor",
        "fields": {"class_code": {"column": "Sewer_Type", "values": CLASSES}, "state": {"const": "完好"}},
    }
)


def test_all_access_points_come_in_are_coded_and_known_again(windsor, points, shared):
    path = str(shared / LAYER)
    west, south, east, north = shapely.total_bounds(points["geom"])
    step = 1000.0
    columns, rows = int((east - west) // step) + 1, int((north - south) // step) + 1
    code = f"{COUNTY}001001"
    windsor.areas(windsor.layer("city.gpkg", [shapely.box(west, south, east, north)], crs="EPSG:26917", code=[code],
                                name=["Windsor"]))  # fmt: skip
    cells = [
        shapely.box(west + c * step, south + r * step, min(west + (c + 1) * step, east + 1), south + (r + 1) * step)
        for r in range(rows)
        for c in range(columns)
    ]
    windsor.adopt(cells, crs="EPSG:26917")
    first = windsor.census(path, MAPPING)["counts"]
    assert (first["read"], first["inserted"], first["rejected"]) == (47_539, 47_539, 0) and ties(first)
    assert (first["same_place"], first["same_all"]) == (671, 340)
    rules = Counter(row["rule"] for row in windsor.rows("check_issue", "rule"))
    assert rules["same_place"] + rules["same_all"] == 671 and rules["same_all"] == 340

    counts = windsor.code()["counts"]
    assert counts["coded"] == 47_539 and counts["outside"] == 0
    stored = windsor.store.read("component_point", ["code", "class_code", "grid_code", "geom"], (), ["fid"])
    assert len(set(stored["code"])) == 47_539
    wanted = Counter(CLASSES[value] for value in points["Sewer_Type"].tolist())
    assert Counter(stored["class_code"].tolist()) == wanted
    for name, total in wanted.items():  # numbered 1, 2, … without a gap
        serials = sorted(int(one[-6:]) for one in stored["code"] if one.startswith(COUNTY + name))
        assert serials == list(range(1, total + 1))
    grids = windsor.grids("code", "geom")
    cell = locate_points(stored["geom"], np.array([row["geom"] for row in grids], dtype=object))
    assert [grids[index]["code"] for index in cell] == stored["grid_code"].tolist()

    before, operations = windsor.digest(), windsor.store.count("operation")
    again = windsor.census(path, "windsor")
    assert again["counts"]["unchanged"] == 47_539 and again["operation"] is None
    assert windsor.code()["operation"] is None
    assert (windsor.digest(), windsor.store.count("operation")) == (before, operations)
    assert windsor.store.verify() == []


def test_671_points_stand_where_another_stands_by_a_plain_count(points):
    places = Counter(map(tuple, shapely.get_coordinates(points["geom"]).tolist()))
    names = [name for name in points if name not in ("__row__", "geom")]
    rows = Counter(zip(shapely.to_wkb(points["geom"]).tolist(), *(map(repr, points[name].tolist()) for name in names)))
    assert sum(n - 1 for n in places.values()) == 671 and sum(n - 1 for n in rows.values()) == 340


def test_binghamtons_trees_come_in_by_their_degrees(tmp_path, shared):
    store = new_store(tmp_path / "b.gpkg", crs="EPSG:26918", county_code="360070", county_name="Binghamton")
    city = City(store, tmp_path, Watcher())
    try:
        path = tmp_path / "trees.csv"
        path.write_bytes(gzip.decompress((shared / "components" / "binghamton_street_trees.csv.gz").read_bytes()))
        tree = next(entry.code for entry in store.profile().classes if entry.kind == "component" and "树" in entry.name)
        fields = {"class_code": {"const": tree}, "remark": "Species"}
        rule = json.dumps({"fields": fields, "x": "Longitude", "y": "Latitude", "crs": "EPSG:4326"})
        result = city.census(str(path), rule, rejects=str(tmp_path / "r.xlsx"))
        assert (result["counts"]["read"], result["counts"]["inserted"]) == (16_875, 16_875) and ties(result["counts"])
        assert "note.reprojected" in {note["code"] for note in result["notes"]}
        stored = city.rows("component_point", "geom", "attributes")
        own = [json.loads(row["attributes"]) for row in stored]
        assert all("Latitude" not in item and "Address" in item for item in own)
        assert city.census(str(path), rule)["operation"] is None
    finally:
        store.close()

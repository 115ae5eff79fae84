# SPDX-License-Identifier: GPL-2.0-or-later
"""A vendor's file is looked at before it is adopted: code field, CRS stated or found, wrong codes numbered anew."""

from __future__ import annotations

import json

import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import AdoptGrids, Layer, PreviewGrids
from digital_citymgmt_plugin.core.requests_beats import ImportBeats
from digital_citymgmt_plugin.services.adoption import adopt_grids
from digital_citymgmt_plugin.services.beat_import import import_beats
from digital_citymgmt_plugin.services.grid_preview import preview_grids
from digital_citymgmt_plugin.storage.projections import Projected
from scripts.vendor_grids import DRAWN, PLANTED, make_vendor
from tests.services.cities import CRS, FIRST, SECOND, as_array, box, squares


def look(town, path, **layer):
    return preview_grids(town.context, PreviewGrids(Layer(path, **layer)))


def numbers(count, start=1):
    return [f"{FIRST}{at:03d}" for at in range(start, start + count)]


def test_the_field_with_the_codes_is_guessed_by_its_values(town):
    columns = {"社区": [FIRST] * 4, "WGBM": [*numbers(3), "x"], "责任网格": list("甲甲乙乙")}
    path = town.layer("g.gpkg", squares(2, 2, 500), **columns)
    found = look(town, path)
    assert (found["code_field"], found["beat_field"]) == ("WGBM", "责任网格")
    assert (found["stated"], found["crs"], found["crs_why"]) == (CRS, CRS, "guess.crs_file")
    assert found["sample"][3][1] == "x"


def test_codes_of_another_county_still_tell_the_field(town):
    path = town.layer("g.gpkg", squares(2, 1, 500), 名称=["甲", "乙"], NO=["110105001001001", "110105001001002"])
    assert look(town, path)["code_field"] == "NO"


def test_a_missing_crs_is_found_by_where_the_grids_lie(town):
    path = town.layer("g.shp", squares(2, 1, 500), NO=numbers(2))
    for ending in (".prj", ".cpg"):
        (town.folder / f"g{ending}").unlink(missing_ok=True)
    found = look(town, path)
    assert (found["stated"], found["crs"], found["crs_why"]) == ("", CRS, "guess.crs_fits")


def test_a_wrong_crs_is_told_with_the_one_that_fits(town):
    path = town.layer("g.gpkg", squares(2, 1, 500), crs="EPSG:4548", NO=numbers(2))
    found = look(town, path)
    assert (found["stated"], found["crs"], found["crs_why"]) == ("EPSG:4548", CRS, "guess.crs_instead")
    degrees = Projected().transform(as_array(squares(2, 1, 500)), CRS, "EPSG:4326").tolist()
    path = town.layer("d.geojson", degrees, crs="EPSG:4326", NO=numbers(2))
    assert look(town, path)["crs_why"] == "guess.crs_file"
    assert look(town, path, crs="EPSG:4490")["crs_why"] == "guess.crs_given"


def test_what_is_nowhere_near_says_so(town):
    path = town.layer("g.gpkg", [shapely.box(0, 0, 500, 500)], NO=numbers(1))
    assert look(town, path)["crs_why"] == "guess.crs_far"
    with pytest.raises(InputRefused, match=r"input\.no_geometry"):
        look(town, town.table("t.csv", [{"a": 1}]))


def test_rows_with_wrong_codes_come_in_with_the_next_numbers_and_are_listed(town):
    shapes = [*squares(4, 2, 500), box(5000, 0, 5100, 100), None]
    codes = [f"{FIRST}001", f"{FIRST}001", "110105001001009", "", f"{SECOND}007", "1", f"{FIRST}003", f"{FIRST}900"]
    path = town.layer("g.gpkg", shapes, NO=[*codes, "x", f"{FIRST}005"])
    request = AdoptGrids(Layer(path), "NO", wrong_codes="number")
    result = adopt_grids(town.context, request)
    assert result["reasons"] == {"reject.outside_communities": 1, "reject.no_geometry": 1}
    assert (result["counts"]["inserted"], result["counts"]["renumbered"]) == (8, 4)
    told = town.rows("check_issue", "params", "level", where=[("rule", "=", "grid.code_replaced")])
    said = {json.loads(row["params"])["stated"]: json.loads(row["params"])["because"] for row in told}
    assert said == {
        f"{FIRST}001": "because.reject.duplicate_code", "110105001001009": "because.codes.other_county",
        "": "because.codes.missing", "1": "because.codes.wrong_length",
    }  # fmt: skip
    assert result["by_rule"]["grid.code_replaced"] == 4
    kept = {row["code"] for row in town.grids("code")}
    assert {f"{FIRST}001", f"{SECOND}007", f"{FIRST}003", f"{FIRST}900"} <= kept
    assert {f"{FIRST}901", f"{SECOND}008"} <= kept  # after the numbers that the file holds itself
    assert len(kept) == 8
    again = adopt_grids(town.context, request)
    assert (again["counts"]["unchanged"], again["counts"]["inserted"], again["counts"]["retired"]) == (8, 0, 0)


def test_without_communities_nothing_can_be_numbered(city):
    path = city.layer("g.gpkg", squares(1, 1, 500), NO=numbers(1))
    with pytest.raises(InputRefused, match=r"adopt\.no_communities"):
        adopt_grids(city.context, AdoptGrids(Layer(path), "NO", wrong_codes="number"))


@pytest.mark.parametrize("at", [0, 1], ids=["SHP in GBK without CRS", "GeoJSON in degrees"])
def test_a_vendors_file_with_all_its_faults_comes_in_and_nothing_is_dropped(city, root, at):
    data = root / "sample_data"
    path = str(make_vendor(city.folder / "vendor", data)[at])
    city.areas(str(data / "areas.gpkg"), layer="communities")
    found = look(city, path)
    assert (found["code_field"], found["beat_field"]) == ("网格编码", "责任网格")
    assert (found["stated"], found["crs"]) == (("", CRS), ("EPSG:4326", "EPSG:4326"))[at]
    assert found["sample"][0][1] == "第1网格"
    layer = Layer(path, crs=found["crs"])
    city.store.preview = "drop"
    strict = adopt_grids(city.context, AdoptGrids(layer, found["code_field"]))
    city.store.preview = ""
    assert strict["reasons"] == {**PLANTED, "codes.missing": 2}
    result = adopt_grids(city.context, AdoptGrids(layer, found["code_field"], wrong_codes="number"))
    assert result["reasons"] == {"reject.no_geometry": 1, "reject.outside_communities": 1}
    assert result["counts"]["renumbered"] == 4
    assert set(DRAWN) <= set(result["by_rule"])
    assert result["counts"]["accepted"] == city.store.count("unit_grid") == result["counts"]["read"] - 2
    beats = import_beats(city.context, ImportBeats(layer, found["beat_field"]))
    grids, members = city.store.count("unit_grid"), city.store.count("beat_member")
    # The grids of the file are the polygons of its beats: only what lies where two of them do may have none.
    assert city.store.count("beat") > 20
    assert grids - members == beats["counts"]["grids_without"] <= 3

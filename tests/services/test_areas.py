# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas come in by level and code; what changed begins a new version, what did not is left alone."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import datetime, timezone

import pytest
import shapely

from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.requests import AdoptGrids, ImportAreas, Layer
from digital_citymgmt_plugin.services.adoption import adopt_grids
from digital_citymgmt_plugin.services.areas import import_areas
from tests.services.cities import FIRST, SECOND, box
from tests.support import Watcher

CURRENT = [("valid_to", "is null", None)]


def test_communities_are_stored_with_level_parent_and_shape(city):
    result = city.communities()
    assert result["counts"]["inserted"] == 2
    rows = city.rows("admin_area", "level", "code", "parent_code", "name", "valid_from", "geom")
    assert [(row["level"], row["code"], row["parent_code"]) for row in rows] == [
        ("community", FIRST, FIRST[:9]),
        ("community", SECOND, SECOND[:9]),
    ]
    assert rows[0]["geom"].geom_type == "MultiPolygon" and rows[0]["geom"].equals(box(0, 0, 1000, 1000))


def test_a_second_import_changes_nothing_and_logs_nothing(city):
    city.communities()
    before, operations = city.digest(), city.store.count("operation")
    result = city.communities()
    assert result["counts"]["unchanged"] == 2 and result["operation"] is None
    assert (city.digest(), city.store.count("operation")) == (before, operations)


def test_a_changed_shape_closes_the_version_and_begins_one(city):
    city.communities()
    result = city.communities(box(0, 0, 1000, 1000), box(1000, 0, 1900, 1000))
    assert (result["counts"]["updated"], result["counts"]["unchanged"], result["counts"]["inserted"]) == (1, 1, 0)
    versions = city.rows("admin_area", "code", "valid_to", where=[("code", "=", SECOND)])
    assert [row["valid_to"] is None for row in versions] == [False, True]


def test_a_changed_name_begins_a_new_version(city):
    path = city.layer("a.gpkg", [box(0, 0, 9, 9)], code=[FIRST], name=["旧名"])
    city.areas(path)
    city.areas(city.layer("a.gpkg", [box(0, 0, 9, 9)], code=[FIRST], name=["新名"]))
    assert [row["name"] for row in city.rows("admin_area", "name", where=CURRENT)] == ["新名"]


def test_a_table_gives_names_without_geometry(city):
    result = city.areas(city.table("list.csv", [{"code": FIRST, "name": "甲"}, {"code": SECOND, "name": "乙"}]))
    assert result["counts"]["accepted"] == 2
    assert [row["geom"] for row in city.rows("admin_area", "geom")] == [None, None]


def test_a_table_leaves_the_shapes_that_are_there(city):
    city.communities()
    city.areas(city.table("list.csv", [{"code": FIRST, "name": "新名"}]))
    current = city.rows("admin_area", "name", "geom", where=[*CURRENT, ("code", "=", FIRST)])
    assert current[0]["name"] == "新名" and current[0]["geom"].equals(box(0, 0, 1000, 1000))


def test_a_known_name_gets_its_first_shape_without_a_new_version(city):
    city.areas(city.table("list.csv", [{"code": FIRST, "name": "社区001"}]))
    result = city.communities(box(0, 0, 1000, 1000))
    assert result["counts"]["updated"] == 1
    assert [row["geom"] is not None for row in city.rows("admin_area", "geom")] == [True]


def test_rows_of_other_counties_and_wrong_or_repeated_codes_are_rejected_with_reason(city):
    rows = [
        {"code": FIRST, "name": "甲"}, {"code": "320602001001", "name": "他县"}, {"code": "320681001", "name": "街道"},
        {"code": FIRST, "name": "又一"}, {"code": "", "name": "无"}, {"code": "32068100100X", "name": "字母"},
        {"code": SECOND, "name": ""},
    ]  # fmt: skip
    result = city.areas(city.table("list.csv", rows))
    assert (result["counts"]["accepted"], result["counts"]["rejected"]) == (1, 6)
    assert result["reasons"] == {
        "reject.other_county": 1, "reject.area_code": 2, "reject.duplicate_code": 1, "reject.missing": 2,
    }  # fmt: skip


def test_rows_of_equal_code_and_name_are_parts_of_one_area(city):
    parts = [box(0, 0, 100, 100), box(100, 0, 200, 100), box(500, 500, 600, 600)]
    path = city.layer("parts.gpkg", parts, "Polygon", code=["320681001"] * 2 + ["320681002"], name=["甲", "甲", "乙"])
    counts = city.areas(path, "street")["counts"]
    assert (counts["read"], counts["accepted"], counts["inserted"], counts["merged"]) == (3, 3, 2, 1)
    rows = {row["code"]: row["geom"] for row in city.rows("admin_area", "code", "geom")}
    assert rows["320681001"].equals(box(0, 0, 200, 100)) and rows["320681002"].equals(parts[2])
    again = city.areas(path, "street")
    assert (again["counts"]["unchanged"], again["operation"]) == (2, None)


@pytest.mark.parametrize(("level", "code"), [("county", "320681"), ("street", "320681001"), ("community", FIRST)])
def test_a_code_is_as_long_as_its_level_says(city, level, code):
    rows = [{"code": value, "name": "名"} for value in ("320681", "320681001", FIRST)]
    result = city.areas(city.table("list.csv", rows), level)
    assert result["counts"]["accepted"] == 1
    assert [row["code"] for row in city.rows("admin_area", "code")] == [code]


def test_an_unknown_level_is_refused(city):
    with pytest.raises(InputRefused, match=r"input\.level"):
        city.areas(city.table("list.csv", [{"code": FIRST, "name": "甲"}]), "village")


def test_an_invalid_polygon_is_repaired_and_listed(city):
    x, y = box(0, 0, 1, 1).bounds[:2]
    bow = shapely.Polygon([(x, y), (x + 100, y + 100), (x + 100, y), (x, y + 100)])
    result = city.areas(city.layer("bow.gpkg", [bow], code=[FIRST], name=["蝴蝶"]))
    assert result["counts"]["repaired"] == 1
    stored = city.rows("admin_area", "geom")[0]["geom"]
    assert stored.is_valid and stored.area == pytest.approx(5000)
    assert [row["rule"] for row in city.rows("check_issue", "rule")] == ["area_repaired"]


def test_an_area_whose_next_version_needs_no_repair_has_no_open_issue(city):
    x, y = box(0, 0, 1, 1).bounds[:2]
    bow = shapely.Polygon([(x, y), (x + 100, y + 100), (x + 100, y), (x, y + 100)])
    city.areas(city.layer("bow.gpkg", [bow], code=[FIRST], name=["蝴蝶"]))
    city.areas(city.layer("square.gpkg", [box(0, 0, 100, 100)], code=[FIRST], name=["蝴蝶"]))
    assert [row["state"] for row in city.rows("check_issue", "state")] == ["settled"]


def test_versions_begin_and_end_on_the_citys_own_day(city):
    night = datetime(2026, 1, 14, 20, 0, tzinfo=timezone.utc)  # 04:00 of the next day in Shanghai
    context = replace(city.context, clock=lambda: night)
    for name in ("甲", "乙"):
        path = city.table("list.csv", [{"code": FIRST, "name": name}])
        import_areas(context, ImportAreas(Layer(path), "community", "code", "name"))
    days = [(row["valid_from"], row["valid_to"]) for row in city.rows("admin_area", "valid_from", "valid_to")]
    assert days == [("2026-01-15", "2026-01-15"), ("2026-01-15", None)]
    adopt_grids(context, AdoptGrids(Layer(city.layer("g.gpkg", [box(0, 0, 9, 9)], code=[FIRST + "001"])), "code"))
    assert city.rows("unit_grid", "valid_from")[0]["valid_from"] == "2026-01-15"


def test_lines_and_missing_shapes_are_rejected(city):
    line = shapely.LineString([(360_000, 3_520_000), (360_010, 3_520_000)])
    path = city.layer("mixed.gpkg", [line, None, box(0, 0, 5, 5)], "Unknown", code=[FIRST, SECOND, "320681001003"],
                      name=["线", "无", "面"])  # fmt: skip
    result = city.areas(path)
    assert result["reasons"] == {"reject.not_polygon": 1, "reject.no_geometry": 1}
    assert result["counts"]["accepted"] == 1


def test_a_layer_in_degrees_is_reprojected_and_that_is_said(city):
    shape = shapely.box(121.55, 31.80, 121.56, 31.81)
    result = city.areas(city.layer("deg.gpkg", [shape], crs="EPSG:4490", code=[FIRST], name=["度"]))
    assert [note["code"] for note in result["notes"]] == ["note.reprojected"]
    assert 360_000 < city.rows("admin_area", "geom")[0]["geom"].bounds[0] < 370_000


@pytest.mark.parametrize(
    ("shape", "crs"),
    [
        (shapely.box(121.55, 31.80, 121.56, 31.81), "EPSG:4550"),  # degrees said to be metres
        (shapely.box(360_000, 520_000, 361_000, 521_000), "EPSG:4550"),  # 3,000 km south of where the CRS is used
        (shapely.box(360_000, 3_520_000, 361_000, 3_521_000), "EPSG:4490"),  # metres said to be degrees
        (shapely.box(3_520_000, 360_000, 3_521_000, 361_000), "EPSG:4550"),  # x and y exchanged
    ],
    ids=["degrees", "far", "metres", "exchanged"],
)
def test_the_first_areas_in_a_wrong_crs_are_refused(city, shape, crs):
    path = city.layer("wrong.gpkg", [shape], crs=crs, code=[FIRST], name=["错"])
    with pytest.raises(InputRefused, match=r"input\.crs_mismatch"):
        city.areas(path)
    assert city.store.count("admin_area") == 0


def test_without_a_crs_the_layer_is_refused_until_one_is_stated(city):
    path = city.layer("nocrs.shp", [box(0, 0, 5, 5)], crs=None, code=[FIRST], name=["无"])
    with pytest.raises(InputRefused, match=r"input\.no_crs"):
        city.areas(path)
    assert city.areas(path, crs="EPSG:4550")["counts"]["inserted"] == 1


def test_cancelling_leaves_the_store_as_it_was(city):
    before = city.digest()
    for moment in range(1, 6):
        city.watcher = Watcher(cancel_at=moment)
        try:
            city.communities()
            break
        except Cancelled:
            assert city.digest() == before
    else:
        raise AssertionError("never finished")


@pytest.mark.real_data
def test_of_the_official_list_only_the_own_county_comes_in(city, shared):
    path = city.folder / "villages.csv"
    packed = shared / "admin" / "cn_community_codes_nantong_beijing_shenzhen.csv.gz"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    names = header.split(",")
    codes = [line.split(",")[0].strip('"') for line in lines]
    own = sum(code.startswith("320681") for code in codes)
    result = city.areas(str(path), code=names[0], name=names[1])
    assert own > 100 and result["counts"]["accepted"] == own
    assert result["reasons"] == {"reject.other_county": len(codes) - own}

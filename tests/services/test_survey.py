# SPDX-License-Identifier: GPL-2.0-or-later
"""A look at foreign files: what each is taken for, what it tells of the city; areas made of layers without codes."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import AdoptGrids, ImportAreas, Layer, SurveyFiles
from digital_citymgmt_plugin.services.adoption import adopt_grids
from digital_citymgmt_plugin.services.areas import import_areas
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.survey import survey_files
from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.projections import Projected
from tests.services.cities import CRS, FIRST, SECOND, X0, Y0, box, squares
from tests.support import Watcher, make_context


def survey(*paths, **layer):
    return survey_files(make_context(), SurveyFiles([Layer(str(path), **layer) for path in paths]))


def only(*paths, **layer):
    found = survey(*paths, **layer)
    assert len(found["files"]) == 1
    return found["files"][0], found["city"]


def case_rows(count=5, **more):
    return [
        {"案件编号": f"A{n}", "上报时间": "2024-01-01 08:00", "X坐标": X0 + n, "Y坐标": Y0 + n, **more}
        for n in range(count)
    ]


def test_communities_are_known_by_twelve_digits_and_tell_county_and_crs(city):
    path = city.layer("x.gpkg", [box(0, 0, 9, 9), box(9, 0, 18, 9)], BM=[FIRST, SECOND], 名称=["甲", "乙"])
    found, told = only(path)
    assert (found["role"], found["code_field"], found["name_field"], found["rows"]) == ("communities", "BM", "名称", 2)
    assert (told["county_code"], told["crs"]) == ("320681", CRS)


def test_grids_are_told_from_their_communities_codes_by_repetition_and_their_faults_are_counted(city):
    shapes = squares(3, 2, 200)
    shapes[1] = box(150, 0, 400, 200)  # over its western neighbour
    codes = [f"{FIRST}{n:03d}" for n in (1, 2, 3, 4, 5, 5)]
    path = city.layer("vendor.shp", shapes, WGBM=codes, SQBM=[FIRST] * 6)
    found, told = only(path)
    assert (found["role"], found["code_field"]) == ("grids", "WGBM")
    assert found["faults"] == {"grid.overlap": 1, "grid.code_twice": 1}
    assert told["county_code"] == "320681"


def test_grids_of_fourteen_digits_are_of_the_edition_of_2007(city):
    path = city.layer("g.gpkg", squares(2, 1, 200), code=[f"{FIRST}01", f"{FIRST}02"])
    found, told = only(path)
    assert (found["role"], told["edition"]) == ("grids", "2007")


def test_many_small_polygons_without_codes_are_grids_few_large_ones_communities(city):
    small, _ = only(city.layer("a.gpkg", squares(6, 5, 200), id=list(range(30))))
    large, _ = only(city.layer("b.gpkg", squares(2, 2, 900), id=list(range(4))))
    assert (small["role"], small["why"]) == ("grids", "guess.by_size")
    assert (large["role"], large["why"]) == ("communities", "guess.by_shape")


@pytest.mark.parametrize(
    ("crs", "east", "found", "why"),
    [
        (None, 0.0, "", "guess.crs_unknown"),
        (None, 40_000_000.0, "EPSG:4528", "guess.crs_zone"),
        (CRS, 0.0, CRS, "guess.crs_file"),
    ],
    ids=["six digits tell no zone", "eight digits do", "the file states it"],
)
def test_the_crs_is_the_files_else_that_of_the_zone_number(city, tmp_path, crs, east, found, why):
    path = str(tmp_path / "z.shp")
    shapes = objects([shapely.box(X0 + east, Y0, X0 + east + 500, Y0 + 500)])
    CityFiles().write_layer(path, "z", {"code": objects([FIRST]), GEOM: shapes}, crs, "Polygon")
    entry, _ = only(path)
    assert (entry["crs"], entry["crs_why"]) == (found, why)


def test_degrees_are_cgcs2000_and_the_city_gets_the_zone_it_lies_in(city):
    shape = Projected().transform(objects([box(0, 0, 900, 900)]), CRS, "EPSG:4490")
    entry, told = only(city.layer("d.geojson", shape.tolist(), crs="EPSG:4490", code=[FIRST], name=["甲"]))
    assert Projected().same(entry["crs"], "EPSG:4490") or Projected().same(entry["crs"], "EPSG:4326")
    assert (told["crs"], told["crs_why"]) == (Projected().utm_for(121.5, 31.8), "guess.crs_place")


def test_cases_are_known_by_their_headings_and_lend_the_crs_of_the_areas(city):
    areas = city.layer("x.gpkg", [box(-900, -900, 900, 900)], code=[FIRST], name=["甲"])
    cases = city.table("案件.csv", case_rows(), encoding="gbk")
    found = survey(areas, cases)["files"][1]
    assert (found["role"], found["rows"], found["encoding"]) == ("cases", 5, "GBK")
    assert found["mapping"]["case_no"] == "案件编号" and (found["x"], found["y"]) == ("X坐标", "Y坐标")
    assert (found["crs"], found["crs_why"]) == (CRS, "guess.crs_other")


def test_a_case_file_alone_tells_what_it_can(city):
    degrees = [{**row, "X坐标": 121.6, "Y坐标": 31.8, "社区编码": FIRST, "区县": "启东市"} for row in case_rows()]
    found, told = only(city.table("c.csv", degrees))
    assert (found["role"], found["crs"]) == ("cases", "EPSG:4490")
    assert (told["county_code"], told["county_name"], told["crs"]) == ("320681", "启东市", "EPSG:4550")


def test_a_file_that_cannot_be_read_does_not_hide_the_others(city, tmp_path):
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    picture = tmp_path / "picture.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    good = city.layer("x.gpkg", [box(0, 0, 9, 9)], code=[FIRST], name=["甲"])
    files = survey(empty, tmp_path / "missing.shp", picture, good)["files"]
    assert [one["error"]["code"] if one["error"] else None for one in files[:2]] == [
        "input.empty_file", "input.missing",
    ]  # fmt: skip
    assert files[2]["error"] and files[3]["role"] == "communities"


def test_looking_can_be_stopped(city):
    path = city.layer("x.gpkg", [box(0, 0, 9, 9)], code=[FIRST], name=["甲"])
    with pytest.raises(Cancelled):
        survey_files(make_context(None, Watcher(cancel_at=1)), SurveyFiles([Layer(path)]))


def make_areas(city, path, codes, field="", name="", level="community", rejects=None):
    return import_areas(city.context, ImportAreas(Layer(path), level, field, name, codes, rejects))


def test_communities_are_cut_out_of_the_codes_of_grids_and_are_their_unions(city):
    shapes = squares(4, 1, 200)
    codes = [f"{FIRST}001", f"{FIRST}002", f"{SECOND}001", f"{SECOND}002"]
    path = city.layer("v.gpkg", shapes, code=codes)
    counts = make_areas(city, path, "cut", "code")["counts"]
    assert (counts["read"], counts["accepted"], counts["inserted"], counts["merged"]) == (4, 4, 2, 2)
    rows = city.rows("admin_area", "code", "name", GEOM, order=("code",))
    assert [(row["code"], row["name"]) for row in rows] == [(FIRST, FIRST), (SECOND, SECOND)]
    assert rows[0][GEOM].equals(shapely.union_all(shapes[:2]))
    adopted = adopt_grids(city.context, AdoptGrids(Layer(path), "code"))["counts"]
    assert (adopted["accepted"], adopted["issues"]) == (4, 0)


def test_areas_without_codes_are_numbered_from_north_to_south_and_a_second_time_the_same(city):
    path = city.layer("n.gpkg", squares(2, 2, 500), label=["西南", "东南", "西北", "东北"])
    make_areas(city, path, "number", name="label")
    rows = city.rows("admin_area", "code", "name", order=("code",))
    assert [row["name"] for row in rows] == ["西北", "东北", "西南", "东南"]
    assert [row["code"] for row in rows] == [f"320681001{n:03d}" for n in (1, 2, 3, 4)]
    assert make_areas(city, path, "number", name="label")["counts"]["unchanged"] == 4


def test_all_polygons_as_one_area_carry_uncoded_grids(city):
    path = city.layer("w.gpkg", squares(6, 5, 200), id=list(range(30)))
    make_areas(city, path, "whole")
    rows = city.rows("admin_area", "code", "name", GEOM)
    assert [(row["code"], row["name"]) for row in rows] == [("320681001001", "启东市")]
    assert rows[0][GEOM].area == pytest.approx(30 * 40_000)
    assert adopt_grids(city.context, AdoptGrids(Layer(path)))["counts"]["accepted"] == 30


def test_rejected_areas_are_listed_and_can_be_fed_back(city, tmp_path):
    path = city.layer("r.gpkg", squares(2, 1, 500), code=[FIRST, "999999001001"], name=["甲", "外"])
    listed = str(tmp_path / "rejects.xlsx")
    result = make_areas(city, path, "field", "code", "name", rejects=listed)
    assert result["counts"]["rejected"] == 1 and result["rejects"] == listed
    with pytest.raises(InputRefused):
        make_areas(city, path, "elsewhere", "code", "name")
    again = make_areas(city, listed, "field", "code", "name")
    assert again["counts"] == {**again["counts"], "read": 1, "rejected": 1}


def test_a_table_cannot_be_numbered_by_place(city):
    with pytest.raises(InputRefused) as refused:
        make_areas(city, city.table("t.csv", [{"code": FIRST, "name": "甲"}]), "number", name="name")
    assert refused.value.code == "input.no_geometry"


def test_nothing_of_a_survey_is_written(city, tmp_path):
    path = city.layer("x.gpkg", [box(0, 0, 9, 9)], code=[FIRST], name=["甲"])
    before = sorted(one.name for one in tmp_path.iterdir())
    survey(path)
    assert sorted(one.name for one in tmp_path.iterdir()) == before
    assert np.isfinite(only(path)[0]["box"]).all()


def test_a_file_that_breaks_its_reader_does_not_hide_the_others(city, monkeypatch, caplog):
    good = city.layer("good.gpkg", [box(0, 0, 9, 9), box(9, 0, 18, 9)], BM=[FIRST, SECOND])
    bad = city.layer("bad.gpkg", [box(0, 0, 9, 9), box(9, 0, 18, 9)], BM=[FIRST, SECOND])
    layers = CityFiles.layers

    def breaking(self, path):
        if path == bad:
            raise RuntimeError("no such thing")
        return layers(self, path)

    monkeypatch.setattr(CityFiles, "layers", breaking)
    first, second = survey(bad, good)["files"]
    assert first["error"] == {"code": "input.unreadable", "values": {"file": bad, "detail": "no such thing"}}
    assert second["error"] is None and second["role"] == "communities"
    assert "bad.gpkg" in caplog.text


def test_each_file_tells_of_the_city_by_itself_too(city):
    ours = city.layer("ours.gpkg", [box(0, 0, 9, 9), box(9, 0, 18, 9)], BM=[FIRST, SECOND])
    others = city.layer("others.gpkg", [box(0, 0, 9, 9)], BM=["110108001001"])
    found = survey(ours, others)
    assert [one["tells"]["county_code"] for one in found["files"]] == ["320681", "110108"]
    assert found["city"]["county_code"] == "320681"


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("plates.csv", {"街路巷名称": "人民路", "门牌号": "5"}), ("地点.csv", {"点位名称": "路口", "视场角": "90"}),
        ("poi.csv", {"名称": "银行", "小类": "金融"}),
    ],
)  # fmt: skip
def test_places_of_a_gazetteer_are_not_taken_for_components(tmp_path, name, row):
    row = {**row, "X坐标": X0, "Y坐标": Y0}
    path = tmp_path / name
    path.write_text("\n".join(",".join(map(str, part)) for part in (row, row.values())), encoding="utf-8")
    found, _ = only(path)
    assert (found["role"], found["why"]) == ("other", "guess.gazetteer")

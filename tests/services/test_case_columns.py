# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of cases of any platform: columns known again or guessed, coordinates of any writing mended and said."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
from openpyxl import load_workbook

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import ExportProfile, ImportCases, ImportProfile, Layer
from digital_citymgmt_plugin.core.shifted import unshift
from digital_citymgmt_plugin.services.cases import import_cases
from digital_citymgmt_plugin.services.profile import export_profile, import_profile
from tests.services.cities import CRS, FIRST, X0, Y0, City, point
from tests.support import Projected, Watcher, new_store


@pytest.fixture
def city(tmp_path):
    store = new_store(tmp_path / "城.gpkg", crs=CRS)
    made = City(store, tmp_path, Watcher())
    made.communities()
    yield made
    store.close()


def degrees(x, y):
    shape = Projected().transform(np.array([point(x, y)], dtype=object), CRS, "EPSG:4490")[0]
    return shape.x, shape.y


def bring(city, rows, mapping=None, name="案件.csv", **options):
    path = city.table(name, rows)
    text = mapping if mapping is None else json.dumps(mapping, ensure_ascii=False)
    crs = options.pop("crs", None)
    return import_cases(city.context, ImportCases(Layer(path, crs=crs), text, **options))


def places(city):
    return {row["case_no"]: row[GEOM] for row in city.rows("case_record", "case_no", GEOM)}


def codes(result):
    return [note["code"] for note in result["notes"]]


def test_a_table_of_strange_headings_is_read_by_its_values(city):
    lon, lat = degrees(100, 100)
    rows = [
        {"甲": f"QD-{number:04d}", "乙": "113/03/05 08:30", "丙": "社区001", "丁": lon + number * 1e-5, "戊": lat}
        for number in range(5)
    ]
    result = bring(city, rows)
    assert result["counts"]["inserted"] == 5 and "note.crs_guessed" in codes(result)
    row = city.rows("case_record", "case_no", "reported_at", "community_code", GEOM)[0]
    assert row["reported_at"] == "2024-03-05T00:30:00.000Z" and row["community_code"] == FIRST
    assert shapely.distance(row[GEOM], point(100, 100)) < 0.1


def test_a_mapping_with_a_name_is_known_again_by_the_headings(city):
    rows = [{"甲": "A1", "乙": "某处", "丙": "2024-03-05"}]
    mapping = {"name": "某平台", "fields": {"case_no": "甲", "address": "乙", "reported_at": "丙"}}
    assert "note.mapping_recognised" not in codes(bring(city, rows, mapping))
    result = bring(city, [{"甲": "A2", "乙": "另一处", "丙": "2024-03-06"}], name="下月.csv")
    assert "note.mapping_recognised" in codes(result)
    assert city.rows("case_record", "case_no", "address")[1] == {"case_no": "A2", "address": "另一处"}
    assert bring(city, rows, mapping)["operation"] is None  # nothing new to remember
    other = bring(city, [{"甲": "A3", "子": "x", "丑": "y", "寅": "z", "案件编号": "B3"}], name="他.csv")
    assert "note.mapping_recognised" not in codes(other)
    assert "B3" in {row["case_no"] for row in city.rows("case_record", "case_no")}


def test_each_writing_of_coordinates_is_mended_where_it_then_lies_in_the_city_and_said(city):
    lon, lat = degrees(300, 300)
    x, y = X0 + 300, Y0 + 300
    zone = Projected().transform(np.array([point(300, 300)], dtype=object), CRS, "EPSG:4529")[0]
    rows = [
        {"案件编号": "metres", "x": x, "y": y}, {"案件编号": "swapped", "x": y, "y": x},
        {"案件编号": "degrees", "x": lon, "y": lat}, {"案件编号": "turned", "x": lat, "y": lon},
        {"案件编号": "zone", "x": zone.x, "y": zone.y}, {"案件编号": "zero", "x": 0, "y": 0},
        {"案件编号": "blank", "x": "", "y": ""}, {"案件编号": "half", "x": x, "y": ""},
        {"案件编号": "far", "x": x + 300_000, "y": y},
    ]  # fmt: skip
    result = bring(city, rows, crs=CRS)
    found = places(city)
    for name in ("metres", "swapped", "degrees", "turned", "zone"):
        assert shapely.distance(found[name], point(300, 300)) < 0.1, name
    assert [found[name] for name in ("zero", "blank", "half")] == [None] * 3
    assert "far" not in found and result["reasons"] == {"reject.far_away": 1}
    said = {note["code"]: note["values"].get("count") for note in result["notes"]}
    assert said["note.coordinates_swapped"] == 1 and said["note.coordinates_degrees"] == 2
    assert said["note.coordinates_zone"] == 1
    told = city.rows("check_issue", "rule")
    assert [row["rule"] for row in told] == ["case_coordinates"] * 2


def test_zero_zero_in_one_cell_is_nowhere_and_its_row_stays(city):
    rows = [{"案件编号": "A", "坐标": "0,0"}, {"案件编号": "B", "坐标": f"{X0 + 300},{Y0 + 300}"}]
    result = bring(city, rows, crs=CRS)
    assert result["reasons"] == {} and places(city)["A"] is None and places(city)["B"] is not None
    assert [row["rule"] for row in city.rows("check_issue", "rule")] == ["case_coordinates"]


def test_coordinates_that_nobody_filled_in_ask_for_no_reference_system(city):
    rows = [{"案件编号": f"E{n}", "经度": "", "纬度": "无" if n else ""} for n in range(3)]
    result = bring(city, rows)
    assert result["counts"]["accepted"] == 3 and result["counts"]["placed"] == 0
    assert "note.crs_guessed" not in codes(result) and set(places(city).values()) == {None}


def test_the_first_rows_that_have_coordinates_tell_what_they_are_in(city):
    lon, lat = degrees(300, 300)
    rows = [{"案件编号": f"L{n}", "经度": "", "纬度": ""} for n in range(1100)]
    rows.append({"案件编号": "L1100", "经度": lon, "纬度": lat})
    result = bring(city, rows)
    assert "note.crs_guessed" in codes(result) and result["counts"]["placed"] == 1
    assert shapely.distance(places(city)["L1100"], point(300, 300)) < 0.1


def test_degrees_and_minutes_and_both_in_one_cell(city):
    lon, lat = degrees(500, 500)

    def written(value):
        whole = int(value)
        minutes = (value - whole) * 60
        return f"{whole}°{int(minutes)}′{(minutes - int(minutes)) * 60:.4f}″"

    rows = [{"案件编号": f"D{n}", "经度": written(lon), "纬度": written(lat)} for n in range(3)]
    result = bring(city, rows, crs="EPSG:4490")
    assert "note.coordinates_parts" in codes(result)
    rows = [{"案件编号": f"P{n}", "坐标": f"{lon},{lat}"} for n in range(3)]
    bring(city, rows, name="一格.csv")
    assert all(shapely.distance(place, point(500, 500)) < 0.1 for place in places(city).values())


def test_a_shift_of_online_maps_is_taken_off_by_choice_only(city):
    there = Projected().transform(np.array([point(500, 500)], dtype=object), CRS, "EPSG:4326")[0]
    moved = np.array([there.x, there.y])
    for _ in range(8):  # shift by turning the way back round
        back = np.array([float(value[0]) for value in unshift("gcj02", np.array([moved[0]]), np.array([moved[1]]))])
        moved += np.array([there.x, there.y]) - back
    rows = [{"案件编号": "G1", "lon": moved[0], "lat": moved[1]}]
    bring(city, rows, crs="EPSG:4326")
    assert shapely.distance(places(city)["G1"], point(500, 500)) > 100
    result = bring(city, [{**rows[0], "案件编号": "G2"}], crs="EPSG:4326", shift="gcj02")
    assert shapely.distance(places(city)["G2"], point(500, 500)) < 1.0 and "note.shift" in codes(result)


def test_coordinates_that_tell_nothing_are_refused_with_their_names(city):
    with pytest.raises(InputRefused, match=r"input\.no_crs"):
        bring(city, [{"案件编号": "A", "x": "500123.5", "y": "4500321.5"}])


def test_words_for_classes_are_found_by_name_code_lost_zero_and_synonyms_that_are_kept(city):
    mapping = {
        "fields": {"case_no": "no", "class_name": "name", "class_code": "code", "kind": "kind"},
        "synonyms": {"占道摆摊": "event:0402", "　乱 摆 卖": "event:0402", "无": "event:9999"},
    }
    rows = [
        {"no": "1", "name": "", "code": "101", "kind": "部件"},
        {"no": "2", "name": "占道摆摊", "code": "", "kind": ""},
        {"no": "3", "name": "乱摆卖", "code": "", "kind": "事件"},
        {"no": "4", "name": "外星人", "code": "", "kind": ""},
    ]  # fmt: skip
    result = bring(city, rows, mapping)
    found = [(row["kind"], row["class_code"]) for row in city.rows("case_record", "kind", "class_code")]
    assert found == [("component", "0101"), ("event", "0402"), ("event", "0402"), (None, None)]
    kept = city.rows("class_synonym", "word", "kind", "class_code")
    assert [row["word"] for row in kept] == ["占道摆摊", "　乱 摆 卖"] and result["operation"]
    bring(city, [{"案件编号": "5", "小类名称": "占道摆摊"}], name="他.csv")
    assert city.rows("case_record", "class_code")[-1]["class_code"] == "0402"


def test_synonyms_travel_in_the_workbook_of_the_profile(city):
    profile = city.store.profile()
    mapping = {"fields": {"case_no": "no", "class_name": "name"}, "synonyms": {"占道摆摊": "event:0402"}}
    bring(city, [{"no": "1", "name": "占道摆摊"}], mapping)
    assert [vars(entry) for entry in city.store.profile().synonyms] == [
        {"word": "占道摆摊", "kind": "event", "class_code": "0402", "source": "案件"}
    ]
    path = str(city.folder / "配置.xlsx")
    export_profile(city.context, ExportProfile(path))
    book = load_workbook(path)
    book["class_synonyms 类别同义词"].append(["乱摆卖", "事件", "0402", "12345"])
    book.save(path)
    import_profile(city.context, ImportProfile(path))
    assert {entry.word for entry in city.store.profile().synonyms} == {"占道摆摊", "乱摆卖"}
    bring(city, [{"案件编号": "2", "小类名称": "乱摆卖"}], name="他.csv")
    assert city.rows("case_record", "class_code")[-1]["class_code"] == "0402"
    assert profile.synonyms == ()

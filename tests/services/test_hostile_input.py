# SPDX-License-Identifier: GPL-2.0-or-later
"""Input as it comes: every row is taken or rejected with a reason, and what is rejected can be mended and fed back."""

from __future__ import annotations

import json

import numpy as np
import openpyxl
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.bridge.messages import templates
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Sheet
from digital_citymgmt_plugin.core.requests import ImportComponents, Layer
from digital_citymgmt_plugin.services.components import import_components
from digital_citymgmt_plugin.storage.files import CityFiles
from tests.services.cities import CRS, LID, RAIN, X0, Y0, City, point, ties
from tests.support import Watcher, make_context, new_store

XY = {"x": "x", "y": "y", "crs": CRS}
PLAIN = json.dumps({"fields": {"class_code": "cls", "name": "name", "remark": "note"}, **XY})


def row(x=1.0, y=1.0, cls=LID, **more):
    return {"cls": cls, "name": "", "note": "", "x": X0 + x, "y": Y0 + y, **more}


def census(town, *rows, mapping=PLAIN, **more):
    return town.census(town.table("in.csv", list(rows), **more), mapping)


def test_a_layer_without_crs_is_refused(town):
    path = town.layer("n.shp", [point(1, 1)], "Point", crs=None, cls=[LID])
    with pytest.raises(InputRefused, match=r"input\.no_crs") as caught:
        town.census(path, class_field="cls")
    assert caught.value.values["file"] == "n.shp"


def test_a_table_without_places_is_refused(town):
    with pytest.raises(InputRefused, match=r"input\.no_place"):
        town.census(town.table("t.csv", [{"cls": LID}]), class_field="cls")


def test_points_3000_km_away_are_refused_as_a_wrong_crs(town):
    path = town.layer("w.gpkg", [point(0, -3_000_000)], "Point", cls=[LID])
    with pytest.raises(InputRefused, match=r"input\.wrong_crs") as caught:
        town.census(path, class_field="cls")
    assert caught.value.values["kilometres"] == 3000


def test_one_point_far_away_is_rejected_alone(town):
    result = census(town, row(), row(2), row(3_000_000.0))
    assert result["reasons"] == {"reject.far_away": 1} and ties(result["counts"])


def test_coordinates_exchanged_in_one_row_are_rejected_as_far_away(town):
    wrong = {**row(), "x": Y0, "y": X0}
    assert census(town, row(), row(2), wrong)["reasons"] == {"reject.far_away": 1}


@pytest.mark.parametrize(
    ("x", "y", "crs"),
    [
        (121.55, 31.8, CRS),
        (X0, Y0, "EPSG:4490"),
        (31.8, 121.55, "EPSG:4490"),
        (X0, Y0 - 3_000_000, CRS),
        (X0 + 3_000_000, Y0, CRS),
    ],
    ids=["degrees as metres", "metres as degrees", "latitude first", "south", "east"],
)
def test_without_areas_a_wrong_crs_is_refused_all_the_same(city, x, y, crs):
    path = city.layer("w.gpkg", [shapely.Point(x, y)], "Point", crs=crs, cls=[LID])
    with pytest.raises(InputRefused, match=r"input\.crs_mismatch"):
        city.census(path, class_field="cls")


def test_an_empty_layer_is_refused(town):
    with pytest.raises(InputRefused, match=r"input\.empty"):
        town.census(town.layer("e.gpkg", [], "Point", cls=[]), class_field="cls")


def test_missing_and_impossible_coordinates_are_rejected(town):
    rows = [row(), row(x=float("nan")), {**row(), "x": ""}, {**row(), "x": "", "y": ""}, {**row(), "y": "abc"},
            {**row(), "x": "inf"}]  # fmt: skip
    assert census(town, *rows)["reasons"] == {"reject.bad_coordinates": 4, "reject.no_geometry": 1}


@np.errstate(invalid="ignore")  # numbers that are none are meant
def test_null_empty_nan_and_broken_shapes_are_rejected(town):
    x, y = X0, Y0
    bow = shapely.Polygon([(x, y), (x + 9, y + 9), (x + 9, y), (x, y + 9)])
    flat = shapely.LineString([(x, y), (x, y)])
    shapes = [point(1, 1), None, shapely.Point(), shapely.from_wkt(f"LINESTRING ({x} {y}, nan {y})"), bow, flat]
    result = town.census(town.layer("b.gpkg", shapes, "Unknown", cls=[LID] * 6), class_field="cls")
    assert result["counts"]["accepted"] == 1 and ties(result["counts"])
    assert result["reasons"]["reject.invalid_geometry"] == 2
    assert result["reasons"]["reject.no_geometry"] + result["reasons"].get("reject.bad_coordinates", 0) == 3


def test_classes_states_dates_and_numbers_that_are_none_are_rejected(town):
    fields = {"class_code": "cls", "state": "state", "first_on": "day", "photo_count": "photos"}
    good = {"state": "完好", "day": "2014年8月1日", "photos": "2"}
    changes = (
        {},
        {"cls": ""},
        {"cls": "9901"},
        {"state": "飞走"},
        {"day": "2014-02-30"},
        {"day": "201411"},
        {"photos": "两张"},
    )
    rows = [{**row(), **good, **change} for change in changes]
    result = census(town, *rows, mapping=json.dumps({"fields": fields, **XY}))
    assert result["reasons"] == {
        "reject.no_class": 1, "reject.unknown_class": 1, "reject.state": 1, "reject.date": 2, "reject.count": 1,
    }  # fmt: skip
    stored = town.rows("component_point", "first_on", "photo_count")
    assert stored == [{"first_on": "2014-08-01", "photo_count": 2}]


NASTY = [
    "O'Brien; DROP TABLE component_point;--",
    '=cmd|"/c calc"!A1',
    '"',
    "a\tb",
    "井\u3000盖",
    "💧",
    "@SUM(1)",
    "-1+2",
]


def test_quotes_semicolons_and_formula_texts_are_text(town):
    result = census(town, *[row(i, name=text) for i, text in enumerate(NASTY)])
    assert result["counts"]["inserted"] == len(NASTY)
    assert [item["name"] for item in town.rows("component_point", "name")] == [text.strip() for text in NASTY]
    assert town.store.count("component_point") == len(NASTY)


def test_quotes_and_semicolons_in_column_names_are_names(town):
    name = "a\";b'c; --"
    path = town.layer("q.gpkg", [point(1, 1)], "Point", cls=[LID], **{name: ["v"]})
    town.census(path, json.dumps({"fields": {"class_code": "cls", "remark": name}}))
    assert town.rows("component_point", "remark") == [{"remark": "v"}]


def test_chinese_and_blanks_in_paths_and_layer_names(town):
    (town.folder / "普查 数据's").mkdir()
    path = town.layer("普查 数据's/第一批 部件.gpkg", [point(1, 1)], "Point", cls=[LID])
    rejects = str(town.folder / "普查 数据's" / "拒收 清单.xlsx")
    assert town.census(path, class_field="cls", rejects=rejects)["counts"]["inserted"] == 1


def test_a_row_with_too_many_cells_is_rejected_even_where_no_column_is_mapped(town):
    path = town.folder / "ragged.csv"
    path.write_text(f"x,y,note\n{X0},{Y0},a\n{X0},{Y0},b,c\n", encoding="utf-8")
    result = town.census(str(path), json.dumps({"fields": {"remark": "note"}, **XY}), class_code=LID)
    assert result["reasons"] == {"reject.cells": 1} and result["counts"]["inserted"] == 1
    result = town.census(str(path), json.dumps({"fields": {}, **XY}), class_code=LID)
    assert result["reasons"] == {"reject.cells": 1}


def test_a_cell_of_a_megabyte_is_a_rejected_row_and_the_rest_goes_on(town):
    path, rejects = town.folder / "long.csv", town.folder / "退回.csv"
    path.write_text(f"x,y,note\n{X0},{Y0},a\n{X0 + 5},{Y0},{'b' * 1_000_000}\n{X0 + 9},{Y0},c\n", encoding="utf-8")
    mapping = json.dumps({"fields": {}, **XY})
    result = town.census(str(path), mapping, class_code=LID, rejects=str(rejects))
    assert result["reasons"] == {"reject.cell_long": 1}
    assert (result["counts"]["inserted"], result["counts"]["rejected"]) == (2, 1)
    assert "reject.cell_long" in rejects.read_text(encoding="utf-8-sig")[:2_000]


def test_a_wrong_code_page_is_refused_and_the_right_one_found(town):
    rows = [row(name=f"汇龙镇{i}号雨水井盖") for i in range(30)]
    path = town.table("gbk.csv", rows, encoding="gb18030")
    with pytest.raises(InputRefused, match=r"input\.encoding"):
        town.census(path, PLAIN, encoding="UTF-8")
    assert town.census(path, PLAIN)["counts"]["inserted"] == 30
    assert town.rows("component_point", "name")[7]["name"] == "汇龙镇7号雨水井盖"


# -- workbooks ---------------------------------------------------------------------------------------------------------


def workbook(town, *body, header=("cls", "name", "note", "x", "y"), merge=None):
    book = openpyxl.Workbook()
    sheet = book.active
    for line in (header, *body):
        sheet.append(line)
    if merge:
        sheet.merge_cells(merge)
    path = town.folder / "book.xlsx"
    book.save(path)
    return str(path)


def test_merged_cells_hold_for_all_their_rows(town):
    body = [(LID, "a", "一路", X0, Y0), (RAIN, "b", None, X0 + 1, Y0), (LID, "c", None, X0 + 2, Y0)]
    town.census(workbook(town, *body, merge="C2:C3"), PLAIN)
    assert [item["remark"] for item in town.rows("component_point", "remark")] == ["一路", "一路", None]


def test_formulas_in_mapped_cells_reject_their_row(town):
    body = [(LID, "a", "", X0, Y0), (LID, "=A2", "", X0, Y0), (LID, "b", "", "=D2+1", Y0), ("=A2", "c", "", X0, Y0)]
    result = town.census(workbook(town, *body), PLAIN)
    assert result["reasons"] == {"reject.formula": 3} and result["counts"]["inserted"] == 1


def test_a_code_that_a_workbook_keeps_as_a_number_has_lost_digits(town):
    header = ("cls", "bm", "x", "y")
    body = [(LID, 3206810101000120, X0, Y0), (LID, "3206810101000121", X0 + 1, Y0)]
    path = workbook(town, *body, header=header)
    result = town.census(path, json.dumps({"fields": {"class_code": "cls", "code": "bm"}, **XY}))
    assert result["reasons"] == {"reject.code_number": 1}
    assert town.rows("component_point", "code") == [{"code": "3206810101000121"}]


# -- the reject list ---------------------------------------------------------------------------------------------------


def rejected(town, path, rejects, **more):
    request = ImportComponents(Layer(path), rejects=str(rejects), **more)
    context = make_context(town.store, town.watcher, templates())
    return import_components(context, request)


def mend(path, **changes):
    book = openpyxl.load_workbook(path)
    sheet = book.active
    heads = [cell.value for cell in sheet[1]]
    for name, values in changes.items():
        for line, value in enumerate(values, 2):
            sheet.cell(line, heads.index(name) + 1, value)
    book.save(path)
    return heads


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_a_mended_reject_list_of_a_layer_comes_in_with_its_shapes(town, ending):
    line = shapely.LineString([(X0 + 0.1, Y0), (X0 + 9, Y0 + 1 / 3)])
    path = town.layer("census.gpkg", [point(1, 1), line, point(3, 3)], "Unknown", id=[7, 8, 9], cls=[LID, "井", "盖"],
                      reason=["a", "b", "c"])  # fmt: skip
    mapping = json.dumps({"name": "m", "fields": {"class_code": "cls", "source_id": "id", "remark": "reason"}})
    listed = town.folder / f"rejects.{ending}"
    result = rejected(town, path, listed, mapping=mapping)
    assert (result["counts"]["accepted"], result["counts"]["rejected"]) == (1, 2)
    if ending == "xlsx":
        mend(listed, cls=[LID, RAIN])
    else:
        text = listed.read_text(encoding="utf-8-sig").replace(",井,", f",{LID},").replace(",盖,", f",{RAIN},")
        listed.write_text(text, encoding="utf-8")
    again = rejected(town, str(listed), town.folder / "rejects2.xlsx", mapping="m")
    assert again["counts"]["inserted"] == 2 and again["counts"]["rejected"] == 0
    stored = town.rows("component_line", "geom", "remark", "attributes", "import_key")[0]
    assert stored["geom"].equals(shapely.multilinestrings([line])) and stored["remark"] == "b"
    assert stored["attributes"] is None and stored["import_key"] == "census:8"


def test_the_mended_rows_are_known_when_the_mended_original_comes_again(town):
    def layer(*classes):
        return town.layer(
            "census.gpkg", [point(1, 1), point(2, 2)], "Point", id=[1, 2], cls=list(classes), d=[70.0, 80.0]
        )

    mapping = json.dumps({"fields": {"class_code": "cls", "source_id": "id"}})
    listed = town.folder / "rejects.xlsx"
    rejected(town, layer(LID, "井"), listed, mapping=mapping)
    mend(listed, cls=[LID])
    assert rejected(town, str(listed), listed.with_name("r2.xlsx"), mapping=mapping)["counts"]["inserted"] == 1
    result = town.census(layer(LID, LID), mapping)
    assert result["counts"]["unchanged"] == 2 and result["operation"] is None


def test_a_mended_reject_list_of_a_table_comes_in(town):
    path = town.table("t.csv", [row(note="留"), row(2, cls="井", note="修")])
    listed = town.folder / "r.xlsx"
    rejected(town, path, listed, mapping=PLAIN)
    heads = mend(listed, cls=[LID])
    assert heads[:3] == ["row", "reason code", "reason"] and heads[3:8] == ["cls", "name", "note", "x", "y"]
    assert rejected(town, str(listed), listed.with_name("r2.xlsx"), mapping=PLAIN)["counts"]["inserted"] == 1
    assert [item["remark"] for item in town.rows("component_point", "remark")] == ["留", "修"]


def test_every_reason_is_a_sentence_that_names_the_row(town):
    listed = town.folder / "r.xlsx"
    rejected(town, town.table("t.csv", [row(), row(cls="井"), {**row(), "x": "abc"}]), listed, mapping=PLAIN)
    sheet = openpyxl.load_workbook(listed).active
    told = [(line[0], line[1], line[2]) for line in sheet.iter_rows(min_row=2, values_only=True)]
    assert [(number, code) for number, code, _ in told] == [(3, "reject.unknown_class"), (4, "reject.bad_coordinates")]
    assert all(f"Row {number}" in text and "?" not in text for number, _, text in told)


# -- whatever comes, the numbers tie -----------------------------------------------------------------------------------

_VALUES = st.one_of(st.none(), st.text(max_size=8), st.integers(-5, 10**17), st.floats(width=32), st.booleans())
_ROWS = st.fixed_dictionaries(
    {
        "cls": st.sampled_from([LID, RAIN, "101", "雨水井盖", "9999", "", None]) | _VALUES,
        "bm": st.sampled_from([None, "3206810101000001", "3206810101000002", "3206810103000001", "320681"]) | _VALUES,
        "uid": st.sampled_from([None, "0b8d1c6e-5f5e-4a29-9b53-0a4a3b6f7a11"]) | _VALUES,
        "state": st.sampled_from([None, "完好", "丢失"]) | _VALUES,
        "day": st.sampled_from([None, "2014-01-02"]) | _VALUES,
        "id": st.sampled_from([None, 1, 2, 3]),
        "x": st.sampled_from([X0, X0 + 1, 121.5]) | _VALUES,
        "y": st.sampled_from([Y0, Y0 + 1]) | _VALUES,
    }
)
_ALL = json.dumps(
    {
        "fields": {
            "class_code": "cls", "code": "bm", "uuid": "uid", "state": "state", "first_on": "day", "source_id": "id",
        },
        **XY,
    }
)  # fmt: skip


@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(_ROWS, min_size=1, max_size=12))
def test_accepted_and_rejected_always_tie_and_a_second_import_changes_nothing(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("ties")
    store = new_store(folder / "c.gpkg")
    town = City(store, folder, Watcher())
    try:
        town.communities()
        body = [[_cell(item[name]) for name in rows[0]] for item in rows]
        path = str(folder / "rows.xlsx")
        CityFiles().write_workbook(path, [Sheet("rows", tuple(rows[0]), body)])
        try:
            first = town.census(path, _ALL)
        except InputRefused:
            assert store.count("component_point") == 0
            return
        assert ties(first["counts"]) and sum(first["reasons"].values()) == first["counts"]["rejected"]
        assert first["counts"]["inserted"] == store.count("component_point")
        before = town.digest()
        second = town.census(path, _ALL)
        assert second["counts"]["unchanged"] == first["counts"]["accepted"] and second["operation"] is None
        assert second["reasons"] == first["reasons"] and town.digest() == before
    finally:
        store.close()


def _cell(value):
    return None if isinstance(value, float) and not np.isfinite(value) else value

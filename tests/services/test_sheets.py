# SPDX-License-Identifier: GPL-2.0-or-later
"""Sheets over the city: numbers north first, counts that tie, crews, days, the board as a workbook."""

from __future__ import annotations

import openpyxl
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import UndoOperation
from digital_citymgmt_plugin.core.requests_desk import ExportSheets, ListSheets, MakeSheets, UpdateSheets
from digital_citymgmt_plugin.core.sheet_squares import MOST, in_order, squares_of
from digital_citymgmt_plugin.core.sheets import corner_of, number_of
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.sheets import export_sheets, list_sheets, make_sheets, update_sheets
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.services.cities import LID, X0, Y0, point


def test_numbers_say_north_first():
    assert number_of(21_000, 10_000) == "10.0-21.0"
    assert number_of(27_750, 10_400, 250) == "10.40-27.75"
    assert number_of(27_500, 10_500, fine=True) == "10.50-27.50"
    assert corner_of("10.40-27.75") == (27_750.0, 10_400.0) and corner_of("x") is None


def test_a_square_that_is_only_touched_is_left_out():
    area = shapely.Polygon([(0, 0), (1000, 0), (0, 1000)])
    shapes = objects([area, None, shapely.Polygon(), shapely.Point(float("nan"), 1)])
    assert in_order(squares_of(shapes)) == [(0, 1), (0, 0), (1, 0)]
    assert squares_of(shapes[1:]) == squares_of(shapes[:0]) == set()


def test_what_spans_half_a_country_is_no_city(town):
    """Counting its squares one by one would fill the memory."""
    wild = shapely.box(0, 0, 5e6, 5e6)
    assert squares_of(objects([wild, shapely.Point(10, 10)])) == {(0, 0)}
    with town.store.action("move") as action:
        action.update("admin_area", town.store.read("admin_area", ["fid"])["fid"][:1], {GEOM: objects([wild])})
    with pytest.raises(InputRefused) as error:
        make_sheets(town.context, MakeSheets())
    assert error.value.code == "sheets.too_many" and error.value.values["count"] > MOST


def test_sheets_over_the_base_map_are_those_with_ground(town):
    """A line across the corner of a square does not make it a sheet, and neither does the frame of a drawing."""
    lines = [shapely.LineString([(X0 + 100, Y0 + 100), (X0 + 900, Y0 + 900)]), shapely.box(X0, Y0, X0 + 4e3, Y0 + 4e3)]
    with town.store.action("draw") as action:
        action.insert(
            "base_line",
            {
                "theme": objects(["road", "frame"]), "layer": objects(["a", "b"]), "drawing_uuid": objects(["d", "d"]),
                GEOM: objects([shapely.MultiLineString([lines[0]]), shapely.MultiLineString([lines[1].exterior])]),
            },
        )  # fmt: skip
    assert make_sheets(town.context, MakeSheets("base_map"))["counts"]["inserted"] == 2


def test_sheets_cover_the_communities_once(town):
    done = make_sheets(town.context, MakeSheets())
    assert done["counts"] == {"sheets": 8, "inserted": 8, "unchanged": 0}
    assert town.rows("sheet", "number", "number_fine", "status")[0] == {
        "number": "3520.5-360.0", "number_fine": "3520.50-360.00", "status": "open",
    }  # fmt: skip
    assert make_sheets(town.context, MakeSheets())["operation"] is None
    undo_operation(town.context, UndoOperation(done["operation"]))
    assert town.store.count("sheet") == 0


def test_a_sheet_is_named_by_its_landmark_then_a_place_then_the_community(town):
    number = number_of(X0, Y0)
    x, y = corner_of(number)
    with town.store.action("import_places") as action:
        action.insert(
            "place",
            {
                "kind": objects(["poi", "poi", "landmark", "poi", "plate"]),
                "name": objects(["far shop", "near shop", "tower", "other sheet", "1"]),
                GEOM: objects(
                    shapely.Point(x + east, y + north)
                    for east, north in [(10, 10), (240, 240), (400, 400), (740, 250), (250, 250)]
                ),
            },
        )
    make_sheets(town.context, MakeSheets())
    names = {row["number"]: row["name"] for row in town.rows("sheet", "number", "name")}
    assert names[number] == "tower"
    assert names[number_of(x + 500, y)] == "other sheet"
    communities = {row["name"] for row in town.rows("admin_area", "name", "level") if row["level"] == "community"}
    assert {name for key, name in names.items() if key not in (number, number_of(x + 500, y))} <= communities | {None}


def test_sheets_cover_the_base_map(town):
    with pytest.raises(InputRefused, match="nothing"):
        make_sheets(town.context, MakeSheets("base_map"))
    with town.store.action("import_base_map") as action:
        lines = [shapely.MultiLineString([[(X0 + 1, Y0 + 1), (X0 + 600, Y0 + 1)]]), None]
        action.insert("base_line", {"theme": objects(["road"] * 2), GEOM: objects(lines)})
    assert make_sheets(town.context, MakeSheets("base_map"))["counts"]["inserted"] == 2
    with pytest.raises(InputRefused, match="size"):
        make_sheets(town.context, MakeSheets(size=333.0))


@pytest.fixture
def board(town):
    places = [point(500, 100), point(100, 100), point(600, 600), point(5000, 10)]
    town.census(town.layer("c.gpkg", places, "Point", class_code=[LID] * 4))
    make_sheets(town.context, MakeSheets())
    return town


def test_counts_tie_and_an_edge_counts_once(board):
    answer = list_sheets(board.context, ListSheets())
    assert sum(item["components"] for item in answer["sheets"]) + answer["off"]["components"] == 4
    assert answer["off"]["components"] == 1 and answer["counts"]["open"] == 8
    assert [item["number"] for item in answer["sheets"]][:2] == ["3520.5-360.0", "3520.5-360.5"]


def test_crews_status_and_days(board):
    update_sheets(board.context, UpdateSheets(["3520.5-360.0", "3520.50-360.50"], status="field", crew=" 一 组 "))
    update_sheets(board.context, UpdateSheets(["3520.5-360.0"], status="checked"))
    update_sheets(board.context, UpdateSheets(["3520.0-360.0"], status="accepted", finished_on="2026/1/3", crew="二组"))
    answer = list_sheets(board.context, ListSheets())
    assert [(crew["crew"], crew["sheets"], crew["checked"], crew["field"]) for crew in answer["crews"]] == [
        ("一 组", 2, 1, 1), ("二组", 1, 0, 0), ("", 5, 0, 0),
    ]  # fmt: skip
    assert answer["days"] == [["2026-01-03", 1, 1], ["2026-01-15", 1, 2]]
    update_sheets(board.context, UpdateSheets(["3520.5-360.0"], status="field"))
    assert len(list_sheets(board.context, ListSheets())["days"]) == 1


@pytest.mark.parametrize(
    ("given", "code"),
    [({"status": "done"}, "sheets.status"), ({"planned_on": "2026-02-30"}, "sheets.date"), ({}, "sheets.no_values")],
)
def test_what_is_wrong_is_refused(board, given, code):
    with pytest.raises(InputRefused) as caught:
        update_sheets(board.context, UpdateSheets(["3520.5-360.0"], **given))
    assert caught.value.code == code
    with pytest.raises(InputRefused, match="unknown"):
        update_sheets(board.context, UpdateSheets(["1.0-1.0"], status="field"))


def test_the_board_goes_into_a_workbook(board, tmp_path):
    path = str(tmp_path / "图幅.xlsx")
    assert export_sheets(board.context, ExportSheets(path))["counts"] == {"sheets": 8}
    assert len(openpyxl.load_workbook(path).worksheets) == 3


def test_sheets_of_another_size_under_the_same_number_are_refused(town):
    make_sheets(town.context, MakeSheets())
    with pytest.raises(InputRefused) as error:
        make_sheets(town.context, MakeSheets(size=1000.0))
    assert error.value.code == "sheets.other_size" and error.value.values["size"] == "500"
    assert town.store.count("sheet") == 8

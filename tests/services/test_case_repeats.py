# SPDX-License-Identifier: GPL-2.0-or-later
"""The same cases come in again: what is ours stays, what the table changed is told field by field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import shapely
from openpyxl import load_workbook

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import ImportCases, ImportPlaces, Layer, LinkCases, UndoOperation
from digital_citymgmt_plugin.core.requests_intake import AmendCases, PlaceCases
from digital_citymgmt_plugin.services import case_changes
from digital_citymgmt_plugin.services.case_amending import amend_cases
from digital_citymgmt_plugin.services.case_placing import place_cases
from digital_citymgmt_plugin.services.cases import import_cases
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.linking import link_cases
from digital_citymgmt_plugin.services.places import import_places
from digital_citymgmt_plugin.services.undoing import undo_operation
from digital_citymgmt_plugin.storage import documents
from tests.services.cities import CRS, FIRST, X0, Y0, City, point, squares
from tests.support import Watcher, new_store


def row(number, **more):
    base = {
        "案件编号": number, "小类编码": "0405", "类型": "事件", "地址": "市民广场", "描述": "占道", "X坐标": "",
        "Y坐标": "", "上报时间": "2024-03-05 08:00", "派遣时间": "2024-03-05 09:00", "结案时间": "", "处置部门": "甲队",
    }  # fmt: skip
    return {**base, **more}


@pytest.fixture
def city(tmp_path):
    store = new_store(tmp_path / "城.gpkg", crs=CRS)
    made = City(store, tmp_path, Watcher())
    made.communities()
    made.adopt(squares(4, 2, 500))
    path = made.layer("poi.gpkg", [point(700, 700)], "Point", name=["市民广场"])
    import_places(made.context, ImportPlaces(Layer(path), "poi"))
    yield made
    store.close()


def bring(city, *rows, report=None, name="案件.csv"):
    path = city.table(name, list(rows))
    return import_cases(city.context, ImportCases(Layer(path, crs=CRS), report=report and str(report)))


def case(city, number):
    columns = ("fid", "class_code", "address", "description", "stage", "dept_name", "place_method", "place_score",
               "grid_code", "community_code", GEOM)  # fmt: skip
    return city.rows("case_record", *columns, where=[("case_no", "=", number)])[0]


def test_a_place_by_hand_outlives_its_table_and_the_difference_is_told(city):
    bring(city, row("A", X坐标=X0 + 100, Y坐标=Y0 + 100))
    amend_cases(city.context, AmendCases([case(city, "A")["fid"]], x=X0 + 900, y=Y0 + 300, reason="现场核实"))
    result = bring(city, row("A", X坐标=X0 + 105, Y坐标=Y0 + 100, 描述="占道经营"))
    found = case(city, "A")
    assert shapely.equals(found[GEOM], point(900, 300)) and found["place_method"] == "hand"
    assert found["description"] == "占道经营" and result["changed"] == {"description": 1}
    assert {"code": "note.kept_hand", "values": {"count": 1}} in result["notes"]
    link_cases(city.context, LinkCases())
    assert case(city, "A")["place_method"] == "hand"
    assert bring(city, row("A", X坐标=X0 + 105, Y坐标=Y0 + 100, 描述="占道经营"))["counts"]["unchanged"] == 1


def test_a_place_found_by_address_stays_while_the_address_does(city):
    bring(city, row("B"))
    place_cases(city.context, PlaceCases())
    assert shapely.equals(case(city, "B")[GEOM], point(700, 700))
    bring(city, row("B", 描述="占道"))  # the same row
    bring(city, row("B", 处置部门="乙队"))
    found = case(city, "B")
    assert found["dept_name"] == "乙队" and shapely.equals(found[GEOM], point(700, 700)) and found["place_score"] == 0.8
    bring(city, row("B", 处置部门="乙队", 地址="别处"))
    found = case(city, "B")
    assert found[GEOM] is None and found["place_method"] is None and found["place_score"] is None
    bring(city, row("B", 处置部门="乙队", 地址="别处", X坐标=X0 + 10, Y坐标=Y0 + 10))
    assert shapely.equals(case(city, "B")[GEOM], point(10, 10))


def test_a_corrected_class_stays_corrected(city):
    bring(city, row("C"))
    amend_cases(city.context, AmendCases([case(city, "C")["fid"]], {"class_code": "0402", "kind": "event"}))
    result = bring(city, row("C", 描述="另一种说法"))
    assert case(city, "C")["class_code"] == "0402" and case(city, "C")["description"] == "另一种说法"
    assert "note.kept_corrected" in [note["code"] for note in result["notes"]]


def test_a_case_that_was_moved_here_keeps_stage_and_department(city):
    bring(city, row("D"))
    fid = case(city, "D")["fid"]
    with city.store.action("link_cases") as action:
        event = {"case_fid": [fid], "action": ["return"], "to_stage": ["dispatch"], "source": ["move"]}
        action.insert("case_event", {name: objects(value) for name, value in event.items()})
        action.update("case_record", [fid], {"stage": objects(["dispatch"]), "dept_name": objects(["丙队"])})
    result = bring(city, row("D", 处置部门="丁队", 描述="新描述"))
    found = case(city, "D")
    assert (found["stage"], found["dept_name"], found["description"]) == ("dispatch", "丙队", "新描述")
    assert {"code": "note.kept_moved", "values": {"count": 1}} in result["notes"]


def test_a_list_with_fewer_columns_takes_nothing_away(city):
    bring(city, row("C1", X坐标=X0 + 300, Y坐标=Y0 + 300, 结案时间="2024-03-06 08:00"))
    before = case(city, "C1")
    few = {"案件编号": "C1", "上报时间": "2024-03-05 08:30", "地址": "别处"}
    result = import_cases(city.context, ImportCases(Layer(city.table("少列.csv", [few]))))
    assert result["counts"]["updated"] == 1
    assert case(city, "C1") == {**before, "address": "别处"}
    assert before["stage"] == "closed" and before["class_code"] == "0405" and before[GEOM] is not None


def test_a_component_that_was_linked_stays_linked(city):
    path = city.layer("c.gpkg", [point(110, 100)], "Point", 类别=["0101"])
    city.census(path, class_field="类别")
    city.code()
    bring(city, row("E", 类型="部件", 小类编码="0101", X坐标=X0 + 108, Y坐标=Y0 + 100))
    link_cases(city.context, LinkCases())
    linked = city.rows("case_record", "component_uuid", "link_method")
    assert linked[0]["component_uuid"]
    bring(city, row("E", 类型="部件", 小类编码="0101", X坐标=X0 + 108, Y坐标=Y0 + 100, 描述="改"))
    assert city.rows("case_record", "component_uuid", "link_method") == linked


def test_changes_are_counted_by_field_and_written_as_a_workbook_on_request(city, tmp_path):
    bring(city, *(row(f"N{n}") for n in range(5)))
    again = [row(f"N{n}", 描述="=1+1" if n < 3 else "占道", 处置部门="乙队") for n in range(5)]
    result = bring(city, *again, report=tmp_path / "变更.xlsx")
    assert result["counts"]["updated"] == 5 and result["changed"] == {"dept_name": 5, "description": 3}
    book = load_workbook(result["report"])
    totals = {line[0].value: line[1].value for line in list(book.worksheets[0].rows)[1:]}
    assert totals == {"dept_name": 5, "description": 3}
    lines = list(book.worksheets[1].rows)[1:]
    assert len(lines) == 8 and not any(cell.data_type == "f" for line in lines for cell in line)
    nothing = bring(city, *again, report=tmp_path / "无.xlsx")
    assert nothing["report"] is None and not Path(tmp_path / "无.xlsx").exists()


def test_a_report_of_many_changes_is_whole_whatever_its_length(city, tmp_path, monkeypatch):
    monkeypatch.setattr(case_changes, "_PART", 7)
    monkeypatch.setattr(documents, "MAX_ROWS", 20)  # a worksheet is full, the list goes on in the next
    long = "长" * 40_000
    bring(city, *(row(f"N{n}") for n in range(50)))
    again = (row(f"N{n}", 描述=long if n == 3 else f"改{n}") for n in range(50))
    result = bring(city, *again, report=tmp_path / "变.xlsx")
    sheets = load_workbook(result["report"]).worksheets[1:]
    lines = [[cell.value for cell in line] for sheet in sheets for line in list(sheet.rows)[1:]]
    assert len(sheets) == 3 and [line[0] for line in lines] == [f"N{n}" for n in range(50)]
    assert lines[4] == ["N4", "description", "占道", "改4"] and lines[3][3].endswith(" … (+8,000)")


def test_amending_is_an_event_is_taken_back_and_refuses_nonsense(city):
    bring(city, row("F"), row("G", 结案时间="2024-03-06 08:00"))
    fids = [case(city, "F")["fid"], case(city, "G")["fid"], 999]
    before = city.rows("case_record", "fid", "address", GEOM, "stage")
    request = AmendCases(fids, {"address": "和平街5号"}, X0 + 50, Y0 + 50, "电话核实", done_by="王某")
    result = amend_cases(city.context, request)
    assert result["counts"] == {"cases_asked": 3, "amended": 1, "unchanged": 0, "cases_ended": 1, "unknown": 1}
    event = city.rows("case_event", "case_fid", "action", "reason", "source", "done_by", "payload")[-1]
    told = json.loads(event["reason"])
    assert (event["action"], event["source"], event["done_by"]) == ("amend", "move", "王某")
    assert told["address"] == ["市民广场", "和平街5号"] and told["place_method"][1] == "hand"
    assert json.loads(event["payload"])["why"] == "电话核实"
    assert case(city, "F")["community_code"] == FIRST and case(city, "F")["grid_code"]
    assert amend_cases(city.context, request)["operation"] is None
    undo_operation(city.context, UndoOperation(result["operation"]))
    assert city.rows("case_record", "fid", "address", GEOM, "stage") == before
    for wrong, code in (
        (AmendCases(fids), "amend.nothing"), (AmendCases(fids, {"stage": "closed"}), "amend.column"),
        (AmendCases(fids, {"address": {"a": 1}}), "amend.value"), (AmendCases(fids, {"kind": "怪"}), "amend.value"),
        (AmendCases(fids, {"description": "x" * 20_000}), "amend.value"),
        (AmendCases(fids, x=1.0), "amend.place"), (AmendCases(fids, x=1.0, y=2.0), "amend.place"),
        (AmendCases(fids, {"class_code": "9999"}), "amend.class"),
        (AmendCases(fids, {"address": "x"}, role="department"), "amend.role"),
    ):  # fmt: skip
        with pytest.raises(InputRefused, match=code.replace(".", r"\.")):
            amend_cases(city.context, wrong)

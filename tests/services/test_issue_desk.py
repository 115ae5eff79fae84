# SPDX-License-Identifier: GPL-2.0-or-later
"""Working the list of issues off: pages, counts, waivers, files, the run of the numbers, fixing in place."""

from __future__ import annotations

import json

import openpyxl
import pytest

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import UndoOperation, request_from_params
from digital_citymgmt_plugin.core.requests_desk import (
    ExportIssues,
    FixComponents,
    IssueHistory,
    ListIssues,
    MakeSheets,
    ReopenIssues,
    WaiveIssues,
)
from digital_citymgmt_plugin.services.fixing import fix_components
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.issue_desk import _drawn_as, list_issues, reopen_issues, waive_issues
from digital_citymgmt_plugin.services.issue_lists import export_issues, issue_history
from digital_citymgmt_plugin.services.sheets import make_sheets
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.services.cities import LID, X0, Y0, box, point

RULES = ("component.name_missing", "component.in_water")


@pytest.fixture
def desk(town):
    """Two components; 30 issues of two rules on the first of them, the last without a place."""
    path = town.layer("c.gpkg", [point(10, 10), point(900, 900)], "Point", class_code=[LID, LID], name=["a", "b"])
    town.census(path)
    uuid = town.rows("component_point", "uuid")[0]["uuid"]
    with town.store.action("check_components") as action:
        action.insert(
            "check_issue",
            {
                "rule": objects(RULES[at % 2] for at in range(30)), "level": objects(["error", "warning"] * 15),
                "table_name": objects(["component_point"] * 30), "object_uuid": objects([uuid] * 30),
                "params": objects(json.dumps({"name": f"=1+{at}"}) for at in range(30)),
                GEOM: objects(None if at == 29 else point(10 + at * 30, 10) for at in range(30)),
            },
        )  # fmt: skip
    return town


def states(city):
    return [row["state"] for row in city.rows("check_issue", "state")]


def test_a_component_is_called_by_class_and_source_number_where_it_has_no_code(town):
    places = [point(10, 10), point(20, 20), point(30, 30)]
    path = town.layer("c.gpkg", places, "Point", class_code=[LID] * 3, source_id=["T-1", "T:2", None])
    town.census(path)
    uuids = [row["uuid"] for row in town.rows("component_point", "uuid")]
    with town.store.action("check_components") as action:
        action.insert("check_issue", {
            "rule": objects(["component.near_double"] * 3), "level": objects(["error"] * 3),
            "table_name": objects(["component_point"] * 3), "object_uuid": objects(uuids),
            "params": objects(json.dumps({"other": uuid, "other_code": None}) for uuid in uuids[::-1]),
            GEOM: objects(places),
        })  # fmt: skip
    name, listed = "上水井盖", list_issues(town.context, ListIssues())["issues"]
    assert [(one["class_name"], one["source"]) for one in listed] == [(name, "T-1"), (name, "T:2"), (name, None)]
    assert [one["other"]["source"] for one in listed] == [None, "T:2", "T-1"]
    out = town.folder / "issues.xlsx"
    export_issues(town.context, ExportIssues(output=str(out)))
    rows = list(openpyxl.load_workbook(out).worksheets[0].values)
    names = [row[rows[0].index("name")] for row in rows[1:]]
    assert names == [f"{name} T-1", f"{name} T:2", name]


def test_what_a_candidate_became_is_called_by_its_symbol():
    assert _drawn_as('{"drawing": "3521.0.dxf", "handle": "1F", "layer": "PS"}') == "3521.0.dxf 1F"
    for other in (None, "", "{", "[1]", "{}", '{"handle": null, "drawing": "a"}', '{"handle": "1F"}'):
        assert _drawn_as(other) in (None, "1F")


def test_pages_follow_each_other_and_the_counts_are_of_all(desk):
    first = list_issues(desk.context, ListIssues(limit=20))
    assert first["more"] and first["counts"]["issues"] == 30
    assert first["groups"] == [[RULES[1], "warning", "open", 15], [RULES[0], "error", "open", 15]]
    item = first["issues"][0]
    assert (item["params"], item["name"], item["x"], item["y"]) == ({"name": "=1+0"}, "a", X0 + 10, Y0 + 10)
    rest = list_issues(desk.context, ListIssues(after=first["issues"][-1]["fid"], limit=20, counts=False))
    assert len(rest["issues"]) == 10 and not rest["more"] and "groups" not in rest
    assert rest["issues"][-1]["x"] is None


def test_filters_by_rule_level_and_place(desk):
    def count(**given):
        return list_issues(desk.context, ListIssues(**given))["counts"]["issues"]

    assert count(rules=[RULES[0]]) == 15 and count(levels=["warning"]) == 15 and count(states=["waived"]) == 0
    assert count(extent=[X0, Y0, X0 + 40.0, Y0 + 20.0]) == 2
    assert count(extent=[X0, Y0, X0 + 39.9, Y0 + 20.0]) == 1  # the R-tree alone would take the next one, too
    make_sheets(desk.context, MakeSheets())
    assert count(sheet="3520.0-360.0") == 17 and count(sheet="3520.00-360.50") == 12
    with pytest.raises(InputRefused, match="unknown_sheet"):
        count(sheet="1.0-1.0")


def test_a_waiver_needs_a_reason_keeps_who_and_when_and_can_be_taken_back(desk):
    with pytest.raises(InputRefused, match="no_reason"):
        waive_issues(desk.context, WaiveIssues(rules=[RULES[0]], reason="  "))
    done = waive_issues(desk.context, WaiveIssues(rules=[RULES[0]], reason=" 现场 已核 "))
    assert done["counts"] == {"waived": 15} and done["by_rule"] == {RULES[0]: 15}
    row = desk.rows("check_issue", "state", "reason", "waived_by", "waived_at")[0]
    assert row == {
        "state": "waived", "reason": "现场 已核", "waived_by": "tester", "waived_at": "2026-01-15T02:30:00.000Z",
    }  # fmt: skip
    again = waive_issues(desk.context, WaiveIssues(rules=[RULES[0]], reason="x"))
    assert again["operation"] is None
    back = reopen_issues(desk.context, ReopenIssues(uuids=[desk.rows("check_issue", "uuid")[0]["uuid"]]))
    assert back["counts"] == {"reopened": 1} and states(desk).count("waived") == 14
    undo_operation(desk.context, UndoOperation(back["operation"]))
    undo_operation(desk.context, UndoOperation(done["operation"]))
    assert set(states(desk)) == {"open"}


def test_the_book_and_the_layer_hold_every_issue_with_its_sentence(desk, tmp_path):
    context = desk.context
    context.sentences.update({RULES[0]: "no name: {name}"})
    book = str(tmp_path / "问题.xlsx")
    assert export_issues(context, ExportIssues(output=book))["counts"] == {"issues": 30}
    sheets = openpyxl.load_workbook(book)
    rows = list(sheets.worksheets[0].values)
    assert rows[-30][1] == "no name: =1+0" and len(rows) >= 31
    assert [row[2] for row in sheets.worksheets[1].values][-2:] == [15, 15]
    layer = str(tmp_path / "问题.gpkg")
    export_issues(context, ExportIssues(output=layer, rules=[RULES[1]]))
    source = context.files.open_source(layer)
    chunk = next(source.chunks())
    source.close()
    assert len(chunk[GEOM]) == 15 and sum(shape is None for shape in chunk[GEOM]) == 1


def test_the_history_tells_the_sums_of_each_run(desk):
    tallies = {RULES[0]: {"found": 9, "open": 7, "waived": 2, "settled": 0}, RULES[1]: {"found": 1, "open": 1}}
    with desk.store.action("check_components") as action:
        action.insert("check_run", {
            "at": objects(["2026-01-14T00:00:00.000Z", "2026-01-15T00:00:00.000Z"]), "scope": objects(["all", "all"]),
            "tallies": objects([json.dumps(tallies), "no json"]),
        })  # fmt: skip
    answer = issue_history(desk.context, IssueHistory())
    assert [(run["found"], run["open"], run["waived"]) for run in answer["runs"]] == [(10, 8, 2), (0, 0, 0)]
    assert answer["now"] == {"open": 30}


def test_a_fix_is_checked_logged_and_taken_back(desk):
    uuid = desk.rows("component_point", "uuid")[0]["uuid"]
    done = fix_components(desk.context, FixComponents([uuid], {"state": "损坏", "changed_on": "2026年1月2日"}))
    assert done["counts"] == {"updated": 1, "unchanged": 0}
    assert desk.rows("component_point", "state", "changed_on")[0] == {"state": "破损", "changed_on": "2026-01-02"}
    undo_operation(desk.context, UndoOperation(done["operation"]))
    assert desk.rows("component_point", "state")[0]["state"] is None
    same = fix_components(desk.context, FixComponents([uuid], {"name": "a"}))
    assert same["operation"] is None and same["counts"]["unchanged"] == 1


@pytest.mark.parametrize(
    ("values", "code"),
    [({"state": "好"}, "fix.value"), ({"changed_on": "2026-02-30"}, "fix.value"), ({"code": "1"}, "fix.field"),
     ({"photo_count": "-1"}, "fix.value"), ({"manager_dept": "no such"}, "fix.unknown_department"), ({}, "fix.nothing"),
     ({"class_code": ""}, "fix.value"), ({"accuracy": "Z"}, "fix.accuracy"), ({"name": "x" * 300}, "fix.long")],
)  # fmt: skip
def test_what_is_wrong_is_refused_as_a_whole(desk, values, code):
    uuid = desk.rows("component_point", "uuid")[0]["uuid"]
    before = desk.digest()
    with pytest.raises(InputRefused) as caught:
        fix_components(desk.context, FixComponents([uuid], values))
    assert caught.value.code == code and desk.digest() == before


def test_the_class_of_a_coded_component_stays(desk):
    desk.adopt([box(0, 0, 1000, 1000)])
    desk.code()
    uuid = desk.rows("component_point", "uuid")[0]["uuid"]
    with pytest.raises(InputRefused) as caught:
        fix_components(desk.context, FixComponents([uuid], {"class_code": "0103"}))
    assert caught.value.code == "fix.class_fixed"


def test_requests_take_lists_of_texts_and_numbers_and_nothing_else():
    fix = request_from_params("fix_components", {"uuids": ["a"], "values": {"name": "x"}})
    assert fix.values == {"name": "x"}
    asked = request_from_params("list_issues", {"rules": ["a"], "extent": [1, 2, 3, 4.5]})
    assert asked.extent == [1.0, 2.0, 3.0, 4.5] and asked.rules == ["a"]
    for wrong in ({"rules": [1]}, {"extent": ["1"]}, {"extent": [True]}):
        with pytest.raises(InputRefused):
            request_from_params("list_issues", wrong)


def test_a_request_comes_through_the_pipe_as_it_was_sent():
    for sent in (FixComponents(["a"], {"state": "破损", "remark": None}), WaiveIssues(["a"], reason="x")):
        assert request_from_params(sent.method, json.loads(json.dumps(sent.to_params()))) == sent
    with pytest.raises(InputRefused):
        request_from_params("fix_components", {"uuids": ["a"], "values": "state"})

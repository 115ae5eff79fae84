# SPDX-License-Identifier: GPL-2.0-or-later
"""Moves of cases: in bulk, each allowed or refused; the log and the columns go together; taken back as a whole."""

from __future__ import annotations

import json

import pytest

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import UndoOperation
from digital_citymgmt_plugin.core.requests_cases import ListMoves
from digital_citymgmt_plugin.core.requests_intake import AmendCases
from digital_citymgmt_plugin.services.case_amending import amend_cases
from digital_citymgmt_plugin.services.case_moves import list_moves
from digital_citymgmt_plugin.services.undoing import undo_operation
from digital_citymgmt_plugin.storage.verifying.base import Run
from digital_citymgmt_plugin.storage.verifying.case_logs import clock_of, differences
from tests.kill import content
from tests.services.moving import go, hours_ago, log, move, report, row
from tests.support import make_context, new_store


@pytest.fixture
def store(tmp_path):
    opened = new_store(tmp_path / "城市.gpkg")
    yield opened
    opened.close()


def untold(store):
    """Return the cases whose columns are not what their logs say."""
    run = Run(store.connection)
    return [change for part in differences(run, clock_of(store.connection)) for change in part]


def test_the_straight_way_leaves_stage_times_department_limit_and_judgement(store):
    fids = report(store, 3)
    go(store, fids, "close")
    names = ("stage", "dept_code", "dept_name", "limit_value", "limit_unit", "on_time", "on_time_basis", "clock_from")
    stage, dept, name, limit, unit, on_time, basis, clock = row(store, fids[0], *names)
    assert (stage, dept, basis, clock) == ("closed", "D04", "clock", hours_ago(198))
    assert name and limit and unit and on_time in (0, 1)
    assert log(store, fids[1]) == ["report", "accept", "file", "dispatch", "dispose", "feedback", "check", "close"]
    assert untold(store) == []


def test_those_that_allow_it_are_moved_and_the_others_told(store):
    fids = report(store, 4)
    go(store, fids[:2], "file")
    result = move(store, [*fids, 999], "dispatch", "dispatcher", dept_code="D04", done_by="王")
    assert result["counts"] == {"cases": 5, "moved": 2, "refused": 3}
    assert result["refusals"] == {"case.unknown": 1, "move.not_here": 2}
    assert result["moved"] == fids[:2]
    assert [(entry["fid"], entry["case_no"]) for entry in result["refused"]] == [
        (999, None), (fids[2], "A00002"), (fids[3], "A00003"),
    ]  # fmt: skip
    assert row(store, fids[2], "stage") == "collection" and log(store, fids[2]) == ["report"]
    assert untold(store) == []


def test_a_dry_run_counts_the_same_and_writes_nothing(store):
    fids = report(store, 3)
    go(store, fids[:2], "accept")
    before = content.exact(store.path)
    dry = move(store, fids, "file", "shift_lead", dry_run=True)
    assert (dry["counts"], dry["written"], dry["operation"]) == ({"cases": 3, "moved": 2, "refused": 1}, False, None)
    assert content.exact(store.path) == before
    assert move(store, fids, "file", "shift_lead")["counts"] == dry["counts"]


def test_a_case_that_changed_meanwhile_is_refused(store):
    fids = report(store, 2)
    seen = list_moves(make_context(store), ListMoves(fids))["newest"]
    move(store, fids[:1], "verify", "collector")
    result = move(store, fids, "accept", "acceptor", seen=seen)
    assert result["refusals"] == {"case.changed_meanwhile": 1} and result["moved"] == fids[1:]
    again = move(store, fids[:1], "accept", "acceptor", seen={str(fids[0]): log_end(store, fids[0])})
    assert again["counts"]["moved"] == 1
    assert again["events"] == {str(fids[0]): log_end(store, fids[0])}


def log_end(store, fid):
    return int(store.read("case_event", ["fid"], [("case_fid", "=", fid)], ["fid"])["fid"][-1])


@pytest.mark.parametrize(
    ("action", "role", "more", "code"),
    [
        ("accept", "collector", {}, "move.role"), ("reject_filing", "acceptor", {}, "move.needs_reason"),
        ("reject_filing", "acceptor", {"reason": "  "}, "move.needs_reason"),
        ("close", "shift_lead", {}, "move.not_here"),
        ("accept", "acceptor", {"at": hours_ago(0)}, None),
    ],
)  # fmt: skip
def test_why_a_case_is_refused(store, action, role, more, code):
    fids = report(store, 1)
    result = move(store, fids, action, role, **more)
    assert result["refusals"] == ({code: 1} if code else {})


def test_a_move_before_the_last_one_of_ours_is_refused(store):
    fids = report(store, 1)
    move(store, fids, "accept", "acceptor", at=hours_ago(5))
    assert move(store, fids, "file", "shift_lead", at=hours_ago(6))["refusals"] == {"move.too_early": 1}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"action": "praise"}, "move.unknown"), ({"action": "amend"}, "move.unknown"),
        ({"role": "mayor"}, "move.role_unknown"), ({"dept_code": "D9999"}, "move.dept_unknown"),
        ({"payload": {"amount": -1}}, "move.payload"), ({"payload": {"amount": True}}, "move.payload"),
        ({"payload": {"unit": "moon"}}, "move.payload"), ({"payload": {"until": "soon"}}, "move.payload"),
        ({"payload": {"until": "2001-01-01"}}, "move.until_past"),
        ({"at": "soon"}, "move.payload"), ({"at": hours_ago(-1)}, "move.future"),
        ({"reason": "x" * 5000}, "move.payload"),
        ({"payload": {"note": "x" * 5000}}, "move.payload"), ({"cases": []}, "move.nothing"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_as_a_whole(store, values, code):
    fids = report(store, 1)
    asked = {"cases": fids, "action": "accept", "role": "acceptor", **values}
    with pytest.raises(InputRefused) as error:
        move(store, **asked)
    assert error.value.code == code
    assert log(store, fids[0]) == ["report"]


def test_an_extension_is_granted_as_it_was_asked_for_and_the_due_time_moves(store):
    fids = report(store, 1)
    go(store, fids, "dispatch")
    due = row(store, fids[0], "due_at")
    wish = {"amount": 3, "unit": "calendar_day"}
    move(store, fids, "ask_extension", "department", reason="材料未到", payload=wish, at=hours_ago(100))
    assert row(store, fids[0], "due_at", "extension_asked") == (due, 1)
    twice = move(store, fids, "ask_extension", "department", reason="再延", payload=wish)
    assert twice["refusals"] == {"move.flag_not_extension_asked": 1}
    move(store, fids, "grant_extension", "dispatcher", at=hours_ago(99))
    later, asked, extensions = row(store, fids[0], "due_at", "extension_asked", "extensions")
    assert (later > due, asked, extensions) == (True, 0, 1)
    granted = store.read("case_event", ["payload"], [("action", "=", "grant_extension")])["payload"][0]
    assert json.loads(granted) == {"amount": 3.0, "unit": "calendar_day"}
    assert untold(store) == []


def test_parked_to_review_and_resumed(store):
    fids = report(store, 1)
    go(store, fids, "dispatch")
    due = row(store, fids[0], "due_at")
    move(store, fids, "park", "dispatcher", reason="产权不明", payload={"until": "2026-02-01"}, at=hours_ago(197))
    names = ("stage", "parked", "parked_from", "parked_until", "due_at")
    assert row(store, fids[0], *names) == ("parked", 1, "disposal", "2026-02-01", None)
    move(store, fids, "resume", "commander", at=hours_ago(90))
    assert row(store, fids[0], *names[:4]) == ("disposal", 0, None, None)
    assert row(store, fids[0], "due_at") > due
    assert untold(store) == []


def test_returned_reworked_appealed_supervised_and_void(store):
    fids = report(store, 2)
    go(store, fids, "dispatch")
    move(store, fids, "return", "department", reason="非本部门", at=hours_ago(197))
    assert row(store, fids[0], "stage", "returns", "dispatched_at", "due_at") == ("dispatch", 1, None, None)
    move(store, fids, "dispatch", "dispatcher", dept_code="D05", at=hours_ago(180))
    assert row(store, fids[0], "dept_code", "clock_from") == ("D05", hours_ago(198))
    move(store, fids, "dispose", "department", at=hours_ago(170))
    assert row(store, fids[0], "on_time_basis") == "clock"
    move(store, fids, "rework", "dispatcher", reason="未清理", at=hours_ago(160))
    assert row(store, fids[0], "reworks", "disposed_at", "on_time", "on_time_basis") == (1, None, None, None)
    move(store, fids, "supervise", "commander", reason="超时", at=hours_ago(150))
    move(store, fids[:1], "appeal", "department", reason="权属不清", at=hours_ago(140))
    assert row(store, fids[0], "supervised", "appealed", "appeal_open") == (1, 1, 1)
    move(store, fids[:1], "grant_appeal", "commander", reason="属实", at=hours_ago(130))
    assert row(store, fids[0], "stage", "appealed", "appeal_open") == ("dispatch", 1, 0)
    move(store, fids[1:], "void", "commander", reason="重复", at=hours_ago(130))
    assert row(store, fids[1], "stage") == "void"
    assert untold(store) == []
    assert store.verify() == []


def test_taken_back_as_a_whole_and_only_the_newest_first(store):
    fids = report(store, 3)
    first = move(store, fids, "accept", "acceptor", at=hours_ago(9))
    before = content.normalised(store.path)
    second = move(store, fids, "file", "shift_lead", at=hours_ago(8))
    with pytest.raises(InputRefused):
        undo_operation(make_context(store), UndoOperation(first["operation"]))
    undo_operation(make_context(store), UndoOperation(second["operation"]))
    after = content.normalised(store.path)
    assert {table for table in before if before[table] != after[table]} <= {"operation", "undo_journal", "meta"}
    assert untold(store) == []
    assert move(store, fids, "file", "shift_lead", at=hours_ago(8))["counts"]["moved"] == 3


def test_what_is_allowed_is_told_for_each_case_and_role(store):
    fids = report(store, 2)
    go(store, fids[:1], "dispatch")
    told = list_moves(make_context(store), ListMoves(fids, "department"))
    assert told["allowed"] == {str(fids[0]): ["return", "ask_extension", "dispose", "appeal"], str(fids[1]): []}
    assert {"action", "name", "name_en", "needs"} <= set(told["moves"][0])
    assert list_moves(make_context(store), ListMoves())["allowed"] == {}


def test_another_kind_alone_would_leave_the_class_of_the_old_kind(store):
    fids = report(store, 2)
    with pytest.raises(InputRefused) as refused:
        amend_cases(make_context(store), AmendCases(fids[:1], {"kind": "event"}, reason="看错了"))
    assert refused.value.code == "amend.class"
    amend_cases(make_context(store), AmendCases(fids[:1], {"kind": "event", "class_code": ""}, reason="看错了"))
    assert row(store, fids[0], "kind", "class_code", "class_name") == ("event", None, None)
    assert row(store, fids[1], "kind", "class_code") == ("component", "0101")


def test_hostile_text_stays_text(store):
    fids = report(store, 1)
    words = "=HYPERLINK(\"x\")'; DROP TABLE case_event; --<script>"
    move(store, fids, "reject_filing", "acceptor", reason=words, done_by=words, payload={"evidence": words})
    found = store.read("case_event", ["reason", "done_by", "payload"], [("action", "=", "reject_filing")])
    assert (found["reason"][0], found["done_by"][0], json.loads(found["payload"][0])["evidence"]) == (words,) * 3


def test_another_class_has_another_limit_and_due_time_and_both_are_taken_back(store):
    fids = report(store, 2)
    go(store, fids, "dispatch")
    names = ("class_code", "class_name", "limit_value", "limit_unit", "due_at", "stage")
    before = row(store, fids[0], *names)
    other = next(
        rule for rule in store.profile().filing_rules
        if rule.kind == "component" and rule.class_code != "0101" and rule.limit_value
        and (rule.limit_value, rule.limit_unit) != before[2:4]
    )  # fmt: skip
    values = {"class_code": other.class_code, "kind": "component", "condition": other.condition}
    asked = AmendCases(fids[:1], values, reason="看错了", role="dispatcher")
    result = amend_cases(make_context(store), asked)
    after = row(store, fids[0], *names)
    assert after[0] == other.class_code and after[2:4] == (other.limit_value, other.limit_unit)
    assert after[4] != before[4] and after[5] == "disposal"
    assert row(store, fids[1], *names) == before
    assert untold(store) == []
    undo_operation(make_context(store), UndoOperation(result["operation"]))
    assert row(store, fids[0], *names) == before
    with pytest.raises(InputRefused):
        amend_cases(make_context(store), AmendCases(fids[:1], values, reason="看错了", role="department"))

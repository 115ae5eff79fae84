# SPDX-License-Identifier: GPL-2.0-or-later
"""Supervisions: a row per event of the log, answered by what comes later; taken back; verifystore agrees."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from digital_citymgmt_plugin.core.requests import UndoOperation
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.supervising import answer_supervisions, tell_supervisions
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.services.moving import go, hours_ago, move, report, row
from tests.support import make_context, new_store


@pytest.fixture
def store(tmp_path):
    opened = new_store(tmp_path / "城市.gpkg")
    yield opened
    opened.close()


ROW = ("case_fid", "issued_at", "due_at", "level", "reason", "answered_at")


def held(store):
    found = store.read("supervision", [*ROW, "uuid", "operation_uuid"], [], ["fid"])
    assert all(found["uuid"].tolist()) and all(found["operation_uuid"].tolist())
    return list(zip(*(found[name].tolist() for name in ROW)))


def test_a_supervision_has_its_row_and_the_feedback_answers_it(store):
    fids = report(store, 2)
    go(store, fids, "dispatch")
    result = move(store, fids, "supervise", "commander", reason="超时", at=hours_ago(190))
    assert "supervision" in result["tables"]
    due = row(store, fids[0], "due_at")
    due = due if due > hours_ago(190) else None
    assert held(store) == [(fid, hours_ago(190), due, 1, "超时", None) for fid in fids]
    assert row(store, fids[0], "supervised") == 1 and store.verify() == []
    more = {"payload": {"until": "2026-07-01"}, "reason": "再次督办"}
    move(store, fids[:1], "supervise", "commander", at=hours_ago(180), **more)
    assert held(store)[2] == (fids[0], hours_ago(180), "2026-07-01T15:59:59.000Z", 2, "再次督办", None)
    move(store, fids[:1], "dispose", "department", at=hours_ago(170))
    assert [one[5] for one in held(store)] == [None, None, None]
    answered = move(store, fids[:1], "feedback", "dispatcher", at=hours_ago(169))
    assert [one[5] for one in held(store)] == [hours_ago(169), None, hours_ago(169)]
    assert store.verify() == []
    undo_operation(make_context(store), UndoOperation(answered["operation"]))
    assert [one[5] for one in held(store)] == [None, None, None]


def test_taken_back_with_its_move(store):
    fids = report(store, 3)
    go(store, fids, "dispatch")
    result = move(store, fids, "supervise", "commander", reason="超时", at=hours_ago(190))
    undo_operation(make_context(store), UndoOperation(result["operation"]))
    assert held(store) == [] and row(store, fids[0], "supervised") == 0
    assert store.verify() == []


def test_a_move_that_breaks_off_leaves_neither_event_nor_row(store, monkeypatch):
    from digital_citymgmt_plugin.services import case_moves

    def broken(*_given):
        raise OSError

    fids = report(store, 1)
    go(store, fids, "dispatch")
    monkeypatch.setattr(case_moves, "tell_supervisions", broken)
    with contextlib.suppress(OSError):
        move(store, fids, "supervise", "commander", reason="超时", at=hours_ago(190))
    assert held(store) == [] and row(store, fids[0], "supervised") == 0 and store.verify() == []


def test_a_dry_run_writes_none_and_level_and_day_of_the_move_hold(store):
    fids = report(store, 1)
    go(store, fids, "dispatch")
    move(store, fids, "supervise", "commander", reason="超时", at=hours_ago(190), dry_run=True)
    assert held(store) == []
    more = {"reason": "超时", "payload": {"level": 3}}
    move(store, fids, "supervise", "commander", at=hours_ago(190), **more)
    assert held(store)[0][3] == 3


def test_what_a_log_of_another_system_tells_gets_rows_once(store):
    fid = report(store, 1)[0]
    told = {
        "case_fid": np.array([fid] * 3), "action": objects(["supervise", "supervise", "feedback"]),
        "at": objects([hours_ago(9), hours_ago(9), hours_ago(5)]), "source": objects(["log"] * 3),
        "reason": objects(["一", "二", None]),
    }  # fmt: skip
    with store.action("test") as action:
        action.insert("case_event", told)
        assert tell_supervisions(store, action, np.array([fid])) == 4  # two rows, both answered
        assert tell_supervisions(store, action, np.array([fid])) == 0
    assert [(one[3], one[4], one[5]) for one in held(store)] == [(1, "一", hours_ago(5)), (2, "二", hours_ago(5))]


@pytest.mark.parametrize(("moment", "answered"), [(5, True), (200, False)])
def test_a_receipt_answers_what_was_issued_before_it(store, moment, answered):
    fids = report(store, 1)
    go(store, fids, "dispatch")
    move(store, fids, "supervise", "commander", reason="超时", at=hours_ago(190))
    with store.action("test") as action:
        assert answer_supervisions(store, action, {fids[0]: hours_ago(moment)}) == int(answered)
    assert held(store)[0][5] == (hours_ago(moment) if answered else None)

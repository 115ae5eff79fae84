# SPDX-License-Identifier: GPL-2.0-or-later
"""Due times are counted anew after calendar or hours changed: told in the log, taken back; stated ones stay."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from digital_citymgmt_plugin.core.errors import Cancelled
from digital_citymgmt_plugin.core.profile import CalendarDay
from digital_citymgmt_plugin.core.requests import UndoOperation
from digital_citymgmt_plugin.core.requests_cases import RecomputeDue
from digital_citymgmt_plugin.services import due_times
from digital_citymgmt_plugin.services.case_settling import rederive
from digital_citymgmt_plugin.services.due_times import recompute_due
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.kill import content
from tests.services.moving import go, hours_ago, move, report, row
from tests.support import Watcher, make_context, new_store

OTHER = "00:00-24:00"  # always at work: all due times are earlier


@pytest.fixture
def store(tmp_path):
    """Dispatched cases: 0 plain, 1 parked and back, 2 with a due time of a table, 3 closed, 4 and 5 without a limit."""
    opened = new_store(tmp_path / "城市.gpkg")
    fids = report(opened, 6)
    go(opened, fids[:3], "dispatch")
    move(opened, fids[1:2], "park", "dispatcher", at=hours_ago(197.9), reason="雨", payload={"until": "2026-02-01"})
    move(opened, fids[1:2], "resume", "dispatcher", at=hours_ago(100))
    go(opened, fids[3:4], "close")
    with opened.action("test") as action:
        nothing = objects([None])
        stated = {"limit_value": nothing, "limit_unit": nothing, "stated_due_at": objects([hours_ago(90)])}
        action.update("case_record", np.array(fids[2:3]), stated)
        rederive(opened, action, np.array(fids[2:3]))
    yield opened
    opened.close()


def change(store, hours=OTHER, days=()):
    profile = store.profile()
    with store.action("save_profile") as action:
        settings = {**profile.settings, "work_hours": hours}
        store.save_profile(action, replace(profile, settings=settings, days=(*profile.days, *days)))


def due(store):
    return store.read("case_record", ["due_at"], [], ["fid"])["due_at"].tolist()


def test_other_hours_give_other_due_times_and_stated_ones_stay(store):
    before = due(store)
    assert recompute_due(make_context(store), RecomputeDue(ended=True))["operation"] is None
    change(store)
    assert [finding.rule for finding in store.verify()] == ["verify.case_due"]
    told = recompute_due(make_context(store), RecomputeDue())
    counts = told["counts"]
    assert (counts["cases_read"], counts["due_changed"], counts["due_earlier"], counts["due_stated"]) == (2, 2, 2, 1)
    after = due(store)
    assert after[2:] == before[2:] and all(new < old for new, old in zip(after[:2], before[:2]))
    assert [finding.rule for finding in store.verify()] == ["verify.case_due"]  # the closed one
    events = store.read("case_event", ["case_fid", "reason"], [("source", "=", "clock")], ["fid"])
    assert events["case_fid"].tolist() == [1, 2] and json.loads(events["reason"][0])["due_at"] == [before[0], after[0]]
    ended = recompute_due(make_context(store), RecomputeDue(ended=True))
    assert ended["counts"]["due_changed"] == 1 and store.verify() == []
    assert recompute_due(make_context(store), RecomputeDue(ended=True))["operation"] is None
    undo_operation(make_context(store), UndoOperation(ended["operation"]))
    undo_operation(make_context(store), UndoOperation(told["operation"]))
    assert due(store) == before


def test_the_judgement_of_closed_cases_follows_unless_it_was_stated(store):
    assert row(store, 4, "on_time", "on_time_basis") == (1, "clock")
    change(store, "00:00-00:01")
    with store.action("test") as action:
        action.update("case_record", np.array([4]), {"on_time": objects([0])})
    told = recompute_due(make_context(store), RecomputeDue(ended=True))
    assert told["counts"]["due_later"] == 3 and told["counts"]["judged_otherwise"] == 1
    assert row(store, 4, "on_time", "on_time_basis") == (1, "clock")


def test_a_day_off_moves_due_times_and_what_is_overdue_only_now_is_counted(store):
    before = due(store)[0]
    change(store, "08:30-12:00, 13:30-17:30", [CalendarDay(before[:10], False, "停工")])
    told = recompute_due(make_context(store), RecomputeDue())["counts"]
    assert told["due_later"] >= 1 and told["due_overdue"] == 0


def test_a_stopped_run_changes_nothing_and_parts_go_together(store, monkeypatch):
    change(store)
    before = content.exact(store.path)
    with pytest.raises(Cancelled):
        recompute_due(make_context(store, Watcher(cancel_at=2)), RecomputeDue(ended=True))
    assert content.exact(store.path) == before
    monkeypatch.setattr(due_times, "PART", 1)
    assert recompute_due(make_context(store), RecomputeDue(ended=True))["counts"]["due_changed"] == 3
    assert store.verify() == []

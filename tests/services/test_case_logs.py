# SPDX-License-Identifier: GPL-2.0-or-later
"""The log of every case gives its row: 10,000 cases moved about by lot, imported with and without a log, taken back."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from digital_citymgmt_plugin.core.cases.workflow import ACTIONS, ROLES
from digital_citymgmt_plugin.core.ports import Action
from digital_citymgmt_plugin.core.requests import UndoOperation
from digital_citymgmt_plugin.services.case_events import Marks
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.undoing import undo_operation
from digital_citymgmt_plugin.storage.verifying.base import Run
from digital_citymgmt_plugin.storage.verifying.case_logs import clock_of, differences
from tests.services.moving import go, hours_ago, move, report, row
from tests.support import Watcher, make_context, new_store

CASES = 10_000


@pytest.fixture
def store(tmp_path):
    opened = new_store(tmp_path / "城市.gpkg")
    yield opened
    opened.close()


def untold(store):
    """Return the cases whose columns are not what their logs say."""
    run = Run(store.connection)
    return [change for part in differences(run, clock_of(store.connection)) for change in part]


def test_ten_thousand_cases_moved_by_lot_are_what_their_logs_say(store):
    chance = random.Random(7)
    fids = report(store, CASES, hours=300)
    go(store, fids[: CASES // 2], "dispatch", start=290)
    go(store, fids[CASES // 2 : 3 * CASES // 4], "check", start=290)
    moved = 0
    for number in range(24):
        payload = {"until": "2026-02-01", "amount": chance.randint(1, 9), "unit": "work_hour"}
        result = move(
            store, chance.sample(fids, CASES // 4), chance.choice([name for name in ACTIONS if name != "amend"]),
            chance.choice(list(ROLES)), dept_code="D04", reason="试", payload=payload, at=hours_ago(240 - 5 * number),
        )  # fmt: skip
        moved += result["counts"]["moved"]
        if result["operation"] and number % 5 == 0:
            undo_operation(make_context(store), UndoOperation(result["operation"]))
    assert moved > CASES // 4
    assert untold(store) == []
    assert [finding.rule for finding in store.verify()] == []


def test_a_value_that_the_log_does_not_tell_is_found_and_given_back(store):
    fids = report(store, 50)
    go(store, fids, "dispose")
    with store.action("damage") as action:
        change(action, fids[3], returns=7)
        change(action, fids[4], stage="closed", closed_at=hours_ago(1))
        change(action, fids[5], due_at=hours_ago(1))
    found = {finding.rule: finding for finding in store.verify()}
    assert set(found) == {"verify.case_log", "verify.case_due"}
    assert found["verify.case_log"].objects == (str(fids[3]), str(fids[4]))
    assert (found["verify.case_due"].level, found["verify.case_due"].objects) == ("warning", (str(fids[5]),))
    context = make_context(store)
    with store.action("repair_store") as action:
        store.repair(action, list(found.values()), context.progress, context.cancel)
    assert row(store, fids[3], "returns") == 0
    assert row(store, fids[4], "stage", "closed_at") == ("feedback", None)
    assert [finding.rule for finding in store.verify()] == ["verify.case_due"]


def change(action: Action, fid: int, **values: object) -> None:
    """Set columns of a case past its log."""
    columns = {}
    for name, value in values.items():
        columns[name] = np.empty(1, dtype=object)
        columns[name][:] = [value]
    action.update("case_record", np.array([fid], dtype=np.int64), columns)


def test_cases_with_numbers_far_apart_cost_no_time_and_are_all_compared(store):
    first = report(store, 3)
    store.connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'case_record'", (4_000_000_000_000,))
    store.connection.commit()
    with store.action("test") as action:
        action.insert("case_record", {"case_no": objects(["B1"]), "stage": objects(["dispatch"])})
    began = time.process_time()
    assert [fid for fid, _ in untold(store)] == [4_000_000_000_001]
    assert [finding.rule for finding in store.verify()] == ["verify.case_log"]
    with store.action("repair") as action:
        store.repair(action, store.verify(), Watcher(), Watcher())
    assert store.verify() == [] and time.process_time() - began < 10
    marks = Marks()
    marks.add(np.array([*first, 4_000_000_000_001]))
    asked = np.array([first[0], 77, 4_000_000_000_001, 4_000_000_000_002])
    assert marks.of(asked).tolist() == [True, False, True, False]
    assert marks.of(np.empty(0, dtype=np.int64)).tolist() == []

# SPDX-License-Identifier: GPL-2.0-or-later
"""A store with cases that wait to be moved, and the requests to move them."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from digital_citymgmt_plugin.core.cases.times import moment_text
from digital_citymgmt_plugin.core.requests_cases import MoveCases
from digital_citymgmt_plugin.services.case_moves import move_cases
from digital_citymgmt_plugin.services.intake import objects
from tests.support import NOW, make_context

# The straight way of a case: action, role, what it needs.
WAY = (
    ("accept", "acceptor", {}), ("file", "shift_lead", {}), ("dispatch", "dispatcher", {"dept_code": "D04"}),
    ("dispose", "department", {}), ("feedback", "dispatcher", {}), ("check", "collector", {}),
    ("close", "shift_lead", {}),
)  # fmt: skip


def report(store, count, *, hours=240):
    """Put cases of one class into a store, reported some hours ago; returns their fids."""
    at = moment_text(NOW - timedelta(hours=hours))
    with store.action("test") as action:
        fids = action.insert(
            "case_record",
            {
                "case_no": objects(f"A{number:05d}" for number in range(count)), "kind": objects(["component"] * count),
                "class_code": objects(["0101"] * count), "class_name": objects(["上水井盖"] * count),
                "condition": objects(["破损"] * count), "stage": objects(["collection"] * count),
                "reported_at": objects([at] * count),
            },
        )  # fmt: skip
        action.insert(
            "case_event",
            {
                "case_fid": fids, "action": objects(["report"] * count), "to_stage": objects(["collection"] * count),
                "at": objects([at] * count), "source": objects(["import"] * count),
            },
        )  # fmt: skip
    return np.asarray(fids, dtype=np.int64).tolist()


def move(store, cases, action, role, **more):
    """Move cases."""
    return move_cases(make_context(store), MoveCases(list(cases), action, role, **more))


def hours_ago(hours):
    """Return a moment before the clock of the tests."""
    return moment_text(NOW - timedelta(hours=hours))


def go(store, cases, until, *, start=200):
    """Move cases along the straight way up to and with an action, an hour each."""
    for number, (action, role, more) in enumerate(WAY):
        result = move(store, cases, action, role, at=hours_ago(start - number), **more)
        assert result["counts"] == {"cases": len(cases), "moved": len(cases), "refused": 0}, (action, result)
        if action == until:
            return


def row(store, fid, *names):
    """Return columns of a case."""
    found = store.read("case_record", list(names), [("fid", "=", fid)])
    values = tuple(found[name][0] for name in names)
    return values if len(values) > 1 else values[0]


def log(store, fid):
    """Return the actions of a case's log."""
    return store.read("case_event", ["action"], [("case_fid", "=", fid)], ["fid"])["action"].tolist()

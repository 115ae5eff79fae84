# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of issues in step with what is found: when one was settled, and whose waiver an open one is not any more."""

from __future__ import annotations

import numpy as np

from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.issues import Found, all_params, compare, write

COLUMNS = ("state", "params", "reason", "waived_by", "waived_at", "settled_at")
WAIVER = {"state": "waived", "reason": "looked at", "waived_by": "li", "waived_at": "2026-01-01T00:00:00.000Z"}


def keep(town, *found):
    with town.store.action("check") as action:
        write(action, compare(town.store, ["some.rule"], None, found))
        return action.at


def rows(town):
    return town.rows("check_issue", *COLUMNS)


def test_a_settled_issue_tells_when(town):
    keep(town, Found("one", "some.rule", {}))
    assert rows(town)[0]["settled_at"] is None
    at = keep(town)
    assert (rows(town)[0]["state"], rows(town)[0]["settled_at"]) == ("settled", at)


def test_a_waiver_goes_with_the_values_that_it_was_given_for(town):
    keep(town, Found("one", "some.rule", {"metres": 1}))
    with town.store.action("waive") as action:
        action.update("check_issue", np.array([1]), {name: objects([value]) for name, value in WAIVER.items()})
    keep(town, Found("one", "some.rule", {"metres": 1}))
    assert {name: rows(town)[0][name] for name in WAIVER} == WAIVER
    keep(town, Found("one", "some.rule", {"metres": 9}))
    assert rows(town) == [{**dict.fromkeys(COLUMNS), "state": "open", "params": '{"metres": 9}'}]


def test_values_that_are_no_object_give_none_and_spoil_no_others():
    good = '{"score": 1}'
    assert all_params([good, None, ""]) == [{"score": 1}, {}, {}]
    for bad in ("{", "[1]", "1, 2", '{"a": 1}, {"b": 2}', 7):
        assert all_params([good, bad, good]) == [{"score": 1}, {}, {"score": 1}], bad
    assert all_params([]) == []

# SPDX-License-Identifier: GPL-2.0-or-later
"""The log of many cases at once says what its events say one after the other; and what the clock makes of it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.cases.derived import DERIVED, GIVEN, derive
from digital_citymgmt_plugin.core.cases.replay import EVENT_COLUMNS, FLAGS, LOGGED, events_of, replay
from digital_citymgmt_plugin.core.cases.stages import STEPS
from digital_citymgmt_plugin.core.cases.workflow import ACTIONS, NEEDS, ROLES, State, Table, apply, target
from digital_citymgmt_plugin.core.cases.worktime import WorkCalendar
from digital_citymgmt_plugin.storage.profiles import builtin_moves

TABLE = Table(builtin_moves())
ZONE = "Asia/Shanghai"


def column(values):
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def columns_of(rows):
    """Return rows (dicts) as columns of ``case_event``."""
    return {
        name: np.array([row["case_fid"] for row in rows], dtype=np.int64)
        if name == "case_fid"
        else column([row.get(name) for row in rows])
        for name in EVENT_COLUMNS
    }


def event(case, action, before, after, at, source="move", **more):
    return {
        "case_fid": case, "action": action, "from_stage": before, "to_stage": after, "at": at, "source": source,
        **{name: json.dumps(value) if isinstance(value, dict) else value for name, value in more.items()},
    }  # fmt: skip


def moment(number):
    return f"2026-03-{1 + number // 24:02d}T{number % 24:02d}:00:00.000Z"


def plain(state):
    """Return a state of ``workflow`` as the columns of a case."""
    own = {name: getattr(state, name) for name in LOGGED if name not in STEPS}
    return {**own, **{name: state.times.get(name) for name in STEPS}}


def row_of(columns, place, names=LOGGED):
    return {name: columns[name][place] for name in names}


STATED = st.fixed_dictionaries(
    {},
    optional={
        "stage": st.sampled_from(["dispatch", "disposal", "check", "closed"]), "returns": st.integers(0, 5),
        "reworks": st.integers(0, 5), "disposed_at": st.sampled_from([None, moment(1)]),
        "supervised": st.integers(0, 1),
        "appeal_open": st.integers(0, 1), "extension_asked": st.integers(0, 1),
    },
)  # fmt: skip
STEP = st.one_of(
    st.tuples(st.just("do"), st.sampled_from(ACTIONS), st.sampled_from([*ROLES])),
    st.tuples(st.just("state"), STATED, st.just("")), st.tuples(st.just("amend"), STATED, st.just("")),
    st.tuples(st.just("link"), st.just("grid_code"), st.just("")),
)  # fmt: skip


def set_values(state, values):
    times = dict(state.times)
    for name in STEPS:
        if name in values:
            times.pop(name, None)
            if values[name] is not None:
                times[name] = values[name]
    known = {name: value for name, value in values.items() if name not in STEPS}
    return replace(state, times=times, **known)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), STEP), max_size=70))
def test_all_at_once_is_one_after_the_other(steps):
    """Three cases whose events stand between each other's: moves by lot, what tables state, corrections, links."""
    fids = np.array([11, 12, 40], dtype=np.int64)
    states, rows = [State(), State(), State()], []
    for number, (case, (kind, what, role)) in enumerate(steps):
        state, at, fid = states[case], moment(number), int(fids[case])
        if kind == "do":
            if TABLE.refusal(state, what, role, NEEDS) is not None:
                continue
            after = target(TABLE.find(what, state.stage), state)
            states[case] = apply(state, what, after, at, "2026-05-01")
            rows.append(event(fid, what, state.stage, after, at, payload={"until": "2026-05-01"}))
        elif kind == "link":
            rows.append(event(fid, "amend", "check", "check", at, "link", reason={"grid_code": [None, "1"]}))
        elif state.stage != "parked":  # of a parked case nobody states a stage alone
            states[case] = set_values(state, what)
            stage = states[case].stage
            if kind == "state":
                rows.append(event(fid, "state", None, stage, at, "import", payload=what))
            else:
                told = {name: [None, value] for name, value in what.items()}
                rows.append(event(fid, "amend", state.stage, stage, at, "import", reason=told))
    told = replay(events_of(columns_of(rows), fids), 3)
    for place, state in enumerate(states):
        assert row_of(told, place) == plain(state)


def derived(rows, size=1, after_return="pause", **values):
    table = {name: column([values.get(name)] * size) for name in GIVEN}
    fids = np.arange(1, size + 1, dtype=np.int64)
    found = derive(events_of(columns_of(rows), fids), size, table, WorkCalendar(), ZONE, after_return)
    assert set(found) == set(DERIVED)
    return {name: found[name][0] for name in DERIVED}


WAY = (
    ("report", None, "collection"), ("accept", "collection", "filing"), ("file", "filing", "dispatch"),
    ("dispatch", "dispatch", "disposal"),
)  # fmt: skip
DAY = {"limit_value": 24.0, "limit_unit": "emergency_hour"}


def until_dispatched():
    """Reported at 0:00 of the first of March, dispatched at 3:00."""
    return [event(1, *step, moment(number)) for number, step in enumerate(WAY)]


def test_the_clock_runs_from_the_filing_until_the_case_is_dispatched():
    rows = until_dispatched()
    assert derived(rows[:2], **DAY)["due_at"] is None
    assert derived(rows[:3], **DAY)["due_at"] == moment(26)
    found = derived(rows, **DAY)
    assert (found["clock_from"], found["due_at"], found["on_time"]) == (moment(3), moment(27), None)
    assert derived(rows, stated_due_at=moment(30), **DAY)["due_at"] == moment(30)


def test_parked_the_clock_stands_and_resumed_it_goes_on():
    rows = [*until_dispatched(), event(1, "park", "disposal", "parked", moment(5), payload={"until": "2026-04-01"})]
    found = derived(rows, **DAY)
    assert (found["due_at"], found["parked_from"], found["parked_until"]) == (None, "disposal", "2026-04-01")
    rows.append(event(1, "resume", "parked", "disposal", moment(15)))
    found = derived(rows, **DAY)
    assert (found["due_at"], found["parked"], found["parked_until"]) == (moment(37), 0, None)
    assert derived(rows, stated_due_at=moment(20), **DAY)["due_at"] == moment(30)


def test_what_a_table_told_of_parking_is_in_the_due_time_that_it_stated():
    rows = [
        *until_dispatched(), event(1, "park", "disposal", "parked", moment(5), "log"),
        event(1, "resume", "parked", "disposal", moment(15), "log"),
    ]  # fmt: skip
    assert derived(rows, stated_due_at=moment(20), **DAY)["due_at"] == moment(20)


def test_an_extension_that_is_granted_is_added_and_one_that_is_asked_for_is_not():
    asked = {"amount": 2, "unit": "emergency_hour"}
    rows = [*until_dispatched(), event(1, "ask_extension", "disposal", "disposal", moment(5), payload=asked)]
    assert derived(rows, **DAY)["due_at"] == moment(27)
    rows.append(event(1, "grant_extension", "disposal", "disposal", moment(6), payload=asked))
    found = derived(rows, **DAY)
    assert (found["due_at"], found["extensions"], found["extension_asked"]) == (moment(29), 1, 0)


def test_sent_back_the_clock_does_what_the_setting_says():
    rows = [
        *until_dispatched(), event(1, "return", "disposal", "dispatch", moment(5)),
    ]  # fmt: skip
    found = derived(rows, **DAY)
    assert (found["clock_from"], found["due_at"], found["dispatched_at"]) == (moment(3), None, None)
    rows.append(event(1, "dispatch", "dispatch", "disposal", moment(9)))
    due = {rule: derived(rows, after_return=rule, **DAY)["due_at"] for rule in ("pause", "restart", "run_on")}
    assert due == {"pause": moment(31), "restart": moment(33), "run_on": moment(27)}


def test_on_time_is_judged_by_the_clock_unless_the_table_stated_it():
    rows = [*until_dispatched(), event(1, "dispose", "disposal", "feedback", moment(28), "log")]
    assert (derived(rows, **DAY)["on_time"], derived(rows, **DAY)["on_time_basis"]) == (0, "clock")
    imported = [{**row, "source": "import"} for row in rows]
    stated = derived(imported, on_time=1, on_time_basis="stated", **DAY)
    assert (stated["on_time"], stated["on_time_basis"]) == (1, "stated")
    back = [
        *imported, event(1, "feedback", "feedback", "check", moment(29)),
        event(1, "rework", "check", "disposal", moment(30)),
    ]  # fmt: skip
    again = derived(back, on_time=1, on_time_basis="stated", **DAY)
    assert (again["on_time"], again["on_time_basis"], again["reworks"]) == (None, None, 1)


def test_cases_without_events_and_events_without_cases():
    nothing = replay(events_of(columns_of([]), np.array([5], dtype=np.int64)), 1)
    assert row_of(nothing, 0) == plain(State())
    assert replay(events_of(columns_of(until_dispatched()), np.empty(0, dtype=np.int64)), 0)["stage"].tolist() == []
    broken = [event(1, "state", None, None, None, "import", payload="{"), event(1, "amend", None, None, None, "import")]
    assert row_of(replay(events_of(columns_of(broken), np.array([1], dtype=np.int64)), 1), 0) == plain(State())
    assert set(FLAGS) < set(LOGGED)


def test_an_outside_log_sets_no_value_that_a_column_cannot_have():
    strange = {
        "stage": "nirvana", "parked_from": ["filing"], "closed_at": [1], "parked_until": 7, "returns": [1],
        "reworks": -1, "extensions": 10**30, "appealed": "yes",
    }  # fmt: skip
    rows = [event(0, "report", None, "filing", moment(0), "log")]
    sound = row_of(replay(events_of(columns_of(rows), np.arange(1)), 1), 0)
    told = {name: [None, value] for name, value in strange.items()}
    rows.append(event(0, "amend", None, None, moment(1), "log", reason=told))
    rows.append(event(0, "state", None, None, moment(2), "log", payload=strange))
    assert row_of(replay(events_of(columns_of(rows), np.arange(1)), 1), 0) == sound
    rows.append(event(0, "amend", None, None, moment(3), "log", reason={"stage": [None, "closed"], "returns": [0, 2]}))
    found = row_of(replay(events_of(columns_of(rows), np.arange(1)), 1), 0)
    assert (found["stage"], found["returns"]) == ("closed", 2)

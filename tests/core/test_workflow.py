# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of moves: every way that it has, allowed and refused; walks by lot never leave it; faults are told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.cases.stages import STAGES, rank_by_times
from digital_citymgmt_plugin.core.cases.times import from_text
from digital_citymgmt_plugin.core.cases.workflow import (
    ACTIONS,
    AFTER,
    NEEDS,
    ROLES,
    Move,
    State,
    Table,
    apply,
    check_moves,
    split_list,
    target,
)
from digital_citymgmt_plugin.storage.profiles import builtin_moves

MOVES = builtin_moves()
TABLE = Table(MOVES)
# What may be done in each stage, by whom and to where: written down by hand, apart from the table.
ALLOWED = {
    "collection": {
        "verify": ("collector acceptor", "collection"), "accept": ("acceptor", "filing"),
        "reject_filing": ("acceptor shift_lead", "void"), "void": ("acceptor shift_lead commander", "void"),
        "amend": ("acceptor shift_lead dispatcher", "collection"),
    },
    "filing": {
        "verify": ("collector acceptor", "filing"), "file": ("acceptor shift_lead", "dispatch"),
        "reject_filing": ("acceptor shift_lead", "void"), "void": ("acceptor shift_lead commander", "void"),
        "amend": ("acceptor shift_lead dispatcher", "filing"),
    },
    "dispatch": {
        "dispatch": ("dispatcher", "disposal"), "return": ("dispatcher", "filing"),
        "park": ("dispatcher shift_lead commander", "parked"), "void": ("acceptor shift_lead commander", "void"),
        "supervise": ("dispatcher shift_lead commander", "dispatch"), "remediate": ("dispatcher commander", "dispatch"),
        "grant_appeal": ("shift_lead commander", "dispatch"), "refuse_appeal": ("shift_lead commander", "dispatch"),
        "amend": ("acceptor shift_lead dispatcher", "dispatch"),
    },
    "disposal": {
        "return": ("department", "dispatch"), "ask_extension": ("department", "disposal"),
        "grant_extension": ("dispatcher shift_lead commander", "disposal"),
        "refuse_extension": ("dispatcher shift_lead commander", "disposal"),
        "park": ("dispatcher shift_lead commander", "parked"), "dispose": ("department", "feedback"),
        "void": ("acceptor shift_lead commander", "void"),
        "supervise": ("dispatcher shift_lead commander", "disposal"),
        "remediate": ("dispatcher commander", "disposal"), "appeal": ("department", "disposal"),
        "grant_appeal": ("shift_lead commander", "dispatch"), "refuse_appeal": ("shift_lead commander", "disposal"),
        "amend": ("acceptor shift_lead dispatcher", "disposal"),
    },
    "feedback": {
        "feedback": ("department dispatcher", "check"),
        "rework": ("dispatcher acceptor shift_lead collector", "disposal"),
        "supervise": ("dispatcher shift_lead commander", "feedback"), "appeal": ("department", "feedback"),
        "grant_appeal": ("shift_lead commander", "feedback"), "refuse_appeal": ("shift_lead commander", "feedback"),
        "amend": ("acceptor shift_lead dispatcher", "feedback"),
    },
    "check": {
        "check": ("collector", "check"), "rework": ("dispatcher acceptor shift_lead collector", "disposal"),
        "close": ("shift_lead", "closed"), "supervise": ("dispatcher shift_lead commander", "check"),
        "appeal": ("department", "check"), "grant_appeal": ("shift_lead commander", "check"),
        "refuse_appeal": ("shift_lead commander", "check"), "amend": ("acceptor shift_lead dispatcher", "check"),
    },
    "closed": {
        "appeal": ("department", "closed"), "grant_appeal": ("shift_lead commander", "closed"),
        "refuse_appeal": ("shift_lead commander", "closed"),
    },
    "void": {},
    "parked": {
        "resume": ("dispatcher shift_lead commander", "disposal"), "void": ("acceptor shift_lead commander", "void"),
        "supervise": ("dispatcher shift_lead commander", "parked"),
        "grant_appeal": ("shift_lead commander", "parked"), "refuse_appeal": ("shift_lead commander", "parked"),
        "amend": ("acceptor shift_lead dispatcher", "parked"),
    },
}  # fmt: skip
NEEDED = {
    "reject_filing": "reason", "dispatch": "dept", "return": "reason", "ask_extension": "reason amount",
    "refuse_extension": "reason", "park": "reason until", "rework": "reason", "void": "reason", "supervise": "reason",
    "remediate": "reason", "appeal": "reason", "grant_appeal": "reason", "refuse_appeal": "reason",
}  # fmt: skip
FLAGS = {
    "ask_extension": "!extension_asked", "grant_extension": "extension_asked", "refuse_extension": "extension_asked",
    "check": "!checked", "close": "checked", "appeal": "!appeal_open", "grant_appeal": "appeal_open",
    "refuse_appeal": "appeal_open",
}  # fmt: skip


def state_for(stage, action, *, flag_holds=True):
    """Return a case in a stage which is, or is not, what the action asks for."""
    state = State(stage=stage, parked_from="disposal" if stage == "parked" else None)
    wanted = FLAGS.get(action)
    if wanted is None or wanted.startswith("!") == flag_holds:
        return state
    if wanted.lstrip("!") == "checked":
        return replace(state, times={"checked_at": "2026-03-01T00:00:00.000Z"})
    return replace(state, **{wanted.lstrip("!"): 1})


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_in_each_stage_by_each_role_is_allowed_or_refused_as_written_down(stage, action):
    entry = ALLOWED[stage].get(action)
    state = state_for(stage, action)
    for role in ROLES:
        refused = TABLE.refusal(state, action, role, NEEDS)
        if entry is None:
            assert refused.code == "move.not_here"
        elif role not in entry[0].split():
            assert refused.code == "move.role"
        else:
            assert refused is None
            assert target(TABLE.find(action, stage), state) == entry[1]
            assert TABLE.find(action, stage) in TABLE.allowed(state, role)


@pytest.mark.parametrize(("stage", "action"), [(stage, action) for stage, ways in ALLOWED.items() for action in ways])
def test_what_has_to_be_given_and_what_the_case_must_be(stage, action):
    role = ALLOWED[stage][action][0].split()[0]
    state = state_for(stage, action)
    needed = NEEDED.get(action, "").split()
    assert TABLE.refusal(state, action, role, needed) is None
    for need in needed:
        refused = TABLE.refusal(state, action, role, set(NEEDS) - {need})
        assert refused.code == f"move.needs_{need}"
    if action in FLAGS:
        refused = TABLE.refusal(state_for(stage, action, flag_holds=False), action, role, NEEDS)
        assert refused.code == "move.flag_" + FLAGS[action].replace("!", "not_")


def test_an_action_or_a_stage_that_nobody_knows_is_refused():
    assert TABLE.refusal(State(), "praise", "acceptor", ()).code == "move.unknown"
    assert TABLE.refusal(State(stage="limbo"), "accept", "acceptor", ()).code == "move.not_here"
    assert TABLE.allowed(State(stage="limbo")) == ()


def walk(state, *steps):
    """Make moves one after the other; each is allowed."""
    for number, action in enumerate(steps):
        move = TABLE.find(action, state.stage)
        assert move is not None and move.allows(state) is None, action
        state = apply(state, action, target(move, state), f"2026-03-01T00:00:{number:02d}.000Z", "2026-04-01")
    return state


def test_the_straight_way_and_what_it_leaves():
    state = walk(State(), "verify", "accept", "file", "dispatch", "dispose", "feedback", "check", "close")
    assert state.stage == "closed"
    assert sorted(state.times) == sorted(set(AFTER) - {"reported_at"})


def test_back_for_rework_the_case_is_not_disposed_of_any_more():
    way = ("accept", "file", "dispatch", "dispose", "feedback", "check", "rework")
    state = walk(State(), *way)
    assert (state.stage, state.reworks, sorted(state.times)) == (
        "disposal", 1, ["accepted_at", "dispatched_at", "filed_at"],
    )  # fmt: skip
    assert TABLE.refusal(replace(state, stage="check"), "close", "shift_lead", ()).code == "move.flag_checked"


def test_returned_twice_parked_and_extended():
    state = walk(State(), "accept", "file", "dispatch", "ask_extension", "return")
    assert (state.stage, state.returns, state.extension_asked, "dispatched_at" in state.times) == (
        "dispatch", 1, 0, False,
    )  # fmt: skip
    state = walk(state, "dispatch", "return", "dispatch", "ask_extension", "park")
    assert (state.stage, state.parked, state.parked_from, state.parked_until, state.returns) == (
        "parked", 1, "disposal", "2026-04-01", 2,
    )  # fmt: skip
    state = walk(state, "supervise", "resume", "grant_extension")
    assert (state.stage, state.parked, state.parked_from, state.parked_until) == ("disposal", 0, None, None)
    assert (state.extensions, state.extension_asked, state.supervised) == (1, 0, 1)
    assert "dispatched_at" in state.times


def test_an_appeal_that_is_granted_sends_back_to_the_dispatcher():
    state = walk(State(), "accept", "file", "dispatch", "appeal")
    assert (state.appealed, state.appeal_open, state.stage) == (1, 1, "disposal")
    state = walk(state, "grant_appeal")
    assert (state.appealed, state.appeal_open, state.stage) == (1, 0, "dispatch")
    assert walk(State(), "accept", "file", "dispatch", "appeal", "void").appeal_open == 0


PAIRS = {
    (stage, stage if move.to_stage == "=" else move.to_stage)
    for move in MOVES
    for stage in split_list(move.from_stages)
}


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([*ACTIONS, "praise"]), st.sampled_from([*ROLES, "mayor"])), max_size=60))
def test_walks_by_lot_never_reach_a_state_outside_the_table(steps):
    state = State(times={"reported_at": "2026-03-01T00:00:00.000Z"})
    for number, (action, role) in enumerate(steps):
        if TABLE.refusal(state, action, role, NEEDS) is not None:
            assert not any(move.action == action for move in TABLE.allowed(state, role))
            continue
        before, move = state, TABLE.find(action, state.stage)
        state = apply(before, action, target(move, before), f"2026-03-01T01:{number:02d}:00.000Z", "2026-04-01")
        assert (before.stage, state.stage) in PAIRS or (before.stage, state.stage) == ("parked", before.parked_from)
        assert state.stage in STAGES
        assert (state.stage == "parked") == bool(state.parked) == (state.parked_from is not None)
        if state.stage not in ("void", "parked"):
            times = {name: from_text(np.array([value], dtype=object)) for name, value in state.times.items()}
            assert STAGES[rank_by_times(times, 1)[0]] == state.stage


def move(**values):
    row = {
        "action": "accept", "name": "受理", "name_en": "Accept", "from_stages": "collection", "to_stage": "filing",
        "roles": "acceptor",
    }  # fmt: skip
    return Move(**{**row, **values})


def test_the_plugin_s_own_table_has_no_fault_and_says_where_it_comes_from():
    assert check_moves(MOVES) == []
    assert all(entry.confidence for entry in MOVES)
    assert {entry.action for entry in MOVES} == set(ACTIONS)


@pytest.mark.parametrize(
    ("values", "column", "value"),
    [
        ({"action": "praise"}, "action", "praise"), ({"from_stages": "limbo"}, "from_stages", "limbo"),
        ({"from_stages": ""}, "from_stages", ""), ({"to_stage": "limbo"}, "to_stage", "limbo"),
        ({"to_stage": "<"}, "to_stage", "<"), ({"roles": "acceptor,mayor"}, "roles", "mayor"),
        ({"roles": ""}, "roles", ""), ({"needs": "money"}, "needs", "money"), ({"flags": "!nice"}, "flags", "!nice"),
        ({"from_stages": "void"}, "from_stages", "void"),
    ],
)  # fmt: skip
def test_a_row_that_says_something_unknown_is_told(values, column, value):
    reason, where = check_moves([*MOVES, move(**values)])[0]
    assert (reason, where["table"]) == ("profile.wrong_value", "workflow")
    assert (where["column"], where["value"]) == (column, value)


def test_an_action_twice_in_one_stage_is_told():
    found = check_moves([*MOVES, move(from_stages="collection,filing")])
    assert [(reason, where["value"]) for reason, where in found] == [("profile.move_twice", "collection")]


@pytest.mark.parametrize(
    ("without", "expected"),
    [
        ("accept", {("profile.stage_unreached", stage) for stage in STAGES if stage not in ("collection", "void")}),
        # What only a checked case may do is no way out where nobody can check; but a parked case can be void.
        ("resume", set()),
    ],
)
def test_stages_that_cannot_be_reached_are_told(without, expected):
    found = check_moves([entry for entry in MOVES if entry.action != without])
    assert {(reason, where["value"]) for reason, where in found} == expected


def test_a_dead_end_is_told_with_the_stages_before_it():
    gone = ("check", "rework", "void")
    found = check_moves([entry for entry in MOVES if entry.action not in gone])
    assert ("profile.stage_dead_end", "check") in {(reason, where["value"]) for reason, where in found}
    assert ("profile.stage_unreached", "closed") in {(reason, where["value"]) for reason, where in found}

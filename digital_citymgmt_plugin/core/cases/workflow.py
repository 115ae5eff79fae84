# SPDX-License-Identifier: GPL-2.0-or-later
"""The workflow of cases as one table: who may do what in which stage, and what a move leaves on the case. Scalar.

What an action *does* (counts a return, asks for an extension …) is the program's; from which stage to which, by whom
and with what it has to be given is the city's table (`workflow_move`). ``replay.py`` does the same for a million cases.
Sources: workflow stages and vendors' codes attested by two systems; defaults of ours say so in ``confidence``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from digital_citymgmt_plugin.core.cases.names import CLOSED, ENDED, PARKED, STAGES, STEPS, VOID, stage_rank

ROLES: Mapping[str, str] = MappingProxyType(
    {
        "collector": "监督员", "acceptor": "受理员", "shift_lead": "值班长", "dispatcher": "派遣员",
        "department": "专业部门", "commander": "指挥中心",
    }
)  # fmt: skip
# What a person has to give with a move.
NEEDS: Mapping[str, str] = MappingProxyType(
    {"reason": "理由", "dept": "部门", "amount": "延长时限", "until": "复查日期"}
)
# What a case may be, beside its stage.
FLAGS: Mapping[str, str] = MappingProxyType(
    {"extension_asked": "已申请延期", "appeal_open": "申诉未决", "checked": "核查通过", "supervised": "督办中"}
)
_NEED_CODES: Mapping[str, str] = MappingProxyType(
    {
        "reason": "move.needs_reason", "dept": "move.needs_dept", "amount": "move.needs_amount",
        "until": "move.needs_until",
    }
)  # fmt: skip
_FLAG_CODES: Mapping[str, str] = MappingProxyType(
    {
        "extension_asked": "move.flag_extension_asked", "!extension_asked": "move.flag_not_extension_asked",
        "appeal_open": "move.flag_appeal_open", "!appeal_open": "move.flag_not_appeal_open",
        "checked": "move.flag_checked", "!checked": "move.flag_not_checked",
        "supervised": "move.flag_supervised", "!supervised": "move.flag_not_supervised",
    }
)  # fmt: skip
ACTIONS = (
    "verify", "accept", "reject_filing", "file", "dispatch", "return", "ask_extension", "grant_extension",
    "refuse_extension", "park", "resume", "dispose", "feedback", "check", "rework", "close", "void", "supervise",
    "remediate", "appeal", "grant_appeal", "refuse_appeal", "amend",
)  # fmt: skip
# Actions that answer a supervision (督办) of the case; a default of the plugin.
ANSWERS = ("feedback", "close", "void")
STAYS, BACK = "=", "<"
# Times that stand only while the case is past their step: column → rank of the stage that the step leads to.
AFTER: Mapping[str, int] = MappingProxyType({column: step[2] for column, step in STEPS.items()})
TIME_OF: Mapping[str, str] = MappingProxyType({step[0]: column for column, step in STEPS.items()})
COUNTERS: Mapping[str, str] = MappingProxyType(
    {"return": "returns", "rework": "reworks", "extend": "extensions", "grant_extension": "extensions"}
)


# What an action says of the case beside stage, times and counters.
_SETS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "ask_extension": {"extension_asked": 1}, "grant_extension": {"extension_asked": 0},
        "refuse_extension": {"extension_asked": 0}, "appeal": {"appealed": 1, "appeal_open": 1},
        "grant_appeal": {"appeal_open": 0}, "refuse_appeal": {"appeal_open": 0}, "supervise": {"supervised": 1},
        "remediate": {"remediated": 1},
    }
)  # fmt: skip


def split_list(text: str) -> tuple[str, ...]:
    """Return the entries of a list with commas."""
    return tuple(part.strip() for part in text.replace("，", ",").split(",") if part.strip())


@dataclass(frozen=True)
class Move:
    """A row of the table; ``from_stages``, ``roles``, ``needs`` and ``flags`` are lists with commas.

    ``to_stage``: a stage, ``=`` (stays), ``<`` (where the case was parked). ``flags``: what the case must be, with
    ``!`` what it must not.
    """

    action: str
    name: str
    name_en: str
    from_stages: str
    to_stage: str
    roles: str
    needs: str = ""
    flags: str = ""
    sort: int = 0
    confidence: str = ""

    def allows(self, state: State) -> str | None:
        """Return the flag (with its sign) that forbids the move; None when none does."""
        for flag in split_list(self.flags):
            if state.is_so(flag.lstrip("!")) == flag.startswith("!"):
                return flag
        return None


@dataclass(frozen=True)
class State:
    """What the moves of a case leave on it: every derived column but the due time and its judgement."""

    stage: str = STAGES[0]
    times: Mapping[str, str] = field(default_factory=dict)
    parked: int = 0
    parked_from: str | None = None
    parked_until: str | None = None
    returns: int = 0
    reworks: int = 0
    extensions: int = 0
    appealed: int = 0
    appeal_open: int = 0
    extension_asked: int = 0
    supervised: int = 0
    remediated: int = 0

    def is_so(self, flag: str) -> bool:
        """Tell whether the case is what a flag says."""
        if flag == "checked":
            return "checked_at" in self.times
        return bool(getattr(self, flag))


@dataclass(frozen=True)
class Refusal:
    """Why a move is not allowed: a code of ``sentences.tsv`` and its values."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)


class Table:
    """The moves of a city, found by action and stage."""

    def __init__(self, moves: Iterable[Move]) -> None:
        self.moves = tuple(sorted(moves, key=lambda move: move.sort))

    @cached_property
    def _by_action(self) -> dict[tuple[str, str], Move]:
        return {(move.action, stage): move for move in reversed(self.moves) for stage in split_list(move.from_stages)}

    def find(self, action: str, stage: str) -> Move | None:
        """Return the move of an action in a stage."""
        return self._by_action.get((action, stage))

    def allowed(self, state: State, role: str | None = None) -> tuple[Move, ...]:
        """Return what may be done with a case (by a role), in the order of the table."""
        return tuple(
            move
            for move in self.moves
            if state.stage in split_list(move.from_stages)
            and (role is None or role in split_list(move.roles))
            and move.allows(state) is None
        )

    def refusal(self, state: State, action: str, role: str, given: Iterable[str]) -> Refusal | None:
        """Return why a move is refused, None when it is allowed.

        Parameters
        ----------
        given : iterable of str
            Which of ``NEEDS`` are given.

        Returns
        -------
        Refusal or None
            ``move.unknown``, ``move.not_here``, ``move.role``, ``move.flag_…`` (``_not_`` where it must not be) or
            ``move.needs_…``.
        """
        move = self.find(action, state.stage)
        if move is None:
            known = any(entry.action == action for entry in self.moves)
            code = "move.not_here" if known else "move.unknown"
            return Refusal(code, {"action": action, "stage": state.stage})
        if role not in split_list(move.roles):
            return Refusal("move.role", {"action": action, "role": role, "roles": move.roles})
        flag = move.allows(state)
        if flag is not None:
            return Refusal(_FLAG_CODES[flag], {"action": action})
        have = set(given)
        for need in split_list(move.needs):
            if need not in have:
                return Refusal(_NEED_CODES[need], {"action": action})
        return None


def target(move: Move, state: State) -> str:
    """Return the stage that a move leads to."""
    if move.to_stage == STAYS:
        return state.stage
    if move.to_stage == BACK:
        return state.parked_from or STAGES[2]  # of a case that a table called parked nobody knows from where
    return move.to_stage


def apply(state: State, action: str, to_stage: str | None, at: str | None, until: str | None = None) -> State:
    """Return the state after an event of the log.

    Parameters
    ----------
    action, to_stage, at
        As the event says; without a stage the case stays where it is.
    until : str, optional
        Day on which a parked case is looked at again.

    Notes
    -----
    A stage time stands while the case is past that step: going back to an earlier stage takes the later times away, so
    that a case sent back for rework is not disposed of. Parking and resuming leave the times alone.
    """
    stage = to_stage if to_stage is not None else state.stage
    moved = stage != state.stage
    changes: dict[str, Any] = {"stage": stage, "times": _times(state, action, stage, at)}
    if to_stage is not None:
        changes.update(_parking(state, action, stage, until))
    if action in COUNTERS:
        changes[COUNTERS[action]] = getattr(state, COUNTERS[action]) + 1
    if moved and STAGES[PARKED] not in (stage, state.stage):
        changes["extension_asked"] = 0
    if stage == STAGES[VOID]:
        changes["appeal_open"] = 0
    changes.update(_SETS.get(action, {}))
    return replace(state, **changes)


def _times(state: State, action: str, stage: str, at: str | None) -> dict[str, str]:
    times = dict(state.times)
    rank = stage_rank(stage) if stage != state.stage and action != "resume" else None
    if rank is not None:
        times = {column: value for column, value in times.items() if AFTER[column] <= rank}
    if action in TIME_OF:
        times.pop(TIME_OF[action], None)
        if at is not None:
            times[TIME_OF[action]] = at
    return times


def _parking(state: State, action: str, stage: str, until: str | None) -> dict[str, Any]:
    if stage != STAGES[PARKED]:
        return {"parked": 0, "parked_from": None, "parked_until": None}
    if state.stage != STAGES[PARKED]:
        return {"parked": 1, "parked_from": state.stage, "parked_until": until}
    return {"parked": 1, "parked_until": until} if action == "park" else {}


Problem = tuple[str, dict[str, Any]]
_Key = tuple[Any, ...]  # stage, where it was parked, flags: what moves are allowed by


def check_moves(moves: Iterable[Move]) -> list[Problem]:
    """Return every fault of a table as (code, values): ``table``, ``key``, ``column`` and ``value`` say where.

    Unknown actions, stages, roles, needs and flags; an action twice in one stage; stages that no move leads to although
    moves leave them; stages from which nothing leads to the end (flags counted: what only a checked case may do is no
    way out where nobody can check).
    """
    listed = list(moves)
    found = [problem for move in listed for problem in _row(move)]
    seen: dict[tuple[str, str], Move] = {}
    for move in listed:
        for stage in split_list(move.from_stages):
            if (move.action, stage) in seen:
                where = _where(move, "from_stages", stage)
                found.append(("profile.move_twice", {**where, "action": move.action}))
            seen[move.action, stage] = move
    return found or _ways(Table(listed))


def move_key(move: Move) -> str:
    """Return what tells one row from another."""
    return f"{move.action} {move.from_stages}"


def _where(move: Move, column: str, value: str) -> dict[str, Any]:
    return {"table": "workflow", "key": move_key(move), "column": column, "value": value}


def _row(move: Move) -> Iterable[Problem]:
    if move.action not in ACTIONS:
        yield "profile.wrong_value", _where(move, "action", move.action)
    if not move.name.strip():
        yield "profile.no_name", _where(move, "name", "")
    for column, known, needed in (
        ("from_stages", STAGES, True), ("roles", ROLES, True), ("needs", NEEDS, False),
        ("flags", [*FLAGS, *(f"!{flag}" for flag in FLAGS)], False),
    ):  # fmt: skip
        entries = split_list(getattr(move, column))
        if needed and not entries:
            yield "profile.wrong_value", _where(move, column, "")
        for entry in entries:
            if entry not in known:
                yield "profile.wrong_value", _where(move, column, entry)
    only_parked = split_list(move.from_stages) == (STAGES[PARKED],)
    if move.to_stage not in (*STAGES, STAYS) and not (move.to_stage == BACK and only_parked):
        yield "profile.wrong_value", _where(move, "to_stage", move.to_stage)
    if STAGES[VOID] in split_list(move.from_stages) and move.to_stage != STAYS:
        yield "profile.wrong_value", _where(move, "from_stages", STAGES[VOID])  # void is for good


def _ways(table: Table) -> list[Problem]:
    """Walk through all states that the table can reach from a new case."""
    states = {_key(State()): State()}
    after: dict[_Key, set[_Key]] = {}
    queue = list(states)
    for key in queue:  # grows while it is walked through
        state = states[key]
        after[key] = set()
        for move in table.allowed(state):
            other = apply(state, move.action, target(move, state), "x")
            if _key(other) not in states:
                states[_key(other)] = other
                queue.append(_key(other))
            after[key].add(_key(other))
    good = {key for key in after if key[0] in ENDED}
    grown = True
    while grown:
        more = {key for key, others in after.items() if key not in good and others & good}
        good |= more
        grown = bool(more)
    found: list[Problem] = []
    for stage in STAGES:
        where = {"table": "workflow", "key": "", "column": "to_stage", "value": stage}
        leaving = any(stage in split_list(move.from_stages) for move in table.moves)
        if all(key[0] != stage for key in after) and (leaving or stage == STAGES[CLOSED]):
            found.append(("profile.stage_unreached", where))
        elif any(key[0] == stage and key not in good for key in after):
            found.append(("profile.stage_dead_end", where))
    return found


def _key(state: State) -> _Key:
    return (state.stage, state.parked_from, *(state.is_so(flag) for flag in FLAGS))

# SPDX-License-Identifier: GPL-2.0-or-later
"""What the log of events says of cases, all at once: stage, stage times, flags, counters, clock. Vectorised.

The one place where the derived columns of ``case_record`` come from: import, moves and ``verifystore`` call it. The
same, one event after the other and plain, is ``workflow.apply``; tests hold the two together.

Events stand in the order of the log, those that a log from outside told later among them (``log_order``). A ``state``
event (``payload``) and an ``amend`` event (``reason``) set columns to what they say: what a table stated that its times
do not tell, what was corrected. Moves of our own have the source ``move``. ``derived.py`` adds what the clock says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.log_order import LOG, in_order
from digital_citymgmt_plugin.core.cases.stages import (
    COLLECTION,
    PARKED,
    STAGES,
    STEPS,
    UNKNOWN,
    VOID,
)
from digital_citymgmt_plugin.core.cases.workflow import ACTIONS, AFTER, COUNTERS

MOVE, STATE, AMEND = "move", "state", "amend"
# Sources whose amendments tell values of derived columns; those of links and new grids tell of places only.
TELLING = ("import", "repair", "undo", LOG, MOVE)
FLAGS = ("appealed", "appeal_open", "extension_asked", "supervised", "remediated")
_COUNTS = ("returns", "reworks", "extensions")
# Derived from the log alone.
LOGGED = ("stage", *STEPS, "parked", "parked_from", "parked_until", *_COUNTS, *FLAGS)
EVENT_COLUMNS = ("case_fid", "action", "from_stage", "to_stage", "at", "source", "payload", "reason")

_LONGEST, _MOST = 40, 1_000_000_000  # characters of a time or day; what a counter can hold

_ALL = (*dict.fromkeys((*ACTIONS, *(step[0] for step in STEPS.values()), "extend", STATE)),)
_NUMBER = MappingProxyType({action: number for number, action in enumerate(_ALL)})
_RANK = MappingProxyType({stage: rank for rank, stage in enumerate(STAGES)})

Column = NDArray[Any]


@dataclass(frozen=True)
class Events:
    """Events sorted by case, those of one in the order of the log; ``case`` is the place of the case (0 to n − 1)."""

    case: NDArray[np.int64]
    action: NDArray[np.int16]
    before: NDArray[np.int8]
    after: NDArray[np.int8]
    at: Column
    own: NDArray[np.bool_]
    logged: NDArray[np.bool_]  # of a log from outside
    sets: tuple[tuple[int, Mapping[str, Any]], ...]  # place of the event, column → value
    payload: Mapping[int, Mapping[str, Any]]  # of our own moves

    def doing(self, *actions: str) -> NDArray[np.bool_]:
        """Tell which events do one of these actions."""
        return np.isin(self.action, [_NUMBER[action] for action in actions])

    def name(self, place: int) -> str:
        """Return what an event does, '' for what is not known."""
        number = int(self.action[place])
        return _ALL[number] if number >= 0 else ""


def events_of(columns: Mapping[str, Column], fids: NDArray[np.int64]) -> Events:
    """Make events of columns of ``case_event`` (``EVENT_COLUMNS``, rows in the order of the log).

    Parameters
    ----------
    fids : int64 array
        The cases, ascending; events of others are left out.
    """
    named = np.asarray(columns["case_fid"], dtype=np.int64)
    place = np.searchsorted(fids, named)
    good = (place < len(fids)) & (fids[np.minimum(place, max(len(fids) - 1, 0))] == named) if len(fids) else named < 0
    rows = np.flatnonzero(good)
    rows = rows[np.argsort(place[rows], kind="stable")]
    stating = np.isin(columns["action"][rows], (STATE, AMEND))
    logged = np.asarray(columns["source"][rows] == LOG, dtype=bool)
    rows = rows[in_order(place[rows], columns["at"][rows], stating, logged)]
    action = np.array([_NUMBER.get(name, -1) for name in columns["action"][rows].tolist()], dtype=np.int16)
    sources = columns["source"][rows].tolist()
    own = np.array([source == MOVE for source in sources], dtype=bool)
    sets, payloads = [], {}
    setting = (action == _NUMBER[STATE]) | (action == _NUMBER[AMEND])
    before, after = _ranks(columns["from_stage"][rows]), _ranks(columns["to_stage"][rows])
    for index in np.flatnonzero(setting).tolist():
        if action[index] == _NUMBER[STATE]:
            sets.append((index, json_object(columns["payload"][rows[index]])))
        elif sources[index] in TELLING:
            told = json_object(columns["reason"][rows[index]]).items()
            sets.append((index, {name: pair[1] for name, pair in told if isinstance(pair, list) and len(pair) == 2}))
        else:
            after[index] = UNKNOWN
    giving = own & np.isin(action, [_NUMBER[name] for name in ("park", "grant_extension")])
    for index in np.flatnonzero(giving).tolist():
        payloads[index] = json_object(columns["payload"][rows[index]])
    return Events(
        place[rows], action, before, after, columns["at"][rows], own,
        np.array([source == LOG for source in sources], dtype=bool),
        tuple((index, {name: value for name, value in values.items() if _fits(name, value)}) for index, values in sets),
        payloads,
    )  # fmt: skip


def _ranks(names: Column) -> NDArray[np.int8]:
    return np.array([_RANK.get(name, UNKNOWN) for name in names.tolist()], dtype=np.int8)


def json_object(text: Any) -> dict[str, Any]:
    """Read a JSON object; what is none says nothing (``verify.json`` tells of it)."""
    try:
        value = json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _fits(name: str, value: Any) -> bool:
    """Tell whether a column can have a value: an outside log may say anything of a case."""
    if name not in LOGGED:
        return False
    if name in ("stage", "parked_from"):
        return value is None or (isinstance(value, str) and value in _RANK)
    if name in STEPS or name == "parked_until":
        return value is None or (isinstance(value, str) and len(value) <= _LONGEST and value.isprintable())
    return isinstance(value, int) and 0 <= value < _MOST


class _Replay:
    """One pass over the events; places of events by case, −1 where there is none."""

    def __init__(self, events: Events, size: int) -> None:
        self.events, self.size = events, size
        self.setting = events.doing(STATE, AMEND)
        known = events.after != UNKNOWN
        self.moved = known & (events.before != events.after) & ~self.setting
        self.staged = known
        self._set: dict[str, tuple[NDArray[np.int64], Column]] = {}
        listed: dict[str, list[tuple[int, Any]]] = {}
        for index, values in events.sets:
            for name, value in values.items():
                listed.setdefault(name, []).append((index, value))
        for name, pairs in listed.items():
            where = np.full(size, -1, dtype=np.int64)
            value_of = np.full(size, None, dtype=object)
            for index, value in pairs:
                where[events.case[index]] = index
                value_of[events.case[index]] = value
            self._set[name] = (where, value_of)
        self._nowhere = np.full(size, -1, dtype=np.int64)

    def last(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the place of the last event of each case that the mask marks."""
        rows = np.flatnonzero(mask)
        found = self._nowhere.copy()
        found[self.events.case[rows]] = rows  # of several the last one stays
        return found

    def told(self, name: str) -> NDArray[np.int64]:
        """Return the place of the last event that sets a column."""
        return self._set[name][0] if name in self._set else self._nowhere

    def override(self, name: str, values: Column, at: NDArray[np.int64]) -> Column:
        """Put what was set later than ``at`` in the place of values."""
        if name not in self._set:
            return values
        where, told = self._set[name]
        return np.where(where > at, told, values)

    def stage(self) -> Column:
        at = self.last(self.staged)
        rank = np.where(at >= 0, self.events.after[np.maximum(at, 0)] if len(self.events.after) else 0, COLLECTION)
        names = np.array(STAGES, dtype=object)[rank.astype(np.int64)]
        return self.override("stage", names, at)

    def time(self, column: str) -> Column:
        events = self.events
        at = self.last(events.doing(STEPS[column][0]))
        back = self.moved & (events.after < AFTER[column]) & ~events.doing("resume")
        cleared = self.last(back)
        there = (at >= 0) & (at >= cleared)
        values = np.full(self.size, None, dtype=object)
        values[there] = events.at[at[there]]
        return self.override(column, values, np.maximum(at, cleared))

    def parking(self) -> tuple[Column, Column, Column]:
        """Return whether parked, from which stage, and until when."""
        events = self.events
        into = (events.after == PARKED) & self.staged & (events.before != PARKED)
        out = self.staged & (events.after != PARKED)
        at = self.last(into | out)
        is_in = np.zeros(self.size, dtype=bool)
        is_in[at >= 0] = into[at[at >= 0]]
        source = np.full(self.size, None, dtype=object)
        ranks = events.before[at[is_in]]
        source[is_in] = [None if rank == UNKNOWN else STAGES[rank] for rank in ranks.tolist()]
        day_at = self.last(into | out | (events.doing("park") & (events.after == PARKED)))
        until = np.full(self.size, None, dtype=object)
        rows = np.flatnonzero(is_in)
        until[rows] = [events.payload.get(place, {}).get("until") for place in day_at[rows].tolist()]
        parked = is_in.astype(np.int64).astype(object)
        return (
            self.override("parked", parked, at), self.override("parked_from", source, at),
            self.override("parked_until", until, day_at),
        )  # fmt: skip

    def count(self, column: str) -> Column:
        events = self.events
        actions = [action for action, name in COUNTERS.items() if name == column]
        rows = np.flatnonzero(events.doing(*actions))
        base = self.told(column)
        rows = rows[rows > base[events.case[rows]]]
        counted = np.bincount(events.case[rows], minlength=self.size)
        if column not in self._set:
            return counted.astype(object)
        told = self._set[column][1].tolist()
        start = np.array([value if isinstance(value, int) else 0 for value in told], dtype=np.int64)
        return (start + counted).astype(object)

    def flag(self, column: str) -> Column:
        events = self.events
        left = self.moved & (events.before != PARKED) & (events.after != PARKED)
        on, off = {
            "appealed": (events.doing("appeal"), None),
            "appeal_open": (events.doing("appeal"), events.doing("grant_appeal", "refuse_appeal")),
            "extension_asked": (
                events.doing("ask_extension"), events.doing("grant_extension", "refuse_extension") | left,
            ),
            "supervised": (events.doing("supervise"), None), "remediated": (events.doing("remediate"), None),
        }[column]  # fmt: skip
        if column == "appeal_open" and off is not None:
            off = off | (self.staged & (events.after == VOID) & ~self.setting)
        at_on = self.last(on)
        at_off = self._nowhere if off is None else self.last(off & ~on)
        value = (at_on > at_off).astype(np.int64).astype(object)
        return self.override(column, value, np.maximum(at_on, at_off))


def replay(events: Events, size: int) -> dict[str, Column]:
    """Return the columns ``LOGGED`` of ``size`` cases as their logs tell them, as the store keeps them."""
    run = _Replay(events, size)
    parked, parked_from, parked_until = run.parking()
    return {
        "stage": run.stage(), **{column: run.time(column) for column in STEPS}, "parked": parked,
        "parked_from": parked_from, "parked_until": parked_until,
        **{column: run.count(column) for column in _COUNTS}, **{column: run.flag(column) for column in FLAGS},
    }  # fmt: skip

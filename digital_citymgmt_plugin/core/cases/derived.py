# SPDX-License-Identifier: GPL-2.0-or-later
"""All derived columns of cases: what their logs tell (``replay``), and what the clock says to it. Vectorised.

Only moves of our own pause, extend and send back on the clock: what a table states is stated with all that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.clock import after_returns, deadlines
from digital_citymgmt_plugin.core.cases.clock_hands import Moments, Spans
from digital_citymgmt_plugin.core.cases.replay import LOGGED, Column, Events, replay
from digital_citymgmt_plugin.core.cases.stages import (
    COLLECTION,
    DISPATCH,
    DISPOSAL,
    PARKED,
    UNKNOWN,
    on_time_by_clock,
)
from digital_citymgmt_plugin.core.cases.times import NAT, from_text, to_text
from digital_citymgmt_plugin.core.cases.worktime import WorkCalendar

CLOCKED = ("clock_from", "due_at", "on_time", "on_time_basis")
DERIVED = (*LOGGED, *CLOCKED)
# What is read of a case beside its log: what the table or the filing standard gave.
GIVEN = ("limit_value", "limit_unit", "stated_due_at", "on_time", "on_time_basis")


def derive(
    events: Events, size: int, given: Mapping[str, Column], calendar: WorkCalendar, zone: str, after_return: str
) -> dict[str, Column]:
    """Return all derived columns of cases (``DERIVED``), as the store keeps them.

    Parameters
    ----------
    given : mapping
        ``GIVEN``, row by row as the store has them. A judgement that a table stated stays until a move of our own takes
        the case to another stage.
    calendar, zone
        Working time of the city.
    after_return : str
        What a return does to the clock (setting ``after_return``, see ``clock``).

    Notes
    -----
    The clock starts with the dispatch, before it with the filing. Sent back and dispatched again it goes on from the
    first dispatch: what the time between is worth, ``after_return`` says.
    """
    columns = replay(events, size)
    begin, returns = _sent_back(events, size)
    start = np.where(_there(columns["dispatched_at"]), columns["dispatched_at"], columns["filed_at"])
    start = np.where(_there(begin), begin, start)
    columns["clock_from"] = start
    stated = given["stated_due_at"]
    pauses, extensions = _pauses(events), _extensions(events)
    touched = np.zeros(size, dtype=bool)
    for spans in (pauses, returns, extensions):
        touched[spans[0]] = True
    amount = np.array([_amount(value) for value in given["limit_value"].tolist()], dtype=np.float64)
    counted = touched | (~_there(stated) & np.isfinite(amount))
    due = stated.copy()
    due[touched] = None
    rows = np.flatnonzero(counted)
    if len(rows):
        place = np.full(size, -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        moments = deadlines(
            from_text(start[rows]), amount[rows], given["limit_unit"][rows], calendar, zone,
            pauses=(place[pauses[0]], pauses[1], pauses[2]),
            extensions=(place[extensions[0]], extensions[1], extensions[2]),
            returns=(place[returns[0]], returns[1], returns[2]), after_return=after_return,
            stated=from_text(stated[rows]),
        )  # fmt: skip
        due[rows] = to_text(moments)
    columns["due_at"] = due
    columns.update(_judged(events, size, columns, given))
    return columns


def standing(
    events: Events, start: Moments, amount: NDArray[np.float64], after_return: str
) -> tuple[Spans | None, Moments]:
    """Return when the clocks of cases stood (parked, and what a return counts as), and from when they run.

    Parameters
    ----------
    start : datetime64[ms] array
        UTC; ``clock_from`` of the cases.
    amount : float array
        Their limits, NaN where there is none.
    """
    _, returns = _sent_back(events, len(start))
    nothing = np.full(len(start), NAT)
    pauses, begin, _ = after_returns(_pauses(events), returns, after_return, start, amount, nothing)
    return pauses, begin


def _judged(events: Events, size: int, columns: Mapping[str, Column], given: Mapping[str, Column]) -> dict[str, Column]:
    ends = np.where(_there(columns["disposed_at"]), columns["disposed_at"], columns["closed_at"])
    on_time, finished = on_time_by_clock(from_text(columns["due_at"]), from_text(ends), None, size)
    value = on_time.astype(np.int64).astype(object)
    value[~finished] = None
    basis = np.full(size, None, dtype=object)
    basis[finished] = "clock"
    moved = np.zeros(size, dtype=bool)
    moved[events.case[events.own & (events.before != events.after)]] = True
    held = np.isin(given["on_time_basis"].astype(str), ("stated", "missing")) & ~moved
    return {
        "on_time": np.where(held, given["on_time"], value),
        "on_time_basis": np.where(held, given["on_time_basis"], basis),
    }


def _there(values: Column) -> NDArray[np.bool_]:
    return np.array([value is not None for value in values.tolist()], dtype=bool)


def _next(events: Events, starts: NDArray[np.int64], ends: NDArray[np.bool_]) -> NDArray[np.datetime64]:
    """Return the moment of the first marked event after each place, in the same case; NaT where there is none."""
    marked = np.flatnonzero(ends)
    found = np.searchsorted(marked, starts, side="right")
    inside = found < len(marked)
    place = marked[np.minimum(found, len(marked) - 1)] if len(marked) else np.zeros(len(starts), dtype=np.int64)
    inside &= events.case[place] == events.case[starts] if len(marked) else False
    moments = np.full(len(starts), NAT)
    moments[inside] = from_text(events.at[place[inside]])
    return moments


def _pauses(events: Events) -> tuple[NDArray[np.int64], Any, Any]:
    starts = np.flatnonzero(events.own & (events.after == PARKED) & (events.before != PARKED))
    out = (events.after != UNKNOWN) & (events.after != PARKED)
    return events.case[starts], from_text(events.at[starts]), _next(events, starts, out)


def _sent_back(events: Events, size: int) -> tuple[Column, tuple[NDArray[np.int64], Any, Any]]:
    """Return the dispatch from which the clock runs of cases that we sent back, and the times between."""
    going = events.own & (events.before == DISPOSAL) & (events.after >= COLLECTION) & (events.after <= DISPATCH)
    starts = np.flatnonzero(going)
    dispatched = events.doing("dispatch")
    spans = events.case[starts], from_text(events.at[starts]), _next(events, starts, dispatched)
    begin = np.full(size, None, dtype=object)
    if len(starts):
        first = np.full(size, len(events.case), dtype=np.int64)
        first[events.case[starts[::-1]]] = starts[::-1]
        rows = np.flatnonzero(dispatched)
        rows = rows[(rows < first[events.case[rows]]) & (first[events.case[rows]] < len(events.case))]
        begin[events.case[rows]] = events.at[rows]
    return begin, spans


def _extensions(events: Events) -> tuple[NDArray[np.int64], NDArray[np.float64], Column]:
    rows = np.flatnonzero(events.own & events.doing("grant_extension"))
    given = [events.payload.get(place, {}) for place in rows.tolist()]
    amount = np.array([_amount(values.get("amount")) for values in given], dtype=np.float64)
    unit = np.empty(len(rows), dtype=object)
    unit[:] = [values.get("unit") or None for values in given]
    return events.case[rows], amount, unit


def _amount(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else float("nan")


def differing(held: Mapping[str, Column], told: Mapping[str, Column]) -> dict[str, NDArray[np.int64]]:
    """Return, by column, the places at which cases have something else than their logs say.

    A due time that differs is told alone: the judgement follows from it.
    """
    found = {}
    for name in DERIVED:
        if name in held:
            unlike = np.not_equal(held[name], told[name]).astype(bool)
            found[name] = np.flatnonzero(unlike)
    if "due_at" in found:
        for name in ("on_time", "on_time_basis"):
            found[name] = np.setdiff1d(found.get(name, _NO_PLACES), found["due_at"])
    return {name: places for name, places in found.items() if len(places)}


def by_case(
    fids: NDArray[np.int64], held: Mapping[str, Column], told: Mapping[str, Column], unlike: Mapping[str, Any]
) -> list[tuple[int, dict[str, list[Any]]]]:
    """Return (fid, column → [what it has, what its log says]) of the cases that differ, ascending."""
    changes: dict[int, dict[str, list[Any]]] = {}
    for name, places in unlike.items():
        for place in places.tolist():
            changes.setdefault(place, {})[name] = [held[name][place], told[name][place]]
    return [(int(fids[place]), changes[place]) for place in sorted(changes)]


_NO_PLACES = np.empty(0, dtype=np.int64)

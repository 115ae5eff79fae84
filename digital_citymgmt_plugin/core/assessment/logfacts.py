# SPDX-License-Identifier: GPL-2.0-or-later
"""What only the log tells of cases, all at once; vectorised. ``tests`` hold it against plain loops.

An event is known from its own moment on. What carries none, and what sets columns (``state``, ``amend``: written when a
table was read, of a time long before), is known with the event before it in the log of its case; nothing before it
means: always. The order is that of ``log_order``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.facts import PEOPLE, Bools, LogFacts, Moments
from digital_citymgmt_plugin.core.cases.log_order import in_order
from digital_citymgmt_plugin.core.cases.stages import ACTIONS as STEPS_AND_MORE
from digital_citymgmt_plugin.core.cases.stages import CHECK, DISPOSAL, FEEDBACK, PARKED, UNKNOWN, VOID
from digital_citymgmt_plugin.core.cases.times import NAT
from digital_citymgmt_plugin.core.cases.workflow import ACTIONS as MOVES

SETTING = ("state", "amend")
NUMBER = {name: number for number, name in enumerate(dict.fromkeys((*STEPS_AND_MORE, *MOVES, *SETTING)))}
NOBODY = -1


@dataclass(frozen=True)
class Log:
    """Events sorted by case (place 0 to n − 1), those of one in the order in which they count (``log_order``).

    ``action``: numbers of ``NUMBER``, −1 for others; ``before``, ``after``: ranks of stages; ``who``, ``dept``: numbers
    of persons and departments, −1 for none; ``hours``: of a granted extension, NaN where it says none.
    """

    case: NDArray[np.int64]
    action: NDArray[np.int16]
    before: NDArray[np.int8]
    after: NDArray[np.int8]
    at: Moments
    who: NDArray[np.int32]
    dept: NDArray[np.int32]
    hours: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.case)

    def take(self, rows: NDArray[Any]) -> Log:
        """Return some events, in their order."""
        return Log(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def doing(self, *actions: str) -> Bools:
        """Tell which events do one of these actions."""
        found: Bools = np.isin(self.action, [NUMBER[action] for action in actions])
        return found


def sorted_log(columns: Mapping[str, NDArray[Any]]) -> Log:
    """Make a log of columns in the order in which they were written; ``logged``: which came with a log from outside."""
    case = columns["case"]
    if len(case) and not (np.diff(case) >= 0).all():
        order = np.argsort(case, kind="stable")
        columns = {name: values[order] for name, values in columns.items()}
    log = Log(**{name: columns[name] for name in Log.__dataclass_fields__})
    # Events of a log from outside count by their moments; almost always they stand so already.
    mixed = np.unique(log.case[1:][(np.diff(log.case) == 0) & ~(np.diff(log.at) >= np.timedelta64(0, "ms"))])
    rows = np.flatnonzero(np.isin(log.case, mixed)) if len(mixed) else mixed
    if not len(rows):
        return log
    part = log.take(rows)
    order = np.arange(len(log))
    order[rows] = rows[in_order(part.case, part.at, part.doing(*SETTING), columns["logged"][rows])]
    return log.take(order)


def known_from(case: NDArray[np.int64], at: Moments, setting: Bools) -> Moments:
    """Return from when each event is known; NaT means always. Rows sorted by case, in the order of the log."""
    own = ~np.isnat(at) & ~setting
    if own.all():
        return at
    before = np.maximum.accumulate(np.where(own, np.arange(len(case)), -1))
    there = (before >= 0) & (case[np.maximum(before, 0)] == case)
    result = np.full(len(case), NAT)
    result[there] = at[before[there]]
    return result


class _Facts:
    def __init__(self, log: Log, size: int) -> None:
        self.log, self.size = log, size
        self.setting = log.doing(*SETTING)

    def last(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the last of some events of each case, −1 where there is none."""
        found = np.full(self.size, -1, dtype=np.int64)
        found[self.log.case[rows]] = rows
        return found

    def any(self, mask: Bools) -> Bools:
        found = np.zeros(self.size, dtype=bool)
        found[self.log.case[mask]] = True
        return found

    def number(self, mask: Bools) -> NDArray[np.int16]:
        found = np.bincount(self.log.case[mask], minlength=self.size)
        return np.minimum(found, 32_000).astype(np.int16)

    def moment(self, places: NDArray[np.int64]) -> Moments:
        result = np.full(self.size, NAT)
        result[places >= 0] = self.log.at[places[places >= 0]]
        return result

    def ends(self) -> tuple[Moments, Moments]:
        """Return the first and the last moment of each case's log."""
        log = self.log
        first, last = np.full(self.size, NAT), np.full(self.size, NAT)
        rows = np.flatnonzero(~np.isnat(log.at) & ~self.setting)
        if len(rows):
            case, at = log.case[rows], log.at[rows].astype("datetime64[ms]")
            starts = np.flatnonzero(np.r_[True, np.diff(case) > 0])
            first[case[starts]] = np.minimum.reduceat(at, starts)
            last[case[starts]] = np.maximum.reduceat(at, starts)
        return first, last

    def cycles(self) -> NDArray[np.int16]:
        """How often a department disposed of a case again, after it came back to disposal from behind or anew."""
        log = self.log
        rows = np.flatnonzero(log.doing("dispose"))
        found = np.zeros(self.size, dtype=np.int16)
        if len(rows) < 2:
            return found
        back = log.doing("rework", "dispatch")
        back |= (log.after == DISPOSAL) & ((log.before == FEEDBACK) | (log.before == CHECK)) & ~self.setting
        passed = np.cumsum(back)
        given = log.doing("dispatch") & (log.dept >= 0)
        sent = np.maximum.accumulate(np.where(given, np.arange(len(log)), -1))[rows]
        there = (sent >= 0) & (log.case[np.maximum(sent, 0)] == log.case[rows])
        dept = np.where(log.dept[rows] >= 0, log.dept[rows], np.where(there, log.dept[np.maximum(sent, 0)], NOBODY))
        order = np.lexsort((rows, dept, log.case[rows]))
        rows, dept = rows[order], dept[order]
        again = (np.diff(log.case[rows]) == 0) & (np.diff(dept) == 0) & (dept[1:] >= 0)
        again &= passed[rows[1:]] > passed[rows[:-1]]
        counted = np.bincount(log.case[rows[1:][again]], minlength=self.size)
        return np.minimum(counted, 32_000).astype(np.int16)


def log_facts(log: Log, size: int) -> LogFacts:
    """Return what the logs of ``size`` cases tell (``LogFacts``)."""
    run = _Facts(log, size)
    moving = ~run.setting
    into = moving & (log.after == PARKED) & (log.before != PARKED)
    voided = run.last(np.flatnonzero(moving & (log.after == VOID) & (log.before != VOID)))
    void_from = np.full(size, UNKNOWN, dtype=np.int8)
    void_from[voided >= 0] = log.before[voided[voided >= 0]]
    people = {}
    places = {}
    for person, action in PEOPLE.items():
        places[person] = run.last(np.flatnonzero(log.doing(action)))
        known = places[person] >= 0
        people[person] = np.full(size, NOBODY, dtype=np.int32)
        people[person][known] = log.who[places[person][known]]
    granted = log.doing("extend", "grant_extension")
    hours = np.bincount(log.case[granted], weights=np.nan_to_num(log.hours[granted]).astype(np.float64), minlength=size)
    reporter, disposer = people["reporter"], people["disposer"]
    first, last = run.ends()
    return LogFacts(
        ever_parked=run.any(into | (log.doing("park") & moving)), void_from=void_from, void_at=run.moment(voided),
        exempt=run.any(log.doing("grant_appeal")), disposals=run.number(log.doing("dispose")), cycles=run.cycles(),
        extension_times=run.number(granted), extension_hours=hours.astype(np.float32),
        verified_at=run.moment(places["verifier"]),
        self_disposed=(disposer >= 0) & (disposer == reporter) & (places["dispatcher"] < 0),
        people=people, first=first, last=last,
    )  # fmt: skip

# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports that tell of the same thing again, and things that come back: the truth about repeats.

Two kinds, as seen by one who was there: a *duplicate* is reported while the thing that an earlier case tells of is
still there (that case is not disposed of yet); a *relapse* is the same matter at the same place or component after it
had been disposed of. ``closed_before`` says whether the earlier case had also been closed by then: reports between
disposal and closing are few, and a rule that looks at closing alone takes them for duplicates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scripts.demo_city.case_plan import CLOSED, Plan
from scripts.demo_city.cases import Life

Array = Any
NEAR = 150  # a report that tells of something again comes at most so many reports after the first
TRIES = 12
WHOLE = 600  # seconds: at least so long after the first report
NEVER = 1 << 40


def find_origins(plan: Plan, life: Life, rng: np.random.Generator) -> Array:
    """Return for each case of a batch the row of the case that it tells of again, -1 for none.

    Those are drawn among the filed cases shortly before that are not disposed of yet and are no repetition themselves.
    """
    rows = np.flatnonzero(plan.again)
    found = np.full(len(plan), -1)
    ends = _gone(life)
    for _ in range(TRIES):
        rows = rows[found[rows] < 0]
        back = rows - rng.integers(1, NEAR + 1, len(rows))
        there = back >= 0
        back = np.maximum(back, 0)
        good = there & (plan.role[back] >= CLOSED) & ~plan.again[back]
        good &= (plan.reported[rows] > plan.reported[back] + WHOLE) & (plan.reported[rows] < ends[back])
        found[rows[good]] = back[good]
    return found


def other_source(source: Array, origin: Array, rng: np.random.Generator) -> Array:
    """Return the sources of cases, those that repeat another by another channel: mostly the public."""
    again = np.flatnonzero(origin >= 0)
    result = source.copy()
    # Rows of ``matters.SOURCES``: collectors, citizens, cameras, app, superiors, media.
    drawn = rng.choice(6, len(again), p=[0.22, 0.42, 0.08, 0.2, 0.05, 0.03])
    same = drawn == source[origin[again]]
    result[again] = np.where(same, np.where(drawn == 1, 3, 1), drawn)
    return result


def _gone(life: Life) -> Array:
    """Return when the thing that a case tells of is gone: at its (last) disposal or when it was dropped."""
    disposed, dropped = life.time["disposed"], life.between["dropped"]
    return np.where(disposed >= 0, disposed, np.where(dropped >= 0, dropped, NEVER))


def _shut(life: Life) -> Array:
    closed, dropped = life.time["closed"], life.between["dropped"]
    return np.where(closed >= 0, closed, np.where(dropped >= 0, dropped, NEVER))


@dataclass
class Links:
    """Rows of the truth about repeats; rows of cases count over all batches."""

    case: Array
    earlier: Array
    relapse: Array
    closed_before: Array
    seconds: Array  # since the earlier one was reported (duplicate) or disposed of (relapse)


class Memory:
    """What was last seen at each place and component, over all batches."""

    def __init__(self, keys: int) -> None:
        self.first = np.full(keys, -1)  # first case of the last occurrence
        self.reported = np.zeros(keys, dtype=np.int64)  # … and when it was reported
        self.gone = np.full(keys, -1, dtype=np.int64)
        self.shut = np.full(keys, -1, dtype=np.int64)

    def overlapping(self, plan: Plan, life: Life, key: Array) -> Array:
        """Return the cases of a batch that come while an earlier one at the same place or component is not gone."""
        rows, mine, group = _grouped(np.flatnonzero((key >= 0) & (plan.role >= CLOSED)), key)
        gone = np.empty(len(mine), dtype=np.int64)
        gone[mine], gone[~mine] = _gone(life)[rows], self.gone[group[~mine]]
        before = _running(gone, ~mine)[np.flatnonzero(mine) - 1]
        return np.sort(rows[plan.reported[rows] < before])

    def links(self, plan: Plan, life: Life, key: Array, origin: Array, offset: int) -> Links:
        """Return the links of a batch and remember it.

        Parameters
        ----------
        key : int array
            Place or component of each case, -1 for none.
        origin : int array
            From ``find_origins``.
        offset : int
            Cases before this batch.
        """
        told = np.flatnonzero(origin >= 0)
        rows = np.flatnonzero((key >= 0) & (plan.role >= CLOSED) & (origin < 0))
        rows, mine, group = _grouped(rows, key)
        size, keys = len(mine), group[~mine]

        def column(values: Array, held: Array) -> Array:
            out = np.empty(size, dtype=np.int64)
            out[mine], out[~mine] = values[rows], held[keys]
            return out

        reported = column(plan.reported, self.reported)
        gone, shut = (_running(column(values, held), ~mine) for values, held in
                      ((_gone(life), self.gone), (_shut(life), self.shut)))  # fmt: skip
        before = np.arange(size) - 1
        fresh = mine & (reported >= gone[before])  # the thing was gone: it came back
        known = mine & (gone[before] >= 0)
        number = column(np.arange(len(plan)) + offset, self.first)
        occurrence = np.maximum.accumulate(np.where(fresh | ~mine | (mine & ~known), np.arange(size), 0))
        earlier = np.where(fresh, occurrence[before], occurrence)
        link = np.flatnonzero(known)
        since = np.where(fresh, gone[before], reported[occurrence])[link]
        last = np.append(np.flatnonzero(~mine)[1:], size) - 1
        self.first[group[last]] = number[occurrence[last]]
        self.reported[group[last]] = reported[occurrence[last]]
        self.gone[group[last]], self.shut[group[last]] = gone[last], shut[last]
        return _joined(
            Links(told + offset, origin[told] + offset, np.zeros(len(told), bool), np.zeros(len(told), bool),
                  plan.reported[told] - plan.reported[origin[told]]),
            Links(number[link], number[earlier[link]], fresh[link], (reported >= shut[before])[link],
                  reported[link] - since),
        )  # fmt: skip


def _grouped(rows: Array, key: Array) -> tuple[Array, Array, Array]:
    """Return cases by key and time; of a list with a row before each key's own, which rows are cases; their keys."""
    rows = rows[np.lexsort((rows, key[rows]))]
    start = np.flatnonzero(np.diff(key[rows], prepend=-1))  # first case of each key
    mine = np.insert(np.ones(len(rows), bool), start, False)
    return rows, mine, np.insert(key[rows], start, key[rows[start]])


def _running(values: Array, start: Array) -> Array:
    """Return the running maximum within groups that begin where ``start``."""
    step = NEVER * 4
    shift = np.cumsum(start) * step
    return np.maximum.accumulate(values + shift) - shift


def _joined(one: Links, other: Links) -> Links:
    order = np.argsort(np.concatenate([one.case, other.case]), kind="stable")
    return Links(*(np.concatenate(pair)[order] for pair in zip(vars(one).values(), vars(other).values())))

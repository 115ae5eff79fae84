# SPDX-License-Identifier: GPL-2.0-or-later
"""The life of each case: when it is accepted, filed, dispatched, disposed and closed, and what comes in between.

Times are whole seconds after ``worktime.FIRST``; -1 stands for "not yet" or "never".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scripts.demo_city.case_plan import CHECKING, CLOSED, DROPPED, HUNG, UNACCEPTED, UNFILED, Plan
from scripts.demo_city.case_rhythm import GROUP, PUBLIC
from scripts.demo_city.matters import DAYS as WORKDAYS
from scripts.demo_city.matters import RUNNING, UNIT_SECONDS, UNITS
from scripts.demo_city.worktime import DAY, advanced, worked

Array = Any
MINUTE, HOUR = 60, 3_600
_SECONDS = np.array([UNIT_SECONDS[unit] for unit in UNITS])
_RUNNING, _WORKDAYS = UNITS.index(RUNNING), UNITS.index(WORKDAYS)


@dataclass
class Life:
    """Times of cases, in the order of the plan."""

    time: dict[str, Array] = field(default_factory=dict)
    # What comes in between; -1 where it does not.
    between: dict[str, Array] = field(default_factory=dict)

    def put(self, rows: Array, other: Life) -> None:
        """Put the lives of others into rows of this one."""
        for mine, theirs in ((self.time, other.time), (self.between, other.between)):
            for name, values in theirs.items():
                mine[name][rows] = values


def build_lives(plan: Plan, limit: Array, unit: Array, end: int, rng: np.random.Generator) -> Life:
    """Draw the lives of cases.

    Parameters
    ----------
    plan : Plan
        Cases in the order of their reports.
    limit, unit : int arrays
        Time limit and its unit (row of ``matters.UNITS``) of each case.
    end : int
        Nothing happens after it; what is to be closed by then is disposed of at 16:30 of the last day.
    """
    life = Life()
    _set_up(life, plan, end, rng)
    _dispose(life, plan, limit, unit, end, rng)
    _finish(life, plan, end, rng)
    return life


def _set_up(life: Life, plan: Plan, end: int, rng: np.random.Generator) -> None:
    """Set the times up to the first dispatch, and returns by departments that are not in charge."""
    count, reported, role = len(plan), plan.reported, plan.role
    filed = role >= CLOSED
    public = GROUP[plan.source] == PUBLIC
    verified = np.where(public, reported + rng.integers(10 * MINUTE, 55 * MINUTE, count), -1)
    accepted = np.maximum(reported, verified) + rng.integers(2 * MINUTE, 25 * MINUTE, count)
    judged = accepted + rng.integers(2 * MINUTE, 20 * MINUTE, count)  # filed, or refused at this moment
    first = judged + rng.integers(3 * MINUTE, 40 * MINUTE, count)

    old_enough = reported < end - 12 * DAY
    back = filed & old_enough & (rng.random(count) < 0.06)
    returned = np.where(back, advanced(first, rng.integers(20 * MINUTE, 6 * HOUR, count), np.zeros(count, bool)), -1)
    returned = np.where(back, np.maximum(returned, first + 5 * MINUTE), -1)
    dispatched = np.where(back, returned + rng.integers(5 * MINUTE, 60 * MINUTE, count), first)
    life.time = {
        "reported": reported,
        "accepted": np.where(role == UNACCEPTED, -1, accepted),
        "filed": np.where(filed, judged, -1),
        "dispatched": np.where(filed & ~plan.waiting, dispatched, -1),
    }
    life.between = {
        "verified": verified,
        "refused": np.where(role == UNACCEPTED, accepted, np.where(role == UNFILED, judged, -1)),
        "first_dispatched": np.where(back, first, -1),
        "returned": returned,
    }


def _dispose(life: Life, plan: Plan, limit: Array, unit: Array, end: int, rng: np.random.Generator) -> None:
    """Set due times, extensions, parkings and the (last) disposal so that each case keeps or misses its due time."""
    count, role = len(plan), plan.role
    start = life.time["dispatched"]
    sent = start >= 0
    start = np.where(sent, start, 0)
    running = unit == _RUNNING
    given = limit * _SECONDS[unit]
    done = np.isin(role, (CLOSED, CHECKING))
    old_enough = life.time["reported"] < end - 60 * DAY
    last_work = end - 27_000

    extended = done & old_enough & (unit == _WORKDAYS) & (limit >= 2) & (rng.random(count) < 0.15)
    given = given + np.where(extended, 2 * UNIT_SECONDS[WORKDAYS], 0)
    timely = plan.on_time | (role == CHECKING)
    used = given * np.where(timely, rng.beta(1.5, 1.9, count) * 0.93 + 0.03,
                            1.03 + rng.lognormal(-0.4, 0.9, count))  # fmt: skip
    used = np.where(extended & timely, np.maximum(used, given * 0.62), used)
    used = np.maximum(used.astype(np.int64), 6 * MINUTE)
    # What is late is closed within the period all the same.
    room = np.where(running, last_work - start, worked(last_work) - worked(start)) - 2 * HOUR
    used = np.where(done, np.minimum(used, np.maximum(room, 6 * MINUTE)), used)
    used = np.where(done & ~plan.on_time & (role == CLOSED), np.maximum(used, given + 10 * MINUTE), used)

    asked = np.where(extended, advanced(start, (given - 2 * UNIT_SECONDS[WORKDAYS]) * 0.8, running), -1)
    paused = done & old_enough & ~extended & ~running & (rng.random(count) < 0.012)
    halt = np.where(paused, advanced(start, used * 0.4, running), -1)
    pause = np.where(paused, rng.integers(5, 25, count) * UNIT_SECONDS[WORKDAYS] + rng.integers(0, HOUR, count), 0)
    resumed = np.where(paused, advanced(np.maximum(halt, 0), pause, running), -1)
    hung = role == HUNG
    halt = np.where(hung, advanced(start, given * rng.uniform(0.5, 1.5, count), running), halt)
    halt = np.where(hung, np.minimum(halt, last_work), halt)
    due = advanced(start, given + pause, running)
    disposed = advanced(start, used + pause, running)
    dropped = np.minimum(advanced(start, given * rng.uniform(0.2, 0.8, count), running), last_work)
    dropped = np.where(role == DROPPED, dropped, -1)

    # A check that fails sends the case back; the disposal that counts is the last one.
    span = disposed - start
    reworked = done & ~paused & ~extended & (span > 30 * HOUR) & (rng.random(count) < 0.12)
    first = np.where(reworked, start + span * 3 // 10, -1)
    life.between |= {
        "extended": asked,
        "parked": halt,
        "resumed": resumed,
        "dropped": dropped,
        "first_disposed": first,
        "first_feedback": np.where(reworked, first + rng.integers(5 * MINUTE, 40 * MINUTE, count), -1),
        "failed": np.where(reworked, first + rng.integers(60 * MINUTE, 3 * HOUR, count), -1),
        "reworked": np.where(reworked, first + rng.integers(3 * HOUR + MINUTE, 5 * HOUR, count), -1),
    }
    life.time["due"] = np.where(sent, due, -1)
    life.time["disposed"] = np.where(done, disposed, -1)


def _finish(life: Life, plan: Plan, end: int, rng: np.random.Generator) -> None:
    """Set feedback, check and closing; a collector checks from 7:30 to 19:00."""
    disposed = life.time["disposed"]
    count = len(disposed)
    feedback = disposed + rng.integers(3 * MINUTE, 30 * MINUTE, count)
    checked = feedback + rng.integers(15 * MINUTE, 100 * MINUTE, count)
    night = (checked % DAY > 19 * HOUR) | (checked % DAY < 7 * HOUR + 1_800)
    morning = np.where(checked % DAY > 19 * HOUR, checked // DAY + 1, checked // DAY) * DAY + 7 * HOUR + 1_800
    morning = morning + rng.integers(0, 2 * HOUR, count)
    checked = np.where(night & (morning < end - 12 * HOUR), morning, checked)
    closed = checked + rng.integers(3 * MINUTE, 60 * MINUTE, count)
    done = disposed >= 0
    life.time["feedback"] = np.where(done, feedback, -1)
    life.time["checked"] = np.where(plan.role == CLOSED, checked, -1)
    life.time["closed"] = np.where(plan.role == CLOSED, closed, -1)

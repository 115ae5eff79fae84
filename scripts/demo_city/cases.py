# SPDX-License-Identifier: GPL-2.0-or-later
"""The life of each case: when it is reported, filed, dispatched, disposed and closed, and what comes in between.

Counts of filed, disposed, closed and timely cases are exact (``config.CaseCounts``); all else is drawn. Times are whole
seconds after ``worktime.FIRST``; -1 stands for "not yet".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scripts.demo_city.config import CaseCounts, Scale
from scripts.demo_city.matters import DAYS as WORKDAYS
from scripts.demo_city.matters import RUNNING, SOURCES, UNIT_SECONDS
from scripts.demo_city.worktime import DAY, FIRST, WORKDAY, advanced, seconds_of, worked

Array = Any
START, TURN, END = (seconds_of(t) for t in ("2014-08-01T00:00:00", "2015-01-01T00:00:00", "2015-05-08T00:00:00"))
LAST_WORK = seconds_of("2015-05-07T16:30:00")  # what is to be closed within the period is disposed of by then
UNACCEPTED, UNFILED, CLOSED, CHECKING, OPEN, HUNG, DROPPED = range(7)
MINUTE, HOUR = 60, 3_600


@dataclass
class Life:
    """Times and marks of cases in the order of their reports."""

    role: Array
    on_time: Array
    source: Array
    time: dict[str, Array] = field(default_factory=dict)
    # What comes in between; -1 where it does not.
    between: dict[str, Array] = field(default_factory=dict)


def build_lives(scale: Scale, limit: Array, unit: Array, rng: np.random.Generator) -> Life:
    """Draw the lives of all cases; ``limit`` and ``unit`` belong to the cases in the order of their reports."""
    spans = ((START, TURN, scale.first_span), (TURN, END, scale.second_span))
    filed = sum(span.filed for _, _, span in spans)
    extra = scale.cases - filed
    reported, role, on_time = [], [], []
    for begin, end, counts in spans:
        more = extra * counts.filed // filed if begin == START else extra - len(reported[0]) + spans[0][2].filed
        times, roles, timely = _span(begin, end, counts, more, rng)
        reported.append(times)
        role.append(roles)
        on_time.append(timely)
    life = Life(np.concatenate(role), np.concatenate(on_time), _sources(scale.cases, rng))
    _set_up(life, np.concatenate(reported), rng)
    _dispose(life, limit, unit, rng)
    _finish(life, rng)
    return life


def _span(begin: int, end: int, counts: CaseCounts, more: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Return report times in order, roles and whether on time, for one span."""
    total = counts.filed + more
    times = _report_times(begin, end, total, rng)
    refused = rng.choice(total - 30, more, replace=False)
    role = np.full(total, CLOSED)
    role[refused] = np.where(rng.random(more) < 0.65, UNACCEPTED, UNFILED)
    filed = np.flatnonzero(role == CLOSED)

    left = counts.filed - counts.disposed
    last = _still_open(times, filed, left * 6 // 10, rng) if end == END else filed[:0]
    role[last] = OPEN
    filed = filed[role[filed] == CLOSED]
    others = rng.choice(filed[: len(filed) - 40], left - len(last), replace=False)
    role[others] = rng.choice([HUNG, OPEN, DROPPED], len(others), p=[0.6, 0.28, 0.12])
    filed = filed[role[filed] == CLOSED]
    checking = counts.disposed - counts.closed
    role[rng.choice(filed[-30:] if end == END else filed, checking, replace=False)] = CHECKING
    filed = filed[role[filed] == CLOSED]

    # The share on time grows with time; of the last weeks all are, because what is late there is not closed yet.
    timely = np.zeros(total, bool)
    age = (times[filed] - begin) / (end - begin)
    weight = 0.35 + 1.1 * age if begin == START else 0.8 + 0.4 * age
    sure = times[filed] > end - 24 * DAY if end == END else np.zeros(len(filed), bool)
    rest = np.flatnonzero(~sure)
    drawn = rng.choice(rest, counts.on_time - int(sure.sum()), replace=False, p=weight[rest] / weight[rest].sum())
    timely[filed[sure]] = True
    timely[filed[drawn]] = True
    return times, role, timely


def _still_open(times: Array, filed: Array, count: int, rng: np.random.Generator) -> Array:
    """Return the cases that are still open at the end: all of the last day's, and some of the days before."""
    must = filed[times[filed] > END - 16 * HOUR]
    near = filed[len(filed) - 2 * count : len(filed) - len(must)]
    more = rng.choice(near, max(0, count - len(must)), replace=False)
    return np.concatenate([more, must[len(must) - min(count, len(must)) :]])


def _report_times(begin: int, end: int, count: int, rng: np.random.Generator) -> Array:
    """Return sorted report times: fewer at weekends and on holidays, peaks in mid-morning and mid-afternoon."""
    day = np.arange(begin // DAY, end // DAY)
    weight = np.where(WORKDAY[day], 1.0, 0.5) * rng.uniform(0.75, 1.25, len(day))
    spring = (FIRST + day >= np.datetime64("2015-02-17")) & (FIRST + day <= np.datetime64("2015-02-23"))
    weight[spring] *= 0.4
    hour = np.array([0, 0, 0, 0, 0, 0, 1, 5, 11, 14, 11, 6, 3, 4, 10, 12, 9, 6, 3, 2, 1.5, 1, 0.3, 0.1])
    picked = rng.choice(day, count, p=weight / weight.sum()) * DAY
    picked = picked + rng.choice(24, count, p=hour / hour.sum()) * HOUR + rng.integers(0, HOUR, count)
    latest = end - 7 * HOUR if end == END else end - 8 * HOUR
    return np.sort(np.minimum(picked, latest - rng.integers(0, 2 * HOUR, count)))


def _sources(count: int, rng: np.random.Generator) -> Array:
    share = np.array([weight for _, weight in SOURCES])
    return np.array([name for name, _ in SOURCES], object)[rng.choice(len(SOURCES), count, p=share / share.sum())]


def _set_up(life: Life, reported: Array, rng: np.random.Generator) -> None:
    """Set the times up to the first dispatch, and returns by departments that are not in charge."""
    count = len(reported)
    filed = life.role >= CLOSED
    public = np.isin(life.source, ("公众举报", "微信", "媒体曝光"))
    verified = np.where(public, reported + rng.integers(10 * MINUTE, 55 * MINUTE, count), -1)
    accepted = np.maximum(reported, verified) + rng.integers(2 * MINUTE, 25 * MINUTE, count)
    judged = accepted + rng.integers(2 * MINUTE, 20 * MINUTE, count)  # filed, or refused at this moment
    first = judged + rng.integers(3 * MINUTE, 40 * MINUTE, count)

    old_enough = reported < END - 12 * DAY
    back = filed & old_enough & (rng.random(count) < 0.06)
    returned = np.where(back, advanced(first, rng.integers(20 * MINUTE, 6 * HOUR, count), np.zeros(count, bool)), -1)
    returned = np.where(back, np.maximum(returned, first + 5 * MINUTE), -1)
    dispatched = np.where(back, returned + rng.integers(5 * MINUTE, 60 * MINUTE, count), first)
    waiting = np.zeros(count, bool)
    waiting[np.flatnonzero(life.role == OPEN)[-3:]] = True  # filed, not yet dispatched
    life.time = {
        "reported": reported,
        "accepted": np.where(life.role == UNACCEPTED, -1, accepted),
        "filed": np.where(filed, judged, -1),
        "dispatched": np.where(filed & ~waiting, dispatched, -1),
    }
    life.between = {
        "verified": verified,
        "refused": np.where(life.role == UNACCEPTED, accepted, np.where(life.role == UNFILED, judged, -1)),
        "first_dispatched": np.where(back, first, -1),
        "returned": returned,
    }


def _dispose(life: Life, limit: Array, unit: Array, rng: np.random.Generator) -> None:
    """Set due times, extensions, parkings and the (last) disposal so that each case keeps or misses its due time."""
    count = len(limit)
    start = life.time["dispatched"]
    sent = start >= 0
    start = np.where(sent, start, 0)
    running = unit == RUNNING
    given = limit * np.array([UNIT_SECONDS[u] for u in unit])
    done = np.isin(life.role, (CLOSED, CHECKING))
    old_enough = life.time["reported"] < END - 60 * DAY

    extended = done & old_enough & (unit == WORKDAYS) & (limit >= 2) & (rng.random(count) < 0.15)
    given = given + np.where(extended, 2 * UNIT_SECONDS[WORKDAYS], 0)
    used = given * np.where(life.on_time | (life.role == CHECKING), rng.beta(1.5, 1.9, count) * 0.93 + 0.03,
                            1.03 + rng.lognormal(-0.4, 0.9, count))  # fmt: skip
    used = np.where(extended & life.on_time, np.maximum(used, given * 0.62), used)
    used = np.maximum(used.astype(np.int64), 6 * MINUTE)
    # What is late is closed within the period all the same.
    room = np.where(running, LAST_WORK - start, worked(LAST_WORK) - worked(start)) - 2 * HOUR
    used = np.where(done, np.minimum(used, np.maximum(room, 6 * MINUTE)), used)
    used = np.where(done & ~life.on_time & (life.role == CLOSED), np.maximum(used, given + 10 * MINUTE), used)

    asked = np.where(extended, advanced(start, (given - 2 * UNIT_SECONDS[WORKDAYS]) * 0.8, running), -1)
    paused = done & old_enough & ~extended & ~running & (rng.random(count) < 0.012)
    halt = np.where(paused, advanced(start, used * 0.4, running), -1)
    pause = np.where(paused, rng.integers(5, 25, count) * UNIT_SECONDS[WORKDAYS] + rng.integers(0, HOUR, count), 0)
    resumed = np.where(paused, advanced(np.maximum(halt, 0), pause, running), -1)
    hung = life.role == HUNG
    halt = np.where(hung, advanced(start, given * rng.uniform(0.5, 1.5, count), running), halt)
    halt = np.where(hung, np.minimum(halt, LAST_WORK), halt)
    due = advanced(start, given + pause, running)
    disposed = advanced(start, used + pause, running)
    dropped = np.where(life.role == DROPPED, advanced(start, given * rng.uniform(0.2, 0.8, count), running), -1)

    # A check that fails sends the case back; the disposal that counts is the last one.
    span = disposed - start
    reworked = done & ~paused & (span > 30 * HOUR) & (rng.random(count) < 0.12)
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


def _finish(life: Life, rng: np.random.Generator) -> None:
    """Set feedback, check and closing; a collector checks from 7:30 to 19:00."""
    disposed = life.time["disposed"]
    count = len(disposed)
    feedback = disposed + rng.integers(3 * MINUTE, 30 * MINUTE, count)
    checked = feedback + rng.integers(15 * MINUTE, 100 * MINUTE, count)
    night = (checked % DAY > 19 * HOUR) | (checked % DAY < 7 * HOUR + 1_800)
    morning = np.where(checked % DAY > 19 * HOUR, checked // DAY + 1, checked // DAY) * DAY + 7 * HOUR + 1_800
    morning = morning + rng.integers(0, 2 * HOUR, count)
    checked = np.where(night & (morning < END - 12 * HOUR), morning, checked)
    closed = checked + rng.integers(3 * MINUTE, 60 * MINUTE, count)
    done = disposed >= 0
    life.time["feedback"] = np.where(done, feedback, -1)
    life.time["checked"] = np.where(life.role == CLOSED, checked, -1)
    life.time["closed"] = np.where(life.role == CLOSED, closed, -1)

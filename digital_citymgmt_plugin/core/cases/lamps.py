# SPDX-License-Identifier: GPL-2.0-or-later
"""How much of its limit a case has used, by how much it is over time, and which lamp (红绿灯) burns.

Green below 80 % of the limit, amber to 100 %, red above (one source, the practice of a city): settings of the profile.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.clock_hands import FAR, Clock, Moments, Spans, sorted_spans
from digital_citymgmt_plugin.core.cases.times import NAT, to_local
from digital_citymgmt_plugin.core.cases.worktime import LONGEST_LIMIT, WorkCalendar, unit_lengths

LAMPS = ("", "green", "amber", "red")
AMBER, RED = 0.8, 1.0

_MINUTE = 60_000


def used_minutes(
    start: Moments,
    end: Moments,
    unit: NDArray[Any],
    calendar: WorkCalendar,
    zone: str,
    pauses: Spans | None = None,
) -> NDArray[np.float64]:
    """Return the minutes of the limits' own clocks from start to end, without those of the pauses.

    An unknown unit counts every minute. NaN where start or end is missing; 0 where the end is the earlier one.
    """
    size = len(start)
    start, end = start.astype("datetime64[ms]"), end.astype("datetime64[ms]")
    there = ~np.isnat(start) & ~np.isnat(end)
    _, working = unit_lengths(unit, np.full(size, NAT), calendar)
    spans = sorted_spans(pauses, np.arange(size, dtype=np.int64), size)
    clock = Clock(calendar, zone, spans)
    stands = clock.hand(end, working)
    passed = np.where(there, stands - clock.hand(start, working), 0)
    last = start.copy()
    for number in range(int(spans.number.max(initial=0))):
        rows = np.flatnonzero(there & (spans.number > number))
        at = spans.first[rows] + number
        stop = np.where(np.isnat(spans.end[at]), end[rows], np.minimum(spans.end[at], end[rows]))
        begin = np.maximum(spans.start[at], last[rows])
        inside = stop > begin
        rows, stop, begin = rows[inside], stop[inside], begin[inside]
        passed[rows] -= clock.hand(stop, working[rows]) - clock.hand(begin, working[rows])
        last[rows] = stop
    return np.where(there, np.maximum(passed, 0) / _MINUTE, np.nan)


def limit_minutes(
    start: Moments, amount: NDArray[np.float64], unit: NDArray[Any], calendar: WorkCalendar, zone: str
) -> NDArray[np.float64]:
    """Return how many minutes of their own clock limits have; NaN where there is none."""
    lengths, _ = unit_lengths(unit, to_local(start.astype("datetime64[ms]"), zone), calendar)
    good = np.isfinite(amount) & (amount > 0) & (amount <= LONGEST_LIMIT) & (lengths > 0)
    return np.where(good, amount * lengths / _MINUTE, np.nan)


def overtime(used: NDArray[np.float64], limit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how many limits were used beyond the limit: (used − limit) / limit, two decimals, 0 in time.

    One vendor's definition (处置超时倍数); NaN where one of them is not known.
    """
    known = np.isfinite(used) & np.isfinite(limit) & (limit > 0)
    times = (used - np.where(known, limit, 1.0)) / np.where(known, limit, 1.0)
    return np.where(known, np.round(np.maximum(times, 0.0), 2), np.nan)


def shares(
    now: Moments,
    start: Moments,
    due: Moments,
    unit: NDArray[Any],
    calendar: WorkCalendar,
    zone: str,
    *,
    pauses: Spans | None = None,
    amount: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return which share of their limits cases have used.

    Parameters
    ----------
    now : datetime64[ms] array
        UTC; the present moment for open cases, when they were disposed of for the others.
    start, due : datetime64[ms] array
        UTC; ``due`` with all that was granted.
    unit : array of text
    pauses : spans, optional
    amount : float array, optional
        The limits, for cases that have no due time because the clock stands.

    Returns
    -------
    float array
        1 is the whole limit; NaN where it is not known. A limit that has no time of its own clock in it (a stated due
        time in the evening) is measured by all time.
    """
    used = used_minutes(start, now, unit, calendar, zone, pauses)
    whole = used_minutes(start, due, unit, calendar, zone, pauses)
    empty = np.flatnonzero(whole == 0)
    if len(empty):
        there = (due[empty] - start[empty]).astype("timedelta64[ms]").astype(np.float64) / _MINUTE
        whole[empty] = np.where(there > 0, there, np.nan)
        passed = (now[empty] - start[empty]).astype("timedelta64[ms]").astype(np.float64) / _MINUTE
        used[empty] = np.maximum(passed, 0.0)
    if amount is not None:
        standing = np.isnat(due)
        whole = np.where(standing, limit_minutes(start, amount, unit, calendar, zone), whole)
    known = np.isfinite(used) & np.isfinite(whole) & (whole > 0)
    return np.where(known, used / np.where(known, whole, 1.0), np.nan)


def lamps(
    share: NDArray[np.float64], now: Moments, due: Moments, amber: float = AMBER, red: float = RED
) -> NDArray[np.int8]:
    """Return the lamp of each case as its place in ``LAMPS``.

    Red above the share ``red``, or when the due time is past (at night a working clock stands still, the case is late
    all the same); amber from ``amber`` on; no lamp where nothing is known.
    """
    late = ~np.isnat(due) & ~np.isnat(now) & (now > due)
    known = np.isfinite(share)
    share = np.where(known, share, 0.0)
    lamp = np.where(share > red, 3, np.where(share >= amber, 2, 1))
    return np.where(late, 3, np.where(known, lamp, 0)).astype(np.int8)


def turns_at(
    start: Moments,
    due: Moments,
    unit: NDArray[Any],
    share: float,
    calendar: WorkCalendar,
    zone: str,
    pauses: Spans | None = None,
) -> Moments:
    """Return when a share of the limits is used: a lamp can be told by comparing moments, without a clock.

    NaT where start or due is missing, or where the limit has no time of its own clock in it.
    """
    whole = used_minutes(start, due, unit, calendar, zone, pauses)
    _, working = unit_lengths(unit, np.full(len(start), NAT), calendar)
    clock = Clock(calendar, zone, sorted_spans(pauses, np.arange(len(start), dtype=np.int64), len(start)))
    good = np.isfinite(whole) & (whole > 0)
    needed = np.maximum(np.round(np.where(good, whole, 0) * share * _MINUTE), 1).astype(np.int64)
    target = clock.push(start, clock.hand(start, working) + needed, working, good)
    good &= target < FAR
    found = np.full(len(start), NAT)
    found[good] = clock.moment(target[good], working[good])
    return found

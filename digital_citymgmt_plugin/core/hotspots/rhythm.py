# SPDX-License-Identifier: GPL-2.0-or-later
"""When cases are reported: weekday × hour in the city's own time, and when a patrol would meet most of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

HOURS, WEEK = 24, 7
SMALL = 30  # cases below which nothing is advised
_DAY = np.timedelta64(1, "D")
_MONDAY = 3  # 1970-01-01 was a Thursday


@dataclass(frozen=True)
class Rhythm:
    """Cases by weekday (0 is Monday) and hour; ``days``: how many of each weekday the period has.

    ``midnight``: cases at 00:00:00 sharp. ``no_hour``: such cases whose hour is not known, they count by weekday only
    (``weekday``). ``no_time``: cases without any time.
    """

    counts: NDArray[np.int64]
    days: NDArray[np.int64]
    weekday: NDArray[np.int64]
    midnight: int
    no_hour: int
    no_time: int


@dataclass(frozen=True)
class Window:
    """Hours ``start`` (included) to ``end`` of the days ``weekdays``; ``lift``: rate inside over that of all hours.

    ``p``: of so many cases or more if all hours were alike, times the windows that were tried (Bonferroni).
    """

    weekdays: tuple[int, ...]
    start: int
    end: int
    cases: int
    share: float
    lift: float
    p: float


def rhythm(moments: NDArray[np.datetime64], first: np.datetime64 | None, last: np.datetime64 | None) -> Rhythm:
    """Count local moments by weekday and hour.

    ``first``, ``last``: days of the period, both included; None for those of the first and last moment. Times of
    00:00:00 sharp are taken for days without an hour when there are more of them than the rest of that hour explains
    (six times what falls on a minute of it, and five at least): exports that know only the day write midnight.
    """
    there = moments[~np.isnat(moments)].astype("datetime64[s]")
    day = there.astype("datetime64[D]")
    weekday = (day.astype(np.int64) + _MONDAY) % WEEK
    second = (there - day).astype(np.int64)
    hour = second // 3600
    sharp = second == 0
    midnight, rest = int(sharp.sum()), int(((hour == 0) & ~sharp).sum())
    unknown = sharp & (midnight >= max(5.0, 6.0 * rest / 59.0))
    counts = np.bincount(weekday[~unknown] * HOURS + hour[~unknown], minlength=WEEK * HOURS).reshape(WEEK, HOURS)
    days = np.zeros(WEEK, dtype=np.int64)
    if len(there) or (first is not None and last is not None):
        start = day.min() if first is None else first.astype("datetime64[D]")
        end = day.max() if last is None else last.astype("datetime64[D]")
        number = np.arange(start, end + _DAY).astype(np.int64)
        days = np.bincount((number + _MONDAY) % WEEK, minlength=WEEK)
    return Rhythm(
        counts, days, np.bincount(weekday, minlength=WEEK), midnight, int(unknown.sum()), int(np.isnat(moments).sum())
    )


def windows(
    found: Rhythm, hours: int = 3, groups: tuple[tuple[int, ...], ...] = ((0, 1, 2, 3, 4), (5, 6)), small: int = SMALL
) -> list[Window]:
    """Return of each group of weekdays the stretch of ``hours`` hours with most cases, best lift first.

    A stretch may run over midnight (``end`` ≤ ``start``). Nothing is advised of fewer than ``small`` cases with an
    hour.
    """
    total, slots = int(found.counts.sum()), float(found.days.sum() * HOURS)
    made = []
    if total < small or not slots:
        return []
    for group in groups:
        rows = list(group)
        days = int(found.days[rows].sum())
        if not days:
            continue
        by_hour = found.counts[rows].sum(axis=0)
        ring = np.concatenate([by_hour, by_hour[: hours - 1]])
        sums = np.convolve(ring, np.ones(hours, dtype=np.int64), mode="valid")
        start = int(sums.argmax())
        cases, part = int(sums[start]), days * hours / slots
        chance = float(binom.sf(cases - 1, total, part)) if cases else 1.0
        made.append(Window(
            group, start, (start + hours) % HOURS, cases, cases / total, cases / total / part,
            min(1.0, chance * HOURS * len(groups)),
        ))  # fmt: skip
    return sorted(made, key=lambda window: -window.lift)

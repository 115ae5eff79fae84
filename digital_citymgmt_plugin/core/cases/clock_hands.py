# SPDX-License-Identifier: GPL-2.0-or-later
"""The hands of the clocks on which limits run, and how pauses push a limit on; of many cases at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.times import NAT, to_local, to_utc
from digital_citymgmt_plugin.core.cases.worktime import WorkCalendar

Moments = NDArray[np.datetime64]
# (place of the case, from, to): ``to`` is NaT while it lasts. In any order, they may overlap.
Spans = tuple[NDArray[np.int64], Moments, Moments]

FAR = np.iinfo(np.int64).max // 4  # where the hand of a clock that stands for good would have to go
_END_OF_TIME = np.datetime64("2200-06-01", "ms")


class SortedSpans(NamedTuple):
    """Spans sorted by case and beginning; ``first`` is where a case's begin, ``number`` how many it has."""

    start: Moments
    end: Moments
    first: NDArray[np.int64]
    number: NDArray[np.int64]


def sorted_spans(spans: Spans | None, place: NDArray[np.int64], size: int) -> SortedSpans:
    """Sort spans by case; those without a beginning, or that end before it, are none."""
    if spans is None:
        nothing = np.empty(0, dtype="datetime64[ms]")
        return SortedSpans(nothing, nothing, np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64))
    where = place[np.asarray(spans[0], dtype=np.int64)]
    begin, end = spans[1].astype("datetime64[ms]"), spans[2].astype("datetime64[ms]")
    good = (where >= 0) & ~np.isnat(begin) & (np.isnat(end) | (end > begin))
    where, begin, end = where[good], begin[good], end[good]
    order = np.lexsort((begin.astype(np.int64), where))
    count = np.bincount(where, minlength=size).astype(np.int64)
    return SortedSpans(begin[order], end[order], np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.int64), count)


class Clock:
    """The clocks of many cases with their pauses."""

    def __init__(self, calendar: WorkCalendar, zone: str, pauses: SortedSpans) -> None:
        self.calendar, self.zone, self.pauses = calendar, zone, pauses

    def hand(self, moments: Moments, working: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return where the hands of the clocks stand: milliseconds of working time, or of all time."""
        stand = moments.astype("datetime64[ms]").astype(np.int64)
        rows = np.flatnonzero(working)
        if len(rows):
            stand[rows] = self.calendar.worked(to_local(moments[rows], self.zone))
        return stand

    def moment(self, hand: NDArray[np.int64], working: NDArray[np.bool_]) -> Moments:
        """Return the first moment at which the hands stand so."""
        moments = hand.astype("datetime64[ms]")
        rows = np.flatnonzero(working)
        if len(rows):
            moments[rows] = to_utc(self.calendar.moment_after(hand[rows]), self.zone)
        moments[moments > _END_OF_TIME] = NAT
        return moments

    def push(
        self, begin: Moments, target: NDArray[np.int64], working: NDArray[np.bool_], good: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Return where hands must stand when the pauses after ``begin`` are added; ``FAR`` where one still lasts."""
        target = target.copy()
        last = begin.copy()  # until where time is counted already: pauses may overlap
        for number in range(int(self.pauses.number.max(initial=0))):
            rows = np.flatnonzero(good & (self.pauses.number > number) & (target < FAR))
            at = self.pauses.first[rows] + number
            start, end = np.maximum(self.pauses.start[at], last[rows]), self.pauses.end[at]
            lasting = np.isnat(end)
            stand = self.hand(start, working[rows])
            hit = (stand < target[rows]) & (lasting | (end > start))
            until = self.hand(np.where(lasting, start, end), working[rows])
            target[rows] += np.where(hit, until - stand, 0)
            target[rows[hit & lasting]] = FAR
            taken = hit & ~lasting
            last[rows[taken]] = end[taken]
        return target

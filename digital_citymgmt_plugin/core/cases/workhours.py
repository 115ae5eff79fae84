# SPDX-License-Identifier: GPL-2.0-or-later
"""Working hours of a day and the days on which they hold: how they are written, and how time passes in them."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.times import FIRST_YEAR, LAST_YEAR

DEFAULT_HOURS = "08:00-12:00, 14:00-18:00"
Hours = tuple[tuple[int, int], ...]  # spans in minutes after midnight
Period = tuple[date, date, Hours]  # first day, last day, hours

_MINUTE = 60_000
_YEARLY = re.compile(r"(\d{2})-(\d{2})")
_SPAN = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)\s*[-–—~至]\s*([01]?\d|2[0-4]):([0-5]\d)")


def parse_hours(text: str) -> tuple[tuple[int, int], ...]:
    """Read working hours such as ``08:00-12:00, 14:00-18:00``.

    Returns
    -------
    tuple of (start, end)
        Minutes after midnight, in order and apart.

    Raises
    ------
    ValueError
        Nothing, something else, spans that overlap or run backwards.
    """
    parts = [part.strip() for part in re.split(r"[,，;；、]", text) if part.strip()]
    spans = []
    for part in parts:
        found = _SPAN.fullmatch(part)
        if not found:
            raise ValueError(part)
        hours = [int(value) for value in found.groups()]
        spans.append((hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]))
    flat = [minute for span in spans for minute in span]
    if not flat or flat[-1] > 1440 or any(later <= earlier for earlier, later in zip(flat, flat[1:])):
        raise ValueError(text)
    return tuple(spans)


def parse_period(first: str, last: str) -> list[tuple[date, date]]:
    """Return the spans of days that a schedule of hours holds on.

    Parameters
    ----------
    first, last : str
        ``YYYY-MM-DD``; empty where the schedule has no beginning or no end. ``MM-DD`` on both sides is every year and
        may go over New Year (``10-01`` to ``04-30``); the 29th of February is the 28th in other years.

    Raises
    ------
    ValueError
        No day, a day and a yearly one together, or the end before the beginning.
    """
    marks = [_YEARLY.fullmatch(text) for text in (first, last)]
    if marks[0] and marks[1]:
        (month, day), (to_month, to_day) = ([int(part) for part in mark.groups()] for mark in marks if mark)
        over = (to_month, to_day) < (month, day)
        return [
            (_day_of(year, month, day), _day_of(year + over, to_month, to_day))
            for year in range(FIRST_YEAR - over, LAST_YEAR + 1)
        ]
    start = date.fromisoformat(first) if first else date(FIRST_YEAR, 1, 1)
    end = date.fromisoformat(last) if last else date(LAST_YEAR, 12, 31)
    if end < start or not (first or last):
        raise ValueError(f"{first} {last}")
    return [(start, end)]


def _day_of(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        if (month, day) != (2, 29):
            raise
        return date(year, 2, 28)


class Schedule:
    """The working hours of one day, in milliseconds after midnight."""

    def __init__(self, hours: Hours) -> None:
        self.starts = np.array([start for start, _ in hours], dtype=np.int64) * _MINUTE
        self.lengths = np.array([end - start for start, end in hours], dtype=np.int64) * _MINUTE
        self.within = np.concatenate([[0], np.cumsum(self.lengths)])
        self.length = int(self.within[-1])

    def passed(self, rest: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how much of the day's working time lies before times of day."""
        today = np.zeros(len(rest), dtype=np.int64)
        for start, length in zip(self.starts.tolist(), self.lengths.tolist()):
            today += np.clip(rest - start, 0, length)
        return today

    def at(self, work: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the first time of day at which so much (more than nothing) of the working time has passed."""
        span = np.searchsorted(self.within, work, side="left") - 1
        inside: NDArray[np.int64] = self.starts[span] + work - self.within[span]
        return inside

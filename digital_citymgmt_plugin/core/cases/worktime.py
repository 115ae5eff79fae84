# SPDX-License-Identifier: GPL-2.0-or-later
"""Working time: which days and hours count, and when a limit of the filing standard runs out. Vectorised.

Which clock a limit runs on (practice of two systems; the national text was not found, so all of it is a default):

=================  ============================================================
``emergency_hour``  every hour of the clock, nights and holidays too
``calendar_day``    24 hours of the clock each, nights and holidays too
``work_hour``       hours within the working hours of working days
``work_day``        as many working minutes as a working day has (480 with 08:00-12:00 and 14:00-18:00)
=================  ============================================================

Working hours are local time. A limit that ends with a working span ends then (12:00 or 18:00), not at the next opening.
What happens outside working hours counts as if it had happened at the next opening.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.times import FIRST_YEAR, LAST_YEAR, NAT, to_local, to_utc

DEFAULT_HOURS = "08:00-12:00, 14:00-18:00"
RUNNING: Mapping[str, int] = {"emergency_hour": 3_600_000, "calendar_day": 86_400_000}  # ms of one unit
WORKING = ("work_hour", "work_day")
# A limit beyond this is a slip of the keyboard: eleven years of working hours.
LONGEST_LIMIT = 24_000.0

_MINUTE, _DAY = 60_000, 86_400_000
_FIRST = np.datetime64(f"{FIRST_YEAR}-01-01", "D")
_LAST = np.datetime64(f"{LAST_YEAR + 1}-01-01", "ms")
_DAYS = int((np.datetime64(f"{LAST_YEAR + 2}-01-01", "D") - _FIRST).astype(np.int64))
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


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are worked, at which hours.

    Parameters
    ----------
    hours : tuple of (start, end)
        Minutes after local midnight (see :func:`parse_hours`).
    published : mapping
        Day → whether it is worked, as published (holidays, 调休 make-up days); only days that differ from Monday to
        Friday need be there.
    years : tuple of int
        First and last year that ``published`` covers; (0, -1) when it covers none. In other years weekends alone rest.
    table : mapping
        The city's own days; they override what is published.
    """

    hours: tuple[tuple[int, int], ...] = field(default_factory=lambda: parse_hours(DEFAULT_HOURS))
    published: Mapping[date, bool] = field(default_factory=dict)
    years: tuple[int, int] = (0, -1)
    table: Mapping[date, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        work = np.is_busday(_FIRST + np.arange(_DAYS))
        for days in (self.published, self.table):
            for day, worked in days.items():
                index = int((np.datetime64(day, "D") - _FIRST).astype(np.int64))
                if 0 <= index < _DAYS:
                    work[index] = worked
        starts = np.array([start for start, _ in self.hours], dtype=np.int64) * _MINUTE
        lengths = np.array([end - start for start, end in self.hours], dtype=np.int64) * _MINUTE
        object.__setattr__(self, "_work", work)
        object.__setattr__(self, "_starts", starts)
        object.__setattr__(self, "_lengths", lengths)
        object.__setattr__(self, "_within", np.concatenate([[0], np.cumsum(lengths)]))
        object.__setattr__(self, "_before", np.concatenate([[0], np.cumsum(work) * lengths.sum()]))

    _work: NDArray[np.bool_] = field(init=False, repr=False, compare=False)
    _starts: NDArray[np.int64] = field(init=False, repr=False, compare=False)
    _lengths: NDArray[np.int64] = field(init=False, repr=False, compare=False)
    _within: NDArray[np.int64] = field(init=False, repr=False, compare=False)
    _before: NDArray[np.int64] = field(init=False, repr=False, compare=False)

    @property
    def day_minutes(self) -> int:
        """Working minutes of a working day."""
        return int(self._within[-1]) // _MINUTE

    def is_workday(self, days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
        """Tell which days are worked (1900 to 2199)."""
        found: NDArray[np.bool_] = self._work[(days.astype("datetime64[D]") - _FIRST).astype(np.int64)]
        return found

    def worked(self, local: NDArray[np.datetime64]) -> NDArray[np.int64]:
        """Return the working milliseconds from 1900 until local moments; −1 for NaT."""
        there = ~np.isnat(local)
        passed = np.where(there, local, _FIRST.astype("datetime64[ms]")).astype("datetime64[ms]")
        day, rest = np.divmod((passed - _FIRST.astype("datetime64[ms]")).astype(np.int64), _DAY)
        today = np.zeros(len(rest), dtype=np.int64)
        for start, length in zip(self._starts.tolist(), self._lengths.tolist()):
            today += np.clip(rest - start, 0, length)
        day = np.clip(day, 0, _DAYS - 1)
        passed_work: NDArray[np.int64] = self._before[day] + np.where(self._work[day], today, 0)
        return np.where(there, passed_work, -1)

    def moment_after(self, work: NDArray[np.int64]) -> NDArray[np.datetime64]:
        """Return the first local moment at which so much working time has passed since 1900; NaT beyond 2200."""
        good = (work > 0) & (work <= self._before[-1])
        wanted = np.where(good, work, 1)
        day = np.searchsorted(self._before, wanted, side="left") - 1
        rest = wanted - self._before[day]
        span = np.searchsorted(self._within, rest, side="left") - 1
        inside = self._starts[span] + rest - self._within[span]
        moments = _FIRST.astype("datetime64[ms]") + (day * _DAY + inside).astype("timedelta64[ms]")
        return np.where(good, moments, NAT)

    def minutes_between(self, start: NDArray[np.datetime64], end: NDArray[np.datetime64]) -> NDArray[np.float64]:
        """Return the working minutes between local moments; NaN where one is missing, negative backwards."""
        there = ~np.isnat(start) & ~np.isnat(end)
        return np.where(there, (self.worked(end) - self.worked(start)) / _MINUTE, np.nan)

    def covers(self, local: NDArray[np.datetime64]) -> NDArray[np.bool_]:
        """Tell for which local moments the holidays of the year are published."""
        year = local.astype("datetime64[Y]").astype(np.int64) + 1970
        covered: NDArray[np.bool_] = ~np.isnat(local) & (year >= self.years[0]) & (year <= self.years[1])
        return covered


def due_times(
    start: NDArray[np.datetime64],
    amount: NDArray[np.float64],
    unit: NDArray[Any],
    calendar: WorkCalendar,
    zone: str,
) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    """Return when limits run out.

    Parameters
    ----------
    start : datetime64[ms] array
        UTC; when the clock starts.
    amount : float array
        The limits, NaN where there is none.
    unit : array of text
        ``emergency_hour``, ``calendar_day``, ``work_hour`` or ``work_day``; anything else gives NaT.
    calendar : WorkCalendar
    zone : str
        Time zone of the working hours.

    Returns
    -------
    due : datetime64[ms] array
        UTC; NaT where start, amount or unit is missing, or the end lies beyond 2199 (local time), on either clock.
    weekends_only : bool array
        Where working time was counted in a year whose holidays are not published.
    """
    size = len(start)
    due = np.full(size, NAT)
    weekends_only = np.zeros(size, dtype=bool)
    known = ~np.isnat(start) & np.isfinite(amount) & (amount > 0) & (amount <= LONGEST_LIMIT)
    for name, length in RUNNING.items():
        rows = np.flatnonzero(known & (unit == name))
        end = start[rows] + np.round(amount[rows] * length).astype("timedelta64[ms]")
        late = np.flatnonzero(end > _LAST - np.timedelta64(2, "D"))  # where the time zone might matter
        end[late] = np.where(to_local(end[late], zone) < _LAST, end[late], NAT)
        due[rows] = end
    rows = np.flatnonzero(known & np.isin(unit.astype(str), WORKING))
    if len(rows):
        local = to_local(start[rows], zone)
        unit_ms = np.where(unit[rows] == "work_day", calendar.day_minutes * _MINUTE, 60 * _MINUTE)
        needed = np.maximum(np.round(amount[rows] * unit_ms).astype(np.int64), 1)
        end = calendar.moment_after(calendar.worked(local) + needed)
        end = np.where(end < _LAST, end, NAT)
        due[rows] = to_utc(end, zone)
        weekends_only[rows] = ~np.isnat(end) & ~(calendar.covers(local) & calendar.covers(end))
    return due, weekends_only

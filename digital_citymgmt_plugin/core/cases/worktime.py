# SPDX-License-Identifier: GPL-2.0-or-later
"""Working time: which days and hours count, and when a limit of the filing standard runs out. Vectorised.

Which clock a limit runs on (practice of two systems; the national text was not found, so all of it is a default):

=================  ============================================================
``emergency_hour``  every hour of the clock, nights and holidays too
``calendar_day``    24 hours of the clock each, nights and holidays too
``emergency_day``   the same under the name of 紧急工作日
``work_hour``       hours within the working hours of working days
``work_day``        as many working minutes as a working day has on the day the clock starts (480 with
                    08:00-12:00 and 14:00-18:00)
=================  ============================================================

Working hours are local time. A limit that ends with a working span ends then (12:00 or 18:00), not at the next opening.
What happens outside working hours counts as if it had happened at the next opening.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.times import FIRST_YEAR, LAST_YEAR, NAT, to_local, to_utc
from digital_citymgmt_plugin.core.cases.workhours import DEFAULT_HOURS, Hours, Period, Schedule, parse_hours

RUNNING: Mapping[str, int] = {  # ms of one unit
    "emergency_hour": 3_600_000, "calendar_day": 86_400_000, "emergency_day": 86_400_000,
}  # fmt: skip
WORKING = ("work_hour", "work_day")
# A limit beyond this is a slip of the keyboard: eleven years of working hours.
LONGEST_LIMIT = 24_000.0

_MINUTE, _DAY = 60_000, 86_400_000
_FIRST = np.datetime64(f"{FIRST_YEAR}-01-01", "D")
_LAST = np.datetime64(f"{LAST_YEAR + 1}-01-01", "ms")
_DAYS = int((np.datetime64(f"{LAST_YEAR + 2}-01-01", "D") - _FIRST).astype(np.int64))


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
    periods : tuple of (first day, last day, hours)
        Days with other hours (summer, an older schedule); later ones of the tuple override earlier ones.
    """

    hours: Hours = field(default_factory=lambda: parse_hours(DEFAULT_HOURS))
    published: Mapping[date, bool] = field(default_factory=dict)
    years: tuple[int, int] = (0, -1)
    table: Mapping[date, bool] = field(default_factory=dict)
    periods: tuple[Period, ...] = ()

    def __post_init__(self) -> None:
        work = np.is_busday(_FIRST + np.arange(_DAYS))
        for days in (self.published, self.table):
            for day, worked in days.items():
                index = _index(day)
                if 0 <= index < _DAYS:
                    work[index] = worked
        schedules = [Schedule(self.hours)]
        place_of = {self.hours: 0}
        kind = np.zeros(_DAYS, dtype=np.int16)
        for first, last, hours in self.periods:
            if hours not in place_of:
                place_of[hours] = len(schedules)
                schedules.append(Schedule(hours))
            kind[max(_index(first), 0) : max(_index(last) + 1, 0)] = place_of[hours]
        lengths = np.array([schedule.length for schedule in schedules], dtype=np.int64)[kind]
        object.__setattr__(self, "_work", work)
        object.__setattr__(self, "_kind", kind)
        object.__setattr__(self, "_schedules", tuple(schedules))
        object.__setattr__(self, "_lengths", lengths)
        object.__setattr__(self, "_before", np.concatenate([[0], np.cumsum(work * lengths)]))

    _work: NDArray[np.bool_] = field(init=False, repr=False, compare=False)
    _kind: NDArray[np.int16] = field(init=False, repr=False, compare=False)
    _schedules: tuple[Schedule, ...] = field(init=False, repr=False, compare=False)
    _lengths: NDArray[np.int64] = field(init=False, repr=False, compare=False)
    _before: NDArray[np.int64] = field(init=False, repr=False, compare=False)

    @property
    def day_minutes(self) -> int:
        """Working minutes of a working day with the usual hours."""
        return self._schedules[0].length // _MINUTE

    def day_length(self, local: NDArray[np.datetime64]) -> NDArray[np.int64]:
        """Return how many working milliseconds a working day has at local moments (those of its schedule)."""
        days = np.where(np.isnat(local), _FIRST, local.astype("datetime64[D]"))
        lengths: NDArray[np.int64] = self._lengths[np.clip((days - _FIRST).astype(np.int64), 0, _DAYS - 1)]
        return lengths

    def is_workday(self, days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
        """Tell which days are worked (1900 to 2199)."""
        found: NDArray[np.bool_] = self._work[(days.astype("datetime64[D]") - _FIRST).astype(np.int64)]
        return found

    def worked(self, local: NDArray[np.datetime64]) -> NDArray[np.int64]:
        """Return the working milliseconds from 1900 until local moments; −1 for NaT."""
        there = ~np.isnat(local)
        passed = np.where(there, local, _FIRST.astype("datetime64[ms]")).astype("datetime64[ms]")
        day, rest = np.divmod((passed - _FIRST.astype("datetime64[ms]")).astype(np.int64), _DAY)
        day = np.clip(day, 0, _DAYS - 1)
        today = self._by_schedule(day, rest, Schedule.passed)
        passed_work: NDArray[np.int64] = self._before[day] + np.where(self._work[day], today, 0)
        return np.where(there, passed_work, -1)

    def moment_after(self, work: NDArray[np.int64]) -> NDArray[np.datetime64]:
        """Return the first local moment at which so much working time has passed since 1900; NaT beyond 2200."""
        good = (work > 0) & (work <= self._before[-1])
        wanted = np.where(good, work, 1)
        day = np.searchsorted(self._before, wanted, side="left") - 1
        rest = wanted - self._before[day]
        inside = self._by_schedule(day, rest, Schedule.at)
        moments = _FIRST.astype("datetime64[ms]") + (day * _DAY + inside).astype("timedelta64[ms]")
        return np.where(good, moments, NAT)

    def _by_schedule(
        self,
        day: NDArray[np.int64],
        values: NDArray[np.int64],
        ask: Callable[[Schedule, NDArray[np.int64]], NDArray[np.int64]],
    ) -> NDArray[np.int64]:
        """Ask for each row the schedule of its day."""
        if len(self._schedules) == 1:
            return ask(self._schedules[0], values)
        kinds = self._kind[day]
        found = np.zeros(len(values), dtype=np.int64)
        for place, schedule in enumerate(self._schedules):
            rows = np.flatnonzero(kinds == place)
            found[rows] = ask(schedule, values[rows])
        return found

    def minutes_between(self, start: NDArray[np.datetime64], end: NDArray[np.datetime64]) -> NDArray[np.float64]:
        """Return the working minutes between local moments; NaN where one is missing, negative backwards."""
        there = ~np.isnat(start) & ~np.isnat(end)
        return np.where(there, (self.worked(end) - self.worked(start)) / _MINUTE, np.nan)

    def covers(self, local: NDArray[np.datetime64]) -> NDArray[np.bool_]:
        """Tell for which local moments the holidays of the year are published."""
        year = local.astype("datetime64[Y]").astype(np.int64) + 1970
        covered: NDArray[np.bool_] = ~np.isnat(local) & (year >= self.years[0]) & (year <= self.years[1])
        return covered


def _index(day: date) -> int:
    return int((np.datetime64(day, "D") - _FIRST).astype(np.int64))


def unit_lengths(
    unit: NDArray[Any], local: NDArray[np.datetime64], calendar: WorkCalendar
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return how long one unit is on its own clock in milliseconds (0 for an unknown unit), and which clocks are work.

    ``local`` is when the clock starts: a working day is as long as the schedule of that day says.
    """
    lengths = np.zeros(len(unit), dtype=np.int64)
    for name, length in RUNNING.items():
        lengths[unit == name] = length
    hours, days = unit == WORKING[0], unit == WORKING[1]
    lengths[hours] = 60 * _MINUTE
    rows = np.flatnonzero(days)
    lengths[rows] = calendar.day_length(local[rows])
    return lengths, hours | days


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
        A key of ``RUNNING`` or one of ``WORKING``; anything else gives NaT.
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
    rows = np.flatnonzero(known & ((unit == WORKING[0]) | (unit == WORKING[1])))
    if len(rows):
        local = to_local(start[rows], zone)
        unit_ms, _ = unit_lengths(unit[rows], local, calendar)
        needed = np.maximum(np.round(amount[rows] * unit_ms).astype(np.int64), 1)
        end = calendar.moment_after(calendar.worked(local) + needed)
        end = np.where(end < _LAST, end, NAT)
        due[rows] = to_utc(end, zone)
        weekends_only[rows] = ~np.isnat(end) & ~(calendar.covers(local) & calendar.covers(end))
    return due, weekends_only

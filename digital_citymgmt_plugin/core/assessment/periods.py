# SPDX-License-Identifier: GPL-2.0-or-later
"""Periods by name (this month, last week …), the period before one, and the parts of one that a series is made of.

Days are local days of the city; both ends belong to a period. Weeks begin on Monday, as the reports that cities publish
have them. Plain dates: windows use this before any package is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

# In the order in which they are offered; ``own``: the days that stand in the fields.
PRESETS = (
    "all", "this_week", "last_week", "this_month", "last_month", "this_quarter", "last_quarter", "this_year",
    "last_year", "own",
)  # fmt: skip
STEPS = ("day", "week", "month", "quarter", "year")
_DAY = timedelta(days=1)
_MOST = 400  # parts of a series: more would be no picture


def begin_of(day: date, step: str) -> date:
    """Return the first day of the day, week, month, quarter or year that a day lies in."""
    if step == "day":
        return day
    if step == "week":
        return day - timedelta(days=day.weekday())
    if step == "month":
        return day.replace(day=1)
    if step == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(month=1, day=1)


def next_begin(day: date, step: str) -> date:
    """Return the first day of the next day, week, month, quarter or year."""
    begin = begin_of(day, step)
    if step in ("day", "week"):
        return begin + timedelta(days=1 if step == "day" else 7)
    months = {"month": 1, "quarter": 3, "year": 12}[step]
    at = begin.year * 12 + begin.month - 1 + months
    return date(at // 12, at % 12 + 1, 1)


def preset(name: str, today: date) -> tuple[date | None, date | None]:
    """Return first and last day of a period by its name; None and None for all cases.

    A period that runs ends with its own last day, not with ``today``: what has not happened is in no table anyway.
    """
    if name not in PRESETS or name in ("all", "own"):
        return None, None
    which, step = name.split("_")
    begin = begin_of(today, step)
    if which == "last":
        begin = begin_of(begin - _DAY, step)
    return begin, next_begin(begin, step) - _DAY


def whole(first: date, last: date) -> str:
    """Return which step a period is a whole one of, "" when of none."""
    for step in ("year", "quarter", "month", "week"):
        if first == begin_of(first, step) and last == next_begin(first, step) - _DAY:
            return step
    return ""


def before(first: date, last: date) -> tuple[date, date]:
    """Return the period before: the week, month, quarter or year before a whole one, else as many days before."""
    step = whole(first, last)
    end = first - _DAY
    return (begin_of(end, step), end) if step else (first - (last - first) - _DAY, end)


def year_before(first: date, last: date) -> tuple[date, date]:
    """Return the same days of the year before; the 29th of February becomes the 28th, a week stays a week."""
    if whole(first, last) == "week":
        return first - timedelta(weeks=52), last - timedelta(weeks=52)

    def back(day: date) -> date:
        try:
            return day.replace(year=day.year - 1)
        except ValueError:
            return day.replace(year=day.year - 1, day=28)

    earlier = back(last)
    if last == next_begin(last, "month") - _DAY:  # a month's end stays one
        earlier = next_begin(earlier, "month") - _DAY
    return back(first), earlier


def step_of(first: date, last: date) -> str:
    """Return the step that parts a period into a series one can look at."""
    days = (last - first).days + 1
    return "day" if days <= 45 else "week" if days <= 120 else "month" if days <= 1_500 else "year"


def parts(first: date, last: date, step: str) -> Iterator[tuple[date, date]]:
    """Yield the days, weeks, months … of a period, cut off at its ends; at most 400."""
    begin = first
    for _ in range(_MOST):
        if begin > last:
            return
        end = next_begin(begin, step) - _DAY
        yield begin, min(end, last)
        begin = end + _DAY

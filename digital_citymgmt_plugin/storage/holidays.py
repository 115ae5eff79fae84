# SPDX-License-Identifier: GPL-2.0-or-later
"""Holidays and make-up days (调休) of mainland China, as the package ``chinesecalendar`` publishes them."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

from digital_citymgmt_plugin.core.cases.workhours import DEFAULT_HOURS, Period, parse_hours, parse_period
from digital_citymgmt_plugin.core.cases.worktime import WorkCalendar
from digital_citymgmt_plugin.core.profile import Profile

# Where the days of the State Council hold. Hong Kong, Macao and Taiwan have calendars of their own.
ZONES = ("Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin", "Asia/Kashgar", "PRC")
_FIRST_YEAR = 2004  # the package begins here
NONE = (0, -1)


@cache
def published_days() -> tuple[dict[date, bool], tuple[int, int]]:
    """Return the days that differ from Monday to Friday (day → worked), and the first and last year known.

    The next year's holidays are published each November; the package follows. Without it nothing is known.
    """
    try:
        import chinese_calendar
    except ImportError:
        return {}, NONE
    days: dict[date, bool] = {}
    year = _FIRST_YEAR
    while True:
        try:
            day = date(year, 1, 1)
            found = {}
            while day.year == year:
                worked = bool(chinese_calendar.is_workday(day))
                if worked != (day.weekday() < 5):
                    found[day] = worked
                day += timedelta(days=1)
        except NotImplementedError:  # its way to say that it does not know the year
            break
        days.update(found)
        year += 1
    return days, (_FIRST_YEAR, year - 1) if year > _FIRST_YEAR else NONE


def work_calendar(profile: Profile, zone: str) -> WorkCalendar:
    """Return the calendar of a city: its own days over those published, its hours.

    Parameters
    ----------
    profile : Profile
        Faults in its days and hours are for ``Profile.check``; here they are passed over.
    zone : str
        Time zone of the city: outside mainland China no holidays are known but the profile's.
    """
    days, years = published_days() if zone in ZONES else ({}, NONE)
    try:
        hours = parse_hours(profile.setting("work_hours"))
    except ValueError:
        hours = parse_hours(DEFAULT_HOURS)
    table = {}
    for entry in profile.days:
        try:
            table[date.fromisoformat(entry.day)] = entry.is_workday
        except ValueError:
            continue
    periods: list[Period] = []
    yearly: list[Period] = []
    for period in profile.periods:
        try:
            spans, its_hours = parse_period(period.from_day, period.to_day), parse_hours(period.hours)
        except ValueError:
            continue
        (yearly if len(spans) > 1 else periods).extend((first, last, its_hours) for first, last in spans)
    return WorkCalendar(hours, days, years, table, (*yearly, *periods))

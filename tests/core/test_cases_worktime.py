# SPDX-License-Identifier: GPL-2.0-or-later
"""Working time against a clock that walks minute by minute."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.cases.workhours import parse_hours
from digital_citymgmt_plugin.core.cases.worktime import WorkCalendar, due_times

HOURS = parse_hours("08:00-12:00, 14:00-18:00")
# 2015-02: Spring Festival from the 18th to the 24th, the 15th and 28th (Sunday, Saturday) worked instead.
SPRING = {date(2015, 2, day): False for day in range(18, 25)} | {date(2015, 2, 15): True, date(2015, 2, 28): True}
CALENDAR = WorkCalendar(HOURS, SPRING, (2015, 2015))
ZONE = ZoneInfo("Asia/Shanghai")


def moments(*texts):
    return np.array(texts, dtype="datetime64[ms]")


def due(start, amount, unit, calendar=CALENDAR, zone="Asia/Shanghai"):
    """Return the local due time of one limit as text."""
    at = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone)).astimezone(timezone.utc).replace(tzinfo=None)
    found, _ = due_times(moments(at), np.array([amount]), np.array([unit], dtype=object), calendar, zone)
    local = found[0].astype(datetime).replace(tzinfo=timezone.utc).astimezone(ZoneInfo(zone))
    return local.replace(tzinfo=None).isoformat(" ", "minutes")


def is_working(moment, calendar):
    """Tell whether the minute that begins at a local moment is worked; written without looking at the product."""
    day = moment.date()
    worked = day.weekday() < 5
    worked = calendar.published.get(day, worked)
    worked = calendar.table.get(day, worked)
    minute = moment.hour * 60 + moment.minute
    return worked and any(start <= minute < end for start, end in calendar.hours)


def walked(start, minutes, calendar):
    """Return the end of so many working minutes, walking one minute after the other."""
    now = start
    while minutes:
        minutes -= is_working(now, calendar)
        now += timedelta(minutes=1)
    return now


@pytest.mark.parametrize(
    ("start", "amount", "unit", "expected"),
    [
        ("2015-02-13 17:00", 2, "work_hour", "2015-02-15 09:00"),  # Friday evening to the make-up Sunday
        ("2015-02-17 16:00", 4, "work_hour", "2015-02-25 10:00"),  # over Spring Festival
        ("2015-02-17 08:00", 1, "work_day", "2015-02-17 18:00"),  # ends with the day, not at the next opening
        ("2015-02-17 07:00", 1, "work_day", "2015-02-17 18:00"),
        ("2015-02-17 20:00", 1, "work_day", "2015-02-25 18:00"),
        ("2015-02-17 11:00", 1, "work_hour", "2015-02-17 12:00"),  # ends with the morning
        ("2015-02-17 12:30", 1, "work_hour", "2015-02-17 15:00"),  # reported in the lunch break
        ("2015-02-17 22:00", 2, "emergency_hour", "2015-02-18 00:00"),
        ("2015-02-17 22:00", 1, "calendar_day", "2015-02-18 22:00"),
        ("2015-02-17 16:00", 0.5, "work_day", "2015-02-25 10:00"),
    ],
)
def test_each_unit_runs_on_its_own_clock(start, amount, unit, expected):
    assert due(start, amount, unit) == expected


def test_the_city_s_own_table_overrides_what_is_published():
    own = WorkCalendar(HOURS, SPRING, (2015, 2015), {date(2015, 2, 18): True, date(2015, 2, 25): False})
    assert due("2015-02-17 16:00", 4, "work_hour", own) == "2015-02-18 10:00"
    assert due("2015-02-17 16:00", 12, "work_hour", own) == "2015-02-26 10:00"


def test_a_year_without_published_holidays_is_counted_by_weekends_and_said():
    start = moments("2016-02-06T01:00", "2015-12-31T09:00", "2015-12-30T01:00", "2016-02-06T01:00")
    unit = np.array(["work_hour", "work_day", "work_hour", "emergency_hour"], dtype=object)
    _, weekends = due_times(start, np.array([1.0, 1.0, 1.0, 1.0]), unit, CALENDAR, "Asia/Shanghai")
    assert weekends.tolist() == [True, True, False, False]


def test_without_start_limit_or_known_unit_nothing_is_due():
    start = moments("NaT", "2015-02-17T01:00", "2015-02-17T01:00", "2015-02-17T01:00", "2199-12-01T01:00")
    unit = np.array(["work_hour", "work_hour", "week", None, "work_day"], dtype=object)
    found, _ = due_times(start, np.array([1.0, np.nan, 1.0, 1.0, 20_000.0]), unit, CALENDAR, "Asia/Shanghai")
    assert np.isnat(found).all()


@pytest.mark.parametrize("unit", ["emergency_hour", "calendar_day", "work_hour", "work_day"])
def test_nothing_is_due_after_2199_on_any_clock(unit):
    eve = moments("2199-12-30T01:00", "2199-12-31T15:30", "2199-12-31T16:30")  # UTC; + 8 hours
    amount = np.array([1.0, 400.0, 1.0])
    units = np.array([unit] * 3, dtype=object)
    found, _ = due_times(eve, amount, units, CALENDAR, "Asia/Shanghai")
    assert np.isnat(found).tolist() == [False, True, True]


def test_a_calendar_without_a_working_day_is_never_due():
    days = {date(2014, 1, 1) + timedelta(days=n): False for n in range(70_000)}
    assert np.isnat(CALENDAR.moment_after(np.array([np.iinfo(np.int64).max]))).all()
    rest = WorkCalendar(HOURS, days, (2014, 2199))
    found, _ = due_times(moments("2015-01-01T00:00"), np.array([1.0]), np.array(["work_hour"], object), rest, "UTC")
    assert np.isnat(found).all()


@pytest.mark.parametrize("text", ["", "8-12", "12:00-08:00", "08:00-12:00, 11:00-13:00", "08:00-24:30", "always", ","])
def test_hours_that_are_none_are_refused(text):
    with pytest.raises(ValueError):
        parse_hours(text)


def test_hours_may_be_written_in_other_ways():
    assert parse_hours("8:30—11:30；13:00~17:15") == ((510, 690), (780, 1035))
    assert parse_hours("00:00-24:00") == ((0, 1440),)


@st.composite
def calendars(draw):
    marks = sorted(draw(st.sets(st.integers(0, 1440), min_size=2, max_size=6)))
    hours = tuple(zip(marks[::2], marks[1::2]))
    days = st.dictionaries(st.dates(date(2015, 1, 1), date(2015, 3, 31)), st.booleans(), max_size=20)
    return WorkCalendar(hours, draw(days), (2015, 2015), draw(days))


@settings(max_examples=60, deadline=None)
@given(
    calendar=calendars(),
    start=st.datetimes(datetime(2015, 1, 1), datetime(2015, 3, 20)).map(lambda at: at.replace(second=0, microsecond=0)),
    minutes=st.integers(1, 600),
)
def test_a_due_time_is_where_a_clock_that_walks_minute_by_minute_arrives(calendar, start, minutes):
    expected = walked(start, minutes, calendar)
    assert due(str(start), minutes / 60, "work_hour", calendar) == expected.isoformat(" ", "minutes")
    # And back: so many working minutes lie between the two.
    assert calendar.minutes_between(moments(start), moments(expected))[0] == minutes


@settings(max_examples=40, deadline=None)
@given(start=st.datetimes(datetime(2014, 12, 20), datetime(2015, 3, 20)), days=st.integers(1, 15))
def test_a_working_day_is_as_many_minutes_as_its_hours_have(start, days):
    start = start.replace(second=0, microsecond=0)
    assert due(str(start), days, "work_day") == walked(start, days * 480, CALENDAR).isoformat(" ", "minutes")


def test_many_cases_get_the_due_times_they_get_alone():
    rng = np.random.default_rng(7)
    start = moments("2015-01-01") + rng.integers(0, 80 * 86_400_000, 500).astype("timedelta64[ms]")
    amount = rng.integers(1, 30, 500).astype(float)
    unit = np.array(["work_hour", "work_day", "emergency_hour", "calendar_day"], dtype=object)[rng.integers(0, 4, 500)]
    together, _ = due_times(start, amount, unit, CALENDAR, "Asia/Shanghai")
    alone = [
        due_times(start[n : n + 1], amount[n : n + 1], unit[n : n + 1], CALENDAR, "Asia/Shanghai")[0][0]
        for n in range(500)
    ]
    assert (together == np.array(alone)).all() and (together > start).all()


def test_working_hours_are_local_also_where_clocks_change():
    summer = WorkCalendar(((480, 1020),))
    assert due("2015-03-06 16:00", 2, "work_hour", summer, "America/New_York") == "2015-03-09 09:00"

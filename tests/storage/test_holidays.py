# SPDX-License-Identifier: GPL-2.0-or-later
"""The published calendar against dates known from elsewhere, and what is left without it."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from digital_citymgmt_plugin.core.profile import CalendarDay, HoursPeriod
from digital_citymgmt_plugin.storage import holidays
from digital_citymgmt_plugin.storage.profiles import builtin_profile
from scripts.demo_city import worktime

PROFILE = builtin_profile("2013")


def worked(calendar, *days):
    return calendar.is_workday(np.array(days, dtype="datetime64[D]")).tolist()


def test_holidays_and_make_up_days_are_those_published():
    calendar = holidays.work_calendar(PROFILE, "Asia/Shanghai")
    # Spring Festival 2015: 18 to 24 February off, Sunday the 15th and Saturday the 28th worked instead.
    days = ["2015-02-15", "2015-02-17", "2015-02-18", "2015-02-24", "2015-02-25", "2015-02-28", "2015-03-01"]
    assert worked(calendar, *days) == [True, True, False, False, True, True, False]
    assert calendar.years[0] == 2004 and calendar.years[1] >= 2026


def test_the_generator_of_the_demo_city_which_has_its_own_table_agrees_day_by_day():
    days = worktime.FIRST + np.arange(worktime.DAYS)
    calendar = holidays.work_calendar(PROFILE, "Asia/Shanghai")

    assert (calendar.is_workday(days) == worktime.WORKDAY).all()


def test_beyond_the_last_published_year_weekends_alone_rest():
    calendar = holidays.work_calendar(PROFILE, "Asia/Shanghai")
    year = calendar.years[1] + 1
    days = np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="datetime64[D]")
    assert (calendar.is_workday(days) == np.is_busday(days)).all()
    assert not calendar.covers(days.astype("datetime64[ms]")).any()


def test_the_table_of_the_city_overrides_what_is_published():
    own = replace(PROFILE, days=(CalendarDay("2015-02-18", True), CalendarDay("2015-03-02", False)))
    assert worked(holidays.work_calendar(own, "Asia/Shanghai"), "2015-02-18", "2015-03-02", "2015-02-19") == [
        True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Taipei", ""])
def test_outside_mainland_china_no_holidays_are_known(zone):
    calendar = holidays.work_calendar(PROFILE, zone)
    assert calendar.years == holidays.NONE and worked(calendar, "2015-02-18") == [True]


def test_without_the_package_weekends_alone_rest(monkeypatch):
    monkeypatch.setitem(sys.modules, "chinese_calendar", None)
    assert holidays.published_days.__wrapped__() == ({}, holidays.NONE)


def test_hours_and_days_that_cannot_be_read_are_passed_over():
    odd = replace(PROFILE, settings={"work_hours": "always"}, days=(CalendarDay("someday", True),))
    calendar = holidays.work_calendar(odd, "Asia/Shanghai")
    assert calendar.day_minutes == 480 and calendar.table == {}
    assert date(2015, 2, 18) in calendar.published


def test_hours_hold_in_their_periods_and_a_period_of_years_goes_before_one_of_every_year():
    periods = (
        HoursPeriod("2020-06-15", "2020-06-16", "09:00-10:00"),
        HoursPeriod("06-01", "09-30", "08:00-12:00, 15:00-18:30"),
        HoursPeriod("someday", "", "08:00-12:00"),
        HoursPeriod("2021-01-01", "", "always"),
    )
    calendar = holidays.work_calendar(replace(PROFILE, periods=periods), "Asia/Shanghai")
    days = np.array(["2020-05-29", "2020-06-01", "2020-06-15", "2020-06-17", "2020-10-01"], "datetime64[ms]")
    assert (calendar.day_length(days) // 60_000).tolist() == [480, 450, 60, 450, 480]

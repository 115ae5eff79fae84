# SPDX-License-Identifier: GPL-2.0-or-later
"""Due times with pauses, extensions and returns against a clock that walks minute by minute; lamps and overtime."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from digital_citymgmt_plugin.core.cases.clock import deadlines
from digital_citymgmt_plugin.core.cases.lamps import (
    LAMPS,
    lamps,
    limit_minutes,
    overtime,
    shares,
    turns_at,
    used_minutes,
)
from digital_citymgmt_plugin.core.cases.workhours import parse_hours, parse_period
from digital_citymgmt_plugin.core.cases.worktime import WorkCalendar
from digital_citymgmt_plugin.storage.holidays import published_days
from tests.clock_oracle import MinuteClock

ZONE = "Asia/Shanghai"
UNITS = ("emergency_hour", "calendar_day", "emergency_day", "work_hour", "work_day")
WINTER, SUMMER, OLD = (
    (("08:00", "12:00"), ("14:00", "18:00")),
    (("08:00", "12:00"), ("15:00", "18:30")),
    (("08:30", "12:00"), ("13:30", "17:30")),
)
OWN = {date(2020, 2, 3): False, date(2020, 2, 4): False, date(2021, 5, 8): False, date(2023, 10, 1): True}
# Moments where most goes wrong: around Spring Festival, National Day, and make-up days at weekends.
HOT = [
    (month, day) for month, days in ((1, (20, 31)), (2, (1, 28)), (9, (25, 30)), (10, (1, 12))) for day in range(*days)
]


def hours_of(day):
    if day < date(2016, 7, 1):
        return OLD
    return SUMMER if (6, 1) <= (day.month, day.day) <= (9, 30) else WINTER


def _text(hours):
    return ", ".join("-".join(span) for span in hours)


@pytest.fixture(scope="module")
def walker():
    pytest.importorskip("chinese_calendar")
    return MinuteClock(hours_of, OWN)


@pytest.fixture(scope="module")
def calendar():
    days, years = published_days()
    summer = parse_hours(_text(SUMMER))
    periods = [(first, last, summer) for first, last in parse_period("06-01", "09-30")]
    periods += [(first, last, parse_hours(_text(OLD))) for first, last in parse_period("", "2016-06-30")]
    return WorkCalendar(parse_hours(_text(WINTER)), days, years, OWN, tuple(periods))


def utc(moment):
    return np.datetime64("NaT", "ms") if moment is None else np.datetime64(moment - timedelta(hours=8), "ms")


def _spans(rows):
    return (
        np.array([row[0] for row in rows], dtype=np.int64),
        np.array([utc(row[1]) for row in rows], dtype="datetime64[ms]"),
        np.array([utc(row[2]) for row in rows], dtype="datetime64[ms]"),
    )


def _limit(lot, unit):
    return lot.choice((0.5, 1, 2, 4, 5, 7, 15) if unit.endswith("hour") else (0.5, 1, 1, 2, 3, 5, 7, 15))


def draw(lot, walker):
    """Return the start, limit, pauses and extensions of a case, in minutes of the walker."""
    year = lot.randint(2014, 2026)
    if lot.random() < 0.6:
        month, day = lot.choice(HOT)
    else:
        month, day = lot.randint(1, 12), lot.randint(1, 28)
    hour = lot.choice((lot.randint(0, 23), 8, 12, 14, 18))
    start = walker.minute(datetime(year, month, day, hour, lot.choice((0, 0, 30, lot.randint(0, 59)))))
    unit = lot.choice(UNITS)
    limits = [(_limit(lot, unit), unit)]
    limits += [(_limit(lot, other), other) for other in lot.choices(UNITS, k=lot.choice((0, 0, 0, 1, 2)))]
    pauses = []
    for _ in range(lot.choice((0, 0, 1, 1, 2, 3))):
        begin = start + lot.randint(-600, 4 * 1440)
        end = None if lot.random() < 0.03 else begin + lot.choice((0, 30, lot.randint(1, 600), lot.randint(1, 15_000)))
        pauses.append((begin, end))
    return start, limits, pauses


def compare(walker, calendar, count, seed):
    """Compare drawn cases; return how many had pauses, extensions, and a clock that stands."""
    lot = random.Random(seed)
    cases = [draw(lot, walker) for _ in range(count)]
    start = np.array([utc(walker.moment(case[0])) for case in cases])
    amount = np.array([case[1][0][0] for case in cases], dtype=float)
    unit = np.array([case[1][0][1] for case in cases], dtype=object)
    rows = [
        (place, walker.moment(begin), None if end is None else walker.moment(end))
        for place, case in enumerate(cases)
        for begin, end in case[2]
    ]
    lot.shuffle(rows)  # pauses come in any order
    more = [(place, limit) for place, case in enumerate(cases) for limit in case[1][1:]]
    extensions = (
        np.array([place for place, _ in more], dtype=np.int64),
        np.array([limit[0] for _, limit in more], dtype=float),
        np.array([limit[1] for _, limit in more], dtype=object),
    )
    found = deadlines(start, amount, unit, calendar, ZONE, pauses=_spans(rows), extensions=extensions)
    ends = start + np.array([lot.randint(0, 20_000) for _ in cases]).astype("timedelta64[m]")
    used = used_minutes(start, ends, unit, calendar, ZONE, _spans(rows))
    standing = 0
    for place, case in enumerate(cases):
        expected = walker.due(*case)
        standing += expected is None
        wanted = utc(None if expected is None else walker.moment(expected))
        assert (np.isnat(found[place]) and expected is None) or found[place] == wanted, (case, found[place])
        begin = case[0]
        end = begin + int((ends[place] - start[place]).astype("timedelta64[m]").astype(int))
        assert used[place] == walker.used(begin, end, case[1][0][1].startswith("work"), case[2]), (case, end)
    return sum(bool(case[2]) for case in cases), sum(len(case[1]) > 1 for case in cases), standing


def test_due_times_are_where_a_clock_that_walks_minute_by_minute_arrives(walker, calendar):
    paused, extended, standing = compare(walker, calendar, 400, 2014)
    assert paused > 200 and extended > 100 and standing > 2


@pytest.mark.soak
def test_ten_thousand_due_times_are_where_the_walking_clock_arrives(walker, calendar):
    paused, extended, standing = compare(walker, calendar, 10_000, 2026)
    assert paused > 5_000 and extended > 3_000 and standing > 100


PLAIN = WorkCalendar()


def one(start, amount, unit, calendar=PLAIN, **more):
    """Return the local due time of one case."""
    start = np.array([utc(datetime.fromisoformat(start))])
    found = deadlines(start, np.array([amount], float), np.array([unit], object), calendar, ZONE, **more)[0]
    return None if np.isnat(found) else (found + np.timedelta64(8, "h")).astype(datetime).isoformat(" ", "minutes")


def span(start, end=None):
    moment = datetime.fromisoformat
    return _spans([(0, moment(start), moment(end) if end else None)])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("pause", "2026-03-04 18:00"), ("restart", "2026-03-05 11:00"), ("run_on", "2026-03-03 18:00")],
)
def test_a_return_stops_restarts_or_leaves_the_clock_as_the_profile_says(rule, expected):
    # Filed on Monday at 18:00: one day from Tuesday. Given back on Tuesday at 11:00, sent again on Wednesday at 11:00.
    again = span("2026-03-03 11:00", "2026-03-04 11:00")
    assert one("2026-03-02 18:00", 1, "work_day", returns=again, after_return=rule) == expected


def test_while_a_case_lies_returned_or_parked_nothing_is_due():
    assert one("2026-03-02 08:00", 1, "work_day", returns=span("2026-03-02 09:00")) is None
    assert one("2026-03-02 08:00", 1, "work_day", pauses=span("2026-03-02 09:00")) is None
    # Parked when the time was over already: late it stays.
    assert one("2026-03-02 08:00", 1, "work_day", pauses=span("2026-03-02 18:00")) == "2026-03-02 18:00"


def test_a_stated_due_time_stands_unless_something_of_ours_comes_after_it():
    stated = np.array([utc(datetime(2026, 3, 2, 20, 0))])  # outside working hours: as the table says
    assert one("2026-03-02 08:00", np.nan, "", stated=stated) == "2026-03-02 20:00"
    assert one("2026-03-02 08:00", 1, "work_hour", stated=stated) == "2026-03-02 20:00"
    night = span("2026-03-02 18:30", "2026-03-03 07:00")
    assert one("2026-03-02 08:00", 1, "work_hour", stated=stated, pauses=night) == "2026-03-02 20:00"
    noon = span("2026-03-02 10:00", "2026-03-02 11:00")
    assert one("2026-03-02 08:00", 1, "work_hour", stated=stated, pauses=noon) == "2026-03-03 09:00"
    assert one("2026-03-02 08:00", np.nan, "", stated=stated, pauses=noon) == "2026-03-02 21:00"
    more = (np.array([0]), np.array([2.0]), np.array(["work_hour"], object))
    assert one("2026-03-02 08:00", np.nan, "", stated=stated, extensions=more) == "2026-03-03 10:00"
    assert one("2026-03-02 08:00", 1, "work_day", stated=stated, after_return="restart",
               returns=span("2026-03-02 10:00", "2026-03-03 08:00")) == "2026-03-03 18:00"  # fmt: skip


def test_an_extension_without_unit_has_the_limit_s_own_and_without_amount_makes_the_due_time_unknown():
    blank = (np.array([0, 0]), np.array([1.0, 2.0]), np.array([None, ""], object))
    assert one("2026-03-02 08:00", 1, "work_hour", extensions=blank) == "2026-03-02 12:00"
    unknown = (np.array([0]), np.array([np.nan]), np.array([None], object))
    assert one("2026-03-02 08:00", 1, "work_hour", extensions=unknown) is None


def test_a_working_day_is_as_long_as_on_the_day_the_clock_starts():
    half = WorkCalendar(periods=((date(2026, 3, 3), date(2026, 3, 3), parse_hours("08:00-12:00")),))
    assert one("2026-03-02 12:00", 1, "work_day", half) == "2026-03-03 12:00"  # 240 + 240 minutes
    assert one("2026-03-03 08:00", 1, "work_day", half) == "2026-03-03 12:00"
    assert one("2026-03-03 09:00", 1, "work_day", half) == "2026-03-04 09:00"


def test_periods_of_hours_are_read():
    assert parse_period("2024-01-01", "")[0] == (date(2024, 1, 1), date(2199, 12, 31))
    over = parse_period("10-01", "02-29")
    assert (date(2023, 10, 1), date(2024, 2, 29)) in over and (date(2024, 10, 1), date(2025, 2, 28)) in over
    for first, last in (("", ""), ("2024-02-01", "2024-01-01"), ("05-01", "2024-01-01"), ("13-01", "14-01"), ("x", "")):
        with pytest.raises(ValueError):
            parse_period(first, last)


def _lamp(now, start, due, unit, **more):
    columns = [np.array([utc(datetime.fromisoformat(text) if text else None)]) for text in (now, start, due)]
    unit = np.array([unit], object)
    share = shares(*columns, unit, PLAIN, ZONE, **more)
    return LAMPS[lamps(share, columns[0], columns[2])[0]], share[0]


@pytest.mark.parametrize(
    ("now", "lamp"),
    [
        ("2026-03-02 08:00", "green"),
        ("2026-03-02 16:23", "green"),  # 383 of 480 minutes
        ("2026-03-02 16:24", "amber"),
        ("2026-03-02 18:00", "amber"),
        ("2026-03-02 18:01", "red"),  # the working clock stands, the case is late
        ("2026-03-03 09:00", "red"),
    ],
)
def test_a_lamp_burns_by_the_share_of_the_limit_s_own_clock(now, lamp):
    assert _lamp(now, "2026-03-02 08:00", "2026-03-02 18:00", "work_day")[0] == lamp


def test_a_lamp_of_a_case_that_is_parked_stays_as_it_was_and_of_one_without_limit_is_out():
    parked = span("2026-03-02 15:00")
    lamp, share = _lamp("2026-03-09 15:00", "2026-03-02 08:00", "", "work_day", pauses=parked, amount=np.array([1.0]))
    assert (lamp, share) == ("green", 0.625)
    assert _lamp("2026-03-09 15:00", "2026-03-02 08:00", "", "work_day")[0] == ""
    assert _lamp("2026-03-02 21:00", "2026-03-02 19:00", "2026-03-02 22:00", "work_hour")[1] == pytest.approx(2 / 3)


def test_amber_comes_when_so_much_is_used_also_over_a_pause():
    columns = [np.array([utc(datetime.fromisoformat(text))]) for text in ("2026-03-02 08:00", "2026-03-03 10:00")]
    unit = np.array(["work_day"], object)
    pause = span("2026-03-02 10:00", "2026-03-02 12:00")
    at = turns_at(*columns, unit, 0.8, PLAIN, ZONE, pause)
    assert at[0] == utc(datetime(2026, 3, 3, 8, 24))
    share = shares(at, *columns, unit, PLAIN, ZONE, pauses=pause)
    assert share[0] == pytest.approx(0.8)


def test_a_share_of_a_limit_is_used_at_the_very_moment_that_is_told(walker, calendar):
    lot = random.Random(80)
    cases = [draw(lot, walker) for _ in range(300)]
    start = np.array([utc(walker.moment(case[0])) for case in cases])
    amount = np.array([case[1][0][0] for case in cases], dtype=float)
    unit = np.array([case[1][0][1] for case in cases], dtype=object)
    rows = [
        (place, walker.moment(begin), None if end is None else walker.moment(end))
        for place, case in enumerate(cases)
        for begin, end in case[2]
    ]
    due = deadlines(start, amount, unit, calendar, ZONE, pauses=_spans(rows))
    at = turns_at(start, due, unit, 0.8, calendar, ZONE, _spans(rows))
    known = ~np.isnat(due)
    assert known.sum() > 250 and (np.isnat(at) == ~known).all()
    parts = [shares(at - np.timedelta64(back, "ms"), start, due, unit, calendar, ZONE, pauses=_spans(rows))[known]
             for back in (0, 1_000)]  # fmt: skip
    assert np.allclose(parts[0], 0.8, atol=1e-9) and (parts[1] < 0.8).all()


def test_overtime_is_how_many_limits_were_used_beyond_it():
    used = np.array([480.0, 240.0, 1200.0, np.nan])
    start = np.array([utc(datetime(2026, 3, 2, 8))] * 4)
    limit = limit_minutes(start, np.array([1.0, 1.0, 1.0, 1.0]), np.array(["work_day"] * 4, object), PLAIN, ZONE)
    assert limit.tolist() == [480.0] * 4
    assert overtime(used, limit).tolist()[:3] == [0.0, 0.0, 1.5] and np.isnan(overtime(used, limit)[3])

# SPDX-License-Identifier: GPL-2.0-or-later
"""Times of many forms, stages from times, and the order of a case's life."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.cases import stages
from digital_citymgmt_plugin.core.cases.times import (
    from_text,
    last_days,
    newest_text,
    parse_times,
    to_local,
    to_text,
    to_utc,
)
from digital_citymgmt_plugin.core.errors import InputRefused


def read(value, zone="Asia/Shanghai", pattern=None):
    column = np.empty(1, dtype=object)
    column[0] = value
    moments, bad = parse_times(column, zone, pattern)
    return "bad" if bad[0] else to_text(moments)[0]


@pytest.mark.parametrize(
    "value",
    [
        "2018-07-04 17:24:41", "2018/07/04 17:24:41", "2018.7.4 17:24:41", "20180704172441", 20180704172441,
        "2018-07-04T17:24:41+08:00", "2018-07-04T09:24:41Z", "2018-07-04 17:24:41.000", "2018年7月4日 17时24分41秒",
        "JUL 04, 2018 05:24:41 PM", "July 4, 2018 17:24:41", "2018/7/4 下午5:24:41", " 2018-07-04 17:24:41 ",
        datetime(2018, 7, 4, 17, 24, 41), datetime(2018, 7, 4, 9, 24, 41, tzinfo=timezone.utc),
    ],
)  # fmt: skip
def test_one_moment_is_read_from_all_its_forms(value):
    assert read(value) == "2018-07-04T09:24:41.000Z"


@pytest.mark.parametrize("value", ["2018-07-04", "20180704", "2018/7/4", date(2018, 7, 4), 20180704.0])
def test_a_date_alone_is_its_midnight(value):
    assert read(value) == "2018-07-03T16:00:00.000Z"


@pytest.mark.parametrize(
    "value",
    [
        "2018-02-30",
        "2018-07-04 25:00:00",
        "2018-13-01",
        "07/04/2018",
        "soon",
        "18:00",
        "1018-07-04",
        3.5,
        True,
        "201807041",
    ],
)
def test_what_is_no_time_is_bad_and_never_guessed(value):
    assert read(value) == "bad"


@pytest.mark.parametrize("value", [None, "", "  ", float("nan")])
def test_missing_is_missing_and_not_bad(value):
    assert read(value) is None


def test_a_pattern_tells_day_from_month():
    assert read("04/07/2018", pattern="%d/%m/%Y") == "2018-07-03T16:00:00.000Z"
    assert read("2018-07-04", pattern="%d/%m/%Y") == "2018-07-03T16:00:00.000Z"


def test_an_unknown_zone_is_refused():
    with pytest.raises(InputRefused) as caught:
        read("2018-07-04", zone="Asia/Nowhere")
    assert caught.value.code == "input.time_zone"


@settings(derandomize=True, max_examples=80, deadline=None)
@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)),
    st.sampled_from(["Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "UTC"]),
)
def test_local_times_become_the_utc_that_the_standard_library_gives(moment, zone):
    moment = moment.replace(microsecond=0)
    expected = moment.replace(tzinfo=ZoneInfo(zone)).astimezone(timezone.utc)
    assert read(moment.strftime("%Y-%m-%d %H:%M:%S"), zone) == expected.strftime("%Y-%m-%dT%H:%M:%S.000Z")


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)))
def test_text_and_local_time_come_back(moment):
    moments = np.array([moment.replace(microsecond=0), None], dtype="datetime64[ms]")
    assert (from_text(to_text(moments))[:1] == moments[:1]).all()
    local = to_local(moments, "Asia/Shanghai")
    assert local[0] == moments[0] + np.timedelta64(timedelta(hours=8), "ms") or moment.year < 1992
    assert (to_utc(local, "Asia/Shanghai")[:1] == moments[:1]).all() or moment.year < 1992


T = np.datetime64("2020-01-01", "ms") + np.arange(10).astype("timedelta64[D]")
NAT = np.datetime64("NaT", "ms")


def times(**columns):
    return {name: np.array([value], dtype="datetime64[ms]") for name, value in columns.items()}


@pytest.mark.parametrize(
    ("columns", "stage"),
    [
        ({}, "collection"),
        ({"reported_at": T[0]}, "collection"),
        ({"accepted_at": T[1]}, "filing"),
        ({"filed_at": T[1]}, "dispatch"),
        ({"filed_at": T[1], "dispatched_at": T[2]}, "disposal"),
        ({"disposed_at": T[3]}, "feedback"),
        ({"feedback_at": T[3]}, "check"),
        ({"checked_at": T[3]}, "check"),
        ({"reported_at": T[0], "closed_at": T[4]}, "closed"),
    ],
)
def test_a_stage_is_where_a_case_is_after_its_latest_step(columns, stage):
    assert stages.STAGES[stages.derive_stages(times(**columns), 1)[0]] == stage


def test_the_tables_word_comes_before_times_and_void_before_all():
    disposed = times(disposed_at=T[3])
    back = np.array([stages.DISPOSAL], dtype=np.int8)
    yes = np.array([True])
    assert stages.derive_stages(disposed, 1, back)[0] == stages.DISPOSAL
    assert stages.derive_stages(disposed, 1, back, void=yes)[0] == stages.VOID
    assert stages.derive_stages(disposed, 1, None, parked=yes)[0] == stages.PARKED
    assert stages.derive_stages(times(closed_at=T[3]), 1, None, parked=yes)[0] == stages.CLOSED


def test_times_against_the_order_are_found_with_their_neighbours():
    wrong = stages.out_of_order(times(reported_at=T[5], filed_at=T[1], closed_at=T[6]), 1)
    assert [(before, after) for mask, before, after in wrong if mask[0]] == [("reported_at", "filed_at")]
    assert not stages.out_of_order(times(reported_at=T[1], filed_at=T[1], closed_at=NAT), 1)


@pytest.mark.parametrize(
    ("due", "disposed", "closed", "cut_off", "expected"),
    [
        (None, T[3], T[4], None, (True, True)),  # no target
        (T[3], T[3], T[9], None, (True, True)),  # the moment of disposal counts
        (T[2], T[3], T[9], None, (False, True)),
        (T[2], None, T[3], None, (False, True)),  # closing stands in
        (T[2], None, None, T[3], (False, False)),  # open and past due
        (T[4], None, None, T[3], (True, False)),
        (T[4], T[5], None, T[3], (True, False)),  # disposal is not known yet
    ],
)
def test_timeliness_by_the_clock(due, disposed, closed, cut_off, expected):
    columns = [np.array([NAT if value is None else value], dtype="datetime64[ms]") for value in (due, disposed, closed)]
    on_time, finished = stages.on_time_by_clock(*columns, 1, cut_off)
    assert (bool(on_time[0]), bool(finished[0])) == expected


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-01T08:00:00Z", "2026-01-01T08:00:00"),  # as other programs write it: without milliseconds
        ("2026-01-01T08:00:00+08:00", "2026-01-01T00:00:00"), ("2026-01-01 08:00:00", "2026-01-01T08:00:00"),
        ("x", "NaT"), ("未知", "NaT"), ("2026-02-30T00:00:00.000Z", "NaT"),
    ],
)  # fmt: skip
def test_what_others_wrote_into_the_table_is_read_or_is_no_time(text, moment):
    values = np.array([text, None, "2026-01-02T00:00:00.000Z"], dtype=object)
    found = from_text(values)  # numpy 1 crashed here as a whole
    assert str(found[0]).removesuffix(".000") == moment and np.isnat(found[1])
    assert found[2] == np.datetime64("2026-01-02")


JUNK = ("待定", "unknown", "9999", "2026年3月", "~", "2026-13-01T00:00:00.000Z", "2026-03-01 somewhere")


@pytest.mark.parametrize("junk", JUNK)
def test_what_is_no_time_is_never_the_newest_case_nor_within_its_days(junk):
    times = ["2026-01-03T02:00:00.000Z", "2026-01-20T02:00:00.000Z", "", "2025-09-01T02:00:00.000Z"]
    newest = newest_text([*times, junk])
    assert newest == times[1]
    since, until = last_days(newest, 30)
    assert [moment for moment in (*times, junk) if since <= moment <= until] == times[:2]


def test_without_any_time_nothing_is_within_the_days():
    assert newest_text([*JUNK]) == "" == newest_text([])
    since, until = last_days("", 30)
    assert not [text for text in JUNK if since <= text <= until]
    assert newest_text(["2026-01-20"]) == "2026-01-20"


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"])
@pytest.mark.parametrize("from_local", [True, False])
def test_offsets_of_many_moments_are_those_of_each(zone, from_local):
    """Days whose ends have one offset are told at once, days on which clocks change hour by hour."""
    rng = np.random.default_rng(8)
    seconds = np.r_[rng.integers(-2_208_988_800, 7_258_118_400, 3_000), 1_711_846_800 + np.arange(0, 200_000, 613)]
    moments = (seconds * 1000).astype("datetime64[ms]")
    shifted = moments - to_utc(moments, zone) if from_local else to_local(moments, zone) - moments
    for moment, shift in zip(seconds.tolist(), shifted.astype(np.int64).tolist()):
        step = 3600 if from_local else 900
        at = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=moment // step * step)
        at = at.replace(tzinfo=ZoneInfo(zone)) if from_local else at.astimezone(ZoneInfo(zone))
        assert shift == round(at.utcoffset().total_seconds() * 1000)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Times in the writings of spreadsheets, of Taiwan and of people."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.cases.times import parse_times, to_text
from digital_citymgmt_plugin.services.intake import objects


def read(*values, zone="Asia/Shanghai", pattern=None):
    moments, bad = parse_times(objects(values), zone, pattern)
    return to_text(moments).tolist(), bad.tolist()


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024年3月5日 下午3时20分", "2024-03-05T07:20"),
        ("2024年3月5日下午3点半", "2024-03-05T07:30"),
        ("2024年3月5日15时", "2024-03-05T07:00"),
        ("2024年3月5日 晚上8时05分30秒", "2024-03-05T12:05:30"),
        ("2024年3月5日 凌晨12时10分", "2024-03-04T16:10"),
        ("2024年3月5日 中午12点", "2024-03-05T04:00"),
        ("2024年3月5日 中午1点", "2024-03-05T05:00"),
        ("2024-03-05 星期二 15:20", "2024-03-05T07:20"),
        ("2024/3/5(二) 15:20", "2024-03-05T07:20"),
        ("2024-03-05 3:20:10 PM", "2024-03-05T07:20:10"),
        ("2024/3/5 下午 03:20", "2024-03-05T07:20"),
        ("2024-03-05 24:00", "2024-03-05T16:00"),
        ("二〇二四年三月五日", "2024-03-04T16:00"),
        ("二〇二四年十二月二十五日 上午九时", "2024-12-25T01:00"),
        ("113/03/05", "2024-03-04T16:00"),
        ("113/03/05 15:20:10", "2024-03-05T07:20:10"),
        ("113.3.5 下午 03:20", "2024-03-05T07:20"),
        ("民國113年3月5日", "2024-03-04T16:00"),
        ("中華民國99年12月31日 23:59", "2010-12-31T15:59"),
        ("1130305", "2024-03-04T16:00"),
        ("1130305152010", "2024-03-05T07:20:10"),
        ("45356.638889", "2024-03-05T07:20"),
        (45356.638889, "2024-03-05T07:20"),
        (45356, "2024-03-04T16:00"),
        ("２０２４年３月５日", "2024-03-04T16:00"),
    ],
)
def test_a_writing_is_read(text, utc):
    moments, bad = read(text)
    full = utc if utc.count(":") == 2 else f"{utc}:00"
    assert moments == [f"{full}.000Z"]
    assert bad == [False]


@pytest.mark.parametrize(
    "text",
    ["13/03/05", "07/04/2018", "2024-13-05", "113/02/30", "1131305", "19999", "80001", "0", "2024年3月5日 25时", "明天",
     "2024-03-05 上午13:00", "2023-02-29 10:00", "民國", "'; DROP TABLE case_record;--", "=NOW()", "1e5", "nan",
     "2024年3月5日 晚上12点", "2024年3月5日 夜里2点", "2024年3月5日 晚0点"],
)  # fmt: skip
def test_what_cannot_be_told_is_no_time(text):
    _, bad = read(text)
    assert bad == [True]


@given(st.datetimes(datetime(1960, 1, 1), datetime(2110, 1, 1)))
def test_a_serial_number_is_read_to_the_second_as_a_spreadsheet_shows_it(moment):
    moment = moment.replace(microsecond=0)
    days = (moment - datetime(1899, 12, 30)) / timedelta(days=1)
    found, _ = parse_times(objects([days]), "UTC")
    assert abs(found[0] - np.datetime64(moment, "ms")) <= np.timedelta64(500, "ms")


@given(st.datetimes(datetime(1972, 1, 1), datetime(2100, 1, 1)))
def test_a_year_of_the_republic_is_1911_less(moment):
    moment = moment.replace(microsecond=0, second=0)
    text = f"民國{moment.year - 1911}年{moment.month}月{moment.day}日 {moment:%H:%M}"
    found, _ = parse_times(objects([text]), "UTC")
    assert found[0] == np.datetime64(moment, "ms")

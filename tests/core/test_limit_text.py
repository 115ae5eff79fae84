# SPDX-License-Identifier: GPL-2.0-or-later
"""Time limits as filing standards write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.cases.limit_text import parse_limit
from digital_citymgmt_plugin.core.profile import LIMIT_UNITS


@pytest.mark.parametrize(
    ("text", "value", "unit", "assumed"),
    [
        ("2紧急工作时", 2, "emergency_hour", False),
        ("4 个工作小时", 4, "work_hour", False),
        ("４工作时", 4, "work_hour", False),
        ("1天", 1, "work_day", True),
        ("4小时", 4, "work_hour", True),
        ("24小时内", 24, "emergency_hour", True),
        ("30分钟", 0.5, "work_hour", True),
        ("2紧急工作日", 2, "emergency_day", False),
        ("三个工作日", 3, "work_day", False),
        ("十五日", 15, "work_day", True),
        ("二十一个自然日", 21, "calendar_day", False),
        ("半个工作日", 0.5, "work_day", False),
        ("1.5工作日", 1.5, "work_day", False),
        ("种植季节15工作日", 15, "work_day", False),
        ("1紧急工作时制止", 1, "emergency_hour", False),
        ("接到派遣任务后，应在2个工作小时内到达现场，1个工作日内修复。", 1, "work_day", False),
        ("自派遣之日起 5 个工作日内处置完毕", 5, "work_day", False),
        ("1周", 7, "calendar_day", True),
        ("1个月内", 30, "calendar_day", True),
        ("2 working days", 2, "work_day", False),
        ("3 days", 3, "work_day", True),
    ],
)
def test_limits_are_read(text, value, unit, assumed):
    assert parse_limit(text) == (value, unit, assumed, False)


@pytest.mark.parametrize(
    "text",
    ["", "恢复", "3-5个工作日", "2工作时到场，1工作日反馈", "工作日", "0工作日", "123456工作日", "见附件", "3", "=2+2"],
)
def test_what_is_no_limit_or_not_one_is_none(text):
    assert parse_limit(text) is None


def test_minutes_are_minutes_to_the_millisecond():
    assert [round(parse_limit(f"{count}分钟").value * 3_600_000) for count in (1, 10, 20)] == [
        60_000,
        600_000,
        1_200_000,
    ]


@pytest.mark.parametrize("text", ["即时", "立即清理", "当场整改"])
def test_at_once_is_no_figure(text):
    assert parse_limit(text).at_once and parse_limit(text).value is None


def test_a_number_alone_takes_the_unit_of_its_column_or_heading():
    assert parse_limit("2", "紧急工作时")[:3] == (2, "emergency_hour", False)
    assert parse_limit("2.0", "处置时限（小时）")[:3] == (2, "work_hour", True)
    assert parse_limit("2", "") is None and parse_limit("2", "元") is None


@given(
    st.text(st.sampled_from("0123456789.一二十百半个天日时小工作紧急自然分钟即刻周月-~（） hdx"), max_size=24),
    st.text(max_size=6),
)
def test_whatever_is_written_gives_a_limit_that_the_profile_takes_or_none(text, unit):
    limit = parse_limit(text, unit)
    assert limit is None or limit.at_once or (limit.value > 0 and limit.unit in LIMIT_UNITS)

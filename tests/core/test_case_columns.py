# SPDX-License-Identifier: GPL-2.0-or-later
"""Columns of foreign tables of cases, guessed by heading and by example."""

from __future__ import annotations

import pytest

from digital_citymgmt_plugin.core.cases.column_guess import Words, guess_case_columns

WORDS = Words(
    class_codes={"0101", "0405"}, class_names={"上水井盖", "店外经营", "暴露垃圾"},
    communities={"富源社区居委会", "城河社区居委会"},
    areas={"汇龙镇"}, departments={"城管局", "水务公司"}, box=(360_000.0, 3_500_000.0, 380_000.0, 3_530_000.0),
)  # fmt: skip


def guess(columns, placed=False):
    return guess_case_columns(columns, WORDS, placed=placed)


def test_known_headings_are_taken_even_with_wrong_values():
    found = guess({"案件编号": ["1", "2"], "上报时间": ["昨天", "前天"], "小类名称": ["没有此类", "也没有"]})
    assert found.fields == {"case_no": "案件编号", "reported_at": "上报时间", "class_name": "小类名称"}
    assert set(found.why.values()) == {"guess.by_headings"}


def test_unknown_headings_are_told_by_their_values():
    found = guess(
        {
            "甲": ["QD2024-0001", "QD2024-0002", "QD2024-0003"],
            "乙": ["暴露垃圾", "店外经营", "上水井盖"],
            "丙": ["2024年3月5日 下午3时20分", "2024年3月6日 9:00", "113/03/07"],
            "丁": ["富源社区", "城河社区居委会", "富源"],
            "戊": ["城管局", "水务公司", "城管局"],
            "己": ["人民中路128号", "建设路口", "和平街5号"],
            "庚": ["门前堆放杂物影响通行请尽快处理", "井盖破损存在安全隐患需要更换", "店家占道经营多次劝阻无效请核实"],
            "辛": ["13800138000", "13900139000", "13700137000"],
            "壬": ["371001.5", "371002.25", "371003.75"],
            "癸": ["3521001.5", "3521002.25", "3521003.75"],
        }
    )
    assert found.fields == {
        "case_no": "甲", "class_name": "乙", "reported_at": "丙", "community_name": "丁", "dept_name": "戊",
        "address": "己", "description": "庚",
    }  # fmt: skip
    assert (found.x, found.y) == ("壬", "癸")
    assert set(found.why.values()) == {"guess.by_values"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["121.65", "121.66", "121.67"], ["31.80", "31.81", "31.82"]),
        (["东经121°39′", "121°40′", "121°41′12″"], ["31°48′", "31°49′", "31°50′30″"]),
    ],
)
def test_coordinates_are_known_by_where_they_lie_whatever_their_order(one, other):
    assert (guess({"编号": ["1", "2", "3"], "a": one, "b": other}).x, guess({"b": other, "a": one}).x) == ("a", "a")


def test_a_column_of_both_coordinates_is_both():
    found = guess({"编号": ["1", "2", "3"], "位置": ["121.65,31.80", "121.66，31.81", "121.67 31.82"]})
    assert (found.x, found.y) == ("位置", "位置")
    assert "address" not in found.fields


@pytest.mark.parametrize(
    ("values", "pattern"),
    [
        (["31/12/2024", "01/02/2024"], "%d/%m/%Y"),
        (["12/31/2024 08:30", "01/02/2024 09:15"], "%m/%d/%Y %H:%M"),
        (["01/02/2024", "03/04/2024"], ""),  # cannot be told: the rows are rejected with that reason
        (["2024-12-31", "2024-01-02"], ""),
    ],
)
def test_the_order_of_day_and_month_is_told_by_a_day_that_is_no_month(values, pattern):
    assert guess({"编号": ["1", "2"], "上报时间": values}).time_format == pattern


def test_texts_that_mean_nothing_are_listed_and_a_layer_has_its_own_places():
    columns = {"编号": ["1", "2"], "社区": ["-", "富源社区"], "lon": ["121.6", "121.7"], "lat": ["31.8", "31.9"]}
    found = guess(columns, True)
    assert found.null_values == ("-",)
    assert (found.x, found.y) == ("", "")


def test_hostile_cells_are_only_text():
    cells = ['=HYPERLINK("http://x")', "'; DROP TABLE case_record;--", "<script>alert(1)</script>", "../../etc/passwd"]
    found = guess(dict.fromkeys(("案件编号", "x" * 300, "=1+1", "描述"), cells))
    assert found.fields["case_no"] == "案件编号" and found.fields["description"] == "描述"

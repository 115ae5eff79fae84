# SPDX-License-Identifier: GPL-2.0-or-later
"""The words of an assessment table in the user's language; Chinese, as the standards have them, where none is given."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CHINESE: Mapping[str, str] = MappingProxyType(
    {
        "table.language": "zh",
        "table.title": "综合评价（按{by}）",
        "table.county": "区县",
        "table.street": "街道",
        "table.community": "社区",
        "table.grid": "单元网格",
        "table.department": "主管部门",
        "table.code": "{by}代码",
        "table.nowhere": "未定",
        "table.total": "合计",
        "table.meaning": "{name} ({code})：{meaning}",
        "table.period": "统计时段：{period}（按立案日期，未立案的按上报日期）",
        "table.always": "全部",
        "table.between": "{first} 至 {last}",
        "table.earliest": "最早",
        "table.latest": "截止时刻",
        "table.cut_off": "截止时刻：{moment}（{zone}）",
        "table.timeliness_missing": "来源未说明是否按期的案件 {count} 件，不计入按期与超期。",
        "table.undated": "无立案和上报时间的案件 {count} 件，不计入本时段。",
    }
)


class Words:
    """Says things about a table.

    Parameters
    ----------
    sentences : mapping or None
        Code → template in the user's language (``Context.sentences``). ``table.language`` tells which it is: in Chinese
        counts and indicators have the names of the city profile, which knows no others; else their codes speak.
    """

    def __init__(self, sentences: Mapping[str, str] | None = None) -> None:
        self._sentences = {**CHINESE, **(sentences or {})}
        self.chinese = self._sentences["table.language"] == CHINESE["table.language"]

    def say(self, code: str, /, **values: object) -> str:
        """Fill the template of a code."""
        text = self._sentences[code]
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text

    def name(self, code: str, chinese: str) -> str:
        """Return what a count or an indicator is called."""
        return chinese if self.chinese else code.replace("_", " ").capitalize()

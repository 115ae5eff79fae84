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
        "table.rows_then": "{by}（{day} 的网格）",
        "table.grids_then": (
            "按 {day} 的单元网格统计：案件按其点位落格；无点位的，其网格整个落在当日某一网格内才计入，否则列入“未定”。"
        ),
        "table.code": "{by}代码",
        "table.nowhere": "未定",
        "table.total": "合计",
        "table.meaning": "{name} ({code})：{meaning}",
        "table.period": "统计时段：{period}（按立案日期，未立案的按上报日期）",
        "table.period_reported": "统计时段：{period}（按上报日期）",
        "table.period_flow": "统计时段：{period}（各统计量按其发生日期；存量按截止时刻）",
        "table.no_cases": "本时段没有案件。",
        "table.beat": "责任网格",
        "table.class": "小类",
        "table.major": "大类",
        "table.kind": "对象",
        "table.source": "来源",
        "table.day": "日",
        "table.week": "周",
        "table.month": "月",
        "table.quarter": "季",
        "table.year": "年",
        "table.collector": "监督员",
        "table.acceptor": "受理员",
        "table.shift_lead": "值班长",
        "table.dispatcher": "派遣员",
        "table.reporter": "上报人",
        "table.verifier": "核实人",
        "table.filer": "立案人",
        "table.disposer": "处置人",
        "table.checker": "核查人",
        "table.closer": "结案人",
        "table.object_area": "区域",
        "table.object_department": "部门",
        "table.object_collector": "监督员",
        "table.object_acceptor": "受理员",
        "table.object_shift_lead": "值班长",
        "table.object_dispatcher": "派遣员",
        "table.score": "{name}得分",
        "table.composite": "综合指标值",
        "table.grade": "等级",
        "table.rank": "名次",
        "table.composite_of": "综合指标值（{scheme}）= {parts}；{zero}",
        "table.zero_leave_out": "没有数值的指标不计，其余权重按比例放大",
        "table.zero_zero": "没有数值的指标计0分",
        "table.zero_full": "没有数值的指标计满分",
        "table.no_value": "没有数值的指标：{names}",
        "table.idle_rows": "{count} 行没有所统计的案件：不计综合指标值，不参加排名。",
        "table.joined": "{code} 的案件并入 {into}。",
        "table.scheme_empty": "没有指标",
        "table.scheme_weights": "权重之和为 {value}（{shares}），应为 1",
        "table.scheme_rule": "指标 {indicator} 有权重但没有计分方式",
        "table.scheme_direction": "指标 {indicator} 的计分方式“{value}”与其方向不符",
        "table.bands_missing": "指标 {value} 按分段计分，但没有分段",
        "table.bands_direction": "指标 {indicator} 的分值（{value}）与其方向不符",
        "table.band_gap": "{indicator} 的分段在 {other} 至 {value} 之间有空缺",
        "table.band_overlap": "{indicator} 的分段在 {value} 至 {other} 之间重叠",
        "table.band_empty": "{indicator} 有一段终点 {value} 不大于起点 {other}",
        "table.always": "全部",
        "table.between": "{first} 至 {last}",
        "table.earliest": "最早",
        "table.latest": "截止时刻",
        "table.cut_off": "截止时刻：{moment}（{zone}）",
        "table.timeliness_missing": "来源未说明是否按期的案件 {count} 件，不计入按期与超期。",
        "table.as_of": (
            "截止时刻之后的流转一律退回；部门按插件自己的流转记录（导入日志中的单位是经办单位，不据此改部门），"
            "人员按当时的记录，类别和位置为现值。"
        ),
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

    def rows(self, by: str) -> str:
        """Return what rows are called, with the day whose grids they are of (``question.parted``)."""
        name, _, day = by.partition("@")
        plain = self.say(f"table.{name}")
        return self.say("table.rows_then", by=plain, day=day) if day else plain

    def name(self, code: str, chinese: str) -> str:
        """Return what a count or an indicator is called."""
        return chinese if self.chinese else code.replace("_", " ").capitalize()

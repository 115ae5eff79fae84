# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases, their log and the truth behind them as tables with the headings that users' tables have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from scripts.demo_city.case_log import build_log
from scripts.demo_city.case_places import build_subjects
from scripts.demo_city.cases import build_lives
from scripts.demo_city.components import Components
from scripts.demo_city.config import ORIGIN, Scale, stream
from scripts.demo_city.departments import DEPARTMENTS
from scripts.demo_city.matters import EVENTS, RUNNING
from scripts.demo_city.names import number_along
from scripts.demo_city.places import Site
from scripts.demo_city.worktime import text_of

Array = Any
Table = dict[str, Any]
WITHOUT_PLACE = 0.15  # share of public reports that come without coordinates
WITH_COMPONENT_ID = 0.45  # share of component cases that name the component
MAJOR = {True: ("", "公用设施", "交通设施", "市容环境设施", "园林绿化设施", "其他部件"),
         False: ("", "市容环境", "宣传广告", "施工管理", "街面秩序", "突发事件", "其他事件")}  # fmt: skip
TIMES = {"reported": "上报时间", "accepted": "受理时间", "filed": "立案时间", "dispatched": "派遣时间",
         "disposed": "处置时间", "feedback": "反馈时间", "checked": "核查时间", "closed": "结案时间",
         "due": "截止时间"}  # fmt: skip


@dataclass
class CaseTables:
    """Cases, their log, and what only the maker knows."""

    cases: Table
    events: Table
    recurring_places: Table
    truth: Table


def build_cases(site: Site, components: Components, scale: Scale, seed: int) -> CaseTables:
    """Make the cases of the period."""
    rng = stream(seed, "cases")
    subject = build_subjects(site, components, scale, rng)
    mixed = rng.permutation(scale.cases)  # subjects come in blocks; lives in the order of reports
    life = build_lives(scale, subject.limit[mixed], subject.unit[mixed], stream(seed, "log"))

    xy = subject.xy[mixed]
    code, component = subject.code[mixed], subject.component[mixed]
    is_component, department = subject.is_component[mixed], subject.department[mixed]
    number = _case_numbers(is_component, code, life.time["reported"])
    log, stage = build_log(life, number, department, stream(seed, "log"))
    points = shapely.points(xy)
    community = site.areas.community_of(points)
    road = site.nearest_road(points)
    address = [f"{site.town.name[r]}{number_along(site.town.roads[r], p)}号附近" for r, p in zip(road, points)]
    lost = np.isin(life.source, ("公众举报", "微信")) & (rng.random(len(code)) < WITHOUT_PLACE)
    named = (component >= 0) & (rng.random(len(code)) < WITH_COMPONENT_ID)
    source_id = np.where(component >= 0, components.source_id[component], "")
    street_name = dict(zip(site.areas.streets_code, site.areas.streets_name))
    is_open = life.time["closed"] < 0
    cases: Table = {
        "案件编号": number,
        "问题类型": np.where(is_component, "部件", "事件"),
        "大类": np.array([MAJOR[bool(c)][int(k[:2])] for c, k in zip(is_component, code)], object),
        "小类代码": code,
        "小类名称": subject.name[mixed],
        "立案条件": subject.condition[mixed],
        "问题来源": life.source,
        "X坐标": _coordinate(xy[:, 0] + ORIGIN[0], lost),
        "Y坐标": _coordinate(xy[:, 1] + ORIGIN[1], lost),
        "地址描述": np.array(address, object),
        "所在街道": np.array([street_name[c] for c in site.areas.street_code[community]], object),
        "所在社区": site.areas.name[community],
        "部件编码": np.where(named, source_id, ""),
        "部门编码": department,
        "处置部门": np.array([DEPARTMENTS[c] for c in department], object),
        "处置时限": subject.limit[mixed],
        "时限单位": subject.unit[mixed],
        **{heading: text_of(life.time[name]) for name, heading in TIMES.items()},
        "是否紧急": np.where(subject.unit[mixed] == RUNNING, "是", "否"),
        "挂账": np.where((stage == "挂账") & is_open, "是", "否"),
        "回退次数": (life.between["returned"] >= 0).astype(int),
        "延期次数": (life.between["extended"] >= 0).astype(int),
        "返工次数": (life.between["reworked"] >= 0).astype(int),
        "当前阶段": stage,
    }
    recurring = subject.recurring[mixed]
    truth: Table = {
        "case_no": number,
        "component_source_id": source_id,
        "recurring_place": np.array([f"R{r + 1:03d}" if r >= 0 else "" for r in recurring], object),
        "x": np.round(xy[:, 0] + ORIGIN[0], 3),
        "y": np.round(xy[:, 1] + ORIGIN[1], 3),
    }
    return CaseTables(cases, log, _recurring(subject.places, recurring, life.time["reported"]), truth)


def _case_numbers(is_component: Array, code: Array, reported: Array) -> Array:
    """Return case numbers in a pattern that one system uses: C or E, class, day, counter of the day."""
    day = np.array([text[:10].replace("-", "") for text in text_of(reported)], object)
    start = np.searchsorted(day.astype(str), day.astype(str))
    counter = np.arange(len(day)) - start + 1
    kind = np.where(is_component, "C", "E")
    return np.array([f"{k}{c}{d}{n:04d}" for k, c, d, n in zip(kind, code, day, counter)], object)


def _coordinate(values: Array, lost: Array) -> Array:
    words = np.char.mod("%.3f", values)
    return np.where(lost, "", words).astype(object)


def _recurring(places: Any, recurring: Array, reported: Array) -> Table:
    """Return the truth about recurring places: where, what, how often, mean days between two reports."""
    count = len(places.matter)
    many = np.bincount(recurring[recurring >= 0], minlength=count)
    first = np.array([reported[recurring == n].min() if many[n] else -1 for n in range(count)])
    last = np.array([reported[recurring == n].max() if many[n] else -1 for n in range(count)])
    gap = (last - first) / 86_400.0 / np.maximum(many - 1, 1)
    return {
        "place": np.array([f"R{n + 1:03d}" for n in range(count)], object),
        "x": np.round(places.xy[:, 0] + ORIGIN[0], 3),
        "y": np.round(places.xy[:, 1] + ORIGIN[1], 3),
        "class_code": np.array([EVENTS[n].code for n in places.matter], object),
        "class_name": np.array([EVENTS[n].name for n in places.matter], object),
        "cases": many,
        "first_reported": text_of(first),
        "last_reported": text_of(last),
        "mean_gap_days": np.round(gap, 1),
    }

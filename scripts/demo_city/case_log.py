# SPDX-License-Identifier: GPL-2.0-or-later
"""The log of the cases: every move from stage to stage, in the order in which it happened."""

from __future__ import annotations

from typing import Any

import numpy as np

from scripts.demo_city.cases import Life
from scripts.demo_city.departments import CENTRE, DEPARTMENTS
from scripts.demo_city.matters import PARKED, STAGES, VOID
from scripts.demo_city.worktime import text_of

Array = Any
COLLECTION, FILING, DISPATCH, DISPOSAL, FEEDBACK, CHECK, _ = STAGES
CLOSED = "结案"  # 综合评价 is no state of a case: a closed case goes there
FIELDS = ("案件编号", "序号", "操作类型", "原阶段", "新阶段", "操作时间", "操作人", "部门编码", "原因")

# Moment, action, stage before, stage after, who does it, reasons to choose from. In the order that holds at one time.
MOVES = (
    ("reported", "上报", "", COLLECTION, "reporter", ()),
    ("verified", "核实", COLLECTION, COLLECTION, "collector", ("属实",)),
    ("accepted", "受理", COLLECTION, FILING, "clerk", ()),
    ("refused_first", "不予受理", COLLECTION, VOID, "clerk", ("重复上报", "不属于受理范围", "情况不属实")),
    ("refused_then", "不予立案", FILING, VOID, "chief", ("不符合立案条件", "已自行整改")),
    ("filed", "立案", FILING, DISPATCH, "chief", ()),
    ("first_dispatched", "派遣", DISPATCH, DISPOSAL, "dispatcher", ()),
    ("returned", "回退", DISPOSAL, DISPATCH, "wrong", ("不属于本单位管辖", "权属不清", "地域交叉，不在管辖范围")),
    ("dispatched", "派遣", DISPATCH, DISPOSAL, "dispatcher", ()),
    ("extended", "延期", DISPOSAL, DISPOSAL, "department", ("材料未到", "天气原因", "需多单位配合")),
    ("parked", "挂账", DISPOSAL, PARKED, "dispatcher", ("资金未落实", "列入年度改造计划", "产权单位不明")),
    ("resumed", "恢复挂账", PARKED, DISPOSAL, "dispatcher", ("条件具备",)),
    ("first_disposed", "处置", DISPOSAL, FEEDBACK, "department", ()),
    ("first_feedback", "反馈", FEEDBACK, CHECK, "department", ()),
    ("failed", "核查", CHECK, CHECK, "collector", ("不合格",)),
    ("reworked", "返工", CHECK, DISPOSAL, "clerk", ("未达到结案条件",)),
    ("disposed", "处置", DISPOSAL, FEEDBACK, "department", ()),
    ("feedback", "反馈", FEEDBACK, CHECK, "department", ()),
    ("checked", "核查", CHECK, CHECK, "collector", ("合格",)),
    ("closed", "结案", CHECK, CLOSED, "chief", ()),
    ("dropped", "作废", DISPOSAL, VOID, "dispatcher", ("重复案件", "情况已消失")),
)


def build_log(
    life: Life, case_no: Array, department: Array, rng: np.random.Generator
) -> tuple[dict[str, Array], Array]:
    """Return the columns of the log in order of case and time, and the last stage of each case."""
    count = len(case_no)
    moments = {**life.time, **life.between}
    refused = moments.pop("refused")
    moments["refused_first"] = np.where(life.time["accepted"] < 0, refused, -1)
    moments["refused_then"] = np.where(life.time["accepted"] >= 0, refused, -1)
    actors = _Actors(life, department, rng)
    case, at, rank, parts = [], [], [], []
    for number, (moment, action, before, after, actor, reasons) in enumerate(MOVES):
        row = np.flatnonzero(moments[moment] >= 0)
        who, where = actors.of(actor, row)
        reason = np.array(reasons or ("",), object)[rng.integers(0, max(1, len(reasons)), len(row))]
        case.append(row)
        at.append(moments[moment][row])
        rank.append(np.full(len(row), number))
        spread = [np.full(len(row), text, object) for text in (action, before, after)]
        parts.append([*spread, who, where, reason])
    row, time = np.concatenate(case), np.concatenate(at)
    order = np.lexsort((np.concatenate(rank), time, row))
    row, time = row[order], time[order]
    columns = [np.concatenate(column)[order] for column in zip(*parts)]
    start = np.searchsorted(row, np.arange(count))
    log = dict(zip(FIELDS, (
        case_no[row], np.arange(len(row)) - start[row] + 1, columns[0], columns[1], columns[2], text_of(time),
        columns[3], columns[4], columns[5],
    )))  # fmt: skip
    last = np.append(start[1:], len(row)) - 1
    return log, columns[2][last]


class _Actors:
    """Who did it: made-up role names, no persons."""

    def __init__(self, life: Life, department: Array, rng: np.random.Generator) -> None:
        count = len(department)
        self.department = department
        others = np.array(sorted(set(department)), object)
        other = others[rng.integers(0, len(others), count)]
        self.wrong = np.where(other == department, CENTRE, other)
        self.collector = _numbered("监督员", 25, count, rng)
        self.clerk = _numbered("受理员", 12, count, rng)
        self.chief = _numbered("值班长", 4, count, rng)
        self.dispatcher = _numbered("派遣员", 6, count, rng)
        by_collector = life.source == "监督员上报"
        self.reporter = np.where(by_collector, self.collector, life.source)

    def of(self, actor: str, row: Array) -> tuple[Array, Array]:
        """Return names and department codes for the cases in ``row``."""
        if actor in ("department", "wrong"):
            codes = (self.department if actor == "department" else self.wrong)[row]
            return np.array([f"{DEPARTMENTS[code]}操作员" for code in codes], object), codes
        return getattr(self, actor)[row], np.full(len(row), CENTRE, object)


def _numbered(role: str, many: int, count: int, rng: np.random.Generator) -> Array:
    names = np.array([f"{role}{number:02d}" for number in range(1, many + 1)], object)
    return names[rng.integers(0, many, count)]

# SPDX-License-Identifier: GPL-2.0-or-later
"""The log of the cases: every move from stage to stage, in the order in which it happened."""

from __future__ import annotations

from typing import Any

import numpy as np

from scripts.demo_city.case_plan import Plan
from scripts.demo_city.cases import Life
from scripts.demo_city.departments import CENTRE, DEPARTMENTS
from scripts.demo_city.matters import PARKED, SOURCES, STAGES, VOID
from scripts.demo_city.worktime import text_of

Array = Any
COLLECTION, FILING, DISPATCH, DISPOSAL, FEEDBACK, CHECK, _ = STAGES
CLOSED = "结案"  # 综合评价 is no state of a case: a closed case goes there
FIELDS = ("案件编号", "序号", "操作类型", "原阶段", "新阶段", "操作时间", "操作人", "部门编码", "原因")
CODES = np.array(sorted(DEPARTMENTS), object)

# Moment, action, stage before, stage after, who does it, reasons to choose from. In the order that holds at one time.
MOVES = (
    ("reported", "上报", "", COLLECTION, "reporter", ()),
    ("verified", "核实", COLLECTION, COLLECTION, "collector", ("属实",)),
    ("accepted", "受理", COLLECTION, FILING, "clerk", ()),
    ("refused_first", "不予受理", COLLECTION, VOID, "clerk", ("不属于受理范围", "情况不属实")),
    ("refused_again", "不予受理", COLLECTION, VOID, "clerk", ("重复上报",)),
    ("refused_then", "不予立案", FILING, VOID, "chief", ("不符合立案条件", "已自行整改")),
    ("refused_twice", "不予立案", FILING, VOID, "chief", ("重复上报",)),
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
    ("dropped_again", "作废", DISPOSAL, VOID, "dispatcher", ("重复案件",)),
    ("dropped_alone", "作废", DISPOSAL, VOID, "dispatcher", ("情况已消失",)),
)
_TEXTS = {name: np.array([move[place] for move in MOVES], object)
          for name, place in (("操作类型", 1), ("原阶段", 2), ("新阶段", 3))}  # fmt: skip


def build_log(
    plan: Plan, life: Life, case_no: Array, department: Array, origin: Array, collectors: int, rng: np.random.Generator
) -> tuple[dict[str, Array], Array]:
    """Return the columns of the log in order of case and time, and the last stage of each case."""
    count = len(case_no)
    moments = _moments(life, origin >= 0)
    actors = _Actors(plan, department, collectors, rng)
    rows, times, kinds, who, where, reasons = [], [], [], [], [], []
    for number, (moment, _, _, _, actor, words) in enumerate(MOVES):
        row = np.flatnonzero(moments[moment] >= 0)
        rows.append(row)
        times.append(moments[moment][row])
        kinds.append(np.full(len(row), number, dtype=np.int8))
        names, codes = actors.of(actor, row)
        who.append(names)
        where.append(codes)
        reasons.append(np.array(words or ("",), object)[rng.integers(0, max(1, len(words)), len(row))])
    row, time, kind = np.concatenate(rows), np.concatenate(times), np.concatenate(kinds)
    order = np.lexsort((kind, time, row))
    row, time, kind = row[order], time[order], kind[order]
    start = np.searchsorted(row, np.arange(count))
    log = dict(zip(FIELDS, (
        case_no[row], np.arange(len(row)) - start[row] + 1, *(texts[kind] for texts in _TEXTS.values()), text_of(time),
        np.concatenate(who)[order], np.concatenate(where)[order], np.concatenate(reasons)[order],
    )))  # fmt: skip
    last = np.append(start[1:], len(row)) - 1
    return log, _TEXTS["新阶段"][kind[last]]


def _moments(life: Life, again: Array) -> dict[str, Array]:
    """Return the moments of all moves; what repeats another case is refused or dropped for that reason."""
    moments = {**life.time, **life.between}
    refused, dropped = moments.pop("refused"), moments.pop("dropped")
    first = life.time["accepted"] < 0
    for name, mask in (("refused_first", first & ~again), ("refused_again", first & again),
                       ("refused_then", ~first & ~again), ("refused_twice", ~first & again)):  # fmt: skip
        moments[name] = np.where(mask, refused, -1)
    moments["dropped_again"] = np.where(again, dropped, -1)
    moments["dropped_alone"] = np.where(again, -1, dropped)
    return moments


class _Actors:
    """Who did it: made-up role names, no persons."""

    def __init__(self, plan: Plan, department: Array, collectors: int, rng: np.random.Generator) -> None:
        count = len(department)
        self.department = department
        others = np.array([code for code in CODES if code != CENTRE], object)
        other = others[rng.integers(0, len(others), count)]
        self.wrong = np.where(other == department, CENTRE, other)
        self.operator = {code: f"{name}操作员" for code, name in DEPARTMENTS.items()}
        self.collector = _numbered("监督员", collectors, count, rng)
        self.clerk = _numbered("受理员", max(12, collectors // 4), count, rng)
        self.chief = _numbered("值班长", max(4, collectors // 20), count, rng)
        self.dispatcher = _numbered("派遣员", max(6, collectors // 8), count, rng)
        source = np.array([name for name, _ in SOURCES], object)[plan.source]
        camera = _numbered("监控", 31, count, rng)
        self.reporter = np.where(source == "监督员上报", self.collector, np.where(source == "视频监控", camera, source))

    def of(self, actor: str, row: Array) -> tuple[Array, Array]:
        """Return names and department codes for the cases in ``row``."""
        if actor in ("department", "wrong"):
            codes = (self.department if actor == "department" else self.wrong)[row]
            found = np.empty(len(row), dtype=object)
            found[:] = [self.operator[code] for code in codes.tolist()]
            return found, codes
        return getattr(self, actor)[row], np.full(len(row), CENTRE, object)


def _numbered(role: str, many: int, count: int, rng: np.random.Generator) -> Array:
    names = np.array([f"{role}{number:0{max(2, len(str(many)))}d}" for number in range(1, many + 1)], object)
    return names[rng.integers(0, many, count)]

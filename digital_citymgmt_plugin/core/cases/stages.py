# SPDX-License-Identifier: GPL-2.0-or-later
"""The stages of a case, read from what a table says or derived from its times.

A stage is where the case *is*: filed and not yet dispatched means stage ``dispatch``. The seventh stage of the
standard (综合评价) is no state of a case; ``closed``, ``void`` and ``parked`` are the states beside the six.
Source: workflow stages attested by two systems; node numbers are those of one vendor.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

COLLECTION, FILING, DISPATCH, DISPOSAL, FEEDBACK, CHECK, CLOSED = range(7)
VOID, PARKED, UNKNOWN = 7, 8, -1
STAGES = ("collection", "filing", "dispatch", "disposal", "feedback", "check", "closed", "void", "parked")
ENDED = frozenset((STAGES[CLOSED], STAGES[VOID]))  # of cases that nobody works at any more

# time column → (action that it tells of, stage before, stage after); in the order of a case's life
STEPS: Mapping[str, tuple[str, int, int]] = MappingProxyType(
    {
        "reported_at": ("report", UNKNOWN, COLLECTION),
        "accepted_at": ("accept", COLLECTION, FILING),
        "filed_at": ("file", FILING, DISPATCH),
        "dispatched_at": ("dispatch", DISPATCH, DISPOSAL),
        "disposed_at": ("dispose", DISPOSAL, FEEDBACK),
        "feedback_at": ("feedback", FEEDBACK, CHECK),
        "checked_at": ("check", CHECK, CHECK),
        "closed_at": ("close", CHECK, CLOSED),
    }
)
ACTIONS = (
    *(step[0] for step in STEPS.values()), "verify", "return", "rework", "extend", "park", "resume", "supervise",
    "appeal", "void", "amend", "remediate",
)  # fmt: skip

_STAGE_NAMES: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {
        COLLECTION: (
            "collection", "reported", "上报", "信息收集", "受理", "待受理", "已上报", "核实", "待核实", "1", "2",
        ),
        FILING: ("filing", "accepted", "立案", "案件建立", "案卷建立", "待立案", "已受理", "3", "4"),
        DISPATCH: ("dispatch", "filed", "派遣", "任务派遣", "待派遣", "已立案", "5", "6"),
        DISPOSAL: (
            "disposal", "dispatched", "处置", "任务处理", "处理中", "处置中", "待处置", "已派遣", "返工", "7", "8",
        ),
        FEEDBACK: ("feedback", "disposed", "反馈", "处理反馈", "处置反馈", "督查", "已处置", "待反馈", "9", "10"),
        CHECK: ("check", "核查", "待核查", "核查结案", "已反馈", "已核查", "待结案", "11", "12", "13", "14"),
        CLOSED: ("closed", "结案", "办结", "已结案", "已办结", "已完工", "归档", "101"),
        VOID: ("void", "voided", "作废", "已作废", "不予受理", "不予立案", "102"),
        PARKED: ("parked", "挂账", "缓办", "已挂账", "103"),
        # Says no more than the times do.
        UNKNOWN: ("open", "未结案", "未处理", "未處理", "在办", "进行中", "in progress", "pending"),
    }
)  # fmt: skip
STAGE_OF: Mapping[str, int] = MappingProxyType({name: rank for rank, names in _STAGE_NAMES.items() for name in names})

_ACTION_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "report": ("上报", "信息上报"),
        "accept": ("受理",),
        "file": ("立案",),
        "dispatch": ("派遣", "再派遣"),
        "dispose": ("处置", "处理", "处置完成", "办理"),
        "feedback": ("反馈", "处置反馈"),
        "verify": ("核实",),
        "check": ("核查",),
        "close": ("结案", "800"),
        "return": ("回退", "退回", "626"),
        "rework": ("返工",),
        "extend": ("延期", "606"),
        "park": ("挂账", "缓办", "810"),
        "resume": ("恢复挂账", "恢复"),
        "supervise": ("督办",),
        "appeal": ("申诉",),
        "void": ("作废", "不予受理", "不予立案", "814"),
        "remediate": ("代整治",),
    }
)
ACTION_OF: Mapping[str, str] = MappingProxyType(
    {**{name: name for name in ACTIONS}, **{name: action for action, names in _ACTION_NAMES.items() for name in names}}
)


def stage_rank(value: Any) -> int | None:
    """Return the rank of a stage as a table names it; None when the word is not known.

    Words that only say that a case is not finished give ``UNKNOWN``: its times tell more.
    """
    return STAGE_OF.get(str(value).strip().lower())


def rank_by_times(
    times: Mapping[str, NDArray[np.datetime64]], size: int, cut_off: np.datetime64 | None = None
) -> NDArray[np.int8]:
    """Return the stage that the times tell, per case.

    The latest stage with a time counts, whatever is missing before it. Times after ``cut_off`` are not known yet.
    """
    rank = np.full(size, COLLECTION, dtype=np.int8)
    for column, (_, _, after) in STEPS.items():
        moments = times.get(column)
        if moments is None:
            continue
        reached = ~np.isnat(moments)
        if cut_off is not None:
            reached &= moments <= cut_off
        rank[reached] = np.maximum(rank[reached], after)
    return rank


def derive_stages(
    times: Mapping[str, NDArray[np.datetime64]],
    size: int,
    explicit: NDArray[np.int8] | None = None,
    void: NDArray[np.bool_] | None = None,
    parked: NDArray[np.bool_] | None = None,
) -> NDArray[np.int8]:
    """Return the stage of each case: void before what the table says, before parked, before what the times tell.

    Parameters
    ----------
    times : dict
        Arrays of moments by column name; missing columns are taken as unknown.
    size : int
        Number of cases.
    explicit : int8 array, optional
        Ranks that the table says, ``UNKNOWN`` where it does not. A case sent back for rework is in disposal although
        it has a time of disposal: so the table's word comes first.
    void, parked : bool arrays, optional
        A parked case that is closed is closed.
    """
    rank = rank_by_times(times, size)
    if parked is not None:
        rank = np.where(parked & (rank != CLOSED), PARKED, rank)
    if explicit is not None:
        rank = np.where(explicit != UNKNOWN, explicit, rank)
    if void is not None:
        rank = np.where(void, VOID, rank)
    result: NDArray[np.int8] = rank.astype(np.int8)
    return result


def out_of_order(times: Mapping[str, NDArray[np.datetime64]], size: int) -> list[tuple[NDArray[np.bool_], str, str]]:
    """Find times that contradict the order of a case's life.

    Returns
    -------
    list of (mask, earlier column, later column)
        Where the later step has the earlier time. Each time is compared with the nearest known one before it, so that
        one wrong time is named once or twice and not with every other.
    """
    found = []
    last = np.full(size, np.datetime64("NaT", "ms"))
    last_column = np.full(size, -1, dtype=np.int8)
    columns = [column for column in STEPS if column in times]
    for position, column in enumerate(columns):
        moments = times[column]
        there = ~np.isnat(moments)
        wrong = there & ~np.isnat(last) & (moments < last)
        for before in np.unique(last_column[wrong]).tolist():
            found.append((wrong & (last_column == before), columns[before], column))
        last = np.where(there, moments, last)
        last_column = np.where(there, position, last_column).astype(np.int8)
    return found


def on_time_by_clock(
    due: NDArray[np.datetime64] | None,
    disposed: NDArray[np.datetime64] | None,
    closed: NDArray[np.datetime64] | None,
    size: int,
    cut_off: np.datetime64 | None = None,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Judge by the clock whether cases are on time.

    The moment of disposal counts, not of closing (count definitions of one vendor); closing stands in where no
    disposal is recorded. Without a target a case is on time. An open case is overdue once ``cut_off`` is past its
    target. Extensions are taken as already worked into the target; work hours and holidays are not looked at.

    Returns
    -------
    on_time : bool array
    finished : bool array
        Whether the judgement is final: the case was disposed of (or closed) by ``cut_off``.
    """
    nothing = np.full(size, np.datetime64("NaT", "ms"))
    end = nothing if disposed is None else disposed
    if closed is not None:
        end = np.where(np.isnat(end), closed, end)
    target = nothing if due is None else due
    finished = ~np.isnat(end)
    if cut_off is not None:
        finished &= end <= cut_off
    judged = np.where(finished, end, cut_off if cut_off is not None else np.datetime64("NaT", "ms"))
    late = ~np.isnat(target) & ~np.isnat(judged) & (judged > target)
    return ~late, finished

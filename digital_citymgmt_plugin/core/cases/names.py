# SPDX-License-Identifier: GPL-2.0-or-later
"""The words of a case: stages, actions, queues, lamps.

Words alone and no numpy: the docks need them while the plugin is loaded, and that must work without any package.

A stage is where the case *is*: filed and not yet dispatched means stage ``dispatch``. The seventh stage of the
standard (综合评价) is no state of a case; ``closed``, ``void`` and ``parked`` are the states beside the six.
Source: workflow stages attested by two systems; node numbers are those of one vendor.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

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

# In the order in which they are listed; with the column that each begins in, and whether the highest comes first.
QUEUES: Mapping[str, tuple[str, bool]] = {
    "new": ("reported_at", False), "to_dispatch": ("filed_at", False), "near_due": ("due_at", False),
    "overdue": ("due_at", False), "returned_twice": ("returns", True), "extension_asked": ("due_at", False),
    "parked_review": ("parked_until", False), "parked": ("parked_until", False), "supervised": ("due_at", False),
    "with_departments": ("due_at", False), "to_check": ("due_at", False), "appeals": ("due_at", False),
    "unowned": ("reported_at", False), "remediation": ("reported_at", False), "unplaced": ("reported_at", True),
    "open": ("due_at", False), "all": ("reported_at", True),
}  # fmt: skip
LAMPS = ("", "green", "amber", "red")  # none: no clock runs


def stage_rank(value: Any) -> int | None:
    """Return the rank of a stage as a table names it; None when the word is not known.

    Words that only say that a case is not finished give ``UNKNOWN``: its times tell more.
    """
    return STAGE_OF.get(str(value).strip().lower())

# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of named counts: code → function, name, what it needs, and by which moment a flow counts it.

``case_counts`` asks all that can be told of rows of cases alone; ``known_counts`` all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment import definitions as d
from digital_citymgmt_plugin.core.assessment.facts import (
    STAGE_RANK,
    Cases,
    Known,
    first_known,
    latest,
    ranks_at,
)

__all__ = [
    "COUNTS", "KNOWN", "OWN", "STAGE_RANK", "Cases", "Definition", "case_counts", "first_known", "known_counts",
    "latest", "ranks_at",
]  # fmt: skip

# By which moment of its own a flow counts a case; ``STOCK``: it has none and is counted as it stands at the cut-off.
STOCK = ""
OWED, VOIDED = "owed", "void"  # moments that no single step has, see ``flows.py``
RECORD, LOG = "record", "log"
_VENDOR, _OWN, _REPORTS = "practice of one vendor", "default of the plugin", "practice of published reports"


@dataclass(frozen=True)
class Definition:
    """A named count.

    ``needs``: ``RECORD`` (a row of a case tells) or ``LOG`` (its events, or sources and calendar, are needed).
    ``moment``: step by which a flow counts it. ``variant_of``: code of the count that it is another definition of.
    """

    function: Callable[[Known], NDArray[Any]]
    name: str
    chinese: str
    needs: str
    moment: str
    source: str
    variant_of: str = ""

    @property
    def english(self) -> str:
        """What it counts, in English: the first paragraph of its function."""
        return " ".join((self.function.__doc__ or "").strip().split("\n\n")[0].split()).rstrip(".")


COUNTS: Mapping[str, Definition] = MappingProxyType(
    {
        "reported": Definition(
            d.reported, "上报数", "每个案件计1（自处置案件单独计）", RECORD, "reported_at", _VENDOR,
        ),
        "reported_not_self": Definition(
            d.reported_not_self, "上报数（不含自处置）", "上报数-自处置数", LOG, "reported_at", _VENDOR, "reported",
        ),
        "self_disposed": Definition(
            d.self_disposed, "自处置数", "由上报人自行处置、未经派遣的案件", LOG, "reported_at", _VENDOR,
        ),
        "valid_reported": Definition(
            d.valid_reported, "有效上报数", "已越过立案阶段且未作废的案件", RECORD, "filed_at", _VENDOR,
        ),
        "public_valid_reported": Definition(
            d.public_valid_reported, "有效公众上报数", "有效上报数中非监督员来源的案件", LOG, "filed_at", _VENDOR,
        ),
        "accepted": Definition(d.accepted, "受理数", "已越过受理阶段的案件", RECORD, "accepted_at", _VENDOR),
        "to_be_checked_before_filing": Definition(
            d.to_be_checked_before_filing, "应发核实数", "公众等非监督员来源的案件", LOG, "reported_at", _VENDOR,
        ),
        "checked_before_filing": Definition(
            d.checked_before_filing, "核实数", "应发核实数中已核实的案件", LOG, "reported_at", _OWN,
        ),
        "checked_before_filing_on_time": Definition(
            d.checked_before_filing_on_time, "按期核实数",
            "核实任务完成用时（工作分钟，自上报起）不超过设置 verify_minutes",
            LOG, "reported_at", _VENDOR,
        ),
        "filed": Definition(d.filed, "立案数", "已越过立案阶段的案件", RECORD, "filed_at", _VENDOR),
        "public_filed": Definition(
            d.public_filed, "监督举报核实数", "立案数中非监督员来源的案件", LOG, "filed_at", _VENDOR,
        ),
        "filed_on_time": Definition(
            d.filed_on_time, "按时立案数",
            "最后一次立案距受理的工作分钟不超过设置 filing_minutes",
            LOG, "filed_at", _VENDOR,
        ),
        "filed_accurately": Definition(
            d.filed_accurately, "准确立案数", "立案数-立案后作废的案件", RECORD, "filed_at", _VENDOR,
        ),
        "to_be_dispatched": Definition(d.valid_reported, "应派遣数", "已立案的案件", RECORD, "filed_at", _VENDOR),
        "dispatched": Definition(d.dispatched, "派遣数", "已越过派遣阶段的案件", RECORD, "dispatched_at", _VENDOR),
        "dispatched_on_time": Definition(
            d.dispatched_on_time, "按时派遣数",
            "最后一次派遣距立案的工作分钟不超过设置 dispatch_minutes",
            LOG, "dispatched_at", _VENDOR,
        ),
        "dispatched_accurately": Definition(
            d.dispatched_accurately, "准确派遣数", "派遣数-返工数", RECORD, "dispatched_at", _VENDOR,
        ),
        "returned": Definition(d.returned, "回退数", "曾被回退的案件计1", LOG, "dispatched_at", _OWN),
        "return_times": Definition(d.return_times, "回退次数", "被回退的次数", LOG, "dispatched_at", _OWN),
        "to_be_disposed": Definition(
            d.dispatched, "应处置数", "已越过派遣阶段的案件（=派遣数）", RECORD, "dispatched_at", _VENDOR,
        ),
        "disposed": Definition(d.disposed, "处置数", "已越过处置阶段的案件", RECORD, "disposed_at", _VENDOR),
        "ever_disposed": Definition(
            d.ever_disposed, "经处置数",
            "至少处置过一次的案件（含已退回返工的）",
            LOG, "disposed_at", _VENDOR, "disposed",
        ),
        "disposed_on_time": Definition(
            d.disposed_on_time, "按期处置数",
            "最后一次处置环节结束时间不晚于处置（捆绑）截止时间",
            RECORD, "disposed_at", _VENDOR,
        ),
        "disposed_late": Definition(
            d.disposed_late, "超期处置数",
            "处置数-按期处置数（来源未说明是否按期的除外）",
            RECORD, "disposed_at", _VENDOR,
        ),
        "in_disposal": Definition(d.in_disposal, "待处置数", "当前处于处置阶段", RECORD, STOCK, _VENDOR),
        "in_disposal_on_time": Definition(
            d.in_disposal_on_time, "按期待处置数", "处于处置阶段且截止时刻未超过截止时间", RECORD, STOCK, _VENDOR,
        ),
        "in_disposal_late": Definition(
            d.in_disposal_late, "超期待处置数", "待处置数-按期待处置数", RECORD, STOCK, _VENDOR,
        ),
        "to_be_checked_after_disposal": Definition(
            d.to_be_checked_after_disposal, "应核查数", "处置已反馈、应核查的案件", LOG, "feedback_at", _OWN,
        ),
        "checked_after_disposal_on_time": Definition(
            d.checked_after_disposal_on_time, "按期核查数",
            "核查任务完成用时（工作分钟，自反馈起）不超过设置 check_minutes",
            LOG, "feedback_at", _VENDOR,
        ),
        "to_be_closed": Definition(
            d.to_be_closed, "应结案数", "已处置的案件 + 仍在处置但已超过处置截止时间的案件", RECORD, OWED, _VENDOR,
        ),
        "to_be_closed_not_parked": Definition(
            d.to_be_closed_not_parked, "应结案数（不含挂账）",
            "应结案数-当前挂账的案件",
            RECORD, OWED, _REPORTS, "to_be_closed",
        ),
        "to_be_closed_by_target": Definition(
            d.to_be_closed_by_target, "应结案数（按截止时间）",
            "已结案的案件 + 已立案、已超过截止时间且未挂账的案件",
            RECORD, OWED, _OWN, "to_be_closed",
        ),
        "to_be_closed_handled": Definition(
            d.to_be_closed_handled, "应结案数（已处置）",
            "只计已处置的案件",
            RECORD, "disposed_at", _REPORTS, "to_be_closed",
        ),
        "to_be_closed_filed": Definition(
            d.to_be_closed_filed, "应结案数（按立案）",
            "已立案且未作废的案件",
            RECORD, "filed_at", _OWN, "to_be_closed",
        ),
        "closed": Definition(d.closed, "结案数", "已办结", RECORD, "closed_at", _VENDOR),
        "closed_on_time": Definition(
            d.closed_on_time, "按期结案数", "已办结且为按期处置", RECORD, "closed_at", _VENDOR,
        ),
        "closed_late": Definition(d.closed_late, "超期结案数", "已办结且为超期处置", RECORD, "closed_at", _VENDOR),
        "reworked": Definition(d.reworked, "返工数", "曾退回返工的案件计1", RECORD, OWED, _VENDOR),
        "rework_times": Definition(d.rework_times, "返工次数", "退回返工的次数", RECORD, OWED, _VENDOR),
        "reworked_same_department": Definition(
            d.reworked_same_department, "返工数（同一部门）",
            "同一部门在两次处置之间经过核查退回或再派遣的案件计1",
            LOG, OWED, _VENDOR, "reworked",
        ),
        "rework_cycles": Definition(
            d.rework_cycles, "返工次数（同一部门）", "上述循环的次数", LOG, OWED, _VENDOR, "rework_times",
        ),
        "extended": Definition(d.extended, "延期数", "由处置部门申请且生效的延期，案件计1", RECORD, OWED, _VENDOR),
        "extension_times": Definition(d.extension_times, "延期次数", "生效的延期次数", RECORD, OWED, _VENDOR),
        "extension_hours": Definition(
            d.extension_hours, "延期小时数", "生效的延期小时数（每案取整；来源未给时长的不计）", LOG, OWED, _VENDOR,
        ),
        "overtime_times": Definition(
            d.overtime_times, "处置超时倍数（百分之一）",
            "(处置用时-处置时限)/处置时限，超期结案的案件，每案取两位小数，以百分之一计",
            LOG, "closed_at", _VENDOR,
        ),
        "parked": Definition(d.parked, "挂账数", "当前处于挂账（缓办）状态", RECORD, STOCK, _VENDOR),
        "ever_parked": Definition(d.ever_parked, "历史挂账数", "曾经挂账", LOG, STOCK, _VENDOR),
        "not_accepted": Definition(d.not_accepted, "不予受理数", "在受理环节作废", RECORD, VOIDED, _VENDOR),
        "not_filed": Definition(d.not_filed, "不予立案数", "在立案环节作废", RECORD, VOIDED, _VENDOR),
        "voided": Definition(d.voided, "作废数", "在其他环节作废", RECORD, VOIDED, _VENDOR),
        "exempt": Definition(d.exempt, "申诉成立数", "申诉已成立的案件", LOG, OWED, _OWN),
        "pending": Definition(d.pending, "未结案数", "已上报、未结案且未作废的案件", RECORD, STOCK, _OWN),
        "on_time": Definition(
            d.on_time, "按期数",
            "未作废、处置（未处置的到截止时刻）不晚于截止时间的案件；无截止时间的视为按期",
            RECORD, STOCK, _OWN,
        ),
        "overdue": Definition(
            d.overdue, "超期数", "未作废、处置（未处置的到截止时刻）晚于截止时间的案件", RECORD, STOCK, _OWN,
        ),
        "timeliness_missing": Definition(
            d.timeliness_missing, "按期未知数", "来源说明是否按期，但该案件留空", RECORD, STOCK, _OWN,
        ),
    }
)  # fmt: skip
# Counts that the profile does not define but every table of ours can show: code → Chinese name, definition in Chinese
# and in English.
_PROFILED = frozenset(
    (
        "reported", "valid_reported", "filed", "filed_on_time", "to_be_dispatched", "dispatched", "dispatched_on_time",
        "to_be_disposed", "disposed", "disposed_on_time", "disposed_late", "in_disposal", "in_disposal_on_time",
        "in_disposal_late", "to_be_closed", "closed", "closed_on_time", "closed_late", "reworked", "rework_times",
        "extended", "parked", "ever_parked", "not_accepted", "not_filed", "voided", "to_be_checked_before_filing",
        "checked_before_filing_on_time", "checked_after_disposal_on_time", "to_be_closed_not_parked",
    )
)  # fmt: skip
OWN: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {code: (item.name, item.chinese, item.english) for code, item in COUNTS.items() if code not in _PROFILED}
)
# What ``case_counts`` gives; the others need the log.
KNOWN = tuple(code for code, item in COUNTS.items() if item.needs == RECORD)


def case_counts(cases: Cases, cut_off: np.datetime64) -> dict[str, NDArray[Any]]:
    """Return for each count of ``KNOWN`` which cases are in it (bool), or how often (int).

    Parameters
    ----------
    cases : Cases
    cut_off : datetime64
        UTC. What happened later is not known; cases whose first time is later are in no count.
    """
    return known_counts(Known(cases, cut_off), KNOWN)


def known_counts(known: Known, codes: Iterable[str] = tuple(COUNTS)) -> dict[str, NDArray[Any]]:
    """Return counts of cases by code."""
    return {code: COUNTS[code].function(known) for code in codes}

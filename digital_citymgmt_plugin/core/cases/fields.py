# SPDX-License-Identifier: GPL-2.0-or-later
"""The fields of a case that an import understands, and the names under which tables are known to carry them.

The abbreviations are those of two systems whose field tables were seen (Yuncheng; a vendor's statistics table); the
Chinese names are in general use.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

TIMES = (
    "reported_at", "accepted_at", "filed_at", "dispatched_at", "disposed_at", "feedback_at", "checked_at", "closed_at",
    "due_at",
)  # fmt: skip
TEXTS = (
    "condition", "source", "description", "address", "component_code", "stated_area", "dept_code", "dept_name",
)  # fmt: skip
FLAGS = ("emergency", "parked", "appealed", "void")
NUMBERS = ("returns", "reworks", "extensions")
CLASSES = ("kind", "class_code", "class_name")
PLACES = ("community_name", "community_code", "grid_code")
FIELDS = ("case_no", *CLASSES, *TEXTS, *PLACES, *TIMES, "stage", "on_time", *FLAGS, *NUMBERS)

SYNONYMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "case_no": (
            "case_code", "案件编号", "案件编码", "案件号", "案卷编号", "案卷号", "任务号", "受理号", "编号", "rec_id",
            "task_num", "caseid", "case_enquiry_id", "service_request_id",
        ),
        "kind": ("category_type", "案件类型", "问题类型", "类型", "rec_type_name"),
        "class_code": ("小类编码", "小类代码", "类别编码", "event_type_code", "small_code"),
        "class_name": ("小类", "小类名称", "类别名称", "sub_type_name", "subcategory"),
        "condition": ("立案条件", "condition_desc"),
        "source": ("来源类型", "案件来源", "问题来源", "source_type", "event_src_name"),
        "description": ("问题描述", "案件描述", "描述", "event_desc"),
        "address": ("地址描述", "地址", "位置描述", "案发地址", "发生地点"),
        "component_code": ("部件编码", "部件标识码", "部件标识编码", "部件代码", "objcode"),
        "stated_area": ("所在街道", "街道", "street_name", "所在区域", "district_name", "district", "区县"),
        "community_name": ("社区", "所在社区", "社区名称"),
        "community_code": ("社区编码", "社区代码"),
        "grid_code": ("单元网格", "单元网格编码", "所在单元网格", "网格编码", "cell"),
        "dept_code": ("主管部门代码", "处置部门编码", "部门编码", "dispose_unit_id", "handle_dept_id"),
        "dept_name": (
            "处置部门", "主管部门", "责任部门", "专业部门", "dispose_unit_name", "dispose_unit", "handle_dept",
            "department",
        ),
        "reported_at": ("上报时间", "report_time", "create_time", "创建时间", "requested_datetime", "open_dt"),
        "accepted_at": ("受理时间", "accept_time"),
        "filed_at": ("立案时间", "file_time", "inst_time"),
        "dispatched_at": ("派遣时间", "dispatch_time", "dispose_begin_time"),
        "disposed_at": ("处置完成时间", "处置时间", "处置结束时间", "dispose_end_time", "handle_time"),
        "feedback_at": ("反馈时间", "feedback_time"),
        "checked_at": ("核查时间", "check_time"),
        "closed_at": ("结案时间", "close_time", "archive_time", "closed_dt"),
        "due_at": (
            "处置截止时间", "截止时间", "deadline_time", "dispose_deadline", "bundle_dispose_deadline",
            "expected_datetime", "target_dt",
        ),
        "stage": ("阶段", "当前阶段", "案件阶段", "案件状态", "case_status"),
        "on_time": ("是否按期", "按期", "ontime"),
        "emergency": ("是否紧急", "紧急", "is_emergency", "is_urgent"),
        "parked": ("挂账", "是否挂账"),
        "appealed": ("申诉", "是否申诉"),
        "void": ("作废", "是否作废"),
        "returns": ("回退次数", "return_num"),
        "reworks": ("返工次数", "multi_rework_num"),
        "extensions": ("延期次数", "postpone_num"),
        "x": ("lon", "lng", "long", "longitude", "经度", "X坐标", "横坐标", "coordinate_x"),
        "y": ("lat", "latitude", "纬度", "Y坐标", "纵坐标", "coordinate_y"),
    }
)  # fmt: skip

EVENT_FIELDS = ("case_no", "action", "from_stage", "to_stage", "at", "done_by", "dept_code", "reason")
EVENT_SYNONYMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "case_no": SYNONYMS["case_no"],
        "action": ("操作类型", "动作", "operate_type", "环节"),
        "from_stage": ("原阶段", "node_code", "操作前阶段"),
        "to_stage": ("新阶段", "操作后阶段", "next_node"),
        "at": ("操作时间", "operate_time", "时间"),
        "done_by": ("操作人", "operator_name", "operator"),
        "dept_code": ("部门编码", "dept", "部门", "操作部门", "operator_dept"),
        "reason": ("操作意见", "理由", "原因", "operate_opinion"),
    }
)

_YES = {"1", "true", "t", "yes", "y", "是", "有", "已"}
_NO = {"0", "false", "f", "no", "n", "否", "无", "未"}
_ON_TIME = {**dict.fromkeys(_YES, 1), **dict.fromkeys(_NO, 0)}
_ON_TIME.update(dict.fromkeys(("ontime", "on time", "in time", "intime", "按期", "按时", "未超期", "未超时"), 1))
_ON_TIME.update(dict.fromkeys(("overdue", "late", "overtime", "超期", "超时", "逾期"), 0))
_KINDS = {
    **dict.fromkeys(("component", "c", "部件", "城市部件", "部件类"), "component"),
    **dict.fromkeys(("event", "e", "事件", "事项", "城市事件", "事件类"), "event"),
}


def as_text(value: Any) -> str | None:
    """Return a cell as text; whole numbers that a spreadsheet made decimal lose their ``.0``."""
    if value is None:
        return None
    if type(value) is str:
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def as_flag(value: Any) -> int | None:
    """Return 1 or 0 for a word of yes or no; None when it is neither."""
    word = str(as_text(value)).lower()
    return 1 if word in _YES else 0 if word in _NO else None


def as_on_time(value: Any) -> int | None:
    """Return 1 or 0 for a word that says on time or overdue; None when it is neither."""
    return _ON_TIME.get(str(as_text(value)).lower())


def as_kind(value: Any) -> str | None:
    """Return ``component`` or ``event``; None when the word is not known."""
    return _KINDS.get(str(as_text(value)).lower())


def as_number(value: Any) -> int | None:
    """Return a whole number of at least 0; None when it is none."""
    word = str(as_text(value))
    return int(word) if word.isascii() and word.isdigit() and len(word) < 10 else None

# SPDX-License-Identifier: GPL-2.0-or-later
"""The sheets of a profile workbook as data, what a cell may hold, and the list of what is wrong in one file."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from digital_citymgmt_plugin.core.assessment.schemes import BASES, OBJECTS, RULES, ZERO_RULES
from digital_citymgmt_plugin.core.cases.limit_text import parse_limit
from digital_citymgmt_plugin.core.cases.stages import STAGE_OF, STAGES
from digital_citymgmt_plugin.core.cases.workflow import BACK, FLAGS, NEEDS, ROLES, STAYS, split_list
from digital_citymgmt_plugin.core.catalogue import REQUIRABLE, split_fields
from digital_citymgmt_plugin.core.cells import Formula
from digital_citymgmt_plugin.core.codes import COMPONENT, UNIT_GRID
from digital_citymgmt_plugin.core.errors import ProfileError
from digital_citymgmt_plugin.core.profile import EVENT, LIMIT_UNITS

# Sheet → its Chinese name, and its columns with their Chinese headings.
SHEETS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "settings": ("城市", {"key": "项目", "value": "值", "note": "说明"}),
    "schemes": (
        "编码",
        {
            "kind": "对象", "name": "名称", "segment": "码段", "digits": "位数", "source": "来源",
            "confidence": "可信度", "note": "备注",
        },
    ),
    "classes": (
        "类别",
        {
            "kind": "对象", "code": "代码", "major_code": "大类代码", "major_name": "大类",
            "minor_code": "小类代码", "name": "小类", "geometry": "几何", "accuracy": "精度", "tolerance_m": "容差米",
            "department_code": "主管部门", "confidence": "可信度", "enabled": "启用",
            "required_fields": "必填项", "photo_count": "照片数", "duplicate_m": "查重距离米", "symbol": "符号",
        },
    ),
    "departments": ("部门", {"code": "代码", "name": "名称", "parent_code": "上级", "kind": "类型"}),
    "filing_standard": (
        "立案标准",
        {
            "class_code": "类别代码", "kind": "对象", "condition_no": "序号", "condition": "立案条件",
            "limit_value": "时限", "limit_unit": "时限单位", "closing_condition": "结案条件", "confidence": "可信度",
        },
    ),
    "responsibility_rules": (
        "权责规则",
        {
            "priority": "优先级", "kind": "对象", "class_code": "类别代码", "area_code": "区域代码",
            "department_code": "主管部门", "reason": "依据",
        },
    ),
    "indicators": (
        "指标",
        {
            "code": "代码", "name": "名称", "numerator": "分子", "denominator": "分母", "unit": "单位",
            "direction": "方向", "confidence": "可信度", "source": "来源",
        },
    ),
    "work_calendar": ("工作日历", {"day": "日期", "is_workday": "上班", "remark": "备注"}),
    "work_hours": ("工作时段", {"from_day": "起始", "to_day": "截止", "hours": "时段"}),
    "class_synonyms": (
        "类别同义词", {"word": "词", "kind": "对象", "class_code": "类别代码", "source": "来源"},
    ),
    "workflow": (
        "流程",
        {
            "action": "动作", "name": "名称", "name_en": "英文名称", "from_stages": "所在环节", "to_stage": "进入环节",
            "roles": "角色", "needs": "必填", "flags": "条件", "sort": "排序", "confidence": "可信度",
        },
    ),
    "score_schemes": (
        "评价方案",
        {
            "code": "代码", "name": "名称", "object": "评价对象", "basis": "统计口径", "zero_rule": "分母为零",
            "decimals": "小数位", "source": "来源", "confidence": "可信度", "note": "备注",
        },
    ),
    "score_terms": (
        "评价指标",
        {
            "scheme": "方案", "indicator": "指标", "rule": "计分", "weight": "权重", "direction": "方向",
            "sort": "排序", "source": "来源", "confidence": "可信度",
        },
    ),
    "score_bands": (
        "等级",
        {
            "scheme": "方案", "indicator": "指标", "start": "从（含）", "stop": "到（不含）", "score": "分值",
            "grade": "等级",
        },
    ),
}  # fmt: skip

KEYS: Mapping[str, tuple[str, ...]] = {
    "settings": ("key",),
    "schemes": ("kind", "segment"),
    "classes": ("kind", "code"),
    "departments": ("code",),
    "filing_standard": ("kind", "class_code", "condition_no"),
    "responsibility_rules": ("kind", "class_code", "area_code", "priority"),
    "indicators": ("code",),
    "work_calendar": ("day",),
    "work_hours": ("from_day", "to_day"),
    "class_synonyms": ("word", "kind"),
    "workflow": ("action", "from_stages"),
    "score_schemes": ("code",),
    "score_terms": ("scheme", "indicator"),
    "score_bands": ("scheme", "indicator", "start"),
}
# Columns without which a row says nothing. Responsibility rules may leave kind, class and area open.
NEEDED: Mapping[str, tuple[str, ...]] = {
    **{sheet: columns for sheet, columns in KEYS.items() if sheet != "responsibility_rules"},
    "responsibility_rules": ("department_code",),
    "work_calendar": ("day", "is_workday"),
    "work_hours": ("hours",),
    "class_synonyms": ("word", "class_code"),
    "workflow": ("action", "name", "from_stages", "to_stage", "roles"),
    "score_schemes": ("code", "name"),
    "score_bands": ("scheme", "start"),  # without an indicator: a grade
}
# Columns that came with schema 3: a workbook from before may lack them.
LATER: Mapping[str, tuple[str, ...]] = {"classes": ("required_fields", "photo_count", "duplicate_m", "symbol")}
# Came with schema 4 and 5. Without moves the table of the plugin holds, without schemes its presets.
LATER_SHEETS = ("work_hours", "class_synonyms", "workflow", "score_schemes", "score_terms", "score_bands")
FOR_PEOPLE: Mapping[str, tuple[str, ...]] = {"settings": ("note",)}  # columns that are written and not read
CLEAR = "-"  # in a row on top of a base: leave this cell empty; a blank cell keeps the base's value
MOST_FAULTS = 50  # told at once

_WHOLE = ("digits", "condition_no", "priority", "photo_count", "sort", "decimals")
_REAL = ("tolerance_m", "limit_value", "duplicate_m", "weight", "start", "stop", "score")
_YES_NO = ("enabled", "is_workday")
_EXACT = 1e15  # Excel keeps 15 digits: a longer number in a text column is no longer what was typed
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:\s+0{1,2}:00(?::00)?)?")
_YEARLY = re.compile(r"(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")  # a day of every year
_KIND_WORDS = {"部件": COMPONENT, "事件": EVENT, "事项": EVENT, "matter": EVENT, "单元网格": UNIT_GRID}
_STAGE_WORDS = {word: STAGES[rank] for word, rank in STAGE_OF.items() if rank >= 0 and not word.isdigit()}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "geometry": {"点": "point", "线": "line", "面": "area"},
    "limit_unit": {chinese: unit for unit, chinese in LIMIT_UNITS.items()},
    "direction": {"高": "higher", "低": "lower"},
    "object": {chinese: name for name, chinese in OBJECTS.items()},
    "basis": {chinese: name for name, chinese in BASES.items()},
    "zero_rule": {chinese: name for name, chinese in ZERO_RULES.items()},
    "rule": {chinese: name for name, chinese in RULES.items()},
    "to_stage": {**_STAGE_WORDS, "保持": STAYS, "stays": STAYS, "原环节": BACK, "back": BACK},
}
_LISTS: Mapping[str, Mapping[str, str]] = {
    "from_stages": _STAGE_WORDS,
    "roles": {chinese: role for role, chinese in ROLES.items()},
    "needs": {chinese: need for need, chinese in NEEDS.items()},
    "flags": {f"{sign}{chinese}": f"{sign}{flag}" for flag, chinese in FLAGS.items() for sign in ("", "!")},
}
_FIELD_WORDS = {chinese: field for field, chinese in REQUIRABLE.items()}
_FLAGS: Mapping[str, str] = {
    **dict.fromkeys(("1", "true", "yes", "是", "班", "上班"), "1"),
    **dict.fromkeys(("0", "false", "no", "否", "休", "休息"), "0"),
}


@dataclass(frozen=True)
class SheetRows:
    """The rows of one sheet as read: number and cells by column name; ``letters`` name the columns for the user."""

    rows: list[tuple[int, dict[str, Any]]]
    letters: Mapping[str, str] = field(default_factory=dict)


class Faults:
    """What is wrong in one file, each with sheet, row and column; the file is refused with all of it at once."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[tuple[str, dict[str, Any]]] = []
        self.letters: dict[str, Mapping[str, str]] = {}

    def add(self, reason: str, sheet: str, row: int = 0, column: str = "", value: Any = "", **more: Any) -> None:
        """Add a fault; the column is shown with its letter where the file has letters."""
        letters = self.letters.get(sheet, {})
        shown = f"{letters[column]} ({column})" if column in letters else column
        text = str(value)
        values = {"table": sheet, "row": row, "column": shown, "value": text if len(text) <= 200 else text[:200] + "…"}
        self.found.append((reason, {"file": self.file, **values, **more}))

    def touches(self, sheet: str, row: int | None = None) -> bool:
        """Tell whether a fault of this sheet (and row) was found."""
        return any(values["table"] == sheet and row in (None, values["row"]) for _, values in self.found)

    def demand_none(self) -> None:
        """Raise the first fault, in the order of sheets and rows, with the others in ``faults``.

        Raises
        ------
        ProfileError
        """
        if not self.found:
            return
        places = {name: place for place, name in enumerate(SHEETS)}
        ordered = sorted(self.found, key=lambda item: (places.get(item[1]["table"], -1), item[1]["row"]))
        reason, values = ordered[0]
        listed = [{"code": code, "values": dict(more)} for code, more in ordered[:MOST_FAULTS]]
        raise ProfileError(reason, **{**values, "in_all": len(ordered), "faults": listed})


class CellReader:
    """Turns cells into plain values, each checked for what its column may hold.

    Parameters
    ----------
    faults : Faults
    clear : bool
        Whether ``-`` empties a cell (rows on top of a base edition).
    kinds : dict
        The city's own kinds of classes: code → name.
    """

    def __init__(self, faults: Faults, *, clear: bool, kinds: Mapping[str, str]) -> None:
        self._faults, self._clear = faults, clear
        self._kinds = {**_KIND_WORDS, **{name: code for code, name in kinds.items()}}

    def rows(self, sheet: str, content: SheetRows) -> list[tuple[int, dict[str, Any]]]:
        """Return the rows that hold something; a cell that cannot be used is told and left empty."""
        result = []
        for row, cells in content.rows:
            cells = _split_limit(cells) if sheet == "filing_standard" else cells
            values = {column: self._value(sheet, row, column, value) for column, value in cells.items()}
            if any(value != "" for value in values.values()) or self._faults.touches(sheet, row):
                result.append((row, values))
        return result

    def _value(self, sheet: str, row: int, column: str, value: Any) -> Any:
        if column in FOR_PEOPLE.get(sheet, ()):
            return ""
        if isinstance(value, Formula):
            self._faults.add("profile.formula", sheet, row, column, value, key="")
            return ""
        if value is None or (isinstance(value, str) and not value.strip()):
            return ""
        if isinstance(value, str) and value.strip() == CLEAR and self._clear:
            return CLEAR
        read = self._reader(column)
        found = read(value)
        if found is None:
            reason = _REASON.get(read.__name__, "profile.not_text")
            self._faults.add(reason, sheet, row, column, value, key="")
            return ""
        if column == "kind" and sheet != "departments":
            return self._kinds.get(found, found)
        if column in _LISTS:
            return ",".join(_LISTS[column].get(part, part) for part in split_list(found))
        if column == "required_fields":
            return ",".join(_FIELD_WORDS.get(part, part) for part in split_fields(found))
        return _WORDS.get(column, {}).get(found, found)

    def _reader(self, column: str) -> Callable[[Any], Any]:
        if column == "day":
            return _day
        if column in ("from_day", "to_day"):
            return _period_day
        if column in _YES_NO:
            return _flag
        if column in _WHOLE:
            return _whole
        return _real if column in _REAL else _text


def _split_limit(cells: dict[str, Any]) -> dict[str, Any]:
    """Read a limit that stands with its unit in one cell (``2紧急工作时``); a unit beside it must be the same."""
    said = cells.get("limit_value")
    if not isinstance(said, str) or isinstance(said, Formula) or _real(said) is not None:
        return cells
    limit, unit = parse_limit(said), str(cells.get("limit_unit") or "").strip()
    same = not unit or (limit is not None and _WORDS["limit_unit"].get(unit, unit) == limit.unit)
    if limit is None or limit.value is None or not same:
        return cells
    return {**cells, "limit_value": limit.value, "limit_unit": limit.unit}


def _text(value: Any) -> str | None:
    """Return text, or a number as it was typed; None for anything else."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < _EXACT:
        return None
    return str(int(value)) if float(value).is_integer() else repr(value)


def _flag(value: Any) -> str | None:
    if isinstance(value, bool):
        return "1" if value else "0"
    text = _text(value)
    return None if text is None else _FLAGS.get(text.lower())


def _real(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _whole(value: Any) -> int | None:
    number = _real(value)
    return None if number is None or not number.is_integer() or not abs(number) < _EXACT else int(number)


def _day(value: Any) -> str | None:
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else None
    if isinstance(value, datetime.date):
        return value.isoformat()
    found = _DAY.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        return datetime.date(*(int(part) for part in found.groups())).isoformat() if found else None
    except ValueError:
        return None


def _period_day(value: Any) -> str | None:
    """Return a day, or one of every year as ``MM-DD``."""
    found = _YEARLY.fullmatch(value.strip()) if isinstance(value, str) else None
    return f"{int(found[1]):02d}-{int(found[2]):02d}" if found else _day(value)


_REASON = {
    "_flag": "profile.not_yes_no", "_real": "profile.not_a_number", "_whole": "profile.not_a_number",
    "_day": "profile.not_a_day", "_period_day": "profile.not_a_day",
}  # fmt: skip


def row_key(sheet: str, values: Mapping[str, Any]) -> str:
    """Return what tells one row of a sheet from another."""
    return " ".join(str(values.get(column, "")) for column in KEYS[sheet])

# SPDX-License-Identifier: GPL-2.0-or-later
"""Time limits as filing standards write them (``2紧急工作时``, ``4 个工作小时``, ``1天``, sentences), and their fields.

Words without a clock of their own are taken as two local tables use them: ``天`` a working day, ``小时`` a working
hour; from 24 hours on the clock's hours are meant. Both are defaults of the plugin and are told (``assumed``).
``即时``, ``立即`` and the like give no figure: no source says which, so the user may.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

# Longest first: 紧急工作时 has 工作时 in it.
_UNITS: tuple[tuple[str, str, float], ...] = (
    ("紧急工作小时", "emergency_hour", 1), ("紧急工作时", "emergency_hour", 1), ("紧急小时", "emergency_hour", 1),
    ("紧急工时", "emergency_hour", 1), ("紧急时", "emergency_hour", 1), ("紧急工作日", "emergency_day", 1),
    ("紧急工作天", "emergency_day", 1), ("紧急日", "emergency_day", 1), ("自然小时", "emergency_hour", 1),
    ("连续小时", "emergency_hour", 1), ("工作小时", "work_hour", 1), ("工作时", "work_hour", 1),
    ("工时", "work_hour", 1), ("工作日", "work_day", 1), ("工作天", "work_day", 1), ("自然日", "calendar_day", 1),
    ("自然天", "calendar_day", 1), ("日历日", "calendar_day", 1), ("日历天", "calendar_day", 1),
    ("working hours", "work_hour", 1), ("working hour", "work_hour", 1), ("working days", "work_day", 1),
    ("working day", "work_day", 1), ("work_hour", "work_hour", 1), ("work_day", "work_day", 1),
    ("emergency_hour", "emergency_hour", 1), ("emergency_day", "emergency_day", 1),
    ("calendar_day", "calendar_day", 1), ("calendar days", "calendar_day", 1), ("calendar day", "calendar_day", 1),
)  # fmt: skip
# Said without a clock of their own.
_PLAIN: tuple[tuple[str, str, float], ...] = (
    ("小时", "work_hour", 1), ("分钟", "work_hour", 1 / 60), ("hours", "work_hour", 1), ("hour", "work_hour", 1),
    ("minutes", "work_hour", 1 / 60), ("days", "work_day", 1), ("day", "work_day", 1), ("h", "work_hour", 1),
    ("d", "work_day", 1), ("天", "work_day", 1), ("日", "work_day", 1), ("时", "work_hour", 1),
    ("星期", "calendar_day", 7), ("周", "calendar_day", 7), ("个月", "calendar_day", 30),
    ("月", "calendar_day", 30),
)  # fmt: skip
_ALL = (*_UNITS, *_PLAIN)
_MEANING = {word: (unit, factor) for word, unit, factor in _ALL}
_PLAIN_WORDS = frozenset(word for word, _, _ in _PLAIN)
_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_NUMBER = r"\d+(?:\.\d+)?|[一二两三四五六七八九十百〇零]+|半"
_LIMIT = re.compile(
    rf"(?P<upto>(?:{_NUMBER})\s*[-~至到—–]\s*)?(?P<number>{_NUMBER})\s*个?\s*[(（]?\s*"
    rf"(?P<unit>{'|'.join(re.escape(word) for word, _, _ in _ALL)})(?![a-z_])(?P<half>半)?",
    re.IGNORECASE,
)
_AT_ONCE = re.compile(r"即时|立即|即刻|当场|随时|立行立改|马上|immediate", re.IGNORECASE)
# What a limit is for, where a sentence names several: until the thing is done.
_DONE = re.compile(
    r"处置完|处理完|整改完|完成|修复|恢复|更换|清除|清理完|拆除|结案|解决|办结|complete|repair|fix", re.IGNORECASE
)
_MOST_DIGITS = 5


class TextLimit(NamedTuple):
    """A limit as read: ``assumed`` tells that the text leaves its clock open; ``at_once`` that it gives no figure."""

    value: float | None
    unit: str
    assumed: bool = False
    at_once: bool = False


AT_ONCE = TextLimit(None, "", False, True)


def parse_limit(text: str, unit: str = "") -> TextLimit | None:
    """Read a limit.

    Parameters
    ----------
    text : str
    unit : str
        What a column of units, or the heading, says: for texts that are a number alone.

    Returns
    -------
    TextLimit or None
        None when there is no limit in it, more than one of which none is that for the work to be done, or a range.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if re.fullmatch(_NUMBER, plain):
        words = unicodedata.normalize("NFKC", unit).strip().lower()
        word = next((word for word, _, _ in _ALL if word in words), None)
        return _limit(plain, word, False) if word else None
    found = list(_LIMIT.finditer(plain))
    if not found:
        return AT_ONCE if _AT_ONCE.search(plain) else None
    read = [_read(match) for match in found]
    if any(limit is None for limit in read):
        return None
    different = {(limit.value, limit.unit) for limit in read if limit}
    if len(different) == 1:
        return read[0]
    ends = [match.end() for match in found]
    parts = [plain[end : later.start()] for end, later in zip(ends, found[1:])] + [plain[ends[-1] :]]
    done = [limit for limit, after in zip(read, parts) if _DONE.search(after)]
    return done[0] if len({(limit.value, limit.unit) for limit in done if limit}) == 1 else None


def _read(match: re.Match[str]) -> TextLimit | None:
    if match["upto"]:
        return None
    return _limit(match["number"], match["unit"].lower(), bool(match["half"]))


def _limit(number: str, word: str, half: bool) -> TextLimit | None:
    value = _number(number)
    if value is None or value + half <= 0:
        return None
    unit, factor = _MEANING[word]
    value = (value + (0.5 if half else 0.0)) * factor
    assumed = word in _PLAIN_WORDS
    if assumed and unit == "work_hour" and value >= 24:
        unit = "emergency_hour"
    return TextLimit(value, unit, assumed)


def _number(text: str) -> float | None:
    """Read digits or Chinese figures up to 999."""
    if text[0].isdigit():
        return float(text) if len(text.split(".")[0]) <= _MOST_DIGITS else None
    if text == "半":
        return 0.5
    total, digit = 0, 0
    for sign in text:
        if sign in _DIGITS:
            digit = _DIGITS[sign]
        else:
            total += max(digit, 1) * (10 if sign == "十" else 100)
            digit = 0
    return float(total + digit)


FIELDS = (
    "kind", "class_code", "major_code", "major_name", "minor_code", "class_name", "condition_no", "condition",
    "figures", "limit", "unit", "closing_condition",
)  # fmt: skip
# Headings of filing standards that were seen, and words in general use.
SYNONYMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "kind": ("对象", "类型", "类别类型", "部件事件", "问题类型", "案件类型"),
        "class_code": ("类别代码", "类别编码", "小类全码", "代码", "编码", "分类代码"),
        "major_code": ("大类代码", "大类编码", "大类编号"),
        "major_name": ("大类", "大类名称"),
        "minor_code": ("小类代码", "小类编码", "小类编号"),
        "class_name": ("minor_name", "小类", "小类名称", "类别名称", "问题小类", "名称"),
        "condition_no": ("条件编号", "条件序号", "条件号", "立案条件序号", "立案条件编号", "序号"),
        "condition": (
            "condition_keywords", "立案条件", "立案标准", "立案情形", "立案规范", "立结案条件", "问题描述", "情形",
            "适用情形",
        ),
        "figures": ("condition_figures", "量化指标", "指标", "立案指标"),
        "limit": (
            "limit_as_written", "处置时限", "处理时限", "处置期限", "结案时限", "时限", "办理时限", "整改时限",
            "完成时限", "limit_value",
        ),
        "unit": ("limit_unit", "时限单位", "单位"),
        "closing_condition": ("结案条件", "结案标准", "结案规范", "处置标准", "处置要求", "整改要求"),
    }
)  # fmt: skip

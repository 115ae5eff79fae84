# SPDX-License-Identifier: GPL-2.0-or-later
"""Which column of a foreign table of cases is what, by heading and by example. Every guess can be changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from digital_citymgmt_plugin.core.cases import fields as known
from digital_citymgmt_plugin.core.cases.coordinates import as_coordinate, as_pair
from digital_citymgmt_plugin.core.cases.placing import community_keys
from digital_citymgmt_plugin.core.cases.stages import stage_rank
from digital_citymgmt_plugin.core.cases.times import parse_times

Fits = Callable[[str], bool]
BY_NAME, BY_VALUES = "guess.by_headings", "guess.by_values"
MOSTLY = 0.8  # share of the filled cells that must fit (default of the plugin)
NULLS = (
    "-",
    "--",
    "—",
    "/",
    "N/A",
    "n/a",
    "NULL",
    "null",
    "None",
    "无",
    "空",
    "未知",
    "暂无",
    "#N/A",
    "<Null>",
    "{}",
    "[]",
)
# Headings beside those of ``fields.SYNONYMS``, seen in real files.
_MORE: Mapping[str, tuple[str, ...]] = {
    "case_no": ("案件编号*", "任务编号", "工单编号", "工单号", "流水号", "REPORT_NUM", "case_id", "request_id", "id"),
    "class_name": (
        "案件小类", "问题小类", "小类名称", "事件小类", "类别", "subproject", "service_request_description", "type",
        "category",
    ),
    "condition": ("立案标准", "立案情形"),
    "description": ("问题描述*", "案件内容", "情况描述", "诉求内容", "内容", "case_title", "备注", "说明", "keyword"),
    "address": ("案件地址", "事发地点", "事发位置", "问题位置", "详细地址", "发生地址", "位置", "地点",
                "address_string", "location", "occur_place"),
    "stated_area": ("area", "neighborhood", "所属街道", "街镇", "镇街", "乡镇"),
    "community_name": ("所属社区", "村居", "社区村"),
    "dept_name": ("处置单位", "责任单位", "承办单位", "主办单位", "处理单位", "agency"),
    "source": ("来源", "上报来源", "信息来源", "渠道", "method_received"),
    "reported_at": ("上报日期", "登记时间", "受理日期", "created_date", "发现时间", "反映时间", "时间"),
    "due_at": ("处置时限", "应办结时间", "要求完成时间", "超时时间"),
    "closed_at": ("办结时间", "完成时间", "结案日期", "updated_datetime"),
    "stage": ("状态", "案卷状态", "status"),
    "x": ("东经", "坐标x", "x", "gps_x", "经度lng"),
    "y": ("北纬", "坐标y", "y", "gps_y", "纬度lat"),
}  # fmt: skip
_JOINT = (
    "坐标", "经纬度", "gps坐标", "地理坐标", "位置坐标", "coordinates", "latlng", "lnglat", "location", "geom", "wkt",
)  # fmt: skip
_ADDRESS = re.compile(r"[路街道巷弄村]|\d+号|[Ss]t\b|[Aa]ve\b|[Rr]d\b")
_DMY = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:[ T]+(\d{1,2}:\d{2})(:\d{2})?)?")
_ID = re.compile(r"[A-Za-z\u4e00-\u9fff()-]{0,12}\d[\w()\-/]{2,40}")
_PHONE = re.compile(r"1[3-9]\d{9}")


@dataclass(frozen=True)
class Words:
    """What the city knows: codes and names of classes, communities, other areas, departments; its extent."""

    class_codes: Collection[str] = ()
    class_names: Collection[str] = ()
    communities: Collection[str] = ()
    areas: Collection[str] = ()
    departments: Collection[str] = ()
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class CaseGuess:
    """Our field → column, with why (code of a sentence); coordinates; texts for nothing; pattern of times."""

    fields: Mapping[str, str] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)
    x: str = ""
    y: str = ""
    null_values: tuple[str, ...] = ()
    time_format: str = ""


def guess_case_columns(columns: Mapping[str, Sequence[str]], words: Words, *, placed: bool) -> CaseGuess:
    """Guess what the columns of a table of cases are.

    A heading that is known goes first; then values: times, words of the city's classes, communities and departments,
    codes by their length, coordinates by where they lie; then headings that may mean this or that, where the values do
    not speak against it.

    Parameters
    ----------
    columns : mapping of heading to values as text
        A sample of the rows.
    words : Words
    placed : bool
        Whether the rows have geometries: then coordinates are not looked for.
    """
    nulls = tuple(one for one in NULLS if any(one in values for values in columns.values()))
    filled = {name: [text for text in values if text and text not in nulls] for name, values in columns.items()}
    guess = _Guess(filled)
    tests = _by_heading()
    for ours, synonyms in known.SYNONYMS.items():
        guess.headed(ours, (ours, *synonyms), None)  # wrong values under a right heading are to be told, not left out
    for ours, fits in _by_values(words).items():
        guess.valued(ours, fits)
    for ours, synonyms in _MORE.items():  # 类别 may head codes or names, 时间 anything: after what the values prove
        guess.headed(ours, synonyms, tests.get(ours))
    _times(guess)
    _texts(guess)
    x, y = guess.fields.pop("x", ""), guess.fields.pop("y", "")
    if not (x and y):
        x, y = _places(guess, words) if not placed else ("", "")
    if placed:
        x = y = ""
    why = {name: guess.why[name] for name in guess.fields}
    return CaseGuess(guess.fields, why, x, y, nulls, _pattern(guess))


class _Guess:
    """What was decided so far."""

    def __init__(self, filled: Mapping[str, Sequence[str]]) -> None:
        self.filled = filled
        self.fields: dict[str, str] = {}
        self.why: dict[str, str] = {}
        self._folded = {_fold(name): name for name in reversed(list(filled))}

    def free(self) -> list[str]:
        """Return the columns that are nothing yet and hold something."""
        used = set(self.fields.values())
        return [name for name, values in self.filled.items() if values and name not in used]

    def take(self, ours: str, column: str | None, why: str) -> None:
        if column and ours not in self.fields and column not in self.fields.values():
            self.fields[ours], self.why[ours] = column, why

    def headed(self, ours: str, names: Sequence[str], fits: Fits | None) -> None:
        for name in names:
            column = self._folded.get(_fold(name))
            if column is None or column in self.fields.values():
                continue
            if fits is not None and self.filled[column] and not _some(self.filled[column], fits):
                continue
            self.take(ours, column, BY_NAME)
            return

    def valued(self, ours: str, fits: Fits) -> None:
        for name in self.free():
            if _mostly(self.filled[name], fits):
                self.take(ours, name, BY_VALUES)
                return


def _by_heading() -> dict[str, Fits]:
    """Return what values must look like where a heading speaks for a field; words of other cities are let pass."""

    def is_time(text: str) -> bool:
        return bool(_DMY.fullmatch(text)) or _is_time(text)

    return {
        "kind": lambda text: known.as_kind(text) is not None,
        "class_code": lambda text: text.isascii() and any(sign.isdigit() for sign in text),
        "class_name": lambda text: not text.isdigit(),
        "stage": lambda text: stage_rank(text) is not None,
        "address": lambda text: not _is_pair(text),
        "x": _is_coordinate, "y": _is_coordinate,
        **dict.fromkeys(known.TIMES, is_time),
    }  # fmt: skip


def _by_values(words: Words) -> dict[str, Fits]:
    """Return what proves a field whatever its column is called; in the order in which they are looked for."""
    codes, names, departments = frozenset(words.class_codes), frozenset(words.class_names), frozenset(words.departments)
    keys = {key for name in words.communities for key in community_keys(str(name))}
    areas = {key for name in words.areas for key in community_keys(str(name))}
    return {
        "class_name": lambda text: text in names,
        "class_code": lambda text: text in codes or "0" + text in codes,
        "community_name": lambda text: any(key in keys for key in community_keys(text)),
        "stated_area": lambda text: any(key in areas for key in community_keys(text)),
        "dept_name": lambda text: text in departments,
        "kind": lambda text: not text.isascii() and known.as_kind(text) is not None,
        "stage": lambda text: not text.isascii() and stage_rank(text) is not None,
        "component_code": lambda text: text.isascii() and text.isdigit() and 15 < len(text) < 19,
        "grid_code": lambda text: text.isascii() and text.isdigit() and len(text) in (14, 15),
    }


def _times(guess: _Guess) -> None:
    """Take times without a known heading: the earliest column as that of the report."""
    if any(name in guess.fields for name in known.TIMES):
        return
    found = []
    for name in guess.free():
        if _mostly(guess.filled[name], _is_time) and not _mostly(guess.filled[name], lambda text: text.isdigit()):
            moments, _ = parse_times(np.array([*guess.filled[name], None], dtype=object), "UTC")
            there = moments[~np.isnat(moments)]
            found.append((np.median(there.astype(np.int64)), name))
    if found:
        guess.take("reported_at", min(found)[1], BY_VALUES)


def _texts(guess: _Guess) -> None:
    for name in guess.free():
        values = guess.filled[name]
        if len(values) > 1 and len(set(values)) == len(values) and _mostly(values, _is_number_of_a_case):
            guess.take("case_no", name, BY_VALUES)
    lengths = {name: sum(map(len, guess.filled[name])) / len(guess.filled[name]) for name in guess.free()}
    for name in guess.free():
        if 5 <= lengths[name] <= 60 and _mostly(guess.filled[name], lambda text: bool(_ADDRESS.search(text))):
            guess.take("address", name, BY_VALUES)
    free = [name for name in guess.free() if not _mostly(guess.filled[name], _is_pair)]
    longest = max(free, key=lambda name: lengths[name], default="")
    if longest and lengths[longest] >= 12 and not _mostly(guess.filled[longest], lambda text: text.isascii()):
        guess.take("description", longest, BY_VALUES)


def _places(guess: _Guess, words: Words) -> tuple[str, str]:
    """Return the columns of coordinates: one that holds both, degrees of China, or metres within the city."""
    for name in guess.free():
        some = guess.filled[name][:200]
        both = sum(map(_is_pair, some))
        if both >= MOSTLY * len(some) and (both > 2 or _fold(name) in map(_fold, _JOINT)):
            return name, name
    numbers: dict[str, float] = {}
    for name in guess.free():
        values = [as_coordinate(text) for text in guess.filled[name][:500]]
        told = [value for value in values if np.isfinite(value) and value]
        if (
            told
            and len(told) >= MOSTLY * len([value for value in values if value])
            and any(not float(value).is_integer() for value in told)
        ):
            numbers[name] = float(np.median(told))
    boxes = [(73.0, 3.0, 136.0, 54.0)] + ([words.box] if words.box else [])
    for west, south, east, north in boxes:
        east_ones = [name for name, value in numbers.items() if west <= value <= east and not south <= value <= north]
        north_ones = [name for name, value in numbers.items() if south <= value <= north and not west <= value <= east]
        if len(east_ones) == 1 and len(north_ones) == 1:
            return east_ones[0], north_ones[0]
    return "", ""


def _pattern(guess: _Guess) -> str:
    """Return the ``strptime`` pattern of times like 31/12/2024, where one of both numbers can be no month."""
    for name in known.TIMES:
        found = [one for one in map(_DMY.fullmatch, guess.filled.get(guess.fields.get(name, ""), ())) if one]
        if not found:
            continue
        day_first = any(int(one[1]) > 12 for one in found)
        month_first = any(int(one[2]) > 12 for one in found)
        if day_first == month_first:
            return ""
        sign = found[0][0][len(found[0][1])]
        clock = (" %H:%M:%S" if found[0][5] else " %H:%M") if found[0][4] else ""
        return (f"%d{sign}%m{sign}%Y" if day_first else f"%m{sign}%d{sign}%Y") + clock
    return ""


def _is_number_of_a_case(text: str) -> bool:
    return bool(_ID.fullmatch(text)) and not _PHONE.fullmatch(text) and not _is_time(text)


def _is_time(text: str) -> bool:
    moments, bad = parse_times(np.array([text, None], dtype=object), "UTC")
    return not bad[0] and not np.isnat(moments[0])


def _is_coordinate(text: str) -> bool:
    return bool(np.isfinite(as_coordinate(text))) or _is_pair(text)


def _is_pair(text: str) -> bool:
    return all(np.isfinite(as_coordinate(one)) for one in as_pair(text))


def _fold(name: str) -> str:
    return re.sub(r"[\s_\-*:（）()]", "", name).lower()


def _mostly(values: Sequence[str], fits: Fits) -> bool:
    some = values[:500]
    return len(some) > 0 and sum(map(fits, some)) >= MOSTLY * len(some)


def _some(values: Sequence[str], fits: Fits) -> bool:
    some = values[:200]
    return sum(map(fits, some)) * 2 >= len(some)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Which column of a foreign census is what, by heading and by values. Every guess is shown and can be changed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from digital_citymgmt_plugin.core.census.fields import SYNONYMS

Fits = Callable[[str], bool]
BY_NAME, BY_VALUES = "guess.by_headings", "guess.by_values"
# Headings beside those of the field tables (``census.fields``), seen in real files.
_MORE: Mapping[str, tuple[str, ...]] = {
    "x": ("xcoord", "pointx", "easting", "lng", "东经", "横坐标", "坐标x", "x"),
    "y": ("ycoord", "pointy", "northing", "北纬", "纵坐标", "坐标y", "y"),
    "source_id": ("mhnum", "assetid", "facilityid", "编号", "设施编号", "序号", "id"),
    "name": ("设施名称",),
    "first_on": ("调查日期", "普查日期", "采集日期", "surveyed", "date"),
    "remark": ("remarks", "comment", "说明"),
    "owner_dept": ("产权单位",),
    "class_name": ("部件类型", "设施类型", "类型", "类别", "种类"),
}
_CLASS_WORDS = ("class", "type", "layer", "kind", "category", "类", "sewerty")
_NULLS = ("N/A", "n/a", "-", "--", "—", "/", "无", "NULL", "null", "None", "#N/A", "未知", "<Null>")
_MOSTLY, _SAMPLE_LEAST, _KINDS = 0.8, 3, 80
_UUID = re.compile(r"\{?[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\}?")
_DATE = re.compile(r"(?:19|20)\d{2}(?:[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{4})(?:[ T].*)?")
_STATES = frozenset(("完好", "破损", "丢失", "废弃", "移除", "正常", "损坏", "缺失", "intact", "damaged", "lost"))
# Words of foreign inventories → words that a class's name may have; only what the profile has is proposed.
_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("catch basin|gully|inlet|집수|우수받이", ("雨水箅子", "雨水箅")),
    ("storm|rain|우수", ("雨水井盖",)),
    ("sanitary|sewage|foul|^san|오수", ("污水井盖",)),
    ("combined|^comb|dual", ("污水井盖", "下水井盖")),
    ("water", ("上水井盖", "给水井盖")),
    ("street ?light|lamp|가로등", ("路灯",)),
    ("telecom|통신", ("通讯井盖", "网络井盖")),
    ("power pole|utility pole|전력주", ("电力杆", "立杆")),
    ("hydrant", ("消火栓",)),
    ("tree", ("行道树",)),
    ("bench", ("座椅", "休息座椅")),
    ("litter|trash|bin", ("垃圾箱", "果皮箱")),
)


@dataclass(frozen=True)
class ColumnGuess:
    """Our field → column, with why (code of a sentence); ``x``, ``y``; texts that mean nothing."""

    fields: Mapping[str, str] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)
    x: str = ""
    y: str = ""
    null_values: tuple[str, ...] = ()


def guess_columns(
    columns: Mapping[str, Sequence[str]], codes: Iterable[str], names: Iterable[str], code_length: int, *, placed: bool
) -> ColumnGuess:
    """Guess what the columns of a census are.

    Parameters
    ----------
    columns : mapping of heading to values as text
        A sample of the rows.
    codes, names : iterable of str
        Of the city's classes of components.
    code_length : int
        Digits of a component's code.
    placed : bool
        Whether the rows have geometries: then coordinates are not looked for.
    """
    nulls = tuple(one for one in _NULLS if any(one in values for values in columns.values()))
    filled = {name: [text for text in values if text and text not in nulls] for name, values in columns.items()}
    fields: dict[str, str] = {}
    why: dict[str, str] = {}

    def take(ours: str, column: str | None, reason: str) -> None:
        if column and ours not in fields and column not in fields.values():
            fields[ours], why[ours] = column, reason

    # What values prove goes before what a heading says: a column "class" may hold anything.
    known, named = frozenset(codes), frozenset(names)
    tests = (
        ("code", lambda text: len(text) == code_length and text.isascii() and text.isdigit()),
        ("uuid", lambda text: bool(_UUID.fullmatch(text))),
        ("class_code", lambda text: text in known or "0" + text in known),
        ("class_name", lambda text: text in named),
        ("state", lambda text: text.lower() in _STATES),
    )
    for ours, fits in tests:
        take(ours, _first(filled, fits, set(fields.values())), BY_VALUES)
    for ours, others in SYNONYMS.items():
        take(ours, _headed(columns, (ours, *others, *_MORE.get(ours, ()))), BY_NAME)
    if not {"class_code", "class_name"} & set(fields):
        take("class_code", _kind_column(filled, set(fields.values())), BY_NAME)
    dates = [name for name in filled if _mostly(filled[name], lambda text: bool(_DATE.fullmatch(text)))]
    for ours in ("first_on", "changed_on"):
        take(ours, next((name for name in dates if name not in fields.values()), None), BY_VALUES)
    take("source_id", _id_column(filled, set(fields.values())), BY_VALUES)
    x, y = fields.pop("x", ""), fields.pop("y", "")
    if not (x and y):
        x, y = _degrees(filled, set(fields.values())) if not placed else ("", "")
    if placed:
        x = y = ""
    return ColumnGuess(fields, {name: why[name] for name in fields}, x, y, nulls)


def suggest_class(value: str, names: Mapping[str, str]) -> str:
    """Propose the code of a class for a foreign word, "" for none.

    Parameters
    ----------
    names : mapping of class name to code
    """
    text = value.strip()
    if text in names:
        return names[text]
    lowered = text.lower().replace("_", " ")
    for pattern, wanted in _WORDS:
        if re.search(pattern, lowered):
            for word in wanted:
                found = names.get(word) or next((code for name, code in names.items() if word in name), "")
                if found:
                    return found
    inside = [name for name in names if len(name) > 1 and (name in text or (len(text) > 1 and text in name))]
    if inside:
        return names[max(inside, key=lambda name: difflib.SequenceMatcher(None, name, text).ratio())]
    close = difflib.get_close_matches(text, list(names), 1, 0.6)
    return names[close[0]] if close else ""


def _fold(name: str) -> str:
    return re.sub(r"[\s_\-（）()]", "", name).lower()


def _headed(columns: Mapping[str, Sequence[str]], known: Iterable[str]) -> str | None:
    folded = {_fold(name): name for name in reversed(list(columns))}
    return next((folded[_fold(one)] for one in known if _fold(one) in folded), None)


def _mostly(values: Sequence[str], fits: Fits) -> bool:
    return len(values) >= 1 and sum(map(fits, values)) >= _MOSTLY * len(values)


def _first(filled: Mapping[str, Sequence[str]], fits: Fits, used: set[str]) -> str | None:
    return next((name for name, values in filled.items() if name not in used and _mostly(values, fits)), None)


def _kind_column(filled: Mapping[str, Sequence[str]], used: set[str]) -> str | None:
    """Return the first column of few different words whose heading speaks of kinds; the one with more kinds first."""
    ranked = []
    for at, (name, values) in enumerate(filled.items()):
        kinds = {text for text in values if not _is_number(text)}
        if name not in used and 0 < len(kinds) <= _KINDS and any(word in _fold(name) for word in _CLASS_WORDS):
            ranked.append((-len(values), -len(kinds), at, name))
    return min(ranked)[3] if ranked else None


def _id_column(filled: Mapping[str, Sequence[str]], used: set[str]) -> str | None:
    """Return the first column of different short words with digits in them: a number of the source's own."""
    for name, values in filled.items():
        marked = [text for text in values if len(text) <= 24 and any(sign.isdigit() for sign in text)]
        texts = [text for text in marked if "." not in text and not _DATE.fullmatch(text)]
        if name not in used and len(values) >= _SAMPLE_LEAST and len(texts) >= 0.95 * len(values) and (
            len(set(texts)) >= 0.95 * len(texts)
        ) and not all(_is_number(text) for text in texts):  # fmt: skip
            return name
    return None


def _degrees(filled: Mapping[str, Sequence[str]], used: set[str]) -> tuple[str, str]:
    """Return the columns that hold longitudes and latitudes of China with decimals, "" where there are none."""
    found = []
    for low, high in ((73.0, 136.0), (3.0, 54.0)):
        fits = [
            name
            for name, values in filled.items()
            if name not in used
            and _mostly(values, lambda text: "." in text and _is_number(text) and low <= float(text) <= high)  # noqa: B023
        ]
        found.append(fits[0] if len(fits) == 1 else "")
    return (found[0], found[1]) if all(found) else ("", "")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

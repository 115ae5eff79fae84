# SPDX-License-Identifier: GPL-2.0-or-later
"""What a foreign file may be and what it tells of its city: guesses by heading, by value and by coordinate.

Every guess is shown to the user and can be changed; nothing here is a rule of a standard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from digital_citymgmt_plugin.core.cases import fields as cases
from digital_citymgmt_plugin.core.census import fields as census
from digital_citymgmt_plugin.core.mapping import Mapping as ColumnMapping
from digital_citymgmt_plugin.core.mapping import guess_mapping
from digital_citymgmt_plugin.core.places.fields import CAMERA, PLATE, RANGE_NUMBERS, STREET
from digital_citymgmt_plugin.core.places.fields import SYNONYMS as PLACES
from digital_citymgmt_plugin.core.roles import (
    CASES,
    COMMUNITIES,
    COMPONENTS,
    COUNTIES,
    EVENTS,
    GRIDS,
    OTHER,
    PROFILE,
    STREETS,
)

__all__ = [
    "CASES", "COMMUNITIES", "COMPONENTS", "COUNTIES", "EVENTS", "GRIDS", "OTHER", "PROFILE", "STREETS", "Guess",
    "code_fields", "county_name", "county_votes", "crs_of_coordinates", "edition_of", "guess_role", "mapping_of",
    "name_field", "plain",
]  # fmt: skip

# Provinces as GB/T 2260 numbers them: the first two digits of every county code.
_PROVINCES = frozenset(
    f"{code}"
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 82))
    for code in range(first, last + 1)
)
_AREA_LENGTHS = {6: COUNTIES, 9: STREETS, 12: COMMUNITIES, 14: GRIDS, 15: GRIDS}
_OBJECT_LENGTHS = (16, 17, 18)  # codes of components
_WORDS = (
    (GRIDS, ("单元网格", "网格", "grid", "cell")),
    (COMMUNITIES, ("社区", "村", "居委", "communit", "village", "neighbo")),
    (STREETS, ("街道", "乡镇", "镇", "street", "town")),
    (COUNTIES, ("区县", "县界", "区界", "行政区", "county", "district")),
)
_PLACE_WORDS = (
    "poi",
    "兴趣点",
    "landmark",
    "地标",
    "标志物",
    "门牌",
    "door plate",
    "doorplate",
    "camera",
    "摄像",
    "地名",
)
_PLACE_FIELDS = {
    # Not our own short names: a census may have an "angle", too.
    "plate_number": PLACES[PLATE]["number"], "camera_angle": PLACES[CAMERA]["angle"],
    **{f"street_{name}": PLACES[STREET][name] for name in (*RANGE_NUMBERS, "ranges")},
}  # fmt: skip
_NAMES = (
    "name", "名称", "名字", "mc", "社区名称", "社区", "街道名称", "街道", "区县名称", "区县", "单元网格名称",
    "网格名称",    "community", "sqmc", "jdmc", "wgmc", "xzqmc", "dwmc",
)  # fmt: skip
_COUNTY_NAMES = ("区县", "区县名称", "县区", "县名", "所属区县", "county_name", "county", "district", "district_name")
_CODE_NAMES = ("code", "编码", "代码", "编号", "bm", "dm", "bh")
_SMALL, _MANY = 150_000.0, 20  # m² and rows: as many polygons as that, as small, are unit grids rather than areas
_MOSTLY = 0.8  # share of the values that must look alike


@dataclass(frozen=True)
class Guess:
    """What a layer or table is taken for, and by which fields it is read."""

    role: str
    code_field: str = ""
    name_field: str = ""
    why: str = ""  # code of a sentence


def plain(value: Any) -> str:
    """Return a cell as text without blanks; a whole number read as a decimal loses its ``.0``."""
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value).strip()


def code_fields(columns: Mapping[str, Sequence[Any]]) -> list[tuple[str, int, float]]:
    """Find the columns of administrative codes: name, number of digits, share of different values; the best first.

    Most of the values must be digits of one of the known lengths, beginning with a province. The most telling column
    is the one with the fewest repetitions, of equal ones the longest.
    """
    found = []
    for name, values in columns.items():
        texts = [text for text in map(plain, values) if text]
        lengths = Counter(len(text) for text in texts if text.isascii() and text.isdigit() and text[:2] in _PROVINCES)
        if not lengths:
            continue
        length, count = lengths.most_common(1)[0]
        if length in (*_AREA_LENGTHS, *_OBJECT_LENGTHS) and count >= _MOSTLY * len(texts):
            found.append((name, length, len(set(texts)) / len(texts)))
    return sorted(found, key=lambda item: (-round(item[2], 1), -item[1]))


def name_field(columns: Mapping[str, Sequence[Any]], code: str = "") -> str:
    """Find the column of names: by its heading, else the first one of words; "" when there is none."""
    folded = {_fold(name): name for name in reversed(list(columns)) if name != code}
    for known in _NAMES:
        if _fold(known) in folded:
            return folded[_fold(known)]
    for name, values in columns.items():
        texts = [text for text in map(plain, values) if text]
        words = [text for text in texts if any("\u4e00" <= letter <= "\u9fff" for letter in text)]
        if name != code and texts and len(words) >= _MOSTLY * len(texts) and len(set(texts)) > len(texts) / 2:
            return name
    return ""


def guess_role(
    name: str, geometry: str | None, columns: Mapping[str, Sequence[Any]], area: float | None = None
) -> Guess:
    """Guess what a layer or table is.

    Parameters
    ----------
    name : str
        Of file and layer.
    geometry : str or None
        As ``SourceInfo.geometry``; None for a table.
    columns : mapping of name to values
        A sample of the rows.
    area : float, optional
        Median area of polygons, m².
    """
    headings = list(columns)
    as_case = guess_mapping(headings, cases.SYNONYMS)
    timed = set(cases.TIMES) & set(as_case.fields)
    polygons = geometry in ("Polygon", "MultiPolygon", "Unknown")
    if "case_no" in as_case.fields and not polygons:
        log = guess_mapping(headings, cases.EVENT_SYNONYMS).fields
        if geometry is None and {"action", "at"} <= set(log) and not timed:
            return Guess(EVENTS, why="guess.by_headings")
        if timed:
            return Guess(CASES, why="guess.by_headings")
    as_component = guess_mapping(headings, census.SYNONYMS)
    if "class_code" not in as_component.fields and not polygons and _is_gazetteer(name, headings):
        return Guess(OTHER, why="guess.gazetteer")
    is_component = bool({"class_code", "class_name"} & set(as_component.fields))
    if polygons and not is_component:
        return _polygons(name, columns, area)
    if geometry is None and not is_component:
        return _table(columns, bool(as_component.x))
    if is_component or geometry is not None:
        rule = as_component.fields.get("class_code") or as_component.fields.get("class_name")
        return Guess(COMPONENTS, rule.columns[0] if rule else "", why="guess.by_headings" if rule else "guess.by_shape")
    return Guess(OTHER)


def _is_gazetteer(name: str, headings: Sequence[str]) -> bool:
    """Tell whether a layer holds places (doors, cameras, points of interest): by their own columns, or its name."""
    return bool(guess_mapping(headings, _PLACE_FIELDS).fields) or any(word in name.lower() for word in _PLACE_WORDS)


def _polygons(name: str, columns: Mapping[str, Sequence[Any]], area: float | None) -> Guess:
    coded = [item for item in code_fields(columns) if item[1] in _AREA_LENGTHS]
    if coded:
        field, length, _ = coded[0]
        return Guess(_AREA_LENGTHS[length], field, name_field(columns, field), "guess.by_codes")
    label = name_field(columns)
    count = max((len(values) for values in columns.values()), default=0)
    lowered = name.lower()
    for role, words in _WORDS:
        if any(word in lowered for word in words):
            return Guess(role, "", label, "guess.by_name")
    if area is not None and area < _SMALL and count >= _MANY:
        return Guess(GRIDS, "", label, "guess.by_size")
    return Guess(COMMUNITIES, "", label, "guess.by_shape")


def _table(columns: Mapping[str, Sequence[Any]], has_place: bool) -> Guess:
    coded = code_fields(columns)
    if coded and coded[0][1] in _OBJECT_LENGTHS and has_place:
        return Guess(COMPONENTS, why="guess.by_codes")
    if coded and coded[0][1] in (6, 9, 12) and coded[0][2] > 0.9 and len(columns) <= 12:
        return Guess(_AREA_LENGTHS[coded[0][1]], coded[0][0], name_field(columns, coded[0][0]), "guess.by_codes")
    return Guess(OTHER)


def mapping_of(role: str, headings: Iterable[str]) -> ColumnMapping:
    """Return which columns an import of this role would read."""
    known = {CASES: cases.SYNONYMS, EVENTS: cases.EVENT_SYNONYMS, COMPONENTS: census.SYNONYMS}.get(role)
    return guess_mapping(headings, known) if known is not None else ColumnMapping()


def county_votes(columns: Mapping[str, Sequence[Any]]) -> Counter[str]:
    """Count which county codes the administrative codes of a table begin with."""
    votes: Counter[str] = Counter()
    for name, length, _ in code_fields(columns):
        # Six digits alone may be anything (a date, a post code): only where the heading says so.
        if length > 6 or any(word in _fold(name) for word in _CODE_NAMES):
            votes.update(text[:6] for text in map(plain, columns[name]) if len(text) == length and text.isdigit())
    return votes


def county_name(columns: Mapping[str, Sequence[Any]]) -> str:
    """Return the county that most rows name, "" when none does."""
    folded = {_fold(name): name for name in columns}
    for known in _COUNTY_NAMES:
        values = Counter(text for text in map(plain, columns.get(folded.get(_fold(known), ""), ())) if text)
        if values:
            word, count = values.most_common(1)[0]
            if count >= _MOSTLY * sum(values.values()) and not word.isdigit():
                return word
    return ""


def crs_of_coordinates(west: float, south: float, east: float, north: float) -> tuple[str, str]:
    """Guess a CRS from the extent of coordinates that came without one: authority text and code of a sentence.

    Degrees are taken for CGCS2000; an easting of eight digits names its 3-degree (25–45) or 6-degree (13–23) zone. An
    easting of six digits could be in any zone: ("", …).
    """
    if -180 <= west <= east <= 180 and -90 <= south <= north <= 90:
        return "EPSG:4490", "guess.crs_degrees"
    zone, last = int(west // 1_000_000), int(east // 1_000_000)
    if zone == last and 0 < south < north + 1 < 10_000_001:
        if 25 <= zone <= 45:
            return f"EPSG:{4513 + zone - 25}", "guess.crs_zone"
        if 13 <= zone <= 23:
            return f"EPSG:{4491 + zone - 13}", "guess.crs_zone"
    return "", "guess.crs_unknown"


def edition_of(grid_lengths: Iterable[int], class_values: Iterable[str], object_lengths: Iterable[int]) -> str:
    """Guess the edition of the standard, "" when nothing tells: grids of 14 digits are 2007, classes of 5 are 2026."""
    if 14 in set(grid_lengths):
        return "2007"
    digits = Counter(len(value) for value in class_values if value.isascii() and value.isdigit())
    length = digits.most_common(1)[0][0] if digits else 0
    if length == 5 or 17 in set(object_lengths):
        return "2026"
    return "2013" if length == 4 or 16 in set(object_lengths) else ""


def _fold(name: str) -> str:
    return name.lower().replace(" ", "").replace("_", "").replace("-", "")

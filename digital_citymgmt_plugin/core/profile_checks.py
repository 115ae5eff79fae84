# SPDX-License-Identifier: GPL-2.0-or-later
"""Every fault of a city profile, with the table, the row's key and the column in which it stands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from digital_citymgmt_plugin.core.assessment.counts import COUNTS
from digital_citymgmt_plugin.core.assessment.scheme_checks import check_indicator, check_rows
from digital_citymgmt_plugin.core.assessment.scheme_rows import band_key, term_key
from digital_citymgmt_plugin.core.cases.clock import RETURNS
from digital_citymgmt_plugin.core.cases.times import FIRST_YEAR, LAST_YEAR
from digital_citymgmt_plugin.core.cases.workflow import check_moves, move_key
from digital_citymgmt_plugin.core.cases.workhours import parse_hours, parse_period
from digital_citymgmt_plugin.core.cases.worktime import LONGEST_LIMIT
from digital_citymgmt_plugin.core.catalogue import ACCURACIES, GEOMETRIES, MOST_PHOTOS, REQUIRABLE
from digital_citymgmt_plugin.core.codes import COMPONENT, UNIT_GRID
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.load_weights import parse_weights
from digital_citymgmt_plugin.core.profile import (
    CLASS_KINDS,
    DEFAULT_SETTINGS,
    DIRECTIONS,
    LIMIT_UNITS,
    LOAD_WEIGHTS,
    POLICIES,
    SETTINGS,
    ClassEntry,
    Indicator,
    Problem,
    Profile,
    duty_key,
    is_positive,
    period_key,
    rule_key,
)

FARTHEST = 10_000.0  # metres; no case lies farther from its component
UNITS = ("%", "")
_SYMBOL = re.compile(r"[a-z][a-z0-9_]{0,39}")  # the name of a file of ours, never a path


def check_profile(profile: Profile) -> list[Problem]:
    """Return all faults as (code, values); see ``Profile.check``."""
    departments = frozenset(department.code for department in profile.departments)
    return [
        *_schemes(profile),
        *_settings(profile),
        *_duplicates("classes", "code", (f"{entry.kind} {entry.code}" for entry in profile.classes)),
        *(problem for entry in profile.classes for problem in _class(profile, entry, departments)),
        *_duplicates("departments", "code", (department.code for department in profile.departments)),
        *_departments(profile),
        *_duplicates("filing_standard", "condition_no", (rule_key(rule) for rule in profile.filing_rules)),
        *_filing_rules(profile),
        *_duplicates("responsibility_rules", "class_code", (duty_key(rule) for rule in profile.responsibility)),
        *_responsibility(profile, departments),
        *_duplicates("indicators", "code", (indicator.code for indicator in profile.indicators)),
        *(problem for indicator in profile.indicators for problem in _indicator(profile, indicator)),
        *_duplicates("work_calendar", "day", (entry.day for entry in profile.days)),
        *_days(profile),
        *_duplicates("work_hours", "from_day", (period_key(entry) for entry in profile.periods)),
        *_periods(profile),
        *_duplicates("class_synonyms", "word", (f"{entry.word} {entry.kind}" for entry in profile.synonyms)),
        *_synonyms(profile),
        *_duplicates("workflow", "from_stages", (move_key(move) for move in profile.moves)),
        *(check_moves(profile.moves) if profile.moves else ()),
        *_duplicates("score_schemes", "code", (row.code for row in profile.score_schemes)),
        *_names_twice(profile),
        *_duplicates("score_terms", "indicator", (term_key(row) for row in profile.score_terms)),
        *_duplicates("score_bands", "start", (band_key(row) for row in profile.score_bands)),
        *check_rows(profile.score_schemes, profile.score_terms, profile.score_bands, profile.indicators),
    ]


def _duplicates(table: str, column: str, keys: Iterable[str]) -> list[Problem]:
    return [
        ("profile.duplicate", {"table": table, "key": key, "column": column, "value": key, "times": times})
        for key, times in Counter(keys).items()
        if times > 1
    ]


def _names_twice(profile: Profile) -> Iterable[Problem]:
    """Tell schemes of evaluation that bear the name of another: people choose them by name."""
    seen: dict[str, str] = {}
    for row in profile.score_schemes:
        if row.name in seen and seen[row.name] != row.code:
            where = {"table": "score_schemes", "key": row.code, "column": "name", "value": row.name}
            yield "profile.duplicate", {**where, "times": 2}
        seen.setdefault(row.name, row.code)


def _schemes(profile: Profile) -> Iterable[Problem]:
    for scheme, kind in ((profile.grid_scheme, UNIT_GRID), (profile.component_scheme, COMPONENT)):
        where = {"table": "schemes", "key": kind}
        names = [segment.name for segment in scheme.segments[:-1]]
        if scheme.kind != kind:
            yield "profile.scheme_kind", {**where, "column": "kind", "kind": scheme.kind}
        elif kind == COMPONENT and names != ["county", "major", "minor"]:
            yield "profile.scheme_segments", {**where, "column": "segment", "segments": "+".join(names)}


def _settings(profile: Profile) -> Iterable[Problem]:
    for key in dict.fromkeys((*DEFAULT_SETTINGS, *profile.settings)):
        value = profile.setting(key)
        where = {"table": "settings", "key": key, "column": "value", "value": value}
        if key not in SETTINGS:
            yield "profile.unknown_setting", {**where, "column": "key", "known": ", ".join(SETTINGS)}
        elif not _setting_is_good(profile, key, value):
            numeric = _SETTING.get(key) in (_is_tolerance, _is_percent)
            yield "profile.setting_number" if numeric else "profile.setting_text", where


def _setting_is_good(profile: Profile, key: str, value: str) -> bool:
    check = _SETTING.get(key)
    return check is None or check(profile, value)


def _is_tolerance(profile: Profile, value: str) -> bool:
    return is_positive(value) and float(value) <= FARTHEST


def _is_percent(profile: Profile, value: str) -> bool:
    return is_positive(value) and float(value) <= 1_000


def _is_duty(profile: Profile, value: str) -> bool:
    named = [part.strip() for part in value.split(",")]
    return len(set(named)) == len(named) and set(named) <= {"owner", "manager", "maintainer"}


def _is_hours(profile: Profile, value: str) -> bool:
    try:
        return bool(parse_hours(value))
    except ValueError:
        return False


def _is_kinds(profile: Profile, value: str) -> bool:
    named = [part for part in re.split(r"[;；,，]", value) if part.strip()]
    found = profile.extra_kinds
    return len(found) == len(named) == len(set(found.values())) and not set(found) & set(CLASS_KINDS)


def _is_weights(profile: Profile, value: str) -> bool:
    try:
        parse_weights(value)
    except InputRefused:
        return False
    return True


def _is_number_of(digits: Callable[[Profile], int]) -> Callable[[Profile, str], bool]:
    def check(profile: Profile, value: str) -> bool:
        return not value or (value.isascii() and value.isdigit() and len(value) == digits(profile))

    return check


_SETTING: dict[str, Callable[[Profile, str], bool]] = {
    **{key: _is_tolerance for key in DEFAULT_SETTINGS if key.startswith(("tolerance_", "duplicate_"))},
    "border_m": _is_tolerance,
    "component_duty": _is_duty,
    "precedent_m": _is_tolerance,
    **{key: _is_tolerance for key in DEFAULT_SETTINGS if key.endswith("_minutes")},
    "lamp_amber_percent": _is_percent,
    "lamp_red_percent": _is_percent,
    "after_return": lambda _profile, value: value in RETURNS,
    "work_hours": _is_hours,
    "redraw_policy": lambda _profile, value: value in ("", *POLICIES),
    "extra_kinds": _is_kinds,
    LOAD_WEIGHTS: _is_weights,
    "extension_major": _is_number_of(lambda profile: profile.component_scheme.digits("major")),
    "extension_from": _is_number_of(lambda profile: profile.component_scheme.digits("minor")),
    "extension_to": _is_number_of(lambda profile: profile.component_scheme.digits("minor")),
}


def _class(profile: Profile, entry: ClassEntry, departments: frozenset[str]) -> Iterable[Problem]:
    where = {"table": "classes", "key": f"{entry.kind} {entry.code}", "class_code": entry.code}

    def wrong(column: str) -> Problem:
        return "profile.wrong_value", {**where, "column": column, "value": getattr(entry, column)}

    if entry.kind not in profile.kinds:
        yield wrong("kind")
    if len(entry.code) != profile.class_length or not (entry.code.isascii() and entry.code.isdigit()):
        expected = {"expected": profile.class_length, "column": "code", "value": entry.code}
        yield "profile.class_length", {**where, **expected}
    elif entry.code != entry.major_code + entry.minor_code:
        parts = {"major": entry.major_code, "minor": entry.minor_code, "column": "minor_code"}
        yield "profile.class_parts", {**where, **parts, "value": entry.minor_code}
    if not entry.name.strip():
        yield "profile.no_name", {**where, "column": "name"}
    if entry.geometry not in GEOMETRIES:
        yield wrong("geometry")
    if entry.accuracy not in ACCURACIES:
        yield wrong("accuracy")
    for column in _wrong_in_catalogue(entry):
        yield wrong(column)
    if entry.department_code and entry.department_code not in departments:
        yield _no_department(where, "department_code", entry.department_code)


def _wrong_in_catalogue(entry: ClassEntry) -> Iterable[str]:
    """Name the columns of the class catalogue that hold what they may not."""
    if not set(entry.required) <= set(REQUIRABLE):
        yield "required_fields"
    if entry.photo_count is not None and not 0 <= entry.photo_count <= MOST_PHOTOS:
        yield "photo_count"
    for column in ("tolerance_m", "duplicate_m"):
        metres = getattr(entry, column)
        if metres is not None and not (is_positive(metres) and metres <= FARTHEST):
            yield column
    if entry.symbol and not _SYMBOL.fullmatch(entry.symbol):
        yield "symbol"


def _no_department(where: dict[str, Any], column: str, code: str) -> Problem:
    return "profile.unknown_department", {**where, "department": code, "column": column, "value": code}


def _departments(profile: Profile) -> Iterable[Problem]:
    parents = {department.code: department.parent_code for department in profile.departments}
    for department in profile.departments:
        where = {"table": "departments", "key": department.code}
        if not department.code.strip() or not department.name.strip():
            yield "profile.no_name", {**where, "column": "name" if department.code.strip() else "code"}
        if department.parent_code and department.parent_code not in parents:
            yield _no_department(where, "parent_code", department.parent_code)
        seen, above = {department.code}, department.parent_code
        while above in parents and above not in seen:
            seen.add(above)
            above = parents[above]
        if above == department.code:
            yield "profile.department_cycle", {**where, "column": "parent_code", "value": department.parent_code}


def _filing_rules(profile: Profile) -> Iterable[Problem]:
    known = {(entry.kind, entry.code) for entry in profile.classes}
    for rule in profile.filing_rules:
        where = {"table": "filing_standard", "key": rule_key(rule), "class_code": rule.class_code}
        if (rule.kind, rule.class_code) not in known:
            yield "profile.unknown_class", {**where, "column": "class_code", "value": rule.class_code}
        if not 0 < rule.condition_no < 1_000_000:
            yield "profile.wrong_value", {**where, "column": "condition_no", "value": rule.condition_no}
        if rule.limit_value is not None and not (is_positive(rule.limit_value) and rule.limit_value <= LONGEST_LIMIT):
            yield "profile.wrong_value", {**where, "column": "limit_value", "value": rule.limit_value}
        if rule.limit_unit not in LIMIT_UNITS and (rule.limit_unit or rule.limit_value is not None):
            yield "profile.wrong_value", {**where, "column": "limit_unit", "value": rule.limit_unit}


def _responsibility(profile: Profile, departments: frozenset[str]) -> Iterable[Problem]:
    known = {(entry.kind, entry.code) for entry in profile.classes}
    for rule in profile.responsibility:
        where = {"table": "responsibility_rules", "key": duty_key(rule), "class_code": rule.class_code}
        if rule.kind and rule.kind not in profile.kinds:
            yield "profile.wrong_value", {**where, "column": "kind", "value": rule.kind}
        elif rule.class_code and (rule.kind, rule.class_code) not in known:
            yield "profile.unknown_class", {**where, "column": "class_code", "value": rule.class_code}
        if rule.area_code and not (rule.area_code.isascii() and rule.area_code.isdigit()):
            yield "profile.wrong_value", {**where, "column": "area_code", "value": rule.area_code}
        if abs(rule.priority) > 1_000_000:
            yield "profile.wrong_value", {**where, "column": "priority", "value": rule.priority}
        if rule.department_code not in departments:
            yield _no_department(where, "department_code", rule.department_code)


def _indicator(profile: Profile, indicator: Indicator) -> Iterable[Problem]:
    where = {"table": "indicators", "key": indicator.code}
    if not indicator.code.strip() or not indicator.name.strip():
        yield "profile.no_name", {**where, "column": "name" if indicator.code.strip() else "code"}
    yield from check_indicator(indicator, (*COUNTS, *(count.code for count in profile.counts)))
    if indicator.direction not in DIRECTIONS:
        yield "profile.wrong_value", {**where, "column": "direction", "value": indicator.direction}
    if indicator.unit not in UNITS:
        yield "profile.wrong_value", {**where, "column": "unit", "value": indicator.unit}


def _days(profile: Profile) -> Iterable[Problem]:
    for entry in profile.days:
        try:
            day = date.fromisoformat(entry.day)
            good = FIRST_YEAR <= day.year <= LAST_YEAR and day.isoformat() == entry.day
        except ValueError:
            good = False
        if not good:
            where = {"table": "work_calendar", "key": entry.day, "column": "day", "value": entry.day}
            yield "profile.wrong_value", where


def _synonyms(profile: Profile) -> Iterable[Problem]:
    """Synonyms of classes that there are none of."""
    known = {(entry.kind, entry.code) for entry in profile.classes}
    codes = {code for _, code in known}
    for entry in profile.synonyms:
        where = {"table": "class_synonyms", "key": f"{entry.word} {entry.kind}", "class_code": entry.class_code}
        if (entry.kind, entry.class_code) not in known and (entry.kind or entry.class_code not in codes):
            yield "profile.unknown_class", {**where, "column": "class_code", "value": entry.class_code}


def _periods(profile: Profile) -> Iterable[Problem]:
    """Hours and days that cannot be read, and periods of one kind that share a day: which hours would hold there?"""
    taken: dict[bool, list[tuple[date, date]]] = {True: [], False: []}
    for entry in profile.periods:
        where = {"table": "work_hours", "key": period_key(entry)}
        if not _is_hours(profile, entry.hours):
            yield "profile.wrong_value", {**where, "column": "hours", "value": entry.hours}
        try:
            spans = parse_period(entry.from_day, entry.to_day)
        except ValueError:
            yield "profile.wrong_value", {**where, "column": "from_day", "value": period_key(entry)}
            continue
        others = taken[len(spans) > 1]
        if any(first <= end and start <= last for first, last in spans for start, end in others):
            yield "profile.wrong_value", {**where, "column": "from_day", "value": period_key(entry)}
        others += spans

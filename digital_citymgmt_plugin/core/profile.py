# SPDX-License-Identifier: GPL-2.0-or-later
"""The city profile: edition, code schemes, classes, departments, filing standard, indicators. Frozen, validated data.

What no source confirms twice is a setting with the plugin's own default and carries its ``confidence`` with it; the
user interface says "default", never "as the standard requires".
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digital_citymgmt_plugin.core.codes import COMPONENT, UNIT_GRID, CodeScheme
from digital_citymgmt_plugin.core.errors import ProfileError

EVENT = "event"  # 事件; called matters (事项) in the edition 2026
CLASS_KINDS = (COMPONENT, EVENT)
GEOMETRIES = ("point", "line", "area", "")
ACCURACIES = ("A", "B", "C", "")
DIRECTIONS = ("higher", "lower", "")  # which value is the better one
LIMIT_UNITS: Mapping[str, str] = MappingProxyType(
    {
        "emergency_hour": "紧急工作时",  # runs day and night, holidays too
        "work_hour": "工作时",
        "work_day": "工作日",
        "calendar_day": "自然日",  # 紧急工作日 of one source is counted the same way: 24 hours
    }
)

# The plugin's own defaults: standards give the accuracy of components, not how far a case may lie from one.
DEFAULT_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "tolerance_a_m": "5",
        "tolerance_b_m": "10",
        "tolerance_c_m": "20",
        "tolerance_other_m": "10",
    }
)

Problem = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class ClassEntry:
    """A class (小类) of components or events.

    ``tolerance_m`` is how far, in metres, a case may lie from its component; None takes the accuracy's default.
    ``geometry`` and ``accuracy`` are proposals: no source gives them per class.
    """

    kind: str
    code: str
    major_code: str
    major_name: str
    minor_code: str
    name: str
    geometry: str = ""
    accuracy: str = ""
    tolerance_m: float | None = None
    department_code: str = ""
    confidence: str = ""
    enabled: bool = True


@dataclass(frozen=True)
class Department:
    """A department or company that manages, owns or maintains."""

    code: str
    name: str
    parent_code: str = ""
    kind: str = ""


@dataclass(frozen=True)
class FilingRule:
    """One condition of the filing standard (立案标准) with its limit and closing condition."""

    class_code: str
    kind: str
    condition_no: int
    condition: str
    limit_value: float | None = None
    limit_unit: str = ""
    closing_condition: str = ""
    confidence: str = ""


@dataclass(frozen=True)
class Indicator:
    """A rate over two named counts; ``unit`` is ``%`` or empty."""

    code: str
    name: str
    numerator: str
    denominator: str
    unit: str = "%"
    direction: str = "higher"
    confidence: str = ""
    source: str = ""


@dataclass(frozen=True)
class CountDefinition:
    """A named count of cases and when a case is in it, in one line of English and one of Chinese."""

    code: str
    name: str
    definition: str
    definition_zh: str = ""
    confidence: str = ""


@dataclass(frozen=True)
class Profile:
    """All that differs from city to city and from edition to edition."""

    name: str
    edition: str
    grid_scheme: CodeScheme
    component_scheme: CodeScheme
    classes: tuple[ClassEntry, ...] = ()
    departments: tuple[Department, ...] = ()
    filing_rules: tuple[FilingRule, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    counts: tuple[CountDefinition, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    version: str = "1"

    def setting(self, key: str) -> str:
        """Return a setting, the default where the profile has none, '' when there is neither."""
        return self.settings.get(key, DEFAULT_SETTINGS.get(key, ""))

    def class_by_code(self, kind: str) -> dict[str, ClassEntry]:
        """Return the classes in use of a kind by their code (major + minor)."""
        return {entry.code: entry for entry in self.classes if entry.kind == kind and entry.enabled}

    def class_by_name(self, kind: str) -> dict[str, ClassEntry]:
        """Return the classes in use of a kind by name; names that several classes bear are left out."""
        entries = [entry for entry in self.classes if entry.kind == kind and entry.enabled]
        often = Counter(entry.name for entry in entries)
        return {entry.name: entry for entry in entries if often[entry.name] == 1}

    def ambiguous_names(self, kind: str) -> tuple[str, ...]:
        """Return the names that several classes in use bear: only a code tells these apart."""
        often = Counter(entry.name for entry in self.classes if entry.kind == kind and entry.enabled)
        return tuple(name for name, times in often.items() if times > 1)

    def department_by_code(self) -> dict[str, Department]:
        """Return the departments by their code."""
        return {department.code: department for department in self.departments}

    def tolerance(self, entry: ClassEntry) -> float:
        """Return how far in metres a case may lie from a component of this class."""
        if entry.tolerance_m is not None:
            return entry.tolerance_m
        return float(self.setting(f"tolerance_{entry.accuracy.lower() or 'other'}_m"))

    @property
    def class_length(self) -> int:
        """Number of digits of a class code: major and minor of the component scheme."""
        return self.component_scheme.digits("major") + self.component_scheme.digits("minor")

    def scope_of_class(self, county_code: str, class_code: str) -> str:
        """Return the scope in which components of a class are numbered: county + major + minor.

        Raises
        ------
        ProfileError
            ``profile.scope_county`` or ``profile.scope_class`` when a part has not the scheme's digits.
        """
        self._check_part("profile.scope_county", county_code, self.component_scheme.digits("county"))
        self._check_part("profile.scope_class", class_code, self.class_length)
        return county_code + class_code

    def scopes_of_classes(self, county_code: str, class_codes: ArrayLike) -> NDArray[np.str_]:
        """Return ``scope_of_class`` for many class codes at once."""
        values, places = np.unique(np.asarray(class_codes, dtype=str), return_inverse=True)
        width = self.component_scheme.scope_length
        scopes = np.array([self.scope_of_class(county_code, str(value)) for value in values], dtype=f"U{width}")
        return scopes[places]

    def _check_part(self, reason: str, value: str, digits: int) -> None:
        if len(value) != digits or not (value.isascii() and value.isdigit()):
            raise ProfileError(reason, value=value, digits=digits, structure=self.component_scheme.structure)

    def check(self) -> list[Problem]:
        """Return all faults as (code, values); ``table`` and ``key`` in the values say where."""
        return [
            *self._check_schemes(),
            *self._check_settings(),
            *_duplicates("classes", (f"{entry.kind} {entry.code}" for entry in self.classes)),
            *(problem for entry in self.classes for problem in self._check_class(entry)),
            *_duplicates("departments", (department.code for department in self.departments)),
            *self._check_departments(),
            *_duplicates("filing_standard", (rule_key(rule) for rule in self.filing_rules)),
            *self._check_rules(),
            *_duplicates("indicators", (indicator.code for indicator in self.indicators)),
            *(problem for indicator in self.indicators for problem in self._check_indicator(indicator)),
        ]

    def demand(self) -> Profile:
        """Return the profile itself when it has no fault.

        Raises
        ------
        ProfileError
            The first fault; ``others`` says how many more there are.
        """
        problems = self.check()
        if problems:
            reason, values = problems[0]
            raise ProfileError(reason, **{"file": self.name, "row": 0, **values, "others": len(problems) - 1})
        return self

    def _check_schemes(self) -> Iterable[Problem]:
        for scheme, kind in ((self.grid_scheme, UNIT_GRID), (self.component_scheme, COMPONENT)):
            names = [segment.name for segment in scheme.segments[:-1]]
            if scheme.kind != kind:
                yield "profile.scheme_kind", {"table": "schemes", "key": kind, "kind": scheme.kind}
            elif kind == COMPONENT and names != ["county", "major", "minor"]:
                yield "profile.scheme_segments", {"table": "schemes", "key": kind, "segments": "+".join(names)}

    def _check_settings(self) -> Iterable[Problem]:
        for key in DEFAULT_SETTINGS:
            value = self.setting(key)
            if not is_positive(value):
                yield "profile.setting_number", {"table": "settings", "key": key, "value": value}

    def _check_class(self, entry: ClassEntry) -> Iterable[Problem]:
        where = {"table": "classes", "key": f"{entry.kind} {entry.code}", "class_code": entry.code}
        if entry.kind not in CLASS_KINDS:
            yield "profile.wrong_value", {**where, "column": "kind", "value": entry.kind}
        if len(entry.code) != self.class_length or not (entry.code.isascii() and entry.code.isdigit()):
            yield "profile.class_length", {**where, "expected": self.class_length}
        elif entry.code != entry.major_code + entry.minor_code:
            yield "profile.class_parts", {**where, "major": entry.major_code, "minor": entry.minor_code}
        if not entry.name.strip():
            yield "profile.no_name", where
        if entry.geometry not in GEOMETRIES:
            yield "profile.wrong_value", {**where, "column": "geometry", "value": entry.geometry}
        if entry.accuracy not in ACCURACIES:
            yield "profile.wrong_value", {**where, "column": "accuracy", "value": entry.accuracy}
        if entry.tolerance_m is not None and not is_positive(entry.tolerance_m):
            yield "profile.wrong_value", {**where, "column": "tolerance_m", "value": entry.tolerance_m}
        if entry.department_code and entry.department_code not in self._department_codes:
            yield "profile.unknown_department", {**where, "department": entry.department_code}

    @property
    def _department_codes(self) -> frozenset[str]:
        return frozenset(department.code for department in self.departments)

    def _check_departments(self) -> Iterable[Problem]:
        parents = {department.code: department.parent_code for department in self.departments}
        for department in self.departments:
            where = {"table": "departments", "key": department.code}
            if not department.code.strip() or not department.name.strip():
                yield "profile.no_name", where
            if department.parent_code and department.parent_code not in parents:
                yield "profile.unknown_department", {**where, "department": department.parent_code}
            seen, above = {department.code}, department.parent_code
            while above in parents and above not in seen:
                seen.add(above)
                above = parents[above]
            if above == department.code:
                yield "profile.department_cycle", where

    def _check_rules(self) -> Iterable[Problem]:
        known = {(entry.kind, entry.code) for entry in self.classes}
        for rule in self.filing_rules:
            where = {"table": "filing_standard", "key": rule_key(rule), "class_code": rule.class_code}
            if (rule.kind, rule.class_code) not in known:
                yield "profile.unknown_class", where
            if rule.limit_value is not None and not is_positive(rule.limit_value):
                yield "profile.wrong_value", {**where, "column": "limit_value", "value": rule.limit_value}
            if rule.limit_unit not in LIMIT_UNITS and (rule.limit_unit or rule.limit_value is not None):
                yield "profile.wrong_value", {**where, "column": "limit_unit", "value": rule.limit_unit}

    def _check_indicator(self, indicator: Indicator) -> Iterable[Problem]:
        where = {"table": "indicators", "key": indicator.code}
        if not indicator.code.strip() or not indicator.name.strip():
            yield "profile.no_name", where
        known = {count.code for count in self.counts}
        for column in ("numerator", "denominator"):
            value = getattr(indicator, column)
            if value not in known:
                yield "profile.unknown_count", {**where, "column": column, "value": value}
        if indicator.direction not in DIRECTIONS:
            yield "profile.wrong_value", {**where, "column": "direction", "value": indicator.direction}


def rule_key(rule: FilingRule) -> str:
    """Return what tells one filing rule from another."""
    return f"{rule.kind} {rule.class_code} {rule.condition_no}"


def is_positive(value: Any) -> bool:
    """Tell whether a value is, or reads as, a finite number above 0."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return False
    return math.isfinite(number) and number > 0


def _duplicates(table: str, keys: Iterable[str]) -> list[Problem]:
    return [
        ("profile.duplicate", {"table": table, "key": key, "times": times})
        for key, times in Counter(keys).items()
        if times > 1
    ]

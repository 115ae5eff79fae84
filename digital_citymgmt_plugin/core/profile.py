# SPDX-License-Identifier: GPL-2.0-or-later
"""The city profile: edition, code schemes, classes, departments, filing standard, indicators. Frozen, validated data.

What no source confirms twice is a setting with the plugin's own default and carries its ``confidence`` with it; the
user interface says "default", never "as the standard requires".
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digital_citymgmt_plugin.core.assessment.scheme_rows import BandRow, SchemeRow, TermRow
from digital_citymgmt_plugin.core.cases.workflow import Move
from digital_citymgmt_plugin.core.cases.workhours import DEFAULT_HOURS
from digital_citymgmt_plugin.core.catalogue import split_fields
from digital_citymgmt_plugin.core.codes import COMPONENT, CodeScheme
from digital_citymgmt_plugin.core.errors import ProfileError

EVENT = "event"  # 事件; called matters (事项) in the edition 2026
CLASS_KINDS = (COMPONENT, EVENT)
KIND_NAMES: Mapping[str, str] = MappingProxyType({COMPONENT: "部件", EVENT: "事件"})
DIRECTIONS = ("higher", "lower", "")  # which value is the better one
LIMIT_UNITS: Mapping[str, str] = MappingProxyType(
    {
        "emergency_hour": "紧急工作时",  # runs day and night, holidays too
        "work_hour": "工作时",
        "work_day": "工作日",
        "calendar_day": "自然日",
        "emergency_day": "紧急工作日",  # counted like 自然日: 24 hours of the clock each
    }
)

# The plugin's own defaults: standards give the accuracy of components, not how far a case may lie from one.
DEFAULT_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "tolerance_a_m": "5",
        "tolerance_b_m": "10",
        "tolerance_c_m": "20",
        "tolerance_other_m": "10",
        # How near two of a class may stand: twice what accuracy A and B allow a survey to be off; C (10 m) would take
        # every second tree of a row for a double, so a smaller one of our own.
        "duplicate_a_m": "1",
        "duplicate_b_m": "2",
        "duplicate_c_m": "3",
        "duplicate_other_m": "2",
        "work_hours": DEFAULT_HOURS,
        # Lamps by share of the limit (one source, practice); a return of a case stops its clock (no source says).
        "lamp_amber_percent": "80",
        "lamp_red_percent": "100",
        "after_return": "pause",
        # How near a border a case is before it is dispatched with a warning, how near a ruling is a precedent.
        "border_m": "10",
        "component_duty": "owner, manager",  # of a component: whose word goes first
        "precedent_m": "100",
        # Limits of tasks in working minutes: verification and check as in one city; of filing and dispatch no source.
        "verify_minutes": "30",
        "check_minutes": "30",
        "filing_minutes": "30",
        "dispatch_minutes": "30",
    }
)
LOAD_WEIGHTS = "load_weights"  # what components of a class count in the load of a unit grid: ``core/load_weights.py``
# What a setting of the profile may be called; an unknown one is a slip, and its default would be used unnoticed.
# ``redraw_policy``: who keeps the code when unit grids are redrawn.
# Extension of the class table: ``core/extension.py``; extra kinds: ``air=大气污染; water=水环境``.
SETTINGS = (
    *DEFAULT_SETTINGS, "department_assignment", "extra_kinds", "extension_major", "extension_from", "extension_to",
    LOAD_WEIGHTS, "redraw_policy",
)  # fmt: skip
POLICIES = ("largest_keeps", "all_new")  # of codes, when unit grids take the place of others
_EXTRA_KIND = re.compile(r"([a-z][a-z_]{1,30})\s*[=＝:：]\s*(\S.{0,30})")

Problem = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class ClassEntry:
    """A class (小类) of components or events.

    ``tolerance_m`` is how far, in metres, a case may lie from its component; None takes the accuracy's default.
    ``geometry`` and ``accuracy`` are proposals: no source gives them per class. ``required_fields`` are the columns
    that a component must have filled, parted by commas; ``photo_count`` the photos it must have; ``duplicate_m`` how
    near, in metres, two of the class may stand without being taken for one (None takes the accuracy's default);
    ``symbol`` the name of a symbol of ours, empty for the one by the class's name.
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
    required_fields: str = ""
    photo_count: int | None = None
    duplicate_m: float | None = None
    symbol: str = ""

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that a component of this class must have filled."""
        return split_fields(self.required_fields)


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
class ResponsibilityRule:
    """Which department answers for a class in an area; the highest priority decides.

    An empty ``class_code`` means every class of the kind (an empty ``kind``: of all), an empty ``area_code`` the city.
    """

    priority: int
    kind: str
    class_code: str
    area_code: str
    department_code: str
    reason: str = ""


@dataclass(frozen=True)
class CalendarDay:
    """A day (``YYYY-MM-DD``) of the city's own work calendar; it overrides what is published."""

    day: str
    is_workday: bool
    remark: str = ""


@dataclass(frozen=True)
class HoursPeriod:
    """Days with other working hours than the setting's.

    ``from_day`` and ``to_day`` belong to it: ``YYYY-MM-DD`` (one may be empty: open), or both ``MM-DD``: every year.
    One that names years goes before one of every year.
    """

    from_day: str
    to_day: str
    hours: str


@dataclass(frozen=True)
class ClassSynonym:
    """A word that tables use for a class; without ``kind`` it stands for that code in any. ``source``: whose word."""

    word: str
    kind: str
    class_code: str
    source: str = ""


@dataclass(frozen=True)
class Indicator:
    """A rate over two sums of named counts (``filed - voided``); ``unit`` is ``%`` or empty.

    Without ``denominator`` it is a number of cases.
    """

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
    responsibility: tuple[ResponsibilityRule, ...] = ()
    days: tuple[CalendarDay, ...] = ()
    periods: tuple[HoursPeriod, ...] = ()
    synonyms: tuple[ClassSynonym, ...] = ()
    moves: tuple[Move, ...] = ()  # none: checks pass it over, the store gives the default
    score_schemes: tuple[SchemeRow, ...] = ()
    score_terms: tuple[TermRow, ...] = ()
    score_bands: tuple[BandRow, ...] = ()

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

    def duplicate_tolerance(self, entry: ClassEntry) -> float:
        """Return how near in metres two components of this class may stand without being taken for one."""
        if entry.duplicate_m is not None:
            return entry.duplicate_m
        return float(self.setting(f"duplicate_{entry.accuracy.lower() or 'other'}_m"))

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

    @property
    def extra_kinds(self) -> dict[str, str]:
        """Names of the city's own class tables beside components and events, by their code (``air``: ``大气污染``).

        Cases of these classes go through the same stages as events. What cannot be read is left out; ``check`` says so.
        """
        found = {}
        for part in re.split(r"[;；,，]", self.setting("extra_kinds")):
            match = _EXTRA_KIND.fullmatch(part.strip())
            if match:
                found[match[1]] = match[2].strip()
        return found

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of classes: components, events and the city's own."""
        return (*CLASS_KINDS, *(kind for kind in self.extra_kinds if kind not in CLASS_KINDS))

    def check(self) -> list[Problem]:
        """Return all faults as (code, values); ``table``, ``key`` and ``column`` in the values say where."""
        from digital_citymgmt_plugin.core.profile_checks import check_profile

        return check_profile(self)

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


def rule_key(rule: FilingRule) -> str:
    """Return what tells one filing rule from another."""
    return f"{rule.kind} {rule.class_code} {rule.condition_no}"


def duty_key(rule: ResponsibilityRule) -> str:
    """Return what tells one responsibility rule from another."""
    return f"{rule.kind} {rule.class_code} {rule.area_code} {rule.priority}"


def period_key(period: HoursPeriod) -> str:
    """Return what tells one period of working hours from another."""
    return f"{period.from_day} {period.to_day}"


def is_positive(value: Any) -> bool:
    """Tell whether a value is, or reads as, a finite number above 0."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):  # a whole number may be larger than any float
        return False
    return math.isfinite(number) and number > 0

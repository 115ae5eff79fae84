# SPDX-License-Identifier: GPL-2.0-or-later
"""City profiles: the built-in ones, and to and from the tables of a store."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.basemap.themes import Cass, CassCode
from digital_citymgmt_plugin.core.cases.workflow import Move
from digital_citymgmt_plugin.core.census.check_pack import Rule
from digital_citymgmt_plugin.core.codes import (
    COMPONENT,
    EDITIONS,
    LOCAL_6235,
    UNIT_GRID,
    CodeScheme,
    scheme_from_dict,
    scheme_of,
    scheme_to_dict,
)
from digital_citymgmt_plugin.core.errors import CodeError, ProfileError
from digital_citymgmt_plugin.core.ports import Columns, Store
from digital_citymgmt_plugin.core.profile import (
    DEFAULT_SETTINGS,
    CalendarDay,
    ClassEntry,
    ClassSynonym,
    CountDefinition,
    Department,
    FilingRule,
    HoursPeriod,
    Indicator,
    Profile,
    ResponsibilityRule,
)
from digital_citymgmt_plugin.storage.score_schemes import SCORE_TABLES, builtin_scores, read_scores

FOLDER = Path(__file__).resolve().parents[1] / "resources" / "profiles"
SETTING = "setting."  # prefix of the profile's settings among the store's ``meta`` keys

# Columns of the store's tables, in the order in which they are written.
TABLES: Mapping[str, tuple[str, ...]] = {
    "class": (
        "kind", "code", "major_code", "major_name", "minor_code", "name", "geometry", "accuracy", "tolerance_m",
        "department_code", "confidence", "enabled", "required_fields", "photo_count", "duplicate_m", "symbol",
    ),
    "department": ("code", "name", "parent_code", "kind"),
    "filing_standard": (
        "class_code", "kind", "condition_no", "condition", "limit_value", "limit_unit", "closing_condition",
        "confidence",
    ),
    "indicator": ("code", "name", "numerator", "denominator", "unit", "direction", "confidence", "source"),
    "responsibility_rule": ("priority", "kind", "class_code", "area_code", "department_code", "reason"),
    "work_calendar": ("day", "is_workday", "remark"),
    "work_hours": ("from_day", "to_day", "hours"),
    "class_synonym": ("word", "kind", "class_code", "source"),
    "workflow_move": (
        "action", "name", "name_en", "from_stages", "to_stage", "roles", "needs", "flags", "sort", "confidence",
    ),
    **SCORE_TABLES,
}  # fmt: skip

# The local variant differs from 2026 in the sequence only.
_TABLES_OF = {LOCAL_6235: "2026"}


@cache
def builtin_profile(edition: str) -> Profile:
    """Return the built-in profile of an edition: 2007, 2013, 2026 or local-6235.

    The class table of 2013 is partly inferred, geometry and accuracy are proposals, departments are a generic list
    assigned by keywords in class names, and the filing standard is one city's example (for 2007 and 2026 that of the
    2013 class of equal name): all defaults to be replaced by the city's own. Each row says so in ``confidence``.

    Raises
    ------
    ProfileError
        ``profile.unknown_edition``.
    """
    if edition not in EDITIONS:
        raise ProfileError("profile.unknown_edition", edition=edition, editions=", ".join(EDITIONS))
    tables = _TABLES_OF.get(edition, edition)
    return Profile(
        name=edition,
        edition=edition,
        grid_scheme=scheme_of(edition, UNIT_GRID),
        component_scheme=scheme_of(edition, COMPONENT),
        classes=tuple(class_entry(row) for row in _read(f"classes_{tables}.csv")),
        departments=tuple(department(row) for row in _read("departments.csv")),
        filing_rules=tuple(filing_rule(row) for row in _read(f"filing_standard_{tables}.csv")),
        indicators=tuple(indicator(row) for row in _read("indicators.csv")),
        counts=builtin_counts(),
        moves=builtin_moves(),
        **builtin_scores(),
        settings=MappingProxyType({**DEFAULT_SETTINGS, "department_assignment": "default"}),
    ).demand()


@cache
def builtin_counts() -> tuple[CountDefinition, ...]:
    """Return the named counts that indicators are made of."""
    return tuple(
        CountDefinition(row["code"], row["name"], row["definition"], row["definition_zh"], row["confidence"])
        for row in _read("counts.csv")
    )


@cache
def cass_tables() -> Cass:
    """Return the layers of CASS with their themes and the codes of SOUTH with the components they may stand for."""
    layers = _read("cass_layers.csv")
    codes = (
        CassCode(row["south_code"], row["name"], tuple(row["layer"].split("|")), row["component"])
        for row in _read("cass_codes.csv")
    )
    return Cass(
        themes=MappingProxyType({row["layer"]: row["theme"] for row in layers}),
        contents=MappingProxyType({row["layer"]: row["content"] for row in layers}),
        codes=MappingProxyType({entry.code: entry for entry in codes}),
    )


def profile_tables(profile: Profile) -> tuple[dict[str, Columns], dict[str, str]]:
    """Return a profile as columns of the store's tables and as ``meta`` keys.

    Returns
    -------
    tables : dict
        ``class``, ``department``, ``filing_standard``, ``indicator``, ``responsibility_rule``, ``work_calendar``,
        ``work_hours``, ``workflow_move``, ``evaluation_scheme`` …; tables without rows have empty columns. A class
        without a tolerance of its own keeps none: that of its accuracy (a setting) applies.
    meta : dict
        ``edition``, ``profile_name``, ``profile_version``, ``grid_scheme`` and ``component_scheme`` (JSON), and
        the settings with the prefix ``setting.``.
    """
    classes = [{**vars(entry), "enabled": int(entry.enabled)} for entry in profile.classes]
    rows: dict[str, Sequence[Mapping[str, Any]]] = {
        "class": classes,
        "department": [vars(entry) for entry in profile.departments],
        "filing_standard": [vars(entry) for entry in profile.filing_rules],
        "indicator": [vars(entry) for entry in profile.indicators],
        "responsibility_rule": [vars(entry) for entry in profile.responsibility],
        "work_calendar": [{**vars(entry), "is_workday": int(entry.is_workday)} for entry in profile.days],
        "work_hours": [vars(entry) for entry in profile.periods],
        "class_synonym": [vars(entry) for entry in profile.synonyms],
        "workflow_move": [vars(entry) for entry in profile.moves],
        "evaluation_scheme": [vars(entry) for entry in profile.score_schemes],
        "score_term": [vars(entry) for entry in profile.score_terms],
        "score_band": [vars(entry) for entry in profile.score_bands],
    }
    tables = {name: {column: _column(rows[name], column) for column in TABLES[name]} for name in TABLES}
    meta = {
        "edition": profile.edition,
        "profile_name": profile.name,
        "profile_version": profile.version,
        "grid_scheme": _scheme_text(profile.grid_scheme),
        "component_scheme": _scheme_text(profile.component_scheme),
        **{SETTING + key: value for key, value in profile.settings.items()},
    }
    return tables, meta


def profile_from_tables(tables: Mapping[str, Columns], meta: Mapping[str, str]) -> Profile:
    """Make a profile from the store's tables and ``meta`` keys; raises ``ProfileError`` when they hold none."""
    missing = [key for key in ("edition", "grid_scheme", "component_scheme") if not meta.get(key)]
    if missing:
        raise ProfileError("profile.not_in_store", missing=", ".join(missing))
    given = tuple(indicator(row) for row in _rows(tables["indicator"]))
    scores = read_scores({name: _rows(tables[name]) for name in SCORE_TABLES})
    return Profile(
        name=meta.get("profile_name", ""),
        edition=meta["edition"],
        version=meta.get("profile_version", "1"),
        grid_scheme=_scheme(meta["grid_scheme"]),
        component_scheme=_scheme(meta["component_scheme"]),
        classes=tuple(class_entry(row) for row in _rows(tables["class"])),
        departments=tuple(department(row) for row in _rows(tables["department"])),
        filing_rules=tuple(filing_rule(row) for row in _rows(tables["filing_standard"])),
        indicators=given if any(scores.values()) else _completed(given),
        responsibility=tuple(responsibility_rule(row) for row in _rows(tables["responsibility_rule"])),
        days=tuple(calendar_day(row) for row in _rows(tables["work_calendar"])),
        periods=tuple(hours_period(row) for row in _rows(tables["work_hours"])),
        synonyms=tuple(class_synonym(row) for row in _rows(tables["class_synonym"])),
        moves=tuple(workflow_move(row) for row in _rows(tables["workflow_move"])) or builtin_moves(),
        counts=builtin_counts(),
        **(scores if any(scores.values()) else builtin_scores()),
        settings={key[len(SETTING) :]: value for key, value in meta.items() if key.startswith(SETTING)},
    )


def profile_from_store(store: Store) -> Profile:
    """Read the profile of a city store.

    Raises
    ------
    ProfileError
        ``profile.not_in_store`` when the store's settings name no edition or schemes.
    """
    return profile_from_tables({name: store.read(name, TABLES[name], order=["fid"]) for name in TABLES}, store.meta())


def class_entry(row: Mapping[str, Any]) -> ClassEntry:
    """Make a class from a row of values or texts; an empty ``enabled`` means in use."""
    enabled = _text(row.get("enabled"))
    return ClassEntry(
        kind=_text(row.get("kind")),
        code=_text(row.get("code")),
        major_code=_text(row.get("major_code")),
        major_name=_text(row.get("major_name")),
        minor_code=_text(row.get("minor_code")),
        name=_text(row.get("name")),
        geometry=_text(row.get("geometry")),
        accuracy=_text(row.get("accuracy")),
        tolerance_m=_number(row.get("tolerance_m")),
        department_code=_text(row.get("department_code")),
        confidence=_text(row.get("confidence")),
        enabled=enabled not in ("0", "0.0", "False"),
        required_fields=_text(row.get("required_fields")),
        photo_count=_whole(row.get("photo_count")),
        duplicate_m=_number(row.get("duplicate_m")),
        symbol=_text(row.get("symbol")),
    )


def department(row: Mapping[str, Any]) -> Department:
    """Make a department from a row."""
    return Department(*(_text(row.get(name)) for name in TABLES["department"]))


def filing_rule(row: Mapping[str, Any]) -> FilingRule:
    """Make a filing rule from a row; its number must be whole."""
    return FilingRule(
        class_code=_text(row.get("class_code")),
        kind=_text(row.get("kind")),
        condition_no=int(row.get("condition_no") or 0),
        condition=_text(row.get("condition")),
        limit_value=_number(row.get("limit_value")),
        limit_unit=_text(row.get("limit_unit")),
        closing_condition=_text(row.get("closing_condition")),
        confidence=_text(row.get("confidence")),
    )


def indicator(row: Mapping[str, Any]) -> Indicator:
    """Make an indicator from a row."""
    return Indicator(*(_text(row.get(name)) for name in TABLES["indicator"]))


def _completed(indicators: tuple[Indicator, ...]) -> tuple[Indicator, ...]:
    """Return a store's indicators with those of ours that it lacks: a store of before knew none of the schemes."""
    held = {entry.code for entry in indicators}
    ours = (indicator(row) for row in _read("indicators.csv"))
    return (*indicators, *(entry for entry in ours if entry.code not in held))


def responsibility_rule(row: Mapping[str, Any]) -> ResponsibilityRule:
    """Make a responsibility rule from a row; an empty priority is 0."""
    texts = (_text(row.get(name)) for name in TABLES["responsibility_rule"][1:])
    return ResponsibilityRule(int(row.get("priority") or 0), *texts)


def calendar_day(row: Mapping[str, Any]) -> CalendarDay:
    """Make a day of the work calendar from a row; a day that does not say so is worked."""
    worked = _text(row.get("is_workday")) not in ("0", "0.0", "False")
    return CalendarDay(_text(row.get("day")), worked, _text(row.get("remark")))


def class_synonym(row: Mapping[str, Any]) -> ClassSynonym:
    """Make a synonym of a class from a row."""
    return ClassSynonym(*(_text(row.get(name)) for name in TABLES["class_synonym"]))


def hours_period(row: Mapping[str, Any]) -> HoursPeriod:
    """Make a period of working hours from a row."""
    return HoursPeriod(*(_text(row.get(name)) for name in TABLES["work_hours"]))
def workflow_move(row: Mapping[str, Any]) -> Move:
    """Make a move of the workflow from a row; without a place of its own it stands last."""
    texts = {name: _text(row.get(name)) for name in TABLES["workflow_move"] if name != "sort"}
    return Move(**texts, sort=int(row.get("sort") or 0))


@cache
def builtin_moves() -> tuple[Move, ...]:
    """Return the moves of the plugin's own table, which hold where a city has none."""
    return tuple(workflow_move(row) for row in _read("workflow.csv"))


def check_rules() -> list[Rule]:
    """Return the rule pack of the checks as the plugin has it."""
    return [
        Rule(
            row["code"], row["family"], row["level"], row["enabled"] == "1", json.loads(row["params"] or "{}"),
            row["title"], row["title_zh"], row["reason"], row["source"], row["confidence"],
        )
        for row in _read("check_rules.csv")
    ]  # fmt: skip


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)


def _number(value: Any) -> float | None:
    return None if value is None or value == "" or value != value else float(value)


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _read(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> np.ndarray[Any, np.dtype[Any]]:
    values = np.empty(len(rows), dtype=object)
    values[:] = [row[name] for row in rows]
    return values


def _rows(columns: Columns) -> list[dict[str, Any]]:
    return [dict(zip(columns, values)) for values in zip(*(array.tolist() for array in columns.values()))]


def _scheme_text(scheme: CodeScheme) -> str:
    return json.dumps(scheme_to_dict(scheme), ensure_ascii=False)


def _scheme(text: str) -> CodeScheme:
    try:
        return scheme_from_dict(json.loads(text))
    except (ValueError, AttributeError):
        raise CodeError("codes.bad_scheme", scheme=text[:80], problem="json") from None

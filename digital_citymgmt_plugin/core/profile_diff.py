# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs between two city profiles, row by row: added, changed (column, old, new), removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from digital_citymgmt_plugin.core.codes import CodeScheme
from digital_citymgmt_plugin.core.profile import DEFAULT_SETTINGS, Profile

ADDED, CHANGED, REMOVED = "added", "changed", "removed"
# Sheet of the workbook → the profile's attribute and the columns that tell one row from another.
SHEETS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "classes": ("classes", ("kind", "code")),
    "departments": ("departments", ("code",)),
    "filing_standard": ("filing_rules", ("kind", "class_code", "condition_no")),
    "responsibility_rules": ("responsibility", ("kind", "class_code", "area_code", "priority")),
    "indicators": ("indicators", ("code",)),
    "work_calendar": ("days", ("day",)),
    "work_hours": ("periods", ("from_day", "to_day")),
    "class_synonyms": ("synonyms", ("word", "kind")),
    "workflow": ("moves", ("action", "from_stages")),
    "score_schemes": ("score_schemes", ("code",)),
    "score_terms": ("score_terms", ("scheme", "indicator")),
    "score_bands": ("score_bands", ("scheme", "indicator", "start")),
}
# What tells a person which row is meant.
_NAMES = ("name", "condition", "department_code", "remark", "value", "hours", "rule", "grade")

Row = dict[str, Any]


@dataclass(frozen=True)
class Difference:
    """One row added or removed (``column`` empty; ``old`` or ``new`` its name), or one value changed."""

    sheet: str
    key: str
    change: str
    column: str = ""
    old: str = ""
    new: str = ""


def profile_rows(profile: Profile) -> dict[str, dict[str, Row]]:
    """Return a profile as rows by sheet and key; the order of rows has no meaning, that of code segments has.

    Settings are as they apply: a default that is written out is no difference.
    """
    own = {"name": profile.name, "edition": profile.edition, "version": profile.version}
    settings = {**own, **DEFAULT_SETTINGS, **profile.settings}
    result: dict[str, dict[str, Row]] = {
        "settings": {key: {"value": value} for key, value in settings.items() if value != ""},
        "schemes": {scheme.kind: _scheme(scheme) for scheme in (profile.grid_scheme, profile.component_scheme)},
    }
    for sheet, (attribute, keys) in SHEETS.items():
        rows = (vars(entry) for entry in getattr(profile, attribute))
        result[sheet] = {" ".join(str(row[name]) for name in keys): dict(row) for row in rows}
    return result


def _scheme(scheme: CodeScheme) -> Row:
    segments = "+".join(f"{part.name} {part.digits}" for part in scheme.segments)
    sources = "; ".join(part.source for part in scheme.segments)
    return {
        "name": scheme.name, "segments": segments, "source": sources, "confidence": scheme.confidence,
        "note": scheme.note,
    }  # fmt: skip


def differences(old: Profile, new: Profile) -> list[Difference]:
    """Return what changes when ``new`` takes the place of ``old``, by sheet, in the order of the rows of ``new``."""
    before, after = profile_rows(old), profile_rows(new)
    found = []
    for sheet, rows in after.items():
        held = before[sheet]
        for key, row in rows.items():
            if key not in held:
                found.append(Difference(sheet, key, ADDED, new=_name(row)))
                continue
            for column, value in row.items():
                if not _same(held[key][column], value):
                    found.append(Difference(sheet, key, CHANGED, column, _text(held[key][column]), _text(value)))
        found += [Difference(sheet, key, REMOVED, old=_name(row)) for key, row in held.items() if key not in rows]
    return found


def count_rows(found: Sequence[Difference]) -> dict[str, int]:
    """Return how many rows are added, changed and removed: ``rows_added``, ``rows_changed``, ``rows_removed``."""
    rows = {name: {(one.sheet, one.key) for one in found if one.change == name} for name in (ADDED, CHANGED, REMOVED)}
    return {f"rows_{name}": len(keys) for name, keys in rows.items()}


def _same(one: Any, two: Any) -> bool:
    """Tell whether two values are the same; a workbook keeps 15 digits of a number."""
    if isinstance(one, float) and isinstance(two, float):
        return f"{one:.14g}" == f"{two:.14g}"
    return bool(one == two)


def _name(row: Row) -> str:
    return next((_text(row[name]) for name in _NAMES if row.get(name)), "")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:g}" if isinstance(value, float) else str(value)

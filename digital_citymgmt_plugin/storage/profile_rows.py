# SPDX-License-Identifier: GPL-2.0-or-later
"""How the rows of a profile's sheets, alone or on top of a base edition, become a profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from digital_citymgmt_plugin.core.codes import (
    COMPONENT,
    EDITIONS,
    KINDS,
    UNIT_GRID,
    CodeScheme,
    scheme_from_dict,
    scheme_of,
)
from digital_citymgmt_plugin.core.errors import CodeError
from digital_citymgmt_plugin.core.profile import DEFAULT_SETTINGS, ClassEntry, Profile
from digital_citymgmt_plugin.storage.profile_sheets import (
    CLEAR,
    FOR_PEOPLE,
    LATER,
    LATER_SHEETS,
    NEEDED,
    SHEETS,
    CellReader,
    Faults,
    SheetRows,
    row_key,
)
from digital_citymgmt_plugin.storage.profiles import (
    builtin_counts,
    builtin_moves,
    builtin_profile,
    calendar_day,
    class_entry,
    class_synonym,
    department,
    filing_rule,
    hours_period,
    indicator,
    responsibility_rule,
    workflow_move,
)
from digital_citymgmt_plugin.storage.score_schemes import SCORES, band_row, scheme_row, scores_for, term_row

# Lines of the sheet ``settings`` that are no settings of the profile itself.
OWN_LINES = ("name", "edition", "version", "base", "replace")
_MAKE: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "classes": class_entry,
    "departments": department,
    "filing_standard": filing_rule,
    "responsibility_rules": responsibility_rule,
    "indicators": indicator,
    "work_calendar": calendar_day,
    "work_hours": hours_period,
    "class_synonyms": class_synonym,
    "workflow": workflow_move,
    "score_schemes": scheme_row,
    "score_terms": term_row,
    "score_bands": band_row,
}
PARTS = {
    "classes": "classes", "departments": "departments", "filing_standard": "filing_rules",
    "responsibility_rules": "responsibility", "indicators": "indicators", "work_calendar": "days",
    "work_hours": "periods",
    "class_synonyms": "synonyms",
    "workflow": "moves",
    "score_schemes": "score_schemes", "score_terms": "score_terms", "score_bands": "score_bands",
}  # fmt: skip
# A fault that says only that another sheet's row is missing → that sheet. Told only when that sheet is right.
_REFERS = {
    "profile.unknown_department": "departments", "profile.unknown_class": "classes",
    "profile.unknown_indicator": "indicators", "profile.unknown_score_scheme": "score_schemes",
}  # fmt: skip


class ProfileRows:
    """Make a profile from sheets; a file with faults is refused as a whole, with all of them.

    With ``whole`` a file that names no base must have every sheet and column: one that is gone would empty the profile.
    """

    def __init__(self, faults: Faults, sheets: Mapping[str, SheetRows], *, whole: bool = False) -> None:
        self._faults, self._sheets, self._whole = faults, sheets, whole
        self._row_of: dict[tuple[str, str], int] = {}
        self._cells = CellReader(faults, clear=False, kinds={})
        for name, content in sheets.items():
            faults.letters.setdefault(name, content.letters)

    def profile(self) -> Profile:
        """Return the profile.

        Raises
        ------
        ProfileError
            ``profile.no_edition``, ``profile.no_scheme``, the codes of ``Profile.check`` and those for single cells:
            the first, and all of them in ``faults``.
        """
        lines = self._settings()
        base = self._base(lines.get("base", ""))
        edition = lines.get("edition") or (base.edition if base else "")
        if not edition:
            self._faults.add("profile.no_edition", "settings", editions=", ".join(EDITIONS))
            self._faults.demand_none()
        if base is None and self._whole:
            self._demand_all()
        own = {key: value for key, value in lines.items() if key not in OWN_LINES}
        values = {**(base.settings if base else DEFAULT_SETTINGS), **own}
        kinds = Profile("", "", scheme_of("2013", UNIT_GRID), scheme_of("2013", COMPONENT), settings=values).extra_kinds
        self._cells = CellReader(self._faults, clear=base is not None, kinds=kinds)
        schemes = self._schemes(edition, base)
        draft = Profile(
            name=lines.get("name") or edition,
            edition=edition,
            version=lines.get("version") or "1",
            grid_scheme=schemes[UNIT_GRID],
            component_scheme=schemes[COMPONENT],
            counts=builtin_counts(),
            settings=values,
        )
        replaced = self._replaced(lines.get("replace", ""))
        parts: dict[str, Any] = {
            part: self._merge(sheet, base, sheet in replaced, draft) for sheet, part in PARTS.items()
        }
        if "indicators" not in self._sheets and base is None:
            parts["indicators"] = builtin_profile(EDITIONS[-1]).indicators
        if not parts["moves"] and not self._faults.touches("workflow"):
            parts["moves"] = builtin_moves()
        if not any(sheet in self._sheets and self._sheets[sheet].rows for sheet in SCORES) and base is None:
            parts.update(scores_for(parts["indicators"]))
        result = _without_dangling(replace(draft, **parts), self._row_of)
        self._check(result)
        self._faults.demand_none()
        return result

    def _demand_all(self) -> None:
        for sheet, (_, columns) in SHEETS.items():
            if sheet not in self._sheets:
                if sheet in LATER_SHEETS and not (sheet in SCORES and any(one in self._sheets for one in SCORES)):
                    continue
                self._faults.add("profile.missing_sheet", sheet)
                continue
            for column in columns:
                spared = (*FOR_PEOPLE.get(sheet, ()), *LATER.get(sheet, ()))
                if column not in self._sheets[sheet].letters and column not in spared:
                    self._faults.add("profile.missing_column", sheet, 1, column)

    def _check(self, profile: Profile) -> None:
        """Add what is wrong between the rows, but not what only follows from a cell that was told already."""
        broken = {sheet for sheet in _REFERS.values() if self._faults.touches(sheet)}
        told = {(values["table"], values["row"]) for _, values in self._faults.found}
        for reason, found in profile.check():
            values = dict(found)
            table = values.pop("table")
            row = self._row_of.get((table, values["key"]), 0)
            if (table, row) not in told and _REFERS.get(reason) not in broken:
                self._faults.add(reason, table, row, values.pop("column", ""), values.pop("value", ""), **values)

    def _settings(self) -> dict[str, str]:
        lines: dict[str, str] = {}
        for row, cells in self._rows("settings"):
            key, value = str(cells.get("key", "")), str(cells.get("value", ""))
            if not key or key in lines:
                reason = "profile.duplicate" if key else "profile.no_key"
                if not self._faults.touches("settings", row):
                    self._faults.add(reason, "settings", row, "key", key, key=key)
                continue
            lines[key] = value
            self._row_of["settings", key] = row
        return lines

    def _base(self, name: str) -> Profile | None:
        if name and name not in EDITIONS:
            row = self._row_of["settings", "base"]
            self._faults.add("profile.unknown_base", "settings", row, "value", name, editions=", ".join(EDITIONS))
            self._faults.demand_none()
        return builtin_profile(name) if name else None

    def _replaced(self, text: str) -> list[str]:
        names = [name.strip() for name in text.replace("，", ",").split(",") if name.strip()]
        for name in names:
            if name not in PARTS:
                row = self._row_of["settings", "replace"]
                self._faults.add("profile.wrong_sheet", "settings", row, "value", name, sheets=", ".join(PARTS))
        return names

    def _schemes(self, edition: str, base: Profile | None) -> dict[str, CodeScheme]:
        found: dict[str, CodeScheme] = {}
        if base:
            found = {UNIT_GRID: base.grid_scheme, COMPONENT: base.component_scheme}
        elif edition in EDITIONS:
            found = {kind: scheme_of(edition, kind) for kind in KINDS}
        listed = self._scheme_rows()
        for kind, rows in listed.items():
            self._row_of["schemes", kind] = rows[0][0]
            if not self._faults.touches("schemes"):
                self._scheme(found, kind, edition, rows)
        for kind in KINDS:
            if kind not in found:
                self._faults.add("profile.no_scheme", "schemes", kind=kind, editions=", ".join(EDITIONS))
        if any(kind not in found for kind in KINDS):
            self._faults.demand_none()
        return found

    def _scheme_rows(self) -> dict[str, list[tuple[int, dict[str, Any]]]]:
        """Return the rows of each scheme; those that name no kind or no digits are told."""
        listed: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        for row, cells in self._rows("schemes"):
            kind = str(cells.get("kind", ""))
            if kind not in KINDS:
                if not self._faults.touches("schemes", row):
                    self._faults.add("profile.wrong_value", "schemes", row, "kind", kind, key=kind)
            elif not cells.get("digits"):
                if not self._faults.touches("schemes", row):
                    self._faults.add("profile.not_a_number", "schemes", row, "digits", cells.get("digits"), key=kind)
            else:
                listed.setdefault(kind, []).append((row, cells))
        return listed

    def _scheme(
        self, found: dict[str, CodeScheme], kind: str, edition: str, rows: list[tuple[int, dict[str, Any]]]
    ) -> None:
        head = rows[0][1]
        for column in ("name", "confidence", "note"):  # of the whole scheme: every row says the same or nothing
            for row, cells in rows[1:]:
                if cells.get(column, "") not in ("", head.get(column, "")):
                    value = cells[column]
                    self._faults.add(
                        "profile.scheme_differs", "schemes", row, column, value, key=kind, first=rows[0][0]
                    )
        values = {
            **{name: head.get(name, "") for name in ("name", "confidence", "note")},
            "kind": kind,
            "edition": edition,
            "segments": [(cells.get("segment", ""), cells["digits"], cells.get("source", "")) for _, cells in rows],
        }
        try:
            found[kind] = scheme_from_dict(values)
        except CodeError as error:
            problem = str(error.values.get("problem", ""))
            self._faults.add("profile.bad_scheme", "schemes", rows[0][0], "segment", problem, key=kind)

    def _merge(self, sheet: str, base: Profile | None, replaced: bool, draft: Profile) -> tuple[Any, ...]:
        kept = getattr(base, PARTS[sheet]) if base and not replaced else ()
        entries = {row_key(sheet, vars(entry)): entry for entry in kept}
        majors = {(entry.kind, entry.major_code): entry.major_name for entry in kept if isinstance(entry, ClassEntry)}
        for row, cells in self._rows(sheet):
            if sheet == "responsibility_rules" and cells.get("priority", "") == "":
                cells["priority"] = 0
            lacking = [column for column in NEEDED[sheet] if cells.get(column, "") in ("", CLEAR)]
            if lacking:
                if not self._faults.touches(sheet, row):
                    self._faults.add("profile.no_key", sheet, row, lacking[0], "", key="")
                continue
            key = row_key(sheet, cells)
            if (sheet, key) in self._row_of:
                first = self._row_of[sheet, key]
                self._faults.add("profile.duplicate", sheet, row, NEEDED[sheet][-1], key, key=key, first=first)
                continue
            self._row_of[sheet, key] = row
            values = dict(vars(entries[key])) if key in entries else {}
            said = {name: value for name, value in cells.items() if value != ""}
            values.update({name: "" if base and value == CLEAR else value for name, value in said.items()})
            if sheet == "classes":
                _complete_class(values, draft, majors)
            entries[key] = _MAKE[sheet](values)
        return tuple(entries.values())

    def _rows(self, sheet: str) -> list[tuple[int, dict[str, Any]]]:
        return self._cells.rows(sheet, self._sheets[sheet]) if sheet in self._sheets else []


def _complete_class(values: dict[str, Any], draft: Profile, majors: dict[tuple[str, str], str]) -> None:
    """Take major and minor code out of the code, and the name of the major class from its other classes."""
    digits = draft.component_scheme.digits("major")
    values["major_code"] = values.get("major_code") or values["code"][:digits]
    values["minor_code"] = values.get("minor_code") or values["code"][digits:]
    major = (values["kind"], values["major_code"])
    values["major_name"] = values.get("major_name") or majors.get(major, "")
    majors.setdefault(major, values["major_name"])


def _without_dangling(profile: Profile, row_of: Mapping[tuple[str, str], int]) -> Profile:
    """Drop what the base says of classes and departments that the file replaced; the file's own rows stay."""
    codes = {entry.code for entry in profile.departments}
    known = {(entry.kind, entry.code) for entry in profile.classes}
    classes = tuple(
        replace(entry, department_code="")
        if entry.department_code not in codes and ("classes", row_key("classes", vars(entry))) not in row_of
        else entry
        for entry in profile.classes
    )
    rules = tuple(
        rule
        for rule in profile.filing_rules
        if (rule.kind, rule.class_code) in known
        or ("filing_standard", row_key("filing_standard", vars(rule))) in row_of
    )
    return replace(profile, classes=classes, filing_rules=rules, **_scores_left(profile, row_of))


def _scores_left(profile: Profile, row_of: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """Return the schemes without those of the base that name an indicator which is gone."""
    known = {entry.code for entry in profile.indicators}
    own = {row.code for row in profile.score_schemes if ("score_schemes", row.code) in row_of}
    gone = {
        row.scheme
        for row in profile.score_terms
        if row.indicator not in known and ("score_terms", row_key("score_terms", vars(row))) not in row_of
    } - own
    return {
        "score_schemes": tuple(row for row in profile.score_schemes if row.code not in gone),
        "score_terms": tuple(row for row in profile.score_terms if row.scheme not in gone),
        "score_bands": tuple(row for row in profile.score_bands if row.scheme not in gone),
    }

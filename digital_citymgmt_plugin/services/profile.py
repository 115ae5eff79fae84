# SPDX-License-Identifier: GPL-2.0-or-later
"""The city profile out of the store as one workbook, and in again with a report of every difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.codes import COMPONENT, EDITIONS, CodeScheme
from digital_citymgmt_plugin.core.errors import ProfileError
from digital_citymgmt_plugin.core.extension import extension_rule, outside
from digital_citymgmt_plugin.core.ports import Context, Store
from digital_citymgmt_plugin.core.profile import Profile
from digital_citymgmt_plugin.core.profile_diff import ADDED, CHANGED, REMOVED, Difference, count_rows, differences
from digital_citymgmt_plugin.core.requests import ExportProfile, ImportProfile
from digital_citymgmt_plugin.services.intake import base_name, objects

_DEPARTMENTS = ("manager_dept", "owner_dept", "maintainer_dept")
_TOLD = 30  # differences in the log; the report and the answer have more
_ANSWERED = 5_000
_NOTES = {ADDED: "profile.note_added", CHANGED: "profile.note_changed", REMOVED: "profile.note_removed"}
_COLUMNS = ("sheet", "key", "change", "column", "old", "new")


def export_profile(context: Context, request: ExportProfile) -> dict[str, Any]:
    """Write the profile of the store as a workbook that ``import_profile`` and a new store take.

    Returns
    -------
    dict
        Counts: rows per sheet; ``output``.

    Raises
    ------
    InputRefused
        ``output.failed``.
    """
    profile = context.need_store().profile()
    context.files.write_profile(request.output, profile)
    counts = {
        "class": len(profile.classes), "department": len(profile.departments),
        "filing_standard": len(profile.filing_rules), "responsibility_rule": len(profile.responsibility),
        "indicator": len(profile.indicators), "work_calendar": len(profile.days),
        "work_hours": len(profile.periods),
        "workflow_move": len(profile.moves),
    }  # fmt: skip
    return {"counts": counts, "operation": None, "tables": [], "notes": [], "output": request.output}


def import_profile(context: Context, request: ImportProfile) -> dict[str, Any]:
    """Bring the profile of the store to what a workbook says, whole or not at all.

    Cases keep the due times that they have: what the filing standard says holds for imports from then on.

    Returns
    -------
    dict
        Counts ``differences``, ``rows_added``, ``rows_changed``, ``rows_removed``; ``sheets``: the same by sheet;
        ``differences``: at most 5,000 as lists of sheet, key, change, column, old, new; ``written``.

    Raises
    ------
    InputRefused, ProfileError
        The workbook is broken (all faults with sheet, row and column in ``faults``), takes away a class, department or
        code scheme that is in use, or the report cannot be written. The store is as it was.
    """
    store = context.need_store()
    old, new = store.profile(), context.files.read_profile(request.profile)
    found = differences(old, new)
    _check_in_use(context, store, base_name(request.profile), old, new)
    counts = {"differences": len(found), **count_rows(found)}
    result: dict[str, Any] = {
        "counts": counts, "operation": None, "tables": [], "output": request.output, "written": False,
        "sheets": {sheet: count_rows([one for one in found if one.sheet == sheet]) for sheet in _sheets(found)},
        "differences": [list(vars(one).values()) for one in found[:_ANSWERED]],
        "notes": [*_told(found), *_extension_notes(context, found, new)],
    }  # fmt: skip
    if request.preview or not found:
        code = "profile.note_preview" if found else "profile.note_none"
        result["notes"].append({"code": code, "values": {}})
        _write_report(context, request, found)
        return result
    context.progress(0.5, "progress.saving")
    context.cancel.check()
    with store.action("import_profile", file=base_name(request.profile)) as action:
        store.save_profile(action, new)
        action.counts.update(counts)
        _write_report(context, request, found)
        context.cancel.check()
        result["operation"] = action.operation_uuid
    result["written"] = True
    result["tables"] = [
        "class", "department", "filing_standard", "responsibility_rule", "indicator", "work_calendar", "work_hours",
        "workflow_move", "meta",
    ]  # fmt: skip
    return result


def _sheets(found: Sequence[Difference]) -> list[str]:
    return list(dict.fromkeys(one.sheet for one in found))


def _told(found: Sequence[Difference]) -> list[dict[str, Any]]:
    notes = [{"code": _NOTES[one.change], "values": dict(vars(one))} for one in found[:_TOLD]]
    if len(found) > _TOLD:
        notes.append({"code": "profile.note_more", "values": {"count": len(found) - _TOLD}})
    return notes


def _extension_notes(context: Context, found: Sequence[Difference], new: Profile) -> list[dict[str, Any]]:
    """Say which added classes stand where the edition leaves no room for a city's own."""
    rule = extension_rule(new)
    added = {one.key for one in found if one.sheet == "classes" and one.change == ADDED}
    if rule is None or new.edition not in EDITIONS or not added:
        return []
    standard = {(entry.kind, entry.code) for entry in context.files.builtin_profile(new.edition).classes}
    odd = [entry for entry in outside(new, standard) if f"{entry.kind} {entry.code}" in added]
    words = rule.describe(new.component_scheme.digits("minor"))
    return [
        {
            "code": "profile.note_outside_extension",
            "values": {
                "key": f"{entry.kind} {entry.code}", "name": entry.name, "edition": new.edition, "range": words,
            },
        }
        for entry in odd[:_TOLD]
    ]  # fmt: skip


def _write_report(context: Context, request: ImportProfile, found: Sequence[Difference]) -> None:
    if request.output:
        columns = {name: objects(getattr(one, name) for one in found) for name in _COLUMNS}
        context.files.write_layer(request.output, "differences", columns, None, None)


def _check_in_use(context: Context, store: Store, file: str, old: Profile, new: Profile) -> None:
    """Refuse a profile that lacks what components and cases refer to, or changes the form of issued codes."""
    faults: list[dict[str, Any]] = []
    for scheme, changed in ((old.grid_scheme, new.grid_scheme), (old.component_scheme, new.component_scheme)):
        issued = store.count("code_register", [("kind", "=", scheme.kind)])
        if issued and _form(scheme) != _form(changed):
            values = {"key": scheme.kind, "old": scheme.structure, "new": changed.structure, "count": issued}
            faults.append(_fault("profile.scheme_in_use", file, "schemes", **values))
    county = store.meta().get("county_code", "")
    for scheme in (new.grid_scheme, new.component_scheme):
        if scheme.digits("county") != len(county):
            values = {"key": scheme.kind, "digits": scheme.digits("county"), "county": county}
            faults.append(_fault("profile.scheme_county", file, "schemes", **values))
    kept = {(entry.kind, entry.code) for entry in new.classes}
    gone = [(entry.kind, entry.code) for entry in old.classes if (entry.kind, entry.code) not in kept]
    for (kind, code), (count, used_in) in _classes_in_use(context, store, gone).items():
        values = {"key": f"{kind} {code}", "count": count, "used_in": used_in}
        faults.append(_fault("profile.class_in_use", file, "classes", **values))
    codes = {entry.code for entry in new.departments}
    lost = [entry.code for entry in old.departments if entry.code not in codes]
    for code, (count, used_in) in _departments_in_use(context, store, lost).items():
        values = {"key": code, "count": count, "used_in": used_in}
        faults.append(_fault("profile.department_in_use", file, "departments", **values))
    if faults:
        first = faults[0]
        raise ProfileError(first["code"], **{**first["values"], "in_all": len(faults), "faults": faults})


def _form(scheme: CodeScheme) -> list[tuple[str, int]]:
    return [(segment.name, segment.digits) for segment in scheme.segments]


def _fault(code: str, file: str, table: str, **values: Any) -> dict[str, Any]:
    return {"code": code, "values": {"file": file, "table": table, "row": 0, "column": "", **values}}


def _classes_in_use(
    context: Context, store: Store, gone: list[tuple[str, str]]
) -> dict[tuple[str, str], tuple[int, str]]:
    components = [code for kind, code in gone if kind == COMPONENT]
    found = {
        (COMPONENT, code): used for code, used in _used(context, store, COMPONENTS, "class_code", components).items()
    }
    codes = sorted({code for _, code in gone})
    wanted = set(gone)
    if codes:
        for part in store.chunks("case_record", ["kind", "class_code"], [("class_code", "in", codes)]):
            context.cancel.check()
            for key in zip(part["kind"].tolist(), part["class_code"].tolist()):
                if key in wanted:
                    count, used_in = found.get(key, (0, ""))
                    tables = used_in if "case_record" in used_in else f"{used_in}, case_record".lstrip(", ")
                    found[key] = (count + 1, tables)
    return found


def _departments_in_use(context: Context, store: Store, lost: list[str]) -> dict[str, tuple[int, str]]:
    parts = [_used(context, store, COMPONENTS, column, lost) for column in _DEPARTMENTS]
    parts.append(_used(context, store, ("case_record",), "dept_code", lost))
    found: dict[str, tuple[int, str]] = {}
    for part in parts:
        for code, (count, used_in) in part.items():
            before, tables = found.get(code, (0, ""))
            names = dict.fromkeys(name for name in f"{tables}, {used_in}".split(", ") if name)
            found[code] = (before + count, ", ".join(names))
    return found


def _used(
    context: Context, store: Store, tables: Sequence[str], column: str, codes: list[str]
) -> dict[str, tuple[int, str]]:
    """Count the rows that name any of these codes; one pass per table."""
    found: dict[str, tuple[int, str]] = {}
    if not codes:
        return found
    for table in tables:
        for part in store.chunks(table, [column], [(column, "in", codes)]):
            context.cancel.check()
            values, counts = np.unique(part[column].astype(str), return_counts=True)
            for value, count in zip(values.tolist(), counts.tolist()):
                before, used_in = found.get(value, (0, ""))
                names = dict.fromkeys([*used_in.split(", "), table] if used_in else [table])
                found[value] = (before + count, ", ".join(names))
    return found

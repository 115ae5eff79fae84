# SPDX-License-Identifier: GPL-2.0-or-later
"""The class catalogue changed from its window: single values, and classes of the city's own added."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from digital_citymgmt_plugin.core.catalogue import split_fields
from digital_citymgmt_plugin.core.codes import COMPONENT
from digital_citymgmt_plugin.core.errors import InputRefused, ProfileError
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.profile import ClassEntry, Profile
from digital_citymgmt_plugin.core.profile_diff import count_rows, differences
from digital_citymgmt_plugin.core.requests import EditClasses

# What may be changed, with the type that a value has: kind and code are what a class is known by.
_TEXT = ("name", "major_name", "geometry", "accuracy", "department_code", "required_fields", "symbol")
_NUMBERS = ("tolerance_m", "duplicate_m")
_FILE = "class catalogue"  # stands where the sentences of a faulty profile name the workbook
_SHOWN = 5_000


def edit_classes(context: Context, request: EditClasses) -> dict[str, Any]:
    """Change classes of the profile, all of it or nothing; what components and cases have stays as it is.

    A change of a code that the profile does not have adds a class (it needs a name); its major class's name is taken
    from its other classes. A value of None or '' takes the default.

    Returns
    -------
    dict
        Counts ``differences``, ``rows_added``, ``rows_changed``, ``rows_removed``; ``differences``:
        lists of sheet, key, change, column, old, new; ``written``.

    Raises
    ------
    InputRefused
        ``request.parameters``: not a list of changes, an unknown column, a value of the wrong kind.
    ProfileError
        What is wrong in the new catalogue, every fault in ``faults``.
    """
    store = context.need_store()
    old = store.profile()
    new = _changed(old, request)
    where = {"file": _FILE, "row": 0}
    faults: list[dict[str, Any]] = [{"code": code, "values": {**where, **values}} for code, values in new.check()]
    if faults:
        first = faults[0]
        raise ProfileError(first["code"], **{**first["values"], "in_all": len(faults), "faults": faults})
    found = differences(old, new)
    result: dict[str, Any] = {
        "counts": {"differences": len(found), **count_rows(found)}, "operation": None, "tables": [], "notes": [],
        "written": False,
        "differences": [list(vars(one).values()) for one in found[:_SHOWN]],
    }  # fmt: skip
    if request.preview or not found:
        result["notes"].append({"code": "profile.note_preview" if found else "profile.note_none", "values": {}})
        return result
    context.cancel.check()
    with store.action("edit_classes") as action:
        store.save_profile(action, new)
        action.counts.update(result["counts"])
        result["operation"] = action.operation_uuid
    result["written"], result["tables"] = True, ["class"]
    return result


def _changed(old: Profile, request: EditClasses) -> Profile:
    try:
        changes = json.loads(request.changes)
    except (ValueError, RecursionError):
        changes = None
    if not isinstance(changes, list) or not all(isinstance(one, dict) for one in changes):
        raise InputRefused("request.parameters", method=request.method, field="changes")
    entries = {(entry.kind, entry.code): entry for entry in old.classes}
    for change in changes:
        kind, code = str(change.get("kind") or COMPONENT), str(change.get("code") or "").strip()
        values = {name: _value(request, name, value) for name, value in change.items() if name not in ("kind", "code")}
        there = entries.get((kind, code))
        entries[kind, code] = replace(there if there is not None else _new_class(old, kind, code), **values)
    return replace(old, classes=tuple(entries.values()))


def _new_class(profile: Profile, kind: str, code: str) -> ClassEntry:
    digits = profile.component_scheme.digits("major")
    major = code[:digits]
    named = (entry.major_name for entry in profile.classes if (entry.kind, entry.major_code) == (kind, major))
    return ClassEntry(kind, code, major, next(named, ""), code[digits:], "", confidence="local")


def _value(request: EditClasses, name: str, value: Any) -> Any:
    wrong = InputRefused("request.parameters", method=request.method, field=name)
    if name in _TEXT:
        if value is not None and not isinstance(value, str):
            raise wrong
        text = (value or "").strip()
        return ",".join(split_fields(text)) if name == "required_fields" else text
    if name == "enabled" and isinstance(value, bool):
        return value
    if name not in (*_NUMBERS, "photo_count"):
        raise wrong
    if value is None or value == "":
        return None
    try:
        number = float(value)
        return int(number) if name == "photo_count" and number.is_integer() else number if name in _NUMBERS else -1
    except (TypeError, ValueError, OverflowError):
        raise wrong from None

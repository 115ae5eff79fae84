# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixing components in place: attributes set by hand, checked as those of an import are."""

from __future__ import annotations

from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.catalogue import ACCURACIES
from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.census.rows import clean_counts, clean_dates, clean_states, resolve_classes, text
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.mapping import RowProblem
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.profile import Profile
from digital_citymgmt_plugin.core.requests_desk import FixComponents
from digital_citymgmt_plugin.services.intake import objects

DEPARTMENTS = ("manager_dept", "owner_dept", "maintainer_dept")
# The fields that can be set, in the order of a form. The code is issued, place and grid come from the map.
FIELDS = ("class_code", "name", "state", *DEPARTMENTS, "first_on", "changed_on", "source", "accuracy", "photo_count",
          "remark")  # fmt: skip
LONGEST = 254  # characters of a text, as in the field table of the standard's SHP


def fix_components(context: Context, request: FixComponents) -> dict[str, Any]:
    """Set attributes of components; each change is logged with the old and the new value.

    The values are checked as in an import: states in the standard's words, dates that exist, counts from 0, a class of
    the profile (only while there is no code, which holds the class), departments of the profile.

    Returns
    -------
    dict
        Counts ``updated``, ``unchanged``; ``values`` as written.

    Raises
    ------
    InputRefused
        ``fix.field`` (unknown or not to be set by hand), ``fix.nothing``, ``fix.unknown_component``,
        ``fix.class_fixed``, ``fix.unknown_department``, ``fix.accuracy``, ``fix.long``, or a reason of a reject list
        (``fix.value`` with the field).
    """
    store = context.need_store()
    values = check_values(store.profile(), request.values)
    asked = list(dict.fromkeys(request.uuids))
    found = 0
    changes: list[tuple[str, Any]] = []
    unchanged = 0
    for table in COMPONENTS:
        rows = store.read(table, ["fid", "code", *values], [("uuid", "in", asked)])
        found += len(rows["fid"])
        if "class_code" in values:
            coded = [
                code for code, old in zip(rows["code"], rows["class_code"]) if code and old != values["class_code"]
            ]
            if coded:
                raise InputRefused("fix.class_fixed", code=coded[0], value=values["class_code"])
        differs = np.zeros(len(rows["fid"]), dtype=bool)
        for name, value in values.items():
            differs |= np.array([old != value for old in rows[name].tolist()], dtype=bool)
        unchanged += int((~differs).sum())
        if differs.any():
            changes.append((table, rows["fid"][differs]))
    if found < len(asked) or not asked:
        raise InputRefused("fix.unknown_component", count=len(asked) - found)
    counts = {"updated": sum(len(fids) for _, fids in changes), "unchanged": unchanged}
    answer: dict[str, Any] = {"counts": counts, "operation": None, "tables": [], "notes": [], "values": values}
    if not changes:
        return answer
    with store.action("fix_components") as action:
        for table, fids in changes:
            context.cancel.check()
            action.update(table, fids, {name: objects([value] * len(fids)) for name, value in values.items()})
        action.counts.update(counts)
        action.note(fields=sorted(values))
        return {**answer, "operation": action.operation_uuid, "tables": [table for table, _ in changes]}


def check_values(profile: Profile, given: dict[str, Any]) -> dict[str, Any]:
    """Return the values as they are stored: None for an emptied field.

    Raises
    ------
    InputRefused
        See ``fix_components``.
    """
    if not given:
        raise InputRefused("fix.nothing")
    unknown = sorted(set(given) - set(FIELDS))
    if unknown:
        raise InputRefused("fix.field", field=unknown[0], known=", ".join(FIELDS))
    result: dict[str, Any] = {name: text(value) for name, value in given.items()}
    for name, value in result.items():
        if value is not None:
            if len(value) > LONGEST:
                raise InputRefused("fix.long", field=name, count=len(value), most=LONGEST)
            result[name] = _checked(profile, name, value)
        elif name == "class_code":
            raise InputRefused("fix.value", field=name, value="", reason="reject.no_class")
    return result


def _checked(profile: Profile, name: str, value: str) -> Any:
    """Return one value as it is stored."""
    if name in DEPARTMENTS:
        known = {entry.code for entry in profile.departments}
        if known and value not in known:
            raise InputRefused("fix.unknown_department", field=name, value=value)
        return value
    if name == "accuracy":
        if value.upper() not in ACCURACIES:
            raise InputRefused("fix.accuracy", value=value, known=", ".join(one for one in ACCURACIES if one))
        return value.upper()
    cleaned: list[Any] = [value]
    wrong: list[RowProblem] = []
    if name == "state":
        cleaned, wrong = clean_states([value])
    elif name in ("first_on", "changed_on"):
        cleaned, wrong = clean_dates([value], name)
    elif name == "photo_count":
        cleaned, wrong = clean_counts([value], name)
    elif name == "class_code":
        by_code, by_name = profile.class_by_code("component"), profile.class_by_name("component")
        cleaned, wrong = resolve_classes([value], [None], by_code, by_name, profile.class_length)
    if wrong:
        raise InputRefused("fix.value", field=name, value=value, reason=wrong[0].reason)
    return cleaned[0]

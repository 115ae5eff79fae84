# SPDX-License-Identifier: GPL-2.0-or-later
"""The classes of the city, with what is needed to find one by pinyin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.profile import KIND_NAMES
from digital_citymgmt_plugin.core.requests import ListClasses

CATALOGUE = (
    "accuracy", "tolerance_m", "enabled", "required_fields", "photo_count", "duplicate_m", "symbol", "confidence",
)  # fmt: skip


def list_classes(context: Context, request: ListClasses) -> dict[str, Any]:
    """List the classes in use (with ``every``: all), in the order of the profile.

    Returns
    -------
    dict
        ``classes``: kind, kind_name, code, name, major_name, geometry, department_code and ``readings`` (per character
        of the name its syllables without tones), and the columns of the catalogue: accuracy, tolerance_m, enabled,
        required_fields, photo_count, duplicate_m, symbol, with ``duplicate_applies`` (m), the one that holds;
        ``departments``: code, name, readings; ``pinyin``: False when the package is missing and ``readings`` empty.
    """
    profile = context.need_store().profile()
    listed = [entry for entry in profile.classes if entry.enabled or request.every]
    entries = [entry for entry in listed if request.kind in (None, "", entry.kind)]
    read = readings_of(entry.name for entry in entries)
    names = {**KIND_NAMES, **profile.extra_kinds}
    rows = [
        {
            "kind": entry.kind, "kind_name": names.get(entry.kind, entry.kind), "code": entry.code, "name": entry.name,
            "major_name": entry.major_name, "geometry": entry.geometry, "department_code": entry.department_code,
            "readings": [] if read is None else read[place],
            **{name: getattr(entry, name) for name in CATALOGUE},
            "duplicate_applies": profile.duplicate_tolerance(entry),
        }
        for place, entry in enumerate(entries)
    ]  # fmt: skip
    notes = [] if read is not None else [{"code": "note.no_pinyin", "values": {}}]
    counts = {"class": len(rows)}
    spelt = readings_of(one.name for one in profile.departments)
    departments = [
        {"code": one.code, "name": one.name, "readings": [] if spelt is None else spelt[place]}
        for place, one in enumerate(profile.departments)
    ]
    return {
        "counts": counts, "tables": [], "notes": notes, "classes": rows, "pinyin": read is not None,
        "departments": departments,
    }  # fmt: skip


def readings_of(names: Iterable[str]) -> list[list[list[str]]] | None:
    """Return per name and character the possible syllables; None without the package ``pypinyin``.

    A phrase that the package knows gives the one right reading, other characters all of theirs (行: xing, hang).
    Signs without a sound (、（）) are left out; letters and digits spell themselves.
    """
    try:
        from pypinyin import Style, pinyin
    except ImportError:
        return None
    result: list[list[list[str]]] = []
    for name in names:
        found: list[list[str]] = []
        for some in pinyin(name, style=Style.NORMAL, heteronym=True, errors=lambda run: f".{run}"):
            if some[0].startswith("."):  # a run of other signs, as it is
                found += [[sign.lower()] for sign in some[0] if sign.isascii() and sign.isalnum()]
            else:
                found.append(list(dict.fromkeys(some)))
        result.append(found)
    return result

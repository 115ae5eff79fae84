# SPDX-License-Identifier: GPL-2.0-or-later
"""City profiles as JSON of the workbook's shape."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.core.errors import InputRefused, ProfileError
from digital_citymgmt_plugin.core.profile import Profile
from digital_citymgmt_plugin.storage.profile_rows import ProfileRows
from digital_citymgmt_plugin.storage.profile_sheets import SHEETS, Faults, SheetRows


def read_profile_json(path: str) -> Profile:
    """Read a profile from JSON: an object with the sheets' names; ``settings`` an object, all others lists of objects.

    A scheme may be one object with ``segments`` as a list of [name, digits]. Rows are counted from 1. What is not
    there is the base's, or empty.

    Raises
    ------
    InputRefused
        ``input.unreadable`` (no file, no JSON).
    ProfileError
        ``profile.unknown_sheet``, ``profile.unknown_column``, ``profile.not_rows``, or what is wrong in a row (see
        ``profile_rows.py``), with table, row and column.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputRefused("input.unreadable", file=path, detail=str(error)) from error
    if not isinstance(content, dict):
        raise ProfileError("profile.unknown_sheet", file=path, table=type(content).__name__, sheets=", ".join(SHEETS))
    faults = Faults(path)
    sheets: dict[str, SheetRows] = {}
    for name, rows in content.items():
        if name not in SHEETS:
            faults.add("profile.unknown_sheet", name, sheets=", ".join(SHEETS))
            continue
        if name == "settings" and isinstance(rows, dict):
            rows = [{"key": key, "value": value} for key, value in rows.items()]
        sheets[name] = SheetRows(list(_rows(faults, name, rows)))
    faults.demand_none()
    return ProfileRows(faults, sheets).profile()


def _rows(faults: Faults, name: str, rows: Any) -> Iterable[tuple[int, dict[str, Any]]]:
    if not isinstance(rows, list):
        faults.add("profile.not_rows", name, value=type(rows).__name__)
        return
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            faults.add("profile.not_rows", name, number, value=str(row)[:80])
            continue
        segments = row.get("segments") if name == "schemes" else None
        head = {key: value for key, value in row.items() if segments is None or key != "segments"}
        for column in head:
            if column not in SHEETS[name][1]:
                expected = ", ".join(SHEETS[name][1])
                faults.add("profile.unknown_column", name, number, column, column, expected=expected)
        known = {column: value for column, value in head.items() if column in SHEETS[name][1]}
        if segments is None:
            yield number, known
            continue
        for segment in segments if isinstance(segments, list) else [segments]:
            if not isinstance(segment, list) or not 2 <= len(segment) <= 3:
                faults.add("profile.not_rows", name, number, "segments", str(segment)[:80])
                continue
            yield number, {**known, **dict(zip(("segment", "digits", "source"), segment))}

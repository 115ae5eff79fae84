# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of census rows, column by column: class, existing code, uuid, state, dates, geometry kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census import STATES, TABLES
from digital_citymgmt_plugin.core.codes import CodeScheme
from digital_citymgmt_plugin.core.mapping import RowProblem
from digital_citymgmt_plugin.core.profile import ClassEntry

_STATE_WORDS = {"intact": "完好", "正常": "完好", "damaged": "破损", "损坏": "破损", "缺失": "丢失", "lost": "丢失",
                "abandoned": "废弃", "拆除": "移除", "removed": "移除"}  # fmt: skip
_UUID = re.compile(r"\{?([0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12})\}?$")
# Without separators eight digits only: in 201411 nobody can tell month from day.
_DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))(?:[ T].*)?$", re.ASCII)
_EXACT_DIGITS = 15  # of a number in a workbook's cell; the rest are zeros that nobody wrote

TABLE_OF_DIMENSION = dict(enumerate(TABLES))


def text(value: Any) -> str | None:
    """Return a value as text: whole numbers without a point, None when there is nothing."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    result = str(value).strip()
    return result or None


def resolve_classes(
    codes: list[Any],
    names: list[Any],
    by_code: Mapping[str, ClassEntry],
    by_name: Mapping[str, ClassEntry],
    digits: int,
) -> tuple[list[str | None], list[RowProblem]]:
    """Find the class of each row by code, else by name; a number that lost its leading zero is understood.

    Parameters
    ----------
    codes, names : list
        As read; a name in the code column is understood, too.
    digits : int
        Length of a class code (major and minor).
    """
    found: list[str | None] = []
    problems = []
    for index, (code_value, name_value) in enumerate(zip(codes, names)):
        code, name = text(code_value), text(name_value)
        if code is not None and code.isdigit() and len(code) == digits - 1:
            code = "0" + code
        entry = by_code.get(code) or by_name.get(code) if code is not None else by_name.get(name or "")
        if entry is not None:
            found.append(entry.code)
            continue
        found.append(None)
        if code is None and name is None:
            problems.append(RowProblem(index, "reject.no_class", {}))
        else:
            problems.append(RowProblem(index, "reject.unknown_class", {"value": code or name}))
    return found, problems


def check_codes(
    codes: list[str | None], classes: list[str | None], scheme: CodeScheme, county: str
) -> list[RowProblem]:
    """Check existing codes: form, edition, county, and that they carry the class of their row."""
    problems: list[RowProblem] = []
    there = [index for index, code in enumerate(codes) if code is not None]
    if not there:
        return problems
    given = np.array([str(codes[index]) for index in there])
    reasons = scheme.check_many(given, county)
    for index, code, reason in zip(there, given.tolist(), reasons.tolist()):
        if reason:
            problems.append(RowProblem(index, reason, scheme.reason_values(code, county)))
            continue
        parts = scheme.parse(code)
        if classes[index] is not None and parts["major"] + parts["minor"] != classes[index]:
            values = {"value": code, "class_code": classes[index]}
            problems.append(RowProblem(index, "reject.code_class_differs", values))
    return problems


def cut_codes(values: list[Any]) -> list[RowProblem]:
    """Find codes that a workbook keeps as numbers of more than 15 digits: the last digits are lost there."""
    return [
        RowProblem(index, "reject.code_number", {"value": text(value)})
        for index, value in enumerate(values)
        if isinstance(value, (int, float)) and abs(value) >= 10**_EXACT_DIGITS
    ]


def clean_counts(values: list[Any], field: str) -> tuple[list[int | None], list[RowProblem]]:
    """Return whole numbers from 0; anything else that is there is a problem."""
    cleaned: list[int | None] = []
    problems = []
    for index, value in enumerate(values):
        given = text(value)
        good = given is not None and given.isascii() and given.isdigit() and len(given) < 10
        cleaned.append(int(given) if good and given is not None else None)
        if given is not None and not good:
            problems.append(RowProblem(index, "reject.count", {"value": given, "field": field}))
    return cleaned, problems


def clean_uuids(values: list[Any]) -> tuple[list[str | None], list[RowProblem]]:
    """Return uuids in one writing (lower case, hyphens) and the rows whose value is none."""
    cleaned: list[str | None] = []
    problems = []
    for index, value in enumerate(values):
        given = text(value)
        match = _UUID.match(given) if given else None
        if given and not match:
            problems.append(RowProblem(index, "reject.uuid", {"value": given}))
        if match:
            digits = match[1].replace("-", "").lower()
            cleaned.append("-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])))
        else:
            cleaned.append(None)
    return cleaned, problems


def clean_states(values: list[Any]) -> tuple[list[str | None], list[RowProblem]]:
    """Return states in the standard's words; unknown ones are problems, missing ones stay missing."""
    cleaned: list[str | None] = []
    problems = []
    for index, value in enumerate(values):
        given = text(value)
        state = _STATE_WORDS.get(given.lower(), given) if given else None
        if state is not None and state not in STATES:
            problems.append(RowProblem(index, "reject.state", {"value": given, "known": "、".join(STATES)}))
            state = None
        cleaned.append(state)
    return cleaned, problems


def clean_dates(values: list[Any], field: str) -> tuple[list[str | None], list[RowProblem]]:
    """Return ISO dates of dates, date-times and text (``20140801``, ``2014/8/1``, ``2014年8月1日``)."""
    cleaned: list[str | None] = []
    problems = []
    for index, value in enumerate(values):
        if isinstance(value, (date, datetime)):
            cleaned.append((value.date() if isinstance(value, datetime) else value).isoformat())
            continue
        given = text(value)
        if given is None:
            cleaned.append(None)
            continue
        match = _DATE.match(given)
        try:
            parts = [int(part) for part in match.groups() if part] if match else []
            cleaned.append(date(*parts).isoformat() if parts else None)
        except ValueError:
            cleaned.append(None)
        if cleaned[-1] is None:
            problems.append(RowProblem(index, "reject.date", {"value": given, "field": field}))
    return cleaned, problems


def fit_geometries(geometries: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64], list[RowProblem]]:
    """Bring geometries into the form of their table: Point, MultiLineString or MultiPolygon.

    Returns
    -------
    geometries : array
    dimensions : array of int
        0 point, 1 line, 2 area, -1 none.
    problems : list of RowProblem
        Several points in one row, collections, invalid polygons (with the reason), lines of no length.
    """
    result = np.array(geometries, dtype=object)
    kinds = shapely.get_type_id(result)
    dimensions = np.where(kinds == 7, -1, shapely.get_dimensions(result)).astype(np.int64)
    problems = []
    parts = shapely.get_num_geometries(result)
    for index in np.flatnonzero(kinds == 4):
        if parts[index] == 1:
            result[index] = shapely.get_geometry(result[index], 0)
        else:
            problems.append(RowProblem(int(index), "reject.multipart", {"parts": int(parts[index])}))
    for single, make in ((1, shapely.multilinestrings), (2, shapely.multilinestrings), (3, shapely.multipolygons)):
        for index in np.flatnonzero(kinds == single):
            part = shapely.linestrings(shapely.get_coordinates(result[index])) if single == 2 else result[index]
            result[index] = make([part])
    for index in np.flatnonzero(kinds == 7):
        problems.append(RowProblem(int(index), "reject.geometry_kind", {"kind": "GeometryCollection"}))
    areas = np.flatnonzero(dimensions == 2)
    for index in areas[~shapely.is_valid(result[areas])]:
        reason = str(shapely.is_valid_reason(result[index]))
        problems.append(RowProblem(int(index), "reject.invalid_geometry", {"reason": reason}))
    lines = np.flatnonzero(dimensions == 1)
    for index in lines[shapely.length(result[lines]) == 0]:
        problems.append(RowProblem(int(index), "reject.invalid_geometry", {"reason": "length 0"}))
    return result, dimensions, problems

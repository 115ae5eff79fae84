# SPDX-License-Identifier: GPL-2.0-or-later
"""Mapping of a foreign table's columns to ours, as data: saved by name, guessed from known field names.

A mapping in JSON::

    {"fields": {"class_code": {"column": "TYPE", "values": {"STORM": "0103"}, "required": true},
                "state": {"const": "完好"},
                "first_on": "SURVEYED"},
     "x": "lon", "y": "lat", "crs": "EPSG:4326", "null_values": ["-", "N/A"], "time_zone": "Asia/Shanghai"}

A rule with ``values`` takes only the values listed (``default`` for all others, when given); anything else rejects the
row. ``null_values`` are read as missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from typing import Any, Optional

import numpy as np

from digital_citymgmt_plugin.core.cells import Formula, LongCell, Ragged
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, ROW, Columns

# Entries beside ``fields`` that are text, those that only some imports know among them.
_TEXTS = frozenset({"x", "y", "crs", "time_zone", "name", "time_format", "source", "class", "shift"})


@dataclass(frozen=True)
class Rule:
    """Where one of our fields comes from: a column, several columns joined, or a constant."""

    columns: tuple[str, ...] = ()
    join: str = ""
    const: Any = None
    values: Optional[MappingType[str, Any]] = None  # noqa: UP045
    default: Any = None
    has_default: bool = False
    required: bool = False


@dataclass(frozen=True)
class Mapping:
    """How a source's columns become our fields."""

    fields: MappingType[str, Rule] = field(default_factory=dict)
    x: Optional[str] = None  # noqa: UP045
    y: Optional[str] = None  # noqa: UP045
    crs: Optional[str] = None  # noqa: UP045
    null_values: tuple[str, ...] = ()
    time_zone: Optional[str] = None  # noqa: UP045
    options: MappingType[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RowProblem:
    """A row that cannot be taken: its index in the chunk, the reason's code and the values of its sentence."""

    index: int
    reason: str
    values: MappingType[str, Any]


def mapping_from_text(text: str, known: Iterable[str]) -> Mapping:
    """Build a mapping from its JSON text.

    Parameters
    ----------
    text : str
    known : iterable of str
        Our field names that the use case understands.

    Raises
    ------
    InputRefused
        ``mapping.not_json`` or ``mapping.wrong`` (names the entry).
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise InputRefused("mapping.not_json", reason=str(error)) from None
    if not isinstance(data, dict) or not isinstance(data.get("fields", {}), dict):
        raise InputRefused("mapping.wrong", entry="fields")
    allowed = set(known)
    rules = {}
    for name, spec in data.get("fields", {}).items():
        if name not in allowed:
            raise InputRefused("mapping.unknown_field", entry=name, known=", ".join(sorted(allowed)))
        rules[name] = _rule(name, spec)
    _check_options(data)
    if bool(data.get("x")) != bool(data.get("y")):
        raise InputRefused("mapping.wrong", entry="x, y")
    nulls = data.get("null_values") or []
    if not isinstance(nulls, list):
        raise InputRefused("mapping.wrong", entry="null_values")
    extra = {k: v for k, v in data.items() if k not in ("fields", "x", "y", "crs", "null_values", "time_zone")}
    return Mapping(
        rules, data.get("x"), data.get("y"), data.get("crs"), tuple(map(str, nulls)),
        data.get("time_zone"), extra,
    )  # fmt: skip


def _check_options(data: MappingType[str, Any]) -> None:
    """Refuse what is of the wrong kind before the first row is read."""
    for key, value in data.items():
        if key in _TEXTS and value is not None and not isinstance(value, str):
            raise InputRefused("mapping.wrong", entry=key)
    if not _is_keep(data.get("keep")):
        raise InputRefused("mapping.wrong", entry="keep")
    if not isinstance(data.get("events") or {}, dict):
        raise InputRefused("mapping.wrong", entry="events")


def _is_keep(value: Any) -> bool:
    """Tell whether a value says which other columns to keep: yes or no, ``all``, or a list of their names."""
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return value is None or value is True or value is False or value == "all"


def _rule(name: str, spec: Any) -> Rule:
    if isinstance(spec, str):
        return Rule((spec,))
    if not isinstance(spec, dict):
        raise InputRefused("mapping.wrong", entry=name)
    columns = spec.get("columns") or ([spec["column"]] if "column" in spec else [])
    values = spec.get("values")
    if not isinstance(columns, list) or not (values is None or isinstance(values, dict)):
        raise InputRefused("mapping.wrong", entry=name)
    if not columns and "const" not in spec:
        raise InputRefused("mapping.wrong", entry=name)
    return Rule(
        tuple(map(str, columns)), str(spec.get("join", "")), spec.get("const"), values, spec.get("default"),
        "default" in spec, bool(spec.get("required", False)),
    )  # fmt: skip


def guess_mapping(columns: Iterable[str], synonyms: MappingType[str, Iterable[str]]) -> Mapping:
    """Guess a mapping from column names: each of our fields takes the first column known as one of its synonyms.

    Upper and lower case, blanks, ``_`` and ``-`` make no difference. Values are not looked at. ``x`` and ``y`` are
    taken only when both are there.
    """
    folded = {_fold(column): column for column in reversed(list(columns))}
    rules = {}
    places: dict[str, Optional[str]] = {"x": None, "y": None}  # noqa: UP045
    for name, others in synonyms.items():
        found = next((folded[_fold(other)] for other in (name, *others) if _fold(other) in folded), None)
        if found is None:
            continue
        if name in places:
            places[name] = found
        else:
            rules[name] = Rule((found,))
    if places["x"] is None or places["y"] is None:
        return Mapping(rules)
    return Mapping(rules, places["x"], places["y"])


def _fold(name: str) -> str:
    return name.lower().replace(" ", "").replace("_", "").replace("-", "")


def check_columns(mapping: Mapping, columns: Iterable[str], file: str) -> None:
    """Refuse a mapping that names columns which the source does not have (``mapping.no_column``)."""
    there = set(columns)
    wanted = [(name, column) for name, rule in mapping.fields.items() for column in rule.columns]
    wanted += [(axis, column) for axis, column in (("x", mapping.x), ("y", mapping.y)) if column]
    for name, column in wanted:
        if column not in there:
            known = ", ".join(sorted(there))
            raise InputRefused("mapping.no_column", entry=name, column=column, file=file, known=known)


def apply_mapping(mapping: Mapping, chunk: Columns) -> tuple[Columns, list[RowProblem]]:
    """Turn a chunk of a source into our fields.

    Returns
    -------
    columns : dict
        One object array per mapped field (None where missing); text is stripped. Row numbers and geometries pass.
    problems : list of RowProblem
        Rows with too many cells, a formula in a mapped column, a value that the mapping does not list, or a missing
        required value; at most one a row.
    """
    size = len(chunk[ROW])
    result: Columns = {ROW: chunk[ROW]}
    if GEOM in chunk:
        result[GEOM] = chunk[GEOM]
    problems: dict[int, RowProblem] = {}
    if size:
        _find_ragged(chunk, problems)
    nulls = set(mapping.null_values)
    for name, rule in mapping.fields.items():
        result[name] = _apply_rule(name, rule, chunk, size, nulls, problems)
    for axis, column_name in (("x", mapping.x), ("y", mapping.y)):
        if column_name:
            result[f"__{axis}__"] = chunk[column_name]
            _find_formulas(chunk[column_name].tolist(), axis, column_name, problems)
    return result, [problems[index] for index in sorted(problems)]


def _find_ragged(chunk: Columns, problems: dict[int, RowProblem]) -> None:
    """Every cell of such a row is marked, so one column tells."""
    column = next((name for name in chunk if name not in (ROW, GEOM)), None)
    for index, value in enumerate(chunk[column].tolist() if column is not None else []):
        if isinstance(value, Ragged):
            values: dict[str, Any] = {"column": column}
            if isinstance(value, LongCell):
                lengths = {name: cells[index].length for name, cells in chunk.items() if name not in (ROW, GEOM)}
                longest = max(lengths, key=lambda name: lengths[name])
                values = {"column": longest, "count": lengths[longest]}
            problems[index] = RowProblem(index, value.reason, values)


def _find_formulas(values: list[Any], name: str, column: str, problems: dict[int, RowProblem]) -> None:
    for index, value in enumerate(values):
        if isinstance(value, Formula):
            problems.setdefault(index, RowProblem(index, value.reason, {"field": name, "column": column}))


def _apply_rule(
    name: str, rule: Rule, chunk: Columns, size: int, nulls: set[str], problems: dict[int, RowProblem]
) -> Any:
    out = np.empty(size, dtype=object)
    if not rule.columns:
        out[:] = [rule.const] * size
        return out
    cleaned = [_clean_column(chunk[column].tolist(), name, column, nulls, rule, problems) for column in rule.columns]
    if len(cleaned) == 1:
        values = cleaned[0]
    else:
        values = [
            None if any(part is None for part in parts) else rule.join.join(map(str, parts)) for parts in zip(*cleaned)
        ]
    if rule.values is not None:
        values = _translate(values, name, rule, problems)
    if rule.required:
        for index, value in enumerate(values):
            if value is None and index not in problems:
                problems[index] = RowProblem(index, "reject.missing", {"field": name, "column": rule.columns[0]})
    out[:] = values
    return out


def _clean_column(
    raw: list[Any], name: str, column: str, nulls: set[str], rule: Rule, problems: dict[int, RowProblem]
) -> list[Any]:
    listed = rule.values or {}
    values: list[Any] = []
    for index, value in enumerate(raw):
        if type(value) is str:
            value = value.strip()
            if value == "" or (value in nulls and value not in listed):
                value = None
        elif isinstance(value, Formula):
            problems.setdefault(index, RowProblem(index, value.reason, {"field": name, "column": column}))
            value = None
        elif isinstance(value, float) and value != value:
            value = None
        values.append(value)
    return values


def _translate(values: list[Any], name: str, rule: Rule, problems: dict[int, RowProblem]) -> list[Any]:
    table = rule.values or {}
    result = []
    for index, value in enumerate(values):
        if value is None:
            result.append(rule.default if rule.has_default else None)
            continue
        key = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        if key in table:
            result.append(table[key])
        elif rule.has_default:
            result.append(rule.default)
        else:
            details = {"field": name, "column": rule.columns[0], "value": key}
            problems.setdefault(index, RowProblem(index, "reject.value_unknown", details))
            result.append(None)
    return result

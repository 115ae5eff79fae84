# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of rows of the gazetteer: what a place of each kind must say, and what its address gives."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census.rows import text
from digital_citymgmt_plugin.core.mapping import RowProblem
from digital_citymgmt_plugin.core.places.addresses import (
    Address,
    parse_address,
    parse_number,
    plain,
    to_number,
    without_areas,
)
from digital_citymgmt_plugin.core.places.fields import CAMERA, PLATE, RANGE_NUMBERS, STREET
from digital_citymgmt_plugin.core.places.ranges import ranges_of, whole_range
from digital_citymgmt_plugin.core.ports import Columns

PARSED = ("street", "number", "number_from", "number_to", "sub_number")
_LONGEST = 200  # characters of an address that is taken apart; more is a description
# What a direction is called on the plate of a camera, in degrees clockwise from north.
_WINDS = {"北": 0, "东北": 45, "东": 90, "东南": 135, "南": 180, "西南": 225, "西": 270, "西北": 315,
          "n": 0, "ne": 45, "e": 90, "se": 135, "s": 180, "sw": 225, "w": 270, "nw": 315}  # fmt: skip
_LIMITS = {"direction": (0.0, 360.0), "angle": (0.0, 360.0), "reach": (0.0, 100_000.0)}

Rows = dict[str, list[Any]]


def clean_places(kind: str, given: Columns, size: int, areas: tuple[str, ...]) -> tuple[Rows, list[RowProblem]]:
    """Return the columns of a chunk of places of one kind, and the rows that lack what the kind needs.

    Parameters
    ----------
    kind : str
        One of ``fields.KINDS``.
    given : dict of arrays
        Mapped columns.
    size : int
        Rows.
    areas : tuple of str
        Names that may stand in front of an address; see ``addresses.area_names``.

    Returns
    -------
    rows : dict of lists
        ``name``, ``code``, ``category``, ``address``, ``source_id``; of places ``street``, ``number``,
        ``number_from``, ``number_to``, ``sub_number``, ``ranges``; of cameras ``direction``, ``angle``, ``reach``.
    problems : list of RowProblem
        ``reject.no_name``, ``reject.no_number``, ``reject.no_street``, ``reject.house_number``, ``reject.number``.
    """
    rows: Rows = {name: _texts(given, name, size) for name in ("name", "code", "category", "address", "source_id")}
    if kind == CAMERA:
        problems = _cameras(rows, given, size)
    elif kind == PLATE:
        problems = _plates(rows, given, size, areas)
    else:
        problems = _streets(rows, given, size, areas) if kind == STREET else _points(rows, areas)
    return rows, problems


def kind_problems(kind: str, dimensions: NDArray[np.int64]) -> list[RowProblem]:
    """Find geometries that are not of their kind: a street is a line, a camera a point."""
    wanted = {STREET: 1, CAMERA: 0}.get(kind)
    if wanted is None:
        return []
    names = {0: "Point", 1: "LineString", 2: "Polygon"}
    return [
        RowProblem(index, "reject.geometry_kind", {"kind": names[int(dimensions[index])]})
        for index in np.flatnonzero((dimensions >= 0) & (dimensions != wanted)).tolist()
    ]


def _texts(given: Columns, name: str, size: int) -> list[Any]:
    return [text(value) for value in given[name].tolist()] if name in given else [None] * size


def _parsed(address: str | None, areas: tuple[str, ...]) -> Address:
    if not address or len(address) > _LONGEST:
        return Address()
    return parse_address(address, areas)


def _put(rows: Rows, found: list[Address]) -> None:
    for name in PARSED:
        rows[name] = [getattr(item, name) for item in found]
    rows.setdefault("ranges", [None] * len(found))


def _points(rows: Rows, areas: tuple[str, ...]) -> list[RowProblem]:
    found = [_parsed(address, areas) for address in rows["address"]]
    _put(rows, [item if item.number_from is not None else Address() for item in found])
    return _without_name(rows["name"])


def _without_name(names: list[Any]) -> list[RowProblem]:
    return [RowProblem(index, "reject.no_name", {}) for index, name in enumerate(names) if name is None]


def _plates(rows: Rows, given: Columns, size: int, areas: tuple[str, ...]) -> list[RowProblem]:
    """Take number and street from their columns, else from the address, else from the name."""
    problems, found = [], []
    streets, numbers, subs = (_texts(given, name, size) for name in ("street", "number", "sub_number"))
    for index in range(size):
        written = rows["address"][index] or rows["name"][index]
        whole = _parsed(written, areas)
        own = parse_number(numbers[index]) if numbers[index] and len(numbers[index]) <= _LONGEST else whole
        street = without_areas(plain(streets[index]), areas) if streets[index] else own.street or whole.street
        if own.number_from is None:
            values = {"value": numbers[index] or written or ""}
            problems.append(RowProblem(index, "reject.no_number", values))
        elif not street:
            problems.append(RowProblem(index, "reject.no_street", {"value": written or own.number}))
        sub = f"{own.sub_number or ''}{subs[index] or ''}" or None
        number = own.number if not subs[index] else f"{own.number or ''}{subs[index]}"
        found.append(Address(street, number, own.number_from, own.number_to, sub))
    _put(rows, found)
    rows["name"] = [
        name or (f"{item.street}{item.number}" if item.street and item.number else None)
        for name, item in zip(rows["name"], found)
    ]
    return problems


def _streets(rows: Rows, given: Columns, size: int, areas: tuple[str, ...]) -> list[RowProblem]:
    problems = _without_name(rows["name"])
    columns: Rows = {}
    for name in RANGE_NUMBERS:
        columns[name], wrong = _house_numbers(_texts(given, name, size), name)
        problems += wrong
    texts = _texts(given, "ranges", size)
    ranges = [ranges_of({name: columns[name][index] for name in RANGE_NUMBERS}, texts[index]) for index in range(size)]
    ends = [whole_range(item) for item in ranges]
    names = [without_areas(plain(name), areas) or name if name else None for name in rows["name"]]
    _put(rows, [Address(name, None, *end) for name, end in zip(names, ends)])
    rows["ranges"] = [item or None for item in ranges]
    return problems


def _house_numbers(values: list[Any], field: str) -> tuple[list[int | None], list[RowProblem]]:
    numbers: list[int | None] = []
    problems = []
    for index, value in enumerate(values):
        if value is None:
            numbers.append(None)
            continue
        digits = value if len(value) < 10 and value.isascii() and value.isdigit() else None
        found = to_number(digits) if digits else parse_number(value[:_LONGEST]).number_from
        numbers.append(found)
        if found is None:
            problems.append(RowProblem(index, "reject.house_number", {"value": value, "field": field}))
    return numbers, problems


def _cameras(rows: Rows, given: Columns, size: int) -> list[RowProblem]:
    problems = [
        RowProblem(index, "reject.no_name", {})
        for index, (name, code) in enumerate(zip(rows["name"], rows["code"]))
        if name is None and code is None
    ]
    for field, (least, most) in _LIMITS.items():
        rows[field] = []
        for index, value in enumerate(_texts(given, field, size)):
            number = _number(value)
            rows[field].append(number)
            if value is not None and (number is None or not least <= number <= most):
                values = {"value": value, "field": field, "least": round(least), "most": round(most)}
                problems.append(RowProblem(index, "reject.number", values))
    return problems


def _number(value: str | None) -> float | None:
    if value is None:
        return None
    word = value.strip("向方°度面 ").lower()
    if word in _WINDS:
        return float(_WINDS[word])
    try:
        return float(word)
    except ValueError:
        return None

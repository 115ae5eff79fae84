# SPDX-License-Identifier: GPL-2.0-or-later
"""Conditions and rows between the store's port and SQL: values are bound, columns become arrays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.ports import GEOM, XY, Columns, Condition
from digital_citymgmt_plugin.storage.blob import from_blobs, xy_of_blobs

_OPERATORS = {"=", "!=", "<", "<=", ">", ">=", "in", "not in", "is null", "not null", "box"}


def quoted(name: str) -> str:
    """Return an identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def listed(columns: Sequence[str]) -> str:
    """Return the columns to select; ``xy`` comes out of the geometry."""
    return ", ".join(quoted(GEOM if name == XY else name) for name in columns)


def where_clause(conditions: Sequence[Condition], table: str = "") -> tuple[str, list[Any]]:
    """Return the WHERE clause with its bound values; lists are bound as one JSON value.

    ``table`` is needed for ``box``: the R-tree tells which rows may lie there, their geometries which do.
    """
    parts: list[str] = []
    values: list[Any] = []
    for column, operator, value in conditions:
        if operator not in _OPERATORS:
            raise ValueError(operator)
        name = quoted(column)
        if operator == "box":
            rtree = quoted(f"rtree_{table}_{column}")
            parts.append(
                f"fid IN (SELECT id FROM {rtree} WHERE maxx >= ? AND minx <= ? AND maxy >= ? AND miny <= ?) AND "
                f"ST_MaxX({name}) >= ? AND ST_MinX({name}) <= ? AND ST_MaxY({name}) >= ? AND ST_MinY({name}) <= ?"
            )
            west, south, east, north = (float(side) for side in value)
            values += [west, east, south, north] * 2
        elif operator in ("is null", "not null"):
            parts.append(f"{name} {'IS' if operator == 'is null' else 'IS NOT'} NULL")
        elif operator in ("in", "not in"):
            parts.append(f"{name} {operator.upper()} (SELECT value FROM json_each(?))")
            values.append(json.dumps([item.item() if isinstance(item, np.generic) else item for item in value]))
        else:
            parts.append(f"{name} {operator} ?")
            values.append(value.item() if isinstance(value, np.generic) else value)
    return (" WHERE " + " AND ".join(parts) if parts else ""), values


def as_columns(names: Sequence[str], rows: list[tuple[Any, ...]]) -> Columns:
    """Turn rows into columns; ``fid`` becomes int64, ``geom`` shapely geometries, ``xy`` points, the rest objects."""
    result: Columns = {}
    parts: Sequence[Sequence[Any]] = list(zip(*rows)) if rows else [()] * len(names)
    for name, values in zip(names, parts):
        if name == "fid":
            result[name] = np.array(values, dtype=np.int64)
        elif name == GEOM:
            result[name] = from_blobs(values) if values else np.empty(0, dtype=object)
        elif name == XY:
            result[name] = xy_of_blobs(values) if values else np.empty((0, 2))
        else:
            column = np.empty(len(values), dtype=object)
            column[:] = values
            result[name] = column
    return result

# SPDX-License-Identifier: GPL-2.0-or-later
"""Many rows in one: SQLite joins the values of a column itself, Python takes them apart in one go.

Fetched row by row, most of the time goes into making a tuple and an object of every value: 776,143 components with six
columns took 1.3 s so, 0.5 s joined.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Optional

import numpy as np

from digital_citymgmt_plugin.core.ports import GEOM, XY, Columns, Condition
from digital_citymgmt_plugin.storage.blob import from_blobs, xy_of_blobs, xy_of_points
from digital_citymgmt_plugin.storage.sql import as_columns, listed, quoted, where_clause

_MARK = "\x1f"  # the unit separator: in no text that a person typed; where it is in one all the same, rows are fetched
_TOO_BIG = "too big"


def packed_chunks(
    connection: sqlite3.Connection, table: str, columns: Sequence[str], where: Sequence[Condition], size: int
) -> Iterator[Columns]:
    """Yield ``fid`` and columns in chunks, in the order of ``fid``; see ``core.ports.Store.packed``."""
    names = [name for name in columns if name != "fid"]
    highest = int(connection.execute(f"SELECT ifnull(max(fid), -1) FROM {quoted(table)}").fetchone()[0])
    last = -1
    while last < highest:
        # By number, not by rows: to count them SQLite would walk through the whole table once more.
        conditions: list[Condition] = [*where, ("fid", ">", last), ("fid", "<=", last + size)]
        part = _packed(connection, table, names, conditions)
        if part is None:
            part = _rows(connection, table, names, conditions)
        last += size
        if len(part["fid"]):
            yield part
        elif last < highest:  # over a gap
            query = f"SELECT ifnull(min(fid), ?) FROM {quoted(table)} WHERE fid > ?"
            last = int(connection.execute(query, (highest + 1, last)).fetchone()[0]) - 1


def _rows(connection: sqlite3.Connection, table: str, names: Sequence[str], conditions: Sequence[Condition]) -> Columns:
    """Return the rows as ``_packed`` does, fetched one by one."""
    clause, values = where_clause(conditions, table)
    sql = f"SELECT {listed(['fid', *names])} FROM {quoted(table)}{clause} ORDER BY fid"
    part = as_columns(["fid", *names], connection.execute(sql, values).fetchall())
    for name in names:
        if name not in (GEOM, XY):
            part[name][:] = ["" if value is None else str(value) for value in part[name].tolist()]
    return part


def _packed(
    connection: sqlite3.Connection, table: str, names: Sequence[str], conditions: Sequence[Condition]
) -> Optional[Columns]:  # noqa: UP045
    """Return the rows as columns, None where they cannot be joined: a mark within a text, or more than 1 GB of it."""
    wanted = ["count(*)", "group_concat(fid)"]
    for name in names:
        if name in (GEOM, XY):
            # As text the bytes of a blob stay as they are: stores are UTF-8, and nothing here reads them as text.
            wanted += [f"CAST(group_concat({GEOM}, '') AS BLOB)", f"group_concat(ifnull(length({GEOM}), -1))"]
        else:
            wanted.append(f"group_concat(ifnull({quoted(name)}, ''), '{_MARK}')")
    clause, values = where_clause(conditions, table)
    sql = f"SELECT {', '.join(wanted)} FROM {quoted(table)}{clause}"
    try:
        found = list(connection.execute(sql, values).fetchone())
    except sqlite3.DataError as error:
        if _TOO_BIG in str(error):
            return None
        raise
    count = found.pop(0)
    fids = np.fromstring(found.pop(0) or "", dtype=np.int64, sep=",")
    part: Columns = {"fid": fids}
    order = None if (np.diff(fids) > 0).all() else np.argsort(fids)
    for name in names:
        if name in (GEOM, XY):
            column = _places(name, found.pop(0) or b"", np.fromstring(found.pop(0) or "", dtype=np.int64, sep=","))
        else:
            texts = str(found.pop(0)).split(_MARK) if count else []
            if len(texts) != count:
                return None
            column = np.empty(count, dtype=object)
            column[:] = texts
        part[name] = column
    return part if order is None else {name: column[order] for name, column in part.items()}


def _places(name: str, data: bytes, lengths: Any) -> Any:
    """Return geometries or points (``XY``) of joined blobs; a length below 0 is none at all."""
    xy = xy_of_points(data, lengths) if name == XY else None
    if xy is not None:
        return xy
    ends = np.cumsum(np.maximum(lengths, 0)).tolist()
    blobs = [None if size < 0 else data[end - size : end] for size, end in zip(lengths.tolist(), ends)]
    if not blobs:
        return np.empty((0, 2)) if name == XY else np.empty(0, dtype=object)
    return xy_of_blobs(blobs) if name == XY else from_blobs(blobs)

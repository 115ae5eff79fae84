# SPDX-License-Identifier: GPL-2.0-or-later
"""Leaving out triggers that cannot fire, and filling indexes once, while an action writes many rows.

SQLite takes a slower way for every row of a table with triggers, whether one fires or not: of the 15 s in which
776,143 components got code and grid, 8 went there, and 4 into keeping the index on grids in random order. Each trigger
left out is proved silent first; it comes back inside the same transaction, so nobody else ever sees the table without.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

CASES = "case_record"
MANY = 20_000  # rows of one update from which the proof is worth its time
# Triggers of a table's inserts that fire for rows of other programs, or where uuid or created_at is missing.
_FOR_OTHERS = ("uuid", "created", "replace", "code_insert", "insert", "change_added")


class QuietInserts:
    """Takes the insert triggers off tables that an action fills, and puts them back."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._off: dict[str, list[str]] = {}

    def start(self, table: str) -> None:
        """Leave the triggers out from now on; the action fills uuid and times itself."""
        if table in self._off:
            return
        names = [f"dcm_{table}_{name}" for name in _FOR_OTHERS]
        found = [(name, sql) for name, sql in triggers_of(self._connection, table) if name in names]
        self._off[table] = [sql for _, sql in found]
        for name, _ in found:
            self._connection.execute(f'DROP TRIGGER "{name}"')

    def stop(self) -> None:
        """Put them back."""
        for statements in self._off.values():
            for sql in statements:
                self._connection.execute(sql)
        self._off.clear()


@contextlib.contextmanager
def quiet_update(
    connection: sqlite3.Connection,
    table: str,
    fids: NDArray[np.int64],
    columns: Iterable[str],
    old: Optional[Mapping[str, Any]] = None,  # noqa: UP045
    *,
    told: bool = False,
) -> Iterator[None]:
    """Give an update of many rows a table without update triggers, if none of them can fire.

    Inside an action the only ones that can are those on a column whose old value is there: ``code_fixed`` and the rows
    of ``component_change``. So all old values must be NULL. Indexes on the columns are filled anew when more than half
    of the table changes. ``fid``, ``uuid`` and ``geom`` must not be among the columns. ``old``: the values of all rows,
    if it is known that they hold the same.
    """
    names = [name for name in columns if name != "updated_at"]
    empty = old is not None and all(old[name] is None for name in names)
    if (
        len(fids) < MANY
        or {"fid", "uuid", "geom"} & set(names)
        or not (empty or told or (table == CASES and "code" not in names) or _all_null(connection, table, fids, names))
    ):
        yield
        return
    triggers = [
        (name, sql) for name, sql in triggers_of(connection, table) if re.search(r"\b(BEFORE|AFTER) UPDATE\b", sql)
    ]
    indexes = _indexes(connection, table, names) if _is_most(connection, table, len(fids)) else []
    with left_out(connection, "TRIGGER", triggers), left_out(connection, "INDEX", indexes):
        yield


@contextlib.contextmanager
def built_once(connection: sqlite3.Connection, table: str, size: int) -> Iterator[None]:
    """Fill the indexes of a table at once after an insert that doubles it or more; constraints hold then, too."""
    indexes = _indexes(connection, table) if size >= MANY and _is_most(connection, table, size) else []
    with left_out(connection, "INDEX", indexes):
        yield


@contextlib.contextmanager
def left_out(connection: sqlite3.Connection, what: str, found: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Drop triggers or indexes (name, SQL) and put them back; an error rolls the whole transaction back, and them."""
    for name, _ in found:
        connection.execute(f'DROP {what} "{name}"')
    yield
    for _, sql in found:
        connection.execute(sql)


def triggers_of(connection: sqlite3.Connection, table: str) -> list[tuple[str, str]]:
    """Return the triggers of a table (name, SQL) in the order in which they were made."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? ORDER BY rowid"
    return [(str(name), str(sql)) for name, sql in connection.execute(query, (table,))]


def _indexes(connection: sqlite3.Connection, table: str, columns: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Return the indexes that can be dropped; with columns only those that mention one of them."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL"
    word = re.compile(r"\b(" + "|".join(map(re.escape, columns)) + r")\b" if columns else "")
    return [
        (str(name), str(sql)) for name, sql in connection.execute(query, (table,)) if word.search(sql.split("(", 1)[1])
    ]


def _all_null(connection: sqlite3.Connection, table: str, fids: NDArray[np.int64], columns: list[str]) -> bool:
    """Look at all rows between the first and the last one; a value in a row between them only costs the short cut."""
    there = " OR ".join(f'"{name}" IS NOT NULL' for name in columns)
    query = f'SELECT 1 FROM "{table}" WHERE fid BETWEEN ? AND ? AND ({there}) LIMIT 1'
    return connection.execute(query, (int(fids.min()), int(fids.max()))).fetchone() is None


def _is_most(connection: sqlite3.Connection, table: str, size: int) -> bool:
    highest = connection.execute(f'SELECT max(fid) FROM "{table}"').fetchone()[0]
    return size * 2 >= int(highest or 0)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Taking many rows out of a table and putting them back: triggers, indexes and R-tree done once instead of row by row.

Only for taking an action back: what goes away is in the undo journal before, codes stay in the register.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import shapely

from digital_citymgmt_plugin.storage.blob import from_blobs
from digital_citymgmt_plugin.storage.bulk import left_out, triggers_of
from digital_citymgmt_plugin.storage.journal import Ranges
from digital_citymgmt_plugin.storage.schema.catalogue import SPATIAL

_BULK = 2_000  # rows from which an index is better filled anew than kept in step


@contextlib.contextmanager
def without_triggers(connection: sqlite3.Connection, table: str, pattern: str) -> Iterator[None]:
    """Take the triggers whose text matches a pattern off a table and put them back, in the same transaction."""
    found = [(name, sql) for name, sql in triggers_of(connection, table) if re.search(pattern, sql)]
    with left_out(connection, "TRIGGER", found):
        yield


@contextlib.contextmanager
def without_indexes(connection: sqlite3.Connection, table: str, size: int) -> Iterator[None]:
    """Take the indexes that are no constraint off a table most of whose rows change, and make them anew."""
    found: list[tuple[str, str]] = []
    if size >= _BULK and size * 2 >= _count(connection, table):
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql LIKE 'CREATE INDEX%'"
        found = connection.execute(query, (table,)).fetchall()
    with left_out(connection, "INDEX", found):
        yield


def remove_rows(connection: sqlite3.Connection, table: str, ranges: Ranges) -> int:
    """Delete the rows whose ``fid`` lies in one of the ranges, with their boxes; returns how many there were.

    No row of ``component_change`` is written: the caller does it, or the operation tells.
    """
    runs = ranges.tolist()
    size = sum(
        connection.execute(f'SELECT count(*) FROM "{table}" WHERE fid BETWEEN ? AND ?', run).fetchone()[0]
        for run in runs
    )
    if not size:
        return 0
    whole = _count(connection, table)
    with without_triggers(connection, table, r"\b(BEFORE|AFTER) DELETE\b"):
        if size == whole:  # SQLite then frees the pages without looking at the rows
            connection.execute(f'DELETE FROM "{table}"')
        else:
            with without_indexes(connection, table, size):
                connection.executemany(f'DELETE FROM "{table}" WHERE fid BETWEEN ? AND ?', runs)
    if table in SPATIAL:
        if size >= _BULK and size * 2 >= whole:
            rebuild_rtree(connection, table)
        else:
            connection.executemany(f'DELETE FROM "rtree_{table}_geom" WHERE id BETWEEN ? AND ?', runs)
    return int(size)


def insert_rows(connection: sqlite3.Connection, table: str, fids: Sequence[int], columns: dict[str, Any]) -> None:
    """Put rows back under their old ``fid``, as they were, with their boxes.

    Raises
    ------
    sqlite3.IntegrityError
        A value that must be unique (code, case number, import key) is another row's by now.
    """
    names = ", ".join(f'"{name}"' for name in ("fid", *columns))
    marks = ", ".join("?" * (len(columns) + 1))
    with without_triggers(connection, table, r"\b(BEFORE|AFTER) INSERT\b"):
        connection.executemany(
            f'INSERT INTO "{table}" ({names}) VALUES ({marks})', zip(fids, *(columns[name] for name in columns))
        )
    if table in SPATIAL:
        _fill_rtree(connection, table, fids, columns["geom"])


def rebuild_rtree(connection: sqlite3.Connection, table: str) -> None:
    """Empty an R-tree at once and fill it from the rows that are there."""
    name = f"rtree_{table}_geom"
    sql = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()[0]
    connection.execute(f'DROP TABLE "{name}"')
    connection.execute(sql)
    cursor = connection.execute(f'SELECT fid, geom FROM "{table}" WHERE geom IS NOT NULL')
    while True:
        rows = cursor.fetchmany(50_000)
        if not rows:
            return
        _fill_rtree(connection, table, *zip(*rows))


def _fill_rtree(connection: sqlite3.Connection, table: str, fids: Sequence[int], blobs: Sequence[Any]) -> None:
    if not len(fids):
        return
    boxes = shapely.bounds(from_blobs(list(blobs)))
    rows = (
        (fid, box[0], box[2], box[1], box[3]) for fid, box in zip(fids, boxes.tolist()) if box[0] == box[0]
    )  # NaN: no geometry or an empty one
    connection.executemany(f'INSERT INTO "rtree_{table}_geom" VALUES (?, ?, ?, ?, ?)', rows)


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])

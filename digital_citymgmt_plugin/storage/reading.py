# SPDX-License-Identifier: GPL-2.0-or-later
"""What is read of an open GeoPackage, and what a database error means for the user."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import Cancelled, CityError, StoreError
from digital_citymgmt_plugin.core.ports import Columns, Condition
from digital_citymgmt_plugin.storage.packed import packed_chunks
from digital_citymgmt_plugin.storage.sql import as_columns, listed, quoted, where_clause


def translate(error: sqlite3.Error, path: str) -> CityError:
    """Return the city error that says what a database error means for the user."""
    text = str(error)
    if text == "interrupted":
        return Cancelled()
    for part, code in (
        ("disk is full", "store.disk_full"),
        ("readonly database", "store.read_only"),
        ("not a database", "store.not_geopackage"),
        ("malformed", "store.malformed"),
        ("locked", "store.busy"),
        ("busy", "store.busy"),
        ("disk I/O error", "store.disk_error"),
        ("unable to open", "store.cannot_open"),
    ):
        if part in text:
            return StoreError(code, path=path)
    return StoreError("store.refused", path=path, reason=text)


class GpkgReading:
    """The reading half of ``GpkgStore``: queries on the one connection, errors as the user's sentences."""

    path: str
    connection: sqlite3.Connection

    def meta(self) -> dict[str, str]:
        """Return the settings of the store."""
        return {str(key): str(value) for key, value in self._query("SELECT key, value FROM meta", ())}

    def count(self, table: str, where: Sequence[Condition] = ()) -> int:
        """Count rows."""
        clause, values = where_clause(where, table)
        return int(self._query(f"SELECT count(*) FROM {quoted(table)}{clause}", values)[0][0])

    def tally(self, table: str, by: Sequence[str], where: Sequence[Condition] = ()) -> list[tuple[Any, ...]]:
        """Count rows by the values of columns: one tuple (values, count) per combination, sorted."""
        clause, values = where_clause(where, table)
        names = listed(by)
        sql = f"SELECT {names}, count(*) FROM {quoted(table)}{clause} GROUP BY {names} ORDER BY {names}"
        return self._query(sql, values)

    def read(
        self, table: str, columns: Sequence[str], where: Sequence[Condition] = (), order: Sequence[str] = ()
    ) -> Columns:
        """Read columns of the rows that meet all conditions; see ``core.ports.Store``."""
        clause, values = where_clause(where, table)
        sql = f"SELECT {listed(columns)} FROM {quoted(table)}{clause}"
        if order:
            sql += " ORDER BY " + ", ".join(map(quoted, order))
        return as_columns(columns, self._query(sql, values))

    def chunks(
        self, table: str, columns: Sequence[str], where: Sequence[Condition] = (), size: int = 50_000
    ) -> Iterator[Columns]:
        """Read in chunks, in the order of ``fid``; memory stays flat."""
        last = -1
        names = list(columns) if "fid" in columns else ["fid", *columns]
        while True:
            clause, values = where_clause([*where, ("fid", ">", last)], table)
            sql = f"SELECT {listed(names)} FROM {quoted(table)}{clause} ORDER BY fid LIMIT {int(size)}"
            rows = self._query(sql, values)
            if not rows:
                return
            part = as_columns(names, rows)
            last = int(part["fid"][-1])
            yield part
            if len(rows) < size:
                return

    def packed(
        self, table: str, columns: Sequence[str], where: Sequence[Condition] = (), size: int = 20_000
    ) -> Iterator[Columns]:
        """Read texts and places in chunks, in the order of ``fid``, several times faster; see ``core.ports.Store``."""
        try:
            yield from packed_chunks(self.connection, table, columns, where, size)
        except sqlite3.Error as error:
            raise translate(error, self.path) from error

    def fids_in(self, table: str, boxes: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the rows whose box meets one of the boxes; see ``core.ports.Store``."""
        tree = quoted(f"rtree_{table}_geom")
        sql = f"SELECT id FROM {tree} WHERE maxx >= ? AND maxy >= ? AND minx <= ? AND miny <= ?"
        found = {row[0] for box in np.asarray(boxes, dtype=np.float64).tolist() for row in self._query(sql, box)}
        return np.array(sorted(found), dtype=np.int64)

    def latest(self, table: str, key: str, at: str, columns: Sequence[str]) -> Columns:
        """Read the last row of each value of ``key``; see ``core.ports.Store``."""
        name, by, moment = quoted(table), quoted(key), quoted(at)
        # From value to value of the index: grouping would walk through all points of all tracks.
        sql = (
            f"WITH RECURSIVE known (k) AS (SELECT min({by}) FROM {name} UNION ALL SELECT (SELECT min({by}) FROM {name} "
            f"WHERE {by} > known.k) FROM known WHERE known.k IS NOT NULL) SELECT {listed(columns)} FROM known JOIN "
            f"{name} ON {by} = known.k AND {moment} = (SELECT max({moment}) FROM {name} WHERE {by} = known.k)"
        )
        return as_columns(columns, self._query(sql, ()))

    def max_serials(self) -> dict[str, int]:
        """Return the highest serial ever issued or lent, by scope."""
        # From scope to scope of the index: walking all of a million codes takes fifty times as long.
        rows = self._query(
            "WITH RECURSIVE known (scope) AS (SELECT min(scope) FROM code_register UNION ALL SELECT (SELECT min(scope) "
            "FROM code_register WHERE scope > known.scope) FROM known WHERE known.scope IS NOT NULL) "
            "SELECT scope, max(serial) FROM (SELECT scope, (SELECT max(serial) FROM code_register r WHERE r.scope = "
            "known.scope) AS serial FROM known WHERE scope IS NOT NULL "
            "UNION ALL SELECT scope, max(to_no) FROM code_block GROUP BY scope) GROUP BY scope",
            (),
        )
        return {str(scope): int(serial) for scope, serial in rows}

    def _query(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            return self.connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise translate(error, self.path) from error

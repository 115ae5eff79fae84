# SPDX-License-Identifier: GPL-2.0-or-later
"""One user action on the GeoPackage: inserts and updates of one transaction, its log row, R-trees and extents."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, Optional

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.times import moment_text
from digital_citymgmt_plugin.core.errors import StoreError
from digital_citymgmt_plugin.core.ports import GEOM, Clock, Columns
from digital_citymgmt_plugin.core.undo import Logged, TakenBack
from digital_citymgmt_plugin.storage.blob import to_blobs
from digital_citymgmt_plugin.storage.bulk import QuietInserts, built_once, quiet_update
from digital_citymgmt_plugin.storage.change_rows import CHANGES, can_tell, change_rows
from digital_citymgmt_plugin.storage.journal import Journal, runs_of
from digital_citymgmt_plugin.storage.removal import remove_rows
from digital_citymgmt_plugin.storage.schema.catalogue import SPATIAL
from digital_citymgmt_plugin.storage.schema.triggers import drop_rtree_triggers, rtree_triggers
from digital_citymgmt_plugin.storage.takeback import REGISTER, TakeBack

_BULK = 2_000  # rows from which filling the R-tree at once beats its triggers


def new_uuids(count: int) -> list[str]:
    """Return random (version 4) uuids; 30 times faster than ``uuid.uuid4`` one by one."""
    raw = np.frombuffer(os.urandom(16 * count), dtype=np.uint8).reshape(count, 16).copy()
    raw[:, 6] = (raw[:, 6] & 0x0F) | 0x40
    raw[:, 8] = (raw[:, 8] & 0x3F) | 0x80
    text = raw.tobytes().hex()
    return [
        "-".join((one[:8], one[8:12], one[12:16], one[16:20], one[20:]))
        for one in (text[at : at + 32] for at in range(0, 32 * count, 32))
    ]


class GpkgAction:
    """See ``core.ports.Action``. Made by ``GpkgStore.action`` inside an open transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        kind: str,
        params: dict[str, Any],
        done_by: str,
        program: str,
        clock: Clock,
    ) -> None:
        self.operation_uuid = new_uuids(1)[0]
        self.counts: dict[str, int] = {}
        self._connection, self._kind, self._params = connection, kind, dict(params)
        self.at = moment_text(clock())
        self._touched: set[str] = set()
        self._bulk: set[str] = set()
        self._moved: set[str] = set()  # tables whose extent may be another
        self._quiet = QuietInserts(connection)
        self._journal = Journal(connection, self.operation_uuid)
        self._columns: dict[str, list[str]] = {}
        row = connection.execute("SELECT srs_id FROM gpkg_geometry_columns WHERE table_name = 'unit_grid'").fetchone()
        self._srs_id = int(row[0])
        connection.execute("INSERT INTO engine_context VALUES ('operation', ?)", (self.operation_uuid,))
        connection.execute(
            "INSERT INTO operation (uuid, kind, at, done_by, program) VALUES (?, ?, ?, ?, ?)",
            (self.operation_uuid, kind, self.at, done_by, program),
        )

    @property
    def tables(self) -> list[str]:
        """Name the tables touched so far."""
        return sorted(self._touched)

    def note(self, **values: Any) -> None:
        """Remember details in the operation row."""
        self._params.update(values)

    def insert(self, table: str, columns: Columns) -> NDArray[np.int64]:
        """Add rows and return their ``fid``."""
        size = len(next(iter(columns.values()))) if columns else 0
        if size == 0:
            return np.empty(0, dtype=np.int64)
        known = self._table_columns(table)
        first = self._next_fid(table)
        fids = np.arange(first, first + size, dtype=np.int64)
        self._journal.inserted(table, first, size)
        values: dict[str, Iterable[Any]] = {"fid": fids.tolist()}
        for name, column in columns.items():
            values[name] = to_blobs(column, self._srs_id) if name == GEOM else _plain(column)
        if "uuid" in known and "uuid" not in values:
            values["uuid"] = new_uuids(size)
        for name, constant in (
            ("created_at", self.at), ("updated_at", self.at), ("operation_uuid", self.operation_uuid)
        ):  # fmt: skip
            if name in known and name not in values:
                values[name] = [constant] * size
        bulk = GEOM in columns and (size >= _BULK or table in self._bulk)
        if bulk:
            self._start_bulk(table)
        if size >= _BULK and None not in values.get("uuid", ()) and None not in values.get("created_at", ()):
            self._quiet.start(table)
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        with built_once(self._connection, table, size):
            self._connection.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', zip(*values.values()))
        if bulk:
            self._fill_rtree(table, fids, columns[GEOM])
        self._touched.add(table)
        self._moved.add(table)
        return fids

    def update(self, table: str, fids: NDArray[np.int64], columns: Columns) -> int:
        """Set columns of the rows with these ``fid``."""
        if len(fids) == 0:
            return 0
        values: dict[str, Sequence[Any]] = {
            name: to_blobs(column, self._srs_id) if name == GEOM else _plain(column) for name, column in columns.items()
        }
        if "updated_at" in self._table_columns(table):
            values["updated_at"] = [self.at] * len(fids)
        if GEOM in columns and len(fids) >= _BULK:
            self._start_bulk(table)
        old = self._journal.before_update(table, fids, list(values))
        sets = ", ".join(f'"{name}" = ?' for name in values)
        numbers = np.asarray(fids).tolist()
        told = can_tell(table, list(values), len(numbers))
        if told:
            self._tell_changes(change_rows(self._connection, table, numbers, values))
        rows = zip(*values.values(), numbers)
        with quiet_update(self._connection, table, np.asarray(fids), values, old, told=told):
            cursor = self._connection.executemany(f'UPDATE "{table}" SET {sets} WHERE fid = ?', rows)
        if GEOM in columns and table in self._bulk:
            # The triggers are off: take the old boxes out and put the new ones in.
            boxes = [(fid,) for fid in numbers]
            self._connection.executemany(f'DELETE FROM "rtree_{table}_geom" WHERE id = ?', boxes)
            self._fill_rtree(table, np.asarray(fids), columns[GEOM])
        self._touched.add(table)
        if GEOM in columns:
            self._moved.add(table)
        return int(cursor.rowcount)

    def register(self, table: str, fids: NDArray[np.int64], kind: str, scope_length: int) -> int:
        """Write the codes of rows into the register; inside SQLite, three times faster than through Python's hands."""
        fids = np.unique(np.asarray(fids, dtype=np.int64))
        if not len(fids):
            return 0
        first, size = self._next_fid(REGISTER), len(fids)
        self._journal.inserted(REGISTER, first, size)
        if size >= _BULK:
            self._quiet.start(REGISTER)
        where: str = "t.fid BETWEEN ? AND ?"
        numbers: list[Any] = [int(fids[0]), int(fids[-1])]
        if numbers[1] - numbers[0] + 1 != size:
            where, numbers = "t.fid IN (SELECT value FROM json_each(?))", [json.dumps(fids.tolist())]
        fixed: list[Any] = [kind, scope_length, scope_length + 1, self.at, self.operation_uuid]
        with built_once(self._connection, REGISTER, size):
            done = self._connection.execute(
                f"INSERT INTO {REGISTER} (code, kind, scope, serial, object_uuid, status, created_at, operation_uuid) "
                "SELECT t.code, ?, substr(t.code, 1, ?), CAST(substr(t.code, ?) AS INTEGER), t.uuid, 'issued', ?, ? "
                f'FROM "{table}" t WHERE {where} ORDER BY t.fid',
                (*fixed, *numbers),
            ).rowcount
        if done != size:
            raise StoreError("store.rows_gone", table=table, count=size - done)
        self._touched.add(REGISTER)
        return done

    def delete(self, table: str, fids: NDArray[np.int64]) -> int:
        """Take rows away; they stay in the journal, and codes in the register."""
        fids = np.unique(np.asarray(fids, dtype=np.int64))
        if not len(fids):
            return 0
        self._touched.add(table)
        self._moved.add(table)
        self._journal.before_delete(table, fids)
        return remove_rows(self._connection, table, runs_of(fids))

    def take_back(self, target: Logged, advance: Callable[[float], None] | None = None) -> TakenBack:
        """Take an earlier operation back; see ``storage.takeback``."""
        work = TakeBack(
            self._connection, self._journal, self.operation_uuid, self._tell, self._tell_changes, self.insert
        )  # fmt: skip
        found = work.run(target, advance)
        self._touched |= work.tables
        self._moved |= work.tables
        return found

    def _tell(self, uuids: Sequence[str], what: str) -> None:
        """Tell of components that go or come with a whole action; sorted uuids fill the index page after page."""
        size = len(uuids)
        columns = {
            "uuid": sorted(new_uuids(size)), "component_uuid": uuids, "field": ["*"] * size, "new": [what] * size,
            "reason": [self._kind] * size,
        }  # fmt: skip
        self.insert("component_change", {name: np.array(values, dtype=object) for name, values in columns.items()})

    def _tell_changes(self, rows: Optional[dict[str, list[Any]]]) -> None:  # noqa: UP045
        """Write rows of ``component_change`` in place of its triggers."""
        if rows is not None:
            columns = {"uuid": sorted(new_uuids(len(rows["field"]))), **rows}
            self.insert(CHANGES, {name: np.array(values, dtype=object) for name, values in columns.items()})

    def finish(self) -> None:
        """Rebuild what the action put off, write extents and the log row; called before the commit."""
        for table in sorted(self._bulk):
            for statement in rtree_triggers(table):
                self._connection.execute(statement)
        self._quiet.stop()
        self._journal.finish()
        for table in sorted(self._touched):
            self._refresh_contents(table)
        counts = json.dumps(self.counts, ensure_ascii=False, sort_keys=True)
        params = json.dumps(self._params, ensure_ascii=False, sort_keys=True, default=str)
        row = self._connection.execute(
            "SELECT digest FROM operation WHERE uuid != ? ORDER BY fid DESC LIMIT 1", (self.operation_uuid,)
        ).fetchone()
        # Each row's digest covers the row before it: a row changed or taken out of the log later shows.
        chained = "\n".join([(row[0] or "") if row else "", self.operation_uuid, self._kind, self.at, params, counts])
        self._connection.execute(
            "UPDATE operation SET params = ?, counts = ?, digest = ? WHERE uuid = ?",
            (params, counts, hashlib.sha256(chained.encode()).hexdigest(), self.operation_uuid),
        )
        self._connection.execute("DELETE FROM engine_context")

    def _table_columns(self, table: str) -> list[str]:
        if table not in self._columns:
            rows = self._connection.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
            self._columns[table] = [str(row[0]) for row in rows]
        return self._columns[table]

    def _next_fid(self, table: str) -> int:
        last = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
        highest = self._connection.execute(f'SELECT max(fid) FROM "{table}"').fetchone()[0]
        return max(int(last[0]) if last else 0, highest or 0) + 1

    def _start_bulk(self, table: str) -> None:
        if table not in self._bulk:
            self._bulk.add(table)
            for statement in drop_rtree_triggers(table):
                self._connection.execute(statement)

    def _fill_rtree(self, table: str, fids: NDArray[np.int64], geometries: NDArray[Any]) -> None:
        boxes = shapely.bounds(np.asarray(geometries, dtype=object))
        there = ~np.isnan(boxes[:, 0])
        rows = zip(fids[there].tolist(), *(boxes[there, side].tolist() for side in (0, 2, 1, 3)))
        self._connection.executemany(f'INSERT INTO "rtree_{table}_geom" VALUES (?, ?, ?, ?, ?)', rows)

    def _refresh_contents(self, table: str) -> None:
        change = "UPDATE gpkg_contents SET last_change = ? WHERE table_name = ?"
        self._connection.execute(change, (self.at, table))
        if table in SPATIAL and table in self._moved:
            place = "UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ? WHERE table_name = ?"
            self._connection.execute(place, (*self._extent(table), table))

    def _extent(self, table: str) -> tuple[Any, ...]:
        """Return the exact extent: the R-tree, in single precision, tells which few rows may reach that far.

        SQLite rounds a box outwards by up to two steps of single precision, and not in the order of the values.
        """
        rtree = f'"rtree_{table}_geom"'
        rough = self._connection.execute(f"SELECT min(minx), min(miny), max(maxx), max(maxy) FROM {rtree}").fetchone()
        if rough[0] is None:
            return (None, None, None, None)
        sides = (("min", "minx", "<=", "ST_MinX"), ("min", "miny", "<=", "ST_MinY"),
                 ("max", "maxx", ">=", "ST_MaxX"), ("max", "maxy", ">=", "ST_MaxY"))  # fmt: skip
        return tuple(
            self._connection.execute(
                f'SELECT {pick}({function}(t.geom)) FROM {rtree} r JOIN "{table}" t ON t.fid = r.id '
                f"WHERE r.{side} {operator} ?",
                (limit + (1 if pick == "min" else -1) * 4e-7 * abs(limit),),
            ).fetchone()[0]
            for (pick, side, operator, function), limit in zip(sides, rough)
        )


_BOUND = {str, int, float, type(None)}  # as they are; SQLite takes NaN as NULL


def _plain(column: NDArray[Any]) -> list[Any]:
    """Return values that SQLite binds; NaN and None become NULL, times the store's text."""
    if column.dtype.kind in "iub":
        return list((column.astype(np.int64) if column.dtype.kind == "b" else column).tolist())
    if column.dtype.kind == "f":
        return [None if value != value else value for value in column.tolist()]
    if column.dtype.kind == "U":
        return list(column.tolist())
    values: list[Any] = column.tolist()
    if set(map(type, values)) <= _BOUND:
        return values
    return [value if type(value) in _BOUND else _plain_value(value) for value in values]


def _plain_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (bool, np.bool_)):
        return int(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return value

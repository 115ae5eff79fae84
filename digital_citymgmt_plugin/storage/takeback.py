# SPDX-License-Identifier: GPL-2.0-or-later
"""Taking one action back, inside the transaction of another: its rows go, what it wrote over returns; logs stay."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused, StoreError
from digital_citymgmt_plugin.core.ports import Columns
from digital_citymgmt_plugin.core.undo import UNDO, Hand, Logged, TakenBack
from digital_citymgmt_plugin.storage.bulk import CASES
from digital_citymgmt_plugin.storage.change_rows import Rows, can_tell, change_rows
from digital_citymgmt_plugin.storage.journal import (
    AFTER,
    DELETE,
    INSERT,
    KEPT,
    Entry,
    Journal,
    Ranges,
    entries,
    row_digests,
)
from digital_citymgmt_plugin.storage.lineage_rows import LINEAGE, backwards
from digital_citymgmt_plugin.storage.removal import insert_rows, remove_rows, without_indexes, without_triggers
from digital_citymgmt_plugin.storage.schema.catalogue import ATTRIBUTES, COMPONENTS, SPATIAL

REGISTER = "code_register"
_KNOWN = frozenset((*SPATIAL, *ATTRIBUTES)) - KEPT
_PART = 20_000

# Adds rows of ``component_change``: uuids of components, and what happened to them.
Tell = Callable[[Sequence[str], str], None]
Advance = Callable[[float], None]
Insert = Callable[[str, Columns], NDArray[np.int64]]


class TakeBack:
    """Takes actions back.

    Parameters
    ----------
    connection : sqlite3.Connection
        Inside the transaction of the operation that does it.
    journal : Journal
        Of that operation: what is taken back can be brought back in turn.
    operation_uuid : str
    tell : callable
        Writes ``component_change`` rows of components that go and come.
    tell_changes : callable
        Writes those of ``change_rows``, of components that change.
    insert : callable
        Adds rows of that operation.
    """

    def __init__(
        self, connection: sqlite3.Connection, journal: Journal, operation_uuid: str, tell: Tell,
        tell_changes: Callable[[Optional[Rows]], None], insert: Insert,  # noqa: UP045
    ) -> None:  # fmt: skip
        self._connection, self._journal, self._operation = connection, journal, operation_uuid
        self._tell, self._tell_changes, self._insert = tell, tell_changes, insert
        self.tables: set[str] = set()
        self._advance: Advance | None = None
        self._done, self._all = 0, 1  # rows

    def run(self, target: Logged, advance: Advance | None = None) -> TakenBack:
        """Take one action back; later ones that built on it must have been before.

        ``advance`` is told the share of the rows that is done, part by part, and may raise to stop.

        A row that someone edited or deleted in QGIS since is counted in ``edited``; what stood in it is in the journal
        of the operation that takes back. Codes stay in the register as retired. Rows of the lineage stay, too: they
        hold no more since their operation is undone, and as many new ones tell the way back.

        Raises
        ------
        InputRefused
            ``undo.taken``: what returns (a code, a case number) is another row's by now.
        """
        added: dict[str, list[Ranges]] = {}
        self._advance, self._done, self._all = advance, 0, 1
        for entry in entries(self._connection, target.uuid):
            if entry.table not in _KNOWN:
                raise StoreError("undo.damaged", table=entry.table)
            # Looked at once for edits; then its rows go or get their old values.
            self._all += entry.size * (1 if entry.kind == AFTER else 2)
            if entry.kind == INSERT:
                added.setdefault(entry.table, []).append(entry.ranges)
        self.tables.update(added)
        edited = self._edited(target)
        removed, retired, lineage = {}, 0, 0
        if LINEAGE in added:  # while the grids still have the shapes that are taken back
            ranges = np.concatenate(added.pop(LINEAGE))
            lineage = len(self._insert(LINEAGE, backwards(self._connection, ranges)))
            self._went_on(lineage)
        for table in reversed(added):
            ranges = np.concatenate(added[table])
            if table == REGISTER:
                retired = self._retire(ranges)
            else:
                removed[table] = self._remove(table, ranges)
        restored: dict[str, int] = {}
        returned: dict[str, int] = {}
        for entry in entries(self._connection, target.uuid, newest_first=True):
            if entry.kind in (INSERT, AFTER):
                continue
            self._check_columns(entry)
            self.tables.add(entry.table)
            into = returned if entry.kind == DELETE else restored
            done = self._return(entry) if entry.kind == DELETE else self._restore(entry)
            into[entry.table] = into.get(entry.table, 0) + done
            self._went_on(entry.size)
        if target.kind == UNDO:
            self._lift(target.uuid)
        self._connection.execute("UPDATE operation SET undone_by = ? WHERE uuid = ?", (self._operation, target.uuid))
        return TakenBack(
            {table: size for table, size in removed.items() if size},
            {table: size for table, size in restored.items() if size},
            {table: size for table, size in returned.items() if size}, retired, edited, lineage,
        )  # fmt: skip

    def _went_on(self, rows: int) -> None:
        self._done += rows
        if self._advance is not None:
            self._advance(min(self._done / self._all, 1.0))

    def _check_columns(self, entry: Entry) -> None:
        if not set(entry.columns) <= self._columns(entry.table) - {"fid"}:
            raise StoreError("undo.damaged", table=entry.table)

    def _columns(self, table: str) -> set[str]:
        rows = self._connection.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
        return {str(row[0]) for row in rows}

    # -- what stands ----------------------------------------------------------------------------------------------

    def _lift(self, undo: str) -> None:
        """Say that what an undo had taken back stands again; an undo among it counts again, too."""
        query = "SELECT uuid, kind FROM operation WHERE undone_by = ?"
        rows = self._connection.execute(query, (undo,)).fetchall()
        self._connection.execute("UPDATE operation SET undone_by = NULL WHERE undone_by = ?", (undo,))
        for uuid, kind in rows:
            if kind == UNDO:
                self._lay(uuid)

    def _lay(self, undo: str) -> None:
        """Say again what an undo that counts again had taken back."""
        row = self._connection.execute("SELECT params FROM operation WHERE uuid = ?", (undo,)).fetchone()
        try:
            undoes = json.loads(row[0] or "{}").get("undoes") or []
        except (ValueError, AttributeError):
            undoes = []
        for uuid in undoes:
            query = "SELECT kind FROM operation WHERE uuid = ? AND undone_by IS NULL"
            kind = self._connection.execute(query, (uuid,)).fetchone()
            if kind is not None:
                self._connection.execute("UPDATE operation SET undone_by = ? WHERE uuid = ?", (undo, uuid))
                if kind[0] == UNDO:
                    self._lift(uuid)

    # -- what changed since ----------------------------------------------------------------------------------------

    def _edited(self, target: Logged) -> tuple[Hand, ...]:
        """Find rows that were changed or deleted in plain QGIS after the action: it alone sets another time."""
        found: dict[str, list[int]] = {}
        # An undo leaves the times as they were before what it undid; a later edit has a later one.
        # Of a chain taken back at once, rows got their old values and went away then: nobody deleted them by hand.
        query = "SELECT DISTINCT table_name FROM undo_journal WHERE operation_uuid = ? AND kind = ?"
        left = {row[0] for row in self._connection.execute(query, (target.uuid, DELETE))}
        changed = f"updated_at {'>' if target.kind == UNDO else 'IS NOT'} ?"
        for entry in entries(self._connection, target.uuid):
            self._went_on(entry.size)
            if entry.kind == AFTER:
                self._compare(entry, found)
            if entry.kind in (DELETE, AFTER):
                continue
            edited = changed if "updated_at" in self._columns(entry.table) else "? = ''"
            for where, values, size in _parts(entry):
                query = f'SELECT count(*), total({edited}), min(CASE WHEN {edited} THEN fid END) FROM "{entry.table}"'
                row = self._connection.execute(f"{query} WHERE {where}", [target.at, target.at, *values]).fetchone()
                # A row that the action added and someone deleted is only gone already.
                count = int(row[1]) + (size - row[0] if entry.kind != INSERT and entry.table not in left else 0)
                if count:
                    found.setdefault(entry.table, [0, row[2] or int(entry.ranges[0, 0])])[0] += count
        return tuple(Hand(table, count, example) for table, (count, example) in found.items())

    def _compare(self, entry: Entry, found: dict[str, list[int]]) -> None:
        """Compare rows whose table keeps no times with how the action left them."""
        fids = entry.fids()
        now = row_digests(self._connection, entry.table, fids)
        left = {int(fid): digest for fid, digest in entry.columns["digest"].items()}
        other = [fid for fid in fids if fid in now and now[fid] != left.get(fid)]
        if other:
            found.setdefault(entry.table, [0, other[0]])[0] += len(other)

    # -- what goes and what returns --------------------------------------------------------------------------------

    def _retire(self, ranges: Ranges) -> int:
        """Retire the codes that the action registered: they are never given to another object."""
        retired = 0
        for first, last in ranges.tolist():
            query = f"SELECT fid FROM {REGISTER} WHERE fid BETWEEN ? AND ? AND status != 'retired'"
            fids = np.array(self._connection.execute(query, (first, last)).fetchall(), dtype=np.int64).ravel()
            if len(fids):
                self._journal.before_update(REGISTER, fids, ["status"])
                query = f"UPDATE {REGISTER} SET status = 'retired' WHERE fid BETWEEN ? AND ?"
                with without_triggers(self._connection, REGISTER, r"\b(BEFORE|AFTER) UPDATE\b"):
                    self._connection.execute(query, (first, last))
                retired += len(fids)
        return retired

    def _remove(self, table: str, ranges: Ranges) -> int:
        for first, last in ranges.tolist():
            low = first
            while low <= last:
                query = f'SELECT fid FROM "{table}" WHERE fid BETWEEN ? AND ? ORDER BY fid LIMIT ?'
                rows = self._connection.execute(query, (low, last, _PART)).fetchall()
                if not rows:
                    break
                fids = np.array(rows, dtype=np.int64).ravel()
                self._journal.before_delete(table, fids)
                if table in COMPONENTS:
                    self._tell_of(table, int(fids[0]), int(fids[-1]), "deleted")
                low = int(fids[-1]) + 1
                self._went_on(len(fids))
        return remove_rows(self._connection, table, ranges)

    def _tell_of(self, table: str, first: int, last: int, what: str) -> None:
        query = f'SELECT uuid FROM "{table}" WHERE fid BETWEEN ? AND ? AND uuid IS NOT NULL'
        self._tell([row[0] for row in self._connection.execute(query, (first, last))], what)

    def _restore(self, entry: Entry) -> int:
        """Set the old values; where they are those of all rows, by one statement per run."""
        self._journal.before_update(entry.table, np.array(entry.fids(), dtype=np.int64), list(entry.columns))
        sets = ", ".join(f'"{name}" = ?' for name in entry.columns)
        # The code goes back to none, or the grid to the one before: what the register says stays.
        fixed = rf"^CREATE TRIGGER dcm_{entry.table}_code_fixed\b"
        if not entry.same:
            fids, names = entry.fids(), list(entry.columns)
            told = can_tell(entry.table, names, len(fids))
            if told:
                self._tell_changes(change_rows(self._connection, entry.table, fids, entry.columns))
            # Inside an action no trigger of an update of cases can fire.
            pattern = r"\b(BEFORE|AFTER) UPDATE\b" if told or (entry.table == CASES and "geom" not in names) else fixed
            with without_triggers(self._connection, entry.table, pattern):
                rows = zip(*entry.columns.values(), fids)
                query = f'UPDATE "{entry.table}" SET {sets} WHERE fid = ?'
                return int(self._connection.executemany(query, rows).rowcount)
        done = 0
        # Where the first values of a bulk action go, the operation tells it, as it told their coming.
        quiet = all(value is None for name, value in entry.columns.items() if name != "updated_at")
        pattern = r"\b(BEFORE|AFTER) UPDATE\b" if quiet else fixed
        connection = self._connection
        with without_triggers(connection, entry.table, pattern), without_indexes(connection, entry.table, entry.size):
            query = f'UPDATE "{entry.table}" SET {sets} WHERE fid BETWEEN ? AND ?'
            for run in entry.ranges.tolist():
                done += connection.execute(query, (*entry.columns.values(), *run)).rowcount
        return done

    def _return(self, entry: Entry) -> int:
        fids = entry.fids()
        try:
            insert_rows(self._connection, entry.table, fids, entry.columns)
        except sqlite3.IntegrityError as error:
            raise InputRefused("undo.taken", table=entry.table, column=str(error).rpartition(".")[2]) from error
        for first, last in entry.ranges.tolist():
            self._journal.inserted(entry.table, first, last - first + 1)
        if entry.table in COMPONENTS:
            self._tell_of(entry.table, fids[0], fids[-1], "added")
        return len(fids)


def _parts(entry: Entry) -> Iterator[tuple[str, list[Any], int]]:
    """Yield a condition for the rows of an entry, its values and how many rows it means, in parts that can be bound."""
    if len(entry.ranges) < 50:
        for first, last in entry.ranges.tolist():
            yield "fid BETWEEN ? AND ?", [first, last], last - first + 1
        return
    fids = entry.fids()
    for start in range(0, len(fids), _PART):
        part = fids[start : start + _PART]
        yield "fid IN (SELECT value FROM json_each(?))", [json.dumps(part)], len(part)

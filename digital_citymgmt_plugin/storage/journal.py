# SPDX-License-Identifier: GPL-2.0-or-later
"""The undo journal: what an action writes over is kept before, so that the action can be taken back as a whole.

Rows that are added are only counted (their ``fid`` run on). Old values are kept per part of 20,000 rows (fewer where
they are large) as compressed JSON by column; where all rows of an update hold the same old values – the usual case of
a bulk update that fills what was empty – once for all of them.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import StoreError

PART = 20_000  # rows of one journal row with old values
_PART_BYTES = 64 << 20  # about, of one journal row unpacked: well below what is read again
_MOST = 1 << 30  # bytes of a part unpacked; a store from elsewhere must not fill the memory
_MANY = 1_000  # rows from which it is worth asking whether all hold the same
INSERT, UPDATE, DELETE = "insert", "update", "delete"
AFTER = "after"  # how the rows were left, by a digest of each: in tables that keep no time of their last change
# Logs of actions themselves: their rows stay when the action is taken back.
KEPT = frozenset(("operation", "component_change", "undo_journal"))

# Tables of the profile: nothing in their rows tells of a later edit.
HAND_KEPT = frozenset(
    (
        "meta",
        "class",
        "department",
        "filing_standard",
        "responsibility_rule",
        "work_calendar",
        "indicator",
        "score_scheme",
        "evaluation_scheme",
        "score_term",
        "score_band",
        "workflow_move",
        "class_synonym",
        "work_hours",
    )
)  # fmt: skip

Ranges = NDArray[np.int64]  # first and last fid of runs, sorted, shape (n, 2)


@dataclass(frozen=True)
class Entry:
    """One row of the journal, unpacked: the old values by column, one value where it is that of all rows."""

    table: str
    kind: str
    ranges: Ranges
    size: int
    columns: dict[str, Any]
    same: bool = False

    def fids(self) -> list[int]:
        """Return the rows."""
        return [fid for first, last in self.ranges.tolist() for fid in range(first, last + 1)]


class Journal:
    """Writes the journal of one action.

    Parameters
    ----------
    connection : sqlite3.Connection
        Inside the action's transaction.
    operation_uuid : str
    """

    def __init__(self, connection: sqlite3.Connection, operation_uuid: str) -> None:
        self._connection, self._operation = connection, operation_uuid
        self._inserted: dict[str, list[list[int]]] = {}
        self._updated: dict[str, list[NDArray[np.int64]]] = {}
        # A store in the middle of an upgrade may not have it yet.
        query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'undo_journal'"
        self._on = connection.execute(query).fetchone() is not None

    def inserted(self, table: str, first: int, size: int) -> None:
        """Remember rows that were added; call before or after."""
        runs = self._inserted.setdefault(table, [])
        if runs and runs[-1][1] + 1 == first:
            runs[-1][1] = first + size - 1
        else:
            runs.append([first, first + size - 1])

    def before_update(self, table: str, fids: NDArray[np.int64], columns: Sequence[str]) -> Optional[dict[str, Any]]:  # noqa: UP045
        """Keep the values that an update is going to write over; call before. Returned if all rows hold the same."""
        asked = len(fids)
        fids = self._older(table, fids)
        if table in HAND_KEPT:
            self._updated.setdefault(table, []).append(fids)
        if not len(fids):
            return None
        same = self._keep_same(table, fids, columns)
        if same is None:
            self._keep(table, fids, columns, UPDATE)
        return same if len(fids) == asked else None

    def before_delete(self, table: str, fids: NDArray[np.int64]) -> None:
        """Keep rows that are going to be taken away, whole; call before."""
        rows = self._connection.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
        fids = self._older(table, fids)
        if len(fids):
            self._keep(table, fids, [str(row[0]) for row in rows if row[0] != "fid"], DELETE)

    def finish(self) -> None:
        """Write down which rows were added, and how those were left that only a digest can tell about."""
        for table, runs in self._inserted.items():
            for first, last in runs:
                self._write(table, INSERT, first, last, last - first + 1, None)
        for table in sorted(HAND_KEPT & (self._inserted.keys() | self._updated.keys())):
            added = [np.arange(first, last + 1) for first, last in self._inserted.get(table, [])]
            fids = np.unique(np.concatenate([*added, *self._updated.get(table, [])]))
            found = row_digests(self._connection, table, fids.tolist())
            if found:
                packed = _pack({"runs": runs_of(np.array(sorted(found))).ravel().tolist(), "old": {"digest": found}})
                self._write(table, AFTER, min(found), max(found), len(found), packed)
        self._inserted.clear()
        self._updated.clear()

    def _older(self, table: str, fids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows that were there before the action, sorted; those it added itself just go away again."""
        fids = np.unique(np.asarray(fids, dtype=np.int64))
        if not self._on or table in KEPT:
            return fids[:0]
        for first, last in self._inserted.get(table, []):
            fids = fids[(fids < first) | (fids > last)]
        return fids

    def _keep_same(self, table: str, fids: NDArray[np.int64], columns: Sequence[str]) -> Optional[dict[str, Any]]:  # noqa: UP045
        """Keep one set of values for all rows and return it, if all hold the same and stand in one run."""
        first, last = int(fids[0]), int(fids[-1])
        if len(fids) < _MANY or "geom" in columns:
            return None
        names = ", ".join(f'"{name}"' for name in columns)
        query = f'SELECT {names} FROM "{table}" WHERE fid = ?'
        old = self._connection.execute(query, (first,)).fetchone()
        size = last - first + 1
        if size != len(fids):  # else nothing but these can be between them
            query = f'SELECT count(*) FROM "{table}" WHERE fid BETWEEN ? AND ?'
            size = self._connection.execute(query, (first, last)).fetchone()[0]
        if old is None or size != len(fids):
            return None
        # Asking for one row that differs costs less than the extremes of every column.
        differs = " OR ".join(f'"{name}" IS NOT ?' for name in columns)
        query = f'SELECT 1 FROM "{table}" WHERE fid BETWEEN ? AND ? AND ({differs}) LIMIT 1'
        if self._connection.execute(query, (first, last, *old)).fetchone() is not None:
            return None
        same = dict(zip(columns, old))
        packed = _pack({"runs": runs_of(fids).ravel().tolist(), "same": same})
        self._write(table, UPDATE, first, last, size, packed)
        return same

    def _keep(self, table: str, fids: NDArray[np.int64], columns: Sequence[str], kind: str) -> None:
        names = ", ".join(f'"{name}"' for name in columns)
        for start in range(0, len(fids), PART):
            part = fids[start : start + PART]
            first, last = int(part[0]), int(part[-1])
            where: str = "fid BETWEEN ? AND ?"
            values: list[Any] = [first, last]
            if last - first + 1 != len(part):
                where, values = "fid IN (SELECT value FROM json_each(?))", [json.dumps(part.tolist())]
            query = f'SELECT fid, {names} FROM "{table}" WHERE {where} ORDER BY fid'
            for rows in _by_size(self._connection.execute(query, values)):
                there, *old = zip(*rows)
                runs = runs_of(np.array(there, dtype=np.int64))
                packed = _pack({"runs": runs.ravel().tolist(), "old": dict(zip(columns, old))})
                self._write(table, kind, there[0], there[-1], len(there), packed)

    def _write(self, table: str, kind: str, first: int, last: int, size: int, old: Optional[bytes]) -> None:  # noqa: UP045
        if self._on and table not in KEPT:
            self._connection.execute(
                "INSERT INTO undo_journal (operation_uuid, table_name, kind, first_fid, last_fid, size, old) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self._operation, table, kind, first, last, size, old),
            )


def row_digests(connection: sqlite3.Connection, table: str, fids: Sequence[int]) -> dict[int, str]:
    """Return a digest of each of the rows that are there, by ``fid``."""
    query = f'SELECT * FROM "{table}" WHERE fid IN (SELECT value FROM json_each(?))'
    rows = connection.execute(query, (json.dumps(list(fids)),)).fetchall()
    return {row[0]: hashlib.blake2b(repr(row).encode(), digest_size=8).hexdigest() for row in rows}


def entries(connection: sqlite3.Connection, operation_uuid: str, *, newest_first: bool = False) -> Iterator[Entry]:
    """Yield what an action wrote, unpacked one by one, so that memory stays flat.

    Raises
    ------
    StoreError
        ``undo.damaged``: a part that cannot be read.
    """
    query = "SELECT fid FROM undo_journal WHERE operation_uuid = ? ORDER BY fid"
    numbers = [row[0] for row in connection.execute(query + (" DESC" if newest_first else ""), (operation_uuid,))]
    for number in numbers:
        table, kind, first, last, size, old = connection.execute(
            "SELECT table_name, kind, first_fid, last_fid, size, old FROM undo_journal WHERE fid = ?", (number,)
        ).fetchone()
        if kind == INSERT:
            yield Entry(table, kind, np.array([[first, last]], dtype=np.int64), size, {})
            continue
        try:
            packed = _unpack(old)
            runs = np.array(packed["runs"], dtype=np.int64).reshape(-1, 2)
            same = "same" in packed
            columns = dict(packed["same" if same else "old"])
        except (zlib.error, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise StoreError("undo.damaged", table=table) from error
        yield Entry(table, kind, runs, size, columns, same)


def runs_of(fids: NDArray[np.int64]) -> Ranges:
    """Return sorted numbers as runs of first and last."""
    breaks = np.flatnonzero(np.diff(fids) != 1)
    return np.column_stack([fids[np.r_[0, breaks + 1]], fids[np.r_[breaks, len(fids) - 1]]])


_LONG = (str, bytes)  # what SQLite gives that has a length


def _by_size(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """Cut rows so that a part stays small: one that is too large to be read again could not be taken back."""
    part: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        # Two hex digits for a byte, up to three bytes for most characters.
        needed = 3 * sum([len(value) for value in row if type(value) in _LONG])
        if part and size + needed > _PART_BYTES:
            yield part
            part, size = [], 0
        part.append(row)
        size += needed
    if part:
        yield part


def _pack(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_as_hex)
    return zlib.compress(text.encode(errors="surrogatepass"), 1)


def _unpack(packed: bytes) -> Any:
    text = zlib.decompressobj().decompress(packed, _MOST).decode(errors="surrogatepass")
    return json.loads(text, object_hook=_from_hex)


def _as_hex(value: Any) -> Any:
    """Bytes (geometries) in JSON; SQLite holds nothing else that JSON does not."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    raise TypeError(type(value).__name__)


def _from_hex(value: dict[str, Any]) -> Any:
    return bytes.fromhex(value["hex"]) if set(value) == {"hex"} else value

# SPDX-License-Identifier: GPL-2.0-or-later
"""What a store holds, as digests: to the byte, or without what differs from run to run (uuids, moments)."""

from __future__ import annotations

import contextlib
import hashlib
import re
import sqlite3
from typing import Any

FOLDER = re.compile(r'/[^"]*/')
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MOMENTS = {"at", "created_at", "updated_at", "last_change", "valid_from", "valid_to", "digest", "program", "done_by"}
PLACED = {("package", "path"), ("package", "sha256")}  # of files that hold uuids and moments
WITH_UUIDS = {"params", "payload", "attributes", "counts", "reason", "old", "new"}


def tables_of(connection: sqlite3.Connection) -> list[str]:
    """Name the tables, without those of SQLite and the R-trees (``verify`` looks at these)."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    return [name for (name,) in rows if not name.startswith(("sqlite_", "rtree_"))]


def exact(path: str) -> str:
    """Digest of every value of every row."""
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as connection:
        connection.execute("BEGIN")
        whole = hashlib.sha256()
        for table in tables_of(connection):
            whole.update(table.encode())
            whole.update(repr(connection.execute(f'SELECT * FROM "{table}" ORDER BY 1').fetchall()).encode())
        return whole.hexdigest()


def normalised(path: str) -> dict[str, str]:
    """Digest by table of what two runs of the same action must agree in."""
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as connection:
        connection.execute("BEGIN")
        names = tables_of(connection)
        numbers: dict[str, str] = {}
        columns: dict[str, list[str]] = {}
        for table in names:
            columns[table] = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
            if "uuid" in columns[table]:
                rows = connection.execute(f'SELECT uuid, fid FROM "{table}"').fetchall()
                numbers.update((uuid, f"{table}#{fid}") for uuid, fid in rows)
        found = {}
        for table in names:
            rows = connection.execute(f'SELECT * FROM "{table}" ORDER BY 1').fetchall()
            parts = [
                _column("at" if (table, name) in PLACED else name, [row[at] for row in rows], numbers)
                for at, name in enumerate(columns[table])
            ]
            found[table] = _digest(parts)
        meta = connection.execute("SELECT key, value FROM meta WHERE key != 'created_at' ORDER BY key").fetchall()
        found["meta"] = _digest(meta)
        return found


def _column(name: str, values: list[Any], numbers: dict[str, str]) -> list[Any]:
    if name in MOMENTS:
        return [value is not None for value in values]
    if name.endswith("uuid") or name == "undone_by":
        return [numbers.get(value, value) for value in values]
    if name == "params":
        values = [FOLDER.sub("", value) if isinstance(value, str) else value for value in values]
    if name in WITH_UUIDS:
        return [_without_uuids(value, numbers) for value in values]
    return values


def _without_uuids(value: Any, numbers: dict[str, str]) -> Any:
    if isinstance(value, bytes):  # the undo journal, compressed
        return True
    return UUID.sub(lambda match: numbers.get(match[0], match[0]), value) if isinstance(value, str) else value


def _digest(value: Any) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()


def duplicate_codes(path: str) -> list[tuple[str, int]]:
    """List codes that stand twice among all components and grids, or twice in the register."""
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as connection:
        union = " UNION ALL ".join(
            f"SELECT code FROM {table} WHERE code IS NOT NULL"
            for table in ("component_point", "component_line", "component_area", "unit_grid")
        )
        return connection.execute(
            f"SELECT code, count(*) FROM ({union}) GROUP BY code HAVING count(*) > 1 UNION ALL "
            "SELECT code, count(*) FROM code_register GROUP BY code HAVING count(*) > 1"
        ).fetchall()


def check(path: str) -> list[Any]:
    """Return what is wrong with a store: SQLite's own check, ours, and codes that stand twice."""
    from digital_citymgmt_plugin.storage.gpkg import connect
    from digital_citymgmt_plugin.storage.verify import verify

    with contextlib.closing(connect(path)) as connection:
        whole = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        return [text for text in whole if text != "ok"] + verify(connection) + duplicate_codes(path)

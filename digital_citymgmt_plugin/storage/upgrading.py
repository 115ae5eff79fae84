# SPDX-License-Identifier: GPL-2.0-or-later
"""Bringing an older store up to date, by forward-only steps: a copy is kept, and what was interrupted goes on.

Each step is one transaction with its row in the log. Killed in a step, the store is as it was before that step; run
again, the steps that were done are not done again, and the copy made before the first one is kept and not made anew.
Between two steps the plugin opens the store for nothing else (its schema is older), and its triggers hold.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

from digital_citymgmt_plugin.core.cases.times import moment_text
from digital_citymgmt_plugin.core.errors import Cancelled
from digital_citymgmt_plugin.core.ports import Cancel, Clock, Progress
from digital_citymgmt_plugin.storage.actions import GpkgAction
from digital_citymgmt_plugin.storage.backup import beside, copy_store, disk_error, need_room
from digital_citymgmt_plugin.storage.gpkg import check_city_store, check_place, connect, use_wal
from digital_citymgmt_plugin.storage.leftover import check_wal
from digital_citymgmt_plugin.storage.migrate import register_tables
from digital_citymgmt_plugin.storage.old_cases import SINCE, tell_logs
from digital_citymgmt_plugin.storage.owner import Ownership
from digital_citymgmt_plugin.storage.reading import translate
from digital_citymgmt_plugin.storage.schema.catalogue import SCHEMA_VERSION
from digital_citymgmt_plugin.storage.schema.rebuild import drop_triggers, rebuild_triggers
from digital_citymgmt_plugin.storage.schema.scripts import STEPS, statements, steps_after

UNDER_WAY = "upgrade.copy"  # setting of a store whose upgrade is not finished: the name of the copy from before it
_LOOK_EVERY = 20_000  # steps of SQLite's machine between two looks for a wish to stop
_COPYING = 0.4  # share of the time
_SMALL = 20_000  # rows


def upgrade_store(
    path: str, *, program: str, done_by: str, clock: Clock, folder: Path = STEPS, target: int = SCHEMA_VERSION,
    progress: Optional[Progress] = None, cancel: Optional[Cancel] = None,  # noqa: UP045
) -> dict[str, Any]:  # fmt: skip
    """Bring a store up to date, after copying it beside itself; goes on where an earlier run was killed.

    The disk must have room for the copy and for the changed pages of the largest step, at most the size of the store
    again. The wish to stop is heard until the first step is done.

    Returns
    -------
    dict
        ``from``, ``to`` (versions), ``steps`` (how many were done now) and ``copy`` (path of the copy, None when
        nothing was done).

    Raises
    ------
    StoreError
        The store cannot be opened, ``store.newer_schema``, ``store.disk_needed``, a disk error, ``store.refused`` (a
        step fails: the steps before it are kept).
    Cancelled
        Nothing was changed, and no copy is left.
    """
    check_place(path)
    owner = Ownership(path, program)
    try:
        check_wal(path)
        with contextlib.closing(connect(path)) as connection:
            version = check_city_store(connection, path, any_schema=True)
            steps = [step for step in steps_after(version, folder) if int(step.name[:4]) <= target]
            if not steps:
                return {"from": version, "to": version, "steps": 0, "copy": None}
            run = _Upgrade(connection, path, version, steps, progress, cancel)
            copy = run.copy()
            run.apply(copy, program, done_by, clock)
            with contextlib.suppress(sqlite3.Error):
                connection.execute("PRAGMA journal_mode = DELETE")
            return {"from": version, "to": target, "steps": len(steps), "copy": str(copy)}
    except sqlite3.Error as error:
        raise translate(error, path) from error
    except OSError as error:
        raise disk_error(error, path) from error
    finally:
        owner.release()


class _Upgrade:
    """One run: the copy, then step by step."""

    def __init__(
        self, connection: sqlite3.Connection, path: str, version: int, steps: Sequence[Path],
        progress: Optional[Progress], cancel: Optional[Cancel],  # noqa: UP045
    ) -> None:  # fmt: skip
        self._connection, self._path, self._version, self._steps = connection, path, version, steps
        self._progress, self._cancel = progress, cancel
        self._made = False  # the copy, by this run

    def copy(self) -> Path:
        """Return the copy from before the upgrade: that of an interrupted run if it is still right, else a new one."""
        row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (UNDER_WAY,)).fetchone()
        if row is not None:
            held = Path(self._path).with_name(str(row[0]))
            if held.is_file():
                return held
        tag = f"schema{self._version}"
        pattern = f"{Path(self._path).stem}.{tag}.backup*{Path(self._path).suffix}"
        for found in sorted(Path(self._path).parent.glob(_literal(pattern))):
            if _signature_of(found) == _signature(self._connection):
                return found
        size = self._number("page_count") * self._number("page_size")
        target = beside(self._path, tag)
        need_room(target, 2 * size)
        copy_store(self._path, target, _check, self._say_copy if self._progress else None, self._cancel)
        self._made = True
        return target

    def _number(self, pragma: str) -> int:
        return int(self._connection.execute(f"PRAGMA {pragma}").fetchone()[0])

    def _say_copy(self, fraction: float, message: str = "", **values: Any) -> None:
        if self._progress is not None:
            self._progress(_COPYING * fraction, message, **values)

    def apply(self, copy: Path, program: str, done_by: str, clock: Clock) -> None:
        """Run the steps, each in a transaction of its own."""
        done = 0
        try:
            # As in every action: a program that reads the store meanwhile sees the old one whole.
            use_wal(self._connection, self._path)
            for number, step in enumerate(self._steps):
                self._listen(on=number == 0)
                self._step(number, step, copy, program, done_by, clock)
                done += 1
        except BaseException as error:
            if not done and self._made:
                copy.unlink(missing_ok=True)  # the store is as it was
            if isinstance(error, sqlite3.OperationalError) and "interrupted" in str(error):
                raise Cancelled from error
            raise
        finally:
            self._connection.set_progress_handler(None, 0)

    def _listen(self, *, on: bool) -> None:
        self._connection.set_progress_handler(self._wants_to_stop if on and self._cancel else None, _LOOK_EVERY)

    def _wants_to_stop(self) -> bool:
        try:
            if self._cancel is not None:
                self._cancel.check()
        except Cancelled:
            return True
        return False

    def _step(self, number: int, step: Path, copy: Path, program: str, done_by: str, clock: Clock) -> None:
        connection, version = self._connection, int(step.name[:4])
        parts = list(statements(step.read_text(encoding="utf-8")))
        connection.execute("BEGIN IMMEDIATE")
        try:
            drop_triggers(connection)
            for at, statement in enumerate(parts):
                if self._progress is not None:
                    share = (number + at / len(parts)) / len(self._steps)
                    self._progress(_COPYING + (1 - _COPYING) * share, "progress.upgrading", step=step.stem)
                connection.execute(statement)
            told = tell_logs(connection, moment_text(clock())) if version == SINCE else 0
            self._listen(on=False)  # from here on it is done
            row = connection.execute(
                "SELECT srs_id FROM gpkg_geometry_columns WHERE table_name = 'unit_grid'"
            ).fetchone()
            register_tables(connection, int(row[0]))
            rebuild_triggers(connection)
            connection.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (str(version),))
            connection.execute("DELETE FROM meta WHERE key = ?", (UNDER_WAY,))
            if step != self._steps[-1]:
                connection.execute("INSERT INTO meta (key, value) VALUES (?, ?)", (UNDER_WAY, copy.name))
            action = GpkgAction(connection, "upgrade_store", {"steps": [step.name]}, done_by, program, clock)
            action.counts["steps"] = 1
            if told:
                action.counts["states_told"] = told
            action.finish()
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # a full disk has rolled it back already
                connection.execute("ROLLBACK")
            raise


def _check(connection: sqlite3.Connection, path: str) -> None:
    check_city_store(connection, path, any_schema=True)


def _literal(pattern: str) -> str:
    """Return a pattern in which only the asterisk is one."""
    return "".join(f"[{char}]" if char in "[?" else char for char in pattern)


def _signature_of(path: Path) -> Optional[list[tuple[Any, ...]]]:  # noqa: UP045
    """Return what tells a copy's state, None for a file that is no store or cannot be read."""
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                return None
            return _signature(connection)
    except sqlite3.Error:
        return None


def _signature(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """Return how many rows each table has, its highest key and its latest change; triggers see to the latter."""
    tables = [
        str(row[0])
        for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        if not str(row[0]).startswith(("sqlite_", "rtree_"))
    ]
    result: list[tuple[Any, ...]] = []
    for table in tables:
        columns = {str(row[0]) for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}
        parts = [f"max({name})" for name in ("fid", "updated_at", "digest") if name in columns]
        row = connection.execute(f'SELECT {", ".join(["count(*)", *parts])} FROM "{table}"').fetchone()
        result.append((table, *row))
        if "updated_at" not in columns and row[0] <= _SMALL:  # the profile: nothing tells when it was edited
            rows = connection.execute(f'SELECT * FROM "{table}" ORDER BY 1').fetchall()
            result.append((table, hashlib.sha256(repr(rows).encode()).hexdigest()))
    return result

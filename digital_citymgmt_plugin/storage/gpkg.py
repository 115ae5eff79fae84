# SPDX-License-Identifier: GPL-2.0-or-later
"""The city store as one GeoPackage, written by this process alone through one ``sqlite3`` connection in WAL mode."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Optional

import numpy as np

from digital_citymgmt_plugin.core.cases.times import moment_text
from digital_citymgmt_plugin.core.cases.worktime import WorkCalendar
from digital_citymgmt_plugin.core.errors import StoreError
from digital_citymgmt_plugin.core.ports import Action, Cancel, Clock, Finding, Progress
from digital_citymgmt_plugin.core.profile import Profile
from digital_citymgmt_plugin.core.undo import Logged, UndoPlan, Written
from digital_citymgmt_plugin.storage.actions import GpkgAction
from digital_citymgmt_plugin.storage.backup import beside, check_target, copy_store, disk_error, kept_out
from digital_citymgmt_plugin.storage.blob import register_functions
from digital_citymgmt_plugin.storage.holidays import work_calendar
from digital_citymgmt_plugin.storage.journal import AFTER, entries
from digital_citymgmt_plugin.storage.leftover import check_wal
from digital_citymgmt_plugin.storage.owner import Ownership, network_kind
from digital_citymgmt_plugin.storage.profile_save import save_profile
from digital_citymgmt_plugin.storage.profiles import profile_from_store
from digital_citymgmt_plugin.storage.reading import GpkgReading, translate
from digital_citymgmt_plugin.storage.schema.catalogue import SCHEMA_VERSION
from digital_citymgmt_plugin.storage.schema.rebuild import rebuild_triggers, triggers_are_ours
from digital_citymgmt_plugin.storage.sql import quoted
from digital_citymgmt_plugin.storage.undo_plan import logged_operation, plan_undo
from digital_citymgmt_plugin.storage.verify import verify
from digital_citymgmt_plugin.storage.verifying.base import Run
from digital_citymgmt_plugin.storage.verifying.history import chain_state
from digital_citymgmt_plugin.storage.verifying.repair import Repairs

_GPKG_ID = 0x47504B47
_BUSY_MS = 30_000  # how long to wait while another program writes
_LOOK_EVERY = 20_000  # steps of SQLite's machine (some milliseconds) between two looks for a wish to stop


def connect(path: str) -> sqlite3.Connection:
    """Open the connection that is kept as long as the store is open."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_MS / 1000, check_same_thread=True)
    register_functions(connection)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("PRAGMA synchronous = FULL")  # a confirmed action survives a power cut
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute("PRAGMA temp_store = FILE")
    connection.execute("PRAGMA threads = 2")  # helpers for sorting: indexes of many rows are filled on both cores
    connection.execute("PRAGMA journal_size_limit = 67108864")
    return connection


class GpkgStore(GpkgReading):
    """An open city store (implements ``core.ports.Store``).

    Parameters
    ----------
    path : str
        The GeoPackage.
    program, done_by : str
        Who holds the store and who acts; written into the lock file and the operation log.
    clock : Clock
    """

    def __init__(self, path: str, *, program: str, clock: Clock, done_by: str = "") -> None:
        """Open a store and become its owner.

        Raises
        ------
        StoreError
            Missing, no GeoPackage, no city store, of another schema, on a network share, read-only, held by another.
        """
        self.path = str(Path(path).absolute())
        self.done_by, self.program, self.clock = done_by, program, clock
        self._profile: Optional[Profile] = None  # noqa: UP045
        self._seen: Optional[int] = None  # noqa: UP045
        self._reserved = False  # the request holds the write lock already
        self.preview = ""  # drop: actions are done and thrown away; hold: they wait for ``settle``
        self.held = False
        check_place(self.path)
        self._owner = Ownership(self.path, program)
        try:
            self.connection = self._open()
        except BaseException:
            self._owner.release()
            raise

    def _open(self) -> sqlite3.Connection:
        connection: Optional[sqlite3.Connection] = None  # noqa: UP045
        try:
            check_wal(self.path)
            connection = connect(self.path)
            check_city_store(connection, self.path)
            use_wal(connection, self.path)
            # A first write transaction shows a read-only file or a held lock now and not in the middle of an action.
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("SELECT count(*) FROM engine_context").fetchone()[0]:
                connection.execute("DELETE FROM engine_context")
            if not triggers_are_ours(connection):  # of an earlier version of the plugin, or dropped by someone
                rebuild_triggers(connection)
            connection.execute("COMMIT")
            connection.execute("SELECT count(*) FROM meta").fetchone()  # keeps the WAL index mapped
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, sqlite3.Error):
                raise translate(error, self.path) from error
            raise
        return connection

    def start_request(
        self,
        stopped: Optional[Callable[[], bool]] = None,  # noqa: UP045
        *,
        exclusive: bool = False,
    ) -> None:
        """Begin to read for a request: an action refuses to write on what others have changed since.

        ``stopped`` is asked every few milliseconds, in the middle of a statement, too; True ends it with ``Cancelled``.
        With ``exclusive`` nobody else can write from now on until ``end_request``.
        """
        if exclusive:
            self._begin()
            self._reserved = True
        self._seen = self._data_version()
        self._profile = None  # its tables may have been edited in QGIS
        self.connection.set_progress_handler(stopped, _LOOK_EVERY if stopped else 0)

    def end_request(self) -> None:
        """End a request: others may change the store again, unless its action is held for ``settle``."""
        self._seen = None
        if self.held:
            self.connection.set_progress_handler(None, 0)
        else:
            self._roll_back()

    def settle(self, *, keep: bool) -> None:
        """Commit the action that was held, or throw it away."""
        self.held = False
        try:
            if keep:
                self.connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise translate(error, self.path) from error
        finally:
            self._roll_back()

    def _begin(self) -> None:
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise translate(error, self.path) from error

    def moment(self) -> tuple[int, int]:
        """Return what changes with every change of the store, by this connection or another."""
        return self._data_version(), self.connection.total_changes

    def _data_version(self) -> int:
        return int(self._query("PRAGMA data_version", ())[0][0])

    def close(self) -> None:
        """Close the store: one plain file is left if nobody else has it open."""
        self.held = False
        self.end_request()
        with contextlib.suppress(sqlite3.Error):
            self.connection.execute("PRAGMA busy_timeout = 500")
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.connection.execute("PRAGMA journal_mode = DELETE")
        self.connection.close()
        self._owner.release()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all reading within see the store of one moment, whatever others write meanwhile; no action fits within.

        Raises
        ------
        StoreError
            The store cannot be read.
        """
        self._query("BEGIN DEFERRED", ())
        try:
            self._query("SELECT count(*) FROM meta", ())  # the moment is that of the first reading
            yield
        finally:
            with contextlib.suppress(sqlite3.Error):
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")

    # -- reading ---------------------------------------------------------------------------------------------------

    def profile(self) -> Profile:
        """Return the city profile kept in the store."""
        if self._profile is None:
            self._profile = profile_from_store(self)
        return self._profile

    def calendar(self) -> WorkCalendar:
        """Return the work calendar of the city."""
        return work_calendar(self.profile(), self.meta().get("time_zone", ""))

    def save_profile(self, action: Action, profile: Profile) -> None:
        """Write a profile over the one that the store holds; see ``storage.profile_save``."""
        save_profile(self, action, profile)
        self._profile = None

    def verify(
        self,
        progress: Optional[Progress] = None,  # noqa: UP045
        cancel: Optional[Cancel] = None,  # noqa: UP045
    ) -> list[Finding]:
        """Check the store against itself; see ``storage.verify``."""
        try:
            return verify(self.connection, progress, cancel)
        except sqlite3.Error as error:
            raise translate(error, self.path) from error

    def chain(self) -> dict[str, Any]:
        """Tell whether the log of operations is whole: ``count``, ``digest``, ``broken`` (fid), ``at``, ``missing``."""
        try:
            return chain_state(Run(self.connection))
        except sqlite3.Error as error:
            raise translate(error, self.path) from error

    def backup(self, path: str, progress: Progress, cancel: Cancel, *, overwrite: bool = False) -> dict[str, int]:
        """Copy the store as it is at one moment into a file; see ``storage.backup``.

        Raises
        ------
        StoreError
            The place cannot be used (``check_target``), no room, a disk error; nothing is left and nothing replaced.
        """
        target = check_target(self.path, path, overwrite=overwrite)
        with kept_out(target, self.program) if target.exists() else contextlib.nullcontext():
            self._copy(target, progress, cancel)
        return {"megabytes": -(-target.stat().st_size // 2**20)}

    def copy_beside(self, tag: str, progress: Progress, cancel: Cancel) -> str:
        """Copy the store beside itself under a name that is not taken; returns the path."""
        target = beside(self.path, tag)
        self._copy(target, progress, cancel)
        return str(target)

    def _copy(self, target: Path, progress: Progress, cancel: Cancel) -> None:
        try:
            copy_store(self.path, target, check_city_store, progress, cancel)
        except sqlite3.Error as error:
            raise translate(error, str(target)) from error
        except OSError as error:
            raise disk_error(error, str(target)) from error

    def logged(self, uuid: str) -> Optional[Logged]:  # noqa: UP045
        """Return a row of the operation log."""
        try:
            return logged_operation(self.connection, uuid)
        except sqlite3.Error as error:
            raise translate(error, self.path) from error

    def is_recorded(self, uuid: str) -> bool:
        """Tell whether the journal holds what an action wrote."""
        return self.count("undo_journal", [("operation_uuid", "=", uuid)]) > 0

    def plan_undo(self, target: Logged) -> UndoPlan:
        """Find what has to be taken back with an action; see ``storage.undo_plan``."""
        try:
            return plan_undo(self.connection, target)
        except sqlite3.Error as error:
            raise translate(error, self.path) from error

    def written(self, operation: str, tables: Sequence[str]) -> Iterator[Written]:
        """Yield what an action wrote into some tables, as the journal has it."""
        marks = ", ".join("?" * len(tables))
        query = f"SELECT 1 FROM undo_journal WHERE operation_uuid = ? AND table_name IN ({marks}) LIMIT 1"
        try:
            if self.connection.execute(query, (operation, *tables)).fetchone() is None:
                return
            for entry in entries(self.connection, operation):
                if entry.table in tables and entry.kind != AFTER:
                    size = entry.size if entry.same else 1
                    old = {name: [value] * size if entry.same else value for name, value in entry.columns.items()}
                    yield Written(entry.table, entry.kind, np.array(entry.fids(), dtype=np.int64), old)
        except sqlite3.Error as error:
            raise translate(error, self.path) from error

    # -- writing ---------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def action(self, kind: str, **params: Any) -> Iterator[GpkgAction]:
        """Open an action: one transaction and one ``operation`` row; an exception undoes all of it.

        Raises
        ------
        StoreError
            ``store.changed`` when another program (QGIS's own editing) committed since the request began to read: what
            was computed may be wrong; the engine runs the use case again.
        """
        action: Optional[GpkgAction] = None  # noqa: UP045
        try:
            if not self._reserved:
                self._begin()
            self._reserved = False
            if self._seen is not None and self._data_version() != self._seen:
                raise StoreError("store.changed", path=self.path)
            action = GpkgAction(self.connection, kind, params, self.done_by, self.program, self.clock)
            yield action
            action.finish()
            self.held = self.preview == "hold"
            if not self.held:
                self.connection.execute("ROLLBACK" if self.preview else "COMMIT")
        except BaseException as error:
            self._roll_back()
            if isinstance(error, sqlite3.Error):
                raise translate(error, self.path) from error
            raise

    def repair(self, action: Action, findings: Sequence[Finding], progress: Progress, cancel: Cancel) -> list[Finding]:
        """Repair what can be repaired; returns what is found afterwards, all within the action."""
        run = Run(self.connection, None, cancel, inside=True)
        Repairs(run, action, self.profile, moment_text(self.clock())).mend(findings)
        return verify(self.connection, progress, cancel, inside=True)

    def _roll_back(self) -> None:
        self._reserved = False
        self.connection.set_progress_handler(None, 0)
        with contextlib.suppress(sqlite3.Error):
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    def set_meta(self, **values: str) -> None:
        """Set settings of the store in a transaction of their own (no operation row: not a user action)."""
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            for key, value in values.items():
                self.connection.execute(
                    "INSERT INTO meta (key, value) VALUES (?, ?) "
                    "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                    (key, value),
                )
            self.connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise translate(error, self.path) from error


def use_wal(connection: sqlite3.Connection, path: str) -> None:
    """Switch to WAL, in which readers and the writer do not meet; a store without it is not written at all.

    Raises
    ------
    StoreError
        ``store.no_wal``.
    sqlite3.Error
        What SQLite says; ``translate`` has the words.
    """
    # In the middle of another's transaction SQLite refuses this change at once, whatever the busy time-out.
    until = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            mode = str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
            break
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= until:
                raise
        time.sleep(0.02)
    if mode != "wal":
        raise StoreError("store.no_wal", path=path, mode=mode)


def check_place(path: str) -> None:
    """Refuse a store that is missing, or on a network share, where SQLite's locks cannot be trusted.

    Raises
    ------
    StoreError
        ``store.missing``, ``store.network_share``.
    """
    if "\0" in path:
        raise StoreError("store.missing", path=path)
    kind = network_kind(path)
    if kind is not None:
        raise StoreError("store.network_share", path=path, kind=kind)
    if not Path(path).is_file():
        raise StoreError("store.missing", path=path)


def check_city_store(connection: sqlite3.Connection, path: str, *, any_schema: bool = False) -> int:
    """Refuse a file that is no GeoPackage, no city store or of another schema; returns the schema version.

    Parameters
    ----------
    any_schema : bool
        Whether an older schema will do, as for an upgrade.

    Raises
    ------
    StoreError
        ``store.not_geopackage``, ``store.malformed`` (cut off), ``store.not_city``, ``store.newer_schema``,
        ``store.older_schema``.
    sqlite3.Error
        What SQLite says; ``translate`` has the words.
    """
    if connection.execute("PRAGMA application_id").fetchone()[0] != _GPKG_ID:
        raise StoreError("store.not_geopackage", path=path)
    # SQLite reads a last page that is cut off as zeros and says nothing.
    page = int(connection.execute("PRAGMA page_size").fetchone()[0])
    if os.path.getsize(path) % page and not _has_wal(path):  # noqa: PTH202 (looks, never opens)
        raise StoreError("store.malformed", path=path)
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'engine_context'").fetchone() is None:
        raise StoreError("store.not_city", path=path)
    row = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    version = int(row[0]) if row and str(row[0]).isdigit() else 0
    if version > SCHEMA_VERSION:
        raise StoreError("store.newer_schema", path=path, found=version, known=SCHEMA_VERSION)
    if version < SCHEMA_VERSION and not any_schema:
        raise StoreError("store.older_schema", path=path, found=version, known=SCHEMA_VERSION)
    return version


def _has_wal(path: str) -> bool:
    wal = Path(path + "-wal")
    return wal.exists() and wal.stat().st_size > 0


__all__ = ["GpkgStore", "check_city_store", "check_place", "connect", "quoted", "translate", "use_wal"]

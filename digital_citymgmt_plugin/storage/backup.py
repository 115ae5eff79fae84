# SPDX-License-Identifier: GPL-2.0-or-later
"""Copies of a store that are consistent while it is open and while others write; whole or not there at all.

SQLite's own backup over a second connection that holds one view of the store: pages that others write meanwhile are
not in it. Closing that connection drops no lock of the engine's, as closing a plain file would: both belong to SQLite.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Optional

from digital_citymgmt_plugin.core.errors import StoreError
from digital_citymgmt_plugin.core.ports import Cancel, Progress
from digital_citymgmt_plugin.core.same_file import same_file
from digital_citymgmt_plugin.storage.owner import Ownership
from digital_citymgmt_plugin.storage.replacing import is_city_store

PAGES = 2_000  # copied between two looks for a wish to stop
_SPARE = 16 * 2**20  # bytes that must be left on the disk

Check = Callable[[sqlite3.Connection, str], object]


def copy_store(
    path: str,
    target: Path,
    check: Check,
    progress: Optional[Progress] = None,  # noqa: UP045
    cancel: Optional[Cancel] = None,  # noqa: UP045
) -> None:
    """Copy a store into a new file, which gets its name only when it is whole, checked and on the disk.

    Parameters
    ----------
    path : str
        The store; it may be open in this process and written by others.
    target : Path
        Replaced if it is there: what may be replaced is for the caller to say.
    check : callable
        Called with a connection to the copy and its path; raises for what is no store.
    progress, cancel : optional
        The first nine tenths are the copying, the rest the check.

    Raises
    ------
    StoreError
        ``store.disk_needed`` before anything is written; a disk error (``sqlite3.Error`` and ``OSError`` are for the
        caller to tell).
    Cancelled
        Nothing is left.
    """
    draft = target.with_name(f".{target.name}.new")
    try:
        with _reading(path) as source:
            size = _size(source)
            need_room(target, size)
            draft.unlink(missing_ok=True)

            def step(status: int, remaining: int, total: int) -> None:
                if cancel is not None:
                    cancel.check()
                if progress is not None and total:
                    progress(0.9 * (1 - remaining / total), "progress.copying", megabytes=size // 2**20)

            with contextlib.closing(sqlite3.connect(str(draft), isolation_level=None)) as copy:
                copy.execute("PRAGMA synchronous = OFF")  # one fsync at the end
                source.backup(copy, pages=PAGES, progress=step)
                copy.execute("PRAGMA journal_mode = DELETE")  # the copy of a store in WAL is in WAL, too
                if progress is not None:
                    progress(0.92, "progress.checking")
                copy.set_progress_handler((lambda: _wants_to_stop(cancel)) if cancel else None, 20_000)
                try:
                    if copy.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                        raise StoreError("backup.not_whole", path=str(target))
                except sqlite3.OperationalError:
                    if cancel is not None:
                        cancel.check()
                    raise
                check(copy, str(draft))
        _sync(draft)
        if cancel is not None:
            cancel.check()
        draft.replace(target)
    finally:
        for left in (draft, draft.with_name(draft.name + "-journal")):
            with contextlib.suppress(OSError):
                left.unlink(missing_ok=True)


def _wants_to_stop(cancel: Cancel) -> bool:
    try:
        cancel.check()
    except Exception:  # the caller asks again and raises it
        return True
    return False


@contextlib.contextmanager
def _reading(path: str) -> Iterator[sqlite3.Connection]:
    """Give a connection that sees the store of one moment."""
    uri = f"{Path(path).absolute().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the moment is that of the first reading
        yield connection


def _size(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA page_count").fetchone()[0]) * int(
        connection.execute("PRAGMA page_size").fetchone()[0]
    )


def need_room(target: Path, size: int) -> None:
    """Refuse to begin where the disk does not have the room.

    Raises
    ------
    StoreError
        ``store.disk_needed`` with the megabytes needed and free.
    """
    try:
        free = shutil.disk_usage(target.parent).free
    except OSError:
        return  # a file system that does not tell: the disk error will
    if free < size + _SPARE:
        needed = (size + _SPARE) // 2**20 + 1
        raise StoreError("store.disk_needed", path=str(target), needed=needed, free=free // 2**20)


def _sync(path: Path) -> None:
    """Wait until a file is on the disk; it is not the store, so it may be opened."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def check_target(store: str, path: str, *, overwrite: bool) -> Path:
    """Return where a copy goes; refuse the store itself, a folder that is not there and what lies there already.

    Raises
    ------
    StoreError
        ``backup.onto_itself`` (also under another name: a link), ``backup.exists``, ``backup.not_a_store`` (a file
        that is no city store is never overwritten), ``backup.in_use``, ``store.folder_missing``,
        ``store.wrong_ending``.
    """
    target = Path(path).absolute()
    if "\0" in path or not target.parent.is_dir():
        raise StoreError("store.folder_missing", path=path, folder=str(target.parent))
    if target.suffix.lower() != ".gpkg":
        raise StoreError("store.wrong_ending", path=path)
    if same_file(store, path):
        raise StoreError("backup.onto_itself", path=path)
    if not (target.exists() or target.is_symlink()):
        return target
    if not overwrite:
        raise StoreError("backup.exists", path=path)
    if not is_city_store(path):
        raise StoreError("backup.not_a_store", path=path)
    return Path(os.path.realpath(path))


@contextlib.contextmanager
def kept_out(target: Path, program: str) -> Iterator[None]:
    """Own a store that is there and about to be replaced: nobody may have it open.

    Raises
    ------
    StoreError
        ``store.held``; ``backup.in_use`` where a ``-wal`` lies beside it, which would be replayed into the copy.
    """
    if any(Path(f"{target}{tail}").exists() for tail in ("-wal", "-shm", "-journal")):
        raise StoreError("backup.in_use", path=str(target))
    owner = Ownership(str(target), program)
    try:
        yield
    finally:
        owner.release()


def beside(path: str, tag: str) -> Path:
    """Return a name beside a store for a copy, which is not taken: ``<name>.<tag>.backup<number>.gpkg``."""
    original = Path(path)
    copy = original.with_name(f"{original.stem}.{tag}.backup{original.suffix}")
    number = 1
    while copy.exists():
        number += 1
        copy = original.with_name(f"{original.stem}.{tag}.backup{number}{original.suffix}")
    return copy


def disk_error(error: OSError, path: str) -> StoreError:
    """Return what an error of the operating system means for the user."""
    full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
    return StoreError("store.disk_full" if full else "store.disk_error", path=path)

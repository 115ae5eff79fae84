# SPDX-License-Identifier: GPL-2.0-or-later
"""What an owner that was killed leaves beside a store, and whether it belongs to the file that lies there now.

SQLite replays a ``-wal`` into whatever file has the name: nothing in either ties them together. A new store, or a copy
put in the place of the old one, would get the pages of the old one mixed in. So a new store is not made beside one, and
before an existing store is opened with one, both views, the file alone and the file with its ``-wal``, are read.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

from digital_citymgmt_plugin.core.errors import StoreError

_TAILS = ("-wal", "-shm", "-journal")
_TRIES = 3  # a program that has the store open may move pages between two looks


def check_no_leftovers(path: str) -> None:
    """Refuse to make a store where parts of an earlier one lie, which SQLite would replay into it.

    Raises
    ------
    StoreError
        ``store.leftover`` with the names of the files.
    """
    found = [path + tail for tail in _TAILS if Path(path + tail).exists()]
    if found:
        raise StoreError("store.leftover", path=path, files=", ".join(Path(name).name for name in found))


def check_wal(path: str) -> None:
    """Refuse a store beside which the ``-wal`` of another file lies, or of another state of this one.

    To be called by the owner, before it opens the store: nothing is replayed into the file by looking. It is seen that
    the log of operations with the ``-wal`` goes on where that of the file alone ends, without a gap, and that the pages
    of both fit together (``quick_check``: 0.5 s for 776,143 components, only where a ``-wal`` was left). Not seen: a
    ``-wal`` of the same city whose pages happen to fit.

    Raises
    ------
    StoreError
        ``store.foreign_wal``.
    """
    wal = Path(path + "-wal")
    if not wal.exists() or wal.stat().st_size == 0:
        return
    for left in reversed(range(_TRIES)):
        if _belongs(path):
            return
        if left:
            time.sleep(0.2)
    raise StoreError("store.foreign_wal", path=path, file=wal.name)


def _belongs(path: str) -> bool:
    """Compare both views; where one cannot be had, opening the store tells the reason."""
    try:
        alone = _operations(path, "mode=ro&immutable=1", check=False)
    except sqlite3.Error:
        return True
    try:
        both = _operations(path, "mode=ro", check=True)
    except sqlite3.OperationalError as error:
        return "no such" not in str(error)  # tables of the file alone are gone
    except sqlite3.DatabaseError:
        return False
    return alone.items() <= both.items() and _gaps(both) <= _gaps(alone)


def _operations(path: str, how: str, *, check: bool) -> dict[int, str]:
    """Read the log of operations; with ``check``, raise where pages do not fit together."""
    uri = f"{Path(path).absolute().as_uri()}?{how}"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
        if check and connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("pages do not fit together")
        return {int(fid): str(uuid) for fid, uuid in connection.execute("SELECT fid, uuid FROM operation")}


def _gaps(operations: dict[int, str]) -> int:
    return max(operations, default=0) - len(operations)

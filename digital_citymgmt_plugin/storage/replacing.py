# SPDX-License-Identifier: GPL-2.0-or-later
"""Files out, whole or not at all; a city store is never written over."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from digital_citymgmt_plugin.core.errors import InputRefused


@contextlib.contextmanager
def replacing(path: str) -> Iterator[str]:
    """Give a path in a new hidden folder beside ``path``; on success all files in it take their places, else none.

    ``os.replace`` of each file is atomic; several (a shapefile's parts) are moved one after the other, the file named
    last. Old side files of the same name that were not written anew are removed.

    Raises
    ------
    InputRefused
        ``output.no_folder``, ``output.failed`` (no right, full disk), ``output.is_store`` (any city store),
        ``output.in_use`` (a GeoPackage with a ``-wal``).
    """
    target = Path(path)
    _check_target(target, path)
    folder = None
    try:
        folder = tempfile.mkdtemp(prefix=".dcm_", dir=target.parent)
        yield str(Path(folder) / target.name)
        made = sorted((item.name for item in Path(folder).iterdir()), key=lambda name: name == target.name)
        if target.suffix.lower() == ".shp":
            kept = {Path(name).suffix.lower() for name in made}
            for suffix in (".shx", ".dbf", ".prj", ".cpg", ".qix", ".sbn", ".sbx", ".qpj", ".shp.xml"):
                old = target.with_suffix(suffix)
                if suffix not in kept and old.is_file():
                    old.unlink()
        for name in made:
            (Path(folder) / name).replace(target.parent / name)
    except OSError as error:
        raise InputRefused("output.failed", file=path, detail=error.strerror or str(error)) from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _check_target(target: Path, path: str) -> None:
    if not target.parent.is_dir():
        raise InputRefused("output.no_folder", file=path, folder=str(target.parent))
    if target.is_dir():
        raise InputRefused("output.failed", file=path, detail="folder")
    if is_city_store(path):
        raise InputRefused("output.is_store", file=path)
    if any(Path(path + tail).exists() for tail in ("-wal", "-journal")):
        raise InputRefused("output.in_use", file=path)


def is_city_store(path: str) -> bool:
    """Tell whether a file is a city store, without a lock and without making a file beside it.

    Not for the store that this process holds open: closing the file would drop SQLite's locks on it.
    """
    try:
        with Path(path).open("rb") as file:
            if file.read(16) != b"SQLite format 3\0":
                return False
        uri = f"{Path(path).absolute().as_uri()}?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'engine_context'"
            return connection.execute(sql).fetchone() is not None
    except (OSError, sqlite3.Error):
        return False

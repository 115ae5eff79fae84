# SPDX-License-Identifier: GPL-2.0-or-later
"""Paths for libraries that take ``;`` and ``!`` for the syntax of a URL (pyogrio and Fiona, not on Windows)."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

_ODD = ";!"


def _is_plain(path: str) -> bool:
    return sys.platform == "win32" or not any(sign in path for sign in _ODD)


def _cleaned(name: str) -> str:
    for sign in _ODD:
        name = name.replace(sign, "_")
    return name


def plain_input(path: str) -> tuple[str, str | None]:
    """Return a path that can be read, and the folder of links to be removed afterwards (None when none was needed).

    All files of the same stem (a shapefile's parts) are linked beside each other. A layer that is named after its file
    has the cleaned name.
    """
    if _is_plain(path) or not Path(path).is_file():
        return path, None
    source = Path(path).absolute()
    folder = tempfile.mkdtemp(prefix="dcm_path_")
    for item in source.parent.iterdir():
        if item.name == source.name or item.name.startswith(source.stem + "."):
            (Path(folder) / _cleaned(item.name)).symlink_to(item)
    return str(Path(folder) / _cleaned(source.name)), folder


@contextlib.contextmanager
def plain_output(path: str) -> Iterator[str]:
    """Give a path that can be written; what was written there is moved to where it belongs."""
    if _is_plain(path):
        yield path
        return
    target = Path(path)
    with tempfile.TemporaryDirectory(prefix="dcm_path_") as folder:
        yield str(Path(folder) / _cleaned(target.name))
        clean, stem = Path(_cleaned(target.name)).stem, target.stem
        for item in Path(folder).iterdir():
            name = stem + item.name[len(clean) :] if item.name.startswith(clean) else item.name
            shutil.move(str(item), target.parent / name)

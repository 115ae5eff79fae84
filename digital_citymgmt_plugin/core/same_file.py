# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether two paths lead to one file; looks at names and file numbers only, nothing is opened."""

from __future__ import annotations

import os
from pathlib import Path

_SHAPEFILE = (".shp", ".shx", ".dbf")


def same_file(first: str, second: str) -> bool:
    """Tell whether writing one of two paths changes the other, by whatever name or link each is reached.

    The parts of a shapefile are one file: writing ``a.shp`` replaces ``a.dbf``, too.
    """
    others = _parts(second)
    return any(_same(one, other) for one in _parts(first) for other in others)


def _parts(path: str) -> list[str]:
    stem, suffix = os.path.splitext(path)  # noqa: PTH122 (a NUL or a trailing dot stays as it is)
    if suffix.lower() not in _SHAPEFILE:
        return [path]
    return [path, *(stem + end for known in _SHAPEFILE for end in (known, known.upper()) if end != suffix)]


def _same(first: str, second: str) -> bool:
    try:
        return Path(first).samefile(second)
    except (OSError, ValueError):  # one is not there yet
        return os.path.normcase(os.path.abspath(first)) == os.path.normcase(os.path.abspath(second))  # noqa: PTH100

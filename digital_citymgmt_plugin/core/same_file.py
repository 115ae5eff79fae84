# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether two paths lead to one file; looks at names and file numbers only, nothing is opened."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePath

_SHAPEFILE = (".shp", ".shx", ".dbf")


def same_file(first: str, second: str) -> bool:
    """Tell whether writing one of two paths changes the other, by whatever name or link each is reached.

    The parts of a shapefile are one file: writing ``a.shp`` replaces ``a.dbf``, too.
    """
    others = _parts(second)
    return any(_same(one, other) for one in _parts(first) for other in others)


def written_twice(paths: Sequence[str]) -> str | None:
    """Return the first path that leads to a file which another of the paths leads to as well."""
    for place, path in enumerate(paths):
        if any(same_file(path, other) for other in paths[:place]):
            return path
    return None


def beside(path: str, tail: str, suffix: str = "") -> str:
    """Return the name of a file beside another: ``x.shp`` and ``_codes``, ``.xlsx`` are ``x_codes.xlsx``."""
    place = PurePath(path)
    return str(place.with_name(f"{place.stem}{tail}{suffix or place.suffix}"))


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


def kept_inside(folder: str, name: str) -> str | None:
    """Return the path of a plain file that lies in a folder under a relative name, None for any other name.

    No absolute name, no way out by ``..``, by a link or by a drive; a device or a folder is no file.
    """
    if not name or "\0" in name or "://" in name or len(name) > 1_000:
        return None
    clean = name.replace("\\", "/")
    if clean.startswith("/") or ":" in clean or ".." in clean.split("/"):
        return None
    try:
        root = Path(folder).resolve(strict=True)
        found = (root / clean).resolve(strict=True)
        return str(found) if found.is_file() and root in found.parents else None
    except (OSError, ValueError, RuntimeError):
        return None

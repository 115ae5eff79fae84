# SPDX-License-Identifier: GPL-2.0-or-later
"""Which files of a folder are drawings or layers of a base map, and their digests."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.storage import dxf

READ = (".dxf", ".shp", ".gpkg")
DWG = ".dwg"
_MOST = 5_000  # files of a folder
_MOST_SHP = 4 << 30  # bytes: no shapefile can be larger, GDAL says
_DEEPEST = 4  # folders within folders


def find(path: str) -> tuple[list[str], list[str]]:
    """Return the files to read, in order of their names, and the DWG files, which cannot be.

    Links are not followed out of the folder, and folders not deeper than four.

    Raises
    ------
    InputRefused
        ``input.missing``, ``input.unreadable`` (a folder that may not be looked into), ``basemap.folder_empty``,
        ``basemap.too_many``.
    """

    def refuse(error: OSError) -> None:
        raise InputRefused("input.unreadable", file=error.filename or path, detail=error.strerror or str(error))

    start = Path(path)
    if start.is_file():
        return [path], []
    if not start.is_dir():
        raise InputRefused("input.missing", file=path)
    found: list[str] = []
    closed: list[str] = []
    for folder, inside, names in os.walk(path, onerror=refuse, followlinks=False):
        if len(Path(folder).relative_to(start).parts) >= _DEEPEST:
            inside.clear()
        for name in names:
            kind = Path(name).suffix.lower()
            whole = Path(folder, name)
            if kind in (*READ, DWG) and not whole.is_symlink():
                (closed if kind == DWG else found).append(str(whole))
        if len(found) > _MOST:
            raise InputRefused("basemap.too_many", file=path, most=_MOST)
    if not found and not closed:
        raise InputRefused("basemap.folder_empty", file=path)
    return sorted(found), sorted(closed)


def digest(path: str) -> str:
    """Return the SHA-256 of a file; what a shapefile has beside it (table, code page, CRS) counts, too.

    Raises
    ------
    InputRefused
        ``input.unreadable``; of a DXF what ``dxf.check`` says.
    """
    try:
        if Path(path).suffix.lower() == ".dxf":
            dxf.check(path)  # what is too large is not read for its digest first
    except OSError as error:
        raise InputRefused("input.unreadable", file=path, detail=error.strerror or str(error)) from error
    mixed = hashlib.sha256()
    file = Path(path)
    if file.suffix.lower() == ".shp" and file.is_file() and file.stat().st_size > _MOST_SHP:
        raise InputRefused("input.unreadable", file=path, detail="> 4 GiB")
    beside = [file.with_suffix(ending) for ending in (".dbf", ".cpg", ".prj")] if file.suffix.lower() == ".shp" else []
    for part in (file, *(one for one in beside if one.is_file())):
        try:
            with part.open("rb") as stream:
                while chunk := stream.read(1 << 20):
                    mixed.update(chunk)
        except OSError as error:
            raise InputRefused("input.unreadable", file=str(part), detail=error.strerror or str(error)) from error
    return mixed.hexdigest()

# SPDX-License-Identifier: GPL-2.0-or-later
"""The names by which the drawings of a base map are known, import after import."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from digital_citymgmt_plugin.core.basemap.drawing import Drawing


def base_names(files: Iterable[str], start: str) -> dict[str, str]:
    """Return the name by which each file is known: its path within the folder that was given, without ending.

    Of several files that differ in their endings alone the drawing goes without, the others keep theirs: under one name
    each would take the place of the one before.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for path in sorted(files, key=lambda one: (not one.lower().endswith(".dxf"), one)):
        file = PurePath(path)
        try:
            inside = file.relative_to(start)
        except ValueError:
            inside = PurePath(file.name)
        if not inside.name:
            inside = PurePath(file.name)
        name = inside.with_suffix("").as_posix()
        names[path] = name if name not in taken else inside.as_posix()
        taken.add(names[path])
    return names


def drawing_name(base: str, drawing: Drawing) -> str:
    """Return the name of a drawing: that of its file; a layer of a GeoPackage is told by its name behind it."""
    return f"{base}/{drawing.entities['layer'][0]}" if drawing.format == "GPKG" and len(drawing) else base

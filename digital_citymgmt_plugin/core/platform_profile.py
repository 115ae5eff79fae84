# SPDX-License-Identifier: GPL-2.0-or-later
"""What a platform takes of unit grids and what it does with them, as data."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from digital_citymgmt_plugin.core.errors import ProfileError

GEOJSON, SHP = "geojson", "shp"
SOURCES = (
    "code", "name", "community_code", "community_name", "street_code", "street_name", "area_m2", "valid_from",
    "valid_to", "remark",
)  # fmt: skip
KEEP, SPLIT, SKIP, FUSE, FILL = "keep", "split", "skip", "fuse", "fill"
_PARTS, _HOLES = (KEEP, SPLIT, SKIP, FUSE), (KEEP, FILL, FUSE)
_NAME = 10  # bytes of a field's name in a shapefile


@dataclass(frozen=True)
class PlatformField:
    """A column of the file: its name, what fills it (``{code} {name}``), and how many bytes it may hold (0: any)."""

    name: str
    fill: str
    length: int = 0

    @property
    def sources(self) -> list[str]:
        """The columns of the grids that it takes."""
        return [part for _, part, *_ in string.Formatter().parse(self.fill) if part]


@dataclass(frozen=True)
class Platform:
    """What a platform wants and what it does with it.

    ``crs``: of the file, '' that of the store; ``shift``: none, gcj02 or bd09 (of degrees); ``decimals`` of the
    coordinates. ``parts``: what becomes of a grid of several parts (``keep``; ``split``: it is written as several
    features; ``skip``, ``fuse``: the importer leaves it out, or joins its rings into one); ``holes``: ``keep``,
    ``fill`` (the importer takes the outer ring only), ``fuse``. ``code_field``: where the importer keeps the code, ''
    nowhere. ``taken``: fields that the importer keeps, empty: all. ``code_table``: whether a table goes with the file.
    """

    code: str
    title: Mapping[str, str]
    format: str
    fields: tuple[PlatformField, ...]
    encoding: str = "UTF-8"
    crs: str = ""
    shift: str = "none"
    decimals: int = 3
    parts: str = KEEP
    holes: str = KEEP
    code_field: str = ""
    taken: tuple[str, ...] = ()
    code_table: bool = False
    evidence: str = ""


def platform_from_dict(values: Mapping[str, Any]) -> Platform:
    """Build a profile from its JSON form.

    Raises
    ------
    ProfileError
        ``handover.profile`` names the entry that is wrong.
    """
    known = dict(values)
    code = str(known.get("code", ""))

    def bad(entry: str) -> ProfileError:
        return ProfileError("handover.profile", value=code, entry=entry)

    try:
        known["fields"] = tuple(PlatformField(**one) for one in known["fields"])
        known["taken"] = tuple(known.get("taken", ()))
        made = Platform(**known)
    except (KeyError, TypeError) as error:
        raise bad(str(error)) from error
    if made.format not in (GEOJSON, SHP) or made.parts not in _PARTS or made.holes not in _HOLES:
        raise bad("format, parts, holes")
    if made.shift not in ("none", "gcj02", "bd09") or (made.shift != "none" and made.crs != "EPSG:4326"):
        raise bad("shift")
    for one in made.fields:
        if set(one.sources) - set(SOURCES) or (made.format == SHP and len(one.name.encode()) > _NAME):
            raise bad(one.name)
    return made

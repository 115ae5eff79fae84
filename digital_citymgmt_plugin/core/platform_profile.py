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
_DECIMALS = 15  # of a coordinate: more than a float has
_SHAPE = "geom"  # core.ports.GEOM
_SPEC = 4  # signs of a format such as .2f: a width of a million is no column
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
    wrong = _wrong_type(made)
    if wrong:
        raise bad(wrong)
    if made.format not in (GEOJSON, SHP) or made.parts not in _PARTS or made.holes not in _HOLES:
        raise bad("format, parts, holes")
    if made.shift not in ("none", "gcj02", "bd09") or (made.shift != "none" and made.crs != "EPSG:4326"):
        raise bad("shift")
    for one in made.fields:
        if set(one.sources) - set(SOURCES) or (made.format == SHP and len(one.name.encode()) > _NAME):
            raise bad(one.name)
        if not _fills(one):
            raise bad(one.fill)
    return made


def _wrong_type(made: Platform) -> str:
    """Return the entry that is not what it should be: a profile of one's own is written by hand."""
    for name in ("code", "format", "encoding", "crs", "shift", "parts", "holes", "code_field", "evidence"):
        if not isinstance(getattr(made, name), str):
            return name
    if not isinstance(made.title, Mapping):
        return "title"
    if not isinstance(made.decimals, int) or not 0 <= made.decimals <= _DECIMALS:
        return "decimals"
    if not all(isinstance(name, str) for name in made.taken):
        return "taken"
    try:
        "0".encode(made.encoding)
    except (LookupError, ValueError):
        return "encoding"
    names = set()
    for one in made.fields:
        if not isinstance(one.name, str) or not isinstance(one.fill, str) or not isinstance(one.length, int):
            return "fields"
        name = one.name.casefold() if made.format == SHP else one.name
        # Of two columns of one name the file would hold one; "geom" is the shape's own.
        if not one.name or one.length < 0 or name in names or name == _SHAPE:
            return one.name or "fields"
        names.add(name)
    return "" if names else "fields"


def _fills(one: PlatformField) -> bool:
    """Whether a column can be filled so: ``{code:d}`` or ``{}`` would only fail at the first grid."""
    if any(len(spec or "") > _SPEC for _, _, spec, _ in string.Formatter().parse(one.fill)):
        return False
    try:
        one.fill.format(**{**dict.fromkeys(SOURCES, "0"), "area_m2": 0.0})
    except (ValueError, IndexError, KeyError, TypeError, AttributeError):
        return False
    return True

# SPDX-License-Identifier: GPL-2.0-or-later
"""Which theme of the base map a layer or a SOUTH code belongs to, and which component a symbol may stand for.

The layers of CASS and the codes of SOUTH are tables (``resources/profiles/cass_*.csv``; sources and how sure they are
stand in each row); what a drawing of another house means is said by a mapping:

``{"name": "…", "layers": {"가로등": {"theme": "facility", "component": "路灯"}}, "blocks": {…}, "codes": {…}}``
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from digital_citymgmt_plugin.core.errors import InputRefused

OTHER = "other"
THEMES = (
    "control", "elevation", "building", "wall", "facility", "road", "pipe", "water", "boundary", "contour", "terrain",
    "vegetation", "frame", "survey", "text", OTHER,
)  # fmt: skip
# Layers that hold no ground: sheet frames, helping lines, survey points. No sheet is made for them.
NO_GROUND = ("frame", "survey")
_PARTS = ("layers", "blocks", "codes")
# Names of layers in files that are no CASS drawing, in the languages they come in; the first found in a name counts.
_WORDS = (
    ("building", ("建筑", "房屋", "居民地", "building")), ("wall", ("围墙", "栅栏", "wall", "fence")),
    ("road", ("道路", "交通", "road", "street", "highway")), ("water", ("水系", "河流", "湖", "water", "river")),
    ("vegetation", ("植被", "绿地", "vegetation", "green", "landuse")), ("pipe", ("管线", "管网", "pipe")),
    ("contour", ("等高线", "contour")), ("boundary", ("境界", "boundary", "admin")),
    ("facility", ("独立地物", "facility", "points")),
)  # fmt: skip


@dataclass(frozen=True)
class CassCode:
    """A SOUTH code: its name, its layers, what component it may be ("a|b": the first that the profile has)."""

    code: str
    name: str
    layers: tuple[str, ...]
    component: str


@dataclass(frozen=True)
class Cass:
    """The tables of CASS: layer → theme, layer → content, code → entry."""

    themes: Mapping[str, str]
    contents: Mapping[str, str]
    codes: Mapping[str, CassCode]


@dataclass(frozen=True)
class BaseMapping:
    """What a city says of its drawings: theme and component by layer, block and code."""

    name: str = ""
    layers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    blocks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def said(self, key: str, layer: str | None, block: str | None, code: str | None) -> str:
        """Return what is said of a symbol, '' when nothing is: by code, else by block, else by layer."""
        for table, word in ((self.codes, code), (self.blocks, block), (self.layers, layer)):
            found = table.get(word or "", {}).get(key)
            if found:
                return found
        return ""


def mapping_from_text(text: str | None) -> BaseMapping:
    """Read a mapping from JSON.

    Raises
    ------
    InputRefused
        ``mapping.not_json``, ``mapping.wrong`` (names the entry), ``basemap.theme`` (no such theme).
    """
    if not (text or "").strip():
        return BaseMapping()
    try:
        data: Any = json.loads(text or "")
    except ValueError as error:
        raise InputRefused("mapping.not_json", reason=str(error)) from None
    if not isinstance(data, dict):
        raise InputRefused("mapping.wrong", entry="layers")
    parts: dict[str, dict[str, dict[str, str]]] = {}
    for part in _PARTS:
        table = data.get(part) or {}
        if not isinstance(table, dict):
            raise InputRefused("mapping.wrong", entry=part)
        parts[part] = {str(name): _entry(part, str(name), value) for name, value in table.items()}
    return BaseMapping(str(data.get("name") or ""), **parts)


def _entry(part: str, name: str, value: Any) -> dict[str, str]:
    if isinstance(value, str):
        value = {"theme": value}
    if not isinstance(value, dict) or not set(value) <= {"theme", "component"}:
        raise InputRefused("mapping.wrong", entry=f"{part}.{name}")
    theme = value.get("theme")
    if theme and theme not in THEMES:
        raise InputRefused("basemap.theme", theme=str(theme), entry=name, known=", ".join(THEMES))
    return {key: str(word) for key, word in value.items() if word}


class Themes:
    """Finds themes; asked once for each pair of layer, block and code."""

    def __init__(self, cass: Cass, mapping: BaseMapping) -> None:
        self._cass, self._mapping = cass, mapping
        self._known: dict[tuple[str, str | None, str | None], str] = {}

    def theme(self, layer: str, block: str | None = None, code: str | None = None) -> str:
        """Return the theme: of the mapping, else of the code's layer, else of the layer's name."""
        key = (layer, block, code)
        if key not in self._known:
            self._known[key] = self._find(*key)
        return self._known[key]

    def _find(self, layer: str, block: str | None, code: str | None) -> str:
        said = self._mapping.said("theme", layer, block, code)
        if said:
            return said
        own = self._cass.themes.get(layer.upper())
        if own not in (None, OTHER):
            return str(own)
        entry = self._cass.codes.get(code or "")
        for name in entry.layers if entry else ():
            if name in self._cass.themes:
                return self._cass.themes[name]
        small = layer.lower()
        return next((theme for theme, words in _WORDS if any(word in small for word in words)), OTHER)


def unknown_layers(layers: Iterable[str], themes: Themes) -> list[str]:
    """Return the layers of which nothing is known: they wait for the mapping."""
    return [layer for layer in layers if themes.theme(layer) == OTHER]

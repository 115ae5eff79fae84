# SPDX-License-Identifier: GPL-2.0-or-later
"""From the entities of a drawing to points, lines, areas and texts.

A block reference is one point with the block's name, its attributes and extended data. A block whose contents reach
far (a bound drawing, a house drawn as a block) is taken apart as well, at most ``DEEPEST`` levels down and never into
itself. What a single entity is drawn as: ``dxf_shapes``.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import shapely

from digital_citymgmt_plugin.core.basemap.drawing import MOST, POINT, TEXT
from digital_citymgmt_plugin.storage.dxf_shapes import FAR, SHAPES
from digital_citymgmt_plugin.storage.dxf_size import VERTICES, expanded

DEEPEST = 8
WIDE = 30.0  # a block reaching farther from its place than this is no symbol of a 1:1000 map
_BY_BYTES = re.compile(r"\\M\+([1235])([0-9A-Fa-f]{4})")
_BY_NUMBER = re.compile(r"\\U\+([0-9A-Fa-f]{4})")
_PAGES = {"1": "cp932", "2": "cp950", "3": "cp949", "5": "gb18030"}
# What is wrong with one entity; ezdxf's own errors are added where it is imported.
_BROKEN = (
    ValueError, KeyError, IndexError, AttributeError, TypeError, ArithmeticError, shapely.GEOSException
)  # fmt: skip

_Row = tuple[Any, ...]


class Reader:
    """Walks through the model space of a drawing.

    Attributes
    ----------
    rows : list of tuple
        In the order of ``core.basemap.drawing.COLUMNS``.
    skipped : Counter
        Entities that are not taken, by kind.
    over : bool
        More entities than ``MOST``.
    """

    def __init__(self, document: Any) -> None:
        self._document = document
        self.rows: list[_Row] = []
        self.skipped: Counter[str] = Counter()
        self.over = False
        self._taken = 0
        self._vertices = 0
        self._broken: tuple[type[BaseException], ...] = _BROKEN
        self._reach: dict[str, float] = {}  # of blocks, as they are drawn
        self._layers: dict[str, str] = {}  # as written → as shown

    def read(self) -> None:
        """Read all entities of the model space."""
        from ezdxf.lldxf.const import DXFError

        self._broken = (*_BROKEN, DXFError)
        self.over = expanded(self._document, self._is_wide, DEEPEST, MOST, self._broken) > MOST
        if not self.over:
            self._walk(self._document.modelspace(), (), "")

    def _walk(self, entities: Iterable[Any], inside: tuple[str, ...], layer: str) -> None:
        for entity in entities:
            self._taken += 1
            if self._taken > MOST:
                self.over = True
                return
            kind = entity.dxftype()
            try:
                self._take(entity, kind, inside, layer)
            except self._broken:
                self.skipped[kind] += 1  # broken in itself: the rest of the drawing is still good
            if self.over:
                return

    def _take(self, entity: Any, kind: str, inside: tuple[str, ...], parent: str) -> None:
        dxf = entity.dxf
        layer = self._layers.get(dxf.layer)
        if layer is None:
            layer = self._layers[dxf.layer] = _clean(dxf.layer)
        if layer == "0" and parent:  # in a block, layer 0 is that of the reference
            layer = parent
        read = SHAPES.get(kind)
        if read is not None:
            found = read(entity)
            if found is None:
                self.skipped[kind] += 1
                return
            what, shape = found
            low, high = shape.bounds[:2], shape.bounds[2:]
            if not (max(map(abs, (*low, *high))) < FAR):
                self.skipped[kind] += 1
                return
            self._vertices += shapely.get_num_coordinates(shape)
            if self._vertices > MOST * VERTICES:
                self.over = True
                return
            code, more = _xdata(entity)
            handle = dxf.handle
            self.rows.append(
                (what, layer, code, None, kind, handle, None, None, None, _elevation(entity, kind), None, more, shape)
            )
        elif kind in ("TEXT", "ATTRIB", "MTEXT"):
            self._text(entity, kind, layer)
        elif kind == "INSERT":
            self._insert(entity, inside, layer)
        else:
            self.skipped[kind] += 1

    def _text(self, entity: Any, kind: str, layer: str) -> None:
        dxf = entity.dxf
        plain = entity.plain_text()
        words = _clean(plain)
        x, y, z = _world(entity, dxf.insert)
        if not words or not max(abs(x), abs(y)) < FAR:
            self.skipped[kind] += 1
            return
        angle, height = dxf.get("rotation", 0.0), dxf.get("char_height" if kind == "MTEXT" else "height", 0.0)
        code, more = _xdata(entity)
        self.rows.append(
            (
                TEXT,
                layer,
                code,
                None,
                kind,
                dxf.handle,
                words,
                angle,
                None,
                z or None,
                height,
                more,
                shapely.Point(x, y),
            )
        )

    def _insert(self, entity: Any, inside: tuple[str, ...], layer: str) -> None:
        if entity.mcount > 1:  # rows and columns of one symbol: each is one
            self._walk(entity.multi_insert(), inside, layer)
            return
        dxf = entity.dxf
        name = dxf.name
        x, y, z = _world(entity, dxf.insert)
        if not max(abs(x), abs(y)) < FAR:
            self.skipped["INSERT"] += 1
            return
        code, more = _xdata(entity)
        attributes = {_clean(one.dxf.tag): _clean(one.dxf.text) for one in entity.attribs}
        if attributes:
            more = {**attributes, **(more or {})}
        scale = dxf.get("xscale", 1.0)
        self.rows.append(
            (POINT, layer, code, _clean(name), "INSERT", dxf.handle, None, dxf.get("rotation", 0.0), scale, z or None,
             None, more, shapely.Point(x, y))
        )  # fmt: skip
        largest = max(abs(scale), abs(dxf.get("yscale", 1.0)))
        if name in inside or len(inside) >= DEEPEST or not self._is_wide(name, largest):
            return
        if name not in self._document.blocks:
            return
        self._walk(entity.virtual_entities(), (*inside, name), layer)

    def _is_wide(self, name: str, scale: float) -> bool:
        """Tell whether a block reaches so far that it is no symbol; of what it nests only the places count."""
        if name not in self._reach:
            reach = 0.0
            block = self._document.blocks.get(name)
            for count, entity in enumerate(block or ()):
                if count > 2_000:  # no symbol has so many strokes
                    reach = math.inf
                    break
                reach = max(reach, _reach(entity))
            self._reach[name] = reach
        return self._reach[name] * scale > WIDE


def _reach(entity: Any) -> float:
    """Return how far from the block's origin an entity lies, roughly, by its first and last points."""
    dxf = entity.dxf
    found = 0.0
    for key in ("start", "end", "insert", "center", "location"):
        if dxf.hasattr(key):
            spot = dxf.get(key)
            found = max(found, abs(spot[0]), abs(spot[1]))
    spots: Iterable[Any] = ()
    if entity.dxftype() == "LWPOLYLINE":
        spots = entity.get_points("xy")
    elif entity.dxftype() == "POLYLINE":  # as R12 draws lines
        spots = (vertex.dxf.location for vertex in entity.vertices)
    elif entity.dxftype() == "SPLINE":
        spots = entity.control_points
    return max((max(abs(spot[0]), abs(spot[1])) for spot in spots), default=found)


def _clean(text: Any) -> str:
    r"""Return a text without line ends, control signs and halves of signs that nothing can store.

    ``\M+5B1B8`` is a sign by its bytes in a code page (1 Japanese, 2 Big5, 3 Korean, 5 GBK), which ezdxf leaves alone.
    """
    words = str(text or "")
    if "\\M+" in words:
        words = _BY_BYTES.sub(_sign, words)
    if "\\U+" in words:
        words = _BY_NUMBER.sub(lambda found: chr(int(found.group(1), 16)), words)
        words = words.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # halves come as two numbers
    if not words.isprintable():
        words = "".join(sign if sign.isprintable() else " " for sign in words)
    return words.strip()


def _sign(found: re.Match[str]) -> str:
    raw = bytes.fromhex(found.group(2))
    try:
        return raw.decode(_PAGES[found.group(1)])
    except UnicodeDecodeError:
        return found.group()


def _xdata(entity: Any) -> tuple[str | None, dict[str, Any] | None]:
    """Return the SOUTH code (first text of application SOUTH) and all extended data by application."""
    data = entity.xdata
    if data is None or not data.data:
        return None, None
    code, kept = None, {}
    for app, tags in data.data.items():
        values = [_clean(tag.value) if tag.code in (1000, 1003, 1005) else tag.value for tag in tags[1:]]
        plain = [value if isinstance(value, (str, int, float)) else [float(v) for v in value] for value in values]
        kept[_clean(app)] = plain[:50]
        if str(app).upper() == "SOUTH":
            code = next((_clean(tag.value) for tag in tags[1:] if tag.code == 1000), None) or None
    return code, {"xdata": kept}


def _world(entity: Any, spot: Any) -> tuple[float, float, float]:
    turned = entity.dxf.hasattr("extrusion") and tuple(entity.dxf.extrusion) != (0.0, 0.0, 1.0)
    if turned and entity.dxftype() != "MTEXT":  # those of MTEXT are the world's already
        spot = entity.ocs().to_wcs(spot)
    return float(spot[0]), float(spot[1]), float(spot[2]) if len(spot) > 2 else 0.0


def _elevation(entity: Any, kind: str) -> float | None:
    dxf = entity.dxf
    if kind == "LINE":
        value = dxf.start[2]
    elif kind == "LWPOLYLINE":
        value = dxf.get("elevation", 0.0)
    elif kind in ("CIRCLE", "ARC", "ELLIPSE"):
        value = dxf.center[2]
    elif kind == "POINT":
        value = dxf.location[2]
    elif kind == "POLYLINE" and len(entity.vertices):
        value = entity.vertices[0].dxf.location[2]
    else:
        return None
    return float(value) if value and math.isfinite(value) else None

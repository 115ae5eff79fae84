# SPDX-License-Identifier: GPL-2.0-or-later
"""How many entities a drawing comes to when its blocks are taken apart: counted, not made.

A file of 0.3 MB can place a line 10⁹ times; making them up to the limit took four minutes and 1.3 GB before it was
refused. Counting takes each block once for each size and depth at which it is placed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

VERTICES = 10  # so many of them weigh as much as one entity more
_CURVED = 10  # vertices that a piece of a curve comes to, about


def expanded(
    document: Any,
    is_wide: Callable[[str, float], bool],
    deepest: int,
    most: int,
    broken: tuple[type[BaseException], ...],
) -> float:
    """Return what the references of the model space come to in entities; may stop counting above ``most``.

    Parameters
    ----------
    document : ezdxf.document.Drawing
    is_wide : callable
        Tells by name and scale whether a block is taken apart.
    deepest : int
        How many blocks within blocks are.
    most : int
    broken : tuple
        What an entity that is broken in itself may raise: it counts as one.
    """
    return _Counter(document, is_wide, deepest, most, broken).count(document.modelspace())


class _Counter:
    def __init__(
        self, document: Any, is_wide: Callable[[str, float], bool], deepest: int, most: int,
        broken: tuple[type[BaseException], ...],
    ) -> None:  # fmt: skip
        self._document, self._is_wide, self._deepest, self._most = document, is_wide, deepest, most
        self._broken = broken
        self._kept: dict[tuple[str, int, int], float] = {}

    def count(self, space: Iterable[Any]) -> float:
        total = 0.0
        for entity in space:
            if entity.dxftype() == "INSERT":
                total += self._counted(entity, (), 1.0)
                if total > self._most:
                    break
        return total

    def _counted(self, entity: Any, inside: tuple[str, ...], scale: float) -> float:
        kind = entity.dxftype()
        try:
            return self._placed(entity, inside, scale) if kind == "INSERT" else _weight(entity, kind)
        except self._broken:
            return 1.0

    def _placed(self, entity: Any, inside: tuple[str, ...], scale: float) -> float:
        """Count one reference with all that its block holds, times its rows and columns."""
        dxf = entity.dxf
        name = dxf.name
        scale *= max(abs(dxf.get("xscale", 1.0)), abs(dxf.get("yscale", 1.0)))
        found = 1.0 + len(entity.attribs)
        if name not in inside and len(inside) < self._deepest and self._is_wide(name, scale):
            found += self._block(name, inside, scale)
        return found * max(int(entity.mcount), 1)

    def _block(self, name: str, inside: tuple[str, ...], scale: float) -> float:
        block = self._document.blocks.get(name)
        # Only whether blocks within are wide depends on the scale: sizes that are nearly one are taken for one.
        key = (name, round(100 * math.log(scale)) if 0 < scale < math.inf else 0, len(inside))
        if block is None or key in self._kept:
            return self._kept.get(key, 0.0)
        total = 0.0
        for entity in block:
            total += self._counted(entity, (*inside, name), scale)
            if total > self._most:
                break
        self._kept[key] = total
        return total


def _weight(entity: Any, kind: str) -> float:
    """Return 1 for an entity, more for one with many vertices."""
    if kind == "LWPOLYLINE":
        vertices = len(entity)
    elif kind in ("POLYLINE", "MLINE"):
        vertices = len(entity.vertices)
    elif kind == "SPLINE":
        vertices = _CURVED * len(entity.control_points)
    elif kind in ("HATCH", "MPOLYGON"):
        vertices = sum(len(getattr(p, "vertices", ())) + _CURVED * len(getattr(p, "edges", ())) for p in entity.paths)
    else:
        vertices = 0
    return 1.0 + vertices / VERTICES

# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers written piece by piece: rows wait until there are enough of them, and never all at once in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from scripts.demo_city.config import CRS, ORIGIN

Array = Any
FULL = 40_000  # rows of one layer that are written together


@dataclass
class _Waiting:
    path: Path
    layer: str
    kind: str
    shapes: list[Array] = field(default_factory=list)
    columns: dict[str, list[Any]] = field(default_factory=dict)
    rows: int = 0
    written: int = 0


class Sink:
    """GeoPackage layers of a folder. The bytes depend on the rows and their order, not on the clock."""

    def __init__(self, folder: Path) -> None:
        import pyogrio

        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2015-05-08T00:00:00.000Z"})
        self.folder = folder
        self.layers: dict[tuple[str, str], _Waiting] = {}

    def add(self, file: str, layer: str, kind: str, shapes: Array, columns: dict[str, Any]) -> None:
        """Add rows to a layer: geometries in local metres, columns of the same length.

        ``kind`` is Point, LineString or Polygon; other shapes than of this kind must not come.
        """
        if not len(shapes):
            return
        to = self.layers.setdefault((file, layer), _Waiting(self.folder / file, layer, kind))
        to.shapes.append(placed(shapes))
        for name, values in columns.items():
            to.columns.setdefault(name, []).append(np.asarray(values))
        to.rows += len(shapes)
        if to.rows >= FULL:
            self._write(to)

    def close(self) -> dict[str, int]:
        """Write what is left; returns the number of rows of each layer (``file|layer``)."""
        for to in self.layers.values():
            self._write(to)
        return {f"{file}|{layer}": to.written for (file, layer), to in self.layers.items()}

    def _write(self, to: _Waiting) -> None:
        import pyogrio

        if not to.rows:
            return
        fields = {name: np.concatenate(parts) for name, parts in to.columns.items()}
        pyogrio.raw.write(
            str(to.path), shapely.to_wkb(np.concatenate(to.shapes)), list(fields.values()), list(fields),
            layer=to.layer, crs=CRS, geometry_type=to.kind, append=to.path.exists(),
        )  # fmt: skip
        to.written += to.rows
        to.shapes, to.columns, to.rows = [], {}, 0


def placed(shapes: Array) -> Array:
    """Return shapes moved to their place on earth, on a grid of 1 mm; what rounding breaks is mended."""
    moved = shapely.transform(shapes, lambda xy: np.round(xy + np.array(ORIGIN, float), 3))
    broken = ~shapely.is_valid(moved)
    for row in np.flatnonzero(broken):  # a ring that touches itself falls into one part and crumbs
        parts = shapely.get_parts(shapely.buffer(moved[row], 0.0))
        moved[row] = parts[int(np.argmax(shapely.area(parts)))]
    return moved

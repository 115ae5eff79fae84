# SPDX-License-Identifier: GPL-2.0-or-later
"""On which sheets of 1:1000 (500 m × 500 m, ``core/sheets.py``) geometries lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.sheet_squares import square
from digital_citymgmt_plugin.core.sheets import SIZE

_EDGE = 0.05  # m; what only touches the frame of a sheet does not lie on it
_MOST = 20_000  # sheets of one object: one that spans half a country is a slip


def covered(shapes: NDArray[Any]) -> set[tuple[int, int]]:
    """Return column and row of each square that geometries (m) lie in."""
    boxes = shapely.bounds(shapes)
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    size = np.minimum(_EDGE, (boxes[:, 2:] - boxes[:, :2]) / 2.0)
    low = np.floor((boxes[:, :2] + size) / SIZE).astype(np.int64)
    high = np.floor((boxes[:, 2:] - size) / SIZE).astype(np.int64)
    one = (low == high).all(axis=1)
    found = {(int(x), int(y)) for x, y in np.unique(low[one], axis=0)} if one.any() else set()
    wide = np.flatnonzero(~one)
    good = np.flatnonzero(np.isfinite(shapely.bounds(shapes)).all(axis=1))
    for at in wide.tolist():
        columns, rows = range(low[at, 0], high[at, 0] + 1), range(low[at, 1], high[at, 1] + 1)
        if len(columns) * len(rows) > _MOST:
            continue
        cells = [(column, row) for column in columns for row in rows if (column, row) not in found]
        if not cells:
            continue
        shape = shapes[good[at]]
        frames = np.array([square(cell).buffer(-_EDGE) for cell in cells], dtype=object)
        hit = shapely.intersects(frames, shape)
        found |= {cell for cell, inside in zip(cells, hit.tolist()) if inside}
    return found

# SPDX-License-Identifier: GPL-2.0-or-later
"""Number the unit grids of a community in reading order.

GB/T 30428.1 says "from west to east, from north to south" and does not say when two grids stand in one row. The
plugin's own rule, a default and no part of the standard:

1. Each grid stands at a point inside it (point on surface).
2. Rows are formed from the north: the northernmost grid that has no row opens one, and all grids whose points lie at
   most half the median grid height of the community further south stand in it.
3. Rows are numbered from north to south, inside a row from west to east.
4. Grids at one place are ordered by x, then y (north first), then normalised WKB, so that the order of the input rows
   never matters. Differences below 1 mm count as none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused


def number_cells(cells: NDArray[Any], group: NDArray[Any]) -> NDArray[np.int64]:
    """Number cells 1, 2, … inside each group, rows from north to south, in a row from west to east.

    Parameters
    ----------
    cells : array of n polygons
        In a metric CRS with x to the east and y to the north.
    group : array of n
        What the numbering restarts for: the community of each cell.

    Returns
    -------
    int64 array of n
        Depends neither on the order of the rows nor on where the coordinates' origin is.

    Raises
    ------
    InputRefused
        ``grids.cell_empty`` when a cell is missing or empty.
    """
    cells = np.asarray(cells, dtype=object)
    empty = shapely.is_missing(cells) | shapely.is_empty(cells)
    if empty.any():
        raise InputRefused("grids.cell_empty", row=int(np.flatnonzero(empty)[0]) + 1)
    numbers = np.zeros(len(cells), dtype=np.int64)
    if len(cells):
        _, owner = np.unique(np.asarray(group), return_inverse=True)
        by_group = np.argsort(owner, kind="stable")
        for members in np.split(by_group, np.flatnonzero(np.diff(owner[by_group])) + 1):
            numbers[members[_reading_order(cells[members])]] = np.arange(1, len(members) + 1)
    return numbers


def _reading_order(cells: NDArray[Any]) -> NDArray[np.int64]:
    bounds = shapely.bounds(cells)
    origin = bounds[:, :2].min(axis=0)
    local = shapely.normalize(shapely.transform(shapely.force_2d(cells), lambda xy: np.round(xy - origin, 3)))
    points = shapely.point_on_surface(local)
    x, y = np.round(shapely.get_x(points), 3), np.round(shapely.get_y(points), 3)
    wkb = shapely.to_wkb(local)
    reach = float(np.median(np.round(bounds[:, 3] - bounds[:, 1], 3))) / 2 + 5e-4
    _, tie = np.unique(wkb.astype(object), return_inverse=True)
    row = _rows(y, reach)
    order: NDArray[np.int64] = np.lexsort((tie, -y, x, row))
    return order


def _rows(y: NDArray[np.float64], reach: float) -> NDArray[np.int64]:
    """Give each cell the number of its row, 0 in the north."""
    order = np.argsort(-y, kind="stable")
    depth = -y[order]
    row = np.zeros(len(y), dtype=np.int64)
    start, number = 0, 0
    while start < len(y):
        end = int(np.searchsorted(depth, depth[start] + reach, side="right"))
        row[order[start:end]] = number
        start, number = end, number + 1
    return row

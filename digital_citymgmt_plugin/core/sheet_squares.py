# SPDX-License-Identifier: GPL-2.0-or-later
"""Which square sheets (``core/sheets.py``) a city, or the ground that a drawing shows, lies on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.sheets import SIZE

MOST = 50_000  # sheets of one city; more come from coordinates that are no metres
_EDGE = 0.05  # m; what only touches the frame of a sheet does not lie on it

Place = tuple[int, int]  # column and row, counted from the origin of the coordinates


def squares_of(shapes: NDArray[Any], size: float = SIZE) -> set[Place]:
    """Return the squares that geometries have a share in.

    A square that a geometry touches along its edge only is left out. Missing, empty and not finite geometries lie on
    none, and neither does one that reaches over more than ``MOST``: what spans half a country is a slip.

    Parameters
    ----------
    shapes : array of m shapely geometries or None
        In metres.
    size : float
        Side of a square, metres.
    """
    shapes = np.asarray(shapes, dtype=object)
    shapes = shapes[reach(shapes, size) <= MOST]
    low, high = _cells(shapes, size)
    one = (low == high).all(axis=1)
    found: set[Place] = set(map(tuple, np.unique(low[one], axis=0).tolist()))
    for at in np.flatnonzero(~one).tolist():
        columns, rows = range(low[at, 0], high[at, 0] + 1), range(low[at, 1], high[at, 1] + 1)
        places = [(column, row) for column in columns for row in rows if (column, row) not in found]
        if places:
            west, south = np.array(places, dtype=np.float64).T * size
            inner = shapely.box(west + _EDGE, south + _EDGE, west + size - _EDGE, south + size - _EDGE)
            shapely.prepare(shapes[at])
            hit = shapely.intersects(shapes[at], inner)
            found.update(place for place, inside in zip(places, hit.tolist()) if inside)
    return found


def reach(shapes: NDArray[Any], size: float = SIZE) -> NDArray[np.float64]:
    """Return over how many squares the box of each geometry reaches; NaN of those without one."""
    low, high = _cells(shapes, size)
    return np.asarray((high - low + 1.0).prod(axis=1), dtype=np.float64)


def in_order(places: Iterable[Place]) -> list[Place]:
    """Return squares from north to south, west to east."""
    return sorted(places, key=lambda place: (-place[1], place[0]))


def square(place: Place, size: float = SIZE) -> Any:
    """Return the square of a sheet as a polygon."""
    west, south = place[0] * size, place[1] * size
    return shapely.box(west, south, west + size, south + size)


def _cells(shapes: NDArray[Any], size: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return first and last column and row of each geometry; whole numbers where all have a box."""
    boxes = shapely.bounds(shapes).reshape(-1, 4)
    boxes[~np.isfinite(boxes).all(axis=1)] = np.nan
    edge = np.minimum(_EDGE, (boxes[:, 2:] - boxes[:, :2]) / 2.0)
    low, high = np.floor((boxes[:, :2] + edge) / size), np.floor((boxes[:, 2:] - edge) / size)
    if np.isfinite(low).all() and (np.abs(low) < 1e15).all():
        return low.astype(np.int64), high.astype(np.int64)
    return low, high

# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas that are barriers, of a whole city: which hang together, which matter to some communities, and their union.

Their union takes seconds, and a preview of one community needs only what of it lies there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from digital_citymgmt_plugin.core.grids.barriers import wkb_order
from digital_citymgmt_plugin.core.grids.last import Last

REACH = 400.0  # m: what lies farther from a community says nothing of the areas in it
LARGE = 0.25  # of the least wide area: parts of a lake from here on are looked at together, however far they reach,
FAT = 0.75  # … where they are so wide on the mean, as a share of what is wide: streets are not
SQUARE = 100.0  # m: areas whose middles lie in one square of this size are joined first
_BITS = 24


def joined(
    shapes: NDArray[Any], ranks: NDArray[np.int64], width: float, least: float, around: NDArray[Any] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the strongest rank of all that each area hangs together with, and the rows that matter to some places.

    Parameters
    ----------
    shapes, ranks : arrays
        Valid areas and their ranks (1 strongest), m.
    width, least : float
        m, m²: narrower is not wide; smaller wide areas are none.
    around : array of polygons, optional
        Communities; None: all rows matter.
    """
    left, right, best = _last.get((shapes, ranks), lambda: _hanging(shapes, ranks))
    if around is None or not len(shapes):
        return best, np.arange(len(shapes))
    west, south, east, north = shapely.bounds(around).T
    boxes = shapely.box(west - REACH, south - REACH, east + REACH, north + REACH)
    near = np.zeros(len(shapes), dtype=bool)
    near[shapely.STRtree(shapes).query(boxes, predicate="intersects")[1]] = True
    area = shapely.area(shapes)
    large = (area >= LARGE * least) & (2 * area >= FAT * width * shapely.length(shapes))
    both = large[left] & large[right]
    whole = _components(left[both], right[both], len(shapes))
    reached = np.isin(whole, whole[near & large]) & large
    return best, np.flatnonzero(near | reached)


def union(shapes: NDArray[Any], grid: float) -> NDArray[Any]:
    """Return the polygons of the union of areas, joined in an order that is fixed by where they lie.

    Snapped to a grid, where lines meet hangs on what was joined before; GEOS orders all of them, so that a street in
    another part of the city moves a corner here by a grid step, and a preview is not what the city's draft is. Here
    squares are joined with their neighbours, again and again (Z-order), as they are with whatever else is there.

    Parameters
    ----------
    shapes : array
        Valid areas, local coordinates; the origin must be the same for all calls that are to agree.
    grid : float
        m: coordinates of the result are multiples of it.
    """
    parts = shapely.get_parts(shapely.get_parts(shapes))
    parts = parts[shapely.get_dimensions(parts) == 2]
    west, south, east, north = shapely.bounds(parts).T
    place = np.floor(np.stack([west + east, south + north], axis=1) / (2 * SQUARE)).astype(np.int64) + (1 << _BITS - 1)
    place = np.clip(place, 0, (1 << _BITS) - 1)
    key = np.zeros(len(parts), dtype=np.int64)
    for bit in range(_BITS):
        key |= (place[:, 0] >> bit & 1) << 2 * bit | (place[:, 1] >> bit & 1) << 2 * bit + 1
    order = np.lexsort((np.argsort(wkb_order(parts)), key))
    key, first = np.unique(key[order], return_index=True)
    squares = np.split(parts[order], first[1:]) if len(parts) else []
    found = _flat(np.array([shapely.union_all(square, grid_size=grid) for square in squares], dtype=object))
    while len(found) > 1:
        key >>= 1
        second = np.flatnonzero(key[1:] == key[:-1]) + 1
        found[second - 1] = _flat(shapely.union(found[second - 1], found[second], grid_size=grid))
        found, key = np.delete(found, second), np.delete(key, second)
    return np.asarray(shapely.get_parts(found), dtype=object)


def _flat(shapes: NDArray[Any]) -> NDArray[Any]:
    """Return shapes without the lines and points that snapping leaves of thin areas."""
    shapes = np.asarray(shapes, dtype=object)
    for index in np.flatnonzero(~np.isin(shapely.get_type_id(shapes), (3, 6))).tolist():
        parts = shapely.get_parts(shapely.get_parts(shapes[index]))
        shapes[index] = shapely.multipolygons(parts[shapely.get_dimensions(parts) == 2])
    return shapes


_last: Last[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = Last()


def _hanging(
    shapes: NDArray[Any], ranks: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of areas that touch, and for each area the strongest rank of all that it hangs together with."""
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    whole = _components(left, right, len(shapes))
    best = np.full(int(whole.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(best, whole, ranks)
    return left, right, best[whole]


def _components(left: NDArray[np.int64], right: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    links = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)

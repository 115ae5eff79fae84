# SPDX-License-Identifier: GPL-2.0-or-later
"""The ground of beats: which unit grids are neighbours over an edge, and how ground that lies apart hangs together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

EDGE = 1.0  # m that two grids must share to be neighbours: a corner is no way through
SLACK = 0.2  # m between edges that are meant to be one (a vendor's grids)

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Ground:
    """Unit grids as a graph.

    ``near`` has for each grid its neighbours with the length of the common edge in m (0 over a bridge), by number.
    ``part`` is the piece of connected ground a grid lies in (0 the one with most grids); ``bridges`` are the pairs that
    hang the parts together, with the gap in m: the shortest way across, since no edge is there.
    """

    near: list[list[tuple[int, float]]]
    part: Index
    bridges: list[tuple[int, int, float]]
    place: NDArray[np.float64]  # (n, 2): a point in each grid


def ground_of(shapes: NDArray[np.object_], edge: float = EDGE) -> Ground:
    """Find the neighbours of unit grids, and hang ground that lies apart together by the shortest bridges.

    Parameters
    ----------
    shapes : array of polygons
        Current unit grids in a metric CRS.
    edge : float
        Length in m that two grids must share to be neighbours.
    """
    low, high, shared = shared_edges(shapes)
    return ground_from(len(shapes), low, high, shared, shapes, edge)


def shared_edges(shapes: NDArray[np.object_]) -> tuple[Index, Index, NDArray[np.float64]]:
    """Return pairs of grids (smaller number first) that touch, with the length in m of the edge in common."""
    around = shapely.buffer(shapes, SLACK, quad_segs=1, join_style="mitre")
    one, other = shapely.STRtree(shapes).query(around, predicate="intersects")
    one, other = one[one < other].astype(np.int64), other[one < other].astype(np.int64)
    shapely.prepare(around)
    along = shapely.intersection(shapely.boundary(shapes)[other], around[one])
    return one, other, np.asarray(shapely.length(along), dtype=np.float64)


def ground_from(
    size: int, low: Index, high: Index, shared: NDArray[np.float64], shapes: NDArray[np.object_], edge: float = EDGE
) -> Ground:
    """Make the graph of pairs that are known already (``shared_edges``)."""
    keep = shared >= edge
    low, high, shared = low[keep], high[keep], shared[keep]
    count, part = connected_components(coo_array((shared, (low, high)), shape=(size, size)), directed=False)
    part = part.astype(np.int64)
    order = np.argsort(-np.bincount(part, minlength=count), kind="stable")
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    part = rank[part]
    bridges = _bridges(shapes, part, count) if count > 1 else []
    near: list[list[tuple[int, float]]] = [[] for _ in range(size)]
    for one, other, length in zip(low.tolist(), high.tolist(), shared.tolist()):
        near[one].append((other, length))
        near[other].append((one, length))
    for one, other, _gap in bridges:
        near[one].append((other, 0.0))
        near[other].append((one, 0.0))
    for row in near:
        row.sort()
    places = shapely.get_coordinates(shapely.point_on_surface(shapes)) if size else np.empty((0, 2))
    return Ground(near, part, bridges, places)


def _bridges(shapes: NDArray[np.object_], part: Index, count: int) -> list[tuple[int, int, float]]:
    """Join the parts one after another: of all that lie apart the one nearest to what hangs together already."""
    found: list[tuple[int, int, float]] = []
    inside = part == 0
    best: dict[int, tuple[float, int, int]] = {}  # part → gap, its grid, the grid on the ground

    def look(fresh: Index) -> None:
        tree = shapely.STRtree(shapes[fresh])
        outside = np.flatnonzero(~inside)
        pairs, gaps = tree.query_nearest(shapes[outside], return_distance=True, all_matches=False)
        for here, there, gap in zip(outside[pairs[0]].tolist(), fresh[pairs[1]].tolist(), gaps.tolist()):
            at = (gap, here, there)
            if at < best.get(int(part[here]), (np.inf, 0, 0)):
                best[int(part[here])] = at

    fresh = np.flatnonzero(inside)
    while len(found) < count - 1:
        look(fresh)
        taken = min(best, key=lambda number: (*best[number], number))
        gap, here, there = best.pop(taken)
        found.append((min(here, there), max(here, there), float(gap)))
        fresh = np.flatnonzero(part == taken)
        inside[fresh] = True
    return found

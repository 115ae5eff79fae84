# SPDX-License-Identifier: GPL-2.0-or-later
"""The arrangement of boundaries: every face once, the grids that it lies in, its neighbours over shared edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

GRID = 1e-6  # m: lines are cut on a grid of this size, where the last digits of two drawings of one line are the same
HAIR = 3 * GRID  # m: thinner faces are no more than that
WAYS = 3  # cuts from one corner at most: where four strips meet each needs one
TURN = np.deg2rad(10.0)
BEYOND = 1e-3  # m: a cut goes on past the line that it ends at, so that both sides get the same new vertex

Index = NDArray[np.int64]


@dataclass
class Faces:
    """Faces of an arrangement.

    ``face``, ``cell``: which face lies in which cell (pairs, by face). ``left``, ``right``, ``shared``: pairs of
    neighbouring faces (both ways) and the length of their common edge, m.
    """

    shapes: NDArray[Any]
    points: NDArray[Any]
    face: Index
    cell: Index
    left: Index
    right: Index
    shared: NDArray[np.float64]

    @property
    def depth(self) -> Index:
        """In how many cells each face lies."""
        return np.bincount(self.face, minlength=len(self.shapes)).astype(np.int64)

    @property
    def hair(self) -> NDArray[np.bool_]:
        """Which faces are only the difference of last digits."""
        thin: NDArray[np.bool_] = shapely.area(self.shapes) <= HAIR * shapely.length(self.shapes) / 2
        return thin


def noded(lines: NDArray[Any]) -> Any:
    """Return lines cut where they meet, on the grid: with all digits those that all but coincide are not cut well."""
    return shapely.union_all(lines, grid_size=GRID)


def put_back(shapes: NDArray[Any], given: NDArray[Any]) -> NDArray[Any]:
    """Return shapes with every vertex of the grid that was given before as it was then."""
    old = np.unique(shapely.get_coordinates(given), axis=0)
    known = dict(zip(map(tuple, np.rint(old / GRID).astype(np.int64).tolist()), old.tolist()))

    def back(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        keys = map(tuple, np.rint(xy / GRID).astype(np.int64).tolist())
        return np.array([known.get(key, at) for key, at in zip(keys, xy.tolist())]).reshape(-1, 2)

    return np.asarray(shapely.transform(shapes, back), dtype=object)


def faces_of(network: Any, cells: NDArray[Any]) -> Faces:
    """Return the faces that noded lines enclose, and in which of the cells they lie."""
    shapes = np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(network))), dtype=object)
    points = np.asarray(shapely.point_on_surface(shapes), dtype=object)
    face, cell = shapely.STRtree(cells).query(points, predicate="intersects")
    order = np.lexsort((cell, face))
    left, right, shared = _neighbours(shapes)
    return Faces(shapes, points, face[order].astype(np.int64), cell[order].astype(np.int64), left, right, shared)


def _neighbours(shapes: NDArray[Any]) -> tuple[Index, Index, NDArray[np.float64]]:
    """Return pairs of faces with a common edge (both ways) and its length; edges of an arrangement match exactly."""
    rings, owner = shapely.get_rings(shapes, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    at = np.flatnonzero(ring[1:] == ring[:-1]) if len(ring) else np.empty(0, dtype=np.int64)
    if not len(at):
        none = np.empty(0, dtype=np.int64)
        return none, none, np.empty(0)
    one, other = xy[at], xy[at + 1]
    swap = (one[:, 0] > other[:, 0]) | ((one[:, 0] == other[:, 0]) & (one[:, 1] > other[:, 1]))
    key = np.where(swap[:, None], np.hstack([other, one]), np.hstack([one, other]))
    order = np.lexsort(key.T)
    same = np.flatnonzero((key[order][1:] == key[order][:-1]).all(axis=1))
    mine = owner[ring[at]]
    left, right = mine[order[same]], mine[order[same + 1]]
    length = np.hypot(*(one - other)[order[same]].T)
    both = np.concatenate([left, right]), np.concatenate([right, left])
    pair: Index = (both[0] * len(shapes) + both[1]).astype(np.int64)
    pairs, inverse = np.unique(pair[both[0] != both[1]], return_inverse=True)
    summed = np.bincount(inverse, weights=np.tile(length, 2)[both[0] != both[1]], minlength=len(pairs))
    return pairs // len(shapes), pairs % len(shapes), np.asarray(summed, dtype=np.float64)


def cuts_across(network: Any, thin: NDArray[Any], tolerance: float) -> list[Any]:
    """Return lines that cut long thin faces at their bends and where a boundary comes in from the side.

    A strip between two rows of grids has many neighbours; given to one of them as a whole it would move the others'
    boundaries by its length, and so would the cross between four corners. Cut at every such place to the nearest
    points across, each piece lies beside few.
    """
    ends = _ends(network)
    found = []
    for shape in thin.tolist():
        for ring in shapely.get_rings(shape).tolist():
            xy = shapely.get_coordinates(ring)[:-1]
            bends = _bends(xy)
            nodes = [i for i, at in enumerate(map(tuple, xy.tolist())) if bends[i] or ends.get(at, 0) >= 3]
            found += _cuts(xy, nodes, tolerance)
    return found


def _bends(xy: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell at which corners a closed ring turns by more than ``TURN``."""
    into, out = xy - np.roll(xy, 1, axis=0), np.roll(xy, -1, axis=0) - xy
    cross = into[:, 0] * out[:, 1] - into[:, 1] * out[:, 0]
    turn: NDArray[np.bool_] = np.abs(np.arctan2(cross, (into * out).sum(axis=1))) > TURN
    return turn


def _ends(network: Any) -> dict[tuple[float, float], int]:
    """Return how many lines end at each node of the network."""
    parts = shapely.get_parts(network)
    xy, line = shapely.get_coordinates(parts, return_index=True)
    first = np.searchsorted(line, np.arange(len(parts)))
    last = np.append(first[1:], len(xy)) - 1
    nodes, counts = np.unique(np.concatenate([xy[first], xy[last]]), axis=0, return_counts=True)
    return dict(zip(map(tuple, nodes.tolist()), counts.tolist()))


def _cuts(xy: NDArray[np.float64], nodes: list[int], tolerance: float) -> list[Any]:
    """Return the cuts of one ring: from each node to the nearest point of the arcs that do not begin or end there."""
    if len(nodes) < 3:
        return []
    size = len(xy)
    arcs = []
    for at, start in enumerate(nodes):
        stop = nodes[(at + 1) % len(nodes)]
        count = (stop - start) % size or size
        arcs.append(shapely.linestrings(xy[(start + np.arange(count + 1)) % size]))
    ring = shapely.polygons(np.concatenate([xy, xy[:1]]))
    edge, lines = shapely.boundary(ring), np.array(arcs, dtype=object)
    found = []
    for at, node in enumerate(nodes):
        others = np.delete(lines, [at, at - 1])
        across = shapely.shortest_line(shapely.Point(xy[node]), others)
        length = shapely.length(across)
        middle = shapely.line_interpolate_point(across, 0.5, normalized=True)
        # A line along the face's own edge, or outside of it, parts nothing.
        good = (length > HAIR) & (length <= tolerance)
        good[good] = shapely.contains(ring, middle[good]) & (shapely.distance(edge, middle[good]) > HAIR)
        for best in np.flatnonzero(good)[np.argsort(length[good], kind="stable")][:WAYS].tolist():
            end = shapely.get_coordinates(across[best])[1]
            if not (end == xy).all(axis=1).any():
                end = end + (end - xy[node]) * (BEYOND / length[best])
            found.append(shapely.linestrings([xy[node], end]))
    return found

# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases near a border: which other unit grids lie within some metres, and earlier rulings near a case."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

_PART = 100_000  # points looked at together


class Near(NamedTuple):
    """Pairs of a case and something near it, by case, the nearest first; ``metres``: how far."""

    case: NDArray[np.int64]
    other: NDArray[np.int64]
    metres: NDArray[np.float64]


class Borders:
    """The shapes on the other side of borders.

    Parameters
    ----------
    shapes : array of polygons
        In a projected CRS.
    """

    def __init__(self, shapes: NDArray[Any]) -> None:
        self._shapes = np.asarray(shapes, dtype=object)
        shapely.prepare(self._shapes)
        self._tree = shapely.STRtree(self._shapes)

    def near(self, xy: NDArray[np.float64], own: NDArray[np.int64], metres: float) -> Near:
        """Return the shapes within ``metres`` of points, but not the one that each lies in.

        Parameters
        ----------
        xy : (n, 2) float array
            NaN where there is no point.
        own : int array
            The shape of each point, −1 for none.
        """
        parts = []
        rows = np.flatnonzero(np.isfinite(xy).all(axis=1))
        for start in range(0, len(rows), _PART):
            part = rows[start : start + _PART]
            points = shapely.points(xy[part])
            at, other = self._tree.query(points, predicate="dwithin", distance=metres)
            strange = other != own[part][at]
            at, other = at[strange], other[strange]
            far = shapely.distance(self._shapes[other], points[at])
            # One that holds the point as well (an overlap) is no neighbour across a border.
            order = np.lexsort((other, far, part[at]))
            parts.append((part[at][order], other[order], far[order]))
        if not parts:
            return Near(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        return Near(*(np.concatenate([part[column] for part in parts]) for column in range(3)))


def near_rulings(
    xy: NDArray[np.float64],
    words: NDArray[Any],
    ruled_xy: NDArray[np.float64],
    ruled_words: NDArray[Any],
    metres: float,
    most: int = 5,
) -> Near:
    """Return earlier rulings for like cases: of the same word (kind and class) within ``metres``.

    Parameters
    ----------
    xy, ruled_xy : (n, 2) float arrays
    words, ruled_words : object arrays
        What must be alike.
    metres : float
    most : int
        Rulings told of one case, the nearest.
    """
    parts = []
    good = np.isfinite(ruled_xy).all(axis=1)
    there = np.isfinite(xy).all(axis=1)
    for word in sorted({word for word in ruled_words[good].tolist() if word}):
        rulings = np.flatnonzero(good & (ruled_words == word))
        rows = np.flatnonzero(there & (words == word))
        if not len(rows):
            continue
        count = min(most, len(rulings))
        far, found = cKDTree(ruled_xy[rulings]).query(xy[rows], count, distance_upper_bound=metres)
        far, found = far.reshape(len(rows), count), found.reshape(len(rows), count)
        at, rank = np.nonzero(np.isfinite(far))
        parts.append((rows[at], rulings[found[at, rank]], far[at, rank]))
    if not parts:
        return Near(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    case, other, distance = (np.concatenate([part[column] for part in parts]) for column in range(3))
    order = np.lexsort((other, distance, case))
    return Near(case[order], other[order], distance[order])

# SPDX-License-Identifier: GPL-2.0-or-later
"""Which cells lie beside which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_GAP = 0.05  # metres: cells so near touch, whatever the drawing says


@dataclass(frozen=True)
class Neighbours:
    """Neighbours of cell ``i``: ``cell[start[i]:start[i + 1]]``, without itself, in ascending order."""

    start: Ints
    cell: Ints

    def __len__(self) -> int:
        return len(self.start) - 1

    @property
    def count(self) -> Ints:
        """How many neighbours each cell has."""
        return np.diff(self.start)

    @property
    def islands(self) -> Ints:
        """Return the cells without a neighbour."""
        return np.flatnonzero(self.count == 0)


def queen(shapes: NDArray[np.object_]) -> Neighbours:
    """Return the cells that touch each other in a line or a point (within 5 cm); shapes in metres."""
    tree = shapely.STRtree(shapes)
    one, other = tree.query(shapes, predicate="dwithin", distance=_GAP)
    return _listed(one, other, len(shapes))


def within(points: NDArray[np.float64], metres: float) -> Neighbours:
    """Return the cells whose points, an (n, 2) array in metres, are at most so far from each other."""
    tree = shapely.STRtree(shapely.points(points))
    one, other = tree.query(shapely.points(points), predicate="dwithin", distance=metres)
    return _listed(one, other, len(points))


def _listed(one: Ints, other: Ints, size: int) -> Neighbours:
    keep = one != other
    one, other = one[keep], other[keep]
    order = np.lexsort((other, one))
    start = np.concatenate([[0], np.cumsum(np.bincount(one, minlength=size))])
    return Neighbours(start.astype(np.int64), other[order].astype(np.int64))

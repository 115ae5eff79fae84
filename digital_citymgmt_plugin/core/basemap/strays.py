# SPDX-License-Identifier: GPL-2.0-or-later
"""Entities that lie far from the rest of their drawing: left in another CRS, at the origin, or by a slip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CELL = 2_000.0  # m; what lies in cells that touch belongs together
APART = 10_000.0  # m from the rest
_MOST_GAPS = 20_000_000  # pairs of groups that are looked at
_MOST_SHARE = 0.5  # more than half of a drawing is never set apart


def find_strays(xy: NDArray[np.float64], apart: float = APART) -> NDArray[np.bool_]:
    """Tell which places are set apart.

    Places are joined over touching cells of 2 km; the group with the most places is the map. Another group is set
    apart when it lies ``apart`` or farther from the map's box and from every group that belongs to the map.

    Parameters
    ----------
    xy : array (n, 2)
        One place each; not finite is a stray.
    apart : float
        Units of the drawing (metres).
    """
    stray: NDArray[np.bool_] = ~np.isfinite(xy).all(axis=1)
    good = np.flatnonzero(~stray)
    if len(good) < 3:
        return stray
    cells = np.floor(xy[good] / CELL).astype(np.int64)
    unique, where, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    group = _groups(unique)
    sizes = np.bincount(group, weights=counts)
    boxes = np.tile([np.inf, np.inf, -np.inf, -np.inf], (len(sizes), 1))
    np.minimum.at(boxes[:, :2], group, unique * CELL)
    np.maximum.at(boxes[:, 2:], group, (unique + 1) * CELL)
    waiting = np.ones(len(sizes), dtype=bool)
    fresh = [int(np.argmax(sizes))]
    looked = 0
    while fresh:  # a group near one that belongs to the map belongs to it, too
        waiting[fresh] = False
        rest = np.flatnonzero(waiting)
        looked += len(fresh) * len(rest)
        if looked > _MOST_GAPS:  # thousands of heaps all over the earth are no map with strays
            return stray
        near = [rest[_gaps(boxes[rest], boxes[one]) < apart] for one in fresh]
        fresh = np.unique(np.concatenate(near)).tolist()
    far = waiting[group][where.ravel()]
    if far.sum() > _MOST_SHARE * len(good):
        return stray
    stray[good] = far
    return stray


def _groups(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the groups of touching cells."""
    index = {(int(x), int(y)): at for at, (x, y) in enumerate(cells)}
    group = np.full(len(cells), -1, dtype=np.int64)
    count = 0
    for start in range(len(cells)):
        if group[start] >= 0:
            continue
        stack = [start]
        group[start] = count
        while stack:
            x, y = (int(value) for value in cells[stack.pop()])
            for dx in (-1, 0, 1):
                for dy in (-1, 0, 1):
                    near = index.get((x + dx, y + dy))
                    if near is not None and group[near] < 0:
                        group[near] = count
                        stack.append(near)
        count += 1
    return group


def _gaps(boxes: NDArray[np.float64], one: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far boxes are from one."""
    apart = np.maximum(0.0, np.maximum(boxes[:, :2] - one[2:], one[:2] - boxes[:, 2:]))
    return np.asarray(np.hypot(apart[:, 0], apart[:, 1]), dtype=np.float64)

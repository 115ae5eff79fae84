# SPDX-License-Identifier: GPL-2.0-or-later
"""Entities that lie far from the rest of their drawing: left in another CRS, at the origin, or by a slip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CELL = 2_000.0  # m; what lies in cells that touch belongs together
APART = 10_000.0  # m from the rest
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
    boxes = {
        number: np.array([*unique[group == number].min(axis=0), *(unique[group == number].max(axis=0) + 1)]) * CELL
        for number in range(len(sizes))
    }
    inside = [int(np.argmax(sizes))]
    waiting = [number for number in boxes if number not in inside]
    joined = True
    while joined:  # a group near one that belongs to the map belongs to it, too
        near = [number for number in waiting if min(_gap(boxes[number], boxes[one]) for one in inside) < apart]
        inside += near
        waiting = [number for number in waiting if number not in near]
        joined = bool(near)
    far = np.isin(group, waiting)[where.ravel()]
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


def _gap(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the distance between two boxes."""
    return float(np.hypot(*np.maximum(0.0, np.maximum(first[:2] - second[2:], second[:2] - first[2:]))))

# SPDX-License-Identifier: GPL-2.0-or-later
"""Straight cuts through the units of one or two cells: all places in several directions at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.weights import Weights

DIRECTIONS = 10
LARGEST = 160  # units: more would make the tables of all cuts too large
_ANGLE = np.arange(DIRECTIONS) * np.pi / DIRECTIONS
_AXES = np.stack([np.cos(_ANGLE), np.sin(_ANGLE)])


def straight_cuts(
    middle: NDArray[np.float64],
    sums: NDArray[np.float64],
    edges: NDArray[np.float64],
    weights: Weights,
    below: float,
    most: int,
) -> list[tuple[float, NDArray[np.bool_]]]:
    """Return the best cuts, cheapest first, each as its cost and which units lie on one side.

    Parameters
    ----------
    middle : array (n, 2)
        Centres of the units, m.
    sums : array (3, n)
        Area, load and outer outline of each unit.
    edges : array (m, 4)
        Pairs of units, the length they share and its cost.
    weights : Weights
        What a cell and a boundary cost.
    below : float
        Cuts that cost more are left out.
    most : int
        How many cuts to return.
    """
    size = len(middle)
    if size < 2 or size > LARGEST:
        return []
    order = np.argsort(middle @ _AXES, axis=0, kind="stable")
    rank = np.empty((DIRECTIONS, size), dtype=np.int64)
    np.put_along_axis(rank, order.T, np.broadcast_to(np.arange(size), (DIRECTIONS, size)), axis=1)
    side = (rank[:, None, :] <= np.arange(size - 1)[:, None]).reshape(-1, size)
    one = side.astype(np.float64)
    i, j = edges[:, 0].astype(np.int64), edges[:, 1].astype(np.int64)
    crossed = (side[:, i] != side[:, j]).astype(np.float64) @ edges[:, 2:]
    part = one @ sums.T
    rest = sums.sum(axis=1) - part
    value = weights.edges(crossed[:, 1])
    # The outline of a side: its outer edges and the cut.
    value += weights.cells(part[:, 0], part[:, 2] + crossed[:, 0], part[:, 1])
    value += weights.cells(rest[:, 0], rest[:, 2] + crossed[:, 0], rest[:, 1])
    good = np.flatnonzero(value < below)
    good = good[np.argsort(value[good], kind="stable")[: 3 * most]]
    found: list[tuple[float, NDArray[np.bool_]]] = []
    for row in good.tolist():  # directions often give one cut twice
        if all(abs(cost - value[row]) > 1e-9 for cost, _ in found):
            found.append((float(value[row]), side[row]))
    return found[:most]

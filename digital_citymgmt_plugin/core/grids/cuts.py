# SPDX-License-Identifier: GPL-2.0-or-later
"""Cuts through the units of one or two cells, all weighed at once; straight ones in several directions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.weights import Weights

DIRECTIONS = 10
LARGEST = 160  # units: more would make the tables of all cuts too large
_ANGLE = np.arange(DIRECTIONS) * np.pi / DIRECTIONS
_AXES = np.stack([np.cos(_ANGLE), np.sin(_ANGLE)])


def straight_sides(middle: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return all straight cuts of units with these centres (n, 2): a row for each, true for the units on one side."""
    size = len(middle)
    order = np.argsort(middle @ _AXES, axis=0, kind="stable")
    rank = np.empty((DIRECTIONS, size), dtype=np.int64)
    np.put_along_axis(rank, order.T, np.broadcast_to(np.arange(size), (DIRECTIONS, size)), axis=1)
    return np.asarray((rank[:, None, :] <= np.arange(size - 1)[:, None]).reshape(-1, size))


def costs(
    side: NDArray[np.bool_], sums: NDArray[np.float64], edges: NDArray[np.float64], weights: Weights
) -> NDArray[np.float64]:
    """Return what each cut costs.

    Parameters
    ----------
    side : array (cuts, n)
        Which units lie on one side.
    sums : array (3, n)
        Area, load and outer outline of each unit.
    edges : array (m, 4)
        Pairs of units, the length they share and its cost.
    weights : Weights
        What a cell and a boundary cost.
    """
    i, j = edges[:, 0].astype(np.int64), edges[:, 1].astype(np.int64)
    crossed = (side[:, i] != side[:, j]).astype(np.float64) @ edges[:, 2:]
    part = side.astype(np.float64) @ sums.T
    rest = sums.sum(axis=1) - part
    value = weights.edges(crossed[:, 1])
    # The outline of a side: its outer edges and the cut.
    both = np.concatenate([part, rest])
    cells = weights.cells(both[:, 0], both[:, 2] + np.tile(crossed[:, 0], 2), both[:, 1])
    value += cells[: len(part)]
    value += cells[len(part) :]
    return value


def cheapest(value: NDArray[np.float64], below: float, most: int) -> list[int]:
    """Return the rows of the cheapest cuts, at most ``most`` that cost less than ``below``; of equal ones the first."""
    good = np.flatnonzero(value < below)
    good = good[np.argsort(value[good], kind="stable")[: 3 * most]]
    found: list[int] = []
    for row in good.tolist():  # directions often give one cut twice
        if all(abs(value[other] - value[row]) > 1e-9 for other in found):
            found.append(row)
    return found[:most]

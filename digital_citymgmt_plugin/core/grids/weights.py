# SPDX-License-Identifier: GPL-2.0-or-later
"""What a cell and a boundary cost: the sum that the search makes small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RAGGED = 0.4  # a cell with a longer outline than this stands for (Polsby-Popper 0.56) counts more
SLOPE = 8.0


@dataclass(frozen=True)
class Weights:
    """What counts how much; ``target`` m², ``band`` as shares of it, ``load`` the mean load (0: no loads known)."""

    target: float
    band: tuple[float, float]
    load: float
    area: float = 0.2
    balance: float = 3.2
    shape: float = 2.5
    cut: float = 3.0
    bonus: float = 1.0  # taken off per cell: balances that every cell has a cost, or too few would be made

    def cell(self, area: float, perimeter: float, load: float) -> float:
        """Return what one cell costs."""
        ratio = area / self.target
        excess = max(self.band[0] * 1.1 - ratio, ratio - self.band[1] * 0.9, 0.0)
        ragged = perimeter * perimeter / (16 * area) - 1
        value = self.area * (ratio - 1) ** 2 + 6 * excess + self.shape * ragged - self.bonus
        if ragged > RAGGED:
            value += SLOPE * (ragged - RAGGED)
        if excess:  # out of band proper weighs more than near its limit
            value += 3 * (ratio < self.band[0] or ratio > self.band[1])
        if self.load:
            value += self.balance * (load / self.load - 1) ** 2
        return value

    def cells(
        self, area: NDArray[np.float64], perimeter: NDArray[np.float64], load: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return what each of many cells costs: ``cell`` for arrays."""
        ratio = area / self.target
        excess = np.maximum(np.maximum(self.band[0] * 1.1 - ratio, ratio - self.band[1] * 0.9), 0.0)
        ragged = perimeter * perimeter / (16 * area) - 1
        value = self.area * (ratio - 1) ** 2 + 6 * excess + self.shape * ragged - self.bonus
        value += SLOPE * np.maximum(ragged - RAGGED, 0.0)
        value += 3 * ((ratio < self.band[0]) | (ratio > self.band[1]))
        if self.load:
            value += self.balance * (load / self.load - 1) ** 2
        return np.asarray(value, dtype=np.float64)

    def edge(self, cost: float) -> float:
        """Return what a boundary between two cells costs; ``cost`` in weighted metres."""
        return self.cut * cost / 200

    def edges(self, cost: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what each of many boundaries costs."""
        return np.asarray(self.cut * cost / 200, dtype=np.float64)

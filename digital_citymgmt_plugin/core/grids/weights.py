# SPDX-License-Identifier: GPL-2.0-or-later
"""What a cell and a boundary cost: the sum that the search makes small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RAGGED = 0.3  # a cell with a longer outline than this stands for (Polsby-Popper 0.60) counts more
SLOPE = 4.0  # times the weight of shape
# Weights of balance, shape and cut where lines make more than enough blocks, and where blocks are too large for a cell:
# there boundaries on nothing are needed and are to be spared, here there is a choice, and shape decides.
DENSE, OPEN = (7.0, 11.0, 4.0), (4.5, 6.0, 7.0)
OPEN_FROM, OPEN_TO = 0.2, 0.3  # share of a region in blocks too large for a cell, by which one goes over into the other
# For each target that a cell exceeds the band by: more than all that one cell less can save. Fields without any load
# would else be few cells of half a square kilometre.
HUGE = 30.0
LOOSE = 4.0  # by load, a cell may be this many times smaller or larger than the band of areas would allow


def band_ratio(
    area: NDArray[np.float64], load: NDArray[np.float64], target: float, target_load: float
) -> NDArray[np.float64]:
    """Return what the band is laid on: area by target (``target_load`` 0), or load by load wanted.

    By load areas are bounded loosely: where there is nothing to do a cell is large enough, or too large, by its area.
    """
    share = np.asarray(area, dtype=np.float64) / target
    if not target_load:
        return share
    return np.asarray(np.clip(np.asarray(load) / target_load, share / LOOSE, share * LOOSE), dtype=np.float64)


@dataclass(frozen=True)
class Weights:
    """What counts how much; ``target`` m², ``band`` as shares of it, ``load`` the mean load (0: no loads known).

    ``by_load``: the band is one of loads (``band_ratio``).
    """

    target: float
    band: tuple[float, float]
    load: float
    area: float = 0.2
    balance: float = DENSE[0]
    shape: float = DENSE[1]
    cut: float = DENSE[2]
    bonus: float = 1.0  # taken off per cell: balances that every cell has a cost, or too few would be made
    by_load: bool = False

    def ratio(self, area: float, load: float) -> float:
        """Return what the band is laid on: ``band_ratio`` of one cell."""
        share = area / self.target
        return min(max(load / self.load, share / LOOSE), share * LOOSE) if self.by_load else share

    def cell(self, area: float, perimeter: float, load: float) -> float:
        """Return what one cell costs."""
        # Millions of calls: conditions in place of min() and max(), which take longer than the sums.
        low, high = self.band
        ratio = self.ratio(area, load) if self.by_load else area / self.target
        excess = low * 1.1 - ratio
        above = ratio - high * 0.9
        if above > excess:
            excess = above
        if excess < 0.0:
            excess = 0.0
        ragged = perimeter * perimeter / (16 * area) - 1
        value = self.area * (ratio - 1) ** 2 + 6 * excess + self.shape * ragged
        # Crumbs would be made for a bonus that is more than being out of band costs.
        if low <= ratio <= high:
            value -= self.bonus
        else:
            value -= self.bonus * (ratio / low if ratio < low else high / ratio)
        if ragged > RAGGED:
            value += SLOPE * self.shape * (ragged - RAGGED)
        if excess:  # out of band proper weighs more than near its limit
            value += 3 * (ratio < low or ratio > high) + HUGE * max(ratio - high, 0.0)
        if self.load:
            value += self.balance * ((ratio if self.by_load else load / self.load) - 1) ** 2
        return value

    def cells(
        self, area: NDArray[np.float64], perimeter: NDArray[np.float64], load: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return what each of many cells costs: ``cell`` for arrays."""
        ratio = band_ratio(area, load, self.target, self.load if self.by_load else 0.0)
        excess = np.maximum(np.maximum(self.band[0] * 1.1 - ratio, ratio - self.band[1] * 0.9), 0.0)
        ragged = perimeter * perimeter / (16 * area) - 1
        value = self.area * (ratio - 1) ** 2 + 6 * excess + self.shape * ragged
        value -= self.bonus * np.minimum(1.0, np.minimum(ratio / self.band[0], self.band[1] / ratio))
        value += SLOPE * self.shape * np.maximum(ragged - RAGGED, 0.0)
        value += 3 * ((ratio < self.band[0]) | (ratio > self.band[1])) + HUGE * np.maximum(ratio - self.band[1], 0.0)
        if self.load:
            value += self.balance * ((ratio if self.by_load else load / self.load) - 1) ** 2
        return np.asarray(value, dtype=np.float64)

    def edge(self, cost: float) -> float:
        """Return what a boundary between two cells costs; ``cost`` in weighted metres."""
        return self.cut * cost / 200

    def edges(self, cost: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what each of many boundaries costs."""
        return np.asarray(self.cut * cost / 200, dtype=np.float64)


def weights_for(
    target: float, band: tuple[float, float], load: float, too_large: float, *, by_load: bool = False
) -> Weights:
    """Return the weights for a region of which the share ``too_large`` (0 to 1) lies in blocks too large for a cell."""
    share = min(max((too_large - OPEN_FROM) / (OPEN_TO - OPEN_FROM), 0.0), 1.0)
    balance, shape, cut = ((1 - share) * a + share * b for a, b in zip(DENSE, OPEN))
    return Weights(target, band, load, balance=balance, shape=shape, cut=cut, by_load=by_load)

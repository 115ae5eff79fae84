# SPDX-License-Identifier: GPL-2.0-or-later
"""Getis and Ord's local G: where high or low values crowd, by more than chance gives.

The statistic is that of Ord and Getis (1995) for weights of 1 within a neighbourhood, as ``esda.G_Local`` has it. Its
chance is told in two ways: by conditional permutations (a cell keeps its value, its neighbours are drawn from all
others), and by the three moments of the same drawing, which are known in closed form: counts of cases are skewed, the
normal curve calls too many of their crowds certain, and some hundred permutations are too coarse to correct thousands
of cells for their number.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.hotspots.neighbours import Neighbours

Floats = NDArray[np.float64]
_BLOCK = 500_000  # drawn values held at once
_EVEN = 1e-6  # skewness below which the normal curve is as good


def sums(values: Floats, near: Neighbours) -> Floats:
    """Return the sum of the neighbours' values of each cell."""
    running = np.concatenate([[0.0], np.cumsum(values[near.cell])])
    return np.asarray(running[near.start[1:]] - running[near.start[:-1]], dtype=np.float64)


def local_g(values: Floats, near: Neighbours, *, star: bool = True) -> Floats:
    """Return the z-value of each cell.

    Parameters
    ----------
    values : (n,) float array
    star : bool
        Gi*: the cell counts among its neighbours; else Gi, which compares them with all cells but it.

    Returns
    -------
    (n,) float array
        NaN where it is not defined: all values alike, fewer than three cells, a cell without (Gi) or with all cells as
        neighbours.

    Notes
    -----
    Ord, J. K. and Getis, A. (1995), Local spatial autocorrelation statistics, Geographical Analysis 27, equations
    14 and 15.
    """
    size = len(values)
    weight = near.count + (1.0 if star else 0.0)
    found = sums(values, near) + (values if star else 0.0)
    if star:
        others = np.full(size, float(size))
        mean = np.full(size, values.mean() if size else np.nan)
        square = np.full(size, (values**2).mean() if size else np.nan)
    else:
        others = np.full(size, size - 1.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (values.sum() - values) / others
            square = ((values**2).sum() - values**2) / others
    spread = square - mean**2
    spread[spread <= 1e-12 * np.maximum(square, 1e-300)] = 0
    with np.errstate(invalid="ignore", divide="ignore"):
        deviation = np.sqrt(spread * (others * weight - weight**2) / (others - 1))
        z = (found - weight * mean) / deviation
    z[~np.isfinite(z)] = np.nan
    return np.asarray(z, dtype=np.float64)


def chances(values: Floats, near: Neighbours) -> Floats:
    """Return the two-sided probability that neighbours drawn from all other cells have a sum as far out.

    The sum of k of the other cells' values has a known mean, variance and skewness (drawing without replacement); its
    curve is Pearson's type III with these. NaN as in ``local_g``; a cell without neighbours has 1.
    """
    from scipy.special import gammainc, gammaincc, ndtr

    size, k = len(values), near.count.astype(np.float64)
    if size < 4:
        return np.full(size, np.nan)
    n = size - 1.0
    mean = (values.sum() - values) / n
    square = ((values**2).sum() - values**2) / n
    cube = ((values**3).sum() - values**3) / n
    spread = square - mean**2
    spread[spread <= 1e-12 * np.maximum(square, 1e-300)] = np.nan
    skew = (cube - 3 * mean * square + 2 * mean**3) / spread**1.5
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (sums(values, near) - k * mean) / np.sqrt(spread * k * (n - k) / (n - 1))
        skew = skew * (n - 2 * k) * np.sqrt(n - 1) / ((n - 2) * np.sqrt(k * (n - k)))
        shape = 4 / skew**2
        # Beyond its bound (−2 / skewness) the curve has nothing.
        at = np.maximum(shape + np.abs(shape) ** 0.5 * z * np.sign(skew), 0)
        low, high = gammainc(shape, at), gammaincc(shape, at)
    tail = np.where(skew > 0, high, low)
    tail = np.where(z > 0, tail, np.where(skew > 0, low, high))
    even = np.abs(skew) < _EVEN
    tail = np.where(even, ndtr(-np.abs(z)), tail)
    found = np.minimum(1.0, 2 * tail)
    found[near.count == 0] = 1.0
    return np.asarray(found, dtype=np.float64)


def permuted(
    values: Floats,
    near: Neighbours,
    permutations: int,
    seed: int,
    tell: Callable[[float], None] = lambda _done: None,
) -> Floats:
    """Return the pseudo-p of each cell by conditional permutations, one-sided towards the nearer tail as in esda.

    The cell keeps its value; its k neighbours are drawn from all others without replacement. The same draws serve all
    cells (each skips itself), as in esda.

    Parameters
    ----------
    permutations : int
        At least 1.
    tell : callable
        Told the fraction done; raises when the user wants to stop.
    """
    size = len(values)
    result = np.ones(size)
    most = int(near.count.max()) if size else 0
    if most == 0 or size < 3:
        return result
    drawn = _draws(size - 1, most, permutations, np.random.default_rng(seed))
    observed = sums(values, near) - 1e-9 * np.abs(values).max()
    done, whole = 0, int(near.count.sum())
    for k in np.unique(near.count[near.count > 0]).tolist():
        cells = np.flatnonzero(near.count == k)
        some = drawn[:, :k]
        step = max(1, _BLOCK // (k * permutations))
        for begin in range(0, len(cells), step):
            part = cells[begin : begin + step]
            index = some[None] + (some[None] >= part[:, None, None])  # numbers of the others: each skips itself
            larger = (np.take(values, index).sum(axis=2) >= observed[part, None]).sum(axis=1)
            larger = np.minimum(larger, permutations - larger)
            result[part] = (larger + 1) / (permutations + 1)
            done += k * len(part)
            tell(done / whole)
    return result


def _draws(size: int, most: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return ``count`` draws of ``most`` different numbers below ``size``."""
    if most * most > size:  # nearly every draw would have a number twice
        found = [rng.permutation(size)[:most] for _ in range(count)]
        return np.array(found, dtype=np.int64)
    drawn = rng.integers(0, size, (count, most), dtype=np.int64)
    while True:
        ordered = np.sort(drawn, axis=1)
        twice = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
        if not len(twice):
            return drawn
        drawn[twice] = rng.integers(0, size, (len(twice), most), dtype=np.int64)

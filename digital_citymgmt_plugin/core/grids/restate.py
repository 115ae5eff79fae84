# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of one set of grids told for another: whole where a grid lies whole in another, by area where it was cut.

Only what adds up can be restated so (counts, lengths, money), no rates or averages. Figures are whole numbers of a
unit (a thousandth, say), and the parts of each grid's figure are rounded so that they add up to it: the total stays
what it was to the last digit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.history import compare

WHOLE = 1e-4  # of a grid's area: less outside another grid is drawing, and the grid counts as lying whole in it
SAME, JOINED, AREA, NOTHING = "same", "whole", "area", "nothing"  # by which rule a grid got its figures


@dataclass(frozen=True)
class Crosswalk:
    """Which share of each old grid goes to which new one.

    Attributes
    ----------
    old, new : arrays of n int
        Rows of the grids, ordered by ``old``, then ``new``.
    share : array of n float
        0..1; those of an old grid and its ``outside`` add up to 1.
    outside : array, one per old grid
        The share of the area that lies in no new grid.
    rule : array of str, one per new grid
        ``same`` (one old grid and the same area), ``whole`` (whole old grids only), ``area`` (a part of one at least),
        ``nothing`` (no old grid there).
    """

    old: NDArray[np.int64]
    new: NDArray[np.int64]
    share: NDArray[np.float64]
    outside: NDArray[np.float64]
    rule: NDArray[np.object_]


def crosswalk(old: NDArray[np.object_], new: NDArray[np.object_]) -> Crosswalk:
    """Measure what old and new grids have in common, in one metric CRS.

    Where new grids overlap, the shares of an old one are scaled down to 1. What is less than ``WHOLE`` of an old grid
    goes to the others.
    """
    at, into, share = compare(old, new)
    real = share > WHOLE
    at, into, share = at[real], into[real], share[real]
    total = np.bincount(at, weights=share, minlength=len(old))
    outside = np.where(total >= 1 - WHOLE, 0.0, 1 - total)
    share = share / np.where(outside > 0, 1.0, np.maximum(total, 1e-12))[at]
    cut = share < 1 - WHOLE
    parts = np.bincount(into, minlength=len(new))
    pieces = np.bincount(into[cut], minlength=len(new))
    like = np.zeros(len(new), dtype=bool)
    alike = np.abs(shapely.area(new[into]) - shapely.area(old[at])) <= WHOLE * shapely.area(new[into])
    like[into[~cut & alike]] = True
    rule = np.select([parts == 0, pieces > 0, (parts == 1) & like], [NOTHING, AREA, SAME], JOINED).astype(object)
    return Crosswalk(at, into, share, outside, rule)


def spread(values: Sequence[int], walk: Crosswalk) -> tuple[list[int], list[int]]:
    """Spread the old grids' figures over the new ones.

    Parameters
    ----------
    values : one int per old grid
        Whole numbers of the unit; may be negative.

    Returns
    -------
    figures : one int per new grid
    outside : one int per old grid
        What lies in no new grid. Both together are ``values`` to the last unit.
    """
    figures, outside = [0] * len(walk.rule), [0] * len(values)
    starts = np.searchsorted(walk.old, np.arange(len(values) + 1)).tolist()
    for row, value in enumerate(values):
        if not value:
            continue
        low, high = starts[row], starts[row + 1]
        parts = largest_remainder(value, [*walk.share[low:high].tolist(), float(walk.outside[row])])
        for place, part in zip(walk.new[low:high].tolist(), parts):
            figures[place] += part
        outside[row] = parts[-1]
    return figures, outside


def largest_remainder(value: int, shares: Sequence[float]) -> list[int]:
    """Cut a whole number by shares into whole numbers that add up to it; of equal remainders the first is rounded up.

    Without any share all of it is the last one's.

    """
    size, total = abs(value), math.fsum(shares)
    if total <= 0:
        return [0] * (len(shares) - 1) + [value]
    wanted = [share / total * size for share in shares]
    parts = [math.floor(want) for want in wanted]
    able = sorted((at for at, share in enumerate(shares) if share > 0), key=lambda at: (parts[at] - wanted[at], at))
    each, more = divmod(size - sum(parts), len(able))  # floats of large numbers may be off by more than one each
    for turn, at in enumerate(able):
        parts[at] += each + (turn < more)
    return [part if value >= 0 else -part for part in parts]

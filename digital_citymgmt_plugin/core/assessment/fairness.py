# SPDX-License-Identifier: GPL-2.0-or-later
"""What a bare rate does not tell: how sure it is, what part of it is the mix of classes, and what it hides in time.

Departments are ranked by rates. A rate over few cases says little (interval, small counts), one over hard classes says
something about the classes (standardisation), and a cumulative one hides how it came about (pieces).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

LEVEL = 0.95  # of intervals, where none is given
ALONE = 0.9  # above this share of its own cases a row has nothing to be compared with
SMALL = 30  # below so many cases in the denominator a rate is greyed; a default of ours, no source gives one


def z_of(level: float) -> float:
    """Return the two-sided quantile of the normal distribution, 1.95996… for a level of 0.95."""
    return float(ndtri(0.5 + level / 2.0))


def wilson(hits: ArrayLike, total: ArrayLike, level: float = LEVEL) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the bounds of Wilson's score interval of a share; NaN where the total is 0.

    Parameters
    ----------
    hits, total : array
        Counts; fractions are taken too (an effective number of cases).
    level : float
        Confidence, between 0 and 1.

    Notes
    -----
    Wilson 1927, J. Am. Stat. Assoc. 22, 209–212, without continuity correction. It stays within 0 and 1 and holds its
    level for few cases and for shares near 0 and 1, where the usual p ± z·s does not.
    """
    above, below = np.asarray(hits, dtype=np.float64), np.asarray(total, dtype=np.float64)
    square = z_of(level) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        share = above / below
        middle = (share + square / (2 * below)) / (1 + square / below)
        reach = np.sqrt(square * (share * (1 - share) / below + square / (4 * below * below))) / (1 + square / below)
    low, high = middle - reach, middle + reach
    # Exactly, not by rounding: nothing found has no lower bound above 0.
    low = np.where(above <= 0, 0.0, np.maximum(low, 0.0))
    high = np.where(above >= below, 1.0, np.minimum(high, 1.0))
    nothing = ~(below > 0)
    return np.where(nothing, np.nan, low), np.where(nothing, np.nan, high)


def is_small(total: ArrayLike, threshold: int = SMALL) -> NDArray[np.bool_]:
    """Return where a denominator is too small for its rate to be shown like others (greyed, not left out)."""
    result: NDArray[np.bool_] = np.asarray(total) < threshold
    return result


def ranked(values: ArrayLike, higher_is_better: bool = True) -> NDArray[np.int64]:
    """Return ranks from 1 on; equal values share the better rank and the next is left out; 0 where there is none."""
    numbers = np.asarray(values, dtype=np.float64)
    there = np.isfinite(numbers)
    # Rates computed in another order must not differ in the last bit.
    key = np.round(-numbers[there] if higher_is_better else numbers[there], 12)
    result = np.zeros(len(numbers), dtype=np.int64)
    result[there] = np.searchsorted(np.sort(key), key, side="left") + 1
    return result


@dataclass(frozen=True)
class Adjusted:
    """Rates per group with the mix of classes taken out of them; NaN where nothing can be said.

    ``rate`` with the bounds ``low`` and ``high``; ``expected``: hits that the group would have with the rates of all
    (indirect), NaN for direct; ``ratio``: hits over expected (indirect); ``held``: which share of the standard's cases
    are of classes that the group has at all (direct; 1 for indirect).
    """

    rate: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    expected: NDArray[np.float64]
    ratio: NDArray[np.float64]
    held: NDArray[np.float64]


def direct(hits: ArrayLike, total: ArrayLike, level: float = LEVEL) -> Adjusted:
    """Standardise directly: the rate of a group if it had the mix of classes that all groups have together.

    Parameters
    ----------
    hits, total : (groups, classes) array of counts
        The standard is the sum of ``total`` over all groups.

    Notes
    -----
    Rate = Σ w·p over the classes that the group has, w their share of the standard, made to sum to 1 again; ``held``
    tells how much of the standard that is. With few cases in a class one case weighs much: hence the interval, the
    normal approximation with variance Σ w²·p(1−p)/n, p shrunk to (hits + 1) / (total + 2) so that a class without
    misses is not taken for certain.
    """
    above, below = _tables(hits, total)
    standard = below.sum(axis=0)
    whole = standard.sum()
    there = below > 0
    weight = np.where(there, standard[None, :], 0.0)
    held = weight.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = weight / held[:, None]
        share = np.where(there, above / below, 0.0)
        rate = np.where(held > 0, (weight * share).sum(axis=1), np.nan)
        soft = (above + 1) / (below + 2)
        variance = np.where(there, weight**2 * soft * (1 - soft) / below, 0.0).sum(axis=1)
        reach = z_of(level) * np.sqrt(variance)
        kept = np.where(held > 0, held / whole if whole else np.nan, np.nan)
    unknown = np.full(len(above), np.nan)
    return Adjusted(rate, np.maximum(rate - reach, 0.0), np.minimum(rate + reach, 1.0), unknown, unknown, kept)


def indirect(hits: ArrayLike, total: ArrayLike, level: float = LEVEL) -> Adjusted:
    """Standardise indirectly: a group's hits against those it would have with every class at the rate of all.

    Parameters
    ----------
    hits, total : (groups, classes) array of counts

    Notes
    -----
    Expected = Σ n·p over classes, p the rate of all groups together; ratio = hits / expected; rate = ratio × rate of
    all. It needs no rate of a single class of the group and so holds for small groups; two groups are strictly
    comparable only with the standard, not with each other, where their mixes differ much. The rate may pass 100 %
    (a ratio above what the rate of all leaves): it is cut there, the ratio is not. Interval: hits ± z·√Σ n·p(1−p).
    """
    above, below = _tables(hits, total)
    everything = below.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        of_all = np.where(below.sum(axis=0) > 0, above.sum(axis=0) / below.sum(axis=0), 0.0)
        overall = above.sum() / everything if everything else np.nan
        expected = (below * of_all[None, :]).sum(axis=1)
        found = above.sum(axis=1)
        there = below.sum(axis=1) > 0
        # Where nobody has a hit, nobody is better than another.
        ratio = np.where(expected > 0, found / expected, np.where(there, 1.0, np.nan))
        reach = z_of(level) * np.sqrt((below * (of_all * (1 - of_all))[None, :]).sum(axis=1))
        low = np.where(expected > 0, (found - reach) / expected, ratio) * overall
        high = np.where(expected > 0, (found + reach) / expected, ratio) * overall
    expected = np.where(there, expected, np.nan)
    held = np.where(there, 1.0, np.nan)
    return Adjusted(
        np.clip(ratio * overall, 0.0, 1.0), np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0), expected, ratio, held
    )


def own_share(total: ArrayLike) -> NDArray[np.float64]:
    """Return which share of the cases that a row is compared with, class by class, are its own; NaN without any.

    Σ n·(n/N) / Σ n over classes, n of the row, N of all. Near 1 – a department that alone has its classes – an adjusted
    rate says nothing: the row is compared with itself.
    """
    below = np.atleast_2d(np.asarray(total, dtype=np.float64))
    every = below.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(every > 0, below / every, 0.0)
        return np.asarray(np.where(below.sum(axis=1) > 0, (below * part).sum(axis=1) / below.sum(axis=1), np.nan))


def pieces(hits: ArrayLike, total: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return hits and totals of each period of cumulative ones (the last axis is time).

    What a cumulative rate hides: 61.99 % of 27,844 cases at the end, of which the last 12,414 had 89.45 %, means that
    the first 15,430 had 39.9 %.
    """
    above, below = np.asarray(hits, dtype=np.float64), np.asarray(total, dtype=np.float64)
    zero = np.zeros((*above.shape[:-1], 1))
    return np.diff(above, axis=-1, prepend=zero), np.diff(below, axis=-1, prepend=zero)


def rates(hits: ArrayLike, total: ArrayLike) -> NDArray[np.float64]:
    """Return shares, NaN where the total is 0."""
    above, below = np.asarray(hits, dtype=np.float64), np.asarray(total, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(below > 0, above / below, np.nan)


def _tables(hits: ArrayLike, total: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.atleast_2d(np.asarray(hits, dtype=np.float64)), np.atleast_2d(np.asarray(total, dtype=np.float64))

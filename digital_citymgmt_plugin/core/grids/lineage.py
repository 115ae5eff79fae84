# SPDX-License-Identifier: GPL-2.0-or-later
"""Who became whom when a set of grids takes the place of another: by area in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

SMALLEST_SHARE = 1e-6  # of the parent: less in common is the rounding of coordinates


@dataclass
class Succession:
    """The outcome; indices are rows of the new and old grids.

    ``keeps`` is, for each new grid, the old one whose identity it goes on with (−1: a new identity); ``same`` which of
    these have the very same shape. ``retired`` are old grids that nobody goes on with, and ``covered`` the share
    (0..1) of each old grid's area that the new ones hold. ``parent``, ``child``, ``share`` list the descent: which
    part of the old grid's area went into the new one. Old grids that go on unchanged have no descent. The shares of
    one parent are scaled down to 1 where new grids overlap each other.
    """

    keeps: NDArray[np.int64]
    same: NDArray[np.bool_]
    retired: NDArray[np.int64]
    covered: NDArray[np.float64]
    parent: NDArray[np.int64]
    child: NDArray[np.int64]
    share: NDArray[np.float64]

    @property
    def changed(self) -> NDArray[np.bool_]:
        """Which new grids go on with an old identity in another shape."""
        return (self.keeps >= 0) & ~self.same


def succeed(
    new: NDArray[Any],
    new_group: NDArray[Any],
    old: NDArray[Any],
    old_group: NDArray[Any],
    *,
    keep: bool = True,
    identity: NDArray[np.int64] | None = None,
) -> Succession:
    """Find who became whom.

    Parameters
    ----------
    new, old : arrays of polygons
        Valid, in one metric CRS.
    new_group, old_group : arrays
        Community codes: an identity never leaves its community, because the code carries it.
    keep : bool
        True: the largest part of an old grid goes on with its identity, if the old grid is also that part's largest
        origin. False: only grids of the very same shape do.
    identity : array of int, optional
        The old grid that each new one goes on with (−1 none), decided elsewhere (a vendor's codes); each at most once.

    Returns
    -------
    Succession
    """
    size = len(new)
    keeps, same = np.full(size, -1, dtype=np.int64), np.zeros(size, dtype=bool)
    empty = np.empty(0, dtype=np.int64)
    if not len(old):
        return Succession(keeps, same, empty, np.empty(0), empty, empty, np.empty(0))
    child, parent, area = common(new, old)
    equal = shapely.equals_exact(shapely.normalize(new[child]), shapely.normalize(old[parent]), 0.0)
    equal &= new_group[child] == old_group[parent]
    if identity is not None:
        keeps = identity.astype(np.int64)
        same[child[equal & (keeps[child] == parent)]] = True
    else:
        _pair_off(child[equal], parent[equal], keeps, len(old))
        same = keeps >= 0
        if keep:
            _largest(child, parent, area, keeps, new_group, old_group)
    retired = np.setdiff1d(np.arange(len(old)), keeps[keeps >= 0]).astype(np.int64)
    share = area / np.maximum(shapely.area(old)[parent], 1e-9)
    covered = np.bincount(parent, weights=share, minlength=len(old)).astype(np.float64)
    listed = ~np.isin(parent, keeps[same])
    share = share / np.maximum(covered, 1.0)[parent]
    return Succession(keeps, same, retired, covered, parent[listed], child[listed], share[listed])


def common(new: NDArray[Any], old: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return pairs of new and old grids with the area that they have in common."""
    child, parent = shapely.STRtree(old).query(new, predicate="intersects")
    # Neighbours that only touch are most of the pairs; finding out costs less than cutting.
    real = ~shapely.touches(new[child], old[parent])
    child, parent = child[real].astype(np.int64), parent[real].astype(np.int64)
    area = shapely.area(shapely.intersection(new[child], old[parent]))
    real = area > SMALLEST_SHARE * shapely.area(old)[parent]
    return child[real], parent[real], area[real]


def _pair_off(child: NDArray[np.int64], parent: NDArray[np.int64], keeps: NDArray[np.int64], olds: int) -> None:
    """Pair equal shapes one to one: the same area may be there twice."""
    free = np.ones(olds, dtype=bool)
    for index in np.lexsort((parent, child)).tolist():
        one, other = child[index], parent[index]
        if keeps[one] < 0 and free[other]:
            keeps[one], free[other] = other, False


def _largest(
    child: NDArray[np.int64],
    parent: NDArray[np.int64],
    area: NDArray[np.float64],
    keeps: NDArray[np.int64],
    new_group: NDArray[Any],
    old_group: NDArray[Any],
) -> None:
    """Let the largest part of an old grid go on with its identity."""
    gone = np.isin(parent, keeps[keeps >= 0])  # an identity that an equal shape goes on with is not to be had
    best_child = _best(parent[~gone], area[~gone], child[~gone], len(old_group))
    best_parent = _best(child, area, parent, len(keeps))
    for index in np.flatnonzero(keeps < 0).tolist():
        origin = best_parent[index]
        if origin >= 0 and best_child[origin] == index and new_group[index] == old_group[origin]:
            keeps[index] = origin


def _best(key: NDArray[np.int64], area: NDArray[np.float64], value: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return for each key the value with the largest area (ties: the lower value); −1 without any."""
    best = np.full(size, -1, dtype=np.int64)
    order = np.lexsort((-value, area, key))
    best[key[order]] = value[order]  # the last assignment of a key wins: the largest area
    return best

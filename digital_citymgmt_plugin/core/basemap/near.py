# SPDX-License-Identifier: GPL-2.0-or-later
"""Candidates that lie near each other, or near something that is surveyed already."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census.duplicates import MOST_PAIRS, clusters
from digital_citymgmt_plugin.core.errors import InputRefused


def groups_within(xy: NDArray[np.float64], kinds: NDArray[Any], distance: float) -> list[NDArray[np.int64]]:
    """Return the groups of two or more of one kind, each no farther than ``distance`` from another of its group.

    Parameters
    ----------
    xy : (n, 2) array
        In a metric CRS; a row that is not finite is in no group.
    kinds : (n,) array
        What has to be the same in a group, e.g. class codes.
    distance : float
        In metres.

    Returns
    -------
    list of arrays
        Rows in rising order; the groups in the order of their first rows.

    Raises
    ------
    InputRefused
        ``duplicates.too_many`` when more than ``MOST_PAIRS`` of one kind are so near: the distance is too large.
    """
    from scipy.spatial import cKDTree

    rows = np.flatnonzero(np.isfinite(xy).all(axis=1))
    kind = np.unique(kinds.astype(str), return_inverse=True)[1].ravel()
    firsts, seconds = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for one in np.unique(kind[rows]):  # a tree for each: a bin beside each of many lamps costs nothing then
        mine = rows[kind[rows] == one]
        tree = cKDTree(xy[mine])
        if tree.count_neighbors(tree, distance) - len(mine) > 2 * MOST_PAIRS:  # a heap on one spot fills the memory
            raise InputRefused("duplicates.too_many", most=MOST_PAIRS)
        pairs = tree.query_pairs(distance, output_type="ndarray")
        firsts.append(mine[pairs[:, 0]])
        seconds.append(mine[pairs[:, 1]])
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    if not len(first):
        return []
    label = clusters(first, second)
    ends, both = np.concatenate([first, second]), np.concatenate([label, label])
    member = np.unique(np.column_stack([both, ends]), axis=0)
    parts = np.split(member[:, 1], np.flatnonzero(np.diff(member[:, 0])) + 1)
    return sorted(parts, key=lambda part: int(part[0]))


def near_known(
    tree: shapely.STRtree, kinds: NDArray[Any], known: NDArray[Any], known_kinds: NDArray[Any], distance: float
) -> NDArray[np.int64]:
    """Return the rows of the tree with something known of their kind within ``distance`` (m)."""
    theirs, mine = tree.query(known, predicate="dwithin", distance=distance)
    return np.asarray(np.unique(mine[kinds[mine] == known_kinds[theirs]]), dtype=np.int64)

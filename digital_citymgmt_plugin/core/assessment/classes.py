# SPDX-License-Identifier: GPL-2.0-or-later
"""Classes of a figure: the same breaks for the colours of the map, its legend and the signs in the table."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

COLOURS = 5


def breaks(values: Sequence[float | None], count: int = COLOURS) -> list[float]:
    """Return the edges of at most ``count`` classes that hold about equally many values; equal values stay together.

    Parameters
    ----------
    values : sequence of float or None
        None is no value and in no class.
    count : int
        How many classes at most.

    Returns
    -------
    list of float
        The least value, then the upper edge of each class (an edge belongs to the class below it, the least value to
        the first); empty without values.
    """
    known = sorted(value for value in values if value is not None)
    if not known:
        return []
    distinct = sorted(set(known))
    if len(distinct) <= count:
        return [distinct[0], *distinct]
    edges: list[float] = []
    for number in range(1, count + 1):
        edge = known[max(0, -(-number * len(known) // count) - 1)]
        if not edges or edge > edges[-1]:
            edges.append(edge)
    return [known[0], *edges]


def class_of(value: float | None, edges: Sequence[float]) -> int:
    """Return the number of a value's class from 0 on; -1 without a value or without classes.

    Values outside all classes are in the nearest: the breaks of one period may be kept for another.
    """
    if value is None or len(edges) < 2:
        return -1
    return min(bisect_left(edges, value, 1), len(edges) - 1) - 1

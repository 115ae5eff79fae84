# SPDX-License-Identifier: GPL-2.0-or-later
"""Which component a case is about: the nearest of its class within a tolerance, unless a second is about as near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

# The plugin's own defaults: no standard says when two candidates are too near to each other to choose.
AMBIGUOUS_RATIO = 1.5
AMBIGUOUS_DISTANCE = 0.5  # m
CHUNK = 50_000

# nearest index and distance, next index and distance
Two = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]


@dataclass(frozen=True)
class Nearest:
    """The nearest candidate of each case; indices −1 and distances inf where there is none within the tolerance.

    ``second`` is the next one; ``ambiguous`` says that it is too near to the first to choose between them.
    """

    first: NDArray[np.int64]
    distance: NDArray[np.float64]
    second: NDArray[np.int64]
    second_distance: NDArray[np.float64]
    ambiguous: NDArray[np.bool_]


def nearest_components(
    cases: NDArray[np.float64],
    components: NDArray[Any],
    tolerance: float,
    *,
    ratio: float = AMBIGUOUS_RATIO,
    difference: float = AMBIGUOUS_DISTANCE,
) -> Nearest:
    """Find the two nearest components of each case.

    A second candidate within the tolerance makes a case ambiguous when it is less than ``ratio`` times as far as the
    first, or less than ``difference`` farther. Ties are broken by the order of the components.

    Parameters
    ----------
    cases : (n, 2) float array
        Metric coordinates; rows with NaN find nothing.
    components : array of m shapely geometries
        All candidates (one class), same CRS. Distance is to the nearest part of a line or area, 0 inside an area.
        Missing and empty geometries are no candidates.
    tolerance : float
        Metres; a candidate at exactly this distance counts.
    """
    size = len(cases)
    first, second = np.full(size, -1, dtype=np.int64), np.full(size, -1, dtype=np.int64)
    near, next_near = np.full(size, np.inf), np.full(size, np.inf)
    usable = np.flatnonzero(~(shapely.is_missing(components) | shapely.is_empty(components)))
    rows = np.flatnonzero(np.isfinite(cases).all(axis=1))
    if len(usable) and len(rows) and tolerance >= 0:
        search = _two_points if _all_points(components[usable]) else _two_shapes
        one, one_far, two, two_far = search(cases[rows], components[usable], tolerance)
        first[rows], near[rows] = np.where(one >= 0, usable[one], -1), one_far
        second[rows], next_near[rows] = np.where(two >= 0, usable[two], -1), two_far
    with np.errstate(invalid="ignore"):
        close = (next_near < ratio * near) | (next_near - near < difference)
    return Nearest(first, near, second, next_near, (second >= 0) & close)


def merged(parts: Sequence[tuple[Nearest, NDArray[np.int64]]], size: int) -> Nearest:
    """Return the two nearest of several groups of components, each searched within a tolerance of its own.

    Of a case whose class is not known only a component alone in reach says anything: a second one makes it ambiguous,
    however far it is.

    Parameters
    ----------
    parts : sequence of (Nearest, int array)
        What was found in a group, and the place of each of its components among all.
    size : int
        Number of cases.
    """
    index = np.full((size, 2 * len(parts)), -1, dtype=np.int64)
    far = np.full((size, 2 * len(parts)), np.inf)
    for at, (found, chosen) in enumerate(parts):
        for column, (which, metres) in enumerate(
            ((found.first, found.distance), (found.second, found.second_distance)), 2 * at
        ):
            there = which >= 0
            index[there, column], far[there, column] = chosen[which[there]], metres[there]
    if not parts:
        index, far = np.full((size, 2), -1, dtype=np.int64), np.full((size, 2), np.inf)
    order = np.lexsort((index, far), axis=1)[:, :2]
    rows = np.arange(size)[:, None]
    index, far = index[rows, order], far[rows, order]
    return Nearest(index[:, 0], far[:, 0], index[:, 1], far[:, 1], index[:, 1] >= 0)


def _all_points(geometries: NDArray[Any]) -> bool:
    return bool((shapely.get_type_id(geometries) == 0).all())


def _two_points(cases: NDArray[np.float64], points: NDArray[Any], tolerance: float) -> Two:
    try:
        from scipy.spatial import cKDTree
    except ImportError:  # the same pairs, some times slower
        return _two_shapes(cases, points, tolerance)
    tree = cKDTree(shapely.get_coordinates(points))
    # A hair more than the tolerance, then the exact limit: the tree leaves out what lies exactly on the bound.
    found = tree.query(cases, k=2, distance_upper_bound=tolerance + 1e-6)
    distance, index = np.array(found[0]), np.array(found[1], dtype=np.int64)
    out = ~(distance <= tolerance)
    distance[out], index[out] = np.inf, -1
    # Two components at equal distance come in the tree's order: put them into the table's.
    tied = (distance[:, 0] == distance[:, 1]) & (index[:, 1] >= 0) & (index[:, 1] < index[:, 0])
    index[tied] = index[tied][:, ::-1]
    return index[:, 0], distance[:, 0], index[:, 1], distance[:, 1]


def _two_shapes(cases: NDArray[np.float64], shapes: NDArray[Any], tolerance: float) -> Two:
    size = len(cases)
    tree = shapely.STRtree(shapes)
    one, two = np.full(size, -1, dtype=np.int64), np.full(size, -1, dtype=np.int64)
    one_far, two_far = np.full(size, np.inf), np.full(size, np.inf)
    for start in range(0, size, CHUNK):  # keeps the candidate pairs of a million cases out of memory at once
        points = shapely.points(cases[start : start + CHUNK])
        case, shape = tree.query(points, predicate="dwithin", distance=tolerance)
        distance = shapely.distance(points[case], shapes[shape])
        order = np.lexsort((shape, distance, case))
        case, shape, distance = case[order], shape[order], distance[order]
        first = np.searchsorted(case, np.arange(len(points)))
        count = np.searchsorted(case, np.arange(len(points)), side="right") - first
        for rank, (found, far) in enumerate(((one, one_far), (two, two_far))):
            has = np.flatnonzero(count > rank)
            found[start + has] = shape[first[has] + rank]
            far[start + has] = distance[first[has] + rank]
    return one, one_far, two, two_far


def scores(distance: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
    """Return how sure a link by distance is: 1 at the component, 0 at the tolerance, with two decimals."""
    if tolerance <= 0:
        return np.asarray(distance <= 0, dtype=np.float64)
    return np.asarray(np.round(np.clip(1.0 - distance / tolerance, 0.0, 1.0), 2), dtype=np.float64)

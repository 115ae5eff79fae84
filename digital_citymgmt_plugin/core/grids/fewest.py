# SPDX-License-Identifier: GPL-2.0-or-later
"""Simplify lines with as few corners as a tolerance allows; corners may move aside, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

FIRST = 0.1  # share of the tolerance that goes to leaving out corners that hardly are any, for speed
ASIDE = 0.8  # how far corners may move aside, as a share of the rest: chords then lie on both sides of a curve
MOST = 60  # corners: lines with more keep what Douglas-Peucker gives


def fewest_corners(lines: NDArray[Any], tolerance: float) -> NDArray[Any]:
    """Return each line with as few corners as there must be for it to stay within ``tolerance`` m of what it was.

    Parameters
    ----------
    lines : array of lines
        Open lines; they keep their ends.
    tolerance : float
        m.

    Notes
    -----
    After Imai and Iri (1988): the shortest way in a graph, here of all corners and two places beside each, where two
    are joined if what lies between them is near to the straight line. Of equally short ways the shorter line is taken.
    """
    out = shapely.simplify(lines, tolerance, preserve_topology=False)
    long = np.flatnonzero(shapely.get_num_coordinates(out) > 2)
    rough = shapely.simplify(lines[long], FIRST * tolerance, preserve_topology=False)
    for row, line in zip(long.tolist(), rough):
        xy = shapely.get_coordinates(line)
        if len(xy) > MOST:
            continue
        better = shapely.linestrings(_way(xy, (1 - FIRST) * tolerance))
        fewer = shapely.get_num_coordinates(better) < shapely.get_num_coordinates(out[row])
        if fewer and shapely.hausdorff_distance(lines[row], better, densify=0.2) <= tolerance:
            out[row] = better
    found: NDArray[Any] = out
    return found


def _places(xy: NDArray[np.float64], aside: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the corners with two places beside each inner one, in order, and which corner each belongs to."""
    step = np.diff(xy, axis=0)
    step /= np.maximum(np.hypot(step[:, 0], step[:, 1]), 1e-9)[:, None]
    along = step[:-1] + step[1:]
    size = np.hypot(along[:, 0], along[:, 1])
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(size, 1e-9)[:, None]
    inner = np.stack([xy[1:-1], xy[1:-1] - aside * normal, xy[1:-1] + aside * normal], axis=1).reshape(-1, 2)
    owner = np.concatenate([[0], np.repeat(np.arange(1, len(xy) - 1), 3), [len(xy) - 1]])
    return np.concatenate([xy[:1], np.round(inner, 6), xy[-1:]]), owner


def _way(xy: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
    """Return the corners of the way with the fewest steps from the first to the last."""
    places, owner = _places(xy, ASIDE * tolerance)
    size = len(places)
    steps, length, before = np.full(size, size), np.zeros(size), np.zeros(size, dtype=np.int64)
    steps[0] = 0
    for i in range(size - 1):
        if steps[i] >= size:
            continue
        first = int(owner[i]) + 1
        away = xy[first:] - places[i]
        far = np.hypot(away[:, 0], away[:, 1])
        base = float(np.arctan2(away[0, 1], away[0, 0]))

        def turned(toward: NDArray[np.float64], base: float = base) -> NDArray[np.float64]:
            return (np.arctan2(toward[:, 1], toward[:, 0]) - base + np.pi) % (2 * np.pi) - np.pi

        angle = turned(away)
        # Corners nearer than the tolerance are near to any line that starts here.
        room = np.where(far > tolerance, np.arcsin(np.minimum(tolerance / np.maximum(far, 1e-9), 1.0)), np.inf)
        low = np.maximum.accumulate(np.concatenate([[-np.inf], (angle - room)[:-1]]))
        high = np.minimum.accumulate(np.concatenate([[np.inf], (angle + room)[:-1]]))
        start = int(np.searchsorted(owner, first))
        toward = places[start:] - places[i]
        way, corner = turned(toward), owner[start:] - first
        good = start + np.flatnonzero((way >= low[corner]) & (way <= high[corner]))
        total = np.round(length[i] + np.hypot(*(places[good] - places[i]).T), 3)
        better = (steps[i] + 1 < steps[good]) | ((steps[i] + 1 == steps[good]) & (total < length[good]))
        good, total = good[better], total[better]
        steps[good], length[good], before[good] = steps[i] + 1, total, i
    chosen = [size - 1]
    while chosen[-1]:
        chosen.append(int(before[chosen[-1]]))
    return places[chosen[::-1]]

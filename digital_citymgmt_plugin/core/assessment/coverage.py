# SPDX-License-Identifier: GPL-2.0-or-later
"""How much of a beat was walked: grids visited and road length within reach of the track, by day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from digital_citymgmt_plugin.core.grids.locate import locate_points

STEP = 10.0  # m: a road is looked at in pieces no longer than this
REACH = 30.0  # m: a piece of road no farther from the track was walked; a default of ours, no source gives one
GAP_M, GAP_S = 200.0, 180.0  # between two points farther apart, or later, nobody knows the way


@dataclass(frozen=True)
class Roads:
    """Pieces of road: middle (x, y), length in m, and the row of the grid that holds the middle (−1: none)."""

    middle: NDArray[np.float64]
    length: NDArray[np.float64]
    grid: NDArray[np.int64]


def cut_roads(lines: NDArray[Any], grids: NDArray[Any], step: float = STEP) -> Roads:
    """Cut roads into pieces of at most ``step`` m and find the grid of each.

    Parameters
    ----------
    lines : array of (multi)lines or None
        In the CRS of ``grids``, in metres. Lines that lie over each other count each.
    grids : array of polygons
        Ordered by code, as ``locate_points`` asks.
    """
    parts = shapely.get_parts(lines[~shapely.is_missing(lines)])
    parts = parts[(shapely.get_type_id(parts) == 1) & ~shapely.is_empty(parts)]
    length = shapely.length(parts)
    parts, length = parts[length > 0], length[length > 0]
    number = np.maximum(np.ceil(length / step - 1e-9), 1).astype(np.int64)
    owner = np.repeat(np.arange(len(parts)), number)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(number) - number, number)
    each = (length / number)[owner]
    middle = shapely.line_interpolate_point(parts[owner], (place + 0.5) * each)
    xy = np.column_stack([shapely.get_x(middle), shapely.get_y(middle)]) if len(owner) else np.empty((0, 2))
    return Roads(xy, each, locate_points(xy, grids))


def way_points(
    xy: NDArray[np.float64], seconds: NDArray[np.float64], track: NDArray[np.int64], spacing: float = REACH / 2
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the points of tracks with points between them, and for each the row of the point that it follows.

    Parameters
    ----------
    xy : (n, 2) array, in m
    seconds : array
        Moments, ordered within each track; a track's points stand together.
    track : int array
        Number of the track of each point. Nothing is put between tracks, nor over gaps of more than 200 m or 180 s.
    spacing : float
        m between points at most.
    """
    if len(xy) < 2:
        return xy, np.arange(len(xy))
    step = np.diff(xy, axis=0)
    far = np.hypot(step[:, 0], step[:, 1])
    joined = (track[1:] == track[:-1]) & (far <= GAP_M) & (np.diff(seconds) <= GAP_S)
    number = np.append(np.where(joined, np.maximum(np.ceil(far / spacing - 1e-9), 1), 1).astype(np.int64), 1)
    owner = np.repeat(np.arange(len(xy)), number)
    share = (np.arange(len(owner)) - np.repeat(np.cumsum(number) - number, number)) / number[owner]
    step = np.vstack([step, [[0.0, 0.0]]])
    return xy[owner] + step[owner] * share[:, None], owner


@dataclass(frozen=True)
class Walked:
    """What one walker covered on one day: rows of grids, and which of the pieces of road looked at."""

    grids: NDArray[np.int64]
    roads: NDArray[np.bool_]


def walked(
    points: NDArray[np.float64],
    grid_of_point: NDArray[np.int64],
    beat: NDArray[np.int64],
    middles: NDArray[np.float64],
    reach: float = REACH,
) -> Walked:
    """Return what a way covered of a beat.

    Parameters
    ----------
    points : (n, 2) array
        Of ``way_points``.
    grid_of_point : int array
        Row of the grid that holds each point (−1: none).
    beat : int array
        Rows of the grids of the beat.
    middles : (m, 2) array
        Pieces of road in the beat.
    reach : float
        m.
    """
    seen = np.intersect1d(grid_of_point, beat)
    if not len(points) or not len(middles):
        return Walked(seen, np.zeros(len(middles), dtype=bool))
    away, _ = cKDTree(points).query(middles, distance_upper_bound=reach * (1 + 1e-9))
    return Walked(seen, np.isfinite(away) & (away <= reach))


def runs(*keys: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Yield first row and row after the last of each run of equal keys."""
    size = len(keys[0])
    if not size:
        return
    new = np.zeros(size, dtype=bool)
    new[0] = True
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    starts = np.flatnonzero(new)
    yield from zip(starts.tolist(), np.append(starts[1:], size).tolist())

# SPDX-License-Identifier: GPL-2.0-or-later
"""Rungs across corridors: land between lines side by side (carriageways, a wall and its street) is parted crosswise.

Such strips run past many blocks. Undivided, each would go to one cell as a whole and stick out of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

WIDE, LONG = 0.2, 2.0  # faces narrower on the average and with a longer outline are strips, in sides of a square cell
REACH = 0.4  # how far a rung goes at most, in the same unit
NEAR, SPACING = 0.06, 0.2  # rungs at streets are at least so far apart, others keep away by the second
STEP = 0.4  # so far apart are the places that rungs are tried from where no street ends
PAST = 1e-3  # m: rungs end a hair beyond the edge, so that noding finds the crossing


def strips(faces: NDArray[Any], target: float) -> NDArray[np.bool_]:
    """Tell which faces are long and narrow for cells of ``target`` m²."""
    side, outline = target**0.5, shapely.length(faces)
    return np.asarray((2 * shapely.area(faces) < WIDE * side * outline) & (outline > LONG * side))


def rungs(faces: NDArray[Any], noded: Any, buildings: NDArray[Any], target: float) -> NDArray[Any]:
    """Return lines across corridors, first where streets end on them, then where nothing is near.

    Parameters
    ----------
    faces : array of polygons
        Faces between barriers.
    noded : multilinestring
        The noded lines between them.
    buildings : array of polygons
        What no rung goes through.
    target : float
        m² of a cell.
    """
    narrow = faces[strips(faces, target)]
    if not len(narrow):
        return np.zeros(0, dtype=object)
    side = target**0.5
    land = shapely.normalize(shapely.get_parts(shapely.coverage_union_all(narrow)))
    rings, owner = shapely.get_rings(land, return_index=True)
    shapely.prepare(land)
    found = []
    for place, apart in ((_ends(noded, land), NEAR), (_along(rings, STEP * side), SPACING)):
        lines = _across(place, rings, owner, land, REACH * side)
        found.append((_clear(lines, buildings), apart * side))
    return _thinned(found)


def _ends(noded: Any, land: NDArray[Any]) -> NDArray[np.float64]:
    """Return where lines outside the corridors end on their edge."""
    lines = shapely.get_parts(noded)
    first, last, second, before = (shapely.get_coordinates(shapely.get_point(lines, i)) for i in (0, -1, 1, -2))
    ends, next_to = np.concatenate([first, last]), np.concatenate([second, before])
    step = next_to - ends
    step *= (np.minimum(0.05, 0.5 * np.hypot(*step.T)) / np.maximum(np.hypot(*step.T), 1e-12))[:, None]
    tree = shapely.STRtree(land)
    on = np.unique(tree.query(shapely.points(ends), predicate="dwithin", distance=1e-6)[0])
    within = np.unique(tree.query(shapely.points(ends + step), predicate="dwithin", distance=1e-3)[0])
    found: NDArray[np.float64] = np.unique(ends[np.setdiff1d(on, within)], axis=0)
    return found


def _along(rings: NDArray[Any], step: float) -> NDArray[np.float64]:
    """Return places about ``step`` metres apart along the rings."""
    count = np.maximum(np.rint(shapely.length(rings) / step).astype(int), 1)
    ring = np.repeat(np.arange(len(rings)), count)
    start = np.concatenate([[0], np.cumsum(count)[:-1]])
    share = (np.arange(len(ring)) - start[ring] + 0.5) / count[ring]
    points = shapely.line_interpolate_point(rings[ring], share, normalized=True)
    found: NDArray[np.float64] = shapely.get_coordinates(points)
    return found


def _across(
    place: NDArray[np.float64], rings: NDArray[Any], owner: NDArray[np.int64], land: NDArray[Any], reach: float
) -> NDArray[Any]:
    """Return the line from each place straight across the corridor, where it gets across within ``reach`` metres."""
    if not len(place):
        return np.zeros(0, dtype=object)
    points = shapely.points(place)
    which, ring = shapely.STRtree(rings).query_nearest(points, all_matches=False)
    points, rings, home = points[which], rings[ring], owner[ring]
    at, whole = shapely.line_locate_point(rings, points), shapely.length(rings)
    ahead, back = (
        shapely.get_coordinates(shapely.line_interpolate_point(rings, (at + step) % whole)) for step in (1.0, -1.0)
    )
    along = ahead - back
    size = np.hypot(along[:, 0], along[:, 1])
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(size, 1e-9)[:, None]
    start = shapely.get_coordinates(points)
    # Which side is inside depends on the ring; a point half a metre off tells.
    inner = shapely.contains_xy(land[home], *(start + 0.5 * normal).T)
    normal = np.where(inner[:, None], normal, -normal)
    rays = shapely.linestrings(np.stack([start + 0.01 * normal, start + reach * normal], axis=1))
    parts, ray = shapely.get_parts(shapely.intersection(rays, land[home]), return_index=True)
    first = (shapely.get_dimensions(parts) == 1) & (shapely.distance(parts, points[ray]) < 0.02)
    parts, ray = parts[first], ray[first]
    length = shapely.length(parts) + 0.01
    good = length < reach - 0.02
    start, normal, length = start[ray[good]], normal[ray[good]], length[good]
    ends = [start - PAST * normal, start + (length + PAST)[:, None] * normal]
    return np.asarray(shapely.linestrings(np.round(np.stack(ends, axis=1), 6)), dtype=object)


def _clear(lines: NDArray[Any], buildings: NDArray[Any]) -> NDArray[Any]:
    struck = shapely.STRtree(buildings).query(lines, predicate="intersects")[0]
    return np.delete(lines, np.unique(struck))


def _thinned(groups: list[tuple[NDArray[Any], float]]) -> NDArray[Any]:
    """Leave out rungs too near to one taken before; each group has its own distance."""
    lines = np.concatenate([found for found, _ in groups])
    apart = np.repeat([distance for _, distance in groups], [len(found) for found, _ in groups])
    one, other = shapely.STRtree(lines).query(lines, predicate="dwithin", distance=apart)
    before = other < one
    one, other = one[before], other[before]
    order = np.argsort(one, kind="stable")
    keep = np.ones(len(lines), dtype=bool)
    for i, j in zip(one[order].tolist(), other[order].tolist()):
        if keep[j]:
            keep[i] = False
    kept: NDArray[Any] = lines[keep]
    return kept

# SPDX-License-Identifier: GPL-2.0-or-later
"""Roundabouts are one node where their arms meet; islands between slip roads are no blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.faces import Segments

STREET = 3  # the weakest rank that is a street for sure: weaker ones may be walls
LARGEST = 5_000.0  # m²: a roundabout of 80 m across; a larger ring has a place in its middle
ROUND = 0.8  # Polsby-Popper: a hexagon has 0.91, a square 0.79
ON_RING = 0.5  # m: so near to the ring an arm ends on it
ARMS = 3  # fewer arms are a loop or a turning place
ISLAND = 0.1  # share of the target: faces below, between streets alone and without a building, are islands


def without_roundabouts(
    lines: NDArray[Any], ranks: NDArray[np.int64], buildings: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Take roundabouts out and draw their arms on to the middle.

    A roundabout is a small round ring of streets, drawn as one line or several, with nothing built in it and at least
    three arms outside.

    Parameters
    ----------
    lines, ranks : arrays
        Barriers in an order fixed by their shape.
    buildings : array
        Polygons.

    Returns
    -------
    lines, ranks : arrays
        The lines without rings; those that were changed come last.
    """
    street = np.flatnonzero(ranks <= STREET)
    if not len(street):
        return lines, ranks
    rings = shapely.get_parts(shapely.polygonize(lines[street]))
    around = np.maximum(shapely.length(rings), 1e-9)
    rings = rings[(shapely.area(rings) <= LARGEST) & (4 * np.pi * shapely.area(rings) >= ROUND * around**2)]
    if len(buildings) and len(rings):
        built = shapely.STRtree(buildings).query(rings, predicate="intersects")[0]
        rings = np.delete(rings, np.unique(built))
    if not len(rings):
        return lines, ranks
    rings = rings[np.lexsort(shapely.get_coordinates(shapely.centroid(rings)).T)]
    tree = shapely.STRtree(lines)
    changed: dict[int, Any] = {}
    for ring in rings:
        zone = shapely.buffer(ring, ON_RING)
        near = np.sort(tree.query(zone, predicate="intersects"))
        own = np.array([bool(shapely.covers(zone, lines[row])) for row in near])
        arms = near[~own & (ranks[near] <= STREET)]
        if not own.any() or sum(_ends(changed.get(int(row), lines[row]), ring) for row in arms) < ARMS:
            continue
        middle = shapely.get_coordinates(shapely.centroid(ring))[0]
        for row in near[own].tolist():
            changed[row] = None
        for row in near[~own].tolist():
            line = changed.get(row, lines[row])
            if line is not None:
                changed[row] = _to_the_middle(line, ring, middle)
    kept = np.setdiff1d(np.arange(len(lines)), list(changed))
    new = [(part, ranks[row]) for row in sorted(changed) if changed[row] is not None for part in _lines(changed[row])]
    shapes = np.empty(len(new), dtype=object)
    shapes[:] = [part for part, _rank in new]
    return (
        np.concatenate([lines[kept], shapes]),
        np.concatenate([ranks[kept], np.array([rank for _part, rank in new], dtype=np.int64)]),
    )


def _lines(shape: Any) -> NDArray[Any]:
    parts = shapely.get_parts(shapely.get_parts(shape))
    out: NDArray[Any] = parts[(shapely.get_dimensions(parts) == 1) & (shapely.length(parts) > 0)]
    return out


def _ends(line: Any, ring: Any) -> int:
    """Count how often a line leaves a ring."""
    if line is None:
        return 0
    outside = _lines(shapely.difference(line, shapely.buffer(ring, 2 * ON_RING)))
    ends = shapely.points(np.concatenate([shapely.get_coordinates(shapely.get_point(outside, i)) for i in (0, -1)]))
    return int((shapely.distance(ends, ring) < 3 * ON_RING).sum())


def _to_the_middle(line: Any, ring: Any, middle: NDArray[np.float64]) -> Any:
    """Cut what lies in a ring, or along it, from a line and draw the ends there straight to the middle."""
    parts = []
    for part in _lines(shapely.line_merge(shapely.difference(line, shapely.buffer(ring, ON_RING)))):
        xy = shapely.get_coordinates(part)
        if shapely.distance(shapely.Point(xy[0]), ring) < 2 * ON_RING:
            xy = np.concatenate([[middle], xy])
        if shapely.distance(shapely.Point(xy[-1]), ring) < 2 * ON_RING:
            xy = np.concatenate([xy, [middle]])
        parts.append(shapely.LineString(xy))
    return shapely.multilinestrings(parts) if parts else None


def islands(atoms: NDArray[Any], segments: Segments, buildings: NDArray[Any], target: float) -> NDArray[np.bool_]:
    """Tell which atoms are islands between streets: small, with nothing built, and streets all around."""
    small = shapely.area(atoms) < ISLAND * target
    on_street = np.zeros(len(atoms))
    inner = (segments.right >= 0) & (segments.rank >= 1) & (segments.rank <= STREET)
    for side in (segments.left, segments.right):
        np.add.at(on_street, side[inner], segments.length[inner])
    found = np.flatnonzero(small & (on_street > 0.98 * shapely.length(atoms)))
    built = np.zeros(0, dtype=np.int64)
    if len(buildings) and len(found):
        built = np.unique(shapely.STRtree(buildings).query(atoms[found], predicate="intersects")[0])
    out = np.zeros(len(atoms), dtype=bool)
    out[np.delete(found, built)] = True
    return out

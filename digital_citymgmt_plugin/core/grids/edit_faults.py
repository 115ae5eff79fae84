# SPDX-License-Identifier: GPL-2.0-or-later
"""Where stored cells are no clean coverage: listed when the redraw bench opens, so that nobody is surprised later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

EXACT = 1e-6  # m²: less in common or amiss is the rounding of coordinates


@dataclass(frozen=True)
class Fault:
    """One place: sentence code, the cells, a point there and how much (m², or m for edges that do not match)."""

    code: str
    ids: tuple[str, ...]
    x: float
    y: float
    size: float

    @property
    def unusable(self) -> bool:
        """Whether the cell's shape cannot be worked on at all."""
        return self.code in ("redraw.fault_shape", "redraw.fault_invalid")


def can_check() -> bool:
    """Whether this shapely and its GEOS can check coverages (shapely 2.1, GEOS 3.12)."""
    return hasattr(shapely, "coverage_invalid_edges") and shapely.geos_version >= (3, 12, 0)


def find_faults(ids: list[str], shapes: NDArray[Any]) -> list[Fault]:
    """List the faults of flat cells.

    Returns
    -------
    list of Fault
        ``redraw.fault_shape`` (no polygon, or empty), ``redraw.fault_invalid``, ``redraw.fault_overlap`` (two cells
        and the area in common), ``redraw.fault_edges`` (a cell whose edge does not match its neighbours': length).
    """
    faults = []
    polygons = np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes)
    valid = shapely.is_valid(shapes)
    for row in np.flatnonzero(~(polygons & valid)).tolist():
        there = shapes[row] is not None and not shapely.is_empty(shapes[row])
        x, y = shapely.bounds(shapes[row])[:2].tolist() if there else (0.0, 0.0)
        code = "redraw.fault_invalid" if polygons[row] else "redraw.fault_shape"
        faults.append(Fault(code, (ids[row],), x, y, 0.0))
    rows = np.flatnonzero(polygons & valid)
    good = shapes[rows]
    if len(good) < 2 or (can_check() and shapely.coverage_is_valid(good)):
        return faults
    suspects, length, spot = _suspects(good)
    told = set()
    one, two = shapely.STRtree(good).query(good[suspects], predicate="intersects")
    one = suspects[one]
    once = (one < two) | ((one > two) & ~np.isin(two, suspects))
    one, two = one[once], two[once]
    common = shapely.intersection(good[one], good[two])
    for first, second, shape in zip(one.tolist(), two.tolist(), common.tolist()):
        if shape.area > EXACT:
            told |= {first, second}
            x, y = shapely.get_coordinates(shapely.point_on_surface(shape))[0].tolist()
            pair = sorted((ids[rows[first]], ids[rows[second]]))
            faults.append(Fault("redraw.fault_overlap", tuple(pair), x, y, float(shape.area)))
    for number, row in enumerate(suspects.tolist()):
        if row not in told and can_check():
            x, y = shapely.get_coordinates(spot[number])[0].tolist()
            faults.append(Fault("redraw.fault_edges", (ids[rows[row]],), x, y, float(length[number])))
    return faults


def _suspects(cells: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[Any]]:
    """Return the rows with edges that match nobody's, how long these are, and the edges; all rows if unable to tell."""
    if not can_check():
        return np.arange(len(cells)), np.zeros(len(cells)), cells
    wrong = shapely.coverage_invalid_edges(cells)
    rows = np.flatnonzero(~shapely.is_empty(wrong)).astype(np.int64)
    return rows, shapely.length(wrong[rows]), wrong[rows]

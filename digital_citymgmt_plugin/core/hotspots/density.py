# SPDX-License-Identifier: GPL-2.0-or-later
"""Density of cases on hexagons, in one unit and one scale for all periods.

Quartic kernel (Silverman 1986): a case adds 3/(π·h²)·(1−d²/h²)² to every hexagon whose middle lies nearer than h.
Densities are cases per km² and 30 days, so that periods of different length compare; the classes are made of all
periods together, or given, and leave at most a tenth of the hexagons in the highest one: a map is never all red.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

DAYS = 30.0  # a density is of so many days
KM2 = 1e6
CLASSES = 6
TOP = 0.10  # share of hexagons with any density that the highest class may hold
_LADDER = (1.0, 2.0, 5.0)
_PART = 200_000  # points at once
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Hexagons:
    """Lattice of hexagons, point up: middles ``across`` metres apart, from ``west``, ``south``."""

    west: float
    south: float
    across: float
    columns: int
    rows: int

    def __len__(self) -> int:
        return self.columns * self.rows

    def middle(self, number: NDArray[np.int64]) -> Floats:
        """Return (n, 2) middles."""
        row, column = np.divmod(number, self.columns)
        x = self.west + (column + 0.5 * (row & 1)) * self.across
        return np.column_stack([x, self.south + row * self.across * math.sqrt(3) / 2])

    def at(self, xy: Floats) -> NDArray[np.int64]:
        """Return the number of the hexagon that holds each point: the one with the nearest middle."""
        step = self.across * math.sqrt(3) / 2
        best, own = np.full(len(xy), np.inf), np.zeros(len(xy), dtype=np.int64)
        low = np.floor((xy[:, 1] - self.south) / step).astype(np.int64)
        for row in (low, low + 1):
            shift = 0.5 * (row & 1)
            column = np.rint((xy[:, 0] - self.west) / self.across - shift).astype(np.int64)
            middle = self.west + (column + shift) * self.across, self.south + row * step
            square = (middle[0] - xy[:, 0]) ** 2 + (middle[1] - xy[:, 1]) ** 2
            closer = square < best
            best[closer], own[closer] = square[closer], (row * self.columns + column)[closer]
        return own

    def shapes(self, number: NDArray[np.int64]) -> NDArray[np.object_]:
        """Return the polygons."""
        row, column = np.divmod(number, self.columns)
        # Of whole numbers, so that neighbours have the same corners to the last bit.
        x = 2 * column + (row & 1)
        along = self.west + (x[:, None] + np.array([1, 0, -1, -1, 0, 1, 1])) * (self.across / 2)
        up = 3 * row[:, None] + np.array([1, 2, 1, -1, -2, -1, 1])
        rings = np.stack([along, self.south + up * (self.across / math.sqrt(12))], axis=2)
        return np.asarray(shapely.polygons(rings), dtype=object)


def lattice(xy: Floats, across: float, margin: float) -> Hexagons:
    """Return hexagons over points and ``margin`` metres round them."""
    low, high = xy.min(axis=0) - margin, xy.max(axis=0) + margin
    # Whole steps from the origin of the coordinates: the same hexagons whatever period or class is asked.
    step = across * math.sqrt(3)
    west, south = math.floor(low[0] / across) * across, math.floor(low[1] / step) * step
    columns = math.ceil((high[0] - west) / across) + 2
    return Hexagons(west, south, across, columns, math.ceil((high[1] - south) / (step / 2)) + 2)


def spread(
    xy: Floats, ground: Hexagons, reach: float, tell: Callable[[], None] = lambda: None
) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Return by hexagon: kernel sum (cases per m²), cases nearer than ``reach`` (metres), cases in the hexagon."""
    size = len(ground)
    density, near, inside = np.zeros(size), np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    step = ground.across * math.sqrt(3) / 2
    high, wide = math.ceil(reach / step) + 1, math.ceil(reach / ground.across) + 1
    for start in range(0, len(xy), _PART):
        tell()
        x, y = xy[start : start + _PART].T
        row0 = np.rint((y - ground.south) / step).astype(np.int64)
        best, own = np.full(len(x), np.inf), np.zeros(len(x), dtype=np.int64)
        for up in range(-high, high + 1):
            row = row0 + up
            shift = 0.5 * (row & 1)
            column0 = np.rint((x - ground.west) / ground.across - shift).astype(np.int64)
            dy2 = (ground.south + row * step - y) ** 2
            for along in range(-wide, wide + 1):
                column = column0 + along
                square = (ground.west + (column + shift) * ground.across - x) ** 2 + dy2
                there = (row >= 0) & (row < ground.rows) & (column >= 0) & (column < ground.columns)
                number = row * ground.columns + column
                closer = there & (square < best)
                best[closer], own[closer] = square[closer], number[closer]
                reached = np.flatnonzero(there & (square < reach * reach))
                if len(reached):
                    at = number[reached]
                    weight = (1 - square[reached] / (reach * reach)) ** 2 * (3 / (math.pi * reach * reach))
                    density += np.bincount(at, weight, minlength=size)
                    near += np.bincount(at, minlength=size)
        inside += np.bincount(own[np.isfinite(best)], minlength=size)
    return density, near, inside


def per_month(density: Floats, days: float) -> Floats:
    """Return cases per km² and 30 days of a kernel sum over ``days``."""
    return density * KM2 * DAYS / days


def breaks(values: Floats, classes: int = CLASSES, top: float = TOP) -> list[float]:
    """Return the lower bounds of the classes above the first, on the ladder 1-2-5, of the densities of all periods.

    The highest bound is the first step of the ladder that at most ``top`` of the values above zero reach; the others
    are the steps below it. Values that are all equal stand under the highest bound: even ground is not red.
    """
    there = np.asarray(values)[np.asarray(values) > 0]
    if not len(there):
        return _steps(1.0, classes)
    mark = float(np.quantile(there, 1 - top, method="higher"))
    highest = _above(mark)
    return _steps(highest, classes)


def check_breaks(given: Sequence[float]) -> bool:
    """Tell whether bounds of classes rise and lie above zero."""
    found = np.asarray(given, dtype=float)
    return bool(len(found) and np.isfinite(found).all() and found[0] > 0 and (np.diff(found) > 0).all())


def class_of(values: Floats, bounds: Sequence[float]) -> NDArray[np.int64]:
    """Return the class of each value: 1 below the first bound, 0 where there is nothing."""
    found = np.searchsorted(np.asarray(bounds), values, side="right") + 1
    return np.where(values > 0, found, 0).astype(np.int64)


def _above(value: float) -> float:
    """Return the first step of the ladder above a value."""
    power = math.floor(math.log10(value)) - 1
    while True:
        for step in _LADDER:
            found = float(f"{step}e{power}")
            if found > value:
                return found
        power += 1


def _steps(highest: float, classes: int) -> list[float]:
    made = [highest]
    while len(made) < classes - 1:
        power = math.floor(math.log10(made[0]) + 1e-9)
        lead = round(made[0] / 10.0**power)
        below = {1: (5, power - 1), 2: (1, power), 5: (2, power)}[lead]
        made.insert(0, float(f"{below[0]}e{below[1]}"))
    return made


def clipped(
    shapes: NDArray[np.object_], lines: NDArray[np.object_], metres: float, tell: Callable[[], None] = lambda: None
) -> NDArray[np.object_]:
    """Return what of each shape lies within ``metres`` of lines, None where nothing does."""
    made = np.full(len(shapes), None, dtype=object)
    if not len(shapes) or not len(lines):
        return made
    grown = shapely.buffer(lines, metres, quad_segs=4)
    tree = shapely.STRtree(grown)
    for start in range(0, len(shapes), 2_000):
        tell()
        part = shapes[start : start + 2_000]
        cell, line = tree.query(part, predicate="intersects")
        order = np.argsort(cell, kind="stable")
        cell, line = cell[order], line[order]
        pieces = shapely.intersection(part[cell], grown[line])
        edges = np.flatnonzero(np.diff(cell, prepend=-1))
        for first, last in zip(edges.tolist(), [*edges[1:].tolist(), len(cell)]):
            whole = shapely.union_all(pieces[first:last])
            areas = [one for one in shapely.get_parts(whole) if one.geom_type == "Polygon" and one.area > 0]
            if areas:
                made[start + int(cell[first])] = shapely.multipolygons(areas)
    return made


def many(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return each polygon as a multipolygon."""
    parts, of = shapely.get_parts(shapes, return_index=True)
    return np.asarray(shapely.multipolygons(parts, indices=of), dtype=object)

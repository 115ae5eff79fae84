# SPDX-License-Identifier: GPL-2.0-or-later
"""Which square sheets cover a city."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.sheets import SIZE

MOST = 50_000  # sheets of one city; more come from coordinates that are no metres

Place = tuple[int, int]  # column and row, counted from the origin of the coordinates


def squares_over(areas: Iterable[Any], size: float = SIZE) -> list[Place]:
    """Return the squares that have a share in one of the areas, from north to south, west to east.

    A square that an area touches along its edge only is left out. Missing and empty areas cover nothing.
    """
    found: set[Place] = set()
    for area in areas:
        if area is None or area.is_empty:
            continue
        places = _in_box(shapely.bounds(area), size)
        boxes = shapely.box(*_sides(places, size))
        shapely.prepare(area)
        hit = shapely.intersects(area, boxes) & ~shapely.touches(area, boxes)
        found.update(map(tuple, places[hit].tolist()))
    return _sorted(found)


def squares_of_boxes(boxes: NDArray[np.float64], size: float = SIZE) -> set[Place]:
    """Return the squares that boxes (n × west, south, east, north) reach; boxes that are not finite reach none."""
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(boxes):
        return set()
    cells = np.unique(np.floor(boxes / size).astype(np.int64), axis=0)
    found: set[Place] = set()
    for west, south, east, north in cells.tolist():
        if (east - west + 1) * (north - south + 1) > MOST:
            continue  # one object that spans half a country is a slip, not a city
        found.update((column, row) for column in range(west, east + 1) for row in range(south, north + 1))
    return found


def square(place: Place, size: float = SIZE) -> Any:
    """Return the square of a sheet as a polygon."""
    return shapely.box(*(side[0] for side in _sides(np.array([place]), size)))


def _in_box(bounds: NDArray[np.float64], size: float) -> NDArray[np.int64]:
    west, south, east, north = np.floor(bounds / size).astype(np.int64).tolist()
    columns, rows = np.meshgrid(np.arange(west, east + 1), np.arange(south, north + 1))
    return np.column_stack([columns.ravel(), rows.ravel()])


def _sides(places: NDArray[np.int64], size: float) -> tuple[NDArray[np.float64], ...]:
    low = places.astype(float) * size
    return low[:, 0], low[:, 1], low[:, 0] + size, low[:, 1] + size


def _sorted(found: Iterable[Place]) -> list[Place]:
    return sorted(found, key=lambda place: (-place[1], place[0]))

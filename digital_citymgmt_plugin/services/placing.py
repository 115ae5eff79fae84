# SPDX-License-Identifier: GPL-2.0-or-later
"""Geometries of an input into the store's CRS; what cannot be used or lies far from the city is sorted out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, Context, Store
from digital_citymgmt_plugin.core.shifted import unshift

FAR_AWAY = 50_000.0  # m outside the city's areas: no survey is off by that much, a wrong CRS is off by more
FAR_AWAY_AREAS = 500_000.0  # m, for areas themselves: the next community of a desert county is far from the first
_BEYOND_USE = 4.0  # degrees outside the area of use of the store's CRS
_METRES_PER_DEGREE = 111_320.0

Box = tuple[float, float, float, float]


def city_box(store: Store) -> Box | None:
    """Return the extent of the city's areas (else grids) in the store's CRS, None when there are none."""
    for table in ("admin_area", "unit_grid"):
        boxes = shapely.bounds(store.read(table, [GEOM], [(GEOM, "not null", None)])[GEOM])
        if len(boxes):
            low, high = np.nanmin(boxes[:, :2], axis=0), np.nanmax(boxes[:, 2:], axis=0)
            return float(low[0]), float(low[1]), float(high[0]), float(high[1])
    return None


@dataclass
class Placer:
    """Puts geometries of a source into the store's CRS and sorts out those that cannot be used.

    Parameters
    ----------
    context : Context
    crs : str or None
        CRS of the source; None only for a source without any geometry.
    file : str
        Named in refusals.
    far : float
        How far outside the city is too far, m.
    strict : bool
        While the store has no areas, hold places against the area of use of the store's CRS instead, and refuse a
        source most of whose coordinates its CRS cannot hold.
    swaps : bool
        Look for coordinates that would lie in the city with x and y exchanged.
    shift : str
        ``gcj02`` or ``bd09``: the coordinates are shifted as those of online maps, in degrees; ``none``.

    Raises
    ------
    InputRefused
        ``input.shift_crs`` when coordinates said to be shifted are not in degrees of WGS 84 or CGCS2000.
    """

    context: Context
    crs: str | None
    file: str
    flattened: int = 0
    far: float = FAR_AWAY
    strict: bool = False
    swaps: bool = False
    shift: str = "none"
    reprojected: bool = field(init=False, default=False)
    _box: Box | None = field(init=False, default=None)
    _use: Box | None = field(init=False, default=None)
    _first: bool = field(init=False, default=True)

    def __post_init__(self) -> None:
        store = self.context.need_store()
        if self.shift != "none" and not self._in_degrees():
            raise InputRefused("input.shift_crs", file=self.file, crs=self.crs or "", shift=self.shift)
        self._target = store.meta()["crs"]
        self._box = city_box(store)
        if self._box is None and self.strict:
            self._use = self.context.projections.area_of_use(self._target)
        self.reprojected = bool(self.crs) and not self.context.projections.same(str(self.crs), self._target)

    def place(self, geometries: NDArray[Any]) -> tuple[NDArray[Any], dict[int, str]]:
        """Return 2D geometries in the store's CRS, and the reason code per index that cannot be used.

        Reasons: ``reject.no_geometry``, ``reject.bad_coordinates`` (NaN, infinite, not transformable),
        ``reject.far_away``, ``reject.swapped`` (with ``swaps``). Unusable ones come back as None.

        Raises
        ------
        InputRefused
            ``input.wrong_crs`` when more than half of the first rows lie far outside the city, ``input.crs_mismatch``
            (strict) when more than half of them cannot be coordinates of the source's CRS, ``input.swapped`` (with
            ``swaps``) when more than half of them lie in the city with x and y exchanged.
        """
        geometries = np.asarray(geometries, dtype=object)
        missing = shapely.is_missing(geometries) | shapely.is_empty(geometries)
        self.flattened += int((shapely.has_z(geometries) | _has_m(geometries)).sum())
        flat: NDArray[Any] = np.array(shapely.force_2d(geometries), dtype=object)
        bad = ~missing & ~finite(flat)
        flat[missing | bad] = None
        if self.shift != "none":
            flat = shapely.transform(flat, lambda xy: np.column_stack(unshift(self.shift, *xy.T)))
        given, there = flat, ~missing & ~bad
        lost = np.zeros(len(flat), dtype=bool)
        if self.reprojected and self.crs is not None:
            flat = self.context.projections.transform(given, self.crs, self._target)
            lost = there & (shapely.is_empty(flat) | ~np.isfinite(shapely.bounds(flat)).all(axis=1))
        swapped = self._swapped(given, flat, there, lost) if self.swaps else np.zeros(len(flat), dtype=bool)
        if self._first and self.strict and lost.sum() * 2 > there.sum():
            self._mismatch(given[lost])
        bad |= lost
        far = self._far(flat, missing | bad)
        flat[bad | far] = None
        reasons = {int(index): "reject.no_geometry" for index in np.flatnonzero(missing)}
        reasons.update({int(index): "reject.bad_coordinates" for index in np.flatnonzero(bad)})
        reasons.update({int(index): "reject.far_away" for index in np.flatnonzero(far)})
        reasons.update({int(index): "reject.swapped" for index in np.flatnonzero(swapped)})
        return flat, reasons

    def points(self, x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], dict[int, str]]:
        """Make points of two columns of numbers or text, then as ``place``.

        Text that is no number, or half a place, is ``reject.bad_coordinates``.
        """
        numbers_x, numbers_y = _numbers(x), _numbers(y)
        blank_x, blank_y = (np.array([_is_blank(value) for value in axis.tolist()], dtype=bool) for axis in (x, y))
        blank = blank_x & blank_y
        wrong = ~blank & ~(np.isfinite(numbers_x) & np.isfinite(numbers_y))
        made = np.full(len(x), None, dtype=object)
        good = ~blank & ~wrong
        made[good] = shapely.points(numbers_x[good], numbers_y[good])
        placed, reasons = self.place(made)
        reasons.update({int(index): "reject.bad_coordinates" for index in np.flatnonzero(wrong)})
        return placed, reasons

    def _swapped(
        self, given: NDArray[Any], placed: NDArray[Any], there: NDArray[np.bool_], lost: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Tell which geometries lie in the city with x and y exchanged and not as they are."""
        swapped = np.zeros(len(given), dtype=bool)
        distance, limit = self._distance(placed, ~there | lost)
        with np.errstate(invalid="ignore"):
            rows = np.flatnonzero(there & (lost | (distance > limit)))
        if not len(rows):
            return swapped
        turned: NDArray[Any] = np.array(shapely.transform(given[rows], lambda xy: xy[:, ::-1]), dtype=object)
        if self.reprojected and self.crs is not None:
            turned = self.context.projections.transform(turned, self.crs, self._target)
        nowhere = shapely.is_empty(turned) | ~np.isfinite(shapely.bounds(turned)).all(axis=1)
        distance, limit = self._distance(turned, nowhere)
        with np.errstate(invalid="ignore"):
            swapped[rows] = ~nowhere & (distance <= limit)
        if self._first and swapped.sum() * 2 > there.sum():
            x, y = (float(value) for value in shapely.get_coordinates(given[swapped][:1])[0])
            raise InputRefused("input.swapped", file=self.file, crs=self.crs or "", x=round(x, 3), y=round(y, 3))
        return swapped

    def _distance(self, geometries: NDArray[Any], unusable: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
        """Return how far outside of the city geometries lie, m, and how far is too far."""
        if self._box is not None:
            return _outside(shapely.bounds(geometries), self._box), self.far
        if self._use is not None:
            degrees = self.context.projections.transform(geometries, self._target, "EPSG:4326")
            boxes = shapely.bounds(degrees)
            lost = ~unusable & ~np.isfinite(boxes).all(axis=1)
            distance = np.where(lost, 180.0, _outside(boxes, self._use)) * _METRES_PER_DEGREE
            return distance, _BEYOND_USE * _METRES_PER_DEGREE
        return np.zeros(len(geometries)), np.inf

    def near(self, geometries: NDArray[Any], within: float) -> NDArray[np.bool_]:
        """Tell which geometries in the store's CRS lie in the city or no further from it, m.

        Without areas the area of use of the store's CRS stands for the city (with ``strict``, else nothing is far).
        """
        distance, limit = self._distance(geometries, np.zeros(len(geometries), dtype=bool))
        with np.errstate(invalid="ignore"):
            return np.asarray(distance <= (within if self._box is not None else limit), dtype=bool)

    def _in_degrees(self) -> bool:
        return any(self.context.projections.same(str(self.crs), known) for known in ("EPSG:4326", "EPSG:4490"))

    def _far(self, geometries: NDArray[Any], unusable: NDArray[np.bool_]) -> NDArray[np.bool_]:
        if self._box is None and self._use is None:
            return np.zeros(len(geometries), dtype=bool)
        distance, limit = self._distance(geometries, unusable)
        with np.errstate(invalid="ignore"):
            far: NDArray[np.bool_] = ~unusable & (distance > limit)
        usable = int((~unusable).sum())
        if self._first and usable:
            self._first = False
            if far.sum() * 2 > usable:
                if self._box is None:
                    self._mismatch(geometries[far])
                kilometres = round(float(np.nanmedian(distance[far])) / 1000)
                raise InputRefused("input.wrong_crs", file=self.file, crs=self.crs or "", kilometres=kilometres)
        return far

    def _mismatch(self, geometries: NDArray[Any]) -> None:
        x, y = (float(value) for value in shapely.get_coordinates(geometries[:1])[0])
        raise InputRefused("input.crs_mismatch", file=self.file, crs=self.crs or "", x=round(x, 3), y=round(y, 3))


def _outside(boxes: NDArray[np.float64], limits: Box) -> NDArray[np.float64]:
    """Return how far each box reaches no nearer to the limits, 0 where they meet."""
    dx = np.maximum(limits[0] - boxes[:, 2], boxes[:, 0] - limits[2])
    dy = np.maximum(limits[1] - boxes[:, 3], boxes[:, 1] - limits[3])
    distance: NDArray[np.float64] = np.maximum(np.maximum(dx, dy), 0.0)
    return distance


def _has_m(geometries: NDArray[Any]) -> NDArray[np.bool_]:
    has_m = getattr(shapely, "has_m", None)  # shapely >= 2.1
    if has_m is None or shapely.geos_version < (3, 12, 0):
        return np.zeros(len(geometries), dtype=bool)
    return np.asarray(has_m(geometries), dtype=bool)


def finite(geometries: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which geometries hold no NaN and no infinite coordinate (bounds skip NaN)."""
    coordinates, owner = shapely.get_coordinates(geometries, return_index=True)
    result = np.ones(len(geometries), dtype=bool)
    result[owner[~np.isfinite(coordinates).all(axis=1)]] = False
    return result


def multipolygons(shapes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return multipolygons, which of them were repaired, and which shapes are no polygons (None then)."""
    there = ~shapely.is_missing(shapes)
    wrong = there & (shapely.get_dimensions(shapes) != 2)
    broken = there & ~wrong & ~shapely.is_valid(shapes)
    result = np.array(shapes, dtype=object)
    result[broken] = shapely.make_valid(result[broken])
    result[wrong] = None
    for index in np.flatnonzero(there & ~wrong):
        nested = shapely.get_parts(shapely.get_parts(result[index]))
        polygons = [part for part in nested if part.geom_type == "Polygon" and not part.is_empty]
        result[index] = shapely.multipolygons(polygons) if polygons else None
        wrong[index] = not polygons
    return result, broken & ~wrong, wrong


def _numbers(values: NDArray[Any]) -> NDArray[np.float64]:
    def number(value: Any) -> float:
        if value is None or isinstance(value, bool):
            return np.nan
        try:
            return float(value)
        except (TypeError, ValueError):
            return np.nan

    return np.array([number(value) for value in values.tolist()], dtype=float)


def _is_blank(value: Any) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, float) and value != value)

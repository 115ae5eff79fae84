# SPDX-License-Identifier: GPL-2.0-or-later
"""Which polygon holds an object: the one rule that census, cases and assessment share."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

CHUNK = 100_000  # points per query: keeps the candidate pairs of a million points out of memory at once
BLOCKS = 256  # the extent is cut into this many columns and rows before sorting


def representative_points(geometries: NDArray[Any]) -> NDArray[np.float64]:
    """Return one point (x, y) per geometry that stands for its place.

    A point stands for itself, a line for the point at half its length (of its longest part when it has several), an
    area and a mixed collection for a point on its surface, a multipoint for its first point. Missing, empty and
    non-finite geometries give NaN. Z and M are left out.

    Parameters
    ----------
    geometries : array of shapely geometries or None
        Any mixture of kinds, any CRS.
    """
    geoms = np.asarray(geometries, dtype=object)
    out = np.full((len(geoms), 2), np.nan)
    kind = shapely.get_type_id(geoms)
    usable = ~(shapely.is_missing(geoms) | shapely.is_empty(geoms))
    single = usable & (kind == 0)
    out[single, 0], out[single, 1] = shapely.get_x(geoms[single]), shapely.get_y(geoms[single])
    for mask, choose in (
        (usable & (kind == 4), lambda g: shapely.get_geometry(g, 0)),
        (usable & np.isin(kind, (1, 2)), lambda g: shapely.line_interpolate_point(g, 0.5, normalized=True)),
        (usable & (kind == 5), lambda g: shapely.line_interpolate_point(_longest_part(g), 0.5, normalized=True)),
        (usable & np.isin(kind, (3, 6, 7)), lambda g: _surface_point(g)),
    ):
        if mask.any():
            chosen = choose(geoms[mask])
            out[mask, 0], out[mask, 1] = shapely.get_x(chosen), shapely.get_y(chosen)
    out[~np.isfinite(out).all(axis=1)] = np.nan
    return out


def _surface_point(geoms: NDArray[Any]) -> NDArray[Any]:
    # A corner that is NaN would give a wrong point without a word.
    bounds_known = np.isfinite(shapely.bounds(geoms)).all(axis=1)
    known = geoms.copy()
    known[~bounds_known] = None
    points: NDArray[Any] = shapely.point_on_surface(known)
    return points


def _longest_part(geoms: NDArray[Any]) -> NDArray[Any]:
    parts, owner = shapely.get_parts(geoms, return_index=True)
    order = np.lexsort((-shapely.length(parts), owner))
    first = np.searchsorted(owner[order], np.arange(len(geoms)))
    longest: NDArray[Any] = parts[order][first]
    return longest


def locate_points(points: NDArray[Any], polygons: NDArray[Any]) -> NDArray[np.int64]:
    """Find for each point the polygon that holds it; −1 where none does.

    The one function by which grids and areas are found, so that every bench gives the same answer. A point on an edge
    shared by several polygons belongs to the one with the lowest index: callers order polygons by code.

    Parameters
    ----------
    points : (n, 2) float array, or array of n shapely geometries or None
        In the CRS of ``polygons``. Lines and areas count by one point (``representative_points``); the share of their
        length or area is not measured.
    polygons : array of m polygons or multipolygons
        None and empty polygons hold nothing. They should be valid.

    Returns
    -------
    int64 array of n indices into ``polygons``
    """
    xy = np.asarray(points)
    xy = representative_points(xy) if xy.dtype == object or xy.ndim == 1 else xy.astype(np.float64, copy=False)
    polygons = np.asarray(polygons, dtype=object)
    found = np.full(len(xy), -1, dtype=np.int64)
    rows = np.flatnonzero(np.isfinite(xy).all(axis=1))
    if not len(rows) or not len(polygons):
        return found
    rows = rows[_near_order(xy[rows])]
    shapely.prepare(polygons)
    tree = shapely.STRtree(polygons)
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        x, y = xy[part, 0], xy[part, 1]
        point, polygon = tree.query(shapely.points(x, y))
        # ``intersects_xy`` uses the prepared polygons; the tree's own predicate would prepare the points instead.
        hit = shapely.intersects_xy(polygons[polygon], x[point], y[point])
        point, polygon = point[hit], polygon[hit]
        best = np.full(len(part), len(polygons), dtype=np.int64)
        np.minimum.at(best, point, polygon)
        found[part] = np.where(best < len(polygons), best, -1)
    return found


def _near_order(xy: NDArray[np.float64]) -> NDArray[np.int64]:
    """Order points block by block: neighbours in sequence keep the same polygons in the processor's cache."""
    low = xy.min(axis=0)
    width = np.maximum(xy.max(axis=0) - low, 1e-9) / BLOCKS
    block = np.minimum(((xy - low) / width).astype(np.int64), BLOCKS - 1)
    block[:, 1] = np.where(block[:, 0] % 2, BLOCKS - 1 - block[:, 1], block[:, 1])
    order: NDArray[np.int64] = np.argsort(block[:, 0] * BLOCKS + block[:, 1], kind="stable")
    return order

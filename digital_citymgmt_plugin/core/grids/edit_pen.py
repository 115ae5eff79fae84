# SPDX-License-Identifier: GPL-2.0-or-later
"""What the pen drew, made fit to work with: finite, without doubled points, not crossing itself; or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused

NEAR = 0.05  # m: corners nearer than this are one corner
_MANY = 500  # corners: a stroke drawn by hand is thinned out from here on
_MOST = 5_000  # corners that a thinned stroke may have

Note = tuple[str, dict[str, Any]]


def pen_line(line: Any) -> tuple[NDArray[np.float64], list[Note]]:
    """Return the corners of a drawn line and what was mended.

    Parameters
    ----------
    line : LineString or sequence of (x, y)

    Raises
    ------
    InputRefused
        ``redraw.not_finite``, ``redraw.too_short`` (fewer than two different points), ``redraw.too_many_points``,
        ``redraw.crosses_itself``, ``redraw.line_closed`` (it ends where it began).
    """
    xy, notes = _points(line)
    if len(xy) < 2:
        raise InputRefused("redraw.too_short")
    if len(xy) > 2 and np.hypot(*(xy[0] - xy[-1])) <= NEAR:
        raise InputRefused("redraw.line_closed")
    if not shapely.is_simple(shapely.LineString(xy)):
        raise InputRefused("redraw.crosses_itself")
    return xy, notes


def pen_area(area: Any) -> tuple[NDArray[np.float64], list[Note]]:
    """Return the closed ring of a drawn area and what was mended; an area left open is closed.

    Raises
    ------
    InputRefused
        As :func:`pen_line`; ``redraw.area_too_small`` (fewer than three different points, or no area).
    """
    if hasattr(area, "geom_type") and area.geom_type == "Polygon":
        if len(area.interiors):
            raise InputRefused("redraw.area_has_hole")
        area = area.exterior
    xy, notes = _points(area)
    if len(xy) > 2 and np.hypot(*(xy[0] - xy[-1])) <= NEAR:
        xy = xy[:-1]
    if len(xy) < 3:
        raise InputRefused("redraw.area_too_small")
    xy = np.concatenate([xy, xy[:1]])
    if not shapely.is_simple(shapely.LineString(xy)):
        raise InputRefused("redraw.crosses_itself")
    if shapely.area(shapely.Polygon(xy)) < NEAR * shapely.length(shapely.LineString(xy)):
        raise InputRefused("redraw.area_too_small")
    return xy, notes


def pen_point(point: Any) -> NDArray[np.float64]:
    """Return a point, or a shift, as two finite numbers (m, CRS of the cells).

    Raises
    ------
    InputRefused
        ``redraw.not_finite``: it is none.
    """
    xy = _numbers(point)
    if xy.shape != (1, 2):
        raise InputRefused("redraw.not_finite")
    first: NDArray[np.float64] = xy[0]
    return first


def is_closed(pen: Any) -> bool:
    """Whether the pen came back to where it began: then it means an area."""
    xy = _numbers(pen.exterior if hasattr(pen, "exterior") else pen)
    return len(xy) > 3 and bool(np.hypot(*(xy[0] - xy[-1])) <= NEAR)


def _points(pen: Any) -> tuple[NDArray[np.float64], list[Note]]:
    xy = _numbers(pen)
    if not len(xy):
        raise InputRefused("redraw.too_short")
    notes: list[Note] = []
    drawn = len(xy)
    if drawn > _MANY:
        xy = shapely.get_coordinates(shapely.simplify(shapely.LineString(xy), NEAR, preserve_topology=False))
        if len(xy) > _MOST:
            raise InputRefused("redraw.too_many_points", points=drawn, most=_MOST)
        notes.append(("redraw.thinned", {"points": drawn, "left": len(xy)}))
    kept = [xy[0]]
    for point in xy[1:]:
        if np.hypot(*(point - kept[-1])) > NEAR:
            kept.append(point)
    return np.array(kept), notes


def _numbers(pen: Any) -> NDArray[np.float64]:
    """Return what was drawn as rows of x and y."""
    try:
        xy = shapely.get_coordinates(pen) if isinstance(pen, shapely.Geometry) else np.asarray(pen, dtype=np.float64)
        xy = xy.reshape(-1, 2) if not xy.size else np.atleast_2d(xy)[:, :2]  # heights are left out
    except (TypeError, ValueError):
        raise InputRefused("redraw.not_finite") from None
    # Beyond a thousand times the earth's girth the arithmetic itself gives out.
    if xy.ndim != 2 or xy.shape[1] != 2 or not np.isfinite(xy).all() or (len(xy) and np.abs(xy).max() > 1e11):
        raise InputRefused("redraw.not_finite")
    return np.asarray(xy, dtype=np.float64)

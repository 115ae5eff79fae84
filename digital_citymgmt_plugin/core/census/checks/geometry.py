# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of geometry: is there one, is it sound, is it as big as a component can be. Lengths in metres."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census.check_pack import Params
from digital_citymgmt_plugin.core.census.checks.model import City, Hits, Part, check, hits


def _lacking(part: Part) -> NDArray[np.bool_]:
    """Tell where there is no geometry or an empty one."""
    if "lacking" not in part.kept:
        lacking = np.zeros(part.size, dtype=bool)
        rows = np.flatnonzero(~np.isfinite(part.xy).all(axis=1))
        lacking[rows] = shapely.is_missing(part.shapes[rows]) | shapely.is_empty(part.shapes[rows])
        part.kept["lacking"] = lacking
    result: NDArray[np.bool_] = part.kept["lacking"]
    return result


@check("component.geometry_missing")
def geometry_missing(part: Part, city: City, params: Params) -> Hits:
    """Find components without geometry, or with an empty one."""
    return hits(_lacking(part))


@check("component.coordinates")
def coordinates(part: Part, city: City, params: Params) -> Hits:
    """Find coordinates that are not finite, and places at the origin."""
    return hits(~part.placed & ~_lacking(part))


@check("component.geometry_invalid")
def geometry_invalid(part: Part, city: City, params: Params) -> Hits:
    """Find areas that are not valid."""
    rows = _drawn(part, "component_area")
    rows = rows[~shapely.is_valid(part.shapes[rows])]
    return Hits(rows, {"reason": np.asarray(shapely.is_valid_reason(part.shapes[rows]), dtype=object)})


@check("component.length_zero")
def length_zero(part: Part, city: City, params: Params) -> Hits:
    """Find lines shorter than ``metres``."""
    rows = _drawn(part, "component_line")
    length = shapely.length(part.shapes[rows])
    short = length < params["metres"]
    return Hits(rows[short], {"length": np.round(length[short], 3)})


@check("component.length_big")
def length_big(part: Part, city: City, params: Params) -> Hits:
    """Find lines longer than ``metres``."""
    rows = _drawn(part, "component_line")
    length = shapely.length(part.shapes[rows])
    long = length > params["metres"]
    return Hits(rows[long], {"length": np.round(length[long], 1)})


@check("component.area_tiny")
def area_tiny(part: Part, city: City, params: Params) -> Hits:
    """Find areas smaller than ``square_metres``."""
    rows = _drawn(part, "component_area")
    rows = rows[shapely.is_valid(part.shapes[rows])]  # a bow tie has an area of 0
    area = shapely.area(part.shapes[rows])
    small = area < params["square_metres"]
    return Hits(rows[small], {"area": np.round(area[small], 3)})


@check("component.area_big")
def area_big(part: Part, city: City, params: Params) -> Hits:
    """Find areas bigger than ``square_metres``."""
    rows = _drawn(part, "component_area")
    area = shapely.area(part.shapes[rows])
    big = area > params["square_metres"]
    return Hits(rows[big], {"area": np.round(area[big], 1)})


@check("component.vertex_repeated")
def vertex_repeated(part: Part, city: City, params: Params) -> Hits:
    """Find lines and areas with two neighbouring vertices nearer than ``metres``; how many is told.

    Lines of no length are not told again (``length_zero``).
    """
    rows = _drawn(part, "component_line", "component_area")
    shapes = part.shapes[rows]
    counts = np.zeros(len(rows), dtype=np.int64)
    parts, owner = shapely.get_parts(shapes, return_index=True)
    if part.table == "component_area":
        parts, inner = shapely.get_rings(parts, return_index=True)
        owner = owner[inner]
    xy, line = shapely.get_coordinates(parts, return_index=True)
    if len(xy) > 1:
        step = np.hypot(*(xy[1:] - xy[:-1]).T)
        near = (line[1:] == line[:-1]) & (step <= params["metres"])
        np.add.at(counts, owner[line[1:][near]], 1)
    found = counts > 0
    if part.table == "component_line":
        found &= shapely.length(shapes) > params["metres"]
    return Hits(rows[found], {"count": counts[found]})


@check("component.line_crossing")
def line_crossing(part: Part, city: City, params: Params) -> Hits:
    """Find lines of which a part crosses itself; parts of one line may meet, and a closed one is fine."""
    rows = _drawn(part, "component_line")
    parts, owner = shapely.get_parts(part.shapes[rows], return_index=True)
    crossing = np.unique(owner[~shapely.is_simple(parts) & (shapely.length(parts) > 0)])
    return Hits(rows[crossing])


def _drawn(part: Part, *tables: str) -> NDArray[np.int64]:
    """Return the components of a part that have a usable line or area, none when it is of another table."""
    if part.table not in tables:
        return np.empty(0, dtype=np.int64)
    if "drawn" not in part.kept:
        shapes: NDArray[Any] = part.shapes
        usable = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
        usable[usable] = np.isfinite(shapely.bounds(shapes[usable])).all(axis=1)
        part.kept["drawn"] = np.flatnonzero(usable)
    drawn: NDArray[np.int64] = part.kept["drawn"]
    return drawn

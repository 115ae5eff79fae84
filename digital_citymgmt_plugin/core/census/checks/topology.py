# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of a component's place on the base map: points in buildings, in water, on the carriageway.

Areas come from areas of the base map alone. Lines are no areas: a ring of bank lines may be a pond or an island, one of
kerbs the carriageway or the block that it goes around, one of walls a house or its courtyard. What lines do say for
certain is used: what stands on a wall or fence within the margin is at its edge, not inside; what is near a line of a
road is near a road. Lines of water and roads excuse nothing, since many maps draw their middle.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census.check_pack import Params, split
from digital_citymgmt_plugin.core.census.checks.model import BUILDING, CARRIAGEWAY, WALL, WATER, City, Hits, Part, check
from digital_citymgmt_plugin.core.grids.locate import locate_points


def _named(part: Part, city: City, words: str, *, other: bool = False) -> NDArray[np.bool_]:
    """Tell whose class name has one of the words (``other``: has none of them); unknown classes are left out."""
    chosen = split(words)

    def fits(code: str) -> bool:
        entry = city.classes.get(code)
        return entry is not None and any(word in entry.name for word in chosen) != other

    return part.where("class_code", fits)


def _within(part: Part, city: City, theme: str, margin: float, asked: NDArray[np.bool_]) -> Hits:
    """Find points more than ``margin`` metres inside an area of a theme, and as far from every wall and fence."""
    areas = city.base.get(theme)
    rows = np.flatnonzero(asked & part.placed & part.there)
    if areas is None or not len(areas) or not len(rows) or part.table != "component_point":
        return Hits(np.empty(0, dtype=np.int64))
    area = locate_points(part.xy[rows], areas)
    rows, area = rows[area >= 0], area[area >= 0]
    away = shapely.distance(shapely.boundary(areas[area]), shapely.points(part.xy[rows]))
    deep = away > margin
    if deep.any():
        deep[deep] = ~_near_line(city, WALL, part.xy[rows[deep]], margin)
    return Hits(rows[deep], {"metres": np.round(away[deep], 1)})


def _near_line(city: City, theme: str, xy: NDArray[np.float64], metres: float) -> NDArray[np.bool_]:
    if city.near_line is None or theme not in city.line_themes or not len(xy):
        return np.zeros(len(xy), dtype=bool)
    return city.near_line(theme, xy, metres)


@check("component.in_building")
def in_building(part: Part, city: City, params: Params) -> Hits:
    """Find points in buildings; what is a building itself is excepted by words of its class name."""
    asked = _named(part, city, params["except_words"], other=True)
    return _within(part, city, BUILDING, params["metres"], asked)


@check("component.in_water")
def in_water(part: Part, city: City, params: Params) -> Hits:
    """Find points in the water; what belongs to it is excepted by words of its class name."""
    asked = _named(part, city, params["except_words"], other=True)
    return _within(part, city, WATER, params["metres"], asked)


@check("component.on_carriageway")
def on_carriageway(part: Part, city: City, params: Params) -> Hits:
    """Find poles, lamps, trees … on the carriageway, by words of the class name."""
    asked = _named(part, city, params["words"]) & _named(part, city, params["except_words"], other=True)
    return _within(part, city, CARRIAGEWAY, params["metres"], asked)


@check("component.off_road")
def off_road(part: Part, city: City, params: Params) -> Hits:
    """Find covers farther than ``metres`` from every area and line of a road, by words of the class name."""
    areas = city.base.get(CARRIAGEWAY, np.empty(0, dtype=object))
    rows = np.flatnonzero(_named(part, city, params["words"]) & part.placed & part.there)
    known = len(areas) or CARRIAGEWAY in city.line_themes
    if not known or not len(rows) or part.table != "component_point":
        return Hits(np.empty(0, dtype=np.int64))
    tree = shapely.STRtree(areas)
    points = shapely.points(part.xy[rows])
    near = np.unique(tree.query(points, predicate="dwithin", distance=float(params["metres"]))[0])
    far = np.setdiff1d(np.arange(len(rows)), near)
    far = far[~_near_line(city, CARRIAGEWAY, part.xy[rows[far]], float(params["metres"]))]
    return Hits(rows[far], {"metres": np.full(len(far), params["metres"])})

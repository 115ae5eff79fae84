# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of a component's place on the base map: points in buildings, in water, on the carriageway."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census.check_pack import Params, split
from digital_citymgmt_plugin.core.census.checks.model import BUILDING, CARRIAGEWAY, WATER, City, Hits, Part, check
from digital_citymgmt_plugin.core.grids.locate import locate_points


def _named(part: Part, city: City, words: str, *, other: bool = False) -> NDArray[np.bool_]:
    """Tell whose class name has one of the words (``other``: has none of them); unknown classes are left out."""
    chosen = split(words)

    def fits(code: str) -> bool:
        entry = city.classes.get(code)
        return entry is not None and any(word in entry.name for word in chosen) != other

    return part.where("class_code", fits)


def _within(part: Part, city: City, theme: str, margin: float, asked: NDArray[np.bool_]) -> Hits:
    """Find points that lie more than ``margin`` metres inside an area of a theme."""
    areas = city.base.get(theme)
    rows = np.flatnonzero(asked & part.placed & part.there)
    if areas is None or not len(areas) or not len(rows) or part.table != "component_point":
        return Hits(np.empty(0, dtype=np.int64))
    area = locate_points(part.xy[rows], areas)
    rows, area = rows[area >= 0], area[area >= 0]
    away = shapely.distance(shapely.boundary(areas[area]), shapely.points(part.xy[rows]))
    deep = away > margin
    return Hits(rows[deep], {"metres": np.round(away[deep], 1)})


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
    """Find covers farther than ``metres`` from every road, by words of the class name."""
    areas = city.base.get(CARRIAGEWAY)
    rows = np.flatnonzero(_named(part, city, params["words"]) & part.placed & part.there)
    if areas is None or not len(areas) or not len(rows) or part.table != "component_point":
        return Hits(np.empty(0, dtype=np.int64))
    tree = shapely.STRtree(areas)
    points = shapely.points(part.xy[rows])
    near = np.unique(tree.query(points, predicate="dwithin", distance=float(params["metres"]))[0])
    far = np.setdiff1d(np.arange(len(rows)), near)
    return Hits(rows[far], {"metres": np.full(len(far), params["metres"])})

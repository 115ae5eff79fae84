# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of place: city, unit grid, community. Each object is told of one fault of place: the widest one."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census.check_pack import Params
from digital_citymgmt_plugin.core.census.checks.dates import metres_of
from digital_citymgmt_plugin.core.census.checks.model import City, Hits, Part, check, hits
from digital_citymgmt_plugin.core.grids.locate import locate_points

FAR_M = 5000.0
_EDGE_M = 0.01  # a place on a shared edge lies in both grids


def _cells(part: Part, city: City) -> NDArray[np.int64]:
    """Return for each component the grid that holds it, −1 where none does."""
    if "cell" not in part.kept:
        xy = np.where(part.placed[:, None], part.xy, np.nan)
        part.kept["cell"] = locate_points(xy, city.grids)
    cells: NDArray[np.int64] = part.kept["cell"]
    return cells


def _inside(part: Part, city: City) -> NDArray[np.bool_]:
    """Tell which lie in the city; those in a grid do, all when the city has no areas."""
    if "inside" not in part.kept:
        inside = _cells(part, city) >= 0
        rows = np.flatnonzero(~inside & part.placed)
        inside[rows] = locate_points(part.xy[rows], city.areas) >= 0 if len(city.areas) else True
        part.kept["inside"] = inside
    inside_: NDArray[np.bool_] = part.kept["inside"]
    return inside_


def _away(part: Part, city: City) -> NDArray[np.float64]:
    """Return the distance of each component from the box around the city, in metres; 0 where it cannot be told."""
    away = np.zeros(part.size)
    box = city.box
    rows = np.flatnonzero(~_inside(part, city) & part.placed)
    if box is not None and len(rows):
        x, y = part.xy[rows].T
        away[rows] = np.hypot(
            np.maximum(np.maximum(box[0] - x, x - box[2]), 0), np.maximum(np.maximum(box[1] - y, y - box[3]), 0)
        )
    return away


@check("component.far_away")
def far_away(part: Part, city: City, params: Params) -> Hits:
    """Find components farther than ``metres`` from the box around the city."""
    away = _away(part, city)
    return hits(away > params["metres"], metres=np.round(away))


@check("component.outside_county")
def outside_county(part: Part, city: City, params: Params) -> Hits:
    """Find components outside the city's areas, but not those that lie far away."""
    away = _away(part, city)
    return hits(part.placed & ~_inside(part, city) & (away <= params.get("metres", FAR_M)))


@check("component.outside_grid")
def outside_grid(part: Part, city: City, params: Params) -> Hits:
    """Find components in the city, but in no unit grid; nothing is said where there are no grids yet."""
    if not len(city.grids):
        return Hits(np.empty(0, dtype=np.int64))
    return hits(part.placed & _inside(part, city) & (_cells(part, city) < 0))


@check("component.grid_missing")
def grid_missing(part: Part, city: City, params: Params) -> Hits:
    """Find components that lie in a unit grid and state none."""
    cell = _cells(part, city)
    mask = (cell >= 0) & part.empty("grid_code")
    rows = np.flatnonzero(mask)
    return Hits(rows, {"grid": city.grid_codes[cell[rows]]})


@check("component.grid_differs")
def grid_differs(part: Part, city: City, params: Params) -> Hits:
    """Find components that state another unit grid than the one that holds them; on a shared edge both are right."""
    rows, cell = _wrong_grid(part, city)
    return Hits(rows, {"stated": part.columns["grid_code"][rows], "grid": city.grid_codes[cell]})


def _wrong_grid(part: Part, city: City) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    cell = _cells(part, city)
    stated = part.columns["grid_code"]
    rows = np.flatnonzero((cell >= 0) & ~part.empty("grid_code"))
    rows = rows[city.grid_codes[cell[rows]] != stated[rows]]
    number = {code: index for index, code in enumerate(city.grid_codes.tolist())}
    other = np.array([number.get(code, -1) for code in stated[rows].tolist()], dtype=np.int64)
    known = other >= 0
    on_edge = np.zeros(len(rows), dtype=bool)
    points = shapely.points(part.xy[rows][known])
    on_edge[known] = shapely.dwithin(city.grids[other[known]], points, _EDGE_M)
    return rows[~on_edge], cell[rows[~on_edge]]


@check("component.community_differs")
def community_differs(part: Part, city: City, params: Params) -> Hits:
    """Find components that state another community than that of their unit grid, or none.

    Where the stated grid is another one and of the stated community, the grid alone is told.
    """
    cell = _cells(part, city)
    rows = np.flatnonzero(cell >= 0)
    own = city.grid_communities[cell[rows]]
    stated = part.columns["community_code"][rows]
    rows, own = rows[own != stated], own[own != stated]
    home = dict(zip(city.grid_codes.tolist(), city.grid_communities.tolist()))
    grids, stated = part.columns["grid_code"][rows].tolist(), part.columns["community_code"][rows].tolist()
    follows = np.array([code is not None and home.get(grid) == code for grid, code in zip(grids, stated)], dtype=bool)
    blank = np.array([grid is None and code is None for grid, code in zip(grids, stated)], dtype=bool)
    told = ~(follows | blank)
    return Hits(rows[told], {"stated": part.columns["community_code"][rows[told]], "community": own[told]})


@check("component.grid_edge")
def grid_edge(part: Part, city: City, params: Params) -> Hits:
    """Find points nearer to the edge of their unit grid than the accuracy of their class."""
    cell = _cells(part, city)
    rows = np.flatnonzero((cell >= 0) & (part.table == "component_point"))
    codes, places = part.distinct("class_code")
    accuracy = np.array([metres_of(city.classes[code].accuracy) if code in city.classes else 0.0 for code in codes])
    points = shapely.points(part.xy[rows])
    away = shapely.distance(shapely.boundary(city.grids)[cell[rows]], points)
    near = away <= np.minimum(accuracy[places[rows]], 1.0)  # C is 10 m: half the city would be on an edge
    return Hits(rows[near], {"metres": np.round(away[near], 2), "grid": city.grid_codes[cell[rows[near]]]})

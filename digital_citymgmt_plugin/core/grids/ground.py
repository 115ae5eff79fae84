# SPDX-License-Identifier: GPL-2.0-or-later
"""What a draft of unit grids finds on the ground: barriers as lines and as areas, buildings, loads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from digital_citymgmt_plugin.core.grids.assemble import DraftOptions
from digital_citymgmt_plugin.core.grids.barriers import Regions, usable
from digital_citymgmt_plugin.core.grids.bodies import OUTLINED, Bodies, parted, split_areas
from digital_citymgmt_plugin.core.grids.carve import BODY
from digital_citymgmt_plugin.core.grids.faces import COST
from digital_citymgmt_plugin.core.grids.last import Last
from digital_citymgmt_plugin.core.grids.locate import locate_points, representative_points
from digital_citymgmt_plugin.core.grids.roundabouts import without_roundabouts

WINGS = 30.0  # m: parts of one building lie no farther apart than this
WEAKEST = len(COST) - 1  # ranks beyond are treated like this one
WALL = 4  # rank of walls and fences
LAND = 0.5  # of the load: where less lies beside wide barrier areas, these are no water
YARD = 500.0  # m²: what walls enclose is a compound from here on


def ranked(
    barriers: Any, ranks: NDArray[np.int64] | None, origin: NDArray[np.float64]
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.bool_]]:
    """Return the single parts of barriers in local coordinates, their ranks (3 where none are), which are areas."""
    shapes, rows = usable(barriers, origin)
    rank = np.full(len(shapes), 3) if ranks is None else np.asarray(ranks, dtype=np.int64)[rows]
    parts, owner = shapely.get_parts(shapes, return_index=True)
    parts, inner = shapely.get_parts(parts, return_index=True)
    rank = np.clip(rank[owner[inner]], 1, WEAKEST)
    return parts, rank, shapely.get_dimensions(parts) == 2


def barrier_lines(
    barriers: Any,
    ranks: NDArray[np.int64] | None,
    houses: NDArray[Any],
    origin: NDArray[np.float64],
    options: DraftOptions,
    regions: Regions,
    told: Callable[[float], None] | None = None,
) -> tuple[Bodies, NDArray[Any]]:
    """Return barriers as lines with ranks, and wide areas; narrow areas become lines of the communities they lie in.

    ``home`` of a line is the row of that community. Beside the bodies near the regions what no load is in, of all.
    """
    given = np.asarray(np.zeros(0, dtype=object) if barriers is None else barriers, dtype=object)
    level = np.full(len(given), 3) if ranks is None else np.asarray(ranks, dtype=np.int64)
    least = options.band[0] * options.target_area
    # Of walls and fences only those near the regions may be given, of all other areas the whole city's.
    area = (shapely.get_dimensions(given) == 2) & (level < OUTLINED)
    fields = (given[area], level[area], origin, options.wide, least)
    *low, broad = _ranked.get(fields, lambda: _low_areas(given[area], level[area], origin, options))
    parts, rank, flat = (np.concatenate(columns) for columns in zip(low, ranked(given[~area], level[~area], origin)))
    line = shapely.get_dimensions(parts) == 1
    lines = parts[line]
    rows, member = np.unique(regions.area_index, return_inverse=True)
    order = np.argsort(member, kind="stable")
    around = shapely.multipolygons(regions.polygons[order], indices=member[order])
    bodies = split_areas(parts[flat], rank[flat], lines, houses, options.wide, least, around, told)
    home = np.where(bodies.home < 0, -1, rows[np.maximum(bodies.home, 0)])
    lines, drawn = without_roundabouts(lines, rank[line], houses)
    return Bodies(
        bodies.wide, np.concatenate([lines, bodies.lines]), np.concatenate([drawn, bodies.ranks]), bodies.notes,
        np.concatenate([np.full(len(lines), -1), home]).astype(np.int64),
    ), broad  # fmt: skip


def _low_areas(
    areas: NDArray[Any], ranks: NDArray[np.int64], origin: NDArray[np.float64], options: DraftOptions
) -> tuple[Any, ...]:
    parts, rank, flat = ranked(areas, ranks, origin)
    return parts, rank, flat, broad_areas(parts, rank, options)


def broad_areas(areas: NDArray[Any], ranks: NDArray[np.int64], options: DraftOptions) -> NDArray[Any]:
    """Return the wide parts of barriers given as areas, each area by itself: rivers and lakes, which hold no load.

    Cheaper than the bodies that cells are made of, which are areas joined: it is asked of the whole city for every
    preview. Depends on nothing but the areas, so that a preview aims at the load that the draft of the city aims at.
    """
    least = options.band[0] * options.target_area
    large = shapely.make_valid(areas[(ranks < OUTLINED) & (shapely.area(areas) >= least)])
    cores = [part for one in large for part in parted(one, options.wide, least)[0]]
    return np.array([*shapely.get_parts(shapely.union_all(cores))], dtype=object)


def walled(bodies: Bodies, regions: Regions) -> NDArray[Any]:
    """Return the polygons that closed walls enclose: compounds, though nobody calls them so.

    Those that lie beside all regions are left out: a preview of one community is given the walls of the whole city.
    """
    lines: NDArray[Any] = bodies.lines[bodies.ranks == WALL]
    west, south, east, north = shapely.bounds(lines).T
    left, lower, right, upper = shapely.total_bounds(regions.polygons)
    lines = lines[(west <= right) & (east >= left) & (south <= upper) & (north >= lower)]
    closed: NDArray[Any] = lines[
        (shapely.get_type_id(lines) == 1) & shapely.is_closed(lines) & (shapely.get_num_points(lines) > 3)
    ]
    if not len(closed):
        return closed
    xy, ring = shapely.get_coordinates(closed, return_index=True)
    parts = shapely.get_parts(
        shapely.get_parts(shapely.make_valid(shapely.polygons(shapely.linearrings(xy, indices=ring))))
    )
    kept: NDArray[Any] = parts[(shapely.get_dimensions(parts) == 2) & (shapely.area(parts) >= YARD)]
    return kept


def buildings_of(buildings: Any, origin: NDArray[np.float64], regions: Regions) -> NDArray[Any]:
    """Return the buildings larger than 1 m² that lie in a region at least in part.

    What is drawn as one object in several places is several buildings: no cell could hold them all.
    """
    houses, _ = usable(buildings, origin)
    houses = _near_parts(shapely.make_valid(houses))
    houses = houses[(shapely.get_dimensions(houses) == 2) & (shapely.area(houses) > 1.0)]
    touched = np.unique(shapely.STRtree(regions.polygons).query(houses, predicate="intersects")[0])
    kept: NDArray[Any] = houses[touched]
    return kept


def _near_parts(houses: NDArray[Any]) -> NDArray[Any]:
    """Take buildings apart whose parts lie farther from each other than ``WINGS``."""
    many = shapely.get_num_geometries(houses) > 1
    found = [houses[~many]]
    for house in houses[many]:
        parts = shapely.get_parts(house)
        near = shapely.STRtree(parts).query(parts, predicate="dwithin", distance=WINGS)
        links = coo_matrix((np.ones(near.shape[1]), tuple(near)), shape=(len(parts), len(parts)))
        label = connected_components(links, directed=False)[1]
        found.append(shapely.multipolygons(parts[np.argsort(label, kind="stable")], indices=np.sort(label)))
    return np.concatenate(found)


def loads_of(
    components: Any, loads: NDArray[np.float64] | None, origin: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the places of components that count, and what each counts (1 without ``loads``).

    ``components`` are geometries, or places as (n, 2) in metres; ``origin`` is taken off. Without a place, or with a
    load that is no positive number, a component does not count.
    """
    geoms = np.asarray(np.zeros(0, dtype=object) if components is None else components)
    place = (geoms if geoms.ndim == 2 else representative_points(geoms.astype(object))) - origin
    weight = np.ones(len(geoms)) if loads is None else np.asarray(loads, dtype=np.float64)
    known = np.isfinite(place).all(axis=1) & np.isfinite(weight) & (weight > 0)
    return place[known], weight[known]


def cell_loads(place: NDArray[np.float64], weight: NDArray[np.float64], cells: NDArray[Any]) -> NDArray[np.float64]:
    """Return the load of each cell: the sum of the weights (any unit) of the places (n, 2), in metres as the cells."""
    held = locate_points(place, cells) if len(place) else np.zeros(0, dtype=np.int64)
    return np.bincount(held[held >= 0], weights=weight[held >= 0], minlength=len(cells)).astype(np.float64)


def density_on(
    polygons: NDArray[Any], wide: NDArray[Any], place: NDArray[np.float64], weight: NDArray[np.float64]
) -> float:
    """Return the load of a square metre on the mean of all areas without wide barrier areas and what is in them."""
    if not len(place):
        return 0.0
    return _last.get((polygons, wide, place, weight), lambda: _density(polygons, wide, place, weight))


_last: Last[float] = Last()
_ranked: Last[tuple[Any, ...]] = Last()


def _density(
    polygons: NDArray[Any], wide: NDArray[Any], place: NDArray[np.float64], weight: NDArray[np.float64]
) -> float:
    land = float(shapely.area(polygons).sum())
    held = locate_points(place, polygons) >= 0
    dry = held & (locate_points(place, wide) < 0) if len(wide) else held
    if weight[dry].sum() < LAND * weight[held].sum():  # a town on such an area: no water
        wide, dry = wide[:0], held
    if len(wide):
        area, body = shapely.STRtree(wide).query(polygons, predicate="intersects")
        land -= float(shapely.area(shapely.intersection(polygons[area], wide[body])).sum())
    return float(weight[dry].sum() / land) if land > 1.0 else 0.0


def mean_density(
    areas: Any,
    components: Any,
    loads: NDArray[np.float64] | None,
    barriers: Any,
    ranks: NDArray[np.int64] | None,
    options: DraftOptions,
) -> float:
    """Return the load of a square metre that a draft of these areas aims at, without drafting them.

    Parameters
    ----------
    areas, components, loads, barriers, ranks
        As for ``core.grids.draft.draft_grids``.
    """
    raw = np.asarray(areas, dtype=object)
    bounds = shapely.total_bounds(raw) if len(raw) else np.zeros(4)
    if not np.isfinite(bounds).all():
        return 0.0
    origin = np.floor(bounds[:2])
    shapes, _ = usable(raw, origin)
    shapes = shapely.make_valid(shapes[shapely.get_dimensions(shapes) == 2])
    parts, rank, flat = ranked(barriers, ranks, origin)
    return density_on(shapes, broad_areas(parts[flat], rank[flat], options), *loads_of(components, loads, origin))


def is_body(regions: Regions) -> NDArray[np.bool_]:
    """Tell which regions are wide barrier areas."""
    none = np.zeros(len(regions.polygons), dtype=bool)
    return none if regions.kind is None else np.asarray(regions.kind == BODY)

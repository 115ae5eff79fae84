# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of unit grids against the base map: buildings and compounds cut, boundaries that follow nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.audit.model import GridSet, Params, grid_check, parts_of_area, polygonal
from digital_citymgmt_plugin.core.grids.checks import GridIssue

STEP = 4.0  # m: boundaries are looked at in pieces of at most this length


def _cuts(rule: str, grids: GridSet, areas: NDArray[Any] | None, params: Params) -> list[GridIssue]:
    """Find areas of which more than ``square_metres`` and ``share`` lie in a grid that is not their main one.

    Told of the grid that has the lesser part, which is the place.
    """
    if areas is None or not len(areas) or not len(grids.fixed):
        return []
    houses = polygonal(np.asarray(areas, dtype=object))
    house, cell = shapely.STRtree(grids.fixed).query(houses, predicate="intersects")
    many = np.bincount(house, minlength=len(houses))[house] > 1
    house, cell = house[many], cell[many]
    shared = shapely.intersection(houses[house], grids.fixed[cell])
    part = shapely.area(shared)
    order = np.lexsort((cell, -part, house))
    house, cell, part, shared = house[order], cell[order], part[order], shared[order]
    main = np.concatenate([[True], house[1:] != house[:-1]]) if len(house) else np.zeros(0, dtype=bool)
    whole = shapely.area(houses[house])
    least = np.maximum(params["square_metres"], params["share"] * whole)
    # Where grids overlap, a building may lie in two and yet in one of them wholly.
    beyond = (whole - part)[np.maximum.accumulate(np.where(main, np.arange(len(main)), 0))] > least
    cut = np.flatnonzero(~main & beyond & (part > least))
    if not len(cut):
        return []
    places = shapely.point_on_surface(shared[cut])
    return [
        GridIssue(
            rule, int(grids.rows[cell[i]]), int(house[i]),
            {"area": round(float(part[i]), 2), "percent": round(100 * float(part[i] / whole[i]), 1),
             "x": round(float(place.x), 2), "y": round(float(place.y), 2)},
            shared[i],
        )
        for i, place in zip(cut.tolist(), places)
    ]  # fmt: skip


@grid_check("grid.building_cut")
def building_cut(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find buildings that a boundary cuts."""
    return _cuts("grid.building_cut", grids, grids.buildings, params)


@grid_check("grid.compound_cut")
def compound_cut(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find compounds (walled or named areas) that a boundary cuts."""
    return _cuts("grid.compound_cut", grids, grids.compounds, params)


def segments_of(geoms: NDArray[Any]) -> NDArray[Any]:
    """Return the straight pieces that lines and outlines consist of: small boxes make a tree of them quick."""
    lines = shapely.get_parts(geoms)
    areas = shapely.get_dimensions(lines) == 2
    rings = shapely.get_rings(lines[areas])
    parts = shapely.get_parts(np.concatenate([lines[~areas], rings]))
    xy, owner = shapely.get_coordinates(parts, return_index=True)
    same = np.flatnonzero(owner[1:] == owner[:-1]) if len(owner) else np.empty(0, dtype=np.int64)
    return np.asarray(shapely.linestrings(np.stack([xy[same], xy[same + 1]], axis=1)), dtype=object)


def off_pieces(grids: GridSet, metres: float) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return the ends of short pieces of all boundaries, the grid of each, and whether it lies off every feature.

    The edges of communities (without any: the outer edge of all grids) count as features.
    """
    own = shapely.segmentize(shapely.boundary(grids.fixed), STEP)
    lines, owner = shapely.get_parts(own, return_index=True)
    xy, line = shapely.get_coordinates(lines, return_index=True)
    start = np.flatnonzero(line[1:] == line[:-1])
    ends = np.stack([xy[start], xy[start + 1]], axis=1)
    owner = owner[line[start]]
    given = grids.features if grids.features is not None else np.empty(0, dtype=object)
    edges = grids.homes if len(grids.homes) else np.array([shapely.union_all(grids.fixed)], dtype=object)
    tree = shapely.STRtree(segments_of(np.concatenate([np.asarray(given, dtype=object), edges])))
    middle = shapely.points(ends.mean(axis=1))
    near = tree.query(middle, predicate="dwithin", distance=metres)[0]
    off = np.ones(len(ends), dtype=bool)
    off[near] = False
    return ends, owner.astype(np.int64), off


@grid_check("grid.off_feature")
def off_feature(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find grids of whose boundary more than ``share`` lies farther than ``metres`` from every road, wall, water …

    Told are the stretches that follow nothing. Without data of features nothing is told.
    """
    if grids.features is None or not len(grids.features) or not len(grids.fixed):
        return []
    pieces, owner, off = off_pieces(grids, float(params["metres"]))
    length = np.hypot(*(pieces[:, 0] - pieces[:, 1]).T)
    whole = np.bincount(owner, weights=length, minlength=len(grids.rows))
    lost = np.bincount(owner[off], weights=length[off], minlength=len(grids.rows))
    share = lost / np.maximum(whole, 1e-9)
    wrong = np.flatnonzero(share > params["share"])
    rows = np.flatnonzero(off)
    starts = np.searchsorted(owner[rows], np.arange(len(grids.rows) + 1))  # pieces come grid by grid
    found = []
    for i in wrong.tolist():
        lines = shapely.linestrings(pieces[rows[starts[i] : starts[i + 1]]])
        stretch = shapely.line_merge(shapely.multilinestrings(lines))
        values = {"metres": round(float(lost[i])), "percent": round(100 * float(share[i]), 1)}
        found.append(GridIssue("grid.off_feature", int(grids.rows[i]), -1, values, shapely.simplify(stretch, 0.001)))
    return found


def load_of(cells: NDArray[Any], at: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the load of each grid: the sum of the weights of what lies in it (``at`` −1: in none)."""
    inside = at >= 0
    return np.bincount(at[inside], weights=weights[inside], minlength=len(cells)).astype(np.float64)


def area_features(areas: NDArray[Any]) -> NDArray[Any]:
    """Return the outlines of areas that a boundary may follow: water, roads, squares."""
    parts, _owner = parts_of_area(polygonal(areas))
    return np.asarray(shapely.boundary(parts), dtype=object)

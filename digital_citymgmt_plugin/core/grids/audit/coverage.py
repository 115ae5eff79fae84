# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of unit grids as a whole: gaps, overlaps, communities."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.audit.model import (
    GridSet,
    Params,
    grid_check,
    joined,
    parts_of_area,
    wide_and_big,
)
from digital_citymgmt_plugin.core.grids.checks import GridIssue

Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any]]


def overlaps_of(fixed: NDArray[Any]) -> Pairs:
    """Return the pairs (lower row first) of areas that have ground in common, and that ground."""
    left, right = shapely.STRtree(fixed).query(fixed, predicate="intersects")
    left, right = left[left < right], right[left < right]
    # Neighbours that only touch are most of the pairs; finding out costs less than cutting.
    shapely.prepare(fixed)
    real = ~shapely.touches(fixed[left], fixed[right])
    left, right = left[real].astype(np.int64), right[real].astype(np.int64)
    common = shapely.intersection(fixed[left], fixed[right])
    real = shapely.area(common) > 0
    return left[real], right[real], common[real]


def gaps_of(fixed: NDArray[Any], homes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the ground that no area covers, piece by piece, and the community of each (−1: a hole among all areas).

    Without communities only what the areas enclose can be known to be missing.
    """
    known = np.flatnonzero(~(shapely.is_missing(homes) | shapely.is_empty(homes))) if len(homes) else np.empty(0, int)
    if not len(known):
        union = shapely.union_all(fixed)
        rings = shapely.get_rings(shapely.get_parts(shapely.get_parts(union)))
        whole = shapely.union_all(shapely.polygons(rings)) if len(rings) else union
        pieces, owner = parts_of_area(np.array([shapely.difference(whole, union)], dtype=object))
        return pieces, owner - 1
    home, cell = shapely.STRtree(fixed).query(homes[known], predicate="intersects")
    cover = np.array([shapely.Polygon()] * len(known), dtype=object)
    order = np.argsort(home, kind="stable")
    starts = np.searchsorted(home[order], np.arange(len(known) + 1))
    for i in range(len(known)):
        cover[i] = shapely.union_all(fixed[cell[order[starts[i] : starts[i + 1]]]])
    pieces, owner = parts_of_area(shapely.difference(homes[known], cover))
    return pieces, known[owner].astype(np.int64)


def _pairs(grids: GridSet) -> Pairs:
    if "pairs" not in grids.kept:
        grids.kept["pairs"] = overlaps_of(grids.fixed)
    found: Pairs = grids.kept["pairs"]
    return found


def _overlaps(grids: GridSet, params: Params, same: bool) -> list[GridIssue]:
    left, right, common = _pairs(grids)
    size = shapely.area(common)
    whole = np.maximum(grids.area[left], grids.area[right]) - size <= 0.001 * size  # a thousandth is no second grid
    told = wide_and_big(common, params["metres"], params["square_metres"]) & (whole == same)
    rule = "grid.duplicate" if same else "grid.overlap"
    rows = np.flatnonzero(told)
    pieces, owner = parts_of_area(common[rows])
    order = np.lexsort((right[rows], left[rows]))
    return [
        GridIssue(rule, int(grids.rows[left[i]]), int(grids.rows[right[i]]), {"area": round(float(size[i]), 3)},
                  joined(pieces[owner == at]))
        for at, i in ((at, rows[at]) for at in order.tolist())
    ]  # fmt: skip


@grid_check("grid.overlap")
def overlap(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find pairs of grids with ground in common, which is the place told."""
    return _overlaps(grids, params, False)


@grid_check("grid.duplicate")
def duplicate(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find pairs of grids that are one area."""
    return _overlaps(grids, params, True)


@grid_check("grid.gap")
def gap(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find ground of communities that no grid covers; without communities what grids enclose."""
    pieces, owner = gaps_of(grids.fixed, grids.homes)
    told = np.flatnonzero(wide_and_big(pieces, params["metres"], params["square_metres"]))
    return [
        GridIssue("grid.gap", -1, int(owner[i]), {"area": round(float(shapely.area(pieces[i])), 3)}, pieces[i])
        for i in told.tolist()
    ]


@grid_check("grid.outside")
def outside(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find grids that lie in no community at all."""
    if not len(grids.homes):
        return []
    best, _share = grids.found_home
    rows = np.flatnonzero(best < 0)
    return [GridIssue("grid.outside", int(grids.rows[i]), geometry=grids.fixed[i]) for i in rows.tolist()]


@grid_check("grid.crossing")
def crossing(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find grids of which more than ``square_metres`` lie across the edge of their community; told is that piece."""
    if not len(grids.homes):
        return []
    best, share = grids.found_home
    rows = np.flatnonzero((best >= 0) & (grids.area * (1 - share) > params["square_metres"]))
    beyond = shapely.difference(grids.fixed[rows], grids.homes[best[rows]])
    found = []
    for at, i in enumerate(rows.tolist()):
        pieces, _owner = parts_of_area(beyond[at : at + 1])
        pieces = pieces[wide_and_big(pieces, params["metres"], 0.0)]
        area = float(shapely.area(pieces).sum())
        if area > params["square_metres"]:
            values = {"area": round(area, 2), "share": round(area / float(grids.area[i]), 4)}
            found.append(GridIssue("grid.crossing", int(grids.rows[i]), int(best[i]), values, joined(pieces)))
    return found


@grid_check("grid.wrong_community")
def wrong_community(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find grids that lie for the most part in another community than they state."""
    if not len(grids.homes):
        return []
    best, _share = grids.found_home
    stated = grids.stated_home
    rows = np.flatnonzero((best >= 0) & (stated >= 0) & (stated != best))
    codes = grids.community_codes
    return [
        GridIssue("grid.wrong_community", int(grids.rows[i]), int(best[i]),
                  {"stated": codes[stated[i]], "community": codes[best[i]]}, grids.fixed[i])
        for i in rows.tolist()
    ]  # fmt: skip


@grid_check("grid.community_unknown")
def community_unknown(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find grids that state a community which is not there."""
    if not len(grids.homes) or len(grids.stated) != len(grids.cells):
        return []
    rows = np.flatnonzero(grids.stated_home < 0)
    rows = rows[[grids.stated[grids.rows[i]] is not None for i in rows.tolist()]] if len(rows) else rows
    return [
        GridIssue("grid.community_unknown", int(grids.rows[i]), -1, {"community": grids.stated[grids.rows[i]]},
                  grids.fixed[i])
        for i in rows.tolist()
    ]  # fmt: skip

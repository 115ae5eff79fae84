# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of a unit grid by itself: geometry, size, load, compactness."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.audit.model import GridSet, Params, grid_check, joined
from digital_citymgmt_plugin.core.grids.checks import GridIssue


@grid_check("grid.empty")
def empty(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find grids without an area: no geometry, no polygon, coordinates that are no numbers."""
    return [GridIssue("grid.empty", int(i)) for i in np.setdiff1d(np.arange(len(grids.cells)), grids.rows)]


@grid_check("grid.invalid")
def invalid(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find grids whose rings cross or touch themselves; the place is that of the crossing."""
    rows = grids.rows[~shapely.is_valid(grids.flat[grids.rows])]
    found = []
    for row, reason in zip(rows.tolist(), shapely.is_valid_reason(grids.flat[rows])):
        words, _, place = str(reason).partition("[")
        try:
            x, y = (float(value) for value in place.rstrip("]").split()[:2])
            spot: Any = shapely.Point(x, y)
        except ValueError:
            spot = None
        found.append(GridIssue("grid.invalid", row, params={"reason": words.strip()}, geometry=spot))
    return found


@grid_check("grid.multipart")
def multipart(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find grids of several parts; told are all parts but the largest."""
    pieces, owner = shapely.get_parts(grids.flat[grids.rows], return_index=True)
    counts = np.bincount(owner, minlength=len(grids.rows))
    area = shapely.area(pieces)
    found = []
    for i in np.flatnonzero(counts > 1).tolist():
        mine = np.flatnonzero(owner == i)
        lesser = np.delete(mine, int(np.argmax(area[mine])))
        values = {"parts": int(counts[i]), "area": round(float(area[lesser].sum()), 2)}
        place = shapely.MultiPolygon(pieces[lesser].tolist()) if len(lesser) > 1 else pieces[lesser[0]]
        found.append(GridIssue("grid.multipart", int(grids.rows[i]), params=values, geometry=place))
    return found


@grid_check("grid.hole")
def hole(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find holes in grids, but for those around ground that is not of the grid's community (an enclave)."""
    pieces, owner = shapely.get_parts(grids.fixed, return_index=True)
    count = shapely.get_num_interior_rings(pieces)
    found = []
    for at in np.flatnonzero(count > 0).tolist():
        row = int(owner[at])
        holes = shapely.polygons([shapely.get_interior_ring(pieces[at], ring) for ring in range(count[at])])
        told = shapely.area(holes) > params["square_metres"]
        home = int(grids.home[row]) if len(grids.homes) else -1
        if home >= 0:
            own = shapely.area(shapely.intersection(holes, grids.homes[home]))
            told &= own > np.maximum(params["square_metres"], 0.001 * shapely.area(holes))
        if told.any():
            size = round(float(shapely.area(holes[told]).sum()), 2)
            values = {"holes": int(told.sum()), "area": size}
            found.append(GridIssue("grid.hole", int(grids.rows[row]), params=values, geometry=joined(holes[told])))
    return found


@grid_check("grid.sliver")
def sliver(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find grids that are nowhere ``metres`` wide."""
    width = float(params["metres"])
    # Cheap first: an area wider than that on average cannot be thin all over.
    maybe = np.flatnonzero(2 * grids.area < 4 * width * np.maximum(shapely.length(grids.fixed), 1e-9))
    thin = maybe[shapely.is_empty(shapely.buffer(grids.fixed[maybe], -width / 2, quad_segs=2))]
    return [
        GridIssue("grid.sliver", int(grids.rows[i]), -1, {"area": round(float(grids.area[i]), 2), "width": width},
                  grids.fixed[i])
        for i in thin.tolist()
    ]  # fmt: skip


def _band(grids: GridSet, params: Params, upper: bool) -> list[GridIssue]:
    target = float(params["target_square_metres"])
    if not target:
        target = float(np.median(grids.area[grids.land])) if grids.land.any() else 0.0
    limit = round(float(params["share"]) * target, 1)
    wrong = (grids.area > limit if upper else grids.area < limit) & grids.land
    rule, name = ("grid.above_band", "high") if upper else ("grid.below_band", "low")
    return [
        GridIssue(rule, int(grids.rows[i]), -1, {"area": round(float(grids.area[i]), 1), name: limit}, grids.fixed[i])
        for i in np.flatnonzero(wrong).tolist()
    ]


@grid_check("grid.below_band")
def below_band(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find grids smaller than ``share`` of the target; a target of 0 is the median of the grids looked at."""
    return _band(grids, params, False)


@grid_check("grid.above_band")
def above_band(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find grids larger than ``share`` × the target; a target of 0 is the median of the grids looked at."""
    return _band(grids, params, True)


def _load(grids: GridSet, params: Params, upper: bool) -> list[GridIssue]:
    if grids.load is None or not grids.land.any():
        return []
    load: NDArray[np.float64] = grids.load[grids.rows]
    target = float(params["target_load"]) or float(load[grids.land].mean())
    limit = round(float(params["share"]) * target, 2)
    wrong = (load > limit if upper else load < limit) & grids.land
    rule, name = ("grid.load_high", "high") if upper else ("grid.load_low", "low")
    return [
        GridIssue(rule, int(grids.rows[i]), -1, {"load": round(float(load[i]), 2), name: limit}, grids.fixed[i])
        for i in np.flatnonzero(wrong).tolist()
    ]


@grid_check("grid.load_low")
def load_low(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find grids with fewer components than ``share`` of the target; a target of 0 is the mean of all grids."""
    return _load(grids, params, False)


@grid_check("grid.load_high")
def load_high(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find grids with more components than ``share`` × the target; a target of 0 is the mean of all grids."""
    return _load(grids, params, True)


@grid_check("grid.shape")
def shape(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find grids whose Polsby–Popper number (4π × area / outline²; a circle has 1) is below ``least``."""
    outline = shapely.length(shapely.boundary(grids.fixed))
    score = 4 * np.pi * grids.area / np.maximum(outline**2, 1e-9)
    return [
        GridIssue("grid.shape", int(grids.rows[i]), -1, {"score": round(float(score[i]), 3), "least": params["least"]},
                  grids.fixed[i])
        for i in np.flatnonzero(score < params["least"]).tolist()
    ]  # fmt: skip

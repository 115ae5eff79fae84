# SPDX-License-Identifier: GPL-2.0-or-later
"""What a draft has to say: cells out of band, buildings cut, areas that gave it nothing to follow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.assemble import DraftOptions
from digital_citymgmt_plugin.core.grids.barriers import DraftNote, Regions
from digital_citymgmt_plugin.core.grids.carve import BODY, ISLAND
from digital_citymgmt_plugin.core.grids.checks import cut_pairs
from digital_citymgmt_plugin.core.grids.ground import is_body
from digital_citymgmt_plugin.core.grids.region import RegionTask

_OUT_OF_BAND = (
    "draft.above_band", "draft.above_load", "draft.below_band", "draft.below_load", "draft.small_area", "draft.island",
    "draft.barrier_area",
)  # in the order they are told  # fmt: skip


def band_reasons(
    ratio: NDArray[np.float64], owner: NDArray[np.int64], regions: Regions, options: DraftOptions
) -> NDArray[Any]:
    """Tell of each cell whether its area or load is as wanted (``Draft.reason``); ``owner`` is its region.

    ``ratio`` is what the band is laid on (``core.grids.weights.band_ratio``).
    """
    low, high = options.band
    small = shapely.area(regions.polygons)[owner] < low * options.target_area
    if options.target_load:
        small = (np.bincount(owner)[owner] == 1) & (ratio < low)
    kind = np.zeros(len(regions.polygons)) if regions.kind is None else regions.kind
    island = small & (kind[owner] == ISLAND)
    choice = [regions.locked[owner], kind[owner] == BODY, island, small, ratio < low, ratio > high]
    names = ["draft.locked", "draft.barrier_area", "draft.island", "draft.small_area"]
    out = ["draft.below_load", "draft.above_load"] if options.target_load else ["draft.below_band", "draft.above_band"]
    return np.select(choice, [*names, *out], "draft.in_band").astype(object)


def band_notes(
    cells: NDArray[Any], load: NDArray[np.float64], owner: NDArray[np.int64], reason: NDArray[Any], regions: Regions
) -> list[DraftNote]:
    """List the cells out of band and areas that are nothing but water; locked ones are as their owner wants them."""
    area = regions.area_index[owner]
    found = [
        DraftNote(
            code, int(area[i]), cells[i], {"area": round(float(cells[i].area), 1), "load": round(float(load[i]), 1)}
        )
        for code in _OUT_OF_BAND
        for i in np.flatnonzero(reason == code).tolist()
    ]
    for index in np.setdiff1d(area, area[reason != "draft.barrier_area"]).tolist():
        whole = shapely.union_all(cells[area == index])
        found.append(DraftNote("draft.all_water", index, whole, {"area": round(float(whole.area), 1)}))
    return found


def cut_notes(
    cells: NDArray[Any], owner: NDArray[np.int64], buildings: NDArray[Any], regions: Regions
) -> list[DraftNote]:
    """List the buildings that lie in two cells: the edge of an area or of a locked cell cuts them."""
    rows = np.unique(cut_pairs(buildings, cells)[0])
    house, cell = shapely.STRtree(cells).query(buildings[rows], predicate="intersects")
    order = np.lexsort((cell, house))
    house, cell = house[order], cell[order]
    notes = []
    for at, row in enumerate(rows.tolist()):
        mine = owner[cell[house == at]]
        locked = regions.locked[mine].any() and len(np.unique(regions.area_index[mine])) == 1
        code = "draft.building_cut_by_lock" if locked else "draft.building_cut"
        values = {"area": round(float(buildings[row].area), 1)}
        notes.append(DraftNote(code, int(regions.area_index[mine[0]]), buildings[row], values))
    return notes


def unguided(tasks: Sequence[RegionTask], regions: Regions, options: DraftOptions) -> list[DraftNote]:
    """Say how many areas larger than a cell have no barrier, or nothing at all that a boundary could follow."""
    large = shapely.area(regions.polygons) > options.band[1] * options.target_area
    large &= ~(regions.locked | is_body(regions))
    plain = np.array([len(task.lines) == 0 for task in tasks], dtype=bool)
    built = np.array([len(task.buildings) > 0 for task in tasks], dtype=bool)
    total = len(np.unique(regions.area_index))
    notes = []
    for code, rows in (("draft.no_barriers", large & plain & built), ("draft.no_features", large & plain & ~built)):
        if rows.any():
            values = {"count": len(np.unique(regions.area_index[rows])), "of": total}
            place = shapely.union_all(regions.polygons[rows])
            notes.append(DraftNote(code, int(regions.area_index[rows][0]), place, values))
    return notes

# SPDX-License-Identifier: GPL-2.0-or-later
"""Draft unit grids: faces between barriers inside each community, small ones merged, large ones parted along gaps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.assemble import DraftOptions, Job, put_together
from digital_citymgmt_plugin.core.grids.barriers import (
    Barriers,
    DraftNote,
    Regions,
    fit_barriers,
    make_regions,
    usable,
    wkb_order,
)
from digital_citymgmt_plugin.core.grids.checks import cut_pairs
from digital_citymgmt_plugin.core.grids.faces import (
    blocks_of,
    node,
    polygonize,
    ridges,
    segments_of,
)
from digital_citymgmt_plugin.core.grids.locate import locate_points, representative_points
from digital_citymgmt_plugin.core.grids.merge import bind
from digital_citymgmt_plugin.core.grids.straighten import barrier_shares, straight_cells
from digital_citymgmt_plugin.core.ports import Cancel, Progress

WEAKEST = 5  # ranks beyond are treated like this one


@dataclass(frozen=True)
class Draft:
    """Draft cells by columns, ordered by input area and shape, and places to look at.

    ``area_index`` is the row of ``areas``; ``barrier_share`` the share of the boundary on barriers; ``reason`` why the
    cell is as it is (``draft.in_band``, ``draft.below_band``, ``draft.above_band``, ``draft.small_area``: the whole
    community or part is smaller than the band, ``draft.locked``: taken over as given).
    """

    cells: NDArray[Any]
    area_index: NDArray[np.int64]
    area_m2: NDArray[np.float64]
    load: NDArray[np.float64]
    barrier_share: NDArray[np.float64]
    reason: NDArray[Any]
    notes: list[DraftNote] = field(default_factory=list)


def draft_grids(
    areas: NDArray[Any],
    barriers: NDArray[Any] | None = None,
    ranks: NDArray[np.int64] | None = None,
    *,
    buildings: NDArray[Any] | None = None,
    compounds: NDArray[Any] | None = None,
    components: NDArray[Any] | None = None,
    loads: NDArray[np.float64] | None = None,
    locked: NDArray[Any] | None = None,
    options: DraftOptions | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Draft:
    """Draft unit grids inside communities.

    Cells tile each community without gap or overlap, never leave it, follow barriers where there are any and else run
    between buildings. The same input in any order of rows gives the same cells for a given ``seed``. Communities do
    not influence each other, but for the mean load that all aim at and corners where cells meet on a common edge.

    Parameters
    ----------
    areas : array of polygons or multipolygons
        Communities, metric CRS. Invalid ones are repaired, overlaps go to one of them; both are noted.
    barriers : array of lines or polygons, optional
        Streets, railways, water, walls; polygons count by their outlines. They may reach beyond the areas.
    ranks : array of int, optional
        Strength of each barrier, 1 strongest (railway, river, main road) … 5 weakest (lane); missing: all 3.
    buildings, compounds : arrays of polygons, optional
        No cell boundary cuts a building unless the edge of a community does (noted). Compounds are barriers of rank 4.
    components, loads : arrays, optional
        What the work of a cell is counted by: each object counts ``loads`` (default 1) at one point.
    locked : array of polygons, optional
        Cells to be taken over as they are, as far as they lie in an area.

    Raises
    ------
    InputRefused
        ``draft.no_areas``, ``draft.bad_option``.
    Cancelled
        When the user stops.

    Notes
    -----
    Dual carriageways are not collapsed, and open water is no class of its own: strips between lanes join a neighbour.
    """
    options = options or DraftOptions()
    _check_options(options)
    job = Job(options, progress, cancel)
    raw = np.asarray(areas, dtype=object)
    bounds = shapely.total_bounds(raw) if len(raw) else np.full(4, np.nan)
    if not np.isfinite(bounds).all():
        raise InputRefused("draft.no_areas")
    origin = np.floor(bounds[:2])
    shapes, rows = usable(raw, origin)
    flat = shapely.get_dimensions(shapes) == 2
    shapes, rows = shapes[flat], rows[flat]
    if not len(shapes):
        raise InputRefused("draft.no_areas")
    locks, _ = usable(locked, origin)
    regions, notes = make_regions(shapes, rows, locks, options.snap, seed)
    job.say(0.03, "draft.noding")
    fitted = _barriers(barriers, ranks, compounds, origin, regions, options)
    houses = _buildings(buildings, origin, regions)
    atoms, region = _atoms(regions, fitted, houses, job)
    segments = segments_of(atoms, fitted, options.snap)
    unit = bind(atoms, region, regions.locked, segments, houses, options.target_area)
    place, weight = _loads(components, loads, origin)
    held = locate_points(place, atoms) if len(place) else np.zeros(0, dtype=np.int64)
    atom_load = np.bincount(held[held >= 0], weights=weight[held >= 0], minlength=len(atoms)).astype(np.float64)
    job.say(0.3, "draft.merging")
    cell = put_together(atoms, region, unit, atom_load, segments, regions, job)
    job.say(0.9, "draft.straightening")
    polygons = straight_cells(atoms, cell, region, segments, houses)
    owner = np.zeros(len(polygons), dtype=np.int64)
    owner[cell] = region
    load = _cell_loads(place, weight, polygons)
    reason = _reasons(polygons, owner, regions, options)
    notes += _band_notes(polygons, owner, reason, regions) + _cut_notes(polygons, owner, houses, regions)
    order = np.lexsort((np.argsort(wkb_order(polygons)), regions.area_index[owner]))
    job.say(1.0)
    return Draft(
        cells=_moved(polygons[order], origin),
        area_index=regions.area_index[owner][order],
        area_m2=shapely.area(polygons)[order],
        load=load[order],
        barrier_share=barrier_shares(cell, segments, len(polygons))[order],
        reason=reason[order],
        notes=[DraftNote(n.code, n.area_index, _moved(n.geometry, origin), n.values) for n in notes],
    )


def _check_options(options: DraftOptions) -> None:
    low, high = options.band
    if not (options.target_area >= 100.0 and np.isfinite(options.target_area)):
        raise InputRefused("draft.bad_option", option="target_area", value=options.target_area)
    if not 0 < low < 1 < high:
        raise InputRefused("draft.bad_option", option="band", value=list(options.band))
    if not 1e-4 <= options.snap <= 0.1:
        raise InputRefused("draft.bad_option", option="snap", value=options.snap)


def _moved(geometry: Any, origin: NDArray[np.float64]) -> Any:
    return shapely.transform(geometry, lambda xy: xy + origin)


def _barriers(
    barriers: NDArray[Any] | None,
    ranks: NDArray[np.int64] | None,
    compounds: NDArray[Any] | None,
    origin: NDArray[np.float64],
    regions: Regions,
    options: DraftOptions,
) -> Barriers:
    lines, rows = usable(barriers, origin)
    rank = np.full(len(lines), 3) if ranks is None else np.asarray(ranks, dtype=np.int64)[rows]
    walls, _ = usable(compounds, origin)
    geoms = np.concatenate([lines, walls])
    rank = np.clip(np.concatenate([rank, np.full(len(walls), 4)]), 1, WEAKEST)
    return fit_barriers(geoms, rank, regions, options.yield_to)


def _buildings(buildings: NDArray[Any] | None, origin: NDArray[np.float64], regions: Regions) -> NDArray[Any]:
    houses, _ = usable(buildings, origin)
    houses = shapely.make_valid(houses)
    houses = houses[(shapely.get_dimensions(houses) == 2) & (shapely.area(houses) > 1.0)]
    touched = np.unique(shapely.STRtree(regions.polygons).query(houses, predicate="intersects")[0])
    kept: NDArray[Any] = houses[touched]
    return kept


def _atoms(
    regions: Regions, barriers: Barriers, buildings: NDArray[Any], job: Job
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    snap = job.options.snap
    noded = node(np.concatenate([shapely.boundary(regions.polygons), barriers.lines]), snap)
    faces, _ = polygonize(noded, regions)
    job.say(0.1, "draft.parting")
    lines = ridges(faces, buildings, blocks_of(buildings), job.options.target_area)
    if not lines:
        return polygonize(noded, regions)
    job.say(0.2, "draft.noding")
    return polygonize(node(np.concatenate([shapely.get_parts(noded), np.array(lines, dtype=object)]), snap), regions)


def _loads(
    components: NDArray[Any] | None, loads: NDArray[np.float64] | None, origin: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    geoms = np.array([] if components is None else components, dtype=object)
    place = representative_points(geoms) - origin
    weight = np.ones(len(geoms)) if loads is None else np.asarray(loads, dtype=np.float64)
    known = np.isfinite(place).all(axis=1) & np.isfinite(weight) & (weight > 0)
    return place[known], weight[known]


def _cell_loads(place: NDArray[np.float64], weight: NDArray[np.float64], cells: NDArray[Any]) -> NDArray[np.float64]:
    held = locate_points(place, cells) if len(place) else np.zeros(0, dtype=np.int64)
    return np.bincount(held[held >= 0], weights=weight[held >= 0], minlength=len(cells)).astype(np.float64)


def _reasons(cells: NDArray[Any], owner: NDArray[np.int64], regions: Regions, options: DraftOptions) -> NDArray[Any]:
    ratio = shapely.area(cells) / options.target_area
    low, high = options.band
    small = shapely.area(regions.polygons)[owner] < low * options.target_area
    choice = [regions.locked[owner], small, ratio < low, ratio > high]
    names = ["draft.locked", "draft.small_area", "draft.below_band", "draft.above_band"]
    return np.select(choice, names, "draft.in_band").astype(object)


def _band_notes(
    cells: NDArray[Any], owner: NDArray[np.int64], reason: NDArray[Any], regions: Regions
) -> list[DraftNote]:
    rows = np.flatnonzero(np.isin(reason, ["draft.below_band", "draft.above_band"]))
    return [
        DraftNote(str(reason[i]), int(regions.area_index[owner[i]]), cells[i], {"area": round(float(cells[i].area), 1)})
        for i in rows
    ]


def _cut_notes(
    cells: NDArray[Any], owner: NDArray[np.int64], buildings: NDArray[Any], regions: Regions
) -> list[DraftNote]:
    building, cell = cut_pairs(buildings, cells)
    _, first = np.unique(building, return_index=True)
    return [
        DraftNote(
            "draft.building_cut",
            int(regions.area_index[owner[cell[i]]]),
            buildings[building[i]],
            {"area": round(float(buildings[building[i]].area), 1)},
        )
        for i in first
    ]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Draft unit grids: faces between barriers inside each community, small ones merged, large ones parted along gaps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.areas import around, make_regions
from digital_citymgmt_plugin.core.grids.assemble import DraftOptions, Job
from digital_citymgmt_plugin.core.grids.barriers import DraftNote, Regions, usable, wkb_order
from digital_citymgmt_plugin.core.grids.bodies import Bodies
from digital_citymgmt_plugin.core.grids.carve import Limits, carve
from digital_citymgmt_plugin.core.grids.ground import (
    barrier_lines,
    buildings_of,
    cell_loads,
    density_on,
    is_body,
    loads_of,
    walled,
)
from digital_citymgmt_plugin.core.grids.last import Last
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.grids.notes import band_notes, band_reasons, cut_notes, unguided
from digital_citymgmt_plugin.core.grids.region import RegionDraft, RegionTask, draft_region
from digital_citymgmt_plugin.core.grids.stitch import stitch
from digital_citymgmt_plugin.core.grids.verdict import DOUBTFUL, confidence, doubtful, neighbours, reasons, thin
from digital_citymgmt_plugin.core.grids.weights import band_ratio
from digital_citymgmt_plugin.core.ports import Cancel, Progress, Spread


@dataclass(frozen=True)
class Draft:
    """Draft cells by columns, ordered by input area and shape, and places to look at.

    Attributes
    ----------
    area_index
        Row of ``areas``.
    barrier_share
        Share of the outline on edges of areas and on barriers; ``on_rank`` the shares on edges of areas (column 0), on
        barriers of rank 1 to 5, and on none (6).
    reason
        Whether the area is as wanted: ``draft.in_band``, ``draft.below_band``, ``draft.above_band``,
        ``draft.small_area`` (the whole community or part is smaller than the band), ``draft.locked`` (taken over),
        ``draft.below_load`` and ``draft.above_load`` where a load is wanted, ``draft.barrier_area`` (wide water or
        square: no area is wanted), ``draft.island`` (land cut off by it).
    origin, origin_values
        Why the cell was made so, or is thin (``core.grids.verdict``: a code), and the values of that sentence.
    confidence
        How sure the draft is, 0 to 1 (``core.grids.verdict``).
    neighbours
        Rows of the cells that share an edge.
    notes
        What was repaired in the input, areas without anything to follow, cells out of band and those that need not be
        in it, areas that are nothing but water, buildings that the edge of an area or of a locked cell cuts.
    doubtful
        Cells that a person should look at, the worst first.
    """

    cells: NDArray[Any]
    area_index: NDArray[np.int64]
    area_m2: NDArray[np.float64]
    load: NDArray[np.float64]
    barrier_share: NDArray[np.float64]
    on_rank: NDArray[np.float64]
    reason: NDArray[Any]
    origin: NDArray[Any]
    origin_values: list[dict[str, Any]]
    confidence: NDArray[np.float64]
    neighbours: list[list[int]]
    notes: list[DraftNote] = field(default_factory=list)
    doubtful: list[DraftNote] = field(default_factory=list)


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
    density: float | None = None,
    only: NDArray[np.int64] | None = None,
    spread: Spread | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Draft:
    """Draft unit grids inside communities.

    Cells tile each community without gap or overlap, never leave it, follow barriers where there are any and else run
    between buildings. The same input in any order of rows gives the same cells for a given ``seed``, whatever runs
    them. Communities do not influence each other, but for the mean load that all aim at and corners where cells
    meet on a common edge.

    Parameters
    ----------
    areas : array of polygons or multipolygons
        Communities, metric CRS. Invalid ones are repaired, overlaps go to one of them; both are noted.
    barriers : array of lines or polygons, optional
        Streets, railways, water, walls. They may reach beyond the areas. Of lines that run side by side (carriageways)
        the strongest counts; dead ends near another barrier are tied to it. Polygons of rank 1 to 3 (rivers, lakes,
        squares, surfaces of streets) count by their middle where they are narrow; where they are wide they are cells
        of their own that no figure counts; small ones, those of rank 4 and 5 and those built over by their outlines.
    ranks : array of int, optional
        Strength of each barrier, 1 strongest (railway, river, main road) … 5 weakest (lane); missing: all 3.
    buildings, compounds : arrays of polygons, optional
        No cell boundary cuts a building unless the edge of a community does (noted). Compounds are barriers of rank 4
        (closed walls, barriers of that rank, are compounds, too),
        and one that is no larger than a cell may be is parted only where the cells get much worse otherwise.
    components, loads : arrays, optional
        What the work of a cell is counted by: each object counts ``loads`` (default 1) at one point.
    locked : array of polygons, optional
        Cells to be taken over as they are, as far as they lie in an area.
    density : float, optional
        Load of a square metre that cells aim at; default the mean of all areas. To draft some communities of a city
        again with the result of the whole, give the city's.
    only : array of int, optional
        Rows of the areas to draft in; edges are mended as if all were drafted. Cells are those of the draft of all:
        they lack only the vertices that corners of cells in other areas put into the common edge.
    spread : Spread, optional
        Runs regions in other processes; default one after the other in this one.

    Raises
    ------
    InputRefused
        ``draft.no_areas``, ``draft.bad_option``.
    Cancelled
        When the user stops.
    """
    options = options or DraftOptions()
    _check_options(options)
    job = Job(options, progress, cancel)
    raw = np.asarray(areas, dtype=object)
    bounds = shapely.bounds(raw).reshape(-1, 4)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]  # one broken row must not spoil the others
    if not len(bounds):
        raise InputRefused("draft.no_areas")
    origin = np.floor(bounds[:, :2].min(axis=0))
    shapes, rows = usable(raw, origin)
    flat = shapely.get_dimensions(shapes) == 2
    shapes, rows = shapes[flat], rows[flat]
    if not len(shapes):
        raise InputRefused("draft.no_areas")
    locks, _ = usable(locked, origin)
    if only is not None and density is not None:  # else the density of all is wanted
        near = around(shapes, np.isin(rows, only))
        shapes, rows = shapes[near], rows[near]
    given = (shapes, rows, locks, options.snap)
    regions, notes = _last.get(given, lambda: make_regions(*given, cancel))
    notes = list(notes)
    whole = regions.polygons
    if only is not None:
        chosen = np.isin(regions.area_index, only)
        regions = Regions(regions.polygons[chosen], regions.area_index[chosen], regions.locked[chosen])
        notes = [note for note in notes if note.area_index in only]
    if not len(regions.polygons):  # polygons, but none with ground in it
        raise InputRefused("draft.no_areas")
    job.say(0.03, "draft.noding")
    houses = buildings_of(buildings, origin, regions)
    place, weight = loads_of(components, loads, origin)
    bodies, broad = barrier_lines(
        barriers, ranks, houses, origin, options, regions, lambda share: job.say(0.03 + 0.12 * share, "draft.noding")
    )
    if density is None:
        density = density_on(whole, broad, place, weight)
    west, south, east, north = shapely.total_bounds(regions.polygons)
    here = (place >= (west, south)).all(axis=1) & (place <= (east, north)).all(axis=1)
    place, weight = place[here], weight[here]
    low, high = (share * options.target_area for share in options.band)
    limits = Limits(low, high, options.target_area, options.snap)
    regions = carve(regions, bodies.wide, bodies.lines, houses, limits)
    notes += bodies.notes
    tasks = _tasks(bodies, compounds, houses, place, weight, density, origin, regions, options, seed)
    parts = _run(tasks, spread, job)
    job.say(0.95, "draft.straightening")
    cells = np.concatenate([part.cells for part in parts])
    owner = np.repeat(np.arange(len(parts)), [len(part.cells) for part in parts])
    cells = stitch(cells, options.snap)
    order = np.lexsort((np.argsort(wkb_order(cells)), regions.area_index[owner]))
    cells, owner = cells[order], owner[order]
    on_rank, blocks, block_m2 = (
        np.concatenate([getattr(part, name) for part in parts])[order] for name in ("on_rank", "blocks", "block_m2")
    )
    load = cell_loads(place, weight, cells)
    body = is_body(regions)[owner]
    ratio = band_ratio(shapely.area(cells), load, options.target_area, options.target_load)
    reason = band_reasons(ratio, owner, regions, options)
    why, values = reasons(cells, blocks, block_m2, options.target_area, options.band, by_load=options.target_load > 0)
    why[body] = "draft.body"
    counted = float(load[~body].mean()) if not body.all() else 0.0
    sure = confidence(cells, on_rank, load, counted, ratio, options.band)
    slim = thin(cells, owner, regions.polygons, options.target_area, regions.locked[owner] | body)
    why = np.where(slim != "", slim, why)
    sure[slim != ""] = np.minimum(sure[slim != ""], DOUBTFUL - 0.05)
    sure[regions.locked[owner] | body] = 1.0
    notes += unguided(tasks, regions, options)
    notes += band_notes(cells, load, owner, reason, regions) + cut_notes(cells, owner, houses, regions)
    unsure = doubtful(cells, regions.area_index[owner], sure, on_rank, slim)
    shares = on_rank / np.maximum(on_rank.sum(axis=1, keepdims=True), 1e-9)
    job.say(1.0)
    return Draft(
        cells=_moved(cells, origin),
        area_index=regions.area_index[owner],
        area_m2=shapely.area(cells),
        load=load,
        barrier_share=1 - shares[:, -1],
        on_rank=shares,
        reason=reason,
        origin=why,
        origin_values=values,
        confidence=sure,
        neighbours=neighbours(cells),
        notes=[_moved_note(note, origin) for note in notes],
        doubtful=[_moved_note(note, origin) for note in unsure],
    )


_last: Last[tuple[Regions, list[DraftNote]]] = Last()


def _tasks(
    bodies: Bodies,
    compounds: NDArray[Any] | None,
    houses: NDArray[Any],
    place: NDArray[np.float64],
    weight: NDArray[np.float64],
    density: float,
    origin: NDArray[np.float64],
    regions: Regions,
    options: DraftOptions,
    seed: int,
) -> list[RegionTask]:
    """Hand out to each region what lies in it."""
    yards, _ = usable(compounds, origin)
    yards = shapely.make_valid(yards)
    lines = np.concatenate([bodies.lines, yards])
    rank = np.concatenate([bodies.ranks, np.full(len(yards), 4)])
    home = np.concatenate([bodies.home, np.full(len(yards), -1)])
    yards = np.concatenate([yards, walled(bodies, regions)])
    held = locate_points(place, regions.polygons) if len(place) else np.zeros(0, dtype=np.int64)

    def inside(geoms: NDArray[Any]) -> list[NDArray[np.int64]]:
        region, index = shapely.STRtree(geoms).query(regions.polygons, predicate="intersects")
        order = np.lexsort((index, region))
        return np.split(index[order], np.searchsorted(region[order], np.arange(1, len(regions.polygons))))

    order = np.argsort(held, kind="stable")
    things = np.split(order, np.searchsorted(held[order], np.arange(len(regions.polygons) + 1)))[1:-1]
    alone = regions.locked | is_body(regions)
    rows = regions.area_index.tolist()
    near = [index[(home[index] < 0) | (home[index] == row)] for index, row in zip(inside(lines), rows)]
    there = zip(regions.polygons, alone, near, inside(houses), inside(yards), things)
    return [
        RegionTask(
            polygon, bool(locked), seed, lines[line], rank[line], houses[house], yards[yard],
            place[thing], weight[thing], density, options,
        )
        for polygon, locked, line, house, yard, thing in there
    ]  # fmt: skip


def _run(tasks: list[RegionTask], spread: Spread | None, job: Job) -> list[RegionDraft]:
    size = np.array([shapely.area(task.polygon) for task in tasks])
    done = np.cumsum(size) / max(size.sum(), 1e-9)
    results = (draft_region(task, job) for task in tasks) if spread is None else spread(draft_region, tasks, job.check)
    parts = []
    for part, share in zip(results, done):
        parts.append(part)
        job.say(0.15 + 0.79 * float(share), "draft.merging")
    return parts


def _check_options(options: DraftOptions) -> None:
    low, high = options.band
    if not (options.target_area >= 100.0 and np.isfinite(options.target_area)):
        raise InputRefused("draft.bad_option", option="target_area", value=options.target_area)
    if not 0 < low < 1 < high:
        raise InputRefused("draft.bad_option", option="band", value=list(options.band))
    if not (options.target_load >= 0 and np.isfinite(options.target_load)):
        raise InputRefused("draft.bad_option", option="target_load", value=options.target_load)
    if not 1e-6 <= options.snap <= 0.1:
        raise InputRefused("draft.bad_option", option="snap", value=options.snap)


def _moved(geometry: Any, origin: NDArray[np.float64]) -> Any:
    return shapely.transform(geometry, lambda xy: xy + origin)


def _moved_note(note: DraftNote, origin: NDArray[np.float64]) -> DraftNote:
    return DraftNote(note.code, note.area_index, _moved(note.geometry, origin), note.values)

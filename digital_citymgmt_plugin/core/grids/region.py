# SPDX-License-Identifier: GPL-2.0-or-later
"""Draft the cells of one region: a community, or one part of it. Knows nothing of other regions.

So regions can be drafted in any order, in other processes, or alone for a preview, with the same result.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.assemble import DraftOptions, Job, put_together
from digital_citymgmt_plugin.core.grids.barriers import Barriers, Regions, fit_barriers, wkb_order
from digital_citymgmt_plugin.core.grids.corridors import rungs
from digital_citymgmt_plugin.core.grids.faces import (
    COST,
    Segments,
    blocks_of,
    loose_ends,
    node,
    polygonize,
    ridges,
    segments_of,
)
from digital_citymgmt_plugin.core.grids.ground import cell_loads
from digital_citymgmt_plugin.core.grids.joints import joints
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.grids.merge import bind, keep_whole
from digital_citymgmt_plugin.core.grids.roundabouts import islands
from digital_citymgmt_plugin.core.grids.straighten import straight_cells
from digital_citymgmt_plugin.core.grids.weights import band_ratio

EDGE, FREE = 0, len(COST)  # columns of ``on_rank`` beside those of the ranks


@dataclass(frozen=True)
class RegionTask:
    """All that the draft of one region depends on; coordinates in metres, counted from anywhere.

    ``density`` is the load of a square metre on the mean of all regions: the load that each cell aims at depends on it.
    """

    polygon: Any
    locked: bool
    seed: int
    lines: NDArray[Any]
    ranks: NDArray[np.int64]
    buildings: NDArray[Any]
    compounds: NDArray[Any]
    places: NDArray[np.float64]
    weights: NDArray[np.float64]
    density: float
    options: DraftOptions


@dataclass(frozen=True)
class RegionDraft:
    """Cells of a region and where they come from.

    ``on_rank`` holds metres of outline on the region's edge (column 0), on barriers of rank 1 to 5, and on none (6);
    ``blocks`` how many blocks (faces between barriers) a cell has parts of, ``block_m2`` the area of the largest.
    """

    cells: NDArray[Any]
    on_rank: NDArray[np.float64]
    blocks: NDArray[np.int64]
    block_m2: NDArray[np.float64]


def draft_region(task: RegionTask, job: Job | None = None) -> RegionDraft:
    """Draft one region.

    Parameters
    ----------
    task : RegionTask
        What there is in the region.
    job : Job, optional
        Progress and cancel.

    Raises
    ------
    Cancelled
        When the user stops.
    """
    job = job or Job(task.options, None, None)
    origin = np.floor(shapely.bounds(task.polygon)[:2])
    found = _draft(_local(task, origin), job)
    return replace(found, cells=shapely.transform(found.cells, lambda xy: np.round(xy + origin, 6)))


def _local(task: RegionTask, origin: NDArray[np.float64]) -> RegionTask:
    """Count from the region's own corner and sort: nothing must tell where the region lies, or what lies around it."""

    def moved(geoms: Any) -> Any:
        return shapely.normalize(shapely.transform(geoms, lambda xy: np.round(xy - origin, 6)))

    polygon = moved(task.polygon)
    lines, buildings, compounds = moved(task.lines), moved(task.buildings), moved(task.compounds)
    line, building, compound = wkb_order(lines), wkb_order(buildings), wkb_order(compounds)
    line = line[np.argsort(task.ranks[line], kind="stable")]
    places = np.round(task.places - origin, 6)
    place = np.lexsort((task.weights, places[:, 1], places[:, 0]))
    return replace(
        task, polygon=polygon, seed=zlib.crc32(shapely.to_wkb(polygon, byte_order=1)) ^ task.seed, lines=lines[line],
        ranks=task.ranks[line], buildings=buildings[building], compounds=compounds[compound], places=places[place],
        weights=task.weights[place],
    )  # fmt: skip


def _draft(task: RegionTask, job: Job) -> RegionDraft:
    options = task.options
    alone = np.array([task.polygon], dtype=object)
    if task.locked or _share(task) < options.band[0]:
        return _as_it_is(task)
    fine = _fine(task)
    regions = Regions(alone, np.zeros(1, dtype=np.int64), np.zeros(1, dtype=bool))
    width = options.side_by_side * float(np.sqrt(options.target_area))
    barriers = fit_barriers(task.lines, task.ranks, regions, options.yield_to, width, task.buildings)
    job.check()
    atoms, faces = _atoms(regions, barriers, task, fine, job)
    region = np.zeros(len(atoms), dtype=np.int64)
    segments = segments_of(atoms, barriers, options.snap)
    whole = task.compounds[shapely.area(task.compounds) <= options.target_area * options.band[1] * WHOLE]
    segments = keep_whole(segments, atoms, whole)
    job.check()
    island = islands(atoms, segments, task.buildings, fine)
    unit = bind(atoms, region, np.zeros(1, dtype=bool), segments, task.buildings, fine, island)
    held = locate_points(task.places, atoms) if len(task.places) else np.zeros(0, dtype=np.int64)
    load = np.bincount(held[held >= 0], weights=task.weights[held >= 0], minlength=len(atoms)).astype(np.float64)
    size = shapely.area(faces)
    too_large = float(size[size > options.band[1] * fine].sum() / max(size.sum(), 1e-9))
    cell = put_together(
        atoms, region, unit, load, segments, regions, job, task.density, task.seed, too_large
    )  # fmt: skip
    cells = straight_cells(atoms, cell, segments, task.polygon, task.buildings, partial(_fits, task))
    return RegionDraft(cells, _on_rank(cell, segments, len(cells)), *_blocks(atoms, cell, faces, len(cells)))


WHOLE = 0.9  # of the largest cell: compounds up to this are kept in one cell if that can be


def _share(task: RegionTask) -> float:
    """Return what a cell as large as the region would have of what is wanted."""
    area, load = np.array([shapely.area(task.polygon)]), np.array([task.weights.sum()])
    return float(band_ratio(area, load, task.options.target_area, task.options.target_load)[0])


def _fits(task: RegionTask, cells: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which cells are in the band."""
    options, area = task.options, shapely.area(cells)
    load = cell_loads(task.places, task.weights, cells) if options.target_load else np.zeros(len(cells))
    ratio = band_ratio(area, load, options.target_area, options.target_load)
    return np.asarray((ratio >= options.band[0]) & (ratio <= options.band[1]))


def _fine(task: RegionTask) -> float:
    """Return the area that cells of this region will have about, where that is less than elsewhere: by load."""
    share = _share(task) * task.options.target_area / max(float(shapely.area(task.polygon)), 1e-9)
    return float(task.options.target_area / max(share, 1.0))


def _as_it_is(task: RegionTask) -> RegionDraft:
    outline = np.zeros((1, FREE + 1))
    outline[0, EDGE] = shapely.length(task.polygon)
    cells = shapely.normalize(np.array([task.polygon], dtype=object))
    return RegionDraft(cells, outline, np.ones(1, dtype=np.int64), shapely.area(cells))


def _atoms(
    regions: Regions, barriers: Barriers, task: RegionTask, target: float, job: Job
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the atoms, for cells of about the area ``target``, and the faces between barriers alone."""
    snap = task.options.snap
    edges = shapely.boundary(regions.polygons)
    noded = node(np.concatenate([edges, barriers.lines, joints(barriers.lines, edges)]), snap)
    faces, _ = polygonize(noded, regions)
    cross = rungs(faces, noded, task.buildings, target)
    blocks = faces
    loose = loose_ends(noded)
    if len(cross):
        noded = node(np.concatenate([shapely.get_parts(noded), cross]), snap)
        faces, _ = polygonize(noded, regions)
    lines = ridges(faces, task.buildings, blocks_of(task.buildings), loose, target)
    job.check()
    if not lines:
        return faces, blocks
    both = np.concatenate([shapely.get_parts(noded), np.array(lines, dtype=object)])
    atoms, _ = polygonize(node(both, snap), regions)
    job.check()
    return atoms, blocks


def _on_rank(cell: NDArray[np.int64], segments: Segments, count: int) -> NDArray[np.float64]:
    left = cell[segments.left]
    right = np.where(segments.right >= 0, cell[np.maximum(segments.right, 0)], -1)
    column = np.where(segments.right < 0, EDGE, np.where(segments.rank > 0, segments.rank, FREE))
    out = np.zeros((count, FREE + 1))
    for side in (left, right):
        use = (left != right) & (side >= 0)
        np.add.at(out, (side[use], column[use]), segments.length[use])
    return out


def _blocks(
    atoms: NDArray[Any], cell: NDArray[np.int64], faces: NDArray[Any], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    face = locate_points(shapely.get_coordinates(shapely.point_on_surface(atoms)), faces)
    known = face >= 0
    pairs = np.unique(np.stack([cell[known], face[known]], axis=1), axis=0)
    # A crumb of a block that joined a cell does not make the cell a part of that block.
    share = np.zeros(len(pairs))
    _, place = np.unique(np.stack([cell[known], face[known]], axis=1), axis=0, return_inverse=True)
    np.add.at(share, place.ravel(), shapely.area(atoms[known]))
    real = share > 1000.0
    blocks = np.maximum(np.bincount(pairs[real, 0], minlength=count), 1).astype(np.int64)
    largest = np.zeros(count)
    np.maximum.at(largest, pairs[real, 0], shapely.area(faces[pairs[real, 1]]))
    return blocks, largest

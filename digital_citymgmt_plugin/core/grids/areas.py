# SPDX-License-Identifier: GPL-2.0-or-later
"""Make communities that were drawn apart a clean coverage before grids are drafted in them, and say what was done.

Gaps, overlaps and splinters nowhere wider than ``MEND`` are mended as those of grids are (``core.grids.repair``): no
outline moves by more than that. What is wider is a person's to decide: it is told, an overlap is counted to one
community, a gap to none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.audit.coverage import overlaps_of
from digital_citymgmt_plugin.core.grids.audit.model import joined, parts_of_area, polygonal, wide_and_big
from digital_citymgmt_plugin.core.grids.barriers import DraftNote, Regions
from digital_citymgmt_plugin.core.grids.repair import repair_cells
from digital_citymgmt_plugin.core.grids.repair_work import thin_areas
from digital_citymgmt_plugin.core.ports import Cancel

MEND = 2.0  # m: communities drawn by two people differ by less along one street; wider strips are real
TOLD, WIDTH = 0.01, 0.002  # m², m: less is the rounding of coordinates


def mended_areas(
    areas: NDArray[Any], rows: NDArray[np.int64], cancel: Cancel | None = None
) -> tuple[NDArray[Any], list[DraftNote]]:
    """Close narrow gaps between communities, take narrow overlaps and splinters away.

    Parameters
    ----------
    areas : array of valid polygons or multipolygons
        Metric CRS, in an order fixed by their shape.
    rows : array of int
        Input row of each, for the notes.

    Returns
    -------
    areas, notes
        ``draft.areas_gap`` (closed, between ``area_index`` and ``other``), ``draft.areas_gap_left``,
        ``draft.area_hole`` (wider, enclosed), ``draft.areas_sliver`` (a splinter given to the neighbour),
        ``draft.areas_overlap`` for narrow overlaps.
    """
    union = shapely.union_all(areas)
    left_open = _hole_notes(areas, rows, union)
    if len(areas) < 2 or _is_clean(areas):
        return areas, left_open
    whole = _closed(areas, union)
    gaps, _ = parts_of_area(np.array([shapely.difference(whole, union)], dtype=object))
    real = wide_and_big(gaps, WIDTH, TOLD)
    narrow = thin_areas(gaps, MEND)
    left, right, common = overlaps_of(areas)
    overlaps = thin_areas(common, MEND) & wide_and_big(common, WIDTH, TOLD)
    home = np.zeros(len(areas), dtype=np.int64)
    mended = repair_cells(areas, MEND, np.array([whole], dtype=object), home, fits_after=False, cancel=cancel)
    notes = _gap_notes(areas, rows, gaps[real & narrow], mended.cells) + left_open
    for i in np.flatnonzero(overlaps).tolist():
        values = {"other": int(rows[left[i]]), "area": round(float(common[i].area), 2)}
        notes.append(DraftNote("draft.areas_overlap", int(rows[right[i]]), common[i], values))
    notes += _splinter_notes(areas, rows, mended.cells)
    return mended.cells, notes


def around(areas: NDArray[Any], chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which areas have a say in how some are mended: those, their neighbours, and the neighbours of these."""
    tree = shapely.STRtree(areas)
    for _step in range(2):
        near = tree.query(areas[chosen], predicate="dwithin", distance=MEND)[1]
        chosen = np.isin(np.arange(len(areas)), near)
    return chosen


def _is_clean(areas: NDArray[Any]) -> bool:
    """Tell by a quick look whether there is nothing to mend; where GEOS cannot tell, the long way does."""
    if not hasattr(shapely, "coverage_is_valid") or shapely.geos_version < (3, 12, 0):
        return False
    single = bool((shapely.get_num_geometries(areas) == 1).all())
    return single and bool(shapely.coverage_is_valid(areas, gap_width=MEND))


def _closed(areas: NDArray[Any], union: Any) -> Any:
    """Return the ground of all communities with the narrow gaps between two of them, open at an end or not."""
    wide = shapely.buffer(union, MEND / 2, join_style="mitre")
    closed = shapely.buffer(wide, -MEND / 2, join_style="mitre")
    pieces, _ = parts_of_area(np.array([shapely.difference(closed, union, grid_size=1e-6)], dtype=object))
    pieces = pieces[wide_and_big(pieces, WIDTH, TOLD)]
    piece, _area = shapely.STRtree(areas).query(pieces, predicate="dwithin", distance=1e-5)
    # A notch in the outline of one community is its shape, not a fault.
    between = pieces[np.bincount(piece, minlength=len(pieces)) > 1]
    return shapely.union_all([union, *between], grid_size=1e-6) if len(between) else union


def _hole_notes(areas: NDArray[Any], rows: NDArray[np.int64], union: Any) -> list[DraftNote]:
    """Tell of ground that areas enclose and none has, wider than what is closed."""
    rings = [ring for part in shapely.get_parts(union) for ring in shapely.get_rings(part)[1:]]
    if not rings:
        return []
    holes = shapely.polygons(rings)
    # One that lies in another community's hole is that community's ground, not none's.
    gaps, _ = parts_of_area(shapely.difference(holes, union))
    gaps = gaps[wide_and_big(gaps, WIDTH, TOLD)]
    gaps = gaps[~thin_areas(gaps, MEND)]
    return [
        DraftNote("draft.areas_gap_left" if one != other else "draft.area_hole", one, gap, values)
        for gap, (one, other, values) in zip(gaps, _sides(areas, rows, gaps))
    ]


def _gap_notes(
    areas: NDArray[Any], rows: NDArray[np.int64], gaps: NDArray[Any], mended: NDArray[Any]
) -> list[DraftNote]:
    """Tell of each narrow gap between which two communities it lies, and whether it was closed."""
    closed = np.zeros(len(gaps), dtype=bool)
    closed[shapely.STRtree(mended).query(shapely.point_on_surface(gaps), predicate="intersects")[0]] = True
    return [
        DraftNote("draft.areas_gap" if shut else "draft.areas_gap_left", one, gap, values)
        for gap, shut, (one, _other, values) in zip(gaps, closed, _sides(areas, rows, gaps))
    ]


def _sides(areas: NDArray[Any], rows: NDArray[np.int64], gaps: NDArray[Any]) -> list[tuple[int, int, dict[str, Any]]]:
    """Return of each gap the rows of the two areas with most of its outline (one twice), and the values of its note."""
    gap, area = shapely.STRtree(areas).query(gaps, predicate="dwithin", distance=1e-5)
    along = shapely.area(shapely.intersection(shapely.buffer(gaps[gap], 1e-4, quad_segs=1), areas[area]))
    order = np.lexsort((area, -np.round(along, 9), gap))
    gap, area = gap[order], area[order]
    found = []
    for number, shape in enumerate(gaps):
        two = rows[area[slice(*np.searchsorted(gap, [number, number + 1]))][:2]].tolist() or [-1]
        found.append((two[0], two[-1], {"other": two[-1], "area": round(float(shape.area), 2)}))
    return found


def _splinter_notes(areas: NDArray[Any], rows: NDArray[np.int64], mended: NDArray[Any]) -> list[DraftNote]:
    lost = shapely.get_num_geometries(mended) < shapely.get_num_geometries(areas)
    notes = []
    for i in np.flatnonzero(lost).tolist():
        parts = shapely.get_parts(areas[i])
        gone = parts[~shapely.intersects(mended[i], shapely.point_on_surface(parts))]
        if len(gone):
            values = {"area": round(float(shapely.area(gone).sum()), 2)}
            notes.append(DraftNote("draft.areas_sliver", int(rows[i]), joined(gone), values))
    return notes


def _polygons(geoms: NDArray[Any], snap: float) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the valid polygon parts, on the grid, and whose part each is; lines and points of repairs fall away."""
    fixed = shapely.set_precision(shapely.make_valid(geoms), snap)
    parts, owner = shapely.get_parts(fixed, return_index=True)
    # GeometryCollections of make_valid hold MultiPolygons: take parts twice.
    parts, inner = shapely.get_parts(parts, return_index=True)
    owner = owner[inner]
    keep = (shapely.get_dimensions(parts) == 2) & ~shapely.is_empty(parts)
    return parts[keep], owner[keep].astype(np.int64)


def make_regions(
    areas: NDArray[Any], rows: NDArray[np.int64], locked: NDArray[Any], snap: float, cancel: Cancel | None = None
) -> tuple[Regions, list[DraftNote]]:
    """Make areas a clean coverage, cut locked cells out of them; say what was repaired.

    Returns
    -------
    regions, notes
        Notes of ``mended_areas``; ``draft.area_repaired`` (was not valid); ``draft.areas_overlap``,
        ``draft.locks_overlap`` (the smaller one keeps the ground); ``draft.lock_cut`` (a locked cell that reaches
        beyond its area is cut at the edge), ``draft.lock_outside`` (in none: left out), ``draft.lock_fitted`` (a
        strip beside it too narrow for a cell was added to it).
    """
    notes = []
    broken = ~shapely.is_valid(areas)
    for index in np.flatnonzero(broken):
        reason = str(shapely.is_valid_reason(areas[index])).split("[")[0]
        notes.append(DraftNote("draft.area_repaired", int(rows[index]), areas[index], {"reason": reason}))
    merged = shapely.set_precision(polygonal(areas), snap)
    merged, found = mended_areas(merged, rows, cancel)
    notes += found
    merged, found = _without_overlaps(merged, rows, snap, "draft.areas_overlap")
    notes += found
    torn = _splintered(merged)
    if found and torn.any():  # what is left of an area
        near = around(merged, torn)
        merged[near], found = mended_areas(merged[near], rows[near], cancel)
        notes += [note for note in found if note.code == "draft.areas_sliver"]
    locks, _ = _polygons(locked, snap)
    shapes, owners, lock = [merged], [np.arange(len(merged))], [np.zeros(len(merged), dtype=bool)]
    if len(locks):
        free, inner, area, found = _with_locks(merged, rows, locks, snap)
        notes += found
        shapes, owners = [free, inner], [np.arange(len(free)), area]
        lock = [np.zeros(len(free), dtype=bool), np.ones(len(inner), dtype=bool)]
    parts, index = _polygons(np.concatenate(shapes), snap)
    owner = np.concatenate(owners)[index].astype(np.int64)
    return Regions(parts, rows[owner], np.concatenate(lock)[index]), notes


def _splintered(areas: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which areas of several parts have one that is nowhere wider than what is mended."""
    parts, owner = shapely.get_parts(areas, return_index=True)
    many = np.bincount(owner, minlength=len(areas))[owner] > 1
    return np.isin(np.arange(len(areas)), owner[many][thin_areas(parts[many], MEND)])


def _with_locks(
    areas: NDArray[Any], rows: NDArray[np.int64], locks: NDArray[Any], snap: float
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.int64], list[DraftNote]]:
    """Return what locked cells leave of the areas, the locked cells inside them and the area of each, and notes."""
    locks, notes = _without_overlaps(locks, np.full(len(locks), -1), snap, "draft.locks_overlap")
    one, area = shapely.STRtree(areas).query(locks, predicate="intersects")
    inner = shapely.intersection(locks[one], areas[area], grid_size=snap)
    keep = wide_and_big(inner, WIDTH, TOLD)
    one, area, inner = one[keep], area[keep].astype(np.int64), inner[keep]
    pieces = np.bincount(one, minlength=len(locks))
    beyond = shapely.area(locks) - np.bincount(one, weights=shapely.area(inner), minlength=len(locks))
    for index in np.flatnonzero(((pieces != 1) | (beyond > 1.0)) & (shapely.area(locks) > TOLD)).tolist():
        code = "draft.lock_cut" if pieces[index] else "draft.lock_outside"
        values = {"area": round(float(locks[index].area), 1), "count": int(pieces[index])}
        home = int(rows[area[one == index][0]]) if pieces[index] else -1
        notes.append(DraftNote(code, home, locks[index], values))
    free = areas.copy()
    for index in np.unique(area).tolist():
        mine = np.flatnonzero(area == index)
        rest = shapely.difference(areas[index], shapely.union_all(inner[mine], grid_size=snap), grid_size=snap)
        free[index], inner[mine], added = _fitted(rest, inner[mine], snap)
        notes += [
            DraftNote("draft.lock_fitted", int(rows[index]), strip, {"area": round(float(strip.area), 2)})
            for strip in added
        ]
    return free, inner, area, notes


def _fitted(rest: Any, locks: NDArray[Any], snap: float) -> tuple[Any, NDArray[Any], list[Any]]:
    """Give strips beside locked cells that are nowhere wider than ``MEND`` to those cells: no cell can be made of them.

    Locked cells and communities drawn apart, or rounded by a file, differ by so much along one edge.
    """
    core = shapely.buffer(
        shapely.buffer(rest, -MEND / 2, join_style="mitre"), MEND / 2, join_style="mitre", mitre_limit=2.0
    )
    strips, _ = parts_of_area(np.array([shapely.difference(rest, core, grid_size=snap)], dtype=object))
    strips = strips[thin_areas(strips, MEND)]
    strip, lock = shapely.STRtree(locks).query(strips, predicate="intersects")
    shared = shapely.length(shapely.intersection(shapely.boundary(strips[strip]), shapely.boundary(locks[lock])))
    order = np.lexsort((lock, -np.round(shared, 6), strip))
    strip, lock, shared = strip[order], lock[order], shared[order]
    _, first = np.unique(strip, return_index=True)
    # A corner of the community's own is narrow, too, but runs along nothing.
    first = first[shared[first] > 0.3 * shapely.length(strips[strip[first]])]
    grown, added = locks.copy(), []
    for at in first.tolist():
        wider = shapely.union(grown[lock[at]], strips[strip[at]], grid_size=snap)
        if shapely.get_num_geometries(wider) == 1:
            grown[lock[at]] = wider
            added.append(strips[strip[at]])
    if added:
        rest = shapely.difference(rest, shapely.union_all(added, grid_size=snap), grid_size=snap)
    return rest, grown, [strip for strip in added if wide_and_big(np.array([strip], dtype=object), WIDTH, TOLD)[0]]


def _without_overlaps(
    geoms: NDArray[Any], rows: NDArray[np.int64], snap: float, code: str
) -> tuple[NDArray[Any], list[DraftNote]]:
    """Take from each geometry what a smaller one holds, too: so one drawn over another keeps what it has."""
    out, notes = geoms.copy(), []
    left, right, common = overlaps_of(geoms)
    size = np.round(shapely.area(geoms), 3)
    second = np.where(size[left] > size[right], left, right)  # of equal ones the later by shape
    first = left + right - second
    for one, other, place in zip(first.tolist(), second.tolist(), common):
        out[other] = shapely.difference(out[other], geoms[one], grid_size=snap)
        if place.area > 1.0:
            values = {"other": int(rows[one]), "area": round(float(place.area), 1)}
            notes.append(DraftNote(code, int(rows[other]), place, values))
    return out, notes

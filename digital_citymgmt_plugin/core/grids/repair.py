# SPDX-License-Identifier: GPL-2.0-or-later
"""Mend gaps, overlaps and splinters of unit grids without moving a boundary by more than a tolerance.

The boundaries are laid over each other; every face of that arrangement is given to one grid. A face that no grid or
several grids have is given away only when it is part of a fault that is nowhere wider than the tolerance. Since both
sides of a boundary come from the same edges, what was mended fits exactly. Grids that have no part in it keep every
vertex.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.audit.coverage import gaps_of, overlaps_of
from digital_citymgmt_plugin.core.grids.audit.model import parts_of_area, polygonal
from digital_citymgmt_plugin.core.grids.checks import with_area
from digital_citymgmt_plugin.core.grids.repair_faces import Index
from digital_citymgmt_plugin.core.grids.repair_work import FIT, GAP, OVERLAP, PART, SHAPE, Fault, Work, thin_areas
from digital_citymgmt_plugin.core.ports import Cancel

_ROUNDS = 8
_FITS = 0.001  # m of edges: less is no difference


@dataclass
class Mended:
    """All cells after the repair, the rows that changed, how many faults of each kind are gone.

    ``left``: shapes of thin faults that are still there, each with the code of the reason; without the wider ones.
    """

    cells: NDArray[Any]
    rows: Index = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    gaps: int = 0
    overlaps: int = 0
    parts: int = 0
    left: list[tuple[Any, str]] = field(default_factory=list)


def repair_cells(
    cells: NDArray[Any],
    tolerance: float,
    communities: NDArray[Any] | None = None,
    home: Index | None = None,
    *,
    fits_after: bool = True,
    cancel: Cancel | None = None,
) -> Mended:
    """Mend what can be mended.

    Parameters
    ----------
    cells : array of polygons or None
        Metric CRS. Not changed.
    tolerance : float
        Metres that a boundary may move at most (Hausdorff distance of a grid's outline before and after).
    communities : array of polygons, optional
        Without them only gaps that grids enclose are known.
    home : array of int, optional
        Community of each cell, −1 unknown. Gaps and overlaps go to a grid of the community in which they lie.

    fits_after : bool
        Leave a fault where its repair would make edges fit less well beside a wider one. Without, the caller cuts what
        is left.

    Returns
    -------
    Mended
        Wider faults, and those whose repair would part a grid or leave it less than half its area, are as they were.
    """
    cells = np.asarray(cells, dtype=object)
    flat = shapely.force_2d(cells)
    rows = np.flatnonzero(with_area(flat))
    result = Mended(cells.copy())
    if not len(rows):
        return result
    fixed = polygonal(flat[rows])
    homes = polygonal(np.asarray(communities, dtype=object)) if communities is not None else np.empty(0, dtype=object)
    own = np.full(len(rows), -1, dtype=np.int64) if home is None else np.asarray(home, dtype=np.int64)[rows]
    faults = _faults(fixed, homes, tolerance)
    if cancel is not None:
        cancel.check()
    if not faults:
        return result
    near = _around(fixed, faults, tolerance)
    work = Work(fixed[near], own[near], homes, faults, tolerance)
    for _again in range(_ROUNDS):
        for _round in range(_ROUNDS):
            if cancel is not None:
                cancel.check()
            made, changed, wrong = work.attempt()
            if not len(wrong):
                break
            work.forbid(wrong, made)
        if len(wrong):  # what cannot be brought right is left with all that hangs together with it
            changed = work.apart_from(changed, wrong, SHAPE)
        worse = _worse(fixed, near, made, changed) if fits_after else changed[:0]
        if not len(worse):
            break
        work.leave(worse, FIT)  # the faults there stay, so that those elsewhere in the same network need not
    else:
        changed = work.apart_from(changed, worse, FIT)
    result.rows = rows[near[changed]]
    result.cells[result.rows] = made[changed]
    result.gaps, result.overlaps, result.parts = work.done()
    result.left = work.left()
    return result


def _faults(fixed: NDArray[Any], homes: NDArray[Any], tolerance: float) -> list[Fault]:
    gaps, owner = gaps_of(fixed, homes)
    found = [Fault(GAP, gaps[i], int(owner[i])) for i in np.flatnonzero(thin_areas(gaps, tolerance)).tolist()]
    _left, _right, common = overlaps_of(fixed)
    pieces, _owner = parts_of_area(common)
    found += [Fault(OVERLAP, piece) for piece in pieces[thin_areas(pieces, tolerance)].tolist()]
    parts, of = shapely.get_parts(fixed, return_index=True)
    several = np.bincount(of, minlength=len(fixed))[of] > 1
    largest = np.zeros(len(parts), dtype=bool)
    order = np.lexsort((-shapely.area(parts), of))
    largest[order[np.searchsorted(of[order], np.arange(len(fixed)))]] = True
    lesser = np.flatnonzero(several & ~largest)
    found += [Fault(PART, parts[i], cell=int(of[i])) for i in lesser[thin_areas(parts[lesser], tolerance)].tolist()]
    return found


def _around(fixed: NDArray[Any], faults: list[Fault], tolerance: float) -> Index:
    """Return the cells at the faults, their neighbours, and the neighbours of these."""
    tree = shapely.STRtree(fixed)
    shapes = np.array([fault.shape for fault in faults], dtype=object)
    near = np.unique(tree.query(shapes, predicate="dwithin", distance=tolerance)[1])
    for _step in range(2):
        near = np.unique(tree.query(fixed[near], predicate="intersects")[1])
    for fault in faults:  # by row of the cells that are worked on
        if fault.cell >= 0:
            fault.cell = int(np.searchsorted(near, fault.cell))
    return np.asarray(near, dtype=np.int64)


def _worse(fixed: NDArray[Any], near: Index, made: NDArray[Any], changed: Index) -> Index:
    """Return the changed cells at which edges would fit less well than before, their neighbours' included.

    Asks GEOS 3.12 or newer; with an older one nothing is known, and what was made stands.
    """
    if not len(changed) or not hasattr(shapely, "coverage_invalid_edges") or shapely.geos_version < (3, 12, 0):
        return np.empty(0, dtype=np.int64)
    after = fixed.copy()
    after[near[changed]] = made[changed]
    before = shapely.length(shapely.coverage_invalid_edges(fixed))
    worse = np.flatnonzero(shapely.length(shapely.coverage_invalid_edges(after)) > before + _FITS)
    beside = shapely.STRtree(made[changed]).query(after[worse], predicate="intersects")[1]
    return np.asarray(changed[np.unique(beside)], dtype=np.int64)

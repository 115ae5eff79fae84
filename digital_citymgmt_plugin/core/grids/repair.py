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
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from digital_citymgmt_plugin.core.grids.audit.coverage import gaps_of, overlaps_of
from digital_citymgmt_plugin.core.grids.audit.model import parts_of_area, polygonal
from digital_citymgmt_plugin.core.grids.repair_faces import Faces, Index, cuts_across, faces_of, noded
from digital_citymgmt_plugin.core.ports import Cancel

GAP, OVERLAP, PART = 0, 1, 2
_ROUNDS = 6
_KEEPS = 0.5  # of its area that a grid keeps at least: less is another grid, and a person's to decide


@dataclass
class Mended:
    """All cells after the repair, the rows that changed, how many faults of each kind are gone."""

    cells: NDArray[Any]
    rows: Index = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    gaps: int = 0
    overlaps: int = 0
    parts: int = 0


@dataclass
class _Fault:
    """A fault nowhere wider than the tolerance: its kind, shape and community (gaps), the cell that it is part of."""

    kind: int
    shape: Any
    home: int = -1
    cell: int = -1


def repair_cells(
    cells: NDArray[Any],
    tolerance: float,
    communities: NDArray[Any] | None = None,
    home: Index | None = None,
    *,
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

    Returns
    -------
    Mended
        Wider faults, and those whose repair would part a grid or leave it less than half its area, are as they were.
    """
    cells = np.asarray(cells, dtype=object)
    flat = shapely.force_2d(cells)
    usable = ~(shapely.is_missing(flat) | shapely.is_empty(flat)) & (shapely.get_dimensions(flat) == 2)
    rows = np.flatnonzero(usable)
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
    work = _Work(fixed[near], own[near], homes, faults, tolerance)
    for _round in range(_ROUNDS):
        if cancel is not None:
            cancel.check()
        made, changed, wrong = work.attempt()
        if not len(wrong):
            break
        work.forbid(wrong)
    else:
        return result
    result.rows = rows[near[changed]]
    result.cells[result.rows] = made[changed]
    result.gaps, result.overlaps, result.parts = work.done()
    return result


def _thin(shapes: NDArray[Any], tolerance: float) -> NDArray[np.bool_]:
    """Tell which areas are nowhere wider than the tolerance."""
    maybe = 2 * shapely.area(shapes) < 2 * tolerance * shapely.length(shapes)
    thin = np.zeros(len(shapes), dtype=bool)
    thin[maybe] = shapely.is_empty(shapely.buffer(shapes[maybe], -tolerance / 2, quad_segs=4))
    return thin


def _faults(fixed: NDArray[Any], homes: NDArray[Any], tolerance: float) -> list[_Fault]:
    gaps, owner = gaps_of(fixed, homes)
    found = [_Fault(GAP, gaps[i], int(owner[i])) for i in np.flatnonzero(_thin(gaps, tolerance)).tolist()]
    _left, _right, common = overlaps_of(fixed)
    pieces, _owner = parts_of_area(common)
    found += [_Fault(OVERLAP, piece) for piece in pieces[_thin(pieces, tolerance)].tolist()]
    parts, of = shapely.get_parts(fixed, return_index=True)
    several = np.bincount(of, minlength=len(fixed))[of] > 1
    largest = np.zeros(len(parts), dtype=bool)
    order = np.lexsort((-shapely.area(parts), of))
    largest[order[np.searchsorted(of[order], np.arange(len(fixed)))]] = True
    lesser = np.flatnonzero(several & ~largest)
    found += [_Fault(PART, parts[i], cell=int(of[i])) for i in lesser[_thin(parts[lesser], tolerance)].tolist()]
    return found


def _around(fixed: NDArray[Any], faults: list[_Fault], tolerance: float) -> Index:
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


class _Work:
    """One arrangement and what is done with its faces."""

    def __init__(
        self, fixed: NDArray[Any], own: Index, homes: NDArray[Any], faults: list[_Fault], tolerance: float
    ) -> None:
        self._fixed, self._own, self._faults, self._tolerance = fixed, own, faults, tolerance
        shapes = np.array([fault.shape for fault in faults], dtype=object)
        lines = shapely.boundary(fixed)
        if len(homes):
            touched = np.unique(shapely.STRtree(homes).query(shapes, predicate="intersects")[1])
            lines = np.concatenate([lines, shapely.boundary(homes[touched])])
        network = noded(lines)
        first = faces_of(network, fixed)
        open_ = _of_faults(first, shapes) >= 0
        cuts = cuts_across(network, first.shapes[open_], tolerance)
        self._faces: Faces = faces_of(noded(np.array([network, *cuts], dtype=object)), fixed) if cuts else first
        self._fault = _of_faults(self._faces, shapes)
        self._loose = self._fault >= 0
        kinds = np.array([fault.kind for fault in faults], dtype=np.int64)
        # A splinter that another grid has, too, or a gap that a cut left in a grid, is none of these faults.
        kind = np.where(self._loose, kinds[self._fault], -1)
        depth = self._faces.depth
        fits = ((kind == GAP) & (depth == 0)) | ((kind == OVERLAP) & (depth > 1)) | ((kind == PART) & (depth == 1))
        self._loose &= fits
        self._hair = self._faces.hair & (depth != 1)
        self._home = np.full(len(depth), -1, dtype=np.int64)
        if len(homes):
            at, in_home = shapely.STRtree(homes).query(self._faces.points, predicate="intersects")
            self._home[at[::-1]] = in_home[::-1]
        self._banned = np.zeros(len(depth), dtype=bool)
        self._given = np.full(len(depth), -1, dtype=np.int64)
        touching = shapely.STRtree(fixed).query(fixed, predicate="intersects")
        self._adjacent: tuple[Index, Index] = (touching[0], touching[1])

    def attempt(self) -> tuple[NDArray[Any], Index, Index]:
        """Give the loose faces away; return the cells, those that changed, and those that may not stay like that."""
        self._given[:] = -1
        todo = (self._loose | self._hair) & ~self._banned
        for _pass in range(3):  # a piece in the middle of others waits for them
            for face in np.flatnonzero(todo & (self._given < 0)).tolist():
                self._given[face] = self._taker(face)
        kept = self._given[self._faces.face] < 0
        face = np.concatenate([self._faces.face[kept], np.flatnonzero(self._given >= 0)])
        cell = np.concatenate([self._faces.cell[kept], self._given[self._given >= 0]])
        made = np.array([shapely.Polygon()] * len(self._fixed), dtype=object)
        order = np.argsort(cell, kind="stable")
        for group in np.split(order, np.flatnonzero(np.diff(cell[order])) + 1):
            made[cell[group[0]]] = shapely.coverage_union_all(self._faces.shapes[face[group]])
        differs = ~shapely.equals_exact(shapely.normalize(made), shapely.normalize(self._fixed), 0.0)
        moved = np.zeros(len(made), dtype=bool)
        real = np.flatnonzero((self._given >= 0) & ~self._faces.hair)
        moved[self._given[real]] = True
        moved[self._faces.cell[np.isin(self._faces.face, real)]] = True
        changed = np.flatnonzero(self._linked(differs, moved))
        wrong = changed[~self._allowed(changed, made)]
        return made, changed, wrong

    def forbid(self, cells: Index) -> None:
        """Leave the faces alone that were given to or taken from some cells."""
        hit = np.isin(self._given, cells) & (self._given >= 0)
        lost = self._faces.face[np.isin(self._faces.cell, cells)]
        hit[lost[self._given[lost] >= 0]] = True
        self._banned |= hit

    def done(self) -> tuple[int, int, int]:
        """Return how many gaps, overlaps and splinters are gone."""
        counts = [0, 0, 0]
        for number, fault in enumerate(self._faults):
            mine = (self._fault == number) & self._loose
            if mine.any() and (self._given[mine] >= 0).all():
                counts[fault.kind] += 1
        return counts[GAP], counts[OVERLAP], counts[PART]

    def _taker(self, face: int) -> int:
        """Return the cell that a loose face goes to: of those that may have it the one with the longest common edge."""
        faces = self._faces
        inside = faces.cell[slice(*np.searchsorted(faces.face, [face, face + 1]))]
        at = slice(*np.searchsorted(faces.left, [face, face + 1]))
        beside: dict[int, float] = {}
        for other, length in zip(faces.right[at].tolist(), faces.shared[at].tolist()):
            for cell in self._owners(other):
                beside[cell] = beside.get(cell, 0.0) + length
        part = len(inside) == 1
        names = [int(cell) for cell in inside] if len(inside) > 1 else [c for c in beside if c not in inside.tolist()]
        home = int(self._home[face])
        at_home = [cell for cell in names if home < 0 or self._own[cell] in (-1, home)]
        if not at_home and len(inside) < 2:
            return -1
        names = at_home or names
        corners = shapely.points(shapely.get_coordinates(faces.shapes[face]))
        for cell in sorted(names, key=lambda one: (-beside.get(one, 0.0), one)):
            if len(inside) < 2 and shapely.distance(self._fixed[cell], corners).max() > self._tolerance:
                continue
            losers = [] if part else [other for other in inside.tolist() if other != cell]
            if all(self._near_rest(other, face, corners) for other in losers):
                return cell
        return -1

    def _near_rest(self, cell: int, face: int, corners: NDArray[Any]) -> bool:
        """Tell whether what a cell keeps lies near all of the face that it loses."""
        rest = shapely.difference(self._fixed[cell], self._faces.shapes[face])
        return not rest.is_empty and bool(shapely.distance(rest, corners).max() <= self._tolerance)

    def _owners(self, face: int) -> list[int]:
        if self._given[face] >= 0:
            return [int(self._given[face])]
        faces = self._faces
        inside = faces.cell[slice(*np.searchsorted(faces.face, [face, face + 1]))]
        return [int(inside[0])] if len(inside) == 1 and not self._loose[face] else []

    def _linked(self, differs: NDArray[np.bool_], moved: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the cells to write anew: those that gained or lost ground, and whoever got vertices through them."""
        one, other = self._adjacent
        both = differs[one] & differs[other]
        size = len(differs)
        graph = coo_matrix((np.ones(int(both.sum())), (one[both], other[both])), shape=(size, size))
        _count, label = connected_components(graph, directed=False)
        linked: NDArray[np.bool_] = differs & np.isin(label, label[moved & differs])
        return linked

    def _allowed(self, rows: Index, made: NDArray[Any]) -> NDArray[np.bool_]:
        """Tell which cells are still themselves: outline moved within the tolerance, no more parts or holes."""
        old, new = self._fixed[rows].copy(), made[rows]
        area = shapely.area(old)
        for fault in self._faults:  # a splinter given away is gone; the rest of the outline may not move
            if fault.kind == PART and fault.cell in rows:
                at = int(np.flatnonzero(rows == fault.cell)[0])
                if not shapely.intersects(new[at], shapely.point_on_surface(fault.shape)):
                    old[at] = shapely.difference(old[at], fault.shape)
        good = ~shapely.is_empty(new) & shapely.is_valid(new) & (shapely.area(new) >= _KEEPS * area)
        good &= shapely.get_num_geometries(new) <= shapely.get_num_geometries(old)
        good &= _holes(new) <= _holes(old)
        lines, before = shapely.boundary(new), shapely.boundary(old)
        good &= shapely.covered_by(lines, shapely.buffer(before, self._tolerance, quad_segs=16))
        good &= shapely.covered_by(before, shapely.buffer(lines, self._tolerance, quad_segs=16))
        return np.asarray(good, dtype=bool)


def _holes(shapes: NDArray[Any]) -> Index:
    parts, owner = shapely.get_parts(shapes, return_index=True)
    count = np.bincount(owner, weights=shapely.get_num_interior_rings(parts), minlength=len(shapes))
    return count.astype(np.int64)


def _of_faults(faces: Faces, shapes: NDArray[Any]) -> Index:
    """Return for each face the fault that it lies in (the first), −1 for none."""
    fault = np.full(len(faces.shapes), -1, dtype=np.int64)
    at, number = shapely.STRtree(shapes).query(faces.points, predicate="intersects")
    order = np.lexsort((-number, at))
    fault[at[order]] = number[order]
    return fault

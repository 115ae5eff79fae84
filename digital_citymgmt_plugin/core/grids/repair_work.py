# SPDX-License-Identifier: GPL-2.0-or-later
"""Faces given away, one grid each, as long as every grid stays itself; see ``repair.py``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from digital_citymgmt_plugin.core.grids.repair_faces import Faces, Index, cuts_across, faces_of, noded, put_back

GAP, OVERLAP, PART = 0, 1, 2
# Why a fault is left though it is thin: codes of sentences.
SHAPE, FIT, NO_TAKER = "because.repair_shape", "because.repair_fit", "because.repair_no_taker"
KEEPS = 0.5  # of its area that a grid keeps at least: less is another grid, and a person's to decide


@dataclass
class Fault:
    """A fault nowhere wider than the tolerance: its kind, shape and community (gaps), the cell that it is part of."""

    kind: int
    shape: Any
    home: int = -1
    cell: int = -1


def thin_areas(shapes: NDArray[Any], tolerance: float) -> NDArray[np.bool_]:
    """Tell which areas are nowhere wider than the tolerance."""
    maybe = 2 * shapely.area(shapes) < 2 * tolerance * shapely.length(shapes)
    thin = np.zeros(len(shapes), dtype=bool)
    thin[maybe] = shapely.is_empty(shapely.buffer(shapes[maybe], -tolerance / 2, quad_segs=4))
    return thin


class Work:
    """One arrangement and what is done with its faces."""

    def __init__(
        self, fixed: NDArray[Any], own: Index, homes: NDArray[Any], faults: list[Fault], tolerance: float
    ) -> None:
        fixed = _plain(fixed)
        self._fixed, self._own, self._faults, self._tolerance = fixed, own, faults, tolerance
        self._homes = np.empty(0, dtype=object)
        shapes = np.array([fault.shape for fault in faults], dtype=object)
        lines = shapely.boundary(fixed)
        if len(homes):
            touched = np.unique(shapely.STRtree(homes).query(shapes, predicate="intersects")[1])
            self._homes = homes[touched]
            # Only at the faults: elsewhere edges of communities drawn apart from the grids would cut into sound ones.
            places = shapely.union_all(shapely.buffer(shapes, 2 * tolerance, quad_segs=2))
            lines = np.concatenate([lines, shapely.intersection(shapely.boundary(self._homes), places)])
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
        # Of a face as thin as the last digits a point inside tells nothing: it goes to whoever is near all of it.
        self._hair = self._faces.hair
        self._loose &= ~self._hair
        self._home = np.full(len(depth), -1, dtype=np.int64)
        if len(homes):
            at, in_home = shapely.STRtree(homes).query(self._faces.points, predicate="intersects")
            self._home[at[::-1]] = in_home[::-1]
        self._banned = np.zeros(len(depth), dtype=bool)
        self._why: dict[int, str] = {}  # fault → code of the reason why its faces are left alone
        self._never: set[tuple[int, int]] = set()  # faces that would be a part of their own of a cell
        self._given = np.full(len(depth), -1, dtype=np.int64)
        # Across a gap that is to be closed, too: the same new vertices come on both sides.
        touching = shapely.STRtree(fixed).query(fixed, predicate="dwithin", distance=tolerance)
        self._adjacent: tuple[Index, Index] = (touching[0], touching[1])

    def attempt(self) -> tuple[NDArray[Any], Index, Index]:
        """Give the loose faces away; return the cells, those that changed, and those that may not stay like that."""
        self._given[:] = -1
        todo = (self._loose | self._hair) & ~self._banned
        for _pass in range(3):  # a piece in the middle of others waits for them
            for face in np.flatnonzero(todo & (self._given < 0)).tolist():
                self._given[face] = self._taker(face)
        kept = (self._given[self._faces.face] < 0) & ~self._hair[self._faces.face]
        face = np.concatenate([self._faces.face[kept], np.flatnonzero(self._given >= 0)])
        cell = np.concatenate([self._faces.cell[kept], self._given[self._given >= 0]])
        made = np.array([shapely.Polygon()] * len(self._fixed), dtype=object)
        order = np.argsort(cell, kind="stable")
        for group in np.split(order, np.flatnonzero(np.diff(cell[order])) + 1):
            made[cell[group[0]]] = shapely.coverage_union_all(self._faces.shapes[face[group]])
        made = put_back(made, np.concatenate([self._homes, self._fixed]))
        differs = ~shapely.equals_exact(shapely.normalize(made), shapely.normalize(self._fixed), 0.0)
        moved = np.zeros(len(made), dtype=bool)
        real = np.flatnonzero((self._given >= 0) & ~self._hair)
        moved[self._given[real]] = True
        moved[self._faces.cell[np.isin(self._faces.face, real)]] = True
        changed = np.flatnonzero(self._linked(differs, moved))
        wrong = changed[~self._allowed(changed, made)]
        return made, changed, wrong

    def forbid(self, cells: Index, made: NDArray[Any]) -> None:
        """Keep cells from becoming what they may not: give pieces cut off to others, else leave their faces alone."""
        left = []
        for cell in cells.tolist():
            pieces = shapely.get_parts(made[cell])
            spare = np.delete(pieces, int(np.argmax(shapely.area(pieces)))) if len(pieces) > 1 else pieces[:0]
            new = self._cut_off(cell, spare) if len(spare) and thin_areas(spare, self._tolerance).all() else []
            self._never.update(new)
            if not new:
                left.append(cell)
        # A piece cut off may be the hole of another cell, which is right as soon as the piece is its own.
        if len(left) == len(cells):
            self.leave(cells, SHAPE)

    def _cut_off(self, cell: int, spare: NDArray[Any]) -> list[tuple[int, int]]:
        """Let the faces of thin pieces that a cell has apart from the rest go to others; the pairs that are new."""
        faces = self._faces
        mine = np.union1d(np.flatnonzero(self._given == cell), faces.face[faces.cell == cell])
        at = np.unique(shapely.STRtree(spare).query(faces.points[mine], predicate="intersects")[0])
        new = [(int(face), cell) for face in mine[at].tolist() if (int(face), cell) not in self._never]
        self._loose[mine[at]] |= ~self._hair[mine[at]]
        return new

    def leave(self, cells: Index, why: str) -> None:
        """Leave the faces alone that were given to or taken from some cells, for a reason."""
        hit = np.isin(self._given, cells) & (self._given >= 0)
        lost = self._faces.face[np.isin(self._faces.cell, cells)]
        hit[lost[self._given[lost] >= 0]] = True
        for fault in np.unique(self._fault[hit & ~self._hair & ~self._banned]).tolist():
            self._why.setdefault(fault, why)
        self._banned |= hit & ~self._hair

    def apart_from(self, changed: Index, wrong: Index, why: str) -> Index:
        """Return the changed cells that do not hang together with wrong ones, and take the others' faces back."""
        is_changed = np.zeros(len(self._fixed), dtype=bool)
        is_changed[changed] = True
        lost = self._reached(is_changed, np.isin(np.arange(len(is_changed)), wrong))
        self.leave(np.flatnonzero(lost), why)
        self._given[self._banned] = -1
        return changed[~lost[changed]]

    def done(self) -> tuple[int, int, int]:
        """Return how many gaps, overlaps and splinters are gone."""
        counts = [0, 0, 0]
        for number, fault in enumerate(self._faults):
            if self._is_done(number):
                counts[fault.kind] += 1
        return counts[GAP], counts[OVERLAP], counts[PART]

    def left(self) -> list[tuple[Any, str]]:
        """Return the shapes of the faults that are left, each with the code of the reason."""
        return [
            (fault.shape, self._why.get(number, NO_TAKER))
            for number, fault in enumerate(self._faults) if not self._is_done(number)
        ]  # fmt: skip

    def _is_done(self, number: int) -> bool:
        mine = (self._fault == number) & self._loose
        return bool(mine.any() and (self._given[mine] >= 0).all())

    def _taker(self, face: int) -> int:
        """Return the cell that a loose face goes to: of those that may have it the one with the longest common edge."""
        faces = self._faces
        inside = faces.cell[slice(*np.searchsorted(faces.face, [face, face + 1]))]
        at = slice(*np.searchsorted(faces.left, [face, face + 1]))
        beside: dict[int, float] = {}
        for other, length in zip(faces.right[at].tolist(), faces.shared[at].tolist()):
            for cell in self._owners(other):
                beside[cell] = beside.get(cell, 0.0) + length
        corners = shapely.points(shapely.get_coordinates(faces.shapes[face]))
        if self._hair[face]:
            names = [cell for cell in {*beside, *inside.tolist()} if (face, cell) not in self._never]
            away = {cell: float(shapely.distance(self._fixed[cell], corners).max()) for cell in names}
            near = [cell for cell in names if away[cell] <= self._tolerance]
            near.sort(key=lambda one: (round(away[one], 4), -beside.get(one, 0.0), one))
            return near[0] if near else -1
        part = len(inside) == 1
        names = [int(cell) for cell in inside] if len(inside) > 1 else [c for c in beside if c not in inside.tolist()]
        home = int(self._home[face])
        at_home = [cell for cell in names if home < 0 or self._own[cell] in (-1, home)]
        if not at_home and len(inside) < 2:
            return -1
        names = at_home or names
        names = [cell for cell in names if (face, cell) not in self._never]
        if not names and len(inside) > 1:  # cut off from all that have it: whoever lies round it now
            names = [c for c in beside if c not in inside.tolist() and (home < 0 or self._own[c] in (-1, home))]
            names = [cell for cell in names if (face, cell) not in self._never]
        for cell in sorted(names, key=lambda one: (-beside.get(one, 0.0), one)):
            if cell not in inside and shapely.distance(self._fixed[cell], corners).max() > self._tolerance:
                continue
            losers = [] if part else [other for other in inside.tolist() if other != cell]
            if all(self._near_rest(other, face, corners) for other in losers):
                return int(cell)
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
        return [int(inside[0])] if len(inside) == 1 and not (self._loose[face] or self._hair[face]) else []

    def _linked(self, differs: NDArray[np.bool_], moved: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the cells to write anew: those that gained or lost ground, and whoever got vertices through them."""
        return self._reached(differs, moved & differs)

    def _reached(self, among: NDArray[np.bool_], start: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which of some cells hang together with one that a start is."""
        one, other = self._adjacent
        both = among[one] & among[other]
        size = len(among)
        graph = coo_matrix((np.ones(int(both.sum())), (one[both], other[both])), shape=(size, size))
        _count, label = connected_components(graph, directed=False)
        reached: NDArray[np.bool_] = among & np.isin(label, label[start])
        return reached

    def _allowed(self, rows: Index, made: NDArray[Any]) -> NDArray[np.bool_]:
        """Tell which cells are still themselves: outline moved within the tolerance, no more parts or holes."""
        old, new = self._fixed[rows].copy(), made[rows]
        area = shapely.area(old)
        for fault in self._faults:  # a splinter given away is gone; the rest of the outline may not move
            if fault.kind == PART and fault.cell in rows:
                at = int(np.flatnonzero(rows == fault.cell)[0])
                if not shapely.intersects(new[at], shapely.point_on_surface(fault.shape)):
                    old[at] = shapely.difference(old[at], fault.shape)
        good = ~shapely.is_empty(new) & shapely.is_valid(new) & (shapely.area(new) >= KEEPS * area)
        good &= shapely.get_num_geometries(new) <= shapely.get_num_geometries(old)
        good &= _holes(new) <= _holes(old)
        lines, before = shapely.boundary(new), shapely.boundary(old)
        good &= shapely.covered_by(lines, shapely.buffer(before, self._tolerance, quad_segs=16))
        good &= shapely.covered_by(before, shapely.buffer(lines, self._tolerance, quad_segs=16))
        return np.asarray(good, dtype=bool)


def _plain(shapes: NDArray[Any]) -> NDArray[Any]:
    """Return areas of one part as polygons, as unions are: a store holds multipolygons, which would all differ."""
    single = (shapely.get_type_id(shapes) == 6) & (shapely.get_num_geometries(shapes) == 1)
    plain = shapes.copy()
    plain[single] = shapely.get_geometry(shapes[single], 0)
    return plain


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

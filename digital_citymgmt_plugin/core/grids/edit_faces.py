# SPDX-License-Identifier: GPL-2.0-or-later
"""Cut cells along a laid line, and make an edit of what became of the parts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.edit_coverage import Coverage, Edit, Point, edge, rings_of, row_of
from digital_citymgmt_plugin.core.grids.edit_faults import EXACT, can_check
from digital_citymgmt_plugin.core.grids.edit_lay import Edge, Laid
from digital_citymgmt_plugin.core.grids.edit_pen import NEAR, Note

SMALLEST = 1.0  # m²: no part of a cell may be smaller
_THIN = 0.1  # m: nor narrower on the average


def faces(cov: Coverage, name: str, laid: Laid, cut_always: bool = False) -> list[Any]:
    """Return the parts that a laid line cuts a cell into, the largest first; one if it does not.

    Parts of a multipolygon that the line leaves alone stay with the largest. A cell that is not cut is returned as it
    is or, if ``cut_always``, with the line's corners in its edges.
    """
    chains = [piece.points for piece in laid.pieces if piece.whole and name in piece.cells]
    shape = cov.cell(name)
    if not chains:
        return [with_cuts(cov, name, laid.cuts) if cut_always else shape]
    ends = {point for chain in chains for point in (chain[0], chain[-1])}
    cut, left = [], []
    for part in shapely.get_parts(shape).tolist():
        lines = [line for ring in rings_of(part) for line in _parted(_with(ring, laid.cuts), ends)]
        lines += [list(chain) for chain in chains]
        made = shapely.get_parts(shapely.polygonize([shapely.LineString(line) for line in lines]))
        made = made[shapely.contains(part, shapely.point_on_surface(made))]  # the others fill its holes
        if len(made) > 1:
            cut += made.tolist()
        else:
            left.append(part)
    if not cut:
        return [with_cuts(cov, name, laid.cuts) if cut_always else shape]
    cut.sort(key=lambda face: (-round(face.area, 6), shapely.to_wkb(shapely.normalize(face))))
    if left:
        left = [_polygon(part, laid.cuts) for part in left]
        cut[0] = shapely.MultiPolygon([cut[0], *left])
    return cut


def too_small(face: Any) -> bool:
    """Whether a part is a splinter: smaller than 1 m², or narrower than 0.1 m on the average."""
    area = float(shapely.area(face))
    return area < SMALLEST or 2 * area < _THIN * float(shapely.length(face))


def joined(shapes: Iterable[Any], clean: bool = True) -> Any:
    """Return one shape of several that fit edge to edge; what is not clean is joined with care and may get corners."""
    each = row_of(list(shapes))
    return shapely.coverage_union_all(each) if clean else shapely.union_all(each)


def with_cuts(cov: Coverage, name: str, cuts: dict[Edge, list[Point]]) -> Any:
    """Return a cell with the corners put in; the very same object if there are none on its edges."""
    if not cuts or not any(each in cuts for each in cov.edges(name)):
        return cov.cell(name)
    polygons = [_polygon(part, cuts) for part in shapely.get_parts(cov.cell(name)).tolist()]
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def edges_cut(cov: Coverage, name: str, cuts: dict[Edge, list[Point]]) -> list[Edge]:
    """Return the straight edges of a cell with the corners put in."""
    return [part for each in cov.edges(name) for part in split_edges(each, cuts)]


def split_edges(each: Edge, cuts: dict[Edge, list[Point]]) -> list[Edge]:
    """Return an edge as the edges between the corners put into it."""
    if each not in cuts:
        return [each]
    chain = [each[0], *cuts[each], each[1]]
    return [edge(*pair) for pair in zip(chain[:-1], chain[1:])]


def _polygon(part: Any, cuts: dict[Edge, list[Point]]) -> Any:
    shell, *holes = (_with(ring, cuts) for ring in rings_of(part))
    return shapely.Polygon(shell, holes)


def _with(ring: list[Point], cuts: dict[Edge, list[Point]]) -> list[Point]:
    if not cuts:
        return ring
    out = [ring[0]]
    for start, end in zip(ring[:-1], ring[1:]):
        between = cuts.get(edge(start, end), ())
        out += between if start < end else reversed(between)
        out.append(end)
    return out


def _parted(ring: list[Point], ends: set[Point]) -> list[list[Point]]:
    """Return a ring as lines from one end to the next."""
    at = [row for row, point in enumerate(ring[:-1]) if point in ends]
    if not at:
        return [ring]
    turned = ring[at[0] : -1] + ring[: at[0] + 1]
    stops = [row - at[0] for row in at] + [len(turned) - 1]
    return [turned[one : two + 1] for one, two in zip(stops[:-1], stops[1:])]


class Plan:
    """What a tool wants: shapes for ids that stay, new cells, ids that go; :meth:`edit` checks and makes the edit."""

    def __init__(self, cov: Coverage, tool: str, laid: Laid | None = None, notes: Iterable[Note] = ()) -> None:
        self._cov, self._tool, self._laid = cov, tool, laid
        self.notes: list[Note] = list(notes)
        self._after: dict[str, Any] = {}
        self._gone: set[str] = set()
        self._parents: dict[str, tuple[str, ...]] = {}
        self._groups: dict[str, str] = {}

    def keep(self, name: str, shape: Any) -> None:
        """Give a cell another shape."""
        self._after[name] = shape
        self._groups[name] = self._cov.group(name)

    def gone(self, name: str) -> None:
        """Take a cell away."""
        self._gone.add(name)

    def new(self, shape: Any, parents: Iterable[str], group: str) -> str:
        """Add a cell and return its id."""
        origins = tuple(parents)
        name = self._cov.fresh(origins[0], len(self._parents))
        self._after[name], self._parents[name], self._groups[name] = shape, origins, group
        return name

    @property
    def empty(self) -> bool:
        """Whether nothing is wanted so far."""
        return not self._after

    def edit(self) -> Edit:
        """Put the new corners into the neighbours' edges and check everything.

        Raises
        ------
        InputRefused
            ``redraw.piece_too_small``, ``redraw.too_near``, ``redraw.would_overlap``, ``redraw.faults_here`` (the cells
            here did not fit before, and would fit less).
        """
        corners = self._corners()
        before = {name: self._cov.stored(name) for name in {*self._after, *self._gone} if name in self._cov}
        edit = Edit(
            self._tool, dict(sorted(before.items())), dict(sorted(self._after.items())), self._parents,
            dict(sorted(self._groups.items())), tuple(self.notes), frozenset(corners),
        )  # fmt: skip
        check(self._cov, edit)
        return edit

    def _corners(self) -> list[str]:
        if self._laid is None or not self._laid.cuts:
            return []
        used = {tuple(point) for shape in self._after.values() for point in shapely.get_coordinates(shape).tolist()}
        cuts = {each: [point for point in points if point in used] for each, points in self._laid.cuts.items()}
        cuts = {each: points for each, points in cuts.items() if points}
        found = []
        for name in self._laid.cells:
            if name not in self._after and name not in self._gone:
                shape = with_cuts(self._cov, name, cuts)
                if shape is not self._cov.cell(name):
                    self.keep(name, shape)
                    found.append(name)
        return found


def check(cov: Coverage, edit: Edit) -> None:
    """Refuse an edit after which the cells would not fit, or would fit worse than before.

    Areas in m² are conserved to ``EXACT``; faults that the stored cells had already may stay.

    Raises
    ------
    InputRefused
        ``redraw.would_overlap``, ``redraw.piece_too_small``, ``redraw.faults_here``; what ``_apart`` raises.
    """
    for name, shape in edit.after.items():
        if not shapely.is_valid(shape) or shapely.get_type_id(shape) not in (3, 6):
            raise InputRefused("redraw.would_overlap")
        if name not in edit.corners and too_small(shape):
            raise InputRefused("redraw.piece_too_small", area=round(float(shapely.area(shape)), 2))
    before = row_of([cov.cell(name) for name in edit.before])
    after = row_of(edit.after.values())
    if abs(float(shapely.area(before).sum() - shapely.area(after).sum())) > EXACT:
        raise InputRefused("redraw.would_overlap")
    others = row_of([cov.cell(name) for name in cov.near(before, NEAR) if name not in edit.before])
    _apart(before, after, others)
    now = np.concatenate([after, others])
    if can_check() and shapely.coverage_is_valid(now):
        return
    if cov.clean and can_check():
        raise InputRefused("redraw.would_overlap")
    # Faults that were there stay; but no more land may be doubled or left out than before.
    then = np.concatenate([before, others])
    if abs(float(shapely.area(shapely.union_all(then)) - shapely.area(shapely.union_all(now)))) > EXACT:
        fitted = can_check() and shapely.coverage_is_valid(then)
        raise InputRefused("redraw.would_overlap" if fitted else "redraw.faults_here")


def _apart(before: NDArray[Any], after: NDArray[Any], others: NDArray[Any]) -> None:
    """Refuse a new corner that is nearly, but not quite, another one."""
    old = {tuple(point) for point in shapely.get_coordinates(before).tolist()}
    now = {tuple(point) for point in shapely.get_coordinates(after).tolist()}
    fresh = sorted(now - old)
    if not fresh:
        return
    every = sorted(now | {tuple(point) for point in shapely.get_coordinates(others).tolist()})
    one, two = shapely.STRtree(shapely.points(every)).query(shapely.points(fresh), "dwithin", distance=0.99 * NEAR)
    for row, hit in zip(one.tolist(), two.tolist()):
        if fresh[row] != every[hit]:
            raise InputRefused("redraw.too_near", near=NEAR)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Lay a drawn line onto the edges of the cells: where they meet, both have the very same corner."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.edit_coverage import Coverage, Point, edge, row_of
from digital_citymgmt_plugin.core.grids.edit_pen import NEAR

_TIE = 1e-6  # m: edges of two cells this near to each other are meant to be one
_ROUNDS = 12

Edge = tuple[Point, Point]


@dataclass(frozen=True)
class Piece:
    """A part of the line inside of cells; ``whole`` if both of its ends are on edges (or it is a ring of its own)."""

    points: tuple[Point, ...]
    cells: tuple[str, ...]
    whole: bool


@dataclass(frozen=True)
class Laid:
    """The line as laid: all its corners, the parts inside of cells, and the corners to put into the cells' edges.

    ``cells`` are those near the line, ``along`` says whether some of it runs along an edge.
    """

    path: tuple[Point, ...]
    pieces: tuple[Piece, ...]
    cuts: dict[Edge, list[Point]]
    cells: tuple[str, ...]
    along: bool

    def only(self, cells: Iterable[str] | None = None) -> Laid:
        """Return it without the corners that part nothing: those at loose ends, or outside of some cells."""
        names = set(self.cells if cells is None else cells)
        ends = {
            point
            for piece in self.pieces
            if piece.whole and names.intersection(piece.cells)
            for point in (piece.points[0], piece.points[-1])
        }
        cuts = {each: [point for point in points if point in ends] for each, points in self.cuts.items()}
        return replace(self, cuts={each: points for each, points in cuts.items() if points})


def lay(cov: Coverage, xy: NDArray[np.float64], snap: float) -> Laid:
    """Lay a line.

    Parameters
    ----------
    cov : Coverage
    xy : array of shape (n, 2)
        From :func:`.edit_pen.pen_line` or, closed, :func:`.edit_pen.pen_area`.
    snap : float
        m: a corner of the line this near to a corner of a cell goes onto it, or else onto an edge this near. Never less
        than ``NEAR``; the line also bends to every corner of a cell nearer than ``NEAR``.

    Raises
    ------
    InputRefused
        ``redraw.crosses_itself``, ``redraw.too_short``: after snapping.
    """
    snap = max(snap, NEAR)
    line = shapely.LineString(xy)
    names = cov.near(line, snap)
    work = _Work(cov, names, line, snap)
    path = work.snapped([(x, y) for x, y in xy.tolist()], snap)
    if len(path) < 2:
        raise InputRefused("redraw.too_short")
    for _ in range(_ROUNDS):
        path, more = work.noded(path)
        if not more:
            break
    else:
        raise InputRefused("redraw.crosses_itself")
    if not shapely.is_simple(shapely.LineString(path)):
        raise InputRefused("redraw.crosses_itself")
    pieces, along = _pieces(cov, names, path, work)
    return Laid(tuple(path), pieces, work.cuts(), tuple(names), along)


def nothing_cut(laid: Laid) -> InputRefused:
    """Return why a line cuts nothing."""
    if any(not piece.whole for piece in laid.pieces):
        return InputRefused("redraw.ends_inside", cell=next(piece.cells[0] for piece in laid.pieces if not piece.whole))
    if laid.pieces:
        return InputRefused("redraw.cuts_nothing", cell=laid.pieces[0].cells[0])
    if laid.along:
        return InputRefused("redraw.along_edge")
    return InputRefused("redraw.touches_only" if laid.cells else "redraw.outside")


class _Work:
    """The edges near the line, and the corners put into them so far."""

    def __init__(self, cov: Coverage, names: list[str], line: Any, snap: float) -> None:
        found = [cov.lines(name) for name in names]
        rows = np.concatenate(found) if found else np.empty((0, 4))
        west, south, east, north = shapely.bounds(line).tolist()
        x, y = rows[:, [0, 2]], rows[:, [1, 3]]
        rows = rows[
            (x.max(axis=1) >= west - 2 * snap) & (x.min(axis=1) <= east + 2 * snap)
            & (y.max(axis=1) >= south - 2 * snap) & (y.min(axis=1) <= north + 2 * snap)
        ]  # fmt: skip
        # Both sides of an edge are one row: an edge is written with its lower corner first.
        self._edges: list[Edge] = sorted({((a, b), (c, d)) for a, b, c, d in rows.tolist()})
        self._put: dict[int, list[Point]] = {}
        self._gone_through: set[Point] = set()
        self._parts()

    def _parts(self) -> None:
        """Cut the edges at the corners put in."""
        self.parts: list[tuple[Point, Point, int]] = []
        for number, (one, two) in enumerate(self._edges):
            chain = [one, *self._put.get(number, ()), two]
            self.parts += [(*edge(*pair), number) for pair in zip(chain[:-1], chain[1:])]
        self.corners = {point for one, two, _ in self.parts for point in (one, two)}
        lines = shapely.linestrings([(one, two) for one, two, _ in self.parts]) if self.parts else []
        self._tree = shapely.STRtree(lines)

    def cuts(self) -> dict[Edge, list[Point]]:
        return {self._edges[number]: points for number, points in self._put.items()}

    def _insert(self, number: int, point: Point) -> None:
        one, two = self._edges[number]
        points = self._put.setdefault(number, [])
        if point not in points:
            points.append(point)
            points.sort(key=lambda other: _share(other, one, two))

    def snapped(self, path: list[Point], snap: float) -> list[Point]:
        """Return the path with its corners on corners or edges where these are near."""
        if not self.parts:
            return path
        rows, hits = self._tree.query(shapely.points(path), predicate="dwithin", distance=snap)
        close: dict[int, list[int]] = {}
        for row, hit in zip(rows.tolist(), hits.tolist()):
            close.setdefault(row, []).append(hit)
        out: list[Point] = []
        for row, point in enumerate(path):
            hits_here = sorted(close.get(row, ()))
            if hits_here and not (row == len(path) - 1 and point == path[0]):
                point = self._onto(point, [self.parts[hit] for hit in hits_here], snap)
            elif hits_here:
                point = out[0]
            if not out or point != out[-1]:
                out.append(point)
        self._parts()
        return out

    def _onto(self, point: Point, parts: list[tuple[Point, Point, int]], snap: float) -> Point:
        corners: list[Point] = [other for one, two, number in parts for other in (one, two, *self._put.get(number, ()))]
        nearest = min(corners, key=lambda other: (math.dist(point, other), other))
        if math.dist(point, nearest) <= snap:
            return nearest
        feet = [(_foot(point, one, two), number) for one, two, number in parts]
        foot, _ = min(feet, key=lambda each: (math.dist(point, each[0]), each[0]))
        by = [other for other in corners if math.dist(foot, other) <= NEAR]
        if by:
            return min(by, key=lambda other: (math.dist(foot, other), other))
        for other, number in feet:
            if math.dist(foot, other) <= _TIE:
                self._insert(number, foot)
        return foot

    def _meet(self, pair: tuple[Point, Point], hit: int, there: list[tuple[float, Point]]) -> None:
        """Add the corners that a stretch of the path gets from one edge near it."""
        start, end = pair
        one, two, number = self.parts[hit]
        passed = [point for point in (one, two) if point in pair]
        for point in (one, two):
            share = _share(point, start, end)
            # Beside the ends it would be put in again and again; a line through it twice touches itself.
            if 0 < share < 1 and point not in self._gone_through and _off(point, start, end) <= NEAR:
                there.append((share, point))
                passed.append(point)
        crossing = None if passed else _crossing(start, end, one, two)
        if crossing is not None:
            same = [point for _, point in there if math.dist(point, crossing) <= _TIE]
            point = same[0] if same else crossing
            there.append((_share(point, start, end), point))
            self._insert(number, point)

    def noded(self, path: list[Point]) -> tuple[list[Point], bool]:
        """Return the path with corners where it passes a cell's corner or crosses an edge, and whether it got any."""
        if not self.parts:
            return path, False
        pairs = list(zip(path[:-1], path[1:]))
        self._gone_through = set(path)
        rows, hits = self._tree.query(shapely.linestrings(pairs), predicate="dwithin", distance=NEAR)
        extra: dict[int, list[tuple[float, Point]]] = {}
        order = np.lexsort((hits, rows))
        for row, hit in zip(rows[order].tolist(), hits[order].tolist()):
            self._meet(pairs[row], hit, extra.setdefault(row, []))
        if not any(extra.values()):
            return path, False
        self._parts()
        out = [path[0]]
        for row, (_, end) in enumerate(pairs):
            for point in [*(point for _, point in sorted(extra.get(row, ()))), end]:
                if point != out[-1]:
                    out.append(point)
        return out, True


def _pieces(cov: Coverage, names: list[str], path: list[Point], work: _Work) -> tuple[tuple[Piece, ...], bool]:
    """Part the path at the corners of cells; what runs along edges or through no cell is left out."""
    known = {part[:2] for part in work.parts}
    closed = path[0] == path[-1]
    nodes = [row for row, point in enumerate(path) if point in work.corners]
    if closed and nodes:
        path = path[nodes[0] :] + path[1 : nodes[0] + 1]
    chains: list[list[Point]] = [[path[0]]]
    along = False
    for start, end in zip(path[:-1], path[1:]):
        if edge(start, end) in known:
            along = True
            chains.append([end])
            continue
        chains[-1].append(end)
        if end in work.corners:
            chains.append([end])
    chains = [chain for chain in chains if len(chain) > 1]
    if not chains or not names:
        return (), along
    shapes = row_of([cov.cell(name) for name in names])
    found = []
    for chain in chains:
        longest = max(zip(chain[:-1], chain[1:]), key=lambda pair: (math.dist(*pair), pair))
        x, y = ((longest[0][axis] + longest[1][axis]) / 2 for axis in (0, 1))
        inside = np.flatnonzero(shapely.contains_xy(shapes, x, y)).tolist()
        if inside:
            whole = (chain[0] in work.corners and chain[-1] in work.corners) or chain[0] == chain[-1]
            found.append(Piece(tuple(chain), tuple(names[row] for row in inside), whole))
    return tuple(found), along


def _share(point: Point, one: Point, two: Point) -> float:
    """Return how far along the way from one to two a point is."""
    along, up = two[0] - one[0], two[1] - one[1]
    return ((point[0] - one[0]) * along + (point[1] - one[1]) * up) / (along * along + up * up)


def _foot(point: Point, one: Point, two: Point) -> Point:
    share = min(1.0, max(0.0, _share(point, one, two)))
    return one[0] + share * (two[0] - one[0]), one[1] + share * (two[1] - one[1])


def _off(point: Point, one: Point, two: Point) -> float:
    return math.dist(point, _foot(point, one, two))


def _crossing(start: Point, end: Point, one: Point, two: Point) -> Point | None:
    """Return where two straight lines cross between their ends, on the second one."""
    along, up = end[0] - start[0], end[1] - start[1]
    right, rise = two[0] - one[0], two[1] - one[1]
    turn = along * rise - up * right
    if turn == 0:
        return None
    aside, above = one[0] - start[0], one[1] - start[1]
    first, second = (aside * rise - above * right) / turn, (aside * up - above * along) / turn
    if not (0 < first < 1 and 0 < second < 1):
        return None
    return one[0] + second * right, one[1] + second * rise

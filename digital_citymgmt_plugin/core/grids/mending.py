# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults of unit grids mended one by one because a person says so, however wide they are; what is left says why.

Beside ``repair.py``, which mends only what moves no boundary far: a gap goes to the grid with the longest common edge,
an overlap to the smaller grid, a part or a piece across the edge of a community to the neighbour there, a splinter into
its neighbour, of two equal grids one goes. Nothing is mended that would part a grid, give it a hole or take half its
ground.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.audit.model import parts_of_area, polygonal
from digital_citymgmt_plugin.core.ports import Cancel

# The order in which faults are mended: what takes a whole grid away first, ground without a grid last.
ORDER = ("duplicate", "sliver", "multipart", "crossing", "overlap", "hole", "gap")
RULES = tuple(f"grid.{name}" for name in ORDER)
# Why faults of other rules are not mended here; all others want their boundary drawn.
ELSEWHERE = {
    "grid.code_replaced": "because.mend_told", "grid.outside": "because.mend_outside",
    "grid.wrong_community": "because.mend_code", "grid.community_unknown": "because.mend_outside",
    "grid.code_form": "because.mend_code", "grid.code_community": "because.mend_code",
    "grid.code_double": "because.mend_code", "grid.code_missing": "because.mend_code",
}  # fmt: skip
_BESIDE = 0.02  # m: edges so near are common ones, in coordinates of a vendor, too
_EDGE = 0.2  # m of common edge: less is a corner
_HAIR = 0.01  # m²: ground that nobody draws, as in the checks
_KEEPS = 0.5  # of its ground that a grid keeps at least
_MEET = 0.0005  # m: how far a vertex may be moved so that neighbours have it in common
Wrong = Optional[str]


@dataclass(frozen=True)
class Flaw:
    """A fault: its rule, the row of its grid (−1: a gap) and of a second one, and its shape."""

    rule: str
    cell: int = -1
    other: int = -1
    shape: Any = None


@dataclass
class Mending:
    """All cells after it, rows that changed, which row took each that is gone, why flaws (by number) are left."""

    cells: NDArray[Any]
    rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    gone: dict[int, int] = field(default_factory=dict)
    left: dict[int, str] = field(default_factory=dict)


def mend_flaws(
    cells: NDArray[Any], flaws: Sequence[Flaw], communities: NDArray[Any], home: NDArray[np.int64],
    cancel: Cancel | None = None,
) -> Mending:  # fmt: skip
    """Mend faults in the order of ``ORDER``.

    Parameters
    ----------
    cells : array of polygons or None
        Metric CRS. Not changed.
    communities : array of polygons
        Empty: ground goes to whoever is beside it.
    home : array of int
        Community of each cell, −1 unknown.

    Returns
    -------
    Mending
        Of a flaw that is left, the code of a reason (``because.mend_…``).
    """
    bench = _Bench(cells, communities, home)
    left: dict[int, str] = {}
    rank = {rule: at for at, rule in enumerate(RULES)}
    for number in sorted(range(len(flaws)), key=lambda at: (rank.get(flaws[at].rule, len(rank)), at)):
        flaw = flaws[number]
        if cancel is not None:
            cancel.check()
        mend = bench.ways.get(flaw.rule)
        why = ELSEWHERE.get(flaw.rule, "because.mend_redraw") if mend is None else mend(flaw)
        if why:
            left[number] = why
    bench.meet()
    return Mending(bench.cells, np.array(sorted(bench.changed - set(bench.gone)), dtype=np.int64), bench.gone, left)


class _Bench:
    """The cells while they are worked on."""

    def __init__(self, cells: NDArray[Any], communities: NDArray[Any], home: NDArray[np.int64]) -> None:
        known = np.asarray(cells, dtype=object)
        self.cells = known.copy()
        there = np.flatnonzero(~(shapely.is_missing(known) | shapely.is_empty(known)))
        self.cells[there] = polygonal(shapely.force_2d(known[there]))
        self._rows, self._tree = there, shapely.STRtree(self.cells[there])
        drawn = np.flatnonzero(~(shapely.is_missing(communities) | shapely.is_empty(communities)))
        self._communities, self._known, self._home = communities, drawn, home
        self._places = shapely.STRtree(communities[drawn])
        self.changed: set[int] = set()
        self.gone: dict[int, int] = {}
        self.ways: dict[str, Callable[[Flaw], Wrong]] = {
            "grid.duplicate": self._duplicate, "grid.sliver": self._sliver, "grid.multipart": self._multipart,
            "grid.crossing": self._crossing, "grid.overlap": self._overlap, "grid.hole": self._hole,
            "grid.gap": self._gap,
        }  # fmt: skip

    # -- what lies where --------------------------------------------------------------------------------------------

    def _near(self, shape: Any, but: int = -1) -> list[int]:
        found = self._rows[self._tree.query(shape, predicate="dwithin", distance=20.0)].tolist()
        return [row for row in sorted(found) if row != but and row not in self.gone]

    def _community(self, shape: Any) -> int:
        """Return the community in which most of a piece lies, −1 for none.

        By area: a point inside a piece with a spike may lie on its edge, where another community begins.
        """
        if not len(self._known):
            return -1
        at = np.sort(self._places.query(shape, predicate="intersects"))
        share = shapely.area(shapely.intersection(self._communities[self._known[at]], shape))
        return int(self._known[at[int(np.argmax(share))]]) if len(at) and share.max() > 0 else -1

    def _takers(self, piece: Any, but: int = -1) -> list[int]:
        """Return the cells beside a piece that may have it, the one with the longest common edge first."""
        here, band = self._community(piece), shapely.buffer(piece, _BESIDE, quad_segs=2)
        edges = {
            row: float(shapely.length(shapely.intersection(shapely.boundary(self.cells[row]), band)))
            for row in self._near(piece, but) if here < 0 or self._home[row] in (-1, here)
        }  # fmt: skip
        return sorted((row for row, length in edges.items() if length > _EDGE), key=lambda row: (-edges[row], row))

    def _free(self, shape: Any, but: int = -1) -> Any:
        """Return what of a shape no cell has."""
        others = [self.cells[row] for row in self._near(shape, but)]
        return _area(shapely.difference(_area(shape), shapely.union_all(others)) if others else shape)

    # -- giving and taking ------------------------------------------------------------------------------------------

    def _set(self, row: int, shape: Any) -> None:
        self.cells[row] = shape
        self.changed.add(row)

    def _give(self, row: int, piece: Any) -> bool:
        """Add a piece to a cell, unless that makes holes or parts; hairs between the edges go along."""
        before = self.cells[row]
        made = _closed(shapely.union(before, piece))
        if _parts(made) > _parts(before) or _holes(made) > _holes(before):
            return False
        self._set(row, made)
        return True

    def _takes(self, piece: Any, but: int = -1) -> bool:
        return any(self._give(row, piece) for row in self._takers(piece, but))

    # -- one way for each rule --------------------------------------------------------------------------------------

    def _duplicate(self, flaw: Flaw) -> Wrong:
        one, other = flaw.cell, flaw.other
        if other < 0 or one in self.gone or other in self.gone:
            return None if {one, other} & set(self.gone) else "because.mend_redraw"
        here = self._community(self.cells[one])
        # The one whose code is of this community stays, else the first.
        goes = one if self._home[one] != here and self._home[other] == here else other
        self.gone[goes] = other if goes == one else one
        return None

    def _sliver(self, flaw: Flaw) -> Wrong:
        piece = self.cells[flaw.cell]
        for row in self._takers(piece, flaw.cell):
            if self._give(row, piece):
                self.gone[flaw.cell] = row
                return None
        return "because.mend_no_neighbour"

    def _multipart(self, flaw: Flaw) -> Wrong:
        parts = sorted(shapely.get_parts(self.cells[flaw.cell]).tolist(), key=lambda part: -part.area)
        stay = parts[:1]
        for part in parts[1:]:
            others = [self.cells[row] for row in self._near(part, flaw.cell)]
            rest = _area(shapely.difference(part, shapely.union_all(others))) if others else part
            if rest.area > _HAIR and not self._takes(rest, flaw.cell):
                stay.append(part)
        if len(stay) < len(parts):
            self._set(flaw.cell, stay[0] if len(stay) == 1 else shapely.MultiPolygon(stay))
        return "because.mend_no_neighbour" if len(stay) > 1 else None

    def _crossing(self, flaw: Flaw) -> Wrong:
        home = int(self._home[flaw.cell])
        if home < 0 or not len(self._known):
            return "because.mend_redraw"
        whole = self.cells[flaw.cell]
        rest = _closed(shapely.intersection(whole, self._communities[home]))
        if rest.area < _KEEPS * whole.area or _parts(rest) > _parts(whole):
            return "because.mend_parts"
        wrong: Wrong = None
        for piece in shapely.get_parts(_area(shapely.difference(whole, rest))).tolist():
            open_ = self._free(piece, flaw.cell) if self._community(piece) >= 0 else shapely.Polygon()
            if open_.area > _HAIR and not self._takes(open_, flaw.cell):
                rest, wrong = shapely.union(rest, piece), "because.mend_no_neighbour"
        self._set(flaw.cell, _closed(rest))
        return wrong

    def _overlap(self, flaw: Flaw) -> Wrong:
        one, other = flaw.cell, flaw.other
        if other < 0:
            return "because.mend_redraw"
        if one in self.gone or other in self.gone:
            return None
        common: Any = _area(shapely.intersection(self.cells[one], self.cells[other]))
        if common.area <= _HAIR / 10:
            return None
        here = self._community(common)
        # Who is at home there keeps it; of two at home the smaller one.
        size = {row: float(shapely.area(self.cells[row])) for row in (one, other)}
        order = sorted(size, key=lambda row: (self._home[row] != here, size[row], row))
        for keeps, loses in (order, order[::-1]):
            before: Any = self.cells[loses]
            rest: Any = _closed(shapely.difference(before, self.cells[keeps]))
            good = rest.area >= _KEEPS * before.area and _holes(rest) <= _holes(before)
            if good and _parts(rest) <= _parts(before):
                self._set(loses, rest)
                return None
        return "because.mend_parts"

    def _hole(self, flaw: Flaw) -> Wrong:
        whole, wrong = self.cells[flaw.cell], None
        for part in shapely.get_parts(whole).tolist():
            for ring in part.interiors:
                inside = shapely.Polygon(ring)
                if len(self._known) and self._community(inside) not in (-1, self._home[flaw.cell]):
                    wrong = "because.mend_enclave"
                elif self._free(inside, flaw.cell).area < _KEEPS * inside.area:
                    wrong = "because.mend_hole_filled"
                else:
                    self._set(flaw.cell, _closed(shapely.union(self.cells[flaw.cell], self._free(inside, flaw.cell))))
        return wrong

    def _gap(self, flaw: Flaw) -> Wrong:
        if flaw.shape is None:
            return "because.mend_redraw"
        wrong: Wrong = None
        for piece in shapely.get_parts(self._free(flaw.shape)).tolist():
            if piece.area <= _HAIR:
                continue
            takers = self._takers(piece)
            if not takers:
                wrong = "because.mend_no_neighbour"
            elif piece.area > max(self.cells[row].area for row in takers):
                wrong = "because.mend_large"
            elif not any(self._give(row, piece) for row in takers):
                wrong = "because.mend_parts"
        return wrong

    # -- the end ----------------------------------------------------------------------------------------------------

    def meet(self) -> None:
        """Give neighbours of changed cells the vertices that lie on their edges, so that edges are common ones."""
        for row in sorted(self.changed - set(self.gone)):
            for other in self._near(self.cells[row], row):
                near = shapely.distance(self.cells[row], self.cells[other]) <= _MEET
                if not near:
                    continue
                self._snap(other, row)
                self._snap(row, other)

    def _snap(self, row: int, to: int) -> None:
        corners = shapely.get_coordinates(self.cells[to])
        box = np.array(self.cells[row].bounds) + _MEET * np.array([-1, -1, 1, 1])
        inside = ((corners >= box[:2]) & (corners <= box[2:])).all(axis=1)
        points = shapely.multipoints(corners[inside])
        made = shapely.snap(self.cells[row], points, _MEET)
        if made.is_valid and not shapely.equals_exact(made, self.cells[row], 0.0):
            self._set(row, made)


def _area(shape: Any) -> Any:
    """Return the polygons of a shape: a cut may leave lines and points, too."""
    parts, _owner = parts_of_area(polygonal(np.array([shape], dtype=object)))
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts.tolist())


def _closed(shape: Any) -> Any:
    """Return an area without hairs: parts and holes so small that nobody drew them."""
    kept = []
    for part in shapely.get_parts(_area(shape)).tolist():
        if part.area > _HAIR:
            holes = [ring for ring in part.interiors if shapely.Polygon(ring).area > _HAIR]
            kept.append(shapely.Polygon(part.exterior, holes) if len(holes) < len(part.interiors) else part)
    return kept[0] if len(kept) == 1 else shapely.MultiPolygon(kept)


def _parts(shape: Any) -> int:
    return int(shapely.get_num_geometries(shape))


def _holes(shape: Any) -> int:
    return int(shapely.get_num_interior_rings(shapely.get_parts(shape)).sum())

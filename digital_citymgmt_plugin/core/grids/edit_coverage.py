# SPDX-License-Identifier: GPL-2.0-or-later
"""The present cells as a coverage: who lies where and beside whom, and what an edit puts in place of what."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.edit_faults import Fault, find_faults

Point = tuple[float, float]
_PENDING = 64  # changed cells that are looked through one by one, before the index is built anew


@dataclass(frozen=True)
class Edit:
    """What one action of the pen does; made by the tools of :mod:`.edit`, carried out by :meth:`Coverage.apply`.

    ``before`` and ``after`` hold the shapes by id, those before as they are stored. An id in both keeps its place and
    has another shape; the other ids go and come. ``parents`` names for each new id the old ones it was made from,
    ``groups`` the community of each id in ``after``. ``corners`` are ids of ``after`` that only got a corner on an
    edge: their area is the same. ``notes`` say what was mended in the pen, as sentence codes with values.
    """

    tool: str
    before: dict[str, Any]
    after: dict[str, Any]
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    notes: tuple[tuple[str, dict[str, Any]], ...] = ()
    corners: frozenset[str] = frozenset()

    @property
    def changed(self) -> list[str]:
        """The ids of ``before`` and ``after`` whose area is another one, in order."""
        return sorted((set(self.before) | set(self.after)) - self.corners)


class Coverage:
    """Cells that fit edge to edge, held by id.

    Parameters
    ----------
    ids : sequence of str
        Unique.
    shapes : array of polygons or multipolygons
        As stored, in one metric CRS. They may have heights, which all work leaves out of account.
    groups : sequence of str
        Community codes.

    Attributes
    ----------
    faults : list of Fault
        Where the cells given are no clean coverage. They are kept as they are; an edit may not make it worse.
    """

    def __init__(self, ids: Iterable[str], shapes: NDArray[Any], groups: Iterable[str]) -> None:
        names, given = list(ids), np.asarray(shapes, dtype=object)
        self._stored: dict[str, Any] = dict(zip(names, given.tolist()))
        self._group: dict[str, str] = dict(zip(names, groups))
        flat = given
        third = shapely.has_z(given)
        if third.any():
            flat = given.copy()
            flat[third] = shapely.force_2d(given[third])
        self.faults: list[Fault] = find_faults(names, flat)
        unusable = {fault.ids[0] for fault in self.faults if fault.unusable}
        self._flat: dict[str, Any] = {
            name: _single(shape) for name, shape in zip(names, flat.tolist()) if name not in unusable
        }
        self._serials = [0]  # the highest number of a new cell, after each edit applied
        self._rings: dict[str, list[list[Point]]] = {}
        self._lines: dict[str, NDArray[np.float64]] = {}
        self._index()

    def __contains__(self, name: object) -> bool:
        return name in self._stored

    def __len__(self) -> int:
        return len(self._stored)

    @property
    def ids(self) -> list[str]:
        """All cells that are there now."""
        return list(self._stored)

    @property
    def usable(self) -> list[str]:
        """The cells that tools can work on, in order of their ids."""
        return sorted(self._flat)

    @property
    def clean(self) -> bool:
        """Whether the cells fitted everywhere at the start; edits keep that."""
        return not self.faults

    def stored(self, name: str) -> Any:
        """Return the shape as it is or will be stored, with its heights if it has any."""
        return self._stored[name]

    def cell(self, name: str) -> Any:
        """Return the shape that tools work on: a flat polygon, or a multipolygon if it has several parts.

        Raises
        ------
        InputRefused
            ``redraw.no_cell``: there is none of that id; ``redraw.unusable``: its stored shape is no valid polygon.
        """
        if name not in self._stored:
            raise InputRefused("redraw.no_cell", cell=name)
        if name not in self._flat:
            raise InputRefused("redraw.unusable", cell=name)
        return self._flat[name]

    def group(self, name: str) -> str:
        """Return the code of the community that the cell belongs to."""
        if name not in self._group:
            raise InputRefused("redraw.no_cell", cell=name)
        return self._group[name]

    def near(self, shape: Any, distance: float = 0.0) -> list[str]:
        """Return the cells no further than ``distance`` metres from a shape or an array of shapes, by their ids."""
        shapes = np.atleast_1d(shape)
        rows = self._tree.query(shapes, predicate="dwithin", distance=distance)[1]
        found = {name for name in self._tree_ids[rows].tolist() if name not in self._stale}
        if self._pending:
            names = np.array(list(self._pending), dtype=object)
            near = shapely.dwithin(row_of(self._pending.values())[:, None], shapes, distance)
            found.update(names[near.any(axis=1)].tolist())
        return sorted(found)

    def touched(self, line: Any) -> list[str]:
        """Return the cells that a line touches."""
        return self.near(line)

    def at(self, x: float, y: float) -> str | None:
        """Return the cell at a point (on an edge: the one whose id comes first), or None."""
        found = self.near(shapely.Point(x, y))
        return found[0] if found else None

    def neighbours(self, name: str) -> list[str]:
        """Return the cells that have a stretch of edge in common with this one; a corner alone is not enough."""
        shape, own = self.cell(name), {edge(*pair) for pair in self._pairs(name)}
        found = []
        for other in self.near(shape):
            if other != name and (
                any(edge(*pair) in own for pair in self._pairs(other))
                or (not self.clean and shapely.relate_pattern(shape, self._flat[other], "****1****"))
            ):
                found.append(other)
        return found

    def rings(self, name: str) -> list[list[Point]]:
        """Return the rings of a cell as closed lists of corners, all parts one after the other."""
        if name not in self._rings:
            self._rings[name] = rings_of(self.cell(name))
        return self._rings[name]

    def lines(self, name: str) -> NDArray[np.float64]:
        """Return the straight edges of a cell, each as (x, y, x, y) with the lower corner first."""
        if name not in self._lines:
            self._lines[name] = np.array([(*one, *two) for one, two in self.edges(name)], dtype=np.float64)
        return self._lines[name]

    def edges(self, name: str) -> list[tuple[Point, Point]]:
        """Return the straight edges of a cell, each with the lower corner first: the same for both sides."""
        return [edge(*pair) for pair in self._pairs(name)]

    def fresh(self, parent: str, number: int) -> str:
        """Return the id of the ``number``-th new cell (from 0) of the next edit: the same in every replay."""
        return f"{parent.split('/')[0]}/{self._serials[-1] + number + 1}"

    def apply(self, edit: Edit) -> None:
        """Carry out an edit.

        Raises
        ------
        InputRefused
            ``redraw.stale``: a cell is no longer what it was when the edit was planned; nothing is done.
        """
        self._swap(edit.before, edit.after)
        self._group.update(edit.groups)
        numbers = [int(name.rpartition("/")[2]) for name in edit.after if name not in edit.before]
        self._serials.append(max([self._serials[-1], *numbers]))

    def revert(self, edit: Edit) -> None:
        """Take the last edit back: every shape is again the one that was stored, byte for byte."""
        self._swap(edit.after, edit.before)
        if len(self._serials) > 1:
            self._serials.pop()

    def _swap(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        for name, shape in old.items():
            there = self._stored.get(name)
            if there is not shape and (there is None or shapely.to_wkb(there) != shapely.to_wkb(shape)):
                raise InputRefused("redraw.stale", cell=name)
        for name in new:
            if name not in old and name in self._stored:
                raise InputRefused("redraw.stale", cell=name)
        for name in old:
            for held in (self._stored, self._flat, self._rings, self._lines, self._pending):
                held.pop(name, None)
            self._stale.add(name)
        for name, shape in new.items():
            self._stored[name] = shape
            self._flat[name] = self._pending[name] = _single(shapely.force_2d(shape) if shape.has_z else shape)
        if len(self._pending) > _PENDING:
            self._index()

    def _pairs(self, name: str) -> list[tuple[Point, Point]]:
        return [pair for ring in self.rings(name) for pair in zip(ring[:-1], ring[1:])]

    def _index(self) -> None:
        self._tree = shapely.STRtree(row_of(self._flat.values()))
        self._tree_ids = np.array(list(self._flat), dtype=object)
        self._stale: set[str] = set()
        self._pending: dict[str, Any] = {}


def row_of(shapes: Collection[Any]) -> NDArray[Any]:
    """Return shapes as an array; numpy's own way takes milliseconds, asking each for its length."""
    out = np.empty(len(shapes), dtype=object)
    for row, shape in enumerate(shapes):
        out[row] = shape
    return out


def edge(one: Point, two: Point) -> tuple[Point, Point]:
    """Return the edge between two corners with the lower one first."""
    return (one, two) if one < two else (two, one)


def rings_of(shape: Any) -> list[list[Point]]:
    """Return the rings of a polygon or multipolygon as closed lists of corners."""
    rings = shapely.get_rings(shapely.get_parts(shape)).tolist()
    return [[(x, y) for x, y in shapely.get_coordinates(ring).tolist()] for ring in rings]


def _single(shape: Any) -> Any:
    """Return the part of a multipolygon that has only one, anything else as it is."""
    if shapely.get_type_id(shape) == 6 and shapely.get_num_geometries(shape) == 1:
        return shapely.get_geometry(shape, 0)
    return shape

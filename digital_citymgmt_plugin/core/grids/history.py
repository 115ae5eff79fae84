# SPDX-License-Identifier: GPL-2.0-or-later
"""Unit grids in time: which there were on a day and in what shape, who a grid was before and what became of it.

A grid is the same as long as its code is; in that time it may have had several shapes. Each shape is a *version*: the
first from the day of its coming, each further one from the operation that gave the grid another shape (a step of the
lineage from the grid to itself, which keeps the shape before). A version comes from versions and goes into versions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.lineage import SMALLEST_SHARE
from digital_citymgmt_plugin.core.ports import Columns

Node = tuple[int, int]  # row of a grid, number of its version


@dataclass(frozen=True)
class Steps:
    """The lineage, ordered by operation; indices are rows of the grids.

    ``order`` grows with the operations, ``day`` is the day of each in the city's time zone, ``before`` the shape of a
    grid that goes on in a new one (None elsewhere), ``share`` (0..1) which part of the parent's area went there.
    """

    parent: NDArray[np.int64]
    child: NDArray[np.int64]
    share: NDArray[np.float64]
    order: NDArray[np.int64]
    day: NDArray[np.object_]
    before: NDArray[np.object_]


@dataclass(frozen=True)
class Kin:
    """A version that a grid comes from or went into.

    ``given`` is the share of the older one's area that lies in the younger one, ``taken`` the share of the younger one
    that came from the older one; both measured on the shapes, not multiplied through the steps.
    """

    node: Node
    given: float
    taken: float


class History:
    """All grids that there ever were.

    Parameters
    ----------
    born, gone : arrays of str or None
        First day of each grid, and the first day on which it was no more (``YYYY-MM-DD``); None: open.
    shapes : array of polygons
        The last shape of each, in one metric CRS; None or empty where it has none.
    steps : Steps
        Without those of operations taken back.
    """

    def __init__(self, born: Columns | NDArray[np.object_], gone: NDArray[np.object_], shapes: NDArray[np.object_],
                 steps: Steps) -> None:  # fmt: skip
        self.born = np.array([value or "" for value in born], dtype=object)
        self.gone = np.array([value or "" for value in gone], dtype=object)
        self.shapes, self.steps = shapes, steps
        own = np.flatnonzero(steps.parent == steps.child)
        self._changes: dict[int, list[int]] = {}  # grid → its steps to itself, in order
        for step in own[np.argsort(steps.order[own], kind="stable")].tolist():
            self._changes.setdefault(int(steps.parent[step]), []).append(step)

    def on(self, day: str) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
        """Return the rows of the grids that there were at the end of a day, and their shapes then."""
        rows = np.flatnonzero((self.born <= day) & ((self.gone == "") | (self.gone > day)))
        shapes = self.shapes[rows].copy()
        for place, row in enumerate(rows.tolist()):
            if row in self._changes:
                shapes[place] = self.shape((row, self._version_on(row, day)))
        return rows, shapes

    def node_on(self, row: int, day: str | None = None) -> Node:
        """Return a grid's version at the end of a day; without a day its last one."""
        return row, len(self._changes.get(row, ())) if day is None else self._version_on(row, day)

    def shape(self, node: Node) -> shapely.Geometry | None:
        """Return the shape of a version."""
        row, version = node
        changes = self._changes.get(row, ())
        before = self.steps.before[changes[version]] if version < len(changes) else None
        return self.shapes[row] if before is None else before

    def days(self, node: Node) -> tuple[str, str]:
        """Return the first day of a version and the first day on which it was no more ('': still there)."""
        row, version = node
        changes = self._changes.get(row, ())
        first = self.born[row] if not version else self.steps.day[changes[version - 1]]
        return str(first), str(self.gone[row] if version >= len(changes) else self.steps.day[changes[version]])

    def _version_on(self, row: int, day: str) -> int:
        return sum(bool(self.steps.day[step] <= day) for step in self._changes.get(row, ()))

    def _ends(self, step: int) -> tuple[Node, Node]:
        """Return the versions that a step goes from and to."""
        parent, child = int(self.steps.parent[step]), int(self.steps.child[step])
        order = self.steps.order[step]
        before = sum(bool(self.steps.order[change] < order) for change in self._changes.get(parent, ()))
        after = sum(bool(self.steps.order[change] <= order) for change in self._changes.get(child, ()))
        return (parent, before), (child, after)

    def descent(self, start: Node, *, forward: bool) -> tuple[list[int], list[Node]]:
        """Follow the lineage from a version, through any number of operations.

        Returns
        -------
        steps : list of int
            The steps that lead there, in the order in which they are met.
        nodes : list of Node
            The versions met, without the start; each once.
        """
        order = np.argsort(self.steps.order, kind="stable")
        steps: list[int] = []
        met: dict[Node, None] = {start: None}
        for step in (order if forward else order[::-1]).tolist():
            source, target = self._ends(step)
            near, far = (source, target) if forward else (target, source)
            if near in met:
                steps.append(step)
                met[far] = None
        return steps, [node for node in met if node != start]

    def ends(self, steps: Iterable[int]) -> list[tuple[Node, Node]]:
        """Return the versions that steps go from and to."""
        return [self._ends(step) for step in steps]

    def kin(self, start: Node, nodes: list[Node], *, forward: bool) -> list[Kin]:
        """Measure how much of the older version lies in the younger one."""
        mine = valid(np.array([self.shape(start)], dtype=object))[0]
        others = np.empty(len(nodes), dtype=object)
        others[:] = [self.shape(node) for node in nodes]
        others = valid(others)
        common = np.nan_to_num(shapely.area(shapely.intersection(others, mine)))
        theirs, own = np.nan_to_num(shapely.area(others)), float(np.nan_to_num(shapely.area(mine)))
        of_theirs, of_mine = common / np.maximum(theirs, 1e-9), common / max(own, 1e-9)
        given, taken = (of_mine, of_theirs) if forward else (of_theirs, of_mine)
        return [Kin(node, float(g), float(t)) for node, g, t in zip(nodes, given, taken)]


def valid(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return shapes that can be cut with each other: a vendor's may cross themselves."""
    broken = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    if not broken.any():
        return shapes
    mended = shapes.copy()
    mended[broken] = shapely.make_valid(shapes[broken])
    return mended


def compare(
    old: NDArray[np.object_], new: NDArray[np.object_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the crosswalk of two sets of grids: pairs (old, new) and the share of the old one's area in the new one.

    What is below a millionth of the old grid is the rounding of coordinates and left out (``lineage.SMALLEST_SHARE``).
    """
    old, new = valid(old), valid(new)
    there, here = shapely.STRtree(new).query(old, predicate="intersects")
    real = ~shapely.touches(old[there], new[here])
    there, here = there[real].astype(np.int64), here[real].astype(np.int64)
    share = np.ones(len(there))
    # Most grids stay as they are: finding that out costs less than cutting.
    equal = shapely.equals_exact(shapely.normalize(old[there]), shapely.normalize(new[here]), 0.0)
    cut = ~equal
    whole = np.maximum(shapely.area(old[there[cut]]), 1e-9)
    share[cut] = np.minimum(shapely.area(shapely.intersection(old[there[cut]], new[here[cut]])) / whole, 1.0)
    real = share > SMALLEST_SHARE
    order = np.lexsort((here[real], there[real]))
    return there[real][order], here[real][order], share[real][order]

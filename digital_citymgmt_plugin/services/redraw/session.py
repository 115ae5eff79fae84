# SPDX-License-Identifier: GPL-2.0-or-later
"""A redraw in progress: the cells, what lies in each, the edits done and taken back. Kept per open store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.edit import Coverage, Edit
from digital_citymgmt_plugin.core.grids.figures import Ground, Rows
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Condition, Store
from digital_citymgmt_plugin.core.requests_redraw import OpenRedraw
from digital_citymgmt_plugin.services.intake import objects

CURRENT: list[Condition] = [("status", "=", "current"), (GEOM, "not null", None)]
GRIDS = ("fid", "uuid", "code", "community_code", "updated_at")
KEPT, NEW, GONE = "kept", "new", "gone"

Figures = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """An edit that was done: how it was asked for, what it did, what lay in its cells before and lies in them after."""

    entry: dict[str, Any]
    edit: Edit
    before: dict[str, Rows]
    after: dict[str, Rows]
    names: dict[str, str]


@dataclass
class Session:
    """The cells of a store while they are redrawn.

    ``base``: the grids as they were read (``GRIDS`` and shapes), ordered by code; ``row_of`` finds one by uuid.
    ``steps`` up to ``done`` make the present cells of these, the rest was taken back. ``names`` is how cells are
    called. ``applied`` is the operation whose writing waits for a confirmation, so that it may or may not have been
    done, with the uuids that the cells have then. ``scenario`` is the one that the edits came from or were saved as.
    ``communities``: their shapes by code, read when an edit needs them.
    """

    request: OpenRedraw
    ground: Ground
    base: Columns
    coverage: Coverage
    moment: tuple[int, int]
    last_operation: int
    id: str = field(default_factory=lambda: uuid4().hex)
    steps: list[Step] = field(default_factory=list)
    done: int = 0
    applied: tuple[str, dict[str, str]] | None = None
    scenario: str | None = None
    communities: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.restart(self.base, self.coverage)

    def fork(self) -> Session:
        """Return a session of the same ground and stored grids, without edits, for comparing."""
        codes = self.base["community_code"].tolist()
        other = Session.__new__(Session)
        other.__dict__.update(self.__dict__)
        other.coverage, other.steps, other.done = Coverage(self.base["uuid"].tolist(), self.base[GEOM], codes), [], 0
        other.names, other._held, other._figures = dict(self.names), dict(self._located), {}
        return other

    def restart(self, base: Columns, coverage: Coverage, held: dict[str, Rows] | None = None) -> None:
        """Begin on other cells, without edits; ``held``: what is known to lie in them."""
        self.base, self.coverage, self.steps, self.done = base, coverage, [], 0
        self.row_of = {uuid: row for row, uuid in enumerate(self.base["uuid"].tolist())}
        codes = [code or "" for code in self.base["code"].tolist()]
        self.names: dict[str, str] = dict(zip(self.base["uuid"].tolist(), codes))
        uuids = base["uuid"].tolist()
        if held is None or not set(uuids) <= held.keys():
            # A thing on an edge is of the cell with the lower code.
            held = dict(zip(uuids, self.ground.held(base[GEOM])))
        self._located: dict[str, Rows] = held
        self._held = dict(self._located)
        self._figures: dict[str, Figures] = {}

    @property
    def usable(self) -> list[str]:
        """The cells that can be worked on: all but those whose stored shape is no valid polygon."""
        broken = {fault.ids[0] for fault in self.coverage.faults if fault.unusable}
        return [cell for cell in self.coverage.ids if cell not in broken]

    def written(self, uuids: dict[str, str]) -> dict[str, Rows]:
        """Return what lies in the cells by the uuids that they have got."""
        return {uuids.get(cell, cell): rows for cell, rows in self._held.items()}

    def held(self, cell: str) -> Rows:
        """Return what lies in a cell."""
        return self._held[cell]

    def figures(self, cells: Iterable[str]) -> dict[str, Figures]:
        """Return the figures of cells as they are now, by id."""
        wanted = list(cells)
        missing = [cell for cell in wanted if cell not in self._figures]
        if missing:
            shapes = objects(self.coverage.cell(cell) for cell in missing)
            told = self.ground.figures(shapes, [self._held[cell] for cell in missing])
            self._figures.update(zip(missing, told))
        return {cell: self._figures[cell] for cell in wanted}

    def after(self, edit: Edit) -> tuple[dict[str, Rows], dict[str, Figures]]:
        """Return what would lie in the cells of an edit, and their figures."""
        cells = sorted(edit.after, key=lambda cell: (self.code(cell) or "~", cell))
        shapes = objects(edit.after[cell] for cell in cells)
        held = self.ground.handed_round([self._held[cell] for cell in edit.before], shapes)
        return dict(zip(cells, held)), dict(zip(cells, self.ground.figures(shapes, held)))

    def do(self, entry: dict[str, Any], edit: Edit) -> Step:
        """Carry an edit out; what had been taken back before is gone."""
        held, figures = self.after(edit)
        entry = {**entry, "made": [cell for cell in edit.after if cell not in edit.before]}
        step = Step(entry, edit, {cell: self._held[cell] for cell in edit.before}, held, self.named(edit))
        self.coverage.apply(edit)
        del self.steps[self.done :]
        self.steps.append(step)
        self.done += 1
        self._swap(step.before, step.after)
        self._figures.update(figures)
        self.names.update(step.names)
        return step

    def next_step(self, *, back: bool) -> Step:
        """Return the edit that would be taken back, or done again.

        Raises
        ------
        InputRefused
            ``redraw.nothing_back``, ``redraw.nothing_forward``.
        """
        if back and not self.done:
            raise InputRefused("redraw.nothing_back")
        if not back and self.done == len(self.steps):
            raise InputRefused("redraw.nothing_forward")
        return self.steps[self.done - 1 if back else self.done]

    def back(self) -> Step:
        """Take the last edit back."""
        step = self.next_step(back=True)
        self.coverage.revert(step.edit)
        self.done -= 1
        self._swap(step.after, step.before)
        return step

    def again(self) -> Step:
        """Do the edit again that was taken back last."""
        step = self.next_step(back=False)
        self.coverage.apply(step.edit)
        self.done += 1
        self._swap(step.before, step.after)
        return step

    def _swap(self, old: dict[str, Rows], new: dict[str, Rows]) -> None:
        for cell in old:
            del self._held[cell]
            self._figures.pop(cell, None)
        for cell in new:
            self._figures.pop(cell, None)
        self._held.update(new)

    def code(self, cell: str) -> str | None:
        """Return the code of a cell that is there already; None of one that is to get one."""
        row: int | None = self.row_of.get(cell)
        return None if row is None else self.base["code"][row]

    def named(self, edit: Edit) -> dict[str, str]:
        """Return what the new cells of an edit are called: after the first cell that they are made of."""
        found: dict[str, str] = {}
        for cell in edit.after:
            if cell not in edit.before:
                parents = edit.parents.get(cell, ())
                origin = self.names.get(parents[0], "") if parents else ""
                found[cell] = f"{origin.split('-')[0]}-{cell.rsplit('/', 1)[-1]}"
        return found

    def entries(self) -> list[dict[str, Any]]:
        """Return the edits that stand, as they are kept in a scenario."""
        return [step.entry for step in self.steps[: self.done]]

    def digests(self, edit: Edit) -> dict[str, str]:
        """Return a digest of the shape of each stored grid that an edit changes, as it was read."""
        rows = {cell: self.row_of[cell] for cell in edit.before if cell in self.row_of}
        return {cell: digest(self.base[GEOM][row]) for cell, row in rows.items()}

    def net(self) -> tuple[NDArray[np.int64], list[str]]:
        """Return what all edits together change: rows of the base that are not as they were, cells in their place.

        Cells that got back the bytes they had are in neither.
        """
        edits = [step.edit for step in self.steps[: self.done]]
        touched = dict.fromkeys(cell for edit in edits for cell in (*edit.before, *edit.after))
        rows, cells = [], []
        for cell in touched:
            there, row = cell in self.coverage, self.row_of.get(cell)
            if row is not None and there and _same(self.coverage.stored(cell), self.base[GEOM][row]):
                continue
            if row is not None:
                rows.append(row)
            if there:
                cells.append(cell)
        return np.array(sorted(rows), dtype=np.int64), sorted(cells)


_open: WeakKeyDictionary[Store, dict[str, Session]] = WeakKeyDictionary()


def keep(store: Store, session: Session) -> None:
    """Remember a session; a window edits one city, so one that was open before is closed."""
    _open[store] = {session.id: session}


def forget(store: Store, name: str) -> bool:
    """Let go of a session; tells whether it was there."""
    return _open.get(store, {}).pop(name, None) is not None


def find(store: Store, name: str) -> Session:
    """Return an open session.

    Raises
    ------
    InputRefused
        ``redraw.no_session``: never opened, closed, or lost with the engine.
    """
    session = _open.get(store, {}).get(name)
    if session is None:
        raise InputRefused("redraw.no_session")
    return session


def read_base(store: Store) -> Columns:
    """Read the current grids, ordered by code.

    Raises
    ------
    InputRefused
        ``redraw.no_grids``.
    """
    base = read_grids(store, [*GRIDS, GEOM])
    if not len(base["uuid"]):
        raise InputRefused("redraw.no_grids")
    return base


def read_grids(store: Store, columns: Sequence[str]) -> Columns:
    """Read columns of the current grids, ordered by code; a grid without a community has that of the name ""."""
    found = store.read("unit_grid", list(columns), CURRENT, ["code"])
    return {**found, "community_code": objects(code or "" for code in found["community_code"].tolist())}


def digest(shape: Any) -> str:
    """Return a short digest of a shape's bytes."""
    return hashlib.sha256(shapely.to_wkb(shape)).hexdigest()[:16]


def _same(one: Any, other: Any) -> bool:
    return one is other or bool(shapely.to_wkb(one) == shapely.to_wkb(other))

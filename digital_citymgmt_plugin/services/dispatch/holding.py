# SPDX-License-Identifier: GPL-2.0-or-later
"""The boards that the engine holds of a store: open cases at once, all cases read bit by bit, both kept up to date.

What an action of ours wrote is known from its journal, so that after a move only its cases are read again. Changes of
another program (QGIS's own editing) are not: the boards are read anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Optional
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.board import (
    AMBER,
    CODED,
    MOMENTS,
    NUMBERS,
    PLACED,
    SORTED_TEXTS,
    TEXTS,
    Board,
)
from digital_citymgmt_plugin.core.cases.queues import OPEN_STAGES
from digital_citymgmt_plugin.core.cases.stages import ENDED
from digital_citymgmt_plugin.core.cases.times import from_text, to_utc
from digital_citymgmt_plugin.core.ports import XY, Columns, Condition, Context, Store
from digital_citymgmt_plugin.services.dispatch.amber import GIVEN, amber

CASES = "case_record"
_READ = (*CODED, *MOMENTS, *NUMBERS, *TEXTS, *GIVEN, XY)
_SLICE = 10_000  # cases read between two looks at the clock
_MANY = 20_000  # changed cases from which on a board is read anew
_LAMPS_OF = ("meta", "work_calendar", "work_hours")  # settings, days and hours decide when a lamp turns
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Order:
    """The rows of a board that a filter takes, in their order; ``token`` names it."""

    token: str
    made: datetime
    board: Board
    version: int
    rows: Ints


class Held:
    """The boards of one store; ``lists``: orders that pages are taken from."""

    def __init__(self, store: Store) -> None:
        self.moment = store.moment()
        self.last = _last_operation(store)
        self.open = _open_board(store)
        self.full = Board()
        self.ready = False
        self.fraction = 0.0
        self.numbered = 0  # orders made so far
        self.lists: OrderedDict[str, Order] = OrderedDict()
        self._filling: Iterator[None] | None = None
        self._later: set[int] = set()

    def warm(self, context: Context, milliseconds: int) -> bool:
        """Read on for some time; True when all cases are there."""
        store, until = context.need_store(), context.clock() + timedelta(milliseconds=milliseconds)
        if self._filling is None:
            self._filling = self._fill(store)
        while not self.ready and context.clock() < until:
            if next(self._filling, self) is self:
                self.ready, self.fraction = True, 1.0
                changed, self._later = self._later, set()
                if changed:
                    self._bring(store, self.full, sorted(changed), ended=True)
        return self.ready

    def _fill(self, store: Store) -> Iterator[None]:
        total = max(1, store.count(CASES))
        done = 0
        for part in store.packed(CASES, _READ, (), _SLICE):
            self.full.add(part["fid"], columns(store, part))
            done += len(part["fid"])
            self.fraction = 0.9 * done / total
            yield
        self.full.seal()
        for name in SORTED_TEXTS:
            for _ in self.full.sort_steps(name):
                yield
        yield

    def refresh(self, store: Store) -> bool:
        """Take up what changed; False when the boards have to be read anew."""
        moment = store.moment()
        if moment == self.moment:
            return True
        changed = self._changed(store) if moment[0] == self.moment[0] else None
        if changed is None:
            return False
        if changed:
            self._bring(store, self.open, sorted(changed), ended=False)
            if self.ready:
                self._bring(store, self.full, sorted(changed), ended=True)
            elif self._filling is not None:
                self._later |= changed
        self.moment = moment
        return True

    def _changed(self, store: Store) -> Optional[set[int]]:  # noqa: UP045
        """Return the cases that actions wrote since; None when they are not known or too many."""
        rows = store.read("operation", ["fid", "uuid"], [("fid", ">", self.last)], ["fid"])
        changed: set[int] = set()
        for fid, uuid in zip(rows["fid"].tolist(), rows["uuid"].tolist()):
            if not store.is_recorded(uuid):
                return None
            if any(True for _ in store.written(uuid, _LAMPS_OF)):
                return None
            for wrote in store.written(uuid, (CASES,)):
                changed.update(wrote.fids.tolist())
            if len(changed) > _MANY:
                return None
            self.last = int(fid)
        return changed

    @staticmethod
    def _bring(store: Store, board: Board, changed: Sequence[int], *, ended: bool) -> None:
        rows = store.read(CASES, ["fid", *_READ], [("fid", "in", list(changed))], ["fid"])
        if not ended:
            going = ~np.isin(rows["stage"].astype("U"), sorted(ENDED))
            rows = {name: values[going] for name, values in rows.items()}
        gone = np.setdiff1d(np.array(changed, dtype=np.int64), rows["fid"])
        board.apply(rows["fid"], columns(store, rows), gone)


_held: WeakKeyDictionary[Store, Held] = WeakKeyDictionary()


def boards(context: Context) -> Held:
    """Return the boards of the open store as it is now."""
    store = context.need_store()
    held = _held.get(store)
    if held is None or not held.refresh(store):
        held = _held[store] = Held(store)
    return held


def whole(context: Context, held: Held) -> Board:
    """Return the board of all cases; what is missing is read with progress, and can be cancelled."""
    while not held.warm(context, 200):
        context.progress(held.fraction, "progress.reading_cases")
        context.cancel.check()
    return held.full


def _open_board(store: Store) -> Board:
    board = Board()
    where: list[Condition] = [("stage", "in", list(OPEN_STAGES))]
    rows = store.read(CASES, ["fid", *_READ], where, ["fid"])
    board.add(rows["fid"], columns(store, rows))
    board.seal()
    return board


def _last_operation(store: Store) -> int:
    rows = store.read("operation", ["fid"])["fid"]
    return int(rows.max()) if len(rows) else 0


def columns(store: Store, rows: Columns) -> Columns:
    """Return rows of cases as a board takes them; of what was read packed or row by row."""
    made: Columns = {}
    for name in (*CODED, *TEXTS):
        made[name] = _texts(rows[name])
    for name in MOMENTS:
        moments = from_text(_nones(rows[name]))
        made[name] = to_utc(moments, store.meta()["time_zone"]) if name == "parked_until" else moments
    for name in NUMBERS:
        values = rows[name].tolist()
        known: dict[Any, int] = {value: _number(value) for value in dict.fromkeys(values)}
        made[name] = np.fromiter(map(known.__getitem__, values), dtype=np.int64, count=len(values))
    made[PLACED] = np.isfinite(rows[XY]).all(axis=1)
    made[AMBER] = amber(store, rows, made)
    return made


def _texts(values: NDArray[Any]) -> NDArray[Any]:
    made = np.empty(len(values), dtype=object)
    made[:] = ["" if value is None else str(value) for value in values.tolist()]
    return made


def _nones(values: NDArray[Any]) -> NDArray[Any]:
    made = np.empty(len(values), dtype=object)
    made[:] = [value or None for value in values.tolist()]
    return made


def _number(value: Any) -> int:
    try:
        return int(float(value or 0))
    except (TypeError, ValueError):
        return 0

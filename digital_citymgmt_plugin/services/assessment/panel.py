# SPDX-License-Identifier: GPL-2.0-or-later
"""The panel that the engine holds of a store: all cases as columns, counted by rows, periods and cut-offs at once.

Kept as the boards of the dispatch desk are: what our own actions wrote is known from the journal and read again, all
else makes the panel be read anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.counts import COUNTS, STOCK
from digital_citymgmt_plugin.core.assessment.expressions import parse_counts
from digital_citymgmt_plugin.core.assessment.facts import PEOPLE
from digital_citymgmt_plugin.core.assessment.flows import NO_DAY
from digital_citymgmt_plugin.core.assessment.number_ids import parse_number_id
from digital_citymgmt_plugin.core.assessment.question import FLOW, TOTAL, Question, parted
from digital_citymgmt_plugin.core.assessment.words import Words
from digital_citymgmt_plugin.core.cases.times import to_text
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context, Store
from digital_citymgmt_plugin.core.requests_assessment import CasesOfNumber, WarmPanel
from digital_citymgmt_plugin.services.assessment.held import HeldCases
from digital_citymgmt_plugin.services.assessment.periods import read_cut_off, read_day
from digital_citymgmt_plugin.services.assessment.posts import side_of
from digital_citymgmt_plugin.services.assessment.sides import Axis, Side, make_side
from digital_citymgmt_plugin.services.assessment.then import cases_then
from digital_citymgmt_plugin.services.assessment.views import BASIS_DAYS, View

_VIEWS = 6  # cut-offs that are kept
_WARMED = ("department", "street", "community", "grid", "class", "source")  # sides made before they are asked for
_LONGEST = 10_000  # milliseconds that warming may take
Ints = NDArray[np.int64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Counted:
    """Counts by row, or by row and column (``codes2`` not empty): int64 [rows] or [rows, columns].

    ``codes`` end with ``""``: cases of which the row is not known. ``cases``: how many the period selects (of a flow:
    how many are known at the cut-off); ``undated``: how many have no moment to tell by. ``cut_off``: UTC text.
    """

    codes: tuple[str, ...]
    names: tuple[str, ...]
    codes2: tuple[str, ...]
    names2: tuple[str, ...]
    counts: dict[str, Ints]
    cases: int
    undated: int
    cut_off: str
    notes: tuple[str, ...] = field(default=())


class Panel:
    """Cases of a store in memory."""

    def __init__(self, store: Store, nowhere: str) -> None:
        self.held = HeldCases(store)
        self._store, self._nowhere = store, nowhere
        self._views: OrderedDict[str, View] = OrderedDict()
        self._sides: dict[str, tuple[Side, NDArray[np.int32]]] = {}
        self.look: Callable[[], None] = lambda: None  # raises when the user wants to stop

    def load(self, context: Context) -> None:
        """Read all cases and their logs, with progress; what is there is not read again."""
        self.held.load(context)

    def warm(self, context: Context, milliseconds: int) -> tuple[bool, float]:
        """Read on for some time; whether all is there, and how much of it."""
        if not self.held.warm(context, milliseconds):
            return False, self.held.fraction
        missing = [by for by in _WARMED if by not in self._sides]
        if missing:
            self.side(missing[0], self.held.base)
        return len(missing) <= 1, 1.0

    def refresh(self, store: Store) -> bool:
        """Take up what changed since; False when all has to be read anew."""
        if not self.held.moved(store):
            return True
        self._views.clear()
        self._sides.clear()
        return self.held.refresh(store)

    @property
    def fids(self) -> Ints:
        """The cases, ascending."""
        return self.held.data["fid"]

    # -- asking ---------------------------------------------------------------------------------------------------

    def view(self, cut_off: str = "") -> View:
        """Return all cases as known at a cut-off (a day means its end); empty: at the end of the log."""
        moment = read_cut_off(cut_off, self.held.zone)
        if moment is None:
            moment = self.held.latest
        if moment == self.held.latest:
            return self.held.base
        key = str(moment)
        if key not in self._views:
            self._views[key] = self.held.view_at(self._store, moment)
            while len(self._views) > _VIEWS:
                self._views.popitem(last=False)
        self._views.move_to_end(key)
        return self._views[key]

    def side(self, by: str, view: View) -> tuple[Side, NDArray[np.int32]]:
        """Return a side that cases are counted by, and the place of each case."""
        if by not in self._sides and parted(by)[1]:
            then = cases_then(self._store, by, self.fids, self._nowhere, self.look)
            self._sides[by] = Side(then.codes, then.names, lambda *_: then.place, parents=then.parents), then.place
        if by not in self._sides:
            side = make_side(self._store, by, self.held.words, self.held.data, self._nowhere)
            self._sides[by] = side, side.of(self.held.data, self.held.log)
        side, base = self._sides[by]
        return side, view.side(by, base, side.of) if by in LOGGED else base

    def chosen(self, question: Question, view: View) -> NDArray[np.bool_]:
        """Tell which cases the filter takes."""
        taken = np.ones(len(self.fids), dtype=bool)
        for name, codes in question.where.items():
            if name == "exempt":
                members = view.combinations.members("exempt")
                taken &= members if "1" in codes else ~members
                continue
            side, place = self.side(name, view)
            wanted = {code for code in codes if code in side.codes}
            if name == "class":  # a code alone means both kinds
                wanted |= {code for code in side.codes if code.partition(":")[2] in codes and code}
            lookup = np.array([code in wanted for code in side.codes], dtype=bool)
            taken &= lookup[place]
        return taken

    def counts(self, question: Question, wanted: Iterable[str] = tuple(COUNTS)) -> Counted:
        """Count cases by row (and column).

        Raises
        ------
        InputRefused
            ``assess.by``, ``assess.basis``, ``assess.date``, ``assess.period``, ``assess.where``, ``assess.count``.
        """
        question, codes = question.check(), _known(wanted)
        view = self.view(question.cut_off)
        taken = self.chosen(question, view)
        whole = taken.all()
        sums: dict[str, Ints] = {}
        first, second = (Axis(by, partial(self.side, view=view)) for by in (question.by, question.by2))
        selected = self._selections(question, view, codes)
        for name, (day, rows) in selected.items():
            rows = rows if whole else rows[taken[rows]]
            selected[name] = day, rows
            first.reach(day[rows])
            second.reach(day[rows])
        cases = undated = 0
        for name, (day, rows) in selected.items():
            names = [code for code in codes if _selection(question, code) == name]
            one, two = first.of(day[rows], rows), second.of(day[rows], rows)
            width = len(second)
            found = view.combinations.sums(rows, one * width + two, len(first) * width, [*names, "reported"])
            if name in (*BASIS_DAYS, STOCK):
                cases = int(found["reported"].sum())
                undated = self._undated(question, view, taken, day)
            sums.update((code, found[code]) for code in names)
        shape = (len(first), len(second)) if question.by2 else (len(first),)
        return Counted(
            tuple(first.codes), tuple(first.names), tuple(second.codes) if question.by2 else (),
            tuple(second.names) if question.by2 else (), {code: sums[code].reshape(shape) for code in codes}, cases,
            undated, str(to_text(np.array([view.cut_off]))[0]),
        )  # fmt: skip

    def cases(self, question: Question, count: str, row: str = TOTAL, row2: str = TOTAL) -> Ints:
        """Return the cases (fids, ascending) of one number.

        Of a sum of counts: the cases that are in a count with + and in none with −. ``by`` may be a post, too.
        """
        question = question.check()
        try:
            parts = parse_counts(count)
        except ValueError:
            raise InputRefused("assess.count", value=count[:80]) from None
        _known(code for _, code in parts)
        view = self.view(question.cut_off)
        taken = self.chosen(question, view)
        inside = np.zeros(len(taken), dtype=bool)
        for sign, code in sorted(parts, reverse=True):  # what is taken away comes last
            day, rows = self._selections(question, view, [code])[_selection(question, code)]
            rows = rows[taken[rows] & view.combinations.members(code)[rows]]
            for by, wanted in ((question.by, row), (question.by2, row2)):
                if by and wanted != TOTAL:
                    axis = Axis(side_of(by, code), partial(self.side, view=view))
                    axis.reach(day[rows])
                    place = axis.codes.index(wanted) if wanted in axis.codes else -1
                    rows = rows[axis.of(day[rows], rows) == place]
            inside[rows] = sign > 0
        found: Ints = self.fids[inside]
        return found

    def _selections(
        self, question: Question, view: View, codes: Sequence[str]
    ) -> dict[str, tuple[NDArray[np.int32], Rows]]:
        """Return by selection the days of all cases and the rows that lie in the period."""
        first, last = read_day(question.from_day, "from_day"), read_day(question.to_day, "to_day")
        low = NO_DAY + 1 if first is None else int(first.astype(np.int64))
        high = np.iinfo(np.int32).max if last is None else int(last.astype(np.int64))
        every = first is None and last is None
        found = {}
        for name in dict.fromkeys(_selection(question, code) for code in [*codes, "reported"]):
            day = view.day(name or BASIS_DAYS[0])
            if every or name == STOCK:
                rows = np.arange(len(day))
            else:
                rows = np.flatnonzero((day >= low) & (day <= high))
            found[name] = day, rows
        return found

    def _undated(self, question: Question, view: View, taken: NDArray[np.bool_], day: NDArray[np.int32]) -> int:
        if not (question.from_day or question.to_day):
            return 0
        return int((taken & (day == NO_DAY) & view.combinations.members("reported")).sum())


def _selection(question: Question, code: str) -> str:
    """Return by which days a count selects: of the basis, or, in a flow, of its own moment."""
    return COUNTS[code].moment if question.basis == FLOW else question.basis


def _known(codes: Iterable[str]) -> list[str]:
    listed = list(dict.fromkeys(codes))
    for code in listed:
        if code not in COUNTS:
            raise InputRefused("assess.count", value=code)
    return listed


LOGGED = (*PEOPLE, "department")  # sides that logs tell at every cut-off
_panels: WeakKeyDictionary[Store, Panel] = WeakKeyDictionary()


def panel_of(context: Context) -> Panel:
    """Return the panel of the open store as it is now, read with progress where it is not there yet."""
    panel = _held(context)
    panel.look = context.cancel.check
    panel.load(context)
    return panel


def warm_panel(context: Context, request: WarmPanel) -> dict[str, Any]:
    """Read cases and logs for some time (``WarmPanel``); ``ready`` and ``fraction`` tell how far it is."""
    ready, fraction = _held(context).warm(context, max(0, min(request.milliseconds, _LONGEST)))
    return {"ready": ready, "fraction": fraction, "counts": {}, "operation": None, "tables": [], "notes": []}


def cases_of_number(context: Context, request: CasesOfNumber) -> dict[str, Any]:
    """Return the cases of one number (``fids``, ascending) as it was counted.

    Raises
    ------
    InputRefused
        ``assess.number_id``, and what ``Panel.counts`` raises.
    """
    number = parse_number_id(request.number)
    keys = [*number.keys.items(), ("kind", TOTAL), ("", TOTAL)][:2] if number.keys else [("kind", TOTAL), ("", TOTAL)]
    (by, row), (by2, row2) = keys if len(number.keys) > 1 else (keys[0], ("", TOTAL))
    where = {name: tuple(codes) for name, codes in number.where.items()}
    if number.without:
        where["exempt"] = ("0",)
    question = Question(by, by2, number.basis, number.from_date, number.to_date, number.cut_off, where)
    fids = panel_of(context).cases(question, number.count, row, row2)
    return {
        "fids": fids.tolist(), "counts": {"cases": len(fids)}, "operation": None, "tables": [], "notes": [],
    }  # fmt: skip


def _held(context: Context) -> Panel:
    store = context.need_store()
    panel = _panels.get(store)
    if panel is None or not panel.refresh(store):
        panel = _panels[store] = Panel(store, Words(context.sentences).say("table.nowhere"))
    return panel

# SPDX-License-Identifier: GPL-2.0-or-later
"""Beats (责任网格): unit grids divided into connected sets of even load, anew or from those of today."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.beat_ground import Ground, Index
from digital_citymgmt_plugin.core.grids.beat_search import OVER, Run, Stop, anneal, settle
from digital_citymgmt_plugin.core.grids.beat_start import dissolve, halved, seed_new, spread_out
from digital_citymgmt_plugin.core.grids.beat_state import NONE, State, Terms

Tell = Callable[[float], None]  # is told the share that is done

TOLERANCE = 0.05  # of the even load: what may be off
# From scratch edges count, so that beats are round; from today's beats it is hands that count.
_ANEW = (Run(200.0, 1.0, 0.02, 0.0, 1.0), Run(2000.0, 3.0, 0.05, 0.0, 1.0), Run(1000.0, 0.6, 0.02, 0.0, 0.6))
_TODAY = tuple(Run(600.0, 0.3 * hand, 0.015 * hand, hand, 0.05) for hand in (6.0, 3.0, 1.0))
_LESS = (3.0, 6.0)  # what a hand counts while it is tried to do with fewer
_AIMS = 6  # how often a less even division is tried for when the grids that may change hands are too few
_LARGE = 1500  # grids: of more the search takes fewer tries for each, so that a city is done within a minute
_SMALL = 100  # grids: of fewer it takes more
_FEW = 10  # grids in a beat


@dataclass
class BeatDraft:
    """A division into beats: ``beat`` of each grid by number, sums by beat, what is to be said (code, values).

    ``moved``: grids that had a beat and have another now. ``uneven``: how far the beat that is farthest off lies from
    the even load (``target``), as a share. ``stopped``: the user did not wait for the end. ``dissolved``: beats
    of today that are no more; those behind them have moved up.
    """

    beat: Index
    load: NDArray[np.float64]
    target: float
    uneven: float
    moved: int
    pieces: Index
    cut: float
    stopped: bool
    dissolved: list[int]
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


@dataclass(frozen=True)
class BeatOptions:
    """How beats are drafted.

    ``start``: the beat of each grid today (−1 none), numbers below ``count`` go on; ``beats`` of today may be more or
    fewer than ``count``. ``moves``: how many grids may change hands (None: as many as it takes, but as few as can be).
    ``locked_beats`` neither give nor take, ``locked_grids`` stay.
    """

    tolerance: float = TOLERANCE
    start: Index | None = None
    moves: int | None = None
    locked_beats: Sequence[int] = ()
    locked_grids: Sequence[int] = ()
    seed: int = 0


def draft_beats(
    ground: Ground, loads: NDArray[np.float64], count: int, options: BeatOptions | None = None,
    stop: Stop = lambda: False, tell: Tell = lambda share: None,
) -> BeatDraft:  # fmt: skip
    """Divide unit grids into ``count`` connected beats of even load.

    The same grids in the same order, loads, options and seed give the same beats, unless ``stop`` ended the search.

    Parameters
    ----------
    ground : Ground
        ``beat_ground.ground_of`` the grids.
    loads : array of float
        Load of each grid, finite and not negative, any unit.
    count : int
        Number of beats, 1 … number of grids.
    stop : callable
        Asked often; True ends the search with the best so far.

    Raises
    ------
    InputRefused
        ``beats.count`` (more beats than grids, or none), ``beats.no_load`` (nothing to make even), ``beats.locked``
        (more beats are locked than wanted).
    """
    options = options or BeatOptions()
    amounts = [float(load) for load in loads]
    size = len(amounts)
    if not 1 <= count <= size:
        raise InputRefused("beats.count", count=count, grids=size)
    if not sum(amounts) > 0 or not all(0 <= amount < np.inf for amount in amounts):
        raise InputRefused("beats.no_load")
    notes: list[tuple[str, dict[str, Any]]] = []
    if ground.bridges:
        widest = max(gap for _, _, gap in ground.bridges)
        notes.append(("beats.apart", {"count": len(ground.bridges) + 1, "gap": round(widest, 1)}))
    start, names = _today(options, size)
    label, first, closed, fixed, gone = _begin(ground, amounts, count, options, start, names, notes)
    taken = sum(amount for amount, beat in zip(amounts, label) if closed[beat])
    target = (sum(amounts) - taken) / max(1, closed.count(False))
    if not target > 0:
        raise InputRefused("beats.no_load")
    before = sum(1 for was, now in zip(first, label) if was not in (NONE, now))
    bound = size if options.moves is None else max(options.moves, before)
    if options.moves is not None and before > options.moves:
        notes.append(("beats.moves_needed", {"count": before, "moves": options.moves}))
    terms = Terms(amounts, count, target, options.tolerance, first, bound, fixed, closed)
    search = _Search(ground, terms, label, options.seed, stop, tell)
    search.search()
    state, stopped = search.best, search.stopped
    heavy = [grid for grid, amount in enumerate(amounts) if amount > target * (1 + options.tolerance)]
    if heavy:
        notes.append(("beats.heavy", {"count": len(heavy), "grid": heavy[0]}))
    spare = [beat for beat, pieces in enumerate(state.pieces) if pieces > 1]
    if spare:
        notes.append(("beats.pieces", {"count": len(spare), "beat": spare[0]}))
    over = sum(1 for one, other, _ in ground.bridges if state.label[one] == state.label[other])
    if over:
        notes.append(("beats.over_gap", {"count": over}))
    return BeatDraft(
        np.array(state.label, dtype=np.int64), np.array(state.load), target, state.uneven(), state.moved,
        np.array(state.pieces, dtype=np.int64), state.cut, stopped, gone, notes,
    )  # fmt: skip


def _today(options: BeatOptions, size: int) -> tuple[list[int], int]:
    """Return the beats of today by grid and how many there are."""
    if options.start is None:
        return [NONE] * size, 0
    start = [int(beat) for beat in options.start]
    return start, max(start, default=NONE) + 1


def _begin(
    ground: Ground, loads: list[float], count: int, options: BeatOptions, start: list[int], beats: int,
    notes: list[tuple[str, dict[str, Any]]],
) -> tuple[list[int], list[int], list[bool], list[bool], list[int]]:  # fmt: skip
    """Return the labels to begin with, those that a change of hands is counted from, and what is locked.

    A beat that is dissolved is known from then on by a number that no grid can have: all its grids change hands.
    """
    size = len(loads)
    held = {start[grid] for grid in options.locked_grids if start[grid] >= 0}
    locked = {beat for beat in options.locked_beats if beat < beats}
    if len(locked | held) > count or (len(locked) == count and NONE in start):
        raise InputRefused("beats.locked", count=len(locked | held), wanted=count)
    fixed = [False] * size
    for grid in options.locked_grids:
        fixed[grid] = start[grid] >= 0
    if not beats:
        label = [NONE] * size
        for beat, members in enumerate(halved(ground, loads, list(range(size)), count)):
            for grid in members:
                label[grid] = beat
        return label, start, [False] * count, fixed, []
    gone = dissolve(loads, start, beats, count, locked | held)
    if gone:
        notes.append(("beats.dissolved", {"count": len(gone)}))
    # Numbers of beats that are dissolved are filled by those behind them only outside: they go to the end here.
    onward = {beat: number for number, beat in enumerate(beat for beat in range(beats) if beat not in gone)}
    away = count + beats
    first = [onward.get(beat, away) if beat >= 0 else NONE for beat in start]
    label = [beat if beat != away else NONE for beat in first]
    closed = [False] * count
    for beat in locked:
        closed[onward[beat]] = True
    spread_out(ground, loads, label, count, closed)
    fresh = range(len(onward), count)
    able = {grid for grid, beat in enumerate(label) if not fixed[grid] and not closed[beat]}
    for beat in fresh:
        most = size if options.moves is None else options.moves // len(fresh)
        if not seed_new(ground, loads, label, beat, able, most):
            raise InputRefused("beats.locked", count=len(locked | held), wanted=count)
    return label, first, closed, fixed, gone


class _Search:
    """Coolings one after another; the best state of all is kept."""

    def __init__(self, ground: Ground, terms: Terms, label: list[int], seed: int, stop: Stop, tell: Tell) -> None:
        self._ground, self._terms, self._begin = ground, terms, label
        self._rng, self._stop, self._tell = random.Random(seed), stop, tell  # noqa: S311  (no secret)
        size = len(label)
        self._tries = min(1.0, _LARGE / size) if size > _SMALL else _SMALL / size
        # Where a beat has few grids each step is a great one: it takes more warmth to leave a poor division again.
        self._loose = size < _FEW * terms.count
        self._hot = OVER * (terms.count / size) ** 2 if self._loose else 0.0
        self._part, self._parts = 0, 1
        self.best = State(ground, terms, label)
        self.stopped = False

    def search(self) -> None:
        """Search from scratch or from today's beats."""
        if not self._terms.counted:
            self._parts = len(_ANEW)
            for run in _ANEW:
                self._cool(run, self.best.label)
            return
        self._parts = len(_TODAY) + 2 * _AIMS
        for run in _TODAY:
            self._cool(run, self._begin)
        if self.best.score()[0] == 0 and self.best.score()[1] > 0:
            self._less_even()
        elif self.best.score()[1] <= 0:
            self._fewer_hands()

    def _cool(self, run: Run, label: list[int]) -> bool:
        """Cool down from a state; returns whether that gave the best so far."""
        if self.stopped:
            return False
        state = State(self._ground, self._terms, label)
        part, parts = self._part, self._parts
        run = replace(run, tries=run.tries * self._tries, hot=max(run.hot, self._hot), loose=self._loose)
        going = anneal(state, run, self._rng, self._stop, lambda share: self._tell(min(1.0, (part + share) / parts)))
        self.stopped = not (going and settle(state, self._stop))
        self._part += 1
        if state.score() < self.best.score():
            self.best = state
            return True
        return False

    def _fewer_hands(self) -> None:
        """Even it is: do with fewer grids that change hands, as long as that goes."""
        while self.best.moved and not self.stopped:
            bound = self.best.moved - max(1, self.best.moved // 20)
            found = False
            for hand in _LESS:
                found = found or self._cool(Run(600.0, 0.3 * hand, 0.015 * hand, hand, 0.05, bound=bound), self._begin)
            if not found:
                return

    def _less_even(self) -> None:
        """The hands do not reach: find the least unevenness that they reach for, by halves."""
        low, high = self._terms.tolerance, self.best.uneven()
        for _ in range(_AIMS):
            aim = (low + high) / 2
            for hand in _LESS:
                if self._cool(Run(600.0, 0.3 * hand, 0.015 * hand, hand, 0.05, aim=aim), self._begin):
                    high = min(high, self.best.uneven())
            low = min(aim, high)

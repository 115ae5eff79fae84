# SPDX-License-Identifier: GPL-2.0-or-later
"""The search for even beats: simulated annealing over grids that go to a neighbouring beat, the best so far kept."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from digital_citymgmt_plugin.core.grids.beat_state import Score, State

_EVEN, OVER = 100.0, 20_000.0  # what squares of the deviation count: of all, of what is out of tolerance
_WITHIN = 0.9  # of the tolerance: the search keeps a little clear of its edge
_PIECE = 50.0  # what a piece too many counts
_ASK = 512  # tries between two questions whether to stop

Stop = Callable[[], bool]


@dataclass(frozen=True)
class Run:
    """One cooling: tries per grid, warmth at start and end, what a grid that changes hands and a mean edge count.

    ``aim``: the unevenness that is tried for, as a share (None: the tolerance); ``bound``: how many grids may change
    hands (None: as the terms say). ``loose``: beats may fall into pieces while it is warm; on small ground there is
    no other way from one division to the next.
    """

    tries: float
    hot: float
    cold: float
    hand: float
    edge: float
    aim: float | None = None
    bound: int | None = None
    loose: bool = False


def anneal(state: State, run: Run, rng: random.Random, stop: Stop, tell: Callable[[float], None]) -> bool:
    """Change the state by one cooling and leave it at the best that was met; False when it was stopped.

    No grid leaves a beat empty, no beat falls into more pieces than it has (unless ``run.loose``), and no more grids
    than ``terms.bound`` change hands.
    """
    terms, ground, label, load = state.terms, state.ground, state.label, state.load
    near, loads, target = ground.near, terms.loads, terms.target
    free = [grid for grid in range(len(label)) if not terms.fixed[grid] and not terms.closed[label[grid]]]
    lengths = [length for row in near for _, length in row]
    scale = run.edge / max(sum(lengths) / max(len(lengths), 1), 1e-9)
    within = _WITHIN * terms.tolerance if run.aim is None else run.aim
    bound = terms.bound if run.bound is None else run.bound

    def worth(amount: float) -> float:
        off = amount / target - 1.0
        over = max(0.0, abs(off) - within)
        return _EVEN * off * off + OVER * over * over

    best, best_label = state.score(), list(label)
    energy = lowest = 0.0
    total = int(run.tries * len(free)) if terms.count > 1 else 0
    cooling = (run.cold / run.hot) ** (1.0 / max(total, 1))
    warmth, going = run.hot, True
    pick = rng.random
    for turn in range(total):
        warmth *= cooling
        if turn % _ASK == 0:
            if stop():
                going = False
                break
            tell(turn / total)
        step = _step(state, free, bound, pick)
        if step is None:
            continue
        grid, giver, taker, hands = step
        amount = loads[grid]
        change = (
            worth(load[giver] - amount) + worth(load[taker] + amount) - worth(load[giver]) - worth(load[taker])
            + run.hand * hands + scale * state.cut_change(grid, taker)
        )  # fmt: skip
        if change > 0 and pick() >= math.exp(-change / warmth):
            continue
        pieces = state.piece_change(grid, taker)
        if pieces > 0 and not (run.loose and pick() < math.exp(-_PIECE * pieces / warmth)):
            continue
        state.give(grid, taker)
        energy += change + _PIECE * pieces
        # Where few divisions are, the one whose worst beat is best may not be the one of the least sum.
        if energy < lowest or run.loose:
            lowest = min(lowest, energy)
            found = state.score()
            if found < best:
                best, best_label = found, list(label)
    restore(state, list(label) if state.score() <= best else best_label)
    return going


def _step(state: State, free: list[int], bound: int, pick: Callable[[], float]) -> tuple[int, int, int, int] | None:
    """Draw a grid and a beat beside it: the grid, its beat, the other, how many more grids change hands by that."""
    grid = free[int(pick() * len(free))]
    giver, row = state.label[grid], state.ground.near[grid]
    if not row:
        return None
    taker = state.label[row[int(pick() * len(row))][0]]
    if taker == giver or state.terms.closed[taker] or len(state.members[giver]) < 2:
        return None
    hands = state.moved_change(grid, taker)
    return None if hands > 0 and state.moved + hands > bound else (grid, giver, taker, hands)


def restore(state: State, label: list[int]) -> None:
    """Put a state back to labels that it had; ``state.label`` stays the same list."""
    fresh = State(state.ground, state.terms, label)
    state.label[:] = fresh.label
    state.members, state.pieces = fresh.members, fresh.pieces
    state.load[:] = fresh.load
    state.moved, state.cut = fresh.moved, fresh.cut


def settle(state: State, stop: Stop) -> bool:
    """Take single steps and exchanges of two grids as long as the score gets better; False when it was stopped."""
    best, going = state.score(), True
    while going:
        before = best
        for step in (_single, _exchange):
            for grid, taker in _steps(state):
                if stop():
                    return False
                best = step(state, grid, taker, best)
            if best < before:  # single steps first, as long as they help
                break
        going = best < before
    return True


def _single(state: State, grid: int, taker: int, best: Score) -> Score:
    """Give one grid away if the score gets better."""
    giver, terms = state.label[grid], state.terms
    if not _open(state, grid, taker) or not _matters(state, grid, taker, best):
        return best
    hands = state.moved_change(grid, taker)
    if (hands > 0 and state.moved + hands > terms.bound) or state.piece_change(grid, taker) > 0:
        return best
    state.give(grid, taker)
    if (found := state.score()) < best:
        return found
    state.give(grid, giver)
    return best


def _exchange(state: State, grid: int, taker: int, best: Score) -> Score:
    """Give one grid away and take one back in exchange if the score gets better."""
    giver, terms, near = state.label[grid], state.terms, state.ground.near
    if not _open(state, grid, taker) or (best[1] <= 0 and not state.moved_change(grid, taker) < 0):
        return best
    if not _matters(state, grid, taker, best) or state.piece_change(grid, taker) > 0:
        return best
    state.give(grid, taker)
    for other in sorted(state.members[taker] - {grid}):
        if terms.fixed[other] or not any(state.label[beside] == giver for beside, _ in near[other]):
            continue
        if state.piece_change(other, giver) > 0:
            continue
        state.give(other, giver)
        if state.moved <= terms.bound and (found := state.score()) < best:
            return found
        state.give(other, taker)
    state.give(grid, giver)
    return best


def _matters(state: State, grid: int, taker: int, best: Score) -> bool:
    """Tell whether a step may help: one of the beat farthest off; once even, one that gives back or shortens edges."""
    if best[0] > 0:
        return True
    if best[1] <= 0:
        hands = state.moved_change(grid, taker)
        return hands < 0 or (hands == 0 and state.cut_change(grid, taker) < 0)
    target, shut = state.terms.target, state.terms.closed
    off = [0.0 if shut[beat] else abs(load / target - 1.0) for beat, load in enumerate(state.load)]
    worst = max(off) - 1e-9
    return off[state.label[grid]] >= worst or off[taker] >= worst


def _steps(state: State) -> list[tuple[int, int]]:
    """Return the grids with the beats beside them that they could go to."""
    label, terms = state.label, state.terms
    found = []
    for grid, row in enumerate(state.ground.near):
        if terms.fixed[grid] or terms.closed[label[grid]]:
            continue
        found += [(grid, beat) for beat in sorted({label[other] for other, _ in row} - {label[grid]})]
    return found


def _open(state: State, grid: int, taker: int) -> bool:
    """Tell whether a grid may go to a beat: steps of a list may have been overtaken by earlier ones."""
    giver, terms = state.label[grid], state.terms
    if giver == taker or terms.closed[taker] or len(state.members[giver]) < 2:
        return False
    return any(state.label[other] == taker for other, _ in state.ground.near[grid])

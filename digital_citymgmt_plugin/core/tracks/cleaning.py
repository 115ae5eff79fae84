# SPDX-License-Identifier: GPL-2.0-or-later
"""Cleaning the record of one carrier: what is dropped and why, and where its pieces begin and end.

In this order:

1. Points are put in order of time (equal times: of the file).
2. Points where no carrier of the city can be are ``FAR`` (the caller says which).
3. Of points of one time the first stays; the others are ``DUPLICATE`` (same place) or ``SAME_TIME``.
4. Where more than ``gap_s`` passes, a piece ends and the next one begins.
5. In each piece the largest set of points stays in which no two are further apart than ``max_speed`` allows; the others
   are ``JUMP``. Being within reach is an order (who reaches b from a and c from b reaches c from a), so that the set is
   its longest chain, and of two carriers' worth of points the smaller one goes.
6. Where the carrier stays within ``stay_radius_m`` of a point for ``stay_s`` or longer (stay points as in Li et al.,
   "Mining user similarity based on location history", 2008), the first and the last point stay and those between are
   ``DRIFT``: standing, a receiver wanders. No coordinate is changed, and the time stood is kept.
7. Pieces are split once more where dropping has left a gap; not inside a stay.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

KEPT, DUPLICATE, SAME_TIME, FAR, JUMP, DRIFT = range(6)
REASONS = (
    "", "reject.track_duplicate", "reject.track_same_time", "reject.track_far", "reject.track_jump",
    "reject.track_drift",
)  # fmt: skip
_RUNS_BACK = 200  # runs of points that are looked back over; only noise without end has more within a gap's time

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Cleaning:
    """The parameters; metres, seconds, metres per second.

    The defaults are ours: 40 m/s (144 km/h) is above what a patrol car drives and below what a jump looks like; a
    receiver in a street canyon wanders some 10 to 15 m.
    """

    max_speed: float = 40.0
    gap_s: float = 600.0
    stay_radius_m: float = 15.0
    stay_s: float = 120.0


@dataclass(frozen=True)
class Cleaned:
    """The record in order of time.

    ``order`` are indices into what was given; ``fate`` (of the ordered points) is ``KEPT`` or why a point was dropped;
    ``piece`` numbers the pieces of the kept points from 0 (−1 of the dropped); ``unordered`` counts points that came
    earlier in time than one before them.
    """

    order: Ints
    fate: NDArray[np.int8]
    piece: Ints
    unordered: int


def clean(
    at: Ints, xy: Floats, far: NDArray[np.bool_], rules: Cleaning, check: Callable[[], None] = lambda: None
) -> Cleaned:
    """Clean the record of one carrier.

    Parameters
    ----------
    at : (n,) int array
        Milliseconds.
    xy : (n, 2) float array
        Metres.
    far : (n,) bool array
        Points outside of where a carrier can be.
    rules : Cleaning
    check : callable, optional
        Called now and then; raises when the user wants to stop.
    """
    order = np.argsort(at, kind="stable").astype(np.int64)
    unordered = int((at[1:] < np.maximum.accumulate(at)[:-1]).sum()) if len(at) else 0
    at, xy, far = at[order], xy[order], far[order]
    fate = np.full(len(at), KEPT, dtype=np.int8)
    fate[far] = FAR
    _mark_doubles(at, xy, fate)
    for start, stop, rows in _pieces(at, fate, rules.gap_s):
        keep = longest_chain(at[rows[start:stop]], xy[rows[start:stop]], rules.max_speed, check)
        fate[rows[start:stop][~keep]] = JUMP
    piece = np.full(len(at), -1, dtype=np.int64)
    for number, (start, stop, rows) in enumerate(_pieces(at, fate, rules.gap_s)):
        own = rows[start:stop]
        piece[own] = number
        drift = own[standing(at[own], xy[own], rules.stay_radius_m, rules.stay_s)]
        fate[drift], piece[drift] = DRIFT, -1
    return Cleaned(order, fate, piece, unordered)


def _mark_doubles(at: Ints, xy: Floats, fate: NDArray[np.int8]) -> None:
    """Mark all points of one time but the first that is not far away."""
    rows = np.flatnonzero(fate == KEPT)
    if len(rows) < 2:
        return
    first = np.concatenate([[0], np.flatnonzero(np.diff(at[rows])) + 1])
    owner = np.repeat(first, np.diff(np.append(first, len(rows))))
    again = owner != np.arange(len(rows))
    same = (xy[rows] == xy[rows[owner]]).all(axis=1)
    fate[rows[again & same]] = DUPLICATE
    fate[rows[again & ~same]] = SAME_TIME


def _pieces(at: Ints, fate: NDArray[np.int8], gap_s: float) -> list[tuple[int, int, Ints]]:
    """Return start, stop and the rows that both count in: the kept points between two gaps."""
    rows = np.flatnonzero(fate == KEPT).astype(np.int64)
    if not len(rows):
        return []
    cuts = np.flatnonzero(np.diff(at[rows]) > gap_s * 1000.0) + 1
    edges = [0, *cuts.tolist(), len(rows)]
    return [(start, stop, rows) for start, stop in zip(edges, edges[1:])]


def longest_chain(
    at: Ints, xy: Floats, max_speed: float, check: Callable[[], None] = lambda: None
) -> NDArray[np.bool_]:
    """Return the largest set of points in which every one can be reached from every earlier one.

    Of several such sets that with the latest points. Points are grouped into runs whose steps are all within reach: in
    a run the points that reach a later point are those up to some place, so that a bisection finds the last of them.

    Parameters
    ----------
    at : (n,) int array
        Milliseconds, rising.
    xy : (n, 2) float array
        Metres.
    max_speed : float
        Metres per second.
    check : callable, optional
        Called now and then.
    """
    size = len(at)
    step = np.hypot(*np.diff(xy, axis=0).T)
    broken = np.flatnonzero(step > max_speed * np.diff(at) / 1000.0) + 1
    if not len(broken):
        return np.ones(size, dtype=bool)
    starts = [0, *broken.tolist()]
    stops = [*broken.tolist(), size]
    length = np.zeros(size, dtype=np.int64)
    parent = np.full(size, -1, dtype=np.int64)
    best_of_run: list[int] = []  # the longest chain that ends in a run ends at its last point
    for run, (start, stop) in enumerate(zip(starts, stops)):
        if run % 100 == 0:
            check()
        others = sorted(range(max(0, run - _RUNS_BACK), run), key=lambda other: (-best_of_run[other], -other))
        most = best_of_run[others[0]] if others else 0
        for point in range(start, stop):
            own = int(length[point - 1]) if point > start else 0
            if point > start and own >= most:  # no other run can do better for this one and all after it
                count = stop - point
                length[point:stop] = own + 1 + np.arange(count)
                parent[point:stop] = np.arange(point - 1, stop - 1)
                break
            length[point], parent[point] = own + 1, point - 1 if point > start else -1
            for other in others:
                if best_of_run[other] < length[point]:
                    break
                last = _last_within(at, xy, starts[other], stops[other], point, max_speed)
                if last >= 0 and length[last] >= length[point]:
                    length[point], parent[point] = length[last] + 1, last
        best_of_run.append(int(length[stop - 1]))
    run = max(range(len(starts)), key=lambda run: (best_of_run[run], run))
    return _followed(parent, stops[run] - 1)


def _followed(parent: Ints, last: int) -> NDArray[np.bool_]:
    """Return the chain that ends in a point."""
    keep = np.zeros(len(parent), dtype=bool)
    while last >= 0:
        keep[last] = True
        last = int(parent[last])
    return keep


def _last_within(at: Ints, xy: Floats, start: int, stop: int, point: int, max_speed: float) -> int:
    """Return the last point of a run from which a later point can be reached, −1 when none is."""

    def beyond(row: int) -> bool:
        distance = float(np.hypot(xy[point, 0] - xy[row, 0], xy[point, 1] - xy[row, 1]))
        return distance > max_speed * float(at[point] - at[row]) / 1000.0

    if not beyond(stop - 1):
        return stop - 1
    return start + bisect_right(_Beyond(beyond, start, stop), False) - 1 if not beyond(start) else -1


class _Beyond:
    """A run as bisection sees it: False as long as the point can be reached, True from then on."""

    def __init__(self, test: object, start: int, stop: int) -> None:
        self._test, self._start, self._size = test, start, stop - start

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> bool:
        return bool(self._test(self._start + index))  # type: ignore[operator]


def standing(at: Ints, xy: Floats, radius: float, seconds: float) -> NDArray[np.bool_]:
    """Tell which points lie inside a stay: not its first, not its last.

    A stay begins at the first point all of whose followers within ``seconds``, and one after that time, lie within
    ``radius`` of it; it lasts until one does not. The next one is looked for behind it.
    """
    size = len(at)
    inside = np.zeros(size, dtype=bool)
    if size < 3:
        return inside
    later = np.searchsorted(at, at + round(seconds * 1000.0), side="left")
    there = np.flatnonzero(later < size)
    near = np.hypot(*(xy[later[there]] - xy[there]).T) <= radius
    done = 0
    for anchor in there[near].tolist():  # only these can begin one
        if anchor < done:
            continue
        leaves = _leaves(xy, anchor, radius)
        if leaves > later[anchor]:
            inside[anchor + 1 : leaves - 1] = True
            done = leaves
    return inside


def _leaves(xy: Floats, anchor: int, radius: float) -> int:
    """Return the first later point that is not within the radius of the anchor."""
    block = 64
    start = anchor + 1
    while start < len(xy):
        away = np.flatnonzero(np.hypot(*(xy[start : start + block] - xy[anchor]).T) > radius)
        if len(away):
            return start + int(away[0])
        start += block
        block = min(block * 2, 8192)
    return len(xy)

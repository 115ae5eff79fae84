# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the search for beats begins: ground halved again and again, or the beats of today made to fit the number."""

from __future__ import annotations

import math
from collections.abc import Sequence

from digital_citymgmt_plugin.core.grids.beat_ground import Ground
from digital_citymgmt_plugin.core.grids.beat_state import NONE

_TURNS = 8  # directions in which a cut is tried


def halved(ground: Ground, loads: Sequence[float], grids: list[int], count: int) -> list[list[int]]:
    """Divide connected grids into ``count`` connected sets of about even load by straight cuts.

    Returns
    -------
    list of lists
        As many sets as asked for, none empty (``count`` must not exceed the number of grids).
    """
    done: list[list[int]] = []
    todo = [(sorted(grids), count)]
    while todo:
        members, parts = todo.pop()
        if parts == 1:
            done.append(members)
            continue
        one, other, first = _cut(ground, loads, members, parts)
        todo += [(one, first), (other, parts - first)]
    return done


def _cut(ground: Ground, loads: Sequence[float], members: list[int], parts: int) -> tuple[list[int], list[int], int]:
    """Cut a connected set in two connected ones; returns them with the number of beats of the first."""
    total = sum(loads[grid] for grid in members)
    wanted = total * (parts // 2) / parts
    best: tuple[float, float, list[int], list[int], int] | None = None
    for turn in range(_TURNS):
        east, north = math.cos(math.pi * turn / _TURNS), math.sin(math.pi * turn / _TURNS)
        order = sorted(members, key=lambda grid: (ground.place[grid][0] * east + ground.place[grid][1] * north, grid))
        one, other = _sides(ground, loads, order, wanted)
        if not other:
            continue
        mine = sum(loads[grid] for grid in one)
        first = round(parts * mine / total) if total > 0 else parts // 2
        first = max(1, parts - len(other), min(first, parts - 1, len(one)))
        if first > len(one) or parts - first > len(other):
            continue
        off = max(abs(mine / first - total / parts), abs((total - mine) / (parts - first) - total / parts))
        inside = set(one)
        edge = sum(length for grid in one for near, length in ground.near[grid] if near not in inside)
        worth = (round(off / max(total / parts, 1e-12), 1), edge)
        if best is None or worth < best[:2]:
            best = (*worth, sorted(one), sorted(other), first)
    if best is None:  # a star of grids: one of them, then the rest
        leaf = _leaf(ground, members)
        return [leaf], [grid for grid in members if grid != leaf], 1
    return best[2], best[3], best[4]


def _sides(ground: Ground, loads: Sequence[float], order: list[int], wanted: float) -> tuple[list[int], list[int]]:
    """Take grids in an order until the load wanted is reached; what hangs on nothing goes to the other side."""
    taken, held = 0, 0.0
    while taken < len(order) - 1 and (not taken or held + loads[order[taken]] / 2 < wanted):
        held += loads[order[taken]]
        taken += 1
    one = max(pieces_of(ground, order[:taken]), key=lambda piece: sum(loads[grid] for grid in piece))
    rest = [grid for grid in order if grid not in set(one)]
    pieces = pieces_of(ground, rest)
    other = max(pieces, key=lambda piece: sum(loads[grid] for grid in piece))
    return one + [grid for piece in pieces if piece is not other for grid in piece], other


def pieces_of(ground: Ground, grids: Sequence[int]) -> list[list[int]]:
    """Return the connected pieces of a set of grids, in the order of their first grids."""
    left, found = dict.fromkeys(grids), []
    while left:
        piece = [next(iter(left))]
        del left[piece[0]]
        for grid in piece:  # grows while it is walked
            for other, _ in ground.near[grid]:
                if other in left:
                    del left[other]
                    piece.append(other)
        found.append(piece)
    return found


def _leaf(ground: Ground, members: list[int]) -> int:
    """Return a grid without which the others still hang together: the last that a walk over them reaches."""
    return pieces_of(ground, members)[0][-1]


def spread_out(ground: Ground, loads: Sequence[float], label: list[int], count: int, closed: Sequence[bool]) -> None:
    """Give each grid without a beat to the lightest beat beside it, in place; locked beats take none while others can.

    A grid that hangs on no beat at all (nothing has one) is left at −1.
    """
    held = [0.0] * count
    for grid, beat in enumerate(label):
        if beat >= 0:
            held[beat] += loads[grid]
    left = {grid for grid, beat in enumerate(label) if beat < 0}
    while left:
        beside: list[tuple[bool, float, int, int]] = []
        for grid in left:
            for other, _ in ground.near[grid]:
                if (beat := label[other]) != NONE:
                    beside.append((closed[beat], held[beat], grid, beat))
        if not beside:
            return
        _shut, _held, grid, beat = min(beside)
        label[grid] = beat
        held[beat] += loads[grid]
        left.discard(grid)


def dissolve(loads: Sequence[float], label: list[int], beats: int, count: int, kept: set[int]) -> list[int]:
    """Name the beats to be dissolved so that ``count`` are left: the lightest that nothing of is locked."""
    held = [0.0] * beats
    for grid, beat in enumerate(label):
        if beat >= 0:
            held[beat] += loads[grid]
    free = sorted((beat for beat in range(beats) if beat not in kept), key=lambda beat: (held[beat], beat))
    return free[: max(0, beats - count)]


def seed_new(ground: Ground, loads: Sequence[float], label: list[int], beat: int, able: set[int], most: int) -> bool:
    """Part a new beat from the heaviest one that can give grids (``able``); at most ``most`` grids. False: none can."""
    members: dict[int, list[int]] = {}
    for grid, of in enumerate(label):
        if of >= 0 and of != beat:
            members.setdefault(of, []).append(grid)
    ranked = sorted(members, key=lambda of: (-sum(loads[grid] for grid in members[of]), of))
    for giver in ranked:
        free = [grid for grid in members[giver] if grid in able]
        if len(members[giver]) < 2 or not free:
            continue
        pieces = pieces_of(ground, members[giver])
        piece = max(pieces, key=lambda one: sum(loads[grid] for grid in one))
        if len(piece) > 1:
            one, other, _ = _cut(ground, loads, sorted(piece), 2)
            part = min((one, other), key=lambda side: (not set(side) <= able, len(side)))
        else:
            part = piece
        part = [grid for grid in part if grid in able]
        if not part:
            continue
        inside = set(part)
        far = max(part, key=lambda grid: (-sum(near not in inside for near, _ in ground.near[grid]), grid))
        walk = next(
            piece for piece in pieces_of(ground, [far, *(grid for grid in part if grid != far)]) if far in piece
        )
        for grid in walk[: max(1, most)]:
            label[grid] = beat
        return True
    return False

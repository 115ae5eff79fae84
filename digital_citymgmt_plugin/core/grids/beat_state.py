# SPDX-License-Identifier: GPL-2.0-or-later
"""An assignment of unit grids to beats while it is searched: loads, pieces, edges cut, grids that changed hands."""

from __future__ import annotations

from dataclasses import dataclass, field

from digital_citymgmt_plugin.core.grids.beat_ground import Ground

NONE = -1
Score = tuple[float, ...]


@dataclass
class Terms:
    """What the search is held to; loads in any unit, labels are numbers of beats.

    ``target`` is the even load of a beat that is not locked, ``start`` the beat that a grid has today (−1 none),
    ``bound`` how many of these may change. ``fixed``: grids that stay, ``closed``: beats that neither give nor take.
    """

    loads: list[float]
    count: int
    target: float
    tolerance: float
    start: list[int]
    bound: int
    fixed: list[bool]
    closed: list[bool]
    seed: int = 0
    counted: bool = field(init=False)  # whether a change of hands counts at all

    def __post_init__(self) -> None:
        self.counted = any(label >= 0 for label in self.start)


class State:
    """Labels of grids with all sums kept up to date."""

    def __init__(self, ground: Ground, terms: Terms, label: list[int]) -> None:
        self.ground, self.terms, self.label = ground, terms, list(label)
        self.members: list[set[int]] = [set() for _ in range(terms.count)]
        for grid, beat in enumerate(self.label):
            self.members[beat].add(grid)
        self.load = [0.0] * terms.count
        self.resum()
        self.pieces = [self.count_pieces(members) for members in self.members]
        self.moved = sum(1 for was, now in zip(terms.start, self.label) if was not in (NONE, now))
        near = ground.near
        self.cut = sum(
            length for grid, row in enumerate(near) for other, length in row
            if grid < other and self.label[grid] != self.label[other]
        )  # fmt: skip

    def resum(self) -> None:
        """Add the loads up anew, in the order of the grids: sums that were kept up to date drift."""
        loads = self.terms.loads
        self.load = [sum(loads[grid] for grid in sorted(members)) for members in self.members]

    def count_pieces(self, members: set[int]) -> int:
        """Count the connected pieces of a set of grids."""
        left, count, near = set(members), 0, self.ground.near
        while left:
            count += 1
            todo = [left.pop()]
            while todo:
                for other, _ in near[todo.pop()]:
                    if other in left:
                        left.discard(other)
                        todo.append(other)
        return count

    def piece_change(self, grid: int, taker: int) -> int:
        """Tell by how much the number of pieces of all beats grows when a grid goes to a beat."""
        giver = self.label[grid]
        mine, theirs = self.members[giver], self.members[taker]
        beside = [other for other, _ in self.ground.near[grid] if other in mine]
        across = [other for other, _ in self.ground.near[grid] if other in theirs]
        change = 0
        if len(beside) != 1 and not (len(beside) == 2 and self._touch(*beside)):
            mine.discard(grid)
            change += self.count_pieces(mine) - self.pieces[giver]
            mine.add(grid)
        if self.pieces[taker] != 1 or not across:
            theirs.add(grid)
            change += self.count_pieces(theirs) - self.pieces[taker]
            theirs.discard(grid)
        return change

    def _touch(self, one: int, other: int) -> bool:
        return any(near == other for near, _ in self.ground.near[one])

    def cut_change(self, grid: int, taker: int) -> float:
        """Return by how many metres the edges between beats grow when a grid goes to a beat."""
        label, change, giver = self.label, 0.0, self.label[grid]
        for other, length in self.ground.near[grid]:
            if label[other] == giver:
                change += length
            elif label[other] == taker:
                change -= length
        return change

    def moved_change(self, grid: int, taker: int) -> int:
        """Return by how many the grids that changed hands grow when a grid goes to a beat."""
        was = self.terms.start[grid]
        return 0 if was == NONE else int(self.label[grid] == was) - int(taker == was)

    def give(self, grid: int, taker: int) -> None:
        """Give a grid to a beat."""
        giver, load = self.label[grid], self.terms.loads[grid]
        self.cut += self.cut_change(grid, taker)
        self.moved += self.moved_change(grid, taker)
        self.members[giver].discard(grid)
        self.members[taker].add(grid)
        self.label[grid] = taker
        self.load[giver] -= load
        self.load[taker] += load
        for beat in (giver, taker):
            self.pieces[beat] = self.count_pieces(self.members[beat])

    def uneven(self) -> float:
        """Return how far the beat that is farthest off lies from the even load, as a share of it."""
        terms = self.terms
        return max(
            (abs(load / terms.target - 1.0) for load, shut in zip(self.load, terms.closed) if not shut), default=0.0
        )

    def score(self) -> Score:
        """Return what is compared, least first: pieces too many, unevenness out of tolerance, hands, edges in m.

        Sums of loads are rounded: two ways to the same beats are equally good.
        """
        over = max(0.0, round(self.uneven() - self.terms.tolerance, 9))
        spare = sum(self.pieces) - len(self.pieces)
        return (spare, over, self.moved, round(self.cut, 3))

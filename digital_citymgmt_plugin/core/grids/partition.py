# SPDX-License-Identifier: GPL-2.0-or-later
"""Put units together to cells: agglomeration, then a local search that parts pairs of cells again along a tree.

The sum to be made small: per cell its distance from the target area and from the mean load, what it is out of band
and its raggedness (P² / 16 A − 1); per metre of boundary between cells a cost that is low on strong barriers.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from digital_citymgmt_plugin.core.grids.faces import COST
from digital_citymgmt_plugin.core.grids.parting import Graph, all_cuts
from digital_citymgmt_plugin.core.grids.weights import Weights

MEAN_TOLERANCE = 0.008  # how far the mean area may be from the target
MAX_BONUS = 18.0  # more would pay for cells out of band
LARGEST_STEP = 1.0  # of the bonus; beyond the right value cells fall apart in twice as many
AIM = 1.0
BY_LOAD = 0.7
UNEVEN, FREE = 0.33, 0.05  # deviation of loads, and share of boundaries on no barrier, that a draft can live with
MANY = 4  # cells: with fewer the mean cannot be chosen


@dataclass
class Cell:
    """A set of units with its sums."""

    members: set[int]
    area: float
    load: float
    perimeter: float
    near: dict[int, tuple[float, float]] = field(default_factory=dict)
    simple: bool | None = None  # kept by ``Partition.is_sound`` while the members stay; None: not known


class Partition:
    """The cells of one graph, changed in place by the steps below."""

    def __init__(self, graph: Graph, weights: Weights, seed: int, check: Callable[[], None] | None = None) -> None:
        self.check = check or (lambda: None)  # called often; raises when the user wants to stop
        self.graph = graph
        self.weights = weights
        self.random = random.Random(seed)  # noqa: S311 - a reproducible draft, no secret
        self.cells = {
            unit: Cell({unit}, graph.area[unit], graph.load[unit], graph.perimeter[unit], dict(graph.near[unit]))
            for unit in range(len(graph.area))
        }
        self.next = len(graph.area)
        self.settled: set[tuple[int, int]] = set()  # pairs that were parted anew in vain, whatever a cell is worth

    # ---- measures

    def value(self, cell: Cell) -> float:
        """Return what a cell costs."""
        return self.weights.cell(cell.area, cell.perimeter, cell.load)

    def is_simple(self, units: set[int]) -> bool:
        """Tell whether units form an area with one outline that does not touch itself."""
        beside: dict[int, list[int]] = {}
        closed = 0
        for unit in units:
            for start, end, beyond in self.graph.arcs[unit]:
                if beyond in units:
                    continue
                if start == end:
                    closed += 1
                beside.setdefault(start, []).append(end)
                beside.setdefault(end, []).append(start)
        if closed:
            return closed == 1 and len(beside) == 1
        if any(len(ends) != 2 for ends in beside.values()):
            return False
        first = next(iter(beside))
        before, here, steps = first, beside[first][0], 1
        while here != first:
            ends = beside[here]
            before, here = here, ends[1] if ends[0] == before else ends[0]
            steps += 1
        return steps == len(beside)

    def is_sound(self, cell: Cell) -> bool:
        """Tell whether a cell is simple; asked for each of its neighbours in turn, and looked at once."""
        if cell.simple is None:
            cell.simple = self.is_simple(cell.members)
        return cell.simple

    def cost(self) -> float:
        """Return the sum over cells and boundaries, with what a wrong number of cells costs in place of the bonus."""
        value = sum(self.value(cell) + self.weights.bonus for cell in self.cells.values())
        cut = sum(self.weights.edge(cost) for cell in self.cells.values() for _, cost in cell.near.values()) / 2
        return value + cut + abs(self.wanted() - len(self.cells))

    def wanted(self) -> float:
        """Return how many cells there should be: by area, and half by load where loads are known.

        A community with many things gets more and smaller cells than one with few, or their loads could not be equal.
        """
        weights = self.weights
        by_area = sum(self.graph.area) / (AIM * weights.target)
        if not weights.load:
            return by_area
        if weights.by_load:
            return sum(weights.ratio(cell.area, cell.load) for cell in self.cells.values()) / AIM
        by_load = sum(self.graph.load) / (AIM * weights.load)
        return float(min(max((1 - BY_LOAD) * by_area + BY_LOAD * by_load, by_area / 1.4), by_area * 1.5))

    def _joined(self, a: Cell, b: Cell, shared: float) -> tuple[float, float, float]:
        return a.area + b.area, a.perimeter + b.perimeter - 2 * shared, a.load + b.load

    def gain(self, first: int, second: int) -> float:
        """Return by how much the sum falls when two neighbours become one."""
        a, b = self.cells[first], self.cells[second]
        shared, cost = a.near[second]
        return self.value(a) + self.value(b) + self.weights.edge(cost) - self.weights.cell(*self._joined(a, b, shared))

    # ---- changes

    def join(self, first: int, second: int) -> int:
        """Make two neighbours one; return its number."""
        a, b = self.cells.pop(first), self.cells.pop(second)
        area, perimeter, load = self._joined(a, b, a.near[second][0])
        near = dict(a.near)
        for other, (length, cost) in b.near.items():
            old = near.get(other, (0.0, 0.0))
            near[other] = (old[0] + length, old[1] + cost)
        near.pop(first, None)
        near.pop(second, None)
        number = self.next
        self.next += 1
        self.cells[number] = Cell(a.members | b.members, area, load, perimeter, near)
        for other in near:
            beyond = self.cells[other].near
            beyond.pop(first, None)
            beyond.pop(second, None)
            beyond[number] = near[other]
        return number

    def replace(self, old: Iterable[int], parts: list[set[int]]) -> list[int]:
        """Put new cells in the place of old ones that hold the same units."""
        around: set[int] = set()
        for number in old:
            around.update(self.cells.pop(number).near)
        around -= set(old)
        owner = {unit: number for number in around for unit in self.cells[number].members}
        numbers = list(range(self.next, self.next + len(parts)))
        self.next += len(parts)
        for number, part in zip(numbers, parts):
            owner.update((unit, number) for unit in part)
        for number in around:
            for gone in old:
                self.cells[number].near.pop(gone, None)
        for number, part in zip(numbers, parts):
            self.cells[number] = self._cell(part, owner)
        for number in numbers:
            for other, shared in self.cells[number].near.items():
                self.cells[other].near[number] = shared
        return numbers

    def _cell(self, part: set[int], owner: dict[int, int]) -> Cell:
        graph = self.graph
        near: dict[int, tuple[float, float]] = {}
        inside = 0.0
        for unit in sorted(part):
            for other, (length, cost) in graph.near[unit].items():
                if other in part:
                    inside += length
                else:
                    old = near.get(owner[other], (0.0, 0.0))
                    near[owner[other]] = (old[0] + length, old[1] + cost)
        units = sorted(part)
        return Cell(
            part,
            sum(graph.area[u] for u in units),
            sum(graph.load[u] for u in units),
            sum(graph.perimeter[u] for u in units) - inside,
            near,
        )

    def reweigh(self) -> None:
        """Spend what loads have in hand on boundaries that follow barriers, or the other way round.

        How even loads can be and how much of the boundary can follow barriers depends on the place: one set of weights
        leaves one of the two aims short where the other is met with ease.
        """
        cells = self.cells.values()
        shared = sum(length for cell in cells for length, _ in cell.near.values())
        if len(self.cells) < MANY or shared <= 0:
            return
        weakest = float(COST[-1])
        free = sum(max(cost - weakest * length, 0.0) for cell in cells for length, cost in cell.near.values())
        uneven = self.unevenness()
        cut, balance = self.weights.cut, self.weights.balance
        if uneven > UNEVEN:
            balance *= min((uneven / UNEVEN) ** 2, 2.0)
        elif free / (1 - weakest) / shared > FREE:
            cut *= min((UNEVEN / max(uneven, 1e-9)) ** 2, 2.0)
        self.weights = replace(self.weights, cut=cut, balance=balance)
        self.settled.clear()

    def unevenness(self) -> float:
        """Return the deviation of loads (of areas where no loads are known) as a share of what they should be."""
        weights = self.weights
        values = [(c.load / weights.load if weights.load else c.area / weights.target) for c in self.cells.values()]
        mean = sum(values) / len(values)
        return float((sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5)

    def rebuild(self, home: dict[int, int]) -> None:
        """Set the cells' sums and neighbours anew from the cell of each unit."""
        self.settled.clear()
        for number, cell in list(self.cells.items()):
            self.cells[number] = self._cell(cell.members, home)

    # ---- steps

    def agglomerate(self) -> None:
        """Join the smallest cell to the neighbour that suits best, until nothing gets better."""
        weights, (low, high) = self.weights, self.weights.band
        heap = [(cell.area, number) for number, cell in self.cells.items()]
        heapq.heapify(heap)
        while heap:
            area, number = heapq.heappop(heap)
            self.check()
            if number not in self.cells:
                continue
            cell = self.cells[number]
            small = weights.ratio(area, cell.load) < low * 1.1
            options = [
                (-self.gain(number, other), other)
                for other in cell.near
                if weights.ratio(area + self.cells[other].area, cell.load + self.cells[other].load) <= high * 0.95
            ]
            other = self._best(cell, sorted(options), small)
            if other is not None:
                joined = self.join(number, other)
                heapq.heappush(heap, (self.cells[joined].area, joined))

    def _best(self, cell: Cell, options: list[tuple[float, int]], small: bool) -> int | None:
        wanted = [other for loss, other in options if small or loss < 0]
        for other in wanted[:6]:
            if self.is_simple(cell.members | self.cells[other].members):
                return other
        return wanted[0] if wanted and small else None

    def fill_holes(self) -> None:
        """Join to each cell the cells that it shuts off from the outside of the region."""
        for number in sorted(self.cells):
            if number in self.cells and not self.is_simple(self.cells[number].members):
                reached = self._reached_without(number)
                inside = [other for other in sorted(self.cells) if other != number and other not in reached]
                self._swallow(number, inside)

    def _reached_without(self, number: int) -> set[int]:
        outer = (c for c, cell in self.cells.items() if c != number and self._at_edge(cell))
        stack = list(outer)
        reached = set(stack)
        while stack:
            for other in self.cells[stack.pop()].near:
                if other != number and other not in reached:
                    reached.add(other)
                    stack.append(other)
        return reached

    def _at_edge(self, cell: Cell) -> bool:
        return any(beyond < 0 for unit in cell.members for _, _, beyond in self.graph.arcs[unit])

    def _swallow(self, number: int, inside: list[int]) -> None:
        if inside:
            members = set().union(*(self.cells[c].members for c in [number, *inside]))
            self.replace([number, *inside], [members])

    def improve(self, sweeps: int, tries: int) -> None:
        """Part or join pairs of neighbours anew wherever the sum falls, and part cells that are too large."""
        changed = set(self.cells)
        for _ in range(sweeps):
            dirty, changed = changed, set()
            for number in sorted(dirty):
                self.check()
                if number in self.cells:
                    changed.update(self._improve_cell(number, tries))
            if not changed:
                break

    def settle(self, sweeps: int, tries: int, rounds: int = 24) -> None:
        """Search until the mean area comes near the target, by weighing the number of cells more or less."""
        self.improve(sweeps, tries)
        wanted = self.wanted()
        if wanted < MANY or not sweeps:
            return
        step = 0.0
        for _ in range(rounds):
            short = wanted - len(self.cells)
            if abs(short) <= max(MEAN_TOLERANCE * wanted, 0.5):
                break
            # Longer steps while the count stays on one side, half as long after it has changed sides.
            forward = (short > 0) == (step >= 0)
            step = step * (1.5 if forward else -0.5) if step else (0.5 if short > 0 else -0.5)
            step = min(max(step, -LARGEST_STEP), LARGEST_STEP)
            bonus = min(max(self.weights.bonus + step, -MAX_BONUS), MAX_BONUS)
            if bonus == self.weights.bonus:
                break
            self.weights = replace(self.weights, bonus=bonus)
            self.improve(sweeps, tries)

    def _improve_cell(self, number: int, tries: int) -> list[int]:
        cell = self.cells[number]
        if self.weights.ratio(cell.area, cell.load) > 2 * self.weights.band[0] or not self.is_sound(cell):
            made = self._part([number], tries)
            if made:
                return made
        for other in sorted(cell.near):
            if self.gain(number, other) > 1e-9 and self.is_simple(cell.members | self.cells[other].members):
                return [self.join(number, other)]
        for other in sorted(cell.near):
            pair = (min(number, other), max(number, other))
            if pair in self.settled:
                continue
            made = self._part([number, other], tries)
            if made:
                return made
            self.settled.add(pair)
        return []

    def _part(self, old: list[int], tries: int) -> list[int]:
        """Part the units of one or two cells in two; return the new cells if that is better."""
        units = set().union(*(self.cells[number].members for number in old))
        if len(units) < 2:
            return []
        before = sum(self.value(self.cells[number]) for number in old)
        if len(old) == 2:
            before += self.weights.edge(self.cells[old[0]].near[old[1]][1])
        # A cell that encloses another or touches itself must change, whatever it costs.
        if not all(self.is_sound(self.cells[number]) for number in old):
            before += 50.0
        order = sorted(units)
        options = all_cuts(self.graph, order, self.weights, self.random, tries, before - 1e-9)
        for _, part in sorted(options, key=lambda cut: cut[0])[:4]:
            if self.is_simple(part) and self.is_simple(units - part):
                return self.replace(old, [part, units - part])
        return []

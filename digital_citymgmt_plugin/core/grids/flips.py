# SPDX-License-Identifier: GPL-2.0-or-later
"""Hand single units from cell to cell: simulated annealing after the larger steps of the search.

A unit changes hands only where both cells stay areas with one outline; so every state is a sound draft, and the search
can stop at any time.
"""

from __future__ import annotations

import math

from digital_citymgmt_plugin.core.grids.partition import Partition

HOT = 0.08  # a change that costs this much more is taken with a chance of 1 in e at the beginning


def anneal(partition: Partition, sweeps: int) -> None:
    """Try to hand over each unit at a border once per sweep, in random order, colder each time; the last two cold."""
    graph, cells, random = partition.graph, partition.cells, partition.random
    if len(cells) < 2:
        return
    home = {unit: number for number, cell in cells.items() for unit in cell.members}
    changed = set(cells)
    worth = {number: partition.value(cell) for number, cell in cells.items()}
    for sweep in range(sweeps):
        partition.check()
        heat = HOT * (1 - sweep / max(sweeps - 2, 1))
        border = [unit for unit in range(len(graph.area)) if home[unit] in changed or heat > 0]
        border = [unit for unit in border if any(home[other] != home[unit] for other in graph.near[unit])]
        random.shuffle(border)
        changed = set()
        for unit in border:
            moved = _try(partition, home, worth, unit, heat)
            if moved >= 0:
                changed.update((moved, home[unit]))
                changed.update(home[other] for other in graph.near[unit])
    partition.rebuild(home)


def _try(partition: Partition, home: dict[int, int], worth: dict[int, float], unit: int, heat: float) -> int:
    """Hand over one unit if that is better, or by chance; return the cell that it left, −1 if it stays.

    ``worth`` is what each cell costs as it is.
    """
    graph, weights, cells = partition.graph, partition.weights, partition.cells
    old = home[unit]
    shares: dict[int, list[float]] = {}
    for other, (length, cost) in graph.near[unit].items():
        entry = shares.setdefault(home[other], [0.0, 0.0])
        entry[0] += length
        entry[1] += cost
    left = cells[old]
    if len(left.members) < 2 or old not in shares:
        return -1
    area, load, around = graph.area[unit], graph.load[unit], graph.perimeter[unit]
    kept = shares.pop(old)
    after_left = (left.area - area, left.perimeter - around + 2 * kept[0], left.load - load)
    if after_left[0] <= 0 or after_left[1] <= 0:
        return -1
    base = weights.cell(*after_left) - worth[old] + weights.edge(kept[1])
    best, where = math.inf, -1
    for number, (length, cost) in shares.items():
        cell = cells[number]
        value = weights.cell(cell.area + area, cell.perimeter + around - 2 * length, cell.load + load)
        value += base - worth[number] - weights.edge(cost)
        if value < best or (value == best and number < where):
            best, where = value, number
    if best > 0 and (heat <= 0 or best > 8 * heat or partition.random.random() >= math.exp(-best / heat)):
        return -1
    if best > -1e-9 and heat <= 0:
        return -1
    right = cells[where]
    left.members.discard(unit)
    right.members.add(unit)
    if not (partition.is_simple(left.members) and partition.is_simple(right.members)):
        right.members.discard(unit)
        left.members.add(unit)
        return -1
    length = shares[where][0]
    left.area, left.perimeter, left.load = after_left
    right.area += area
    right.perimeter += around - 2 * length
    right.load += load
    home[unit] = where
    worth[old], worth[where] = partition.value(left), partition.value(right)
    return old

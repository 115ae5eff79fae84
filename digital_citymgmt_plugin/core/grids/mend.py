# SPDX-License-Identifier: GPL-2.0-or-later
"""Bring cells back into the band that the search left out of it: whatever else that costs, band comes first."""

from __future__ import annotations

import math

from digital_citymgmt_plugin.core.grids.parting import all_cuts
from digital_citymgmt_plugin.core.grids.partition import Partition

TRIES = 24  # random trees per attempt
LOOKED_AT = 60  # cuts whose sides are tested, cheapest first
ROUNDS = 3


def mend(partition: Partition) -> None:
    """Part, join or part anew each cell out of band, alone, with a neighbour, then with two, until none gets better."""
    for _ in range(ROUNDS):
        bad = [number for number in sorted(partition.cells) if _off(partition, partition.cells[number].area) > 0]
        changed = False
        for number in bad:
            if number in partition.cells:
                changed |= _mend_cell(partition, number)
        if not changed:
            return


def _off(partition: Partition, area: float) -> float:
    """Return by what share of the target an area is out of band."""
    ratio, (low, high) = area / partition.weights.target, partition.weights.band
    return max(low - ratio, ratio - high, 0.0)


def _mend_cell(partition: Partition, number: int) -> bool:
    cells = partition.cells
    partition.check()
    best: tuple[float, float, list[int], list[set[int]]] | None = None
    for old in [[number], *([number, other] for other in sorted(cells[number].near))]:
        units = set().union(*(cells[n].members for n in old))
        before = sum(_off(partition, cells[n].area) for n in old)
        for parts in _ways(partition, units, len(old)):
            areas = [sum(partition.graph.area[u] for u in part) for part in parts]
            after = sum(_off(partition, area) for area in areas)
            if after >= before - 1e-9:
                continue
            cost = sum((area / partition.weights.target - 1) ** 2 for area in areas)
            if best is None or (after - before, cost) < best[:2]:
                best = (after - before, cost, old, parts)
            if after <= 0:
                break  # cuts come cheapest first
    if best is None:
        return False
    partition.replace(best[2], best[3])
    return True


def _ways(partition: Partition, units: set[int], count: int) -> list[list[set[int]]]:
    """Return ways to divide units: as one cell when they were two, else in two cells with one outline each."""
    found = [[units]] if count == 2 and partition.is_simple(units) else []
    options = all_cuts(partition.graph, sorted(units), partition.weights, partition.random, TRIES, math.inf, LOOKED_AT)
    options.sort(key=lambda cut: cut[0])
    for _, part in options[:LOOKED_AT]:
        if partition.is_simple(part) and partition.is_simple(units - part):
            found.append([part, units - part])
    return found

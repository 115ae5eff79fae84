# SPDX-License-Identifier: GPL-2.0-or-later
"""Bring cells back into the band that the search left out of it: whatever else that costs, band comes first."""

from __future__ import annotations

import math

from digital_citymgmt_plugin.core.grids.parting import all_cuts
from digital_citymgmt_plugin.core.grids.partition import Cell, Partition

TRIES = 24  # random trees per attempt
LOOKED_AT = 60  # cuts whose sides are tested, cheapest first
ROUNDS = 3
MARGIN = 0.05  # share of the band's limits that loads keep away from them


def mend(partition: Partition) -> None:
    """Part, join or part anew each cell out of band, alone, with a neighbour, then with two, until none gets better."""
    for _ in range(ROUNDS):
        bad = [number for number in sorted(partition.cells) if _off(partition, partition.cells[number]) > 0]
        changed = False
        for number in bad:
            if number in partition.cells:
                changed |= _mend_cell(partition, number)
        if not changed:
            return


def _off(partition: Partition, cell: Cell) -> float:
    """Return by what share of the target a cell is out of band."""
    return _beyond(partition, partition.weights.ratio(cell.area, cell.load))


def _beyond(partition: Partition, ratio: float) -> float:
    low, high = partition.weights.band
    # Straight outlines change hands of some things afterwards, and nothing watches over loads then.
    margin = MARGIN if partition.weights.by_load else 0.0
    return max(low * (1 + margin) - ratio, ratio - high * (1 - margin), 0.0)


def _mend_cell(partition: Partition, number: int) -> bool:
    cells = partition.cells
    partition.check()
    best: tuple[float, float, list[int], list[set[int]]] | None = None
    for old in [[number], *([number, other] for other in sorted(cells[number].near))]:
        units = set().union(*(cells[n].members for n in old))
        before = sum(_off(partition, cells[n]) for n in old)
        for parts in _ways(partition, units, len(old)):
            ratios = [_ratio(partition, part) for part in parts]
            after = sum(_beyond(partition, ratio) for ratio in ratios)
            if after >= before - 1e-9:
                continue
            cost = _worth(partition, parts) - sum(partition.value(cells[n]) for n in old)
            if best is None or (after - before, cost) < best[:2]:
                best = (after - before, cost, old, parts)
    if best is None:
        return False
    partition.replace(best[2], best[3])
    return True


def _worth(partition: Partition, parts: list[set[int]]) -> float:
    """Return what cells of these units cost; of ways back into the band the one that spoils shapes and loads least."""
    graph, value = partition.graph, 0.0
    for part in parts:
        inside = sum(
            length for unit in sorted(part) for other, (length, _) in graph.near[unit].items() if other in part
        )
        outline = sum(graph.perimeter[unit] for unit in sorted(part)) - inside
        value += partition.weights.cell(
            sum(graph.area[u] for u in sorted(part)), outline, sum(graph.load[u] for u in sorted(part))
        )
    return value


def _ratio(partition: Partition, units: set[int]) -> float:
    graph = partition.graph
    return partition.weights.ratio(sum(graph.area[u] for u in units), sum(graph.load[u] for u in units))


def _ways(partition: Partition, units: set[int], count: int) -> list[list[set[int]]]:
    """Return ways to divide units: as one cell when they were two, else in two cells with one outline each."""
    found = [[units]] if count == 2 and partition.is_simple(units) else []
    options = all_cuts(partition.graph, sorted(units), partition.weights, partition.random, TRIES, math.inf, LOOKED_AT)
    options.sort(key=lambda cut: cut[0])
    for _, part in options[:LOOKED_AT]:
        if partition.is_simple(part) and partition.is_simple(units - part):
            found.append([part, units - part])
    return found

# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways to part a set of units in two: straight cuts, and cuts of random spanning trees, which follow barriers."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from digital_citymgmt_plugin.core.grids.cuts import LARGEST, cheapest, costs, straight_sides
from digital_citymgmt_plugin.core.grids.tree import SpanningTree
from digital_citymgmt_plugin.core.grids.weights import Weights


@dataclass
class Graph:
    """The units of one connected part of a region."""

    area: list[float]
    load: list[float]
    perimeter: list[float]
    middle: list[tuple[float, float]]
    near: list[dict[int, tuple[float, float]]]  # neighbour → shared length, weighted length
    arcs: list[list[tuple[int, int, int]]]  # per unit: end nodes and the unit beyond (−1 outside)


def all_cuts(
    graph: Graph, units: list[int], weights: Weights, source: random.Random, tries: int, below: float, most: int = 3
) -> list[tuple[float, set[int]]]:
    """Return good cuts of units (a list in rising order) that cost less than ``below``, each with one of its sides.

    Of straight cuts at most ``most`` are returned, of spanning trees one each.
    """
    edges, outer = _inner_edges(graph, units)
    if not edges:
        return []
    trees = _trees(len(units), edges, source, tries)
    if len(units) > LARGEST:
        cuts = [_best_cut(graph, units, weights, edges, outer, tree, below) for tree in trees]
        return [cut for cut in cuts if cut is not None]
    # All cuts are weighed at once: of few units each, the calls cost more than the sums.
    table = np.array(edges)
    groups = [tree.sides() for tree in trees]
    groups.append(straight_sides(np.array([graph.middle[u] for u in units])))
    side = np.concatenate(groups)
    sums = np.array([[graph.area[u] for u in units], [graph.load[u] for u in units], outer])
    value = costs(side, sums, table, weights)
    found, at = [], 0
    for group, count in zip(groups, [1] * len(trees) + [most]):
        for row in cheapest(value[at : at + len(group)], below, count):
            found.append((float(value[at + row]), {units[i] for i in np.flatnonzero(group[row]).tolist()}))
        at += len(group)
    return found


def _trees(
    size: int, edges: list[tuple[int, int, float, float]], source: random.Random, tries: int
) -> list[SpanningTree]:
    """Return random spanning trees; none where the units do not hang together."""
    trees = []
    kept = [(0.7 * cost / length, i, j) for i, j, length, cost in edges]
    for _ in range(tries):
        trees.append(SpanningTree(size, kept, source))
        if len(trees[-1].order) < size:
            return []
    return trees


def _inner_edges(graph: Graph, units: list[int]) -> tuple[list[tuple[int, int, float, float]], list[float]]:
    """Return pairs of neighbours within units (by place in the list), and each unit's outline towards outside."""
    local = {unit: i for i, unit in enumerate(units)}
    edges = [
        (i, local[other], length, cost)
        for i, unit in enumerate(units)
        for other, (length, cost) in graph.near[unit].items()
        if local.get(other, -1) > i
    ]
    outer = [graph.perimeter[unit] for unit in units]
    for i, j, length, _ in edges:
        outer[i] -= length
        outer[j] -= length
    return edges, outer


def _best_cut(
    graph: Graph,
    units: list[int],
    weights: Weights,
    edges: list[tuple[int, int, float, float]],
    outer: list[float],
    tree: SpanningTree,
    below: float,
) -> tuple[float, set[int]] | None:
    """Return the best cut of a tree of many units, if it costs less than ``below``: as ``costs``, in less memory."""
    area = [graph.area[unit] for unit in units]
    load = [graph.load[unit] for unit in units]
    edge, length, cost = list(outer), [0.0] * len(units), [0.0] * len(units)
    for i, j, shared, price in edges:
        top = tree.meet(i, j)
        length[i] += shared
        length[j] += shared
        length[top] -= 2 * shared
        cost[i] += price
        cost[j] += price
        cost[top] -= 2 * price
    for i in reversed(tree.order[1:]):
        up = tree.parent[i]
        for sums in (area, load, edge, length, cost):
            sums[up] += sums[i]
    whole_area, whole_load, whole_edge = area[tree.order[0]], load[tree.order[0]], edge[tree.order[0]]
    best, where = below, -1
    for i in tree.order[1:]:
        value = weights.edge(cost[i]) + weights.cell(area[i], edge[i] + length[i], load[i])
        if value - weights.bonus < best:  # the other cell costs no less than minus the bonus
            value += weights.cell(whole_area - area[i], whole_edge - edge[i] + length[i], whole_load - load[i])
            if value < best:
                best, where = value, i
    if where < 0:
        return None
    return best, {units[i] for i in tree.below(where)}

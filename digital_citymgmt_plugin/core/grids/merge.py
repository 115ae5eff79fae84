# SPDX-License-Identifier: GPL-2.0-or-later
"""Bind atoms to units that no draft may part: pieces of one building, islands, crumbs; and say how units touch."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from digital_citymgmt_plugin.core.grids.faces import Segments

INSIDE = 2.0  # how many times as dear a boundary inside a compound is
STRAIGHTENED = 0.87
CRUMB = 60  # atoms below this part of the target are joined to a neighbour
STRIP, NARROW = 0.3, 0.02  # so are those below this share of the target that are narrower than this share of its side


def pair_sums(
    left: NDArray[np.int64], right: NDArray[np.int64], values: list[NDArray[np.float64]]
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[NDArray[np.float64]]]:
    """Sum values over the segments of each pair of neighbours; pairs come with the smaller number first."""
    low, high = np.minimum(left, right), np.maximum(left, right)
    order = np.lexsort((high, low))
    low, high = low[order], high[order]
    if not len(low):
        return low, high, values
    first = np.flatnonzero(np.concatenate([[True], (low[1:] != low[:-1]) | (high[1:] != high[:-1])]))
    return low[first], high[first], [np.add.reduceat(value[order], first) for value in values]


def bind(
    atoms: NDArray[Any],
    region: NDArray[np.int64],
    locked: NDArray[np.bool_],
    segments: Segments,
    buildings: NDArray[Any],
    target: float,
    islands: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """Return the unit of each atom: 0, 1, … in the order of the atoms.

    Parts of one building are one unit; crumbs, strips and ``islands`` between streets go to the neighbour across the
    weakest boundary.
    """
    inner = segments.right >= 0
    inner[inner] = region[segments.left[inner]] == region[segments.right[inner]]
    left, right = segments.left[inner], segments.right[inner]
    cost = segments.length[inner] * segments.price[inner]
    low, high, (weight, shared) = pair_sums(left, right, [cost, segments.length[inner]])
    links = [_building_links(atoms, region, buildings), _island_links(atoms, region)]
    # The atoms of a locked cell are one, and stay among themselves: their region is their own.
    same = locked[region[low]]
    group = _connected(np.concatenate([*links, np.stack([low[same], high[same]], axis=1)]), len(atoms))
    group = _only_neighbours(group, low, high)
    alone = np.zeros(int(group.max(initial=-1)) + 1, dtype=bool)
    if islands is not None:
        alone[group[islands]] = True
    return _absorb(group, shapely.area(atoms), shapely.length(atoms), low, high, weight, shared, target, alone)


def _building_links(atoms: NDArray[Any], region: NDArray[np.int64], buildings: NDArray[Any]) -> NDArray[np.int64]:
    """Pair atoms of one region that hold parts of one building, if more than 1 m² and 2 % lie outside the largest."""
    building, atom = shapely.STRtree(atoms).query(buildings, predicate="intersects")
    many = np.bincount(building, minlength=len(buildings))[building] > 1
    building, atom = building[many], atom[many]
    part = shapely.area(shapely.intersection(buildings[building], atoms[atom]))
    largest = np.zeros(len(buildings))
    np.maximum.at(largest, building, part)
    beyond = np.bincount(building, weights=part, minlength=len(buildings)) - largest
    # Of a building that is cut all crumbs count: together they may be much, and without them pieces might not touch.
    parted = beyond > np.maximum(1.0, 0.02 * shapely.area(buildings))
    real = parted[building] & (part > 1e-3)
    building, atom = building[real], atom[real]
    order = np.lexsort((atom, region[atom], building))
    building, atom = building[order], atom[order]
    chain = (building[1:] == building[:-1]) & (region[atom[1:]] == region[atom[:-1]])
    return np.stack([atom[:-1][chain], atom[1:][chain]], axis=1)


def keep_whole(segments: Segments, atoms: NDArray[Any], compounds: NDArray[Any]) -> Segments:
    """Make boundaries inside a compound dearer, so that it is parted only where nothing else is left.

    Must-links instead would cost more than they bring: compounds of half a cell and more leave no choice.
    """
    if not len(compounds):
        return segments
    compound, atom = shapely.STRtree(atoms).query(compounds, predicate="intersects")
    part = shapely.area(shapely.intersection(compounds[compound], atoms[atom]))
    inside = part > 0.6 * shapely.area(atoms[atom])
    home = np.full(len(atoms), -1)
    home[atom[inside]] = compound[inside]
    inner = (segments.right >= 0) & (home[segments.left] >= 0)
    inner &= home[segments.left] == home[np.maximum(segments.right, 0)]
    price = np.where(inner, np.maximum(INSIDE * segments.price, 1.0), segments.price)
    return replace(segments, price=price)


def _island_links(atoms: NDArray[Any], region: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pair an atom that still has a hole with the atoms in the hole."""
    holed = np.flatnonzero(shapely.get_num_interior_rings(atoms) > 0)
    if not len(holed):
        return np.zeros((0, 2), dtype=np.int64)
    rings, owner = shapely.get_rings(atoms[holed], return_index=True)
    first = np.concatenate([[True], owner[1:] != owner[:-1]])
    holes, owner = shapely.polygons(rings[~first]), holed[owner[~first]]
    hole, atom = shapely.STRtree(shapely.point_on_surface(atoms)).query(holes, predicate="contains")
    same = region[owner[hole]] == region[atom]
    return np.stack([owner[hole[same]], atom[same]], axis=1)


def _connected(links: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    graph = coo_matrix((np.ones(len(links), dtype=np.int8), (links[:, 0], links[:, 1])), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _only_neighbours(group: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
    """Take groups apart whose members do not touch along an edge, or their cell would have several parts."""
    same = group[low] == group[high]
    return _connected(np.stack([low[same], high[same]], axis=1), len(group))


def _absorb(
    group: NDArray[np.int64],
    area: NDArray[np.float64],
    outline: NDArray[np.float64],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    weight: NDArray[np.float64],
    shared: NDArray[np.float64],
    target: float,
    alone: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Join crumbs and strips to the neighbour over the most expensive (weakest) boundary, the smallest first."""
    size = np.bincount(group, weights=area).tolist()
    around = np.bincount(group, weights=outline).tolist()
    near: list[dict[int, tuple[float, float]]] = [{} for _ in size]
    for a, b, w, d in zip(group[low].tolist(), group[high].tolist(), weight.tolist(), shared.tolist()):
        if a != b:
            old = near[a].get(b, (0.0, 0.0))
            near[a][b] = near[b][a] = (old[0] + w, old[1] + d)
        else:
            around[a] -= 2 * d
    smallest, strip, wide = target / CRUMB, STRIP * target, NARROW * target**0.5

    lone, own = alone.tolist(), list(size)

    def poor(i: int) -> bool:
        if lone[i] and size[i] == own[i]:  # as soon as it has joined something it is no island
            return True
        return bool(size[i] < smallest or (size[i] < strip and 2 * size[i] < wide * around[i]))

    parent = list(range(len(size)))
    heap = [(s, i) for i, s in enumerate(size) if poor(i)]
    heapq.heapify(heap)
    while heap:
        s, small = heapq.heappop(heap)
        if parent[small] != small or s != size[small] or not near[small]:
            continue
        big = max(near[small], key=lambda other: (near[small][other][0], -other))
        parent[small] = big
        size[big] += s
        around[big] += around[small] - 2 * near[small][big][1]
        for other, (w, d) in near[small].items():
            del near[other][small]
            if other != big:
                old = near[big].get(other, (0.0, 0.0))
                near[big][other] = near[other][big] = (old[0] + w, old[1] + d)
        if poor(big):
            heapq.heappush(heap, (size[big], big))
    root = np.array([_root(parent, i) for i in range(len(parent))], dtype=np.int64)
    _, first, unit = np.unique(root[group], return_index=True, return_inverse=True)
    # Units are numbered by their first atom, so that numbers do not depend on who joined whom.
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[unit]


def _root(parent: list[int], index: int) -> int:
    while parent[index] != index:
        parent[index] = parent[parent[index]]
        index = parent[index]
    return index


@dataclass(frozen=True)
class Arcs:
    """Boundaries between units: unit ``left`` and ``right`` (−1 outside), end nodes, length and cost in metres."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    node: NDArray[np.int64]
    length: NDArray[np.float64]
    cost: NDArray[np.float64]


def arcs_of(segments: Segments, unit: NDArray[np.int64], unit_region: NDArray[np.int64]) -> Arcs:
    """Join segments to arcs, each between two units (or a unit and the outside of its region)."""
    left = unit[segments.left]
    right = np.where(segments.right >= 0, unit[np.maximum(segments.right, 0)], -1)
    foreign = (right >= 0) & (unit_region[left] != unit_region[np.maximum(right, 0)])
    row = np.flatnonzero((left != right) & ~foreign)
    # An edge between two regions is the outside for both.
    row = np.concatenate([row, np.flatnonzero(foreign), np.flatnonzero(foreign)])
    split = len(row) - 2 * int(foreign.sum())
    a, b = left[row].copy(), right[row].copy()
    b[split:] = -1
    a[split + int(foreign.sum()) :] = right[foreign]
    low, high = np.where(b < 0, a, np.minimum(a, b)), np.where(b < 0, -1, np.maximum(a, b))
    order = np.lexsort((high, low))
    row, low, high = row[order], low[order], high[order]
    group = np.cumsum(np.concatenate([[0], (low[1:] != low[:-1]) | (high[1:] != high[:-1])]))
    length, cost = segments.length[row], segments.length[row] * segments.price[row]
    # Boundaries in gaps are straightened later, which takes about this much of their length.
    length = np.where(segments.rank[row] > 0, length, length * STRAIGHTENED)
    # Numbers of nodes, so that ends compare as integers.
    _, number = np.unique(segments.key[row].ravel(), return_inverse=True)
    chain, ends = _chains(group, number.reshape(-1, 2))
    # Chains of one pair of cells may lie in each other: their numbers are in no order.
    first = np.unique(chain, return_index=True)[1]
    return Arcs(
        low[first],
        high[first],
        ends,
        np.bincount(chain, weights=length).astype(np.float64),
        np.bincount(chain, weights=cost).astype(np.float64),
    )


def _chains(group: NDArray[np.int64], nodes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Chain segments of one group that share a node; return the chain of each segment and each chain's two ends.

    Segments of a group are connected where they touch; ends are the nodes met once. A closed chain ends in its first
    node. A chain that crosses itself (a node met four times) counts as one.
    """
    key = np.stack([np.repeat(group, 2), nodes.ravel()], axis=1)
    _, place, count = np.unique(key, axis=0, return_inverse=True, return_counts=True)
    place = place.reshape(-1, 2)
    size = len(count)
    graph = coo_matrix((np.ones(len(place), dtype=np.int8), (place[:, 0], place[:, 1])), shape=(size, size))
    component = connected_components(graph, directed=False)[1][place[:, 0]]
    # Number chains by first appearance: groups are sorted, chains of a group need not lie together.
    _, first, chain = np.unique(component, return_index=True, return_inverse=True)
    ends = np.repeat(nodes[first, :1], 2, axis=1)
    single = count[place] == 1
    row, side = np.nonzero(single)
    order = np.argsort(chain[row], kind="stable")
    owner, node = chain[row][order], nodes[row, side][order]
    start = np.concatenate([[True], owner[1:] != owner[:-1]]) if len(owner) else np.zeros(0, dtype=bool)
    last = np.concatenate([owner[1:] != owner[:-1], [True]]) if len(owner) else start
    ends[owner[start], 0] = node[start]
    ends[owner[last], 1] = node[last]
    return chain.astype(np.int64), ends

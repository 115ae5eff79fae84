# SPDX-License-Identifier: GPL-2.0-or-later
"""Atoms merged into unit grids: the smallest cell first, with the neighbour that it is least divided from."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from scripts.demo_city.network import Network

Array = Any
# What it costs to have a street of a rank (0 is water, 6 a wall) inside a grid, per share of the common boundary.
COST = np.array([3.0, 3.0, 2.0, 1.0, 0.4, 0.15, 0.25])


def merged(atoms: Array, network: Network, count: int, target: float) -> Array:
    """Return the number of the cell that each atom of a community goes to.

    Parameters
    ----------
    atoms : array of polygons
        A valid coverage.
    count : int
        Number of cells, at most that of atoms.
    target : float
        Mean area of a cell, m²; cells of over 1.7 times that are avoided.

    Raises
    ------
    ValueError
        The atoms fall into more parts than cells are asked for.
    """
    beside = _borders(atoms, network)
    area = dict(enumerate(shapely.area(atoms).tolist()))
    members = {number: [number] for number in area}
    banned: set[tuple[int, int]] = set()
    while len(area) > count:
        best = _next(area, beside, banned, target)
        if best is None:
            raise ValueError(f"{len(area)} cells cannot be merged to {count}")
        keep, gone = best
        union = shapely.coverage_union_all(atoms[members[keep] + members[gone]])
        parts = shapely.get_parts(union)
        if (len(parts) > 1 or len(parts[0].interiors)) and len(area) > 2:
            banned.add((min(keep, gone), max(keep, gone)))
            continue
        members[keep] += members.pop(gone)
        area[keep] += area.pop(gone)
        for other, (length, cost) in beside.pop(gone).items():
            del beside[other][gone]
            if other != keep:
                had = beside[keep].get(other, (0.0, 0.0))
                beside[keep][other] = beside[other][keep] = (had[0] + length, had[1] + cost)
    group = np.empty(len(atoms), int)
    for number, (_, rows) in enumerate(sorted(members.items())):
        group[rows] = number
    return group


def _next(area: dict[int, float], beside: dict[int, dict[int, tuple[float, float]]], banned: set[tuple[int, int]],
          target: float) -> tuple[int, int] | None:  # fmt: skip
    """Return the pair to merge: for the smallest cell that has a free neighbour, its best one."""
    for cell in sorted(area, key=lambda number: (area[number], number)):
        ranked = []
        for other, (length, cost) in beside[cell].items():
            if (min(cell, other), max(cell, other)) in banned or length < 0.5:
                continue
            size = (area[cell] + area[other]) / target
            far = max(0.0, size - 1.7) * 6.0 + size
            ranked.append((far + cost / length - 0.004 * length, other))
        if ranked:
            return cell, min(ranked)[1]
    return None


def _borders(atoms: Array, network: Network) -> dict[int, dict[int, tuple[float, float]]]:
    """Return for each atom its neighbours with the length of the common edge and that length times its cost."""
    xy, row = shapely.get_coordinates(atoms, return_index=True)
    joined = row[1:] == row[:-1]
    start, end, owner = xy[:-1][joined], xy[1:][joined], row[1:][joined]
    keys = np.round(np.concatenate([start, end], axis=1) * 1000.0).astype(np.int64)
    swap = (keys[:, 0] > keys[:, 2]) | ((keys[:, 0] == keys[:, 2]) & (keys[:, 1] > keys[:, 3]))
    keys[swap] = keys[swap][:, [2, 3, 0, 1]]
    order = np.lexsort((owner, *keys.T[::-1]))
    same = (keys[order][1:] == keys[order][:-1]).all(axis=1)
    one, other = order[:-1][same], order[1:][same]
    length = np.hypot(*(end[one] - start[one]).T)
    cost = COST[_rank(network, (start[one] + end[one]) / 2.0)] * length
    beside: dict[int, dict[int, tuple[float, float]]] = {number: {} for number in range(len(atoms))}
    for a, b, far, price in zip(owner[one].tolist(), owner[other].tolist(), length.tolist(), cost.tolist()):
        if a != b:
            had = beside[a].get(b, (0.0, 0.0))
            beside[a][b] = beside[b][a] = (had[0] + far, had[1] + price)
    return beside


def _rank(network: Network, middle: Array) -> Array:
    """Return what runs along each place: 0 water, 1–5 the rank of a street, 6 nothing but a wall."""
    rank = np.full(len(middle), 6)
    points = shapely.points(middle)
    at, road = network.road_tree.query(points, predicate="dwithin", distance=0.05)
    np.minimum.at(rank, at, network.rank[road])
    rank[network.river_tree.query(points, predicate="dwithin", distance=0.05)[0]] = 0
    return rank

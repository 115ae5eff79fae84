# SPDX-License-Identifier: GPL-2.0-or-later
"""What a draft is compared with: squares, street blocks, street blocks with small ones merged; and ours."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
import shapely

from scripts.benchmarks._draft_grounds import TARGET, Array, Ground

SMALL = 0.5  # of the target: blocks below are merged


def squares(ground: Ground) -> Array:
    """Return squares of the target's size, clipped to the outline of all communities as plain tools do."""
    side = TARGET**0.5
    zone = shapely.union_all(ground.communities)
    left, bottom, right, top = zone.bounds
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(left, right, side), np.arange(bottom, top, side)))
    shapely.prepare(zone)
    boxes = shapely.box(x, y, x + side, y + side)
    boxes = boxes[shapely.intersects(zone, boxes)]
    parts = shapely.get_parts(shapely.intersection(boxes, zone, grid_size=0.001))
    return parts[(shapely.get_type_id(parts) == 3) & (shapely.area(parts) > 1.0)]


def enclosures(ground: Ground) -> Array:
    """Return the faces between all barriers and edges of communities, inside the communities."""
    lines = np.concatenate([ground.lines, shapely.boundary(ground.communities)])
    noded = shapely.union_all(lines, grid_size=0.001)
    faces = shapely.get_parts(shapely.polygonize([noded]))
    zone = shapely.union_all(ground.communities)
    shapely.prepare(zone)
    return faces[shapely.contains(zone, shapely.point_on_surface(faces))]


def merged(ground: Ground) -> Array:
    """Return enclosures; each below half the target joins the neighbour with which it shares most edge."""
    faces = enclosures(ground)
    point = shapely.point_on_surface(faces)
    place, owner = shapely.STRtree(ground.communities).query(point, predicate="intersects")
    home = np.full(len(faces), -1)
    home[place] = owner
    one, other = shapely.STRtree(faces).query(faces, predicate="touches")
    keep = (one < other) & (home[one] == home[other])
    one, other = one[keep], other[keep]
    edge = shapely.length(shapely.intersection(faces[one], faces[other]))
    near: list[dict[int, float]] = [{} for _ in faces]
    for a, b, length in zip(one.tolist(), other.tolist(), edge.tolist()):
        if length > 0.1:
            near[a][b] = near[b][a] = length
    area, members = shapely.area(faces).tolist(), [[i] for i in range(len(faces))]
    heap = [(size, i) for i, size in enumerate(area)]
    heapq.heapify(heap)
    while heap:
        size, small = heapq.heappop(heap)
        if not members[small] or size != area[small] or size >= SMALL * TARGET or not near[small]:
            continue
        big = max(near[small], key=lambda n: (near[small][n], -n))
        members[big] += members[small]
        members[small] = []
        area[big] += size
        for beyond, length in near[small].items():
            del near[beyond][small]
            if beyond != big:
                near[big][beyond] = near[beyond][big] = near[big].get(beyond, 0.0) + length
        heapq.heappush(heap, (area[big], big))
    return np.array([shapely.coverage_union_all(faces[rows]) for rows in members if rows], dtype=object)


def ours(ground: Ground) -> Array:
    """Return what the plugin drafts."""
    from digital_citymgmt_plugin.core.grids.draft import draft_grids

    return draft_grids(
        ground.communities, ground.lines, ground.ranks, buildings=ground.buildings, compounds=ground.compounds,
        components=ground.components,
    ).cells  # fmt: skip


METHODS: dict[str, Any] = {"squares": squares, "enclosures": enclosures, "merged": merged, "ours": ours}

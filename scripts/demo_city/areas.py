# SPDX-License-Identifier: GPL-2.0-or-later
"""Streets (街道) and communities: meshes of roads and rivers grown together from seeds, each side of the main river."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from scripts.demo_city.config import Scale, stream
from scripts.demo_city.names import COMMUNITIES, STREETS
from scripts.demo_city.streets import Town

Array = Any


@dataclass
class Areas:
    """Communities and streets as polygons that tile the town (metres, local coordinates)."""

    community: Array
    code: Array
    name: Array
    street_code: Array
    street: Array
    streets_code: Array
    streets_name: Array

    def community_of(self, points: Array) -> Array:
        """Return the row of the community that each point lies in, -1 outside; on an edge the first row."""
        found = np.full(len(points), -1)
        point, row = shapely.STRtree(self.community).query(points, predicate="intersects")
        found[point[::-1]] = row[::-1]
        return found


def build_areas(town: Town, scale: Scale, seed: int) -> Areas:
    """Grow the communities of both streets."""
    rng = stream(seed, "areas")
    lines = shapely.union_all(town.community_edges, grid_size=0.001)
    meshes = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    west = shapely.intersects(town.west_of_river, shapely.point_on_surface(meshes))
    polygons, codes, names, streets = [], [], [], []
    for side, here, count in (("west", west, scale.communities[0]), ("east", ~west, scale.communities[1])):
        own = meshes[here]
        group = grown(own, count, rng)
        unions = [shapely.union_all(own[group == number]) for number in range(count)]
        unions.sort(key=lambda polygon: (-round(polygon.centroid.y, -2), polygon.centroid.x))
        for polygon, (code, name) in zip(unions, COMMUNITIES[side]):
            polygons.append(polygon)
            codes.append(code)
            names.append(name)
            streets.append(STREETS[side][0])
    street_code = np.array(streets, object)
    listed = sorted(STREETS.values())
    outlines = [shapely.union_all([p for p, s in zip(polygons, streets) if s == code]) for code, _ in listed]
    return Areas(
        community=np.array(polygons, object),
        code=np.array(codes, object),
        name=np.array(names, object),
        street_code=street_code,
        street=np.array(outlines, object),
        streets_code=np.array([code for code, _ in listed], object),
        streets_name=np.array([name for _, name in listed], object),
    )


def grown(meshes: Array, count: int, rng: np.random.Generator) -> Array:
    """Return a group per mesh: the least group always takes the neighbour nearest to its seed."""
    centre = shapely.get_coordinates(shapely.centroid(meshes))
    area = shapely.area(meshes)
    seeds = _seeds(centre, area, count, rng)
    beside, longest = _neighbours(meshes)
    group = np.full(len(meshes), -1)
    size = np.zeros(count)
    reach: list[list[tuple[float, int]]] = [[] for _ in range(count)]
    for number, mesh in enumerate(seeds):
        heapq.heappush(reach[number], (0.0, int(mesh)))
    while any(reach):
        number = min((n for n in range(count) if reach[n]), key=lambda n: size[n])
        _, mesh = heapq.heappop(reach[number])
        if group[mesh] != -1:
            continue
        group[mesh] = number
        size[number] += area[mesh]
        for other in beside[mesh]:
            if group[other] == -1:
                heapq.heappush(reach[number], (float(np.hypot(*(centre[other] - centre[seeds[number]]))), other))
    for mesh in np.flatnonzero(group == -1):  # slivers that share no long edge with anything
        group[mesh] = max(group[longest[mesh]], 0)
    return group


def _seeds(centre: Array, area: Array, count: int, rng: np.random.Generator) -> Array:
    """Return the meshes nearest to ``count`` centres that k-means weighted by area settles on."""
    middle = centre[rng.choice(len(centre), count, replace=False, p=area / area.sum())]
    for _ in range(25):
        near = np.argmin(((centre[:, None, :] - middle[None, :, :]) ** 2).sum(axis=2), axis=1)
        for number in range(count):
            if (near == number).any():
                middle[number] = np.average(centre[near == number], axis=0, weights=area[near == number])
    distance = ((centre[:, None, :] - middle[None, :, :]) ** 2).sum(axis=2)
    taken: list[int] = []
    for number in range(count):
        order = np.argsort(distance[:, number], kind="stable")
        taken.append(int(next(mesh for mesh in order if mesh not in taken)))
    return np.array(taken)


def _neighbours(meshes: Array) -> tuple[list[list[int]], Array]:
    """Return for each mesh those that share more than 20 m of edge with it, and the one that shares most."""
    tree = shapely.STRtree(meshes)
    one, other = tree.query(meshes, predicate="intersects")
    apart = one != other
    one, other = one[apart], other[apart]
    shared = shapely.length(shapely.intersection(shapely.boundary(meshes[one]), shapely.boundary(meshes[other])))
    beside: list[list[int]] = [[] for _ in meshes]
    order = np.lexsort((other, one))
    for a, b, length in zip(one[order], other[order], shared[order]):
        if length > 20.0:
            beside[a].append(int(b))
    longest = np.arange(len(meshes))
    order = np.lexsort((shared, one))
    longest[one[order]] = other[order]  # the last one stays
    return beside, longest

# SPDX-License-Identifier: GPL-2.0-or-later
"""Places where components may stand: rows along streets, corners of junctions, places in compounds and greens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from scripts.demo_city.areas import Areas
from scripts.demo_city.basemap import BaseMap
from scripts.demo_city.config import RANKS
from scripts.demo_city.streets import Town

Array = Any
MAIN_FIRST = {1: 3.0, 2: 2.2, 3: 1.4, 4: 0.6, 5: 0.2}  # how early a street of this rank gets its row


@dataclass
class Site:
    """The town with the trees that the rules search."""

    town: Town
    base: BaseMap
    areas: Areas

    def __post_init__(self) -> None:
        """Build the search trees once."""
        self.buildings = shapely.STRtree(self.base.buildings.shapes)
        self.water = shapely.STRtree(self.town.water)
        width = np.array(self.base.drives.columns.get("width", []), dtype=float)
        drives = shapely.buffer(self.base.drives.shapes, width / 2.0) if len(width) else np.array([], object)
        self.carriage = shapely.STRtree(np.concatenate([self.town.carriageways, drives]))
        self.roads = shapely.STRtree(self.town.roads)
        self.inside = shapely.buffer(self.town.outline, -0.5)
        shapely.prepare(self.inside)
        self.pavement = np.array([RANKS[int(rank)].pavement for rank in self.town.rank])

    def free(self, xy: Array, on_road: bool = False) -> Array:
        """Return which places are inside the town and clear of buildings and water, and of roads unless allowed."""
        points = shapely.points(xy)
        good = shapely.contains(self.inside, points)
        for tree, gap in ((self.buildings, 0.2), (self.water, 0.2)):
            good[tree.query(points, predicate="dwithin", distance=gap)[0]] = False
        if not on_road:
            good[self.carriage.query(points, predicate="dwithin", distance=0.15)[0]] = False
        return good

    def nearest_road(self, points: Array) -> Array:
        """Return the row of the nearest road of each point."""
        return self.roads.query_nearest(points, all_matches=False)[1]


def along_roads(site: Site, ranks: tuple[int, ...], sides: tuple[int, ...], offset: Any, spacing: float,
                jitter: float, rng: np.random.Generator) -> tuple[Array, Array, Array]:  # fmt: skip
    """Return places in rows along streets, row by row, the rows of main streets mostly first.

    Parameters
    ----------
    ranks : tuple of int
        Ranks of the streets that have such rows.
    sides : tuple of int
        1 left, -1 right.
    offset : array
        Distance of the row from the centre line of each road, metres.
    spacing, jitter : float
        Mean distance and its spread, metres.

    Returns
    -------
    xy, road, angle : arrays
        Coordinates, row of the road, direction of the road there in radians.
    """
    town = site.town
    here = np.flatnonzero(np.isin(town.rank, ranks))
    road = np.repeat(here, len(sides))
    side = np.tile(np.array(sides, float), len(here))
    weight = np.array([MAIN_FIRST[int(rank)] for rank in town.rank[road]])
    order = np.argsort(-(rng.random(len(road)) ** (1.0 / weight)), kind="stable")
    road, side = road[order], side[order]
    length = shapely.length(town.roads[road])
    start = rng.uniform(0.15, 0.85, len(road)) * spacing
    count = np.maximum(0, np.floor((length - start) / spacing).astype(int) + 1)
    row = np.repeat(np.arange(len(road)), count)
    number = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    at = start[row] + number * spacing + rng.normal(0.0, jitter, len(row))
    at = np.clip(at, 0.5, length[row] - 0.5)
    xy, angle = off_line(town.roads[road[row]], at, side[row] * np.asarray(offset)[road[row]])
    return xy, road[row], angle


def off_line(lines: Array, at: Array, offset: Array) -> tuple[Array, Array]:
    """Return coordinates at a distance along lines and an offset to their left, and the direction there."""
    here = shapely.get_coordinates(shapely.line_interpolate_point(lines, at))
    before = shapely.get_coordinates(shapely.line_interpolate_point(lines, np.maximum(at - 1.0, 0.0)))
    after = shapely.get_coordinates(shapely.line_interpolate_point(lines, at + 1.0))
    angle = np.arctan2(after[:, 1] - before[:, 1], after[:, 0] - before[:, 0])
    return here + np.stack([-np.sin(angle), np.cos(angle)], axis=1) * np.asarray(offset)[:, None], angle


def corners(site: Site, ranks: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Return places at the kerb near junctions of streets, one street at least of the given ranks."""
    town = site.town
    one, other = site.roads.query(town.roads, predicate="dwithin", distance=6.0)
    pair = (one < other) & (np.isin(town.rank[one], ranks) | np.isin(town.rank[other], ranks))
    if len(ranks) < 3:
        pair &= np.isin(town.rank[one], ranks) & np.isin(town.rank[other], ranks)
    one, other = one[pair], other[pair]
    middle = shapely.get_coordinates(shapely.shortest_line(town.roads[one], town.roads[other]))[::2]
    reach = (town.width[one] + town.width[other]) / 2.0
    repeat = 60
    angle = rng.uniform(0.0, 2.0 * np.pi, (len(middle), repeat))
    far = reach[:, None] * rng.uniform(0.5, 1.1, (len(middle), repeat)) + 3.0
    xy = middle[:, None, :] + np.stack([np.cos(angle), np.sin(angle)], axis=2) * far[:, :, None]
    xy = xy.transpose(1, 0, 2).reshape(-1, 2)  # every junction once, then every junction twice …
    points = shapely.points(xy)
    near = np.zeros(len(xy), bool)
    near[site.carriage.query(points, predicate="dwithin", distance=2.5)[0]] = True
    return xy[near & site.free(xy)]


def inside_of(site: Site, polygons: Array, count: int, rng: np.random.Generator, power: float = 1.0) -> Array:
    """Return places inside polygons, clear of buildings, roads and water; more in large ones (area to a power)."""
    if not len(polygons):
        return np.zeros((0, 2))
    area = shapely.area(polygons) ** power
    pick = rng.choice(len(polygons), count * 6 + 60, p=area / area.sum())
    box = shapely.bounds(polygons)[pick]
    xy = box[:, :2] + rng.random((len(pick), 2)) * (box[:, 2:] - box[:, :2])
    good = shapely.contains_xy(polygons[pick], xy[:, 0], xy[:, 1])
    xy = xy[good]
    return xy[site.free(xy)]


def at_shops(site: Site, rng: np.random.Generator) -> Array:
    """Return places before shop fronts, a hand's breadth from the wall on the street's side."""
    shops = site.base.buildings.shapes[site.base.buildings.column("kind") == "商铺"]
    shops = rng.permutation(shops)
    road = site.town.roads[site.nearest_road(shops)]
    centre = shapely.get_coordinates(shapely.centroid(shops))
    target = shapely.get_coordinates(
        shapely.line_interpolate_point(road, shapely.line_locate_point(road, shapely.points(centre)))
    )
    spread = rng.uniform(-0.35, 0.35, (3, len(shops)))
    found = []
    for share in spread:
        way = target - centre
        way /= np.hypot(way[:, 0], way[:, 1])[:, None]
        across = np.stack([-way[:, 1], way[:, 0]], axis=1)
        width = np.sqrt(shapely.area(shops)) * 1.2
        start = centre + across * (share * width)[:, None] * 0.5
        ray = shapely.linestrings(np.stack([start, start + way * 60.0], axis=1))
        within = shapely.intersection(ray, shops)
        one = (shapely.get_type_id(within) == 1) & (shapely.get_num_coordinates(within) == 2)
        end = shapely.get_coordinates(within[one])[1::2]
        found.append(end + way[one] * 0.35)
    return np.concatenate(found)


def at_gates(site: Site, rng: np.random.Generator) -> Array:
    """Return places inside the wall beside gates."""
    gates = shapely.get_coordinates(rng.permutation(site.base.gates.shapes))
    xy = np.concatenate([gates + rng.uniform(-9.0, 9.0, gates.shape) for _ in range(4)])
    return xy[site.free(xy)]


def at_banks(site: Site, spacing: float, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Return places on the banks, the row of the river and its direction."""
    town = site.town
    length = shapely.length(town.rivers)
    count = np.maximum(1, (length // spacing).astype(int))
    river = np.repeat(np.arange(len(town.rivers)), count)
    at = rng.uniform(0.02, 0.98, len(river)) * length[river]
    side = rng.choice([-1.0, 1.0], len(river))
    xy, angle = off_line(town.rivers[river], at, side * (town.river_width[river] / 2.0 + 1.8))
    good = site.free(xy)
    return xy[good], river[good], angle[good]

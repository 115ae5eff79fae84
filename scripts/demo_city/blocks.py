# SPDX-License-Identifier: GPL-2.0-or-later
"""Blocks: the land between pavements and banks, its use, and the compounds (院落) that it is parted into."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from shapely import LineString, Point, Polygon

from scripts.demo_city.config import RANKS, stream
from scripts.demo_city.curves import halve, long_axis
from scripts.demo_city.streets import Town

Array = Any
BANK = 4.0  # m kept free along the water
# Land use: its share in the middle of the town and at its edge, and the area that its parcels come down to (m²).
USES = {
    "小区": (0.52, 0.38, 34_000.0),
    "旧村": (0.10, 0.20, 26_000.0),
    "商业": (0.14, 0.03, 60_000.0),
    "学校": (0.06, 0.04, 45_000.0),
    "机关": (0.08, 0.02, 22_000.0),
    "工厂": (0.02, 0.16, 40_000.0),
    "公园": (0.07, 0.03, 90_000.0),
    "农田": (0.01, 0.14, 90_000.0),
    "老城": (0.0, 0.0, 9_000.0),  # in the old quarters of large cities only
}
# Shares of land uses in the quarters of a large city; planned quarters follow the table above.
QUARTERS = {
    "old": {"老城": 0.5, "商业": 0.2, "小区": 0.16, "机关": 0.06, "学校": 0.06, "公园": 0.02},
    "estate": {"小区": 0.82, "学校": 0.09, "商业": 0.05, "公园": 0.04},
    "industry": {"工厂": 0.82, "机关": 0.06, "商业": 0.04, "小区": 0.08},
    "fields": {"农田": 0.72, "旧村": 0.18, "公园": 0.1},
}
WALLED = ("小区", "学校", "机关", "工厂")


@dataclass
class Block:
    """A piece of land with one use; ``drives`` are the private roads into its parcels."""

    land: Polygon
    use: str
    parcels: list[Polygon] = field(default_factory=list)
    gates: list[Point] = field(default_factory=list)
    drives: list[LineString] = field(default_factory=list)


@dataclass(frozen=True)
class Setting:
    """Where the middle of the town is: its old centres (n, 2) and the distance at which the town is all edge."""

    centres: Array
    radius: float

    @classmethod
    def of(cls, town: Town) -> Setting:
        """Return the setting of a small town, which has one middle."""
        middle = np.array([[town.outline.centroid.x, town.outline.centroid.y]])
        return cls(middle, float(np.sqrt(town.outline.area / np.pi)))

    def outward(self, centre: Array) -> float:
        """Return 0 in the middle and 1 at the edge."""
        return min(1.0, float(np.hypot(*(self.centres - centre).T).min()) / self.radius)


def build_blocks(town: Town, seed: int | tuple[int, ...], setting: Setting | None = None) -> list[Block]:
    """Cut the land out of the faces and give each piece its use, parcels, gates and drives."""
    rng = stream(seed, "blocks")
    setting = setting or Setting.of(town)
    roads = shapely.STRtree(town.roads)
    blocks = []
    for land, kind in _land(town):
        _, _, _, short = long_axis(land)
        outward = setting.outward(np.array([land.centroid.x, land.centroid.y]))
        use = "绿带" if short < 34.0 or land.area < 1_500.0 else _use(outward, land.area, rng, kind)
        block = Block(land, use)
        if use in USES:
            block.parcels = _parcels(land, USES[use][2], rng)
        if use in (*WALLED, "旧村", "老城"):
            _open(block, town, roads, rng)
        blocks.append(block)
    return blocks


def _land(town: Town) -> list[tuple[Polygon, str]]:
    """Return the pieces of land outside carriageways, pavements, water and banks, each with the kind of its quarter.

    Where quarters are told, neighbours may part along a compound wall: such pieces keep their vertices.
    """
    pavement = np.array([RANKS[int(rank)].pavement for rank in town.rank])
    taken = np.concatenate([
        shapely.buffer(town.roads, town.width / 2.0 + pavement, quad_segs=4),
        shapely.buffer(town.rivers, town.river_width / 2.0 + BANK, quad_segs=4),
    ])  # fmt: skip
    face, other = shapely.STRtree(taken).query(town.faces, predicate="intersects")
    pieces = []
    for number, polygon in enumerate(town.faces):
        kind = "" if town.kind is None else str(town.kind[number])
        rest = shapely.difference(polygon, shapely.union_all(taken[np.sort(other[face == number])]))
        if not kind:
            rest = shapely.buffer(shapely.buffer(rest, -2.5, join_style="mitre"), 2.4, join_style="mitre")
            rest = shapely.simplify(rest, 0.3)
        rest = shapely.set_precision(rest, 0.001)
        parts = [part for part in shapely.get_parts(rest) if part.geom_type == "Polygon" and part.area > 300.0]
        pieces += [(part, kind) for part in parts]
    return pieces


def _use(outward: float, area: float, rng: np.random.Generator, kind: str = "") -> str:
    names = [name for name in USES if area > 9_000.0 or name not in ("学校", "公园", "工厂")]
    if kind in QUARTERS:
        share = np.array([QUARTERS[kind].get(name, 0.0) for name in names])
    else:
        share = np.array([USES[name][0] * (1.0 - outward) + USES[name][1] * outward for name in names])
    return names[int(rng.choice(len(names), p=share / share.sum()))]


def _parcels(land: Polygon, least: float, rng: np.random.Generator) -> list[Polygon]:
    """Part a block into parcels without roads between them."""
    stack, done = [land], []
    while stack:
        piece = stack.pop()
        cut = None if piece.area < least * rng.uniform(0.9, 1.7) else halve(piece, rng, slant=4.0, bend=0.01)
        if cut is None:
            done.append(piece)
        else:
            stack.extend(cut[0])
    return done


def _open(block: Block, town: Town, roads: shapely.STRtree, rng: np.random.Generator) -> None:
    """Give each parcel a gate on the street that it faces and a drive from there to its middle."""
    for parcel in block.parcels:
        ring = parcel.exterior
        at = np.arange(rng.uniform(8.0, 16.0), ring.length, 12.0)
        points = shapely.line_interpolate_point(ring, at)
        if not len(points):
            continue
        near = roads.query_nearest(points, all_matches=False)[1]
        rank = town.rank[near]
        pavement = np.array([RANKS[int(r)].pavement for r in rank])
        gap = shapely.distance(points, town.roads[near]) - town.width[near] / 2.0 - pavement
        facing = np.flatnonzero(gap < 4.0)
        if not len(facing):
            continue
        # A gate is on a quieter street rather than on a main road, and seldom at a corner.
        weight = np.where(rank[facing] >= 3, 3.0, 1.0)
        for pick in rng.choice(facing, 2 if parcel.area > 30_000.0 else 1, replace=False, p=weight / weight.sum()) \
                if len(facing) > 1 else facing:  # fmt: skip
            drive = _drive(parcel, points[pick], town.roads[near[pick]], rng)
            if drive is not None:
                block.gates.append(points[pick])
                block.drives.append(drive)


def _drive(parcel: Polygon, gate: Point, road: LineString, rng: np.random.Generator) -> LineString | None:
    """Return the drive from the middle of the road through the gate into the parcel, with one bend."""
    start = shapely.get_coordinates(shapely.line_interpolate_point(road, shapely.line_locate_point(road, gate)))[0]
    door = shapely.get_coordinates(gate)[0]
    way = door - start
    reach = float(np.hypot(*way))
    if reach < 1.0:
        return None
    depth = np.sqrt(parcel.area) * rng.uniform(0.45, 0.8)
    first = door + way / reach * depth * 0.55
    angle = rng.normal(0.0, 0.25)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    last = first + (way / reach @ turn) * depth * 0.45
    line = LineString(np.round([start, door, first, last], 3))
    inside = shapely.intersection(line, shapely.buffer(parcel, -9.0))
    if inside.is_empty:
        return LineString(np.round([start, door, door + way / reach * 9.0], 3))
    whole = shapely.difference(line, shapely.difference(shapely.buffer(line, 1.0), _reachable(parcel, start, door)))
    parts = [part for part in shapely.get_parts(whole) if part.geom_type == "LineString"]
    parts = [part for part in parts if shapely.distance(part, Point(start)) < 0.01 and part.length > reach + 4.0]
    return shapely.simplify(parts[0], 0.05) if parts else None


def _reachable(parcel: Polygon, start: Array, door: Array) -> Polygon:
    """Return where a drive may run: the way in from the street and the parcel without a margin."""
    way_in = shapely.buffer(LineString([start, door + (door - start) / np.hypot(*(door - start)) * 12.0]), 2.0)
    return shapely.union_all([way_in, shapely.buffer(parcel, -9.0)])

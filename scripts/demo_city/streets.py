# SPDX-License-Identifier: GPL-2.0-or-later
"""Streets, rivers and the faces between them.

Main roads and rivers are curves of a warped lattice: the wide meshes are those of a Chinese town, the warp and the
bends keep any two from running straight or parallel for long. Every mesh is then halved again and again by streets of
lower rank, which end on the street that they meet: T-junctions and staggered crossings come of themselves. Streets of
the two lower ranks end at the water; some lanes are dead ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import shapely.ops
from shapely import LineString, Polygon

from scripts.demo_city.config import RANKS, Scale, stream
from scripts.demo_city.curves import Warp, drawn_line, halve, long_axis, longest_straight_run, meander
from scripts.demo_city.names import river_names, road_names

Array = Any
STRAIGHT = 790.0  # m: no street may run straight for longer (within 5 m of the chord)
MARGIN = 120.0  # m by which curves are drawn beyond the town before they are clipped
MAIN_RIVER, EDGE_RIVER = (26.0, 34.0), (20.0, 24.0)
CANAL = (8.0, 14.0)


@dataclass
class Town:
    """The network: lines, their ranks and widths, water, and the faces between (metres, local coordinates)."""

    outline: Polygon
    roads: Array  # centre lines
    rank: Array
    width: Array
    name: Array
    rivers: Array  # centre lines
    river_width: Array
    river_name: Array
    faces: Array  # final meshes between centre lines
    community_edges: Array  # lines that a community may end at (cut lines before the water took its share)
    west_of_river: Polygon
    kind: Array | None = None  # kind of quarter of each face (large cities)
    beyond: Polygon | None = None  # where bridges may reach, when the outline is but a part of a town
    whole: Array | None = None  # the whole street that each of the roads is a part of

    @property
    def carriageways(self) -> Array:
        """Return each road's carriageway, clipped to the town."""
        return shapely.intersection(shapely.buffer(self.roads, self.width / 2.0, quad_segs=4), self.outline)

    @property
    def water(self) -> Array:
        """Return each river's surface, clipped to the town."""
        wide = shapely.buffer(self.rivers, self.river_width / 2.0, quad_segs=4)
        return shapely.intersection(wide, self.outline)


@dataclass
class Lines:
    """Lines while they are collected."""

    lines: list[LineString]
    rank: list[int]

    def add(self, line: Any, rank: int) -> None:
        """Add the line parts of a geometry that are no mere stubs."""
        for part in shapely.get_parts(line):
            if part.geom_type == "LineString" and part.length > 35.0:
                self.lines.append(part)
                self.rank.append(rank)


def build_town(scale: Scale, seed: int) -> Town:
    """Draw the streets and rivers of a town."""
    rng = stream(seed, "streets")
    town = _drawn(scale, seed, rng)
    while max(map(longest_straight_run, town.roads)) > STRAIGHT:
        town = _drawn(scale, seed, rng)
    return town


def _drawn(scale: Scale, seed: int, rng: np.random.Generator) -> Town:
    """Draw a town once."""
    warp = Warp.drawn(rng)
    frame = Frame(scale, warp, rng)
    outline = frame.outline()
    rivers = frame.rivers(outline)
    roads = Lines([], [])
    for line, rank in frame.main_roads():
        roads.add(shapely.intersection(line, outline), rank)
    for line, rank in frame.edge_roads(outline):
        roads.add(line, rank)
    bank = shapely.offset_curve(rivers[0][0], -(rivers[0][1] / 2.0 + 15.0), quad_segs=4)
    roads.add(shapely.intersection(shapely.simplify(bank, 0.4), outline), 3)

    water = shapely.union_all([shapely.buffer(line, width / 2.0 + 5.0, quad_segs=4) for line, width in rivers])
    edges = [*roads.lines, *(line for line, _ in rivers), outline.exterior]
    meshes = shapely.get_parts(shapely.polygonize([shapely.union_all(edges, grid_size=0.001)]))
    faces: list[Polygon] = []
    cuts: list[LineString] = []
    for mesh in meshes:
        for face, cut in quartered(mesh, scale, rng):
            if face is not None:
                faces.append(face)
            else:
                line, rank, ends_dead = cut
                if rank == 3:
                    cuts.append(line)
                if ends_dead:
                    line = shortened(line, rng)
                roads.add(shapely.difference(line, water), rank)

    rank = np.array(roads.rank)
    width = np.zeros(len(rank))
    for number, kind in RANKS.items():
        here = rank == number
        width[here] = np.round(rng.uniform(*kind.width, int(here.sum())), 1)
    return Town(
        outline=outline,
        roads=np.array(roads.lines, object),
        rank=rank,
        width=width,
        name=road_names(np.array(roads.lines, object), rank, seed),
        rivers=np.array([line for line, _ in rivers], object),
        river_width=np.array([width for _, width in rivers]),
        river_name=river_names(len(rivers)),
        faces=np.array(faces, object),
        community_edges=np.array([*edges, *cuts], object),
        west_of_river=frame.west_side(rivers[0][0]),
    )


class Frame:
    """The lattice before the warp: u runs east, v runs north, metres."""

    def __init__(self, scale: Scale, warp: Warp, rng: np.random.Generator) -> None:
        self.scale, self.warp, self.rng = scale, warp, rng
        self.u, self.v = (self._stations(size) for size in scale.size)
        self.river_column = max(1, round((len(self.u) - 1) * 0.42)) if len(self.u) > 2 else 0
        self.edges = self._edges()
        self.mains: list[LineString] = []

    def _stations(self, size: float) -> Array:
        """Return where main roads cross this side: its two ends and unequal places between."""
        count = max(2, round(size / self.scale.arterial))
        even = np.linspace(0.0, size, count + 1)
        even[1:-1] += self.rng.uniform(-0.11, 0.11, count - 1) * size / count
        return even

    def _curve(self, u: tuple[float, float], v: tuple[float, float], height: float,
               period: tuple[float, float] = (750.0, 1_300.0)) -> LineString:  # fmt: skip
        """Return a warped curve with a bend, drawn beyond both ends."""
        start, end = np.array([u[0], v[0]]), np.array([u[1], v[1]])
        length = float(np.hypot(*(end - start)))
        along = np.linspace(0.0, length, max(3, round(length / 25.0)))
        return drawn_line(self.warp, tuple(start), tuple(end), meander(self.rng, along, height, period))

    def _edges(self) -> list[LineString]:
        """Return the four sides of the town as bent lines: south, east, north, west; corners joined."""
        (width, height) = self.scale.size
        corners = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]
        sides = []
        for number in range(4):
            start, end = np.array(corners[number]), np.array(corners[(number + 1) % 4])
            length = float(np.hypot(*(end - start)))
            along = np.linspace(0.0, length, max(3, round(length / 30.0)))
            fade = np.minimum(1.0, np.minimum(along, length - along) / 250.0)
            offset = meander(self.rng, along, 28.0, (800.0, 1_300.0)) * fade
            sides.append(drawn_line(self.warp, tuple(start), tuple(end), offset))
        return sides

    def outline(self) -> Polygon:
        """Return the outline of the town."""
        return Polygon(np.vstack([shapely.get_coordinates(side)[:-1] for side in self.edges]))

    def edge_roads(self, outline: Polygon) -> Iterator[tuple[LineString, int]]:
        """Yield the roads that bound the town in the south, east and north (a river bounds it in the west)."""
        for side, rank in ((0, 1), (1, 2), (2, 2)):
            yield self.edges[side], rank

    def rivers(self, outline: Polygon) -> list[tuple[LineString, float]]:
        """Return centre lines and widths: the main river first, then the river on the west edge, then canals."""
        height = self.scale.size[1]
        left, right = self.u[self.river_column], self.u[self.river_column + 1]
        middle = left + (right - left) * 0.5
        main = self._curve((middle - 60.0, middle + 60.0), (-MARGIN, height + MARGIN), (right - left) * 0.12,
                           (900.0, 1_500.0))  # fmt: skip
        found = [(main, self.rng.uniform(*MAIN_RIVER)), (self.edges[3], self.rng.uniform(*EDGE_RIVER))]
        for number in range(self.scale.canals - 1):
            line = self._east_west_canal(number) if number % 2 == 0 else self._north_south_canal(found[-1][0], number)
            found.append((line, self.rng.uniform(*CANAL)))
        rivers = []
        for line, wide in found:
            for part in shapely.get_parts(shapely.intersection(line, outline.buffer(0.01))):
                if part.geom_type == "LineString" and part.length > 60.0:
                    rivers.append((part, round(wide, 1)))
        return rivers

    def _east_west_canal(self, number: int) -> LineString:
        row = (len(self.v) - 2 - number) % (len(self.v) - 1)
        middle = self.v[row] + (self.v[row + 1] - self.v[row]) * self.rng.uniform(0.42, 0.58)
        return self._curve((-MARGIN, self.scale.size[0] + MARGIN), (middle - 40.0, middle + 40.0), 45.0)

    def _north_south_canal(self, canal: LineString, number: int) -> LineString:
        """Return a canal that leaves the one before it and runs south."""
        columns = [c for c in range(len(self.u) - 1) if c != self.river_column]
        column = columns[(len(columns) - 1 - number // 2) % len(columns)]
        middle = self.u[column] + (self.u[column + 1] - self.u[column]) * self.rng.uniform(0.55, 0.66)
        line = self._curve((middle, middle + 50.0), (self.scale.size[1] + MARGIN, -MARGIN), 40.0)
        parts = shapely.get_parts(shapely.difference(line, shapely.buffer(canal, 0.01)))
        return parts[-1]

    def main_roads(self) -> Iterator[tuple[LineString, int]]:
        """Yield the main roads right through the town, and the broken secondary roads between them."""
        width, height = self.scale.size
        for u in self.u[1:-1]:
            slant = self.rng.normal(0.0, 0.035) * height
            self.mains.append(self._curve((u - slant, u + slant), (-MARGIN, height + MARGIN), 30.0))
        for v in self.v[1:-1]:
            slant = self.rng.normal(0.0, 0.03) * width
            self.mains.append(self._curve((-MARGIN, width + MARGIN), (v - slant, v + slant), 30.0))
        yield from ((line, 1) for line in self.mains)
        for column in range(len(self.u) - 1):
            if column != self.river_column:
                yield from self._broken_column(column)
        for row in range(0, len(self.v) - 1, 2):
            v = self.v[row] + (self.v[row + 1] - self.v[row]) * self.rng.uniform(0.4, 0.6)
            yield self._curve((-MARGIN, width + MARGIN), (v - 30.0, v + 30.0), 34.0), 2

    def _broken_column(self, column: int) -> Iterator[tuple[LineString, int]]:
        """Yield the secondary roads of a column, row by row, each at a place of its own; some rows have none."""
        base = self.u[column] + (self.u[column + 1] - self.u[column]) * self.rng.uniform(0.34, 0.5)
        for row in range(len(self.v) - 1):
            if self.rng.random() < 0.2:
                continue
            u = base + self.rng.normal(0.0, 25.0, 2)
            line = self._curve((u[0], u[1]), (self.v[row] - MARGIN, self.v[row + 1] + MARGIN), 22.0)
            for main in self.mains:
                parts = shapely.get_parts(shapely.ops.split(line, main))
                line = max(parts, key=lambda part: part.length)
            yield line, 2

    def west_side(self, river: LineString) -> Polygon:
        """Return a polygon that covers all west of the main river."""
        xy = shapely.get_coordinates(river)
        if xy[0, 1] > xy[-1, 1]:
            xy = xy[::-1]
        far = xy[:, 0].min() - 20.0 * self.scale.size[0]
        top, bottom = xy[-1, 1] + 10_000.0, xy[0, 1] - 10_000.0
        return Polygon([(far, bottom), (xy[0, 0], bottom), *xy.tolist(), (xy[-1, 0], top), (far, top)])


def quartered(mesh: Polygon, scale: Scale, rng: np.random.Generator, least: float = 95.0) -> Iterator[tuple[Any, Any]]:
    """Halve a mesh until all parts are small enough; yield ``(face, None)`` and ``(None, (line, rank, dead end))``.

    A part that is narrower than ``least`` metres is not halved.
    """
    stack = [mesh]
    while stack:
        face = stack.pop()
        _, _, _, short = long_axis(face)
        rank = 3 if face.area > scale.street_area else 4
        limit = scale.lane_area * rng.uniform(0.85, 1.5)
        cut = None if face.area < limit or short < least else halved(face, rng)
        if cut is None:
            yield face, None
            continue
        parts, line = cut
        dead = rank == 4 and face.area < 65_000.0 and rng.random() < 0.45
        yield None, (line, rank, dead)
        if dead:
            yield face, None
        else:
            stack.extend(parts)


def halved(face: Polygon, rng: np.random.Generator, slant: float = 9.0, bend: float = 0.09) -> Any:
    """Halve a face as ``halve`` does, by a line that does not run straight for too long; None when there is none."""
    for attempt in range(12):
        cut = halve(face, rng, slant, bend * (1.0 + 0.5 * attempt))
        if cut is None or longest_straight_run(cut[1]) < STRAIGHT - 10.0:
            return cut
    return None


def shortened(line: LineString, rng: np.random.Generator) -> LineString:
    """Return the first part of a lane, from either end: a dead end."""
    line = shapely.reverse(line) if rng.random() < 0.5 else line
    return shapely.ops.substring(line, 0.0, rng.uniform(0.45, 0.75), normalized=True)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The network of a large demo city: streets and rivers of the whole town, and the atoms of land between them.

It is drawn as the small city's is (``streets.py``), with what a town of more than one neighbourhood has besides:
quarters of different grain (old lanes, planned blocks, big estates, industrial land, fields at the edge), main roads
that end at other main roads, more than one old centre, and districts whose streets run at other angles than those of
their neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.ops import substring

from scripts.demo_city.config import RANKS, SCALES, Scale, stream
from scripts.demo_city.curves import Warp, long_axis, longest_straight_run
from scripts.demo_city.names import river_names, street_names
from scripts.demo_city.sizes import Size
from scripts.demo_city.streets import STRAIGHT, Frame, Lines, halved, quartered, shortened

Array = Any
ATOM = 56_000.0  # m²: an atom of land is cut as long as it is larger than this, give or take a third
CRUMB = 150.0  # m²: what is smaller is no piece of land of its own
# Kind of quarter: area above which a 支路 splits it, above which a 街巷 does, least width.
GRAIN = {
    "old": (42_000.0, 13_000.0, 68.0),
    "planned": (90_000.0, 42_000.0, 95.0),
    "estate": (230_000.0, 230_000.0, 260.0),
    "industry": (260_000.0, 260_000.0, 260.0),
    "fields": (300_000.0, 300_000.0, 260.0),
}


@dataclass
class Network:
    """Streets, water and atoms of a whole town (metres, local coordinates)."""

    outline: Polygon
    roads: Array  # centre lines
    rank: Array
    width: Array
    name: Array
    rivers: Array
    river_width: Array
    river_name: Array
    atoms: Array  # a valid coverage: the smallest pieces of land between streets, rivers and compound walls
    kind: Array  # kind of quarter of each atom
    mesh: Array  # number of the mesh of streets of rank 3 and higher that an atom lies in
    centres: Array  # (n, 2): where the old quarters are
    radius: float

    def __post_init__(self) -> None:
        """Build the search trees once."""
        self.road_tree, self.river_tree = shapely.STRtree(self.roads), shapely.STRtree(self.rivers)


class _WideFrame(Frame):
    """The lattice of a large town: no curve runs straight for too long."""

    def _curve(self, u: tuple[float, float], v: tuple[float, float], height: float,
               period: tuple[float, float] = (750.0, 1_300.0)) -> LineString:  # fmt: skip
        for attempt in range(40):
            line = super()._curve(u, v, height * (1.0 + 0.06 * attempt), period)
            if longest_straight_run(line) < STRAIGHT - 10.0:
                return line
        raise RuntimeError("no curve without a long straight run was found")

    def _edges(self) -> list[LineString]:
        for _ in range(200):
            sides = super()._edges()
            if max(map(longest_straight_run, sides)) < STRAIGHT - 10.0:
                return sides
        raise RuntimeError("no outline without a long straight run was found")

    def diagonals(self, count: int) -> Iterator[tuple[LineString, int]]:
        """Yield old roads that run askew of all others, from one main road near the edge to another."""
        width, height = self.scale.size
        for number in range(count):
            u = self.rng.uniform(0.05, 0.4) * width, self.rng.uniform(0.6, 0.95) * width
            v = self.rng.uniform(0.05, 0.35) * height, self.rng.uniform(0.65, 0.95) * height
            line = self._curve(u, v if number % 2 == 0 else v[::-1], 45.0)
            mains = shapely.union_all(self.mains)
            at = sorted(
                shapely.line_locate_point(line, point) for point in shapely.get_parts(shapely.intersection(line, mains))
                if point.geom_type == "Point"
            )  # fmt: skip
            if len(at) > 3:
                yield line_ends(substring(line, at[0], at[-1])), 2

    def broken_mains(self) -> Iterator[tuple[LineString, int]]:
        """Yield the main and secondary roads; one stretch in eight between two crossings of main roads is missing."""
        found = list(self.main_roads())
        mains = [line for line, rank in found if rank == 1]
        for number, line in enumerate(mains):
            others = shapely.union_all([other for at, other in enumerate(mains) if at != number])
            crossings = shapely.buffer(shapely.intersection(line, others), 0.01)
            parts = shapely.get_parts(shapely.difference(line, crossings))
            kept = [part for part in parts if self.rng.random() >= 0.12]
            bridged = shapely.union_all([line_ends(part) for part in kept], grid_size=0.001) if kept else None
            if bridged is not None:
                yield from ((part, 1) for part in shapely.get_parts(shapely.line_merge(bridged)))
        yield from ((line, rank) for line, rank in found if rank != 1)


def line_ends(part: LineString) -> LineString:
    """Return a part of a cut line lengthened by 2 cm at both ends, so that it meets what cut it."""
    xy = shapely.get_coordinates(part)
    first, last = xy[0] - xy[1], xy[-1] - xy[-2]
    xy[0] += first / math.hypot(*first) * 0.02
    xy[-1] += last / math.hypot(*last) * 0.02
    return LineString(xy)


def build_network(size: Size, seed: int) -> Network:
    """Draw the streets, rivers and atoms of a town."""
    rng = stream(seed, "streets")
    scale = replace(SCALES["small"], size=size.box, arterial=size.arterial, canals=size.canals)
    warp = _wide_warp(rng, size.box)
    frame = _WideFrame(scale, warp, rng)
    outline = frame.outline()
    factor = math.sqrt(size.area / outline.area)
    while abs(factor - 1.0) > 5e-4:  # the warp changes the area by a few percent
        scale = replace(scale, size=(scale.size[0] * factor, scale.size[1] * factor))
        frame = _WideFrame(scale, warp, rng)
        outline = frame.outline()
        factor = math.sqrt(size.area / outline.area)
    rivers = frame.rivers(outline)
    roads = Lines([], [])
    for line, rank in frame.broken_mains():
        roads.add(shapely.intersection(line, outline), rank)
    for line, rank in frame.diagonals(max(1, size.centres)):
        roads.add(shapely.intersection(line, outline), rank)
    for line, rank in frame.edge_roads(outline):
        roads.add(line, rank)
    bank = shapely.offset_curve(rivers[0][0], -(rivers[0][1] / 2.0 + 15.0), quad_segs=4)
    if longest_straight_run(bank) < STRAIGHT:
        roads.add(shapely.intersection(shapely.simplify(bank, 0.4), outline), 3)
    centres, radius = _centres(outline, size, rng)
    cut = _Cut(scale, rng, centres, radius)
    edges = [*roads.lines, *(line for line, _ in rivers), outline.exterior]
    cut.all(shapely.get_parts(shapely.polygonize([shapely.union_all(edges, grid_size=0.001)])))

    water = shapely.union_all([shapely.buffer(line, width / 2.0 + 5.0, quad_segs=4) for line, width in rivers])
    shapely.prepare(water)
    for line, rank in cut.lines:
        roads.add(shapely.difference(line, water) if shapely.intersects(water, line) else line, rank)
    wide = np.array(roads.lines, object)
    rank = np.array(roads.rank)
    width = np.zeros(len(rank))
    for number, kind in RANKS.items():
        here = rank == number
        width[here] = np.round(rng.uniform(*kind.width, int(here.sum())), 1)
    atoms, kinds = _atoms(cut)
    meshes = shapely.get_parts(shapely.polygonize([shapely.union_all([*edges, *cut.streets], grid_size=0.001)]))
    point = shapely.point_on_surface(atoms)
    return Network(
        outline=outline, roads=wide, rank=rank, width=width, name=street_names(rank, seed),
        rivers=np.array([line for line, _ in rivers], object),
        river_width=np.array([width for _, width in rivers]), river_name=river_names(len(rivers)),
        atoms=atoms, kind=kinds, mesh=shapely.STRtree(meshes).query_nearest(point, all_matches=False)[1],
        centres=centres, radius=radius,
    )  # fmt: skip


def _wide_warp(rng: np.random.Generator, box: tuple[float, float]) -> Warp:
    """Draw a warp with three more waves, as long as the town is wide: they turn whole districts by up to 35°.

    A warp that folds the plane, or squeezes a part of it to less than a half, is drawn anew.
    """
    u, v = np.meshgrid(np.linspace(0.0, box[0], 60), np.linspace(0.0, box[1], 60))
    xy = np.stack([u.ravel(), v.ravel()], axis=1)
    while True:
        warp = Warp.drawn(rng)
        length = rng.uniform(0.45, 0.8, 3) * max(4_000.0, *box) * (1.0 if max(box) < 8_000.0 else 0.62)
        way, push, phase = rng.uniform(0.0, 2.0 * math.pi, (3, 3))
        height, number = length * 0.052, 2.0 * math.pi / length
        long = [height * np.cos(push), height * np.sin(push), number * np.cos(way), number * np.sin(way), phase]
        warp = Warp(np.concatenate([warp.waves, np.stack(long, axis=1)]), warp.turn)
        across, up = warp(xy + np.array([1.0, 0.0])) - warp(xy), warp(xy + np.array([0.0, 1.0])) - warp(xy)
        stretch = across[:, 0] * up[:, 1] - across[:, 1] * up[:, 0]
        if stretch.min() > 0.5 and stretch.max() < 1.7:
            return warp


def _centres(outline: Polygon, size: Size, rng: np.random.Generator) -> tuple[Array, float]:
    """Return the places of the old quarters: the first in the middle, the others apart from it."""
    middle = np.array([outline.centroid.x, outline.centroid.y])
    radius = math.sqrt(outline.area / math.pi)
    found = [middle + rng.normal(0.0, radius * 0.08, 2)]
    inside = shapely.buffer(outline, -0.18 * radius)
    while len(found) < size.centres:
        left, bottom, right, top = inside.bounds
        xy = np.array([rng.uniform(left, right), rng.uniform(bottom, top)])
        apart = min(math.dist(xy, other) for other in found) > 0.55 * radius
        if apart and shapely.contains_xy(inside, xy[0], xy[1]):
            found.append(xy)
    return np.array(found), radius / math.sqrt(len(found)) * 1.15


class _Cut:
    """Meshes cut into faces by streets, and these into atoms by inner roads and compound walls."""

    def __init__(self, scale: Scale, rng: np.random.Generator, centres: Array, radius: float) -> None:
        self.scale, self.rng, self.centres, self.radius = scale, rng, centres, radius
        self.faces: list[Polygon] = []
        self.kinds: list[str] = []
        self.lines: list[tuple[LineString, int]] = []
        self.streets: list[LineString] = []  # cuts that a community may end at

    def all(self, meshes: Array) -> None:
        """Cut all meshes."""
        for mesh in meshes:
            kind = self._kind(mesh)
            street, lane, short = GRAIN[kind]
            scale = replace(self.scale, street_area=street, lane_area=lane)
            for face, cut in quartered(mesh, scale, self.rng, short):
                if face is not None:
                    self._pieces(face, kind)
                    continue
                line, rank, dead = cut
                if rank == 3:
                    self.streets.append(line)
                self.lines.append((shortened(line, self.rng) if dead else line, rank))

    def _kind(self, mesh: Polygon) -> str:
        middle = np.array([mesh.centroid.x, mesh.centroid.y])
        out = min(1.0, float(np.hypot(*(self.centres - middle).T).min()) / self.radius)
        share = {
            "old": max(0.04, 0.75 - 2.2 * out),
            "planned": 0.42 - 0.1 * out,
            "estate": 0.30 if out > 0.2 else 0.1,
            "industry": 0.32 * max(0.0, out - 0.35) / 0.65 + 0.02,
            "fields": 0.16 * max(0.0, out - 0.6) / 0.4,
        }
        total = sum(share.values())
        return str(self.rng.choice(list(share), p=[value / total for value in share.values()]))

    def _pieces(self, face: Polygon, kind: str) -> None:
        """Cut a face into atoms; the first cuts of a large one are inner roads, open to nobody but its people."""
        stack, large = [face], face.area > 2.6 * ATOM
        while stack:
            piece = stack.pop()
            cut = None
            if piece.area > ATOM * self.rng.uniform(0.95, 1.45):
                tries = 8 if piece.area > 1.6 * ATOM else int(long_axis(piece)[3] > 70.0)
                cuts = (halved(piece, self.rng, slant=5.0, bend=0.02) for _ in range(tries))
                cut = next((found for found in cuts if found), None)
            if cut is None:
                self.faces.append(piece)
                self.kinds.append(kind)
                continue
            stack.extend(cut[0])
            if large and kind != "fields" and (piece is face or self.rng.random() < 0.45):
                self.lines.append((cut[1], 5))


def _without_crumbs(atoms: Array) -> Array:
    """Return a coverage in which what is left where three lines all but meet has joined a neighbour."""
    crumbs = np.flatnonzero(shapely.area(atoms) < CRUMB)
    gone = np.zeros(len(atoms), bool)
    atoms, tree = atoms.copy(), shapely.STRtree(atoms)
    for row in crumbs:
        near = np.sort(tree.query(atoms[row], predicate="intersects"))
        near = near[(near != row) & ~gone[near]]
        shared = shapely.length(shapely.intersection(shapely.boundary(atoms[row]), shapely.boundary(atoms[near])))
        to = near[int(np.argmax(shared))]
        union = shapely.coverage_union(atoms[to], atoms[row])
        if len(shapely.get_parts(union)) == 1:
            atoms[to], gone[row] = shapely.get_parts(union)[0], True
    return atoms[~gone]


def _atoms(cut: _Cut) -> tuple[Array, Array]:
    """Return the atoms as a valid coverage, with their kinds: all edges are noded once, on a grid of 1 mm."""
    faces = np.array(cut.faces, object)
    edges = shapely.union_all(shapely.boundary(faces), grid_size=0.001)
    atoms = _without_crumbs(shapely.get_parts(shapely.polygonize([edges])))
    near = shapely.STRtree(faces).query_nearest(shapely.point_on_surface(atoms), all_matches=False)[1]
    order = np.lexsort((shapely.get_x(shapely.centroid(atoms)), -shapely.get_y(shapely.centroid(atoms))))
    return atoms[order], np.array(cut.kinds, object)[near][order]

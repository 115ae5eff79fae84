# SPDX-License-Identifier: GPL-2.0-or-later
"""Grounds drawn by lot for drafts of unit grids: streets, water, buildings and communities of all kinds of oddness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.affinity import rotate

from tests.grid_oracle import some


@dataclass
class RandomGround:
    """What a draft is made from; every area is valid and they overlap nowhere."""

    areas: NDArray[Any]
    lines: NDArray[Any]
    ranks: NDArray[np.int64]
    buildings: NDArray[Any]
    compounds: NDArray[Any]
    points: NDArray[Any]

    def given(self):
        """Return the arguments of ``draft_grids``."""
        return {
            "areas": self.areas, "barriers": self.lines, "ranks": self.ranks, "buildings": self.buildings,
            "compounds": self.compounds, "components": self.points,
        }  # fmt: skip


def random_ground(seed, width=700.0, height=500.0):
    """Draw a ground by lot; the same seed gives the same one."""
    lot = np.random.default_rng(seed)
    areas = _areas(lot, width, height)
    lines = _streets(lot, width, height)
    houses = _houses(lot, width, height)
    yards = []
    for _ in range(lot.integers(0, 4)):
        x, y, w, h = *lot.uniform((0, 0), (width, height)), *lot.uniform(30, 120, 2)
        yards.append(rotate(shapely.box(x, y, x + w, y + h), lot.uniform(0, 90)))
    points = shapely.points(lot.uniform((-20, -20), (width + 20, height + 20), (lot.integers(0, 300), 2)))
    turn, shift = lot.choice([0.0, 17.0, 45.0]), lot.choice([0.0, 500_000.25, 38_500_000.0])

    def placed(shapes):
        return shapely.transform(
            some(*(rotate(shape, turn, origin=(0, 0)) for shape in shapes)),
            lambda xy: xy + np.array([shift, shift / 8]),
        )

    return RandomGround(
        placed(areas), placed(lines), lot.integers(1, 6, len(lines)), placed(houses), placed(yards), placed(points)
    )


def _areas(lot, width, height):
    """Part a box by random lines; sometimes one community lies in another, or two parts are one community."""
    cuts = []
    for _ in range(lot.integers(0, 4)):
        start, end = lot.uniform(-50, width + 50, 2)
        middle = lot.uniform((0.3 * width, 0.3 * height), (0.7 * width, 0.7 * height), (lot.integers(0, 4), 2))
        middle = middle[np.argsort(middle[:, 1])]
        cuts.append(shapely.LineString([(start, -20), *middle, (end, height + 20)]))
    box = shapely.box(0, 0, width, height)
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all([box.boundary, *cuts])]))
    faces = [face for face in faces if box.covers(face.representative_point())]
    if lot.random() < 0.3:
        centre = shapely.point_on_surface(max(faces, key=lambda face: face.area))
        inner = rotate(shapely.box(-1, -1, 1, 1), lot.uniform(0, 90))
        inner = shapely.transform(inner, lambda xy: xy * lot.uniform(10, 60) + shapely.get_coordinates(centre))
        largest = max(range(len(faces)), key=lambda i: faces[i].area)
        if faces[largest].contains_properly(inner):
            faces[largest] = faces[largest].difference(inner)
            faces.append(inner)
    if len(faces) > 3 and lot.random() < 0.3:
        one, other = faces[0], faces[-1]
        if not one.intersects(other) and min(one.area, other.area) > 300:
            faces = [*faces[1:-1], shapely.MultiPolygon([one, other])]
    return faces


def _streets(lot, width, height):
    low, high = (-60, -60), (width + 60, height + 60)
    lines = [shapely.LineString(pair) for pair in lot.uniform(low, high, (lot.integers(0, 7), 2, 2))]
    for _ in range(lot.integers(0, 4)):  # crooked, may cross itself
        steps = np.cumsum(lot.normal(0, 1, (40, 2)), axis=0) * lot.uniform(8, 40)
        lines.append(shapely.LineString(lot.uniform(low, high) + steps))
    for _ in range(lot.integers(0, 3)):  # two carriageways
        line = shapely.LineString(lot.uniform(low, high, (2, 2)))
        lines += [line, shapely.offset_curve(line, lot.uniform(3, 25))]
    for _ in range(lot.integers(0, 3)):  # a roundabout, a pond, the outline of a park
        lines.append(shapely.Point(lot.uniform(low, high)).buffer(lot.uniform(5, 90), quad_segs=4))
    if lot.random() < 0.3:  # a regular town
        step, turn = lot.uniform(50, 130), lot.uniform(0, 30)
        grid = [shapely.LineString([(x, -900), (x, 1500)]) for x in np.arange(-300, 1200, step)]
        grid += [shapely.LineString([(-900, y), (1500, y)]) for y in np.arange(-300, 1200, step * 0.7)]
        lines += [rotate(line, turn, origin=(300, 300)) for line in grid]
    if lines and lot.random() < 0.3:  # twice the same, once in pieces
        lines += [lines[0], shapely.segmentize(lines[-1], 7.3), lines[0].reverse()]
    return lines


def _houses(lot, width, height):
    """Buildings anywhere, across streets and edges of communities, too."""
    houses = []
    for _ in range(lot.integers(0, 90)):
        x, y, w, h = *lot.uniform((-20, -20), (width, height)), *lot.uniform(6, 45, 2)
        house = shapely.box(x, y, x + w, y + h)
        if lot.random() < 0.3:
            house = house.difference(shapely.box(x + w / 2, y + h / 2, x + w + 1, y + h + 1))
        houses.append(rotate(house, lot.choice([0.0, 12.0, lot.uniform(0, 90)])))
    if lot.random() < 0.1:  # a hall larger than a cell, a court
        houses.append(shapely.box(100, 100, 330, 300))
        houses.append(shapely.box(350, 200, 500, 330).difference(shapely.box(360, 210, 490, 320)))
    return houses

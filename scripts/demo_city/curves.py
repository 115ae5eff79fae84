# SPDX-License-Identifier: GPL-2.0-or-later
"""Curves and cuts: the gentle warp of the whole town, lines with a bend, blocks split in two."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.ops import split

Array = Any
STEP = 30.0  # m between the vertices of a drawn curve


@dataclass(frozen=True)
class Warp:
    """A smooth displacement of the plane, so that no two streets far apart run at one angle."""

    waves: Array  # direction x, direction y, wave number x, wave number y, phase
    turn: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Warp:
        """Draw eight waves of 900 to 3,000 m that add up to some 10° of turn."""
        length = rng.uniform(900.0, 3_000.0, 8)
        way, push, phase = rng.uniform(0.0, 2.0 * math.pi, (3, 8))
        height = length * 0.013
        number = 2.0 * math.pi / length
        waves = np.stack(
            [height * np.cos(push), height * np.sin(push), number * np.cos(way), number * np.sin(way), phase], axis=1
        )
        return cls(waves, math.radians(rng.uniform(-9.0, -5.0)))

    def __call__(self, xy: Array) -> Array:
        """Return the displaced coordinates of an (n, 2) array, metres."""
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        turned = xy @ np.array([[cos, sin], [-sin, cos]])
        angle = xy[:, :1] * self.waves[:, 2] + xy[:, 1:] * self.waves[:, 3] + self.waves[:, 4]
        wave = np.sin(angle)
        return turned + np.stack([wave @ self.waves[:, 0], wave @ self.waves[:, 1]], axis=1)


def meander(rng: np.random.Generator, along: Array, height: float, length: tuple[float, float]) -> Array:
    """Return a sideways offset for each place along a line: two waves of the given height and length, metres."""
    offset = np.zeros(len(along))
    for share in (0.65, 0.35):
        period = rng.uniform(*length) * (1.0 if share > 0.5 else 0.55)
        offset += share * height * np.sin(2.0 * math.pi * along / period + rng.uniform(0.0, 2.0 * math.pi))
    return offset


def drawn_line(warp: Warp, start: tuple[float, float], end: tuple[float, float], offset: Array | None = None) -> Array:
    """Return the warped line from start to end with an offset to its left at equal steps."""
    steps = max(2, round(math.dist(start, end) / STEP) + 1) if offset is None else len(offset)
    part = np.linspace(0.0, 1.0, steps)[:, None]
    xy = np.asarray(start) * (1.0 - part) + np.asarray(end) * part
    if offset is not None:
        way = (np.asarray(end) - np.asarray(start)) / math.dist(start, end)
        xy = xy + offset[:, None] * np.array([-way[1], way[0]])
    return shapely.simplify(LineString(np.round(warp(xy), 3)), 0.4)


def long_axis(polygon: Polygon) -> tuple[Array, Array, float, float]:
    """Return centre, unit vector of the long side, long and short side of the least rectangle around a polygon."""
    corners = shapely.get_coordinates(shapely.oriented_envelope(polygon))[:4]
    if len(corners) < 4:
        return corners.mean(axis=0), np.array([1.0, 0.0]), 0.0, 0.0
    sides = corners[[1, 2]] - corners[[0, 1]]
    length = np.hypot(sides[:, 0], sides[:, 1])
    long = int(np.argmax(length))
    if length[long] == 0.0:
        return corners.mean(axis=0), np.array([1.0, 0.0]), 0.0, 0.0
    return corners.mean(axis=0), sides[long] / length[long], float(length[long]), float(length[1 - long])


def halve(
    polygon: Polygon, rng: np.random.Generator, slant: float = 9.0, bend: float = 0.09
) -> tuple[list[Polygon], LineString] | None:
    """Cut a polygon across its long side by a slanted and bent line; None when it does not fall into two halves.

    ``slant`` is the spread of the angle in degrees, ``bend`` that of the bow as a share of the line's length.
    """
    centre, way, long, _ = long_axis(polygon)
    for _ in range(6):
        middle = centre + way * long * rng.uniform(-0.13, 0.13)
        turn = math.pi / 2.0 + math.radians(rng.normal(0.0, slant))
        across = np.array([way[0] * math.cos(turn) - way[1] * math.sin(turn),
                           way[0] * math.sin(turn) + way[1] * math.cos(turn)])  # fmt: skip
        along = np.linspace(-1.0, 1.0, 15)
        reach = long * 1.3 + 50.0
        bow = rng.normal(0.0, bend) * reach * np.sin(along * math.pi * rng.uniform(0.8, 1.7) + rng.uniform(0.0, 3.0))
        line = LineString(np.round(middle + along[:, None] * reach * across + bow[:, None] * way, 3))
        parts = [part for part in split(polygon, line).geoms if part.geom_type == "Polygon"]
        if len(parts) == 2 and min(part.area for part in parts) > 0.25 * polygon.area:
            cut = shapely.intersection(line, polygon)
            if cut.geom_type == "LineString":
                return parts, cut
    return None


def rectangles(centre: Array, half_long: Array, half_short: Array, angle: Array) -> Array:
    """Return rectangles from centres (n, 2), half sides and the angle of the long side in radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    corner_x = np.stack([-half_long, half_long, half_long, -half_long], axis=1)
    corner_y = np.stack([-half_short, -half_short, half_short, half_short], axis=1)
    x = centre[:, :1] + corner_x * cos[:, None] - corner_y * sin[:, None]
    y = centre[:, 1:] + corner_x * sin[:, None] + corner_y * cos[:, None]
    return shapely.polygons(np.round(np.stack([x, y], axis=2), 3))


def turned(xy: Array, angle: float, origin: Array) -> Array:
    """Turn coordinates (n, 2) by an angle in radians about an origin."""
    cos, sin = math.cos(angle), math.sin(angle)
    return (xy - origin) @ np.array([[cos, sin], [-sin, cos]]) + origin


def longest_straight_run(line: LineString, bow: float = 5.0) -> float:
    """Return the length of the longest stretch of a line that stays within ``bow`` metres of its chord."""
    xy = shapely.get_coordinates(shapely.segmentize(line, 25.0))
    best, first = 0.0, 0
    for last in range(1, len(xy)):
        while first < last - 1:
            chord = xy[last] - xy[first]
            length = float(np.hypot(*chord)) or 1e-9
            gap = xy[first : last + 1] - xy[first]
            if np.abs(chord[0] * gap[:, 1] - chord[1] * gap[:, 0]).max() / length <= bow:
                break
            first += 1
        best = max(best, float(np.hypot(*(xy[last] - xy[first]))))
    return best

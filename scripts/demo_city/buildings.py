# SPDX-License-Identifier: GPL-2.0-or-later
"""Buildings by land use: slabs turned roughly south in rows, village houses, halls, shops along the street."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely import LineString, Polygon

from scripts.demo_city.curves import long_axis, rectangles, turned

Array = Any
TRIES = 5  # ways to fill a parcel that are compared; the one that builds most stays


@dataclass(frozen=True)
class Pattern:
    """How buildings stand: side lengths and gaps in metres, shares 0..1."""

    lengths: tuple[float, ...]
    depth: tuple[float, float]
    row_gap: tuple[float, float]
    side_gap: tuple[float, float]
    floors: tuple[int, int]
    missing: float
    jitter: float = 0.6
    edge: float = 5.0
    slant: float = 12.0  # degrees by which rows may be turned from east-west


PATTERNS = {
    "小区": (
        Pattern((36.0, 44.0, 52.0, 60.0), (11.0, 12.8), (17.0, 21.0), (7.0, 11.0), (5, 6), 0.05),
        Pattern((28.0, 34.0, 42.0), (12.5, 14.5), (26.0, 32.0), (11.0, 18.0), (11, 18), 0.10),
        Pattern((40.0, 50.0, 62.0), (11.5, 13.0), (15.0, 18.0), (5.0, 8.0), (4, 6), 0.03),
        Pattern((24.0, 28.0), (17.0, 20.0), (32.0, 40.0), (18.0, 24.0), (24, 33), 0.06),
    ),
    "旧村": (
        Pattern((9.0, 10.5, 12.0, 21.0), (8.5, 10.5), (6.5, 9.5), (0.6, 3.5), (2, 3), 0.14, 1.1, 2.0, 16.0),
        Pattern((10.0, 12.0, 15.0), (9.0, 11.0), (9.0, 13.0), (2.5, 6.0), (2, 3), 0.2, 1.4, 2.5, 16.0),
    ),
    "老城": (
        Pattern((8.0, 10.0, 12.5, 16.0), (7.5, 9.5), (2.5, 4.5), (0.4, 1.6), (1, 2), 0.08, 1.1, 1.5, 14.0),
        Pattern((9.0, 11.0, 14.0), (8.0, 11.0), (3.5, 6.0), (0.6, 2.5), (1, 3), 0.12, 1.2, 2.0, 14.0),
    ),
    "商业": (Pattern((45.0, 60.0, 75.0), (28.0, 42.0), (16.0, 24.0), (14.0, 22.0), (4, 9), 0.12, 0.5, 8.0, 20.0),),
    "学校": (Pattern((48.0, 60.0, 70.0), (11.0, 15.0), (22.0, 30.0), (14.0, 22.0), (3, 5), 0.38),),
    "机关": (Pattern((38.0, 50.0, 60.0), (14.0, 18.0), (22.0, 34.0), (14.0, 24.0), (4, 12), 0.2),),
    "工厂": (Pattern((48.0, 66.0, 84.0), (22.0, 34.0), (11.0, 16.0), (10.0, 14.0), (1, 3), 0.15, 0.4, 7.0, 25.0),),
    "农田": (Pattern((10.0, 12.0, 20.0), (8.5, 10.0), (60.0, 90.0), (3.0, 9.0), (2, 3), 0.45, 2.0, 4.0, 16.0),),
    "公园": (Pattern((8.0, 12.0), (6.0, 8.0), (60.0, 90.0), (50.0, 80.0), (1, 1), 0.4, 8.0, 12.0, 30.0),),
}


def rows_of_buildings(
    allowed: Any, use: str, rng: np.random.Generator, first: Polygon | None = None
) -> tuple[Array, Array]:
    """Fill an area with rows of buildings.

    Parameters
    ----------
    allowed : shapely (multi)polygon
        Where buildings may stand, drives and earlier buildings already taken away.
    use : str
        Land use, a key of ``PATTERNS``.
    first : shapely polygon, optional
        The parcel whose sides the rows follow; the area itself when absent.

    Returns
    -------
    geometries, floors : arrays
        No two overlap, all lie inside the area less the pattern's edge.
    """
    pattern = PATTERNS[use][int(rng.integers(len(PATTERNS[use])))]
    inner = shapely.buffer(allowed, -pattern.edge, join_style="mitre")
    if inner.is_empty:
        return np.array([], object), np.array([], int)
    angle = _facing_south(first if first is not None else allowed, pattern, rng)
    origin = shapely.get_coordinates(shapely.centroid(inner))[0]
    local = turned(shapely.get_coordinates(inner), -angle, origin)
    (left, bottom), (right, top) = local.min(axis=0), local.max(axis=0)
    shapely.prepare(inner)
    best = np.array([], object)
    most = 0.0
    for _ in range(TRIES):
        placed = _placed(pattern, (left, bottom, right, top), angle, origin, inner, rng)
        built = float(shapely.area(placed).sum()) if len(placed) else 0.0
        if built > most:
            best, most = placed, built
    return best, rng.integers(pattern.floors[0], pattern.floors[1] + 1, len(best))


def _placed(
    pattern: Pattern, box: tuple[float, float, float, float], angle: float, origin: Array, inner: Any,
    rng: np.random.Generator,
) -> Array:  # fmt: skip
    """Return one way to fill an area with rows; ``inner`` is prepared."""
    centres, halves = _rows(pattern, box, rng)
    if not len(centres):
        return np.array([], object)
    tilt = rng.normal(0.0, math.radians(1.6 if pattern.jitter > 1.0 else 0.12), len(centres))
    shapes = rectangles(turned(centres, angle, origin), halves[:, 0], halves[:, 1], angle + tilt)
    fits = shapely.contains(inner, shapes)
    halved = _halves_that_fit(centres[~fits], halves[~fits], angle, origin, inner)
    return without_overlaps(np.concatenate([shapes[fits], halved]), 0.5)


def _facing_south(parcel: Any, pattern: Pattern, rng: np.random.Generator) -> float:
    """Return the angle of the rows: along the parcel's side nearest to east-west, but never far from it."""
    _, way, _, _ = long_axis(parcel)
    angle = math.degrees(math.atan2(way[1], way[0]))
    angle = (angle + 45.0) % 90.0 - 45.0
    if abs(angle) > pattern.slant:
        angle = math.copysign(pattern.slant * rng.uniform(0.3, 0.9), angle)
    return math.radians(angle + rng.normal(0.0, 1.0))


def _rows(pattern: Pattern, box: tuple[float, float, float, float], rng: np.random.Generator) -> tuple[Array, Array]:
    """Return centres and half sides of buildings in rows that fill a box: columns shared by the rows of a parcel."""
    left, bottom, right, top = box
    columns = _columns(pattern, left, right, rng)
    centres, halves = [], []
    depth = rng.uniform(*pattern.depth)
    gap = rng.uniform(*pattern.row_gap)
    y = top - depth / 2.0 - rng.uniform(0.0, 2.0)
    loose = pattern.side_gap[0] < 5.0
    while y > bottom + depth / 2.0:
        if loose:
            columns = _columns(pattern, left, right, rng)
        keep = rng.random(len(columns)) >= pattern.missing
        shift = rng.normal(0.0, pattern.jitter, (len(columns), 2)) + np.array([rng.normal(0.0, 1.5), 0.0])
        shift[:, 0] = np.clip(shift[:, 0], -pattern.side_gap[0] * 0.3 - 0.1, pattern.side_gap[0] * 0.3 + 0.1)
        row = np.stack([columns[:, 0], np.full(len(columns), y)], axis=1) + shift
        centres.append(row[keep])
        halves.append(np.stack([columns[:, 1] / 2.0, np.full(len(columns), depth / 2.0)], axis=1)[keep])
        y -= depth + gap * (rng.uniform(0.9, 1.2) if loose else 1.0)
    if not centres:
        return np.zeros((0, 2)), np.zeros((0, 2))
    return np.concatenate(centres), np.concatenate(halves)


def _columns(pattern: Pattern, left: float, right: float, rng: np.random.Generator) -> Array:
    """Return middle and length of the buildings along one row."""
    x, columns = left + rng.uniform(0.0, 8.0), []
    while x < right - 6.0:
        length = float(rng.choice(pattern.lengths)) * rng.uniform(0.96, 1.04)
        columns.append((x + length / 2.0, length))
        x += length + rng.uniform(*pattern.side_gap)
    return np.array(columns).reshape(-1, 2)


def _halves_that_fit(centres: Array, halves: Array, angle: float, origin: Array, inner: Any) -> Array:
    """Return the left or right half of the long buildings that stick out of the area, where that half fits."""
    long = halves[:, 0] > 13.0
    centres, halves = centres[long], halves[long]
    tried = []
    for side in (-1.0, 1.0):
        middle = centres + side * np.stack([halves[:, 0] * 0.48, np.zeros(len(halves))], axis=1)
        tried.append(rectangles(turned(middle, angle, origin), halves[:, 0] * 0.5, halves[:, 1],
                                np.full(len(halves), angle)))  # fmt: skip
    shapes = np.concatenate(tried) if len(centres) else np.array([], object)
    return shapes[shapely.contains(inner, shapes)] if len(shapes) else shapes


def without_overlaps(shapes: Array, gap: float) -> Array:
    """Leave out each shape that comes nearer than ``gap`` to one that is kept before it."""
    if len(shapes) < 2:
        return shapes
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=gap)
    pairs = sorted((int(b), int(a)) for a, b in zip(one, other) if a < b)
    dropped: set[int] = set()
    for later, earlier in pairs:
        if earlier not in dropped:
            dropped.add(later)
    return shapes[[number for number in range(len(shapes)) if number not in dropped]]


def shops_along(land: Polygon, roads: Any, rng: np.random.Generator, share: float) -> Array:
    """Return shop buildings along the sides of a block that face ``roads`` (a zone they must stand in).

    ``share`` is the share of the frontage that is built up.
    """
    ring: LineString = land.exterior
    starts, lengths = [], []
    at = rng.uniform(2.0, 10.0)
    while at < ring.length - 14.0:
        length = float(rng.choice((14.0, 18.0, 24.0, 32.0, 42.0)))
        if rng.random() < share:
            starts.append(at)
            lengths.append(length)
        at += length + float(rng.choice((0.6, 0.8, 3.5, 7.0)))
    if not starts:
        return np.array([], object)
    begin, size = np.array(starts), np.array(lengths)
    a = shapely.get_coordinates(shapely.line_interpolate_point(ring, begin))
    b = shapely.get_coordinates(shapely.line_interpolate_point(ring, np.minimum(begin + size, ring.length)))
    chord = b - a
    reach = np.hypot(chord[:, 0], chord[:, 1])
    inward = np.stack([-chord[:, 1], chord[:, 0]], axis=1) / np.maximum(reach, 1e-9)[:, None]
    if not shapely.is_ccw(ring):
        inward = -inward
    depth = float(rng.uniform(8.0, 11.0))
    shapes = rectangles((a + b) / 2.0 + inward * (depth / 2.0 + 0.6), reach / 2.0, np.full(len(reach), depth / 2.0),
                        np.arctan2(chord[:, 1], chord[:, 0]))  # fmt: skip
    good = shapely.contains(land, shapes) & (reach > size * 0.9) & shapely.intersects(roads, shapes)
    return without_overlaps(shapes[good], 0.4)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Components that are lines or areas: rails, fences and walls; bridges, car parks, cycle stands and quays."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
import shapely.ops

from scripts.demo_city.buildings import without_overlaps
from scripts.demo_city.classes import ComponentClass
from scripts.demo_city.curves import rectangles
from scripts.demo_city.places import Site, along_roads, at_banks, inside_of

Array = Any


def lines_of(site: Site, kind: ComponentClass, wanted: int, rng: np.random.Generator) -> Array:
    """Return line components of one class, in a mixed order."""
    if kind.rule == "rail":
        xy, road, _ = along_roads(site, kind.ranks, (1, -1), site.town.width / 2.0 - 0.2, kind.spacing * 1.6, 5.0, rng)
        side = np.sign(_side(site.town.roads[road], xy))
        return _mixed(_stretches(site, site.town.roads[road], xy, side * (site.town.width[road] / 2.0 - 0.2),
                                 kind.spacing, rng), rng)  # fmt: skip
    if kind.rule == "bank_rail":
        xy, river, _ = at_banks(site, kind.spacing * 1.2, rng)
        rivers = site.town.rivers[river]
        side = np.sign(_side(rivers, xy))
        gap = 1.2 if kind.spacing < 100.0 else 0.6
        lines = _stretches(site, rivers, xy, side * (site.town.river_width[river] / 2.0 + gap), kind.spacing, rng)
        return _mixed(_clear(site, lines), rng)
    if kind.rule == "fence":
        lawns = site.base.green.shapes[np.isin(site.base.green.column("kind"), ("公园", "绿地", "宅间绿地"))]
        rings = shapely.get_exterior_ring(shapely.buffer(rng.permutation(lawns), 0.3, join_style="mitre"))
        start, share = rng.uniform(0.0, 0.5, len(rings)), rng.uniform(0.2, 0.5, len(rings))
        reach = np.minimum(share, 120.0 / shapely.length(rings))
        lines = [shapely.ops.substring(ring, a, a + b, normalized=True) for ring, a, b in zip(rings, start, reach)]
        return _mixed(_clear(site, np.array(lines, object)), rng)
    if kind.rule == "pipe":
        slabs = rng.permutation(site.base.buildings.shapes[site.base.buildings.column("kind") == "住宅"])
        corner = shapely.get_coordinates(slabs).reshape(-1, 5, 2)
        away = corner[:, 1] - corner[:, 2]
        away = away / np.hypot(away[:, 0], away[:, 1])[:, None] * 0.35
        lines = shapely.linestrings(np.stack([corner[:, 0] + away, corner[:, 1] + away], axis=1))
        return np.array([line for line in shapely.set_precision(lines, 0.001) if line.length > 8.0], object)
    return _pipe_bridges(site, wanted, rng)


def areas_of(site: Site, kind: ComponentClass, wanted: int, rng: np.random.Generator) -> Array:
    """Return area components of one class, in a mixed order."""
    if kind.rule == "bridge":
        return _bridges(site)
    if kind.rule == "cycles":
        xy, _, angle = along_roads(site, kind.ranks, (1, -1), site.town.width / 2.0 + 2.4, kind.spacing, 15.0, rng)
        shapes = rectangles(xy, rng.uniform(4.0, 9.0, len(xy)), np.full(len(xy), 1.1), angle)
        return _mixed(_clear(site, shapes, 0.3), rng)
    if kind.rule == "quay":
        xy, _, angle = at_banks(site, 40.0, rng)
        shapes = rectangles(xy, rng.uniform(4.0, 8.0, len(xy)), np.full(len(xy), 1.4), angle)
        return _mixed(_clear(site, shapes, water=False), rng)
    places = inside_of(site, site.base.compounds.shapes, wanted * 6, rng)
    _, near = site.buildings.query_nearest(shapely.points(places), all_matches=False)
    corner = shapely.get_coordinates(site.base.buildings.shapes[near])
    first = np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(site.base.buildings.shapes[near]))[:-1]])
    side = corner[first + 1] - corner[first]
    shapes = rectangles(places, rng.uniform(7.0, 18.0, len(places)), rng.uniform(2.8, 6.0, len(places)),
                        np.arctan2(side[:, 1], side[:, 0]))  # fmt: skip
    shapes = _clear(site, shapes, 0.8)
    within = np.zeros(len(shapes), bool)
    within[shapely.STRtree(site.base.compounds.shapes).query(shapes, predicate="within")[0]] = True
    return without_overlaps(shapes[within], 2.0)


def _side(lines: Array, xy: Array) -> Array:
    """Return a positive number for places left of their line, a negative one for places right of it."""
    at = shapely.line_locate_point(lines, shapely.points(xy))
    here = shapely.get_coordinates(shapely.line_interpolate_point(lines, np.maximum(at - 1.0, 0.0)))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(lines, at + 1.0))
    way, gap = ahead - here, xy - here
    return way[:, 0] * gap[:, 1] - way[:, 1] * gap[:, 0]


def _stretches(site: Site, lines: Array, xy: Array, offset: Array, length: float, rng: np.random.Generator) -> Array:
    """Return a stretch of each line around each place, moved sideways; the ones that leave the town are left out."""
    at = shapely.line_locate_point(lines, shapely.points(xy))
    half = length * rng.uniform(0.3, 0.5, len(at))
    found = []
    for line, middle, reach, aside in zip(lines, at, half, offset):
        part = shapely.ops.substring(line, max(0.0, middle - reach), middle + reach)
        if part.geom_type == "LineString" and part.length > 10.0:
            moved = shapely.set_precision(shapely.offset_curve(part, aside, quad_segs=2), 0.001)
            if moved.geom_type == "LineString" and moved.length > 8.0:
                found.append(moved)
    shapes = np.array(found, object)
    return shapes[shapely.contains(site.inside, shapes)] if len(shapes) else shapes


def _clear(site: Site, shapes: Array, gap: float = 0.0, water: bool = True) -> Array:
    """Leave out what is not inside the town or meets buildings, roads or (unless told) water."""
    if not len(shapes):
        return shapes
    good = shapely.contains(site.inside, shapes)
    trees = (site.buildings, site.carriage, site.water) if water else (site.buildings, site.carriage)
    for tree in trees:
        good[tree.query(shapes, predicate="dwithin", distance=gap)[0]] = False
    return shapes[good]


def _mixed(shapes: Array, rng: np.random.Generator) -> Array:
    return without_overlaps(shapes[rng.permutation(len(shapes))], 1.0) if len(shapes) else shapes


def _bridges(site: Site) -> Array:
    """Return the bridges: where a street with its pavement crosses the water, from bank to bank."""
    town = site.town
    big = np.flatnonzero(town.rank <= 3)
    deck = shapely.buffer(town.roads[big], town.width[big] / 2.0 + site.pavement[big], cap_style="flat", quad_segs=2)
    # A road along the water is no bridge: only what crosses the centre line of the water is.
    over = shapely.buffer(town.rivers, town.river_width / 2.0 + 1.5, cap_style="flat", quad_segs=2)
    road, river = shapely.STRtree(town.rivers).query(town.roads[big], predicate="crosses")
    parts = shapely.get_parts(shapely.intersection(deck[road], over[river]))
    lines = shapely.union_all(town.rivers)
    good = (shapely.get_type_id(parts) == 3) & shapely.intersects(parts, lines) & (shapely.area(parts) > 40.0)
    limits = town.outline if town.beyond is None else town.beyond
    parts = shapely.set_precision(shapely.intersection(parts[good], limits), 0.001)
    return without_overlaps(parts[shapely.get_type_id(parts) == 3], 0.2)


def _pipe_bridges(site: Site, wanted: int, rng: np.random.Generator) -> Array:
    """Return pipes that cross the water from bank to bank."""
    xy, river, angle = at_banks(site, 50.0, rng)
    lines = site.town.rivers[river]
    at = shapely.line_locate_point(lines, shapely.points(xy))
    middle = shapely.get_coordinates(shapely.line_interpolate_point(lines, at))
    across = np.stack([-np.sin(angle), np.cos(angle)], axis=1) * (site.town.river_width[river] / 2.0 + 2.0)[:, None]
    shapes = shapely.set_precision(shapely.linestrings(np.stack([middle - across, middle + across], axis=1)), 0.001)
    good = shapely.contains(site.inside, shapes)
    good[site.carriage.query(shapes, predicate="dwithin", distance=4.0)[0]] = False
    return shapes[good]

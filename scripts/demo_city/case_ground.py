# SPDX-License-Identifier: GPL-2.0-or-later
"""The ground that cases happen on: components and open places of a whole city, gathered part by part.

A large city is never in memory as a whole: what cases need of each part (some 60 bytes a component, 50 bytes a place)
is taken with ``ground_of`` while the part is there, and put together with ``whole_ground``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from scripts.demo_city.areas import Areas
from scripts.demo_city.case_scale import case_stream
from scripts.demo_city.components import Components
from scripts.demo_city.places import Site, along_roads, at_banks, at_shops, inside_of

Array = Any
KINDS = ("street", "shop", "green", "water")
PER_PLACE = 45.0  # m² of green per place


@dataclass
class Ground:
    """Places of a part of a city, or of all of it: local metres, UTF-8 bytes."""

    component_xy: Array
    component_code: Array
    component_id: Array
    component_address: Array
    place_xy: Array
    place_kind: Array  # row of ``KINDS``
    place_address: Array

    def of_kind(self, kind: str) -> Array:
        """Return the rows of the places of a kind."""
        return np.flatnonzero(self.place_kind == KINDS.index(kind))


def ground_of(site: Site, components: Components, seed: int, part: int = 0) -> Ground:
    """Return the ground of a part of the city (``part`` is its number; 0 for a city in one piece)."""
    rng = case_stream(seed, "ground", part)
    half = site.town.width / 2.0 + 1.6
    street = along_roads(site, (1, 2, 3, 4), (1, -1), half, 25.0, 10.0, rng)[0]
    green = site.base.green.shapes
    if len(green):
        green = green[np.isin(site.base.green.column("kind"), ("公园", "绿地", "宅间绿地"))]
    many = int(shapely.area(green).sum() / PER_PLACE) if len(green) else 0
    shop = at_shops(site, rng) if (site.base.buildings.column("kind") == "商铺").any() else np.zeros((0, 2))
    bank = at_banks(site, 15.0, rng)[0] if len(site.town.rivers) else np.zeros((0, 2))
    xy = {
        "street": street[site.free(street)],
        "shop": shop[site.free(shop)],
        "green": inside_of(site, green, min(many, 4_000), rng),
        "water": bank,
    }
    place = np.concatenate([xy[kind] for kind in KINDS])
    kind = np.repeat(np.arange(len(KINDS), dtype=np.int8), [len(xy[name]) for name in KINDS])
    middle = shapely.get_coordinates(shapely.point_on_surface(components.geometry))
    return Ground(
        middle, components.code.astype("S4"), components.source_id.astype("S"), _bytes(components.note),
        place, kind, _bytes(_addresses(site, shapely.points(place))),
    )  # fmt: skip


def whole_ground(parts: Sequence[Ground]) -> Ground:
    """Put the ground of the parts together."""
    if len(parts) == 1:
        return parts[0]
    return Ground(*(np.concatenate(columns) for columns in zip(*(vars(part).values() for part in parts))))


def seat_of(areas: Areas, ground: Ground) -> Array:
    """Return where the centre sits: at the street place nearest to the middle of the town."""
    streets = ground.place_xy[ground.of_kind("street")]
    middle = shapely.get_coordinates(shapely.centroid(shapely.multipolygons(shapely.get_parts(areas.street))))[0]
    return np.round(streets[np.hypot(*(streets - middle).T).argmin()], 3)


def _addresses(site: Site, points: Array) -> list[str]:
    """Return the nearest street with its number; nothing beside a way without a name."""
    if not len(points):
        return []
    town = site.town
    road = site.nearest_road(points)
    whole = getattr(town, "whole", None)
    numbers = _numbers_along((town.roads if whole is None else whole)[road], points)
    return [f"{name}{n}号附近" if name else "" for name, n in zip(town.name[road].tolist(), numbers.tolist())]


def _numbers_along(lines: Array, points: Array) -> Array:
    """Return house numbers: one per four metres, odd on the left side."""
    along = shapely.line_locate_point(lines, points)
    here = shapely.get_coordinates(shapely.line_interpolate_point(lines, along))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(lines, along + 1.0))
    (dx, dy), (px, py) = (ahead - here).T, (shapely.get_coordinates(points) - here).T
    left = dx * py - dy * px > 0.0
    return 2 * (along // 8.0).astype(int) + np.where(left, 1, 2)


def _bytes(words: Any) -> Array:
    return np.array([str(word).encode() for word in words], dtype="S") if len(words) else np.array([], dtype="S1")

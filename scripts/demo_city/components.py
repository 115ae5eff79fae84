# SPDX-License-Identifier: GPL-2.0-or-later
"""Components of the demo city: points, lines and areas with the attributes of a census, without codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from scripts.demo_city.areas import Areas
from scripts.demo_city.basemap import BaseMap
from scripts.demo_city.classes import AREAS, BALANCE, LINES, POINTS, ComponentClass
from scripts.demo_city.config import COUNTY_CODE, Scale, stream
from scripts.demo_city.names import number_along
from scripts.demo_city.places import Site, along_roads, at_banks, at_gates, at_shops, corners, inside_of
from scripts.demo_city.shapes import areas_of, lines_of
from scripts.demo_city.streets import Town

Array = Any
BY_CODE = {kind.code: kind for kind in (*POINTS, *LINES, *AREAS)}
STATES, STATE_SHARES = ("完好", "破损", "丢失", "废弃"), (0.94, 0.044, 0.006, 0.01)


@dataclass
class Components:
    """All components in survey order (metres, local coordinates)."""

    geometry: Array
    source_id: Array
    code: Array
    community: Array
    state: Array
    first_on: Array
    data_source: Array
    note: Array

    @property
    def kind(self) -> Array:
        """Return 0 for points, 1 for lines, 3 for areas (the numbers of shapely's types)."""
        return shapely.get_type_id(self.geometry)


def build_components(town: Town, base: BaseMap, areas: Areas, scale: Scale, seed: int) -> tuple[Components, Components]:
    """Place the components; returns them and the few that an earlier census has coded."""
    rng = stream(seed, "components")
    site = Site(town, base, areas)
    factor = scale.components / sum(kind.share for kind in BY_CODE.values())
    geometries, codes = [], []
    for kind in (*LINES, *AREAS):
        wanted = max(1, round(kind.share * factor))
        shapes = (lines_of if kind in LINES else areas_of)(site, kind, wanted, rng)[:wanted]
        geometries.append(shapes)
        codes += [kind.code] * len(shapes)
    spare: list[Array] = []
    placed = {}
    for kind in POINTS:
        wanted = max(1, round(kind.share * factor))
        xy = places(site, kind, wanted, rng)
        if kind.code != BALANCE:
            if len(xy) > wanted + 40 and kind.rule in ("carriage", "kerb"):
                spare.append((kind.code, xy[wanted:]))
            xy = xy[:wanted]
        placed[kind.code] = xy
    rest = scale.components - len(codes) - sum(len(xy) for code, xy in placed.items() if code != BALANCE)
    placed[BALANCE] = placed[BALANCE][:rest]
    for kind in POINTS:
        geometries.append(shapely.points(np.round(placed[kind.code], 3)))
        codes += [kind.code] * len(placed[kind.code])
    found = np.concatenate(geometries)
    old_xy = np.concatenate([xy[rng.permutation(len(xy))[: 1 + scale.old_codes // len(spare)]] for _, xy in spare])
    old_code = np.concatenate([np.full(1 + scale.old_codes // len(spare), code, object) for code, _ in spare])
    old = shapely.points(np.round(old_xy[: scale.old_codes], 3))
    return (
        described(site, found, np.array(codes, object), "PC", rng),
        described(site, old, old_code[: scale.old_codes], "OLD", rng),
    )


def places(site: Site, kind: ComponentClass, wanted: int, rng: np.random.Generator) -> Array:
    """Return places for one class by its rule, best first."""
    if kind.rule in ("carriage", "gutter", "kerb", "tree", "pavement"):
        return _row(site, kind, wanted, rng)
    if kind.rule == "junction":
        return _mixed(corners(site, kind.ranks, rng), wanted, rng)
    if kind.rule == "shop":
        xy = at_shops(site, rng)
        return xy[site.free(xy)]
    if kind.rule == "gate":
        return at_gates(site, rng)
    if kind.rule == "bank":
        return rng.permutation(at_banks(site, 60.0, rng)[0])
    if kind.rule == "village":
        houses = site.base.buildings.shapes[site.base.buildings.column("kind") == "民房"]
        return inside_of(site, shapely.buffer(rng.permutation(houses)[: 4 * wanted + 40], 4.0), wanted, rng)
    layer = site.base.compounds if kind.rule == "compound" else site.base.green
    shapes = layer.shapes
    if kind.rule == "green":
        shapes = shapes[np.isin(layer.column("kind"), ("公园", "绿地", "宅间绿地"))]
        return inside_of(site, shapes, wanted, rng, power=0.35)
    return inside_of(site, shapes, wanted, rng)


def _row(site: Site, kind: ComponentClass, wanted: int, rng: np.random.Generator) -> Array:
    """Return a class's rows along streets, at closer spacing when the streets are too short for as many."""
    half, pavement = site.town.width / 2.0, site.pavement
    share = rng.uniform(0.12, 0.85)
    offset, sides, jitter = {
        "carriage": (half * share, (1,) if rng.random() < 0.5 else (-1,), 3.0),
        "gutter": (half - 0.35, (1, -1), 0.8),
        "kerb": (half + 0.55, (1, -1), 0.7),
        "tree": (half + 1.25, (1, -1), 0.25),
        "pavement": (half + 0.5 + pavement * rng.uniform(0.45, 0.85), (1, -1), kind.spacing * 0.2),
    }[kind.rule]
    spacing = kind.spacing
    for _ in range(5):
        xy, _, _ = along_roads(site, kind.ranks, sides, offset, spacing, jitter, rng)
        xy = xy + rng.normal(0.0, 0.12, xy.shape)
        xy = xy[site.free(xy, on_road=kind.rule in ("carriage", "gutter"))]
        if len(xy) >= wanted:
            break
        spacing *= 0.7
    if kind.share < 130:  # what is rare is spread over the town, not set up row by row
        xy = rng.permutation(xy)
    return xy


def _mixed(xy: Array, wanted: int, rng: np.random.Generator) -> Array:
    """Return the first places in a mixed order, so that every junction has its share."""
    head = xy[: max(wanted * 2, 1)]
    return np.concatenate([rng.permutation(head), xy[len(head) :]])


def described(site: Site, shapes: Array, code: Array, prefix: str, rng: np.random.Generator) -> Components:
    """Put components in survey order (community by community, row by row of 100 m squares) and describe them."""
    middle = shapely.point_on_surface(shapes)
    community = site.areas.community_of(middle)
    inside = community >= 0
    shapes, code, middle, community = shapes[inside], code[inside], middle[inside], community[inside]
    xy = shapely.get_coordinates(middle)
    square = np.floor(xy / 100.0).astype(int)
    order = np.lexsort((code.astype(str), xy[:, 0], square[:, 0], square[:, 1], community))
    shapes, code, middle, community = shapes[order], code[order], middle[order], community[order]
    count = len(shapes)
    begin = np.datetime64("2013-09-02") + community * 19
    days = begin + (rng.random(count) * 19).astype(int)
    road = site.nearest_road(middle)
    whole = site.town.roads if site.town.whole is None else site.town.whole
    notes = [
        f"{site.town.name[r]}{number_along(whole[r], point)}号附近" if site.town.name[r] else ""
        for r, point in zip(road, middle)
    ]
    return Components(
        geometry=shapes,
        source_id=np.array([f"{prefix}{number:07d}" for number in range(1, count + 1)], object),
        code=code,
        community=community,
        state=np.array(STATES, object)[rng.choice(4, count, p=STATE_SHARES)],
        first_on=np.array([str(day).replace("-", "") for day in days], object),
        data_source=np.where(rng.random(count) < 0.8, "实测", "地形图").astype(object),
        note=np.array(notes, object),
    )


def old_codes(old: Components) -> Array:
    """Return valid 16-digit codes (6 county + 4 class + 6 serial) for components of an earlier census."""
    serial: dict[str, int] = {}
    codes = []
    for kind in old.code:
        serial[kind] = serial.get(kind, 0) + 1
        codes.append(f"{COUNTY_CODE}{kind}{serial[kind]:06d}")
    return np.array(codes, object)

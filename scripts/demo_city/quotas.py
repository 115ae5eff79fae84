# SPDX-License-Identifier: GPL-2.0-or-later
"""Components of one community in an exact number: what a rule cannot place, the street trees and others make up for."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from scripts.demo_city.classes import AREAS, LINES, POINTS, ComponentClass
from scripts.demo_city.components import BY_CODE, Components, described, places
from scripts.demo_city.config import stream
from scripts.demo_city.places import Site
from scripts.demo_city.shapes import areas_of, lines_of

Array = Any
NEEDS = {"bank": "rivers", "bank_rail": "rivers", "pipe_bridge": "rivers", "bridge": "rivers", "quay": "rivers",
         "gate": "gates", "compound": "compounds", "parking": "compounds", "green": "green", "fence": "green",
         "shop": "商铺", "village": "民房", "pipe": "住宅"}  # fmt: skip
FILLERS = ("0402", "0404", "0104", "0305", "0137")  # classes that take what is missing, in this order
MAIN = {1: 1.5, 2: 1.35, 3: 1.1, 4: 0.8, 5: 0.15}  # how much a metre of street of a rank carries


def room_for(zone: Any, roads: Array, rank: Array, rivers: Array) -> float:
    """Return a figure for how much a community can carry: its streets by their rank, its land and its banks."""
    length = shapely.length(shapely.intersection(roads, zone))
    weight = np.array([MAIN[int(number)] for number in rank])
    banks = float(shapely.length(shapely.intersection(rivers, zone)).sum())
    return float((length * weight).sum() + 0.0035 * zone.area + 0.3 * banks)


def build_share(site: Site, count: int, old: int, seed: tuple[int, ...]) -> tuple[Components, Components]:
    """Place components in one community.

    Parameters
    ----------
    site : Site
        The community, built up.
    count, old : int
        How many are wanted, and how many of an earlier census besides.
    seed : tuple of int
        The city's seed and the number of the community.

    Returns
    -------
    components, old
        Fewer than wanted where there is no more room.
    """
    rng = stream(seed, "components")
    factor = count / sum(kind.share for kind in (*POINTS, *LINES, *AREAS))
    shapes: list[Array] = [np.array([], object)]
    codes: list[str] = []
    for kind in (*LINES, *AREAS):
        wanted = _rounded(kind.share * factor, rng)
        if wanted and _possible(site, kind):
            found = (lines_of if kind in LINES else areas_of)(site, kind, wanted, rng)
            found = found[_own(site, found)][:wanted] if len(found) else found
            shapes.append(found)
            codes += [kind.code] * len(found)
    placed, spare = _points(site, factor, rng)
    _fill(site, count - len(codes), placed, spare, rng)
    for code, xy in placed.items():
        shapes.append(shapely.points(xy))
        codes += [code] * len(xy)
    before = [(code, point) for code in FILLERS for point in spare.get(code, [])[:old]][:: len(FILLERS)][:old]
    return (
        described(site, np.concatenate(shapes), np.array(codes, object), "PC", rng),
        described(site, shapely.points([p for _, p in before]) if before else np.array([], object),
                   np.array([code for code, _ in before], object), "OLD", rng),
    )  # fmt: skip


def _points(site: Site, factor: float, rng: np.random.Generator) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return the places taken by each class of points, and those that its rule leaves over."""
    placed, spare = {}, {}
    for kind in POINTS:
        wanted = _rounded(kind.share * factor, rng)
        if wanted and _possible(site, kind):
            xy = np.round(places(site, kind, wanted, rng), 3)
            placed[kind.code], spare[kind.code] = xy[:wanted], xy[wanted:]
    return placed, spare


def _fill(site: Site, count: int, placed: dict[str, Array], spare: dict[str, Array], rng: np.random.Generator) -> None:
    """Let the filling classes take or give what makes the number of points come out right."""
    missing = count - sum(map(len, placed.values()))
    for code in FILLERS:
        over = min(max(0, -missing), len(placed.get(code, [])))
        if over:
            placed[code], missing = placed[code][:-over], missing + over
    for code in FILLERS:
        kind = BY_CODE[code]
        if missing <= 0 or not _possible(site, kind):
            continue
        placed.setdefault(code, np.zeros((0, 2)))
        if len(spare.get(code, [])) < missing:
            more = np.round(places(site, kind, len(placed[code]) + missing, rng), 3)
            spare[code] = _apart(more, placed[code])
        taken, spare[code] = spare[code][:missing], spare[code][missing:]
        placed[code] = np.concatenate([placed[code], taken])
        missing -= len(taken)


def _rounded(value: float, rng: np.random.Generator) -> int:
    """Round up or down by chance, so that rare classes come out right over all communities."""
    return int(value + rng.random())


def _possible(site: Site, kind: ComponentClass) -> bool:
    """Return whether a community has what the rule of a class needs."""
    need = NEEDS.get(kind.rule)
    if need is None:
        return bool(np.isin(site.town.rank, kind.ranks).any())
    if need == "rivers":
        return len(site.town.rivers) > 0
    if need in ("商铺", "民房", "住宅"):
        return bool((site.base.buildings.column("kind") == need).any())
    if need == "green":
        return bool(np.isin(site.base.green.column("kind"), ("公园", "绿地", "宅间绿地")).any())
    return len(getattr(site.base, need).geometry) > 0


def _own(site: Site, shapes: Array) -> Array:
    """Return which shapes belong here: a bridge over the edge is that of the community where its middle lies."""
    return shapely.contains(site.town.outline, shapely.point_on_surface(shapes))


def _apart(xy: Array, taken: Array) -> Array:
    """Return the places that are at least 0.8 m from those taken."""
    if not len(xy) or not len(taken):
        return xy
    near = shapely.STRtree(shapely.points(taken)).query(shapely.points(xy), predicate="dwithin", distance=0.8)[0]
    good = np.ones(len(xy), bool)
    good[near] = False
    return xy[good]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Where cases happen and what they are about: at components, at places where things recur, and anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from scripts.demo_city.components import BY_CODE, Components
from scripts.demo_city.config import Scale
from scripts.demo_city.matters import COMPONENT_SHARES, EVENTS, conditions_of
from scripts.demo_city.places import Site, along_roads, at_banks, at_shops, inside_of

Array = Any
COMPONENT_SHARE = 0.25
RECURRING_SHARE = 0.30  # of all cases
NOISE = 3.0  # m: a case lies at most this far from its component
SPREAD = 7.0  # m: standard deviation about a recurring place


@dataclass
class Subjects:
    """Place and matter of each case, in no order of time; ``-1`` where there is no component or recurring place."""

    xy: Array
    component: Array
    recurring: Array
    is_component: Array
    code: Array
    name: Array
    condition: Array
    limit: Array
    unit: Array
    department: Array
    places: RecurringPlaces


@dataclass
class RecurringPlaces:
    """The truth about places where things recur."""

    xy: Array
    matter: Array


def build_subjects(site: Site, components: Components, scale: Scale, rng: np.random.Generator) -> Subjects:
    """Draw place and matter of all cases."""
    count = scale.cases
    n_component = round(count * COMPONENT_SHARE)
    n_recurring = round(count * RECURRING_SHARE)
    pools = _Pools(site, rng)
    places = _recurring_places(pools, scale.recurring_places, rng)

    component = np.full(count, -1)
    recurring = np.full(count, -1)
    component[:n_component] = _hit_components(components, n_component, rng)
    strength = rng.gamma(1.6, 1.0, scale.recurring_places) + 0.15
    recurring[n_component : n_component + n_recurring] = rng.choice(
        scale.recurring_places, n_recurring, p=strength / strength.sum()
    )
    share = np.array([matter.share for matter in EVENTS])
    matter = rng.choice(len(EVENTS), count, p=share / share.sum())
    matter[recurring >= 0] = places.matter[recurring[recurring >= 0]]

    xy = np.zeros((count, 2))
    hit = component >= 0
    at = shapely.get_coordinates(shapely.point_on_surface(components.geometry[component[hit]]))
    angle, far = rng.uniform(0.0, 2.0 * np.pi, len(at)), NOISE * np.sqrt(rng.random(len(at)))
    xy[hit] = at + np.stack([np.cos(angle), np.sin(angle)], axis=1) * far[:, None]
    again = recurring >= 0
    xy[again] = places.xy[recurring[again]] + np.clip(rng.normal(0.0, SPREAD, (int(again.sum()), 2)), -18.0, 18.0)
    for number, event in enumerate(EVENTS):
        here = np.flatnonzero(~hit & ~again & (matter == number))
        xy[here] = pools.take(event.place, len(here))
    xy = _back_inside(site, xy)

    chosen = [_component_matter(components.code[row], rng) if row >= 0 else None for row in component]
    events = [EVENTS[number] for number in matter]
    return Subjects(
        xy=np.round(xy, 3),
        component=component,
        recurring=recurring,
        is_component=hit,
        code=np.array([components.code[r] if c else e.code for r, c, e in zip(component, chosen, events)], object),
        name=np.array([c[0] if c else e.name for c, e in zip(chosen, events)], object),
        condition=np.array([c[1] if c else e.condition for c, e in zip(chosen, events)], object),
        limit=np.array([c[2] if c else e.limit for c, e in zip(chosen, events)]),
        unit=np.array([c[3] if c else e.unit for c, e in zip(chosen, events)], object),
        department=np.array([c[4] if c else e.department for c, e in zip(chosen, events)], object),
        places=places,
    )


class _Pools:
    """Mixed places by kind, taken one after the other and from the start again when used up."""

    def __init__(self, site: Site, rng: np.random.Generator) -> None:
        half = site.town.width / 2.0 + 1.6
        street = along_roads(site, (1, 2, 3, 4), (1, -1), half, 25.0, 10.0, rng)[0]
        green = site.base.green.shapes[np.isin(site.base.green.column("kind"), ("公园", "绿地", "宅间绿地"))]
        shop = at_shops(site, rng)
        self.pools = {
            "street": rng.permutation(street[site.free(street)]),
            "shop": rng.permutation(shop[site.free(shop)]),
            "green": inside_of(site, green, 400, rng),
            "water": rng.permutation(at_banks(site, 15.0, rng)[0]),
        }
        self.used = dict.fromkeys(self.pools, 0)

    def take(self, kind: str, count: int) -> Array:
        """Return the next places of a kind."""
        pool = self.pools[kind]
        rows = (self.used[kind] + np.arange(count)) % len(pool)
        self.used[kind] += count
        return pool[rows]


def _recurring_places(pools: _Pools, count: int, rng: np.random.Generator) -> RecurringPlaces:
    """Draw the places where things recur, each with its class, at least 60 m apart."""
    share = np.array([matter.share if matter.recurs else 0.0 for matter in EVENTS])
    matter = rng.choice(len(EVENTS), count, p=share / share.sum())
    xy: list[Array] = []
    for number in matter:
        for _ in range(50):
            place = pools.take(EVENTS[number].place, 1)[0]
            if not xy or np.hypot(*(np.array(xy) - place).T).min() > 60.0:
                break
        xy.append(place)
    return RecurringPlaces(np.array(xy), matter)


def _hit_components(components: Components, count: int, rng: np.random.Generator) -> Array:
    """Draw components by the share of their class; a few are hit again and again."""
    weight = np.array([COMPONENT_SHARES.get(code, 0.02) for code in components.code])
    weight = weight / weight.sum()
    often = rng.choice(len(weight), max(3, count // 25), replace=False, p=weight)
    rows = rng.choice(len(weight), count, p=weight)
    again = rng.random(count) < 0.18
    rows[again] = rng.choice(often, int(again.sum()))
    return rows


def _component_matter(code: str, rng: np.random.Generator) -> tuple[str, str, int, str, str]:
    """Return class name, condition, limit, unit and department of a case at a component."""
    conditions = conditions_of(code)
    pick = conditions[int(rng.choice(len(conditions), p=[c[3] for c in conditions]))]
    kind = BY_CODE[code]
    return kind.name, pick[0], pick[1], pick[2], kind.owner or kind.manager


def _back_inside(site: Site, xy: Array) -> Array:
    """Move places that noise has pushed over the edge of the town back inside."""
    points = shapely.points(xy)
    out = ~shapely.contains(site.inside, points)
    if out.any():
        room = shapely.buffer(site.inside, -0.5)
        xy[out] = shapely.get_coordinates(shapely.shortest_line(room, points[out]))[::2]
    return xy

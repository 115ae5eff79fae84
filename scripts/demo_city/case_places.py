# SPDX-License-Identifier: GPL-2.0-or-later
"""Where cases happen and what they are about: at components, at places where things recur, and anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from scripts.demo_city.areas import Areas
from scripts.demo_city.case_ground import KINDS, Ground
from scripts.demo_city.case_plan import HUNG, OPEN, Plan
from scripts.demo_city.case_rhythm import GROUP, STORM, STORM_COMPONENTS, Weather, matter_shares, month_of
from scripts.demo_city.case_scale import COMPONENT_SHARE, RECURRING_SHARE, CaseScale, case_stream
from scripts.demo_city.case_spots import Spots, build_spots, spot_of
from scripts.demo_city.components import BY_CODE
from scripts.demo_city.matters import COMPONENT_SHARES, CONDITIONS, EVENTS, LASTING, UNITS, condition_group

Array = Any
NOISE = 3.0  # m: a case lies at most this far from its component
SPREAD = 7.0  # m: standard deviation about a recurring place
_EVENT_UNIT = np.array([UNITS.index(event.unit) for event in EVENTS], dtype=np.int8)
_EVENT_LIMIT = np.array([event.limit for event in EVENTS])
_PLACE = np.array([KINDS.index(event.place) for event in EVENTS], dtype=np.int8)
_LASTING = np.array([row for row, event in enumerate(EVENTS) if event.code in LASTING])
_SHARES = matter_shares()


def _words(name: str) -> Array:
    return np.array([getattr(event, name) for event in EVENTS], object)


@dataclass
class Subjects:
    """Place and matter of each case; ``-1`` where there is no component or recurring place."""

    xy: Array
    address: Array  # UTF-8
    component: Array
    recurring: Array
    code: Array
    name: Array
    condition: Array
    limit: Array
    unit: Array  # row of ``matters.UNITS``
    department: Array

    def rows(self, rows: Array) -> Subjects:
        """Return the subjects of some cases."""
        return Subjects(*(column[rows] for column in vars(self).values()))

    def put(self, rows: Array, other: Subjects) -> None:
        """Give some cases other subjects."""
        for name, column in vars(self).items():
            theirs = getattr(other, name)
            if column.dtype.kind == "S" and theirs.dtype.itemsize > column.dtype.itemsize:
                column = column.astype(theirs.dtype)
                setattr(self, name, column)
            column[rows] = theirs


class Stage:
    """The city as cases see it: drawn once, then asked batch by batch."""

    def __init__(self, ground: Ground, areas: Areas, scale: CaseScale, weather: Weather, seed: int) -> None:
        rng = case_stream(seed, "spots")
        self.ground, self.areas, self.weather = ground, areas, weather
        self.pools = [ground.of_kind(kind) for kind in KINDS]
        self.spots: Spots = build_spots(ground, self.pools, scale, rng)
        self.codes, row = np.unique(ground.component_code, return_inverse=True)
        self.row = row.astype(np.int16)
        self.class_code = self.codes.astype(str).astype(object)
        self.total = []
        for storm in (False, True):
            factor = [STORM_COMPONENTS.get(code, 1.0) if storm else 1.0 for code in self.class_code]
            weight = np.array([COMPONENT_SHARES.get(code, 0.02) for code in self.class_code]) * factor
            total = np.cumsum(weight[self.row])
            self.total.append(total / total[-1])
        often = max(3, round(scale.reports * COMPONENT_SHARE) // 25)
        self.often = np.unique(np.searchsorted(self.total[0], rng.random(often), side="right"))
        kinds = [BY_CODE[code] for code in self.class_code]
        self.class_name = np.array([kind.name for kind in kinds], object)
        self.department = np.array([kind.owner or kind.manager for kind in kinds], object)
        self.group = np.array([condition_group(code) for code in self.class_code])

    def subjects(self, plan: Plan, rng: np.random.Generator, once: bool = False) -> Subjects:
        """Draw place and matter of a batch of cases; ``once``: at no place or component that sees things recur."""
        count = len(plan)
        state, month = self.weather.of(plan.reported), month_of(plan.reported)
        draw = rng.random(count)
        hit = draw < COMPONENT_SHARE
        last = np.isin(plan.role, (HUNG, OPEN))
        again = ~hit & (draw < COMPONENT_SHARE + RECURRING_SHARE) & ~last & (not once)
        component, recurring = np.full(count, -1), np.full(count, -1)
        component[hit] = self._components(state[hit] == STORM, last[hit] | once, rng)
        recurring[again] = spot_of(self.spots, plan.reported[again], self.weather, rng)
        again = recurring >= 0
        total = _SHARES[GROUP[plan.source], state, month]
        matter = (rng.random(count)[:, None] > total).sum(axis=1)
        hung = plan.role == HUNG
        matter[hung] = _LASTING[rng.integers(0, len(_LASTING), int(hung.sum()))]
        matter[again] = self.spots.matter[recurring[again]]
        xy, address = self._places(component, recurring, matter, rng)
        return self._described(component, recurring, matter, xy, address, rng)

    def _components(self, storm: Array, once: Array, rng: np.random.Generator) -> Array:
        """Draw components by the share of their class; a few are hit again and again."""
        draw, again = rng.random(len(storm)), (rng.random(len(storm)) < 0.18) & ~once
        calm, rough = (np.searchsorted(total, draw, side="right") for total in self.total)
        rows = np.where(storm, rough, calm)
        return np.where(again & ~storm, self.often[rng.integers(0, len(self.often), len(storm))], rows)

    def _places(
        self, component: Array, recurring: Array, matter: Array, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Return where the cases are and their addresses: those of the component or place that they happen at."""
        count, ground = len(component), self.ground
        hit, again = component >= 0, recurring >= 0
        place = np.full(count, -1)
        place[again] = self.spots.place[recurring[again]]
        for number, pool in enumerate(self.pools):
            here = np.flatnonzero(~hit & ~again & (_PLACE[matter] == number))
            place[here] = pool[rng.integers(0, len(pool), len(here))]
        base = np.where(hit[:, None], ground.component_xy[component], ground.place_xy[place])
        address = np.where(hit, ground.component_address[component], ground.place_address[place])
        angle, far = rng.uniform(0.0, 2.0 * np.pi, count), NOISE * np.sqrt(rng.random(count))
        step = np.stack([np.cos(angle), np.sin(angle)], axis=1) * far[:, None]
        spread = np.clip(rng.normal(0.0, SPREAD, (count, 2)), -18.0, 18.0)
        xy = np.round(base + np.where(again[:, None], spread, step), 3)
        out = self.areas.community_of(shapely.points(xy)) < 0
        xy[out] = np.round(base[out], 3)
        return xy, address

    def _described(
        self, component: Array, recurring: Array, matter: Array, xy: Array, address: Array, rng: np.random.Generator
    ) -> Subjects:
        subject = Subjects(
            xy, address, component, recurring, _words("code")[matter], _words("name")[matter],
            _words("condition")[matter], _EVENT_LIMIT[matter], _EVENT_UNIT[matter], _words("department")[matter],
        )  # fmt: skip
        hit = np.flatnonzero(component >= 0)
        row = self.row[component[hit]]
        subject.code[hit], subject.name[hit] = self.class_code[row], self.class_name[row]
        subject.department[hit] = self.department[row]
        draw = rng.random(len(hit))
        for number, conditions in enumerate(CONDITIONS):
            here = self.group[row] == number
            pick = np.searchsorted(np.cumsum([share for *_, share in conditions])[:-1], draw[here], side="right")
            words, limits, units, _ = zip(*conditions)
            rows = hit[here]
            subject.condition[rows] = np.array(words, object)[pick]
            subject.limit[rows] = np.array(limits)[pick]
            subject.unit[rows] = np.array([UNITS.index(unit) for unit in units])[pick]
        return subject

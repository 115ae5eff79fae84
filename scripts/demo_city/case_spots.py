# SPDX-License-Identifier: GPL-2.0-or-later
"""Places where things recur: the stubborn ones all the time, others from a day on, until a day, or in a season."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from scripts.demo_city.case_ground import KINDS, Ground
from scripts.demo_city.case_rhythm import Weather, month_of, season_factors, weather_factors
from scripts.demo_city.case_scale import CaseScale
from scripts.demo_city.matters import EVENTS
from scripts.demo_city.worktime import DAY

Array = Any
APART = 60.0  # m between two places
STUBBORN, STEADY, COMING, GOING = range(4)
HABITS = ("stubborn", "steady", "coming", "going")
_SHARES = (0.08, 0.52, 0.2, 0.2)
_STRENGTH = 3.5  # of a stubborn place against a steady one
WEEK = 7 * DAY


@dataclass
class Spots:
    """The truth about places where things recur; times in seconds after ``worktime.FIRST``."""

    place: Array  # row of the ground's places
    xy: Array
    matter: Array
    habit: Array
    strength: Array
    since: Array
    until: Array


def build_spots(ground: Ground, pools: Sequence[Array], scale: CaseScale, rng: np.random.Generator) -> Spots:
    """Draw the places, each with its class, habit and strength."""
    count = scale.recurring_places
    share = np.array([matter.share if matter.recurs else 0.0 for matter in EVENTS])
    matter = rng.choice(len(EVENTS), count, p=share / share.sum())
    habit = rng.choice(len(HABITS), count, p=_SHARES)
    habit[: max(2, count // 50)] = STUBBORN
    strength = rng.gamma(1.6, 1.0, count) + 0.15
    strength = np.where(habit == STUBBORN, (strength + 1.0) * _STRENGTH, strength)
    turn = rng.uniform(0.3, 0.7, count) * (scale.end - scale.begin) + scale.begin
    since = np.where(habit == COMING, turn, scale.begin).astype(np.int64) // DAY * DAY
    until = np.where(habit == GOING, turn, scale.end).astype(np.int64) // DAY * DAY
    place = _apart(ground, pools, matter, rng)
    return Spots(place, ground.place_xy[place], matter, habit, strength, since, until)


def _apart(ground: Ground, pools: Sequence[Array], matter: Array, rng: np.random.Generator) -> Array:
    """Draw a place per matter, at least ``APART`` from the others where the town has room."""
    place = np.zeros(len(matter), dtype=np.int64)
    missing = np.arange(len(matter))
    kinds = np.array([KINDS.index(EVENTS[number].place) for number in matter])
    for _ in range(40):
        for kind in np.unique(kinds[missing]):
            rows, pool = missing[kinds[missing] == kind], pools[kind]
            place[rows] = pool[rng.integers(0, len(pool), len(rows))]
        points = shapely.points(ground.place_xy[place])
        one, other = shapely.STRtree(points).query(points, predicate="dwithin", distance=APART)
        missing = np.unique(np.maximum(one, other)[one != other])
        if not len(missing):
            break
    return place


def spot_of(spots: Spots, at: Array, weather: Weather, rng: np.random.Generator) -> Array:
    """Return a place for each moment: by strength, season and weather, among those that are alive in that week."""
    season, wet = season_factors()[:, spots.matter], weather_factors()[:, spots.matter]
    result = np.full(len(at), -1)
    draw = rng.random(len(at))
    group = at // WEEK * 3 + weather.of(at)
    for number in np.unique(group):
        here = np.flatnonzero(group == number)
        begin, state = divmod(int(number), 3)
        begin *= WEEK
        month = int(month_of(np.array([begin]))[0])
        alive = (spots.since < begin + WEEK) & (spots.until > begin)
        total = np.cumsum(spots.strength * season[month] * wet[state] * alive)
        result[here] = np.searchsorted(total, draw[here] * total[-1], side="right")
    wrong = (at < spots.since[result]) | (at >= spots.until[result])  # of the week of its first or last day
    result[wrong] = -1
    return result

# SPDX-License-Identifier: GPL-2.0-or-later
"""When cases are reported and what the season and the weather make of them: shares, all made up but plausible.

Collectors work by day, fewer of them at weekends; citizens call in the evening, too, and after a storm. Rain and storms
come in spells (a chain of days by month); they bring standing water, fallen trees and broken covers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scripts.demo_city.case_scale import case_stream
from scripts.demo_city.matters import EVENTS, SOURCES
from scripts.demo_city.worktime import DAY, FIRST, WORKDAY

Array = Any
HOUR = 3_600
FAIR, RAIN, STORM = range(3)
WEATHER = ("晴", "雨", "暴雨大风")
# By month January … December: share of days on which rain begins, and of rain days that are storms.
_RAIN = np.array([0.16, 0.2, 0.22, 0.22, 0.24, 0.34, 0.34, 0.3, 0.24, 0.16, 0.16, 0.14])
_STORMS = np.array([0.02, 0.02, 0.05, 0.06, 0.08, 0.16, 0.24, 0.28, 0.2, 0.06, 0.02, 0.02])

# Sources in three groups: those on duty (collectors, superiors), the public, cameras.
DUTY, PUBLIC, CAMERA = range(3)
GROUP = np.array([{"公众举报": PUBLIC, "微信": PUBLIC, "媒体曝光": PUBLIC, "视频监控": CAMERA}.get(name, DUTY)
                  for name, _ in SOURCES])  # fmt: skip
_HOURS = np.array([
    [0, 0, 0, 0, 0, 0, 1, 6, 12, 15, 12, 6, 2, 4, 11, 13, 10, 6, 2, 1, 0.5, 0.2, 0.05, 0],
    [0.4, 0.2, 0.1, 0.1, 0.2, 0.6, 1.5, 4, 8, 9, 8, 6, 4, 5, 6, 7, 7, 7, 7, 8, 7, 5, 2, 1],
    [1, 0.8, 0.6, 0.6, 0.8, 1.5, 3, 6, 8, 8, 8, 7, 5, 6, 7, 8, 8, 7, 5, 4, 3, 2.5, 2, 1.5],
])  # fmt: skip
_DAY_OFF = (0.5, 0.85, 0.8)  # against a workday
_WEATHER_FACTOR = np.array([[1.0, 0.85, 0.7], [1.0, 1.15, 2.3], [1.0, 0.9, 0.9]])
_AFTERMATH = (1.25, 1.5, 1.0)  # the day after a storm

# Season: January … December. What is not listed is even.
_WARM = (0.2, 0.2, 0.5, 0.9, 1.4, 1.8, 2.0, 2.0, 1.5, 0.9, 0.4, 0.2)
SEASONS = {
    "0129": _WARM,  # barbecues
    "0125": (0.5, 0.5, 0.7, 1.0, 1.2, 1.5, 1.6, 1.5, 1.2, 0.9, 0.7, 0.5),  # water plants
    "0118": (0.6, 0.8, 1.5, 1.2, 0.8, 0.8, 0.8, 0.8, 0.9, 1.4, 1.8, 1.2),  # pruning
    "0112": (0.8, 0.7, 0.8, 0.9, 0.9, 0.9, 0.9, 0.9, 1.0, 1.3, 1.9, 1.4),  # leaves
    "0107": (0.7, 0.6, 0.9, 1.2, 1.2, 0.8, 1.0, 1.1, 1.1, 1.2, 1.1, 0.9),
    "0110": (0.9, 1.0, 0.9, 0.9, 1.0, 1.1, 1.2, 1.2, 1.1, 0.9, 0.9, 0.9),
    "0401": (0.9, 0.7, 1.0, 1.1, 1.2, 1.1, 1.1, 1.1, 1.1, 1.0, 0.9, 0.8),  # hawkers
    "0201": (1.1, 0.7, 1.3, 1.1, 0.9, 0.9, 0.9, 1.1, 1.2, 1.0, 0.9, 1.0),  # bills: jobs and schools
    "0128": (1.3, 1.3, 0.8, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.1, 0.9, 1.1),  # loudspeakers before the Spring Festival
    "0304": (1.1, 0.6, 1.1, 1.2, 1.1, 0.8, 0.9, 0.9, 1.0, 1.2, 1.2, 1.2),
}
RAINY = {  # rain, storm
    "0506": (4.0, 30.0), "0130": (1.6, 5.0), "0113": (1.2, 1.8), "0401": (0.6, 0.25), "0406": (0.6, 0.25),
    "0107": (0.2, 0.05), "0304": (0.2, 0.05), "0129": (0.3, 0.05), "0405": (0.8, 0.5), "0118": (1.0, 3.0),
    "0203": (1.0, 2.0), "0112": (1.0, 1.6),
}  # fmt: skip
_BY_GROUP = {"0128": (0.6, 3.0, 0.0), "0129": (0.8, 2.0, 0.6), "0130": (0.8, 2.0, 0.5), "0101": (0.8, 2.2, 0.3),
             "0409": (0.9, 1.4, 2.0), "0201": (1.2, 0.3, 0.1)}  # fmt: skip
# Classes of components that a storm hits: street trees, covers, gullies, lamps, signs.
STORM_COMPONENTS = {"0402": 14.0, "0403": 14.0, "0404": 5.0, "0102": 2.5, "0103": 3.0, "0104": 4.0, "0137": 2.0,
                    "0210": 1.8, "0306": 3.0}  # fmt: skip


@dataclass(frozen=True)
class Weather:
    """The weather of each day after ``worktime.FIRST``."""

    state: Array

    def of(self, seconds: Array) -> Array:
        """Return the weather at some moments."""
        return self.state[np.asarray(seconds) // DAY]


def build_weather(seed: int) -> Weather:
    """Draw the weather: a day after rain is rainy more often than one after fair weather."""
    rng = case_stream(seed, "weather")
    months = month_of(np.arange(len(WORKDAY)) * DAY)
    draw, heavy = rng.random((2, len(WORKDAY)))
    state = np.zeros(len(WORKDAY), dtype=np.int8)
    for day, month in enumerate(months):
        wet = _RAIN[month] + (0.28 if day and state[day - 1] else 0.0)
        if draw[day] < wet:
            state[day] = STORM if heavy[day] < _STORMS[month] else RAIN
    return Weather(state)


def month_of(seconds: Array) -> Array:
    """Return months 0 … 11."""
    days = FIRST + np.asarray(seconds) // DAY
    return days.astype("datetime64[M]").astype(np.int64) % 12


def report_times(begin: int, end: int, last: bool, source: Array, weather: Weather, rng: Any) -> Array:
    """Return a moment of report per source, in no order; in time for a filing within the span."""
    day = np.arange(begin // DAY, end // DAY)
    state = weather.state[day]
    after = np.zeros(len(day), bool)
    after[1:] = state[:-1] == STORM
    mood = rng.uniform(0.8, 1.2, len(day))
    festival = _spring_festival(day)
    times = np.empty(len(source), dtype=np.int64)
    for group in (DUTY, PUBLIC, CAMERA):
        here = np.flatnonzero(GROUP[source] == group)
        weight = np.where(WORKDAY[day], 1.0, _DAY_OFF[group]) * mood * _WEATHER_FACTOR[group][state]
        weight = weight * np.where(after, _AFTERMATH[group], 1.0) * np.where(festival, 0.4, 1.0)
        hours = _HOURS[group] / _HOURS[group].sum()
        picked = rng.choice(day, len(here), p=weight / weight.sum()) * DAY
        times[here] = picked + rng.choice(24, len(here), p=hours) * HOUR + rng.integers(0, HOUR, len(here))
    latest = end - (7 if last else 8) * HOUR
    return np.minimum(times, latest - rng.integers(0, 2 * HOUR, len(times)))


def _spring_festival(day: Array) -> Array:
    dates = FIRST + day
    result = np.zeros(len(day), bool)
    for first in ("2015-02-17", "2016-02-06"):
        begin = np.datetime64(first)
        result |= (dates >= begin) & (dates < begin + 7)
    return result


def season_factors() -> Array:
    """Return the factor of each event by month (rows) for the matters (columns)."""
    return np.array([SEASONS.get(matter.code, (1.0,) * 12) for matter in EVENTS]).T


def weather_factors() -> Array:
    """Return the factor of each event by weather (rows) for the matters (columns)."""
    return np.array([(1.0, *RAINY.get(matter.code, (1.0, 1.0))) for matter in EVENTS]).T


def matter_shares() -> Array:
    """Return cumulated shares of the events by group of source, weather and month: array (3, 3, 12, matters)."""
    share = np.array([matter.share for matter in EVENTS])
    group = np.array([_BY_GROUP.get(matter.code, (1.0, 1.0, 1.0)) for matter in EVENTS]).T
    weight = group[:, None, None, :] * weather_factors()[None, :, None, :] * season_factors()[None, None, :, :] * share
    total = np.cumsum(weight, axis=3)
    return total / total[..., -1:]

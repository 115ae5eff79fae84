# SPDX-License-Identifier: GPL-2.0-or-later
"""A million due times with pauses and extensions, lamps, and a million cases each given to who answers for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.cases.borders import Borders
from digital_citymgmt_plugin.core.cases.clock import deadlines
from digital_citymgmt_plugin.core.cases.duty import Responsibility
from digital_citymgmt_plugin.core.cases.lamps import lamps, shares
from digital_citymgmt_plugin.core.cases.workhours import parse_hours, parse_period
from digital_citymgmt_plugin.core.cases.worktime import WorkCalendar
from digital_citymgmt_plugin.core.codes import COMPONENT, UNIT_GRID, scheme_of
from digital_citymgmt_plugin.core.profile import EVENT, Department, Profile, ResponsibilityRule
from digital_citymgmt_plugin.storage.holidays import published_days
from scripts.benchmarks.importcomponents import figure

CASES = 1_000_000
ZONE = "Asia/Shanghai"
UNITS = np.array(["emergency_hour", "calendar_day", "work_hour", "work_day"], dtype=object)
_DAY = 86_400_000
_SIDE = 70  # grids across: 4,900, as many as a large city has


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.process_time()  # of one core: a machine may be shared
    found = work()
    return found, time.process_time() - began


def _ms(lot: np.random.Generator, most: int, count: int) -> np.ndarray:
    return lot.integers(1, most, count).astype("timedelta64[ms]")


def clock_figures(cases: int = CASES) -> list[dict[str, Any]]:
    """Time due times (three in ten cases paused, one in ten extended) and the lamps of all of them."""
    lot = np.random.default_rng(2014)
    days, years = published_days()
    summer = [(first, last, parse_hours("08:00-12:00, 15:00-18:30")) for first, last in parse_period("06-01", "09-30")]
    calendar = WorkCalendar(published=days, years=years, periods=tuple(summer))
    start = np.datetime64("2014-01-01", "ms") + _ms(lot, 12 * 365 * _DAY, cases)
    amount, unit = lot.integers(1, 15, cases).astype(float), UNITS[lot.integers(0, 4, cases)]
    paused = lot.integers(0, cases, cases * 3 // 10)
    begin = start[paused] + _ms(lot, 5 * _DAY, len(paused))
    pauses = (paused, begin, begin + _ms(lot, 9 * _DAY, len(paused)))
    extended = lot.integers(0, cases, cases // 10)
    extensions = (extended, np.ones(len(extended)), np.full(len(extended), None, dtype=object))

    def due_times() -> np.ndarray:
        return deadlines(start, amount, unit, calendar, ZONE, pauses=pauses, extensions=extensions)

    due, seconds = _timed(due_times)
    now = np.full(cases, np.datetime64("2026-01-15", "ms"))

    def all_lamps() -> np.ndarray:
        return lamps(shares(now, start, due, unit, calendar, ZONE, pauses=pauses), now, due)

    _, lit = _timed(all_lamps)
    bar = f"< 5 s for {CASES:,}"
    return [
        figure(f"{cases:,} due times with pauses and extensions, CPU", seconds, "s", bar, seconds < 5.0),
        figure(f"{cases:,} lamps, CPU", lit, "s"),
    ]


def duty_figures(cases: int = CASES) -> list[dict[str, Any]]:
    """Time the decision of all cases, half of them with a component, and the look for borders near them."""
    lot = np.random.default_rng(2015)
    streets = [f"320681{number:03d}" for number in range(1, 61)]
    classes = [f"{number:04d}" for number in range(101, 351)]
    rules = [
        ResponsibilityRule(int(lot.integers(0, 5)), EVENT, str(code), str(lot.choice([*streets, ""])), f"D{at % 40}")
        for at, code in enumerate(lot.choice(classes, 500))
    ]
    departments = tuple(Department(f"D{at}", f"部门{at}") for at in range(40))
    profile = Profile(
        "x", "2013", scheme_of("2013", UNIT_GRID), scheme_of("2013", COMPONENT), departments=departments,
        responsibility=tuple(rules),
    )  # fmt: skip
    chain = Responsibility(profile, {code: f"街道{code}" for code in streets})
    xy = lot.uniform(0, _SIDE * 100.0, (cases, 2))
    grid = (xy[:, 1] // 100).astype(np.int64) * _SIDE + (xy[:, 0] // 100).astype(np.int64)
    shapes = np.array([shapely.box(x, y, x + 100, y + 100) for y in _steps() for x in _steps()], dtype=object)
    street = np.array(streets, dtype=object)[grid % 60]
    places = [np.array([f"{code}00101" for code in range(_SIDE**2)], dtype=object)[grid], street, street]
    owner = np.array([*(f"D{at}" for at in range(40)), *[None] * 40], dtype=object)[lot.integers(0, 80, cases)]
    nothing = np.full(cases, None, dtype=object)
    component = {"owner_dept": owner, "manager_dept": nothing, "maintainer_dept": nothing}
    kinds = np.array([EVENT, COMPONENT], dtype=object)[lot.integers(0, 2, cases)]
    codes = np.array(classes, dtype=object)[lot.integers(0, len(classes), cases)]
    _, decided = _timed(lambda: chain.decide_many(kinds, codes, places, component))
    borders = Borders(shapes)
    _, looked = _timed(lambda: borders.near(xy, grid, 20.0))
    return [
        figure(f"{cases:,} cases given to departments, CPU", decided, "s"),
        figure(f"{cases:,} cases, borders of grids within 20 m, CPU", looked, "s"),
    ]


def _steps() -> range:
    return range(0, _SIDE * 100, 100)

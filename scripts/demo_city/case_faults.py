# SPDX-License-Identifier: GPL-2.0-or-later
"""What reports get wrong: coordinates, and the community or street that they name. The truth table has it right."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from scripts.demo_city.areas import Areas
from scripts.demo_city.case_rhythm import GROUP, PUBLIC
from scripts.demo_city.config import ORIGIN

Array = Any
# Kinds of coordinates with their shares among reports of the public and among all others.
RIGHT, ROUGH, BLANK, ZERO, HALF, DIGIT, SEAT = range(7)
COORDINATES = ("right", "rough", "blank", "zero", "half", "digit", "seat")
RATES = {
    True: (0.0, 0.12, 0.13, 0.010, 0.003, 0.004, 0.015),
    False: (0.0, 0.0, 0.003, 0.004, 0.0005, 0.003, 0.0),
}
ROUGH_REACH = (10.0, 60.0)  # m that a pin is off that somebody set on a map by hand

# Kinds of stated areas: the neighbouring community; the right community in the wrong street; none (share of the blank).
AREA_RIGHT, AREA_NEXT, AREA_STREET, AREA_BLANK = range(4)
STATED = ("right", "other_community", "other_street", "blank")
AREA_RATES = {True: (0.03, 0.004), False: (0.006, 0.001)}
BLANK_TOO = 0.06  # of those without coordinates: no community either


def coordinates(xy: Array, source: Array, seat: Array, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Return the kind of coordinates, and the texts of X and Y as they are reported (metres, three decimals).

    ``seat`` is where the centre sits: the hotline's form fills it in when nobody moves the pin. A wrong digit puts a
    place 1 to 9 km off, north or south.
    """
    count = len(xy)
    public = GROUP[source] == PUBLIC
    draw = rng.random(count)
    kind = np.zeros(count, dtype=np.int8)
    for group in (True, False):
        here = public == group
        kind[here] = np.searchsorted(np.cumsum(RATES[group][1:]), draw[here], side="right") + 1
    kind[kind == len(COORDINATES)] = RIGHT
    told = xy + np.array(ORIGIN, float)
    angle, far = rng.uniform(0.0, 2.0 * np.pi, count), rng.uniform(*ROUGH_REACH, count)
    aside = np.stack([np.cos(angle), np.sin(angle)], axis=1) * far[:, None]
    told = np.where((kind == ROUGH)[:, None], told + aside, told)
    told[:, 1] += np.where(kind == DIGIT, rng.choice([-1, 1], count) * rng.integers(1, 10, count) * 1000.0, 0.0)
    told[kind == SEAT] = seat + np.array(ORIGIN, float)
    told[kind == ZERO] = 0.0
    x, y = (np.char.mod("%.3f", told[:, axis]).astype(object) for axis in (0, 1))
    x[kind == BLANK] = y[kind == BLANK] = y[kind == HALF] = ""
    x[kind == ZERO] = y[kind == ZERO] = "0"
    return kind, x, y


def stated_areas(
    areas: Areas, neighbour: Array, community: Array, source: Array, coordinate: Array, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Return the kind of statement, and the names of street and community as they are reported."""
    count = len(community)
    public = GROUP[source] == PUBLIC
    draw = rng.random(count)
    kind = np.full(count, AREA_RIGHT, dtype=np.int8)
    for group in (True, False):
        other, street = AREA_RATES[group]
        here = public == group
        kind[here & (draw < other)] = AREA_NEXT
        kind[here & (draw >= other) & (draw < other + street)] = AREA_STREET
    lost = np.isin(coordinate, (BLANK, ZERO, HALF))
    kind[lost] = np.where(rng.random(int(lost.sum())) < BLANK_TOO, AREA_BLANK, AREA_RIGHT)
    said = np.where(kind == AREA_NEXT, neighbour[community], community)
    names = dict(zip(areas.streets_code, areas.streets_name))
    listed = np.array([names[code] for code in areas.street_code], object)
    street = listed[said]
    others = np.array([next((n for n in areas.streets_name if n != name), name) for name in listed], object)
    street = np.where(kind == AREA_STREET, others[community], street)
    street[kind == AREA_BLANK] = ""
    name = areas.name[said].copy()
    name[kind == AREA_BLANK] = ""
    return kind, street, name


def nearest_areas(areas: Areas) -> Array:
    """Return for each community the row of the one whose middle is nearest."""
    middle = shapely.get_coordinates(shapely.centroid(areas.community))
    if len(middle) < 2:
        return np.zeros(len(middle), dtype=int)
    far = np.hypot(*(middle[:, None] - middle[None, :]).transpose(2, 0, 1))
    np.fill_diagonal(far, np.inf)
    return far.argmin(axis=1)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The offline gazetteer of a city: streets with their numbers, door plates, points of interest, landmarks, areas."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from digital_citymgmt_plugin.core.places.fields import LANDMARK
from digital_citymgmt_plugin.core.places.names import AREA, POINT, STREET, NameIndex, fold, without_kind
from digital_citymgmt_plugin.core.places.streets import XY, Streets

NEIGHBOURS = 40  # house numbers between which a missing door is interpolated (default of the plugin)


@dataclass(frozen=True)
class Spot:
    """A place with a name: where, in which community, and whether it is a landmark."""

    xy: XY
    area: str | None
    kind: str


class Gazetteer:
    """What ``core.cases.whereabouts`` looks up.

    Parameters
    ----------
    streets : Streets
        Names folded (``core.places.names.fold``).
    """

    def __init__(self, streets: Streets) -> None:
        self.streets = streets
        self.index = NameIndex()
        self.points: dict[str, list[Spot]] = {}
        self.areas: dict[str, list[str]] = {}
        self._plates: dict[str, dict[str, list[XY]]] = {}
        self._numbers: dict[str, list[tuple[int, XY]]] = {}
        self._same: dict[str, list[str]] = {}
        self.index.add(streets.names, STREET)

    def add_plates(self, rows: Iterable[tuple[str, str, int | None, XY]]) -> None:
        """Take doors in: folded street, number as written, number along the street, place."""
        for street, number, along, xy in rows:
            self._plates.setdefault(street, {}).setdefault(fold(number).rstrip("号"), []).append(xy)
            if along is not None:
                self._numbers.setdefault(street, []).append((along, xy))
        for numbers in self._numbers.values():
            numbers.sort()
        self.index.add(self._plates, STREET)

    def add_points(self, rows: Iterable[tuple[str, Spot]]) -> None:
        """Take points of interest and landmarks in, by their folded names."""
        for name, spot in rows:
            self.points.setdefault(name, []).append(spot)
        self.index.add(self.points, POINT)

    def add_areas(self, rows: Iterable[tuple[str, str]]) -> None:
        """Take names and codes of communities in."""
        for name, code in rows:
            self.areas.setdefault(name, []).append(code)
        self.index.add(self.areas, AREA)

    def finish(self) -> None:
        """Let Latin street names be found without their kind where no other street is called so."""
        for name in {*self.streets.names, *self._plates}:
            bare = without_kind(name)
            if bare != name and len(bare) > 2 and bare not in self.index:
                self._same.setdefault(bare, []).append(name)
        self.index.add(self._same, STREET)

    def streets_of(self, name: str) -> list[str]:
        """Return the full names that a name of a street may stand for."""
        return self._same.get(name, [name])

    @property
    def empty(self) -> bool:
        """Tell whether there is nothing to look up."""
        return not (self.streets.names or self._plates or self.points)

    def door(self, street: str, number: str, along: int) -> tuple[list[XY], bool]:
        """Return the places of a door, and whether it is its own plate rather than one between its neighbours."""
        plates = self._plates.get(street)
        if not plates:
            return [], False
        for wanted in (number, str(along)):
            if wanted in plates:
                return plates[wanted], True
        row = self._numbers.get(street, [])
        place = bisect_left(row, (along, (-math.inf, -math.inf)))
        below = next((item for item in reversed(row[:place]) if (along - item[0]) % 2 == 0), None)
        above = next((item for item in row[place:] if (item[0] - along) % 2 == 0), None)
        if below is not None and above is not None and above[0] - below[0] <= NEIGHBOURS:
            part = (along - below[0]) / max(above[0] - below[0], 1)
            (x, y), (to_x, to_y) = below[1], above[1]
            return [(x + part * (to_x - x), y + part * (to_y - y))], False
        return [], False


def one_place(spots: Sequence[XY], within: float) -> XY | None:
    """Return the middle of places that lie within so many metres of each other, None when they do not."""
    if not spots:
        return None
    xs, ys = [xy[0] for xy in spots], [xy[1] for xy in spots]
    if max(xs) - min(xs) > within or max(ys) - min(ys) > within:
        return None
    return sum(xs) / len(xs), sum(ys) / len(ys)


def is_landmark(spots: Sequence[Spot]) -> bool:
    """Tell whether places of one name are landmarks."""
    return all(spot.kind == LANDMARK for spot in spots)


def spread(values: Any) -> list[XY]:
    """Return coordinates as plain pairs."""
    return [(float(x), float(y)) for x, y in values]

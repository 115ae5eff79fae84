# SPDX-License-Identifier: GPL-2.0-or-later
"""Streets by name: where a house number lies along them, where two of them meet."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

XY = tuple[float, float]

SIDE = 10.0  # m off the centre line, on the side of the house: grids end at centre lines (default of the plugin)
BEYOND = 200  # house numbers behind the end of all ranges that are still taken for the end of the street (default)
CLOSE = 30.0  # m: streets that come so near to each other meet, though the lines were not joined (default)
ONE_PLACE = 80.0  # m: crossings of a dual carriageway so near to each other are one (default)


@dataclass
class Line:
    """One row of a street: its line, how far along it each vertex is, and its ranges of house numbers."""

    shape: Any
    ranges: Sequence[dict[str, Any]]
    area: str | None = None
    _xy: list[XY] = field(init=False, repr=False)
    _along: list[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parts = shapely.get_parts(shapely.line_merge(self.shape))
        longest = parts[int(np.argmax(shapely.length(parts)))] if len(parts) > 1 else parts[0]
        xy, first = shapely.get_coordinates(longest), shapely.get_coordinates(self.shape)[0]
        if len(parts) == 1 and (xy[-1] == first).all() and not (xy[0] == first).all():
            xy = xy[::-1]  # merging may turn a line round, and numbers run in its direction
        steps = np.hypot(*np.diff(xy, axis=0).T) if len(xy) > 1 else np.zeros(0)
        self._xy = [(float(x), float(y)) for x, y in xy]
        self._along = [0.0, *np.cumsum(steps).tolist()]

    @property
    def length(self) -> float:
        """Length of the line, m."""
        return self._along[-1]

    def at(self, share: float, side: str | None = None) -> XY:
        """Return the point at a share of the length, off the line when the side (left, right) is known."""
        far = min(max(share, 0.0), 1.0) * self.length
        place = min(max(bisect_right(self._along, far), 1), len(self._xy) - 1)
        (x, y), (to_x, to_y) = self._xy[place - 1], self._xy[place]
        step = self._along[place] - self._along[place - 1]
        part = (far - self._along[place - 1]) / step if step else 0.0
        dx, dy = to_x - x, to_y - y
        x, y = x + part * dx, y + part * dy
        if side is None or not step:
            return x, y
        off = SIDE / step * (1.0 if side == "left" else -1.0)
        return x - dy * off, y + dx * off


@dataclass(frozen=True)
class OnStreet:
    """A point on a street, and how it was found: ``range``, ``block`` (several numbers), ``beyond`` all ranges."""

    xy: XY
    how: str


class Streets:
    """The streets of a city.

    Parameters
    ----------
    names : sequence of str
        Folded.
    shapes : object array
        Lines in the metric CRS of the store; rows without one are left out.
    ranges : sequence of list of dict
        See ``core.places.ranges``.
    areas : sequence of str or None
        Code of the community that each row lies in.
    """

    def __init__(
        self, names: Sequence[str], shapes: NDArray[Any], ranges: Sequence[Any], areas: Sequence[str | None]
    ) -> None:
        self._lines: dict[str, list[Line]] = {}
        for name, shape, numbers, area in zip(names, shapes.tolist(), ranges, areas):
            if shape is not None and not shape.is_empty and shape.length > 0:
                self._lines.setdefault(name, []).append(Line(shape, numbers or (), area))
        self._whole: dict[str, Any] = {}
        self._crossings: dict[tuple[str, str], list[XY]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._lines

    @property
    def names(self) -> list[str]:
        """All names."""
        return list(self._lines)

    def whole(self, name: str) -> Any:
        """Return all lines of a street as one geometry, prepared."""
        if name not in self._whole:
            self._whole[name] = shapely.union_all([line.shape for line in self._lines[name]])
            shapely.prepare(self._whole[name])
        return self._whole[name]

    def number(self, name: str, first: int, last: int) -> OnStreet | None:
        """Return where the numbers ``first`` to ``last`` lie, None when the street has no numbers so near."""
        best: tuple[float, Line, dict[str, Any], float] | None = None
        block = last > first
        for line in self._lines.get(name, ()):
            for numbers in line.ranges:
                low, high = sorted((int(numbers["from"]), int(numbers["to"])))
                parity = numbers.get("parity")
                if not block and parity in ("odd", "even") and (first % 2 == 1) != (parity == "odd"):
                    off = 1.0  # the other side of the street is better than nothing
                else:
                    off = 0.0
                start, end = max(low, first), min(high, last)
                if start <= end:
                    middle, cost = (start + end) / 2, off - (min(end - start, 999) / 1000 if block else 0.0)
                else:
                    middle, cost = (low, low - last + 2.0) if last < low else (high, first - high + 2.0)
                if best is None or cost < best[0]:
                    best = (cost, line, numbers, float(middle))
        if best is None or best[0] > BEYOND + 2:
            return None
        cost, line, numbers, middle = best
        start, end = int(numbers["from"]), int(numbers["to"])
        share = (middle - start) / (end - start) if end != start else 0.5
        side = numbers.get("side") if cost == 0 and not block else None
        return OnStreet(line.at(share, side), "beyond" if cost >= 2 else "block" if block else "range")

    def crossings(self, one: str, other: str) -> list[XY]:
        """Return where two streets meet: one point per place."""
        key = (one, other) if one <= other else (other, one)
        if key not in self._crossings:
            self._crossings[key] = _meet(self.whole(one), self.whole(other))
        return self._crossings[key]

    def middle(self, name: str) -> tuple[XY, float]:
        """Return the middle of a street and how far it reaches from it, m."""
        whole = self.whole(name)
        west, south, east, north = whole.bounds
        centre = shapely.Point((west + east) / 2, (south + north) / 2)
        near = shapely.shortest_line(whole, centre)
        x, y = shapely.get_coordinates(near)[0]
        return (float(x), float(y)), math.hypot(east - west, north - south) / 2

    def near(self, name: str, xy: XY) -> float:
        """Return how far a point is from a street, m."""
        return float(shapely.distance(self.whole(name), shapely.Point(xy)))

    def onto(self, name: str, xy: XY) -> XY:
        """Return the point of a street that is next to a point."""
        x, y = shapely.get_coordinates(shapely.shortest_line(self.whole(name), shapely.Point(xy)))[0]
        return float(x), float(y)


def _meet(one: Any, other: Any) -> list[XY]:
    if one is other or one.equals(other):
        return []
    common = shapely.intersection(one, other)
    parts = shapely.get_parts(common)
    if not len(parts):
        line = shapely.shortest_line(one, other)
        if line is None or shapely.length(line) > CLOSE:
            return []
        parts = np.array([shapely.Point(shapely.get_coordinates(line).mean(axis=0))], dtype=object)
    xy = shapely.get_coordinates(shapely.centroid(parts))
    groups: list[list[Any]] = []
    for x, y in xy.tolist():
        for group in groups:
            if math.hypot(group[0][0] - x, group[0][1] - y) <= ONE_PLACE:
                group.append((x, y))
                break
        else:
            groups.append([(x, y)])
    return [(sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups]

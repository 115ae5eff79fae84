# SPDX-License-Identifier: GPL-2.0-or-later
"""Ground for the tools that redraw grids, a pen that draws by lot, and a check of coverages that owes GEOS nothing."""

from __future__ import annotations

import math
import random
from collections import Counter

import numpy as np
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids import edit as tools
from digital_citymgmt_plugin.services.redraw.tools import plan

FAR = (372_000.0, 3_520_000.0)


def board(wide=4, high=4, size=100.0, community=2, west=500_000.0, south=4_000_000.0, bent=0.0, seed=0):
    """A board of cells, each edge of four stretches (bent by lot); communities are blocks of cells."""
    lot = random.Random(seed)
    points = {}

    def corner(x, y):
        if (x, y) not in points:
            loose = bent if 0 < x < 4 * wide and 0 < y < 4 * high else 0.0
            points[x, y] = (
                west + x * size / 4 + lot.uniform(-loose, loose), south + y * size / 4 + lot.uniform(-loose, loose)
            )  # fmt: skip
        return points[x, y]

    ids, shapes, groups = [], [], []
    for row in range(high):
        for column in range(wide):
            x, y = 4 * column, 4 * row
            ring = [corner(x + step, y) for step in range(4)] + [corner(x + 4, y + step) for step in range(4)]
            ring += [corner(x + 4 - step, y + 4) for step in range(4)] + [corner(x, y + 4 - step) for step in range(4)]
            ids.append(f"{column}{row}")
            shapes.append(shapely.Polygon(ring))
            groups.append(f"c{column // community}{row // community}")
    return ids, np.array(shapes, dtype=object), groups


def covered(*shapes, groups=None, ids=None):
    """A coverage of given shapes, named a, b, c …, all of one community unless told."""
    names = ids or [chr(97 + row) for row in range(len(shapes))]
    return tools.Coverage(names, np.array(shapes, dtype=object), groups or ["c"] * len(shapes))


def shapes_of(cov):
    out = np.empty(len(cov), dtype=object)
    for row, name in enumerate(cov.ids):
        out[row] = cov.stored(name)
    return out


def segments(shapes):
    """Each straight edge once, as (x, y, x, y) with the lower corner first, and how many cells use it."""
    rings = shapely.get_rings(shapely.get_parts(shapes))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    inner = ring[1:] == ring[:-1]
    points, number = np.unique(xy[:, 0] + 1j * xy[:, 1], return_inverse=True)  # in order of x, then y
    pairs = np.sort(np.column_stack([number[:-1], number[1:]])[inner], axis=1)
    keys, times = np.unique(pairs[:, 0] * len(points) + pairs[:, 1], return_counts=True)
    one, two = points[keys // len(points)], points[keys % len(points)]
    return np.column_stack([one.real, one.imag, two.real, two.imag]), times


class Outline:
    """The outer edge of a coverage, remembered: later coverages must have the same one, split at corners or not."""

    def __init__(self, shapes):
        rows, times = segments(shapes)
        self._lines = shapely.linestrings(rows[times == 1].reshape(-1, 2, 2))
        self._length = float(shapely.length(self._lines).sum())
        self._tree = shapely.STRtree(self._lines)

    def holds(self, shapes):
        """Each edge is shared by two cells or lies on the old outline; together those are as long as the outline."""
        rows, times = segments(shapes)
        assert times.max() <= 2
        single = shapely.linestrings(rows[times == 1].reshape(-1, 2, 2))
        ends = shapely.points(rows[times == 1].reshape(-1, 2))
        assert len(np.unique(self._tree.query(ends, "dwithin", distance=1e-6)[0])) == len(ends)
        assert math.isclose(float(shapely.length(single).sum()), self._length, abs_tol=1e-5)

    def joins(self, inner, around):
        """Each edge of some cells is one of two cells around, or lies on the outline."""
        rows, times = segments(around)
        assert times.max() <= 2
        single = {tuple(row) for row in rows[times == 1].tolist()}
        alone = [row for row in segments(inner)[0].tolist() if tuple(row) in single]
        ends = shapely.points(np.array(alone).reshape(-1, 2))
        assert len(np.unique(self._tree.query(ends, "dwithin", distance=1e-6)[0])) == len(ends)


def town(size, seed=1):
    """The unit grids of a demonstration city of a size: ids, shapes, communities."""
    from scripts.demo_city.network import build_network
    from scripts.demo_city.partition import build_division
    from scripts.demo_city.sizes import SIZES

    division = build_division(build_network(SIZES[size], seed), SIZES[size], seed)
    # Far from the origin, as real coordinates are: there rounding is coarser.
    shapes = shapely.transform(division.grid, lambda xy: np.round(xy + np.array(FAR), 3))
    return list(division.grid_code), shapes, [division.code[row] for row in division.grid_home]


def is_sound(cov, area, outline=None):
    """The whole coverage is valid by GEOS and by the edges, and its area is the old one."""
    now = shapes_of(cov)
    assert shapely.is_valid(now).all() and (shapely.area(now) > 0).all()
    assert shapely.coverage_is_valid(now)
    assert abs(math.fsum(shapely.area(now).tolist()) - area) < 1e-6
    if outline is not None:
        outline.holds(now)


def digest(cov):
    return {name: (shapely.to_wkb(cov.stored(name)), cov.group(name)) for name in cov.ids}


def refused(work, *args, **more):
    """The code with which a tool refuses, or None."""
    try:
        work(*args, **more)
    except InputRefused as error:
        return error.code
    return None


class Pen:
    """Draws by lot: one edit after the other, as a hand would and as no hand would."""

    TOOLS = ("split", "merge", "move_vertex", "move_edge", "reshape", "give", "carve")

    def __init__(self, seed, community=True):
        self._lot = random.Random(seed)
        self._leave = 0.1 if community else 0.0
        self.refusals = Counter()

    def draw(self, cov):
        """Return the next edit that is not refused."""
        while True:
            tool = self._lot.choice(self.TOOLS)
            name = self._lot.choice(cov.ids)
            try:
                return self.planned(cov, tool, name)
            except InputRefused as error:
                self.refusals[error.code] += 1

    def planned(self, cov, tool, name):
        """Plan an edit of some cell with a tool."""
        return plan(cov, self.stroke(cov, tool, name))

    def stroke(self, cov, tool, name):
        """Return what a hand draws near a cell with a tool, as the window asks for it."""
        points, cells, options = getattr(self, "_" + tool)(cov, name)
        flat = [float(number) for point in points for number in point]
        return {"tool": tool, "points": flat, "cells": cells, "options": options}

    def _around(self, cov, name, reach=0.7):
        west, south, east, north = cov.cell(name).bounds
        size = max(east - west, north - south)
        x, y = self._lot.uniform(west, east), self._lot.uniform(south, north)
        return x + self._lot.uniform(-reach, reach) * size, y + self._lot.uniform(-reach, reach) * size

    def _split(self, cov, name):
        line = [self._around(cov, name) for _ in range(self._lot.choice((2, 2, 3, 4)))]
        return line, [], {"snap": self._snap()}

    def _beside(self, cov, name):
        """Return the neighbours in an order that does not hang on what they are called: names are new in each run."""
        return sorted(cov.neighbours(name), key=lambda other: cov.cell(other).bounds)

    def _merge(self, cov, name):
        beside = self._beside(cov, name)
        return [], [name, *self._lot.sample(beside, min(len(beside), self._lot.choice((1, 1, 2))))], {}

    def _snap(self):
        return self._lot.choice((0.05, 0.05, 0.5, 4.0))

    def _options(self):
        return {"snap": self._snap(), "community": self._lot.random() < self._leave}

    def _corner(self, cov, name):
        return self._lot.choice(self._lot.choice(cov.rings(name)))

    def _near(self, cov, point, name):
        west, south, east, north = cov.cell(name).bounds
        reach = 0.4 * max(east - west, north - south)
        return point[0] + self._lot.uniform(-reach, reach), point[1] + self._lot.uniform(-reach, reach)

    def _move_vertex(self, cov, name):
        corner = self._corner(cov, name)
        return [corner, self._near(cov, corner, name)], [], self._options()

    def _move_edge(self, cov, name):
        ring = self._lot.choice(cov.rings(name))
        row = self._lot.randrange(len(ring) - 1)
        middle = [(one + two) / 2 for one, two in zip(ring[row], ring[row + 1])]
        return [middle, self._near(cov, middle, name)], [], self._options()

    def _reshape(self, cov, name):
        if self._lot.random() < 0.5:
            line = [self._around(cov, name) for _ in range(self._lot.choice((2, 3, 4)))]
        else:
            ring = self._lot.choice(cov.rings(name))
            row = self._lot.randrange(len(ring) - 1)
            other = (row + self._lot.randint(1, 3)) % (len(ring) - 1)
            line = [ring[row], self._near(cov, ring[row], name), ring[other]]
        return line, [], self._options()

    def _give(self, cov, name):
        beside = self._beside(cov, name)
        pen = [self._around(cov, name) for _ in range(self._lot.choice((2, 3, 4)))]
        if len(pen) > 2:
            pen.append(pen[0])
        taker = self._lot.choice(beside or cov.ids)
        return pen, [], {"giver": name, "taker": taker, **self._options()}

    def _carve(self, cov, name):
        x, y = self._around(cov, name)
        west, south, east, north = cov.cell(name).bounds
        size = self._lot.uniform(0.1, 0.5) * max(east - west, north - south)
        turns = sorted(self._lot.uniform(0, 2 * math.pi) for _ in range(self._lot.choice((3, 4, 6))))
        area = [(x + size * math.cos(turn), y + size * math.sin(turn)) for turn in turns]
        group = {"group": cov.group(name)} if self._lot.random() < self._leave else {}
        return area, [], {**group, "snap": self._snap()}

# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of unit grids while they are redrawn: what lies in a cell, its load against the band, its outline.

An edit hands ground round among the cells that it touches, so what lies in them is handed round, too: nothing outside
has to be looked at, and a pen move costs what its few cells hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.locate import locate_points

REACH = 5.0  # m: a boundary so near to a feature runs along it (as rule grid.off_feature has it)
STEP = 10.0  # m: outlines are looked at in pieces of this length
LONG = 64  # vertices: longer roads are clipped before they are cut
RUN = 8  # vertices of a feature that the index takes as one: twice as long to ask as single edges, a quarter to make
AMBER = 1.25  # beyond the band by this factor a cell is amber, farther red
VERDICTS = GREEN, CLOSE, RED = ("green", "amber", "red")
KINDS = ("components", "cases", "people")

Rows = dict[str, NDArray[np.int64]]  # kind → which of the things lie in a cell


def _no_points() -> NDArray[np.float64]:
    return np.empty((0, 2))


def _no_numbers() -> NDArray[np.float64]:
    return np.empty(0)


def _no_lines() -> NDArray[Any]:
    return np.empty(0, dtype=object)


@dataclass
class Ground:
    """What is counted in cells, all in one metric CRS.

    ``major``: which of ``majors`` each component is of; ``weight``: what it counts in the load; ``open_case``: whether
    a case is not closed, ``late_case``: whether it counts by its day; ``roads``: lines whose length counts;
    ``features``: lines by which a boundary may run. ``wanted``: the area (m²) or, with ``by_load``, the load around
    which the band (factors) lies.
    """

    wanted: float
    band: tuple[float, float]
    by_load: bool = False
    xy: NDArray[np.float64] = field(default_factory=_no_points)
    major: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    majors: tuple[str, ...] = ()
    weight: NDArray[np.float64] = field(default_factory=_no_numbers)
    case_xy: NDArray[np.float64] = field(default_factory=_no_points)
    open_case: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))
    late_case: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))
    people_xy: NDArray[np.float64] = field(default_factory=_no_points)
    people: NDArray[np.float64] | None = None
    roads: NDArray[Any] = field(default_factory=_no_lines)
    features: NDArray[Any] = field(default_factory=_no_lines)

    def __post_init__(self) -> None:
        self._road_tree = shapely.STRtree(self.roads) if len(self.roads) else None
        pieces = _runs(shapely.get_parts(self.features)) if len(self.features) else self.features
        self._feature_tree = shapely.STRtree(pieces) if len(pieces) else None

    def points(self, kind: str) -> NDArray[np.float64]:
        """Return the places of a kind of things."""
        return {"components": self.xy, "cases": self.case_xy, "people": self.people_xy}[kind]

    def held(self, cells: NDArray[Any]) -> list[Rows]:
        """Find for each of the cells (ordered by code) what lies in it; what lies in none is in no list."""
        found: list[Rows] = [{} for _ in cells]
        for kind in KINDS:
            at = locate_points(self.points(kind), cells)
            order = np.argsort(at, kind="stable")
            first = np.searchsorted(at[order], np.arange(len(cells) + 1))
            for index, rows in enumerate(found):
                rows[kind] = order[first[index] : first[index + 1]].astype(np.int64)
        return found

    def handed_round(self, before: list[Rows], cells: NDArray[Any]) -> list[Rows]:
        """Find for each of the cells what lies in it of what lay in the cells before, whose ground they have.

        What the rounding of coordinates leaves in none of them goes to the nearest one: nothing is lost.
        """
        found: list[Rows] = [{} for _ in cells]
        for kind in KINDS:
            rows = np.concatenate([one[kind] for one in before]) if before else np.empty(0, dtype=np.int64)
            xy = self.points(kind)[rows]
            at = locate_points(xy, cells)
            for lost in np.flatnonzero(at < 0).tolist():
                at[lost] = int(np.argmin(shapely.distance(cells, shapely.Point(xy[lost])))) if len(cells) else -1
            # Sorted once: an edit that mends a city's communities has thousands of cells, and a million things in them.
            order = np.argsort(at, kind="stable")
            first = np.searchsorted(at[order], np.arange(len(cells) + 1))
            for index, one in enumerate(found):
                one[kind] = rows[order[first[index] : first[index + 1]]]
        return found

    def figures(self, cells: NDArray[Any], held: list[Rows], roads: bool = True) -> list[dict[str, Any]]:
        """Measure cells; ``held`` tells what lies in each.

        Returns
        -------
        list of dict
            ``area_m2``, ``components``, ``by_major`` (code of the major class → number), ``cases`` (of the last days),
            ``open_cases``, ``road_m`` (None without lines; a road on a boundary counts on both sides), ``population``
            (None without data), ``load``, ``verdict`` (green, amber, red), ``compactness`` (4πA/P²), ``on_features``
            (share of the outline, None without features); without ``roads`` the two that ask the base map are left out.
        """
        areas, outlines = shapely.area(cells), np.maximum(shapely.length(cells), 1e-9)
        told = []
        for index, rows in enumerate(held):
            things, cases = rows["components"], rows["cases"]
            load = float(self.weight[things].sum())
            counted = np.bincount(self.major[things], minlength=len(self.majors)).tolist()
            people = None if self.people is None else round(float(self.people[rows["people"]].sum()), 1)
            told.append(
                {
                    "area_m2": round(float(areas[index]), 2), "components": len(things),
                    "by_major": {name: count for name, count in zip(self.majors, counted) if count},
                    "cases": int(self.late_case[cases].sum()), "open_cases": int(self.open_case[cases].sum()),
                    "population": people, "load": round(load, 2),
                    "verdict": self.verdict(load if self.by_load else float(areas[index])),
                    "compactness": round(float(4 * np.pi * areas[index] / outlines[index] ** 2), 3),
                }
            )  # fmt: skip
        if roads:
            for one, metres, share in zip(told, self._road_lengths(cells), self._on_features(cells)):
                one.update(road_m=metres, on_features=share)
        return told

    def verdict(self, value: float) -> str:
        """Judge an area or load by the band: inside green, a little outside amber, else red."""
        low, high = self.band[0] * self.wanted, self.band[1] * self.wanted
        if low <= value <= high:
            return GREEN
        return CLOSE if low / AMBER <= value <= high * AMBER else RED

    def _road_lengths(self, cells: NDArray[Any]) -> list[float] | list[None]:
        if self._road_tree is None or not len(cells):
            return [None] * len(cells)  # a base map without lines of roads (with their areas alone) tells no length
        cell, road = self._road_tree.query(cells, predicate="intersects")
        shapely.prepare(cells)
        lines = self.roads[road].copy()
        across = ~shapely.covers(cells[cell], lines)
        # A street of the whole city is cut to the cell's box first: clipping is linear, cutting is not.
        for index in np.flatnonzero(across & (shapely.get_num_coordinates(lines) > LONG)).tolist():
            lines[index] = shapely.clip_by_rect(lines[index], *cells[cell[index]].bounds)
        lines[across] = shapely.intersection(lines[across], cells[cell[across]])
        metres = np.bincount(cell, weights=shapely.length(lines), minlength=len(cells))
        return [round(float(one), 1) for one in metres]

    def _on_features(self, cells: NDArray[Any]) -> list[float | None]:
        if self._feature_tree is None or not len(cells):
            return [None] * len(cells)
        parts, of_cell = shapely.get_parts(cells, return_index=True)
        rings, of_part = shapely.get_rings(parts, return_index=True)
        owner = of_cell[of_part]
        xy, ring = shapely.get_coordinates(shapely.segmentize(rings, STEP), return_index=True)
        start = np.flatnonzero(ring[1:] == ring[:-1])
        length = np.hypot(*(xy[start + 1] - xy[start]).T)
        middle = shapely.points((xy[start] + xy[start + 1]) / 2)
        near = np.zeros(len(start), dtype=bool)
        near[self._feature_tree.query(middle, predicate="dwithin", distance=REACH)[0]] = True
        home = owner[ring[start]]
        whole = np.bincount(home, weights=length, minlength=len(cells))
        along = np.bincount(home[near], weights=length[near], minlength=len(cells))
        return [round(float(one), 3) for one in along / np.maximum(whole, 1e-9)]


def _runs(lines: NDArray[Any]) -> NDArray[Any]:
    """Cut lines into runs of ``RUN`` vertices at most: of a long one every question would look at all."""
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    counts = np.bincount(owner, minlength=len(lines))
    parts = np.maximum(-(-(counts - 1) // (RUN - 1)), 0)
    line = np.arange(len(lines)).repeat(parts)
    place = (np.arange(len(line)) - (np.cumsum(parts) - parts)[line]) * (RUN - 1)
    sizes = np.minimum(RUN, counts[line] - place)
    first = (np.cumsum(counts) - counts)[line] + place
    rows = np.arange(int(sizes.sum())) - (np.cumsum(sizes) - sizes).repeat(sizes) + first.repeat(sizes)
    return np.asarray(shapely.linestrings(xy[rows], indices=np.arange(len(line)).repeat(sizes)), dtype=object)

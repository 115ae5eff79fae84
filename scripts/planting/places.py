# SPDX-License-Identifier: GPL-2.0-or-later
"""Kinds of error in place and shape: geometry, unit grids, doubles, and where a component stands on the base map."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely

from scripts.planting import blobs
from scripts.planting.copy import ALONE, INSIDE, Copy, Row

POINT, LINE, AREA = "component_point", "component_line", "component_area"
WHERE = ("component.outside_county", "component.outside_grid", "component.grid_differs", "component.community_differs")
ON_MAP = ("component.in_building", "component.in_water", "component.on_carriageway")
POLES = ("路灯", "行道树", "立杆", "垃圾箱", "果皮箱")  # what stands beside the carriageway
Plant = Callable[[Copy, int], None]


def no_place(copy: Copy, wanted: int) -> None:
    for row in copy.take(POINT, wanted):
        copy.change(row, geom=None)
        copy.box(POINT, row["fid"], None)
        copy.plant("no place", "component.geometry_missing", row, "geom is empty")


def bad_coordinates(copy: Copy, wanted: int) -> None:
    for number, row in enumerate(copy.take(POINT, wanted)):
        x, y = ((0.0, 0.0), (float("inf"), row.xy[1]))[number % 3 == 2]
        copy.change(row, geom=blobs.point(x, y, copy.srs))
        copy.box(POINT, row["fid"], (x, y, x, y))
        copy.plant("coordinates that cannot be right", "component.coordinates", row, f"{x}, {y}",
                   allowed=("component.far_away", *WHERE))  # fmt: skip


def _shaped(table: str, kind: str, rule: str, reason: str, shape: Callable[[Row], Any],
            allowed: tuple[str, ...] = ()) -> Plant:  # fmt: skip
    """A kind that gives a line or an area another shape about its own place."""

    def plant(copy: Copy, wanted: int) -> None:
        # Lines and areas are few: a quarter of them at most goes into one kind, so that all kinds get some.
        for row in copy.take(table, max(1, min(wanted, len(copy.pools[table]) // 10))):
            copy.place(row, shape(row))
            copy.plant(kind, rule, row, reason, allowed=(*allowed, *WHERE, *ON_MAP))

    return plant


def _line(row: Row, *steps: tuple[float, float]) -> Any:
    x, y = row.xy
    return shapely.multilinestrings([shapely.linestrings([(x + east, y + north) for east, north in steps])])


def _area(row: Row, *steps: tuple[float, float]) -> Any:
    x, y = row.xy
    return shapely.multipolygons([shapely.polygons([(x + east, y + north) for east, north in steps])])


def _meander(row: Row) -> Any:
    """12 km of line in a square of 110 m: to and fro, a metre apart."""
    steps: list[tuple[float, float]] = []
    for lane in range(110):
        ends = [(-55.0, lane - 55.0), (55.0, lane - 55.0)]
        steps += ends if lane % 2 else ends[::-1]
    return _line(row, *steps)


def _doubled(row: Row) -> Any:
    part = shapely.get_coordinates(shapely.get_parts(row.shape)[0])
    line = shapely.linestrings(np.insert(part, 1, part[0], axis=0))
    return shapely.multilinestrings([line, *shapely.get_parts(row.shape)[1:]])


def far_away(copy: Copy, wanted: int) -> None:
    for number, row in enumerate(copy.take(POINT, wanted)):
        x, y = row.xy
        copy.place(row, shapely.Point(x + 60_000.0 + 10.0 * number, y))
        copy.plant("far from the city", "component.far_away", row, "60 km east of its place", allowed=WHERE)


def outside(copy: Copy, wanted: int) -> None:
    """Just beyond the city: 300 m east of its easternmost edge."""
    east = max(shapely.bounds(shape)[2] for shape in copy.grid_shapes.values())
    for number, row in enumerate(copy.take(POINT, wanted)):
        copy.place(row, shapely.Point(east + 300.0 + 4.0 * (number % 50), row.xy[1]))
        copy.plant("outside the city", "component.outside_county", row, "300 m east of the city", allowed=WHERE)


def no_grid_there(copy: Copy, wanted: int) -> None:
    """A hole of 1 m in the unit grid, at the component."""
    for row in copy.take(POINT, wanted):
        code, (x, y) = row["grid_code"], row.xy
        hole = shapely.box(x - 0.5, y - 0.5, x + 0.5, y + 0.5)
        shape = shapely.difference(copy.grid_shapes[code], hole)
        copy.grid_shapes[code] = shape
        blob = blobs.pack(shapely.multipolygons(shapely.get_parts(shape)), copy.srs)
        copy.connection.execute("UPDATE unit_grid SET geom = ? WHERE code = ?", (blob, code))
        copy.plant("in no unit grid", "component.outside_grid", row, "a hole in the unit grid",
                   allowed=("component.grid_differs",))  # fmt: skip


def grid_missing(copy: Copy, wanted: int) -> None:
    for row in copy.take(POINT, wanted):
        copy.change(row, grid_code=None)
        copy.plant("no unit grid stated", "component.grid_missing", row, "grid_code is empty")


def grid_differs(copy: Copy, wanted: int) -> None:
    for row in copy.take(POINT, wanted):
        others = [code for code, home in copy.grids if code != row["grid_code"] and home == row["community_code"]]
        if others:
            copy.change(row, grid_code=others[int(copy.rng.integers(len(others)))])
            copy.plant("another unit grid stated", "component.grid_differs", row, "grid of the same community")


def community_differs(copy: Copy, wanted: int) -> None:
    for row in copy.take(POINT, wanted):
        others = sorted({home for _, home in copy.grids if home != row["community_code"]})
        if others:
            copy.change(row, community_code=others[int(copy.rng.integers(len(others)))])
            copy.plant("another community stated", "component.community_differs", row, "community of another grid")


def near_double(copy: Copy, wanted: int) -> None:
    for row in copy.take(POINT, wanted):
        x, y = row.xy
        turn = copy.rng.random() * 2 * np.pi
        copy.used.add(row["uuid"])
        twin = copy.insert(row, shapely.Point(x + 0.15 * np.cos(turn), y + 0.15 * np.sin(turn)))
        copy.plant("twice, 0.15 m apart", "component.near_double", twin, "0.15 m from one of its class", partner=row)


def same_spot(copy: Copy, wanted: int) -> None:
    for row in copy.take(POINT, wanted):
        stranger = copy.take(POINT, 1)
        if not stranger or stranger[0]["class_code"] == row["class_code"]:
            continue
        # Class, name and departments of the other, place of this one.
        values = {name: row[name] for name in ("grid_code", "community_code")}
        twin = copy.insert(stranger[0], row.shape, **values)
        copy.plant(
            "two classes on one spot", "component.same_spot", twin, "on another component", partner=row, allowed=ON_MAP
        )


def _on_map(kind: str, rule: str, theme: str, words: tuple[str, ...]) -> Plant:
    """Move components into a surface of the base map, to the grid that is there, far from the surface's edge."""

    def plant(copy: Copy, wanted: int) -> None:
        spots = _spots(copy, theme, wanted)
        queue = iter([row for row in copy.pools[POINT] if _word(copy, row, words)])
        for (x, y), grid, community in spots:
            row = next((row for row in queue if row["uuid"] not in copy.used and copy._fit(row)), None)
            if row is None:
                return
            copy.used.add(row["uuid"])
            copy.place(row, shapely.Point(x, y))
            copy.change(row, grid_code=grid, community_code=community)
            copy.plant(kind, rule, row, f"moved into {theme}")

    return plant


def _word(copy: Copy, row: Row, words: tuple[str, ...]) -> bool:
    name = copy.classes.get(row["class_code"], {}).get("name") or ""
    return any(word in name for word in words)


def _spots(copy: Copy, theme: str, wanted: int) -> list[tuple[tuple[float, float], str, str]]:
    """Places well inside surfaces of a theme and well inside a unit grid, with nothing near and in no other theme."""
    themes = {name: [blobs.unpack(row[0]) for row in copy.connection.execute(
        "SELECT geom FROM base_area WHERE theme = ? AND geom IS NOT NULL ORDER BY fid", (name,))]
        for name in THEMES}  # fmt: skip
    codes = list(copy.grid_shapes)
    grids = shapely.STRtree([copy.grid_shapes[code] for code in codes])
    homes = dict(copy.grids)
    others = shapely.STRtree([shape for name in THEMES if name != theme for shape in themes[name]])
    found = []
    shapes = themes[theme]
    for shape, (x, y) in _candidates(copy, shapes):
        spot = shapely.Point(x, y)
        if shapely.distance(shapely.boundary(shape), spot) < INSIDE or not shapely.contains(shape, spot):
            continue
        here = grids.query(spot, predicate="within")
        if not len(here) or shapely.distance(copy.boundaries[codes[here[0]]], spot) < INSIDE:
            continue
        if copy.tree.query((x, y))[0] < ALONE or len(others.query(spot, predicate="intersects")):
            continue
        if len(found) == wanted:
            break
        if all(abs(x - a) + abs(y - b) > 2 * ALONE for (a, b), _, _ in found):
            found.append(((x, y), codes[here[0]], homes[codes[here[0]]]))
    return found


def _candidates(copy: Copy, shapes: list[Any]) -> list[tuple[Any, tuple[float, float]]]:
    """A place in each surface; of few large ones (a river) many places by chance."""
    tries = max(1, 4_000 // max(1, len(shapes)))
    found = []
    for number in copy.rng.permutation(len(shapes)):
        spot = shapely.point_on_surface(shapes[number])
        found.append((shapes[number], (float(shapely.get_x(spot)), float(shapely.get_y(spot)))))
        west, south, east, north = shapely.bounds(shapes[number])
        chance = copy.rng.random((tries - 1, 2)) * (east - west, north - south) + (west, south)
        found += [(shapes[number], (float(x), float(y))) for x, y in chance]
    return found


BUILDING, WATER, ROAD = "building", "water", "road"
THEMES = (BUILDING, WATER, ROAD)

KINDS: tuple[Plant, ...] = (
    # What moves onto the base map and what lines and areas there are come first: the choice is small.
    _on_map("in a building", "component.in_building", BUILDING, ("井盖", *POLES)),
    _on_map("in the water", "component.in_water", WATER, ("路灯", "行道树", "垃圾箱")),
    _on_map("on the carriageway", "component.on_carriageway", ROAD, POLES),
    _shaped(LINE, "line of no length", "component.length_zero", "2 cm", lambda row: _line(row, (0, 0), (0.02, 0))),
    _shaped(LINE, "line crosses itself", "component.line_crossing", "a loop of 2 m",
            lambda row: _line(row, (-2, 0), (2, 0), (0, 2), (0, -2))),
    _shaped(LINE, "vertex repeated", "component.vertex_repeated", "first vertex twice", _doubled),
    _shaped(LINE, "line too long", "component.length_big", "12 km to and fro", _meander),
    _shaped(AREA, "ring crosses itself", "component.geometry_invalid", "a bow tie of two sizes",
            lambda row: _area(row, (-2, -4), (2, 1), (2, -4), (-2, 0))),
    _shaped(AREA, "tiny area", "component.area_tiny", "0.09 m2",
            lambda row: _area(row, (0, 0), (0.3, 0), (0.3, 0.3), (0, 0.3))),
    _shaped(AREA, "area too big", "component.area_big", "1.2 km2",
            lambda row: _area(row, (-550, -550), (550, -550), (550, 550), (-550, 550))),
    no_place,
    bad_coordinates,
    far_away,
    outside,
    no_grid_there,
    grid_missing,
    grid_differs,
    community_differs,
    near_double,
    same_spot,
)  # fmt: skip

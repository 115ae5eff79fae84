# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of cells while they are redrawn, against counting one by one."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.grids.figures import Ground


@pytest.fixture
def ground():
    """Two hundred things, a hundred cases and a road across, on 300 m × 200 m."""
    source = np.random.default_rng(11)
    return Ground(
        wanted=20_000.0, band=(0.5, 2.0), xy=source.uniform((0, 0), (300, 200), (200, 2)),
        major=source.integers(0, 2, 200), majors=("01", "02"), weight=source.uniform(0, 3, 200),
        case_xy=source.uniform((0, 0), (300, 200), (100, 2)), open_case=source.random(100) < 0.3,
        late_case=source.random(100) < 0.5, people_xy=np.array([[10.0, 10.0], [290.0, 190.0]]),
        people=np.array([120.0, 80.0]), roads=np.array([shapely.LineString([(-50, 50), (350, 50)])]),
        features=np.array([shapely.LineString([(0, 0), (300, 0)]), shapely.LineString([(100, 0), (100, 200)])]),
    )  # fmt: skip


def cells():
    return np.array([shapely.box(0, 0, 100, 200), shapely.box(100, 0, 300, 200)])


def test_every_figure_is_what_counting_one_by_one_gives(ground):
    shapes = cells()
    held = ground.held(shapes)
    for shape, rows, told in zip(shapes, held, ground.figures(shapes, held)):
        inside = [n for n, (x, y) in enumerate(ground.xy) if shape.contains(shapely.Point(x, y))]
        assert sorted(rows["components"].tolist()) == inside
        assert told["components"] == len(inside) == sum(told["by_major"].values())
        assert told["by_major"].get("01", 0) == sum(ground.major[inside] == 0)
        assert told["load"] == pytest.approx(ground.weight[inside].sum(), abs=0.01)
        there = [n for n, (x, y) in enumerate(ground.case_xy) if shape.contains(shapely.Point(x, y))]
        assert (told["cases"], told["open_cases"]) == (ground.late_case[there].sum(), ground.open_case[there].sum())
        assert told["area_m2"] == shape.area
        assert told["road_m"] == pytest.approx(ground.roads[0].intersection(shape).length, abs=0.1)
        assert told["compactness"] == pytest.approx(4 * np.pi * shape.area / shape.length**2, abs=1e-3)
    first, second = ground.figures(shapes, held)
    assert (first["population"], second["population"]) == (120.0, 80.0)
    assert first["on_features"] == pytest.approx(310 / 600, abs=0.02)  # its foot, its right side, 5 m of the left one
    assert second["on_features"] == pytest.approx(415 / 800, abs=0.02)


def test_things_are_handed_round_and_none_is_lost(ground):
    before = ground.held(cells())
    after = np.array([shapely.box(0, 0, 100, 200), shapely.box(100, 0, 180, 200), shapely.box(180, 0, 299.9, 200)])
    found = ground.handed_round(before, after)
    for kind in ("components", "cases", "people"):
        rows = np.concatenate([one[kind] for one in found])
        assert sorted(rows.tolist()) == list(range(len(ground.points(kind))))
    anew = ground.held(after[:2])
    assert [one["components"].tolist() for one in anew] == [sorted(one["components"].tolist()) for one in found[:2]]


def test_a_thing_on_the_edge_is_of_the_first_cell(ground):
    ground.xy = np.array([[100.0, 20.0]])
    assert [len(one["components"]) for one in ground.held(cells())] == [1, 0]


def test_the_verdict_is_by_the_band(ground):
    assert [ground.verdict(value) for value in (20_000, 10_000, 9_000, 40_000, 49_000, 51_000, 0)] == [
        "green", "green", "amber", "green", "amber", "red", "red",
    ]  # fmt: skip


def test_without_base_map_and_people_there_are_no_figures_of_them():
    empty = Ground(wanted=1.0, band=(0.5, 2.0))
    shapes = cells()
    told = empty.figures(shapes, empty.held(shapes))[0]
    assert (told["road_m"], told["on_features"], told["population"], told["components"]) == (None, None, None, 0)


def test_long_features_are_as_near_as_they_are(ground):
    source = np.random.default_rng(3)
    turns = [shapely.LineString(source.uniform((0, 0), (300, 200), (size, 2))) for size in (2, 7, 8, 9, 15, 16, 90)]
    whole = Ground(wanted=1.0, band=(0.5, 2.0), features=np.array(turns))
    cells = np.array([shapely.box(x, y, x + 40, y + 30) for x in (10, 150) for y in (20, 120)])
    told = [one["on_features"] for one in whole.figures(cells, whole.held(cells))]
    for cell, share in zip(cells, told):
        ring = shapely.get_coordinates(shapely.segmentize(cell.exterior, 10.0))
        middle = shapely.points((ring[1:] + ring[:-1]) / 2)
        near = [min(line.distance(point) for line in turns) <= 5.0 for point in middle]
        lengths = np.hypot(*(ring[1:] - ring[:-1]).T)
        assert share == pytest.approx(lengths[near].sum() / lengths.sum(), abs=1e-3)

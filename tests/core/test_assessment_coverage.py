# SPDX-License-Identifier: GPL-2.0-or-later
"""Coverage of a beat against buffers of shapely and plain loops."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.assessment.coverage import cut_roads, runs, walked, way_points
from digital_citymgmt_plugin.core.grids.locate import locate_points

GRIDS = np.array([shapely.box(x, y, x + 200, y + 200) for x in (0, 200, 400) for y in (0, 200, 400)], dtype=object)


def test_pieces_of_road_keep_its_length_and_lie_in_their_grid():
    lines = np.array(
        [
            shapely.LineString([(10, 100), (590, 100)]),
            None,
            shapely.MultiLineString([[(5, 5), (5, 8)], [(0, 0), (0, 0)]]),
        ],
        dtype=object,
    )
    roads = cut_roads(lines, GRIDS)
    assert roads.length.sum() == pytest.approx(583)
    assert roads.length.max() <= 10 + 1e-9
    by_grid = np.bincount(roads.grid, weights=roads.length, minlength=9)
    assert by_grid[[0, 3, 6]] == pytest.approx([193, 200, 190], abs=5)
    assert len(cut_roads(np.array([None], dtype=object), GRIDS).length) == 0


def test_points_are_put_between_those_of_one_track_and_not_over_gaps():
    xy = np.array([[0, 0], [40, 0], [400, 0], [430, 0], [460, 0]], dtype=float)
    dense, owner = way_points(xy, np.array([0, 10, 20, 30, 9999.0]), np.array([1, 1, 1, 1, 1]))
    steps = np.hypot(*np.diff(dense, axis=0).T)
    assert sorted(step for step in steps if step > 15) == [30.0, 360.0]  # later than 180 s, farther than 200 m
    assert owner.tolist() == [0, 0, 0, 1, 2, 2, 3, 4]
    dense, _ = way_points(xy[:2], np.array([0, 10.0]), np.array([1, 2]))
    assert dense.tolist() == xy[:2].tolist()


def test_a_walk_covers_what_lies_within_its_buffer():
    lot = np.random.default_rng(4)
    lines = np.array([shapely.LineString(lot.random((2, 2)) * 600) for _ in range(40)], dtype=object)
    roads = cut_roads(lines, GRIDS, 2.0)
    for _ in range(20):
        way = lot.random(2) * 600 + np.cumsum(lot.normal(0, 40, (30, 2)), axis=0)
        dense, _ = way_points(way, np.arange(30) * 10.0, np.zeros(30, dtype=np.int64), 2.0)
        beat = np.sort(lot.choice(9, 4, replace=False))
        inside = np.isin(roads.grid, beat)
        seen = walked(dense, locate_points(dense, GRIDS), beat, roads.middle[inside])
        line = shapely.LineString(way)
        ground = shapely.union_all(GRIDS[beat])
        buffer = line.buffer(30, quad_segs=32)
        wanted = sum(shapely.length(shapely.intersection(shapely.intersection(road, ground), buffer)) for road in lines)
        assert roads.length[inside][seen.roads].sum() == pytest.approx(wanted, abs=0.02 * wanted + 25)
        touched = [int(grid) for grid in beat if shapely.length(shapely.intersection(line, GRIDS[grid])) > 4]
        assert set(touched) <= set(seen.grids.tolist())
        assert all(shapely.intersects(line, GRIDS[grid]) for grid in seen.grids)


def test_no_points_and_no_roads_cover_nothing():
    none = np.empty((0, 2))
    seen = walked(none, np.empty(0, dtype=np.int64), np.array([1, 2]), np.array([[5.0, 5.0]]))
    assert seen.grids.tolist() == [] and seen.roads.tolist() == [False]
    assert walked(np.array([[1.0, 1.0]]), np.array([1]), np.array([1]), none).grids.tolist() == [1]


def test_runs_of_equal_keys():
    assert list(runs(np.array([1, 1, 2, 2, 2]), np.array([5, 5, 5, 6, 6]))) == [(0, 2), (2, 3), (3, 5)]
    assert list(runs(np.array([]))) == []

# SPDX-License-Identifier: GPL-2.0-or-later
"""Finding the polygon that holds an object."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.grids.locate import locate_points, representative_points


def squares(columns, rows, size=10.0):
    return np.array(
        [shapely.box(c * size, r * size, (c + 1) * size, (r + 1) * size) for r in range(rows) for c in range(columns)],
        dtype=object,
    )


def brute_force(points, polygons):
    answer = []
    for point in points:
        hits = [i for i, polygon in enumerate(polygons) if polygon is not None and polygon.intersects(point)]
        answer.append(min(hits) if hits else -1)
    return answer


def test_points_are_found_as_by_brute_force():
    rng = np.random.default_rng(7)
    centres = rng.random((60, 2)) * 100
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(centres)))
    corners = shapely.get_coordinates(cells[:20])
    xy = np.concatenate([rng.random((500, 2)) * 140 - 20, corners])
    assert locate_points(xy, cells).tolist() == brute_force(shapely.points(xy), cells)


def test_a_point_on_a_shared_corner_belongs_to_the_lowest_index():
    cells = squares(2, 2)
    assert locate_points(np.array([[10.0, 10.0]]), cells).tolist() == [0]
    assert locate_points(np.array([[10.0, 10.0]]), cells[::-1]).tolist() == [0]


def test_more_points_than_are_looked_at_together_keep_their_order(monkeypatch):
    monkeypatch.setattr("digital_citymgmt_plugin.core.grids.locate.PAIRS", 7)
    xy = np.random.default_rng(1).random((100, 2)) * 40
    expected = (xy[:, 1] // 10).astype(int) * 4 + (xy[:, 0] // 10).astype(int)
    assert locate_points(xy, squares(4, 4)).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("wkt", "expected"),
    [
        ("POINT Z (15 5 99)", 1),
        ("LINESTRING (1 5, 19 5, 29 5)", 1),
        ("MULTILINESTRING ((1 5, 2 5), (21 5, 28 5))", 2),
        ("POLYGON ((11 1, 19 1, 19 9, 11 9, 11 1))", 1),
        ("MULTIPOINT (25 5, 5 5)", 2),
        ("GEOMETRYCOLLECTION (POLYGON ((11 1, 19 1, 19 9, 11 9, 11 1)))", 1),
        ("POINT (500 500)", -1),
        ("POLYGON EMPTY", -1),
        (None, -1),
    ],
)
def test_each_kind_of_geometry_counts_by_one_point(wkt, expected):
    geoms = np.array([shapely.from_wkt(wkt) if wkt else None], dtype=object)
    assert locate_points(geoms, squares(3, 1)).tolist() == [expected]


def test_points_without_finite_coordinates_lie_nowhere():
    xy = np.array([[np.nan, 1.0], [np.inf, 1.0], [5.0, 5.0]])
    assert locate_points(xy, squares(1, 1)).tolist() == [-1, -1, 0]


def test_missing_polygons_hold_nothing():
    cells = np.array([None, shapely.from_wkt("POLYGON EMPTY"), *squares(1, 1)], dtype=object)
    assert locate_points(np.array([[5.0, 5.0]]), cells).tolist() == [2]


@pytest.mark.parametrize("count", [0, 1])
def test_no_polygons_or_no_points_give_an_answer_of_the_right_length(count):
    assert len(locate_points(np.zeros((count, 2)), squares(0, 0))) == count
    assert len(locate_points(np.zeros((0, 2)), squares(2, 1))) == 0


def test_representative_points_stay_aligned_with_their_geometries():
    geoms = np.array([shapely.Point(1, 2), None, shapely.LineString([(0, 0), (4, 0)])], dtype=object)
    points = representative_points(geoms)
    assert points[0].tolist() == [1, 2] and np.isnan(points[1]).all() and points[2].tolist() == [2, 0]

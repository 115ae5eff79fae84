# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells drafted apart become one coverage, whatever a grid step did to the corners on their common edge."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.grids.stitch import _with_corners, stitch
from tests.grid_oracle import faults

SNAP = 1e-6
# An edge at an odd angle, met by both sides in the middle; the corners differ by a step of the grid.
LEFT = [
    "POLYGON ((0 0, 100 0, 113.333333 50.000001, 0 50, 0 0))",
    "POLYGON ((0 50, 113.333333 50.000001, 126.666667 100, 0 100, 0 50))",
]
RIGHT = [
    "POLYGON ((100 0, 300 0, 300 50, 113.333334 50, 100 0))",
    "POLYGON ((113.333334 50, 300 50, 300 100, 126.666667 100, 113.333334 50))",
]


@pytest.mark.parametrize("rows", [(LEFT, RIGHT), (LEFT, ["POLYGON ((100 0, 300 0, 300 100, 126.666667 100, 100 0))"])])
@pytest.mark.parametrize("way", [stitch, lambda cells, snap: stitch(cells[::-1], snap)[::-1]])
def test_both_sides_of_an_edge_get_the_same_corners(rows, way):
    cells = shapely.from_wkt([*rows[0], *rows[1]])
    fitted = way(cells, SNAP)
    assert shapely.coverage_is_valid(fitted)
    assert shapely.area(shapely.symmetric_difference(cells, fitted)).max() < 1e-3
    assert shapely.union_all(fitted).area == pytest.approx(shapely.union_all(cells).area, abs=1e-3)


def test_holes_between_communities_stay_open():
    around = shapely.from_wkt(
        "POLYGON ((0 0, 300 0, 300 300, 0 300, 0 0), (100 100, 100 200, 200 200, 200 100, 100 100))"
    )
    fitted = stitch(np.array([around, shapely.box(300, 0, 400, 150)]), SNAP)
    assert shapely.get_num_interior_rings(fitted).tolist() == [1, 0] and shapely.coverage_is_valid(fitted)


def test_corners_are_put_in_ring_by_ring_where_noding_fails():
    fitted = _with_corners(shapely.from_wkt([*LEFT, "POLYGON ((100 0, 300 0, 300 100, 126.666667 100, 100 0))"]), 3e-6)
    assert shapely.get_num_coordinates(fitted).tolist() == [5, 5, 6]


def test_a_sliver_along_several_cells_makes_no_tail():
    # The common edge was drawn twice, a grid step apart, with other corners on either side.
    west = [[(0, 0), (99.9999995, 0), (100, 120), (0, 120)], [(0, 120), (100, 120), (100.0000006, 300), (0, 300)]]
    east = [[(99.9999995, 0), (200, 0), (200, 210), (100.000001, 210)],
            [(100.000001, 210), (200, 210), (200, 300), (100.0000006, 300)]]  # fmt: skip
    cells = np.array([shapely.Polygon(xy) for xy in west + east], dtype=object)
    found = stitch(cells, 1e-6)
    assert shapely.is_valid(found).all() and faults(found, np.array([shapely.union_all(found)])) == []
    assert np.abs(shapely.length(found) - shapely.length(cells[match(found, cells)])).max() < 1e-3


def match(found, cells):
    return [int(np.argmax(shapely.area(shapely.intersection(cells, one)))) for one in found]

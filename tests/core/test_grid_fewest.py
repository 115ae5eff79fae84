# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines with as few corners as a tolerance allows, and rungs across corridors."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.grids.corridors import rungs, strips
from digital_citymgmt_plugin.core.grids.fewest import fewest_corners
from digital_citymgmt_plugin.core.grids.weights import weights_for

TARGET = 40_000.0
NONE = np.zeros(0, dtype=object)


def arc(radius, turn, count=60):
    angle = np.linspace(0, np.radians(turn), count)
    return shapely.linestrings(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1))


@pytest.mark.parametrize(("radius", "turn"), [(200, 60), (80, 120), (900, 30)])
def test_a_curve_keeps_fewer_corners_than_by_douglas_peucker_within_the_tolerance(radius, turn):
    curve = arc(radius, turn)
    short = fewest_corners(np.array([curve]), 0.95)[0]
    usual = shapely.simplify(curve, 0.95)
    assert shapely.get_num_coordinates(short) < shapely.get_num_coordinates(usual)
    assert shapely.hausdorff_distance(curve, short, densify=0.05) <= 0.95 + 1e-6
    ends = shapely.get_coordinates(curve)[[0, -1]]
    assert np.array_equal(shapely.get_coordinates(short)[[0, -1]], ends)


def test_straight_lines_corners_and_zigzags_stay_what_they_are():
    straight = shapely.linestrings([(0, 0), (10, 0), (50, 0)])
    corner = shapely.linestrings([(0, 0), (50, 0), (50, 50)])
    zigzag = shapely.linestrings([(i * 5, 4 * (i % 2)) for i in range(30)])
    found = fewest_corners(np.array([straight, corner, zigzag]), 0.95)
    assert shapely.get_num_coordinates(found).tolist() == [2, 3, 30]
    assert (shapely.hausdorff_distance(found, [straight, corner, zigzag]) <= 0.95).all()


def test_no_lines_are_no_lines():
    assert len(fewest_corners(NONE, 0.95)) == 0


def test_a_corridor_gets_rungs_where_streets_end_on_it_and_between_them():
    lines = [[(0, 0), (1000, 0)], [(0, 20), (1000, 20)], [(0, 0), (0, 20)], [(1000, 0), (1000, 20)]]
    street = [(300, 20), (300, 200)]
    noded = shapely.union_all([shapely.linestrings(line) for line in [*lines, street]])
    faces = np.array([shapely.box(0, 0, 1000, 20)], dtype=object)
    assert strips(faces, TARGET).all()
    found = rungs(faces, noded, NONE, TARGET)
    middle = np.sort(shapely.get_coordinates(shapely.centroid(found))[:, 0])
    assert np.abs(middle - 300).min() < 1e-3
    assert np.diff(middle).max() < 0.9 * TARGET**0.5 and np.diff(middle).min() >= 0.05 * TARGET**0.5
    assert (np.abs(shapely.length(found) - 20) < 0.01).all()


def test_rungs_go_through_no_building_and_blocks_get_none():
    faces = np.array([shapely.box(0, 0, 1000, 20)], dtype=object)
    noded = shapely.boundary(faces[0])
    house = np.array([shapely.box(100, 5, 700, 15)], dtype=object)
    assert not shapely.intersects(rungs(faces, noded, house, TARGET), house[0]).any()
    block = np.array([shapely.box(0, 0, 300, 200)], dtype=object)
    assert len(rungs(block, shapely.boundary(block[0]), NONE, TARGET)) == 0


@pytest.mark.parametrize("bonus", [1.0, 8.0, 18.0])
def test_a_crumb_never_pays_however_much_a_cell_is_worth(bonus):
    weights = replace(weights_for(TARGET, (0.5, 2.0), 0.0, 1.0), bonus=bonus)
    assert weights.cell(0.07 * TARGET, 4 * (0.07 * TARGET) ** 0.5, 0.0) > 0
    many = weights.cells(*(np.array([v]) for v in (0.07 * TARGET, 4 * (0.07 * TARGET) ** 0.5, 0.0)))
    assert many[0] == pytest.approx(weights.cell(0.07 * TARGET, 4 * (0.07 * TARGET) ** 0.5, 0.0))

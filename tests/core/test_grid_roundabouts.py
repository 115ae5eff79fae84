# SPDX-License-Identifier: GPL-2.0-or-later
"""Roundabouts become one node, islands between slip roads no faces."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.grids.draft import draft_grids
from digital_citymgmt_plugin.core.grids.roundabouts import without_roundabouts
from tests.core.test_grid_draft import assert_tiles, some

FIELD = shapely.box(-400, -400, 400, 400)
NONE = np.zeros(0, dtype=object)


def circle(radius=20.0, pieces=1):
    """Return a ring, as one closed line or as several."""
    turn = np.linspace(0, 2 * np.pi, 48 + 1)
    xy = radius * np.c_[np.cos(turn), np.sin(turn)]
    xy[-1] = xy[0]
    at = np.linspace(0, 48, pieces + 1).astype(int)
    return [shapely.LineString(xy[a : b + 1]) for a, b in zip(at[:-1], at[1:])]


def arms(radius=20.0, count=4):
    turn = 2 * np.pi * np.arange(count) / count
    ways = np.c_[np.cos(turn), np.sin(turn)]
    return [shapely.LineString([radius * way, 500 * way]) for way in ways]


def found(*lines, rank=3, buildings=NONE):
    shapes = some(*lines)
    return without_roundabouts(shapes, np.full(len(shapes), rank), buildings)


@pytest.mark.parametrize("pieces", [1, 2, 4])
@pytest.mark.parametrize("count", [3, 4, 6])
def test_the_arms_of_a_roundabout_meet_in_its_middle(pieces, count):
    lines, ranks = found(*circle(pieces=pieces), *arms(count=count))
    assert len(lines) == len(ranks) == count
    ends = shapely.get_coordinates([shapely.get_point(lines, 0)])
    assert np.abs(ends).max() < 1e-6  # the middle of the ring is the origin
    assert shapely.length(lines) == pytest.approx([500.0] * count, abs=0.1)


def test_carriageways_beside_each_other_are_arms_each():
    pairs = [shapely.LineString([(19.5, side), (400, side * 2)]) for side in (-4, 4)]
    lines, _ = found(*circle(), *pairs, *arms()[1:])
    assert len(lines) == 5 and all(line.distance(shapely.Point(0, 0)) < 1e-6 for line in lines)


def test_a_street_drawn_through_the_ring_is_cut_and_led_to_the_middle():
    through = shapely.LineString([(-300, 3), (300, 3)])
    lines, _ = found(*circle(), through, *arms()[1::2])
    assert len(lines) == 4 and all(line.distance(shapely.Point(0, 0)) < 1e-6 for line in lines)


@pytest.mark.parametrize(
    "more",
    [
        {"radius": 60.0},  # a place with a ring of streets round it
        {"count": 2},  # a loop
        {"rank": 4},  # a wall
        {"buildings": some(shapely.box(-5, -5, 5, 5))},
    ],
)
def test_what_is_no_roundabout_stays_as_it_is(more):
    radius, count = more.pop("radius", 20.0), more.pop("count", 4)
    shapes = [*circle(radius), *arms(radius, count)]
    lines, _ = found(*shapes, **more)
    assert sorted(shapely.to_wkb(lines)) == sorted(shapely.to_wkb(some(*shapes)))


def test_a_square_block_is_no_roundabout():
    block = shapely.box(-20, -20, 20, 20).boundary
    shapes = [block, *(shapely.LineString([p, (p[0] * 20, p[1] * 20)]) for p in shapely.get_coordinates(block)[:4])]
    assert len(found(*shapes)[0]) == 5


def test_a_draft_has_no_cell_boundary_round_a_roundabout():
    shapes = [*circle(pieces=3), *arms()]
    draft = draft_grids(some(FIELD), some(*shapes), np.full(len(shapes), 3))
    assert_tiles(draft.cells, some(FIELD))
    inner = shapely.union_all(shapely.boundary(draft.cells))
    disc = shapely.Point(0, 0).buffer(19)
    assert inner.distance(shapely.Point(0, 0)) < 0.01
    assert shapely.intersection(inner, disc).length == pytest.approx(4 * 19, abs=1)
    assert shapely.intersection(inner, shapely.Point(0, 0).buffer(25)).length == pytest.approx(4 * 25, abs=1)


def test_an_island_between_slip_roads_is_no_cell_and_no_unit_of_its_own():
    cross = [shapely.LineString([(-500, 0), (500, 0)]), shapely.LineString([(0, -500), (0, 500)])]
    slip = shapely.LineString([(0, 62), (20, 22), (62, 0)])  # cuts off an island of 1,900 m²
    shapes = some(*cross, slip)
    draft = draft_grids(some(FIELD), shapes, np.array([2, 2, 3]))
    assert_tiles(draft.cells, some(FIELD))
    island = shapely.Polygon([(0, 0), (0, 62), (20, 22), (62, 0)])
    assert shapely.area(shapely.intersection(draft.cells, island)).max() > 0.98 * island.area
    whole = draft.cells[np.argmax(shapely.area(shapely.intersection(draft.cells, island)))]
    assert whole.contains(shapely.Point(30, 30))  # with the block across the slip road, the weakest of its sides
    assert whole.area > 20_000


def test_the_order_of_rows_does_not_matter():
    shapes = some(*circle(pieces=4), *arms(), *(shapely.transform(line, lambda xy: xy + 300) for line in circle()))
    ranks = np.full(len(shapes), 3)
    first = draft_grids(some(FIELD), shapes, ranks)
    second = draft_grids(some(FIELD), shapes[::-1], ranks)
    assert (shapely.to_wkb(first.cells) == shapely.to_wkb(second.cells)).all()

# SPDX-License-Identifier: GPL-2.0-or-later
"""What every draft must hold, on random networks; and input that a draft must survive."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.grids.checks import cut_pairs
from digital_citymgmt_plugin.core.grids.draft import DraftOptions, draft_grids

TARGET = 20_000.0
FAST = DraftOptions(TARGET, sweeps=2, tries=1, flips=4)


def some(*geometries):
    array = np.empty(len(geometries), dtype=object)
    array[:] = geometries
    return array


def network(seed, communities=3):
    """Communities between random chords of a box, streets at odd angles, dead ends, buildings where there is room."""
    rng = np.random.default_rng(seed)
    box = shapely.box(0, 0, 700, 500)
    edge = [
        shapely.LineString([(x, -10), (x + rng.uniform(-60, 60), 510)]) for x in rng.uniform(150, 550, communities - 1)
    ]
    areas = shapely.get_parts(shapely.polygonize([shapely.union_all([box.boundary, *edge])]))
    areas = areas[shapely.within(shapely.point_on_surface(areas), box)]
    ends = rng.uniform((-50, -50), (750, 550), (rng.integers(0, 9), 2, 2))
    streets = [shapely.LineString(pair) for pair in ends]
    for _ in range(rng.integers(0, 3)):  # two carriageways
        line = shapely.LineString(rng.uniform((-50, -50), (750, 550), (2, 2)))
        streets += [line, shapely.offset_curve(line, rng.uniform(5, 20))]
    corner = rng.uniform((5, 5), (660, 460), (rng.integers(0, 60), 2))
    size = rng.uniform(8, 40, corner.shape)
    houses = shapely.box(*corner.T, *(corner + size).T)
    free = [
        house for house in houses if not shapely.intersects(shapely.union_all(edge) if edge else box.boundary, house)
    ]
    return areas, some(*streets), rng.integers(1, 6, len(streets)), some(*free)


def assert_sound(draft, areas, buildings):
    cells = draft.cells
    assert shapely.is_valid(cells).all() and (shapely.get_type_id(cells) == 3).all()
    assert shapely.coverage_is_valid(cells)
    total = shapely.area(areas).sum()
    assert abs(shapely.area(cells).sum() - total) < 1e-6 * total
    assert shapely.union_all(cells).symmetric_difference(shapely.union_all(areas)).area < 1e-6 * total
    lost = shapely.area(shapely.difference(cells, shapely.buffer(areas[draft.area_index], 1e-5)))
    assert lost.max() < 1e-3, "a cell lies in one community"
    reported = [note.geometry for note in draft.notes if note.code == "draft.building_cut"]
    cut = {int(i) for i in cut_pairs(buildings, cells)[0]}
    assert all(any(shapely.equals_exact(buildings[i].normalize(), r.normalize(), 1e-5) for r in reported) for i in cut)


@given(st.integers(0, 10_000))
@settings(derandomize=True, max_examples=12, deadline=None)
def test_a_draft_of_a_random_network_is_sound(seed):
    areas, streets, ranks, houses = network(seed)
    assert_sound(draft_grids(areas, streets, ranks, buildings=houses, options=FAST), areas, houses)


@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
@settings(derandomize=True, max_examples=4, deadline=None)
def test_neither_the_order_of_rows_nor_a_second_run_changes_a_byte(seed, random):
    areas, streets, ranks, houses = network(seed)
    first = draft_grids(areas, streets, ranks, buildings=houses, options=FAST, seed=7)
    order = [np.array(random.sample(range(len(rows)), len(rows)), dtype=int) for rows in (areas, streets, houses)]
    second = draft_grids(
        areas[order[0]], streets[order[1]], ranks[order[1]], buildings=houses[order[2]], options=FAST, seed=7
    )
    found = sorted(zip(order[0][second.area_index], shapely.to_wkb(second.cells)))
    assert found == sorted(zip(first.area_index, shapely.to_wkb(first.cells)))


@given(st.integers(0, 10_000))
@settings(derandomize=True, max_examples=4, deadline=None)
def test_a_community_alone_gets_the_cells_that_it_gets_among_others(seed):
    areas, streets, ranks, houses = network(seed)
    whole = draft_grids(areas, streets, ranks, buildings=houses, options=FAST)
    alone = draft_grids(areas[:1], streets, ranks, buildings=houses, options=FAST)
    among = whole.cells[whole.area_index == 0]
    assert len(among) == len(alone.cells)
    # Corners of the neighbours' cells on the common edge are not there now: compare what cells cover.
    same, other = shapely.STRtree(among).query(shapely.point_on_surface(alone.cells), predicate="within")
    assert len(same) == len(among)
    assert shapely.area(shapely.symmetric_difference(alone.cells[same], among[other])).max() < 1e-2


def test_any_number_of_workers_gives_the_same_bytes():
    areas, streets, ranks, houses = network(11)

    def backwards(function, tasks, check):
        return reversed([function(task) for task in reversed(tasks)])

    one = draft_grids(areas, streets, ranks, buildings=houses, options=FAST)
    other = draft_grids(areas, streets, ranks, buildings=houses, options=FAST, spread=backwards)
    assert shapely.to_wkb(one.cells).tolist() == shapely.to_wkb(other.cells).tolist()


FIELD = shapely.box(0, 0, 600, 400)
with np.errstate(invalid="ignore"):
    NOWHERE = shapely.LineString([(0, 0), (np.nan, 400)])
BAD = {
    "self-crossing": some(shapely.LineString([(-10, -10), (610, 410), (610, -10), (-10, 410)])),
    "twice the same": some(*[shapely.LineString([(300, -10), (300, 410)])] * 3),
    "almost the same": some(*(shapely.LineString([(300, -10), (x, 410)]) for x in (300, 300.0004))),
    "zero length": some(shapely.LineString([(5, 5), (5, 5)]), shapely.LineString([(0, 200), (600, 201)])),
    "all outside": some(shapely.LineString([(9000, 0), (9000, 400)])),
    "nan": some(NOWHERE),
    "roundabout": some(
        shapely.Point(300, 200).buffer(15).exterior, shapely.LineString([(-10, 200), (285, 200)]),
        shapely.LineString([(315, 200), (610, 200)]), shapely.LineString([(300, 215), (300, 410)]),
    ),
    "spiral": some(shapely.LineString([(300 + r * np.cos(r / 6), 200 + r * np.sin(r / 6)) for r in range(1, 190)])),
}  # fmt: skip


@pytest.mark.parametrize("name", list(BAD))
def test_bad_barriers_leave_a_sound_draft(name):
    areas = some(FIELD)
    assert_sound(draft_grids(areas, BAD[name], options=FAST), areas, some())


def test_a_field_of_water_alone_is_drafted():
    areas = some(FIELD)
    assert_sound(
        draft_grids(areas, some(shapely.box(-50, -50, 650, 450)), np.ones(1, int), options=FAST), areas, some()
    )


def test_a_tiny_community_is_one_cell_and_says_so():
    areas = some(FIELD, shapely.box(600, 0, 620, 15))
    draft = draft_grids(areas, options=FAST)
    assert_sound(draft, areas, some())
    (tiny,) = np.flatnonzero(draft.area_index == 1)
    assert draft.reason[tiny] == "draft.small_area" and draft.area_m2[tiny] == pytest.approx(300)


def test_a_building_across_barriers_stays_whole():
    cross = some(shapely.LineString([(300, -10), (300, 410)]), shapely.LineString([(-10, 200), (610, 200)]))
    house = some(shapely.box(250, 150, 350, 250))
    draft = draft_grids(some(FIELD), cross, np.array([1, 1]), buildings=house, options=FAST)
    assert_sound(draft, some(FIELD), house)


def test_two_carriageways_make_one_boundary_on_one_of_them():
    ways = some(*(shapely.LineString([(-10, y), (610, y)]) for y in (195, 212)))
    draft = draft_grids(some(FIELD), ways, np.array([1, 1]), options=DraftOptions(60_000.0))
    edges = shapely.union_all(shapely.boundary(draft.cells))
    on = [shapely.intersection(edges, shapely.buffer(way, 0.5)).length > 550 for way in ways]
    assert sorted(on) == [False, True]
    assert not shapely.is_empty(shapely.buffer(draft.cells, -12)).any()


def test_the_draft_tells_neighbours_origin_and_confidence():
    areas, streets, ranks, houses = network(5)
    draft = draft_grids(areas, streets, ranks, buildings=houses, options=FAST)
    assert draft.on_rank.sum(axis=1) == pytest.approx(np.ones(len(draft.cells)))
    assert ((draft.confidence >= 0) & (draft.confidence <= 1)).all()
    assert set(draft.origin) <= {"draft.split", "draft.parted", "draft.joined", "draft.block", "draft.thin_ground"}
    worst = [note.values["confidence"] for note in draft.doubtful]
    assert worst == sorted(worst)
    for one, near in enumerate(draft.neighbours):
        for other in near:
            assert one in draft.neighbours[other]
            assert draft.cells[one].intersection(draft.cells[other]).length > 0


def test_nothing_in_the_draft_depends_on_where_the_city_lies():
    areas, streets, ranks, houses = network(3)
    near = draft_grids(areas, streets, ranks, buildings=houses, options=FAST)
    far = [shapely.transform(g, lambda xy: xy + np.array([500_000.0, 3_500_000.0])) for g in (areas, streets, houses)]
    moved = draft_grids(far[0], far[1], ranks, buildings=far[2], options=FAST)
    assert len(moved.cells) == len(near.cells)

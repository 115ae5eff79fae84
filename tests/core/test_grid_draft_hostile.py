# SPDX-License-Identifier: GPL-2.0-or-later
"""Barriers, buildings and loads that nobody wants to get, but everybody gets: a sound draft, in time, that says so."""

from __future__ import annotations

import time

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.barriers import runs_of
from digital_citymgmt_plugin.core.grids.draft import DraftOptions, draft_grids
from tests.grid_oracle import cut_buildings, faults, some

FAST = DraftOptions(20_000.0, sweeps=2, tries=1, flips=4)
box, line = shapely.box, shapely.LineString
FIELD = box(0, 0, 600, 400)
LOT = np.random.default_rng(1)


def houses(count=60, seed=0):
    lot = np.random.default_rng(seed)
    corner, size = lot.uniform((5, 5), (555, 355), (count, 2)), lot.uniform(8, 40, (count, 2))
    return shapely.box(*corner.T, *(corner + size).T)


def waves(step):
    x = np.arange(-10, 610, step)
    return [line(np.c_[x, y + 3 * np.sin(x / 20)]) for y in (100, 200, 300)]


def scattered(count):
    place = LOT.uniform(0, 600, (count, 2))
    return shapely.linestrings(np.stack([place, place + LOT.uniform(-3, 3, place.shape)], axis=1)).tolist()


BARRIERS = {
    "fifty times the same": [line([(300, -10), (300, 410)])] * 50,
    "no length": [line([(5, 5), (5, 5)]), line([(5, 5), (5, 5), (5, 5)]), line([(0, 200), (600, 201)])],
    "none, empty, infinite": [None, line(), shapely.Polygon(), shapely.MultiLineString(), line([(0, 0), (np.inf, 3)])],
    "heights that are no numbers": [shapely.from_wkt("LINESTRING Z (0 200 nan, 600 200 1)")],
    "a chord for every pair": [line(pair) for pair in LOT.uniform(-100, 700, (100, 2, 2))],
    "two thousand crumbs": scattered(2000),
    "a vertex every decimetre": waves(0.1),
    "a comb": [line([(0, y), (600, y + 0.01)]) for y in np.arange(0, 400, 5.0)],
    "rings in rings": [shapely.Point(300, 200).buffer(r).exterior for r in range(20, 200, 15)],
    "islands": [shapely.Point(x, y).buffer(30).exterior for x in range(60, 600, 100) for y in range(60, 400, 100)],
    "shaken by a nanometre": [
        line(np.array([(0, 200), (300, 200), (600, 200)]) + LOT.uniform(-1e-9, 1e-9, (3, 2))) for _ in range(10)
    ],
    "water everywhere": [box(-50, -50, 650, 450)],
    "water as the field": [FIELD],
    "a pond of a thousand vertices": [shapely.segmentize(shapely.Point(300, 200).buffer(100, quad_segs=300), 0.1)],
}


@pytest.mark.parametrize("name", list(BARRIERS))
def test_any_barriers_leave_a_sound_draft_in_time(name):
    begin = time.process_time()
    draft = draft_grids(some(FIELD), some(*BARRIERS[name]), options=FAST)
    assert time.process_time() - begin < 5
    assert faults(draft.cells, some(FIELD)) == []
    assert not shapely.is_empty(shapely.buffer(draft.cells, -2.5)).any(), "no slivers"


BUILDINGS = {
    "larger than the field": [box(-10, -10, 700, 500)],
    "larger than a cell": [box(100, 100, 400, 300)],
    "a hundred times the same": [box(100, 100, 200, 200)] * 100,
    "on each other": list(houses(300)),
    "a court that encloses a cell": [box(200, 100, 400, 300).difference(box(210, 110, 390, 290))],
    "of several parts": [shapely.MultiPolygon([box(50, 50, 70, 70), box(400, 300, 420, 320)])],
    "a vertex every decimetre": list(shapely.segmentize(houses(20), 0.1)),
    "none, empty, crossed, lines, points": [
        None, shapely.Polygon(), shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)]), line([(0, 0), (9, 9)]),
        shapely.Point(1, 1), shapely.Polygon([(0, 0), (np.nan, 1), (3, 3)]),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", list(BUILDINGS))
def test_any_buildings_leave_a_sound_draft_and_are_not_cut(name):
    given = some(*BUILDINGS[name])
    draft = draft_grids(some(FIELD), some(line([(300, -10), (300, 410)])), buildings=given, options=FAST)
    assert faults(draft.cells, some(FIELD)) == []
    known = given[~shapely.is_missing(given) & ~shapely.is_empty(given)]
    known = known[np.isfinite([shapely.get_coordinates(one).sum() for one in known])]
    # Parts far from each other are buildings of their own.
    assert cut_buildings(draft.cells, shapely.get_parts(shapely.make_valid(known))) == []
    low, high = 0.5 * FAST.target_area, 2 * FAST.target_area
    out = [cell for cell in draft.cells if not low <= cell.area <= high]
    listed = [note.geometry for note in draft.notes if note.code in ("draft.below_band", "draft.above_band")]
    assert all(any(cell.equals(one) for one in listed) for cell in out)


def test_a_building_across_communities_is_cut_at_their_edge_and_listed():
    areas = some(FIELD, box(600, 0, 1200, 400))
    given = some(box(250, 150, 350, 250), box(580, 100, 620, 140), box(590, 180, 700, 300))
    cross = some(line([(300, -10), (300, 410)]), line([(-10, 200), (1210, 200)]))
    draft = draft_grids(areas, cross, np.array([1, 1]), buildings=given, options=FAST)
    assert faults(draft.cells, areas) == [] and cut_buildings(draft.cells, given) == [1, 2]
    told = [note for note in draft.notes if note.code == "draft.building_cut"]
    assert sorted(note.values["area"] for note in told) == [1600.0, 13200.0]


LOADS = {
    "no numbers": ([(1, 1), (300, 200), (9, 9)], [np.nan, np.inf, -3.0]),
    "far away": ([(9e6, 1)] * 3, None),
    "all in one place": ([(10, 10)] * 3000, None),
    "on the edges": ([(0, 0), (600, 400), (300, 0), (600, 200)], None),
}


@pytest.mark.parametrize("name", list(LOADS))
def test_any_loads_leave_a_sound_draft(name):
    place, weight = LOADS[name]
    points = some(*map(shapely.Point, place), None, shapely.Point())
    loads = None if weight is None else np.array([*weight, 1.0, 1.0])
    draft = draft_grids(some(FIELD), components=points, loads=loads, options=FAST)
    assert faults(draft.cells, some(FIELD)) == [] and np.isfinite(draft.load).all()


def test_odd_compounds_and_ranks_leave_a_sound_draft():
    yards = some(
        None, FIELD, box(200, 100, 300, 200), box(250, 150, 350, 250), line([(0, 0), (9, 9)]),
        shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100)]),
    )  # fmt: skip
    cross = some(line([(300, -10), (300, 410)]), line([(0, 200), (600, 200)]))
    draft = draft_grids(some(FIELD), cross, np.array([-3, 99]), compounds=yards, options=FAST)
    assert faults(draft.cells, some(FIELD)) == []


@pytest.mark.parametrize("target", [100.0, 1e9])
def test_a_target_smaller_than_a_building_or_larger_than_the_city(target):
    areas = some(box(0, 0, 100, 60), box(100, 0, 160, 60))
    draft = draft_grids(areas, buildings=some(box(20, 20, 60, 50)), options=DraftOptions(target, sweeps=1, flips=1))
    assert faults(draft.cells, areas) == [] and cut_buildings(draft.cells, some(box(20, 20, 60, 50))) == []
    assert len(draft.cells) == 2 if target > 1000 else len(draft.cells) > 20


def test_coordinates_with_a_zone_prefix_lose_no_digit():
    far = np.array([38_500_000.0, 3_500_000.0])
    areas, given = some(FIELD, box(600, 0, 1000, 400)), houses()
    cross = some(line([(0, 133.3), (1000, 150)]))
    moved = [shapely.transform(shapes, lambda xy: xy + far) for shapes in (areas, cross, given)]
    near = draft_grids(areas, cross, buildings=given, options=FAST)
    draft = draft_grids(moved[0], moved[1], buildings=moved[2], options=FAST)
    assert faults(draft.cells, moved[0], draft.area_index) == [] and cut_buildings(draft.cells, moved[2]) == []
    assert len(draft.cells) == len(near.cells)
    back = shapely.transform(draft.cells, lambda xy: xy - far)
    assert shapely.equals_exact(shapely.normalize(back), shapely.normalize(near.cells), 1e-6).all()


@pytest.mark.parametrize(
    "areas", [[None], [], [shapely.Polygon([(0, 0), (np.nan, 1), (1, 1)])], [shapely.Polygon([(0, 0), (9, 9), (0, 0)])]]
)
def test_a_layer_of_nothing_is_refused(areas):
    with pytest.raises(InputRefused, match=r"draft\.no_areas"):
        draft_grids(some(*areas), options=FAST)


def test_runs_of_lines_are_the_lines():
    lot = np.random.default_rng(0)
    lines = some(*(line(lot.random((count, 2))) for count in (2, 3, 23, 24, 25, 46, 47, 48, 120)))
    runs, owner = runs_of(lines)
    assert shapely.get_num_coordinates(runs).max() == 24
    assert np.bincount(owner, weights=shapely.length(runs)) == pytest.approx(shapely.length(lines))
    for row, whole in enumerate(lines):
        assert shapely.equals(shapely.union_all(runs[owner == row]), shapely.union_all([whole]))
    assert len(runs_of(some())[0]) == 0

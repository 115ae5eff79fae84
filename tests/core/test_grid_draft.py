# SPDX-License-Identifier: GPL-2.0-or-later
"""Drafting unit grids from barriers, buildings and communities."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.grids.draft import DraftOptions, draft_grids

FIELD = shapely.box(0, 0, 1000, 800)  # 80 ha: 20 cells of 4 ha


def some(*geometries):
    out = np.empty(len(geometries), dtype=object)
    out[:] = geometries
    return out


def town(seed=0, size=1200.0):
    """Build four communities, crooked streets that do not end at their edges, and houses off the streets."""
    rng = np.random.default_rng(seed)
    half = size / 2
    areas = some(*(shapely.box(x, y, x + half, y + half) for x in (0.0, half) for y in (0.0, half)))
    steps = np.linspace(-40, size + 40, 60)
    streets = []
    for at in np.arange(100, size, 190):
        wave = at + 12 * np.sin(steps / 90 + at)
        streets += [np.c_[steps, wave], np.c_[wave + 7, steps]]
    lines = shapely.linestrings(np.array(streets))
    corners = rng.random((500, 2)) * size
    houses = shapely.box(*corners.T, *(corners + rng.uniform(10, 35, (500, 2))).T)
    beside = shapely.STRtree(lines).query(houses, predicate="dwithin", distance=4)[0]
    houses = np.delete(houses, np.unique(beside))
    inside = shapely.covers(areas[:, None], houses[None, :]).any(axis=0)
    return areas, lines, rng.integers(1, 6, len(lines)), houses[inside]


def assert_tiles(cells, areas, tolerance=0.01):
    """Tell by GEOS alone, not by the plugin's own checks, that the cells tile the areas."""
    assert shapely.is_valid(cells).all()
    assert (shapely.get_type_id(cells) == 3).all()
    union = shapely.union_all(cells)
    assert abs(shapely.area(cells).sum() - union.area) < tolerance
    wanted = shapely.union_all(shapely.make_valid(areas))
    # Vertices are on a grid of 1 mm: at most that much along the outline.
    assert union.symmetric_difference(wanted).area < tolerance + 1e-3 * wanted.length


def test_a_field_without_any_barrier_is_cut_into_cells_of_about_the_target():
    draft = draft_grids(some(FIELD))
    assert_tiles(draft.cells, some(FIELD))
    assert 16 <= len(draft.cells) <= 22
    assert ((draft.area_m2 >= 20_000) & (draft.area_m2 <= 80_000)).all()


def test_cells_tile_every_community_and_leave_none():
    areas, lines, ranks, houses = town()
    draft = draft_grids(areas, lines, ranks, buildings=houses)
    assert_tiles(draft.cells, areas)
    own = shapely.area(shapely.intersection(draft.cells, areas[draft.area_index]))
    assert np.allclose(own, draft.area_m2, atol=0.5)


def test_shared_edges_have_the_same_corners_on_both_sides():
    if not hasattr(shapely, "coverage_is_valid") or shapely.geos_version < (3, 12, 0):
        pytest.skip("the oracle is coverage_is_valid, which GEOS has from 3.12 on; this one is older")
    areas, lines, ranks, houses = town()
    assert shapely.coverage_is_valid(draft_grids(areas, lines, ranks, buildings=houses).cells)


def test_no_building_is_cut():
    areas, lines, ranks, houses = town()
    cells = draft_grids(areas, lines, ranks, buildings=houses).cells
    house, cell = shapely.STRtree(cells).query(houses, predicate="intersects")
    parts = shapely.area(shapely.intersection(houses[house], cells[cell]))
    largest = np.zeros(len(houses))
    np.maximum.at(largest, house, parts)
    assert (shapely.area(houses) - largest < np.maximum(1.0, 0.02 * shapely.area(houses)) + 1e-6).all()


def test_most_of_the_boundary_follows_barriers_where_there_are_enough():
    areas, lines, ranks, houses = town()
    cells = draft_grids(areas, lines, ranks, buildings=houses).cells
    inner = shapely.difference(
        shapely.union_all(shapely.boundary(cells)), shapely.buffer(shapely.union_all(shapely.boundary(areas)), 0.5)
    )
    along = shapely.intersection(inner, shapely.buffer(shapely.union_all(lines), 1.0)).length
    assert along > 0.6 * inner.length


@given(st.randoms(use_true_random=False))
@settings(derandomize=True, max_examples=3, deadline=None)
def test_the_order_of_the_input_rows_does_not_matter(random):
    areas, lines, ranks, houses = town(3, 800.0)
    first = draft_grids(areas, lines, ranks, buildings=houses)
    order = [random.sample(range(len(rows)), len(rows)) for rows in (areas, lines, houses)]
    second = draft_grids(areas[order[0]], lines[order[1]], ranks[order[1]], buildings=houses[order[2]])
    expected = sorted(zip(first.area_index, shapely.to_wkb(first.cells)))
    found = sorted(zip(np.array(order[0])[second.area_index], shapely.to_wkb(second.cells)))
    assert found == expected


def test_a_building_more_changes_no_other_community():
    areas, lines, ranks, houses = town()
    more = np.append(houses, [shapely.box(30, 30, 44, 41)])
    first = draft_grids(areas, lines, ranks, buildings=houses)
    second = draft_grids(areas, lines, ranks, buildings=more)
    home = int(np.flatnonzero(shapely.covers(areas, more[-1]))[0])

    def others(draft):
        return draft.cells[draft.area_index != home]

    before, after = others(first), others(second)
    assert len(first.cells) and len(before) == len(after)
    # Corners where the neighbour's cells meet the common edge may come and go: compare what the cells cover.
    assert shapely.area(shapely.symmetric_difference(before, after)).max() < 0.5


def test_coordinates_with_a_zone_prefix_give_the_same_cells():
    areas, lines, ranks, houses = town(1, 800.0)
    far = [shapely.transform(g, lambda xy: xy + np.array([38_500_000.0, 3_500_000.0])) for g in (areas, lines, houses)]
    near = draft_grids(areas, lines, ranks, buildings=houses)
    moved = draft_grids(far[0], far[1], ranks, buildings=far[2])
    assert_tiles(moved.cells, far[0], tolerance=0.1)
    assert 0.8 < len(moved.cells) / len(near.cells) < 1.25


@pytest.mark.parametrize(
    ("barriers", "label"),
    [
        (some(), "no rows"),
        (some(None, shapely.LineString()), "null and empty"),
        (some(shapely.from_wkt("LINESTRING ZM (0 400 5 1, 1000 400 6 2)")), "Z and M"),
        (some(shapely.LineString([(-100_000, 400), (100_000, 401)])), "far beyond the area"),
        (some(shapely.LineString([(90_000, 90_000), (91_000, 90_000)])), "nowhere near"),
        (some(shapely.Point(500, 400)), "a point"),
        (some(shapely.Point(500, 400).buffer(150), shapely.Point(500, 400).buffer(120)), "ring in a ring"),
        (some(*(shapely.LineString([(-9, y), (1009, y + 1)]) for y in (400, 404, 412))), "dual carriageway"),
        (some(shapely.LineString([(0, 1.5), (500, 2.9), (1000, 1.2)])), "beside the edge"),
        (some(shapely.from_wkt("MULTILINESTRING ((0 0, 1000 800), (0 800, 1000 0))")), "crossing"),
        (some(shapely.from_wkt("GEOMETRYCOLLECTION (POINT (1 1), LINESTRING (0 90, 1000 90))")), "collection"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_odd_barriers_leave_a_sound_tiling(barriers, label):
    draft = draft_grids(some(FIELD), barriers, np.ones(len(barriers), dtype=np.int64))
    assert_tiles(draft.cells, some(FIELD))
    assert not shapely.is_empty(shapely.buffer(draft.cells, -2.5)).any(), "no slivers"


def test_a_barrier_beside_the_edge_of_a_community_makes_no_strip():
    beside = some(shapely.LineString([(-10, 2.5), (1010, 1.0)]))
    draft = draft_grids(some(FIELD), beside)
    assert_tiles(draft.cells, some(FIELD))
    inner = shapely.difference(shapely.union_all(shapely.boundary(draft.cells)), shapely.buffer(FIELD.boundary, 1e-2))
    assert shapely.intersection(inner, shapely.buffer(beside[0], 0.1)).length < 10


def test_a_strong_barrier_is_kept_and_a_weak_one_given_up():
    area = some(shapely.box(0, 0, 400, 200))
    lines = some(shapely.LineString([(200, -1), (200, 201)]), shapely.LineString([(120, -1), (120, 201)]))
    cells = draft_grids(area, lines, np.array([1, 5])).cells
    assert len(cells) == 2
    assert sorted(round(cell.area) for cell in cells) == [40_000, 40_000]


def test_an_invalid_area_is_repaired_and_noted():
    bow = shapely.from_wkt("POLYGON ((0 0, 500 500, 500 0, 0 500, 0 0))")
    draft = draft_grids(some(bow))
    assert_tiles(draft.cells, some(bow))
    assert draft.notes[0].code == "draft.area_repaired" and draft.notes[0].values["reason"]


def test_an_overlap_of_communities_goes_to_one_and_is_noted():
    areas = some(shapely.box(0, 0, 500, 400), shapely.box(450, 0, 900, 400))
    draft = draft_grids(areas)
    assert_tiles(draft.cells, areas)
    (note,) = [note for note in draft.notes if note.code == "draft.areas_overlap"]
    assert note.values["area"] == 20_000.0 and {note.area_index, note.values["other"]} == {0, 1}


def test_parts_of_a_community_are_drafted_by_themselves():
    area = some(shapely.union(shapely.box(0, 0, 400, 300), shapely.box(600, 0, 700, 100)))
    draft = draft_grids(area)
    assert_tiles(draft.cells, area)
    assert "draft.small_area" in draft.reason and (draft.area_index == 0).all()


def test_a_community_around_another_is_tiled_without_holes():
    inner = shapely.box(300, 300, 600, 600)
    areas = some(shapely.difference(FIELD, inner), inner)
    cells = draft_grids(areas).cells
    assert_tiles(cells, areas)
    assert (shapely.get_num_interior_rings(cells) == 0).all()


def test_locked_cells_are_taken_over_as_they_are():
    lock = shapely.box(200, 200, 400, 400)
    draft = draft_grids(some(FIELD), locked=some(lock))
    assert_tiles(draft.cells, some(FIELD))
    (kept,) = draft.cells[draft.reason == "draft.locked"]
    assert shapely.symmetric_difference(kept, lock).area < 1e-6


def test_a_building_that_a_community_edge_cuts_is_noted():
    areas = some(shapely.box(0, 0, 500, 800), shapely.box(500, 0, 1000, 800))
    draft = draft_grids(areas, buildings=some(shapely.box(480, 300, 520, 340)))
    (note,) = [note for note in draft.notes if note.code == "draft.building_cut"]
    assert note.geometry.area == pytest.approx(1600)


def test_loads_count_each_component_once():
    points = shapely.points(np.random.default_rng(2).random((300, 2)) * [1000, 800])
    draft = draft_grids(some(FIELD), components=points, loads=np.full(300, 2.0))
    assert draft.load.sum() == 600


def test_components_pull_the_cells_towards_equal_loads():
    rng = np.random.default_rng(5)
    points = shapely.points(np.r_[rng.random((900, 2)) * [300, 800], rng.random((300, 2)) * [1000, 800]])
    with_loads = draft_grids(some(FIELD), components=points)
    without = draft_grids(some(FIELD))
    held = shapely.STRtree(points).query(without.cells, predicate="contains")[0]
    plain = np.bincount(held, minlength=len(without.cells))
    assert with_loads.load.std() / with_loads.load.mean() < plain.std() / plain.mean()


def test_the_user_can_stop_and_sees_progress():
    class Stop:
        calls = 0

        def check(self):
            self.calls += 1
            if self.calls > 2:
                raise Cancelled()

    with pytest.raises(Cancelled):
        draft_grids(some(FIELD), cancel=Stop())
    seen = []
    draft_grids(some(FIELD), progress=lambda fraction, message="", **values: seen.append(fraction))
    assert seen == sorted(seen) and seen[-1] == 1.0


@pytest.mark.parametrize("areas", [some(), some(None), some(shapely.Polygon()), some(shapely.Point(1, 1))])
def test_a_layer_without_any_area_is_refused(areas):
    with pytest.raises(InputRefused, match=r"draft\.no_areas"):
        draft_grids(areas)


@pytest.mark.parametrize("options", [{"target_area": 0.0}, {"band": (1.2, 2.0)}, {"snap": 5.0}])
def test_senseless_options_are_refused(options):
    with pytest.raises(InputRefused, match=r"draft\.bad_option"):
        draft_grids(some(FIELD), options=DraftOptions(**options))

# SPDX-License-Identifier: GPL-2.0-or-later
"""Barriers given as areas: narrow ones are lines, wide ones cells that no figure counts, islands go over a bridge."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.grids.bodies import centre_lines, split_areas
from digital_citymgmt_plugin.core.grids.draft import draft_grids
from tests.core.test_grid_draft import assert_tiles, some

FIELD = shapely.box(0, 0, 1000, 800)
NONE = np.zeros(0, dtype=object)


def split(*shapes, rank=1, lines=NONE, houses=NONE):
    return split_areas(some(*shapes), np.full(len(shapes), rank), lines, houses, 60.0, 20_000.0)


@pytest.mark.parametrize("width", [6.0, 20.0, 55.0])
def test_the_middle_of_a_straight_river_is_its_axis(width):
    river = shapely.box(0, -width / 2, 900, width / 2)
    found = shapely.union_all(split(river).lines)
    assert found.length == pytest.approx(900, abs=0.15 * width + 1)
    assert shapely.hausdorff_distance(found, shapely.LineString([(0, 0), (900, 0)])) < 0.1 * width + 1


def test_the_middle_of_a_winding_river_is_half_way_between_its_banks():
    x = np.linspace(0, 1500, 150)
    axis = shapely.LineString(np.c_[x, 120 * np.sin(x / 200)])
    found = centre_lines(shapely.buffer(axis, 20.0, cap_style="flat"), 40.0)
    inner = shapely.box(60, -200, 1440, 200)  # the ends are drawn straight on
    assert shapely.hausdorff_distance(found.intersection(inner), axis.intersection(inner)) < 1.5
    assert shapely.hausdorff_distance(found, axis) < 6.0
    assert found.length == pytest.approx(axis.length, rel=0.02)


def test_arms_of_a_river_meet_in_one_node():
    ends = [(400, 0), (-300, 300), (-300, -300)]
    star = shapely.union_all([shapely.LineString([(0, 0), end]).buffer(10) for end in ends])
    found = shapely.get_parts(shapely.line_merge(shapely.union_all(split(star).lines)))
    assert len(found) == 3 and shapely.intersection_all(found).distance(shapely.Point(0, 0)) < 5


def test_a_line_of_the_map_in_a_narrow_river_is_its_middle_but_a_bridge_is_not():
    river = shapely.box(0, -20, 900, 20)
    own = shapely.LineString([(-50, 4), (950, 3)])
    bridge = shapely.LineString([(300, -200), (300, 200)])
    assert len(split(river, lines=some(own, bridge)).lines) == 0
    assert shapely.union_all(split(river, lines=some(bridge)).lines).length > 800
    half = shapely.LineString([(-50, 4), (450, 3)])
    rest = shapely.union_all(split(river, lines=some(half)).lines)
    assert 380 < rest.length < 460 and rest.bounds[0] > 440


def test_ponds_walls_and_ground_that_is_built_over_count_by_their_outlines():
    pond = shapely.Point(0, 0).buffer(25)
    assert shapely.union_all(split(pond).lines).equals_exact(pond.boundary, 1e-2)
    wall = shapely.box(0, 0, 900, 20)
    assert shapely.union_all(split(wall, rank=4).lines).equals(wall.boundary)
    block, houses = shapely.box(0, 0, 300, 300), some(shapely.box(100, 100, 200, 200))
    found = split(block, houses=houses)
    assert not len(found.wide) and [note.code for note in found.notes] == ["draft.built_over"]


def test_a_lake_with_a_brook_is_wide_and_narrow():
    lake = shapely.union_all([shapely.box(0, 0, 300, 300), shapely.box(300, 140, 900, 160)])
    found = split(lake)
    assert found.wide[0].symmetric_difference(shapely.box(0, 0, 300, 300)).area < 300
    assert shapely.hausdorff_distance(shapely.union_all(found.lines), shapely.LineString([(300, 150), (900, 150)])) < 8


def test_a_narrow_river_gives_one_boundary_in_its_middle_and_no_cell():
    river = shapely.box(-50, 385, 1050, 415)
    draft = draft_grids(some(FIELD), some(river), np.array([1]))
    assert_tiles(draft.cells, some(FIELD))
    assert "draft.barrier_area" not in draft.reason
    inner = shapely.union_all(shapely.boundary(draft.cells))
    assert shapely.buffer(inner, 1.0).covers(shapely.LineString([(0, 400), (1000, 400)]))
    assert shapely.intersection(inner, shapely.box(20, 383, 980, 387)).length < 60  # nothing along the bank


def test_a_wide_river_is_a_cell_of_its_own_that_no_figure_counts():
    river = shapely.box(-50, 350, 1050, 450)
    rng = np.random.default_rng(1)
    there = rng.uniform((0, 0), (1000, 800), (3000, 2))
    land = shapely.points(there[(there[:, 1] < 350) | (there[:, 1] > 450)])
    draft = draft_grids(some(FIELD), some(river), np.array([1]), components=land)
    assert_tiles(draft.cells, some(FIELD))
    body = draft.reason == "draft.barrier_area"
    assert draft.cells[body][0].symmetric_difference(shapely.box(0, 350, 1000, 450)).area < 1 and body.sum() == 1
    assert (draft.origin[body] == "draft.body").all() and (draft.confidence[body] == 1).all()
    assert [note.code for note in draft.notes if note.code == "draft.barrier_area"] and len(draft.cells) > 10
    assert ((draft.area_m2[~body] >= 20_000) & (draft.area_m2[~body] <= 80_000)).all()
    # The river holds nothing: were its area counted, cells would aim at less load and be smaller.
    assert draft.area_m2[~body].mean() == pytest.approx(40_000, rel=0.06)


def test_water_is_cut_only_by_edges_of_communities_and_by_bridges():
    areas = some(shapely.box(0, 0, 1000, 800), shapely.box(1000, 0, 2000, 800))
    river = shapely.box(-50, 320, 2050, 480)
    bridge = shapely.LineString([(400, -10), (400, 810)])
    draft = draft_grids(areas, some(river, bridge, shapely.LineString([(-10, 400), (2010, 400)])), np.array([1, 2, 1]))
    assert_tiles(draft.cells, areas)
    wet = draft.cells[draft.reason == "draft.barrier_area"]
    assert sorted(round(cell.area) for cell in wet) == [64_000, 96_000, 160_000]


def test_a_lake_inside_a_community_leaves_no_cell_with_a_hole():
    lake = shapely.Point(500, 400).buffer(120)
    draft = draft_grids(some(FIELD), some(lake), np.array([1]))
    assert_tiles(draft.cells, some(FIELD))
    assert not shapely.get_num_interior_rings(draft.cells).any()
    assert (draft.reason == "draft.barrier_area").sum() == 1


def island(bridged):
    lake, isle = shapely.box(200, 200, 800, 600), shapely.box(450, 350, 550, 450)
    lines = [shapely.difference(lake, isle)]
    if bridged:
        lines.append(shapely.LineString([(500, -10), (500, 400)]))
    return draft_grids(some(FIELD), some(*lines), np.array([1, 3][: len(lines)])), isle


def test_an_island_is_a_cell_of_its_own_without_a_bridge():
    draft, isle = island(False)
    assert_tiles(draft.cells, some(FIELD))
    alone = draft.cells[draft.reason == "draft.island"]
    assert len(alone) == 1 and alone[0].symmetric_difference(isle).area < 1
    assert not shapely.get_num_interior_rings(draft.cells).any()
    assert "draft.island" in [note.code for note in draft.notes]


def test_a_house_in_the_water_is_not_cut_where_the_water_is_cut_beside_an_island():
    lake, isle = shapely.box(200, 200, 800, 600), shapely.box(450, 350, 550, 450)
    houses = some(shapely.box(485, 250, 515, 270), shapely.box(300, 395, 330, 405), shapely.box(485, 500, 515, 520))
    draft = draft_grids(some(FIELD), some(shapely.difference(lake, isle)), np.array([1]), buildings=houses)
    assert_tiles(draft.cells, some(FIELD))
    assert not shapely.get_num_interior_rings(draft.cells).any()
    parts = shapely.area(shapely.intersection(draft.cells[:, None], houses[None, :])).max(axis=0)
    assert (parts > 0.999 * shapely.area(houses)).all()


def test_an_island_goes_with_the_land_at_the_end_of_its_bridge():
    draft, isle = island(True)
    assert_tiles(draft.cells, some(FIELD))
    assert "draft.island" not in draft.reason
    home = draft.cells[shapely.area(shapely.intersection(draft.cells, isle)) > 0.99 * isle.area]
    assert len(home) == 1 and home[0].area > isle.area + 5_000 and (draft.reason == "draft.barrier_area").sum() == 1


def test_a_community_of_nothing_but_water_is_said_to_be_that():
    areas = some(shapely.box(0, 0, 300, 300), shapely.box(300, 0, 1000, 800))
    draft = draft_grids(areas, some(shapely.box(-10, -10, 310, 310)), np.array([1]))
    assert_tiles(draft.cells, areas)
    assert [note.area_index for note in draft.notes if note.code == "draft.all_water"] == [0]
    assert (draft.reason[draft.area_index == 0] == "draft.barrier_area").all()


def test_a_house_on_the_bank_is_not_cut():
    house = shapely.box(480, 340, 520, 360)
    draft = draft_grids(some(FIELD), some(shapely.box(-50, 350, 1050, 450)), np.array([1]), buildings=some(house))
    assert_tiles(draft.cells, some(FIELD))
    assert shapely.area(shapely.intersection(draft.cells, house)).max() > 0.999 * house.area


def test_the_order_of_areas_does_not_matter():
    shapes = some(shapely.box(-50, 350, 500, 450), shapely.box(500, 340, 1050, 440), shapely.box(200, 500, 220, 900),
                  shapely.LineString([(400, -10), (400, 810)]))  # fmt: skip
    ranks = np.array([1, 2, 1, 3])
    first = draft_grids(some(FIELD), shapes, ranks)
    second = draft_grids(some(FIELD), shapely.normalize(shapes)[::-1], ranks[::-1])
    assert (shapely.to_wkb(first.cells) == shapely.to_wkb(second.cells)).all()


@pytest.mark.parametrize("kind", ["line", "area"])
def test_what_closed_walls_enclose_stays_whole(kind):
    estate = shapely.box(330, 230, 610, 440)  # 5.9 ha: squares of 4 ha would part it
    wall = estate.exterior if kind == "line" else estate
    draft = draft_grids(some(FIELD), some(shapely.LineString(wall.coords) if kind == "line" else wall), np.array([4]))
    assert_tiles(draft.cells, some(FIELD))
    assert shapely.area(shapely.intersection(draft.cells, estate)).max() > 0.98 * estate.area


@pytest.mark.parametrize("seed", range(4))
def test_any_water_leaves_cells_that_tile_have_no_hole_and_cut_no_house(seed):
    rng = np.random.default_rng(seed)
    areas = some(shapely.box(0, 0, 450, 800), shapely.box(450, 0, 1000, 800))
    lake = shapely.Point(rng.uniform(100, 900, 2)).buffer(rng.uniform(80, 250), quad_segs=5)
    isles = [shapely.Point(rng.uniform(0, 1000, 2)).buffer(rng.uniform(10, 80)) for _ in range(6)]
    river = shapely.LineString(rng.uniform(-100, 1000, (4, 2))).buffer(rng.uniform(5, 60))
    streets = shapely.linestrings(rng.uniform(0, 900, (5, 2, 2)))
    shapes = [shapely.difference(lake, shapely.union_all(isles)), river, *streets]
    corners = rng.uniform(0, 960, (60, 2)) * [1, 0.8]
    houses = shapely.box(*corners.T, *(corners + rng.uniform(5, 30, (60, 2))).T)
    draft = draft_grids(areas, some(*shapes), np.array([1, 1, 3, 3, 2, 4, 5]), buildings=houses)
    assert_tiles(draft.cells, areas)
    assert not shapely.get_num_interior_rings(draft.cells).any()
    house, cell = shapely.STRtree(draft.cells).query(houses, predicate="intersects")
    part = shapely.area(shapely.intersection(houses[house], draft.cells[cell]))
    largest = np.zeros(len(houses))
    np.maximum.at(largest, house, part)
    inside = np.bincount(house, weights=part, minlength=len(houses))
    cut = inside - largest > np.maximum(1.0, 0.02 * shapely.area(houses))
    assert shapely.intersects(shapely.LineString([(450, 0), (450, 800)]), houses[cut]).all()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Reshape, give, carve, move a corner or an edge: what goes where, what may not move, what is refused."""

from __future__ import annotations

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from digital_citymgmt_plugin.core.grids.edit import Coverage, carve, give, merge, move_edge, move_vertex, reshape
from tests.redraw_ground import Outline, Pen, board, covered, digest, is_sound, refused, shapes_of

EAST = shapely.Polygon([(100, 0), (200, 0), (200, 200), (100, 200), (100, 100)])


@pytest.fixture
def four():
    """a and b below, c and d above; the right half is another community."""
    return covered(
        box(0, 0, 100, 100), box(100, 0, 200, 100), box(0, 100, 100, 200), box(100, 100, 200, 200),
        groups=["west", "east", "west", "east"],
    )  # fmt: skip


def area(cov, name):
    return round(cov.cell(name).area, 3)


def done(cov, edit):
    """Apply an edit, look at everything, and prove that it can be taken back."""
    total, outline, start = sum(shape.area for shape in shapes_of(cov)), Outline(shapes_of(cov)), digest(cov)
    cov.apply(edit)
    is_sound(cov, total, outline)
    cov.revert(edit)
    assert digest(cov) == start
    cov.apply(edit)
    return cov


def test_reshape_moves_the_boundary_between_two_cells_to_the_line(four):
    edit = reshape(four, [(20, 100), (20, 120), (80, 120), (80, 100)])
    assert set(edit.after) == {"a", "c"} and edit.parents == {} and edit.corners == frozenset()
    done(four, edit)
    assert area(four, "a") == 11_200 and area(four, "c") == 8_800


def test_reshape_may_cross_the_boundary_several_times_and_hang_over_at_the_ends(four):
    edit = reshape(four, [(10, 80), (30, 120), (50, 80), (70, 120), (90, 80)])
    done(four, edit)
    assert area(four, "a") + area(four, "c") == 20_000 and four.cell("c").intersects(shapely.Point(50, 90))
    assert not four.cell("a").intersects(shapely.Point(50, 95))


def test_reshape_with_an_end_on_a_third_boundary_leaves_that_one_alone(four):
    edit = reshape(four, [(0, 80), (60, 100)])
    done(four, edit)
    assert area(four, "a") == 9_400 and area(four, "c") == 10_600


def test_reshape_of_a_community_edge_has_to_be_asked_for(four):
    line = [(100, 20), (80, 50), (100, 80)]
    assert refused(reshape, four, line) == "redraw.community_edge"
    done(four, reshape(four, line, community=True))
    assert area(four, "a") == 9_400 and area(four, "b") == 10_600


def test_reshape_never_moves_the_outer_edge():
    cov = covered(box(0, 0, 100, 100), box(300, 0, 400, 100))
    assert refused(reshape, cov, [(0, 20), (20, 50), (0, 80)]) == "redraw.outer_edge"
    assert refused(reshape, cov, [(0, 20), (-20, 50), (0, 80)]) == "redraw.touches_only"


def test_a_cell_does_not_fall_apart():
    cov = covered(box(0, 0, 100, 20), box(0, 20, 100, 40))
    assert refused(reshape, cov, [(40, 20), (40, -0.5), (60, -0.5), (60, 20)]) == "redraw.falls_apart"


def test_give_by_line_and_by_area(four):
    by_line = give(four, [(0, 80), (100, 80)], "a", "c")
    done(four, by_line)
    assert area(four, "a") == 8_000 and area(four, "c") == 12_000 and by_line.corners == {"b"}
    by_area = give(four, [(20, 70), (50, 70), (50, 90), (20, 90), (20, 70)], "a", "c")
    done(four, by_area)
    assert area(four, "a") == 7_700
    assert refused(give, four, [(0, 60), (101, 60)], "a", "b") == "redraw.community_edge"
    done(four, give(four, [(90, -5), (90, 105)], "a", "b", community=True))
    assert area(four, "b") == 10_800


def test_what_cannot_be_given(four):
    assert refused(give, four, [(0, 80), (100, 80)], "a", "d", community=True) == "redraw.not_beside"
    assert refused(give, four, [(10, 10), (30, 10), (30, 30), (10, 10)], "a", "c") == "redraw.not_beside"
    assert refused(give, four, [(-9, -9), (109, -9), (109, 109), (-9, 109), (-9, -9)], "a", "c") == "redraw.gives_all"
    assert refused(give, four, [(120, 20), (220, 20)], "a", "c") == "redraw.outside"
    assert refused(give, four, [(0, 99.8), (50, 105)], "a", "c") == "redraw.piece_too_small"
    assert refused(give, four, [(0, 50), (50, 50)], "a", "c") == "redraw.ends_inside"
    assert refused(give, four, [(0, 80), (100, 80)], "a", "a") == "redraw.merge_one"
    assert refused(give, four, [(0, 80), (100, 80)], "a", "x") == "redraw.no_cell"


def test_a_hole_is_carved_and_given_back(four):
    edit = carve(four, [(20, 20), (60, 20), (60, 60), (20, 60)])
    assert edit.parents == {"a/1": ("a",)} and edit.groups["a/1"] == "west"
    done(four, edit)
    assert area(four, "a") == 8_400 and len(shapely.get_rings(four.cell("a"))) == 2
    assert four.neighbours("a/1") == ["a"]
    done(four, merge(four, ["a", "a/1"]))
    assert area(four, "a/2") == 10_000 and len(shapely.get_rings(four.cell("a/2"))) == 1


def test_a_region_over_two_communities_is_carved_for_the_one_named(four):
    region = [(50, 50), (150, 50), (150, 150), (50, 150)]
    assert refused(carve, four, region) == "redraw.carve_across"
    edit = carve(four, box(50, 50, 150, 150), "new")
    assert edit.groups["a/1"] == "new" and edit.parents["a/1"] == ("a", "b", "c", "d")
    done(four, edit)
    assert [area(four, name) for name in ("a", "b", "c", "d", "a/1")] == [7_500, 7_500, 7_500, 7_500, 10_000]


def test_a_carved_strip_leaves_two_new_cells_and_swallows_whole_ones(four):
    edit = carve(four, [(-10, 40), (110, 40), (110, 210), (-10, 210)], "west")
    assert {"c"} == set(edit.before) - set(edit.after) and area(done(four, edit), "a") == 4_000
    strip = covered(box(0, 0, 100, 100))
    edit = carve(strip, [(-10, 40), (110, 40), (110, 60), (-10, 60)])
    assert sorted(edit.after) == ["a/1", "a/2", "a/3"]
    done(strip, edit)


def test_carved_splinters_go_with_the_rest(four):
    edit = carve(four, [(0.2, 0.2), (99.9, 0.2), (99.9, 60), (0.2, 60)])
    assert set(edit.after) == {"a", "a/1"}
    edit = carve(four, [(50, 40), (100.005, 40), (100.005, 60), (50, 60)])
    assert edit.corners == {"b"} and area(done(four, edit), "a/1") == 1_000
    assert refused(carve, four, box(-5, -5, 500, 500), "west") is None
    assert refused(carve, covered(box(0, 0, 9, 9)), box(-5, -5, 50, 50)) == "redraw.carve_nothing"
    assert refused(carve, four, box(300, 300, 400, 400)) == "redraw.outside"


def test_a_corner_moves_with_all_its_cells():
    ids, shapes, groups = board(2, 2)
    cov = Coverage(ids, shapes, groups)
    x, y = 500_100.0, 4_000_100.0
    edit = move_vertex(cov, (x + 0.4, y), (x + 10, y + 5))
    assert set(edit.after) == set(ids) and edit.parents == {}
    done(cov, edit)
    assert all([x + 10, y + 5] in shapely.get_coordinates(shape).tolist() for shape in edit.after.values())
    assert refused(move_vertex, cov, (x + 20, y + 20), (x, y)) == "redraw.no_corner"
    assert refused(move_vertex, cov, (x + 10, y + 5), (x + 10.01, y + 5)) == "redraw.not_moved"
    assert refused(move_vertex, cov, (x + 10, y + 5), (x + 150, y + 150)) == "redraw.would_overlap"
    assert refused(move_vertex, cov, (x + 10, y + 5), (float("nan"), y)) == "redraw.not_finite"


def test_corners_of_communities_and_of_the_outline_stay(four):
    assert refused(move_vertex, four, (0, 0), (5, 5)) == "redraw.outer_edge"
    assert refused(move_vertex, four, (100, 100), (95, 95), community=False) is not None
    done(four, move_vertex(four, (100, 100), (95, 105), community=True))
    assert area(four, "a") == 10_000


def test_the_end_of_an_edge_slides_along_the_outline_and_along_a_community(four):
    done(four, move_vertex(four, (0, 100), (3, 80)))
    assert area(four, "a") == 9_000 and (0, 100) in [point for ring in four.rings("c") for point in ring]
    three = covered(
        box(0, 0, 100, 100), EAST, box(0, 100, 100, 200), groups=["west", "east", "west"],
    )  # fmt: skip
    edit = move_vertex(three, (100, 100), (97, 130))
    assert edit.corners == {"b"} and area(done(three, edit), "a") == 11_500
    assert refused(move_vertex, three, (100, 0), (120, 0)) == "redraw.outer_edge"


def test_an_edge_moves_and_its_ends_slide():
    cov = covered(box(0, 0, 100, 100), box(0, 100, 100, 200), EAST)
    edit = move_edge(cov, (50, 100.5), (0, 20))
    assert set(edit.before) == {"a", "b"} | edit.corners and area(done(cov, edit), "a") == 12_000
    assert refused(move_edge, cov, (0, 50), (5, 0)) == "redraw.outer_edge"
    assert refused(move_edge, cov, (50, 50), (5, 0)) == "redraw.no_edge"
    assert refused(move_edge, cov, (50, 120), (0, 0.01)) == "redraw.not_moved"
    assert refused(move_edge, cov, (50, 120), (0, 500)) is not None


def test_a_bent_edge_moves_as_a_whole_and_an_island_within_its_cell():
    zigzag = [(100, 0), (110, 50), (90, 100), (100, 150), (100, 200)]
    cov = covered(shapely.Polygon([(0, 0), *zigzag, (0, 200)]), shapely.Polygon([(200, 0), (200, 200), *zigzag[::-1]]))
    done(cov, move_edge(cov, (110, 50), (-30, 0)))
    assert area(cov, "a") == 20_000 - 6_000
    island = covered(shapely.Polygon(box(0, 0, 100, 100).exterior, [box(40, 40, 60, 60).exterior]), box(40, 40, 60, 60))
    done(island, move_edge(island, (40, 50), (5, 7)))
    assert island.cell("b").equals(box(45, 47, 65, 67))


def test_a_community_edge_moves_when_asked(four):
    assert refused(move_edge, four, (100, 50), (10, 0)) == "redraw.community_edge"
    done(four, move_edge(four, (100, 50), (10, 0), community=True))
    assert area(four, "a") == 11_000 or area(four, "a") > 10_000


@pytest.mark.parametrize("pen", [None, [], [(1, 1)], [(float("nan"), 0), (1, 1), (2, 0)], "area", [(0, 0), (0, 0)]])
def test_bad_pens_are_refused_by_every_tool(four, pen):
    start = digest(four)
    for code in (
        refused(reshape, four, pen), refused(give, four, pen, "a", "c"), refused(carve, four, pen),
        refused(move_vertex, four, pen, pen), refused(move_edge, four, (0, 100), pen),
    ):  # fmt: skip
        assert code is not None and code.startswith("redraw.")
    assert digest(four) == start


def test_areas_that_are_none(four):
    assert refused(carve, four, [(0, 0), (50, 50), (50, 0), (0, 50)]) == "redraw.crosses_itself"
    assert refused(carve, four, [(0, 0), (50, 0.01), (50, 0)]) == "redraw.area_too_small"
    hole = shapely.Polygon(box(0, 0, 50, 50).exterior, [box(10, 10, 20, 20).exterior])
    assert refused(carve, four, hole) == "redraw.area_has_hole"


@settings(max_examples=12)
@given(st.integers(0, 2**32), st.integers(2, 5), st.floats(0.0, 12.0))
def test_edits_by_lot_keep_any_board_whole(seed, size, bent):
    ids, shapes, groups = board(size, size, bent=bent, seed=seed)
    cov = Coverage(ids, shapes, groups)
    start, total, outline, pen = digest(cov), float(shapely.area(shapes).sum()), Outline(shapes), Pen(seed)
    edits = []
    for _ in range(12):
        edits.append(pen.draw(cov))
        cov.apply(edits[-1])
        is_sound(cov, total, outline)
    for edit in reversed(edits):
        cov.revert(edit)
    assert digest(cov) == start


def test_a_hundred_edits_of_all_tools_and_all_back():
    ids, shapes, groups = board(8, 8, bent=8.0)
    cov = Coverage(ids, shapes, groups)
    total, outline, pen = float(shapely.area(shapes).sum()), Outline(shapes), Pen(3)
    done_so_far, tools = [], set()
    for _ in range(100):
        edit = pen.draw(cov)
        done_so_far.append((edit, digest(cov)))
        cov.apply(edit)
        tools.add(edit.tool)
        is_sound(cov, total, outline)
    assert tools == set(Pen.TOOLS)
    for edit, before in reversed(done_so_far):
        cov.revert(edit)
        assert digest(cov) == before
    replay, cov = Pen(3), Coverage(ids, shapes, groups)
    for edit, _ in done_so_far:
        again = replay.draw(cov)
        assert again.tool == edit.tool and again.parents == edit.parents
        cov.apply(again)

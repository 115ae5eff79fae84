# SPDX-License-Identifier: GPL-2.0-or-later
"""Split and merge: neighbours get the corner, parts inherit their community, nothing is lost, bad pens are refused."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import box

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.edit import Coverage, merge, move_vertex, split
from tests.redraw_ground import covered, digest, is_sound, refused


@pytest.fixture
def pair():
    return covered(box(0, 0, 100, 100), box(100, 0, 200, 100))


def sizes(edit):
    return sorted(round(shape.area, 3) for shape in edit.after.values())


def test_a_line_through_two_cells_splits_both_and_they_keep_their_community(pair):
    edit = split(pair, [(-5, 50), (205, 50)])
    assert sizes(edit) == [5000] * 4 and set(edit.before) == {"a", "b"}
    assert edit.parents == {"a/1": ("a",), "a/2": ("a",), "b/3": ("b",), "b/4": ("b",)}
    assert set(edit.groups.values()) == {"c"} and edit.corners == frozenset()
    assert len(pair) == 2, "planning changes nothing"
    pair.apply(edit)
    is_sound(pair, 20_000)


def test_the_neighbour_of_a_split_cell_gets_the_corner(pair):
    edit = split(pair, [(-5, 50), (205, 60)], only=["a"])
    assert set(edit.before) == {"a", "b"} and set(edit.after) == {"a/1", "a/2", "b"} and edit.corners == {"b"}
    assert edit.changed == ["a", "a/1", "a/2"]
    pair.apply(edit)
    is_sound(pair, 20_000)
    assert pair.neighbours("b") == ["a/1", "a/2"]


def test_an_end_is_snapped_onto_the_edge_and_a_corner_is_gone_through(pair):
    edit = split(pair, [(0.03, 100.02), (99.98, -0.04)])
    assert sizes(edit) == [5000, 5000] and "b" not in edit.before
    wide = split(pair, [(1.5, 50), (98.8, 50)], snap=2.0)
    assert sizes(wide)[:2] == [5000, 5000] and wide.corners == {"b"}


def test_a_line_bent_many_times_makes_as_many_parts():
    cov = covered(box(0, 0, 100, 100))
    teeth = [(5 + 10 * step, -10 if step % 2 else 110) for step in range(10)]
    edit = split(cov, teeth)
    assert len(edit.after) == 10
    cov.apply(edit)
    is_sound(cov, 10_000)


def test_a_cell_with_a_hole_is_split_by_two_chords():
    ring = shapely.Polygon(box(0, 0, 100, 100).exterior, [box(40, 40, 60, 60).exterior])
    cov = covered(ring, box(40, 40, 60, 60))
    assert refused(split, cov, [(-5, 50), (40, 50)]) == "redraw.cuts_nothing"
    edit = split(cov, [(-5, 50), (105, 50)], only=["a"])
    assert sizes(edit) == [400, 4800, 4800] and edit.corners == {"b"}
    cov.apply(edit)
    is_sound(cov, 10_000)


def test_merge_and_back_again(pair):
    start = digest(pair)
    edit = merge(pair, ["a", "b"])
    assert sizes(edit) == [20_000] and edit.parents == {"a/1": ("a", "b")}
    pair.apply(edit)
    again = split(pair, [(50, -5), (50, 105)])
    assert set(again.after) == {"a/2", "a/3"}
    pair.apply(again)
    pair.revert(again)
    pair.revert(edit)
    assert digest(pair) == start
    assert merge(pair, ["b", "a"]) == edit, "a replay gives the same ids"


def test_what_does_not_belong_together_is_not_merged():
    cov = covered(
        box(0, 0, 10, 10), box(10, 0, 20, 10), box(20, 10, 30, 20), box(20, 0, 30, 10), groups=["c", "c", "c", "d"]
    )
    assert refused(merge, cov, ["a"]) == "redraw.merge_one"
    assert refused(merge, cov, ["b", "c"]) == "redraw.not_adjacent", "a corner in common is not enough"
    assert refused(merge, cov, ["b", "d"]) == "redraw.merge_across"
    assert refused(merge, cov, ["a", "x"]) == "redraw.no_cell"


BAD = {
    "crosses itself": ([(-5, 50), (60, 50), (60, 80), (30, 80), (30, 20)], "redraw.crosses_itself"),
    "comes back to its start": ([(10, 10), (150, 10), (150, 50), (10, 10)], "redraw.line_closed"),
    "touches a corner": ([(-10, 10), (10, -10)], "redraw.touches_only"),
    "touches only a corner": ([(-10, 110), (0, 100), (-10, 90)], "redraw.touches_only"),
    "leaves the area": ([(300, 0), (400, 50)], "redraw.outside"),
    "ends inside": ([(-10, 50), (50, 50)], "redraw.ends_inside"),
    "lies inside": ([(20, 50), (50, 50)], "redraw.ends_inside"),
    "splits off 0.3 m²": ([(-5, 94.225), (5.775, 105)], "redraw.piece_too_small"),
    "splits off a splinter": ([(-5, 99.94), (205, 99.94)], "redraw.piece_too_small"),
    "runs along an edge": ([(100, -10), (100, 110)], "redraw.along_edge"),
    "runs 2 cm beside an edge": ([(100.02, -10), (100.02, 110)], "redraw.along_edge"),
    "has no length": ([(50, 50), (50, 50), (50.001, 50)], "redraw.too_short"),
    "is one point": ([(50, 50)], "redraw.too_short"),
    "is a bare point": ((50, 50), "redraw.too_short"),
    "is nothing": ([], "redraw.too_short"),
    "is not a number": ([(0, 0), (float("nan"), 1)], "redraw.not_finite"),
    "is infinite": ([(0, 0), (float("inf"), 1)], "redraw.not_finite"),
    "is beyond all bounds": ([(0, 0), (1e300, 1)], "redraw.not_finite"),
    "is text": ("line", "redraw.not_finite"),
    "is None": (None, "redraw.not_finite"),
    "is ragged": ([(0, 0), (1,)], "redraw.not_finite"),
    "is a scribble of 20,000 points": (
        [(50 + 30 * np.sin(step * 1.7), 50 + 40 * np.cos(step * 2.3)) for step in range(20_000)],
        "redraw.too_many_points",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_pen_is_refused_with_one_sentence(pair, what):
    line, code = BAD[what]
    start = digest(pair)
    assert refused(split, pair, line) == code
    assert digest(pair) == start


def test_a_line_that_snapping_makes_a_point_is_refused(pair):
    assert refused(split, pair, [(99, 1), (101, -1)], snap=3.0) == "redraw.too_short"


def test_thousands_of_points_of_a_steady_hand_are_thinned_out(pair):
    line = [(-5 + step * 0.02, 50 + 0.01 * (step % 2)) for step in range(10_600)]
    edit = split(pair, line)
    assert len(edit.after) == 4 and edit.notes[0][0] == "redraw.thinned" and edit.notes[0][1]["points"] == 10_600


def test_a_splinter_of_one_cell_leaves_that_cell_whole_and_says_so(pair):
    edit = split(pair, [(-5, 50), (100.5, 50), (101, 49), (99, 48.9)])
    assert set(edit.after) == {"a/1", "a/2", "b"} and edit.corners == {"b"}
    assert [code for code, _ in edit.notes] == ["redraw.splinter_left"]


def test_an_edit_that_was_planned_before_another_is_stale(pair):
    first, second = split(pair, [(50, -5), (50, 105)]), split(pair, [(-5, 30), (205, 30)])
    pair.apply(first)
    start = digest(pair)
    assert refused(pair.apply, second) == "redraw.stale" and digest(pair) == start
    with pytest.raises(InputRefused):
        pair.revert(second)


def test_heights_and_single_parts_are_worked_on_flat_and_come_back_as_they_were():
    high = shapely.Polygon([(0, 0, 5), (100, 0, 5), (100, 100, 6), (0, 100, 7)])
    many = shapely.MultiPolygon([box(100, 0, 200, 100)])
    islands = shapely.MultiPolygon([box(0, 100, 100, 200), box(300, 0, 400, 100)])
    cov = covered(high, many, islands)
    assert cov.clean and cov.cell("b").geom_type == "Polygon"
    start = digest(cov)
    edits = [split(cov, [(-5, 50), (205, 50)])]
    cov.apply(edits[-1])
    edits.append(split(cov, [(-5, 150), (105, 150)]))
    cov.apply(edits[-1])
    assert sorted(shape.area for shape in edits[1].after.values()) == [5000, 15_000], "the island stays with a part"
    is_sound(cov, 40_000)
    for edit in reversed(edits):
        cov.revert(edit)
    assert digest(cov) == start and cov.stored("a").has_z


def test_faults_are_listed_and_edits_near_them_make_nothing_worse():
    cov = Coverage(
        ["a", "b", "t", "bow", "none"],
        np.array([
            box(0, 0, 100, 100), box(90, 0, 200, 100), box(0, 100, 200, 200),
            shapely.Polygon([(300, 0), (400, 100), (400, 0), (300, 100)]), None,
        ], dtype=object),
        ["c"] * 5,
    )  # fmt: skip
    assert {fault.code for fault in cov.faults} == {
        "redraw.fault_overlap", "redraw.fault_edges", "redraw.fault_invalid", "redraw.fault_shape",
    }  # fmt: skip
    overlap = next(fault for fault in cov.faults if fault.code == "redraw.fault_overlap")
    assert overlap.ids == ("a", "b") and round(overlap.size) == 1000
    assert refused(split, cov, [(350, -5), (350, 105)]) == "redraw.outside"
    assert refused(merge, cov, ["a", "bow"]) == "redraw.unusable"
    edit = split(cov, [(-5, 50), (205, 50)])
    cov.apply(edit)
    assert len(edit.after) == 4 and cov.at(50, 150) == "t"
    edit = merge(cov, [cov.at(50, 75), "t"])
    cov.apply(edit)
    assert shapely.is_valid(edit.after["a/5"])


def test_without_a_check_of_coverages_the_areas_are_watched(monkeypatch):
    for module in ("edit_faults", "edit_faces"):
        monkeypatch.setattr(f"digital_citymgmt_plugin.core.grids.{module}.can_check", lambda: False)
    cov = covered(box(0, 0, 100, 100), box(100, 0, 200, 100))
    assert cov.clean
    cov.apply(split(cov, [(-5, 50), (205, 60)]))
    is_sound(cov, 20_000)
    assert refused(move_vertex, cov, cov.rings("a/1")[0][2], (900, 900)) is not None
    faulty = covered(box(0, 0, 100, 100), box(90, 0, 200, 100))
    assert [fault.code for fault in faulty.faults] == ["redraw.fault_overlap"]
    faulty.apply(split(faulty, [(-5, 50), (205, 60)]))
    assert len(faulty) == 4

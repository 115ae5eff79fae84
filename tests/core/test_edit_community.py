# SPDX-License-Identifier: GPL-2.0-or-later
"""Edges of communities moved: what is crossed is told, and parted as little as can be."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import box

from digital_citymgmt_plugin.core.errors import Cancelled
from digital_citymgmt_plugin.core.grids.edit import Coverage, Edit
from digital_citymgmt_plugin.core.grids.edit_community import crossed, mend_crossings
from tests.redraw_ground import Outline, board, covered, digest, is_sound, shapes_of, town


@pytest.fixture
def four():
    return covered(
        box(0, 0, 100, 100), box(100, 0, 200, 100), box(0, 100, 100, 200), box(100, 100, 200, 200),
        groups=["west", "east", "west", "east"],
    )  # fmt: skip


def halves(x, low=-5.0, high=205.0):
    """Two communities that meet at x; a list of (x, y) bends their edge."""
    line = [(x, low), (x, high)] if isinstance(x, (int, float)) else x
    return {
        "west": shapely.Polygon([(-5, low), *line, (-5, high)]),
        "east": shapely.Polygon([(205, low), (205, high), *line[::-1]]),
    }


def done(cov, edit):
    total, outline, start = sum(shape.area for shape in shapes_of(cov)), Outline(shapes_of(cov)), digest(cov)
    cov.apply(edit)
    is_sound(cov, total, outline)
    cov.revert(edit)
    assert digest(cov) == start
    cov.apply(edit)


def test_the_same_communities_cross_nothing(four):
    assert crossed(four, halves(100)) == [] and mend_crossings(four, halves(100)) == Edit("mend", {}, {})


def test_a_moved_edge_parts_the_cells_it_crosses_and_planning_changes_nothing(four):
    start = digest(four)
    found = crossed(four, halves(70))
    assert [case.cell for case in found] == ["a", "c"] and all(case.parted for case in found)
    assert found[0].into == ("west", "east") and round(found[0].shares["east"]) == 3_000
    edit = mend_crossings(four, halves(70))
    assert digest(four) == start and edit.tool == "mend"
    done(four, edit)
    land = {}
    for name in four.ids:
        land[four.group(name)] = land.get(four.group(name), 0) + four.cell(name).area
    assert land == {"west": 14_000, "east": 26_000} and len(four) == 6
    assert crossed(four, halves(70)) == []
    assert all(parents == ("a",) or parents == ("c",) for parents in edit.parents.values())


def test_slivers_are_left_and_named(four):
    areas = halves([(99, -5), (100.8, 60), (99.2, 120), (98.9, 205)])
    found = crossed(four, areas)
    assert not any(case.parted for case in found) and any(case.slivers for case in found)
    edit = mend_crossings(four, areas)
    assert not edit.after and {code for code, _ in edit.notes} == {"redraw.sliver_snapped"}


def test_a_cell_taken_over_as_a_whole_is_made_anew(four):
    edit = mend_crossings(four, halves([(0, -5), (0, 100), (100, 100), (100, 205)]))
    assert edit.parents == {"a/1": ("a",)} and edit.groups["a/1"] == "east" and set(edit.before) == {"a"}
    done(four, edit)
    assert four.cell("a/1").equals(box(0, 0, 100, 100))


def test_a_small_part_goes_to_its_new_neighbour(four):
    areas = halves([(100, -5), (100, 40), (90, 50), (100, 60), (100, 205)])
    edit = mend_crossings(four, areas)
    assert edit.parents == {"a/1": ("a",)} and dict(edit.notes)["redraw.part_joined"]["cell"] == "b"
    done(four, edit)
    assert round(four.cell("b").area) == 10_100 and four.group("a/1") == "west"
    plain = mend_crossings(covered(*shapes_of(covered(box(0, 0, 200, 100))), groups=["west"]), areas, least=0)
    assert sorted(plain.groups.values()) == ["east", "west"]


def test_three_communities_that_meet_within_a_cell():
    cov = covered(box(0, 0, 90, 90), groups=["p"])
    middle = (45, 45)
    areas = {
        "p": shapely.Polygon([(-5, -5), (95, -5), middle, (-5, 60)]),
        "q": shapely.Polygon([(95, -5), (95, 95), (45, 95), middle]),
        "r": shapely.Polygon([(-5, 60), middle, (45, 95), (-5, 95)]),
    }
    edit = mend_crossings(cov, areas)
    done(cov, edit)
    assert sorted(cov.group(name) for name in cov.ids) == ["p", "q", "r"] and crossed(cov, areas) == []


def test_an_enclave_is_cut_out():
    cov = covered(box(0, 0, 100, 100), groups=["p"])
    inner = box(30, 30, 70, 70)
    areas = {"p": shapely.Polygon(box(-5, -5, 105, 105).exterior, [inner.exterior]), "q": inner}
    edit = mend_crossings(cov, areas)
    done(cov, edit)
    assert sorted((cov.group(name), cov.cell(name).area) for name in cov.ids) == [("p", 8_400), ("q", 1_600)]


def test_communities_moved_across_a_board():
    ids, shapes, groups = board(6, 6, bent=6.0, west=0.0, south=0.0)
    cov = Coverage(ids, shapes, groups)
    areas = {
        group: shapely.affinity.translate(shapely.union_all(shapes[[one == group for one in groups]]), 31.0, 17.0)
        for group in sorted(set(groups))
    }
    edit = mend_crossings(cov, areas)
    assert not [values for code, values in edit.notes if code == "redraw.not_mended"]
    done(cov, edit)
    assert not [case for case in crossed(cov, areas) if case.parted]


def test_communities_of_a_town_drawn_anew():
    ids, shapes, groups = town("tiny")
    cov = Coverage(ids, shapes, groups)
    names = sorted(set(groups))
    whole = shapely.union_all(shapes)
    seeds = shapely.centroid([shapely.union_all(shapes[[one == group for one in groups]]) for group in names])
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=whole.buffer(500)))
    holds = shapely.STRtree(cells).query(seeds, predicate="intersects")
    areas = {names[row]: cells[cell] for row, cell in zip(*holds.tolist())}
    edit = mend_crossings(cov, areas)
    assert not [values for code, values in edit.notes if code == "redraw.not_mended"]
    done(cov, edit)
    assert not [case for case in crossed(cov, areas) if case.parted]
    assert np.isin(list(edit.groups.values()), names).all()


def test_stopped_half_way_nothing_is_changed(four):
    start, left = digest(four), [1]

    def check():
        if not left:
            raise Cancelled
        left.pop()

    with pytest.raises(Cancelled):
        mend_crossings(four, halves(70), check=check)
    assert digest(four) == start


def test_how_far_a_mending_is_is_told(four):
    told = []
    mend_crossings(four, halves(70), progress=told.append)
    assert told and told[0] == 0.0 and all(0 <= share < 1 for share in told)

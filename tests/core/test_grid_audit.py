# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules of unit grids: a fault of each kind at a known place is found, of the right object and shape."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.codes import UNIT_GRID
from digital_citymgmt_plugin.core.grids.audit import GRID_CHECKS, GridSet
from digital_citymgmt_plugin.storage.profiles import builtin_profile, check_rules

PARAMS = {rule.code: rule.params for rule in check_rules() if rule.code.startswith("grid.")}
WEST, EAST = "110101001001", "110101001002"


def some(*shapes):
    out = np.empty(len(shapes), dtype=object)
    out[:] = shapes
    return out


def box(west, south, east, north):
    return shapely.box(west, south, east, north)


def clean(**more):
    """Two communities of 300 x 300 m, nine grids of 100 m each: row 0..8 west, 9..17 east."""
    cells = some(*(box(w + c * 100, r * 100, w + c * 100 + 100, r * 100 + 100)
                   for w in (0, 300) for r in range(3) for c in range(3)))  # fmt: skip
    codes = some(*(f"{home}{n:03d}" for home in (WEST, EAST) for n in range(1, 10)))
    grids = GridSet(
        cells, codes, some(*[WEST] * 9, *[EAST] * 9), True, builtin_profile("2013").grid_scheme, "110101",
        some(box(0, 0, 300, 300), box(300, 0, 600, 300)), some(WEST, EAST),
        buildings=some(box(10, 10, 40, 40), box(380, 60, 400, 90)), compounds=some(box(110, 110, 190, 190)),
        features=some(*(shapely.LineString([(0, y), (600, y)]) for y in (100, 200)),
                      *(shapely.LineString([(x, 0), (x, 300)]) for x in (100, 200, 400, 500))),
        load=np.full(18, 10.0),
    )  # fmt: skip
    for name, value in more.items():
        setattr(grids, name, value)
    return grids


def look(grids, **params):
    """Return all findings as rule, row, area of the shape."""
    found = []
    for code, check in GRID_CHECKS.items():
        found += check(grids, {**PARAMS[code], **params.get(code.partition(".")[2], {})})
    return found


def told(grids, **params):
    return sorted((issue.rule, issue.index) for issue in look(grids, **params))


def with_cells(changes, grids=None):
    grids = grids or clean()
    for row, shape in changes.items():
        grids.cells[row] = shape
    return grids


def test_a_sound_set_gives_no_alarm():
    assert look(clean()) == []


def test_every_rule_of_grids_has_a_function():
    assert set(PARAMS) == set(GRID_CHECKS)


# fault: changes of cells, rule, row, the exact shape told
SHAPES = {
    "gap between": ({4: box(100, 100, 199.5, 200)}, "grid.gap", -1, box(199.5, 100, 200, 200)),
    "gap at the edge": ({0: box(2, 0, 100, 100)}, "grid.gap", -1, box(0, 0, 2, 100)),
    "overlap": ({4: box(100, 100, 200.5, 200)}, "grid.overlap", 4, box(200, 100, 200.5, 200)),
    "twice": ({4: box(0, 0, 100, 100)}, "grid.duplicate", 0, box(0, 0, 100, 100)),
    "parts": (
        {4: shapely.MultiPolygon([box(100, 100, 200, 200), box(700, 0, 701, 1)])}, "grid.multipart", 4,
        box(700, 0, 701, 1),
    ),
    "hole": (
        {4: shapely.Polygon(box(100, 100, 200, 200).exterior, [box(140, 140, 160, 160).exterior])}, "grid.hole", 4,
        box(140, 140, 160, 160),
    ),
    "across": ({2: box(200, 0, 303, 100)}, "grid.crossing", 2, box(300, 0, 303, 100)),
    "outside": ({2: box(900, 0, 1000, 100)}, "grid.outside", 2, box(900, 0, 1000, 100)),
    "sliver": ({4: box(100, 100, 103, 200)}, "grid.sliver", 4, box(100, 100, 103, 200)),
    "small": ({4: box(100, 100, 140, 200)}, "grid.below_band", 4, box(100, 100, 140, 200)),
    "large": ({4: box(100, 100, 310, 200)}, "grid.above_band", 4, box(100, 100, 310, 200)),
    "long": ({4: box(100, 100, 105, 200)}, "grid.shape", 4, box(100, 100, 105, 200)),
    "building": ({0: box(0, 0, 20, 100), 1: box(20, 0, 200, 100)}, "grid.building_cut", 0, box(10, 10, 20, 40)),
    "compound": (
        {4: box(100, 100, 170, 200), 5: box(170, 100, 300, 200)}, "grid.compound_cut", 5, box(170, 110, 190, 190),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_a_fault_is_found_with_its_object_and_its_exact_shape(name):
    changes, rule, row, shape = SHAPES[name]
    grids = with_cells(changes)
    (issue,) = [issue for issue in look(grids) if issue.rule == rule]
    assert issue.index == row
    assert shapely.area(shapely.symmetric_difference(issue.geometry, shape)) < 1e-6


def test_a_ring_that_crosses_itself_is_told_where():
    grids = with_cells({4: shapely.Polygon([(100, 100), (200, 200), (200, 100), (100, 200)])})
    (issue,) = [issue for issue in look(grids) if issue.rule == "grid.invalid"]
    assert issue.index == 4 and issue.geometry.equals(shapely.Point(150, 150))


@pytest.mark.parametrize("shape", [None, shapely.Polygon(), shapely.Point(1, 1)])
def test_a_grid_without_area_is_told(shape):
    assert ("grid.empty", 4) in told(with_cells({4: shape}))


def test_a_hole_around_an_enclosed_community_is_right():
    inner = box(140, 140, 160, 160)
    around = shapely.difference(box(100, 100, 200, 200), inner)
    grids = with_cells({4: around})
    grids.cells = np.append(grids.cells, inner)
    grids.codes = np.append(grids.codes, "110101001003001")
    grids.stated = np.append(grids.stated, "110101001003")
    grids.communities = some(shapely.difference(box(0, 0, 300, 300), inner), box(300, 0, 600, 300), inner)
    grids.community_codes = some(WEST, EAST, "110101001003")
    grids.load, grids.compounds = np.full(19, 10.0), None
    assert told(grids) == [("grid.below_band", 18)]


def test_load_is_compared_with_the_mean():
    load = np.full(18, 10.0)
    load[3], load[7] = 90.0, 0.0
    assert told(clean(load=load)) == [("grid.load_high", 3), ("grid.load_low", 7)]
    assert told(clean(load=None)) == []


def test_boundaries_that_follow_nothing_are_told_with_their_stretches():
    grids = with_cells({3: box(0, 100, 60, 200), 4: box(60, 100, 200, 200)})
    found = [issue for issue in look(grids, off_feature={"share": 0.2}) if issue.rule == "grid.off_feature"]
    assert [issue.index for issue in found] == [3, 4]
    issue = found[0]
    assert issue.params["metres"] == 100
    assert shapely.hausdorff_distance(issue.geometry, shapely.LineString([(60, 101), (60, 199)])) < 6
    assert [issue for issue in look(clean(features=None)) if issue.rule == "grid.off_feature"] == []


def test_codes_follow_the_scheme_of_the_edition_and_are_used_once():
    grids = clean()
    grids.codes[:5] = [None, "11010100100101", "210101001001003", EAST + "077", WEST + "005"]
    grids.codes[5] = " " + WEST + "005"
    assert told(grids) == [
        ("grid.code_community", 2), ("grid.code_community", 3), ("grid.code_double", 5), ("grid.code_form", 1),
        ("grid.code_form", 2), ("grid.code_missing", 0),
    ]  # fmt: skip


def test_communities_stated_wrongly_or_not_known_are_told():
    grids = clean()
    grids.stated[2], grids.stated[5] = EAST, "110101001009"
    found = told(grids)
    assert ("grid.wrong_community", 2) in found and ("grid.community_unknown", 5) in found


def test_without_communities_only_enclosed_gaps_are_known():
    grids = clean(communities=some(), community_codes=some(), stated=some())
    assert told(grids) == []
    grids = clean(communities=some(), community_codes=some(), stated=some())
    grids.cells[4] = box(100, 100, 199, 200)
    (issue,) = [issue for issue in look(grids) if issue.rule == "grid.gap"]
    assert shapely.equals(issue.geometry, box(199, 100, 200, 200))


def test_no_grids_at_all_end_in_no_error():
    grids = clean(cells=some(), codes=some(), stated=some(), load=None)
    assert {issue.rule for issue in look(grids)} == {"grid.gap"}


def test_scheme_is_of_unit_grids():
    assert clean().scheme.kind == UNIT_GRID


def test_a_grid_of_water_is_judged_neither_by_area_nor_by_load():
    lake, land = box(0, 0, 300, 300), [box(300 + 100 * n, 0, 400 + 100 * n, 100) for n in range(5)]
    grids = GridSet(some(lake, *land), load=np.array([0.0, 10, 10, 10, 10, 10]))
    names = ("grid.above_band", "grid.load_low")

    def found():
        return [(issue.rule, issue.index) for name in names for issue in GRID_CHECKS[name](grids, PARAMS[name])]

    assert found() == [("grid.above_band", 0), ("grid.load_low", 0)]
    # Two areas of water that overlap count once: half of the lake is water, then nine tenths.
    grids = GridSet(some(lake, *land), load=grids.load, water=some(box(0, 0, 150, 300), box(0, 0, 140, 300)))
    assert found() == [("grid.above_band", 0), ("grid.load_low", 0)]
    grids = GridSet(some(lake, *land), load=grids.load, water=some(box(0, 0, 150, 300), box(130, -50, 270, 400)))
    assert found() == []

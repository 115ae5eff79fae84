# SPDX-License-Identifier: GPL-2.0-or-later
"""The faults of a set of unit grids, each seeded by hand."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.grids.checks import CheckOptions, assign_community, check_cells


def some(*wkts):
    out = np.empty(len(wkts), dtype=object)
    out[:] = [shapely.from_wkt(w) if isinstance(w, str) else w for w in wkts]
    return out


def lattice(columns=4, rows=3, size=100.0):
    return some(
        *(shapely.box(c * size, r * size, (c + 1) * size, (r + 1) * size) for r in range(rows) for c in range(columns))
    )


def found(issues):
    return [(issue.rule, issue.index, issue.other) for issue in issues]


WHOLE = some(shapely.box(0, 0, 400, 300))


def test_a_sound_set_has_no_faults():
    options = CheckOptions(target_area=10_000)
    points = shapely.points([(5, 5), (399, 299), (200, 100)])
    houses = some(shapely.box(10, 10, 90, 90), shapely.box(90, 10, 100, 30))
    assert check_cells(lattice(), WHOLE, buildings=houses, components=points, options=options) == []


def test_no_cells_at_all_leave_the_community_uncovered():
    assert found(check_cells(some(), WHOLE)) == [("grid.gap", -1, 0)]
    assert check_cells(some()) == []


@pytest.mark.parametrize("cell", [None, "POLYGON EMPTY", "POINT (1 1)"])
def test_a_cell_without_area_is_empty(cell):
    assert ("grid.empty", 12, -1) in found(check_cells(np.append(lattice(), some(cell)), WHOLE))


def test_a_cell_that_crosses_itself_is_invalid():
    issues = check_cells(some("POLYGON ((0 0, 100 100, 100 0, 0 100, 0 0))"))
    assert ("grid.invalid", 0, -1) in found(issues)
    assert "Self-intersection" in issues[0].params["reason"]


def test_a_missing_cell_is_a_gap_with_and_without_communities():
    cells = np.delete(lattice(), 5)
    assert found(check_cells(cells, WHOLE)) == [("grid.gap", -1, 0)]
    (gap,) = check_cells(cells)
    assert gap.rule == "grid.gap" and gap.params["area"] == 10_000 and gap.geometry.area == 10_000


def test_two_cells_over_each_other_overlap():
    cells = lattice()
    cells[1] = shapely.box(95, 0, 200, 100)
    (issue,) = check_cells(cells, WHOLE)
    assert (issue.rule, issue.index, issue.other, issue.params["area"]) == ("grid.overlap", 0, 1, 500.0)


def test_a_cell_given_twice_is_a_duplicate():
    cells = np.append(lattice(), lattice()[:1])
    assert found(check_cells(cells, WHOLE)) == [("grid.duplicate", 0, 12)]


def test_rounding_to_a_millimetre_is_no_fault():
    cells = lattice()
    cells[0] = shapely.box(0, 0, 100.0005, 99.9995)
    assert check_cells(cells, WHOLE) == []


def test_a_strip_of_a_centimetre_is_a_fault():
    cells = lattice()
    cells[0] = shapely.box(0, 0, 99.99, 100)
    assert found(check_cells(cells, WHOLE)) == [("grid.gap", -1, 0)]


def test_a_cell_of_two_parts_is_told():
    cells = lattice()
    cells[0] = shapely.union(cells[0], cells[11])
    assert found(check_cells(cells[:11], WHOLE)) == [("grid.multipart", 0, -1)]


def test_a_cell_with_a_hole_is_told():
    ring = shapely.difference(WHOLE[0], shapely.box(100, 100, 200, 200))
    cells = some(ring, shapely.box(100, 100, 200, 200))
    assert found(check_cells(cells, WHOLE)) == [("grid.hole", 0, -1)]


def test_a_cell_nowhere_five_metres_wide_is_a_sliver():
    cells = lattice()
    cells[0], cells[1] = shapely.box(0, 0, 4, 100), shapely.box(4, 0, 200, 100)
    assert found(check_cells(cells, WHOLE)) == [("grid.sliver", 0, -1)]


def test_cells_outside_and_across_communities_are_told():
    cells = lattice()
    homes = some(shapely.box(0, 0, 150, 300), shapely.box(150, 0, 300, 300))
    issues = check_cells(cells, homes)
    assert [i.index for i in issues if i.rule == "grid.outside"] == [3, 7, 11]
    assert [(i.index, i.other, i.params["area"]) for i in issues if i.rule == "grid.crossing"] == [
        (1, 0, 5000.0),
        (5, 0, 5000.0),
        (9, 0, 5000.0),
    ]


def test_a_cell_in_another_community_than_stated_is_told():
    homes = some(shapely.box(0, 0, 200, 300), shapely.box(200, 0, 400, 300))
    stated = np.array([0, 0, 1, 1] * 3)
    stated[4] = 1
    issues = check_cells(lattice(), homes, community_index=stated)
    assert found(issues) == [("grid.wrong_community", 4, 0)]


def test_areas_out_of_band_are_told():
    options = CheckOptions(target_area=30_000, band=(0.5, 2.0))
    issues = check_cells(some(shapely.box(0, 0, 100, 100), shapely.box(100, 0, 800, 100)), options=options)
    assert found(issues) == [("grid.below_band", 0, -1), ("grid.above_band", 1, -1)]


def test_a_building_over_two_cells_is_cut_but_not_one_that_juts_out_a_little():
    houses = some(shapely.box(90, 10, 110, 30), shapely.box(50, 10, 100.02, 60), shapely.box(10, 10, 90, 90))
    assert found(check_cells(lattice(), WHOLE, buildings=houses)) == [("grid.building_cut", 0, 1)]


def test_components_outside_any_grid_are_told():
    points = some("POINT (5 5)", "POINT (900 5)", None)
    assert found(check_cells(lattice(), WHOLE, components=points)) == [
        ("grid.component_outside", 1, -1),
        ("grid.component_outside", 2, -1),
    ]


def test_each_cell_goes_to_the_community_that_holds_most_of_it():
    homes = some(shapely.box(0, 0, 130, 300), shapely.box(130, 0, 400, 300))
    best, share = assign_community(lattice(), homes)
    assert best.tolist() == [0, 1, 1, 1] * 3
    assert share.tolist() == pytest.approx([1, 0.7, 1, 1] * 3)


def test_communities_are_assigned_as_by_brute_force():
    rng = np.random.default_rng(4)
    homes = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(rng.random((12, 2)) * 400)))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(rng.random((80, 2)) * 400)))
    parts = shapely.area(shapely.intersection(cells[:, None], homes[None, :]))
    best, share = assign_community(cells, homes)
    assert best.tolist() == parts.argmax(axis=1).tolist()
    assert share == pytest.approx(parts.max(axis=1) / shapely.area(cells), abs=1e-6)


def test_a_cell_outside_all_communities_has_none():
    best, share = assign_community(some(shapely.box(900, 900, 910, 910), None), WHOLE)
    assert best.tolist() == [-1, -1] and share.tolist() == [0, 0]

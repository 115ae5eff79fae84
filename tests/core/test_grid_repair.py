# SPDX-License-Identifier: GPL-2.0-or-later
"""Small faults mended: the coverage is valid, the area kept, and no boundary moved by more than the tolerance."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from shapely.affinity import translate

from digital_citymgmt_plugin.core.grids.repair import repair_cells

TOLERANCE = 1.0


def some(*shapes):
    out = np.empty(len(shapes), dtype=object)
    out[:] = shapes
    return out


def lattice(columns=4, rows=3, size=100.0):
    return some(*(shapely.box(c * size, r * size, (c + 1) * size, (r + 1) * size)
                  for r in range(rows) for c in range(columns)))  # fmt: skip


WHOLE = some(shapely.box(0, 0, 400, 300))


def moved(before, after):
    """How far outlines moved at most, with points every half metre."""
    pairs = zip(before, after)
    steps = [(shapely.segmentize(a.boundary, 0.5), shapely.segmentize(b.boundary, 0.5)) for a, b in pairs]
    return max(shapely.hausdorff_distance(a, b) for a, b in steps)


def is_coverage(cells):
    if hasattr(shapely, "coverage_is_valid") and shapely.geos_version >= (3, 12, 0):
        return bool(shapely.coverage_is_valid(cells))
    return shapely.area(shapely.union_all(cells)) == pytest.approx(shapely.area(cells).sum(), abs=1e-6)


def test_of_cells_of_a_store_only_those_at_the_fault_change():
    cells = lattice(8, 6)
    cells[20] = shapely.buffer(cells[20], -0.2, join_style="mitre")
    many = some(*(shapely.MultiPolygon([cell]) for cell in cells))
    one, other = repair_cells(cells, TOLERANCE), repair_cells(many, TOLERANCE)
    assert one.gaps == other.gaps == 1 and one.rows.tolist() == other.rows.tolist()
    assert len(other.rows) <= 9


def test_sound_cells_are_left_as_they_are():
    cells = lattice()
    mended = repair_cells(cells, TOLERANCE, WHOLE)
    assert len(mended.rows) == 0 and all(a is b for a, b in zip(cells, mended.cells))


def test_a_gap_and_an_overlap_are_gone_and_far_cells_keep_every_vertex():
    cells = lattice()
    cells[5] = translate(cells[5], 0.4, 0)
    mended = repair_cells(cells, TOLERANCE, WHOLE)
    assert (mended.gaps, mended.overlaps, mended.parts) == (1, 1, 0)
    assert is_coverage(mended.cells) and shapely.area(mended.cells).sum() == pytest.approx(120_000, abs=1e-6)
    assert 0 < moved(cells, mended.cells) <= TOLERANCE
    assert {3, 8, 11}.isdisjoint(mended.rows)


def test_a_strip_along_many_cells_is_cut_at_each_junction():
    cells = lattice()
    cells[4:8] = [translate(cell, 0, 0.3) for cell in cells[4:8]]
    cells[0], cells[1] = shapely.box(0, 0, 130, 100), shapely.box(130, 0, 200, 100)
    mended = repair_cells(cells, TOLERANCE, WHOLE)
    assert is_coverage(mended.cells) and shapely.area(shapely.union_all(mended.cells)) == pytest.approx(120_000)
    assert moved(cells, mended.cells) <= TOLERANCE


@pytest.mark.parametrize("width", [1.5, 4.0])
def test_what_is_wider_than_the_tolerance_is_left(width):
    cells = lattice()
    cells[5] = translate(cells[5], width, 0)
    assert len(repair_cells(cells, TOLERANCE, WHOLE).rows) == 0


def test_a_small_fault_is_mended_beside_a_wide_one_that_is_left():
    cells = lattice()
    cells[0], cells[11] = shapely.box(0, 0, 90, 100), shapely.box(300.5, 200, 400, 300)
    mended = repair_cells(cells, TOLERANCE, WHOLE)
    assert mended.gaps == 1 and mended.cells[0] is cells[0]
    assert shapely.area(shapely.union_all(mended.cells)) == pytest.approx(119_000)


def test_a_gap_goes_to_a_cell_of_the_community_in_which_it_lies():
    cells = lattice(2, 1)
    cells[0] = shapely.box(0, 0, 99.5, 100)
    homes = some(shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100))
    mended = repair_cells(cells, TOLERANCE, homes, np.array([0, 1]))
    assert shapely.equals(mended.cells[0], homes[0]) and shapely.equals(mended.cells[1], homes[1])
    cells = lattice(2, 1)
    cells[1] = shapely.box(99.5, 0, 200, 100)
    mended = repair_cells(cells, TOLERANCE, homes, np.array([0, 1]))
    assert shapely.equals(mended.cells[0], homes[0]) and shapely.equals(mended.cells[1], homes[1])


def test_a_splinter_of_a_grid_goes_to_the_neighbour_and_a_broad_part_stays():
    cells = lattice(3, 1)
    splinter = shapely.box(200, 0, 200.5, 100)
    cells[0] = shapely.MultiPolygon([cells[0], splinter])
    cells[2] = shapely.box(200.5, 0, 300, 100)
    mended = repair_cells(cells, TOLERANCE, some(shapely.box(0, 0, 300, 100)))
    assert mended.parts == 1 and shapely.area(mended.cells).tolist() == pytest.approx([10_000, 10_000, 10_000], abs=51)
    assert shapely.get_num_geometries(mended.cells).tolist() == [1, 1, 1] and is_coverage(mended.cells)


@pytest.mark.parametrize("odd", [None, shapely.Polygon(), shapely.Point(1, 1)])
def test_rows_without_area_are_passed_over(odd):
    cells = np.append(lattice(), some(odd))
    cells[5] = translate(cells[5], 0.4, 0)
    mended = repair_cells(cells, TOLERANCE, WHOLE)
    assert mended.cells[12] is odd and mended.gaps == 1


def test_no_cells_are_no_error():
    assert len(repair_cells(some(), TOLERANCE, WHOLE).rows) == 0


def test_without_communities_an_enclosed_gap_is_closed():
    cells = lattice()
    cells[5] = shapely.box(100, 100, 199.6, 200)
    mended = repair_cells(cells, TOLERANCE)
    assert mended.gaps == 1 and is_coverage(mended.cells)


@settings(max_examples=40, deadline=None, phases=(Phase.explicit, Phase.generate))  # shrinking takes minutes
@given(st.integers(0, 2**32 - 1), st.sampled_from((0.03, 0.2, 1.0)), st.sampled_from((0.0, 0.5, 0.61)))
@example(2974, 1.0, 0.0)  # a piece of an overlap ends up beside a third cell only
def test_after_any_small_shift_of_corners_the_cells_are_a_coverage_again(seed, often, skew):
    """Each cell's inner corners are drawn anew, as two people would draw one boundary."""
    source = np.random.default_rng(seed)
    cells = lattice()
    drawn = []
    for cell in cells:
        xy = shapely.get_coordinates(cell)[:-1]
        for corner in range(4):
            x, y = xy[corner]
            dx, dy = source.uniform(-0.3, 0.3, 2) * (source.random() < often)
            xy[corner] = x + dx * (0 < x < 400), y + dy * (0 < y < 300)
        drawn.append(shapely.affinity.rotate(shapely.Polygon(xy), skew, origin=(0, 0)))
    whole = some(shapely.affinity.rotate(WHOLE[0], skew, origin=(0, 0)))
    before = some(*drawn)
    mended = repair_cells(before, TOLERANCE, whole)
    after = mended.cells
    assert is_coverage(after)
    assert moved(before, after) <= TOLERANCE + 1e-6
    assert shapely.is_valid(after).all()
    assert shapely.area(shapely.union_all(after)) == pytest.approx(120_000, abs=0.01)
    again = repair_cells(after, TOLERANCE, whole)
    assert again.gaps == again.overlaps == 0

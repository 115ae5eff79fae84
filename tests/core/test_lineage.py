# SPDX-License-Identifier: GPL-2.0-or-later
"""Who became whom: the largest part keeps the identity, the shares of a parent add up, nothing is kept twice."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.grids.lineage import succeed


def cells(*boxes):
    return np.array([shapely.box(*one) for one in boxes], dtype=object)


def groups(size, name="A"):
    return np.array([name] * size, dtype=object)


def family(new, old, **more):
    return succeed(new, more.pop("new_group", groups(len(new))), old, more.pop("old_group", groups(len(old))), **more)


LEFT, RIGHT, WHOLE = (0, 0, 10, 10), (10, 0, 20, 10), (0, 0, 20, 10)


def test_equal_shapes_go_on_unchanged_whatever_their_order_and_start_point():
    turned = np.array([shapely.Polygon([(20, 10), (10, 10), (10, 0), (20, 0)]), shapely.box(*LEFT)], dtype=object)
    found = family(turned, cells(LEFT, RIGHT))
    assert found.keeps.tolist() == [1, 0] and found.same.all()
    assert len(found.retired) == 0 and len(found.parent) == 0


def test_of_a_split_the_largest_part_keeps_the_identity():
    found = family(cells((0, 0, 14, 10), (14, 0, 20, 10)), cells(WHOLE))
    assert found.keeps.tolist() == [0, -1] and not found.same.any() and len(found.retired) == 0
    assert dict(zip(found.child.tolist(), found.share.round(6).tolist())) == {0: 0.7, 1: 0.3}


def test_all_new_keeps_only_equal_shapes():
    found = family(cells((0, 0, 14, 10), (14, 0, 20, 10), (30, 0, 40, 10)), cells(WHOLE, (30, 0, 40, 10)), keep=False)
    assert found.keeps.tolist() == [-1, -1, 1] and found.retired.tolist() == [0]


def test_a_merge_goes_on_with_the_larger_one_and_retires_the_other():
    found = family(cells(WHOLE), cells((0, 0, 6, 10), (6, 0, 20, 10)))
    assert found.keeps.tolist() == [1] and found.retired.tolist() == [0]
    assert sorted(zip(found.parent.tolist(), found.share.tolist())) == [(0, 1.0), (1, 1.0)]


def test_an_identity_never_leaves_its_community():
    found = family(cells(LEFT), cells(LEFT), new_group=groups(1, "B"))
    assert found.keeps.tolist() == [-1] and found.retired.tolist() == [0] and found.share.tolist() == [1.0]


def test_the_same_area_twice_pairs_off_one_to_one():
    found = family(cells(LEFT, LEFT), cells(LEFT, LEFT))
    assert found.keeps.tolist() == [0, 1] and found.same.all()
    again = family(cells(LEFT, LEFT), cells(LEFT))
    assert sorted(again.keeps.tolist()) == [-1, 0]


def test_what_goes_on_unchanged_has_no_descent_though_others_overlap_it():
    found = family(cells(LEFT, (5, 0, 20, 10)), cells(LEFT))
    assert found.same.tolist() == [True, False] and len(found.parent) == 0


def test_neighbours_that_touch_are_no_descendants():
    found = family(cells((10, 0, 20, 9)), cells(LEFT, RIGHT))
    assert set(found.parent.tolist()) == {1}


def test_shares_are_scaled_where_new_grids_overlap():
    found = family(cells((0, 0, 15, 10), (5, 0, 20, 10)), cells(WHOLE))
    assert found.share.sum() == pytest.approx(1.0) and found.covered.tolist() == [1.5]


def test_a_vendor_may_decide_who_goes_on():
    found = family(cells(LEFT, RIGHT), cells(LEFT, RIGHT), identity=np.array([1, -1]))
    assert found.keeps.tolist() == [1, -1] and not found.same.any() and found.retired.tolist() == [0]


def test_without_old_grids_all_are_new():
    found = family(cells(LEFT), np.empty(0, dtype=object))
    assert found.keeps.tolist() == [-1] and len(found.retired) == 0 and len(found.covered) == 0


@st.composite
def coverages(draw):
    """Two coverages of one strip, cut at whole metres."""
    cuts = [sorted(draw(st.sets(st.integers(1, 39), max_size=6))) for _ in range(2)]
    return [cells(*((a, 0, b, 10) for a, b in zip([0, *cut], [*cut, 40]))) for cut in cuts]


@settings(max_examples=80, derandomize=True, deadline=None)
@given(coverages(), st.booleans())
def test_between_two_coverages_everything_adds_up(pair, keep):
    old, new = pair
    found = family(new, old, keep=keep)
    kept = found.keeps[found.keeps >= 0]
    assert len(set(kept.tolist())) == len(kept)
    assert sorted([*kept.tolist(), *found.retired.tolist()]) == list(range(len(old)))
    assert found.covered == pytest.approx(np.ones(len(old)))
    changed = np.setdiff1d(np.arange(len(old)), found.keeps[found.same])
    totals = np.bincount(found.parent, weights=found.share, minlength=len(old))
    assert totals[changed] == pytest.approx(1.0) and totals.max(initial=0) <= 1.0 + 1e-9
    brute = {
        (p, c): old[p].intersection(new[c]).area / old[p].area for p in changed for c in range(len(new))
        if old[p].intersection(new[c]).area > 0
    }  # fmt: skip
    assert dict(zip(zip(found.parent.tolist(), found.child.tolist()), found.share.tolist())) == pytest.approx(brute)

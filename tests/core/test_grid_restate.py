# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures on other grids: whole where that can be, by area elsewhere, and the total to the last digit."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.grids.restate import crosswalk, largest_remainder, spread


def some(values):
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def strips(cuts):
    return some([shapely.box(west, 0, east, 10) for west, east in zip(cuts, cuts[1:])])


def test_whole_same_and_cut_grids_are_told_apart():
    walk = crosswalk(strips([0, 10, 20, 30, 40]), strips([0, 10, 30, 34, 50]))
    assert walk.rule.tolist() == ["same", "whole", "area", "area"]
    assert spread([5, 1, 2, 10], walk) == ([5, 3, 4, 6], [0, 0, 0, 0])


def test_what_lies_in_no_grid_is_kept_apart_and_a_hair_is_not():
    walk = crosswalk(strips([0, 10, 20]), strips([0, 9.9999, 15]))
    assert walk.outside.tolist() == [0.0, 0.5] and spread([7, 8], walk) == ([7, 4], [0, 4])


def test_there_and_back_over_a_split_is_the_same():
    old, new = strips([0, 10, 20]), strips([0, 3, 10, 20])
    there, _ = spread([1001, 17], crosswalk(old, new))
    assert spread(there, crosswalk(new, old)) == ([1001, 17], [0, 0, 0])


cuts = st.lists(st.integers(0, 60), min_size=2, max_size=8, unique=True).map(sorted)


@given(cuts, cuts, st.data())
@settings(max_examples=200, deadline=None)
def test_totals_stay_and_parts_are_within_one_unit_of_the_area(before, after, data):
    old, new = strips(before), strips(after)
    values = data.draw(st.lists(st.integers(-(10**12), 10**12), min_size=len(old), max_size=len(old)))
    walk = crosswalk(old, new)
    found, outside = spread(values, walk)
    assert sum(found) + sum(outside) == sum(values)
    for place, (west, east) in enumerate(zip(after, after[1:])):
        exact = sum(
            value * max(0, min(east, right) - max(west, left)) / (right - left)
            for value, left, right in zip(values, before, before[1:])
        )
        assert abs(found[place] - exact) <= len(values) + 1e-3


@given(st.integers(-(10**15), 10**15), st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_a_number_is_cut_without_loss(value, shares):
    assert sum(largest_remainder(value, shares)) == value

# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders and numbers of many objects at once, against the slow ways."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.allocation import in_place_order, number_groups, places_in_list
from digital_citymgmt_plugin.core.codes import COMPONENT, scheme_of
from digital_citymgmt_plugin.core.errors import CodeError

few = st.sampled_from([0.0, -0.0, 1.0, 2.5, float("nan")])


@given(st.lists(st.tuples(st.integers(-1, 3), few, few), max_size=40))
def test_the_order_by_place_is_that_of_a_sort_by_all_keys(rows):
    cell = np.array([row[0] for row in rows], dtype=np.int64)
    points = np.array([row[1:] for row in rows], dtype=float).reshape(len(rows), 2)
    fid = np.arange(len(rows))[::-1].copy()
    last = np.where(cell < 0, 99, cell)
    expected = np.lexsort((fid, points[:, 0], -points[:, 1], last))
    assert in_place_order(cell, points, fid).tolist() == expected.tolist()


@given(st.lists(st.integers(0, 4), max_size=40), st.dictionaries(st.sampled_from("abcde"), st.integers(-1, 9)))
def test_numbers_go_on_in_each_group_as_when_counted_by_hand(group, last):
    names, counters, expected = list("abcde"), {}, []
    for place in group:
        counters[place] = counters.get(place, max(last.get(names[place], 0), 0)) + 1
        expected.append(counters[place])
    serials, moved = number_groups(scheme_of("2013", COMPONENT), names, np.array(group, dtype=np.int64), last)
    assert serials.tolist() == expected
    assert {names[place]: value for place, value in counters.items()}.items() <= moved.items()


def test_a_group_that_is_full_is_refused_before_any_number_is_given_out():
    scheme = scheme_of("2013", COMPONENT)
    last = {"3206810101": scheme.capacity - 1}
    with pytest.raises(CodeError) as error:
        number_groups(scheme, ["3206810101"], np.array([0, 0]), last)
    assert (error.value.code, error.value.values["free"]) == ("codes.exhausted", 1)


@given(st.lists(st.sampled_from(["x", "y", None, "z"])))
def test_values_are_found_again_by_their_place(values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    different, places = places_in_list(array)
    assert different[places].tolist() == values
    assert len(set(different.tolist())) == len(different)

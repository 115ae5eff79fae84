# SPDX-License-Identifier: GPL-2.0-or-later
"""Codes by the hundred thousand: the same answers as one by one, and numbers given out once."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.allocation import allocate
from digital_citymgmt_plugin.core.codes import COMPONENT, SCHEMES, UNIT_GRID, scheme_of
from digital_citymgmt_plugin.core.errors import CodeError

few = settings(derandomize=True, max_examples=80, deadline=None)
schemes = st.sampled_from(list(SCHEMES.values()))
near_codes = st.one_of(
    st.none(),
    st.text("0123456789", min_size=13, max_size=18),
    st.text("0019０x \0", min_size=0, max_size=18),
    st.text("320681", min_size=6, max_size=6).map(lambda head: head + "0" * 10),
    st.text(max_size=40),
)


@given(schemes, st.lists(near_codes, max_size=20), st.sampled_from(["", "320681"]))
@few
def test_checking_many_is_checking_each(scheme, codes, county):
    array = np.empty(len(codes), dtype=object)
    array[:] = codes
    assert scheme.check_many(array, county).tolist() == [scheme.check(code, county) for code in codes]


def test_missing_values_of_any_sort_are_missing():
    codes = np.array([None, float("nan"), ""], dtype=object)
    assert scheme_of("2013", COMPONENT).check_many(codes).tolist() == ["codes.missing"] * 3


def test_a_number_is_taken_as_its_text():
    assert scheme_of("2013", COMPONENT).check_many(np.array([3206810104000017])).tolist() == [""]


@pytest.mark.parametrize("dtype", [object, "U16", "U99", ">U16"])
def test_any_text_array_will_do(dtype):
    codes = np.array(["3206810104000017", "3206810104000018"], dtype=dtype)
    scopes, serials = scheme_of("2013", COMPONENT).split_many(codes)
    assert scopes.tolist() == ["3206810104"] * 2 and serials.tolist() == [17, 18]


def test_a_view_with_gaps_is_read_right():
    codes = np.array(["3206810104000017", "x", "3206810105000018", "y"])[::2]
    assert scheme_of("2013", COMPONENT).split_many(codes)[1].tolist() == [17, 18]


@given(schemes, st.data())
@few
def test_joining_gives_back_what_was_split(scheme, data):
    scopes = st.text("0123456789", min_size=scheme.scope_length, max_size=scheme.scope_length)
    rows = data.draw(st.lists(st.tuples(scopes, st.integers(1, scheme.capacity)), max_size=15))
    codes = scheme.join_many(np.array([row[0] for row in rows], dtype=object), [row[1] for row in rows])
    width = scheme.segments[-1].digits
    assert codes.tolist() == [scope + str(serial).zfill(width) for scope, serial in rows]
    again = scheme.split_many(codes)
    assert list(zip(again[0].tolist(), again[1].tolist())) == rows


def test_splitting_a_wrong_code_names_its_row():
    with pytest.raises(CodeError) as caught:
        scheme_of("2013", COMPONENT).split_many(np.array(["3206810104000017", "3206810104"]))
    assert caught.value.code == "codes.wrong_length" and caught.value.values["row"] == 2


def test_neighbouring_segments_are_cut_out_together():
    codes = np.array(["3206810104000017", "3206810205000001"])
    assert scheme_of("2013", COMPONENT).parts_many(codes, "major", "minor").tolist() == ["0104", "0205"]


@pytest.mark.parametrize(
    ("scope", "serial", "reason"),
    [
        ("32068101", 1, "codes.bad_scope"),
        ("32068101x4", 1, "codes.bad_scope"),
        ("3206810104", 0, "codes.zero_sequence"),
        ("3206810104", 1_000_000, "codes.exhausted"),
    ],
)
def test_joining_what_does_not_fit_is_refused(scope, serial, reason):
    with pytest.raises(CodeError) as caught:
        scheme_of("2013", COMPONENT).join_many(np.array([scope]), np.array([serial]))
    assert caught.value.code == reason


def one_by_one(scheme, scopes, last):
    """Number as a clerk would, with a book of counters."""
    book, codes = defaultdict(int, last), []
    for scope in scopes:
        book[scope] += 1
        codes.append(scope + str(book[scope]).zfill(scheme.segments[-1].digits))
    return codes, dict(book)


requests = st.lists(st.sampled_from(["320681001001", "320681001002", "320681002001"]), max_size=40)
counters = st.dictionaries(st.sampled_from(["320681001001", "320681001002", "999999999999"]), st.integers(0, 59))


@given(requests, counters)
@few
def test_numbers_are_those_of_a_clerk(scopes, last):
    scheme = scheme_of("2007", UNIT_GRID)
    codes, new_last = allocate(scheme, np.array(scopes, dtype=object), last)
    expected, book = one_by_one(scheme, scopes, last)
    assert codes.tolist() == expected and new_last == book


@given(requests, requests, counters)
@few
def test_no_code_is_given_out_twice_or_at_or_below_the_last(first, second, last):
    scheme = scheme_of("2013", UNIT_GRID)
    codes, after = allocate(scheme, np.array(first, dtype=object), last)
    more, _ = allocate(scheme, np.array(second, dtype=object), after)
    every = [*codes.tolist(), *more.tolist()]
    assert len(set(every)) == len(every)
    assert all(int(code[12:]) > last.get(code[:12], 0) for code in every)


@given(st.integers(0, 99), st.integers(1, 120), st.integers(0, 5))
@few
def test_overflow_gives_out_nothing_at_all(last, wanted, others):
    scheme = scheme_of("2007", UNIT_GRID)
    scopes = np.array(["320681001002"] * others + ["320681001001"] * wanted)
    counters_before = {"320681001001": last}
    if last + wanted <= 99:
        assert len(allocate(scheme, scopes, counters_before)[0]) == wanted + others
        return
    with pytest.raises(CodeError) as caught:
        allocate(scheme, scopes, counters_before)
    values = {"scope": "320681001001", "capacity": 99, "needed": wanted, "free": 99 - last}
    assert caught.value.code == "codes.exhausted" and caught.value.values == values
    assert counters_before == {"320681001001": last}


def test_the_last_number_is_still_given_out():
    codes, last = allocate(scheme_of("2007", UNIT_GRID), np.array(["320681001001"]), {"320681001001": 98})
    assert codes.tolist() == ["32068100100199"] and last == {"320681001001": 99}


def test_nobody_asks_and_nothing_is_given():
    codes, last = allocate(scheme_of("2013", COMPONENT), np.array([], dtype=object), {"x": 3})
    assert len(codes) == 0 and last == {"x": 3}


def test_a_scope_of_another_edition_is_refused_with_its_row():
    with pytest.raises(CodeError) as caught:
        allocate(scheme_of("2013", COMPONENT), np.array(["3206810104", "32068101004"]), {})
    assert caught.value.code == "codes.bad_scope" and caught.value.values["row"] == 2


@pytest.mark.parametrize("method", ["check_many", "split_many", "parts_many"])
def test_no_codes_give_no_answers(method):
    arguments = ("major",) if method == "parts_many" else ()
    result = getattr(scheme_of("2013", COMPONENT), method)(np.array([], dtype=object), *arguments)
    assert all(len(part) == 0 for part in (result if isinstance(result, tuple) else (result,)))

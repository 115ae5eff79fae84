# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of census rows column by column, and the memory of what a long stream held."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.census.rows import (
    check_codes,
    clean_counts,
    clean_dates,
    clean_states,
    clean_uuids,
    cut_codes,
    fit_geometries,
    resolve_classes,
    text,
)
from digital_citymgmt_plugin.core.census.seen import Seen, hashes
from digital_citymgmt_plugin.core.codes import COMPONENT, scheme_of
from digital_citymgmt_plugin.core.profile import ClassEntry

SCHEME = scheme_of("2013", COMPONENT)


def reasons(found):
    cleaned, problems = found
    return cleaned, [(problem.index, problem.reason) for problem in problems]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, None), (" a ", "a"), ("", None), (7.0, "7"), (7.5, "7.5"), (0, "0"), (float("nan"), None)],
)
def test_text_of_a_value(value, expected):
    assert text(value) == expected


KNOWN = ClassEntry("component", "0101", "01", "公用设施", "01", "上水井盖")


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        ("0101", None, "0101"), ("101", None, "0101"), (101, None, "0101"), (101.0, None, "0101"),
        ("上水井盖", None, "0101"), (None, "上水井盖", "0101"), ("0101", "别的", "0101"),
    ],
)  # fmt: skip
def test_a_class_is_found_by_code_or_name(code, name, expected):
    assert reasons(resolve_classes([code], [name], {"0101": KNOWN}, {"上水井盖": KNOWN}, 4)) == ([expected], [])


@pytest.mark.parametrize(
    ("code", "name", "reason"),
    [
        ("9999", "上水井盖", "reject.unknown_class"),
        (None, None, "reject.no_class"),
        (None, "无", "reject.unknown_class"),
    ],
)
def test_a_class_that_is_not_found_is_a_problem(code, name, reason):
    assert reasons(resolve_classes([code], [name], {"0101": KNOWN}, {"上水井盖": KNOWN}, 4))[1] == [(0, reason)]


def test_codes_are_checked_against_scheme_county_and_class():
    codes = [None, "3206810101000001", "3206810103000001", "3206020101000001", "32068101010000"]
    found = check_codes(codes, ["0101"] * 5, SCHEME, "320681")
    assert [(p.index, p.reason) for p in found] == [
        (2, "reject.code_class_differs"), (3, "codes.other_county"), (4, "codes.wrong_length"),
    ]  # fmt: skip


def test_numbers_of_16_digits_have_lost_some_in_a_workbook():
    assert [
        p.index for p in cut_codes([3206810101000120, 3.20681010100012e15, "3206810101000120", 123456789012345, None])
    ] == [0, 1]


def test_uuids_in_one_writing():
    one = "0b8d1c6e-5f5e-4a29-9b53-0a4a3b6f7a11"
    given_ = [one, one.upper(), "{" + one + "}", one.replace("-", ""), None, "x"]
    assert reasons(clean_uuids(given_)) == ([one] * 4 + [None, None], [(5, "reject.uuid")])


def test_states_in_the_words_of_the_standard():
    cleaned, problems = reasons(clean_states(["完好", "Intact", "损坏", None, "飞走"]))
    assert cleaned == ["完好", "完好", "破损", None, None] and problems == [(4, "reject.state")]


@pytest.mark.parametrize(
    "value",
    ["20140801", 20140801, 20140801.0, "2014-8-1", "2014/08/01", "2014.8.1", "2014年8月1日", "2014-08-01T00:00:00",
     "2014-08-01 13:00", date(2014, 8, 1), datetime(2014, 8, 1, 23)],
)  # fmt: skip
def test_dates_of_many_writings(value):
    assert reasons(clean_dates([value], "first_on")) == (["2014-08-01"], [])


@pytest.mark.parametrize(
    "value", ["2014-13-01", "2014-02-30", "201411", "2014", "41852", "8/1/2014", "昨天", "２０１４0801"]
)
def test_what_is_no_date_or_doubtful_is_a_problem(value):
    assert reasons(clean_dates([value], "first_on")) == ([None], [(0, "reject.date")])


def test_counts_are_whole_numbers_from_0():
    cleaned, problems = reasons(clean_counts([3, "4", 5.0, 0, None, -1, 2.5, "二", True], "photo_count"))
    assert cleaned == [3, 4, 5, 0, None, None, None, None, None]
    assert [index for index, _ in problems] == [5, 6, 7, 8]


def test_geometries_take_the_form_of_their_table():
    wkts = ["POINT (1 1)", "MULTIPOINT ((1 1))", "LINESTRING (0 0, 1 1)", "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))",
            "POLYGON ((0 0, 1 0, 1 1, 0 0))", "LINEARRING (0 0, 1 0, 1 1, 0 0)"]  # fmt: skip
    fitted, dimensions, problems = fit_geometries(shapely.from_wkt(wkts))
    assert [geometry.geom_type for geometry in fitted] == [
        "Point", "Point", "MultiLineString", "MultiLineString", "MultiPolygon", "MultiLineString",
    ]  # fmt: skip
    assert dimensions.tolist() == [0, 0, 1, 1, 2, 1] and problems == []


@pytest.mark.parametrize(
    ("wkt", "reason"),
    [
        ("MULTIPOINT ((1 1), (2 2))", "reject.multipart"),
        ("GEOMETRYCOLLECTION (POINT (1 1))", "reject.geometry_kind"),
        ("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))", "reject.invalid_geometry"),
        ("POLYGON ((0 0, 1 0, 0 0, 0 0))", "reject.invalid_geometry"),
        ("LINESTRING (1 1, 1 1)", "reject.invalid_geometry"),
    ],
)
def test_geometries_that_no_table_takes_are_problems(wkt, reason):
    assert [problem.reason for problem in fit_geometries(shapely.from_wkt([wkt]))[2]] == [reason]


def test_nothing_is_no_problem_here():
    assert fit_geometries(np.array([None], dtype=object))[1:] == (np.array([-1]), [])


@settings(max_examples=60, derandomize=True)
@given(st.lists(st.lists(st.integers(0, 12), max_size=9), max_size=12))
def test_the_first_row_of_a_value_is_remembered_over_all_chunks(chunks):
    seen, first, row = Seen(), {}, 0
    for values in chunks:
        rows = np.arange(row, row + len(values), dtype=np.int64)
        row += len(values)
        expected = [first.setdefault(value, number) for value, number in zip(values, rows.tolist())]
        assert seen.first(hashes(str(value).encode() for value in values), rows).tolist() == expected


def test_16_bytes_a_row():
    seen, source = Seen(), np.random.default_rng(1)
    for start in range(0, 200_000, 20_000):
        seen.first(source.integers(0, 2**63, 20_000).astype(np.uint64), np.arange(start, start + 20_000))
    assert sum(values.nbytes + rows.nbytes for values, rows in seen._runs) <= 16 * 200_000

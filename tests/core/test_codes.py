# SPDX-License-Identifier: GPL-2.0-or-later
"""Code schemes: what a code is made of and what it can tell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.codes import (
    COMPONENT,
    EDITIONS,
    KINDS,
    SCHEMES,
    UNIT_GRID,
    CodeScheme,
    Segment,
    editions_of,
    scheme_from_dict,
    scheme_of,
    scheme_to_dict,
)
from digital_citymgmt_plugin.core.errors import CodeError

few = settings(derandomize=True, max_examples=80, deadline=None)
schemes = st.sampled_from(list(SCHEMES.values()))
TAINAN = CodeScheme(
    "Tainan",
    UNIT_GRID,
    "tainan",
    (Segment("county", 5), Segment("street", 3), Segment("community", 3), Segment("sequence", 3)),
)


@st.composite
def scheme_and_parts(draw):
    scheme = draw(schemes)
    parts = {s.name: draw(st.text("0123456789", min_size=s.digits, max_size=s.digits)) for s in scheme.segments[:-1]}
    serial = draw(st.integers(1, scheme.capacity))
    return scheme, {**parts, "sequence": str(serial).zfill(scheme.segments[-1].digits)}


# Written down from the standards' structures, not computed.
@pytest.mark.parametrize(
    ("edition", "kind", "structure", "length", "capacity"),
    [
        ("2007", UNIT_GRID, "6+3+3+2", 14, 99),
        ("2013", UNIT_GRID, "6+3+3+3", 15, 999),
        ("2026", UNIT_GRID, "6+3+3+3", 15, 999),
        ("2007", COMPONENT, "6+2+2+6", 16, 999_999),
        ("2013", COMPONENT, "6+2+2+6", 16, 999_999),
        ("2026", COMPONENT, "6+2+3+6", 17, 999_999),
        ("local-6235", COMPONENT, "6+2+3+5", 16, 99_999),
    ],
)
def test_the_built_in_schemes_have_the_published_structure(edition, kind, structure, length, capacity):
    scheme = scheme_of(edition, kind)
    assert (scheme.structure, scheme.length, scheme.capacity) == (structure, length, capacity)


def test_a_component_of_2026_is_taken_apart():
    parts = scheme_of("2026", COMPONENT).parse("32068101004000017")
    assert parts == {"county": "320681", "major": "01", "minor": "004", "sequence": "000017"}


def test_scope_is_all_but_the_sequence():
    scheme = scheme_of("2013", UNIT_GRID)
    assert (scheme.scope("320681001002013"), scheme.serial("320681001002013")) == ("320681001002", 13)


def test_a_local_scheme_numbers_by_its_own_segments():
    assert TAINAN.build(county="67000", street="310", community="001", sequence=7) == "67000310001007"


@given(scheme_and_parts())
@few
def test_parsing_gives_back_what_was_built(case):
    scheme, parts = case
    assert scheme.parse(scheme.build(**parts)) == parts


@given(scheme_and_parts())
@few
def test_the_true_edition_is_among_those_a_code_can_belong_to(case):
    scheme, parts = case
    assert scheme.edition in editions_of(scheme.build(**parts), scheme.kind)


def test_sixteen_digits_are_said_to_be_ambiguous():
    assert editions_of("3206810104000017", COMPONENT) == ("2007", "2013", "local-6235")


def test_seventeen_digits_are_of_2026_alone():
    assert editions_of("32068101004000017", COMPONENT) == ("2026",)


@pytest.mark.parametrize("code", ["", "x", "32068101004", "3206810104000000", "３２０６８１０１０４００００１７"])
def test_what_is_no_code_belongs_to_no_edition(code):
    assert editions_of(code, COMPONENT) == ()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("3206810104000017", ""),
        (None, "codes.missing"),
        ("", "codes.missing"),
        ("32068101004000017", "codes.other_edition"),
        ("320681010400001", "codes.wrong_length"),
        ("32068101040000171", "codes.other_edition"),
        ("320681010400001712", "codes.wrong_length"),
        ("32068101040000x7", "codes.not_digits"),
        ("320681 104000017", "codes.not_digits"),
        ("３206810104000017", "codes.not_digits"),
        ("3206810104000000", "codes.zero_sequence"),
        ("3206810104000017\0", "codes.wrong_length"),
        ("井盖", "codes.wrong_length"),
    ],
)
def test_every_fault_of_a_code_has_its_reason(code, reason):
    assert scheme_of("2013", COMPONENT).check(code) == reason


def test_a_code_of_another_county_is_a_fault_when_the_county_is_given():
    scheme = scheme_of("2013", COMPONENT)
    assert scheme.check("3206810104000017", "320682") == "codes.other_county"


def test_parsing_a_wrong_code_names_the_editions_it_fits():
    with pytest.raises(CodeError) as caught:
        scheme_of("2013", COMPONENT).parse("32068101004000017")
    assert caught.value.code == "codes.other_edition"
    assert caught.value.values["editions"] == "2026" and caught.value.values["expected"] == 16


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"county": "320681", "major": "01", "minor": "04"}, "codes.wrong_parts"),
        ({"county": "320681", "major": "01", "minor": "04", "sequence": 1, "grid": 1}, "codes.wrong_parts"),
        ({"county": "32068", "major": "01", "minor": "04", "sequence": 1}, "codes.wrong_part"),
        ({"county": "320681", "major": "0a", "minor": "04", "sequence": 1}, "codes.wrong_part"),
        ({"county": "320681", "major": 100, "minor": "04", "sequence": 1}, "codes.wrong_part"),
        ({"county": "320681", "major": "01", "minor": "04", "sequence": -1}, "codes.wrong_part"),
        ({"county": "320681", "major": "01", "minor": "04", "sequence": 0}, "codes.zero_sequence"),
        ({"county": "320681", "major": "01", "minor": "04", "sequence": 1_000_000}, "codes.exhausted"),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts, reason):
    with pytest.raises(CodeError) as caught:
        scheme_of("2013", COMPONENT).build(**parts)
    assert caught.value.code == reason


@pytest.mark.parametrize(
    ("kind", "segments", "problem"),
    [
        ("road", [("county", 6), ("sequence", 3)], "kind"),
        (UNIT_GRID, [], "sequence"),
        (UNIT_GRID, [("county", 6), ("street", 3), ("community", 3)], "sequence"),
        (UNIT_GRID, [("sequence", 3), ("county", 6), ("street", 3), ("community", 3)], "sequence"),
        (UNIT_GRID, [("county", 6), ("county", 3), ("sequence", 3)], "sequence"),
        (COMPONENT, [("county", 6), ("major", 2), ("sequence", 6)], "segments"),
        (COMPONENT, [("county", 6), ("major", 2), ("minor", 0), ("sequence", 6)], "digits"),
        (COMPONENT, [("county", 12), ("major", 4), ("minor", 4), ("sequence", 6)], "too_long"),
    ],
)
def test_a_scheme_that_cannot_number_is_refused(kind, segments, problem):
    with pytest.raises(CodeError) as caught:
        CodeScheme("x", kind, "x", tuple(Segment(*segment) for segment in segments))
    assert caught.value.code == "codes.bad_scheme" and caught.value.values["problem"] == problem


@pytest.mark.parametrize("scheme", [*SCHEMES.values(), TAINAN], ids=lambda scheme: f"{scheme.edition} {scheme.kind}")
def test_a_scheme_survives_json(scheme):
    assert scheme_from_dict(scheme_to_dict(scheme)) == scheme


@pytest.mark.parametrize("values", [{}, {"kind": COMPONENT, "edition": "x", "segments": ["county"]}, {"segments": 3}])
def test_a_scheme_of_wrong_shape_is_refused(values):
    with pytest.raises(CodeError, match="bad_scheme"):
        scheme_from_dict(values)


def test_an_unknown_edition_is_refused():
    with pytest.raises(CodeError, match="unknown_edition"):
        scheme_of("1999", COMPONENT)


def test_every_edition_has_both_schemes():
    assert set(SCHEMES) == {(edition, kind) for edition in EDITIONS for kind in KINDS}


def test_whole_numbers_of_numpy_are_parts_too():
    scheme = scheme_of("2007", UNIT_GRID)
    assert scheme.build(county="320681", street="001", community="002", sequence=np.int64(9)) == "32068100100209"

# SPDX-License-Identifier: GPL-2.0-or-later
"""Evaluations: scores, composite, grades and ranks of counts; their JSON form says the same to the digit."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

from digital_citymgmt_plugin.core.assessment.evaluation import (
    Row,
    Selection,
    canonical,
    evaluate_counts,
    evaluation_from_payload,
)
from digital_citymgmt_plugin.core.assessment.expressions import counts_in, in_words, parse_counts, sum_of
from digital_citymgmt_plugin.core.assessment.number_ids import NumberId, parse_number_id
from digital_citymgmt_plugin.core.assessment.schemes import Band, Scheme, Term
from digital_citymgmt_plugin.core.assessment.scores import half_up, rank_rows
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.profile import Indicator

CLOSING = Indicator("closing_rate", "结案率", "closed", "to_be_closed")
REWORK = Indicator("rework_rate", "返工率", "reworked", "disposed", direction="lower")
EXACT = Indicator("filed_right_rate", "准确立案率", "filed - voided", "filed")
FILED = Indicator("filed_number", "立案数", "filed", "", "", "lower")
STEPS = (Band(0, 1, 100), Band(1, 3, 90), Band(3, None, 40))
GRADES = (Band(90, None, grade="A"), Band(60, 90, grade="B"), Band(0, 60, grade="C"))


def scheme(**changes) -> Scheme:
    given = {
        "terms": (Term(CLOSING, "rate", 0.5), Term(REWORK, "inverse", 0.3), Term(FILED, "bands", 0.2, STEPS)),
        "grades": GRADES, **changes,
    }  # fmt: skip
    return Scheme("s", "方案", "area", **given)


def evaluation(kind="area", **changes):
    counts = {
        "closed": [9, 0, 0, 1], "to_be_closed": [10, 0, 3, 1], "reworked": [1, 0, 0, 0], "disposed": [10, 0, 3, 1],
        "filed": [2, 0, 5, 1], "voided": [1, 0, 0, 0],
    }  # fmt: skip
    rows = [Row("A", "甲", "S"), Row("B", "乙", "S"), Row("C", "丙"), Row("", "未定")]
    return evaluate_counts(
        kind, Selection("street", cut_off="2026-03-01T00:00:00.000Z"), scheme(**changes), rows,
        {code: np.array(column) for code, column in counts.items()},
        exempt={"closed": np.array([0, 0, 0, 0]), "to_be_closed": np.array([1, 0, 0, 0])},
    )  # fmt: skip


def test_composite_is_the_weighted_mean_of_the_terms_that_have_a_value():
    made = evaluation()
    assert made.scores.terms["closing_rate"].tolist()[0] == 90.0
    # 甲: .5 × 90 + .3 × 90 + .2 × 90; 乙 has no rates: only the number of cases is left, 100; 丙: 0, 100, 40.
    assert made.scores.composite.tolist() == [90.0, 100.0, 38.0, 98.0]
    assert made.scores.grade == ["A", "A", "C", "A"]
    assert made.scores.rank.tolist() == [2, 1, 3, 0]  # what is not known takes no rank
    assert made.totals["closed"] == 10 and made.total.values["closing_rate"].value.tolist() == [10 / 14 * 100]


def test_a_department_that_was_given_no_case_is_not_the_first_of_all():
    made = evaluation("department")
    assert np.isnan(made.scores.composite[1]) and made.scores.grade[1] == ""
    assert made.scores.rank.tolist() == [1, 0, 2, 0]
    assert ("table.idle_rows", {"count": 1}) in made.notes


@pytest.mark.parametrize(("zero", "second"), [("leave_out", 100.0), ("zero", 20.0), ("full", 100.0)])
def test_zero_denominators_are_as_the_scheme_says(zero, second):
    assert evaluation(zero=zero).scores.composite[1] == second


def test_the_json_form_says_the_same_to_the_digit():
    made = evaluation()
    text = canonical(made.to_payload())
    again = evaluation_from_payload(json.loads(text))
    assert canonical(again.to_payload()) == text and again.digest == made.digest
    assert again.scheme == made.scheme and again.rows == made.rows
    np.testing.assert_array_equal(again.scores.composite, made.scores.composite)


def test_exempt_cases_can_be_left_out():
    left = evaluation().without_exempt()
    assert left.counts["to_be_closed"].tolist() == [9, 0, 3, 1] and left.without == "exempt"
    assert left.scores.values["closing_rate"].value[0] == 100.0


def test_without_weights_rows_are_ranked_by_the_first_indicator():
    terms = (Term(FILED, ""), Term(CLOSING, ""))
    made = evaluation(terms=terms)
    assert np.isnan(made.scores.composite).all()
    assert made.scores.rank.tolist() == [2, 1, 3, 0]  # fewer cases are better


def test_equal_rows_share_a_rank():
    values = np.array([90.0, 95.0, 90.0, np.nan, 80.0])
    assert rank_rows(values, True, np.ones(5, dtype=bool)).tolist() == [2, 1, 2, 0, 4]
    assert rank_rows(values, False, np.ones(5, dtype=bool)).tolist() == [2, 4, 2, 0, 1]


def test_rounding_is_that_of_printed_tables():
    rng = np.random.default_rng(8)
    below = rng.integers(1, 2_000_000, 20_000)
    above = (below * rng.random(20_000)).astype(np.int64)
    halves = np.array([[1, 8], [1, 800], [3, 800], [1001, 8000], [200_001, 400_000]])  # 12.5, .125, .375 …
    above, below = np.append(above, halves[:, 0]), np.append(below, halves[:, 1])
    got = half_up(100.0 * above / below, 2)
    for up, down, value in zip(above.tolist(), below.tolist(), got.tolist()):
        cents = Fraction(10_000 * up, down)
        assert round(value * 100) == (cents + Fraction(1, 2)).__floor__()
    assert half_up(-1.005, 2) == -1.01


def test_sums_of_counts():
    assert parse_counts("filed - voided + closed") == ((1, "filed"), (-1, "voided"), (1, "closed"))
    assert counts_in("filed-voided", "filed", "", "not a sum!") == ("filed", "voided")
    assert in_words("filed - voided", str.upper) == "(FILED − VOIDED)" and in_words("filed", str.upper) == "FILED"
    columns = {"filed": np.array([5, 1]), "voided": np.array([2, 1])}
    assert sum_of("filed − voided", columns).tolist() == [3, 0]
    for wrong in ("", "filed -", "1", "filed * 2", "立案数"):
        with pytest.raises(ValueError):
            parse_counts(wrong)


def test_number_ids_open_again():
    made = evaluation()
    text = made.number_id("closed", "A")
    assert text == "closed|street=A|filed|||2026-03-01T00:00:00.000Z"
    odd = NumberId("closed", {"department": "a|b;c=d,e%"}, where={"class": ["0101", "x,y"]}, without="exempt")
    back = parse_number_id(odd.to_text())
    assert back.keys == odd.keys and back.where == odd.where and back.without == "exempt"
    assert parse_number_id(text).keys == {"street": "A"} and parse_number_id(made.number_id("closed")).keys == {}
    for wrong in ("", "closed", "|a=b|filed|||", "closed|a|filed|||"):
        with pytest.raises(InputRefused) as refusal:
            parse_number_id(wrong)
        assert refusal.value.code == "assess.number_id"

# SPDX-License-Identifier: GPL-2.0-or-later
"""Evaluations of cases of a store: the same counts as the assessment table, with words, refusals."""

from __future__ import annotations

import pytest

from digital_citymgmt_plugin.core.assessment.evaluation import evaluation_from_payload
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import Assess, request_from_params
from digital_citymgmt_plugin.core.requests_assessment import Evaluate, ShowEvaluation
from digital_citymgmt_plugin.services.assessment import assess, evaluate
from digital_citymgmt_plugin.services.assessment.showing import show_evaluation
from tests.services import test_assess
from tests.support import make_context

store = test_assess.store


@pytest.mark.parametrize("by", ["county", "street", "community", "grid", "department"])
def test_counts_are_those_of_the_table(store, by):
    answer = evaluate(make_context(store), Evaluate(by=by))
    made = evaluation_from_payload(answer["evaluation"])
    table = assess(make_context(store), Assess(by))["table"]
    rows = [dict(zip(table["columns"], row)) for row in table["rows"]]
    assert [row.code for row in made.rows] == [row["code"] for row in rows[:-1]]
    assert [row.name for row in made.rows] == [row["name"] for row in rows[:-1]]
    for code in ("reported", "filed", "closed", "closed_on_time", "pending"):
        assert made.counts[code].tolist() == [row[code] for row in rows[:-1]]
        assert made.totals[code] == rows[-1][code]
    assert answer["said"]["formulas"] and answer["said"]["counts"]["closed"] == "结案数"
    assert made.selection.cut_off == "2020-01-10T00:00:00.000Z"


def test_requests_come_as_json(store):
    request = request_from_params("evaluate", {"by": "street", "where": {"class": ["0101"]}})
    assert request == Evaluate(by="street", where={"class": ["0101"]})


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (Evaluate(by="moon"), "assess.by"),
        (Evaluate(by="street", scheme="none"), "assess.scheme"),
        (Evaluate(by="street", basis="dream"), "assess.basis"),
        (Evaluate(by="street", without="rain"), "assess.without"),
        (Evaluate(by="street", from_date="2026-02-01", to_date="2026-01-01"), "assess.period"),
        (Evaluate(by="street", from_date="yesterday"), "assess.date"),
    ],
)
def test_what_cannot_be_is_refused(store, request_, code):
    with pytest.raises(InputRefused) as refusal:
        evaluate(make_context(store), request_)
    assert refusal.value.code == code


@pytest.mark.parametrize("by2", ["", "month"])
def test_what_is_shown_is_the_evaluation_with_fewer_figures(store, by2):
    whole = evaluate(make_context(store), Evaluate(by="street", by2=by2))
    seen = show_evaluation(make_context(store), ShowEvaluation(by="street", by2=by2))
    assert seen["said"] == whole["said"]
    made, told = whole["evaluation"], seen["evaluation"]
    for name in set(made) - {"counts", "cells", "exempt"}:
        assert told[name] == made[name]
    assert {"filed", "closed", "to_be_closed"} <= set(told["counts"])
    assert all(column == made["counts"][code] for code, column in told["counts"].items())
    for code, (cells,) in told["cells"].items():
        assert cells == [sum(column) for column in zip(*made["cells"][code])]
    assert bool(told["cells"]) == bool(by2)

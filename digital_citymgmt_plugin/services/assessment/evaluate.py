# SPDX-License-Identifier: GPL-2.0-or-later
"""Evaluate areas, departments or people over a period under a scheme."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from digital_citymgmt_plugin.core.assessment.evaluation import Evaluation, Selection, evaluate_counts
from digital_citymgmt_plugin.core.assessment.indicators import choose_indicators, count_names, formula_lines
from digital_citymgmt_plugin.core.assessment.schemes import BASES, POSTS, Scheme, plain_scheme
from digital_citymgmt_plugin.core.assessment.words import Words
from digital_citymgmt_plugin.core.cases.times import from_text, to_local
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.requests_assessment import Evaluate
from digital_citymgmt_plugin.services.assessment.assess import own_schemes
from digital_citymgmt_plugin.services.assessment.tallies import tally
from digital_citymgmt_plugin.services.intake import objects


def evaluate(context: Context, request: Evaluate) -> dict[str, Any]:
    """Evaluate rows under a scheme; nothing is written into the store.

    Returns
    -------
    dict
        ``counts`` (rows, cases), ``evaluation`` (payload of ``Evaluation``), ``said`` (names and sentences of it in the
        user's language, see ``said_of``).

    Raises
    ------
    InputRefused
        ``assess.by``, ``assess.basis``, ``assess.scheme``, ``assess.indicator``, ``assess.date``, ``assess.period``,
        ``assess.without``.
    """
    evaluation = make_evaluation(context, request)
    return {
        "counts": {"rows": len(evaluation.rows), "cases": evaluation.totals.get("reported", 0)},
        "operation": None,
        "tables": [],
        "notes": [],
        "evaluation": evaluation.to_payload(),
        "said": said_of(context, evaluation),
    }


def make_evaluation(context: Context, request: Evaluate) -> Evaluation:
    """Return the evaluation that a request asks for; errors as ``evaluate``."""
    store = context.need_store()
    if request.without not in ("", "exempt"):
        raise InputRefused("assess.without", value=request.without)
    if request.basis and request.basis not in BASES:
        raise InputRefused("assess.basis", value=request.basis, known=", ".join(BASES))
    meta = store.meta()
    scheme = find_scheme(context, request.scheme)
    selection = Selection(
        request.by, request.by2, request.basis or scheme.basis, request.from_date, request.to_date, request.cut_off,
        meta.get("time_zone") or "Asia/Shanghai", dict(request.where),
    )  # fmt: skip
    counted = tally(context, selection)
    place = {"county_code": meta.get("county_code", ""), "county_name": meta.get("county_name", "")}
    evaluation = evaluate_counts(
        object_of(request.by), replace(selection, cut_off=counted.cut_off), scheme, counted.rows, counted.counts,
        columns=counted.columns, cells=counted.cells, exempt=counted.exempt, notes=counted.notes, place=place,
    )  # fmt: skip
    return evaluation.without_exempt() if request.without else evaluation


def find_scheme(context: Context, name: str) -> Scheme:
    """Return a scheme by its code or name."""
    store = context.need_store()
    profile = store.profile()
    return plain_scheme(name, name, choose_indicators(name, profile.indicators, own_schemes(store)))


def object_of(by: str) -> str:
    """Return what is evaluated by rows of a kind: area, department or a post."""
    return by if by in POSTS else "department" if by == "department" else "area"


def said_of(context: Context, evaluation: Evaluation) -> dict[str, Any]:
    """Return an evaluation's words in the user's language.

    Returns
    -------
    dict
        ``by``, ``counts`` and ``indicators`` (code → name), ``formulas`` (lines), ``notes`` (period, cut-off, what to
        know of the table), ``total``.
    """
    words = Words(context.sentences)
    definitions = context.need_store().profile().counts
    indicators = [term.indicator for term in evaluation.scheme.terms]
    chosen = evaluation.selection
    first, last = evaluation.period
    period = words.say("table.always")
    if first or last:
        ends = first or words.say("table.earliest"), last or words.say("table.latest")
        period = words.say("table.between", first=ends[0], last=ends[1])
    moment = str(to_local(from_text(objects([chosen.cut_off])), chosen.zone)[0]).replace("T", " ")[:19]
    return {
        "by": words.say(f"table.{chosen.by}"),
        "counts": count_names(definitions, words),
        "indicators": {item.code: words.name(item.code, item.name) for item in indicators},
        "formulas": formula_lines(indicators, definitions, words),
        "notes": [
            words.say("table.period", period=period),
            words.say("table.cut_off", moment=moment, zone=chosen.zone),
            *(words.say(code, **values) for code, values in evaluation.notes),
        ],
        "total": words.say("table.total"),
    }

# SPDX-License-Identifier: GPL-2.0-or-later
"""Evaluate areas, departments or people over a period under a scheme."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from digital_citymgmt_plugin.core.assessment.evaluation import Evaluation, Selection, evaluate_counts
from digital_citymgmt_plugin.core.assessment.indicators import choose_indicators, count_names, formula_lines
from digital_citymgmt_plugin.core.assessment.question import WHERE, parted
from digital_citymgmt_plugin.core.assessment.scheme_checks import build_scheme, check_scheme
from digital_citymgmt_plugin.core.assessment.schemes import AREA, BASES, DEPARTMENT, POSTS, Scheme, plain_scheme
from digital_citymgmt_plugin.core.assessment.words import Words
from digital_citymgmt_plugin.core.cases.times import from_text, to_local
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context, Store
from digital_citymgmt_plugin.core.profile import Problem, Profile
from digital_citymgmt_plugin.core.requests_assessment import Evaluate
from digital_citymgmt_plugin.services.assessment.tallies import tally
from digital_citymgmt_plugin.services.intake import objects

_PERIOD = {"filed": "table.period", "reported": "table.period_reported", "flow": "table.period_flow"}
JOINED = ("department", "street", "community", "grid")
AREAS = ("county", "street", "community", "grid", "beat")


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
    kind = object_of(request.by)
    if scheme.object and kind and scheme.object != kind:
        names = {name: Words(context.sentences).say(f"table.object_{name}") for name in (scheme.object, kind)}
        raise InputRefused("assess.scheme_object", scheme=scheme.name, object=names[scheme.object], by=names[kind])
    _check_where(request.where)
    _check_join(request.by, request.join)
    selection = Selection(
        request.by, request.by2, request.basis or scheme.basis, request.from_date, request.to_date, request.cut_off,
        meta.get("time_zone") or "Asia/Shanghai", dict(request.where),
        dict(request.join),
    )  # fmt: skip
    counted = tally(context, selection, request.without)
    place = {"county_code": meta.get("county_code", ""), "county_name": meta.get("county_name", "")}
    return evaluate_counts(
        kind or scheme.object, replace(selection, cut_off=counted.cut_off), scheme, counted.rows, counted.counts,
        columns=counted.columns, cells=counted.cells, exempt=counted.exempt, notes=counted.notes, place=place,
        without=request.without,
    )  # fmt: skip


def find_scheme(context: Context, name: str, profile: Profile | None = None) -> Scheme:
    """Return a scheme by its code or name; ``all`` shows every indicator of the profile.

    Raises
    ------
    InputRefused
        ``assess.scheme`` where there is none, ``assess.indicator`` where it names one that the profile lacks,
        ``assess.scheme_broken`` where its weights, directions or bands are wrong (edited past the profile workbook).
    """
    store = context.need_store()
    profile = profile or store.profile()
    by_code = {indicator.code: indicator for indicator in profile.indicators}
    row = next((row for row in profile.score_schemes if name in (row.code, row.name)), None)
    if row is None:
        own = {**own_schemes(store), **{row.code: [] for row in profile.score_schemes}}
        return plain_scheme(name, name, choose_indicators(name, profile.indicators, own))
    terms = [term for term in profile.score_terms if term.scheme == row.code]
    missing = next((term.indicator for term in terms if term.indicator not in by_code), None)
    if missing is not None:
        raise InputRefused("assess.indicator", value=missing, scheme=row.name, known=", ".join(sorted(by_code)))
    scheme = build_scheme(row, terms, profile.score_bands, by_code)
    faults = check_scheme(scheme)
    if faults:
        raise InputRefused("assess.scheme_broken", scheme=row.name, value=say_fault(context, faults[0]))
    return scheme


def say_fault(context: Context, fault: Problem) -> str:
    """Return what is wrong with a scheme, as a part of a sentence in the user's language."""
    code, values = fault
    said = {name: value for name, value in values.items() if name not in ("table", "key", "column")}
    return Words(context.sentences).say(f"table.{code.partition('.')[2]}", **said)


def object_of(by: str) -> str:
    """Return what is evaluated by rows of a kind: area, department, a post; '' where rows are no such thing."""
    if by in POSTS or by == DEPARTMENT:
        return by
    return AREA if parted(by)[0] in AREAS else ""


def _check_where(where: Mapping[str, Any]) -> None:
    for name, codes in where.items():
        if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
            raise InputRefused("assess.where", value=name, known=", ".join(WHERE))


def _check_join(by: str, join: Mapping[str, Any]) -> None:
    """Refuse joins of rows that cannot be found again by a filter, and chains of them."""
    for code, into in join.items():
        good = isinstance(into, str) and code and into and code != into and into not in join and parted(by)[0] in JOINED
        if not good:
            raise InputRefused("assess.join", value=f"{code} → {into}", by=by, known=", ".join(JOINED))


def said_of(context: Context, evaluation: Evaluation) -> dict[str, Any]:
    """Return an evaluation's words in the user's language.

    Returns
    -------
    dict
        ``by``, ``period``, ``counts`` and ``indicators`` (code → name), ``formulas`` (lines), ``notes`` (period,
        cut-off, what to know of the table), ``total``.
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
        "by": words.rows(chosen.by),
        "period": period,
        "counts": count_names(definitions, words),
        "indicators": {item.code: words.name(item.code, item.name) for item in indicators},
        "formulas": formula_lines(indicators, definitions, words),
        "notes": [
            words.say(_PERIOD[chosen.basis], period=period),
            words.say("table.cut_off", moment=moment, zone=chosen.zone),
            *(words.say(code, **values) for code, values in evaluation.notes),
        ],
        "total": words.say("table.total"),
    }


def own_schemes(store: Store) -> dict[str, list[str]]:
    """Return the city's lists of indicators of before schema 5: codes by name."""
    rows = store.read("score_scheme", ["name", "payload"])
    result: dict[str, list[str]] = {}
    for name, payload in zip(rows["name"].tolist(), rows["payload"].tolist()):
        try:
            listed = json.loads(payload or "{}").get("indicators")
        except (ValueError, AttributeError):
            continue
        if isinstance(listed, list):
            result[str(name)] = [str(code) for code in listed]
    return result

# SPDX-License-Identifier: GPL-2.0-or-later
"""The assessment table: counts and rates by area, grid or department over a period, with the formula under it."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.assessment.counts import KNOWN, case_counts, latest
from digital_citymgmt_plugin.core.assessment.evaluation import Evaluation
from digital_citymgmt_plugin.core.assessment.schemes import Scheme
from digital_citymgmt_plugin.core.assessment.words import Words
from digital_citymgmt_plugin.core.cases.times import to_local, to_text
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.requests import Assess
from digital_citymgmt_plugin.core.requests_assessment import Evaluate
from digital_citymgmt_plugin.services.assessment.evaluate import find_scheme, make_evaluation, said_of
from digital_citymgmt_plugin.services.assessment.groups import BY, Groups
from digital_citymgmt_plugin.services.assessment.periods import inside_period, read_cut_off, read_day, say_period
from digital_citymgmt_plugin.services.assessment.reading import read_cases, sum_by
from digital_citymgmt_plugin.services.assessment.table import ENDINGS, evaluation_table, make_table, write_table


def assess(context: Context, request: Assess) -> dict[str, Any]:
    """Count cases and compute rates by area or department.

    The period is of local days (the store's time zone), both included, of filing (of reporting where a case was not
    filed); without dates all cases count. The cut-off is the given moment (a day alone means its end), else the latest
    time of any case in the store: what happened later is unknown, open cases past their target by then are overdue.
    Areas and grids without cases are listed with zeros; cases without a value are in the row 未定, so that the rows
    always sum up to the total. Nothing is written into the store.

    Returns
    -------
    dict
        ``counts`` (rows, cases), ``output``, ``table`` (header, columns, rows, formulas), ``cut_off``.

    Raises
    ------
    InputRefused
        ``assess.by``, ``assess.scheme``, ``assess.indicator``, ``assess.date``, ``assess.period``,
        ``assess.output``.
    """
    if request.output and PurePath(request.output).suffix.lower() not in ENDINGS:
        raise InputRefused("assess.output", file=request.output, known=", ".join(ENDINGS))
    store = context.need_store()
    zone = store.meta().get("time_zone") or "Asia/Shanghai"
    start, stop = read_day(request.from_date, "from_date"), read_day(request.to_date, "to_date")
    if start is not None and stop is not None and start > stop:
        raise InputRefused("assess.period", from_date=request.from_date, to_date=request.to_date)
    profile = store.profile()
    words = Words(context.sentences)
    scheme = find_scheme(context, request.scheme, profile)
    if not _told_by_records(request, scheme):
        return _evaluated(context, request, words)
    indicators = tuple(term.indicator for term in scheme.terms)
    groups = Groups(store, request.by, words.say("table.nowhere"))
    cases, group = read_cases(context, store, groups)
    cut_off = read_cut_off(request.cut_off, zone)
    if cut_off is None:
        cut_off = latest(cases)
    if np.isnat(cut_off):
        cut_off = np.datetime64(context.clock().replace(tzinfo=None), "ms")
    context.progress(0.7, "progress.counting")
    inside, undated = inside_period(cases, zone, start, stop)
    counts = case_counts(cases, cut_off)
    sums = {code: sum_by(column, inside, group, len(groups)) for code, column in counts.items()}
    table = make_table(groups, sums, indicators, profile.counts, words)
    local = str(to_local(np.array([cut_off]), zone)[0]).replace("T", " ")[:19]
    notes = [
        *table["formulas"],
        words.say("table.period", period=say_period(request, words)),
        words.say("table.cut_off", moment=local, zone=zone),
    ]
    if int(sums["timeliness_missing"].sum()):
        notes.append(words.say("table.timeliness_missing", count=int(sums["timeliness_missing"].sum())))
    if undated:
        notes.append(words.say("table.undated", count=undated))
    table["formulas"] = notes
    context.cancel.check()
    if request.output:
        context.progress(0.9, "progress.writing")
        write_table(context, store, request.output, request.by, table, words)
    return {
        "counts": {"rows": len(table["rows"]) - 1, "cases": int(sums["reported"].sum())},
        "operation": None,
        "tables": [],
        "notes": [],
        "output": request.output,
        "table": table,
        "cut_off": to_text(np.array([cut_off]))[0],
    }


def _told_by_records(request: Assess, scheme: Scheme) -> bool:
    """Tell whether rows of cases alone give the table: a third of the time, for the logs need not be read."""
    plain = request.by in BY and not (request.by2 or request.join) and (request.basis or scheme.basis) == "filed"
    return plain and not scheme.weighted and not scheme.object and set(scheme.counts) <= set(KNOWN)


def _evaluated(context: Context, request: Assess, words: Words) -> dict[str, Any]:
    asked = Evaluate(
        request.by, request.scheme, request.by2, request.basis, request.from_date or "", request.to_date or "",
        request.cut_off or "", join=request.join,
    )  # fmt: skip
    evaluation = make_evaluation(context, asked)
    table = table_of(context, evaluation, words)
    context.cancel.check()
    if request.output:
        context.progress(0.9, "progress.writing")
        write_table(context, context.need_store(), request.output, request.by, table, words)
    return {
        "counts": {"rows": len(table["rows"]) - 1, "cases": evaluation.totals["reported"]}, "operation": None,
        "tables": [], "notes": [], "output": request.output, "table": table, "cut_off": evaluation.selection.cut_off,
    }  # fmt: skip


def table_of(context: Context, evaluation: Evaluation, words: Words) -> dict[str, Any]:
    """Return the table of an evaluation with all lines under it."""
    notes = said_of(context, evaluation)["notes"]
    return evaluation_table(evaluation, context.need_store().profile().counts, words, notes)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The assessment table: counts and rates by area, grid or department over a period, with the formula under it."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.assessment.counts import case_counts, latest
from digital_citymgmt_plugin.core.assessment.indicators import choose_indicators
from digital_citymgmt_plugin.core.assessment.words import Words
from digital_citymgmt_plugin.core.cases.times import to_local, to_text
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context, Store
from digital_citymgmt_plugin.core.requests import Assess
from digital_citymgmt_plugin.services.assessment.groups import BY, Groups
from digital_citymgmt_plugin.services.assessment.periods import inside_period, read_cut_off, read_day, say_period
from digital_citymgmt_plugin.services.assessment.reading import read_cases, sum_by
from digital_citymgmt_plugin.services.assessment.table import make_table, write_table

ENDINGS = (".xlsx", ".csv", ".gpkg")


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
    if request.by not in BY:
        raise InputRefused("assess.by", value=request.by, known=", ".join(BY))
    if request.output and PurePath(request.output).suffix.lower() not in ENDINGS:
        raise InputRefused("assess.output", file=request.output, known=", ".join(ENDINGS))
    store = context.need_store()
    zone = store.meta().get("time_zone") or "Asia/Shanghai"
    start, stop = read_day(request.from_date, "from_date"), read_day(request.to_date, "to_date")
    if start is not None and stop is not None and start > stop:
        raise InputRefused("assess.period", from_date=request.from_date, to_date=request.to_date)
    profile = store.profile()
    indicators = choose_indicators(request.scheme, profile.indicators, own_schemes(store))
    words = Words(context.sentences)
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
        write_table(context, store, request, table, words)
    return {
        "counts": {"rows": len(table["rows"]) - 1, "cases": int(sums["reported"].sum())},
        "operation": None,
        "tables": [],
        "notes": [],
        "output": request.output,
        "table": table,
        "cut_off": to_text(np.array([cut_off]))[0],
    }


def own_schemes(store: Store) -> dict[str, list[str]]:
    """Return the city's schemes: codes of indicators by name."""
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

# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs between two evaluations of the same kind of rows, row by row, to the digit."""

from __future__ import annotations

import math
from typing import Any

from digital_citymgmt_plugin.core.assessment.evaluation import Evaluation
from digital_citymgmt_plugin.core.assessment.scores import half_up


def compare_evaluations(first: Evaluation, second: Evaluation) -> dict[str, Any]:
    """Return the differences of two evaluations.

    Returns
    -------
    dict
        ``counts``: rows (of both together), changed, gone (only in the first), new (only in the second), renamed.
        ``rows``: by row ``code``, ``name`` (of the second where both have it), ``state`` (same, changed, gone, new),
        ``counts`` {count: [before, after]} that differ, ``values`` {indicator: [before, after]} as printed,
        ``composite``, ``grade``, ``rank`` [before, after]. ``totals``: the counts of the total that differ.
        ``renamed``: [code, before, after]. ``ties``: whether the totals of both are the sums of their rows.
    """
    places = [{row.code: place for place, row in enumerate(one.rows)} for one in (first, second)]
    codes = sorted({*places[0], *places[1]}, key=lambda code: (not code, code))
    names = [{row.code: row.name for row in one.rows} for one in (first, second)]
    rows = [_row(first, second, code, places[0].get(code), places[1].get(code)) for code in codes]
    for row in rows:
        row["name"] = names[1].get(row["code"], names[0].get(row["code"], ""))
    shared = [code for code in codes if code in places[0] and code in places[1]]
    renamed = [[code, names[0][code], names[1][code]] for code in shared if names[0][code] != names[1][code]]
    totals = {
        code: [first.totals.get(code), second.totals.get(code)]
        for code in sorted({*first.totals, *second.totals})
        if first.totals.get(code) != second.totals.get(code)
    }
    states = [row["state"] for row in rows]
    counts = {"rows": len(rows), **{state: states.count(state) for state in ("changed", "gone", "new")}}
    return {
        "counts": {**counts, "renamed": len(renamed)}, "rows": rows, "totals": totals, "renamed": renamed,
        "ties": all(_ties(one) for one in (first, second)),
    }  # fmt: skip


def _ties(evaluation: Evaluation) -> bool:
    return all(int(column.sum()) == evaluation.totals.get(code) for code, column in evaluation.counts.items())


def _row(first: Evaluation, second: Evaluation, code: str, one: int | None, two: int | None) -> dict[str, Any]:
    before, after = _told(first, one), _told(second, two)
    counts = {
        name: [before["counts"].get(name), after["counts"].get(name)]
        for name in sorted({*before["counts"], *after["counts"]})
        if before["counts"].get(name) != after["counts"].get(name)
    }
    pairs = {name: [before[name], after[name]] for name in ("composite", "grade", "rank")}
    values = {
        name: [before["values"].get(name), after["values"].get(name)]
        for name in dict.fromkeys((*before["values"], *after["values"]))
    }
    changed = bool(counts) or any(a != b for a, b in (*pairs.values(), *values.values()))
    state = "new" if one is None else "gone" if two is None else "changed" if changed else "same"
    return {"code": code, "state": state, "counts": counts, "values": values, **pairs}


def _told(evaluation: Evaluation, row: int | None) -> dict[str, Any]:
    """Return the figures of a row as they are printed, none where it is not there."""
    if row is None:
        return {"counts": {}, "values": {}, "composite": None, "grade": "", "rank": 0}
    scores = evaluation.scores
    return {
        "counts": {code: int(column[row]) for code, column in evaluation.counts.items()},
        "values": {
            code: _printed(float(half_up(value.value[row], evaluation.scheme.decimals)))
            for code, value in scores.values.items()
        },
        "composite": _printed(float(scores.composite[row])),
        "grade": scores.grade[row],
        "rank": int(scores.rank[row]),
    }


def _printed(value: float) -> float | None:
    return None if math.isnan(value) else value

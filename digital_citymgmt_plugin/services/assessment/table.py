# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of an assessment, and its file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.evaluation import Evaluation
from digital_citymgmt_plugin.core.assessment.indicators import (
    NOTHING,
    count_names,
    formula_lines,
    shown_counts,
    shown_values,
)
from digital_citymgmt_plugin.core.assessment.words import Words
from digital_citymgmt_plugin.core.ports import GEOM, Context, Sheet, Store
from digital_citymgmt_plugin.core.profile import CountDefinition, Indicator
from digital_citymgmt_plugin.services.assessment.groups import Groups, shapes_of
from digital_citymgmt_plugin.services.intake import objects

ENDINGS = (".xlsx", ".csv", ".gpkg")


def make_table(
    groups: Groups,
    sums: dict[str, NDArray[np.int64]],
    indicators: tuple[Indicator, ...],
    definitions: Sequence[CountDefinition],
    words: Words,
) -> dict[str, Any]:
    """Return header, column codes, rows (the last one is the total) and formula lines."""
    names = count_names(definitions, words)
    shown = shown_counts(indicators)
    order = groups.order()
    if not any(int(column[row]) for column in sums.values() for row in order if groups.codes[row] is None):
        order = [row for row in order if groups.codes[row] is not None]
    columns: list[list[Any]] = [[groups.codes[row] or "" for row in order] + [""]]
    columns.append([groups.name(groups.codes[row]) for row in order] + [words.say("table.total")])
    with_total = {code: np.append(column[order], column.sum()) for code, column in sums.items()}
    columns += [with_total[code].tolist() for code in shown]
    columns += [shown_values(indicator, with_total, len(order) + 1) for indicator in indicators]
    rates = [words.name(item.code, item.name) + ("(%)" if item.unit == "%" else "") for item in indicators]
    by = words.say(f"table.{groups.by}")
    return {
        "header": [words.say("table.code", by=by), by, *(names[code] for code in shown), *rates],
        "columns": ["code", "name", *shown, *(item.code for item in indicators)],
        "rows": [list(row) for row in zip(*columns)],
        "formulas": formula_lines(indicators, definitions, words),
    }


def evaluation_table(
    evaluation: Evaluation, definitions: Sequence[CountDefinition], words: Words, notes: Sequence[str]
) -> dict[str, Any]:
    """Return an evaluation in the form of ``make_table``: counts and rates, then scores, composite, grade and rank.

    Where rows are parted by ``by2`` each part is a row, without scores.
    """
    scheme, by2 = evaluation.scheme, evaluation.selection.by2
    indicators = tuple(term.indicator for term in scheme.terms)
    names = count_names(definitions, words)
    shown = [code for code in shown_counts(indicators, evaluation.counts) if code in evaluation.counts]
    rows = evaluation.rows
    width = len(evaluation.columns) if by2 else 1
    parts = {code: evaluation.cells[code].reshape(-1) if by2 else evaluation.counts[code] for code in shown}
    whole = {code: np.append(values, evaluation.totals[code]) for code, values in parts.items()}
    columns: list[list[Any]] = [[row.code for row in rows for _ in range(width)] + [""]]
    columns.append([row.name for row in rows for _ in range(width)] + [words.say("table.total")])
    by = words.rows(evaluation.selection.by)
    header, codes = [words.say("table.code", by=by), by], ["code", "name"]
    if by2:
        columns.append([column.name for _ in rows for column in evaluation.columns] + [""])
        header.append(words.rows(by2))
        codes.append("part")
    size = len(columns[0])
    columns += [whole[code].tolist() for code in shown]
    columns += [shown_values(indicator, whole, size) for indicator in indicators]
    header += [names.get(code, code) for code in shown]
    header += [words.name(item.code, item.name) + ("(%)" if item.unit == "%" else "") for item in indicators]
    codes += [*shown, *(item.code for item in indicators)]
    if scheme.weighted and not by2:
        for term in (term for term in scheme.terms if term.rule):
            columns.append(_dashed([*evaluation.scores.terms[term.code], *evaluation.total.terms[term.code]]))
            header.append(words.say("table.score", name=words.name(term.code, term.indicator.name)))
            codes.append(f"{term.code}_score")
        columns.append(_dashed([*evaluation.scores.composite, *evaluation.total.composite]))
        columns.append([*evaluation.scores.grade, *evaluation.total.grade])
        columns.append([rank or NOTHING for rank in [*evaluation.scores.rank.tolist(), 0]])
        header += [words.say(f"table.{name}") for name in ("composite", "grade", "rank")]
        codes += ["composite", "grade", "rank"]
    formulas = [*formula_lines(indicators, definitions, words), *_weights(evaluation, words), *notes]
    return {"header": header, "columns": codes, "rows": [list(row) for row in zip(*columns)], "formulas": formulas}


def _dashed(values: Sequence[float]) -> list[Any]:
    return [NOTHING if np.isnan(value) else float(value) for value in values]


def _weights(evaluation: Evaluation, words: Words) -> list[str]:
    """Return how the composite is made, and which indicators have no value in any row."""
    scheme = evaluation.scheme
    lines = []
    if scheme.weighted:
        parts = " + ".join(
            f"{words.name(term.code, term.indicator.name)} × {term.weight:g}" for term in scheme.terms if term.counted
        )
        zero = words.say(f"table.zero_{scheme.zero}")
        lines.append(words.say("table.composite_of", parts=parts, scheme=scheme.name, zero=zero))
    empty = [
        words.name(term.code, term.indicator.name)
        for term in scheme.terms
        if np.isnan(evaluation.scores.values[term.code].value).all()
    ]
    if empty and evaluation.rows:
        lines.append(words.say("table.no_value", names="、".join(empty) if words.chinese else ", ".join(empty)))
    return lines


def write_table(context: Context, store: Store, path: str, by: str, table: dict[str, Any], words: Words) -> None:
    """Write the table as a workbook, CSV, or layer with the shapes of its rows."""
    kind = PurePath(path).suffix.lower()
    title = words.say("table.title", by=words.rows(by))
    if kind == ".xlsx":
        sheet = Sheet(title, tuple(table["header"]), table["rows"], (title,), tuple(table["formulas"]))
        context.files.write_workbook(path, [sheet])
        return
    if kind == ".csv":
        columns = {name: objects(values) for name, values in zip(table["header"], zip(*table["rows"]))}
        context.files.write_layer(path, "assessment", columns, None, None)
        return
    rows = table["rows"][:-1]  # the total has no place on a map
    columns = {name: objects(values) for name, values in zip(table["columns"], zip(*rows))}
    for name in table["columns"][2:]:
        values = [None if value == NOTHING else value for value in columns[name].tolist()]
        if any(isinstance(value, str) for value in values):
            continue
        columns[name] = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        if not any(value is None or isinstance(value, float) for value in values):
            columns[name] = columns[name].astype(np.int64)
    shapes = shapes_of(store, by)
    geometry = "MultiPolygon" if shapes is not None else None
    if shapes is not None:
        columns[GEOM] = objects(shapes.get(code) for code in columns["code"].tolist())
    context.files.write_layer(path, "assessment", columns, store.meta()["crs"] if geometry else None, geometry)

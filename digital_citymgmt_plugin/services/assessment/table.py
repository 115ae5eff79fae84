# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of an assessment, and its file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
from digital_citymgmt_plugin.core.requests import Assess
from digital_citymgmt_plugin.services.assessment.groups import Groups, shapes_of
from digital_citymgmt_plugin.services.intake import objects


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


def write_table(context: Context, store: Store, request: Assess, table: dict[str, Any], words: Words) -> None:
    """Write the table as a workbook, CSV, or layer with the shapes of its rows."""
    path = str(request.output)
    kind = PurePath(path).suffix.lower()
    title = words.say("table.title", by=words.say(f"table.{request.by}"))
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
        columns[name] = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        if not any(value is None or isinstance(value, float) for value in values):
            columns[name] = columns[name].astype(np.int64)
    shapes = shapes_of(store, request.by)
    geometry = "MultiPolygon" if shapes is not None else None
    if shapes is not None:
        columns[GEOM] = objects(shapes.get(code) for code in columns["code"].tolist())
    context.files.write_layer(path, "assessment", columns, store.meta()["crs"] if geometry else None, geometry)

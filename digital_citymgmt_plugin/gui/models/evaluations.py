# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables and series of the assessment dock out of what the engine answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication

from digital_citymgmt_plugin.core.assessment.expressions import counts_in
from digital_citymgmt_plugin.gui.models.assessment import Column, Table


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("AssessmentDock", text)


def evaluation_table(answer: Mapping[str, Any]) -> Table:
    """Return the table of an answer to ``Evaluate``: ranks and grades, indicators with their scores, counts."""
    # Late: they need numpy, and the plugin opens without.
    from digital_citymgmt_plugin.core.assessment.indicators import SHOWN
    from digital_citymgmt_plugin.core.assessment.shown import rounded

    told, said = answer["evaluation"], answer["said"]
    scheme, own, whole = told["scheme"], told["scores"], told["total"]
    digits = int(scheme["decimals"])
    columns = [Column("code", tr("Code"), "code"), Column("name", str(said["by"]), "name")]
    cells: list[Sequence[Any]] = [[row["code"] for row in told["rows"]], [row["name"] for row in told["rows"]]]
    total: list[Any] = ["", str(said["total"])]

    def add(column: Column, values: Sequence[Any], of_total: Any) -> None:
        columns.append(column)
        cells.append(values)
        total.append(of_total)

    if any(own["rank"]):
        add(Column("rank", tr("Rank"), "rank"), [rank or None for rank in own["rank"]], "")
    weighted = any(term["weight"] for term in scheme["terms"])
    if weighted:
        add(Column("composite", tr("Composite"), "score", shown=digits), own["composite"], whole["composite"][0])
        add(Column("grade", tr("Grade"), "grade"), own["grade"], whole["grade"][0])
    used: list[str] = []
    for term in scheme["terms"]:
        item = term["indicator"]
        code, unit = item["code"], item["unit"] if item["denominator"] else ""
        name = str(said["indicators"].get(code, item["name"]))
        used += counts_in(item["numerator"], item["denominator"])
        kind = "rate" if item["denominator"] else "count"
        title = f"{name}(%)" if unit == "%" else name
        better = term["direction"] or item["direction"]
        column = Column(code, title, kind, unit, better == "lower", item["numerator"], item["denominator"], digits)
        of_total = rounded(whole["values"][code][2], digits)
        add(column, rounded(own["values"][code][2], digits), of_total[0])
        if term["rule"]:
            points = Column(f"{code}_score", tr("{name}: score").replace("{name}", name), "score", shown=digits)
            add(points, own["terms"][code], whole["terms"][code][0])
    for code in dict.fromkeys([*used, *(code for code in SHOWN if code in told["counts"])]):
        title = str(said["counts"].get(code, code))
        add(Column(code, title, "count", above=code), told["counts"][code], told["totals"][code])
    notes = [str(line) for line in (*said["formulas"], *said["notes"])]
    return Table(columns, [list(row) for row in zip(*cells)], total, notes)


def compared(table: Table, earlier: Table) -> Table:
    """Return a table with the change of ranks against an earlier one, and the earlier figures in ``before``."""
    at, then = table.at("rank"), earlier.at("rank")
    ranks = {row[0]: row[then] for row in earlier.rows} if then >= 0 else {}
    made = Table(list(table.columns), [list(row) for row in table.rows], list(table.total), table.notes)
    made.before = {column.key: earlier.values(column.key) for column in earlier.mapped()}
    if at < 0:
        return made
    made.columns.insert(at + 1, Column("change", tr("Rank change"), "change"))
    for row in made.rows:
        now, was = row[at], ranks.get(row[0])
        row.insert(at + 1, None if now is None or was is None else int(was) - int(now))
    made.total.insert(at + 1, None)
    return made


def series_of(answer: Mapping[str, Any], key: str) -> tuple[list[str], list[float | None]]:
    """Return the periods of an answer by period and the figure of a column in each; figures of all rows together."""
    from digital_citymgmt_plugin.core.assessment.shown import figures_by_column

    told = answer["evaluation"]
    labels = [str(column["name"] or column["code"]) for column in told["columns"]]
    return labels, figures_by_column(told, key)

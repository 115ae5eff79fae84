# SPDX-License-Identifier: GPL-2.0-or-later
"""The series of the assessment dock: the chosen figure period by period, of the selected row or of all; ties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QLocale, QTimer

from digital_citymgmt_plugin.core.assessment.periods import parts, step_of
from digital_citymgmt_plugin.core.requests_assessment import Evaluate, ShowEvaluation
from digital_citymgmt_plugin.gui.models.assessment import Table
from digital_citymgmt_plugin.gui.models.evaluations import series_of

_REST_MS = 200  # how long a row is looked at before its series is asked for
_FILTERED = frozenset({"street", "community", "grid", "department"})  # rows that cases can be filtered by
_MANY_ROWS = frozenset({"community", "grid", "beat"})  # of which only the sum is wanted: counted by county


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("AssessmentDock", text)


class SeriesDesk:
    """Asks for the series when figure, row or table are others.

    Parameters
    ----------
    desk : AssessmentController
    """

    def __init__(self, desk: Any) -> None:
        self.desk = desk
        self.step, self.code = "", ""
        self.spans: list[tuple[date, date]] = []
        self._answer: dict[str, Any] | None = None
        self._of: Evaluate | None = None
        self._timer = QTimer(desk)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST_MS)
        self._timer.timeout.connect(self.ask)
        desk.dock.view.selectionModel().currentChanged.connect(lambda *_: self._timer.start())
        desk.dock.chart.chosen.connect(self._chosen)

    def request(self) -> Evaluate | None:
        """Return what tells the series: the same cases by period, only those of the selected row where that can be."""
        asked, days = self.desk.asked, self.desk.days()
        if asked is None:
            return None
        self.step = step_of(*days) if days is not None else "month"
        view = self.desk.dock.view
        row = self.desk.dock.model.row(view.currentIndex().row()) if view.currentIndex().isValid() else None
        self.code = str(row[0]) if row is not None and asked.by in _FILTERED else ""
        where = {**asked.where, asked.by: [self.code]} if self.code else asked.where
        by = "county" if asked.by in _MANY_ROWS else asked.by
        return replace(asked, by=by, by2=self.step, where=where)

    def ask(self) -> None:
        """Ask, or draw another figure of what is there already."""
        request = self.request()
        if request is None or self.desk.frozen:
            return
        if request == self._of and self._answer is not None:
            self.draw()
            return
        asked, self._of = self.desk.asked, request

        def came(answer: dict[str, Any]) -> None:
            if request == self._of:
                self._answer = answer
                self.draw()
                self.desk.drawn.emit()

        self.desk.probe(asked, ShowEvaluation(**asdict(request)), came)

    def forget(self) -> None:
        """Let the series be asked for anew."""
        self._answer, self._of = None, None
        self._timer.stop()

    def draw(self) -> None:
        """Draw the figure that was chosen."""
        column = self.desk.figure()
        if column is None or self._answer is None:
            return
        found = dict(zip(*series_of(self._answer, column.key)))
        days = self.desk.days()
        self.spans = list(parts(*days, self.step)) if days is not None else []
        labels = [_label(first, self.step) for first, _last in self.spans] if self.spans else [*found]
        table, name = self.desk.table, tr("all rows")
        values = table.total
        if self.code:
            row = next((row for row in table.rows if str(row[0]) == self.code), None)
            name, values = (str(row[1] or row[0]), row) if row is not None else (name, values)
        whole = values[table.at(column.key)] if values else None
        # A column that the parts of a period do not name is that of cases without a day.
        figures = [found.get(label) if column.kind == "rate" else found.get(label) or 0.0 for label in labels]
        self.desk.dock.chart.show_series(
            f"{column.title}, {name}", labels, figures, whole=whole if column.kind == "rate" else None,
            percent=column.unit == "%",
        )  # fmt: skip

    def _chosen(self, number: int) -> None:
        """Show the period that was clicked in the series."""
        if number < len(self.spans) and len(self.spans) > 1:
            self.desk.show_days(*self.spans[number])

    def ties(self, table: Table, told: Mapping[str, Any]) -> list[dict[str, str]]:
        """Return what has to agree within the table: columns and their total, and counts that are parts of others."""
        number = QLocale().toString
        found = []
        names = {column.key: column.title for column in table.columns if column.kind == "count"}
        for code, title in names.items():
            if code in told["counts"]:
                words = tr("{count}: sum of the rows, total").replace("{count}", title)
                found.append(
                    {"what": words, "one": number(sum(told["counts"][code])), "other": number(told["totals"][code])}
                )
        for whole, pieces in (
            ("disposed", ("disposed_on_time", "disposed_late")), ("closed", ("closed_on_time", "closed_late")),
            ("in_disposal", ("in_disposal_on_time", "in_disposal_late")),
        ):  # fmt: skip
            totals = told["totals"]
            missing = int(totals.get("timeliness_missing", 0))
            if missing or not all(code in totals for code in (whole, *pieces)):
                continue  # cases whose timeliness is not known are in neither part
            said = self.desk.answer["said"]["counts"]
            words = " + ".join(str(said.get(code, code)) for code in pieces)
            found.append(
                {
                    "what": f"{said.get(whole, whole)} = {words}", "one": number(totals[whole]),
                    "other": number(sum(totals[code] for code in pieces)),
                }
            )  # fmt: skip
        return found


def _label(first: date, step: str) -> str:
    """Return what the engine calls a part: ``2024-05-06``, ``2024-05``, ``2024``; weeks by their Monday."""
    if step == "week":
        return date.fromordinal(first.toordinal() - first.weekday()).isoformat()
    return first.isoformat()[: {"day": 10, "month": 7, "year": 4}[step]]

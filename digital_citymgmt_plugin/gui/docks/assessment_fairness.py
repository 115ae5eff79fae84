# SPDX-License-Identifier: GPL-2.0-or-later
"""Tabs *Fairness* and *Change* of the assessment dock: what stands beside a rate, what rose against another period."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QLocale, QModelIndex, QObject, Qt
from qgis.PyQt.QtGui import QPalette
from qgis.PyQt.QtWidgets import QApplication, QVBoxLayout, QWidget

from digital_citymgmt_plugin.core.requests_fairness import ComparePeriods, JudgeRates
from digital_citymgmt_plugin.gui.docks.parts import fit_columns, plain_label, rows_view
from digital_citymgmt_plugin.gui.models.rows import RowsModel

NOTHING = "–"


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("AssessmentDock", text)


class GreyRows(RowsModel):
    """Rows of which some stand in grey: their numbers are too small to be judged."""

    def __init__(
        self, header: Sequence[str], rows: Sequence[Sequence[Any]], parent: QObject | None, grey: Container[int]
    ) -> None:
        super().__init__(header, rows, parent, range(1, len(header)))
        self.grey = grey

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows; small rows in the colour of what is disabled."""
        if role == Qt.ItemDataRole.ForegroundRole and index.isValid() and index.row() in self.grey:
            return QApplication.palette().brush(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
        return super().data(index, role)


class FairnessDesk:
    """Asks when a tab is looked at.

    Parameters
    ----------
    desk : AssessmentController
    """

    def __init__(self, desk: Any) -> None:
        self.desk = desk
        self.fair, self.change = QWidget(), QWidget()
        self.fair_view = rows_view(tr("Intervals, ranks adjusted for the mix of classes, exempt cases"), many=False)
        self.change_view = rows_view(tr("Change against the other period, the top risers first"), many=False)
        self.fair_label, self.change_label = plain_label(), plain_label()
        tabs = desk.dock.tabs
        for page, view, label, words in (
            (self.fair, self.fair_view, self.fair_label, tr("Fairness")),
            (self.change, self.change_view, self.change_label, tr("Change")),
        ):
            view.setModel(RowsModel([], [], view))
            column = QVBoxLayout(page)
            column.setContentsMargins(0, 0, 0, 0)
            column.addWidget(view, 1)
            column.addWidget(label)
            tabs.addTab(page, words)
        self._shown: dict[int, Any] = {}
        tabs.currentChanged.connect(lambda _at=0: self.ask())

    def forget(self) -> None:
        """Let the tabs be asked for anew."""
        self._shown = {}

    def ask(self) -> None:
        """Ask for what the tab that is seen shows."""
        asked, column, page = self.desk.asked, self.desk.figure(), self.desk.dock.tabs.currentWidget()
        if asked is None or column is None or self.desk.frozen or page not in (self.fair, self.change):
            return
        common = {name: getattr(asked, name) for name in ("by", "basis", "from_date", "to_date", "cut_off", "where")}
        common["basis"] = str(self.desk.answer["evaluation"]["selection"]["basis"])
        request: Any = JudgeRates(indicator=column.key, **common)
        view, label, show = self.fair_view, self.fair_label, self._show_fair
        if page is self.change:
            kind = str(self.desk.dock.compare_box.currentData() or "before")
            request = ComparePeriods(measure=column.key, kind=kind, **common)
            view, label, show = self.change_view, self.change_label, self._show_change
        if self._shown.get(id(page)) == request:
            return
        self._shown[id(page)] = request

        def failed(error: Exception) -> None:
            self._fill(view, [], [], ())
            label.setText(self.desk.controller.messages.sentence(error))

        self.desk.courier.send(self.desk.path, request, show, failed)

    def _show_fair(self, answer: dict[str, Any]) -> None:
        header = [
            str(self.desk.table.columns[1].title) if self.desk.table.columns else "", tr("Rate"), tr("Interval (95 %)"),
            tr("Cases"), tr("Rank"), tr("Adjusted rank"), tr("Adjusted rate"), tr("Without exempt"),
            tr("Rank without exempt"),
        ]  # fmt: skip
        found = [dict(zip(answer["columns"], row)) for row in answer["rows"]]
        rows = [
            [
                one["name"] or one["code"], _number(one["rate"]), f"{_number(one['low'])} – {_number(one['high'])}",
                _number(one["total"], 0), _number(one["rank"], 0), _number(one["adjusted_rank"], 0),
                _number(one["adjusted"]), _number(one["rate_not_exempt"]), _number(one["rank_not_exempt"], 0),
            ]
            for one in found
        ]  # fmt: skip
        self._fill(self.fair_view, header, rows, {at for at, one in enumerate(found) if one["small"]})
        self.fair_label.setText("\n".join(str(line) for line in answer["remarks"][:2]))
        self.fair_label.setToolTip("\n".join(str(line) for line in answer["remarks"]))

    def _show_change(self, answer: dict[str, Any]) -> None:
        found = [dict(zip(answer["columns"], row)) for row in answer["rows"]]
        risers = [int(at) for at in answer.get("risers") or []]
        order = [*risers, *(at for at in range(len(found)) if at not in set(risers))]
        counted = "percent" in answer["columns"]
        words = {"risen": tr("▲ risen"), "fallen": tr("▼ fallen")}
        header = [
            str(self.desk.table.columns[1].title) if self.desk.table.columns else "", tr("Now"), tr("Then"),
            tr("Change"), tr("Change (%)") if counted else tr("Interval (95 %)"), tr("Verdict"),
        ]  # fmt: skip
        rows = []
        for at in order:
            one = found[at]
            now, then = (one["now"], one["before"]) if counted else (one["rate_now"], one["rate_before"])
            digits = 0 if counted else 2
            more = _number(one["percent"]) if counted else f"{_number(one['low'])} – {_number(one['high'])}"
            rows.append(
                [
                    one["name"] or one["code"], _number(now, digits), _number(then, digits),
                    _number(one["change"], digits), more, words.get(str(one["verdict"]), ""),
                ]
            )  # fmt: skip
        self._fill(self.change_view, header, rows, ())
        self.change_label.setText("\n".join(str(line) for line in answer["remarks"][:2]))
        self.change_label.setToolTip("\n".join(str(line) for line in answer["remarks"]))

    @staticmethod
    def _fill(view: Any, header: Sequence[str], rows: Sequence[Sequence[Any]], grey: Container[int]) -> None:
        old, made = view.model(), GreyRows(header, rows, view, grey)
        view.setModel(made)
        old.deleteLater()
        if header:
            fit_columns(view, 20)


def _number(value: Any, digits: int = 2) -> str:
    return NOTHING if value is None else QLocale().toString(float(value), "f", digits)

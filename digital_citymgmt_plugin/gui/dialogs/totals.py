# SPDX-License-Identifier: GPL-2.0-or-later
"""The totals of the census side by side, whether they tie, and the objects behind each number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QLocale, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QSplitter, QTableView, QVBoxLayout, QWidget

from digital_citymgmt_plugin.bridge.captions import table_caption
from digital_citymgmt_plugin.bridge.messages import template
from digital_citymgmt_plugin.gui.dialogs.question import fit
from digital_citymgmt_plugin.gui.docks.parts import chosen_rows, plain_label, rows_view
from digital_citymgmt_plugin.gui.models.pages import PagedModel
from digital_citymgmt_plugin.gui.models.totals import (
    DIFFERS,
    LOOK,
    TIES,
    counted_words,
    meaning_words,
    sign,
    verdict,
    verdict_words,
)
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons


def tr(text: str) -> str:
    """Translate a text of the totals."""
    return QCoreApplication.translate("Totals", text)


class TotalsDialog(QDialog):
    """All comparisons with their signs; below the numbers of the chosen table and the objects behind them.

    Signals: ``objects_asked`` (by, key), ``object_shown`` (row), ``refresh_asked``, ``export_asked``.
    """

    objects_asked = pyqtSignal(str, str)
    object_shown = pyqtSignal(object)
    refresh_asked = pyqtSignal()
    export_asked = pyqtSignal()

    def __init__(self, answer: Mapping[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Totals"))
        self._signs = {kind: sign(kind) for kind in (TIES, LOOK, DIFFERS)}
        self.totals: Mapping[str, Sequence[Sequence[Any]]] = {}
        self.asked = ("", "")
        self.summary = plain_label()
        self.ties = PagedModel(
            [tr("What is counted"), tr("Sum"), tr("Must be"), tr("Result")], _tie_cells,
            lambda row: self._signs[verdict(row)], self,
        )  # fmt: skip
        self.numbers = PagedModel([tr("Code"), tr("Name"), tr("Components")], _number_cells, None, self)
        self.objects = PagedModel([tr("Object"), tr("Name"), tr("States"), tr("Layer")], _object_cells, None, self)
        self.tie_view = self._view(tr("Totals with their check"), self.ties, (260, 90, 90))
        self.number_view = self._view(tr("Numbers of the chosen total"), self.numbers, (150, 140))
        self.object_view = self._view(tr("Objects: press Enter to show one on the map"), self.objects, (150, 95, 80))
        self.meaning, self.found = plain_label(), plain_label()
        lower = QSplitter(Qt.Orientation.Horizontal)
        for view in (self.number_view, self.object_view):
            lower.addWidget(view)
        lower.setSizes([430, 470])
        body = QSplitter(Qt.Orientation.Vertical)
        body.addWidget(self.tie_view)
        body.addWidget(lower)
        body.setStretchFactor(0, 3)
        body.setStretchFactor(1, 2)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        name_buttons(self.buttons)
        role = QDialogButtonBox.ButtonRole.ActionRole
        self.refresh_button = self.buttons.addButton(tr("&Refresh"), role)
        self.export_button = self.buttons.addButton(tr("E&xport…"), role)
        for made in self.buttons.buttons():
            made.setAutoDefault(False)  # Enter in a list shows an object, it closes nothing
        self.buttons.rejected.connect(self.reject)
        self.refresh_button.clicked.connect(lambda: self.refresh_asked.emit())
        self.export_button.clicked.connect(lambda: self.export_asked.emit())
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(body, 1)
        layout.addWidget(self.meaning)
        layout.addWidget(self.found)
        layout.addWidget(self.buttons)
        fit(self, 920, 680)
        self.tie_view.selectionModel().selectionChanged.connect(lambda *_: self._tie_chosen())
        self.number_view.selectionModel().selectionChanged.connect(lambda *_: self._number_chosen())
        self.object_view.activated.connect(lambda index: self.object_shown.emit(self.objects.rows[index.row()]))
        self.object_view.clicked.connect(lambda index: self.object_shown.emit(self.objects.rows[index.row()]))
        self.fill(answer)

    @staticmethod
    def _view(name: str, model: PagedModel, widths: Sequence[int]) -> QTableView:
        view = rows_view(name, many=False)
        view.setModel(model)
        for column, width in enumerate(widths):
            view.setColumnWidth(column, width)
        return view

    def fill(self, answer: Mapping[str, Any]) -> None:
        """Show what was counted, what differs first; parts of a table only where they differ."""
        self.totals = answer["totals"]
        order = {DIFFERS: 0, LOOK: 1, TIES: 2}
        rows = [{"fid": at, **tie} for at, tie in enumerate(answer["ties"]) if not tie["key"] or not tie["ties"]]
        parts = [tie for tie in answer["ties"] if tie["key"]]
        if parts and all(tie["ties"] for tie in parts):
            total, expected = (sum(int(tie[name]) for tie in parts) for name in ("total", "expected"))
            rows.append({
                "fid": len(answer["ties"]), "by": parts[0]["by"], "key": "", "total": total, "expected": expected,
                "ties": True,
            })  # fmt: skip
        rows.sort(key=lambda row: (order[verdict(row)], row["fid"]))
        self.ties.fill(rows, False)
        wrong = sum(not row["ties"] for row in rows)
        number = QLocale().toString
        words = tr("{count} components. All totals tie.") if not wrong else tr(
            "{count} components. {wrong} totals do not tie: choose one to see the objects that differ."
        )
        self.summary.setText(words.format(count=number(int(answer["counts"]["components"])), wrong=number(wrong)))
        if rows:
            self.tie_view.selectRow(0)

    def _tie_chosen(self) -> None:
        rows = chosen_rows(self.tie_view)
        if not rows:
            return
        tie = self.ties.rows[rows[0]]
        by, key = str(tie["by"]), str(tie["key"])
        self.meaning.setText(meaning_words(tie))
        lines = self.totals.get(by, ())
        self.numbers.fill([
            {"fid": at, "by": by, "key": line[0], "name": line[1], "count": line[2]} for at, line in enumerate(lines)
        ], False)  # fmt: skip
        # What ties and lacks nothing has no objects that need a look: its numbers open theirs.
        if verdict(tie) == TIES:
            self.show_none(tr("Choose a number to see its objects.") if lines else "")
        else:
            self._ask(by, key)

    def _number_chosen(self) -> None:
        rows = chosen_rows(self.number_view)
        if rows:
            row = self.numbers.rows[rows[0]]
            self._ask(str(row["by"]), str(row["key"]))

    def _ask(self, by: str, key: str) -> None:
        self.asked = (by, key)
        self.show_none("")
        self.objects_asked.emit(by, key)

    def show_none(self, words: str) -> None:
        """Show no objects, and why."""
        self.objects.fill([], False)
        self.found.setText(words)

    def show_objects(self, asked: tuple[str, str], answer: Mapping[str, Any]) -> None:
        """Show the objects behind a number, if it is still the one that was asked for."""
        if asked != self.asked:
            return
        self.objects.fill([{"fid": at, **row} for at, row in enumerate(answer["objects"])], False)
        number = QLocale().toString
        words = tr("{count} objects.") if answer["total"] == len(answer["objects"]) else tr(
            "{count} objects, the first {shown} are listed."
        )
        self.found.setText(words.format(count=number(int(answer["total"])), shown=number(len(answer["objects"]))))


def _tie_cells(row: Mapping[str, Any]) -> list[str]:
    number = QLocale().toString
    return [counted_words(row), number(int(row["total"])), number(int(row["expected"])), verdict_words(row)]


def _number_cells(row: Mapping[str, Any]) -> list[str]:
    key = str(row["key"])
    code = table_caption(key) if row["by"] == "table" else key or template("totals.nothing") or ""
    return [code, str(row["name"]), QLocale().toString(int(row["count"]))]


def _object_cells(row: Mapping[str, Any]) -> list[str]:
    shown = [row["code"] or str(row["uuid"] or "")[:8], row["name"], row["value"], table_caption(str(row["table"]))]
    return ["" if value is None else str(value) for value in shown]

# SPDX-License-Identifier: GPL-2.0-or-later
"""What was done in the city store, who did it and when; each import and bulk action can be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QDateTime, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.bridge.messages import template
from digital_citymgmt_plugin.gui.dialogs.question import fit
from digital_citymgmt_plugin.gui.models.rows import RowsModel
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons


def tr(text: str) -> str:
    """Translate a text of the list of actions."""
    return QCoreApplication.translate("Operations", text)


class OperationsDialog(QDialog):
    """The operation log as a table.

    Parameters
    ----------
    operations : sequence of dict
        Of ``ListOperations``, the newest first.

    Signals: ``undo_asked`` (uuid), ``export_asked``.
    """

    undo_asked = pyqtSignal(str)
    export_asked = pyqtSignal()

    def __init__(self, operations: Sequence[Mapping[str, Any]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Actions"))
        self.operations = list(operations)
        self.header = [tr("When"), tr("Who"), tr("Action"), tr("File"), tr("Counts"), tr("State")]
        self.rows = [_row(item, self.operations) for item in self.operations]
        self.table = QTableView()
        self.table.setModel(RowsModel(self.header, self.rows, self))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.verticalHeader().hide()
        self.table.resizeColumnsToContents()
        self.table.setColumnWidth(4, 300)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        name_buttons(self.buttons)
        role = QDialogButtonBox.ButtonRole.ActionRole
        self.export_button = self.buttons.addButton(tr("E&xport…"), role)
        self.undo_button = self.buttons.addButton(tr("Take back…"), role)
        self.undo_button.setObjectName("undo_operation")
        self.undo_button.setEnabled(False)
        self.buttons.rejected.connect(self.reject)
        self.export_button.clicked.connect(lambda: self.export_asked.emit())
        self.undo_button.clicked.connect(self._ask_undo)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._selected())
        layout = QVBoxLayout(self)
        words = QLabel(tr("What taking back would change is shown before anything is written."))
        words.setTextFormat(Qt.TextFormat.PlainText)
        layout.addWidget(words)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.buttons)
        fit(self, 940, 460)

    def chosen(self) -> Mapping[str, Any] | None:
        """Return the action that is selected."""
        rows = self.table.selectionModel().selectedRows()
        return self.operations[rows[0].row()] if rows else None

    def _selected(self) -> None:
        chosen = self.chosen()
        self.undo_button.setEnabled(chosen is not None and bool(chosen["undoable"]))

    def _ask_undo(self) -> None:
        chosen = self.chosen()
        if chosen is not None:
            self.undo_asked.emit(str(chosen["uuid"]))


def _row(item: Mapping[str, Any], every: Sequence[Mapping[str, Any]]) -> list[str]:
    kind = str(item["kind"])
    params = item.get("params") or {}
    state = ""
    if item.get("undone_by"):
        by = next((other for other in every if other["uuid"] == item["undone_by"]), None)
        state = tr("taken back {when}").format(when=moment(by["at"]) if by else "").strip()
    elif item.get("undoable"):
        state = tr("can be taken back")
    return [
        moment(item["at"]), str(item.get("done_by") or ""), template(f"operation.{kind}") or kind,
        str(params.get("file") or ""), counts_words(item.get("counts") or {}), state,
    ]  # fmt: skip


def counts_words(counts: Mapping[str, Any]) -> str:
    """Return the counts that are not zero as one line."""
    return ", ".join(f"{template(f'count.{name}') or name} {value}" for name, value in counts.items() if value)


def moment(text: Any) -> str:
    """Return a time of the log (UTC) as the clock of this computer shows it."""
    at = QDateTime.fromString(str(text), Qt.DateFormat.ISODateWithMs)
    return at.toLocalTime().toString("yyyy-MM-dd HH:mm:ss") if at.isValid() else str(text)

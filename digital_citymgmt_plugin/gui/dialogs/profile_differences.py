# SPDX-License-Identifier: GPL-2.0-or-later
"""What a profile workbook would change, before it does; or why it is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, Qt
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QHeaderView, QLabel, QTableView, QVBoxLayout, QWidget

from digital_citymgmt_plugin.gui.dialogs.question import fit
from digital_citymgmt_plugin.gui.models.rows import RowsModel
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons


def tr(text: str) -> str:
    """Translate a text of the comparison."""
    return QCoreApplication.translate("ProfileDifferences", text)


class ProfileDifferences(QDialog):
    """A table of differences with *Write*, or of faults with *Close* only.

    Parameters
    ----------
    answer : dict
        Of ``ImportProfile`` with ``preview``; empty when the workbook was refused.
    faults : sequence of (sheet, row, column, sentence)
    file : str
        What the differences come from.
    title : str
        Of the window; '' for that of an import.
    """

    def __init__(
        self,
        file: str,
        answer: Mapping[str, Any],
        faults: Sequence[Sequence[Any]] = (),
        parent: QWidget | None = None,
        title: str = "",
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title or tr("Import city profile"))
        self.label = QLabel(self._words(file, answer, faults))
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.table = QTableView()
        self.table.setModel(self._model(answer, faults))
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.verticalHeader().hide()
        self.table.resizeColumnsToContents()
        if faults:  # the reason is a sentence: whole, on as many lines as it takes
            self.table.setWordWrap(True)
            self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        name_buttons(self.buttons)
        if answer.get("differences"):
            write = self.buttons.addButton(tr("Write into the city store"), QDialogButtonBox.ButtonRole.AcceptRole)
            write.setObjectName("write_profile")
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.label)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.buttons)
        fit(self, 860, 480)

    def _words(self, file: str, answer: Mapping[str, Any], faults: Sequence[Sequence[Any]]) -> str:
        if faults:
            return tr("{file} is refused; nothing was changed. {count} faults:").format(file=file, count=len(faults))
        counts = answer.get("counts") or {}
        if not counts.get("differences"):
            return tr("{file} says nothing other than the city store.").format(file=file)
        return tr("{file} adds {added} rows, changes {changed} and removes {removed}. Nothing is written yet.").format(
            file=file, added=counts["rows_added"], changed=counts["rows_changed"], removed=counts["rows_removed"]
        )

    def _model(self, answer: Mapping[str, Any], faults: Sequence[Sequence[Any]]) -> RowsModel:
        if faults:
            return RowsModel([tr("Sheet"), tr("Row"), tr("Column"), tr("Fault")], faults, self)
        words = {"added": tr("added"), "changed": tr("changed"), "removed": tr("removed")}
        rows = [[sheet, words.get(change, change), key, *rest] for sheet, key, change, *rest in answer["differences"]]
        return RowsModel([tr("Sheet"), tr("Change"), tr("Key"), tr("Column"), tr("Old"), tr("New")], rows, self)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The counts of a bulk write before it is done: by table, what goes with it, what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, Qt
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QLabel, QTableView, QVBoxLayout, QWidget

from digital_citymgmt_plugin.bridge.messages import sentence, template
from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.gui.dialogs.operations import moment
from digital_citymgmt_plugin.gui.dialogs.question import fit
from digital_citymgmt_plugin.gui.docks.parts import fit_columns
from digital_citymgmt_plugin.gui.models.rows import RowsModel

# What can be written all the same, if the user says so.
_MAY = {"undo.dependents", "undo.edited"}
_NOTES = 8  # how many lines of notes a window has room for


def tr(text: str) -> str:
    """Translate a text of the preview."""
    return QCoreApplication.translate("Preview", text)


class PreviewDialog(QDialog):
    """Shows a result of the engine's preview and asks whether to write.

    Parameters
    ----------
    title : str
        The action, as users know it.
    answer : dict
        Result of a request with ``preview``.

    Attributes
    ----------
    all_the_same : bool
        Whether what stands in the way is to be overridden when accepted.
    """

    def __init__(self, title: str, answer: Mapping[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Preview: {action}").format(action=title))
        blocked = list(answer.get("blocked") or [])
        self.all_the_same = bool(blocked)
        may = all(item["code"] in _MAY for item in blocked)
        self.label = QLabel("\n".join(self._words(answer, blocked)))
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.table = QTableView()
        self.table.setModel(self._model(answer))
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.verticalHeader().hide()
        fit_columns(self.table, 60)
        self.buttons = QDialogButtonBox()
        no = tr("Cancel") if answer.get("writes", True) else tr("Close")
        self.buttons.addButton(no, QDialogButtonBox.ButtonRole.RejectRole).setObjectName("discard_previewed")
        if may and answer.get("writes", True):
            words = tr("Write all the same") if blocked else tr("Write")
            button = self.buttons.addButton(words, QDialogButtonBox.ButtonRole.AcceptRole)
            button.setObjectName("write_previewed")
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.label)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.buttons)
        rows = self.table.verticalHeader().defaultSectionSize() * (self.table.model().rowCount() + 2)
        fit(self, 620, max(400, min(680, 150 + rows)))  # all counts before the eyes

    @staticmethod
    def _words(answer: Mapping[str, Any], blocked: list[Mapping[str, Any]]) -> list[str]:
        lines = [tr("Nothing is written yet.") if answer.get("writes", True) else tr("There is nothing to write.")]
        lines += [sentence(str(item["code"]), item.get("values") or {}) for item in blocked]
        steps = [f"{template('operation.' + step['kind']) or step['kind']} {moment(step['at'])}"
                 for step in answer.get("steps") or []]  # fmt: skip
        if steps:
            lines.append(tr("Taken back, in this order: {steps}").format(steps="; ".join(steps)))
        notes = [sentence(str(note.get("code")), note.get("values") or {}) for note in answer.get("notes") or []]
        notes = list(dict.fromkeys(notes))  # each once
        lines += notes[:_NOTES]
        if len(notes) > _NOTES:
            lines.append(
                counted(tr("… and {count} more [note|notes], told when it is written."), count=len(notes) - _NOTES)
            )
        return lines

    def _model(self, answer: Mapping[str, Any]) -> RowsModel:
        by_table = answer.get("by_table")
        if by_table:
            rows = [[table, *counts] for table, counts in sorted(by_table.items())]
            for name in ("codes_retired", "edits_lost"):
                rows.append([template(f"count.{name}") or name, answer["counts"].get(name, 0), "", ""])
            return RowsModel([tr("Table"), tr("Go away"), tr("Old values"), tr("Return")], rows, self, (1, 2, 3))
        rows = [[template(f"count.{name}") or name, value] for name, value in answer["counts"].items()]
        rows += [[sentence(code, {}).replace("?", "…"), value] for code, value in (answer.get("reasons") or {}).items()]
        return RowsModel([tr("Count"), tr("Number")], rows, self, (1,))

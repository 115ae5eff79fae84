# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables that are kept: freezing what the dock shows, listing what was kept, opening one to the digit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication, pyqtSignal
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from digital_citymgmt_plugin.core.requests_analyst import WriteFindings
from digital_citymgmt_plugin.core.requests_assessment import CompareRuns, FreezeRun, ListRuns, OpenRun, WriteBrief
from digital_citymgmt_plugin.gui.dialogs.operations import moment
from digital_citymgmt_plugin.gui.dialogs.question import ask_text, fit
from digital_citymgmt_plugin.gui.docks.assessment_compare import ComparedDialog
from digital_citymgmt_plugin.gui.docks.parts import chosen_rows, fit_columns, plain_label, rows_view
from digital_citymgmt_plugin.gui.models.rows import RowsModel
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("AssessmentDock", text)


class RunsDialog(QDialog):
    """The tables that were kept; ``wanted`` (uuid): one is opened; ``told``: a brief is written of one.

    ``compared`` (two uuids, the older first; "" as second: with what is counted now).
    """

    wanted = pyqtSignal(str)
    told = pyqtSignal(str)
    compared = pyqtSignal(str, str)

    def __init__(self, runs: Sequence[dict[str, Any]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Kept tables"))
        self.runs = list(runs)
        header = [tr("Name"), tr("Kept"), tr("From"), tr("To"), tr("Cut-off"), tr("Program"), tr("Note")]
        rows = [
            [
                run["name"], moment(run["created_at"])[:16], run["from_date"], run["to_date"],
                moment(run["cut_off"])[:16], run["program"], run["note"],
            ]
            for run in self.runs
        ]  # fmt: skip
        self.view = rows_view(tr("Kept tables: press Enter to open one"))
        self.view.setModel(RowsModel(header, rows, self.view))
        fit_columns(self.view)
        self.view.activated.connect(lambda _index: self._open())
        several = tr("Choose two to compare them, or one to compare it with what is counted now.")
        label = plain_label(several if runs else tr("No table was kept yet."))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        name_buttons(buttons)
        self.open_button = buttons.addButton(tr("Open"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.brief_button = buttons.addButton(tr("Write a brief…"), QDialogButtonBox.ButtonRole.ActionRole)
        self.brief_button.clicked.connect(lambda _=False: self._choose(self.told))
        self.compare_button = buttons.addButton(tr("Compare…"), QDialogButtonBox.ButtonRole.ActionRole)
        self.compare_button.clicked.connect(lambda _=False: self._compare())
        self.view.selectionModel().selectionChanged.connect(lambda *_: self._allow())
        self._allow()
        buttons.accepted.connect(self._open)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(label)
        layout.addWidget(self.view, 1)
        layout.addWidget(buttons)
        fit(self, 760, 420)

    def _allow(self) -> None:
        chosen = len(chosen_rows(self.view))
        self.open_button.setEnabled(chosen == 1)
        self.brief_button.setEnabled(chosen == 1)
        self.compare_button.setEnabled(chosen in (1, 2))

    def _compare(self) -> None:
        chosen = sorted((self.runs[row] for row in chosen_rows(self.view)), key=lambda run: str(run["created_at"]))
        if chosen:
            self.compared.emit(str(chosen[0]["uuid"]), str(chosen[1]["uuid"]) if len(chosen) > 1 else "")
            self.accept()

    def _open(self) -> None:
        self._choose(self.wanted)

    def _choose(self, signal: Any) -> None:
        rows = chosen_rows(self.view)
        if rows:
            signal.emit(str(self.runs[rows[0]]["uuid"]))
            self.accept()


class RunDesk:
    """Freezes, lists, opens.

    Parameters
    ----------
    desk : AssessmentController
    """

    def __init__(self, desk: Any) -> None:
        self.desk = desk
        self.dialog: QDialog | None = None
        desk.dock.freeze_button.clicked.connect(lambda _=False: self.ask_name())
        desk.dock.runs_button.clicked.connect(lambda _=False: self.list())

    def ask_name(self) -> None:
        """Ask under which name the table is kept."""
        if self.desk.asked is None or self.desk.answer is None:
            return
        said = self.desk.answer["said"]
        words = tr("Kept whole, with its scheme: it can be printed again to the digit, whatever changes later.")
        name = f"{self.desk.answer['evaluation']['scheme']['name']} {said['by']}"
        days = self.desk.days()
        name = f"{name} {days[0].isoformat()} – {days[1].isoformat()}" if days is not None else name
        self.dialog = ask_text(self.desk.dock, tr("Keep this table"), words, name, self.freeze)
        self.dialog.open()

    def freeze(self, name: str) -> None:
        """Keep the table under a name."""
        request = FreezeRun(**asdict(self.desk.asked), name=name)

        def written(answer: dict[str, Any]) -> None:
            words = tr("The table is kept: {name}").replace("{name}", str(answer["run"]["name"]))
            self.desk.controller.messages.show(words, Qgis.MessageLevel.Success)
            self.desk.controller.store_changed(self.desk.path, list(answer["tables"]))

        self.desk.ask(tr("Keeping the table"), request, written)

    def list(self) -> None:
        """Show the tables that were kept."""
        if self.desk.path:
            self.desk.courier.send(self.desk.path, ListRuns(), self._show, self.desk.failed)

    def _show(self, answer: dict[str, Any]) -> None:
        dialog = RunsDialog(answer["runs"], self.desk.dock)
        dialog.wanted.connect(self.open)
        dialog.told.connect(self.write_brief)
        dialog.compared.connect(self.compare)
        dialog.finished.connect(lambda _answer: dialog.deleteLater())
        self.dialog = dialog
        dialog.open()

    def open(self, run: str) -> None:
        """Show a table as it was kept."""
        self.desk.courier.send(self.desk.path, OpenRun(run), self.desk.show_run, self.desk.failed)

    def compare(self, run: str, other: str) -> None:
        """Show what changed from a kept table to another, or to what is counted now ("")."""
        request = CompareRuns(run, other)
        self.desk.ask(tr("Comparing kept tables"), request, self._show_compared)

    def _show_compared(self, answer: dict[str, Any]) -> None:
        dialog = ComparedDialog(answer, self.desk.dock)
        dialog.wanted.connect(lambda: self.write_compared(dialog))
        dialog.finished.connect(lambda _answer: dialog.deleteLater())
        self.dialog = dialog
        dialog.open()

    def write_compared(self, dialog: ComparedDialog) -> None:
        """Ask for a file and write a comparison into it."""
        path = self.desk.ask_file(tr("Compare kept tables"), tr("Compare kept tables") + ".xlsx", "Excel (*.xlsx)")
        if path:
            words = tr("The comparison was written to {file}.").replace("{file}", path)
            request = WriteFindings([dialog.label.text()], dialog.header, dialog.rows, [], path)
            self.desk.ask(
                tr("Writing the comparison"), request,
                lambda _answer: self.desk.controller.messages.show(words, Qgis.MessageLevel.Success),
            )  # fmt: skip

    def write_brief(self, run: str) -> None:
        """Ask for a Word file and write a brief of a kept table into it, and the workbook beside it."""
        path = self.desk.ask_file(tr("Write a brief"), tr("Brief") + ".docx", "Word (*.docx)")
        if path:
            book = str(Path(path).with_suffix(".xlsx"))
            words = tr("The brief was written to {file}, its workbook beside it.").replace("{file}", path)
            self.desk.ask(
                tr("Writing the brief"), WriteBrief(run=run, document=path, workbook=book),
                lambda _answer: self.desk.controller.messages.show(words, Qgis.MessageLevel.Success),
            )  # fmt: skip

    def shut(self) -> None:
        """Close what stands open."""
        self.dialog = None

# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of actions in the menu: who did what and when, taking back with the counts shown before, export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication, QObject
from qgis.PyQt.QtWidgets import QDialog, QFileDialog

from digital_citymgmt_plugin.bridge.export import write_table
from digital_citymgmt_plugin.bridge.messages import template
from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.core.requests import ListOperations, Request, UndoOperation
from digital_citymgmt_plugin.gui.dialogs.operations import OperationsDialog, counts_words
from digital_citymgmt_plugin.gui.dialogs.preview import PreviewDialog
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.engine_link import OnProgress, Work


def tr(text: str) -> str:
    """Translate a text of the list of actions."""
    return QCoreApplication.translate("Operations", text)


class OperationsActions(QObject):
    """What the menu entry does; the store is the one of the dock."""

    def __init__(self, controller: CityController) -> None:
        super().__init__(controller)
        self.controller = controller
        self.dialog: OperationsDialog | None = None
        self.preview: PreviewDialog | None = None

    def show(self) -> None:
        """Fetch the log and show it."""
        if not self.controller.path:
            self.controller.messages.show(tr("Open a city store first."), Qgis.MessageLevel.Info)
            return
        store = self.controller.path
        work = self.controller.session.ask(store, ListOperations())
        self.controller.link.ask(
            tr("Reading the log"), work, lambda answer: self._listed(store, answer), self.controller.messages.show_error
        )

    def _listed(self, store: str, answer: dict[str, Any]) -> None:
        self.shut()
        dialog = OperationsDialog(answer["operations"], self.controller.iface.mainWindow())
        dialog.undo_asked.connect(lambda uuid: self.look(store, uuid))
        dialog.export_asked.connect(self.ask_export)
        dialog.finished.connect(lambda _answer: self._ended(dialog))
        self.dialog = dialog
        dialog.show()

    def look(self, store: str, uuid: str) -> None:
        """Show what taking an action back would change; the engine holds it until the answer, for a minute at most."""
        work = self._previewed(store, UndoOperation(uuid))
        self.controller.link.ask(
            tr("Looking at what would change"), work, lambda answer: self._seen(store, uuid, answer),
            self.controller.messages.show_error,
        )  # fmt: skip

    def _previewed(self, store: str, request: Request) -> Work:
        def work(on_progress: OnProgress, is_cancelled: Any) -> dict[str, Any]:
            lease = self.controller.session.pool.hold(store)
            return dict(lease.call(request, on_progress=on_progress, is_cancelled=is_cancelled, preview="hold"))

        return work

    def _seen(self, store: str, uuid: str, answer: dict[str, Any]) -> None:
        title = template("operation.undo_operation") or ""
        dialog = PreviewDialog(title, answer, self.dialog or self.controller.iface.mainWindow())
        dialog.accepted.connect(lambda: self.take_back(store, uuid, "undo" if dialog.all_the_same else "refuse"))
        dialog.rejected.connect(lambda: self._let_go(store))
        dialog.finished.connect(lambda _answer: self._decided(dialog))
        self.preview = dialog
        dialog.open()

    def _decided(self, dialog: PreviewDialog) -> None:
        if self.preview is dialog:
            self.preview = None
        dialog.deleteLater()

    def _let_go(self, store: str) -> None:
        """Any other request ends the holding, so that others can write at once."""
        if self.controller.path == store:
            self.controller.refresh()

    def take_back(self, store: str, uuid: str, dependents: str) -> None:
        """Do it."""
        work = self.controller.session.ask(store, UndoOperation(uuid, dependents))
        self.controller.link.ask(
            tr("Taking back"), work, lambda answer: self._done(store, answer), self.controller.messages.show_error
        )

    def _done(self, store: str, answer: dict[str, Any]) -> None:
        words = tr("Taken back: {counts}.").format(counts=counts_words(answer["counts"]))
        self.controller.messages.show(words, Qgis.MessageLevel.Success)
        self.controller.store_changed(store, list(answer["tables"]))
        if self.dialog is not None:
            self.show()

    def ask_export(self) -> None:
        """Ask for a file and write the list into it."""
        start = str(Path(self.controller.path).with_name(f"{self.controller.city()} {tr('Actions')}.xlsx"))
        path, _ = QFileDialog.getSaveFileName(
            self.dialog, tr("Export the list of actions"), start, tr("Workbook") + " (*.xlsx);;CSV (*.csv)"
        )
        if path:
            self.export(path)

    def export(self, path: str) -> None:
        """Write the list."""
        if self.dialog is None:
            return
        try:
            write_table(path, self.dialog.header, [tuple(row) for row in self.dialog.rows])
        except CityError as error:
            self.controller.messages.show_error(error)
        else:
            words = tr("The list was written to {file}.").format(file=path)
            self.controller.messages.show(words, Qgis.MessageLevel.Success)

    def _ended(self, dialog: QDialog) -> None:
        if self.dialog is dialog:
            self.dialog = None
        dialog.deleteLater()

    def shut(self) -> None:
        """Close the window that is open."""
        if self.dialog is not None:
            self.dialog.reject()
            self.dialog = None

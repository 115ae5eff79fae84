# SPDX-License-Identifier: GPL-2.0-or-later
"""The class catalogue in the menu: shown, changed with every difference seen before it is written, exported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication, QObject
from qgis.PyQt.QtWidgets import QDialog, QFileDialog

from digital_citymgmt_plugin.bridge.export import write_table
from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.core.requests import EditClasses, ListClasses
from digital_citymgmt_plugin.gui.dialogs.class_catalogue import ClassCatalogue
from digital_citymgmt_plugin.gui.dialogs.profile_differences import ProfileDifferences
from digital_citymgmt_plugin.gui.docks.city_controller import CityController


def tr(text: str) -> str:
    """Translate a text of the class catalogue."""
    return QCoreApplication.translate("ClassCatalogue", text)


class CatalogueActions(QObject):
    """What the menu entry does; the store is the one of the dock."""

    def __init__(self, controller: CityController) -> None:
        super().__init__(controller)
        self.controller = controller
        self.dialog: ClassCatalogue | None = None
        self.compared: QDialog | None = None

    def show(self) -> None:
        """Fetch the classes and show them."""
        store = self.controller.path
        if not store:
            self.controller.messages.show(tr("Open a city store first."), Qgis.MessageLevel.Info)
            return
        self.controller.link.ask(
            tr("Reading the classes"),
            self.controller.session.ask(store, ListClasses(every=True)),
            lambda answer: self._listed(store, answer),
            self.controller.messages.show_error,
        )

    def _listed(self, store: str, answer: dict[str, Any]) -> None:
        self.shut()
        dialog = ClassCatalogue(answer["classes"], answer.get("departments") or [], self.controller.iface.mainWindow())
        dialog.changes_asked.connect(lambda changes: self.compare(store, changes))
        dialog.export_asked.connect(self.ask_export)
        dialog.finished.connect(lambda _answer: self._ended(dialog))
        self.dialog = dialog
        dialog.show()

    def compare(self, store: str, changes: list[dict[str, Any]]) -> None:
        """Show what would change; nothing is written before."""
        text = json.dumps(changes, ensure_ascii=False)
        self.controller.link.ask(
            tr("Comparing the class catalogue"),
            self.controller.session.ask(store, EditClasses(text, preview=True)),
            lambda answer: self._compared(store, text, answer),
            self._refused,
        )

    def _compared(self, store: str, text: str, answer: dict[str, Any]) -> None:
        dialog = ProfileDifferences(tr("The class catalogue"), answer, parent=self.dialog)
        dialog.accepted.connect(lambda: self.write(store, text))
        self._show(dialog)

    def _refused(self, error: Exception) -> None:
        faults = error.values.get("faults") if isinstance(error, CityError) else None
        if not isinstance(faults, list):
            self.controller.messages.show_error(error)
            return
        rows = []
        for fault in faults:
            values = fault.get("values") or {}
            words = sentence(str(fault.get("code")), values)
            rows.append((values.get("table"), values.get("key"), values.get("column"), words))
        self._show(ProfileDifferences(tr("The class catalogue"), {}, rows, self.dialog))

    def write(self, store: str, text: str) -> None:
        """Write what was compared, and show the catalogue as it is then."""
        self.controller.link.ask(
            tr("Writing the class catalogue"),
            self.controller.session.ask(store, EditClasses(text)),
            lambda answer: self._written(store, answer),
            self._refused,
        )

    def _written(self, store: str, answer: dict[str, Any]) -> None:
        words = tr("The class catalogue was changed: {count} differences.")
        self.controller.messages.show(words.format(count=answer["counts"]["differences"]), Qgis.MessageLevel.Success)
        if answer.get("tables"):
            self.controller.store_changed(store, list(answer["tables"]))
        if self.dialog is not None:
            self.show()

    def ask_export(self, header: list[str], rows: list[list[str]]) -> None:
        """Write the table as it is shown to a workbook."""
        path, _ = QFileDialog.getSaveFileName(
            self.dialog,
            tr("Export the class catalogue"),
            str(Path(self.controller.path).parent / "class_catalogue.xlsx"),
            tr("Workbook") + " (*.xlsx);;CSV (*.csv)",
        )
        if path:
            self.export(path, header, rows)

    def export(self, path: str, header: list[str], rows: list[list[str]]) -> None:
        """Write the table to ``path``."""
        try:
            write_table(path, header, rows)
        except CityError as error:
            self.controller.messages.show_error(error)
        else:
            words = tr("The table was written to {file}.").format(file=path)
            self.controller.messages.show(words, Qgis.MessageLevel.Success)

    def _show(self, dialog: QDialog) -> None:
        if self.compared is not None:
            self.compared.reject()
        self.compared = dialog
        dialog.finished.connect(lambda _answer: self._compared_ended(dialog))
        dialog.show()

    def _compared_ended(self, dialog: QDialog) -> None:
        if self.compared is dialog:
            self.compared = None
        dialog.deleteLater()

    def _ended(self, dialog: ClassCatalogue) -> None:
        if self.dialog is dialog:
            self.dialog = None
        dialog.deleteLater()

    def shut(self) -> None:
        """Close the windows that are open."""
        for window in (self.compared, self.dialog):
            if window is not None:
                window.reject()
        self.compared = self.dialog = None

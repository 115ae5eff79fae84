# SPDX-License-Identifier: GPL-2.0-or-later
"""The city profile in the menu: export, import with every difference shown before, search for a class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication, QObject
from qgis.PyQt.QtWidgets import QApplication, QDialog, QFileDialog

from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.core.class_search import key_from_dict
from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.core.requests import ImportProfile, ListClasses
from digital_citymgmt_plugin.gui.dialogs.class_picker import ClassDialog
from digital_citymgmt_plugin.gui.dialogs.profile_differences import ProfileDifferences
from digital_citymgmt_plugin.gui.docks.city_controller import CityController


def tr(text: str) -> str:
    """Translate a text of the profile's menu entries."""
    return QCoreApplication.translate("ProfileActions", text)


class ProfileActions(QObject):
    """What the menu entries of the profile do; the store is the one of the dock."""

    def __init__(self, controller: CityController) -> None:
        super().__init__(controller)
        self.controller = controller
        self.dialog: QDialog | None = None

    def export(self) -> None:
        """Open the algorithm with the store filled in."""
        self.controller.start_step("exportprofile")

    def ask_import(self) -> None:
        """Ask for a workbook and compare it with the store; nothing is written before the differences were seen."""
        if not self._has_store():
            return
        path, _ = QFileDialog.getOpenFileName(
            self.controller.iface.mainWindow(),
            tr("Import city profile"),
            str(Path(self.controller.path).parent),
            tr("City profile") + " (*.xlsx *.json)",
        )
        if path:
            self.compare(path)

    def compare(self, file: str) -> None:
        """Show what a workbook would change, or every fault for which it is refused."""
        store = self.controller.path
        request = ImportProfile(file, preview=True)
        self.controller.link.ask(
            tr("Comparing the city profile"),
            self.controller.session.ask(store, request),
            lambda answer: self._compared(store, file, answer),
            lambda error: self._refused(file, error),
        )

    def _compared(self, store: str, file: str, answer: dict[str, Any]) -> None:
        dialog = ProfileDifferences(Path(file).name, answer, parent=self.controller.iface.mainWindow())
        dialog.accepted.connect(lambda: self.write(store, file))
        self._show(dialog)

    def _refused(self, file: str, error: Exception) -> None:
        faults = error.values.get("faults") if isinstance(error, CityError) else None
        if not isinstance(faults, list):
            self.controller.messages.show_error(error)
            return
        rows = []
        for fault in faults:
            values = fault.get("values") or {}
            words = sentence(str(fault.get("code")), values)
            rows.append((values.get("table"), values.get("row") or "", values.get("column"), words))
        self._show(ProfileDifferences(Path(file).name, {}, rows, self.controller.iface.mainWindow()))

    def write(self, store: str, file: str) -> None:
        """Write what was compared; if the file has changed meanwhile, what it says now."""
        self.controller.link.ask(
            tr("Importing the city profile"),
            self.controller.session.ask(store, ImportProfile(file)),
            lambda answer: self._written(store, answer),
            self.controller.messages.show_error,
        )

    def _written(self, store: str, answer: dict[str, Any]) -> None:
        words = tr("The city profile was imported: {count} differences.").format(count=answer["counts"]["differences"])
        self.controller.messages.show(words, Qgis.MessageLevel.Success)
        if answer.get("tables"):
            self.controller.store_changed(store, list(answer["tables"]))

    def find_class(self) -> None:
        """Fetch the classes and open the search."""
        if self._has_store():
            store = self.controller.path
            work = self.controller.session.ask(store, ListClasses())
            self.controller.link.ask(tr("Reading the classes"), work, self._found, self.controller.messages.show_error)

    def _found(self, answer: dict[str, Any]) -> None:
        keys = [key_from_dict(row) for row in answer.get("classes") or []]
        dialog = ClassDialog(keys, bool(answer.get("pinyin")), self.controller.iface.mainWindow())
        dialog.picked.connect(lambda _kind, code: QApplication.clipboard().setText(code))
        self._show(dialog)

    def _has_store(self) -> bool:
        if not self.controller.path:
            self.controller.messages.show(tr("Open a city store first."), Qgis.MessageLevel.Info)
        return bool(self.controller.path)

    def _show(self, dialog: QDialog) -> None:
        self.shut()
        self.dialog = dialog
        dialog.finished.connect(lambda _answer: self._ended(dialog))
        dialog.show()

    def _ended(self, dialog: QDialog) -> None:
        if self.dialog is dialog:
            self.dialog = None
        dialog.deleteLater()

    def shut(self) -> None:
        """Close the window that is open."""
        if self.dialog is not None:
            self.dialog.reject()
            self.dialog = None

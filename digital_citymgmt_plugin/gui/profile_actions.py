# SPDX-License-Identifier: GPL-2.0-or-later
"""The city profile in the menu: export, import with every difference shown before, search for a class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QApplication, QFileDialog

from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.core.class_search import key_from_dict
from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.core.requests import ImportProfile, ListClasses
from digital_citymgmt_plugin.gui.dialogs.class_picker import ClassDialog
from digital_citymgmt_plugin.gui.dialogs.profile_differences import ProfileDifferences
from digital_citymgmt_plugin.gui.menu_actions import MenuActions
from digital_citymgmt_plugin.gui.models.differences import line_words


def tr(text: str) -> str:
    """Translate a text of the profile's menu entries."""
    return QCoreApplication.translate("ProfileActions", text)


class ProfileActions(MenuActions):
    """What the menu entries of the profile do; the store is the one of the dock."""

    def export(self) -> None:
        """Open the algorithm with the store filled in."""
        self.controller.start_step("exportprofile")

    def ask_import(self) -> None:
        """Ask for a workbook and compare it with the store; nothing is written before the differences were seen."""
        if not self.has_store():
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
        self.ask(
            tr("Comparing the city profile"), store, request, lambda answer: self._compared(store, file, answer),
            lambda error: self._refused(file, error),
        )  # fmt: skip

    def _compared(self, store: str, file: str, answer: dict[str, Any]) -> None:
        answer = {**answer, "differences": [line_words(line) for line in answer["differences"]]}
        dialog = ProfileDifferences(Path(file).name, answer, parent=self.controller.iface.mainWindow())
        dialog.accepted.connect(lambda: self.write(store, file))
        self.open(dialog)

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
        self.open(ProfileDifferences(Path(file).name, {}, rows, self.controller.iface.mainWindow()))

    def write(self, store: str, file: str) -> None:
        """Write what was compared; if the file has changed meanwhile, what it says now."""
        self.ask(
            tr("Importing the city profile"), store, ImportProfile(file), lambda answer: self._written(store, answer)
        )

    def _written(self, store: str, answer: dict[str, Any]) -> None:
        words = counted(
            tr("The city profile was imported: {count} [difference|differences]."),
            count=answer["counts"]["differences"],
        )
        self.controller.messages.show(words, Qgis.MessageLevel.Success)
        if answer.get("tables"):
            self.controller.store_changed(store, list(answer["tables"]))

    def find_class(self) -> None:
        """Fetch the classes and open the search."""
        if self.has_store():
            self.ask(tr("Reading the classes"), self.controller.path, ListClasses(), self._found)

    def _found(self, answer: dict[str, Any]) -> None:
        keys = [key_from_dict(row) for row in answer.get("classes") or []]
        dialog = ClassDialog(keys, bool(answer.get("pinyin")), self.controller.iface.mainWindow())
        dialog.picked.connect(lambda _kind, code: QApplication.clipboard().setText(code))
        self.open(dialog)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Base map in the menu: a drawing or a folder is looked at, then imported with the counts shown before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QFileDialog, QWidget

from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.core.requests import ListClasses
from digital_citymgmt_plugin.gui.desk import Desk, request_of
from digital_citymgmt_plugin.gui.dialogs.base_map import BaseMapDialog
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.menu_actions import OneWindow


def tr(text: str) -> str:
    """Translate a text of the menu entry."""
    return QCoreApplication.translate("BaseMap", text)


class BaseMapActions(OneWindow, Desk):
    """What the menu entry does."""

    dialog: BaseMapDialog | None

    def __init__(self, controller: CityController, window: QWidget) -> None:
        super().__init__(controller, window)
        self.file = ""
        # What the window shows belongs to the store that it was opened for.
        controller.store_opened.connect(lambda _path: self.close_dialog())

    def ask_file_in(self) -> None:
        """Open the window, which asks for a drawing or a folder."""
        if self.has_store() and not self.raised():
            self._ask_classes("")

    def _ask_file(self) -> None:
        kinds = tr("Drawings") + " (*.dxf *.DXF *.shp *.SHP *.gpkg *.dwg);;(*)"
        path, _ = QFileDialog.getOpenFileName(self.dialog, tr("Import base map"), self._start(), kinds)
        if path:
            self.take(path)

    def _ask_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self.dialog, tr("Import base map"), self._start())
        if path:
            self.take(path)

    def _start(self) -> str:
        return str(Path(self.file or self.path).parent)

    def look(self, file: str) -> None:
        """Show what a drawing or folder holds; nothing is written."""
        self.close_dialog()
        self._ask_classes(file)

    def _ask_classes(self, file: str) -> None:
        self.ask(tr("Reading the classes"), ListClasses("component"), lambda answer: self._show(file, answer))

    def _show(self, file: str, answer: dict[str, Any]) -> None:
        dialog = BaseMapDialog(self.dock, answer.get("classes") or [])
        dialog.look_again.connect(self._look)
        dialog.chosen.connect(self.take)
        dialog.file_asked.connect(self._ask_file)
        dialog.folder_asked.connect(self._ask_folder)
        dialog.accepted.connect(self._import)
        self.open(dialog)
        if file:
            self.take(file)

    def take(self, file: str) -> None:
        """Look at a drawing or folder in the window that is open."""
        if self.dialog is not None:
            self.file = file
            self.dialog.set_file(file)
            self._look()

    def _values(self) -> dict[str, Any]:
        dialog = self.dialog
        assert dialog is not None  # noqa: S101  (only while it is open)
        return {"input": self.file, "encoding": dialog.encoding(), "crs": dialog.crs(), "mapping": dialog.mapping()}

    def _look(self) -> None:
        request = request_of("preview_base_map", **self._values())
        if request is not None:
            file = self.file
            self.ask(
                tr("Looking at the drawings"), request, lambda answer: self._looked(file, answer),
                failed=self._not_looked,
            )  # fmt: skip

    def _looked(self, file: str, answer: dict[str, Any]) -> None:
        if self.dialog is not None and file == self.file:  # another may have been chosen meanwhile
            self.dialog.show_answer(answer)

    def _not_looked(self, error: Exception) -> None:
        if self.dialog is not None:
            self.dialog.show_problem(sentence(error))

    def _import(self) -> None:
        request = request_of("import_base_map", **self._values())
        if request is not None:
            self.write(request, self._imported)

    def _imported(self, answer: dict[str, Any]) -> None:
        if answer.get("extent"):
            self.show_boxes([answer["extent"]])

    def left(self) -> None:
        """Stop looking: a folder may hold much."""
        self.controller.link.forget(tr("Looking at the drawings"))

    def shut(self) -> None:
        """End: close what stands open."""
        self.close_dialog()
        super().shut()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Base map in the menu: a drawing or a folder is looked at, then imported with the counts shown before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QFileDialog, QWidget

from digital_citymgmt_plugin.gui.desk import Desk, request_of
from digital_citymgmt_plugin.gui.dialogs.base_map import BaseMapDialog
from digital_citymgmt_plugin.gui.docks.city_controller import CityController


def tr(text: str) -> str:
    """Translate a text of the menu entry."""
    return QCoreApplication.translate("BaseMap", text)


class BaseMapActions(Desk):
    """What the menu entry does."""

    def __init__(self, controller: CityController, window: QWidget) -> None:
        super().__init__(controller, window)
        self.dialog: BaseMapDialog | None = None
        self.file = ""

    def ask_file_in(self) -> None:
        """Ask for a drawing; its folder is offered by taking any file in it with the second entry."""
        if not self.path:
            self.controller.messages.show(tr("Open a city store first."), Qgis.MessageLevel.Info)
            return
        kinds = (tr("One drawing") + " (*.dxf *.shp *.gpkg)", tr("All drawings of the folder") + " (*.dxf *.shp)")
        start = str(Path(self.path).parent)
        path, kind = QFileDialog.getOpenFileName(self.dock, tr("Import base map"), start, ";;".join(kinds))
        if path:
            self.look(str(Path(path).parent) if kind == kinds[1] else path)

    def look(self, file: str) -> None:
        """Show what a drawing or folder holds; nothing is written."""
        if self.dialog is not None:
            self.dialog.reject()
        self.file = file
        dialog = BaseMapDialog(self.dock)
        dialog.look_again.connect(self._look)
        dialog.accepted.connect(self._import)
        dialog.finished.connect(lambda _answer: self._ended(dialog))
        self.dialog = dialog
        self._look()

    def _values(self) -> dict[str, Any]:
        dialog = self.dialog
        assert dialog is not None  # noqa: S101  (only while it is open)
        return {"input": self.file, "encoding": dialog.encoding(), "crs": dialog.crs(), "mapping": dialog.mapping()}

    def _look(self) -> None:
        request = request_of("preview_base_map", **self._values())
        if request is not None:
            self.ask(tr("Looking at the drawings"), request, self._looked)

    def _looked(self, answer: dict[str, Any]) -> None:
        if self.dialog is not None:
            self.dialog.show_answer(answer)
            self.dialog.show()

    def _import(self) -> None:
        request = request_of("import_base_map", **self._values())
        if request is not None:
            self.write(request)

    def _ended(self, dialog: BaseMapDialog) -> None:
        if self.dialog is dialog:
            self.dialog = None
        dialog.deleteLater()

    def shut(self) -> None:
        """End: close what stands open."""
        if self.dialog is not None:
            self.dialog.reject()
        super().shut()

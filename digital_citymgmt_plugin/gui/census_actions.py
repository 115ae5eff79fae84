# SPDX-License-Identifier: GPL-2.0-or-later
"""Census files mapped in a window, then imported by the algorithm, which shows its counts first; photos."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QFileDialog

from digital_citymgmt_plugin.core.requests import Layer, ListClasses, PreviewTable
from digital_citymgmt_plugin.gui.dialogs.census_mapping import CensusMapping
from digital_citymgmt_plugin.gui.menu_actions import MenuActions


def tr(text: str) -> str:
    """Translate a text of the census entries."""
    return QCoreApplication.translate("CensusMapping", text)


class CensusActions(MenuActions):
    """What the menu entries do; the store is the one of the dock."""

    def photos(self) -> None:
        """Open the import of photos."""
        self.controller.start_step("importphotos")

    def ask_file(self) -> None:
        """Ask for a file and look at it."""
        if not self.has_store():
            return
        path, _ = QFileDialog.getOpenFileName(
            self.controller.iface.mainWindow(),
            tr("Map a census file"),
            str(Path(self.controller.path).parent),
            tr("Tables and layers") + " (*.xlsx *.csv *.gz *.gpkg *.shp *.geojson *.json *.zip);;(*)",
        )
        if path:
            self.look(path)

    def look(self, path: str) -> None:
        """Read the head of a file and show what it may be."""
        store = self.controller.path
        self.ask(
            tr("Reading the classes"), store, ListClasses("component"),
            lambda classes: self._look(store, path, classes),
        )  # fmt: skip

    def _look(self, store: str, path: str, classes: dict[str, Any]) -> None:
        self.ask(
            tr("Looking at the census"), store, PreviewTable(Layer(path)),
            lambda answer: self._seen(store, path, classes, answer),
        )  # fmt: skip

    def _seen(self, store: str, path: str, classes: dict[str, Any], answer: dict[str, Any]) -> None:
        if store != self.controller.path:
            return
        dialog = CensusMapping(answer, classes["classes"], self.controller.iface.mainWindow())
        dialog.class_column_asked.connect(lambda column: self._other_class(store, path, column))
        dialog.accepted.connect(lambda: self.go(store, path, dialog.mapping()))
        self.open(dialog)

    def _other_class(self, store: str, path: str, column: str) -> None:
        def show(answer: dict[str, Any]) -> None:
            if self.dialog is not None:
                self.dialog.show_words(answer)

        self.ask(tr("Looking at the census"), store, PreviewTable(Layer(path), 1, column), show)

    def go(self, store: str, path: str, mapping: dict[str, Any]) -> None:
        """Open the import with file and mapping filled in: it shows its counts and asks before it writes."""
        parameters = {"STORE": store, "INPUT": path, "MAPPING": json.dumps(mapping, ensure_ascii=False)}
        try:
            self.controller.run_algorithm("dcm:importcomponents", parameters)
        except Exception as error:  # the boundary of a button: tell, do not let it out to Qt
            self.controller.messages.show_error(error)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Census files mapped in a window, then imported by the algorithm, which shows its counts first; photos."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication, QObject
from qgis.PyQt.QtWidgets import QFileDialog

from digital_citymgmt_plugin.core.requests import Layer, ListClasses, PreviewTable
from digital_citymgmt_plugin.gui.dialogs.census_mapping import CensusMapping
from digital_citymgmt_plugin.gui.docks.city_controller import CityController


def tr(text: str) -> str:
    """Translate a text of the census entries."""
    return QCoreApplication.translate("CensusMapping", text)


class CensusActions(QObject):
    """What the menu entries do; the store is the one of the dock."""

    def __init__(self, controller: CityController) -> None:
        super().__init__(controller)
        self.controller = controller
        self.dialog: CensusMapping | None = None

    def photos(self) -> None:
        """Open the import of photos."""
        self.controller.start_step("importphotos")

    def ask(self) -> None:
        """Ask for a file and look at it."""
        if not self.controller.path:
            self.controller.messages.show(tr("Open a city store first."), Qgis.MessageLevel.Info)
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
        self._ask(
            tr("Reading the classes"), ListClasses("component"), lambda classes: self._look(store, path, classes)
        )

    def _look(self, store: str, path: str, classes: dict[str, Any]) -> None:
        self._ask(
            tr("Looking at the census"), PreviewTable(Layer(path)),
            lambda answer: self._seen(store, path, classes, answer),
        )  # fmt: skip

    def _seen(self, store: str, path: str, classes: dict[str, Any], answer: dict[str, Any]) -> None:
        if store != self.controller.path:
            return
        self.shut()
        dialog = CensusMapping(answer, classes["classes"], self.controller.iface.mainWindow())
        dialog.class_column_asked.connect(lambda column: self._other_class(path, column))
        dialog.accepted.connect(lambda: self.go(store, path, dialog.mapping()))
        dialog.finished.connect(lambda _answer: self._ended(dialog))
        self.dialog = dialog
        dialog.show()

    def _other_class(self, path: str, column: str) -> None:
        def show(answer: dict[str, Any]) -> None:
            if self.dialog is not None:
                self.dialog.show_words(answer)

        self._ask(tr("Looking at the census"), PreviewTable(Layer(path), 1, column), show)

    def go(self, store: str, path: str, mapping: dict[str, Any]) -> None:
        """Open the import with file and mapping filled in: it shows its counts and asks before it writes."""
        parameters = {"STORE": store, "INPUT": path, "MAPPING": json.dumps(mapping, ensure_ascii=False)}
        try:
            self.controller.run_algorithm("dcm:importcomponents", parameters)
        except Exception as error:  # the boundary of a button: tell, do not let it out to Qt
            self.controller.messages.show_error(error)

    def _ask(self, words: str, request: Any, then: Any) -> None:
        work = self.controller.session.ask(self.controller.path, request)
        self.controller.link.ask(words, work, then, self.controller.messages.show_error)

    def _ended(self, dialog: CensusMapping) -> None:
        if self.dialog is dialog:
            self.dialog = None
        dialog.deleteLater()

    def shut(self) -> None:
        """Close the window that is open."""
        if self.dialog is not None:
            self.dialog.reject()
            self.dialog = None

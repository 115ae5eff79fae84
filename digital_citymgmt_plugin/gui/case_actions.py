# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases brought in by a window: the file is looked at, its columns are mapped, counts are seen, rejects are opened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication, QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QFileDialog, QWidget

from digital_citymgmt_plugin.core.requests import ImportCases, Layer, ListClasses
from digital_citymgmt_plugin.core.requests_intake import PreviewCases
from digital_citymgmt_plugin.gui.desk import Desk
from digital_citymgmt_plugin.gui.dialogs.case_mapping import CaseMapping
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.menu_actions import OneWindow


def tr(text: str) -> str:
    """Translate a text of the menu entry."""
    return QCoreApplication.translate("CaseMapping", text)


class CaseActions(OneWindow, Desk):
    """What the menu entry *Import cases by example* does; the store is the one of the City dock."""

    dialog: CaseMapping | None

    def __init__(self, controller: CityController, window: QWidget) -> None:
        super().__init__(controller, window)
        self.file = ""
        self.layer: str | None = None
        # What the window shows belongs to the store that it was opened for.
        controller.store_opened.connect(lambda _path: self.close_dialog())

    def ask_file(self) -> None:
        """Ask for a file and look at it."""
        if not self.has_store() or self.raised():
            return
        kinds = tr("Tables and layers") + " (*.xlsx *.csv *.gz *.gpkg *.shp *.geojson *.json *.zip);;(*)"
        start = str(Path(self.path).parent)
        path, _ = QFileDialog.getOpenFileName(self.dock, tr("Import cases from a file"), start, kinds)
        if path:
            self.look(path)

    def look(self, file: str, layer: str | None = None) -> None:
        """Read the head of a file, with the classes of the city, and show what it may be."""
        self.file, self.layer = file, layer
        self.ask(
            tr("Reading the classes"), ListClasses(),
            lambda classes: self.ask(
                tr("Looking at the cases"), PreviewCases(Layer(file, layer)),
                lambda answer: self._found(file, classes, answer),
            ),
        )  # fmt: skip

    def _found(self, file: str, classes: dict[str, Any], answer: dict[str, Any]) -> None:
        if file != self.file:  # another was chosen meanwhile
            return
        self.layer = answer["layer"] if len(answer["layers"]) > 1 else None
        dialog = CaseMapping(answer, classes["classes"], self.dock)
        dialog.look_again.connect(self._again)
        dialog.layer_asked.connect(lambda name: self.look(file, name))
        dialog.accepted.connect(lambda: self._import(dialog.mapping()))
        self.open(dialog)

    def _again(self) -> None:
        dialog = self.dialog
        if dialog is None or not dialog.ready():
            return
        mapping = dialog.mapping()
        self.controller.link.forget(tr("Looking at the places"))  # of what was chosen before
        request = PreviewCases(
            Layer(self.file, self.layer), json.dumps(mapping, ensure_ascii=False), 1, mapping.get("shift", "none")
        )
        self.ask(tr("Looking at the places"), request, lambda answer: self._looked(mapping, answer))

    def _looked(self, mapping: dict[str, Any], answer: dict[str, Any]) -> None:
        if self.dialog is not None and self.dialog.mapping() == mapping:
            self.dialog.show_places(answer)

    def _import(self, mapping: dict[str, Any]) -> None:
        """Count what would be written, and write it when the user says so."""
        request = ImportCases(
            Layer(self.file, self.layer), json.dumps(mapping, ensure_ascii=False), self._free_name(),
            shift=mapping.get("shift", "none"),
        )  # fmt: skip
        self.write(request, self._imported)

    def _free_name(self) -> str:
        """Return a file beside the store for the rows that stay out; none is ever written over."""
        stem = Path(self.file).name.split(".")[0]
        path = Path(self.path).with_name(tr("{name} not taken").format(name=stem) + ".xlsx")
        number = 2
        while path.exists():
            path = path.with_name(tr("{name} not taken").format(name=stem) + f" {number}.xlsx")
            number += 1
        return str(path)

    def _imported(self, answer: dict[str, Any]) -> None:
        if not answer.get("rejects"):
            return
        words = tr("{count} rows were not taken; {file} lists them with their reasons. Mend them there and import it.")
        counts = answer["counts"]
        self.controller.messages.show(
            words.format(count=counts["rejected"], file=answer["rejects"]), Qgis.MessageLevel.Warning
        )
        self.open_file(str(answer["rejects"]))

    def open_file(self, path: str) -> None:
        """Open the list of rows that were not taken with the program that the system has for it."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(path))

    def left(self) -> None:
        """Stop looking: nobody waits for it any more."""
        self.controller.link.forget(tr("Looking at the places"))

    def shut(self) -> None:
        """End: close what stands open."""
        self.close_dialog()
        super().shut()

# SPDX-License-Identifier: GPL-2.0-or-later
"""*I have grids already*: a vendor's file is looked at and adopted with its codes, then its faults are opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication, pyqtSignal
from qgis.PyQt.QtWidgets import QFileDialog, QWidget

from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.core.requests import REQUESTS, AdoptGrids, ImportBeats, Layer, PreviewGrids, Request
from digital_citymgmt_plugin.gui.desk import Desk, request_of
from digital_citymgmt_plugin.gui.dialogs.vendor_beats import VendorBeatsDialog
from digital_citymgmt_plugin.gui.dialogs.vendor_grids import VendorDialog
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.menu_actions import OneWindow


def tr(text: str) -> str:
    """Translate a text of the menu entry."""
    return QCoreApplication.translate("VendorGrids", text)


class VendorActions(OneWindow, Desk):
    """What the menu entry and the button of step 2 do. ``adopted``: the grids are in the store, faults are listed."""

    adopted = pyqtSignal()
    beats_next = pyqtSignal()  # the grids are in the store, and beats of a file of their own shall follow
    dialog: VendorDialog | None

    def __init__(self, controller: CityController, window: QWidget) -> None:
        super().__init__(controller, window)
        self.file = ""
        self._rejected = 0
        # What the window shows belongs to the store that it was opened for.
        controller.store_opened.connect(lambda _path: self.close_dialog())

    def show(self) -> None:
        """Open the window, which asks for a file."""
        if not self.has_store() or self.raised():
            return
        dialog = self.window()
        dialog.file_asked.connect(self._ask_file)
        dialog.chosen.connect(self.take)
        dialog.look_again.connect(self._look)
        dialog.count_again.connect(self._count)
        dialog.accepted.connect(self._adopt)
        self.file = ""
        self.open(dialog)

    def window(self) -> VendorDialog:
        """Make the window."""
        return VendorDialog(self.dock, beats="import_beats" in REQUESTS)

    def _ask_file(self) -> None:
        kinds = tr("Layers of polygons") + " (*.shp *.SHP *.geojson *.json *.gpkg *.zip *.xlsx);;(*)"
        start = str(Path(self.file or self.path).parent)
        path, _ = QFileDialog.getOpenFileName(self.dialog, self.dialog.windowTitle(), start, kinds)
        if path:
            self.take(path)

    def take(self, file: str) -> None:
        """Look at a file in the window that is open."""
        if self.dialog is not None:
            self.file = file
            self.dialog.begin()
            self._look()

    def _look(self) -> None:
        dialog = self.dialog
        if dialog is None or not self.file:
            return
        file = self.file
        dialog.show_busy(tr("Looking at the grids…"))
        layer = Layer(file, encoding=dialog.encoding(), crs=dialog.asked_crs())
        self.ask(
            tr("Looking at the grids"), PreviewGrids(layer), lambda answer: self._looked(file, answer),
            failed=self._not_looked,
        )  # fmt: skip

    def _looked(self, file: str, answer: dict[str, Any]) -> None:
        if self.dialog is None or file != self.file:  # another may have been chosen meanwhile
            return
        self.dialog.show_answer(answer)
        if answer.get("crs"):
            self._count()
        else:
            self.dialog.show_problem(tr("The faults are counted as soon as the CRS is known."))

    def _not_looked(self, error: Exception) -> None:
        if self.dialog is not None:
            self.dialog.show_problem(sentence(error))

    def ready(self) -> str:
        """Say what has to be chosen before anything can be counted; "" nothing."""
        return ""

    def request(self, rejects: str | None = None) -> Request:
        """Return the adoption that the window shows."""
        dialog = self.dialog
        assert dialog is not None  # noqa: S101  (only while it is open)
        return AdoptGrids(
            Layer(self.file, encoding=dialog.encoding(), crs=dialog.crs()), dialog.code_field(), rejects=rejects,
            wrong_codes=dialog.wrong_codes(),
        )  # fmt: skip

    def _count(self) -> None:
        """Try the adoption and throw it away: what it would write and every fault by number."""
        dialog = self.dialog
        if dialog is None or not self.file or dialog.crs() is None:
            return
        if lacking := self.ready():
            dialog.show_problem(lacking)
            return
        self.controller.link.forget(tr("Counting faults"))  # of what was chosen before
        dialog.show_busy(tr("Counting faults…"))
        request = self.request()
        self.ask(
            tr("Counting faults"), request, lambda answer: self._counted(request, answer), "drop", self._not_looked
        )  # fmt: skip

    def _counted(self, request: Request, answer: dict[str, Any]) -> None:
        if self.dialog is not None and request == self.request():
            self._rejected = int(answer["counts"].get("rejected", 0))
            self.dialog.show_faults(answer)

    def _adopt(self) -> None:
        rejects = self._free_name() if self._rejected else None
        assert self.dialog is not None  # noqa: S101  (it was accepted)
        request, field, more = self.request(rejects), self.dialog.beat_field(), self.dialog.next_box.isChecked()
        # The grids of the file are the polygons of the beats: each grid of the city gets the beat that lies there.
        layer = request.to_params()["input"]
        beats = request_of("import_beats", input=Layer(**layer), code_field=field) if field else None
        self.write_now(request, lambda answer: self._adopted(answer, beats, more))

    def _free_name(self) -> str:
        """Return a file beside the store for the rows that stay out; none is ever written over."""
        stem = Path(self.file).stem
        path = Path(self.path).with_name(tr("{name} not taken").format(name=stem) + ".xlsx")
        number = 2
        while path.exists():
            path = path.with_name(tr("{name} not taken").format(name=stem) + f" {number}.xlsx")
            number += 1
        return str(path)

    def _adopted(self, answer: dict[str, Any], beats: Request | None, more: bool = False) -> None:
        if beats is not None:
            self.write_now(beats)
        if answer.get("rejects"):
            words = tr(
                "{count} rows were not taken; they are in {file} with their reasons. Mend them there and adopt it."
            )
            self.controller.messages.show(
                words.format(count=answer["counts"]["rejected"], file=answer["rejects"]), Qgis.MessageLevel.Warning
            )
        self.adopted.emit()
        if more:
            self.beats_next.emit()

    def left(self) -> None:
        """Stop looking: nobody waits for the counts any more."""
        self.controller.link.forget(tr("Counting faults"))
        self.controller.link.forget(tr("Looking at the grids"))

    def shut(self) -> None:
        """End: close what stands open."""
        self.close_dialog()
        super().shut()


class VendorBeatActions(VendorActions):
    """The second step: a vendor's beats as polygons of their own; ``adopted``: they are in the store."""

    dialog: VendorBeatsDialog | None

    def window(self) -> VendorDialog:
        """Make the window."""
        return VendorBeatsDialog(self.dock)

    def ready(self) -> str:
        """Say that a field of codes is needed."""
        assert self.dialog is not None  # noqa: S101  (only while it is open)
        return "" if self.dialog.code_field() else tr("Choose the field with the codes of the beats.")

    def request(self, rejects: str | None = None) -> Request:
        """Return the import that the window shows."""
        dialog = self.dialog
        assert dialog is not None  # noqa: S101  (only while it is open)
        layer = Layer(self.file, encoding=dialog.encoding(), crs=dialog.crs())
        return ImportBeats(layer, dialog.code_field() or "", dialog.name_field(), rejects=rejects)

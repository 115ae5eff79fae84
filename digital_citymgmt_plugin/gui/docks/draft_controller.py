# SPDX-License-Identifier: GPL-2.0-or-later
"""What the dock of a draft does: walks its doubtful cells, writes what was decided, adopts the draft."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsProject, QgsProviderRegistry, QgsVectorLayer
from qgis.PyQt.QtCore import QTimer

from digital_citymgmt_plugin.bridge import draft_layers, layers
from digital_citymgmt_plugin.bridge.export import write_table
from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.core.requests import AdoptGrids, Layer
from digital_citymgmt_plugin.gui.desk import Desk
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.docks.draft_dock import DraftDock
from digital_citymgmt_plugin.gui.draft_preview import CellsOnMap
from digital_citymgmt_plugin.gui.map_view import show_extent
from digital_citymgmt_plugin.gui.models.draft import cells_row, header, summary_words, tr, worst_first


class DraftController(Desk):
    """Wires the dock to the draft's layer, the map and the engine."""

    dock: DraftDock

    def __init__(self, controller: CityController, dock: DraftDock) -> None:
        super().__init__(controller, dock)
        self.layer_id = ""
        self.on_map = CellsOnMap(controller.iface.mapCanvas())
        self._words = ""
        self._decided = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(100)
        self._timer.timeout.connect(self.reload)
        for name, state in (
            ("accept_button", "accepted"), ("lock_button", "locked"), ("reset_button", ""),
        ):  # fmt: skip
            getattr(dock, name).clicked.connect(lambda _=False, state=state: self.decide(state))
        dock.edit_button.clicked.connect(lambda _=False: self.edit())
        dock.show_button.clicked.connect(lambda _=False: self.zoom(dock.row()))
        dock.adopt_button.clicked.connect(lambda _=False: self.adopt())
        dock.export_button.clicked.connect(lambda _=False: self.ask_export())
        dock.refresh_button.clicked.connect(lambda _=False: self.reload())
        dock.chosen.connect(self.zoom)
        dock.view.activated.connect(lambda index: self.zoom(index.row()))
        dock.draft_box.activated.connect(lambda _=0: self.take(str(dock.draft_box.currentData() or "")))
        for box in (dock.every_box, dock.open_box):
            box.toggled.connect(lambda _=False: self.reload())
        dock.visibilityChanged.connect(lambda shown=False: self._timer.start() if shown else self.on_map.clear())
        controller.store_opened.connect(lambda _path: self._timer.start())
        self._heard: QgsVectorLayer | None = None  # the draft of which edits that are saved or given up are heard
        project = QgsProject.instance()
        project.layersRemoved.connect(self._removed)
        project.layersAdded.connect(self._added)

    def layer(self) -> QgsVectorLayer | None:
        """Return the draft that is looked at; None when there is none."""
        found = QgsProject.instance().mapLayer(self.layer_id)
        return found if isinstance(found, QgsVectorLayer) else None

    def take(self, layer_id: str) -> None:
        """Look at a draft."""
        self.layer_id = layer_id
        self.reload()

    def _removed(self, ids: list[str]) -> None:
        if self.layer_id in ids:
            self._heard = None  # it is gone, and its signals with it
            self._timer.start()

    def _added(self, layers: list[Any]) -> None:
        if self.dock.isVisible() and any(draft_layers.is_draft(layer) for layer in layers):
            self._timer.start()

    def _hear(self, layer: QgsVectorLayer | None) -> None:
        """Read the draft again whenever its edits are saved or given up."""
        if layer is self._heard:
            return
        if self._heard is not None:
            self._heard.afterCommitChanges.disconnect(self._timer.start)
            self._heard.afterRollBack.disconnect(self._timer.start)
        self._heard = layer
        if layer is not None:
            layer.afterCommitChanges.connect(self._timer.start)
            layer.afterRollBack.connect(self._timer.start)

    def reload(self) -> None:
        """Read the cells again."""
        known = draft_layers.drafts()
        if self.layer() is None:
            self.layer_id = known[-1].id() if known else ""
        self.dock.show_drafts([(one.id(), one.name()) for one in known], self.layer_id)
        layer = self.layer()
        self.on_map.clear()
        self._hear(layer)
        if layer is None:
            words = tr("There is no draft in the project: press “Draft…”.")
            self.dock.show_cells([], {}, words if self.path else tr("Open a city store first."))
            self.dock.view.setEnabled(bool(self.path))
            return
        try:
            if not layer.isEditable():
                draft_layers.ready(layer)
        except CityError as error:
            self.controller.messages.show_error(error)
        cells, made = self._named(draft_layers.cells_of(layer)), draft_layers.made_of(layer)
        every, only_open = self.dock.every_box.isChecked(), self.dock.open_box.isChecked()
        listed = worst_first(cells, made, every=every, only_open=only_open)
        target, band = float(made.get("target_area") or 0), made.get("band") or [0.0, 0.0]
        words = summary_words(cells, (band[0] * target, band[1] * target))
        self._words, self._decided = words, sum(bool(cell.get(draft_layers.REVIEW)) for cell in cells)
        self.dock.show_cells(listed, made, self._summary(len(listed)), self.dock.row())

    def _named(self, cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Give each cell the name of its community (``area_name``), as far as the layers of the store tell it."""
        layer = layers.find_layer(self.path, "admin_area", "community") if self.path else None
        names = draft_layers.names_in(layer) if layer is not None else {}
        return [{**cell, "area_name": names.get(str(cell.get("area_code")))} for cell in cells]

    def _summary(self, count: int) -> str:
        words = counted(tr("{count} [cell|cells] to look at; {decided} decided."), count=count, decided=self._decided)
        return f"{self._words}\n{words}"

    # -- one cell -----------------------------------------------------------------------------------------------

    def zoom(self, row: int) -> None:
        """Go to a cell and let it flash."""
        layer = self.layer()
        if layer is None or not 0 <= row < len(self.dock.cells):
            return
        shape = draft_layers.ring_of(layer, self.dock.cells[row]["fid"])
        if shape.isEmpty():
            return
        canvas = self.controller.iface.mapCanvas()
        box = shape.boundingBox()
        box.scale(1.4)
        show_extent(canvas, box, layer.crs())
        self.on_map.show_one(shape, layer.crs())
        canvas.flashGeometries([shape], layer.crs())

    def decide(self, state: str, *, go_on: bool = True) -> None:
        """Write what was decided on the cell that is looked at, and go to the next."""
        layer, row = self.layer(), self.dock.row()
        if layer is None or row < 0:
            return
        cell = dict(self.dock.cells[row])
        try:
            draft_layers.decide(layer, cell["fid"], state)
        except CityError as error:
            self.controller.messages.show_error(error)
            return
        self._decided += bool(state) - bool(cell.get(draft_layers.REVIEW))
        cell[draft_layers.REVIEW] = state or None
        self.dock.summary.setText(self._summary(len(self.dock.cells)))
        self.dock.show_cell(row, cell)
        if go_on and state:
            self.dock.step(1)

    def edit(self) -> None:
        """Begin to edit the cell: its layer is the active one, neighbours move along with a common corner."""
        layer, row = self.layer(), self.dock.row()
        if layer is None or row < 0:
            return
        self.zoom(row)
        if not layer.isEditable() and not layer.startEditing():
            self.controller.messages.show(tr("The draft cannot be edited."), Qgis.MessageLevel.Warning)
            return
        QgsProject.instance().setTopologicalEditing(True)
        iface = self.controller.iface
        iface.setActiveLayer(layer)
        self.decide("edited", go_on=False)
        tool = getattr(iface, "actionVertexTool", None)
        if tool is not None:
            tool().trigger()
        words = tr("Move corners with the vertex tool; cells that share a corner go along. Save the layer when done.")
        self.controller.messages.show(words, Qgis.MessageLevel.Info)

    # -- the whole draft ----------------------------------------------------------------------------------------

    def adopt(self) -> None:
        """Show the counts of adopting the draft; adopt it when the user says so."""
        layer = self.layer()
        if layer is None:
            return
        if not self.path:
            self.controller.messages.show(tr("Open a city store first."), Qgis.MessageLevel.Info)
        elif layer.isEditable() and layer.isModified():
            words = tr("Save the edits of the draft first.")
            self.controller.messages.show(words, Qgis.MessageLevel.Warning)
        else:
            path = str(QgsProviderRegistry.instance().decodeUri("ogr", layer.source()).get("path") or "")
            self.write(AdoptGrids(Layer(path, draft_layers.LAYER)))

    def ask_export(self) -> None:
        """Ask for a file and write all cells with what was decided."""
        layer = self.layer()
        if layer is not None:
            kinds = tr("Workbook") + " (*.xlsx);;CSV (*.csv)"
            path = self.ask_file(tr("Export the draft"), tr("draft") + ".xlsx", kinds)
            if path:
                self.export_cells(path)

    def export_cells(self, path: str) -> None:
        """Write the list of all cells, the worst first."""
        layer = self.layer()
        if layer is None:
            return
        made = draft_layers.made_of(layer)
        cells = worst_first(draft_layers.cells_of(layer), made, every=True, only_open=False)
        rows: list[tuple[Any, ...]] = []
        for cell in cells:
            texts: list[Any] = list(cells_row(cell, made))
            texts[3] = round(float(cell.get("area_m2") or 0))  # numbers, that a workbook can add up
            texts[4] = round(float(cell.get("load") or 0), 1)
            rows.append(tuple(texts))
        try:
            write_table(path, header(), rows)
        except CityError as error:
            self.controller.messages.show_error(error)
        else:
            words = tr("The list was written to {file}.").format(file=Path(path).name)
            self.controller.messages.show(words, Qgis.MessageLevel.Success)

    def shut(self) -> None:
        """End: hear no more of the project."""
        self._timer.stop()
        self.on_map.clear()
        QgsProject.instance().layersRemoved.disconnect(self._removed)
        QgsProject.instance().layersAdded.disconnect(self._added)
        self._hear(None)
        super().shut()

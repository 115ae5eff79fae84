# SPDX-License-Identifier: GPL-2.0-or-later
"""What the *Lineage* dock does: asks for a grid's kin, draws them on the map, shows the grids of a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.core import (
    Qgis,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
)

from digital_citymgmt_plugin.bridge.day_layer import add_day, remove_days
from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.core.requests_history import GridLineage, GridsOn
from digital_citymgmt_plugin.gui.desk import Desk
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.docks.lineage_dock import LineageDock
from digital_citymgmt_plugin.gui.draft_preview import CellsOnMap
from digital_citymgmt_plugin.gui.map_tools.pick_place import PickPlace
from digital_citymgmt_plugin.gui.map_view import show_extent
from digital_citymgmt_plugin.gui.models.lineage import last_of, shapes, tr


class LineageController(Desk):
    """Drives the dock; nothing is written."""

    WATCHED = frozenset(("unit_grid", "grid_lineage"))

    def __init__(self, controller: CityController, dock: LineageDock) -> None:
        super().__init__(controller, dock)
        self.answer: Mapping[str, Any] | None = None
        self._asked: GridLineage | None = None
        canvas = controller.iface.mapCanvas()
        self.on_map = CellsOnMap(canvas)
        self.pen = PickPlace(canvas)
        self.pen.picked.connect(self.pick)
        self.pen.deactivated.connect(lambda: dock.pick_button.setChecked(False))
        dock.look_button.clicked.connect(lambda _=False: self.look())
        dock.code_edit.returnPressed.connect(self.look)
        dock.pick_button.toggled.connect(self._picking)
        dock.day_button.toggled.connect(self._day_shown)
        dock.day_edit.dateChanged.connect(lambda _day: self._day_shown(True) if dock.day_button.isChecked() else None)
        dock.chosen.connect(self._draw)
        dock.zoom_button.clicked.connect(lambda _=False: self.zoom())
        dock.follow_button.clicked.connect(lambda _=False: self.follow())
        dock.tree.itemDoubleClicked.connect(lambda _item, _column: self.zoom())
        dock.visibilityChanged.connect(self._seen)
        self.watch()

    # -- a grid -------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Look the code up that was entered."""
        code = self.dock.code_edit.text().strip()
        if code:
            self._ask(GridLineage(code, day=self.dock.day()))

    def pick(self, place: QgsPointXY) -> None:
        """Look up the grid at a place of the map."""
        target = self.crs()
        source = self.controller.iface.mapCanvas().mapSettings().destinationCrs()
        if source.isValid() and target.isValid() and source != target:
            try:
                place = QgsCoordinateTransform(source, target, QgsProject.instance()).transform(place)
            except QgsCsException:
                return
        self._ask(GridLineage(place=[place.x(), place.y()], day=self.dock.day()))

    def follow(self) -> None:
        """Go on with the grid of the chosen line."""
        chosen = self.dock.versions()
        if self.answer is None or len(chosen) != 1:
            return
        every = (self.answer["grid"], *self.answer["ancestors"], *self.answer["descendants"])
        version = next(one for one in every if str(one["id"]) == chosen[0])
        self.dock.code_edit.setText(str(version["code"]))
        self._ask(GridLineage(str(version["code"])))

    def _ask(self, request: GridLineage) -> None:
        self._asked = request
        self.ask(tr("Looking up the lineage"), request, self._told)

    def _told(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.dock.code_edit.setText(str(answer["grid"]["code"]))
        self.dock.show_lineage(answer)
        self._draw(self.dock.versions())

    def reload(self) -> None:
        """Ask again for what is shown: the store has changed."""
        if self._asked is not None:
            self._ask(self._asked)
        if self.dock.day_button.isChecked():
            self._day_shown(True)

    def _opened(self, path: str) -> None:
        self.answer = self._asked = None
        self.on_map.clear()
        self.dock.day_button.setChecked(False)
        if path:
            self.dock.show_nothing(tr("Enter a code, or pick a unit grid on the map."))
        else:
            self.dock.show_no_store()
        super()._opened(path)

    # -- the map ------------------------------------------------------------------------------------------------

    def _picking(self, on: bool) -> None:
        if on and self.path:
            self.pen.take()
        else:
            self.pen.leave()

    def _draw(self, versions: Sequence[str]) -> None:
        """Draw the grid, where it comes from and where it went, and the line that is looked at."""
        self.on_map.clear()
        if self.answer is None or not self.dock.isVisible():
            return
        answer = self.answer
        kin = [_geometries(shapes(answer, last_of(answer, forward=forward))) for forward in (False, True)]
        self.on_map.show_kin(
            _geometries(shapes(answer, [str(answer["grid"]["id"])])), *kin, _geometries(shapes(answer, versions)),
            self.crs(),
        )  # fmt: skip

    def zoom(self) -> None:
        """Go to the chosen lines, else to the grid and all its kin."""
        if self.answer is None:
            return
        answer = self.answer
        every = [str(answer["grid"]["id"]), *last_of(answer, forward=False), *last_of(answer, forward=True)]
        box = QgsRectangle()
        for shape in _geometries(shapes(answer, [*self.dock.versions(), *every])):
            box.combineExtentWith(shape.boundingBox())
        if not box.isEmpty():
            box.scale(1.3)
            show_extent(self.controller.iface.mapCanvas(), box, self.crs())

    def _seen(self, shown: bool) -> None:
        if shown:
            self._draw(self.dock.versions())
        elif not self.dock.isVisible():
            self.pen.leave()
            self.on_map.clear()

    # -- a day --------------------------------------------------------------------------------------------------

    def _day_shown(self, on: bool) -> None:
        if not on or not self.path:
            remove_days(self.path)
            return
        self.ask(tr("Reading the grids of the day"), GridsOn(self.dock.day()), self._day_told, failed=self._no_day)

    def _day_told(self, answer: dict[str, Any]) -> None:
        if not self.dock.day_button.isChecked():  # it was let go meanwhile
            return
        add_day(str(answer["day"]), answer["grids"], self.crs(), self.path)
        for note in answer["notes"]:
            self.controller.messages.show(sentence(note["code"], note["values"]), Qgis.MessageLevel.Info)

    def _no_day(self, error: Exception) -> None:
        self.dock.day_button.setChecked(False)
        self.controller.messages.show_error(error)

    def shut(self) -> None:
        """Leave nothing on the map."""
        self.pen.leave()
        self.on_map.clear()
        remove_days(self.path)
        super().shut()


def _geometries(hexes: Sequence[str]) -> list[QgsGeometry]:
    found = []
    for text in hexes:
        shape = QgsGeometry()
        shape.fromWkb(bytes.fromhex(text))
        found.append(shape)
    return found

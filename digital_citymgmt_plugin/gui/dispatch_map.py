# SPDX-License-Identifier: GPL-2.0-or-later
"""The case of the dispatch dock on the map: marked, picked by a click or by a selection in QGIS, placed by a click."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.core import QgsCoordinateTransform, QgsCsException, QgsFeatureRequest, QgsGeometry, QgsPointXY, QgsProject
from qgis.gui import QgsRubberBand
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QColor

from digital_citymgmt_plugin.bridge import layers
from digital_citymgmt_plugin.core.cases.names import ENDED
from digital_citymgmt_plugin.gui.draft_preview import POINT
from digital_citymgmt_plugin.gui.map_tools.pick_place import PickPlace

_NEAR = 12  # pixels around a click
_COLOURS = {"green": "#1a8f3c", "amber": "#e69f00", "red": "#c62828"}


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("DispatchDock", text)


class CasesOnMap:
    """What the map and the dock tell each other."""

    def __init__(self, desk: Any) -> None:
        self.desk = desk
        self.canvas = desk.controller.iface.mapCanvas()
        self.picker, self.placer = PickPlace(self.canvas), PickPlace(self.canvas)
        self.picker.picked.connect(self._picked)
        self.placer.picked.connect(self._placed)
        self.band: QgsRubberBand | None = None
        self.asked: Any = None  # who is told where a case was placed
        self._watched: Any = None
        self._shown: dict[str, Any] | None = None  # the case that is marked
        self.proposed: QgsRubberBand | None = None
        self.canvas.destinationCrsChanged.connect(self.redraw)
        dock = desk.dock
        dock.pick_button.toggled.connect(lambda on=False: self._use(self.picker, bool(on)))
        dock.place_button.toggled.connect(lambda on=False: self._use(self.placer, bool(on)))
        for tool, made in ((self.picker, dock.pick_button), (self.placer, dock.place_button)):
            tool.deactivated.connect(lambda made=made: made.setChecked(False))

    def _use(self, tool: PickPlace, on: bool) -> None:
        if on:
            tool.take()
        else:
            tool.leave()

    def shown(self, on: bool) -> None:
        """Follow what is selected in the case layer while the dock is seen."""
        if on:
            self._watch()
            page = self.desk.page
            if page is not None:
                self.show(page["case"], move=False)
        else:
            self.clear()

    def redraw(self) -> None:
        """Mark the same case again: the map has another CRS now."""
        if self._shown is not None:
            self.show(self._shown, move=False)

    def _watch(self) -> None:
        layer = layers.find_layer(self.desk.path, "case_record") if self.desk.path else None
        if layer is self._watched:
            return
        self._watched = layer
        if layer is not None:
            layer.selectionChanged.connect(self._selected)
            layer.willBeDeleted.connect(self._forget)

    def _forget(self) -> None:
        self._watched = None

    def _selected(self, chosen: list[int], *_more: Any) -> None:
        if self.desk.dock.isVisible() and len(chosen) == 1:
            self.desk.show_picked(int(chosen[0]))

    def _picked(self, place: QgsPointXY) -> None:
        """Select the case nearest to a click; open ones go before closed ones."""
        layer = layers.find_layer(self.desk.path, "case_record") if self.desk.path else None
        if layer is None:
            self.desk.dock.label.setText(tr("The case layer is not loaded."))
            return
        settings = self.canvas.mapSettings()
        at = self._transform(settings.destinationCrs(), layer.crs(), place)
        if at is None:
            return
        radius = _NEAR * layer_units(self.canvas, layer, place)
        box = QgsGeometry.fromPointXY(at).buffer(radius, 4).boundingBox()
        request = QgsFeatureRequest().setFilterRect(box).setSubsetOfAttributes(["stage"], layer.fields())
        found = [
            (str(feature["stage"]) in ENDED, feature.geometry().asPoint().sqrDist(at), feature.id())
            for feature in layer.getFeatures(request)
        ]
        if found:
            self.desk.show_picked(int(min(found)[2]))
        else:
            self.desk.dock.label.setText(tr("There is no case at this place."))

    def _placed(self, place: QgsPointXY) -> None:
        if not self.desk.dock.place_button.isChecked():
            return
        at = self._transform(self.canvas.mapSettings().destinationCrs(), self.desk.crs(), place)
        self.desk.dock.place_button.setChecked(False)
        if at is not None and self.asked is not None:
            self.asked(at.x(), at.y())

    @staticmethod
    def _transform(source: Any, target: Any, place: QgsPointXY) -> QgsPointXY | None:
        try:
            return QgsCoordinateTransform(source, target, QgsProject.instance()).transform(place)
        except QgsCsException:
            return None

    def show(self, case: dict[str, Any], *, move: bool) -> None:
        """Mark a case; bring it into sight when it is out of it."""
        self._watch()
        self.clear()
        self._shown = case
        if case.get("x") is None:
            return
        place = QgsPointXY(float(case["x"]), float(case["y"]))
        at = self._transform(self.desk.crs(), self.canvas.mapSettings().destinationCrs(), place)
        if at is None:
            return
        colour = _COLOURS.get(str(case.get("lamp")), "#7b1fa2")
        self.band = self._marks(colour, QgsRubberBand.IconType.ICON_CIRCLE, [at])
        if move and not self.canvas.extent().contains(at):
            self.canvas.setCenter(at)
            self.canvas.refresh()

    def _marks(self, colour: str, icon: Any, places: Sequence[QgsPointXY]) -> QgsRubberBand:
        band = QgsRubberBand(self.canvas, POINT)
        band.setIcon(icon)
        band.setIconSize(18)
        band.setWidth(3)
        band.setStrokeColor(QColor(colour))
        band.setFillColor(QColor(0, 0, 0, 0))  # a ring: what is below stays in sight
        band.setSecondaryStrokeColor(QColor("#ffffff"))
        for place in places:
            band.addPoint(place)
        return band

    def propose(self, places: Sequence[Mapping[str, Any]]) -> None:
        """Mark where a case may lie (``x``, ``y`` in the store's CRS); none takes the marks away."""
        self._drop(self.proposed)
        self.proposed = None
        target = self.canvas.mapSettings().destinationCrs()
        spots = [QgsPointXY(float(one["x"]), float(one["y"])) for one in places]
        at = [spot for spot in (self._transform(self.desk.crs(), target, one) for one in spots) if spot is not None]
        if at:
            self.proposed = self._marks("#0072b2", QgsRubberBand.IconType.ICON_X, at)

    def look_at(self, place: Mapping[str, Any]) -> None:
        """Bring a proposal into sight and let it flash."""
        spot = QgsPointXY(float(place["x"]), float(place["y"]))
        at = self._transform(self.desk.crs(), self.canvas.mapSettings().destinationCrs(), spot)
        if at is None:
            return
        if not self.canvas.extent().contains(at):
            self.canvas.setCenter(at)
            self.canvas.refresh()
        self.canvas.flashGeometries([QgsGeometry.fromPointXY(spot)], self.desk.crs())

    def clear(self) -> None:
        """Take the marks away."""
        for band in (self.band, self.proposed):
            self._drop(band)
        self.band = self.proposed = self._shown = None

    def _drop(self, band: QgsRubberBand | None) -> None:
        if band is not None:
            self.canvas.scene().removeItem(band)

    def shut(self) -> None:
        """Give map and layer back."""
        self.clear()
        self.canvas.destinationCrsChanged.disconnect(self.redraw)
        for tool in (self.picker, self.placer):
            tool.leave()
        if self._watched is not None:
            self._watched.selectionChanged.disconnect(self._selected)


def layer_units(canvas: Any, layer: Any, place: QgsPointXY) -> float:
    """Return how many units of a layer one pixel of the map is at a place."""
    source = canvas.mapSettings().destinationCrs()
    beside = QgsPointXY(place.x() + canvas.mapUnitsPerPixel(), place.y())
    try:
        transform = QgsCoordinateTransform(source, layer.crs(), QgsProject.instance())
        return float(transform.transform(place).distance(transform.transform(beside)))
    except QgsCsException:
        return float(canvas.mapUnitsPerPixel())

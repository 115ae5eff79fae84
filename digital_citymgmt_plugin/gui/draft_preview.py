# SPDX-License-Identifier: GPL-2.0-or-later
"""A draft of one community drawn on the map without a layer: nothing to save, nothing left behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.core import Qgis, QgsCoordinateReferenceSystem, QgsCoordinateTransform, QgsCsException, QgsProject
from qgis.gui import QgsRubberBand
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

from digital_citymgmt_plugin.gui.models.draft import is_doubtful

INK, WARN = "#c2187c", "#c8102e"  # those of drafts, and of what is late (bridge.palette)
try:
    POLYGON = Qgis.GeometryType.Polygon
except AttributeError:  # before 3.30
    from qgis.core import QgsWkbTypes

    POLYGON = QgsWkbTypes.GeometryType.PolygonGeometry


class CellsOnMap:
    """Two rubber bands: all cells by their outlines, and the doubtful ones hatched."""

    def __init__(self, canvas: Any) -> None:
        self.canvas = canvas
        self.bands: list[QgsRubberBand] = []

    def show(self, cells: Sequence[Mapping[str, Any]], crs: QgsCoordinateReferenceSystem) -> None:
        """Draw cells given in ``crs`` in the place of those before; none where they cannot be brought to the map."""
        self.clear()
        target = self.canvas.mapSettings().destinationCrs()
        move = QgsCoordinateTransform(crs, target, QgsProject.instance()) if target.isValid() else None
        doubtful = [cell for cell in cells if is_doubtful(cell)]
        for chosen, ink, hatch in ((cells, INK, False), (doubtful, WARN, True)):
            band = QgsRubberBand(self.canvas, POLYGON)
            band.setStrokeColor(QColor(ink))
            band.setWidth(2)
            band.setLineStyle(Qt.PenStyle.SolidLine)
            fill = QColor(ink)
            fill.setAlpha(70 if hatch else 20)
            band.setFillColor(fill)
            band.setBrushStyle(Qt.BrushStyle.BDiagPattern if hatch else Qt.BrushStyle.SolidPattern)
            self.bands.append(band)
            for cell in chosen:
                shape = type(cell["geometry"])(cell["geometry"])
                try:
                    if move is not None:
                        shape.transform(move)
                except QgsCsException:
                    self.clear()
                    return
                band.addGeometry(shape, None)

    def clear(self) -> None:
        """Take the drawing off the map."""
        for band in self.bands:
            band.reset(POLYGON)
            self.canvas.scene().removeItem(band)
        self.bands = []

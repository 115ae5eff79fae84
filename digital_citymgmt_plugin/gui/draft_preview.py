# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells of a draft drawn on the map without a layer: nothing to save, nothing left behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsProject,
)
from qgis.gui import QgsRubberBand
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

from digital_citymgmt_plugin.gui.models.draft import is_doubtful

BEFORE, AFTER = "#1c71d8", "#26a269"  # kin of a grid: blue for the past, green for what came
INK, WARN = "#e66100", "#c8102e"  # no colour that the layers of the store have for areas; that of what is late
try:
    POLYGON, POINT = Qgis.GeometryType.Polygon, Qgis.GeometryType.Point
except AttributeError:  # before 3.30
    from qgis.core import QgsWkbTypes

    POLYGON, POINT = QgsWkbTypes.GeometryType.PolygonGeometry, QgsWkbTypes.GeometryType.PointGeometry


class CellsOnMap:
    """Rubber bands: all cells by their outlines and the doubtful ones hatched, or one cell alone."""

    def __init__(self, canvas: Any) -> None:
        self.canvas = canvas
        self.bands: list[QgsRubberBand] = []

    def show(
        self, cells: Sequence[Mapping[str, Any]], made: Mapping[str, Any], crs: QgsCoordinateReferenceSystem
    ) -> None:
        """Draw cells given in ``crs`` in the place of those before; none where they cannot be brought to the map."""
        self.clear()
        doubtful = [cell["geometry"] for cell in cells if is_doubtful(cell, made)]
        self._draw([cell["geometry"] for cell in cells], crs, INK, 20, Qt.BrushStyle.SolidPattern)
        self._draw(doubtful, crs, WARN, 70, Qt.BrushStyle.BDiagPattern)

    def show_one(self, shape: QgsGeometry, crs: QgsCoordinateReferenceSystem) -> None:
        """Draw the outline of one cell, or a line, so that it is seen which one is looked at."""
        self.clear()
        self._draw([shape], crs, INK, 0, Qt.BrushStyle.NoBrush, shape.type())

    def show_kin(
        self,
        grid: Sequence[QgsGeometry],
        before: Sequence[QgsGeometry],
        after: Sequence[QgsGeometry],
        looked_at: Sequence[QgsGeometry],
        crs: QgsCoordinateReferenceSystem,
    ) -> None:
        """Draw a grid, what it was before and what became of it; filled: what is looked at."""
        self.clear()
        self._draw(before, crs, BEFORE, 60, Qt.BrushStyle.BDiagPattern)
        self._draw(after, crs, AFTER, 60, Qt.BrushStyle.FDiagPattern)
        self._draw(grid, crs, INK, 0, Qt.BrushStyle.NoBrush)
        self._draw(looked_at, crs, INK, 50, Qt.BrushStyle.SolidPattern)

    def _draw(
        self,
        shapes: Sequence[QgsGeometry],
        crs: QgsCoordinateReferenceSystem,
        ink: str,
        alpha: int,
        brush: Any,
        kind: Any = POLYGON,
    ) -> None:
        target = self.canvas.mapSettings().destinationCrs()
        move = QgsCoordinateTransform(crs, target, QgsProject.instance()) if target.isValid() else None
        band = QgsRubberBand(self.canvas, kind)
        band.setStrokeColor(QColor(ink))
        band.setWidth(3)
        fill = QColor(ink)
        fill.setAlpha(alpha)
        band.setFillColor(fill)
        band.setBrushStyle(brush)
        self.bands.append(band)
        for one in shapes:
            shape = QgsGeometry(one)
            try:
                if move is not None:
                    shape.transform(move)
            except QgsCsException:
                band.reset(POLYGON)
                return
            band.addGeometry(shape, None)

    def clear(self) -> None:
        """Take the drawing off the map."""
        for band in self.bands:
            band.reset(POLYGON)
            self.canvas.scene().removeItem(band)
        self.bands = []

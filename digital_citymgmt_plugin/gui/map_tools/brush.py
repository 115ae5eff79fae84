# SPDX-License-Identifier: GPL-2.0-or-later
"""The brush that paints unit grids to a beat: click or drag; the right button picks up the beat under it."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsCoordinateTransform, QgsCsException, QgsFeature, QgsGeometry, QgsProject, QgsSpatialIndex
from qgis.gui import QgsMapMouseEvent, QgsMapTool
from qgis.PyQt.QtCore import Qt, pyqtSignal


class GridIndex:
    """Unit grids by place, in the store's CRS."""

    def __init__(self, shapes: list[QgsGeometry], crs: Any) -> None:
        self.shapes, self.crs = shapes, crs
        self._index = QgsSpatialIndex()
        for row, shape in enumerate(shapes):
            feature = QgsFeature(row)
            feature.setGeometry(shape)
            self._index.addFeature(feature)

    def along(self, line: QgsGeometry) -> list[int]:
        """Return the rows of the grids that a line (or point) of the store's CRS meets."""
        return sorted(row for row in self._index.intersects(line.boundingBox()) if self.shapes[row].intersects(line))


class Brush(QgsMapTool):
    """Emits ``painted`` with the rows met since the last move, ``lifted`` at the end of a stroke, ``picked`` a row."""

    painted = pyqtSignal(list)
    lifted = pyqtSignal()
    picked = pyqtSignal(int)

    def __init__(self, canvas: Any) -> None:
        super().__init__(canvas)
        self.grids: GridIndex | None = None
        self._last: Any = None
        self.setCursor(Qt.CursorShape.CrossCursor)

    def _met(self, points: list[Any]) -> list[int]:
        """Return the rows that a move over points of the map meets."""
        if self.grids is None:
            return []
        shape = QgsGeometry.fromPointXY(points[0]) if len(points) == 1 else QgsGeometry.fromPolylineXY(points)
        source = self.canvas().mapSettings().destinationCrs()
        if source.isValid() and source != self.grids.crs:
            try:
                shape.transform(QgsCoordinateTransform(source, self.grids.crs, QgsProject.instance()))
            except QgsCsException:
                return []
        return self.grids.along(shape)

    def canvasPressEvent(self, event: QgsMapMouseEvent) -> None:
        """Begin a stroke, or pick up the beat under the brush."""
        place = event.mapPoint()
        if event.button() == Qt.MouseButton.RightButton:
            rows = self._met([place])
            if rows:
                self.picked.emit(rows[0])
        elif event.button() == Qt.MouseButton.LeftButton:
            self._last = place
            self.painted.emit(self._met([place]))

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        """Paint on: all grids between this place and the last one."""
        if self._last is None:
            return
        place = event.mapPoint()
        if place != self._last:
            rows = self._met([self._last, place])
            self._last = place
            self.painted.emit(rows)

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """End the stroke."""
        if self._last is not None and event.button() == Qt.MouseButton.LeftButton:
            self._last = None
            self.lifted.emit()

    def deactivate(self) -> None:
        """Another tool is taken up: a stroke under way ends."""
        if self._last is not None:
            self._last = None
            self.lifted.emit()
        super().deactivate()

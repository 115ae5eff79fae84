# SPDX-License-Identifier: GPL-2.0-or-later
"""Pens that take hold of a corner or an edge of the grids and pull it: press, pull, let go; or click, move, click."""

from __future__ import annotations

from typing import Any

from qgis.gui import QgsMapMouseEvent
from qgis.PyQt.QtCore import QPoint, Qt

from digital_citymgmt_plugin.gui.map_tools.pen import LINE, Pen

FEW = 4  # pixels that the mouse may move within a click


class DragPen(Pen):
    """Two points: what is taken hold of, and where it goes."""

    KIND = LINE
    EDGE = False  # takes hold of an edge, not of a corner

    def __init__(self, canvas: Any, snapping: Any) -> None:
        super().__init__(canvas, snapping)
        self._pressed: QPoint | None = None

    def snapped(self, place: Any) -> Any:
        """Return the corner or edge that would be taken hold of; then whatever its new place is drawn to."""
        if self.points:
            return self.snapping.match(place)
        return self.snapping.grid_match(place, edge=self.EDGE)

    def tell(self) -> None:
        """Say where the pen is, once it holds something."""
        if self.points:
            super().tell()

    def canvasPressEvent(self, event: QgsMapMouseEvent) -> None:
        """Take hold; with something in hand, a second click puts it down and the right button drops it."""
        if event.button() == Qt.MouseButton.RightButton:
            self.drop()
        elif event.button() == Qt.MouseButton.LeftButton:
            self.go_to(event.originalMapPoint())
            if self.points:
                self.end()
            else:
                self._pressed = QPoint(event.pos())
                self.set_point()

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """Put down what was pulled; after a mere click it stays in hand."""
        pressed, self._pressed = self._pressed, None
        if pressed is None or not self.points or event.button() != Qt.MouseButton.LeftButton:
            return
        if (event.pos() - pressed).manhattanLength() > FEW:
            self.go_to(event.originalMapPoint())
            self.end()

    def canvasDoubleClickEvent(self, event: QgsMapMouseEvent) -> None:
        """A double click pulls nothing anywhere."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.drop()

    def set_point(self) -> None:
        """Take hold of what is under the pen, or put down what it holds (keyboard)."""
        if self.points:
            self.end()
        elif self.place is not None:
            self.points = [self.place]
            self._draw()

    def end(self) -> None:
        """Put down what is held where the pen is."""
        if not self.points or self.place is None or self.place == self.points[0]:
            return
        points, self.points = [self.points[0], self.place], []
        self._draw()
        self.ended.emit(points)


class VertexPen(DragPen):
    """Pulls a corner; all cells that have it follow."""


class EdgePen(DragPen):
    """Pulls the boundary between two junctions."""

    EDGE = True

# SPDX-License-Identifier: GPL-2.0-or-later
"""A small picture of where the places of a table lie in the city."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.PyQt.QtCore import QPointF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPen, QPolygonF
from qgis.PyQt.QtWidgets import QWidget

_GROUND, _EDGE, _PLACE = QColor("#eef2f6"), QColor("#7b8fa5"), QColor("#c2410c")
_MARGIN, _DOT = 8, 2.2


class PlacesSketch(QWidget):
    """Outlines of the city's areas and points over them; the picture reaches as far as both do."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rings: list[list[list[float]]] = []
        self.points: list[list[float]] = []
        self.setMinimumSize(180, 140)

    def sizeHint(self) -> QSize:
        """Return the size that is enough."""
        return QSize(260, 200)

    def show_places(self, rings: Sequence[Any], points: Sequence[Any]) -> None:
        """Draw other areas and points."""
        self.rings, self.points = [list(ring) for ring in rings], [list(point) for point in points]
        self.update()

    def box(self) -> tuple[float, float, float, float] | None:
        """Return what the picture shows: west, south, east, north."""
        every = [corner for ring in self.rings for corner in ring] + self.points
        if not every:
            return None
        xs, ys = [one[0] for one in every], [one[1] for one in every]
        return min(xs), min(ys), max(xs), max(ys)

    def paintEvent(self, event: Any) -> None:
        """Draw."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), self.palette().base())
        box = self.box()
        if box is None:
            painter.end()
            return
        west, south, east, north = box
        wide, high = max(east - west, 1.0), max(north - south, 1.0)
        scale = min((self.width() - 2 * _MARGIN) / wide, (self.height() - 2 * _MARGIN) / high)
        left, top = (self.width() - wide * scale) / 2, (self.height() - high * scale) / 2

        def at(xy: Sequence[float]) -> QPointF:
            return QPointF(left + (xy[0] - west) * scale, top + (north - xy[1]) * scale)

        painter.setPen(QPen(_EDGE, 1.0))
        painter.setBrush(_GROUND)
        for ring in self.rings:
            painter.drawPolygon(QPolygonF([at(corner) for corner in ring]))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_PLACE)
        for point in self.points:
            painter.drawEllipse(at(point), _DOT, _DOT)
        painter.end()

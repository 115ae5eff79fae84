# SPDX-License-Identifier: GPL-2.0-or-later
"""A small picture of where the places of a table lie in the city."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPen, QPolygonF
from qgis.PyQt.QtWidgets import QWidget

_GROUND, _EDGE, _PLACE, _OUT = QColor("#eef2f6"), QColor("#415a75"), QColor(194, 65, 12, 130), QColor("#7c2d12")
_MARGIN, _DOT = 8, 1.6
_AROUND = 0.15  # of the city's extent, shown around it; what lies further off is drawn at the edge


class PlacesSketch(QWidget):
    """Outlines of the city's areas and points over them; points far from the city stand at the edge as squares."""

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
        """Return what the picture shows: west, south, east, north; without areas the extent of the points."""
        every = [corner for ring in self.rings for corner in ring] or self.points
        if not every:
            return None
        xs, ys = [one[0] for one in every], [one[1] for one in every]
        west, south, east, north = min(xs), min(ys), max(xs), max(ys)
        more = _AROUND * max(east - west, north - south) if self.rings else 0.0
        return west - more, south - more, east + more, north + more

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
        for x, y in self.points:
            inside = west <= x <= east and south <= y <= north
            place = at((min(max(x, west), east), min(max(y, south), north)))
            painter.setBrush(_PLACE if inside else _OUT)
            if inside:
                painter.drawEllipse(place, _DOT, _DOT)
            else:
                painter.drawRect(QRectF(place.x() - 3, place.y() - 3, 6, 6))
        painter.end()

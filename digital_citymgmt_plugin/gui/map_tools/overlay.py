# SPDX-License-Identifier: GPL-2.0-or-later
"""The cells of a redraw session on the map, over those of the store: outlines, judgement, labels. No layer is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
)
from qgis.gui import QgsMapCanvasItem, QgsRubberBand
from qgis.PyQt.QtCore import QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QColor, QFont, QPainter, QPainterPath, QPen, QTransform

from digital_citymgmt_plugin.gui.draft_preview import INK, POLYGON
from digital_citymgmt_plugin.gui.models.redraw import COLOURS, SIGNS, short_words, verdict_of

BRUSHES = {
    "green": Qt.BrushStyle.SolidPattern, "amber": Qt.BrushStyle.Dense5Pattern, "red": Qt.BrushStyle.BDiagPattern,
}  # fmt: skip
_MOST = 400  # labels; more of them say nothing any more


@dataclass(frozen=True)
class Drawn:
    """A cell as it is drawn: its shape in the store's CRS, its words, how it is judged."""

    shape: QgsGeometry
    words: str
    verdict: str


class Labels(QgsMapCanvasItem):
    """Words with a halo at places of the map."""

    def __init__(self, canvas: Any) -> None:
        super().__init__(canvas)
        self.canvas = canvas
        self.texts: list[tuple[str, QgsPointXY, str]] = []  # cell, place, words
        self.hidden: set[str] = set()
        self.setZValue(60)

    def boundingRect(self) -> QRectF:
        """Return the whole canvas."""
        return QRectF(0, 0, self.canvas.width(), self.canvas.height())

    def updatePosition(self) -> None:
        """Draw anew when the map has moved."""
        self.prepareGeometryChange()
        self.update()

    def paint(self, painter: QPainter, _option: Any = None, _widget: Any = None) -> None:
        """Draw the words."""
        font = QFont(self.canvas.font())
        font.setBold(True)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        within = self.boundingRect()
        for key, place, words in self.texts[:_MOST]:
            at = self.toCanvasCoordinates(place)
            if key in self.hidden or not within.contains(at):
                continue
            path = QPainterPath()
            path.addText(QPointF(0, 0), font, words)
            box = path.boundingRect()
            path = QTransform.fromTranslate(at.x() - box.center().x(), at.y() - box.center().y()).map(path)
            painter.setPen(QPen(QColor("#ffffff"), 4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap,
                                Qt.PenJoinStyle.RoundJoin))  # fmt: skip
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(path)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor("#202020"))
            painter.drawPath(path)


class CellsOverlay:
    """Draws cells; ``dashed``: as what is not done yet."""

    def __init__(self, canvas: Any, *, dashed: bool = False) -> None:
        self.canvas = canvas
        self.dashed = dashed
        self.bands: list[QgsRubberBand] = []
        self.labels: Labels | None = None

    def show(self, cells: Mapping[str, Drawn], crs: QgsCoordinateReferenceSystem) -> None:
        """Draw these cells (in ``crs``) in the place of those before."""
        self.clear()
        if not cells:
            return
        target = self.canvas.mapSettings().destinationCrs()
        move = QgsCoordinateTransform(crs, target, QgsProject.instance()) if target.isValid() else None
        bands: dict[str, QgsRubberBand] = {}
        texts = []
        for key, cell in cells.items():
            shape = QgsGeometry(cell.shape)
            try:
                if move is not None:
                    shape.transform(move)
            except QgsCsException:
                continue
            if cell.verdict not in bands:
                bands[cell.verdict] = self._band(cell.verdict)
            bands[cell.verdict].addGeometry(shape, None)
            place = shape.pointOnSurface()
            if not place.isEmpty():
                texts.append((key, place.asPoint(), f"{SIGNS.get(cell.verdict, '')} {cell.words}".strip()))
        self.bands = list(bands.values())
        self.labels = Labels(self.canvas)
        self.labels.texts = texts
        self.labels.updatePosition()
        self.labels.show()

    def hide_labels(self, keys: set[str]) -> None:
        """Write nothing on these cells: something else is drawn over them."""
        if self.labels is not None and self.labels.hidden != keys:
            self.labels.hidden = keys
            self.labels.update()

    def _band(self, verdict: str) -> QgsRubberBand:
        band = QgsRubberBand(self.canvas, POLYGON)
        band.setStrokeColor(QColor(INK))
        band.setWidth(2 if self.dashed else 3)
        if self.dashed:
            band.setLineStyle(Qt.PenStyle.DashLine)
        fill = QColor(COLOURS.get(verdict, INK))
        fill.setAlpha(60)
        band.setFillColor(fill)
        band.setBrushStyle(BRUSHES.get(verdict, Qt.BrushStyle.SolidPattern))
        return band

    def clear(self) -> None:
        """Take everything off the map."""
        scene = self.canvas.scene()
        for band in self.bands:
            band.reset(POLYGON)
            scene.removeItem(band)
        self.bands = []
        if self.labels is not None:
            scene.removeItem(self.labels)
            self.labels = None


class SessionCells:
    """Which cells a session has changed, change by change, and their drawing.

    A cell is drawn from the change that first touched it until no change is left that did.
    """

    def __init__(self, canvas: Any) -> None:
        self.overlay = CellsOverlay(canvas)
        self.under_pen = CellsOverlay(canvas, dashed=True)
        self.drawn: dict[str, Drawn] = {}
        self.touched: list[set[str]] = []
        self.verdicts: dict[str, str] = {}  # of all cells as they are now

    def start(self, answer: Mapping[str, Any], crs: QgsCoordinateReferenceSystem, steps: int) -> None:
        """Begin with what a session has changed already (in ``steps`` changes that count as one)."""
        self.drawn = {}
        self._take(answer)
        self.touched = [set() for _ in range(steps)]
        if steps:
            self.touched[0] = _keys(answer)
        self.overlay.show(self.drawn, crs)

    def did(self, answer: Mapping[str, Any], crs: QgsCoordinateReferenceSystem) -> None:
        """Draw one change more."""
        self.touched.append(_keys(answer))
        self._take(answer)
        self.overlay.show(self.drawn, crs)

    def undid(self, answer: Mapping[str, Any], crs: QgsCoordinateReferenceSystem) -> None:
        """Draw one change less."""
        keys = _keys(answer) | (self.touched.pop() if self.touched else set())
        self._take(answer)
        left: set[str] = set().union(*self.touched)
        for key in keys - left:
            self.drawn.pop(key, None)
        self.overlay.show(self.drawn, crs)

    def probe(self, answer: Mapping[str, Any], crs: QgsCoordinateReferenceSystem) -> None:
        """Draw what a pen would make of the cells under it."""
        self.under_pen.show({key: cell for key, cell in _shapes(answer).items() if cell.words}, crs)
        self.overlay.hide_labels({str(cell["id"]) for cell in answer.get("cells") or []})

    def lift(self) -> None:
        """Take the drawing of the pen away."""
        self.under_pen.clear()
        self.overlay.hide_labels(set())

    def _take(self, answer: Mapping[str, Any]) -> None:
        for cell in answer.get("cells") or []:
            if cell.get("state") == "gone":
                self.verdicts.pop(str(cell["id"]), None)
            else:
                self.verdicts[str(cell["id"])] = verdict_of(cell)
        for key, cell in _shapes(answer).items():
            old = self.drawn.get(key)
            if cell.words:
                self.drawn[key] = cell
            elif old is not None:  # it only got a corner: its figures are as they were
                self.drawn[key] = Drawn(cell.shape, old.words, old.verdict)
        for key in answer.get("gone") or ():
            self.drawn.pop(key, None)

    def clear(self) -> None:
        """Forget all of it."""
        self.drawn, self.touched = {}, []
        self.lift()
        self.overlay.clear()


def _keys(answer: Mapping[str, Any]) -> set[str]:
    return set(answer.get("shapes") or {}) | set(answer.get("gone") or ())


def _shapes(answer: Mapping[str, Any]) -> dict[str, Drawn]:
    """Return the cells of an answer of the engine as they are drawn."""
    told = {str(cell["id"]): cell for cell in answer.get("cells") or []}
    found = {}
    for key, code in (answer.get("shapes") or {}).items():
        shape = QgsGeometry()
        shape.fromWkb(bytes.fromhex(code))
        cell = told.get(key)
        # Of cells that only got a corner nothing is told: nothing about them has changed.
        found[key] = Drawn(shape, short_words(cell) if cell else "", verdict_of(cell) if cell else "")
    return found

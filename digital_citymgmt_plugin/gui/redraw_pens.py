# SPDX-License-Identifier: GPL-2.0-or-later
"""The pens of the redraw bench on one canvas: made when first taken, one in hand at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransform, QgsPointXY, QgsProject
from qgis.PyQt.QtCore import QObject, pyqtSignal

from digital_citymgmt_plugin.bridge import layers
from digital_citymgmt_plugin.gui.map_tools.pen import Pen
from digital_citymgmt_plugin.gui.map_tools.pens import TOOLS
from digital_citymgmt_plugin.gui.map_tools.snapping import PenSnapping

BASE = ("base_line", "base_area")


class Pens(QObject):
    """All pens, and which one is in hand.

    Signals: ``moved`` and ``ended`` (name of the tool, points in the map CRS), ``dropped``, ``pressed`` (undo, redo),
    ``taken`` (name of the tool in hand, "" for none), ``too_few`` (what to do with a tool that has too few points).
    """

    moved = pyqtSignal(str, list)
    ended = pyqtSignal(str, list)
    dropped = pyqtSignal()
    pressed = pyqtSignal(str)
    taken = pyqtSignal(str)
    too_few = pyqtSignal(str)

    def __init__(self, canvas: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.canvas = canvas
        self.snapping: PenSnapping | None = None
        self.by_name: dict[str, Pen] = {}
        self.same_cell: Callable[[QgsPointXY, QgsPointXY], bool] | None = None  # of two places on the map
        self._before: Any = None  # the map tool that was there before ours
        canvas.mapToolSet.connect(self._tool_set)

    def name(self) -> str:
        """Return the name of the tool in hand, "" for none."""
        tool = self.canvas.mapTool()
        return next((name for name, pen in self.by_name.items() if pen is tool), "")

    def take(self, name: str, path: str) -> None:
        """Take a tool; it is drawn to the grids and the base map of the store ``path``."""
        self._make()
        if not self.name():
            self._before = self.canvas.mapTool()
            grids = layers.find_layer(path, "unit_grid", "current")
            base = [layer for layer in (layers.find_layer(path, table) for table in BASE) if layer is not None]
            assert self.snapping is not None  # noqa: S101  (made with the pens)
            self.snapping.use([grids] if grids is not None else [], base)
        self.canvas.setMapTool(self.by_name[name])

    def _make(self) -> None:
        if self.by_name:
            return
        self.snapping = PenSnapping(self.canvas)
        for tool in TOOLS:
            pen = tool.pen(self.canvas, self.snapping)
            pen.moved.connect(lambda points, name=tool.name: self.moved.emit(name, points))
            pen.ended.connect(lambda points, name=tool.name: self.ended.emit(name, points))
            pen.dropped.connect(self.dropped)
            pen.pressed.connect(self.pressed)
            pen.too_few.connect(lambda words=tool.few: self.too_few.emit(words))
            pen.same_cell = self._same
            self.by_name[tool.name] = pen

    def _same(self, one: QgsPointXY, other: QgsPointXY) -> bool:
        return self.same_cell is not None and self.same_cell(one, other)

    def put_down(self) -> None:
        """Give the map back to the tool that had it."""
        if self.name():
            before, self._before = self._before, None
            self.canvas.unsetMapTool(self.canvas.mapTool())
            if before is not None:
                self.canvas.setMapTool(before)

    def let_go(self) -> None:
        """Put the pen down and close the files that it is drawn to: the store is closed."""
        self.put_down()
        if self.snapping is not None:
            self.snapping.let_go()

    def drop(self) -> None:
        """Forget what is drawn."""
        name = self.name()
        if name:
            self.by_name[name].drop()

    def flat(self, name: str, points: Sequence[QgsPointXY], crs: QgsCoordinateReferenceSystem) -> list[float]:
        """Return what a pen drew as x and y in turn, in ``crs``; raises ``QgsCsException``."""
        if self.by_name[name].CLOSED:
            points = [*points, points[0]]
        source = self.canvas.mapSettings().destinationCrs()
        if source.isValid() and crs.isValid() and source != crs:
            move = QgsCoordinateTransform(source, crs, QgsProject.instance())
            points = [move.transform(point) for point in points]
        return [value for point in points for value in (point.x(), point.y())]

    def _tool_set(self, *_tools: Any) -> None:
        self.taken.emit(self.name())

    def shut(self) -> None:
        """End: leave nothing on the map."""
        self.let_go()
        self.canvas.mapToolSet.disconnect(self._tool_set)

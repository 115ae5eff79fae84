# SPDX-License-Identifier: GPL-2.0-or-later
"""The pen that all tools of the redraw bench are: places on the map, set one by one, by mouse or by keyboard.

A pen knows nothing of cells. It says where it is (``moved``), when it is done (``ended``), and what was pressed; what
that would do to the cells is asked of the engine by ``redraw_controller.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import Qgis, QgsPointXY
from qgis.gui import QgsMapMouseEvent, QgsMapTool, QgsRubberBand, QgsSnapIndicator, QgsVertexMarker
from qgis.PyQt.QtCore import QPoint, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor

from digital_citymgmt_plugin.gui.draft_preview import INK
from digital_citymgmt_plugin.gui.map_tools.keys import Keys
from digital_citymgmt_plugin.gui.map_tools.snapping import PenSnapping

try:
    LINE, POINTS = Qgis.GeometryType.Line, Qgis.GeometryType.Point
except AttributeError:  # before 3.30
    from qgis.core import QgsWkbTypes

    LINE, POINTS = QgsWkbTypes.GeometryType.LineGeometry, QgsWkbTypes.GeometryType.PointGeometry


class Pen(QgsMapTool):
    """A pen that sets point after point; a double click, a right click or Enter ends it.

    Parameters
    ----------
    canvas : QgsMapCanvas
    snapping : PenSnapping
        Shared by the pens of one canvas.

    Signals: ``moved`` (points set and the place of the pen, map CRS), ``ended`` (points), ``dropped`` (nothing is drawn
    any more), ``pressed`` (undo, redo, ``tool 3``, leave), ``too_few`` (it was to end, and what is drawn is no whole).
    """

    moved = pyqtSignal(list)
    ended = pyqtSignal(list)
    dropped = pyqtSignal()
    pressed = pyqtSignal(str)
    too_few = pyqtSignal()
    KIND = LINE  # what is drawn
    LEAST = 2  # points that make a whole
    CLOSED = False  # whether what is drawn comes back to where it began

    def __init__(self, canvas: Any, snapping: PenSnapping) -> None:
        super().__init__(canvas)
        self.snapping = snapping
        self.points: list[QgsPointXY] = []
        self.place: QgsPointXY | None = None
        self.band: QgsRubberBand | None = None
        self.mark: QgsVertexMarker | None = None
        self.indicator: QgsSnapIndicator | None = None
        self.same_cell: Callable[[QgsPointXY, QgsPointXY], bool] = lambda _one, _other: False  # of two places
        self._free: QgsPointXY | None = None  # where the keyboard left the pen
        self.keys = Keys(canvas, self.act)
        self.setCursor(Qt.CursorShape.CrossCursor)

    def flags(self) -> Any:
        """Return that zooming by Shift and a drag stays as QGIS has it."""
        return QgsMapTool.Flag.AllowZoomRect

    # -- life ---------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Take the map and its keyboard."""
        super().activate()
        self.indicator = QgsSnapIndicator(self.canvas())
        self.keys.watch(True)
        self.canvas().setFocus()

    def deactivate(self) -> None:
        """Leave nothing on the map."""
        self.keys.watch(False)
        self.drop()
        self.place = self._free = None
        if self.band is not None:
            self.canvas().scene().removeItem(self.band)
            self.band = None
        if self.indicator is not None:
            self.indicator.setVisible(False)
            self.indicator = None
        self._unmark()
        super().deactivate()

    def _unmark(self) -> None:
        """Take the cross of the keyboard's pen off the map."""
        if self.mark is not None:
            self.canvas().scene().removeItem(self.mark)
            self.mark = None

    def drop(self) -> None:
        """Forget what was drawn."""
        had = bool(self.points)
        self.points = []
        self._draw()
        if had:
            self.dropped.emit()

    # -- mouse --------------------------------------------------------------------------------------------------

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        """Follow the mouse."""
        self._free = None
        self._unmark()
        self.go_to(event.originalMapPoint())

    def canvasPressEvent(self, event: QgsMapMouseEvent) -> None:
        """Set a point with the left button; end with the right one."""
        if event.button() == Qt.MouseButton.RightButton:
            self.end()
        elif event.button() == Qt.MouseButton.LeftButton:
            self.go_to(event.originalMapPoint())
            self.set_point()

    def canvasDoubleClickEvent(self, event: QgsMapMouseEvent) -> None:
        """End: the first press of the double click has set the last point already."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.end()

    # -- what the pen does --------------------------------------------------------------------------------------

    def snapped(self, place: QgsPointXY) -> Any:
        """Return what a place is drawn to."""
        return self.snapping.match(place)

    def go_to(self, place: QgsPointXY) -> None:
        """Move the pen to a place in the map CRS, or to what is near it."""
        match = self.snapped(place)
        if self.indicator is not None:
            self.indicator.setMatch(match)
        self.place = QgsPointXY(match.point()) if match.isValid() else QgsPointXY(place)
        self._draw()
        self.tell()

    def tell(self) -> None:
        """Say where the pen is."""
        if self.place is not None:
            self.moved.emit([*self.points, self.place])

    def set_point(self) -> None:
        """Set a point where the pen is."""
        if self.place is not None and (not self.points or self.place != self.points[-1]):
            self.points.append(self.place)
            self._draw()
            self.tell()

    def end(self) -> None:
        """End with the points set; with too few of them the pen stays as it is."""
        if len(self.points) < self.LEAST:
            self.too_few.emit()
            return
        points, self.points = self.points, []
        self._draw()
        self.ended.emit(points)

    def back(self) -> None:
        """Take the last point back."""
        if self.points:
            self.points.pop()
            self._draw()
            if self.points:
                self.tell()
            else:
                self.dropped.emit()

    # -- keyboard -----------------------------------------------------------------------------------------------

    def act(self, said: str) -> bool:
        """Do what a key means; False for what is none of the pen's."""
        if said.startswith("move "):
            _word, across, down = said.split()
            self._step(int(across), int(down))
        elif said == "point":
            if self.place is None:
                self._step(0, 0)
            self.set_point()
        elif said == "end":
            self.end()
        elif said == "back":
            self.back()
        elif said == "cancel" and self.points:
            self.drop()
        elif said == "undo" and self.points:
            self.back()  # of what is not done yet, a point
        else:
            self.pressed.emit("leave" if said == "cancel" else said)
        return True

    def _step(self, across: int, down: int) -> None:
        """Move the pen by pixels, from the middle of the map when it is nowhere yet."""
        canvas = self.canvas()
        if self.mark is None:
            self.mark = QgsVertexMarker(canvas)
            self.mark.setIconType(QgsVertexMarker.IconType.ICON_CROSS)
            self.mark.setColor(QColor(INK))
            self.mark.setPenWidth(2)
        at = self.toCanvasCoordinates(self._free or self.place or canvas.center())
        free = self.toMapCoordinates(QPoint(at.x() + across, at.y() + down))
        self.go_to(free)
        self._free = free  # not the place it is drawn to, or it would never get away from it
        self.mark.setCenter(self.place)

    # -- drawing ------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        if self.band is None:
            if not self.points:
                return
            self.band = QgsRubberBand(self.canvas(), self.KIND)
            self.band.setStrokeColor(QColor(INK))
            self.band.setWidth(2)
            fill = QColor(INK)
            fill.setAlpha(40)
            self.band.setFillColor(fill)
        self.band.reset(self.KIND)
        for point in self.points:
            self.band.addPoint(point, False)
        if self.points:
            self.band.addPoint(self.place or self.points[-1], True)

# SPDX-License-Identifier: GPL-2.0-or-later
"""A click on the map as a place; Esc or another tool ends it."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsPointXY
from qgis.gui import QgsMapMouseEvent, QgsMapTool
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeyEvent


class PickPlace(QgsMapTool):
    """Signal ``picked``: the place, in the CRS of the map."""

    picked = pyqtSignal(QgsPointXY)

    def __init__(self, canvas: Any) -> None:
        super().__init__(canvas)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.before: QgsMapTool | None = None
        self._going = False

    def take(self) -> None:
        """Become the tool of the map."""
        if self.canvas().mapTool() is not self:
            before = self.canvas().mapTool()
            # Never another tool of this kind: it would come back with its button not pressed.
            self.before = before.before if isinstance(before, PickPlace) else before
            self.canvas().setMapTool(self)

    def leave(self) -> None:
        """Give the map back to the tool before."""
        if self.canvas().mapTool() is self and not self._going:
            if self.before is not None:
                self.canvas().setMapTool(self.before)
            else:
                self.canvas().unsetMapTool(self)

    def deactivate(self) -> None:
        """End: another tool has been taken, which must not be put away for the one before."""
        self._going = True
        super().deactivate()
        self._going = False

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """Tell the place of a click."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(self.toMapCoordinates(event.pos()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc ends it."""
        if event.key() == Qt.Key.Key_Escape:
            event.accept()
            self.leave()

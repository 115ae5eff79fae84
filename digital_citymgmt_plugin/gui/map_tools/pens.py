# SPDX-License-Identifier: GPL-2.0-or-later
"""The tools of the redraw bench in their order, each with its pen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qgis.core import QgsPointXY
from qgis.gui import QgsMapMouseEvent
from qgis.PyQt.QtCore import QCoreApplication

from digital_citymgmt_plugin.gui.draft_preview import POLYGON
from digital_citymgmt_plugin.gui.map_tools.drags import EdgePen, VertexPen
from digital_citymgmt_plugin.gui.map_tools.pen import POINTS, Pen


class LinePen(Pen):
    """Draws a line over the cells."""


class AreaPen(Pen):
    """Draws an area that closes by itself."""

    KIND = POLYGON
    LEAST = 3
    CLOSED = True


class PickPen(Pen):
    """Picks cells by clicks into them; a click into one that is picked lets go of it."""

    KIND = POINTS

    def __init__(self, canvas: Any, snapping: Any) -> None:
        super().__init__(canvas, snapping)
        self._let_go: list[QgsPointXY] = []  # by the last click

    def snapped(self, place: QgsPointXY) -> object:
        """Pick where the mouse is: at an edge nobody could tell which cell was meant."""
        return self.snapping.nothing()

    def set_point(self) -> None:
        """Pick the cell under the pen, or let go of it."""
        place, self._let_go = self.place, []
        if place is not None:
            self._let_go = [one for one in self.points if self.same_cell(one, place)]
        if not self._let_go:
            super().set_point()
            return
        self.points = [one for one in self.points if one not in self._let_go]
        self._draw()
        if self.points:
            self.moved.emit([*self.points])
        else:
            self.dropped.emit()

    def canvasDoubleClickEvent(self, event: QgsMapMouseEvent) -> None:
        """End; the first press of the double click lets go of nothing."""
        self.points += self._let_go
        self._let_go = []
        super().canvasDoubleClickEvent(event)


def tr(text: str) -> str:
    """Translate a text of the redraw bench."""
    return QCoreApplication.translate("Redraw", text)


@dataclass(frozen=True)
class Tool:
    """A tool: name for the engine, words, what to do with it, its pen, what is said when it ends with too few points.

    Words are for ``tr``.
    """

    name: str
    title: str
    hint: str
    pen: type[Pen]
    few: str = ""


# In the order of the buttons; the number is the key.
TOOLS = (
    Tool(
        "split", "Split",
        "Draw a line across one or more grids; double click, right click or Enter ends it.", LinePen,
        "Click at least two places for a line, then end it.",
    ),
    Tool(
        "merge", "Merge",
        "Click into grids of one community that touch each other; right click or Enter merges them.", PickPen,
        "Click into at least two grids, then end with a right click or Enter.",
    ),
    Tool(
        "move_vertex", "Corner",
        "Pull a corner to its new place; every grid that has it follows.", VertexPen,
    ),
    Tool(
        "move_edge", "Edge",
        "Pull the boundary between two junctions to its new place; both grids follow.", EdgePen,
    ),
    Tool(
        "reshape", "Redraw",
        "Draw the new course of a boundary, from a place on it to another place on it.", LinePen,
        "Click at least two places for a line, then end it.",
    ),
    Tool(
        "give", "Give",
        "Draw around the piece, beginning inside the grid that is to get it; double click or Enter ends.", AreaPen,
        "Click at least three places around the area, then end it.",
    ),
    Tool(
        "carve", "Cut out",
        "Draw around the area that becomes a grid of its own; double click or Enter ends.", AreaPen,
        "Click at least three places around the area, then end it.",
    ),
)  # fmt: skip

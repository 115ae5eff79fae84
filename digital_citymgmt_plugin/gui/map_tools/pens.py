# SPDX-License-Identifier: GPL-2.0-or-later
"""The tools of the redraw bench in their order, each with its pen."""

from __future__ import annotations

from dataclasses import dataclass

from qgis.core import QgsPointXY
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
    """Picks cells by clicks into them."""

    KIND = POINTS

    def snapped(self, place: QgsPointXY) -> object:
        """Pick where the mouse is: at an edge nobody could tell which cell was meant."""
        return self.snapping.nothing()


def tr(text: str) -> str:
    """Translate a text of the redraw bench."""
    return QCoreApplication.translate("Redraw", text)


@dataclass(frozen=True)
class Tool:
    """A tool: its name for the engine, its words, what to do with it (both for ``tr``), its pen."""

    name: str
    title: str
    hint: str
    pen: type[Pen]


# In the order of the buttons; the number is the key.
TOOLS = (
    Tool(
        "split", "Split",
        "Draw a line across one or more grids; double click, right click or Enter ends it.", LinePen,
    ),
    Tool(
        "merge", "Merge",
        "Click into grids of one community that touch each other; right click or Enter merges them.", PickPen,
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
    ),
    Tool(
        "give", "Give",
        "Draw around the piece, beginning inside the grid that is to get it; double click or Enter ends.", AreaPen,
    ),
    Tool(
        "carve", "Cut out",
        "Draw around the area that becomes a grid of its own; double click or Enter ends.", AreaPen,
    ),
)  # fmt: skip

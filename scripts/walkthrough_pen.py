# SPDX-License-Identifier: GPL-2.0-or-later
"""A hand that draws on the map of the real QGIS, and places to draw at: for the walkthrough of the redraw bench."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from qgis.core import QgsGeometry, QgsPointXY
from qgis.PyQt.QtCore import QEvent, QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QMouseEvent
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication
from qgis.utils import iface

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from walkthrough_census import CensusDay  # (``--code`` sets no path)
from walkthrough_hand import pause, wait_for

from digital_citymgmt_plugin.bridge import layers
from digital_citymgmt_plugin.gui.map_tools.pen import LINE

LEFT, RIGHT, NO_BUTTON = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.NoButton
NONE = Qt.KeyboardModifier.NoModifier
Places = Sequence[QgsPointXY]


class Drawing(CensusDay):
    """What the steps share: cells, places along their lines, a mouse that presses, pulls and ends."""

    _mouse = QPoint(0, 0)

    # -- places -------------------------------------------------------------------------------------------------

    def cells(self) -> dict[str, QgsGeometry]:
        """Return the cells as they are now, by id: those of the store with the changes over them."""
        layer = layers.find_layer(self.controller.path, "unit_grid", "current")
        found = {str(one["uuid"]): QgsGeometry(one.geometry()) for one in layer.getFeatures()}
        self.groups: dict[str, str] = {str(one["uuid"]): str(one["community_code"]) for one in layer.getFeatures()}
        desk = self.desks.redraw
        found = {key: shape for key, shape in found.items() if key in desk.on_map.verdicts}
        found.update({key: drawn.shape for key, drawn in desk.on_map.drawn.items()})
        return found

    def find_pairs(self) -> None:
        """Find pairs of neighbours of one community that share a long line; no cell is in two of them."""
        cells, pairs = self.cells(), []
        for one, shape in cells.items():
            for other, near in cells.items():
                same = one < other and self.groups[one] == self.groups[other]
                if same and shape.boundingBox().intersects(near.boundingBox()):
                    shared = shape.intersection(near)
                    parts = [part for part in shared.asGeometryCollection() or [shared] if part.type() == LINE]
                    if parts:
                        merged = QgsGeometry.collectGeometry(parts).mergeLines()
                        longest = max(merged.asGeometryCollection() or [merged], key=lambda part: part.length())
                        pairs.append((longest.length(), one, other, longest))
        pairs.sort(key=lambda pair: (-pair[0], pair[1]))
        taken: set[str] = set()
        self.pairs: list[tuple[str, str, QgsGeometry]] = []
        for _length, one, other, line in pairs:
            if one not in taken and other not in taken:
                taken |= {one, other}
                self.pairs.append((one, other, line))

    def straight(self, number: int) -> tuple[str, str, QgsGeometry]:
        """Return one of the pairs with the straightest lines, of those that no step takes by number."""
        free = [pair for at, pair in enumerate(self.pairs) if at not in (0, 1, 3, 5, 6) and pair[2].length() > 80]
        return sorted(free, key=lambda pair: (len(pair[2].asPolyline()), -pair[2].length()))[number]

    def along(self, line: QgsGeometry, share: float, aside: float = 0.0) -> QgsPointXY:
        """Return a place at a share of a line, so many metres to its left."""
        at = line.interpolate(share * line.length()).asPoint()
        ahead = line.interpolate(min(line.length(), share * line.length() + 0.5)).asPoint()
        before = line.interpolate(max(0.0, share * line.length() - 0.5)).asPoint()
        dx, dy = ahead.x() - before.x(), ahead.y() - before.y()
        length = (dx * dx + dy * dy) ** 0.5
        return QgsPointXY(at.x() - dy / length * aside, at.y() + dx / length * aside)

    def look_at(self, shape: QgsGeometry, factor: float = 2.0) -> Iterator[None]:
        """Go to where a shape is."""
        box = shape.boundingBox()
        box.scale(factor)
        self.canvas.setExtent(box)
        self.canvas.refresh()
        yield from self.settled()
        yield from pause(0.5)

    # -- the hand -----------------------------------------------------------------------------------------------

    @property
    def canvas(self) -> Any:
        """The map."""
        return iface.mapCanvas()

    def at(self, place: QgsPointXY) -> QPoint:
        """Return where a place is on the canvas."""
        point = self.canvas.getCoordinateTransform().transform(place)
        return QPoint(round(point.x()), round(point.y()))

    def move(self, place: QgsPointXY, held: Any = NO_BUTTON, steps: int = 6) -> Iterator[None]:
        """Move the mouse there in some steps."""
        viewport, goal = self.canvas.viewport(), self.at(place)
        start = self._mouse
        for step in range(1, steps + 1):
            spot = QPoint(
                start.x() + (goal.x() - start.x()) * step // steps, start.y() + (goal.y() - start.y()) * step // steps
            )
            local, there = QPointF(spot), QPointF(viewport.mapToGlobal(spot))
            QApplication.sendEvent(viewport, QMouseEvent(QEvent.Type.MouseMove, local, there, NO_BUTTON, held, NONE))
            yield from pause(0.02)
        self._mouse = goal

    def press(self, place: QgsPointXY, button: Any = LEFT) -> Iterator[None]:
        """Move there and click."""
        yield from self.move(place)
        QTest.mouseClick(self.canvas.viewport(), button, NONE, self.at(place))
        yield from pause(0.05)

    def answered(self) -> Iterator[None]:
        """Wait until the engine has answered the pen."""
        courier = self.desks.redraw.courier
        yield from wait_for(lambda: not courier.busy, 20, "the engine")
        yield from pause(0.3)

    def draw(self, places: Places, name: str = "", last: bool = True) -> Iterator[None]:
        """Draw through places; a picture before it ends, ended by a double click."""
        for place in places:
            yield from self.press(place)
        yield from self.answered()
        if name:
            self.document(name)
        if last:
            QTest.mouseDClick(self.canvas.viewport(), LEFT, NONE, self.at(places[-1]))
            yield from self.answered()

    def pull(self, start: QgsPointXY, goal: QgsPointXY, name: str) -> Iterator[None]:
        """Press, pull, let go; a picture before."""
        yield from self.move(start)
        yield from pause(0.8)  # the index of what is seen is made beside
        yield from self.move(start)
        QTest.mousePress(self.canvas.viewport(), LEFT, NONE, self.at(start))
        yield from self.move(goal, LEFT)
        yield from self.answered()
        self.document(name)
        QTest.mouseRelease(self.canvas.viewport(), LEFT, NONE, self.at(goal))
        yield from self.answered()

    def take(self, name: str) -> Iterator[None]:
        """Press the button of a tool."""
        dock = self.desks.redraw.dock
        if not dock.tool_buttons[name].isChecked():
            self.hand.click(dock.tool_buttons[name])
        yield from pause(0.2)
        self.check(f"{name}: the pen is in hand", self.desks.redraw.pens.name() == name)

    def done(self, name: str, before: int) -> None:
        """Note whether one change more was made."""
        desk = self.desks.redraw
        self.check(f"{name}: done", len(desk.entries) == before + 1)
        if desk.dock.said.text():
            self.findings.setdefault("told", {})[name] = desk.dock.said.text()

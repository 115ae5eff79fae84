# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast the redraw bench follows a pen, in the real window with a big store (``qgis --code``).

``bash scripts/run_walkthrough.sh --redraw --store city.gpkg`` starts it; nothing is written to the store. A pen draws
by lot on the city's grids by mouse events on the canvas. What is measured is the time from a move of the mouse to the
panel that shows the figures of that very place, painted.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from typing import Any

from qgis.core import QgsGeometry, QgsPointXY
from qgis.PyQt.QtCore import QEvent, QEventLoop, QPointF
from qgis.PyQt.QtGui import QMouseEvent
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication
from qgis.utils import iface

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from walkthrough_hand import begin_round, pause, wait_for  # (``--code`` sets no path)
from walkthrough_pen import LEFT, NO_BUTTON, NONE, Drawing

from digital_citymgmt_plugin.bridge import layers

STORE = os.environ.get("DCM_WALK_STORE", "")
STROKES, MOVES, FAST = 36, 10, 60
BAR = 50.0  # ms of the panel at a move of the pen, 95 of 100


class Pace(Drawing):
    """The steps."""

    def run(self) -> Iterator[None]:
        """Open the store, begin to redraw, draw."""
        iface.mainWindow().setGeometry(0, 0, 1900, 1060)
        self.desks = self.plugin.census
        yield from pause(1.0)
        self.begin("open")
        self.controller.open_store(STORE)
        yield from wait_for(lambda: bool(self.dock.model.counts), 300, "the counts")
        yield from wait_for(lambda: self.controller._loading is None, 300, "the layers")
        desk = self.desks.redraw
        desk.dock.show()
        self.layer = layers.find_layer(STORE, "unit_grid", "current")
        self.ids = sorted(one.id() for one in self.layer.getFeatures())
        self.figure("grids", len(self.ids))
        yield from self.go_to(self.ids[0])
        self.begin("begin to redraw")
        began = time.perf_counter()
        self.hand.click(desk.dock.begin_button)
        yield from wait_for(lambda: bool(desk.session), 120, "the session")
        self.figure("begin to redraw, s", time.perf_counter() - began)
        yield from self.quiet()
        self.begin("draw")
        self.moves: list[float] = []
        self.asked: list[float] = []
        lot = random.Random(7)  # noqa: S311
        for number in range(STROKES):
            yield from self.go_to(lot.choice(self.ids))
            self.stroke(lot, ("split", "move_vertex", "move_edge")[number % 3])
            yield
        self.tell("panel at a move of the pen", self.moves)
        self.tell("of that the engine and its pipe", self.asked)
        self.findings["checks"][f"panel p95 <= {BAR:.0f} ms"] = sorted(self.moves)[int(0.95 * len(self.moves))] <= BAR
        self.begin("fast pen")
        yield from self.go_to(lot.choice(self.ids))
        self.fast(lot)
        self.hand.picture("fast_pen")
        desk.pens.drop()
        self.begin("change")
        yield from self.go_to(lot.choice(self.ids))
        began = time.perf_counter()
        self.stroke(lot, "split", end=True)
        self.figure("a split and its drawing, s", time.perf_counter() - began)
        self.hand.picture("change")

    def tell(self, words: str, taken: list[float]) -> None:
        """Note median, 95 of 100 and the slowest of times in ms."""
        taken = sorted(taken)
        for name, share in (("median", 0.5), ("p95", 0.95)):
            self.figure(f"{words}, {name}, ms", taken[int(share * (len(taken) - 1))])
        self.figure(f"{words}, slowest, ms", taken[-1])
        self.figure(f"{words}, number", len(taken))

    def go_to(self, fid: int) -> Iterator[None]:
        """Show one grid with its neighbours, drawn."""
        self.shape = QgsGeometry(self.layer.getFeature(fid).geometry())
        box = self.shape.boundingBox()
        box.scale(2.2)
        self.canvas.setExtent(box)
        self.canvas.refresh()
        yield from pause(0.2)
        yield from wait_for(lambda: not self.canvas.isDrawing(), 120, "the map")

    def send(self, place: QgsPointXY, held: Any) -> None:
        """Send one move of the mouse."""
        viewport, spot = self.canvas.viewport(), self.at(place)
        local, there = QPointF(spot), QPointF(viewport.mapToGlobal(spot))
        QApplication.sendEvent(viewport, QMouseEvent(QEvent.Type.MouseMove, local, there, NO_BUTTON, held, NONE))
        self._mouse = spot

    def settle(self) -> None:
        """Let the events run until the engine has answered and the panel is painted."""
        courier, end = self.desks.redraw.courier, time.perf_counter() + 10
        while (courier.busy or courier.handing) and time.perf_counter() < end:
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 2)
            time.sleep(0.0005)  # the thread that waits for the engine needs Python, too
        QApplication.processEvents()

    def stroke(self, lot: random.Random, tool: str, end: bool = False) -> None:
        """Draw a line that grows through a cell, or pull a corner or an edge."""
        desk = self.desks.redraw
        desk.take(tool)
        self.settle()
        middle, box = self.shape.pointOnSurface().asPoint(), self.shape.boundingBox()
        reach = 0.6 * max(box.width(), box.height())
        if tool == "split":
            turn = QgsPointXY(lot.uniform(-1, 1), lot.choice((-1, 1)))
            start = QgsPointXY(middle.x() - turn.x() * reach, middle.y() - turn.y() * reach)
            goal = QgsPointXY(middle.x() + turn.x() * reach, middle.y() + turn.y() * reach)
        else:
            ring = (self.shape.asMultiPolygon() or [self.shape.asPolygon()])[0][0]
            at = lot.randrange(len(ring) - 1)
            start = ring[at]
            if tool == "move_edge":
                start = QgsPointXY((ring[at].x() + ring[at + 1].x()) / 2, (ring[at].y() + ring[at + 1].y()) / 2)
            goal = QgsPointXY(start.x() + lot.uniform(-0.1, 0.1) * reach, start.y() + lot.uniform(-0.1, 0.1) * reach)
        self.send(start, NO_BUTTON)
        QTest.mousePress(self.canvas.viewport(), LEFT, NONE, self.at(start))
        if tool == "split":
            QTest.mouseRelease(self.canvas.viewport(), LEFT, NONE, self.at(start))
        self.settle()
        for step in range(1, MOVES + 1):
            share = step / MOVES
            place = QgsPointXY(start.x() + share * (goal.x() - start.x()), start.y() + share * (goal.y() - start.y()))
            sent, began = desk.courier.sent, time.perf_counter()
            self.send(place, NO_BUTTON if tool == "split" else LEFT)
            self.settle()
            if desk.courier.sent > sent:
                self.moves.append(1000 * (time.perf_counter() - began))
                self.asked.append(1000 * desk.courier.took)
        if end:
            QTest.mouseClick(self.canvas.viewport(), LEFT, NONE, self.at(goal))
            QTest.mouseDClick(self.canvas.viewport(), LEFT, NONE, self.at(goal))
            self.settle()
        elif tool != "split":  # let go where it was taken: nothing is changed
            QTest.mouseRelease(self.canvas.viewport(), LEFT, NONE, self.at(start))
            desk.pens.drop()
        desk.pens.drop()
        self.settle()

    def fast(self, lot: random.Random) -> None:
        """Move as fast as a mouse tells it, 60 times a second for some seconds: how often the panel follows."""
        desk = self.desks.redraw
        desk.take("split")
        box = self.shape.boundingBox()
        start = QgsPointXY(box.xMinimum() - 5, self.shape.pointOnSurface().asPoint().y())
        QTest.mouseClick(self.canvas.viewport(), LEFT, NONE, self.at(start))
        self.settle()
        sent, began, longest = desk.courier.sent, time.perf_counter(), 0.0
        for move in range(4 * FAST):
            share = (move % FAST) / FAST
            self.send(QgsPointXY(start.x() + share * (box.width() + 10), start.y() + lot.uniform(-5, 5)), NO_BUTTON)
            turn = time.perf_counter()
            while time.perf_counter() - began < (move + 1) / FAST:
                QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 2)
            longest = max(longest, time.perf_counter() - turn)
        passed = time.perf_counter() - began
        self.figure("fast pen: panels a second", (desk.courier.sent - sent) / passed)
        self.figure("fast pen: moves a second", 4 * FAST / passed)
        self.figure("fast pen: longest turn of the window, ms", 1000 * longest)


if __name__ == "__main__":
    begin_round(Pace)

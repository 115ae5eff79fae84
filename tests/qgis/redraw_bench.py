# SPDX-License-Identifier: GPL-2.0-or-later
"""The redraw bench with an engine that answers from a table, for its tests."""

from __future__ import annotations

import json

from qgis.core import QgsGeometry, QgsPointXY, QgsRectangle
from qgis.PyQt.QtCore import QEvent, QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QKeyEvent, QMouseEvent
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.gui.docks.redraw_controller import RedrawController
from digital_citymgmt_plugin.gui.docks.redraw_dock import RedrawDock
from digital_citymgmt_plugin.gui.redraw_actions import RedrawActions
from tests.qgis.dock_bench import DockBench

LEFT, RIGHT, NO_BUTTON = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.NoButton
NONE = Qt.KeyboardModifier.NoModifier
CODE = "320681100001001"


def figures(area, verdict):
    return {"area_m2": area, "components": area / 1000, "by_major": {"01": 3}, "cases": 7, "open_cases": 2,
            "road_m": 812.4, "population": None, "load": 41.5, "verdict": verdict, "compactness": 0.71,
            "on_features": 0.8}  # fmt: skip


CELLS = [
    {"id": "a", "code": CODE, "name": CODE, "state": "kept", "before": figures(90_000, "red"),
     "after": figures(50_000, "green")},
    {"id": "a/1", "code": None, "name": f"{CODE}-1", "state": "new", "before": None,
     "after": figures(40_000, "amber")},
]  # fmt: skip


def square(x, side=200):
    shape = QgsGeometry.fromRect(QgsRectangle(x, 3520000, x + side, 3520000 + side))
    return bytes(shape.asWkb()).hex()


TOTALS = {"cells": 3, "green": 2, "amber": 1, "red": 0, "area_m2": 41_000.0, "load": 40.0, "compactness": 0.7,
          "on_features": 0.8, "load_spread": 0.25}  # fmt: skip
COMPARED = {
    "totals": [TOTALS, {**TOTALS, "cells": 2}],
    "counts": {"first": 2, "second": 1, "same": 1},
    "conflicts": [[], [{"step": 0, "tool": "split", "code": "redraw.outside", "values": {}}]],
    "cells": [{"side": 0, "id": "a", "name": f"{CODE}-1", **figures(50_000, "green")}],
    "output": None,
}


CLASSES = [{"code": "01001", "name": "井盖", "count": 9}]


class Engine:
    """What the tests need of a session."""

    def __init__(self):
        self.steps, self.lost = 0, False

    saved = ()
    changed = None  # what an apply is refused with

    def list(self, request):
        return {"scenarios": list(self.saved), "counts": {}}

    def save(self, request):
        self.saved = ({"uuid": "u1", "name": request.name, "edits": 1, "changed": 0},)
        return {"scenario": "u1", "counts": {"edits": 1}, "tables": ["scenario"], "operation": "o"}

    def apply(self, request):
        if self.changed is not None:
            return self.changed
        counts = {"cells_new": 1, "retired": 0, "cells_changed": 1, "components_moved": 83, "open_cases_moved": 31}
        return {"counts": counts, "tables": ["unit_grid"], "operation": "o", "notes": [], "writes": True,
                "renamed": {"a/1": {"uuid": "c", "code": CODE}}}  # fmt: skip

    def open(self, request):
        self.lost = False
        edits = getattr(request, "edits", None)
        entries = json.loads(edits) if edits else []
        self.steps = len(entries)
        columns = {"id": ["a", "b"], "code": [CODE, "320681100001002"], "name": [CODE, "320681100001002"],
                   "verdict": ["red", "green"]}  # fmt: skip
        return {"session": "s", "cells": columns, "entries": entries, "shapes": {}, "gone": [],
                "notes": [], "counts": {"cells": 2}}  # fmt: skip

    crossed = True  # whether an edge of a community crosses grids

    def probe(self, request):
        if request.tool == "mend" and not self.crossed:
            error = {"code": "redraw.nothing_to_mend", "values": {"tolerance": 2.0}}
            return {"cells": [], "notes": [], "error": error, "shapes": {}, "gone": [], "counts": {}}
        if request.tool == "mend":
            shapes = {"a": square(500_000), "a/1": square(500_200)}
            return {"cells": CELLS, "notes": [], "error": None, "shapes": shapes, "gone": [],
                    "counts": {"parted": 17, "moved": 3, "joined": 2, "not_mended": 0}}  # fmt: skip
        if request.points[0] < 499_900:
            return {"cells": [], "notes": [], "error": {"code": "redraw.no_session", "values": {}}}
        shapes = {"a": square(500_000), "a/1": square(500_200)}
        return {"cells": CELLS, "notes": [], "error": None, "shapes": shapes, "gone": []}

    def edit(self, request):
        if self.lost:
            return InputRefused("redraw.no_session")
        assert request.seq == self.steps
        self.steps += 1
        return {"cells": CELLS, "notes": [], "error": None, "shapes": {"a": square(500_000), "a/1": square(500_200)},
                "gone": [], "steps": self.steps, "entry": {"tool": request.tool, "points": request.points}}  # fmt: skip

    def step(self, request):
        self.steps += -1 if request.back else 1
        shapes = {"a": square(500_000, 400)} if request.back else {"a": square(500_000), "a/1": square(500_200)}
        cells, gone = (CELLS[:1], ["a/1"]) if request.back else (CELLS, [])
        return {"cells": cells, "notes": [], "shapes": shapes, "gone": gone, "steps": self.steps}


class Bench(DockBench):
    def __init__(self, city):
        self.engine = Engine()
        super().__init__(city, {
            "open_redraw": self.engine.open, "probe_redraw": self.engine.probe, "edit_redraw": self.engine.edit,
            "step_redraw": self.engine.step, "close_redraw": {"counts": {}}, "apply_redraw": self.engine.apply,
            "rebase_redraw": self.engine.open, "list_scenarios": self.engine.list, "save_scenario": self.engine.save,
            "compare_scenarios": COMPARED, "draft_sources": {"classes": CLASSES},
        })  # fmt: skip
        self.dock = RedrawDock(self.iface.window)
        self.desk = self.add(self.dock, RedrawController)
        self.actions = RedrawActions(self.desk)
        self.canvas = self.iface.canvas
        self.canvas.resize(500, 500)

    def begin(self):
        self.dock.begin_button.click()
        self.settle()
        self.wait(lambda: bool(self.desk.session))
        self.canvas.setExtent(QgsRectangle(500_000, 3_520_000, 500_400, 3_520_400))

    def at(self, x, y):
        point = self.canvas.getCoordinateTransform().transform(QgsPointXY(x, y))
        return QPoint(round(point.x()), round(point.y()))

    def move(self, x, y):
        QTest.mouseMove(self.canvas.viewport(), self.at(x, y))
        QApplication.processEvents()

    def pull(self, x, y):
        """Move with the left button held: QTest's own moves are without buttons."""
        place = self.at(x, y)
        viewport = self.canvas.viewport()
        local, there = QPointF(place), QPointF(viewport.mapToGlobal(place))
        QApplication.sendEvent(viewport, QMouseEvent(QEvent.Type.MouseMove, local, there, NO_BUTTON, LEFT, NONE))

    def click(self, x, y, button=LEFT):
        self.move(x, y)
        QTest.mouseClick(self.canvas.viewport(), button, NONE, self.at(x, y))

    def press(self, key, held=NONE):
        event = QKeyEvent(QEvent.Type.ShortcutOverride, key, held)
        event.ignore()
        QApplication.sendEvent(self.canvas, event)
        QTest.keyClick(self.canvas, key, held)
        return event.isAccepted()

    def split(self):
        """Draw a line and end it."""
        for x in (500_050, 500_300):
            self.click(x, 3_520_100)
        self.click(500_300, 3_520_100, RIGHT)
        self.idle()

    def asked(self, method):
        return [request for request in self.pool.asked if request.method == method]

    def idle(self):
        self.wait(lambda: not self.desk.courier.busy)
        QTest.qWait(20)

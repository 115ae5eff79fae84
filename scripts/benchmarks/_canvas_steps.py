# SPDX-License-Identifier: GPL-2.0-or-later
"""Inside the desktop: open the project, drag the map, write what was seen (see ``canvas.py``)."""

from __future__ import annotations

import json
import os
import time
import traceback
from pathlib import Path
from typing import Any

from qgis.core import QgsFeatureRequest, QgsGeometry, QgsPointXY, QgsProject, QgsRectangle
from qgis.PyQt.QtCore import QEvent, QEventLoop, QObject, QPoint, QPointF, Qt, QTimer
from qgis.PyQt.QtGui import QMouseEvent
from qgis.PyQt.QtWidgets import QApplication
from qgis.utils import iface

SCALE = 5_000
DRAG = 3.0  # seconds of one drag
STEP = 12  # pixels of one mouse move; a mouse reports about 60 moves a second
WAIT = 120.0


class Paints(QObject):
    """Notes when the canvas is painted."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802  (name of Qt)
        """Note a paint and let it pass."""
        if event.type() == QEvent.Type.Paint:
            self.times.append(time.perf_counter())
        return False


def until(condition: Any, seconds: float = WAIT) -> float:
    """Let the event loop run until a condition holds; returns the seconds that took."""
    began = time.perf_counter()
    while not condition() and time.perf_counter() - began < seconds:
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
    return time.perf_counter() - began


def drawn(canvas: Any) -> float:
    """Draw the whole view anew and wait for its end; returns the seconds."""
    done: list[bool] = []
    canvas.mapCanvasRefreshed.connect(lambda: done.append(True))
    canvas.refresh()
    return until(lambda: bool(done))


def mouse(canvas: Any, kind: Any, place: QPoint, button: Any) -> None:
    """Send one mouse event to the canvas, as the window system would."""
    view = canvas.viewport()
    pressed = Qt.MouseButton.LeftButton if kind != QEvent.Type.MouseButtonRelease else Qt.MouseButton.NoButton
    spot = QPointF(place)
    event = QMouseEvent(kind, spot, QPointF(view.mapToGlobal(place)), button, pressed, Qt.KeyboardModifier.NoModifier)
    QApplication.postEvent(view, event)


def drag(canvas: Any, paints: Paints, direction: tuple[int, int]) -> dict[str, float]:
    """Drag the map for some seconds, letting go and grasping anew at the window's edge; returns what was seen."""
    size = canvas.viewport().size()
    paints.times.clear()
    frames, gaps, redrawn, passed = 0, [0.0], [], 0.0
    while passed < DRAG:
        place = QPoint(size.width() // 2 - direction[0] * size.width() // 3,
                       size.height() // 2 - direction[1] * size.height() // 3)  # fmt: skip
        length = (size.width() if direction[0] else size.height()) * 2 // 3
        mouse(canvas, QEvent.Type.MouseButtonPress, place, Qt.MouseButton.LeftButton)
        QApplication.processEvents()
        paints.times.clear()
        began = time.perf_counter()
        for way in range(0, length, STEP):
            spot = QPoint(place.x() + direction[0] * way, place.y() + direction[1] * way)
            mouse(canvas, QEvent.Type.MouseMove, spot, Qt.MouseButton.NoButton)
            next_move = began + (way // STEP + 1) / 60
            QApplication.processEvents()
            while time.perf_counter() < next_move:
                QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)
        ended = time.perf_counter()
        passed += ended - began
        frames += len(paints.times)
        marks = [began, *paints.times, ended]
        gaps += [b - a for a, b in zip(marks, marks[1:])]
        done: list[bool] = []
        slot = canvas.mapCanvasRefreshed.connect(lambda done=done: done.append(True))
        mouse(canvas, QEvent.Type.MouseButtonRelease, spot, Qt.MouseButton.LeftButton)
        redrawn.append(until(lambda done=done: bool(done)))
        canvas.mapCanvasRefreshed.disconnect(slot)
        # The parts beside the view that QGIS draws ahead once the map stands still.
        until(lambda: False, 0.5)
    return {"frames": frames / passed, "longest_gap": max(gaps), "redrawn": max(redrawn)}


def measure() -> dict[str, Any]:
    """Open, draw, drag; returns the findings."""
    window, canvas = iface.mainWindow(), iface.mapCanvas()
    window.showMaximized()
    window.resize(1920, 1080)
    until(lambda: False, 1.0)
    began = time.perf_counter()
    QgsProject.instance().read(os.environ["DCM_CANVAS_PROJECT"])
    opening = time.perf_counter() - began
    first = drawn(canvas)
    canvas.setPreviewJobsEnabled(True)
    root = QgsProject.instance().layerTreeRoot()
    for node in root.findLayers():
        node.setItemVisibilityCheckedParentRecursive(True)
    iface.actionPan().trigger()
    tables = {str(one.customProperty("dcm/table")): one for one in QgsProject.instance().mapLayers().values()}
    grids, points = tables["unit_grid"], tables["component_point"]
    box: QgsRectangle = grids.extent()
    middle = box.center()
    places = {
        "old town": middle,
        "half way to the edge": QgsPointXY(middle.x() + box.width() / 4, middle.y() + box.height() / 4),
    }
    paints = Paints()
    canvas.viewport().installEventFilter(paints)
    found: dict[str, Any] = {"opening": opening, "first_map": first, "places": {}, "pixels": [
        canvas.viewport().width(), canvas.viewport().height()]}  # fmt: skip
    for name, place in places.items():
        canvas.setCenter(place)
        canvas.zoomScale(SCALE)
        drawn(canvas)
        request = QgsFeatureRequest(canvas.extent()).setNoAttributes()
        inside = QgsGeometry.fromRect(canvas.extent()).boundingBox()
        count = sum(1 for one in points.getFeatures(request) if inside.contains(one.geometry().asPoint()))
        folder = os.environ.get("DCM_CANVAS_PICTURES")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            window.grab().save(str(Path(folder) / f"{name.replace(' ', '_')}.png"))
        drags = []
        for direction in ((1, 0), (0, 1), (-1, 0), (0, -1)):
            canvas.setCenter(place)
            drawn(canvas)
            until(lambda: False, 1.0)
            drags.append({**drag(canvas, paints, direction), "components": count})
        found["places"][name] = drags
    return found


def run() -> None:
    """Measure and write; the process ends without asking anything."""
    findings: dict[str, Any] = {}
    try:
        findings = measure()
    except BaseException:
        findings = {"error": traceback.format_exc()}
    Path(os.environ["DCM_CANVAS_OUT"]).write_text(json.dumps(findings), encoding="utf-8")
    os._exit(0)


QTimer.singleShot(1_500, run)

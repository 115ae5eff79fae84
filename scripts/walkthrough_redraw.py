# SPDX-License-Identifier: GPL-2.0-or-later
"""Redrawing unit grids in the real window (``qgis --code``): each tool by mouse, keys, bad pens, scenarios, writing.

``bash scripts/run_walkthrough.sh --redraw`` starts it with the demo city and drawings made of it. The pictures
``doc_….png`` are those of ``docs/user/img``.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator

from qgis.core import (
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QPushButton
from qgis.utils import iface

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from walkthrough_grids import GridsDay  # (``--code`` sets no path)
from walkthrough_hand import OUT, begin_round, first, pause, wait_for
from walkthrough_pen import NONE, RIGHT, Drawing, Places

from digital_citymgmt_plugin.bridge import layers
from digital_citymgmt_plugin.core.requests import ImportAreas, Layer

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


class RedrawDay(Drawing):
    """The steps."""

    STEPS = (
        "drawings", "open_bench", "split", "merge", "corner", "edge", "reshape", "give", "carve", "bad_pens", "keys",
        "engine_lost", "scenario", "small_screen", "write", "undo", "mend",
    )  # fmt: skip
    drawings = GridsDay.drawings

    # -- steps --------------------------------------------------------------------------------------------------

    def open_bench(self) -> Iterator[None]:
        """Show the dock and begin."""
        desk = self.desks.redraw
        yield from self.menu_action("dcm_redraw")
        yield from self.settled()
        iface.mainWindow().resizeDocks([desk.dock], [520], Qt.Orientation.Horizontal)
        self.check("the dock is shown", desk.dock.isVisible())
        began = time.monotonic()
        self.hand.click(desk.dock.begin_button)
        yield from wait_for(lambda: bool(desk.session), 60, "the session")
        self.figure("begin, s", time.monotonic() - began)
        yield from self.settled()
        self.find_pairs()
        self.hand.picture("begun")

    def split(self) -> Iterator[None]:
        """Part two cells by one line."""
        desk = self.desks.redraw
        one, other, line = self.pairs[0]
        cells = self.cells()
        both = cells[one].combine(cells[other])
        yield from self.look_at(both)
        yield from self.take("split")
        box = both.boundingBox()
        middle = self.along(line, 0.5)
        across = self.along(line, 0.5, 1.0)
        dx, dy = across.x() - middle.x(), across.y() - middle.y()
        reach = max(box.width(), box.height())
        ends = [QgsPointXY(middle.x() + side * dx * reach, middle.y() + side * dy * reach) for side in (-0.45, 0.45)]
        before = len(desk.entries)
        yield from self.draw([ends[0], middle, ends[1]], "redraw-split")
        self.done("split", before)
        self.hand.picture("split_done")

    def merge(self) -> Iterator[None]:
        """Put two of the new pieces together."""
        desk = self.desks.redraw
        new = [drawn.shape for drawn in desk.on_map.drawn.values()]
        two = next(
            ((one, two) for number, one in enumerate(new) for two in new[number + 1:]
             if one.intersection(two).length() > 5), (new[0], new[1])
        )  # fmt: skip
        yield from self.take("merge")
        before = len(desk.entries)
        for shape in two:
            yield from self.press(shape.pointOnSurface().asPoint())
        yield from self.answered()
        self.document("redraw-merge")
        QTest.mouseClick(self.canvas.viewport(), RIGHT, NONE, self._mouse)
        yield from self.answered()
        self.done("merge", before)

    def corner(self) -> Iterator[None]:
        """Pull a corner of a boundary."""
        desk = self.desks.redraw
        _one, _other, line = self.pairs[1]
        yield from self.look_at(line, 2.5)
        yield from self.take("move_vertex")
        points = line.asPolyline()
        corner = points[len(points) // 2] if len(points) > 2 else points[0]
        before = len(desk.entries)
        yield from self.pull(corner, QgsPointXY(corner.x() + 12, corner.y() + 9), "redraw-corner")
        self.done("corner", before)

    def edge(self) -> Iterator[None]:
        """Pull a boundary aside."""
        desk = self.desks.redraw
        _one, _other, line = self.straight(0)
        yield from self.look_at(line, 2.5)
        yield from self.take("move_edge")
        before = len(desk.entries)
        yield from self.pull(self.along(line, 0.4), self.along(line, 0.4, 10.0), "redraw-edge")
        self.done("edge", before)

    def reshape(self) -> Iterator[None]:
        """Draw another course."""
        desk = self.desks.redraw
        _one, _other, line = self.pairs[3]
        yield from self.look_at(line, 2.5)
        yield from self.take("reshape")
        before = len(desk.entries)
        course = [self.along(line, share, aside) for share, aside in ((0.2, 0), (0.35, 15), (0.6, 18), (0.8, 0))]
        yield from self.draw(course, "redraw-reshape")
        self.done("reshape", before)

    def give(self) -> Iterator[None]:
        """Give a piece to the neighbour."""
        desk = self.desks.redraw
        _one, _other, line = self.straight(1)
        yield from self.look_at(line, 2.5)
        yield from self.take("give")
        before = len(desk.entries)
        ring = [self.along(line, share, aside) for share, aside in ((0.3, -8), (0.3, 22), (0.65, 22), (0.65, -8))]
        yield from self.draw(ring, "redraw-give")
        self.done("give", before)

    def carve(self) -> Iterator[None]:
        """Cut an area out of a cell."""
        desk = self.desks.redraw
        one, _other, _line = self.pairs[5]
        shape = self.cells()[one]
        yield from self.look_at(shape, 1.6)
        yield from self.take("carve")
        before = len(desk.entries)
        middle = shape.pointOnSurface().asPoint()
        size = 0.15 * min(shape.boundingBox().width(), shape.boundingBox().height())
        corners = ((-1, -1), (1, -0.8), (1.1, 1), (-0.9, 1))
        ring = [QgsPointXY(middle.x() + x * size, middle.y() + y * size) for x, y in corners]
        yield from self.draw(ring, "redraw-carve")
        self.done("carve", before)

    def bad_pens(self) -> Iterator[None]:
        """Draw what cannot be: each gets one sentence and nothing else."""
        desk = self.desks.redraw
        one, _other, line = self.pairs[6]
        shape = self.cells()[one]
        yield from self.look_at(shape, 2.0)
        yield from self.take("split")
        box, inner = shape.boundingBox(), shape.pointOnSurface().asPoint()
        pens: dict[str, Places] = {
            "crosses itself": [QgsPointXY(box.xMinimum() - 9, inner.y()), QgsPointXY(box.xMaximum(), inner.y() + 9),
                               QgsPointXY(inner.x(), inner.y() + 30), QgsPointXY(inner.x(), box.yMinimum() - 9)],
            "inside one cell": [inner, QgsPointXY(inner.x() + 25, inner.y() + 15)],
            "along an edge": line.asPolyline(),
            "outside": [QgsPointXY(box.xMinimum() - 4000, inner.y()), QgsPointXY(box.xMinimum() - 3900, inner.y())],
        }  # fmt: skip
        bar = len(iface.messageBar().items())
        told = self.findings.setdefault("bad pens", {})
        for words, places in pens.items():
            steps = len(desk.entries)
            picture = "redraw-bad-pen" if words == "inside one cell" else ""
            if words == "outside":
                self.canvas.setExtent(QgsGeometry.fromMultiPointXY(list(places)).boundingBox().buffered(50))
            yield from self.draw(places, picture)
            told[words] = [len(desk.entries) - steps, desk.dock.said.text()]
            self.check(f"bad pen told: {words}", bool(desk.dock.said.text()) or len(desk.entries) > steps)
            if words == "outside":
                yield from self.look_at(shape, 2.0)
            while len(desk.entries) > steps:
                desk.step(back=True)
                yield from self.answered()
            desk.pens.drop()
        self.check("bad pens say nothing in the message bar", len(iface.messageBar().items()) == bar)

    def keys(self) -> Iterator[None]:
        """Undo and redo, take tools and draw by keyboard."""
        desk = self.desks.redraw
        self.canvas.setFocus()
        count = len(desk.entries)
        for _ in range(2):
            QTest.keyClick(self.canvas, Qt.Key.Key_Z, CTRL)
            yield from self.answered()
        self.check("keys: undone", len(desk.entries) == count - 2)
        self.hand.picture("undone")
        for _ in range(2):
            QTest.keyClick(self.canvas, Qt.Key.Key_Z, CTRL | SHIFT)
            yield from self.answered()
        self.check("keys: redone", len(desk.entries) == count)
        QTest.keyClick(self.canvas, Qt.Key.Key_1)
        pen = desk.pens.by_name["split"]
        for _ in range(3):
            QTest.keyClick(self.canvas, Qt.Key.Key_P)
            QTest.keyClick(self.canvas, Qt.Key.Key_Right, CTRL)
        self.check("keys: points", len(pen.points) >= 2)
        had = len(pen.points)
        QTest.keyClick(self.canvas, Qt.Key.Key_Backspace)
        self.check("keys: one point back", len(pen.points) == had - 1)
        self.hand.picture("keyboard")
        QTest.keyClick(self.canvas, Qt.Key.Key_Escape)
        self.check("keys: nothing is drawn", not pen.points)
        yield from self.answered()

    def engine_lost(self) -> Iterator[None]:
        """Kill the engine in the middle of the work: the next change is done in a new one, nothing drawn is lost."""
        desk = self.desks.redraw
        _one, _other, line = self.pairs[7]
        yield from self.look_at(line, 2.5)
        yield from self.take("reshape")
        before, session = len(desk.entries), desk.session
        entry = self.controller.session.pool.hold(self.controller.path)._entry
        os.kill(entry.client.pid, signal.SIGKILL)
        yield from pause(0.5)
        course = [self.along(line, share, aside) for share, aside in ((0.25, 0), (0.5, 9), (0.75, 0))]
        yield from self.draw(course)
        yield from wait_for(lambda: len(desk.entries) == before + 1, 60, "the changes in a new engine")
        self.check("engine lost: the changes are there", desk.session != session and len(desk.on_map.drawn) > before)
        self.hand.picture("engine_lost")

    def scenario(self) -> Iterator[None]:
        """Save the changes, compare them with the grids as they are."""
        desk, actions = self.desks.redraw, self.desks.redraw_actions
        self.hand.click(desk.dock.save_button)
        yield from wait_for(lambda: actions.dialog is not None and actions.dialog.isVisible(), 20, "the question")
        actions.dialog.setTextValue("方案一")
        self.hand.picture("scenario_name", actions.dialog)
        actions.dialog.accept()
        yield from self.settled()
        self.check("the scenario is listed", desk.dock.scenario_box.count() == 1)
        desk.dock.scenario_box.setCurrentIndex(0)
        for _ in range(3):  # so that the two differ
            desk.step(back=True)
            yield from self.answered()
        desk.dock.compare_action.trigger()
        yield from wait_for(lambda: actions.dialog is not None and actions.dialog.isVisible(), 30, "the comparison")
        self.document("redraw-compare", actions.dialog)
        actions.dialog.reject()
        for _ in range(3):
            desk.step(back=False)
            yield from self.answered()
        yield from self.settled()

    def small_screen(self) -> Iterator[None]:
        """Look at the dock on a small screen."""
        window = iface.mainWindow()
        window.setGeometry(0, 0, 1366, 768)
        yield from pause(1.0)
        self.hand.picture("at_1366_768")
        dock = self.desks.redraw.dock
        self.check("the dock fits 1366 × 768", dock.widget().height() <= 768 and window.height() <= 768)
        window.setGeometry(0, 0, 1900, 1060)
        yield from self.settled()

    def write(self) -> Iterator[None]:
        """Look at the counts, write."""
        desk = self.desks.redraw
        grids = self.dock.model.counts.get("grids", 0)
        self.findings["grids before"] = grids
        self.hand.write(desk.dock.reason_edit, "道路改造")
        self.hand.click(desk.dock.apply_button)
        yield from wait_for(lambda: desk.preview is not None and desk.preview.isVisible(), 60, "the counts")
        yield from pause(0.4)
        self.document("redraw-counts", desk.preview)
        self.hand.click(first(desk.preview.findChildren(QPushButton, "write_previewed"), "Write"))
        yield from self.settled()
        self.check("written: no changes are left", not desk.entries and not desk.on_map.drawn)
        self.hand.picture("written")
        yield from self.settled()
        self.findings["grids after"] = self.dock.model.counts.get("grids", 0)

    def undo(self) -> Iterator[None]:
        """Take the redraw back in the window of actions."""
        actions = self.plugin.operations
        yield from self.menu_action("dcm_operations")
        yield from wait_for(lambda: actions.dialog is not None and actions.dialog.isVisible(), 20, "the log")
        dialog = actions.dialog
        dialog.table.selectRow([item["kind"] for item in dialog.operations].index("redraw"))
        yield from pause(0.3)
        self.hand.click(dialog.undo_button)
        yield from self.confirm("undo_redraw", lambda: actions.preview)
        yield from self.settled()
        self.hand.picture("taken_back")
        now = self.dock.model.counts.get("grids", 0)
        self.check("back at the grids of before", now == self.findings["grids before"])
        actions.dialog.reject()
        yield from self.settled()
        self.hand.click(self.desks.redraw.dock.begin_button)
        yield from self.settled()
        self.check("the session has ended", not self.desks.redraw.session)
        self.check("nothing is left on the map", not self.desks.redraw.on_map.overlay.bands)

    def mend(self) -> Iterator[None]:
        """Move the edge between two communities, have the crossed grids shown, mend them, give it up."""
        desk, mending = self.desks.redraw, self.desks.redraw_actions.mending
        desk.write_now(ImportAreas(Layer(self._moved_edge()), "community", "code", "name"))
        yield from self.settled()
        if not desk.session:
            self.hand.click(desk.dock.begin_button)
            yield from wait_for(lambda: bool(desk.session), 60, "the session")
            yield from self.settled()
        began = time.monotonic()
        self.hand.click(desk.dock.mend_button)
        yield from wait_for(lambda: mending.box is not None and mending.box.isVisible(), 30, "the counts")
        self.figure("look for crossed grids, s", time.monotonic() - began)
        yield from self.settled()
        yield from pause(1.0)
        self.check("mend: crossed grids are on the map", bool(desk.on_map.under_pen.bands))
        self.document("redraw-mend")
        self.document("redraw-mend-counts", mending.box)
        self.hand.click(mending.box.button(mending.box.StandardButton.Yes))
        yield from wait_for(lambda: len(desk.entries) == 1, 30, "the change")
        yield from self.settled()
        self.hand.picture("mended")
        self.hand.click(desk.dock.undo_button)
        yield from self.answered()
        self.check("mend: taken back", not desk.entries)
        self.hand.click(desk.dock.begin_button)
        yield from self.settled()

    def _moved_edge(self) -> str:
        """Write two neighbouring communities with the edge between them 60 m aside; return the file."""
        layer = layers.find_layer(self.controller.path, "admin_area", "community")
        rows = [(one["code"], one["name"], QgsGeometry(one.geometry())) for one in layer.getFeatures()]
        giver = max(rows, key=lambda row: row[2].area())
        others = [row for row in rows if row is not giver]
        taker = max(others, key=lambda row: giver[2].intersection(row[2].buffer(1, 1)).area())
        piece = giver[2].intersection(taker[2].buffer(60, 8))
        crs = layer.crs().authid()
        made = QgsVectorLayer(f"MultiPolygon?crs={crs}&field=code:string&field=name:string", "areas", "memory")
        for row, shape in ((giver, giver[2].difference(piece)), (taker, taker[2].combine(piece))):
            one = QgsFeature(made.fields())
            one.setAttributes(list(row[:2]))
            shape.convertToMultiType()
            one.setGeometry(shape)
            made.dataProvider().addFeature(one)
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.driverName = "GPKG"
        path = str(OUT / "moved_communities.gpkg")
        QgsVectorFileWriter.writeAsVectorFormatV3(made, path, QgsProject.instance().transformContext(), options)
        return path


if __name__ == "__main__":
    begin_round(RedrawDay)

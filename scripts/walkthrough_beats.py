# SPDX-License-Identifier: GPL-2.0-or-later
"""Beats in the real window (``qgis --code``): a draft stopped and done, painting by mouse, locks, undo, saving.

``bash scripts/run_walkthrough.sh --beats`` starts it with the demo city. The pictures ``doc_….png`` are those of
``docs/user/img``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

from qgis.core import QgsGeometry, QgsPointXY
from qgis.PyQt.QtCore import QEvent, QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QMouseEvent
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QPushButton
from qgis.utils import iface

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from walkthrough_census import CensusDay  # (``--code`` sets no path)
from walkthrough_hand import begin_round, first, pause, wait_for

from digital_citymgmt_plugin.gui.docks.beat_dock import MIX

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
NONE = Qt.KeyboardModifier.NoModifier
BEATS = 6


class BeatsDay(CensusDay):
    """The steps."""

    STEPS = ("open_dock", "draft", "save", "paint", "lock", "mix", "again", "small_screen", "written", "undo")

    @property
    def desk(self) -> Any:
        """The desk of the beats."""
        return self.desks.beats

    def pixel(self, row: int) -> QPoint:
        """Return where a grid is on the canvas."""
        canvas = iface.mapCanvas()
        shape = QgsGeometry(self.desk.grids.shapes[row]).pointOnSurface()
        place = QgsPointXY(shape.asPoint())
        point = canvas.getCoordinateTransform().transform(place)
        return QPoint(round(point.x()), round(point.y()))

    def drag(self, points: list[QPoint]) -> None:
        """Press at the first point, go over the others, let go at the last."""
        view = iface.mapCanvas().viewport()
        QTest.mousePress(view, LEFT, NONE, points[0])
        for point in points[1:]:
            local = QPointF(point)
            event = QMouseEvent(
                QEvent.Type.MouseMove, local, QPointF(view.mapToGlobal(point)), Qt.MouseButton.NoButton, LEFT, NONE
            )
            QApplication.sendEvent(view, event)
        QTest.mouseRelease(view, LEFT, NONE, points[-1])

    def open_dock(self) -> Iterator[None]:
        """Open the dock from the menu."""
        yield from self.menu_action("dcm_beats")
        yield from wait_for(lambda: self.desk.paint is not None, 60, "the beats")
        yield from self.settled()
        boxes = self.desk.grids.shapes
        whole = QgsGeometry.unaryUnion(boxes)
        bounds = whole.boundingBox()
        self.desk.show_boxes([[bounds.xMinimum(), bounds.yMinimum(), bounds.xMaximum(), bounds.yMaximum()]])
        yield from self.settled()
        self.check("no beats yet", not self.desk.dock.codes)
        self.hand.picture("empty")

    def draft(self) -> Iterator[None]:
        """Ask for a draft of even beats."""
        dock = self.desk.dock
        dock.count_box.setValue(BEATS)
        self.hand.click(dock.draft_button)
        self.check("while it drafts it can be stopped", dock.stop_button.isEnabled())
        yield from wait_for(lambda: not self.desk.drafting, 60, "the draft")
        yield from self.settled()
        self.check("as many beats as asked for", len(dock.codes) == BEATS)
        self.document("beats-draft")

    def save(self) -> Iterator[None]:
        """Look at the counts, write."""
        self.hand.click(self.desk.dock.save_button)
        yield from wait_for(lambda: self.desk.preview is not None and self.desk.preview.isVisible(), 60, "the counts")
        yield from pause(0.4)
        self.document("beats-counts", self.desk.preview)
        self.hand.click(first(self.desk.preview.findChildren(QPushButton, "write_previewed"), "Write"))
        yield from self.settled()
        self.check("nothing is left to save", not self.desk.dock.save_button.isEnabled())

    def border(self) -> tuple[int, int]:
        """Return a grid of one beat and its neighbour in another, which has more than one."""
        paint = self.desk.paint
        return first(
            [
                (row, other) for row in range(len(paint.grids)) for other in sorted(paint.near[row])
                if paint.beat[row] != paint.beat[other] and paint.beat[other] not in paint.locked
                and len(paint.members(paint.beat[other])) > 2
            ],
            "a border",
        )  # fmt: skip

    def paint(self) -> Iterator[None]:
        """Choose a beat with the right button, drag over a neighbour's grid, take it back with Ctrl+Z, again."""
        dock, paint = self.desk.dock, self.desk.paint
        mine, theirs = self.border()
        beat = paint.beat[mine]
        dock.choose(beat)
        self.hand.click(dock.paint_button)
        QTest.mouseClick(iface.mapCanvas().viewport(), RIGHT, NONE, self.pixel(mine))
        self.check("the right button chooses the beat", dock.code() == beat)
        self.drag([self.pixel(mine), self.pixel(theirs)])
        yield from self.settled()
        self.check("the grid has changed hands", self.desk.paint.beat[theirs] == beat)
        self.document("beats-paint")
        QTest.keyClick(iface.mapCanvas(), Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        yield from pause(0.3)
        self.check("Ctrl+Z takes the stroke back", self.desk.paint.beat[theirs] != beat)
        self.hand.click(dock.redo_button)
        yield from pause(0.3)
        self.check("and it can be done again", self.desk.paint.beat[theirs] == beat)

    def lock(self) -> Iterator[None]:
        """Lock the beat: its grids stay."""
        dock = self.desk.dock
        _mine, theirs = self.border()
        held = self.desk.paint.beat[theirs]
        dock.choose(held)
        self.hand.click(dock.lock_button)
        mine = first([code for code in dock.codes if code != held], "another beat")
        dock.choose(mine)
        self.drag([self.pixel(theirs), self.pixel(theirs)])
        yield from pause(0.3)
        self.check("a locked beat gives nothing", self.desk.paint.beat[theirs] == held)
        self.hand.picture("locked")
        dock.choose(held)
        self.hand.click(dock.lock_button)

    def mix(self) -> Iterator[None]:
        """Let the load be a mix."""
        dock = self.desk.dock
        dock.weight_box.setCurrentIndex(dock.weight_box.findData(MIX))
        self.hand.write(dock.mix_edit, "部件=2，案件=1，道路=1")
        dock.mix_edit.editingFinished.emit()
        yield from self.settled()
        self.check("the load is a mix", len(self.desk.paint.weights) == 3)
        self.document("beats-mix")

    def again(self) -> Iterator[None]:
        """Draft from what is there, with few grids changing hands."""
        dock = self.desk.dock
        before = list(self.desk.paint.beat)
        dock.current_box.setChecked(True)
        dock.moves_box.setValue(5)
        self.hand.click(dock.draft_button)
        yield from wait_for(lambda: not self.desk.drafting, 60, "the draft")
        yield from self.settled()
        moved = sum(was != now for was, now in zip(before, self.desk.paint.beat))
        self.findings["moved"] = moved
        self.check("at most five grids change hands", moved <= 5)
        self.document("beats-moves")

    def small_screen(self) -> Iterator[None]:
        """Look at the dock on a small screen."""
        window = iface.mainWindow()
        window.setGeometry(0, 0, 1366, 768)
        yield from pause(1.0)
        self.hand.picture("at_1366_768")
        self.check("the dock fits 1366 × 768", self.desk.dock.widget().height() <= 768 and window.height() <= 768)
        window.setGeometry(0, 0, 1900, 1060)
        yield from self.settled()

    def written(self) -> Iterator[None]:
        """Save what was painted and drafted."""
        self.hand.click(self.desk.dock.save_button)
        yield from self.confirm("beats_again", lambda: self.desk.preview)
        yield from self.settled()
        self.check("saved", not self.desk.paint.changed())

    def undo(self) -> Iterator[None]:
        """Take the last change of beats back in the window of actions."""
        now = list(self.desk.paint.beat)
        actions = self.plugin.operations
        yield from self.menu_action("dcm_operations")
        yield from wait_for(lambda: actions.dialog is not None and actions.dialog.isVisible(), 20, "the log")
        dialog = actions.dialog
        dialog.table.selectRow([item["kind"] for item in dialog.operations].index("save_beats"))
        yield from pause(0.3)
        self.hand.click(dialog.undo_button)
        yield from self.confirm("undo_beats", lambda: actions.preview)
        yield from self.settled()
        actions.dialog.reject()
        yield from self.settled()
        self.check("the beats of before are back in the dock", self.desk.paint.beat != now)
        self.desk.dock.hide()
        yield from pause(0.3)
        self.check("nothing is left on the map", not self.desk.on_map._bands)


if __name__ == "__main__":
    begin_round(BeatsDay)

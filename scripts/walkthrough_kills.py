# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine killed over and over in the midst of a redraw, in the real window (``qgis --code``).

``bash scripts/run_walkthrough.sh --kills 45 [--store copy.gpkg]`` starts it; the store is written to. While the map is
drawn by several threads, panned and refreshed without an end, pens move, changes are made, undone, written, tables are
told as changed, and the engine is killed at a moment drawn by lot. QGIS must outlive all of it, and the session with
the changes not written must be there again after each kill.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

from qgis.core import QgsPointXY, QgsRectangle
from qgis.PyQt.QtCore import QTimer
from qgis.utils import iface

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from walkthrough_hand import begin_round, pause, wait_for  # (``--code`` sets no path)
from walkthrough_redraw import RedrawDay

from digital_citymgmt_plugin.bridge import layers

log = logging.getLogger(__name__)
STORE = os.environ.get("DCM_WALK_STORE", "")
KILLS = int(os.environ.get("DCM_WALK_KILLS") or 45)
TABLES = ("unit_grid", "component_point", "case_record", "base_line", "class", "scenario")
PENS = ("split", "move_vertex", "move_edge", "reshape")


class KillDay(RedrawDay):
    """The steps."""

    STEPS = ("drawings", "open_bench", "kills")

    def run(self) -> Iterator[None]:
        """Open a store that was given, else the demo city; then kill."""
        if not STORE:
            yield from super().run()
            return
        iface.mainWindow().setGeometry(0, 0, 1900, 1060)
        self.desks = self.plugin.census
        self.begin("open")
        self.controller.open_store(STORE)
        yield from wait_for(lambda: self.controller._loading is None and bool(self.dock.model.counts), 300, "the store")
        self.desks.redraw.dock.show()
        self.begin("kills")
        yield from self.kills()

    # -- what goes on all the time ------------------------------------------------------------------------------

    def _restless(self) -> None:
        """Let the map be drawn anew, now and then elsewhere."""
        self.turns += 1
        if self.turns % 6 == 0:
            self.go_anywhere()
        else:
            self.canvas.refresh()

    def go_anywhere(self) -> None:
        """Show a grid drawn by lot and some ground around it."""
        shape = self.lot.choice(self.shapes)
        box = QgsRectangle(shape.boundingBox())
        box.scale(self.lot.choice((1.5, 3.0, 8.0)))
        self.canvas.setExtent(box)
        self.canvas.refresh()

    def kill_after(self, seconds: float) -> None:
        """Kill the engine in a while."""

        def kill() -> None:
            entry = self.controller.session.pool.hold(self.controller.path)._entry
            if entry.client is not None and entry.client.alive:
                with suppress(ProcessLookupError):
                    os.kill(entry.client.pid, signal.SIGKILL)
                    self.killed += 1

        QTimer.singleShot(int(seconds * 1000), kill)

    # -- what the kills fall into -------------------------------------------------------------------------------

    def place(self) -> QgsPointXY:
        """Return a place by lot on what is seen."""
        box = self.canvas.extent()
        x = self.lot.uniform(box.xMinimum(), box.xMaximum())
        return QgsPointXY(x, self.lot.uniform(box.yMinimum(), box.yMaximum()))

    def pen(self) -> Iterator[None]:
        """Move a pen about and end it."""
        desk = self.desks.redraw
        desk.take(self.lot.choice(PENS))
        for _ in range(5):
            yield from self.press(self.place())
        for pen in desk.pens.by_name.values():
            pen.end()
        yield from pause(0.1)
        desk.pens.drop()

    def apply(self) -> Iterator[None]:
        """Look at the counts and write."""
        desk = self.desks.redraw
        self.desks.redraw_actions.apply()
        end = time.monotonic() + 6
        while desk.preview is None and time.monotonic() < end:
            yield
        if desk.preview is not None:
            desk.preview.accept()
            yield from pause(self.lot.uniform(0.0, 0.4))

    def tables(self) -> Iterator[None]:
        """Tell tables as changed, read layers anew, as a write by somebody else would."""
        for _ in range(6):
            self.controller.store_changed(self.controller.path, list(self.lot.sample(TABLES, 2)))
            yield from pause(0.03)
            layers.reload_store(self.controller.path)
            yield from self.move(self.place())

    def steps(self) -> Iterator[None]:
        """Undo and redo."""
        for number in range(6):
            self.desks.redraw.step(back=number % 3 != 2)
            yield from self.move(self.place())

    def idle(self, seconds: float = 90) -> Iterator[None]:
        """Wait until nothing is under way; close what asks."""
        desk, actions = self.desks.redraw, self.desks.redraw_actions

        def still() -> bool:
            if desk.preview is not None:
                desk.preview.reject()
            if actions.dialog is not None:
                actions.dialog.done(0)
            return not desk.courier.busy and not desk.courier.handing and not self.controller.link.busy

        for _ in range(3):
            yield from wait_for(still, seconds, "the engine")
            yield from pause(0.15)

    def kills(self) -> Iterator[None]:
        """Do it all."""
        desk, self.lot, self.turns, self.killed = self.desks.redraw, random.Random(6), 0, 0  # noqa: S311
        if not desk.session:
            self.hand.click(desk.dock.begin_button)
            yield from wait_for(lambda: bool(desk.session), 120, "the session")
        layer = layers.find_layer(self.controller.path, "unit_grid", "current")
        self.shapes = [one.geometry() for one in layer.getFeatures()]
        self.canvas.setParallelRenderingEnabled(True)
        timer = QTimer(self.canvas)
        timer.timeout.connect(self._restless)
        timer.start(50)
        kept, self.began = True, time.monotonic()
        works = (self.pen, self.pen, self.tables, self.apply, self.steps)
        for number in range(KILLS):
            self.begin(f"kill {number + 1}: {works[number % len(works)].__name__}")
            log.warning("%s (%.0f s)", self.findings["steps"][-1], time.monotonic() - self.began)
            yield from self.pen()
            yield from self.idle()
            before, work = list(desk.entries), works[number % len(works)]
            self.kill_after(self.lot.uniform(0.0, 0.5))
            yield from work()
            yield from self.pen()  # finds the engine dead and has it started
            yield from self.idle()
            if not desk.session:
                self.hand.click(desk.dock.begin_button)
                yield from wait_for(lambda: bool(desk.session), 120, "the session again")
                yield from self.idle()
            kept = kept and (work == self.apply or work == self.steps or desk.entries[: len(before)] == before)
            self.findings["kill"] = number + 1
        timer.stop()
        yield from self.idle()
        self.figure("kills", self.killed)
        self.check("killed as often as was wished", self.killed >= 0.8 * KILLS)
        self.check("a session is there after each kill", bool(desk.session))
        self.check("what was drawn outlived the kills", kept)
        yield from pause(1.0)
        self.hand.picture("after_the_kills")


if __name__ == "__main__":
    begin_round(KillDay)

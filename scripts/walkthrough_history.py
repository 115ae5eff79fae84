# SPDX-License-Identifier: GPL-2.0-or-later
"""The lineage dock in the real window: a grid by code, by a click, the grids of a day, on a small screen, nothing left.

``bash scripts/run_walkthrough.sh --history`` starts it with a store made by ``scripts/history_city.py``. The pictures
``doc_….png`` are those of ``docs/user/img``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QDate, Qt
from qgis.PyQt.QtTest import QTest
from qgis.utils import iface

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from walkthrough_census import CensusDay  # (``--code`` sets no path)
from walkthrough_hand import OUT, begin_round, pause, wait_for
from walkthrough_redraw import RedrawDay

from digital_citymgmt_plugin.bridge import layers
from digital_citymgmt_plugin.bridge.day_layer import DAY

STORE = OUT / "history" / "city.gpkg"


class HistoryDay(CensusDay):
    """The steps."""

    STEPS = ("today", "retired", "click", "day", "small_screen", "close")
    at, move, press, canvas = RedrawDay.at, RedrawDay.move, RedrawDay.press, RedrawDay.canvas
    _mouse = RedrawDay._mouse

    def run(self) -> Iterator[None]:
        """Open the store with a past, then do the steps."""
        iface.mainWindow().setGeometry(0, 0, 1900, 1060)
        self.desks = self.plugin.census
        yield from pause(1.0)
        self.begin("open")
        self.controller.open_store(str(STORE))
        yield from wait_for(lambda: bool(self.controller.path), 60, "the store")
        yield from self.quiet()
        self.findings["demo"] = self.controller.path
        yield from self.menu_action("dcm_lineage")
        yield from self.settled()
        for step in self.STEPS:
            self.begin(step)
            yield from getattr(self, step)()

    def look(self, code: str) -> Iterator[None]:
        """Enter a code."""
        dock = self.desks.lineage.dock
        self.hand.write(dock.code_edit, code)
        began = time.monotonic()
        QTest.keyClick(dock.code_edit, Qt.Key.Key_Return)
        yield from self.settled()
        self.figure("lineage of a code, s", time.monotonic() - began)

    def today(self) -> Iterator[None]:
        """Look up the grid of today that comes from most."""
        desk = self.desks.lineage
        layer = layers.find_layer(self.controller.path, "unit_grid", "current")
        codes = sorted(str(one["code"]) for one in layer.getFeatures())
        best, most = codes[0], -1
        for code in codes[:20]:
            yield from self.look(code)
            if len(desk.answer["ancestors"]) > most:
                best, most = code, len(desk.answer["ancestors"])
        yield from self.look(best)
        self.hand.click(desk.dock.zoom_button)
        yield from self.settled()
        self.check("it has a past", most >= 3)
        self.check("kin are on the map", len(desk.on_map.bands) == 4)
        self.document("history-came")
        self.document("history-tree", desk.dock)

    def retired(self) -> Iterator[None]:
        """Go on with the oldest, a retired grid: what became of it."""
        desk = self.desks.lineage
        oldest = min(desk.answer["ancestors"], key=lambda one: (one["first"], one["code"]))
        yield from self.look(str(oldest["code"]))
        self.hand.click(desk.dock.zoom_button)
        yield from self.settled()
        self.check("a retired code is found", desk.answer["grid"]["status"] == "retired")
        self.check("it went on", bool(desk.answer["descendants"]))
        self.document("history-became")

    def click(self) -> Iterator[None]:
        """Pick a grid on the map."""
        desk = self.desks.lineage
        self.hand.click(desk.dock.pick_button)
        before = self.canvas.mapTool()
        self.check("the pick is the tool of the map", before is desk.pen)
        yield from self.press(self.canvas.extent().center())
        yield from self.settled()
        self.check("the grid under the click is shown", desk.answer["grid"]["status"] == "current")
        QTest.keyClick(self.canvas, Qt.Key.Key_Escape)
        yield from pause(0.2)
        self.check("Esc ends it", self.canvas.mapTool() is not desk.pen)

    def day(self) -> Iterator[None]:
        """Show the grids of a day in 2024, then of another."""
        dock = self.desks.lineage.dock
        self.canvas.zoomToFullExtent()
        dock.day_box.setChecked(True)
        for date in (QDate(2024, 6, 1), QDate(2024, 12, 31)):
            dock.day_edit.setDate(date)
            began = time.monotonic()
            if not dock.day_button.isChecked():
                self.hand.click(dock.day_button)
            yield from self.settled()
            self.figure("grids of a day, s", time.monotonic() - began)
            shown = self.day_layers()
            self.check("one layer of the day", len(shown) == 1 and date.toString("yyyy-MM-dd") in shown[0].name())
        node = (
            QgsProject.instance()
            .layerTreeRoot()
            .findLayer(layers.find_layer(self.controller.path, "unit_grid", "current").id())
        )
        self.check("the grids of today are hidden", not node.itemVisibilityChecked())
        yield from pause(1.0)
        self.document("history-day")
        self.hand.click(dock.day_button)
        yield from self.settled()
        self.check("today's are back", node.itemVisibilityChecked() and not self.day_layers())

    def day_layers(self) -> list:
        """Return the layers of a day."""
        return [one for one in QgsProject.instance().mapLayers().values() if one.customProperty(DAY)]

    def small_screen(self) -> Iterator[None]:
        """Look at the dock on a small screen."""
        window = iface.mainWindow()
        window.setGeometry(0, 0, 1366, 768)
        yield from pause(1.0)
        self.hand.picture("at_1366_768")
        dock = self.desks.lineage.dock
        self.check("the dock fits 1366 × 768", dock.widget().height() <= 768 and window.height() <= 768)
        window.setGeometry(0, 0, 1900, 1060)
        yield from self.settled()

    def close(self) -> Iterator[None]:
        """Hide the dock: nothing is left on the map."""
        desk = self.desks.lineage
        yield from self.menu_action("dcm_lineage")
        yield from pause(0.5)
        self.check("nothing is left on the map", not desk.on_map.bands)


if __name__ == "__main__":
    begin_round(HistoryDay)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The analyst's dock in the real window (``qgis --code``): each question, its map, its chart, periods, a page, a file.

``bash scripts/run_walkthrough.sh --analyst`` starts it with the demo city. The pictures ``doc_….png`` are those of
``docs/user/img``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.utils import iface

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from walkthrough_census import CensusDay  # (``--code`` sets no path)
from walkthrough_hand import OUT, begin_round, pause

from digital_citymgmt_plugin.bridge.findings_layer import find_findings


class AnalystDay(CensusDay):
    """The steps."""

    STEPS = ("open_dock", "worse", "new", "rhythm", "density", "page", "watchers", "files", "narrow")

    @property
    def desk(self) -> Any:
        """The desk of the analyst."""
        return self.desks.analyst

    def ask(self, code: str) -> Iterator[None]:
        """Choose a question and press the button."""
        dock = self.desk.dock
        box = dock.question_box
        at = next(at for at in range(box.count()) if box.itemData(at).code == code)
        self.hand.choose(box, box.itemText(at))
        yield from pause(0.2)
        self.hand.click(dock.run_button)
        yield from self.settled(180)
        self.check(f"{code}: answered", bool(self.desk.findings.rows) and self.desk.way.code == code)

    def near(self) -> None:
        """Bring the whole layer into sight."""
        layer = find_findings()
        if layer is not None and layer.featureCount():
            canvas = iface.mapCanvas()
            canvas.setExtent(canvas.mapSettings().layerExtentToOutputExtent(layer, layer.extent()).buffered(100))

    def open_dock(self) -> Iterator[None]:
        """Open the dock from the menu."""
        yield from self.menu_action("dcm_analyst")
        yield from pause(0.5)
        self.check("questions are offered", self.desk.dock.question_box.count() > 0)
        self.hand.picture("open")

    def worse(self) -> Iterator[None]:
        """Ask where it is worse than chance; go to the first cluster."""
        dock = self.desk.dock
        self.hand.choose(dock.exposure_box, dock.exposure_box.itemText(dock.exposure_box.findData("area")))
        yield from self.ask("where")
        layer = find_findings()
        self.check("clusters are on the map", layer is not None and layer.featureCount() > 0)
        self.near()
        dock.view.selectRow(0)
        yield from self.settled()
        self.check("the row is selected on the map", layer is not None and layer.selectedFeatureCount() == 1)
        self.document("analyst-where")
        self.hand.click(dock.place_button)
        yield from self.settled()
        self.hand.picture("went_there")
        dock.tabs.setCurrentIndex(1)
        self.document("analyst-definitions", dock)
        dock.tabs.setCurrentIndex(0)

    def new(self) -> Iterator[None]:
        """Ask what is new."""
        yield from self.ask("new")
        self.hand.picture("new")

    def rhythm(self) -> Iterator[None]:
        """Ask when; the busiest hour is chosen in the chart's table."""
        yield from self.ask("when")
        self.desk.dock.view.selectRow(8)
        self.document("analyst-when", self.desk.dock)

    def density(self) -> Iterator[None]:
        """Go through the months by the keys of the slider."""
        yield from self.ask("density")
        dock = self.desk.dock
        self.hand.click(dock.place_button)
        yield from self.settled()
        self.document("analyst-density")
        before = iface.mapCanvas().temporalRange().begin()
        dock.slider.setFocus()
        QTest.keyClick(dock.slider, Qt.Key.Key_Left)
        yield from self.settled()
        self.check("the slider moves the time of the map", iface.mapCanvas().temporalRange().begin() != before)
        self.hand.picture("month_before")

    def watchers(self) -> Iterator[None]:
        """Ask where only we look."""
        dock = self.desk.dock
        self.hand.choose(dock.by_box, dock.by_box.itemText(dock.by_box.findData("community")))
        yield from self.ask("watched")
        self.near()
        yield from self.settled()
        self.document("analyst-watchers")

    def page(self) -> Iterator[None]:
        """Make a page and print it."""
        from qgis.core import QgsLayoutExporter

        self.hand.click(self.desk.dock.page_button)
        yield from pause(2.0)
        made = QgsProject.instance().layoutManager().printLayouts()
        self.check("a page was made", bool(made))
        if made:
            exporter = QgsLayoutExporter(made[-1])
            settings = QgsLayoutExporter.ImageExportSettings()
            settings.dpi = 110
            exporter.exportToImage(str(OUT / "90_doc_analyst-page.png"), settings)
            for window in iface.openLayoutDesigners():
                window.close()
        yield from pause(0.5)

    def files(self) -> Iterator[None]:
        """Write workbook and chart (the window of files is the system's)."""
        for name, made in (("xlsx", self.desk.dock.export_button), ("png", self.desk.dock.picture_button)):
            path = OUT / f"findings.{name}"
            self.desk.ask_file = lambda *_words, path=path: str(path)
            self.hand.click(made)
            yield from self.settled()
            self.check(f"{name} is written", path.is_file())
        del self.desk.ask_file

    def narrow(self) -> Iterator[None]:
        """Look at the dock on a small screen."""
        window = iface.mainWindow()
        window.setGeometry(0, 0, 1366, 768)
        yield from pause(1.0)
        self.hand.picture("at_1366_768")
        self.check("the dock fits 1366 × 768", window.height() <= 768)
        window.setGeometry(0, 0, 1900, 1060)
        yield from self.settled()


if __name__ == "__main__":
    begin_round(AnalystDay)

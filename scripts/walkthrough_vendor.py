# SPDX-License-Identifier: GPL-2.0-or-later
"""The first run of a city that has grids already, in the real window: the file, its faults, adoption, mending.

``bash scripts/run_walkthrough.sh --vendor`` starts it with files made by ``scripts/vendor_grids.py``. The pictures
``doc_….png`` are those of ``docs/user/img``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QDialog, QDialogButtonBox
from qgis.utils import iface

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from walkthrough_census import CensusDay  # (``--code`` sets no path)
from walkthrough_hand import DATA, OUT, begin_round, pause, wait_for

from digital_citymgmt_plugin.core.requests import CreateStore, ImportAreas, Layer

FILES = OUT / "vendor"
STORE = OUT / "city.gpkg"


class VendorDay(CensusDay):
    """The steps."""

    STEPS = ("no_crs", "degrees", "adopt", "one", "alike", "ignore", "left", "undo")

    def run(self) -> Iterator[None]:
        """Make a city that has communities and no grids, then do the steps."""
        iface.mainWindow().setGeometry(0, 0, 1900, 1060)
        self.desks = self.plugin.census
        yield from pause(1.0)
        self.begin("new city")
        self.check("without a store nothing can be taken", not self.dock.vendor_button.isEnabled())
        self.controller.create_store(CreateStore(str(STORE), "2013", "320681", "启东市", "EPSG:4550"))
        yield from wait_for(lambda: bool(self.controller.path), 60, "the store")
        yield from self.quiet()
        areas = Layer(str(DATA / "areas.gpkg"), layer="communities")
        self.desks.base_map.write_now(ImportAreas(areas, "community", "code", "name"))
        yield from self.quiet()
        self.findings["demo"] = self.controller.path
        for step in self.STEPS:
            self.begin(step)
            yield from getattr(self, step)()

    def no_crs(self) -> Iterator[None]:
        """Press the button of step 2; look at a shapefile in GBK that states no CRS."""
        desk = self.desks.vendor
        self.check("the dock offers both ways", "2" in self.dock.next_label.text())
        self.document("vendor-step", self.dock)
        self.hand.click(self.dock.vendor_button)
        yield from wait_for(lambda: desk.dialog is not None and desk.dialog.isVisible(), 20, "the window")
        desk.dialog.move(20, 40)
        yield from self.drop(desk.dialog, DATA / "cases.csv")
        self.check("what is no layer is told", not desk.dialog.adopt_button.isEnabled())
        self.hand.picture("vendor_wrong_file", desk.dialog)
        began = time.monotonic()
        yield from self.drop(desk.dialog, FILES / "厂商单元网格.shp")
        yield from wait_for(lambda: desk.dialog.faults.rowCount() > 5, 60, "the faults")
        self.figure("file looked at and faults counted, s", time.monotonic() - began)
        dialog = desk.dialog
        self.check("the code field is guessed", dialog.code_field() == "网格编码")
        self.check("the CRS is found", dialog.crs() == "EPSG:4550")
        self.check("GBK is read", dialog.sample.item(0, 1).text() == "第1网格")
        self.check("nothing is written yet", self.dock.model.counts.get("grids", 0) == 0)
        self.document("vendor-file", dialog)

    def degrees(self) -> Iterator[None]:
        """Let wrong codes stay out: more rows go; then the GeoJSON in degrees instead."""
        dialog = self.desks.vendor.dialog
        rows = dialog.faults.rowCount()
        self.hand.choose(dialog.wrong_box, "reject")
        yield from self.settled()
        self.check("wrong codes may stay out", dialog.faults.rowCount() > rows)
        self.hand.picture("vendor_strict", dialog)
        self.hand.choose(dialog.wrong_box, "number")
        yield from self.settled()
        yield from self.drop(dialog, FILES / "厂商单元网格.geojson")
        yield from self.settled()
        self.check("degrees are read as such", dialog.crs() == "EPSG:4326")
        self.hand.picture("vendor_geojson", dialog)
        yield from self.drop(dialog, FILES / "厂商单元网格.shp")
        yield from self.settled()

    def adopt(self) -> Iterator[None]:
        """Adopt: the first fault is on the map."""
        desk, issues = self.desks.vendor, self.desks.issues
        began = time.monotonic()
        self.hand.click(desk.dialog.adopt_button)
        yield from wait_for(lambda: issues.dock.isVisible() and issues.dock.issues.rowCount() > 0, 90, "the faults")
        yield from self.settled()
        self.figure("adopted and first fault on the map, s", time.monotonic() - began)
        yield from pause(1.5)  # the fault flashes
        self.check("the first fault is on the map", bool(issues.on_map.bands))
        self.check("rows that stay out are in a file", any(OUT.glob("*.xlsx")))
        self.document("vendor-faults")

    def _rule(self, rule: str) -> Iterator[None]:
        dock = self.desks.issues.dock
        rules = [row["rule"] for row in dock.rules.rows]
        yield from self.choose_row(dock.rule_view, rules.index(rule))
        yield from self.settled()

    def _open(self, rule: str) -> int:
        return next((row["open"] for row in self.desks.issues.dock.rules.rows if row["rule"] == rule), 0)

    def one(self) -> Iterator[None]:
        """Mend one overlap: the counts first."""
        desk = self.desks.issues
        dock = desk.dock
        yield from self._rule("grid.overlap")
        before = self._open("grid.overlap")
        yield from self.choose_row(dock.issue_view, 0)
        yield from self.settled()
        self.hand.click(dock.fix_button)
        yield from wait_for(lambda: desk.preview is not None and desk.preview.isVisible(), 60, "the counts")
        yield from pause(0.3)
        self.document("vendor-mend", desk.preview)
        yield from self.confirm("mend_one", lambda: desk.preview)
        yield from self.settled()
        self.check("one overlap is mended", 0 < self._open("grid.overlap") < before)

    def alike(self) -> Iterator[None]:
        """Mend all overlaps, then all of the other rules."""
        desk = self.desks.issues
        for rule in ("grid.overlap", "grid.duplicate", "grid.multipart", "grid.hole", "grid.crossing", "grid.gap"):
            if not self._open(rule):
                continue
            yield from self._rule(rule)
            self.hand.click(desk.dock.fix_all_button)
            yield from self.confirm(f"mend_{rule}", lambda: desk.preview)
            yield from self.settled()
        self.check("all overlaps are mended", not self._open("grid.overlap"))
        self.check("all gaps are mended", not self._open("grid.gap"))

    def ignore(self) -> Iterator[None]:
        """Let a fault stand, with a reason."""
        desk = self.desks.issues
        yield from self._rule("grid.code_replaced")
        yield from self.choose_row(desk.dock.issue_view, 0)
        self.hand.click(desk.dock.waive_button)
        yield from wait_for(lambda: isinstance(desk.dialog, QDialog) and desk.dialog.isVisible(), 20, "the reason")
        edit = desk.dialog.edit
        edit.setFocus()
        QApplication.clipboard().setText("新编号无误")
        QTest.keyClick(edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        yield from pause(0.3)
        ok = desk.dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.hand.click(ok)
        yield from self.confirm("waive", lambda: desk.preview)
        yield from self.settled()

    def left(self) -> Iterator[None]:
        """Ask to mend what cannot be: it says why."""
        desk = self.desks.issues
        yield from self._rule("grid.code_replaced")
        self.hand.click(desk.dock.fix_all_button)
        yield from self.confirm("mend_left", lambda: desk.preview)
        yield from self.settled()
        self.check("what is left says why", all(row["params"].get("why_left") for row in desk.dock.issues.rows))
        yield from self.choose_row(desk.dock.issue_view, 0)
        yield from pause(1.0)
        self.document("vendor-left")

    def undo(self) -> Iterator[None]:
        """Take the last mending of geometry back."""
        actions = self.plugin.operations
        yield from self.menu_action("dcm_operations")
        yield from wait_for(lambda: actions.dialog is not None and actions.dialog.isVisible(), 20, "the log")
        dialog = actions.dialog
        kinds = [item["kind"] for item in dialog.operations]
        dialog.table.selectRow(kinds.index("mend_grids"))
        yield from pause(0.3)
        self.hand.click(dialog.undo_button)
        yield from self.confirm("undo_mending", lambda: actions.preview)
        yield from self.settled()
        self.check("a mending is taken back", "undo_operation" in [one["kind"] for one in actions.dialog.operations])


if __name__ == "__main__":
    begin_round(VendorDay)

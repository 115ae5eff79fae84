# SPDX-License-Identifier: GPL-2.0-or-later
"""Drafting unit grids in the real window (``qgis --code``): base map in, preview, draft, doubtful cells, adoption.

``bash scripts/run_walkthrough.sh --grids`` starts it with the demo city and drawings made of it. The pictures
``doc_….png`` are those of ``docs/user/img``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QDoubleSpinBox

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from walkthrough_census import CensusDay  # (``--code`` sets no path)
from walkthrough_hand import OUT, begin_round, pause, wait_for

GAP = "grid.gap"
DRAWINGS = OUT / "census_day" / "图纸"


class GridsDay(CensusDay):
    """The steps."""

    STEPS = ("drawings", "open_window", "change", "whole", "walk", "again", "adopt", "checks", "repair", "undo")

    def drawings(self) -> Iterator[None]:
        """Bring the base map in."""
        desk = self.desks.base_map
        yield from self.menu_action("dcm_base_map")
        yield from wait_for(lambda: desk.dialog is not None and desk.dialog.isVisible(), 20, "the base map window")
        yield from self.drop(desk.dialog, DRAWINGS)
        self.hand.click(desk.dialog.import_button)
        yield from self.confirm("base_map", lambda: desk.preview)

    def open_window(self) -> Iterator[None]:
        """Open the window: a community is drafted at once."""
        desk = self.desks.draft
        yield from self.menu_action("dcm_draftgrids")
        yield from wait_for(lambda: desk.dialog is not None and desk.dialog.isVisible(), 20, "the window")
        began = time.monotonic()
        yield from wait_for(lambda: bool(desk.dialog.area_chart.values), 60, "the first preview")
        self.figure("first preview, s", time.monotonic() - began)
        yield from self.settled()
        desk.dialog.move(20, 60)
        self.check("the base map is offered", len(desk.dialog.layer_page.barriers) >= 3)
        self.check("buildings are found", "buildings" in desk.dialog.layer_page.others())
        self.check("cells are on the map", len(desk.on_map.bands) == 2)
        self.document("draft-layers", desk.dialog)

    def change(self) -> Iterator[None]:
        """Wish other sizes, other ranks, other weights: the preview follows."""
        desk = self.desks.draft
        dialog = desk.dialog
        before = len(dialog.area_chart.values)
        dialog.tabs.setCurrentWidget(dialog.target_page)
        box = dialog.target_page.area_spin
        box.setFocus()
        box.selectAll()
        QTest.keyClicks(box, "20000")
        QTest.keyClick(box, Qt.Key.Key_Return)
        began = time.monotonic()
        yield from wait_for(lambda: len(dialog.area_chart.values) != before, 60, "the next preview")
        self.figure("preview after a change, s", time.monotonic() - began)
        yield from self.settled()
        self.check("smaller cells are more", len(dialog.area_chart.values) > before)
        self.document("draft-preview", dialog)
        self.document("draft-map")
        dialog.tabs.setCurrentWidget(dialog.weight_page)
        spin = next(iter(dialog.weight_page.boxes.values()))
        spin.setValue(3)
        yield from pause(0.8)
        yield from self.settled()
        self.hand.picture("draft_weights", dialog)

    def whole(self) -> Iterator[None]:
        """Draft the city; the window stays alive."""
        desk = self.desks.draft
        began = time.monotonic()
        self.hand.click(desk.dialog.draft_button)
        yield from wait_for(lambda: bool(self.desks.drafts.layer_id), 240, "the draft")
        self.figure("draft of the demo city, s", time.monotonic() - began)
        yield from self.settled()
        desk.dialog.tabs.setCurrentWidget(desk.dialog.target_page)
        yield from pause(0.3)
        self.document("draft-histograms", desk.dialog)
        desk.dialog.reject()
        yield from self.settled()
        self.check("nothing of the preview is left", not desk.on_map.bands)
        self.check("the draft is in the project", self.desks.drafts.layer() is not None)
        self.findings["cells"] = self.desks.drafts.dock.summary.text()

    def walk(self) -> Iterator[None]:
        """Walk the doubtful cells by keyboard; accept, lock and edit."""
        dock = self.desks.drafts.dock
        self.check("doubtful cells are listed", bool(dock.cells))
        if len(dock.cells) < 4:
            dock.every_box.setChecked(True)
            yield from self.settled()
        dock.view.setFocus()
        dock.view.selectRow(0)
        yield from self.settled()
        # Without a window manager no window is active, and keys of actions are not heard.
        keys = {action.shortcut().toString(): action for action in dock.shortcuts}
        for key in ("Alt+1", "Alt+3", "Alt+Up", "Alt+Down"):
            keys[key].trigger()
            yield from self.settled()
            yield from pause(1.5)  # the cell flashes
        states = [cell.get("review") for cell in dock.cells]
        self.check("decided by keyboard", states[:2] == ["accepted", "locked"])
        self.document("draft-dock")
        self.hand.click(dock.edit_button)
        yield from self.settled()
        layer = self.desks.drafts.layer()
        self.check("the draft is being edited", layer.isEditable())
        self.hand.picture("draft_edit")
        cell = dock.cells[dock.row()]
        # A careless edit: the cell no longer meets its neighbours.
        layer.changeGeometry(cell["fid"], cell["geometry"].buffer(-0.4, 5))
        layer.commitChanges()
        yield from self.settled()
        self.check("the saved edit is read", dock.cells[dock.row()]["area_m2"] < cell["area_m2"])

    def again(self) -> Iterator[None]:
        """Draft again: what was locked is offered to be kept."""
        desk = self.desks.draft
        self.hand.click(self.desks.drafts.dock.draft_button)
        yield from wait_for(lambda: desk.dialog is not None and desk.dialog.isVisible(), 20, "the window")
        yield from self.settled()
        self.check("locked cells are kept", "locked" in desk.dialog.layer_page.others())
        loads = [spin.value() for spin in desk.dialog.weight_page.boxes.values()]
        self.check("what components count is kept", loads[0] == 3 and set(loads[1:]) == {1})
        desk.dialog.reject()
        yield from self.settled()

    def adopt(self) -> Iterator[None]:
        """Adopt the draft: counts first."""
        desk = self.desks.drafts
        self.hand.click(desk.dock.adopt_button)
        yield from wait_for(lambda: desk.preview is not None and desk.preview.isVisible(), 60, "the counts")
        yield from pause(0.4)
        self.document("draft-adopt", desk.preview)
        yield from self.confirm("adopt", lambda: desk.preview)

    def checks(self) -> Iterator[None]:
        """Check the unit grids of the store; the gaps that the edit left are shown."""
        desk = self.desks.issues
        dock = desk.dock
        yield from self.menu_action("dcm_issues")
        yield from self.settled()
        dock.check_grids.trigger()
        yield from self.settled(120)
        rules = [row["rule"] for row in dock.rules.rows]
        self.findings["rules"] = rules
        self.check("gaps are found", GAP in rules)
        yield from self.choose_row(dock.rule_view, rules.index(GAP))
        self.hand.click(dock.next_button)
        yield from self.settled()
        self.check("the gap has its exact shape", bool(dock.issues.rows[0].get("shape")))
        self.document("grid-issues")

    def repair(self) -> Iterator[None]:
        """Mend what is narrower than two metres, the counts before: a sharp corner moved by more than one."""
        dock = self.desks.issues.dock
        dock.repair_grids.trigger()
        yield from wait_for(lambda: self.plugin.dialogs.dialogs(), 20, "the dialog of checkgrids")
        dialog = self.plugin.dialogs.dialogs()[-1]
        wrapper = dialog.mainWidget().wrappers["REPAIR"]
        box = wrapper.wrappedWidget() if hasattr(wrapper, "wrappedWidget") else wrapper.widget
        (box if hasattr(box, "setValue") else box.findChild(QDoubleSpinBox)).setValue(2.0)
        yield from self.algorithm("repair")
        yield from self.settled()
        rules = {row["rule"]: row["open"] for row in dock.rules.rows}
        self.check("the gaps are mended", not rules.get(GAP))
        self.hand.picture("issues_after_repair")

    def undo(self) -> Iterator[None]:
        """Take the repair back, then the adoption; what is taken back already says so."""
        actions = self.plugin.operations
        yield from self.menu_action("dcm_operations")
        yield from wait_for(lambda: actions.dialog is not None and actions.dialog.isVisible(), 20, "the log")
        for kind in ("repair_grids", "adopt_grids"):
            dialog = actions.dialog
            kinds = [item["kind"] for item in dialog.operations]
            self.findings.setdefault("kinds", []).append(kinds[:6])
            dialog.table.selectRow(kinds.index(kind))
            yield from pause(0.3)
            self.hand.click(dialog.undo_button)
            yield from self.confirm(f"undo_{kind}", lambda: actions.preview)
            yield from self.settled()
        self.hand.picture("operations", actions.dialog)
        self.check("back at the grids of the demo city", self.dock.model.counts.get("grids", 0) < 100)


if __name__ == "__main__":
    begin_round(GridsDay)

# SPDX-License-Identifier: GPL-2.0-or-later
"""All docks, windows, menus and algorithm dialogs one after the other in the real window (``qgis --code``).

``bash scripts/run_walkthrough.sh --review [--locale en] [--theme "Night Mapping"] [--size 1366x768] [--font 2]
[--palette dark|contrast]`` starts it with the demo city and the files of a census day. Each is drawn to a picture, and
what can be told without eyes (``review_looks.py``) goes to ``review.json``. ``DCM_WALK_STEPS`` of the environment names
the steps when not all are wanted (``demo`` is needed by most). Nothing is judged here: the pictures are.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QLocale, Qt, QTimer
from qgis.PyQt.QtWidgets import QApplication, QDialog, QMenu, QMessageBox, QPushButton, QWidget
from qgis.utils import iface

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from review_looks import report
from walkthrough_census import DAY  # (``--code`` sets no path)
from walkthrough_hand import OUT, begin_round, paint, pause, wait_for
from walkthrough_redraw import RedrawDay

from digital_citymgmt_plugin.bridge.layers import find_layer


class Review(RedrawDay):
    """The steps; one that fails is noted and the next begins."""

    STEPS = (
        "empty_docks", "demo", "base_map", "fill_sheets", "fill_candidates", "fill_doubles", "fill_issues",
        "fill_draft", "fill_lineage", "fill_beats", "fill_redraw", "together", "menus", "windows", "more_windows",
        "questions", "algorithms",
    )  # fmt: skip

    def run(self) -> Iterator[None]:
        """Do all."""
        self.desks = self.plugin.census
        self.seen: dict[str, Any] = {}
        self.missed: dict[str, str] = {}
        theme, palette = os.environ.get("DCM_WALK_THEME", ""), os.environ.get("DCM_WALK_PALETTE", "")
        if theme:
            QgsApplication.setUITheme(theme)
        if palette:
            paint(palette)
        size = iface.mainWindow().screen().geometry()
        iface.mainWindow().setGeometry(0, 0, size.width(), size.height())
        yield from pause(1.0)
        chosen = os.environ.get("DCM_WALK_STEPS", "").split()
        for name in [one for one in self.STEPS if not chosen or one in chosen]:
            self.begin(name)
            yield from self.safely(name, getattr(self, name)())
        text = json.dumps({"seen": self.seen, "missed": self.missed}, ensure_ascii=False, indent=1)
        (OUT / "review.json").write_text(text, encoding="utf-8")

    def safely(self, name: str, steps: Iterator[None]) -> Iterator[None]:
        """Do some steps; what goes wrong is noted, its windows are closed."""
        try:
            yield from steps
        except Exception as error:  # a review shows what it can
            self.missed[name] = f"{type(error).__name__}: {error}"[:400]
            self.hand.picture(f"missed_{name}")
            for widget in self.dialogs():
                widget.close()
        iface.messageBar().clearWidgets()
        yield from pause(0.2)

    # -- what is looked at ----------------------------------------------------------------------------------------

    def look(self, name: str, widget: QWidget, *, alone: bool = True) -> None:
        """Draw the screen, and the widget alone, and note what can be told of it."""
        self.hand.pictures += 1
        path = OUT / f"{self.hand.pictures:02d}_{name}.png"
        (widget.grab() if alone else iface.mainWindow().screen().grabWindow(0)).save(str(path))
        self.seen[name] = report(widget, chinese=QgsApplication.locale().startswith("zh"))

    def dialogs(self) -> list[QWidget]:
        """Return the windows that stand over the main one."""
        return [one for one in QApplication.topLevelWidgets() if isinstance(one, QDialog) and one.isVisible()]

    def window(self, name: str, start: Callable[[], Any], then: Callable[[Any], Iterator[None]] | None = None,
               seconds: float = 12) -> Iterator[None]:  # fmt: skip
        """Open a window by what a click calls, look at it, close it."""

        def steps() -> Iterator[None]:
            before = self.dialogs()
            QTimer.singleShot(0, start)  # one that waits for its answer does not stop the walk
            yield from wait_for(lambda: [one for one in self.dialogs() if one not in before], seconds / 4, name)
            yield from self.settled()
            dialog = [one for one in self.dialogs() if one not in before][-1]
            if then is not None:
                yield from then(dialog)
                yield from self.settled()
            self.look(name, dialog)
            dialog.reject() if isinstance(dialog, QDialog) else dialog.close()
            yield from self.settled()

        yield from self.safely(name, steps())

    def bring(self, name: str) -> Any:
        """Show a dock in front; return it."""
        dock = next(dock for _words, key, dock in self.desks.docks if key == name)
        self.desks._bring(dock)
        iface.mainWindow().resizeDocks([dock], [520], Qt.Orientation.Horizontal)
        return dock

    def dock_seen(self, name: str, dock: Any) -> Iterator[None]:
        """Look at a dock: in the whole window, and alone."""
        dock.raise_()
        yield from self.settled()
        self.look(f"dock_{name}", dock)
        self.look(f"screen_{name}", dock, alone=False)

    # -- docks ------------------------------------------------------------------------------------------------------

    def empty_docks(self) -> Iterator[None]:
        """Each dock with no store open."""
        self.dock.show()
        yield from self.dock_seen("city_empty", self.dock)
        for _words, name, _dock in self.desks.docks:
            yield from self.dock_seen(f"{name}_empty", self.bring(name))

    def demo(self) -> Iterator[None]:
        """Open the demo city."""
        self.dock.raise_()
        yield from pause(0.3)
        self.plugin.first_run.open_demo()
        yield from wait_for(lambda: self.dock.progress_bar.value() > 30 or bool(self.controller.path), 120, "progress")
        self.look("dock_city_busy", self.dock)
        yield from wait_for(lambda: bool(self.controller.path), 240, "the demo city")
        yield from self.quiet()
        self.findings["demo"] = self.controller.path
        yield from self.dock_seen("city", self.dock)

    def written(self, dialog: Any) -> Iterator[None]:
        """Press *Write* of the counts."""
        write = dialog.findChild(QPushButton, "write_previewed")
        self.hand.click(write) if write is not None else dialog.reject()  # there may be nothing to write
        yield from self.settled(120)

    def counts(self, name: str, desk: Any, start: Callable[[], Any]) -> Iterator[None]:
        """Have the counts shown, look at them, write."""
        start()
        yield from wait_for(lambda: desk.preview is not None and desk.preview.isVisible(), 30, f"counts of {name}")
        yield from pause(0.4)
        self.look(f"counts_{name}", desk.preview)
        yield from self.written(desk.preview)

    def fill_sheets(self) -> Iterator[None]:
        """Sheets."""
        dock = self.bring("sheets")
        yield from self.settled()
        yield from self.counts("sheets", self.desks.sheets, dock.make_button.click)
        dock.apply_button.click()
        yield from self.settled()
        yield from self.dock_seen("sheets_none_chosen", dock)
        dock.sheet_view.selectRow(0)
        yield from self.dock_seen("sheets", dock)

    def fill_candidates(self) -> Iterator[None]:
        """Candidates of the drawings."""
        dock = self.bring("candidates")
        yield from self.settled()
        yield from self.counts("candidates", self.desks.candidates, dock.make_button.click)
        dock.decide_buttons["confirm"].click()
        yield from self.settled()
        yield from self.dock_seen("candidates_none_chosen", dock)

    def fill_doubles(self) -> Iterator[None]:
        """Doubles."""
        actions = self.plugin.duplicates
        actions.show()
        yield from self.settled()
        yield from self.dock_seen("doubles_unasked", actions.dock)
        actions.dock.find_button.click()
        yield from self.settled(120)
        actions.dock.pair_view.selectRow(0)
        yield from self.dock_seen("doubles", actions.dock)

    def fill_issues(self) -> Iterator[None]:
        """Issues: while the checks run, then none and one selected."""
        dock = self.bring("issues")
        yield from self.settled()
        dock.check_all.trigger()
        yield from pause(0.6)
        self.look("dock_issues_busy", dock)
        yield from self.settled(240)
        dock.waive_button.click()
        yield from self.settled()
        for one in self.dialogs():
            one.close()
        yield from self.dock_seen("issues_none_chosen", dock)
        yield from self.choose_row(dock.rule_view, 0)
        yield from self.choose_row(dock.issue_view, 0)
        yield from self.dock_seen("issues", dock)

    def fill_draft(self) -> Iterator[None]:
        """Draft: its window, while it drafts, then its dock."""
        desk = self.desks.draft
        desk.show()
        yield from wait_for(lambda: desk.dialog is not None and desk.dialog.isVisible(), 20, "the window")
        dialog = desk.dialog
        yield from wait_for(lambda: bool(dialog.area_chart.values), 60, "the first preview")
        yield from self.settled()
        for at in range(dialog.tabs.count()):
            dialog.tabs.setCurrentIndex(at)
            yield from pause(0.2)
            self.look(f"draft_grids_{at}", dialog)
        self.look("screen_draft_grids", dialog, alone=False)
        dialog.draft_button.click()
        yield from wait_for(lambda: dialog.draft_button.isEnabled() is False, 5, "the draft")
        yield from pause(0.2)
        self.look("draft_grids_busy", dialog)
        yield from wait_for(lambda: bool(self.desks.drafts.layer_id), 240, "the draft")
        yield from self.settled()
        dialog.reject()
        dock = self.bring("grid_draft")
        dock.every_box.setChecked(True)
        yield from self.settled()
        dock.view.selectRow(0)
        yield from self.dock_seen("grid_draft", dock)

    def fill_lineage(self) -> Iterator[None]:
        """Lineage: of no code, a wrong code, a code."""
        dock = self.bring("lineage")
        layer = find_layer(self.controller.path, "unit_grid", "current")
        for name, code in (("wrong", "12"), ("", str(next(layer.getFeatures())["code"]))):
            dock.code_edit.setText(code)
            dock.look_button.click()
            yield from self.settled()
            yield from self.dock_seen("lineage" + ("_" + name if name else ""), dock)

    def fill_beats(self) -> Iterator[None]:
        """Beats: empty, drafting, drafted."""
        dock = self.bring("beats")
        yield from wait_for(lambda: self.desks.beats.paint is not None, 60, "the beats")
        yield from self.dock_seen("beats_none", dock)
        dock.count_box.setValue(6)
        dock.draft_button.click()
        yield from pause(0.05)
        self.look("dock_beats_busy", dock)
        yield from wait_for(lambda: not self.desks.beats.drafting, 60, "the draft")
        yield from self.settled()
        dock.view.selectRow(0)
        dock.paint_button.click()
        yield from self.dock_seen("beats", dock)
        dock.save_button.click()
        yield from wait_for(lambda: self.desks.beats.preview is not None, 30, "the counts")
        yield from pause(0.4)
        self.look("counts_beats", self.desks.beats.preview)
        self.desks.beats.preview.reject()
        yield from self.settled()
        dock.discard_button.click()
        yield from self.settled()

    def fill_redraw(self) -> Iterator[None]:
        """Redraw: not begun, a bad pen, a split."""
        desk = self.desks.redraw
        dock = self.bring("redraw")
        yield from self.dock_seen("redraw_not_begun", dock)
        dock.begin_button.click()
        yield from wait_for(lambda: bool(desk.session), 60, "the session")
        yield from self.settled()
        self.find_pairs()
        yield from self.split()
        yield from self.dock_seen("redraw", dock)
        dock.apply_button.click()
        yield from wait_for(lambda: desk.preview is not None and desk.preview.isVisible(), 60, "the counts")
        yield from pause(0.4)
        self.look("counts_redraw", desk.preview)
        desk.preview.reject()
        yield from self.settled()

    def together(self) -> Iterator[None]:
        """Show all docks at once as tabs, then two side by side, then one that floats."""
        docks = [self.dock, *(dock for _words, _name, dock in self.desks.docks)]
        for dock in docks:
            dock.show()
        yield from self.settled()
        self.look("screen_together_tabs", self.dock, alone=False)
        window = iface.mainWindow()
        window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, self.desks.redraw.dock)
        yield from self.settled()
        self.look("screen_together_two", self.desks.redraw.dock, alone=False)
        window.tabifyDockWidget(self.dock, self.desks.redraw.dock)

    def menus(self) -> Iterator[None]:
        """Open the menu and those of buttons."""
        bar, menu = iface.mainWindow().menuBar(), iface.mainWindow().findChild(QMenu, "DcmMenu")
        self.hand.click(bar, bar.actionGeometry(menu.menuAction()).center())
        yield from wait_for(menu.isVisible, 5, "the menu")
        yield from pause(0.3)
        self.look("menu", menu)
        self.look("screen_menu", menu, alone=False)
        self.seen["menu"]["entries"] = [one.text() for one in menu.actions()]
        menu.close()
        yield from pause(0.2)

    # -- windows ----------------------------------------------------------------------------------------------------

    def windows(self) -> Iterator[None]:
        """Open the windows of the menu, one after the other."""
        plugin, desks = self.plugin, self.desks
        yield from self.window("wizard", plugin.first_run.ask_wizard)
        yield from self.window("new_store", self.controller.ask_new)
        yield from self.window("base_map_empty", lambda: desks.base_map.ask_file_in())
        yield from self.window(
            "base_map", lambda: desks.base_map.ask_file_in(), lambda dialog: self.drop(dialog, DAY / "图纸")
        )
        yield from self.window(
            "base_map_wrong", lambda: desks.base_map.ask_file_in(), lambda dialog: self.drop(dialog, DAY / "坏图.dxf")
        )
        yield from self.window("vendor_empty", desks.vendor.show)
        yield from self.window("vendor_wrong", desks.vendor.show, lambda dialog: self.drop(dialog, DAY / "空表.csv"))
        yield from self.window("check_rules", lambda: desks.rules.show_rule(""))
        yield from self.window("totals", desks.totals.show)
        yield from self.window("catalogue", plugin.catalogue.show)
        yield from self.window("find_class", plugin.profile_actions.find_class)
        yield from self.window("census_mapping", lambda: plugin.mapping.look(str(DAY / "旧台账.xlsx")))
        yield from self.window("operations", plugin.operations.show)
        yield from self.window("operations_chosen", plugin.operations.show, self.first_row)

    def first_row(self, dialog: Any) -> Iterator[None]:
        """Select the first line of the actions."""
        dialog.table.selectRow(0)
        yield from pause(0.2)

    def more_windows(self) -> Iterator[None]:
        """Open the windows of the docks."""
        desks = self.desks
        issues, candidates, redraw, beats = (
            desks.issues.dock, desks.candidates.dock, desks.redraw.dock, desks.beats.dock
        )  # fmt: skip
        yield from self.choose_row(issues.rule_view, 0)
        issues.issue_view.selectRow(0)
        yield from self.choose_component_issue(issues)
        yield from self.window("fix", issues.fix_button.click)
        yield from self.window("waive", issues.waive_button.click)
        yield from self.window("issue_history", issues.history_button.click)
        self.bring("candidates")
        yield from self.settled()
        yield from self.choose_row(candidates.class_view, 0)
        yield from self.choose_row(candidates.view, 0)
        yield from self.dock_seen("candidates", candidates)
        for name in [key for key in candidates.decide_buttons if "as" in key][:1]:
            yield from self.window("class_of_candidates", candidates.decide_buttons[name].click)
        yield from self.window("save_scenario", redraw.save_button.click)
        yield from self.safely("redraw_compare", self.compared())
        yield from self.safely("profile_differences", self.changed_profile())
        yield from self.window("beats_import", beats.import_button.click)
        beats.new_button.click()
        yield from self.settled()
        yield from self.window("beat_name", beats.name_button.click)

    def choose_component_issue(self, issues: Any) -> Iterator[None]:
        """Select the first issue of a component: one of a case has no values to mend."""
        for row in range(issues.rules.rowCount()):
            yield from self.choose_row(issues.rule_view, row)
            yield from self.choose_row(issues.issue_view, 0)
            if any(str(one["table_name"]).startswith("component") for one in issues.chosen_issues()):
                return

    def compared(self) -> Iterator[None]:
        """Save a scenario, take one change back, compare the two."""
        desk, actions = self.desks.redraw, self.desks.redraw_actions
        desk.dock.save_button.click()
        yield from wait_for(lambda: actions.dialog is not None and actions.dialog.isVisible(), 20, "the question")
        actions.dialog.setTextValue("方案一")
        actions.dialog.accept()
        yield from self.settled()
        desk.dock.scenario_box.setCurrentIndex(0)
        desk.step(back=True)
        yield from self.answered()
        yield from self.window("redraw_compare", desk.dock.compare_action.trigger)
        desk.step(back=False)
        yield from self.answered()

    def changed_profile(self) -> Iterator[None]:
        """Change a word of the profile's workbook and look at the differences; at a refusal, too."""
        import openpyxl
        import processing

        file = str(OUT / "profile.xlsx")
        processing.run("dcm:exportprofile", {"STORE": self.controller.path, "OUTPUT": file})
        for name, word in (("profile_differences", "改过的名称"), ("profile_refused", None)):
            book = openpyxl.load_workbook(file)
            sheet = next(one for one in book.worksheets if one.title.startswith("class"))
            for row in (3, 4):
                sheet.cell(row, 6 if word else 2).value = word  # a name, then no code
            book.save(file)
            yield from self.window(name, lambda: self.plugin.profile_actions.compare(file), seconds=60)

    def questions(self) -> Iterator[None]:
        """Open the questions: leaving changes, ending, the settings of the redraw."""
        redraw = self.desks.redraw
        yield from self.window("question_end_redraw", redraw.dock.begin_button.click)
        yield from self.window("question_discard", redraw.dock.discard_button.click)
        for _ in range(2):
            if redraw.session and redraw.entries:
                redraw.step(back=True)
                yield from self.answered()
        if redraw.session:
            redraw.dock.begin_button.click()
            yield from self.settled()
        for box in [one for one in self.dialogs() if isinstance(one, QMessageBox)]:
            box.button(QMessageBox.StandardButton.Yes).click()
        yield from self.settled()
        yield from self.window("redraw_settings", redraw.dock.settings_button.click)

    def algorithms(self) -> Iterator[None]:
        """Open the dialog of each algorithm."""
        provider = QgsApplication.processingRegistry().providerById("dcm")
        for algorithm in sorted(provider.algorithms(), key=lambda one: one.name()):
            yield from self.safely(algorithm.name(), self.one_algorithm(algorithm))

    def one_algorithm(self, algorithm: Any) -> Iterator[None]:
        """Open the dialog of an algorithm, look at it, close it."""
        dialog = self.plugin.dialogs.show(algorithm.id(), {})
        yield from wait_for(dialog.isVisible, 5, algorithm.id())
        yield from pause(0.3)
        self.look(f"algorithm_{algorithm.name()}", dialog)
        self.seen[f"algorithm_{algorithm.name()}"].update(
            group=algorithm.group(), name=algorithm.displayName(), help=algorithm.shortHelpString()[:2000],
            parameters=[one.description() for one in algorithm.parameterDefinitions()],
        )  # fmt: skip
        dialog.close()
        yield from pause(0.1)


if __name__ == "__main__":
    QLocale()
    begin_round(Review)

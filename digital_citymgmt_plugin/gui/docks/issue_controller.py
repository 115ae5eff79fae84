# SPDX-License-Identifier: GPL-2.0-or-later
"""What the *Issues* dock does: pages, next and previous, fix, waive, export, run the checks."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from qgis.core import Qgis, QgsExpression, QgsFeatureRequest
from qgis.PyQt.QtCore import QCoreApplication, QLocale, QTimer
from qgis.PyQt.QtWidgets import QDialog

from digital_citymgmt_plugin.bridge import layers
from digital_citymgmt_plugin.bridge.export import write_table
from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.core.class_search import key_from_dict
from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.core.requests import CheckGrids, ListClasses
from digital_citymgmt_plugin.core.requests_desk import (
    ExportIssues,
    FixComponents,
    IssueHistory,
    ListIssues,
    MendGrids,
    ReopenIssues,
    WaiveIssues,
)
from digital_citymgmt_plugin.gui.burn_down import BurnDownDialog
from digital_citymgmt_plugin.gui.desk import Desk, request_of
from digital_citymgmt_plugin.gui.dialogs.fix_component import FixDialog, ReasonDialog
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.docks.issue_dock import IssueDock
from digital_citymgmt_plugin.gui.docks.parts import shortcut
from digital_citymgmt_plugin.gui.draft_preview import CellsOnMap
from digital_citymgmt_plugin.gui.map_view import shown_extent
from digital_citymgmt_plugin.gui.models.issues import issue_words, object_words

PAGE = 500
COMPONENTS = ("component_point", "component_line", "component_area")


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("IssueDock", text)


class IssueController(Desk):
    """Wires the dock to the engine and the map."""

    dock: IssueDock
    WATCHED = frozenset({"check_issue"})

    def __init__(self, controller: CityController, dock: IssueDock) -> None:
        super().__init__(controller, dock)
        self.dialog: QDialog | None = None
        self._step = 0  # where to go when the page that was asked for has come
        self._moving = False  # the map moves because an issue is shown: the list stays that of the old extent
        self._extent: list[float] = []
        self._to_first = False  # show the first issue as soon as the list is there
        self.on_map = CellsOnMap(controller.iface.mapCanvas())  # the exact shape stays when the flash is over
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(300)  # several filters changed in a row are one question
        self._timer.timeout.connect(self.reload)
        self.next_action = shortcut(dock, tr("Next issue"), "F8", lambda: self.go(1))
        self.previous_action = shortcut(dock, tr("Previous issue"), "Shift+F8", lambda: self.go(-1))
        self._connect()

    def _connect(self) -> None:
        dock = self.dock
        for box in (dock.state_box, dock.level_box, dock.table_box):
            box.currentIndexChanged.connect(lambda _=0: self._timer.start())
        dock.sheet_edit.editingFinished.connect(self._timer.start)
        dock.extent_box.toggled.connect(lambda _=False: self._take_extent())
        self.controller.iface.mapCanvas().extentsChanged.connect(self._map_moved)
        dock.rule_view.selectionModel().selectionChanged.connect(lambda *_: self._timer.start())
        dock.issues.wanted.connect(self._next_page)
        dock.issue_view.activated.connect(lambda index: self.show_row(index.row()))
        dock.issue_view.clicked.connect(lambda index: self.show_row(index.row()))
        for made, slot in (
            (dock.next_button, lambda: self.go(1)), (dock.previous_button, lambda: self.go(-1)),
            (dock.fix_button, self.ask_fix), (dock.fix_all_button, self.ask_fix_rules),
            (dock.waive_button, self.ask_waive), (dock.waive_all_button, self.ask_waive_rules),
            (dock.reopen_button, self.reopen), (dock.export_button, self.ask_export),
            (dock.history_button, self.show_history),
        ):  # fmt: skip
            made.clicked.connect(lambda _=False, slot=slot: slot())
        dock.check_all.triggered.connect(lambda _=False: self.check("all"))
        dock.check_changed.triggered.connect(lambda _=False: self.check("changed"))
        dock.check_sheet.triggered.connect(lambda _=False: self.check("sheet"))
        dock.check_grids.triggered.connect(lambda _=False: self.write_now(CheckGrids()))
        dock.repair_grids.triggered.connect(lambda _=False: self.controller.start_step("checkgrids"))
        self.watch()
        dock.visibilityChanged.connect(lambda shown=False: None if shown else self.on_map.clear())

    # -- the list -----------------------------------------------------------------------------------------------

    def _opened(self, path: str) -> None:
        self._timer.stop()
        self.on_map.clear()
        super()._opened(path)

    def filters(self) -> dict[str, Any]:
        """Return what the filters of the dock say."""
        dock = self.dock
        state, level = dock.state_box.currentData(), dock.level_box.currentData()
        return {
            "rules": dock.chosen_rules(), "states": [state] if state else [], "levels": [level] if level else [],
            "sheet": dock.sheet_edit.text().strip() or None,
            "tables": [dock.table_box.currentData()] if dock.table_box.currentData() else [],
            "extent": list(self._extent),
        }  # fmt: skip

    def _map_moved(self) -> None:
        if self.dock.extent_box.isChecked() and not self._moving:
            self._take_extent()

    def _take_extent(self) -> None:
        """Look at the issues within what the map shows now; going through them moves the map, but not the list."""
        wanted = shown_extent(self.controller.iface.mapCanvas(), self.crs()) if self.dock.extent_box.isChecked() else []
        if wanted != self._extent:
            self._extent = wanted
            self._timer.start()

    def reload(self) -> None:
        """Ask for the first page and the counts."""
        if not self.path:
            return
        asked = self.filters()

        def listed(answer: dict[str, Any]) -> None:
            if asked == self.filters():
                self.on_map.clear()
                self.dock.issues.fill(answer["issues"], bool(answer["more"]))
                self._say_found(int(answer["counts"]["issues"]))
                if self._to_first:
                    self._to_first = False
                    self.go(1)

        def counted(answer: dict[str, Any]) -> None:
            before = self.dock.rule_view.selectionModel().blockSignals(True)
            self.dock.show_groups(answer["groups"])
            self.dock.rule_view.selectionModel().blockSignals(before)

        # The counts are of all rules, the list of those selected.
        self.ask(tr("Counting issues"), ListIssues(**{**asked, "rules": []}, limit=1), counted)
        self.ask(tr("Reading issues"), ListIssues(**asked, limit=PAGE), listed)

    def show_open(self, table: str) -> None:
        """List the open issues of one kind of object, and go to the first one."""
        dock = self.dock
        dock.rule_view.clearSelection()
        dock.sheet_edit.clear()
        dock.extent_box.setChecked(False)
        for box, wanted in ((dock.state_box, "open"), (dock.level_box, ""), (dock.table_box, table)):
            box.setCurrentIndex(max(0, box.findData(wanted)))
        self._to_first = True
        self._timer.start()

    def _say_found(self, count: int) -> None:
        words = counted(tr("{count} [issue is|issues are] listed."), count=QLocale().toString(count))
        self.dock.found_label.setText(words if count else tr("No issue meets the filter."))

    def _next_page(self, after: int) -> None:
        asked = self.filters()

        def came(answer: dict[str, Any]) -> None:
            if asked == self.filters():
                self.dock.issues.append(answer["issues"], bool(answer["more"]))
                step, self._step = self._step, 0
                if step:
                    self.go(step)

        self.ask(tr("Reading issues"), ListIssues(**asked, after=after, limit=PAGE, counts=False), came)

    def go(self, step: int) -> None:
        """Show the next or the previous issue of the list."""
        model, view = self.dock.issues, self.dock.issue_view
        # A view that gets the focus makes its first row the current one, without choosing it.
        row = view.currentIndex().row() + step if view.selectionModel().hasSelection() else 0
        if row >= model.rowCount() and model.more:  # the view may have asked for the page already
            self._step = step
            model.fetchMore()
            return
        if 0 <= row < model.rowCount():
            view.selectRow(row)
            view.scrollTo(model.index(row, 0))
            self.show_row(row)
        elif model.rowCount():
            self.dock.found_label.setText(tr("This is the last issue.") if step > 0 else tr("This is the first issue."))

    def show_row(self, row: int) -> None:
        """Go to where an issue is."""
        issue = self.dock.issues.rows[row]
        self._moving = True
        try:
            placed = self.show_point(issue)
        finally:
            self._moving = False
        self.on_map.clear()
        if placed and issue.get("shape"):
            self.on_map.show_one(self.place_of(issue), self.crs())
        words = f"{object_words(issue)}: {issue_words(issue)}"
        self.dock.found_label.setText(words if placed else words + " " + tr("It has no place on the map."))

    # -- fix, waive ---------------------------------------------------------------------------------------------

    def ask_fix(self) -> None:
        """Open the form of the selected issue's component."""
        chosen = self.dock.chosen_issues()
        if chosen and all(one.get("table_name") == "unit_grid" for one in chosen):
            self._mend({"uuids": [str(one["uuid"]) for one in chosen if one["state"] == "open"]})
            return
        if len(chosen) != 1 or chosen[0].get("table_name") not in COMPONENTS or not chosen[0].get("object_uuid"):
            self.dock.found_label.setText(tr("Select one issue of a component."))
            return
        issue = chosen[0]
        uuid = str(issue["object_uuid"])
        known = self._values(str(issue["table_name"]), uuid)
        if known is None:
            self.dock.found_label.setText(tr("The component is in none of the loaded layers."))
            return
        values = known

        def listed(answer: dict[str, Any]) -> None:
            lists = [[key_from_dict(row) for row in answer.get(name) or ()] for name in ("classes", "departments")]
            dialog = FixDialog(values, object_words(issue), issue_words(issue), self.dock, *lists)
            dialog.accepted.connect(lambda: self.fix(uuid, dialog.changes()))
            self._show(dialog)

        self.ask(tr("Reading classes and departments"), ListClasses("component"), listed)

    def ask_fix_rules(self) -> None:
        """Mend all open faults of unit grids of the selected rules, within the filters."""
        rules = [rule for rule in self.dock.chosen_rules() if rule.startswith("grid.")]
        if rules:
            self._mend({**self.filters(), "rules": rules, "states": [], "tables": []})
        else:
            self.dock.found_label.setText(tr("Select one or more rules of unit grids first."))

    def _mend(self, given: dict[str, Any]) -> None:
        if "uuids" in given and not given["uuids"]:
            self.dock.found_label.setText(tr("Select open issues first."))
            return
        self.write(MendGrids(**given), self._mended)

    def _mended(self, answer: dict[str, Any]) -> None:
        """Say why what is left could not be mended."""
        told = [sentence(str(note["code"]), note["values"]) for note in answer.get("notes") or []]
        if told:
            self.controller.messages.show("\n".join(told), Qgis.MessageLevel.Warning)

    def _values(self, table: str, uuid: str) -> dict[str, Any] | None:
        """Return what a component holds, read through its layer."""
        layer = layers.find_layer(self.path, table)
        if layer is None:
            return None
        expression = QgsExpression.createFieldEqualityExpression("uuid", uuid)
        found = next(layer.getFeatures(QgsFeatureRequest().setFilterExpression(expression).setLimit(1)), None)
        return None if found is None else found.attributeMap()

    def fix(self, uuid: str, changes: dict[str, str]) -> None:
        """Write the values; the engine checks them. What changed is checked again."""
        if changes:
            self.write_now(FixComponents([uuid], dict(changes)), lambda _answer: self.check("changed"))

    def ask_waive(self) -> None:
        """Ask for the reason of the selected issues' waiver."""
        uuids = [str(issue["uuid"]) for issue in self.dock.chosen_issues() if issue["state"] == "open"]
        if not uuids:
            self.dock.found_label.setText(tr("Select open issues first."))
            return
        words = counted(tr("{count} selected [issue is|issues are] let stand."), count=QLocale().toString(len(uuids)))
        self._ask_reason(words, {"uuids": uuids})

    def ask_waive_rules(self) -> None:
        """Ask for the reason of a waiver of all open issues of the selected rules, within the filters."""
        rules = set(self.dock.chosen_rules())
        if not rules:
            self.dock.found_label.setText(tr("Select one or more rules first."))
            return
        count = sum(int(row["open"]) for row in self.dock.rules.rows if row["rule"] in rules)
        words = tr("All open issues of the selected rules are let stand: {count}.")
        given = {**self.filters(), "states": []}
        self._ask_reason(words.format(count=QLocale().toString(count)), given)

    def _ask_reason(self, words: str, given: dict[str, Any]) -> None:
        dialog = ReasonDialog(words, self.dock)
        dialog.accepted.connect(lambda: self.write(WaiveIssues(**given, reason=dialog.reason())))
        self._show(dialog)

    def reopen(self) -> None:
        """Take the waivers of the selected issues back."""
        uuids = [str(issue["uuid"]) for issue in self.dock.chosen_issues() if issue["state"] == "waived"]
        if uuids:
            self.write(ReopenIssues(uuids=uuids))
        else:
            self.dock.found_label.setText(tr("Select waived issues first."))

    # -- files, time, checks ------------------------------------------------------------------------------------

    def ask_export(self) -> None:
        """Ask for a file and write what is listed."""
        kinds = (tr("Workbook") + " (*.xlsx)", "GeoPackage (*.gpkg)", "CSV (*.csv)", "GeoJSON (*.geojson)")
        path = self.ask_file(tr("Export issues"), tr("Issues") + ".xlsx", ";;".join(kinds)) if self.path else ""
        if path:
            self.export(ExportIssues(**self.filters(), output=path))

    def show_history(self) -> None:
        """Show the number of issues run by run."""
        self.ask(tr("Counting issues"), IssueHistory(), self._history)

    def _history(self, answer: dict[str, Any]) -> None:
        dialog = BurnDownDialog(answer["runs"], self.dock)
        dialog.export_asked.connect(lambda: self._export_history(dialog))
        self._show(dialog)

    def _export_history(self, dialog: BurnDownDialog) -> None:
        path = self.ask_file(tr("Issues over time"), tr("Issues over time") + ".xlsx", tr("Workbook") + " (*.xlsx)")
        if path:
            try:
                write_table(path, dialog.header, dialog.rows)
            except CityError as error:
                self.controller.messages.show_error(error)

    def check(self, scope: str) -> None:
        """Run the checks on all, on the sheet of the filter, or on what changed since the last run."""
        sheet = self.dock.sheet_edit.text().strip() or None
        if scope == "sheet" and sheet is None:
            self.dock.found_label.setText(tr("Enter the number of the sheet first."))
            return
        request = request_of("check_components", scope=scope, sheet=sheet if scope == "sheet" else None)
        if request is None:
            self.dock.found_label.setText(tr("This version has no checks yet."))
            return
        self.write_now(request)

    def _show(self, dialog: QDialog) -> None:
        if self.dialog is not None:
            self.dialog.reject()
        self.dialog = dialog
        dialog.finished.connect(lambda _answer: self._ended(dialog))
        dialog.open()

    def _ended(self, dialog: QDialog) -> None:
        if self.dialog is dialog:
            self.dialog = None
        dialog.deleteLater()

    def shut(self) -> None:
        """End: close what stands open."""
        self._timer.stop()
        self.on_map.clear()
        with suppress(TypeError, RuntimeError):  # the canvas went first
            self.controller.iface.mapCanvas().extentsChanged.disconnect(self._map_moved)
        if self.dialog is not None:
            self.dialog.reject()
        super().shut()

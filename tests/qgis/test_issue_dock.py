# SPDX-License-Identifier: GPL-2.0-or-later
"""The *Issues* dock with an engine that answers from a table: pages, counts, map, waivers, fixing, the checks."""

from __future__ import annotations

import time

import pytest
from qgis.core import QgsCoordinateReferenceSystem, QgsGeometry, QgsRectangle
from qgis.PyQt.QtCore import QDate, QModelIndex, Qt, QTimer
from qgis.PyQt.QtGui import QImage
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QDialog, QPushButton

from digital_citymgmt_plugin.core.class_search import ClassKey
from digital_citymgmt_plugin.gui.burn_down import BurnDown
from digital_citymgmt_plugin.gui.dialogs.fix_component import FixDialog, ReasonDialog
from digital_citymgmt_plugin.gui.docks.issue_controller import IssueController
from digital_citymgmt_plugin.gui.docks.issue_dock import IssueDock
from digital_citymgmt_plugin.gui.models.issues import grouped, issue_words, object_words
from tests.qgis import dock_bench
from tests.qgis.dock_bench import DockBench
from tests.qgis.make_city import CRS

pytestmark = pytest.mark.qgis

TOTAL = 100_000
RULES = ("component.name_missing", "component.in_water")
RUNS = [
    {"at": f"2026-01-0{day}T00:00:00.000Z", "scope": "all", "sheet": None, "components": 9, "open": left,
     "waived": day, "settled": 0}
    for day, left in ((1, 90), (2, 40), (3, 5))
]  # fmt: skip


def issue(fid, state="open"):
    return {"fid": fid, "uuid": f"u{fid}", "rule": RULES[fid % 2], "level": ("error", "warning")[fid % 2],
            "table_name": "component_point", "object_uuid": f"o{fid}", "params": {}, "state": state, "reason": None,
            "waived_by": None, "code": None, "name": f"n{fid}", "x": 500_100.0 + fid % 50,
            "y": 3_520_100.0}  # fmt: skip


def listed(request):
    rows = [issue(fid) for fid in range(request.after + 1, min(request.after + request.limit, TOTAL) + 1)]
    groups = [[RULES[0], "error", "open", TOTAL // 2], [RULES[1], "warning", "open", TOTAL // 2 - 7],
              [RULES[1], "warning", "waived", 7]]  # fmt: skip
    return {"issues": rows, "more": len(rows) == request.limit, "groups": groups, "counts": {"issues": TOTAL}}


class Bench(DockBench):
    PATIENCE = 350  # filters wait for each other

    def __init__(self, city):
        done = {"counts": {"waived": 2}, "tables": ["check_issue"], "operation": "1", "notes": []}
        super().__init__(city, {
            "list_issues": listed, "waive_issues": done, "reopen_issues": done,
            "fix_components": {**done, "counts": {"updated": 1}}, "export_issues": {"counts": {"issues": 1}},
            "issue_history": {"runs": RUNS, "now": {}}, "check_components": {"counts": {"issues": 3}, "tables": []},
            "check_grids": {"counts": {}, "tables": []},
        })  # fmt: skip
        self.dock = IssueDock(self.iface.window)
        self.desk = self.add(self.dock, IssueController)


city, bench = dock_bench.city, dock_bench.bench_of(Bench)


def test_candidates_are_named_by_code_and_distance(qgis_app):
    candidates = [{"uuid": "6489050b-444a", "code": "C1", "distance": 2.98}, {"uuid": "f8b64210-07a2", "code": None}]
    words = issue_words({"rule": "link_ambiguous", "params": {"candidates": candidates}})
    assert "C1 (2.98 m), f8b64210" in words and "uuid" not in words


def test_a_component_without_code_is_called_by_class_and_number_of_its_source(qgis_app):
    known = {"code": None, "name": None, "class_name": "行道树", "source": "T-17"}
    issue = {"rule": "component.near_double", "object_uuid": "6489050b-444a", **known,
             "params": {"other": "f8b64210-07a2", "other_code": None, "metres": 0.2},
             "other": {**known, "source": "T-18"}}  # fmt: skip
    assert object_words(issue) == "行道树 T-17" and object_words({**issue, "code": "C1", "name": "树"}) == "C1 树"
    assert object_words({**issue, "name": "古树"}) == "行道树 古树 T-17"
    assert "行道树 T-18" in issue_words(issue) and "f8b64210" not in issue_words(issue)
    assert object_words({"object_uuid": "6489050b-444a"}) == "6489050b"


def test_rules_stand_with_counts_and_levels_as_words(bench):
    rules = bench.dock.rules
    assert [rules.index(0, column).data() for column in (1, 2, 3)] == ["Error", "50,000", "0"]
    assert rules.index(1, 3).data() == "7"
    assert not rules.index(0, 0).data(Qt.ItemDataRole.DecorationRole).isNull()
    assert "99,993" in bench.dock.summary_label.text()


def test_a_hundred_thousand_come_in_pages_and_the_window_lives(bench):
    model = bench.dock.issues
    assert model.rowCount() == 500
    late, last = [0.0], [time.perf_counter()]

    def tick():
        now = time.perf_counter()
        late.append(now - last[0])
        last[0] = now

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(10)
    for _ in range(8):
        bench.dock.issue_view.scrollToBottom()
        before = model.rowCount()
        bench.wait(lambda before=before: model.rowCount() > before)
    timer.stop()
    assert model.rowCount() >= 4500
    assert max(late) < 0.2


def test_next_and_previous_go_through_the_pages_and_move_the_map(bench):
    bench.desk.go(1)
    assert bench.dock.issue_view.currentIndex().row() == 0
    bench.desk.next_action.trigger()
    assert bench.dock.issue_view.currentIndex().row() == 1
    assert "n2" in bench.dock.found_label.text()
    assert bench.iface.canvas.extent().contains(500_102.0, 3_520_100.0)
    bench.desk.previous_action.trigger()
    bench.desk.go(-1)
    assert bench.dock.found_label.text() == "This is the first issue."
    bench.dock.issue_view.selectRow(bench.dock.issues.rowCount() - 1)
    bench.desk.go(1)
    bench.wait(lambda: bench.dock.issue_view.currentIndex().row() == 500)


def test_filters_ask_anew_with_what_was_chosen(bench):
    bench.dock.state_box.setCurrentIndex(1)
    bench.dock.level_box.setCurrentIndex(2)
    bench.dock.rule_view.selectRow(1)
    bench.settle()
    asked = bench.pool.last("list_issues")
    assert (asked.states, asked.levels, asked.rules) == (["waived"], ["warning"], [RULES[1]])
    assert bench.dock.chosen_rules() == [RULES[1]]  # kept over the new counts


def test_a_waiver_asks_for_a_reason_and_shows_the_counts_before(bench):
    bench.dock.issue_view.selectRow(0)
    bench.dock.waive_button.click()
    dialog = bench.desk.dialog
    assert isinstance(dialog, ReasonDialog)
    ok = dialog.buttons.buttons()[0]
    assert not ok.isEnabled()
    dialog.edit.setPlainText(" 现场\n已核 ")
    assert ok.isEnabled()
    dialog.accept()
    bench.wait(lambda: bench.desk.preview is not None)
    assert bench.pool.previews[-1] == ("waive_issues", "hold")
    bench.desk.preview.findChild(QPushButton, "write_previewed").click()
    bench.wait(lambda: ("waive_issues", None) in bench.pool.previews)
    asked = bench.pool.last("waive_issues")
    assert (asked.uuids, asked.reason) == (["u1"], "现场 已核")


def test_a_whole_rule_is_waived_within_the_filters(bench):
    bench.dock.rule_view.selectRow(0)
    bench.settle()
    bench.dock.waive_all_button.click()
    bench.desk.dialog.edit.setPlainText("x")
    bench.desk.dialog.accept()
    bench.wait(lambda: bench.desk.preview is not None)
    asked = bench.pool.last("waive_issues")
    assert (asked.uuids, asked.rules) == ([], [RULES[0]])
    bench.desk.preview.reject()
    bench.settle()
    assert ("waive_issues", None) not in bench.pool.previews


def test_only_changed_fields_are_written_and_what_changed_is_checked(bench):
    dialog = FixDialog({"name": "a", "state": None, "code": "1"}, "a", "no state")
    assert "class_code" not in dialog.editors and dialog.changes() == {}
    dated = FixDialog({"name": "a", "first_on": QDate(2013, 10, 29)}, "a", "no state")
    assert dated.editors["first_on"].text() == "2013-10-29" and dated.changes() == {}
    dialog.editors["state"].setCurrentText("破损")
    assert dialog.changes() == {"state": "破损"}
    bench.desk.fix("o1", dialog.changes())
    bench.settle()
    asked = bench.pool.last("fix_components")
    assert (asked.uuids, asked.values) == (["o1"], {"state": "破损"})


KEYS = [
    ClassKey("component", "0101", "上水井盖", "公用设施", "部件", (("shang",), ("shui",), ("jing",), ("gai",))),
    ClassKey("component", "0102", "污水井盖", "公用设施", "部件", (("wu",), ("shui",), ("jing",), ("gai",))),
]


def test_class_and_department_are_picked_from_a_list_that_is_searched(qgis_app):
    departments = [ClassKey("", "D05", "供水企业", readings=(("gong",), ("shui",), ("qi",), ("ye",)))]
    known = {"name": "a", "class_code": "0101", "manager_dept": "X9"}
    dialog = FixDialog(known, "a", "no", None, KEYS, departments)
    edit, owner = dialog.editors["class_code"], dialog.editors["manager_dept"]
    assert (edit.text(), edit.value(), owner.value()) == ("0101  上水井盖", "0101", "X9") and dialog.changes() == {}
    dialog.show()
    edit.selectAll()
    QTest.keyClicks(edit, "wsjg")
    assert [key.code for key in edit.model._shown] == ["0102"]
    edit.completer().activated[QModelIndex].emit(edit.model.index(0, 0))
    QTest.qWait(10)
    assert edit.text() == "0102  污水井盖" and dialog.changes() == {"class_code": "0102"}
    for text, value in (("供水企业", "D05"), ("D05", "D05"), ("D0", "D0"), ("", "")):
        owner.setText(text)
        assert owner.value() == value
    edit.completer().popup().hide()
    QTest.keyClick(owner, Qt.Key.Key_Down)
    assert owner.completer().popup().isVisible()
    owner.completer().popup().hide()
    dialog.reject()


def test_the_list_is_of_one_table_and_of_what_the_map_shows(bench):
    bench.dock.table_box.setCurrentIndex(bench.dock.table_box.findData("component_line"))
    bench.settle()
    assert bench.pool.last("list_issues").tables == ["component_line"]
    canvas = bench.iface.canvas
    canvas.setDestinationCrs(QgsCoordinateReferenceSystem(CRS))
    canvas.setExtent(QgsRectangle(500_000, 3_520_000, 501_000, 3_521_000))
    bench.dock.extent_box.setChecked(True)
    bench.settle()
    west, south, east, north = bench.pool.last("list_issues").extent
    assert west <= 500_000 < 501_000 <= east and south <= 3_520_000 < 3_521_000 <= north
    asked = len(bench.pool.asked)
    bench.desk.next_action.trigger()  # the map moves there, the list stays
    bench.settle()
    assert len(bench.pool.asked) == asked and canvas.extent().width() < 500
    canvas.setExtent(QgsRectangle(500_500, 3_520_000, 500_600, 3_520_100))
    bench.settle()
    assert bench.pool.last("list_issues").extent[0] > west
    bench.dock.extent_box.setChecked(False)
    bench.settle()
    assert bench.pool.last("list_issues").extent == []


def test_the_keys_go_from_issue_to_issue(bench):
    assert bench.desk.next_action.shortcut().toString() == "F8"
    bench.dock.issue_view.setFocus()
    for expected in (0, 1, 2):
        bench.desk.next_action.trigger()
        assert bench.dock.issue_view.currentIndex().row() == expected
    bench.desk.previous_action.trigger()
    assert bench.dock.issue_view.currentIndex().row() == 1
    QTest.keyClick(bench.dock.issue_view, Qt.Key.Key_Down)
    QTest.keyClick(bench.dock.issue_view, Qt.Key.Key_Return)
    assert "n3" in bench.dock.found_label.text()


def test_a_component_that_no_layer_has_is_said(bench):
    bench.dock.issue_view.selectRow(0)
    bench.dock.fix_button.click()
    assert "none of the loaded layers" in bench.dock.found_label.text()


def test_the_exact_shape_stays_on_the_map_until_another_is_looked_at(bench):
    line = QgsGeometry.fromWkt("LINESTRING (500000 3520000, 500400 3520001)")
    rows = [{**issue(1), "shape": bytes(line.asWkb()).hex()}, issue(3)]
    bench.dock.issues.fill(rows, False)
    bench.desk.show_row(0)
    assert [band.asGeometry().length() > 400 for band in bench.desk.on_map.bands] == [True]
    bench.desk.show_row(1)
    assert not bench.desk.on_map.bands
    bench.desk.show_row(0)
    bench.dock.hide()
    assert not bench.desk.on_map.bands


def test_an_issue_of_grids_is_shown_by_its_exact_shape(bench):
    shape = QgsGeometry.fromWkt("POLYGON ((500000 3520000, 500400 3520000, 500400 3520001, 500000 3520000))")
    row = {**issue(1), "table_name": "unit_grid", "shape": bytes(shape.asWkb()).hex()}
    bench.dock.issues.fill([row], False)
    bench.desk.show_row(0)
    assert bench.iface.canvas.extent().contains(shape.boundingBox())


def test_grids_are_checked_from_the_same_menu(bench):
    bench.dock.check_grids.trigger()
    bench.wait(lambda: any(asked.method == "check_grids" for asked in bench.pool.asked))


def test_a_sheet_is_needed_to_check_one(bench):
    bench.dock.check_sheet.trigger()
    assert "number of the sheet" in bench.dock.found_label.text()


def test_the_burn_down_draws_in_the_colours_of_the_theme(bench):
    chart = BurnDown(RUNS)
    chart.resize(400, 200)
    assert "5" in chart.accessibleName()
    image = chart.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    base = chart.palette().base().color().rgb()
    assert image.pixel(399, 0) == base
    assert sum(image.pixel(x, y) != base for x in range(0, 400, 2) for y in range(0, 200, 2)) > 100
    bench.desk.show_history()
    bench.wait(lambda: bench.desk.dialog is not None)
    assert len(bench.desk.dialog.rows) == 3


def test_closing_the_store_empties_the_dock(bench):
    bench.controller.close_store()
    assert bench.dock.issues.rowCount() == 0 and not bench.dock.rule_view.isEnabled()
    assert bench.desk.dialog is None or not isinstance(bench.desk.dialog, QDialog)


def test_rules_are_ordered_by_level_then_by_what_is_open():
    groups = [["a", "info", "open", 9], ["b", "error", "waived", 2], ["c", "error", "open", 1], ["b", "error", "x", 1]]
    assert [(one["rule"], one["open"]) for one in grouped(groups)] == [("c", 1), ("b", 0), ("a", 9)]

# SPDX-License-Identifier: GPL-2.0-or-later
"""The docks *Sheets* and *Candidates* with an engine that answers from a table."""

from __future__ import annotations

import time

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QPushButton

from digital_citymgmt_plugin.gui.docks.candidate_panel import CandidateController, CandidatePanel
from digital_citymgmt_plugin.gui.docks.sheet_board import SheetBoard, SheetController
from tests.qgis import dock_bench
from tests.qgis.dock_bench import DockBench

pytestmark = pytest.mark.qgis


def sheet(at, status="open", crew=None):
    x = 500_000.0 + 500 * at
    return {"fid": at, "uuid": f"s{at}", "number": f"3520.0-{x / 1000:.1f}", "number_fine": "", "name": None,
            "crew": crew, "status": status, "planned_on": None, "finished_on": None, "remark": None,
            "components": 10, "issues": at, "extent": [x, 3_520_000.0, x + 500, 3_520_500.0]}  # fmt: skip


ZERO = {"open": 0, "field": 0, "back": 0, "checked": 0, "accepted": 0}
BOARD = {
    "sheets": [sheet(1), sheet(2, "field", "一组"), sheet(3, "checked", "一组")],
    "crews": [{"crew": "一组", "sheets": 2, **ZERO, "field": 1, "checked": 1, "components": 20, "issues": 5},
              {"crew": "", "sheets": 1, **ZERO, "open": 1, "components": 10, "issues": 1}],
    "counts": {"sheets": 3, **ZERO, "open": 1, "field": 1, "checked": 1}, "days": [["2026-01-03", 1, 1]], "off": {},
}  # fmt: skip


def candidates(request):
    rows = [{"fid": fid, "uuid": f"c{fid}", "class_code": "0101", "class_name": "井盖", "name": None, "state": "open",
             "layer": "GXYZ", "block": "gc1", "symbol_code": None, "drawing": "a.dxf", "handle": "1F",
             "x": 500_100.0 + fid, "y": 3_520_100.0}
            for fid in range(request.after + 1, min(request.after + request.limit, 900) + 1)]  # fmt: skip
    groups = [["0101", "open", 900], ["0101", "confirmed", 3], ["0201", "open", 5]]
    return {"candidates": rows, "more": len(rows) == request.limit, "groups": groups,
            "names": {"0101": "井盖"}, "counts": {"candidates": 900}}  # fmt: skip


CLASSES = [
    {"kind": "component", "kind_name": "部件", "code": code, "name": name, "major_name": "公用设施"}
    for code, name in (("0101", "上水井盖"), ("0102", "污水井盖"))
]


class Bench(DockBench):
    def __init__(self, city):
        done = {"counts": {"updated": 2}, "tables": ["sheet"], "operation": "1", "notes": []}
        super().__init__(city, {
            "list_sheets": BOARD, "make_sheets": done, "update_sheets": done,
            "export_sheets": {"counts": {}}, "list_candidates": candidates,
            "decide_candidates": {**done, "tables": ["candidate"]}, "make_candidates": done,
            "list_classes": {"classes": CLASSES, "pinyin": True},
        })  # fmt: skip
        self.board, self.panel = SheetBoard(self.iface.window), CandidatePanel(self.iface.window)
        self.sheets = self.add(self.board, SheetController)
        self.candidates = self.add(self.panel, CandidateController)


city, bench = dock_bench.city, dock_bench.bench_of(Bench)


def test_the_board_shows_status_counts_and_days(bench):
    board = bench.board
    assert [board.sheets.index(row, 3).data() for row in range(3)] == ["Not begun", "In the field", "Checked"]
    assert [board.crews.index(0, column).data() for column in range(4)] == ["一组", "2", "0", "1"]
    assert "3 sheets" in board.summary_label.text() and "2026-01-03" in board.day_label.text()
    board.crew_filter.setText("一组")
    board.crew_filter.editingFinished.emit()
    assert board.sheets.rowCount() == 2


def test_a_sheet_is_shown_on_the_map(bench):
    bench.board.sheet_view.selectRow(0)
    bench.board.sheet_view.clicked.emit(bench.board.sheets.index(0, 0))
    assert bench.iface.canvas.extent().contains(500_750.0, 3_520_250.0)


def test_changes_show_their_counts_before(bench):
    board = bench.board
    board.apply_button.click()
    assert "Select sheets" in board.day_label.text()
    board.sheet_view.selectAll()
    board.status_box.setCurrentIndex(2)
    board.crew_edit.setText("二组")
    board.apply_button.click()
    bench.wait(lambda: bench.sheets.preview is not None)
    assert bench.pool.previews[-1] == ("update_sheets", "hold")
    bench.sheets.preview.findChild(QPushButton, "write_previewed").click()
    bench.wait(lambda: ("update_sheets", None) in bench.pool.previews)
    asked = bench.pool.last("update_sheets")
    assert (len(asked.numbers), asked.status, asked.crew, asked.planned_on) == (3, "field", "二组", None)


def test_candidates_stand_by_class_and_come_in_pages(bench):
    panel = bench.panel
    assert [panel.classes.index(0, column).data() for column in range(3)] == ["0101 井盖", "900", "3"]
    assert panel.candidates.rowCount() == 500
    panel.view.scrollToBottom()
    bench.wait(lambda: panel.candidates.rowCount() == 900)
    panel.view.clicked.emit(panel.candidates.index(3, 0))
    assert bench.iface.canvas.extent().contains(500_104.0, 3_520_100.0)


def test_candidates_are_confirmed_as_another_class_singly_and_in_bulk(bench):
    panel, desk = bench.panel, bench.candidates
    panel.decide_buttons["confirm_as"].click()
    assert "Select candidates" in panel.label.text() and desk.picker is None
    panel.view.selectRow(2)
    panel.decide_buttons["confirm_as"].click()
    bench.wait(lambda: desk.picker is not None)
    assert "1 candidate" in desk.picker.said.text()
    desk.picker.picker.field.setText("污水")
    QTest.keyClick(desk.picker.picker.field, Qt.Key.Key_Return)
    bench.wait(lambda: desk.preview is not None)
    asked = bench.pool.last("decide_candidates")
    assert (asked.decision, asked.candidates, asked.as_class, desk.picker) == ("confirm", "c3", "0102", None)
    desk.preview.reject()
    bench.settle()
    panel.class_view.selectRow(0)
    bench.settle()
    panel.decide_buttons["confirm_class_as"].click()
    bench.wait(lambda: desk.picker is not None)
    assert "900" in desk.picker.said.text()
    desk.picker.picker.list.activated.emit(desk.picker.picker.model.index(1, 0))
    bench.wait(lambda: desk.preview is not None)
    asked = bench.pool.last("decide_candidates")
    assert (asked.class_code, asked.as_class, asked.candidates) == ("0101", "0102", "")


def test_leaving_the_search_for_a_class_decides_nothing(bench):
    bench.panel.view.selectRow(0)
    bench.panel.decide_buttons["confirm_as"].click()
    bench.wait(lambda: bench.candidates.picker is not None)
    QTest.keyClick(bench.candidates.picker, Qt.Key.Key_Escape)
    bench.settle()
    assert bench.candidates.picker is None
    assert "decide_candidates" not in [request.method for request in bench.pool.asked]


def test_candidates_are_decided_after_the_counts_were_seen(bench):
    panel = bench.panel
    panel.view.selectRow(0)
    panel.decide_buttons["merge"].click()
    assert "Select candidates" in panel.label.text()
    panel.decide_buttons["confirm"].click()
    bench.wait(lambda: bench.candidates.preview is not None)
    bench.candidates.preview.findChild(QPushButton, "write_previewed").click()
    bench.wait(lambda: ("decide_candidates", None) in bench.pool.previews)
    assert bench.pool.last("decide_candidates").candidates == "c1"
    bench.settle()
    panel.class_view.selectRow(0)
    bench.settle()
    panel.decide_buttons["reject_class"].click()
    bench.wait(lambda: bench.candidates.preview is not None)
    asked = bench.pool.last("decide_candidates")
    assert (asked.decision, asked.class_code, asked.candidates) == ("reject", "0101", "")
    bench.candidates.preview.reject()
    bench.settle()


def test_many_selected_sheets_are_selected_again_at_once(bench):
    """The whole city is given to a crew: 2,000 sheets selected one by one held the window up for half a second."""
    rows = [sheet(at) for at in range(2_000)]
    bench.board.show_board({**BOARD, "sheets": rows})
    bench.board.sheet_view.selectAll()
    began = time.perf_counter()
    bench.board.show_board({**BOARD, "sheets": [*rows[:700], sheet(9_000), *rows[700:]]})
    assert time.perf_counter() - began < 0.2
    assert [item["fid"] for item in bench.board.chosen()] == list(range(2_000))
    assert len(bench.board.sheet_view.selectionModel().selection()) == 2

# SPDX-License-Identifier: GPL-2.0-or-later
"""The *Dispatch* dock with an engine that answers from a table: pages, page of a case, filters, moves."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest

from digital_citymgmt_plugin.core.cases.names import QUEUES
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.gui.dialogs.move_cases import MoveDialog
from digital_citymgmt_plugin.gui.docks.dispatch_controller import DispatchController
from digital_citymgmt_plugin.gui.docks.dispatch_dock import DispatchDock
from digital_citymgmt_plugin.gui.docks.dispatch_duty import DutyDesk
from digital_citymgmt_plugin.gui.docks.dispatch_moves import MoveDesk
from digital_citymgmt_plugin.gui.models.cases import PAGE
from tests.qgis import dock_bench
from tests.qgis.dock_bench import DockBench

pytestmark = pytest.mark.qgis

TOTAL = 1_000_000
TEXTS = (
    "uuid", "kind", "class_name", "condition", "source", "description", "component_code", "component_uuid", "grid_code",
    "community_code", "street_code", "dept_name", "filed_at", "dispatched_at", "closed_at", "parked_until",
    "place_method", "link_method", "link_score", "disposed_at", "checked_at", "limit_unit", "limit_value", "beat_name",
)  # fmt: skip


def case(fid):
    return {
        **dict.fromkeys(TEXTS), "fid": fid, "case_no": f"A{fid:07}", "class_code": "0102", "dept_code": f"D{fid % 3}",
        "stage": "dispatch", "address": f"<b>路{fid}号</b>", "reported_at": "2026-03-01T01:00:00.000Z",
        "due_at": "2026-03-02T01:00:00.000Z", "returns": 0, "reworks": 0, "extensions": 0, "lamp": "red",
        "x": 500_100.0, "y": 3_520_100.0,
    }  # fmt: skip


def listed(request):
    count = 0 if request.text == "nothing" else TOTAL
    at = request.seek - 1 if request.seek else -1
    offset = at // request.limit * request.limit if at >= 0 else request.offset
    rows = [case(fid + 1) for fid in range(offset, min(count, offset + request.limit))]
    choices = {"departments": [["D0", "零", 3], ["D1", "一", 4]], "every_department": [["D0", "零"], ["D1", "一"]]}
    return {
        "cases": rows, "offset": offset, "total": count, "at": at, "token": request.sort, "full": 1.0,
        "queues": dict.fromkeys(QUEUES, 7), "choices": choices, "counts": {},
    }  # fmt: skip


def page(request):
    allowed = {"dispatch": ["dept"], "return": ["reason"]}
    moves = [{"action": action, "name": "派", "name_en": action, "to_stage": "disposal", "needs": needs,
              "allowed": True, "why": None} for action, needs in allowed.items()]  # fmt: skip
    why = {"code": "move.not_here", "values": {"action": "close", "stage": "dispatch"}}
    moves.append({"action": "close", "name": "结案", "name_en": "Close", "to_stage": "closed", "needs": [],
                  "allowed": False, "why": why})  # fmt: skip
    event = {"fid": 5, "action": "report", "from_stage": None, "to_stage": "collection", "dept_name": None,
             "at": "2026-03-01T01:00:00.000Z", "done_by": "x", "reason": "<img src=x>", "source": "import",
             "payload": {}}  # fmt: skip
    earlier = {**case(9), "why": "place", "distance": 4.2}
    seen = {"name": "K1", "own": True, "distance": 31.0, "at": None, "beat": "B1", "x": 1.0, "y": 2.0}
    return {
        "case": {**case(request.fid), "attributes": {"=1+1": "<b>x</b>"}}, "events": [event], "newest": 5,
        "photos": [{"path": "../out.jpg", "taken_at": None, "of": "case"}], "component": None, "earlier": [earlier],
        "collectors": [seen], "cameras": [], "moves": moves,
    }  # fmt: skip


class Bench(DockBench):
    PATIENCE = 400

    def __init__(self, city):
        super().__init__(city, {"case_queue": listed, "case_page": page, "export_cases": {"counts": {"cases": 1}}})
        self.dock = DispatchDock(self.iface.window)
        self.desk = self.add(self.dock, DispatchController)
        self.moves = MoveDesk(self.desk)

    def settle(self):
        super().settle()
        self.wait(lambda: not self.desk.courier.busy and not self.desk.courier.handing)


city, bench = dock_bench.city, dock_bench.bench_of(Bench)


def test_a_million_stand_in_the_list_and_pages_come_when_they_are_seen(bench):
    model = bench.dock.cases
    assert model.rowCount() == TOTAL and model.row(0)["case_no"] == "A0000001" and model.row(PAGE * 50) is None
    bench.dock.view.scrollTo(model.index(TOTAL // 2, 0))
    bench.dock.view.viewport().repaint()
    bench.wait(lambda: model.row(TOTAL // 2) is not None)
    assert model.row(TOTAL // 2)["fid"] == TOTAL // 2 + 1
    assert "7" in bench.dock.queue_box.itemText(0)


def test_a_case_that_is_selected_shows_its_page_and_is_marked_on_the_map(bench):
    bench.dock.view.selectRow(3)
    bench.settle()
    panel = bench.dock.panel
    assert panel.page["case"]["fid"] == 4 and "A0000004" in panel.head.text()
    assert panel.timeline.model().rowCount() == 1 and panel.nearby.model().rowCount() == 1
    assert bench.desk.on_map.band is not None
    texts = [panel.fields.model().index(row, 1).data() for row in range(panel.fields.model().rowCount())]
    assert "<b>x</b>" in texts  # as it is: no HTML
    assert not panel._unread  # a photo out of the folder is not read
    QTest.keyClick(bench.dock.view, Qt.Key.Key_Down)
    bench.settle()
    assert panel.page["case"]["fid"] == 5
    panel.earlier.activated.emit(panel.earlier.model().index(0, 0))
    bench.settle()
    assert panel.page["case"]["fid"] == 9


def test_filters_search_and_sort_are_asked_of_the_engine(bench):
    dock = bench.dock
    dock.dept_box.setCurrentIndex(2)
    dock.search_edit.setText("nothing")
    bench.settle()
    asked = bench.pool.last("case_queue")
    assert asked.departments == ["D1"] and asked.text == "nothing" and dock.cases.rowCount() == 0
    dock.clear_button.click()
    bench.settle()
    assert dock.cases.rowCount() == TOTAL and bench.pool.last("case_queue").departments == []
    bench.desk.sort_by(0)
    bench.settle()
    assert bench.pool.last("case_queue").sort == "case_no" and not bench.pool.last("case_queue").descending
    bench.desk.sort_by(0)
    bench.settle()
    assert bench.pool.last("case_queue").descending
    dock.area_box.setEditText("320681400001001")
    bench.desk.reload()
    bench.settle()
    assert bench.pool.last("case_queue").areas == ["320681400001001"]


def test_what_may_not_be_done_says_why(bench):
    dock = bench.dock
    assert not dock.move_buttons["dispatch"].isEnabled()
    bench.desk.go(1)
    bench.settle()
    assert dock.move_buttons["dispatch"].isEnabled() and not dock.move_buttons["close"].isEnabled()
    assert "Close" in dock.move_buttons["close"].toolTip() and "Dispatch" in dock.move_buttons["close"].toolTip()
    assert not dock.move_buttons["accept"].isEnabled()
    texts = {action.objectName() for action in dock.moves_menu.actions()}
    assert {"dcm_move_void", "dcm_move_supervise"} <= texts


def test_a_move_asks_for_what_it_needs(bench):
    bench.desk.go(1)
    bench.settle()
    bench.dock.move_buttons["dispatch"].click()
    dialog = bench.moves.dialog
    assert isinstance(dialog, MoveDialog) and dialog.ok.isEnabled()  # a department is proposed
    dialog.dept_box.setCurrentIndex(-1)
    assert not dialog.ok.isEnabled()
    dialog.dept_box.setCurrentIndex(1)
    assert dialog.department() == "D1"
    dialog.reject()
    dialog = MoveDialog("Park", "A1", ["reason", "until"])
    assert not dialog.ok.isEnabled() and not dialog.missing.isHidden()  # the window says what is missing
    dialog.reason_edit.setPlainText("waits\nfor parts")
    assert dialog.ok.isEnabled() and dialog.reason() == "waits for parts" and "until" in dialog.payload()
    assert dialog.missing.isHidden()
    dialog.until_edit.setDate(dialog.until_edit.date().addYears(-5))
    assert not dialog.ok.isEnabled() and dialog.missing.text() == dialog.ok.toolTip() != ""


def test_the_dock_is_narrow_enough(bench):
    assert bench.dock.widget().minimumSizeHint().width() <= 520


def test_a_million_selected_are_too_many_and_a_few_out_of_sight_are_found(bench):
    view, told = bench.dock.view, []
    view.selectAll()
    bench.desk.with_chosen(told.append)
    assert not told and "20,000" in bench.dock.label.text()
    bench.desk.go(1)
    bench.settle()
    bench.desk.with_chosen(told.append)
    assert told == [[1]] or told == [[2]]
    view.clearSelection()
    bench.desk.show_fid(700_000)  # of no page that is here: the list chooses nothing any more
    bench.settle()
    bench.desk.with_chosen(told.append)
    assert told[-1] == [700_000]


def test_moves_have_a_count_of_their_own():
    """A move of the workflow is no case that lies in another unit grid now: redrawing tells that of the same answer."""
    from digital_citymgmt_plugin.bridge.messages import SENTENCES
    from digital_citymgmt_plugin.gui.docks.dispatch_words import move_counts

    assert move_counts({"moved": 3, "refused": 1}) == {"cases_processed": 3, "cases_refused": 1}
    assert SENTENCES["count.cases_processed"] == "Moved"
    assert SENTENCES["count.cases_moved"] == "Cases in another unit grid"


def test_a_list_that_stands_at_the_case_before_is_asked_for_again(bench):
    bench.desk.show_fid(3)
    bench.settle()
    bench.pool.gate.clear()
    bench.desk.reload()
    bench.desk.show_fid(8)
    bench.pool.gate.set()
    bench.settle()
    bench.settle()
    assert bench.desk.fid == 8 and bench.dock.chosen() == [7] and bench.desk.page["case"]["fid"] == 8
    assert bench.pool.last("case_queue").seek == 8


def test_a_list_asked_for_after_a_case_does_not_lose_its_page(bench):
    bench.desk.show_fid(3)
    bench.settle()
    bench.pool.gate.clear()
    bench.desk.reload()
    bench.desk.show_fid(8)
    bench.desk.reload()
    bench.pool.gate.set()
    bench.settle()
    assert bench.desk.page["case"]["fid"] == 8


def test_a_page_that_does_not_come_leaves_none_of_another_case(bench):
    bench.desk.show_fid(3)
    bench.settle()
    bench.pool.answers["case_page"] = InputRefused("undo.unknown", value="x")
    bench.desk.show_fid(8)
    bench.settle()
    assert bench.desk.page is None and bench.dock.panel.page is None and bench.desk.on_map.band is None
    assert not bench.dock.move_buttons["dispatch"].isEnabled()


def test_a_move_names_the_case_that_it_moves(bench):
    bench.desk.show_fid(3)
    bench.settle()
    bench.desk.duty = {"department": "D1"}
    bench.moves.needs["return"] = ["reason"]
    assert bench.moves.case_of(3)["case_no"] == "A0000003"
    assert bench.moves.case_of(8)["case_no"] == "A0000008" and not bench.moves.case_of(700_000)
    bench.moves._start("dispatch", [8])  # the page is still that of another case
    assert bench.moves.dialog.department() == ""
    bench.moves.shut_dialog()


def test_the_tool_that_places_does_not_come_back(bench):
    dock, canvas = bench.dock, bench.iface.mapCanvas()
    on_map = bench.desk.on_map
    bench.desk.show_fid(3)
    bench.settle()
    dock.place_button.setEnabled(True)
    dock.pick_button.setChecked(True)
    dock.place_button.setChecked(True)
    assert canvas.mapTool() is on_map.placer and not dock.pick_button.isChecked()
    dock.pick_button.setChecked(True)
    dock.pick_button.setChecked(False)
    assert canvas.mapTool() not in (on_map.placer, on_map.picker)
    told = []
    on_map.asked = lambda *at: told.append(at)
    on_map.placer.picked.emit(canvas.extent().center())
    assert not told
    dock.place_button.setChecked(True)
    bench.desk.show_fid(3)
    assert dock.place_button.isChecked()
    bench.desk.show_fid(4)  # the click was meant for another case
    assert not dock.place_button.isChecked() and canvas.mapTool() is not on_map.placer


def test_what_cannot_be_undone_any_more_does_not_bar_the_way(bench):
    duty = DutyDesk(bench.desk, bench.moves)
    bench.moves.done = ["a"]
    duty.moves.remember({"operation": "b"})
    assert bench.moves.done == ["a", "b"] and bench.dock.undo_button.isEnabled()
    for code, left in (("undo.dependents", ["a", "b"]), ("undo.already", ["a"]), ("undo.unknown", [])):
        bench.pool.answers["undo_operation"] = InputRefused(code, value="x", operation="x", kind="x", at="x", count=1)
        bench.moves.undo()
        bench.settle()
        assert bench.moves.done == left, code
    assert not bench.dock.undo_button.isEnabled()


def test_several_that_are_selected_stay_so(bench):
    view = bench.dock.view
    bench.desk.show_fid(3)
    bench.pool.gate.clear()
    bench.desk.show_fid(4)
    view.selectAll()
    bench.pool.gate.set()
    bench.settle()
    assert bench.desk.page is None and bench.dock.panel.page is None
    bench.desk._tick()
    assert not bench.desk._timer.isActive()


def test_choices_follow_the_profile_and_what_was_typed_stays(bench):
    dock = bench.dock
    bench.settle()
    dock.dept_box.setCurrentIndex(2)
    dock.area_box.setEditText("3206814")
    bench.settle()
    assert not bench.pool.last("case_queue").choices
    bench.controller.tables_changed.emit(["class"])
    bench.settle()
    assert bench.pool.last("case_queue").choices
    assert dock.area_box.currentText() == "3206814" and dock.dept_box.currentData() == "D1"


def test_photos_are_read_only_while_they_are_looked_at(qgis_app, tmp_path):
    from qgis.PyQt.QtGui import QColor, QImage

    from digital_citymgmt_plugin.gui.docks.case_panel import CasePanel

    image = QImage(600, 300, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    assert image.save(str(tmp_path / "a.png")) and image.save(str(tmp_path / "b.bmp"))
    panel = CasePanel()
    panel._show_photos([{"path": name, "taken_at": None} for name in ("a.png", "b.bmp", "../c.png")], str(tmp_path))
    assert len(panel._unread) == 2 and not panel._reader.isActive()
    panel.tabs.setCurrentWidget(panel.photos)
    assert panel._reader.isActive()
    panel.tabs.setCurrentWidget(panel.fields)
    assert not panel._reader.isActive()
    panel.tabs.setCurrentWidget(panel.photos)
    for _ in range(2):
        panel._read_photo()
    assert not panel._reader.isActive() and not panel.photos.item(0).icon().isNull()
    assert panel.photos.item(1).icon().isNull() and "b.bmp" in panel.photos.item(1).text()


def test_names_of_moves_are_shown_as_they_are(bench):
    def named(request):
        made = page(request)
        made["moves"][0].update(name="<b>派</b> & co", name_en="<b>go</b> & co")
        return made

    bench.pool.answers["case_page"] = named
    bench.desk.go(1)
    bench.settle()
    made = bench.moves.actions["dispatch"]
    assert "&& co" in made.text() and "<b>" not in made.toolTip() and "&lt;b&gt;" in made.toolTip()
    bench.dock.move_buttons["dispatch"].click()
    assert bench.moves.dialog.windowTitle().endswith("</b> & co")
    bench.moves.shut_dialog()


def test_what_a_message_box_tells_is_no_html(bench):
    from qgis.PyQt.QtWidgets import QLabel

    from digital_citymgmt_plugin.gui.dialogs.question import question

    box = question(bench.iface.window, "a", "b", "<b>c</b>")
    labels = [label for label in box.findChildren(QLabel) if label.text() == "<b>c</b>"]
    assert labels and all(label.textFormat() == Qt.TextFormat.PlainText for label in labels)

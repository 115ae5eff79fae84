# SPDX-License-Identifier: GPL-2.0-or-later
"""The *Dispatch* dock with an engine that answers from a table: pages, page of a case, filters, moves."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest

from digital_citymgmt_plugin.core.cases.names import QUEUES
from digital_citymgmt_plugin.gui.dialogs.move_cases import MoveDialog
from digital_citymgmt_plugin.gui.docks.dispatch_controller import DispatchController
from digital_citymgmt_plugin.gui.docks.dispatch_dock import DispatchDock
from digital_citymgmt_plugin.gui.docks.dispatch_moves import MoveDesk
from digital_citymgmt_plugin.gui.models.cases import PAGE
from tests.qgis.dock_bench import DockBench
from tests.qgis.make_city import make_city

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


@pytest.fixture(scope="module")
def city(tmp_path_factory, qgis_app):
    path = tmp_path_factory.mktemp("city") / "city.gpkg"
    make_city(str(path))
    return str(path)


@pytest.fixture
def bench(city, qgis_app):
    bench = Bench(city)
    bench.open()
    yield bench
    bench.close()


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
    assert not dialog.ok.isEnabled()
    dialog.reason_edit.setPlainText("waits\nfor parts")
    assert dialog.ok.isEnabled() and dialog.reason() == "waits for parts" and "until" in dialog.payload()


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
    from digital_citymgmt_plugin.gui.docks.dispatch_moves import move_counts

    assert move_counts({"moved": 3, "refused": 1}) == {"cases_processed": 3, "cases_refused": 1}
    assert SENTENCES["count.cases_processed"] == "Moved"
    assert SENTENCES["count.cases_moved"] == "Cases in another unit grid"

# SPDX-License-Identifier: GPL-2.0-or-later
"""Corrections from the dispatch dock: proposals of a place, a click on the map, what waits for a place, the class."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtCore import QItemSelectionModel, Qt
from qgis.PyQt.QtTest import QTest

from digital_citymgmt_plugin.gui.docks.dispatch_amending import AmendDesk
from digital_citymgmt_plugin.gui.docks.dispatch_places import PlaceDesk
from tests.qgis.make_city import make_city
from tests.qgis.test_dispatch_dock import Bench, case, listed, page

pytestmark = pytest.mark.qgis

DOOR = {"x": 500_300.0, "y": 3_520_300.0, "method": "door", "score": 0.85, "by": "<b>路</b>1号", "distance": 12.4}
POI = {"x": 500_400.0, "y": 3_520_400.0, "method": "poi", "score": 0.5, "by": "公园", "distance": None}
AMEND = {"action": "amend", "name": "更正", "name_en": "Correct", "to_stage": "=", "needs": [], "allowed": True,
         "why": None}  # fmt: skip
WRITTEN = {
    "operation": "op-1", "tables": ["case_record", "case_event"], "counts": {"cases_asked": 1, "amended": 1},
    "notes": [],
}  # fmt: skip
CLASSES = {
    "classes": [{"kind": "component", "code": "0101", "name": "上水井盖", "readings": []},
                {"kind": "component", "code": "0102", "name": "雨水井盖", "readings": []}],
    "pinyin": True,
}  # fmt: skip


def unplaced(request):
    made = page(request)
    where = {"x": None, "y": None} if request.fid % 2 else {}
    allowed = request.role != "collector"
    why = None if allowed else {"code": "move.not_here", "values": {"action": "amend", "stage": "closed"}}
    move = {**AMEND, "allowed": allowed, "why": why}
    return {**made, "case": {**made["case"], **where}, "moves": [*made["moves"], move]}


def waiting(request):
    after = [fid for fid in (11, 13) if fid > request.after]
    return {"rows": [{"fid": fid} for fid in after[: request.limit]], "last": None, "counts": {}}


@pytest.fixture
def bench(tmp_path, qgis_app):
    path = tmp_path / "city.gpkg"
    make_city(str(path))
    bench = Bench(str(path))
    bench.pool.answers.update(
        case_page=unplaced, amend_cases=WRITTEN, place_queue=waiting, list_classes=CLASSES,
        suggest_places={"places": [DOOR, POI], "from": "community", "text": ""}, undo_operation={"tables": []},
    )  # fmt: skip
    bench.amending = AmendDesk(bench.desk, bench.moves)
    bench.places = PlaceDesk(bench.desk, bench.amending)
    bench.open()
    yield bench
    bench.places.shut()
    bench.close()


def looked_at(bench):
    bench.desk.go(1)
    bench.settle()
    assert all(request.method != "suggest_places" for request in bench.pool.asked)  # nobody looked
    bench.dock.panel.tabs.setCurrentWidget(bench.places.area)
    bench.wait(lambda: bench.places.told is not None)


def title(bench):
    return bench.dock.panel.tabs.tabText(bench.dock.panel.tabs.indexOf(bench.places.area))


def test_proposals_are_listed_marked_and_taken_by_enter(bench):
    looked_at(bench)
    model = bench.places.view.model()
    cells = [[model.index(row, column).data() for column in range(4)] for row in range(model.rowCount())]
    assert cells[0] == ["<b>路</b>1号", "85%", "12 m", "By the door plate"] and cells[1][1:3] == ["50%", ""]
    assert "2" in bench.places.label.text() and "community" in bench.places.label.text() and "(!)" in title(bench)
    assert bench.desk.on_map.proposed.numberOfVertices() == 2
    QTest.keyClick(bench.places.view, Qt.Key.Key_Down)
    assert bench.places.view.currentIndex().row() == 1
    bench.places.view.activated.emit(model.index(0, 0))
    bench.settle()
    asked = bench.pool.last("amend_cases")
    assert (asked.cases, asked.x, asked.y) == ([1], DOOR["x"], DOOR["y"]) and "85%" in asked.reason
    assert bench.moves.done == ["op-1"] and "A0000001" in bench.dock.result.text()
    bench.dock.undo_button.click()
    bench.settle()
    assert bench.pool.last("undo_operation").operation == "op-1" and not bench.dock.undo_button.isEnabled()


def test_what_came_of_a_move_stays_when_the_list_comes(bench):
    looked_at(bench)
    bench.places.take_button.click()
    bench.settle()
    bench.desk.reload()
    bench.settle()
    assert "Corrected 1" in bench.dock.result.text() and bench.dock.result.isVisible()
    assert "listed" in bench.dock.label.text()
    assert "A0000001" in bench.dock.undo_button.toolTip()


def test_another_address_is_looked_up(bench):
    looked_at(bench)
    bench.places.text_edit.setText("人民路 1 号")
    QTest.keyClick(bench.places.text_edit, Qt.Key.Key_Return)
    bench.settle()
    assert bench.pool.last("suggest_places").text == "人民路 1 号" and bench.pool.last("suggest_places").case == 1


def test_a_click_on_the_map_places_the_case(bench):
    looked_at(bench)
    QTest.mouseClick(bench.places.click_button, Qt.MouseButton.LeftButton)
    assert bench.dock.place_button.isChecked() and bench.iface.mapCanvas().mapTool() is bench.desk.on_map.placer
    bench.desk.on_map.placer.picked.emit(bench.iface.mapCanvas().extent().center())
    bench.settle()
    assert bench.pool.last("amend_cases").cases == [1] and not bench.dock.place_button.isChecked()
    bench.amending.place_action.trigger()
    assert bench.dock.place_button.isChecked()


def test_the_walk_goes_on_to_the_next_that_waits_and_begins_anew(bench):
    bench.places.which_box.setCurrentIndex(1)
    bench.places.next_action.trigger()
    bench.settle()
    assert bench.pool.last("place_queue").which == "coarse" and bench.desk.fid == 11
    bench.wait(lambda: bench.places.told is not None)
    bench.places.take(0)
    bench.settle()
    bench.settle()
    assert bench.pool.last("amend_cases").cases == [11] and bench.desk.fid == 13
    bench.places.next_button.click()
    bench.settle()
    assert bench.desk.fid == 11
    bench.pool.answers["place_queue"] = {"rows": [], "last": None, "counts": {}}
    bench.places.next_button.click()
    bench.settle()
    assert "waits" in bench.dock.label.text()


def test_the_queue_of_unplaced_cases_opens_the_tab(bench):
    bench.dock.queue_box.setCurrentIndex(bench.dock.queue_box.findData("unplaced"))
    assert bench.dock.panel.tabs.currentWidget() is bench.places.area


def test_who_may_not_correct_is_told_why(bench):
    bench.desk.go(1)
    bench.settle()
    assert bench.dock.place_button.isEnabled() and bench.dock.class_button.isEnabled()
    kept = bench.dock.role_box.currentIndex()
    bench.dock.role_box.setCurrentIndex(bench.dock.role_box.findData("collector"))
    bench.settle()
    for made in (bench.dock.place_button, bench.dock.class_button, bench.places.click_button):
        assert not made.isEnabled()
    assert "Correct" in bench.dock.class_button.toolTip() or "closed" in bench.dock.class_button.toolTip().lower()
    bench.dock.role_box.setCurrentIndex(kept)


def test_the_class_of_a_case_is_found_and_corrected(bench):
    bench.desk.go(1)
    bench.settle()
    bench.dock.class_button.click()
    bench.settle()
    dialog = bench.moves.dialog
    assert "A0000001" in dialog.said.text()
    dialog.picker.field.setText("上水")
    QTest.keyClick(dialog.picker.field, Qt.Key.Key_Return)
    bench.settle()
    asked = bench.pool.last("amend_cases")
    assert asked.values == {"kind": "component", "class_code": "0101"} and asked.cases == [1] and asked.x is None
    assert bench.moves.done == ["op-1"] and "0101" in bench.dock.result.text()


def test_the_class_of_several_is_seen_before_it_is_written(bench):
    view = bench.dock.view
    bench.desk.go(1)
    bench.settle()
    rows = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    view.selectionModel().select(bench.dock.cases.index(1, 0), rows)  # a key with Shift would stay pressed for others
    bench.settle()
    assert bench.desk.several() and bench.amending.class_action.isEnabled()
    assert not bench.amending.place_action.isEnabled()
    bench.amending.class_action.trigger()
    bench.settle()
    bench.moves.dialog.picker.picked.emit("component", "0102")
    bench.settle()
    assert ("amend_cases", "hold") in bench.pool.previews
    bench.moves.dialog.accept()
    bench.settle()
    assert ("amend_cases", None) in bench.pool.previews and bench.pool.last("amend_cases").cases == [1, 2]


def test_the_ring_follows_what_was_placed_and_the_crs_of_the_map(bench):
    from qgis.core import QgsCoordinateReferenceSystem

    where = {"x": 500_100.0, "y": 3_520_100.0}
    bench.pool.answers["case_page"] = lambda request: {**page(request), "case": {**page(request)["case"], **where}}
    bench.desk.show_fid(2)
    bench.settle()
    first = bench.desk.on_map.band.getPoint(0)
    where.update(x=500_200.0)
    bench.controller.store_changed(bench.desk.path, ["case_record"])
    bench.settle()
    bench.settle()
    second = bench.desk.on_map.band.getPoint(0)
    assert second.x() - first.x() != 0
    bench.dock.hide()
    assert bench.desk.on_map.band is None
    bench.dock.show()
    bench.settle()
    assert bench.desk.on_map.band is not None
    before = bench.desk.on_map.band.getPoint(0)
    bench.iface.mapCanvas().setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
    assert bench.desk.on_map.band.getPoint(0) != before
    bench.iface.mapCanvas().setDestinationCrs(bench.desk.crs())


def test_no_case_leaves_no_counts_in_the_tabs(bench):
    bench.desk.go(1)
    bench.settle()
    tabs = bench.dock.panel.tabs
    bench.dock.panel.show_duty("", [], 3)
    assert any("(" in tabs.tabText(at) for at in range(tabs.count()))
    bench.dock.view.selectAll()
    bench.settle()
    assert all("(" not in tabs.tabText(at) for at in range(tabs.count()))


def test_names_of_fields_are_whole_whatever_the_case_before_had(bench):
    bench.desk.go(1)
    bench.settle()
    view = bench.dock.panel.fields
    view.setColumnWidth(0, 20)
    bench.desk.go(1)
    bench.settle()
    widest = max(view.fontMetrics().horizontalAdvance(str(view.model().index(row, 0).data())) for row in range(3))
    assert view.columnWidth(0) >= widest


def test_in_the_queue_of_unplaced_cases_the_next_is_selected_after_one_is_placed(bench):
    waits = [3, 5, 7]

    def queue(request):
        at = waits.index(request.seek) if request.seek in waits else -1
        rows = [{**case(fid), "x": None, "y": None} for fid in waits]
        return {**listed(request), "cases": rows, "total": len(rows), "at": at, "offset": 0, "token": str(waits)}

    def amended(request):
        waits.remove(request.cases[0])
        return WRITTEN

    bench.pool.answers.update(case_queue=queue, amend_cases=amended)
    bench.dock.queue_box.setCurrentIndex(bench.dock.queue_box.findData("unplaced"))
    bench.settle()
    bench.desk.show_fid(5)
    bench.settle()
    bench.wait(lambda: bench.places.told is not None)
    bench.places.take(0)
    bench.settle()
    bench.wait(lambda: bench.desk.fid == 7 and bench.desk.page is not None)
    assert bench.dock.chosen() == [1] and bench.dock.cases.total == 2
    bench.wait(lambda: bench.places.told is not None)
    bench.amending.place(500_300.0, 3_520_300.0)
    bench.settle()
    bench.wait(lambda: bench.desk.fid == 3)

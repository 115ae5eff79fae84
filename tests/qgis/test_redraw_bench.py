# SPDX-License-Identifier: GPL-2.0-or-later
"""The redraw bench with an engine that answers from a table: pens by mouse and keys, live figures, undo, restart."""

from __future__ import annotations

import json

import pytest
from qgis.core import QgsPointXY, QgsRectangle
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QMessageBox

from digital_citymgmt_plugin.core.errors import EngineError
from digital_citymgmt_plugin.gui.map_tools.pens import TOOLS
from digital_citymgmt_plugin.gui.models.redraw import change_words, detail_rows, live_row
from tests.qgis.make_city import CRS
from tests.qgis.redraw_bench import CELLS, CODE, LEFT, NONE, RIGHT, Bench, square
from tests.qgis.test_issue_dock import city  # noqa: F401  (a fixture)

pytestmark = pytest.mark.qgis


@pytest.fixture
def bench(city, qgis_app):  # noqa: F811
    made = Bench(city)
    made.open()
    made.begin()
    yield made
    made.close()


def test_figures_are_told_with_sign_and_word(qgis_app):
    assert change_words(None, 3) == "3" and change_words(2, 2) == "2 =" and change_words(5, None) == "5 → –"
    assert change_words(2, 3) == "2 → 3 ▲" and change_words(0.41, 0.12, 2).endswith("▼")
    row = live_row(CELLS[0])
    assert row[:3] == [CODE, "✕ → ✓ in the band", "9.00 → 5.00 ▼"]
    assert live_row({**CELLS[0], "state": "gone", "after": None})[1] == "goes away"
    rows = {texts[0].strip(): texts[1:] for texts in detail_rows(CELLS[0])}
    assert rows["Area (ha)"] == ["9.00", "5.00", "-4.00"] and rows["Public utilities"] == ["3", "3", "0"]
    assert rows["Judgement"] == ["✕ far out of it", "✓ in the band", ""] and rows["People"] == ["–", "–", ""]


def test_a_line_is_probed_while_it_is_drawn_and_done_by_a_double_click(bench):
    assert bench.desk.pens.name() == "split" and bench.dock.tool_buttons["split"].isChecked()
    assert "2 grids" in bench.dock.status.text()
    bench.click(500_050, 3_520_100)
    bench.move(500_300, 3_520_200)
    bench.idle()
    request = bench.asked("probe_redraw")[-1]
    assert request.tool == "split" and len(request.points) == 4
    assert request.points == pytest.approx([500_050, 3_520_100, 500_300, 3_520_200], abs=3)
    assert len(bench.dock.cells) == 2 and bench.dock.live.rows[1][0] == f"{CODE}-1"
    assert bench.dock.live.verdicts == ["green", "amber"] and bench.dock.detail.rows
    assert bench.desk.on_map.under_pen.bands and not bench.desk.on_map.overlay.bands
    bench.click(500_300, 3_520_200)
    QTest.mouseDClick(bench.canvas.viewport(), LEFT, NONE, bench.at(500_300, 3_520_200))
    bench.idle()
    (edit,) = bench.asked("edit_redraw")
    assert len(edit.points) == 4 and edit.seq == 0
    assert set(bench.desk.on_map.drawn) == {"a", "a/1"} and bench.desk.on_map.overlay.bands
    assert not bench.desk.on_map.under_pen.bands
    assert bench.dock.status.text().startswith("3 grids (✓ in the band 2, ! somewhat out of it 1)")
    assert "1 change " in bench.dock.status.text() and bench.dock.undo_button.isEnabled()
    QTest.qWait(50)  # the labels are painted
    assert [words for _key, _place, words in bench.desk.on_map.overlay.labels.texts] == ["✓ 001", "! 001-1"]


def test_keys_do_what_the_mouse_does_and_are_not_the_windows(bench):
    bench.canvas.setFocus()
    assert bench.press(Qt.Key.Key_3) and bench.desk.pens.name() == "move_vertex"
    bench.press(Qt.Key.Key_1)
    pen = bench.desk.pens.by_name["split"]
    for key in (Qt.Key.Key_P, Qt.Key.Key_Insert):
        bench.press(Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
        bench.press(key)
    assert len(pen.points) == 2
    bench.press(Qt.Key.Key_Backspace)
    assert len(pen.points) == 1
    bench.press(Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    bench.press(Qt.Key.Key_P)
    bench.press(Qt.Key.Key_Return)
    bench.idle()
    assert pen.points == [] and len(bench.asked("edit_redraw")) == 1
    assert bench.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    bench.idle()
    assert bench.asked("step_redraw")[-1].back and bench.desk.on_map.drawn == {}
    assert not bench.desk.entries and bench.dock.redo_button.isEnabled()
    bench.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    bench.idle()
    assert len(bench.desk.entries) == 1 and set(bench.desk.on_map.drawn) == {"a", "a/1"}
    bench.press(Qt.Key.Key_P)
    bench.press(Qt.Key.Key_Escape)
    assert pen.points == [] and bench.desk.pens.name() == "split"
    bench.press(Qt.Key.Key_Escape)
    assert bench.desk.pens.name() == "" and not bench.dock.tool_buttons["split"].isChecked()


@pytest.mark.parametrize("name", ["move_vertex", "move_edge"])
def test_a_corner_or_edge_is_pulled_or_clicked(bench, name):
    bench.dock.tool_buttons[name].click()
    bench.move(500_100, 3_520_100)
    QTest.mousePress(bench.canvas.viewport(), LEFT, NONE, bench.at(500_100, 3_520_100))
    bench.pull(500_200, 3_520_150)
    bench.idle()
    assert len(bench.asked("probe_redraw")[-1].points) == 4
    QTest.mouseRelease(bench.canvas.viewport(), LEFT, NONE, bench.at(500_200, 3_520_150))
    bench.idle()
    assert bench.asked("edit_redraw")[-1].points[2:] == pytest.approx([500_200, 3_520_150], abs=3)
    bench.click(500_100, 3_520_300)
    assert bench.desk.pens.by_name[name].points  # in hand
    bench.click(500_150, 3_520_300)
    bench.idle()
    assert len(bench.asked("edit_redraw")) == 2
    bench.click(500_100, 3_520_100)
    bench.click(500_100, 3_520_100, RIGHT)
    assert not bench.desk.pens.by_name[name].points and len(bench.asked("edit_redraw")) == 2


def test_a_slow_engine_gets_the_last_place_of_the_pen_only(bench):
    bench.click(500_050, 3_520_100)
    bench.idle()
    before = len(bench.asked("probe_redraw"))
    bench.pool.gate.clear()
    for x in range(500_100, 500_400, 10):
        bench.move(x, 3_520_200)
    assert len(bench.asked("probe_redraw")) <= before + 1  # one is under way
    bench.pool.gate.set()
    bench.idle()
    probes = bench.asked("probe_redraw")
    assert len(probes) <= before + 2 and probes[-1].points[2] == pytest.approx(500_395, abs=8)  # at an edge


def test_a_bad_pen_gives_one_sentence(bench):
    bench.canvas.setExtent(QgsRectangle(499_500, 3_520_000, 499_900, 3_520_400))
    bench.click(499_600, 3_520_100)
    bench.move(499_700, 3_520_100)
    bench.idle()
    assert bench.dock.said.text() and bench.dock.cells == [] and bench.iface.warnings() == []


def test_a_session_lost_with_its_engine_is_made_again(bench):
    for lost in (False, True):
        bench.engine.lost = lost
        bench.split()
    bench.wait(lambda: len(bench.desk.entries) == 2)
    opened = bench.asked("open_redraw")
    assert len(opened) == 2 and len(json.loads(opened[-1].edits)) == 1
    assert len(bench.asked("edit_redraw")) == 3  # what was under way is done in the new one


def test_what_was_drawn_waits_while_no_engine_can_be_started(bench):
    bench.split()
    opened = bench.pool.answers["open_redraw"]
    bench.pool.answers["open_redraw"] = EngineError("engine.not_started", interpreter="x", reason="y", log="z")
    bench.engine.lost = True
    bench.split()
    bench.wait(lambda: not bench.desk.session)
    assert "1 change;" in bench.controller.unwritten.words()[0]
    bench.pool.answers["open_redraw"] = opened
    bench.begin()
    assert len(json.loads(bench.pool.last("open_redraw").edits)) == 1


def test_ending_asks_and_leaves_nothing_on_the_map(bench):
    bench.dock.begin_button.click()  # no changes: no question
    assert not bench.desk.session and bench.desk.pens.name() == ""
    bench.begin()
    assert [tool.name for tool in TOOLS] == list(bench.dock.tool_buttons)
    for x in (500_050, 500_300):
        bench.click(x, 3_520_100)
    bench.press(Qt.Key.Key_Return)
    bench.idle()
    bench.dock.begin_button.click()
    assert bench.desk.session
    bench.desk.box.button(bench.desk.box.StandardButton.Yes).click()
    bench.idle()
    assert not bench.desk.session and bench.desk.on_map.drawn == {} and bench.asked("close_redraw")
    bench.begin()
    bench.controller.close_store()
    assert not bench.desk.session and not bench.dock.begin_button.isEnabled()


def test_changes_that_are_not_written_are_asked_for_before_the_store_or_qgis_is_closed(bench):
    unwritten = bench.controller.unwritten
    assert unwritten.may_end()  # no changes: no question
    bench.split()
    seen = []

    def answer(button):
        seen.append(unwritten.words())
        QApplication.activeModalWidget().done(int(button))

    buttons = QMessageBox.StandardButton
    for button, ends in ((buttons.Cancel, False), (buttons.Yes, True)):
        QTimer.singleShot(50, lambda button=button: answer(button))
        assert unwritten.may_end() is ends
    assert len(seen) == 2 and "1 change;" in seen[0][0] and len(bench.desk.entries) == 1
    bench.controller.close_store()
    unwritten.box.button(buttons.Cancel).click()
    assert bench.controller.path and len(bench.desk.entries) == 1
    bench.controller.open_store(bench.city)
    unwritten.box.button(buttons.Yes).click()
    bench.wait(lambda: bench.controller.path and not bench.desk.session)
    assert not bench.desk.entries and not unwritten.words()


def test_no_pen_is_left_in_hand_when_the_dock_is_closed(bench):
    bench.split()
    bench.dock.close()
    assert bench.desk.pens.name() == "" and len(bench.desk.entries) == 1 and bench.desk.on_map.drawn


def test_an_answer_that_comes_after_the_end_changes_nothing(bench):
    bench.pool.gate.clear()
    bench.desk.change("split")
    bench.desk.end()
    bench.pool.gate.set()
    bench.idle()
    assert not bench.desk.entries and not bench.desk.on_map.drawn and not bench.dock.undo_button.isEnabled()


def test_crs_of_the_map_is_not_that_of_the_store(bench):
    from qgis.core import QgsCoordinateReferenceSystem

    bench.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
    flat = bench.desk.pens.flat("split", [QgsPointXY(121.1, 31.8)], QgsCoordinateReferenceSystem(CRS))
    assert 400_000 < flat[0] < 700_000 and 3_400_000 < flat[1] < 3_600_000


@pytest.mark.parametrize("name", ["split", "merge", "reshape", "give", "carve"])
def test_a_double_click_on_nothing_is_answered_by_one_sentence(bench, name):
    bench.dock.tool_buttons[name].click()
    bench.click(500_100, 3_520_100)
    bench.idle()
    bench.desk.pens.by_name[name].end()
    assert bench.dock.said.text() and not bench.asked("edit_redraw")


def test_a_click_into_a_cell_that_is_picked_lets_go_of_it(bench):
    bench.desk.pens.same_cell = lambda one, other: abs(one.x() - other.x()) < 60
    bench.dock.tool_buttons["merge"].click()
    pen = bench.desk.pens.by_name["merge"]
    bench.click(500_050, 3_520_100)
    bench.click(500_250, 3_520_100)
    assert len(pen.points) == 2
    bench.click(500_060, 3_520_150)
    assert len(pen.points) == 1 and pen.points[0].x() > 500_200
    bench.click(500_260, 3_520_100)
    assert pen.points == []


def test_cells_with_a_corner_more_are_not_drawn_as_changed_after_a_restart(bench):
    bench.split()
    drawn = dict(bench.desk.on_map.drawn)
    shapes = {"a": square(500_000), "b": square(500_200)}
    columns = {"id": ["a", "b"], "code": [CODE, CODE], "name": [CODE, CODE], "verdict": ["red", "green"]}
    answer = {"cells": columns, "entries": [{}], "shapes": shapes, "gone": [], "corners": ["b"], "notes": []}
    bench.desk.go_on(answer)
    assert drawn and set(bench.desk.on_map.drawn) == {"a"}


def test_which_places_are_in_one_cell_is_told_by_the_cells_as_they_are_now(bench):
    bench.split()
    one, near, other = (QgsPointXY(x, 3_520_050) for x in (500_050, 500_150, 500_250))
    assert bench.desk._same_cell(one, near)
    assert not bench.desk._same_cell(one, other) and not bench.desk._same_cell(other, one)
    nowhere = QgsPointXY(400_000, 3_000_000)
    assert not bench.desk._same_cell(nowhere, QgsPointXY(400_001, 3_000_000))

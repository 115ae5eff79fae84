# SPDX-License-Identifier: GPL-2.0-or-later
"""Every button and action of the dispatch dock says what it does, and does something when it is enabled."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QAbstractButton, QAction, QPushButton, QToolButton

from digital_citymgmt_plugin.core.cases.workflow import ACTIONS
from digital_citymgmt_plugin.gui.docks.dispatch_amending import AmendDesk
from digital_citymgmt_plugin.gui.docks.dispatch_duty import DutyDesk
from digital_citymgmt_plugin.gui.docks.dispatch_links import LinkDesk
from digital_citymgmt_plugin.gui.docks.dispatch_places import PlaceDesk
from digital_citymgmt_plugin.gui.docks.dispatch_slips import SlipDesk
from digital_citymgmt_plugin.gui.docks.dispatch_words import KEYS
from tests.qgis.make_city import make_city
from tests.qgis.test_dispatch_dock import Bench, page
from tests.qgis.test_dispatch_links import HELD, NEAR
from tests.qgis.test_dispatch_places import CLASSES, DOOR, POI, WRITTEN, waiting

pytestmark = pytest.mark.qgis


def everything(request):
    """Return a page of a case on which every move is allowed."""
    moves = [
        {"action": action, "name": action, "name_en": action, "to_stage": "=", "needs": ["reason"], "allowed": True,
         "why": None}
        for action in ACTIONS
    ]  # fmt: skip
    return {**page(request), "moves": moves}


def reach(request):
    case = {"fid": request.case, "case_no": "A", "class_code": "0101", "open": True}
    return {"case": case, "choices": [NEAR, HELD], "left": 0, "newest": 5}


@pytest.fixture
def bench(tmp_path, qgis_app, monkeypatch):
    path = tmp_path / "city.gpkg"
    make_city(str(path))
    bench = Bench(str(path))
    funds = {"rows": [], "funds": [], "counts": {}, "tables": [], "notes": []}
    bench.pool.answers.update(
        case_page=everything, amend_cases=WRITTEN, place_queue=waiting, list_classes=CLASSES,
        suggest_places={"places": [DOOR, POI], "from": "", "text": ""}, undo_operation={"tables": []},
        link_choices=reach, choose_link=WRITTEN, list_remediation=funds, explain_duty={"duties": []},
        move_cases={**WRITTEN, "counts": {"moved": 1}}, remediate=WRITTEN, record_ruling=WRITTEN,
    )  # fmt: skip
    bench.amending = AmendDesk(bench.desk, bench.moves)
    bench.duty = DutyDesk(bench.desk, bench.moves)
    bench.links = LinkDesk(bench.desk, bench.moves)
    bench.places = PlaceDesk(bench.desk, bench.amending)
    bench.slips = SlipDesk(bench.desk)
    bench.ran = []
    bench.stopped = []
    monkeypatch.setattr(bench.controller, "run_algorithm", lambda name, values: bench.ran.append((name, values)))
    monkeypatch.setattr(bench.desk, "ask_file", lambda *_: str(tmp_path / "out.xlsx"))
    bench.open()
    yield bench
    bench.duty.shut_dialog()
    bench.moves.shut_dialog()
    bench.places.shut()
    bench.links.shut()
    bench.close()


def state(bench):
    """Return all that an effect of a button can be seen by."""
    dock = bench.dock
    return (
        len(bench.pool.asked), len(bench.ran), type(bench.moves.dialog), type(bench.duty.dialog), dock.result.text(),
        type(bench.iface.mapCanvas().mapTool()), dock.place_button.isChecked(), dock.pick_button.isChecked(),
        dock.filter_area.isVisible(), bench.desk.fid, dock.window().focusWidget() is dock.search_edit,
        dock.search_edit.text(), dock.number_area.isVisible(),
        dock.moves_menu.isVisible(), dock.slips_menu.isVisible(),
    )  # fmt: skip


def begin(bench):
    """Select the second case with all that hangs on it there, and close what the one before opened."""
    bench.moves.shut_dialog()
    bench.duty.shut_dialog()
    for made in (bench.dock.place_button, bench.dock.pick_button):
        made.setChecked(False)
    bench.dock.view.setFocus()
    bench.dock.cancel_button.setVisible(False)
    bench.dock.search_edit.setText("")
    bench.desk.show_fid(2)
    bench.settle()
    for desk in (bench.links, bench.places):
        bench.dock.panel.tabs.setCurrentWidget(desk.area)
        bench.wait(lambda desk=desk: desk.told is not None)
    bench.moves.remember({"operation": "o"}, "x")


def own_actions(dock):
    """Return the actions that the dock was given: by keys, in its menus."""
    found = [*dock.actions(), *dock.moves_menu.actions(), *dock.slips_menu.actions()]
    return list(dict.fromkeys(one for one in found if not one.isSeparator()))


def own_buttons(dock):
    """Return the dock's push and tool buttons that it made itself."""
    found = [*dock.body.findChildren(QPushButton), *dock.body.findChildren(QToolButton)]
    return [made for made in found if made.objectName() and not made.objectName().startswith("qt_")
            and made.objectName() not in ("ScrollLeftButton", "ScrollRightButton")]  # fmt: skip


def test_all_say_what_they_do_and_have_keys_of_their_own(bench):
    begin(bench)
    for made in (*own_actions(bench.dock), *own_buttons(bench.dock)):
        assert made.toolTip(), made.objectName()
    keys = [one.shortcut().toString() for one in own_actions(bench.dock)]
    assert all(keys) and len(keys) == len(set(keys))
    assert len(set(KEYS.values())) == len(KEYS)
    for made in own_buttons(bench.dock):
        assert made.accessibleName(), made.objectName()


def test_every_action_and_button_that_is_enabled_has_an_effect(bench):
    begin(bench)
    dead, seen = [], 0
    dock = bench.dock
    bench.dock.lamp_box.setCurrentIndex(0)
    for made in (*own_actions(dock), *own_buttons(dock)):
        begin(bench)
        name = made.objectName() or made.text()
        if made in (dock.cancel_button,):  # seen only while something runs
            continue
        if made is dock.clear_button:
            assert not made.isEnabled()  # nothing is filtered
            dock.search_edit.setText("nothing")
            bench.settle()
        if made is dock.number_button:  # seen only while the cases of a number are listed
            bench.desk.show_number("closed", "x")
            bench.settle()
        if made in (dock.moves_button, dock.slips_button):  # a menu: its actions are tried themselves
            assert made.menu().actions()
            continue
        assert made.isEnabled(), name
        before = state(bench)
        if isinstance(made, QAction):
            made.trigger()
        else:
            assert isinstance(made, QAbstractButton)
            made.click()
        bench.wait(lambda: not bench.desk.courier.busy and not bench.controller.link.busy)
        seen += 1
        if state(bench) == before:
            dead.append(name)
    assert not dead and seen > 45


def test_without_a_case_only_what_can_do_something_is_enabled(bench):
    dock = bench.dock
    dock.search_edit.setText("nothing")
    bench.settle()
    dock.view.clearSelection()
    enabled = {made.objectName() for made in own_buttons(dock) if made.isEnabled()}
    assert not enabled & {
        "next_case", "previous_case", "export_cases", "place_case", "amend_class", "undo_move", "take_place",
        "click_place", "choose_component", "no_component", "ask_remediation", "record_ruling", "move_dispatch",
    }  # fmt: skip
    assert not bench.slips.actions["dispatch"].isEnabled() and bench.slips.actions["receipt"].isEnabled()
    dock.clear_button.click()
    bench.settle()
    bench.dock.view.selectRow(0)
    bench.settle()
    assert dock.next_button.isEnabled() and not dock.previous_button.isEnabled()


def test_a_supervision_names_its_level_and_the_day_of_the_answer(bench):
    begin(bench)
    bench.moves.actions["supervise"].trigger()
    dialog = bench.moves.dialog
    assert dialog.day_box.isChecked() and not dialog.ok.isEnabled()  # the case is overdue: its due time says nothing
    dialog.reason_edit.setPlainText("群众多次投诉")
    dialog.level_box.setValue(2)
    day = dialog.day_edit.date().toString(Qt.DateFormat.ISODate)
    dialog.accept()
    bench.settle()
    asked = bench.pool.last("move_cases")
    assert asked.action == "supervise" and asked.reason == "群众多次投诉"
    assert asked.payload == {"level": 2, "until": day}
    bench.moves.actions["supervise"].trigger()
    dialog = bench.moves.dialog
    dialog.day_box.setChecked(False)
    assert dialog.payload() == {}


def test_remediation_from_the_moves_asks_for_fund_and_estimate(bench):
    begin(bench)
    bench.moves.actions["remediate"].trigger()
    bench.settle()
    dialog = bench.duty.dialog
    dialog.note_edit.setText("权属不清")
    dialog.estimate_box.setValue(800.0)
    dialog.accept()
    bench.settle()
    asked = bench.pool.last("remediate")
    assert (asked.step, asked.case, asked.estimate) == ("ask", 2, 800.0)
    assert not any(request.method == "move_cases" for request in bench.pool.asked)
    bench.dock.view.selectAll()
    bench.settle()
    assert not bench.moves.actions["remediate"].isEnabled() and bench.moves.actions["supervise"].isEnabled()

# SPDX-License-Identifier: GPL-2.0-or-later
"""The tab *Which component?* of the dispatch dock: asked for when it is looked at, chosen by Enter, taken back."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest

from digital_citymgmt_plugin.gui.docks.dispatch_links import LinkDesk
from tests.qgis.make_city import make_city
from tests.qgis.test_dispatch_dock import Bench

pytestmark = pytest.mark.qgis

NEAR = {
    "uuid": "lid-1", "code": None, "name": "<b>井</b>", "class_code": "0101", "class_name": "井盖", "state": "完好",
    "x": 1.0, "y": 2.0, "distance": 3.24, "score": 0.68, "same_class": True, "by_code": False, "current": False,
    "owner": "D1", "owner_name": "一",
}  # fmt: skip
HELD = {**NEAR, "uuid": "lid-2", "code": "K2", "distance": None, "score": None, "current": True}


def choices(request):
    case = {"fid": request.case, "case_no": "A", "class_code": "0101", "open": request.case != 2}
    return {"case": case, "choices": [NEAR, HELD], "left": 3, "newest": 5}


@pytest.fixture
def bench(tmp_path, qgis_app):
    path = tmp_path / "city.gpkg"
    make_city(str(path))
    bench = Bench(str(path))
    bench.pool.answers["link_choices"] = choices
    bench.pool.answers["choose_link"] = {"operation": "op-1", "tables": ["case_record"], "counts": {}}
    bench.links = LinkDesk(bench.desk, bench.moves)
    bench.open()
    yield bench
    bench.close()


def looked_at(bench):
    bench.desk.go(1)
    bench.settle()
    assert all(request.method != "link_choices" for request in bench.pool.asked)  # nobody looked
    bench.dock.panel.tabs.setCurrentWidget(bench.links.area)
    bench.wait(lambda: bench.links.told is not None)


def test_it_is_asked_when_it_is_looked_at_and_enter_chooses(bench):
    looked_at(bench)
    model = bench.links.view.model()
    assert model.rowCount() == 2 and model.index(0, 7).data() == "<b>井</b>"
    assert bench.links.view.currentIndex().row() == 1  # the one it has
    assert "3" in bench.links.label.text()
    bench.links.view.selectRow(0)
    bench.links.view.activated.emit(model.index(0, 0))
    bench.settle()
    asked = bench.pool.last("choose_link")
    assert (asked.case, asked.component, asked.seen) == (1, "lid-1", 5)
    assert bench.moves.done == ["op-1"] and bench.dock.undo_button.isEnabled()


def test_no_component_is_a_choice_too(bench):
    looked_at(bench)
    QTest.mouseClick(bench.links.none_button, Qt.MouseButton.LeftButton)
    bench.settle()
    assert bench.pool.last("choose_link").component == ""


def test_a_case_that_ended_is_looked_at_only(bench):
    bench.desk.show_fid(2)
    bench.settle()
    bench.dock.panel.tabs.setCurrentWidget(bench.links.area)
    bench.wait(lambda: bench.links.told is not None)
    assert not bench.links.choose_button.isEnabled() and not bench.links.none_button.isEnabled()


def test_a_correction_is_told_in_words(qgis_app):
    """Names of columns and codes of values have captions; what is no code stays as it is."""
    from digital_citymgmt_plugin.bridge.captions import value_captions
    from digital_citymgmt_plugin.gui.docks.case_rows import event_row

    reason = '{"address": [null, "x"], "place_method": ["community_name", "hand"]}'
    event = {"at": "", "action": "amend", "to_stage": "", "done_by": "", "dept_name": "", "dept_code": "",
             "reason": reason, "payload": {}, "source": "move"}  # fmt: skip
    ways, told = value_captions("case_record", "place_method"), " ".join(event_row(event))
    assert f"{ways['community_name']} → {ways['hand']}" in told and "– → x" in told

# SPDX-License-Identifier: GPL-2.0-or-later
"""Writing a redraw, scenarios and settings, with an engine that answers from a table."""

from __future__ import annotations

import pytest

from digital_citymgmt_plugin.core.errors import InputRefused
from tests.qgis.redraw_bench import CODE, Bench
from tests.qgis.test_issue_dock import city  # noqa: F401  (a fixture)

pytestmark = pytest.mark.qgis


@pytest.fixture
def bench(city, qgis_app):  # noqa: F811
    made = Bench(city)
    made.open()
    made.begin()
    yield made
    made.close()


def test_counts_are_seen_before_writing_and_the_session_goes_on(bench):
    bench.split()
    bench.dock.reason_edit.setText("道路改造")
    bench.dock.apply_button.click()
    bench.settle()
    request = bench.pool.last("apply_redraw")
    assert (request.policy, request.reason) == ("largest_keeps", "道路改造")
    assert "83 components and 31 open cases" in bench.desk.preview.label.text()
    before = len(bench.asked("probe_redraw"))
    bench.click(500_050, 3_520_100)  # a pen asks nothing now: it would end the preview
    bench.move(500_200, 3_520_200)
    bench.idle()
    assert len(bench.asked("probe_redraw")) == before
    bench.desk.preview.accept()
    bench.settle()
    assert bench.pool.previews[-1][0] != "rebase_redraw" and not bench.desk.entries and not bench.desk.on_map.drawn
    assert bench.desk.session and set(bench.desk.on_map.verdicts) == {"a", "b", "c"}


def test_grids_that_somebody_changed_are_told_and_the_changes_done_again(bench):
    bench.split()
    values = {"count": 2, "codes": CODE, "done_by": "王五", "at": "2026-01-05T08:00:00.000Z", "kind": "redraw"}
    bench.engine.changed = InputRefused("redraw.changed", **values)
    bench.dock.apply_button.click()
    bench.settle()
    assert "王五" in bench.actions.dialog.text()
    bench.actions.dialog.button(bench.actions.dialog.StandardButton.Yes).click()
    bench.settle()
    assert bench.pool.last("rebase_redraw").session == "s"
    before = len(bench.asked("rebase_redraw"))
    bench.controller.store_changed(bench.city, ["unit_grid"])  # without changes: done by itself
    bench.settle()
    assert len(bench.asked("rebase_redraw")) == before + 1


def test_a_scenario_is_saved_compared_and_opened(bench):
    bench.split()
    bench.dock.save_button.click()
    bench.actions.dialog.setTextValue("方案一")
    bench.actions.dialog.accept()
    bench.settle()
    bench.wait(lambda: bench.dock.scenario_box.count() == 1)
    assert bench.desk.scenario == "u1" and bench.dock.scenario_box.currentText() == "方案一 (1 change)"
    bench.dock.compare_action.trigger()
    bench.settle()
    assert (bench.pool.last("compare_scenarios").first, bench.pool.last("compare_scenarios").second) == (
        "session",
        "u1",
    )
    dialog = bench.actions.dialog
    model = dialog.totals_view.model()
    assert [model.index(0, column).data() for column in range(4)] == ["Grids", "3", "2", "-1"]
    assert dialog.cells_view.model().rowCount() == 1 and "Change 1 (Split)" in dialog.label.text()
    dialog.reject()
    bench.dock.open_action.trigger()
    bench.desk.box.button(bench.desk.box.StandardButton.Yes).click()
    bench.settle()
    assert bench.pool.last("open_redraw").scenario == "u1"


def test_another_scenario_of_the_same_name_is_written_over_only_when_the_user_says_so(bench):
    bench.engine.saved = ({"uuid": "u9", "name": "方案一", "edits": 3, "changed": 0},)
    bench.split()
    bench.actions.list()
    bench.settle()
    for button, saves in (("Cancel", 0), ("Yes", 1)):
        bench.actions.save("方案一")
        bench.actions.dialog.button(getattr(bench.actions.dialog.StandardButton, button)).click()
        bench.settle()
        assert len(bench.asked("save_scenario")) == saves
    assert bench.pool.last("save_scenario").scenario == "u9"


def test_a_session_that_is_lost_while_saving_or_writing_is_made_again(bench):
    bench.split()
    lost = InputRefused("redraw.no_session")
    answer = bench.pool.answers["save_scenario"]
    bench.pool.answers["save_scenario"] = lost
    bench.actions.save("方案一")
    bench.settle()
    bench.wait(lambda: len(bench.asked("open_redraw")) == 2)
    bench.settle()
    assert len(bench.desk.entries) == 1 and not bench.iface.warnings()[1:]
    bench.pool.answers["save_scenario"] = answer
    bench.actions.save("方案一")
    bench.settle()
    assert bench.desk.scenario == "u1"


def test_what_counts_is_asked_before_a_session(bench):
    bench.desk.end()
    bench.dock.settings_button.click()
    bench.settle()
    dialog = bench.actions.dialog
    dialog.days_spin.setValue(30)
    dialog.load_radio.setChecked(True)
    dialog.weight_page.boxes["01001"].setValue(3)
    dialog.accept()
    bench.begin()
    request = bench.pool.last("open_redraw")
    assert (request.days, request.target_load, request.load_weights) == (30, 100.0, {"01001": 3.0})
    assert request.band == "0.50,2.00" and request.population is None

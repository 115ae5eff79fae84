# SPDX-License-Identifier: GPL-2.0-or-later
"""The button that mends the edges of communities, with an engine that answers from a table."""

from __future__ import annotations

import pytest

from tests.qgis.redraw_bench import Bench
from tests.qgis.test_issue_dock import city  # noqa: F401  (a fixture)

pytestmark = pytest.mark.qgis


@pytest.fixture
def bench(city, qgis_app):  # noqa: F811
    made = Bench(city)
    made.open()
    yield made
    made.close()


def press(bench):
    bench.dock.mend_button.click()
    bench.idle()


def question(bench):
    """The question that comes when the look has ended."""
    bench.wait(lambda: bench.actions.mending.box is not None)
    return bench.actions.mending.box


def test_the_button_waits_for_a_session(bench):
    assert not bench.dock.mend_button.isEnabled()
    bench.begin()
    assert bench.dock.mend_button.isEnabled()


def test_the_crossed_grids_are_shown_with_counts_and_mended_when_the_user_says_so(bench):
    bench.begin()
    in_hand = bench.desk.pens.name()
    press(bench)
    box = question(bench)
    assert "17 unit grids are crossed" in box.text() and "3 lie in another" in box.text()
    assert bench.desk.on_map.under_pen.bands and len(bench.dock.cells) == 2
    assert bench.canvas.extent().width() >= 400 and not bench.desk.pens.name()
    assert not bench.asked("edit_redraw")
    box.button(box.StandardButton.Yes).click()
    bench.idle()
    request = bench.pool.last("edit_redraw")
    assert (request.tool, request.seq, request.points) == ("mend", 0, [])
    assert [entry["tool"] for entry in bench.desk.entries] == ["mend"]
    assert bench.desk.pens.name() == in_hand and not bench.desk.on_map.under_pen.bands
    bench.dock.undo_button.click()
    bench.idle()
    assert not bench.desk.entries


def test_nothing_is_done_when_the_user_says_no(bench):
    bench.begin()
    press(bench)
    box = question(bench)
    box.button(box.StandardButton.Cancel).click()
    bench.idle()
    assert not bench.asked("edit_redraw") and not bench.desk.on_map.under_pen.bands and not bench.dock.cells


def test_where_nothing_is_crossed_that_is_said(bench):
    bench.begin()
    bench.engine.crossed = False
    press(bench)
    assert bench.actions.mending.box is None
    assert "No unit grid is crossed" in bench.dock.said.text()


def test_looking_tells_how_far_it_is_and_can_be_stopped(bench):
    bench.begin()
    mending, link = bench.actions.mending, bench.controller.link
    words = bench.dock.mend_button.text()
    bench.pool.gate.clear()
    bench.dock.mend_button.click()
    bench.wait(lambda: link.busy)
    assert mending.looking and bench.dock.mend_button.text() != words
    link.progressed.emit(0.4, "progress.mending_edges", {})
    assert "40 %" in bench.dock.said.text()
    bench.dock.mend_button.click()  # stop
    assert link._running is None or link._running.isCanceled()
    bench.pool.gate.set()
    bench.wait(lambda: not link.busy)
    assert not mending.looking and bench.dock.mend_button.text() == words
    assert not bench.asked("edit_redraw")


def test_a_look_that_waits_its_turn_can_be_stopped_too(bench):
    bench.begin()
    mending, link = bench.actions.mending, bench.controller.link
    words = bench.dock.mend_button.text()
    bench.pool.gate.clear()
    bench.desk.ask("Something else", bench.pool.asked[-1], lambda _answer: None)
    bench.dock.mend_button.click()
    assert mending.looking and link._waiting
    bench.dock.mend_button.click()  # stop
    assert not mending.looking and bench.dock.mend_button.text() == words
    bench.pool.gate.set()
    bench.wait(lambda: not link.busy)
    press(bench)
    assert mending.box is not None and not mending.looking


def test_another_store_ends_the_look(bench):
    bench.begin()
    mending = bench.actions.mending
    bench.pool.gate.clear()
    bench.dock.mend_button.click()
    assert mending.looking
    bench.controller.store_opened.emit("")
    assert not mending.looking and not mending._in_hand
    bench.pool.gate.set()
    bench.wait(lambda: not bench.controller.link.busy)
    assert mending.box is None

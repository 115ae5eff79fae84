# SPDX-License-Identifier: GPL-2.0-or-later
"""The window of the totals: signs and words, numbers and objects behind them, export."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest

from digital_citymgmt_plugin.core.requests import TotalObjects
from digital_citymgmt_plugin.gui.models.totals import DIFFERS, LOOK, TIES, sign, verdict
from digital_citymgmt_plugin.gui.totals_actions import TotalsActions
from tests.qgis.test_issue_dock import Bench, city  # noqa: F401  (a fixture)

pytestmark = pytest.mark.qgis


def tie(by, total=100, expected=100, key="", **more):
    return {"by": by, "key": key, "total": total, "expected": expected, "blank": 0, "unknown": 0,
            "ties": total == expected, **more}  # fmt: skip


ANSWER = {
    "counts": {"components": 100, "tables": 2, "mismatches": 1}, "tables": [], "notes": [],
    "totals": {"class": [["0101", "上水井盖", 60], ["0102", "污水井盖", 40]], "owner": [["", "", 100]]},
    "ties": [tie("class"), tie("grid", unknown=3), tie("owner", blank=100), tie("register", 99, 100),
             tie("grid_community", 50, 50, "320681001001"), tie("grid_community", 50, 50, "320681001002")],
}  # fmt: skip
BEHIND = {
    "total": 700, "counts": {"objects": 700}, "tables": [], "notes": [],
    "objects": [{"table": "component_point", "uuid": "u1", "code": None, "name": "井盖", "value": "X", "x": 500_100.0,
                 "y": 3_520_100.0},
                {"table": "code_register", "uuid": "u2", "code": "3206810101000001", "name": None, "value": None,
                 "x": None, "y": None}],
}  # fmt: skip


@pytest.fixture
def desk(city, qgis_app):  # noqa: F811
    bench = Bench(city)
    bench.pool.answers.update(totals=ANSWER, total_objects=BEHIND)
    bench.controller.open_store(city)
    bench.wait(lambda: bench.controller.path and bench.controller._loading is None)
    made = TotalsActions(bench.controller, bench.iface.window)
    made.bench = bench
    bench.settle()
    made.show()
    bench.wait(lambda: made.dialog is not None)
    bench.settle()
    yield made
    made.shut()
    bench.desk.shut()
    bench.controller.shut()
    QTest.qWait(20)
    bench.iface.window.close()


def rows_of(model):
    return [
        [model.index(row, column).data() for column in range(model.columnCount())] for row in range(model.rowCount())
    ]


def test_what_differs_stands_first_with_its_objects(desk):
    dialog, bench = desk.dialog, desk.bench
    assert rows_of(dialog.ties) == [
        ["Codes and register", "99", "100", "does not tie: 1 are missing"],
        ["Unit grid", "100", "100", "ties · 3 are not in the catalogue"],
        ["Class", "100", "100", "ties"],
        ["Owner", "100", "100", "ties · 100 state nothing"],
        ["Unit grids by community", "100", "100", "ties"],
    ]
    assert "1 totals do not tie" in dialog.summary.text() and "register" in dialog.meaning.text()
    assert bench.pool.last("total_objects") == TotalObjects("register", "")
    assert dialog.objects.rowCount() == 2 and "first 2" in dialog.found.text()
    assert rows_of(dialog.objects)[0] == ["u1", "井盖", "X", "Components (points)"]
    QTest.keyClick(dialog.object_view, Qt.Key.Key_Return)  # nothing is chosen: nothing happens, nothing closes
    assert desk.dialog is dialog
    dialog.object_view.selectRow(1)
    dialog.object_view.activated.emit(dialog.objects.index(1, 0))
    assert "no place" in dialog.found.text()


def test_a_number_opens_its_objects(desk):
    dialog, bench = desk.dialog, desk.bench
    asked = len(bench.pool.asked)
    dialog.tie_view.selectRow(2)
    bench.settle()
    assert len(bench.pool.asked) == asked and dialog.objects.rowCount() == 0  # it ties: nothing to look at
    assert rows_of(dialog.numbers) == [["0101", "上水井盖", "60"], ["0102", "污水井盖", "40"]]
    dialog.number_view.selectRow(1)
    bench.settle()
    assert bench.pool.last("total_objects") == TotalObjects("class", "0102") and dialog.objects.rowCount() == 2
    dialog.tie_view.selectRow(3)
    assert rows_of(dialog.numbers) == [["(none)", "", "100"]]


def test_counted_again_the_window_stays(desk):
    before = desk.dialog
    desk.bench.pool.answers["totals"] = {**ANSWER, "ties": [tie("class")]}
    desk.dialog.refresh_button.click()
    desk.bench.settle()
    assert desk.dialog is before and rows_of(before.ties) == [["Class", "100", "100", "ties"]]
    assert "All totals tie" in before.summary.text()


def test_verdicts_have_signs_of_their_own(qgis_app):
    pictures = {kind: sign(kind).pixmap(16, 16).toImage() for kind in (TIES, LOOK, DIFFERS)}
    assert len({bytes(picture.bits().asstring(picture.sizeInBytes())) for picture in pictures.values()}) == 3
    assert verdict(tie("grid", blank=1)) == LOOK and verdict(tie("sheet", blank=1)) == TIES
    assert verdict(tie("grid", 1, 2, unknown=3)) == DIFFERS

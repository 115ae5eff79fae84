# SPDX-License-Identifier: GPL-2.0-or-later
"""The *Assessment* dock with an engine that answers from a table: choices, table, bars, map, series."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtCore import Qt

from digital_citymgmt_plugin.bridge.assessment_layer import find_assessed
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.gui.docks.assessment_controller import AssessmentController
from digital_citymgmt_plugin.gui.docks.assessment_dock import AssessmentDock
from digital_citymgmt_plugin.gui.models.assessment import BAR
from tests.qgis.dock_bench import DockBench
from tests.qgis.make_city import make_city

pytestmark = pytest.mark.qgis


def assessed(request):
    rows = [["320681400", "<b>汇龙</b>", 10, 5, 50.0], ["320681401", "惠萍", 20, 0, "–"], ["", "合计", 30, 5, 16.67]]
    if request.from_date == "1999-01-01":
        return InputRefused("assess.period", from_date="2", to_date="1")
    table = {
        "columns": ["code", "name", "filed", "closed", "closing_rate"],
        "header": ["街道代码", "街道", "立案数", "结案数", "结案率(%)"], "rows": rows, "formulas": ["结案率 = 结案数 ÷ 立案数"],
    }  # fmt: skip
    return {"counts": {}, "table": table, "cut_off": "2026-03-05T08:00:00.000Z"}


class Bench(DockBench):
    PATIENCE = 400

    def __init__(self, city):
        super().__init__(city, {"assess": assessed})
        self.dock = AssessmentDock(self.iface.window)
        self.desk = self.add(self.dock, AssessmentController)

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


def cells(bench, column):
    model = bench.dock.model
    return [model.index(row, column).data() for row in range(model.rowCount())]


def test_the_table_comes_with_numbers_bars_and_the_total_last(bench):
    model = bench.dock.model
    assert cells(bench, 1) == ["<b>汇龙</b>", "惠萍", "合计"] and cells(bench, 4) == ["50.00", "–", "16.67"]
    assert model.index(0, 4).data(BAR) == 0.5 and model.index(1, 4).data(BAR) is None
    assert model.index(1, 2).data(BAR) == 1.0 and model.index(2, 2).data(BAR) is None
    assert "结案率 = 结案数 ÷ 立案数" in bench.dock.notes.toPlainText()
    tip = model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole)
    assert "&lt;b&gt;" in tip


def test_sorting_keeps_the_total_last_and_what_has_no_value_behind_the_rest(bench):
    head = bench.dock.view.horizontalHeader()
    head.sectionClicked.emit(2)
    assert cells(bench, 2) == ["20", "10", "30"]
    head.sectionClicked.emit(2)
    assert cells(bench, 2) == ["10", "20", "30"]
    head.sectionClicked.emit(4)
    assert cells(bench, 4) == ["50.00", "–", "16.67"]
    head.sectionClicked.emit(4)
    assert cells(bench, 4) == ["50.00", "–", "16.67"]


def test_a_period_is_counted_from_the_latest_case_on(bench):
    box = bench.dock.period_box
    assert bench.pool.last("assess").from_date is None
    box.setCurrentIndex(box.findData("last_month"))
    bench.settle()
    asked = bench.pool.last("assess")
    assert (asked.from_date, asked.to_date) == ("2026-02-01", "2026-02-28")
    assert not bench.dock.from_edit.isEnabled()
    box.setCurrentIndex(box.findData("own"))
    bench.settle()
    assert bench.dock.from_edit.isEnabled()
    bench.dock.from_edit.setDate(bench.dock.from_edit.date().addDays(3))
    bench.settle()
    assert bench.pool.last("assess").from_date == "2026-02-04"


def test_several_choices_in_a_row_are_one_question(bench):
    before = len(bench.pool.asked)
    for at in range(4):
        bench.dock.by_box.setCurrentIndex(at)
    bench.settle()
    assert len(bench.pool.asked) == before + 1 and bench.pool.last("assess").by == "grid"


def test_what_is_refused_is_said(bench):
    box = bench.dock.period_box
    box.setCurrentIndex(box.findData("own"))
    bench.dock.from_edit.setDate(bench.dock.from_edit.date().fromString("1999-01-01", "yyyy-MM-dd"))
    bench.settle()
    assert bench.dock.label.text() and "{" not in bench.dock.label.text()


def test_the_map_has_the_classes_of_the_table(bench):
    box = bench.dock.by_box
    box.setCurrentIndex(box.findData("county"))
    bench.settle()
    bench.dock.map_button.setChecked(True)
    layer = find_assessed()
    assert layer is not None
    assert layer.renderer().type() == "graduatedSymbol"
    bench.dock.figure_box.setCurrentIndex(bench.dock.figure_box.findData("filed"))
    layer = find_assessed()
    ranges = layer.renderer().ranges()
    assert [(one.lowerValue(), one.upperValue()) for one in ranges] == [(10.0, 10.0), (10.0, 20.0)]
    model = bench.dock.model
    assert model.index(0, 2).data(Qt.ItemDataRole.DecorationRole) is not None
    bench.dock.map_button.setChecked(False)
    assert find_assessed() is None
    assert model.index(0, 2).data(Qt.ItemDataRole.DecorationRole) is None


def test_the_dock_is_narrow_enough(bench):
    assert bench.dock.widget().minimumSizeHint().width() <= 520

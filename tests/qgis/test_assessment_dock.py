# SPDX-License-Identifier: GPL-2.0-or-later
"""The *Assessment* dock with an engine that answers from a table: choices, table, bars, map, series."""

from __future__ import annotations

import numpy as np
import pytest
from qgis.core import QgsGeometry
from qgis.PyQt.QtCore import Qt

from digital_citymgmt_plugin.bridge.assessment_layer import find_assessed
from digital_citymgmt_plugin.core.assessment.evaluation import Row, Selection, evaluate_counts
from digital_citymgmt_plugin.core.assessment.schemes import Scheme, Term
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.profile import Indicator
from digital_citymgmt_plugin.core.requests_assessment import Evaluate
from digital_citymgmt_plugin.gui.docks.assessment_controller import AssessmentController
from digital_citymgmt_plugin.gui.docks.assessment_dock import AssessmentDock
from digital_citymgmt_plugin.gui.models.assessment import BAR
from tests.qgis import dock_bench
from tests.qgis.dock_bench import DockBench

pytestmark = pytest.mark.qgis


def evaluated(request):
    """Answer as the engine would: two streets; of the second nothing was to be closed."""
    if request.from_date == "1999-01-01":
        return InputRefused("assess.period", from_date="2", to_date="1")
    earlier = request.from_date == "2026-01-01"
    rate = Indicator("closing_rate", "结案率", "closed", "to_be_closed", "%", "higher", "", "")
    scheme = Scheme("default", "默认", terms=(Term(rate, "rate", 1.0 if request.scheme == "qidong" else 0.0),))
    counts = {"filed": [10, 20], "closed": [5, 0], "to_be_closed": [10, 0]}
    rows = [Row("320681", "<b>启东</b>"), Row("320681401", "惠萍")]
    if earlier:
        counts["closed"], counts["to_be_closed"] = [8, 9], [10, 10]
    selection = Selection(
        request.by, from_date=request.from_date, to_date=request.to_date, cut_off="2026-03-05T08:00:00.000Z"
    )
    columns = (Row("2026-02", "2026-02"), Row("2026-03", "2026-03")) if request.by2 else ()
    cells = {code: np.array([[figure, 1] for figure in column]) for code, column in counts.items()}
    evaluation = evaluate_counts(
        "area", selection, scheme, rows, {code: np.array(column) for code, column in counts.items()}, columns=columns,
        cells=cells if columns else {},
    )  # fmt: skip
    said = {"by": "街道", "counts": {"filed": "立案数", "closed": "结案数"}, "indicators": {"closing_rate": "结案率"},
            "formulas": ["结案率 = 结案数 ÷ 应结案数"], "notes": ["截止"], "total": "合计"}  # fmt: skip
    return {"counts": {}, "evaluation": evaluation.to_payload(), "said": said}


SCHEMES = {
    "schemes": [
        {"code": "default", "name": "标准", "object": ""}, {"code": "qidong", "name": "启东", "object": ""},
        {"code": "s3_department", "name": "部门", "object": "department"},
    ]
}  # fmt: skip
JUDGED = {
    "columns": ["code", "name", "total", "rate", "low", "high", "small", "rank", "adjusted", "adjusted_rank",
                "rate_not_exempt", "rank_not_exempt"],
    "rows": [["1", "甲", 200, 50.0, 43.1, 56.9, False, 1, 49.0, 2, 51.0, 1],
             ["2", "乙", 3, None, None, None, True, None, None, None, None, None]],
    "remarks": ["区间", "小样本"],
}  # fmt: skip
CHANGED = {
    "columns": ["code", "name", "now", "before", "change", "percent", "p", "verdict", "riser"], "risers": [1],
    "rows": [["1", "甲", 5, 9, -4, -44.4, 0.3, "", False], ["2", "乙", 90, 20, 70, 350.0, 0.0, "risen", True]],
    "remarks": ["环比"],
}  # fmt: skip
RUN = {
    "uuid": "r1", "name": "三月", "created_at": "2026-04-01T00:00:00.000Z", "from_date": "", "to_date": "",
    "cut_off": "2026-04-01T00:00:00.000Z", "program": "1", "note": "",
}  # fmt: skip

LATER = {**RUN, "uuid": "r2", "name": "四月", "created_at": "2026-05-01T00:00:00.000Z"}


SHAPES = {"320681": QgsGeometry.fromWkt("Polygon ((0 0, 9 0, 9 9, 0 0))").asWkb().data().hex()}


def compared(request):
    if not request.other:
        raise InputRefused("assess.run_changed", value="三月")
    row = {"counts": {"closed": [5, 6]}, "values": {"x": ["50.00", "60.00"]}, "composite": ["70.0", "80.0"]}
    rows = [
        {"code": "1", "name": "甲", "state": "changed", **row, "grade": ["B", "B"], "rank": [3, 1]},
        {"code": "2", "name": "乙", "state": "same", **row, "grade": ["A", "A"], "rank": [1, 1]},
        {"code": "3", "name": "丙", "state": "new", **row, "grade": ["", "A"], "rank": [0, 2]},
    ]
    counts = {"rows": 3, "changed": 1, "gone": 0, "new": 1}
    return {"run": {**RUN, "name": "{second}"}, "other": {"name": "四月"}, "counts": counts, "rows": rows,
            "names": {"closed": "结案数"}}  # fmt: skip


class Bench(DockBench):
    PATIENCE = 400

    def __init__(self, city):
        answers = {
            "compare_runs": compared, "write_findings": {"counts": {}},
            "show_evaluation": evaluated, "export_evaluation": {"counts": {}}, "cases_of_number": {"fids": [1, 2]},
            "write_brief": {"outputs": []}, "judge_rates": JUDGED, "compare_periods": CHANGED,
            "row_shapes": lambda request: {"crs": "EPSG:4549", "shapes": SHAPES},
            "warm_panel": {"ready": True, "fraction": 1.0}, "list_schemes": SCHEMES,
            "list_runs": {"runs": [LATER, RUN]},
            "open_run": lambda request: {**evaluated(Evaluate(by="street")), "run": RUN},
            "freeze_run": lambda request: {"run": {**RUN, "name": request.name}, "tables": ["assessment_run"]},
        }  # fmt: skip
        super().__init__(city, answers)
        self.dock = AssessmentDock(self.iface.window)
        self.desk = self.add(self.dock, AssessmentController)

    def settle(self):
        super().settle()
        self.wait(lambda: not self.desk.courier.busy and not self.desk.courier.handing)


city, bench = dock_bench.city, dock_bench.bench_of(Bench)


def cells(bench, column):
    model = bench.dock.model
    return [model.index(row, column).data() for row in range(model.rowCount())]


def column(bench, key):
    return bench.desk.table.at(key)


def test_the_table_comes_with_numbers_bars_and_the_total_last(bench):
    model, rate, filed = bench.dock.model, column(bench, "closing_rate"), column(bench, "filed")
    assert cells(bench, 1) == ["<b>启东</b>", "惠萍", "合计"] and cells(bench, rate) == ["50.00", "–", "50.00"]
    assert cells(bench, column(bench, "rank")) == ["1", "–", ""]
    assert model.index(0, rate).data(BAR) == 0.5 and model.index(1, rate).data(BAR) is None
    assert model.index(1, filed).data(BAR) == 1.0 and model.index(2, filed).data(BAR) is None
    assert "结案率 = 结案数 ÷ 应结案数" in bench.dock.notes.toPlainText()
    assert "&lt;b&gt;" in model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole)
    assert "5" in model.index(0, rate).data(Qt.ItemDataRole.ToolTipRole)


def test_sorting_keeps_the_total_last_and_what_has_no_value_behind_the_rest(bench):
    head, rate, filed = bench.dock.view.horizontalHeader(), column(bench, "closing_rate"), column(bench, "filed")
    head.sectionClicked.emit(filed)
    assert cells(bench, filed) == ["20", "10", "30"]
    head.sectionClicked.emit(filed)
    assert cells(bench, filed) == ["10", "20", "30"]
    head.sectionClicked.emit(rate)
    assert cells(bench, rate) == ["50.00", "–", "50.00"]
    head.sectionClicked.emit(rate)
    assert cells(bench, rate) == ["50.00", "–", "50.00"]


def test_ranks_are_compared_with_the_period_before(bench):
    dock = bench.dock
    dock.period_box.setCurrentIndex(dock.period_box.findData("last_month"))
    dock.compare_box.setCurrentIndex(dock.compare_box.findData("before"))
    bench.settle()
    bench.settle()
    assert "2026-01-01" in [one.from_date for one in bench.pool.asked if one.method == "show_evaluation"]
    assert cells(bench, column(bench, "change")) == ["▲ 1", "", ""]
    tip = dock.model.index(0, column(bench, "closing_rate")).data(Qt.ItemDataRole.ToolTipRole)
    assert "80.00" in tip and "2026-01-31" in dock.label.text()


def test_a_weighted_scheme_shows_composite_and_score(bench):
    dock = bench.dock
    dock.scheme_box.setCurrentIndex(dock.scheme_box.findData("qidong"))
    bench.settle()
    assert cells(bench, column(bench, "composite")) == ["50.00", "–", "50.00"]
    assert cells(bench, column(bench, "closing_rate_score")) == ["50.00", "–", "50.00"]


def test_the_table_is_written_as_it_was_asked_for(bench, monkeypatch, tmp_path):
    monkeypatch.setattr(bench.desk, "ask_file", lambda *_: str(tmp_path / "a.xlsx"))
    bench.dock.export_button.click()
    bench.settle()
    asked = bench.pool.last("export_evaluation")
    assert asked.output.endswith("a.xlsx") and asked.by == "street"


def test_a_period_is_counted_from_the_latest_case_on(bench):
    box = bench.dock.period_box
    assert bench.pool.last("show_evaluation").from_date == ""
    box.setCurrentIndex(box.findData("last_month"))
    bench.settle()
    asked = bench.pool.last("show_evaluation")
    assert (asked.from_date, asked.to_date) == ("2026-02-01", "2026-02-28")
    assert not bench.dock.from_edit.isEnabled()
    box.setCurrentIndex(box.findData("own"))
    bench.settle()
    assert bench.dock.from_edit.isEnabled()
    bench.dock.from_edit.setDate(bench.dock.from_edit.date().addDays(3))
    bench.settle()
    assert bench.pool.last("show_evaluation").from_date == "2026-02-04"


def test_several_choices_in_a_row_are_one_question(bench):
    bench.settle()
    before = len(bench.pool.asked)
    for at in range(4):
        bench.dock.by_box.setCurrentIndex(at)
    bench.settle()
    asked = [one.by for one in bench.pool.asked[before:] if one.method == "show_evaluation" and not one.by2]
    assert asked == ["grid"]


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
    filed = column(bench, "filed")
    assert model.index(0, filed).data(Qt.ItemDataRole.DecorationRole) is not None
    bench.dock.map_button.setChecked(False)
    assert find_assessed() is None
    assert model.index(0, filed).data(Qt.ItemDataRole.DecorationRole) is None


def test_rows_of_another_day_are_asked_for_and_coloured_in_their_own_shapes(bench):
    bench.dock.by_box.setCurrentIndex(bench.dock.by_box.findData("community"))
    bench.dock.grids_edit.setText("2026-01-05")
    bench.dock.grids_edit.editingFinished.emit()
    bench.settle()
    assert bench.pool.last("show_evaluation").by == "community@2026-01-05"
    bench.dock.map_button.setChecked(True)
    bench.wait(lambda: find_assessed() is not None)
    layer = find_assessed()
    assert [feature["code"] for feature in layer.getFeatures()] == ["320681"] and layer.crs().authid() == "EPSG:4549"
    assert "2026-01-05" in layer.name()
    bench.dock.map_button.setChecked(False)
    bench.dock.by_box.setCurrentIndex(bench.dock.by_box.findData("department"))
    bench.settle()
    assert bench.pool.last("show_evaluation").by == "department"  # departments have no grids of a day
    bench.dock.grids_edit.clear()
    bench.dock.grids_edit.editingFinished.emit()
    bench.settle()


def test_the_dock_is_narrow_enough(bench):
    assert bench.dock.widget().minimumSizeHint().width() <= 520


def test_a_number_opens_its_cases_and_a_rate_asks_which(bench):
    told, view, model = [], bench.dock.view, bench.dock.model
    bench.desk.cases_asked.connect(lambda number, words: told.append((number, words)))
    view.setCurrentIndex(model.index(1, column(bench, "filed")))
    bench.dock.cases_button.click()
    bench.settle()
    assert told[0][0] == "filed|street=320681401|filed|||2026-03-05T08:00:00.000Z" and "惠萍" in told[0][1]
    assert bench.pool.last("cases_of_number").number == told[0][0]
    view.setCurrentIndex(model.index(2, column(bench, "closing_rate")))
    bench.desk.numbers.open()
    actions = bench.desk.numbers.menu.actions()
    assert [action.text() for action in actions][:1] == ["结案数"] and len(actions) == 3
    actions[2].trigger()
    bench.settle()
    assert told[1][0].startswith("to_be_closed - closed||")
    view.setCurrentIndex(model.index(0, 1))
    bench.desk.numbers.open()
    assert len(told) == 2


def test_schemes_are_offered_for_the_rows_that_they_are_for(bench):
    dock = bench.dock
    words = [dock.scheme_box.itemText(at) for at in range(dock.scheme_box.count())]
    assert words[:2] == ["标准", "启东"] and "部门" not in words
    dock.by_box.setCurrentIndex(dock.by_box.findData("department"))
    bench.settle()
    assert dock.scheme_box.findData("s3_department") >= 0


def test_the_series_is_that_of_the_selected_row(bench):
    dock = bench.dock
    bench.settle()
    chart = dock.chart
    assert chart.labels == ["2026-02", "2026-03"] and chart.values == [50.0, 100.0] and chart.whole == 50.0
    asked = bench.pool.last("show_evaluation")
    assert asked.by2 == "month" and asked.where == {}
    dock.view.setCurrentIndex(dock.model.index(1, 1))
    bench.settle()
    assert bench.pool.last("show_evaluation").where == {"street": ["320681401"]} and "惠萍" in chart.title
    dock.figure_box.setCurrentIndex(dock.figure_box.findData("filed"))
    assert chart.values == [30.0, 2.0] and not chart.percent
    dock.period_box.setCurrentIndex(dock.period_box.findData("this_year"))
    bench.settle()
    assert chart.labels[:3] == ["2026-01", "2026-02", "2026-03"] and chart.values[0] == 0.0
    chart.chosen.emit(1)
    bench.settle()
    assert dock.period_box.currentData() == "own" and dock.days()[0].isoformat() == "2026-02-01"


def test_totals_that_have_to_agree_are_shown(bench):
    ties = bench.dock.ties.model()
    assert ties.rowCount() == 3 and {ties.index(row, 3).data() for row in range(3)} == {"✓"}


def test_a_table_is_kept_and_opened_again(bench, monkeypatch, tmp_path):
    bench.dock.freeze_button.click()
    dialog = bench.desk.runs.dialog
    dialog.setTextValue("三月")
    dialog.accept()
    bench.settle()
    assert bench.pool.last("freeze_run").name == "三月" and bench.pool.last("freeze_run").by == "street"
    bench.dock.runs_button.click()
    bench.settle()
    dialog = bench.desk.runs.dialog
    dialog.view.selectRow(1)
    dialog.open_button.click()
    bench.settle()
    assert bench.pool.last("open_run").run == "r1" and "三月" in bench.dock.label.text()
    monkeypatch.setattr(bench.desk, "ask_file", lambda *_: str(tmp_path / "a.csv"))
    bench.dock.export_button.click()
    bench.settle()
    assert bench.pool.last("export_evaluation").run == "r1"
    bench.dock.by_box.setCurrentIndex(0)
    bench.settle()
    assert not bench.desk.frozen


def test_two_kept_tables_are_compared_the_older_first(bench, monkeypatch, tmp_path):
    bench.dock.runs_button.click()
    bench.settle()
    dialog = bench.desk.runs.dialog
    assert not dialog.compare_button.isEnabled() and not dialog.open_button.isEnabled()
    dialog.view.selectAll()
    assert dialog.compare_button.isEnabled() and not dialog.open_button.isEnabled()
    dialog.compare_button.click()
    bench.settle()
    asked = bench.pool.last("compare_runs")
    assert (asked.run, asked.other) == ("r1", "r2")
    shown = bench.desk.runs.dialog
    assert shown.label.text().startswith("{second} → 四月") and len(shown.rows) == 2
    assert shown.rows[0][2:] == ["70.0 → 80.0", "B", "3 → 1", "+2", "结案数 5 → 6; x 50.00 → 60.00"]
    assert shown.rows[1][4:6] == ["– → 2", "–"]
    monkeypatch.setattr(bench.desk, "ask_file", lambda *_: str(tmp_path / "b.xlsx"))
    shown.export_button.click()
    bench.settle()
    written = bench.pool.last("write_findings")
    assert written.output.endswith("b.xlsx") and written.rows == shown.rows and written.header == shown.header
    shown.reject()


def test_a_kept_table_that_was_tampered_with_is_not_compared(bench):
    bench.dock.runs_button.click()
    bench.settle()
    dialog = bench.desk.runs.dialog
    dialog.view.selectRow(1)
    dialog.compare_button.click()
    bench.settle()
    assert bench.pool.last("compare_runs").other == "" and bench.desk.runs.dialog is dialog


def test_a_brief_is_written_of_a_kept_table(bench, monkeypatch, tmp_path):
    monkeypatch.setattr(bench.desk, "ask_file", lambda *_: str(tmp_path / "三月.docx"))
    bench.dock.runs_button.click()
    bench.settle()
    dialog = bench.desk.runs.dialog
    dialog.view.selectRow(1)
    dialog.brief_button.click()
    bench.settle()
    asked = bench.pool.last("write_brief")
    assert asked.run == "r1" and asked.document.endswith("三月.docx") and asked.workbook.endswith("三月.xlsx")


def test_the_picture_has_bars_on_white(bench, monkeypatch, tmp_path):
    from qgis.PyQt.QtGui import QImage

    path = tmp_path / "a.png"
    monkeypatch.setattr(bench.desk, "ask_file", lambda *_: str(path))
    bench.dock.picture_button.click()
    image = QImage(str(path))
    assert image.width() == 1600 and image.pixelColor(2, 2).name() == "#ffffff"
    found = {image.pixelColor(x, y).name() for x in range(0, 1600, 7) for y in range(100, 220, 3)}
    assert "#3182bd" in found


def test_small_rates_stand_in_grey_and_top_risers_first(bench):
    dock, fair = bench.dock, bench.desk.fairness
    dock.tabs.setCurrentWidget(fair.fair)
    bench.settle()
    asked = bench.pool.last("judge_rates")
    assert asked.indicator == "closing_rate" and asked.by == "street" and asked.basis == "filed"
    model = fair.fair_view.model()
    assert model.index(0, 2).data() == "43.10 – 56.90" and model.index(1, 1).data() == "–"
    assert model.index(1, 0).data(Qt.ItemDataRole.ForegroundRole) is not None
    assert model.index(0, 0).data(Qt.ItemDataRole.ForegroundRole) is None
    dock.period_box.setCurrentIndex(dock.period_box.findData("last_month"))
    dock.tabs.setCurrentWidget(fair.change)
    bench.settle()
    model = fair.change_view.model()
    assert model.index(0, 0).data() == "乙" and "▲" in model.index(0, 5).data()
    assert bench.pool.last("compare_periods").kind == "before"


def test_the_period_before_is_looked_at_as_long_after_its_end(bench):
    dock = bench.dock
    dock.period_box.setCurrentIndex(dock.period_box.findData("last_month"))
    dock.compare_box.setCurrentIndex(dock.compare_box.findData("before"))
    bench.settle()
    bench.settle()
    earlier = [one for one in bench.pool.asked if one.method == "show_evaluation" and one.from_date == "2026-01-01"]
    assert earlier[-1].cut_off == "2026-02-05T08:00:00.000Z"


def test_the_engine_gets_the_words_of_everything_that_the_dock_asks(bench):
    from digital_citymgmt_plugin.gui.docks.assessment_controller import spoken

    words = spoken()
    assert {"table.total", "fairness.interval", "compare.periods"} <= set(words) and len(words) < 300

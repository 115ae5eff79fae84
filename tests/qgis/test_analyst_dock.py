# SPDX-License-Identifier: GPL-2.0-or-later
"""The *Analyst* dock: questions, and answers of an engine that answers from a table and of a real one."""

from __future__ import annotations

import pytest
from qgis.core import QgsFeature, QgsGeometry, QgsProject, QgsVectorFileWriter, QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest

from digital_citymgmt_plugin.bridge.findings_layer import find_findings
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import REQUESTS
from digital_citymgmt_plugin.gui.docks.analyst_controller import AnalystController
from digital_citymgmt_plugin.gui.docks.analyst_dock import AnalystDock
from tests.qgis import dock_bench
from tests.qgis.dock_bench import DockBench

pytestmark = [
    pytest.mark.qgis,
    pytest.mark.skipif("scan_clusters" not in REQUESTS, reason="the analyses are not in this version"),
]
SQUARE = "MultiPolygon ((({0} 0, {1} 0, {1} 9, {0} 9, {0} 0)))"


def write(request, name, fields, rows):
    """Write what the engine would."""
    layer = QgsVectorLayer(f"MultiPolygon?crs=EPSG:4549&{fields}", name, "memory")
    for at, row in enumerate(rows):
        feature = QgsFeature(layer.fields())
        feature.setAttributes(row)
        feature.setGeometry(QgsGeometry.fromWkt(SQUARE.format(20 * at, 20 * at + 9)))
        layer.dataProvider().addFeature(feature)
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.layerName = name
    QgsVectorFileWriter.writeAsVectorFormatV3(
        layer, request.output, QgsProject.instance().transformContext(), options
    )


def clusters(request):
    if request.by == "street":
        return InputRefused("findings.empty")
    write(
        request, "clusters",
        "field=number:integer&field=certain:integer&field=from_day:string&field=to_day:string",
        [[1, 1, "2026-01-05", "2026-01-18"], [2, 0, "2026-02-02", "2026-02-08"]],
    )  # fmt: skip
    told = [
        {"number": 1, "from": "2026-01-05", "to": "2026-01-18", "cells": ["a", "b"], "cases": 40, "expected": 10.0,
         "ratio": 20.0, "relative": 4.4, "p": 0.01, "radius": 300.0, "certain": True},
        {"number": 2, "from": "2026-02-02", "to": "2026-02-08", "cells": ["c"], "cases": 7, "expected": 4.0,
         "ratio": 1.0, "relative": None, "p": 0.62, "radius": 0.0, "certain": False},
    ]  # fmt: skip
    return {"counts": {"cases": 90}, "clusters": told, "remarks": ["模型", "基数"], "output": request.output}


def density(request):
    write(
        request, "density",
        "field=period:string&field=from_day:string&field=to_day:string&field=density:double",
        [["1", "2026-01-01", "2026-01-31", 3.0], ["2", "2026-02-01", "2026-02-28", 9.0]],
    )  # fmt: skip
    periods = [
        {"period": "1", "from": "2026-01-01", "to": "2026-01-31", "days": 31, "cases": 30, "highest": 3.0},
        {"period": "2", "from": "2026-02-01", "to": "2026-02-28", "days": 28, "cases": 60, "highest": 9.0},
    ]
    return {"counts": {}, "breaks": [2.0, 5.0], "periods": periods, "remarks": ["标尺"], "output": request.output}


def watchers(request):
    write(request, "watchers", "field=code:string&field=kind:string", [["a", "ours_only"], ["b", "even"]])
    columns = ["code", "name", "collector", "citizen", "share", "kind"]
    rows = [["b", "乙", 5, 5, 0.5, "even"], ["a", "<b>甲</b>", 30, 0, 1.0, "ours_only"]]
    return {"counts": {}, "columns": columns, "rows": rows, "city": 0.6, "remarks": [], "output": request.output}


def hours(request):
    table = [[0] * 24 for _ in range(7)]
    table[0][8] = 12
    window = {"weekdays": [0], "start": 7, "end": 10, "cases": 12, "share": 1.0, "lift": 8.0, "p": 0.0, "certain": True}
    return {"counts": {}, "table": table, "days": [1] * 7, "weekday": [12] + [0] * 6, "windows": [window],
            "remarks": ["时区"]}  # fmt: skip


class Bench(DockBench):
    def __init__(self, city):
        super().__init__(city, {
            "scan_clusters": clusters, "density": density, "watcher_bias": watchers, "rhythm": hours,
            "write_findings": {"counts": {"rows": 2}},
        })  # fmt: skip
        self.dock = AnalystDock(self.iface.window)
        self.desk = self.add(self.dock, AnalystController)

    def ask(self, code):
        box = self.dock.question_box
        box.setCurrentIndex(next(at for at in range(box.count()) if box.itemData(at).code == code))
        QTest.mouseClick(self.dock.run_button, Qt.MouseButton.LeftButton)
        self.settle()

    def cells(self, column):
        model = self.dock.view.model()
        return [model.index(row, column).data() for row in range(model.rowCount())]


city, bench = dock_bench.city, dock_bench.bench_of(Bench)


def test_a_question_is_asked_with_what_the_dock_says(bench):
    dock = bench.dock
    dock.kind_box.setCurrentIndex(dock.kind_box.findData("component"))
    assert dock.exposure_box.currentData() == "components"  # proposed
    dock.class_edit.setText("01，0203")
    bench.ask("new")
    asked = bench.pool.last("scan_clusters")
    assert asked.prospective and asked.classes == ["01", "0203"] and asked.exposure == "components"
    assert not asked.from_date and asked.output.endswith(".gpkg")
    dock.period_box.setCurrentIndex(dock.period_box.findData("own"))
    bench.ask("where")
    asked = bench.pool.last("scan_clusters")
    assert not asked.prospective and (asked.from_date, asked.to_date) == ("2026-01-05", "2026-02-08")


def test_the_layer_tells_the_denominator_and_prints(bench):
    bench.dock.exposure_box.setCurrentIndex(bench.dock.exposure_box.findData("road_km"))
    bench.ask("where")
    layer = find_findings()
    assert layer.featureCount() == 2 and "per road kilometre" in layer.name()
    words = [one.label() for one in layer.renderer().categories()]
    styles = {one.symbol().symbolLayer(0).brushStyle() for one in layer.renderer().categories()}
    assert words == ["more than chance", "may be chance"] and len(styles) == 2
    assert "基数" in bench.dock.notes.toPlainText() and "1 of 2" in bench.dock.label.text()


def test_row_map_and_chart_select_one_another(bench):
    bench.ask("where")
    layer = find_findings()
    bench.dock.view.selectRow(1)
    assert [one["number"] for one in layer.selectedFeatures()] == [2]
    layer.selectByExpression('"number" = 1')
    assert bench.desk.row() == 0
    bench.dock.chart.chosen.emit(1)
    assert bench.desk.row() == 1 and [one["number"] for one in layer.selectedFeatures()] == [2]
    QTest.mouseClick(bench.dock.place_button, Qt.MouseButton.LeftButton)


def test_the_slider_goes_through_the_periods(bench):
    bench.ask("density")
    canvas, dock = bench.iface.mapCanvas(), bench.dock
    assert dock.slider.isVisible() and dock.slider.value() == 2 and bench.desk.row() == 1
    assert canvas.temporalRange().begin().toString("yyyy-MM-dd") == "2026-02-01"
    assert find_findings().temporalProperties().isActive()
    dock.slider.setFocus()
    QTest.keyClick(dock.slider, Qt.Key.Key_Left)
    assert bench.desk.row() == 0 and canvas.temporalRange().begin().toString("yyyy-MM-dd") == "2026-01-01"
    QTest.keyClick(dock.slider, Qt.Key.Key_Left)
    assert canvas.temporalRange().isInfinite()


def test_watchers_are_listed_with_most_cases_first(bench):
    bench.ask("watched")
    assert bench.cells(0) == ["a", "b"] and bench.cells(5) == ["only collectors", "like the city"]
    assert "1 cells" in bench.dock.label.text()


def test_when_has_no_layer(bench):
    bench.ask("where")
    bench.ask("when")
    assert find_findings() is None and bench.cells(8)[8] == "12" and "Mon" in bench.dock.label.text()
    assert not bench.dock.page_button.isEnabled()
    bench.dock.chosen_box.setChecked(True)
    asked = len(bench.pool.asked)
    bench.ask("when")
    assert len(bench.pool.asked) == asked and "Select unit grids" in bench.dock.label.text()


def test_a_refusal_is_said_and_what_is_shown_stays(bench):
    bench.ask("where")
    bench.dock.by_box.setCurrentIndex(bench.dock.by_box.findData("street"))
    bench.ask("where")
    assert "findings" in bench.dock.label.text() and bench.dock.view.model().rowCount() == 2
    assert bench.dock.run_button.isEnabled()


def test_the_table_goes_into_a_workbook_as_it_is_shown(bench, tmp_path):
    bench.ask("where")
    bench.desk.ask_file = lambda *_words: str(tmp_path / "a.xlsx")
    QTest.mouseClick(bench.dock.export_button, Qt.MouseButton.LeftButton)
    bench.settle()
    asked = bench.pool.last("write_findings")
    assert asked.rows[0][2] == 40 and len(asked.header) == len(asked.rows[0]) and "基数" in asked.notes


def test_one_click_makes_a_page_that_the_next_question_leaves_alone(bench):
    opened = []
    bench.iface.openLayoutDesigner = opened.append
    bench.ask("where")
    QTest.mouseClick(bench.dock.page_button, Qt.MouseButton.LeftButton)
    page = opened[0]
    assert "Where is it worse than chance?" in page.itemById("title").text()
    assert page.itemById("legend").wrapString() == " · "  # the denominator stands there in letters that are read
    assert page.itemById("map").extent().width() > 0
    name = page.itemById("map").followVisibilityPresetName()
    themes = QgsProject.instance().mapThemeCollection()
    bench.ask("when")
    assert any("Where is it" in one.name() for one in themes.mapThemeVisibleLayers(name))


def test_the_dock_is_narrow(bench):
    assert bench.dock.widget().minimumSizeHint().width() <= 520


def test_another_store_takes_the_findings_away(bench):
    bench.ask("where")
    bench.controller.store_opened.emit("")
    assert find_findings() is None and bench.dock.view.model().rowCount() == 0


@pytest.mark.parametrize("code", ["where", "new", "when", "density", "watched"])
def test_every_question_has_words_of_its_own(code, qgis_app):
    from digital_citymgmt_plugin.gui.models.findings import question_tip, question_words, ways

    assert code in {way.code for way in ways()} and question_words(code) != question_tip(code)


def test_a_page_of_one_period_shows_no_other(bench):
    opened = []
    bench.iface.openLayoutDesigner = opened.append
    bench.ask("density")
    QTest.mouseClick(bench.dock.page_button, Qt.MouseButton.LeftButton)
    sheet = opened[0].itemById("map")
    shown = QgsProject.instance().mapThemeCollection().mapThemeVisibleLayers(sheet.followVisibilityPresetName())
    kept = next(one for one in shown if "2026-02-01 – 2026-02-28" in one.name())
    assert kept.temporalProperties().isActive() and sheet.isTemporal()
    assert sheet.temporalRange().begin().toString("yyyy-MM-dd") == "2026-02-01"

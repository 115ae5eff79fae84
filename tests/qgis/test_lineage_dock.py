# SPDX-License-Identifier: GPL-2.0-or-later
"""The *Lineage* dock: a tree both ways, kin on the map, the grids of a day in place of today's."""

from __future__ import annotations

import pytest
import shapely
from qgis.core import QgsPointXY, QgsProject
from qgis.PyQt.QtCore import QDate, Qt
from qgis.PyQt.QtTest import QTest

from digital_citymgmt_plugin.bridge import layers
from digital_citymgmt_plugin.bridge.day_layer import DAY
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.gui.docks.lineage_controller import LineageController
from digital_citymgmt_plugin.gui.docks.lineage_dock import LineageDock
from digital_citymgmt_plugin.gui.models.lineage import last_of, tree
from tests.qgis.dock_bench import DockBench
from tests.qgis.test_issue_dock import city  # noqa: F401  (a fixture)

pytestmark = pytest.mark.qgis
CODE = "320681001001001"


def version(key, code, status, first, until, west, east, **kin):
    return {
        "id": key, "code": code, "uuid": key, "name": "花园", "community_code": code[:12], "version": int(key[-1]) + 1,
        "first": first, "until": until, "status": status, "area_m2": 100.0 * (east - west),
        "wkb": shapely.to_wkb(shapely.box(west, 0, east, 100), hex=True), **kin,
    }  # fmt: skip


def step(parent, child, share, day):
    return {"parent": parent, "child": child, "share": share, "day": day, "at": day, "kind": "adopt_grids",
            "operation": "o"}  # fmt: skip


def answer():
    """A grid that lost a piece, and both parts of it became one again under another code."""
    last = {"given": 1.0, "taken": 1.0}
    return {
        "counts": {}, "grid": version("0/0", CODE, "reshaped", "2026-01-01", "2026-01-05", 0, 200),
        "ancestors": [],
        "descendants": [
            version("0/1", CODE, "retired", "2026-01-05", "2026-02-01", 0, 120, given=0.6, taken=1.0),
            version("1/0", CODE[:-1] + "2", "retired", "2026-01-05", "2026-02-01", 120, 200, given=0.4, taken=1.0),
            version("2/0", CODE[:-1] + "3", "current", "2026-02-01", "", 0, 200, **last),
        ],
        "came": [],
        "became": [step("0/0", "0/1", 0.6, "2026-01-05"), step("0/0", "1/0", 0.4, "2026-01-05"),
                   step("0/1", "2/0", 1.0, "2026-02-01"), step("1/0", "2/0", 1.0, "2026-02-01")],
    }  # fmt: skip


def then():
    wkb = shapely.to_wkb(shapely.box(0, 0, 200, 100), hex=True)
    row = {"code": CODE, "name": None, "community_code": CODE[:12], "valid_from": "2026-01-01", "valid_to": None,
           "state": "reshaped", "area_m2": 20000.0, "wkb": wkb}  # fmt: skip
    values = {"day": "2026-01-03", "grids_then": 1, "unchanged": 0, "reshaped": 1, "recoded": 0, "retired": 0}
    return {"counts": {}, "day": "2026-01-03", "grids": [row], "notes": [{"code": "lineage.on", "values": values}]}


@pytest.fixture
def bench(city, qgis_app):  # noqa: F811
    made = DockBench(city, {"grid_lineage": answer(), "grids_on": then()})
    made.desk = made.add(LineageDock(), LineageController)
    made.open()
    yield made
    made.close()


def look(bench):
    bench.desk.dock.code_edit.setText(CODE)
    QTest.keyClick(bench.desk.dock.code_edit, Qt.Key.Key_Return)
    bench.settle()


def test_the_tree_takes_each_version_apart_once(qgis_app):
    lines = tree(answer(), forward=True)
    assert [(line.version, line.cells[1], len(line.lines)) for line in lines] == [
        ("0/1", "60.0%", 1),
        ("1/0", "40.0%", 1),
    ]
    assert lines[0].lines[0].version == lines[1].lines[0].version == "2/0" and tree(answer(), forward=False) == []
    assert "60.0%" in lines[0].tip and last_of(answer(), forward=True) == ["2/0"]


def test_a_code_shows_its_kin_in_the_tree_and_on_the_map(bench):
    look(bench)
    dock = bench.desk.dock
    assert bench.pool.last("grid_lineage").code == CODE
    assert [dock.tree.topLevelItem(n).childCount() for n in range(3)] == [0, 0, 2] and CODE in dock.summary.text()
    bands = bench.desk.on_map.bands
    assert [band.asGeometry().area() for band in bands] == [0, 20000, 20000, 20000]  # before, after, grid, looked at
    dock.tree.setCurrentItem(dock.tree.topLevelItem(2).child(1))
    assert bench.desk.on_map.bands[3].asGeometry().area() == 8000
    dock.zoom_button.click()
    assert bench.iface.canvas.extent().width() >= 200
    dock.follow_button.click()
    bench.settle()
    assert bench.pool.last("grid_lineage").code == CODE[:-1] + "2"
    dock.hide()
    assert bench.desk.on_map.bands == []


def test_what_was_taken_back_is_told_under_the_tree(bench):
    undone = {"operation": "o", "kind": "redraw", "day": "2026-01-02", "undo": "u", "undone_day": "2026-01-04"}
    bench.pool.answers["grid_lineage"] = {
        **answer(), "descendants": [], "became": [],
        "taken_back": [{**undone, "undone_by": "王五"}, {**undone, "undone_by": ""}],
    }  # fmt: skip
    look(bench)
    dock = bench.desk.dock
    branch = dock.tree.topLevelItem(3)
    texts = [[branch.child(row).text(column) for column in range(4)] for row in range(branch.childCount())]
    assert [row[3] for row in texts] == ["2026-01-02 – 2026-01-04"] * 2
    assert "王五" in texts[0][2] and texts[1][2] and "never" not in dock.summary.text()
    dock.tree.setCurrentItem(branch.child(0))
    assert dock.versions() == [] and not dock.follow_button.isEnabled()
    bench.pool.answers["grid_lineage"] = answer()
    look(bench)
    assert dock.tree.topLevelItemCount() == 3


def test_a_click_on_the_map_asks_for_the_grid_there_on_the_day(bench):
    dock, canvas = bench.desk.dock, bench.iface.canvas
    dock.day_box.setChecked(True)
    dock.day_edit.setDate(QDate(2026, 1, 3))
    dock.pick_button.click()
    assert canvas.mapTool() is bench.desk.pen
    bench.desk.pen.picked.emit(QgsPointXY(1.0, 2.0))
    bench.settle()
    asked = bench.pool.last("grid_lineage")
    assert (asked.place, asked.day) == ([1.0, 2.0], "2026-01-03")
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.mapTool() is not bench.desk.pen and not dock.pick_button.isChecked()


def test_the_grids_of_a_day_take_the_place_of_todays_and_leave_nothing(bench):
    dock, project = bench.desk.dock, QgsProject.instance()
    today = layers.find_layer(bench.city, "unit_grid", "current")
    node = project.layerTreeRoot().findLayer(today.id())
    dock.day_box.setChecked(True)
    dock.day_button.click()
    bench.settle()
    shown = [layer for layer in project.mapLayers().values() if layer.customProperty(DAY)]
    assert [layer.featureCount() for layer in shown] == [1] and not node.itemVisibilityChecked()
    assert next(shown[0].getFeatures())["state"] == "reshaped" and "2026-01-03" in shown[0].name()
    dock.day_box.setChecked(False)
    assert not [layer for layer in project.mapLayers().values() if layer.customProperty(DAY)]
    assert node.itemVisibilityChecked()


def test_a_day_without_grids_is_told_in_a_sentence(bench):
    bench.pool.answers["grids_on"] = InputRefused("lineage.none_on", day="2020-01-01")
    bench.desk.dock.day_box.setChecked(True)
    bench.desk.dock.day_button.click()
    bench.settle()
    assert not bench.desk.dock.day_button.isChecked() and "2020-01-01" in bench.iface.said()[-1]

# SPDX-License-Identifier: GPL-2.0-or-later
"""The *City* dock with an engine that answers from a table: what it shows, asks, selects and how it fails."""

from __future__ import annotations

import csv
import time

import pytest
from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtTest import QTest

from digital_citymgmt_plugin.bridge import layers
from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused, StoreError
from digital_citymgmt_plugin.core.requests import CreateStore
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.docks.city_dock import CityDock
from digital_citymgmt_plugin.gui.messages import Messages
from digital_citymgmt_plugin.gui.models.health import KEY_ROLE, HealthModel
from digital_citymgmt_plugin.gui.models.steps import STEPS, next_step
from digital_citymgmt_plugin.gui.session import StoreSession
from tests.qgis.make_city import CRS, make_city
from tests.qgis.window import FakePool, Iface, Recent

ITEMS = [
    {"key": "counties", "count": 1, "table": "admin_area", "level": "none"},
    {"key": "communities", "count": 2, "table": "admin_area", "level": "ok"},
    {"key": "areas_without_geometry", "count": 1, "table": "admin_area", "level": "warn"},
    {"key": "grids", "count": 4, "table": "unit_grid", "level": "ok"},
    {"key": "components", "count": 60, "table": "component_point", "level": "ok"},
    {"key": "components_uncoded", "count": 20, "table": "component_point", "level": "warn"},
    {"key": "cases", "count": 3, "table": "case_record", "level": "ok"},
]


BOX = [500005, 3520005, 500227, 3520323]


def health(path):
    meta = {"county_name": "启东市", "county_code": "320681", "edition": "2026", "crs": CRS}
    return {"path": path, "meta": meta, "items": ITEMS, "tables": {}}


@pytest.fixture(scope="module")
def city(tmp_path_factory, qgis_app):
    path = tmp_path_factory.mktemp("city") / "city.gpkg"
    make_city(str(path))
    return str(path)


class Bench:
    def __init__(self, city):
        self.city = city
        self.pool = FakePool(
            {
                "health": health(city),
                "create_store": {},
                "upgrade_store": {},
                "find_objects": {"table": "component_point", "fids": [1, 4, 7], "total": 3, "extent": BOX},
            }
        )  # fmt: skip
        self.iface = Iface()
        self.dock = CityDock()
        self.iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.iface.window.show()
        self.started = []
        self.recent = Recent()
        self.controller = CityController(
            self.iface, self.dock, StoreSession(self.pool), Messages(self.iface), self.recent,
            lambda name, parameters: self.started.append((name, parameters)),
        )  # fmt: skip

    def wait(self, what, seconds=5.0):
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, "waited in vain"
            QTest.qWait(10)

    def open(self):
        self.controller.open_store(self.city)
        self.wait(lambda: self.controller.path and self.controller._loading is None)
        self.wait(lambda: not self.controller.link.busy)

    def line(self, key):
        model = self.dock.model
        flags = Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive
        return model.match(model.index(0, 0), KEY_ROLE, key, 1, flags)[0]


@pytest.fixture
def bench(city, qgis_app):
    QgsProject.instance().clear()
    bench = Bench(city)
    yield bench
    bench.pool.gate.set()
    bench.controller.shut()
    QTest.qWait(20)
    bench.iface.window.close()
    QgsProject.instance().clear()


def test_without_a_store_only_new_open_and_drafting_can_be_pressed(bench):
    dock = bench.dock
    assert dock.new_button.isEnabled() and dock.open_button.isEnabled()
    assert not dock.refresh_button.isEnabled() and not dock.export_button.isEnabled()
    assert [name for name, button in dock.step_buttons.items() if button.isEnabled()] == ["draftgrids"]


def test_opening_shows_city_edition_crs_counts_and_loads_the_layers(bench):
    bench.open()
    assert bench.dock.city_label.text() == "启东市"
    assert "2026" in bench.dock.detail_label.text() and CRS in bench.dock.detail_label.text()
    assert bench.dock.path_label.toolTip() == bench.city
    assert bench.dock.model.counts["components"] == 60
    assert len(layers.store_layers(bench.city)) == len(layers.SPECS + layers.TABLES)
    assert bench.recent.paths == [bench.city]


def test_the_engine_is_never_asked_in_the_main_thread(bench):
    bench.open()
    assert "MainThread" not in bench.pool.threads


def test_the_window_lives_while_the_engine_works(bench):
    bench.open()
    bench.pool.gate.clear()
    ticks = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(time.monotonic()))
    timer.start(10)
    bench.controller.find("components_uncoded")
    QTest.qWait(400)
    timer.stop()
    gaps = [after - before for before, after in zip(ticks, ticks[1:])]
    assert len(ticks) > 15 and max(gaps) < 0.2
    assert bench.dock.cancel_button.isVisible() and bench.dock.progress_bar.isVisible()


@pytest.mark.parametrize("how", ["click", "return", "space"])
def test_a_number_selects_its_objects_and_goes_there(bench, how):
    bench.open()
    view, index = bench.dock.health_view, bench.line("components_uncoded")
    if how == "click":
        view.scrollTo(index)
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(index).center())
    else:
        view.setCurrentIndex(index)
        view.setFocus()
        QTest.keyClick(view, Qt.Key.Key_Return if how == "return" else Qt.Key.Key_Space)
    layer = layers.find_layer(bench.city, "component_point")
    bench.wait(lambda: layer.selectedFeatureCount() == 3)
    assert bench.iface.active is layer
    assert bench.iface.canvas.extent().contains(layer.boundingBoxOfSelected())
    assert bench.dock.selection_label.text() == "3 objects are selected."


def test_more_objects_than_are_listed_is_said(bench):
    bench.open()
    bench.pool.answers["find_objects"] = {"table": "component_point", "fids": [1, 2], "total": 50, "extent": None}
    bench.controller.find("components")
    bench.wait(lambda: "first 2" in bench.dock.selection_label.text())
    assert "50 objects" in bench.dock.selection_label.text() and "no place" in bench.dock.selection_label.text()


def test_communities_are_selected_in_the_layer_of_communities(bench):
    bench.open()
    bench.pool.answers["find_objects"] = {
        "table": "admin_area",
        "fids": [3],
        "total": 1,
        "extent": [5e5, 352e4, 5.004e5, 3.5204e6],
    }
    bench.controller.find("communities")
    layer = layers.find_layer(bench.city, "admin_area", "community")
    bench.wait(lambda: layer.selectedFeatureIds() == [3])
    others = [each for each in layers.store_layers(bench.city) if each is not layer]
    assert len(others) == len(layers.SPECS) + len(layers.TABLES) - 1
    assert not any(each.selectedFeatureCount() for each in others)
    assert [feature["level"] for feature in layer.selectedFeatures()] == ["community"]
    assert bench.iface.active is layer
    assert bench.dock.selection_label.text() == "1 object is selected."


def test_a_refusal_is_one_sentence_with_details(bench):
    bench.pool.answers["health"] = StoreError("store.not_there_test", path="x")
    bench.controller.open_store(bench.city)
    bench.wait(lambda: bench.iface.said())
    assert "store.not_there_test" in bench.iface.said()[0]
    assert bench.controller.path == "" and bench.dock.engine_label.text() == "Engine: not started yet"


def test_cancel_stops_the_engine_and_says_so(bench):
    bench.open()
    bench.pool.answers["find_objects"] = Cancelled()
    bench.pool.gate.clear()
    bench.controller.find("grids")
    bench.wait(lambda: bench.dock.cancel_button.isVisible() and len(bench.pool.asked) > 1)
    QTest.mouseClick(bench.dock.cancel_button, Qt.MouseButton.LeftButton)
    bench.wait(lambda: bench.pool.was_cancelled and not bench.controller.link.busy)
    bench.wait(lambda: not bench.dock.cancel_button.isVisible())
    assert any("stopped" in text.lower() or "cancel" in text.lower() for text in bench.iface.said())
    assert not any(layer.selectedFeatureCount() for layer in layers.store_layers(bench.city))
    assert bench.controller.path == bench.city, "the store stays open"
    bench.pool.answers["find_objects"] = {"table": "component_point", "fids": [1, 4, 7], "total": 3, "extent": BOX}
    bench.pool.gate.set()
    bench.controller.find("components_uncoded")
    layer = layers.find_layer(bench.city, "component_point")
    bench.wait(lambda: layer.selectedFeatureCount() == 3)


def test_closing_the_store_takes_its_layers_and_lets_it_go(bench):
    bench.open()
    QTest.mouseClick(bench.dock.close_button, Qt.MouseButton.LeftButton)
    assert layers.store_layers(bench.city) == [] and bench.pool.released == [bench.city]
    assert bench.dock.city_label.text() == "No city store is open"
    assert bench.dock.model.counts == {}


def test_an_answer_for_a_store_closed_meanwhile_is_dropped(bench):
    bench.open()
    bench.pool.gate.clear()
    bench.controller.find("components_uncoded")
    bench.controller.close_store()
    bench.pool.gate.set()
    bench.wait(lambda: not bench.controller.link.busy)
    assert bench.dock.selection_label.text() == ""


def test_shutting_while_the_engine_works_is_quiet(bench):
    bench.open()
    bench.pool.gate.clear()
    bench.controller.find("grids")
    QTest.qWait(50)
    bench.controller.shut()
    bench.pool.gate.set()
    QTest.qWait(100)
    assert bench.iface.said() == []


def test_a_write_elsewhere_counts_again_once(bench):
    bench.open()
    before = len(bench.pool.asked)
    for _ in range(3):
        bench.controller.store_changed(bench.city, ["component_point"])
    QTest.qWait(600)
    assert [request.method for request in bench.pool.asked[before:]] == ["health"]


def test_a_step_opens_its_algorithm_with_the_store_filled_in(bench):
    bench.open()
    for step in STEPS:
        QTest.mouseClick(bench.dock.step_buttons[step.algorithm], Qt.MouseButton.LeftButton)
    assert bench.started == [
        (f"dcm:{step.algorithm}", {"STORE": bench.city} if step.takes_store else {}) for step in STEPS
    ]


def test_a_step_with_a_window_of_its_own_opens_that_once_a_store_is_open(bench):
    opened = []
    bench.controller.windows["draftgrids"] = lambda: opened.append("window")
    bench.dock.step_buttons["draftgrids"].click()
    assert (opened, bench.started) == ([], [("dcm:draftgrids", {})])  # layers alone are enough for the algorithm
    bench.open()
    bench.dock.step_buttons["draftgrids"].click()
    assert opened == ["window"] and len(bench.started) == 1


def test_a_step_that_cannot_open_is_told(bench):
    def refuse(name, parameters):
        raise InputRefused("algorithm.missing", algorithm=name)

    bench.open()
    bench.controller.run_algorithm = refuse
    bench.controller.start_step("assess")
    assert len(bench.iface.said()) == 1


@pytest.mark.parametrize(
    "counts, step",
    [
        ({}, "importareas"),
        ({"communities": 2}, "draftgrids"),
        ({"communities": 2, "grids": 4}, "importcomponents"),
        ({"communities": 2, "grids": 4, "components": 9, "components_uncoded": 1}, "assigncodes"),
        ({"communities": 2, "grids": 4, "components": 9}, "importcases"),
        ({"communities": 2, "grids": 4, "components": 9, "cases": 3, "cases_unplaced": 3}, "linkcases"),
        ({"communities": 2, "grids": 4, "components": 9, "cases": 3, "cases_unplaced": 1}, "assess"),
    ],
)
def test_the_next_step_follows_from_the_counts(counts, step):
    assert next_step(counts) == step


def test_the_next_step_is_marked_in_words_too(bench):
    bench.open()
    assert "Assign codes" in bench.dock.next_label.text()
    assert bench.dock.step_buttons["assigncodes"].accessibleName().startswith("Next step")


def test_levels_are_told_by_icon_and_word(qgis_app):
    model = HealthModel()
    model.fill(ITEMS)
    head = model.item(1, 0)
    assert (head.text(), model.item(1, 2).text()) == ("Communities", "In order")
    assert not model.item(1, 2).icon().isNull()
    assert head.child(0, 2).text() == "To be looked at"


def test_every_widget_that_takes_the_keyboard_has_a_name(bench):
    dock = bench.dock
    widgets = [dock.new_button, dock.open_button, dock.close_button, dock.refresh_button, dock.health_view]
    widgets += [dock.export_button, dock.cancel_button, *dock.step_buttons.values()]
    assert all(widget.accessibleName() for widget in widgets)


def test_mnemonics_of_the_dock_are_different(bench):
    dock = bench.dock
    buttons = [dock.new_button, dock.open_button, dock.close_button, dock.refresh_button, dock.export_button]
    buttons += [dock.cancel_button, *dock.step_buttons.values()]
    letters = [button.text()[button.text().index("&") + 1].lower() for button in buttons]
    assert len(set(letters)) == len(letters)


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_the_table_is_written_to_a_file(bench, tmp_path, ending):
    bench.open()
    path = tmp_path / f"表 1.{ending}"
    bench.controller.export(str(path))
    assert path.stat().st_size > 0
    if ending == "csv":
        lines = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
        assert lines[0] == ["Item", "Count", "State"]
        assert ["Components – Without code", "20", "To be looked at"] in lines


def test_an_older_store_is_upgraded_only_when_the_user_says_so(bench):
    from qgis.PyQt.QtWidgets import QMessageBox

    bench.pool.answers["health"] = StoreError("store.older_schema", path=bench.city, found=0, known=1)
    bench.controller.open_store(bench.city)
    bench.wait(lambda: bench.controller._box is not None and bench.controller._box.isVisible())
    bench.pool.answers["health"] = health(bench.city)
    QTest.mouseClick(bench.controller._box.button(QMessageBox.StandardButton.Yes), Qt.MouseButton.LeftButton)
    bench.wait(lambda: bench.controller.path == bench.city)
    assert "upgrade_store" in [request.method for request in bench.pool.asked]


def test_a_new_store_is_created_and_opened(bench):
    request = CreateStore(path=bench.city, edition="2026", county_code="320681", county_name="启东市", crs=CRS)
    bench.controller.create_store(request)
    bench.wait(lambda: bench.controller.path == bench.city and bench.controller._loading is None)
    assert [asked.method for asked in bench.pool.asked] == ["create_store", "health"]


def test_the_new_store_dialog_opens_ok_only_when_all_is_there(bench, tmp_path):
    from qgis.core import QgsCoordinateReferenceSystem

    bench.controller.ask_new()
    dialog = bench.controller._dialog
    said = []

    def note():
        said.append(dialog.problem())

    note()
    dialog.path.setFilePath(str(tmp_path / "new"))
    note()
    QTest.keyClicks(dialog.county_code, "32a0681")
    note()
    dialog.county_name.setText("启东市")
    dialog.crs.setCrs(QgsCoordinateReferenceSystem("EPSG:4490"))
    note()
    dialog.crs.setCrs(QgsCoordinateReferenceSystem(CRS))
    assert len(set(said)) == 4 and "" not in said
    assert dialog.problem() == ""
    assert dialog.request() == CreateStore(
        path=str(tmp_path / "new.gpkg"), edition="2026", county_code="320681", county_name="启东市", crs=CRS
    )

# SPDX-License-Identifier: GPL-2.0-or-later
"""Drafting unit grids in the window: preview of a community, the whole draft, its doubtful cells, adoption."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication

from digital_citymgmt_plugin.bridge import draft_layers
from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.gui.docks.draft_controller import DraftController
from digital_citymgmt_plugin.gui.docks.draft_dock import DraftDock
from digital_citymgmt_plugin.gui.draft_actions import DraftActions
from digital_citymgmt_plugin.gui.histogram import bars
from digital_citymgmt_plugin.gui.models.draft import why_words
from tests.qgis.dock_bench import DockBench
from tests.qgis.make_city import CRS
from tests.qgis.test_issue_dock import city  # noqa: F401  (a fixture)

pytestmark = pytest.mark.qgis

CODE = "320681100001"
SOURCES = {
    "lines": {"road": 40, "water": 3, "contour": 900}, "areas": {"building": 70, "water": 2, "wall": 4},
    "classes": [{"code": "01001", "name": "上水井盖", "count": 50}, {"code": "04001", "name": "行道树", "count": 10}],
    "communities": [
        {"code": CODE, "name": "紫薇社区", "box": [500000, 3520000, 500400, 3520400], "area": 160_000},
        {"code": "320681100002", "name": "蓝天社区", "box": [500400, 3520000, 500800, 3520400], "area": 160_000},
    ],
    "counts": {"grids": 4, "communities": 2, "components": 60}, "tables": [], "notes": [],
}  # fmt: skip
# area_code, reason, on_barrier, load, confidence (None: the engine does not say)
CELLS = [("draft.in_band", 1.0, 12.0, 0.9), ("draft.above_band", 0.9, 40.0, 0.45), ("draft.in_band", 0.2, 3.0, 0.3),
         ("draft.locked", 0.1, 5.0, 1.0)]  # fmt: skip


def write_draft(path, *, confidence):
    """What the engine writes: four cells of 200 m by 200 m."""
    more = "&field=confidence:double" if confidence else ""
    layer = QgsVectorLayer(
        f"Polygon?crs={CRS}&field=area_code:string&field=reason:string&field=on_barrier:double&field=load:double{more}",
        "cells", "memory",
    )  # fmt: skip
    features = []
    for at, values in enumerate(CELLS):
        feature = QgsFeature(layer.fields())
        x, y = 500000 + 200 * (at % 2), 3520000 + 200 * (at // 2)
        feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(x, y, x + 200, y + 200)))
        feature.setAttributes([CODE, *values[: len(values) if confidence else 3]])
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.layerName = draft_layers.LAYER
    context = QgsProject.instance().transformContext()
    QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), context, options)


class Bench(DockBench):
    def __init__(self, city):  # noqa: F811
        self.confidence = True
        folder = Path(tempfile.mkdtemp())
        for told in (True, False):
            write_draft(folder / f"{told}.gpkg", confidence=told)

        def draft(request):
            shutil.copy(folder / f"{self.confidence}.gpkg", request.output)
            return {"counts": {"cells": 4}, "output": request.output, "crs": CRS, "target_area": 40_000.0,
                    "notes": [{"code": "draft.building_cut", "values": {"area": 12}}] * 2, "tables": []}  # fmt: skip

        super().__init__(city, {
            "draft_sources": SOURCES, "draft_grids": draft,
            "adopt_grids": {"counts": {"inserted": 4}, "tables": ["unit_grid"], "notes": []},
        })  # fmt: skip
        self.dock = DraftDock(self.iface.window)
        self.review = self.add(self.dock, DraftController)
        self.actions = DraftActions(self.controller, self.iface.window)
        self.desks.append(self.actions)
        self.actions.drafted.connect(lambda layer: self.review.take(layer.id()))

    def show(self):
        self.actions.show()
        self.wait(lambda: self.actions.dialog is not None)
        self.settle()
        return self.actions.dialog

    def draft(self, path):
        dialog = self.show()
        dialog.target_page.output_edit.setText(str(path))
        dialog.draft_button.click()
        self.settle()
        self.wait(lambda: bool(self.dock.cells))
        return self.review.layer()

    def asked(self):
        return [request for request in self.pool.asked if request.method == "draft_grids"]


@pytest.fixture
def bench(city, qgis_app):  # noqa: F811
    made = Bench(city)
    made.open()
    yield made
    made.close()


def test_the_store_offers_what_it_has_and_one_community_is_drawn_at_once(bench):
    dialog = bench.show()
    request = bench.asked()[-1]
    assert request.only == [CODE] and request.areas.path == "" and request.areas.layer == "admin_area"
    assert [layer.layer for layer in request.barriers] == ["base_line", "base_area"]
    assert '"road": 3' in request.barrier_ranks[0] and "contour" not in request.barrier_ranks[0]
    assert request.rows == {"buildings": {"theme": ["building"]}, "compounds": {"theme": ["wall"]}}
    assert request.components.layer == "component_point" and request.locked is None and request.load_weights is None
    assert len(bench.actions.on_map.bands) == 2 and bench.actions.on_map.bands[0].numberOfVertices() > 0
    assert len(dialog.area_chart.values) == 4 and dialog.area_chart.limits == (20_000, 80_000)
    assert "12" in dialog.found_label.text() and dialog.found_label.text().count("12 m²") == 1  # each note once
    assert dialog.load_chart.accessibleName().startswith("Loads: ")
    assert not list(Path(bench.actions._folder.name).iterdir())
    dialog.reject()
    assert bench.actions.on_map.bands == [] and bench.actions.dialog is None


def test_target_ranks_and_weights_change_the_preview(bench):
    dialog = bench.show()
    dialog.target_page.load_radio.setChecked(True)
    dialog.target_page.load_spin.setValue(50)
    dialog.target_page.high_spin.setValue(1.5)
    dialog.weight_page.boxes["01001"].setValue(3)
    box = dialog.layer_page.rank_boxes[[one.theme for one in dialog.layer_page.barriers].index("road")]
    box.setCurrentIndex(box.findData(2))
    dialog.layer_page.table.item(0, 0).setCheckState(Qt.CheckState.Unchecked)  # the water lines
    before = len(bench.asked())
    bench.wait(lambda: len(bench.asked()) > before)  # once for all changes
    bench.settle()
    request = bench.asked()[-1]
    assert len(bench.asked()) == before + 1
    assert request.target_load == 50 and request.band == "0.50,1.50"
    assert request.load_weights == {"01001": 3} and request.load_field == "class_code"
    assert request.barrier_ranks[0] == '{"field": "theme", "ranks": {"road": 2}}'
    dialog.layer_page.component_box.setCurrentIndex(0)  # without components there is no load to aim at
    assert not dialog.target_page.load_radio.isEnabled() and dialog.target_page.values()["target_load"] is None


def test_layers_of_the_project_are_guessed_by_name_and_by_cass(bench):
    streets = QgsVectorLayer(f"LineString?crs={CRS}&field=fclass:string", "道路中心线", "memory")
    cass = QgsVectorLayer(f"LineString?crs={CRS}&field=Layer:string", "entities", "memory")
    for name in ("DLSS", "SXSS", "YZH"):
        feature = QgsFeature(cass.fields())
        feature.setAttributes([name])
        cass.dataProvider().addFeature(feature)
    bridges = QgsVectorLayer(f"LineString?crs={CRS}&field=layer:integer", "bridges", "memory")
    houses = QgsVectorLayer(f"Polygon?crs={CRS}", "房屋", "memory")
    QgsProject.instance().addMapLayers([streets, cass, houses, bridges])
    dialog = bench.show()
    chosen = {(offer.name, offer.theme): rank for offer, rank in dialog.layer_page.chosen_barriers()}
    assert chosen["道路中心线", ""] == 0 and chosen["entities", "water"] == 1 and chosen["entities", "wall"] == 4
    assert not [name for name, _theme in chosen if name == "bridges"]  # a column of numbers is no drawing's
    request = bench.asked()[-1]
    texts = " ".join(request.barrier_ranks)
    assert '{"field": "fclass"}' in texts and '"SXSS": 1' in texts and "DLSS" in texts
    offers = [dialog.layer_page.building_box.itemData(at) for at in range(dialog.layer_page.building_box.count())]
    assert [offer.name for offer in offers if offer and offer.source] == ["房屋"]


def test_layers_that_come_and_go_are_offered_and_what_was_chosen_stays(bench):
    dialog = bench.show()
    page = dialog.layer_page
    row = next(at for at, offer in enumerate(page.barriers) if offer.theme == "road")
    page.rank_boxes[row].setCurrentIndex(1)
    page.table.item(row + 1, 0).setCheckState(Qt.CheckState.Unchecked)
    left = page.barriers[row + 1]
    bench.wait(lambda: len(bench.asked()) == 2)
    walls = QgsVectorLayer(f"LineString?crs={CRS}", "围墙", "memory")
    QgsProject.instance().addMapLayer(walls)
    bench.wait(lambda: len(bench.asked()) == 3)
    bench.settle()
    chosen = [(offer.name or offer.theme, rank) for offer, rank in page.chosen_barriers()]
    assert ("road", 2) in chosen and ("围墙", 4) in chosen
    assert left not in [offer for offer, _rank in page.chosen_barriers()]
    houses = QgsVectorLayer(f"Polygon?crs={CRS}", "房屋", "memory")
    QgsProject.instance().addMapLayer(houses)
    QTest.qWait(1000)
    assert len(bench.asked()) == 3  # offered, but the buildings of the store stay chosen
    assert page.building_box.findText("房屋") > 0 and page.others()["buildings"].table == "base_area"
    QgsProject.instance().removeMapLayer(walls.id())
    bench.wait(lambda: len(bench.asked()) == 4)
    assert "围墙" not in [offer.name for offer in page.barriers]


def test_areas_without_codes_fields_or_rows_are_told_and_not_drafted(bench):
    dialog = bench.show()
    before = len(bench.asked())
    lost = QgsVectorLayer("LineString", "道路", "memory")
    lost.setCrs(QgsCoordinateReferenceSystem())
    bare, empty = (QgsVectorLayer(f"Polygon?crs={CRS}{more}", name, "memory")
                   for name, more in (("小区一", ""), ("小区二", "&field=code:string")))  # fmt: skip
    feature = QgsFeature(bare.fields())
    feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(500000, 3520000, 500400, 3520400)))
    bare.dataProvider().addFeature(feature)
    QgsProject.instance().addMapLayers([bare, empty, lost])
    box = dialog.layer_page.area_box
    bench.wait(lambda: box.findText("小区二") >= 0)
    for name in ("小区一", "小区二"):
        box.setCurrentIndex(box.findText(name))
        QTest.qWait(700)
        assert "no codes" in dialog.found_label.text() and dialog.area_chart.values == []
    assert len(bench.asked()) == before
    assert "道路" not in [offer.name for offer, _rank in dialog.layer_page.chosen_barriers()]  # without CRS: refused
    QgsProject.instance().removeMapLayer(empty.id())
    bench.wait(lambda: len(bench.asked()) == before + 1)  # back at the communities of the store
    assert dialog.community()[0] == CODE


def test_a_change_stops_the_preview_that_is_under_way(bench):
    """It is of what nobody wants to see any more, and may be a long one."""
    dialog = bench.show()
    bench.pool.gate.clear()
    dialog.preview_button.click()
    QTest.qWait(50)
    dialog.target_page.area_spin.setValue(50_000)
    bench.wait(lambda: bench.pool.was_cancelled)
    bench.pool.gate.set()
    bench.settle()
    QTest.qWait(600)
    bench.settle()
    assert bench.asked()[-1].target_area == 50_000 and dialog.area_chart.values
    box = dialog.target_page.area_spin
    box.setFocus()
    box.selectAll()
    before = len(bench.asked())
    QTest.keyClicks(box, "20000")
    QTest.qWait(700)
    assert len(bench.asked()) == before  # 2, 20, 200 are no wishes
    pressed = []
    dialog.target_page.output_button.clicked.connect(lambda: pressed.append("file"))
    QTest.keyClick(box, Qt.Key.Key_Return)
    bench.wait(lambda: len(bench.asked()) == before + 1)
    assert bench.asked()[-1].target_area == 20_000 and not pressed  # Enter presses no button


def test_one_draft_of_the_city_at_a_time_and_its_file_is_one(bench, tmp_path):
    dialog = bench.show()
    bench.pool.gate.clear()
    dialog.target_page.output_edit.setText(str(tmp_path / "甲"))
    dialog.draft_button.click()
    dialog.target_page.seed_spin.setValue(7)  # a change does not make it possible to ask twice
    assert not dialog.draft_button.isEnabled()
    QTest.qWait(50)
    bench.pool.gate.set()
    bench.wait(lambda: dialog.draft_button.isEnabled())
    assert [Path(request.output).name for request in bench.asked() if request.only is None] == ["甲.gpkg"]
    dialog.target_page.output_edit.setText(str(tmp_path / "nowhere" / "a.gpkg"))
    dialog.draft_button.click()
    assert "where" in dialog.found_label.text() and dialog.draft_button.isEnabled()


def test_closing_the_window_ends_its_preview_but_not_the_draft_of_the_city(bench, tmp_path):
    dialog = bench.show()
    bench.pool.gate.clear()
    dialog.preview_button.click()
    QTest.qWait(50)
    dialog.reject()
    bench.pool.gate.set()
    bench.settle()
    assert not bench.actions.on_map.bands
    dialog = bench.show()
    bench.pool.gate.clear()
    dialog.target_page.output_edit.setText(str(tmp_path / "a.gpkg"))
    dialog.draft_button.click()
    QTest.qWait(50)
    dialog.reject()
    bench.pool.gate.set()
    bench.wait(lambda: bench.review.layer() is not None)
    assert bench.show().draft_button.isEnabled()


def test_a_refusal_stands_in_the_window(bench):
    dialog = bench.show()

    def refuse(request):
        raise InputRefused("draft.no_load")

    bench.pool.answers["draft_grids"] = refuse
    dialog.preview_button.click()
    bench.settle()
    assert "load" in dialog.found_label.text().lower() and dialog.area_chart.values == []
    dialog.draft_button.click()
    bench.settle()
    assert dialog.draft_button.isEnabled() and not draft_layers.drafts()
    dialog.target_page.output_edit.setText("/nowhere/at/all.gpkg")
    dialog.draft_button.click()
    assert bench.actions.dialog.found_label.text()


def test_after_a_stop_everything_can_be_asked_again(bench):
    dialog = bench.show()
    bench.pool.answers["draft_grids"] = Cancelled()  # what the engine says when it was stopped
    bench.pool.gate.clear()
    dialog.draft_button.click()
    dialog.preview_button.click()  # waits behind the draft, and is forgotten with the stop
    QTest.qWait(50)
    assert dialog.cancel_button.isEnabled() and not dialog.draft_button.isEnabled()
    dialog.cancel_button.click()
    bench.settle()
    QTest.qWait(20)
    bench.pool.gate.set()
    assert bench.pool.was_cancelled and not draft_layers.drafts()
    assert dialog.draft_button.isEnabled() and not dialog.cancel_button.isEnabled()


def test_the_draft_is_walked_by_keyboard_and_what_is_decided_is_kept(bench, tmp_path):
    layer = bench.draft(tmp_path / "草案.gpkg")
    assert layer is not None and layer.name() == "草案" and draft_layers.made_of(layer)["target_area"] == 40_000
    dock = bench.dock
    assert [cell["confidence"] for cell in dock.cells] == [0.3, 0.45]  # the worst first
    assert "80" in dock.detail.text()
    dock.view.setFocus()
    QApplication.setActiveWindow(bench.iface.window)  # no window manager does it here
    QTest.keyClick(dock.view, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert dock.row() == 1 and dock.cells[0]["review"] == "accepted" and "1 decided" in dock.summary.text()
    dock.previous_button.click()
    dock.next_button.click()
    dock.lock_button.click()
    assert dock.row() == 1 and not dock.next_button.isEnabled()
    again = draft_layers.cells_of(draft_layers.open_draft(str(tmp_path / "草案.gpkg"), "x"))
    assert sorted(str(cell["review"]) for cell in again) == ["None", "None", "accepted", "locked"]
    dock.open_box.setChecked(True)
    assert dock.cells == []
    dock.every_box.setChecked(True)
    assert len(dock.cells) == 2
    dock.open_box.setChecked(False)
    dock.view.selectRow(0)
    dock.reset_button.click()
    assert dock.cells[0]["review"] is None


def test_locked_cells_are_kept_when_drafting_again(bench, tmp_path):
    bench.draft(tmp_path / "a.gpkg")
    bench.dock.lock_button.click()
    bench.actions.close_dialog()
    dialog = bench.show()
    offer = dialog.layer_page.others()["locked"]
    assert offer.values == ("locked",) and "1" in offer.name
    request = bench.asked()[-1]
    assert request.locked.path.endswith("a.gpkg") and request.rows["locked"] == {"review": ["locked"]}


def test_a_cell_is_edited_with_its_neighbours_and_unsaved_edits_are_not_adopted(bench, tmp_path):
    layer = bench.draft(tmp_path / "a.gpkg")
    bench.dock.edit_button.click()
    assert layer.isEditable() and QgsProject.instance().topologicalEditing() and bench.iface.active is layer
    assert bench.dock.cells[0]["review"] == "edited" and len(bench.review.on_map.bands) == 1
    bench.dock.adopt_button.click()
    assert not [request for request in bench.pool.asked if request.method == "adopt_grids"]
    assert layer.commitChanges()
    bench.dock.adopt_button.click()
    bench.wait(lambda: bench.review.preview is not None)
    assert bench.pool.previews[-1] == ("adopt_grids", "hold")
    bench.review.preview.accept()
    bench.settle()
    assert ("adopt_grids", None) in bench.pool.previews
    assert bench.pool.last("adopt_grids").input.path == str(tmp_path / "a.gpkg")


def test_edits_that_are_saved_are_read_without_asking_and_communities_bear_their_names(bench, tmp_path):
    layer = bench.draft(tmp_path / "a.gpkg")
    model = bench.dock.view.model()
    assert [model.index(0, column).data() for column in range(3)] == ["紫薇社区", "30 %", "open"]
    fid = bench.dock.cells[0]["fid"]
    layer.startEditing()
    layer.changeGeometry(fid, QgsGeometry.fromRect(QgsRectangle(500000, 3520200, 500100, 3520400)))
    layer.commitChanges()
    bench.wait(lambda: bench.dock.cells[0]["area_m2"] == 20_000)
    layer.startEditing()
    layer.changeAttributeValue(fid, layer.fields().indexOf("review"), "accepted")
    layer.rollBack()
    QTest.qWait(200)
    assert not bench.dock.cells[0]["review"]
    QgsProject.instance().removeMapLayer(layer.id())
    bench.wait(lambda: bench.dock.cells == [])


def test_a_draft_without_confidence_is_listed_by_band_and_barriers_and_exported(bench, tmp_path):
    bench.confidence = False
    layer = bench.draft(tmp_path / "a.gpkg")
    assert [cell["reason"] for cell in bench.dock.cells] == ["draft.above_band"]  # 52 % sure of the other
    bench.review.export_cells(str(tmp_path / "list.xlsx"))
    rows = QgsVectorLayer(str(tmp_path / "list.xlsx"), "list", "ogr")
    assert rows.isValid() and rows.featureCount() == 4
    QgsProject.instance().removeMapLayer(layer.id())
    bench.wait(lambda: not bench.dock.cells)
    assert not bench.dock.adopt_button.isEnabled()


def test_a_file_of_a_draft_dragged_into_the_project_is_reviewed_too(bench, tmp_path):
    write_draft(tmp_path / "old.gpkg", confidence=True)
    layer = QgsVectorLayer(f"{tmp_path / 'old.gpkg'}|layername={draft_layers.LAYER}", "old", "ogr")
    QgsProject.instance().addMapLayer(layer)
    bench.review.reload()
    assert [cell["confidence"] for cell in bench.dock.cells] == [0.3, 0.45] and "1 out of the band" in (
        bench.dock.summary.text()
    )
    assert bench.dock.draft_box.currentText() == "old" and layer.fields().indexOf("review") >= 0


def test_bars_and_words(qgis_app):
    assert bars([]) == ([], 1.0) and bars([0.0, 0.0])[0][0] == 2
    counts, step = bars([1, 2, 16])
    assert sum(counts) == 3 and step == 1 and counts[-1] == 1
    assert bars([1, 2], [3.2])[1] == 0.2  # a limit beyond all values is seen, too
    cell = {"reason": "draft.in_band", "on_barrier": 0.95, "area_m2": 91_000}
    assert why_words(cell, {"target_area": 40_000, "band": [0.5, 2]}) == ""

# SPDX-License-Identifier: GPL-2.0-or-later
"""The window before a base map comes in: what was found, what can be changed, what is then asked of the engine."""

from __future__ import annotations

import json

import pytest
from qgis.core import QgsCoordinateReferenceSystem
from qgis.PyQt.QtCore import QMimeData, QObject, QPointF, Qt, QUrl, pyqtSignal
from qgis.PyQt.QtGui import QDropEvent
from qgis.PyQt.QtWidgets import QDialogButtonBox

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.gui.base_map_actions import BaseMapActions
from digital_citymgmt_plugin.gui.dialogs.base_map import BaseMapDialog
from digital_citymgmt_plugin.gui.session import StoreSession

pytestmark = pytest.mark.qgis

FOUND = {
    "files": 2, "dwg": 1, "unknown": ["XYZ"], "counts": {},
    "drawings": [
        {"name": "a", "format": "DXF", "version": "AC1015", "encoding": "GB18030", "crs": "EPSG:4550", "entities": 9,
         "strays": 1, "samples": [f"上水{n}" for n in range(12)],
         "layers": [{"layer": "DLDW", "theme": "facility", "count": 5, "symbols": 5, "component": "0137"},
                    {"layer": "XYZ", "theme": "other", "count": 4}]},
        {"name": "b", "problem": "input.encoding_name", "values": {"encoding": "x"}},
    ],
}  # fmt: skip
CLASSES = [{"code": "0137", "name": "路灯"}, {"code": "0101", "name": "上水井盖"}]


class Controller(QObject):
    """As much of the dock's controller as the menu entry uses; the answers come at once."""

    store_opened = pyqtSignal(str)

    def __init__(self):
        super().__init__()
        self.path, self.asked = "city.gpkg", []
        self.session = StoreSession(self)
        self.link = self.messages = self

    def hold(self, path):
        return self

    def call(self, request, *, preview=None, **options):
        self.asked.append((request, preview))
        if request.method == "list_classes":
            return {"classes": CLASSES}
        return FOUND if request.method == "preview_base_map" else {"counts": {"entities": 9}, "tables": []}

    def ask(self, words, work, on_result, on_error):
        on_result(work(None, None))

    def forget(self, words):
        pass

    def show_error(self, error):
        raise error

    def refresh(self):
        pass


def test_unknown_layers_come_first_and_ten_texts_are_shown(qgis_app, qgis_parent):
    dialog = BaseMapDialog(qgis_parent)
    dialog.show_answer(FOUND)
    assert dialog.samples.count() == 10 and dialog.samples.item(0).text() == "上水0"
    assert dialog.table.item(0, 0).text() == "XYZ"
    assert "GB18030" in dialog.label.text() and "DWG" in dialog.label.text()
    assert dialog.mapping() is None and dialog.encoding() is None and dialog.crs() is None
    assert dialog.import_button.isEnabled()
    dialog.show_answer({"files": 1, "drawings": [FOUND["drawings"][1]]})
    assert not dialog.import_button.isEnabled()


def test_a_changed_meaning_goes_along_and_is_kept_under_a_name(qgis_app, qgis_parent):
    dialog = BaseMapDialog(qgis_parent, CLASSES)
    dialog.set_file("/maps/2026.dxf")
    dialog.show_answer(FOUND)
    assert dialog.mapping() is None
    box = dialog.theme_boxes["XYZ"]
    box.setCurrentIndex(box.findData("pipe"))
    assert json.loads(dialog.mapping()) == {"name": "2026", "layers": {"XYZ": {"theme": "pipe"}}}
    dialog.name_box.setCurrentText("某院")
    assert json.loads(dialog.mapping())["name"] == "某院"
    dialog.show_answer(FOUND)  # looked at again: what was chosen stays
    assert dialog.theme_boxes["XYZ"].currentData() == "pipe" and dialog.name_box.currentText() == "某院"


def test_symbols_get_a_component_class_and_what_is_kept_stays(qgis_app, qgis_parent):
    dialog = BaseMapDialog(qgis_parent, CLASSES)
    dialog.set_file("/maps/a.dxf")
    kept = {"某院": {"name": "某院", "layers": {"OLD": {"theme": "road"}}, "blocks": {"井1": {"component": "0101"}},
                   "codes": {}}}  # fmt: skip
    asked = []
    dialog.look_again.connect(lambda: asked.append(dialog.mapping()))
    dialog.show_answer({**FOUND, "mappings": kept, "suggested": "某院"})
    assert asked == ["某院"]  # a kept mapping that knows such layers is taken by itself, once
    dialog.show_answer({**FOUND, "mappings": kept, "suggested": "某院"})
    assert asked == ["某院"] and list(dialog.component_boxes) == ["DLDW"]  # a layer without symbols has no class
    box = dialog.component_boxes["DLDW"]
    assert box.currentData() == "0137"
    box.setCurrentIndex(box.findData("-"))
    assert json.loads(dialog.mapping()) == {
        "name": "某院", "layers": {"OLD": {"theme": "road"}, "DLDW": {"component": "-"}},
        "blocks": {"井1": {"component": "0101"}},
    }  # fmt: skip


def test_a_folder_can_be_dropped_and_a_refusal_stands_in_the_window(qgis_app, qgis_parent, tmp_path):
    controller = Controller()
    actions = BaseMapActions(controller, qgis_parent)
    actions.ask_file_in()
    dialog = actions.dialog
    assert dialog.isVisible() and not dialog.import_button.isEnabled()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    left = Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    dialog.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, left, none))
    assert controller.asked[-1][0].input == str(tmp_path) and dialog.import_button.isEnabled()
    controller.store_opened.emit("other.gpkg")
    assert actions.dialog is None  # its classes are those of another store
    actions.ask_file_in()
    dialog = actions.dialog
    actions._not_looked(InputRefused("input.dwg", file="a.dwg"))
    assert "a.dwg" in dialog.label.text() and not dialog.import_button.isEnabled() and dialog.mapping() is None
    actions.shut()


def test_looking_again_and_importing_ask_with_what_was_chosen(qgis_app, qgis_parent):
    controller = Controller()
    actions = BaseMapActions(controller, qgis_parent)
    actions.look("/maps/a.dxf")
    dialog = actions.dialog
    dialog.encoding_box.setCurrentText("UTF-8")
    dialog.crs_box.setCrs(QgsCoordinateReferenceSystem("EPSG:4550"))
    dialog.look_again.emit()
    request, preview = controller.asked[-1]
    assert (request.method, request.encoding, request.crs, preview) == (
        "preview_base_map", "UTF-8", "EPSG:4550", None,
    )  # fmt: skip
    dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).click()
    request, preview = controller.asked[-1]
    assert (request.method, request.input, preview) == ("import_base_map", "/maps/a.dxf", "hold")
    assert actions.dialog is None and actions.preview is not None
    actions.shut()

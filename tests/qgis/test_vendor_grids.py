# SPDX-License-Identifier: GPL-2.0-or-later
"""The window of *I have grids already*: what is asked for, what is told, what is then asked of the engine."""

from __future__ import annotations

import pytest
from qgis.core import QgsCoordinateReferenceSystem
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QDialogButtonBox

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import REQUESTS
from digital_citymgmt_plugin.gui.dialogs.vendor_grids import VendorDialog
from digital_citymgmt_plugin.gui.session import StoreSession
from digital_citymgmt_plugin.gui.vendor_actions import VendorActions

pytestmark = pytest.mark.qgis

FOUND = {
    "name": "g.shp", "layer": "g", "rows": 3, "geometry": "Polygon", "encoding": "GBK", "fields": ["WGBM", "责任网格"],
    "code_field": "WGBM", "beat_field": "责任网格", "sample": [["1", "甲"], ["2", "乙"]], "stated": "",
    "crs": "EPSG:4550", "crs_why": "guess.crs_fits", "drafted": False, "counts": {},
}  # fmt: skip
TRIED = {
    "counts": {"read": 3, "accepted": 2, "rejected": 1, "renumbered": 1, "issues": 2, "inserted": 2}, "notes": [],
    "reasons": {"reject.no_geometry": 1}, "by_rule": {"grid.code_replaced": 1, "grid.overlap": 1}, "writes": True,
    "tables": ["unit_grid"], "rejects": "/tmp/x.xlsx",
}  # fmt: skip


class Controller(QObject):
    """As much of the dock's controller as the entry uses; the answers come at once."""

    store_opened = pyqtSignal(str)

    def __init__(self, found=FOUND):
        super().__init__()
        self.path, self.asked, self.found, self.said = "city.gpkg", [], found, []
        self.session = StoreSession(self)
        self.link = self.messages = self

    def hold(self, path):
        return self

    def call(self, request, *, preview=None, **options):
        self.asked.append((request, preview))
        if isinstance(self.found, Exception):
            raise self.found
        return self.found if request.method == "preview_grids" else TRIED

    def ask(self, words, work, on_result, on_error):
        try:
            on_result(work(None, None))
        except InputRefused as error:
            on_error(error)

    def forget(self, words):
        pass

    def show(self, text, level=None):
        self.said.append(text)

    def show_error(self, error):
        raise error

    def refresh(self):
        pass

    def store_changed(self, path, tables):
        pass


@pytest.fixture
def opened(qgis_app, qgis_parent):
    made = []

    def begin(found=FOUND):
        controller = Controller(found)
        actions = VendorActions(controller, qgis_parent)
        actions.show()
        actions.take("/data/g.shp")
        made.append(actions)
        return actions, controller

    yield begin
    for actions in made:
        actions.shut()


def texts(table):
    return [[table.item(row, column).text() for column in range(3)] for row in range(table.rowCount())]


def test_the_file_is_tried_and_every_fault_is_told_before_anything_is_written(opened):
    actions, controller = opened()
    dialog = actions.dialog
    assert [(request.method, preview) for request, preview in controller.asked] == [
        ("preview_grids", None), ("adopt_grids", "drop"),
    ]  # fmt: skip
    tried = controller.asked[1][0]
    assert (tried.code_field, tried.input.crs, tried.wrong_codes) == ("WGBM", "EPSG:4550", "number")
    assert len(texts(dialog.faults)) == 3
    assert dialog.adopt_button.isEnabled()
    assert dialog.sample.item(1, 1).text() == "乙"


def test_another_choice_is_counted_again_and_what_is_adopted_is_what_was_shown(opened):
    actions, controller = opened()
    dialog = actions.dialog
    dialog.code_box.setCurrentIndex(0)
    dialog.wrong_box.setCurrentIndex(1)
    assert controller.asked[-1][0].code_field is None
    assert controller.asked[-1][0].wrong_codes == "reject"
    adopted = []
    actions.adopted.connect(lambda: adopted.append(True))
    dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).click()
    methods = [(request.method, preview) for request, preview in controller.asked]
    at = methods.index(("adopt_grids", None))
    assert controller.asked[at][0].rejects.endswith(".xlsx")
    assert adopted == [True]
    assert any("/tmp/x.xlsx" in text for text in controller.said)
    if "import_beats" in REQUESTS:
        assert methods[-1][0] == "import_beats"


def test_without_a_crs_it_is_asked_for_and_nothing_can_be_adopted(opened):
    actions, controller = opened({**FOUND, "crs": "", "crs_why": "guess.crs_unknown"})
    dialog = actions.dialog
    assert [request.method for request, _ in controller.asked] == ["preview_grids"]
    assert not dialog.adopt_button.isEnabled()
    controller.found = {**FOUND, "stated": "EPSG:4549", "crs": "EPSG:4549", "crs_why": "guess.crs_given"}
    dialog.crs_box.setCrs(QgsCoordinateReferenceSystem("EPSG:4549"))
    looked = [request for request, _ in controller.asked if request.method == "preview_grids"]
    assert looked[-1].input.crs == "EPSG:4549"
    assert dialog.adopt_button.isEnabled()


def test_what_cannot_be_read_is_told_in_the_window(opened):
    actions, _controller = opened(InputRefused("input.no_geometry", file="g", layer=""))
    assert actions.dialog.summary.text()
    assert not actions.dialog.adopt_button.isEnabled()


def test_beats_are_offered_only_where_this_version_takes_them(qgis_app, qgis_parent):
    dialog = VendorDialog(qgis_parent, beats=False)
    dialog.show_answer(FOUND)
    assert dialog.beat_field() is None
    dialog = VendorDialog(qgis_parent, beats=True)
    dialog.show_answer(FOUND)
    assert dialog.beat_field() == "责任网格"

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
from digital_citymgmt_plugin.gui.vendor_actions import VendorActions, VendorBeatActions

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


BEATS = {**FOUND, "name": "b.shp", "fields": ["ZRBH", "名称"], "code_field": "", "beat_field": "ZRBH"}
TRIED_BEATS = {
    "counts": {"read": 9, "accepted": 8, "rejected": 1, "beats": 8, "grids_given": 40, "grids_without": 3},
    "notes": [{"code": "beats.across", "values": {"count": 5, "codes": "1, 2", "half": 1}},
              {"code": "beats.without", "values": {"count": 3, "codes": "7, 8, 9"}}],
    "reasons": {"reject.missing": 1}, "rejects": "/tmp/y.xlsx", "tables": ["beat"],
}  # fmt: skip


class BeatController(Controller):
    """Answers of the second step."""

    def call(self, request, *, preview=None, **options):
        self.asked.append((request, preview))
        return self.found if request.method == "preview_grids" else TRIED_BEATS


@pytest.fixture
def second(qgis_app, qgis_parent):
    made = []

    def begin(found=BEATS):
        controller = BeatController(found)
        actions = VendorBeatActions(controller, qgis_parent)
        actions.show()
        actions.take("/data/b.shp")
        made.append(actions)
        return actions, controller

    yield begin
    for actions in made:
        actions.shut()


def test_beats_of_a_file_of_their_own_are_tried_told_and_written(second):
    actions, controller = second()
    dialog, done = actions.dialog, []
    actions.adopted.connect(lambda: done.append(True))
    assert [(request.method, preview) for request, preview in controller.asked] == [
        ("preview_grids", None), ("import_beats", "drop"),
    ]  # fmt: skip
    tried = controller.asked[1][0]
    assert (tried.code_field, tried.name_field, tried.grid_field, tried.input.crs) == (
        "ZRBH",
        "名称",
        None,
        "EPSG:4550",
    )
    faults = texts(dialog.faults)
    assert [row[1] for row in faults] == ["1", "5", "3"] and all(row[2] for row in faults)
    assert dialog.adopt_button.isEnabled()
    dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).click()
    written, preview = controller.asked[-1]
    assert (written.method, written.code_field, preview) == ("import_beats", "ZRBH", None)
    assert written.rejects.endswith(".xlsx") and done and any("/tmp/y.xlsx" in said for said in controller.said)


def test_without_a_field_of_codes_nothing_is_tried(second):
    actions, controller = second({**BEATS, "beat_field": "", "fields": ["a"]})
    assert [request.method for request, _ in controller.asked] == ["preview_grids"]
    assert not actions.dialog.adopt_button.isEnabled()
    actions.dialog.code_box.setCurrentIndex(1)
    assert controller.asked[-1][0].code_field == "a" and actions.dialog.adopt_button.isEnabled()


@pytest.mark.parametrize("wanted", [True, False])
def test_the_second_step_follows_when_it_is_wanted(opened, wanted):
    actions, _ = opened()
    asked = []
    actions.beats_next.connect(lambda: asked.append(True))
    actions.dialog.next_box.setChecked(wanted)
    actions.dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).click()
    assert asked == [True] * wanted

# SPDX-License-Identifier: GPL-2.0-or-later
"""The window that brings cases in: guesses, words, places, counts before writing, the list of rejects afterwards."""

from __future__ import annotations

import json

import pytest
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtTest import QTest

from digital_citymgmt_plugin.gui.case_actions import CaseActions
from digital_citymgmt_plugin.gui.dialogs.case_mapping import CaseMapping
from tests.qgis.test_class_catalogue import CLASSES
from tests.qgis.test_profile import Controller

pytestmark = pytest.mark.qgis

SEEN = {
    "layers": ["说明", "案件"], "layer": "案件", "columns": ["任务编号", "问题小类", "上报", "X", "Y"],
    "rows": [["QD1", "占道摆摊", "45356.5", "1", "2"], ["QD2", "店外经营", "x", "3", "4"]],
    "fields": {"case_no": "任务编号", "class_name": "问题小类", "reported_at": "上报"},
    "why": {"case_no": "guess.by_headings", "reported_at": "guess.by_values"}, "x": "X", "y": "Y", "crs": "EPSG:4550",
    "crs_guessed": True, "null_values": ["-"], "time_format": "", "time_zone": "", "origin": "guessed", "name": "导出",
    "geometry": None, "total": 2, "known": ["case_no", "class_name", "address", "reported_at"],
    "words": [["占道摆摊", 1, ""]], "times": {"reported_at": [1, 1]}, "encoding": "UTF-8", "notes": [],
    "places": {"points": [[1.0, 2.0]], "rings": [[[0, 0], [10, 0], [10, 10], [0, 0]]], "read": 2, "inside": 1,
               "outside": 0, "none": 1, "mended": {"swapped": 1}, "problem": ""},
}  # fmt: skip


@pytest.fixture
def dialog(qgis_app):
    made = CaseMapping(SEEN, CLASSES)
    made.show()
    yield made
    made.done(0)
    made.deleteLater()
    QTest.qWait(10)


def test_what_was_guessed_is_shown_with_words_places_and_faults(dialog):
    assert dialog.boxes["case_no"].currentData() == "任务编号" and dialog.boxes["address"].currentData() == ""
    assert dialog.preview.model().rowCount() == 2 and dialog.layer_box.currentText() == "案件"
    assert "1" in dialog.places_said.text() and len(dialog.sketch.points) == 1
    assert dialog.said.text() and dialog.go.isEnabled()
    assert not dialog.grab().isNull()  # the small picture can be drawn


def test_choices_make_the_mapping_and_ask_for_another_look(dialog):
    asked = []
    dialog.look_again.connect(lambda: asked.append(dialog.mapping()))
    code = next(row for row in CLASSES if row["kind"] == "event")
    box = dialog.words.cellWidget(0, 2)
    box.setCurrentIndex(box.findData(f"event:{code['code']}"))
    box.activated.emit(box.currentIndex())
    dialog.boxes["address"].setCurrentIndex(dialog.boxes["address"].findData("问题小类"))
    dialog.boxes["address"].activated.emit(1)
    assert asked[-1] == {
        "name": "导出", "crs": "EPSG:4550", "x": "X", "y": "Y", "null_values": ["-"],
        "fields": {"case_no": "任务编号", "class_name": "问题小类", "address": "问题小类", "reported_at": "上报"},
        "synonyms": {"占道摆摊": f"event:{code['code']}"},
    }  # fmt: skip
    dialog.boxes["case_no"].setCurrentIndex(0)
    dialog.boxes["case_no"].activated.emit(0)
    assert not dialog.go.isEnabled()


def test_markup_in_a_file_is_shown_as_text(qgis_app):
    from qgis.PyQt.QtCore import Qt

    made = CaseMapping({**SEEN, "name": "<b>x</b>", "words": [["<img src=x>", 1, ""]]}, CLASSES)
    assert made.said.textFormat() == Qt.TextFormat.PlainText and "<b>x</b>" in made.said.text()
    assert made.words.item(0, 0).text() == "<img src=x>"
    made.deleteLater()


class Actions(CaseActions):
    """Without an engine: what is asked is kept, answers are given by the test."""

    def __init__(self, controller, window):
        super().__init__(controller, window)
        self.asked, self.opened = [], []

    def ask(self, words, request, done, preview=None, failed=None):
        self.asked.append((request, done, preview))

    def open_file(self, path):
        self.opened.append(path)


class WithStore(Controller):
    """Tells of another store, too, and forgets questions."""

    store_opened = pyqtSignal(str)

    def forget(self, words):
        self.asked.append(f"forgotten: {words}")


def test_from_the_file_to_the_list_of_rejects(qgis_app):
    controller = WithStore({})
    actions = Actions(controller, None)
    actions.look("导出.xlsx")
    request, done, _ = actions.asked.pop()
    assert request.method == "list_classes"
    done({"classes": CLASSES})
    request, done, _ = actions.asked.pop()
    assert (request.method, request.input.path) == ("preview_cases", "导出.xlsx")
    done(SEEN)
    dialog = actions.dialog
    dialog.boxes["address"].activated.emit(0)
    request, done, _ = actions.asked.pop()
    assert request.method == "preview_cases" and json.loads(request.mapping)["x"] == "X"
    done({**SEEN, "places": {**SEEN["places"], "inside": 2}})
    dialog.accept()
    request, _, preview = actions.asked.pop()
    assert (request.method, preview) == ("import_cases", "hold")
    assert request.input.layer == "案件" and request.rejects.endswith(".xlsx")
    actions._imported({"counts": {"rejected": 3}, "rejects": "退回.xlsx"})
    assert actions.opened == ["退回.xlsx"]
    actions.shut()

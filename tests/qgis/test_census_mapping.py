# SPDX-License-Identifier: GPL-2.0-or-later
"""The window that maps a census: guesses, words for classes, what is remembered, and on to the import."""

from __future__ import annotations

import json

import pytest
from qgis.PyQt.QtTest import QTest

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.gui.census_actions import CensusActions
from tests.qgis.test_class_catalogue import CLASSES
from tests.qgis.test_profile import Controller

pytestmark = pytest.mark.qgis

SEEN = {
    "columns": ["NUM", "KIND", "X", "Y"], "rows": [["MH-1", "STORM", "1", "2"], ["MH-2", "ODD", "3", "4"]],
    "fields": {"source_id": "NUM", "class_code": "KIND"}, "why": {"source_id": "guess.by_values"}, "x": "X", "y": "Y",
    "null_values": ["N/A", "-"], "crs": "EPSG:4490", "geometry": None, "total": 2, "class_column": "KIND",
    "classes": [["STORM", 1, "0101", False], ["ODD", 1, "", False]], "more_classes": False, "name": "old",
    "saved": None, "known": ["class_code", "class_name", "source_id", "name", "state"],
}  # fmt: skip
LISTED = {"classes": [row for row in CLASSES if row["kind"] == "component"], "departments": [], "pinyin": True}


@pytest.fixture
def actions(qgis_app):
    made = []

    def make(answer):
        controller = Controller({"list_classes": LISTED, "preview_table": answer})
        controller.started = []
        controller.run_algorithm = lambda name, given: controller.started.append((name, given))
        made.append(CensusActions(controller))
        made[-1].look("old.csv")
        return made[-1]

    yield make
    for one in made:
        one.shut()
    QTest.qWait(10)


def test_guesses_are_shown_changed_and_go_on_to_the_import(actions):
    done = actions(SEEN)
    dialog = done.dialog
    assert dialog.preview.model().rowCount() == 2 and dialog.boxes["source_id"].currentData() == "NUM"
    assert dialog.chosen_classes() == {"STORM": "0101", "ODD": ""} and "1" in dialog.said.text()
    box = dialog.words.cellWidget(1, 2)
    box.setCurrentIndex(box.findData("0402"))
    dialog.accept()
    name, given = done.controller.started[0]
    assert name == "dcm:importcomponents" and given["STORE"] == "city.gpkg" and given["INPUT"] == "old.csv"
    assert json.loads(given["MAPPING"]) == {
        "name": "old", "crs": "EPSG:4490", "x": "X", "y": "Y", "null_values": ["N/A", "-"],
        "fields": {
            "source_id": "NUM", "class_code": {"column": "KIND", "values": {"STORM": "0101", "ODD": "0402"}},
        },
    }  # fmt: skip


def test_what_was_remembered_goes_before_the_guesses(actions):
    saved = {
        "name": "old", "x": "Y", "y": "X", "crs": "EPSG:4550",
        "fields": {"name": "NUM", "class_code": {"column": "KIND", "values": {"ODD": "0402"}}},
    }  # fmt: skip
    dialog = actions({**SEEN, "saved": json.dumps(saved)}).dialog
    assert (dialog.boxes["x"].currentData(), dialog.crs_field.text()) == ("Y", "EPSG:4550")
    assert dialog.mapping()["fields"]["name"] == "NUM" and "source_id" not in dialog.mapping()["fields"]
    assert dialog.chosen_classes() == {"STORM": "0101", "ODD": "0402"}


def test_another_class_column_brings_its_words_and_known_ones_need_no_table(actions):
    words = {"NUM": [["上水井盖", 2, "0101", True]], "KIND": SEEN["classes"]}

    def answer(request):
        column = request.class_column or "KIND"
        return {**SEEN, "class_column": column, "classes": words[column]}

    dialog = actions(answer).dialog
    box = dialog.boxes["class_code"]
    box.setCurrentIndex(box.findData("NUM"))
    assert dialog.chosen_classes() == {"上水井盖": "0101"} and dialog.mapping()["fields"]["class_code"] == "NUM"
    dialog.all_box.setCurrentIndex(dialog.all_box.findData("0402"))
    assert dialog.mapping()["fields"]["class_code"] == {"const": "0402"}


def test_a_file_that_cannot_be_read_is_told(actions):
    done = actions(InputRefused("input.unreadable", file="old.csv", detail="?"))
    assert done.dialog is None and done.controller.said
    done.controller.path = ""
    done.ask_file()
    assert len(done.controller.said) == 2

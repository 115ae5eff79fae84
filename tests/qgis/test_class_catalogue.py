# SPDX-License-Identifier: GPL-2.0-or-later
"""The window of the class catalogue: search, form, differences before writing, export."""

from __future__ import annotations

import json

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest

from digital_citymgmt_plugin.core.errors import ProfileError
from digital_citymgmt_plugin.gui.catalogue_actions import CatalogueActions
from tests.qgis.test_profile import Controller

pytestmark = pytest.mark.qgis

EMPTY = {
    "geometry": "", "accuracy": "", "tolerance_m": None, "enabled": True, "required_fields": "", "photo_count": None,
    "duplicate_m": None, "duplicate_applies": 2.0, "symbol": "", "department_code": "", "kind": "component",
    "kind_name": "部件", "readings": [],
}  # fmt: skip
CLASSES = [
    {**EMPTY, "code": "0101", "name": "上水井盖", "major_name": "公用设施", "photo_count": 1},
    {**EMPTY, "code": "0402", "name": "行道树", "major_name": "园林绿化"},
    {**EMPTY, "code": "0101", "name": "私搭乱建", "major_name": "市容环境", "kind": "event", "kind_name": "事件"},
]
LISTED = {"classes": CLASSES, "departments": [{"code": "D1", "name": "水务局"}], "pinyin": True}
DIFFERENCES = [["classes", "component 0402", "changed", "accuracy", "", "C"]]
ANSWER = {
    "counts": {"differences": 1, "rows_added": 0, "rows_changed": 1, "rows_removed": 0}, "differences": DIFFERENCES,
    "tables": ["class"],
}  # fmt: skip


@pytest.fixture
def actions(qgis_app):
    made = []

    def make(**answers):
        made.append(CatalogueActions(Controller({"list_classes": LISTED, **answers})))
        made[-1].show()
        return made[-1]

    yield make
    for one in made:
        one.shut()
    QTest.qWait(10)


def test_a_class_is_found_changed_and_written_after_its_differences_were_seen(actions):
    done = actions(edit_classes=ANSWER)
    dialog = done.dialog
    assert dialog.table.model().rowCount() == 2  # components first; events by the list of kinds
    dialog.field.setText("行道")
    assert dialog.table.model().rowCount() == 1 and dialog.chosen()["code"] == "0402"
    dialog.accuracy_box.setCurrentIndex(dialog.accuracy_box.findData("C"))
    dialog.duplicate_field.setText("1.5")
    item = next(
        dialog.required_list.item(at)
        for at in range(dialog.required_list.count())
        if dialog.required_list.item(at).data(Qt.ItemDataRole.UserRole) == "owner_dept"
    )
    item.setCheckState(Qt.CheckState.Checked)
    assert dialog.changes() == [
        {
            "kind": "component", "code": "0402", "accuracy": "C", "duplicate_m": 1.5, "required_fields": "owner_dept",
        }
    ]  # fmt: skip
    assert dialog.table.model().index(0, 4).data() == "C"
    QTest.mouseClick(dialog.write_button, Qt.MouseButton.LeftButton)
    asked = done.controller.session.pool.asked[-1]
    assert asked.preview and json.loads(asked.changes) == dialog.changes() and not done.controller.changed
    line = [done.compared.table.model().index(0, at).data() for at in range(6)]
    assert line == ["Classes", "changed", "Component 0402 行道树", "Accuracy class", "", "C"]
    done.compared.accept()
    assert not done.controller.session.pool.asked[-2].preview
    assert done.controller.changed == [("city.gpkg", ["class"])] and done.dialog is not dialog


def test_what_is_refused_is_listed_and_the_window_stays(actions):
    values = {"file": "x", "table": "classes", "row": 0, "key": "component 0101", "column": "duplicate_m", "value": -1}
    faults = [{"code": "profile.wrong_value", "values": values}]
    done = actions(edit_classes=ProfileError("profile.wrong_value", **values, faults=faults))
    done.dialog.duplicate_field.setText("-1")
    done.dialog.write_button.click()
    assert "-1" in done.compared.table.model().index(0, 3).data() and done.dialog.changes()


def test_a_class_is_added_and_the_table_goes_out(actions, tmp_path):
    done = actions()
    done.dialog.add_class("0198", "共享雨伞架")
    assert done.dialog.chosen()["name"] == "共享雨伞架"
    assert done.dialog.changes() == [{"kind": "component", "code": "0198", "name": "共享雨伞架", "enabled": True}]
    done.dialog.field.clear()
    path = tmp_path / "目录.csv"
    done.export(str(path), done.dialog.header(), done.dialog.rows())
    assert len(path.read_text(encoding="utf-8-sig").splitlines()) == 4


def test_what_is_not_written_is_not_lost_without_a_question(actions, monkeypatch):
    dialog = actions().dialog
    asked = []
    monkeypatch.setattr(type(dialog), "_may_discard", lambda self: asked.append(self) or len(asked) > 1)
    dialog.photos_field.setText("nan")
    assert dialog.changes()[0]["photo_count"] == "nan"  # no number: the engine says so by what was typed
    dialog.reject()
    assert dialog.isVisible() and len(asked) == 1
    dialog.reject()
    assert not dialog.isVisible() and len(asked) == 2


def test_without_a_store_the_menu_says_so(actions):
    done = actions()
    done.shut()
    done.controller.path = ""
    done.show()
    assert done.controller.said and done.dialog is None

# SPDX-License-Identifier: GPL-2.0-or-later
"""The city profile in QGIS: both algorithms against the real engine, the windows that compare and that find a class."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from qgis.core import QgsApplication, QgsProcessingException
from qgis.PyQt.QtCore import QObject, Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QDialogButtonBox

from digital_citymgmt_plugin.algorithms.provider import DcmProvider
from digital_citymgmt_plugin.bridge.engines import pool
from digital_citymgmt_plugin.core.class_search import key_from_dict
from digital_citymgmt_plugin.core.errors import ProfileError
from digital_citymgmt_plugin.gui.dialogs.class_picker import ClassDialog, ClassPicker
from digital_citymgmt_plugin.gui.profile_actions import ProfileActions
from digital_citymgmt_plugin.gui.session import StoreSession
from tests.qgis.algorithms_help import STORE, Listener
from tests.qgis.window import FakePool

pytestmark = pytest.mark.qgis

CLASSES = [
    {"kind": "component", "kind_name": "部件", "code": "0101", "name": "上水井盖", "major_name": "公用设施",
     "readings": [["shang"], ["shui"], ["jing"], ["gai"]]},
    {"kind": "component", "kind_name": "部件", "code": "0402", "name": "行道树", "major_name": "园林绿化",
     "readings": [["xing"], ["dao"], ["shu"]]},
]  # fmt: skip
DIFFERENCES = [
    ["classes", "component 0101", "changed", "name", "上水井盖", "自来水井盖"],
    ["departments", "D99", "added", "", "", "新部门"],
]
ANSWER = {
    "counts": {"differences": 2, "rows_added": 1, "rows_changed": 1, "rows_removed": 0}, "differences": DIFFERENCES,
    "tables": [],
}  # fmt: skip


@pytest.fixture
def run(qgis_app, qgis_processing):
    import processing

    registry = QgsApplication.processingRegistry()
    made = DcmProvider()
    assert registry.addProvider(made)

    def call(name, parameters):
        listener = Listener()
        return processing.run(f"dcm:{name}", parameters, feedback=listener), listener.said

    yield call
    registry.removeProvider(made)
    pool().shutdown(2)


def test_the_profile_goes_out_and_comes_in_with_its_differences(run, chinese_path):
    store, book, report = (str(chinese_path / name) for name in ("城市.gpkg", "配置.xlsx", "差异.csv"))
    run("createstore", {"STORE": store, **STORE})
    out, _ = run("exportprofile", {"STORE": store, "OUTPUT": book})
    assert out["CLASS"] > 150 and out["OUTPUT"] == book
    content = openpyxl.load_workbook(book)
    content["classes 类别"]["F2"] = "自来水井盖"
    content["departments 部门"].append(["D99", "新部门"])
    content.save(book)
    compared, said = run("importprofile", {"STORE": store, "INPUT": book, "PREVIEW": True, "OUTPUT": report})
    assert (compared["DIFFERENCES"], compared["WRITTEN"]) == (2, False)
    assert any("自来水井盖" in line and "上水井盖" in line for line in said)
    assert len(Path(report).read_text(encoding="utf-8-sig").splitlines()) == 3
    written, _ = run("importprofile", {"STORE": store, "INPUT": book})
    assert (written["ROWS_ADDED"], written["ROWS_CHANGED"], written["WRITTEN"]) == (1, 1, True)
    again, _ = run("importprofile", {"STORE": store, "INPUT": book})
    assert (again["DIFFERENCES"], again["WRITTEN"]) == (0, False)
    content["classes 类别"]["B2"] = "=A1"
    content["departments 部门"].append(["D99", "又一个"])
    content.save(book)
    with pytest.raises(QgsProcessingException) as caught:
        run("importprofile", {"STORE": store, "INPUT": book})
    words = str(caught.value)
    assert "row 2, column B (code)" in words and "row 26, column A (code)" in words


class Controller(QObject):
    """As much of the dock's controller as the menu entries use; the answers come at once."""

    def __init__(self, answers):
        super().__init__()
        self.path = "city.gpkg"
        self.session = StoreSession(FakePool(answers))
        self.iface = self.messages = self.link = self
        self.answers, self.said, self.changed, self.asked = answers, [], [], []

    def mainWindow(self):
        return None

    def ask(self, words, work, on_result, on_error):
        self.asked.append(words)
        try:
            result = work(lambda *_: None, lambda: False)
        except Exception as error:
            on_error(error)
        else:
            on_result(result)

    def show(self, text, *_):
        self.said.append(text)

    def show_error(self, error):
        self.said.append(error)

    def store_changed(self, path, tables):
        self.changed.append((path, tables))


@pytest.fixture
def actions(qgis_app):
    made = []

    def make(**answers):
        made.append(ProfileActions(Controller(answers)))
        return made[-1]

    yield make
    for actions in made:
        actions.shut()
    QTest.qWait(10)


def test_nothing_is_written_before_the_differences_were_seen(actions):
    done = actions(import_profile={**ANSWER, "tables": ["class"]})
    done.compare("配置.xlsx")
    model = done.dialog.table.model()
    assert (model.rowCount(), model.index(0, 4).data(), model.index(0, 5).data()) == (2, "上水井盖", "自来水井盖")
    assert len(done.controller.asked) == 1 and not done.controller.changed
    button = done.dialog.buttons.findChild(type(done.dialog.buttons.buttons()[0]), "write_profile")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert done.controller.changed == [("city.gpkg", ["class"])] and len(done.controller.asked) == 2


def test_without_differences_there_is_nothing_to_write(actions):
    done = actions(import_profile={"counts": {"differences": 0}, "differences": [], "tables": []})
    done.compare("配置.xlsx")
    assert len(done.dialog.buttons.buttons()) == 1
    assert done.dialog.buttons.button(QDialogButtonBox.StandardButton.Close)


def test_a_broken_workbook_lists_every_fault(actions):
    where = {"file": "p.xlsx", "table": "classes", "row": 2, "column": "B (code)", "value": "=A1", "key": ""}
    faults = [{"code": "profile.formula", "values": where}, {"code": "profile.formula", "values": {**where, "row": 9}}]
    done = actions(import_profile=ProfileError("profile.formula", **where, in_all=2, faults=faults))
    done.compare("p.xlsx")
    model = done.dialog.table.model()
    assert [model.index(row, 1).data() for row in range(model.rowCount())] == ["2", "9"]
    assert "=A1" in model.index(0, 3).data() and len(done.dialog.buttons.buttons()) == 1


def test_a_class_is_picked_by_its_initials(qgis_app):
    picker = ClassPicker()
    picker.set_classes([key_from_dict(row) for row in CLASSES])
    picked = []
    picker.picked.connect(lambda kind, code: picked.append((kind, code)))
    assert picker.model.rowCount() == 2
    QTest.keyClicks(picker.field, "xds")
    assert picker.model.rowCount() == 1 and "行道树" in picker.model.index(0, 0).data()
    QTest.keyClick(picker.field, Qt.Key.Key_Return)
    picker.field.clear()
    QTest.keyClick(picker.field, Qt.Key.Key_Down)
    QTest.keyClick(picker.field, Qt.Key.Key_Up)
    QTest.keyClick(picker.field, Qt.Key.Key_Return)
    picker.field.setText("nothing of the kind")
    QTest.keyClick(picker.field, Qt.Key.Key_Return)
    assert picked == [("component", "0402"), ("component", "0101")]
    picker.deleteLater()


def test_the_menu_s_search_copies_the_code(actions):
    done = actions(list_classes={"classes": CLASSES, "pinyin": False})
    done.find_class()
    assert isinstance(done.dialog, ClassDialog) and "pypinyin" in done.dialog.said.text()
    QTest.keyClicks(done.dialog.picker.field, "0402")
    QTest.keyClick(done.dialog.picker.field, Qt.Key.Key_Return)
    assert QApplication.clipboard().text() == "0402"


def test_without_a_store_the_menu_says_so(actions):
    done = actions()
    done.controller.path = ""
    done.ask_import()
    done.find_class()
    assert len(done.controller.said) == 2 and not done.controller.asked

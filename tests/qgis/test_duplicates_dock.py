# SPDX-License-Identifier: GPL-2.0-or-later
"""The dock of doubles: list, comparison, photos, merging, waiving, bulk with counts first, export, keyboard."""

from __future__ import annotations

import time

import openpyxl
import pytest
from qgis.PyQt.QtCore import QObject, Qt, pyqtSignal
from qgis.PyQt.QtGui import QImage
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QPushButton

from digital_citymgmt_plugin.gui.docks.duplicates_dock import photo_label, small_photo
from digital_citymgmt_plugin.gui.duplicates import DuplicatesActions
from digital_citymgmt_plugin.gui.session import StoreSession

pytestmark = pytest.mark.qgis


def pair(number, **values):
    return {
        "issue": f"i{number}", "rule": "component.duplicate_near", "table": "component_point", "one": f"a{number}",
        "two": f"b{number}", "distance": 0.25 * number, "score": 0.9, "reasons": ["near"], "code": f"C{number}",
        "other_code": None, "class_name": "上水井盖", "other_class_name": "上水井盖", **values,
    }  # fmt: skip


PAIRS = [pair(1, reasons=["code", "near"]), pair(2), pair(3, other_class_name="行道树", distance=None)]
ENDS = [
    {"uuid": "a1", "table": "component_point", "fid": 1, "extent": [10, 10, 10, 10], "photos": ["p.png"], "cases": 2},
    {
        "uuid": "b1",
        "table": "component_point",
        "fid": 2,
        "extent": [12, 10, 12, 10],
        "photos": ["../x.png"],
        "cases": 0,
    },
]
COMPARED = {
    "rows": [
        ["code", "C1", None], ["name", "井", "井盖"], ["state", "完好", "完好"], ["remark", None, None],
        ["attributes", '{"材质": "铸铁"}', '{"材质": "铸铁", "口径": 70}'],
    ],
    "ends": ENDS,
}  # fmt: skip
MERGED = {"counts": {"pairs": 1, "merged_away": 1}, "tables": ["component_point"], "operation": "o", "notes": []}


class Pool:
    """Answers at once and remembers what it was asked, and how."""

    def __init__(self):
        self.asked = []
        self.pairs = list(PAIRS)

    def hold(self, path):
        return self

    def call(self, request, *, preview=None, **options):
        self.asked.append((request, preview))
        same = sum("code" in one["reasons"] for one in self.pairs)
        return {
            "list_duplicates": {"pairs": list(self.pairs), "total": len(self.pairs), "same_code": same},
            "compare_pair": COMPARED, "find_duplicates": {**MERGED, "tables": ["check_issue"]},
            "merge_duplicates": {**MERGED, "writes": True}, "waive_issues": {"counts": {}, "tables": ["check_issue"]},
        }[request.method]  # fmt: skip

    def of(self, method):
        return [(request, preview) for request, preview in self.asked if request.method == method]


class Canvas:
    def __init__(self):
        self.flashed, self.extents = [], []

    def mapSettings(self):
        return self

    def destinationCrs(self):
        from qgis.core import QgsCoordinateReferenceSystem

        return QgsCoordinateReferenceSystem("EPSG:4550")

    def setExtent(self, box):
        self.extents.append(box)

    def refresh(self):
        pass

    def flashGeometries(self, geometries, crs):
        self.flashed.append(len(geometries))


class Controller(QObject):
    """As much of the City dock's controller as the dock of doubles uses."""

    store_opened = pyqtSignal(str)
    busy_changed = pyqtSignal(bool, str)
    progressed = pyqtSignal(float, str, dict)

    def __init__(self, window, path):
        super().__init__()
        self.path, self.pool, self.window, self.canvas = str(path), Pool(), window, Canvas()
        self.session = StoreSession(self.pool)
        self.iface = self.messages = self.link = self
        self.dock = None
        self.meta = {"crs": "EPSG:4550"}
        self.said, self.changed, self.docks = [], [], []

    def mainWindow(self):
        return self.window

    def mapCanvas(self):
        return self.canvas

    def addDockWidget(self, area, dock):
        self.docks.append(dock)

    def removeDockWidget(self, dock):
        self.docks.remove(dock)

    def city(self):
        return "启东市"

    def ask(self, words, work, on_result, on_error):
        on_result(work(None, None))

    def show(self, words, *_):
        self.said.append(words)

    def show_error(self, error):
        raise error

    def store_changed(self, path, tables):
        self.changed.append((path, tables))


@pytest.fixture
def actions(qgis_app, qgis_parent, chinese_path):
    folder = chinese_path / "启东_photos"
    folder.mkdir()
    picture = QImage(400, 200, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.green)
    assert picture.save(str(folder / "p.png")) and picture.save(str(chinese_path / "x.png"))
    made = DuplicatesActions(Controller(qgis_parent, chinese_path / "启东.gpkg"))
    made.show()
    yield made
    made.shut()
    QTest.qWait(5)


def cells(view):
    model = view.model()
    return [
        [model.index(row, column).data() for column in range(model.columnCount())] for row in range(model.rowCount())
    ]


def test_the_pairs_are_listed_and_the_first_is_shown_side_by_side(actions):
    dock, pool = actions.dock, actions.controller.pool
    rows = cells(dock.pair_view)
    assert rows[0][:2] == ["上水井盖", "0.25"] and rows[2][0] == "上水井盖 / 行道树" and rows[2][1] == ""
    assert "3" in dock.summary.text()
    assert pool.of("compare_pair")[0][0].two == "b1"
    shown = {row[0]: row[1:] for row in cells(dock.value_view)}
    assert shown["材质"] == ["铸铁", "铸铁", ""] and shown["口径"][:2] == ["", "70"] and shown["口径"][2]
    assert len(shown) == 5  # what both lack is left out
    model = dock.value_view.model()
    icons = [model.index(row, 3).data(Qt.ItemDataRole.DecorationRole) is not None for row in range(5)]
    assert icons == [bool(row[3]) for row in cells(dock.value_view)] == [True, True, False, False, True]
    assert actions.controller.canvas.flashed == [2]


def test_photos_of_the_city_are_shown_small_and_no_others(actions):
    labels = [actions.dock.photo_row.itemAt(at).widget() for at in range(actions.dock.photo_row.count())]
    assert len(labels) == 2
    QTest.qWait(50)  # one after the other, when the window has time
    assert labels[0].pixmap().width() == 160 and labels[0].pixmap().height() == 80
    assert "x.png" in labels[1].text()  # outside the folder: its name only


def test_what_is_no_picture_is_named(qgis_app, tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8nothing")
    for name in ("bad.jpg", "gone.jpg", "../bad.jpg"):
        assert small_photo(tmp_path, name) is None
        assert name.rpartition("/")[2] in photo_label(name, "L").text()


def test_another_store_shows_nothing_of_the_one_before(actions):
    """What is decided goes to the store whose pairs are shown: they must be those of the open one."""
    controller, dock = actions.controller, actions.dock
    controller.path = controller.path.replace("启东", "海门")
    controller.store_opened.emit(controller.path)
    assert dock.pairs == [] and not dock.left_button.isEnabled() and actions.store == controller.path
    controller.path = ""
    controller.store_opened.emit("")
    actions.merge("one", "two")
    assert dock.pairs == [] and actions.controller.pool.of("merge_duplicates") == []


def test_the_keyboard_goes_through_the_list_and_merges(actions):
    dock, pool = actions.dock, actions.controller.pool
    assert not dock.previous_button.isEnabled()
    dock.next_button.click()
    assert dock.row() == 1 and pool.of("compare_pair")[-1][0].one == "a2"
    pool.pairs = [PAIRS[0], PAIRS[2]]
    dock.right_button.click()
    request, preview = pool.of("merge_duplicates")[-1]
    assert request.pairs == ["b2>a2"] and preview is None
    assert actions.controller.changed[-1][1] == ["component_point"]
    assert dock.row() == 1 and len(dock.pairs) == 2  # goes on where it was
    dock.left_button.click()
    assert pool.of("merge_duplicates")[-1][0].pairs == ["a3>b3"]
    keys = {action.shortcut().toString() for action in dock.shortcuts}
    assert {"Alt+Up", "Alt+Down", "Alt+1", "Alt+2", "Alt+0"} <= keys


def test_a_pair_is_let_stand_with_a_reason_only(actions):
    dock, pool = actions.dock, actions.controller.pool
    assert not dock.waive_button.isEnabled()
    dock.reason_edit.setText("  ")
    assert not dock.waive_button.isEnabled()
    dock.reason_edit.setText("双井")
    dock.waive_button.click()
    request, _ = pool.of("waive_issues")[-1]
    assert (request.uuids, request.reason) == (["i1"], "双井")
    assert dock.reason_edit.text() == ""


def test_many_are_merged_after_their_counts_were_seen(actions):
    pool = actions.controller.pool
    actions.dock.bulk_button.click()
    assert [preview for _, preview in pool.of("merge_duplicates")] == ["hold"]
    actions.preview.findChild(QPushButton, "write_previewed").click()
    (first, _), (second, preview) = pool.of("merge_duplicates")
    assert first == second and preview is None and second.reason == "code" and second.pairs == []


def test_the_list_goes_to_excel(actions, tmp_path):
    path = tmp_path / "重复.xlsx"
    actions.export(str(path))
    rows = list(openpyxl.load_workbook(path).active.values)
    assert len(rows) == 4 and rows[1][-2:] == ("a1", "b1") and rows[1][4] == "C1"


def test_without_pairs_nothing_can_be_merged(actions):
    actions.controller.pool.pairs = []
    actions.refresh()
    dock = actions.dock
    buttons = (dock.left_button, dock.right_button, dock.waive_button, dock.bulk_button, dock.export_button)
    assert not any(button.isEnabled() for button in buttons)
    actions.show_on_map()
    actions.merge("one", "two")
    assert actions.controller.pool.of("merge_duplicates") == []


def test_without_a_store_it_says_so(qgis_app, qgis_parent):
    made = DuplicatesActions(Controller(qgis_parent, ""))
    made.controller.path = ""
    made.show()
    assert made.dock is None and made.controller.said


def test_a_long_list_comes_at_once(actions):
    began = time.perf_counter()
    actions.dock.show_pairs([pair(number) for number in range(5_000)], 90_000, 0, 4_000)
    assert time.perf_counter() - began < 0.2
    assert actions.dock.row() == 4_000 and cells(actions.dock.pair_view)[4_000][4] == "C4000"

# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of actions: taking back is shown before it is done, overridden only when asked; the list goes to Excel."""

from __future__ import annotations

import csv

import openpyxl
import pytest
from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtWidgets import QPushButton

from digital_citymgmt_plugin.bridge.export import write_table
from digital_citymgmt_plugin.bridge.messages import sentence, template
from digital_citymgmt_plugin.gui.operations import OperationsActions
from digital_citymgmt_plugin.gui.session import StoreSession

pytestmark = pytest.mark.qgis

IMPORT, CODES = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
LOG = {
    "operations": [
        {"uuid": CODES, "kind": "assign_codes", "at": "2026-01-15T03:30:00.000Z", "done_by": "李", "params": {},
         "counts": {"coded": 8, "outside": 0}, "undone_by": None, "undoable": True},
        {"uuid": IMPORT, "kind": "import_components", "at": "2026-01-15T02:30:00.000Z", "done_by": "王",
         "params": {"file": "井盖"}, "counts": {"inserted": 8}, "undone_by": None, "undoable": True},
        {"uuid": "0", "kind": "create_store", "at": "2026-01-14T02:30:00.000Z", "done_by": "王", "params": {},
         "counts": {}, "undone_by": None, "undoable": False},
    ]
}  # fmt: skip
COUNTS = {"removed": 8, "restored": 8, "returned": 0, "codes_retired": 8, "edits_lost": 0, "operations_undone": 2}
BLOCKED = {"code": "undo.dependents", "values": {"kind": "import_components", "at": "x", "count": 1, "named": []}}
NAMED = {"code": "undo.named", "values": {"kind": "adopt_grids", "at": "x", "count": 1, "table": "t", "fid": 3}}


def undone(request, preview):
    steps = [{"uuid": CODES, "kind": "assign_codes", "at": LOG["operations"][0]["at"]}]
    answer = {
        "counts": COUNTS,
        "by_table": {"component_point": [8, 8, 0]},
        "steps": steps,
        "tables": ["component_point"],
    }
    if not preview:
        return {**answer, "operation": "3", "blocked": []}
    return {**answer, "preview": True, "writes": True, "operation": None, "tables": [],
            "blocked": [BLOCKED] if request.operation == IMPORT else []}  # fmt: skip


class Pool:
    """Answers at once and remembers what it was asked, and how."""

    def __init__(self):
        self.asked = []
        self.answers = {"list_operations": lambda request, preview: LOG, "undo_operation": undone}

    def hold(self, path):
        return self

    def call(self, request, *, preview=None, **options):
        self.asked.append((request, preview))
        return self.answers[request.method](request, preview)


class Controller(QObject):
    """As much of the dock's controller as the menu entry uses; the answers come at once."""

    def __init__(self, window):
        super().__init__()
        self.path, self.pool, self.window = "city.gpkg", Pool(), window
        self.session = StoreSession(self.pool)
        self.iface = self.messages = self.link = self
        self.said, self.changed, self.refreshed = [], [], 0

    def mainWindow(self):
        return self.window

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

    def refresh(self):
        self.refreshed += 1


@pytest.fixture
def actions(qgis_app, qgis_parent):
    made = OperationsActions(Controller(qgis_parent))
    made.show()
    yield made
    made.shut()


def choose(actions, row):
    actions.dialog.table.selectRow(row)
    return actions.dialog.undo_button


def write_button(actions):
    return actions.preview.findChild(QPushButton, "write_previewed")


def test_only_what_can_be_taken_back_offers_it(actions):
    assert not actions.dialog.undo_button.isEnabled()
    assert choose(actions, 0).isEnabled() and not choose(actions, 2).isEnabled()
    named = [template("operation.import_components"), "井盖", f"{template('count.inserted')} 8"]
    assert actions.dialog.rows[1][2:5] == named


def test_the_counts_are_shown_before_anything_is_written(actions):
    pool = actions.controller.pool
    choose(actions, 0).click()
    assert [(request.method, preview) for request, preview in pool.asked[1:]] == [("undo_operation", "hold")]
    model = actions.preview.table.model()
    assert [model.index(0, column).data() for column in range(4)] == ["component_point", "8", "8", "0"]
    write_button(actions).click()
    request, preview = pool.asked[2]
    assert (request.operation, request.dependents, preview) == (CODES, "refuse", None)
    assert actions.controller.changed == [("city.gpkg", ["component_point"])]


def test_what_stands_in_the_way_is_named_and_overridden_only_when_asked(actions):
    choose(actions, 1).click()
    assert sentence(BLOCKED["code"], BLOCKED["values"]) in actions.preview.label.text()
    assert actions.preview.all_the_same
    write_button(actions).click()
    assert actions.controller.pool.asked[2][0].dependents == "undo"


def test_rows_written_by_hand_cannot_be_overridden(actions):
    answers = actions.controller.pool.answers
    answers["undo_operation"] = lambda request, preview: {**undone(request, preview), "blocked": [NAMED]}
    choose(actions, 0).click()
    assert write_button(actions) is None
    actions.preview.reject()
    assert len(actions.controller.pool.asked) == 2 and actions.controller.refreshed == 1


def test_the_list_goes_to_a_workbook(actions, tmp_path):
    path = tmp_path / "操作.xlsx"
    actions.export(str(path))
    rows = list(openpyxl.load_workbook(path).active.iter_rows(values_only=True))
    assert list(rows[0]) == actions.dialog.header and len(rows) == 4 and rows[2][3] == "井盖"


def test_a_file_name_that_is_a_formula_is_not_run_by_a_spreadsheet(qgis_app, tmp_path):
    evil = '=HYPERLINK("http://x").csv'
    for ending in ("csv", "xlsx"):
        write_table(str(tmp_path / f"a.{ending}"), ["File", "Count"], [(evil, 3), ("-1.5", 4), ("b.csv", 5)])
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [["File", "Count"], ["'" + evil, "3"], ["-1.5", "4"], ["b.csv", "5"]]
    cell = openpyxl.load_workbook(tmp_path / "a.xlsx").active["A2"]
    assert (cell.value, cell.data_type) == (evil, "s")


def test_without_a_store_it_says_so(qgis_app, qgis_parent):
    controller = Controller(qgis_parent)
    controller.path = ""
    OperationsActions(controller).show()
    assert controller.said and not controller.pool.asked

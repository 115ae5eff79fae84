# SPDX-License-Identifier: GPL-2.0-or-later
"""A dispatcher's day in the real window (``qgis --code``): 100 new cases from import to closing, by keyboard.

``bash scripts/run_walkthrough.sh --dispatch`` starts it with the demo city. Every move is made with its keys (F9 and a
letter), every button is pressed once; what each left is read from the store at the end. The pictures ``doc_….png`` are
those of ``docs/user/img``.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qgis.core import QgsCoordinateTransform, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QDialogButtonBox, QPushButton
from qgis.utils import iface

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from walkthrough_census import CensusDay  # (``--code`` sets no path)
from walkthrough_hand import DATA, LEFT, OUT, begin_round, first, pause, wait_for

NONE = Qt.KeyboardModifier.NoModifier
NEW = 100
UNPLACED = 3
COLUMNS = (
    "案件编号", "问题类型", "小类代码", "小类名称", "立案条件", "问题来源", "X坐标", "Y坐标", "地址描述", "所在街道",
    "所在社区", "上报时间",
)  # fmt: skip


def new_cases(path: Path) -> None:
    """Write the new cases of the day: rows of the demo city as they are when they have just been reported."""
    with (DATA / "cases.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["X坐标"]][:NEW]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        for number, row in enumerate(rows):
            row["案件编号"] = f"N{number + 1:05}"
            row["上报时间"] = f"2026-03-05 08:{number % 60:02}:00"
            if number < UNPLACED:
                row.update({"X坐标": "", "Y坐标": "", "地址描述": "地图上点选", "所在社区": "", "所在街道": ""})
            writer.writerow(row)


class DispatchDay(CensusDay):
    """The steps."""

    STEPS = (
        "intake", "open_dock", "lists", "accept", "file_cases", "dispatch", "duty", "returns", "parking", "departments",
        "checking", "closing", "undo", "on_map", "export", "small_screen",
    )  # fmt: skip

    @property
    def desk(self) -> Any:
        """The desk of the dispatcher."""
        return self.desks.dispatch

    @property
    def moves(self) -> Any:
        """The moves of the dock."""
        return self.desks.moves

    # -- hands ----------------------------------------------------------------------------------------------------

    def still(self, seconds: float = 60) -> Iterator[None]:
        """Wait until list and page have come."""
        yield from pause(0.25)
        courier, link = self.desk.courier, self.controller.link
        yield from wait_for(
            lambda: not courier.busy and not courier.handing and not link.busy and not self.desk._timer.isActive(),
            seconds, "the desk",
        )  # fmt: skip
        yield from pause(0.1)

    def queue(self, queue: str) -> Iterator[None]:
        """Go to a queue by keyboard."""
        self.hand.choose(self.desk.dock.queue_box, queue)
        yield from self.still()

    def role(self, role: str) -> Iterator[None]:
        """Act in a role."""
        self.hand.choose(self.desk.dock.role_box, role)
        yield from self.still()

    def search(self, text: str) -> Iterator[None]:
        """Type into the search."""
        self.hand.write(self.desk.dock.search_edit, text)
        yield from self.still()

    def row(self, number: int) -> Iterator[None]:
        """Choose a row by keyboard."""
        view = self.desk.dock.view
        view.setFocus()
        view.clearSelection()
        QTest.keyClick(view, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
        for _ in range(number):
            QTest.keyClick(view, Qt.Key.Key_Down)
        if not view.selectionModel().hasSelection():
            view.selectRow(number)
        yield from self.still()

    def every(self) -> Iterator[None]:
        """Choose all rows of the list."""
        self.desk.dock.view.setFocus()
        QTest.keyClick(self.desk.dock.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        yield from self.still()

    def keys(self, action: str) -> None:
        """Press the keys of a move: F9 and its letter."""
        from digital_citymgmt_plugin.gui.docks.dispatch_moves import KEYS

        view = self.front()
        QTest.keyClick(view, Qt.Key.Key_F9)
        QTest.keyClick(view, getattr(Qt.Key, f"Key_{KEYS[action]}"))

    def front(self) -> Any:
        """Let the main window have the keyboard (there is no window manager that would) and return the list."""
        QApplication.setActiveWindow(iface.mainWindow())
        QApplication.processEvents()  # a window that has just closed hands the keyboard back
        self.desk.dock.view.setFocus()
        return self.desk.dock.view

    def give(self, reason: str = "", dept: str = "", amount: float = 0.0) -> Iterator[None]:
        """Fill the window of a move by keyboard and press its OK."""
        yield from wait_for(lambda: self.moves.dialog is not None and self.moves.dialog.isVisible(), 20, "the window")
        dialog = self.moves.dialog
        if dept:
            self.hand.choose(dialog.dept_box, dept)
        if amount:
            dialog.amount_box.setFocus()
            dialog.amount_box.selectAll()
            QTest.keyClicks(dialog.amount_box, f"{amount:g}")
            QTest.keyClick(dialog.amount_box, Qt.Key.Key_Tab)
        if reason:
            dialog.reason_edit.setPlainText(reason)
        yield from pause(0.2)
        self.hand.picture("move_asked", dialog)
        self.hand.click(dialog.buttons.button(QDialogButtonBox.StandardButton.Ok))
        yield from self.still()

    def write(self) -> Iterator[None]:
        """See the counts of a bulk move and write."""
        yield from wait_for(
            lambda: self.moves.dialog is not None and self.moves.dialog.isVisible()
            and bool(self.moves.dialog.findChildren(QPushButton, "discard_previewed")), 60, "the counts",
        )  # fmt: skip
        yield from pause(0.3)
        self.hand.picture("bulk_counts", self.moves.dialog)
        self.hand.click(first(self.moves.dialog.findChildren(QPushButton, "write_previewed"), "Write"))
        yield from self.still(120)

    def count(self) -> int:
        """Return how many cases the list has."""
        return int(self.desk.dock.cases.total)

    def one(self, action: str, stage: str, **given: Any) -> Iterator[None]:
        """Make one move with the case of the page by keys; look at the stage that it has then."""
        fid = self.desk.fid
        before = len(self.moves.done)
        may = self.moves.actions[action].isEnabled()
        self.check(f"{action}: may be done", may)
        if not may:
            self.findings.setdefault("refused", {})[action] = self.moves.actions[action].toolTip()
            return
        self.keys(action)
        if given:
            yield from self.give(**given)
        yield from self.still()
        yield from wait_for(lambda: len(self.moves.done) == before + 1, 30, f"{action} to be written")
        self.desk.show_fid(fid)
        yield from self.still()
        self.check(f"{action}: the page shows the stage {stage}", self.desk.page["case"]["stage"] == stage)

    # -- the day ----------------------------------------------------------------------------------------------------

    def intake(self) -> Iterator[None]:
        """Import the new cases and link them."""
        path = OUT / "new_cases.csv"
        new_cases(path)
        layer = QgsVectorLayer(f"file://{path}?encoding=UTF-8&detectTypes=no", "今日案件", "delimitedtext")
        QgsProject.instance().addMapLayer(layer)
        self.controller.run_algorithm("dcm:importcases", {"STORE": self.controller.path, "INPUT": str(path)})
        yield from self.algorithm("importcases")
        self.controller.run_algorithm("dcm:linkcases", {"STORE": self.controller.path})
        yield from self.algorithm("linkcases")
        QgsProject.instance().removeMapLayer(layer.id())

    def open_dock(self) -> Iterator[None]:
        """Open the dock from the menu."""
        yield from self.menu_action("dcm_dispatch")
        yield from self.still()
        yield from self.queue("new")
        self.check("the new cases wait", self.count() >= NEW)
        yield from self.row(UNPLACED + 2)
        self.document("dispatch-dock")
        for at in range(self.desk.dock.panel.tabs.count()):
            self.desk.dock.panel.tabs.setCurrentIndex(at)
            yield from pause(0.3)
            if at == 1:
                self.document(f"dispatch-page-{at}", self.desk.dock.panel)
            else:
                self.hand.picture(f"page_{at}", self.desk.dock.panel)
        self.desk.dock.panel.tabs.setCurrentIndex(0)

    def lists(self) -> Iterator[None]:
        """Search, filter, sort, next and previous."""
        dock = self.desk.dock
        yield from self.search("N00042")
        self.check("search by number", self.count() == 1)
        yield from self.search("")
        whole = self.count()
        self.hand.click(dock.filter_button)
        yield from pause(0.3)
        self.check("the filters are shown", dock.filter_area.isVisible())
        dock.class_box.setFocus()
        QTest.keyClick(dock.class_box, Qt.Key.Key_Down)
        yield from self.still()
        self.check("filter by class", self.count() != whole)
        self.document("dispatch-filters", dock)
        self.hand.click(dock.clear_button)
        yield from self.still()
        self.check("clear filters", self.count() == whole)
        self.hand.click(dock.filter_button)
        head = dock.view.horizontalHeader()
        for _ in range(2):
            QTest.mouseClick(head.viewport(), LEFT, NONE, QPoint(head.sectionViewportPosition(0) + 20, 8))
            yield from self.still()
        numbers = [dock.cases.row(at)["case_no"] for at in range(3)]
        self.check("sorted by number, falling", numbers == sorted(numbers, reverse=True))
        QTest.mouseClick(head.viewport(), LEFT, NONE, QPoint(head.sectionViewportPosition(0) + 20, 8))
        yield from self.still()
        yield from self.row(0)
        here = self.desk.fid
        self.hand.click(dock.next_button)
        yield from self.still()
        self.check("next", self.desk.fid != here)
        self.hand.click(dock.previous_button)
        yield from self.still()
        self.check("previous", self.desk.fid == here)
        QTest.keyClick(self.front(), Qt.Key.Key_F4)
        yield from self.still()
        self.check("F4 is next", self.desk.fid != here)

    def accept(self) -> Iterator[None]:
        """Verify one, accept it, refuse one; accept all others at once."""
        yield from self.role("acceptor")
        yield from self.search("N0")
        yield from self.row(0)
        yield from self.one("verify", "collection")
        yield from self.row(0)
        yield from self.one("accept", "filing")
        yield from self.search("N00100")
        yield from self.row(0)
        yield from self.one("reject_filing", "void", reason="不属于城市管理范围")
        yield from self.search("N0")
        yield from self.every()
        self.keys("accept")
        yield from self.write()
        self.check("all accepted", all(row is None or row["stage"] == "filing" for row in self._rows()))

    def _rows(self) -> list[Any]:
        return [self.desk.dock.cases.row(at) for at in range(self.count())]

    def file_cases(self) -> Iterator[None]:
        """File all; void one."""
        yield from self.role("shift_lead")
        yield from self.search("N00099")
        yield from self.row(0)
        yield from self.one("void", "void", reason="重复上报")
        yield from self.search("N0")
        yield from self.every()
        self.keys("file")
        yield from self.write()
        yield from self.queue("to_dispatch")
        self.check("all filed", self.count() == NEW - 2)
        self.hand.picture("queue")

    def dispatch(self) -> Iterator[None]:
        """Dispatch one with a department, all others at once."""
        yield from self.role("dispatcher")
        yield from self.row(1)
        department = str(self.desk.departments[0][0])
        self.keys("dispatch")
        yield from wait_for(lambda: self.moves.dialog is not None and self.moves.dialog.isVisible(), 20, "the window")
        self.document("dispatch-move", self.moves.dialog)
        before = self.count()
        yield from self.give(dept=department)
        self.check("one dispatched", self.count() == before - 1)
        yield from self.row(0)
        yield from self.one("return", "filing", reason="街道有误")
        yield from self.role("shift_lead")
        yield from self.one("file", "dispatch")
        yield from self.role("dispatcher")
        yield from self.every()
        self.keys("dispatch")
        yield from wait_for(lambda: self.moves.dialog is not None and self.moves.dialog.isVisible(), 20, "the window")
        yield from self.give(dept=department)
        yield from self.write()
        self.check("all dispatched", self.count() == 0)
        yield from self.queue("with_departments")
        yield from self.row(0)
        self.hand.picture("with_departments")

    def duty(self) -> Iterator[None]:
        """Look who answers for a case; record a ruling, ask for a remediation."""
        desk, panel = self.desks.duty, self.desk.dock.panel
        yield from self.search("N0")
        yield from self.row(8)
        panel.tabs.setCurrentWidget(panel.duty_area)
        yield from wait_for(lambda: desk.told is not None, 30, "who answers")
        self.check("a department and the rule are told", panel.duty.model().rowCount() >= 2)
        self.document("dispatch-duty", self.desk.dock)
        self.hand.click(panel.ruling_button)
        yield from wait_for(lambda: desk.dialog is not None and desk.dialog.isVisible(), 20, "the ruling")
        dialog = desk.dialog
        self.hand.choose(dialog.dept_box, str(self.desk.departments[0][0]))
        self.hand.write(dialog.decision_edit, "由该部门负责")
        self.document("dispatch-ruling", dialog)
        self.hand.click(dialog.buttons.button(QDialogButtonBox.StandardButton.Ok))
        yield from self.still()
        self.hand.click(panel.remediate_button)
        yield from wait_for(lambda: desk.dialog is not None and desk.dialog.isVisible(), 20, "the remediation")
        dialog = desk.dialog
        dialog.estimate_box.setValue(800.0)
        self.hand.write(dialog.note_edit, "井盖缺失")
        self.hand.picture("remediation", dialog)
        self.hand.click(dialog.buttons.button(QDialogButtonBox.StandardButton.Ok))
        yield from self.still()
        panel.tabs.setCurrentIndex(0)

    def returns(self) -> Iterator[None]:
        """A department sends one back; it is dispatched once more; one is supervised, one remediated."""
        yield from self.search("N0")
        yield from self.row(0)
        yield from self.role("department")
        yield from self.one("return", "dispatch", reason="不属于本部门")
        yield from self.role("dispatcher")
        yield from self.one("dispatch", "disposal", dept=str(self.desk.departments[1][0]))
        yield from self.row(1)
        yield from self.one("supervise", "disposal", reason="领导批示")
        yield from self.row(2)
        yield from self.one("remediate", "disposal", reason="权属单位无力整治")
        yield from self.queue("supervised")
        self.check("one is supervised", self.count() >= 1)
        yield from self.queue("remediation")
        self.check("one is remediated", self.count() >= 1)

    def parking(self) -> Iterator[None]:
        """Park one, resume it; ask for extensions, grant one, refuse one."""
        yield from self.queue("with_departments")
        yield from self.row(3)
        yield from self.one("park", "parked", reason="等待道路施工结束")
        yield from self.queue("parked")
        self.check("one is parked", self.count() >= 1)
        yield from self.search("N0")
        yield from self.row(0)
        yield from self.one("resume", "disposal")
        yield from self.queue("with_departments")
        for number, answer in ((4, "grant_extension"), (5, "refuse_extension")):
            yield from self.role("department")
            yield from self.row(number)
            yield from self.one("ask_extension", "disposal", reason="缺少配件", amount=2)
            yield from self.role("dispatcher")
            given = {"reason": "期限充足"} if answer == "refuse_extension" else {}
            yield from self.one(answer, "disposal", **given)

    def departments(self) -> Iterator[None]:
        """An appeal is refused; the departments dispose of all and feed back."""
        yield from self.role("department")
        yield from self.row(6)
        yield from self.one("appeal", "disposal", reason="责任划分有争议")
        yield from self.role("shift_lead")
        yield from self.one("refuse_appeal", "disposal", reason="依据权责清单")
        yield from self.role("department")
        yield from self.row(7)
        yield from self.one("dispose", "feedback")
        yield from self.one("feedback", "check")
        for action in ("dispose", "feedback"):
            yield from self.every()
            self.keys(action)
            yield from self.write()
        yield from self.queue("to_check")
        self.check("all wait for their check", self.count() == NEW - 2)

    def checking(self) -> Iterator[None]:
        """One has to be done again; the others pass."""
        yield from self.role("collector")
        yield from self.row(0)
        yield from self.one("rework", "disposal", reason="垃圾未清净")
        yield from self.role("department")
        yield from self.one("dispose", "feedback")
        yield from self.one("feedback", "check")
        yield from self.role("collector")
        yield from self.row(1)
        yield from self.one("check", "check")
        yield from self.every()
        self.keys("check")
        yield from self.write()

    def closing(self) -> Iterator[None]:
        """Close one by its button, all others by keys."""
        yield from self.role("shift_lead")
        yield from self.row(0)
        before = len(self.moves.done)
        self.hand.click(self.desk.dock.move_buttons["close"])
        yield from wait_for(lambda: len(self.moves.done) == before + 1, 30, "closing")
        yield from self.still()
        yield from self.every()
        self.keys("close")
        yield from self.write()
        self.check("nothing is left to check", self.count() == 0)
        self.hand.picture("done")

    def undo(self) -> Iterator[None]:
        """Take the bulk closing back and do it again."""
        self.check("undo is offered", self.desk.dock.undo_button.isEnabled())
        self.hand.click(self.desk.dock.undo_button)
        yield from self.still(120)
        self.check("the cases are back", self.count() == NEW - 3)
        yield from self.every()
        self.keys("close")
        yield from self.write()
        self.check("and closed again", self.count() == 0)

    def on_map(self) -> Iterator[None]:
        """Pick a case on the map; place one that has no place."""
        dock, canvas = self.desk.dock, iface.mapCanvas()
        yield from self.search("")
        yield from self.queue("open")
        yield from self.role("acceptor")
        place = next(row for row in self._rows() if row is not None and row["x"] is not None)
        self.desk.show_point(place)
        yield from self.settled()
        self.hand.click(dock.pick_button)
        QTest.mouseClick(canvas.viewport(), LEFT, NONE, self.pixel(place["x"], place["y"]))
        yield from self.still()
        self.check("a click on the map selects the case", self.desk.page is not None and self.desk.fid == place["fid"])
        self.document("dispatch-map")
        self.hand.click(dock.pick_button)
        yield from self.queue("unplaced")
        if self.count():
            yield from self.row(0)
            fid = self.desk.fid
            self.hand.click(dock.place_button)
            QTest.mouseClick(canvas.viewport(), LEFT, NONE, self.pixel(place["x"] + 30, place["y"]))
            yield from self.still()
            self.desk.show_fid(fid)
            yield from self.still()
            self.check("a click places a case", self.desk.page["case"]["x"] is not None)

    def pixel(self, x: float, y: float) -> QPoint:
        """Return where a place of the store is on the canvas."""
        from qgis.core import QgsPointXY

        canvas = iface.mapCanvas()
        target = canvas.mapSettings().destinationCrs()
        transform = QgsCoordinateTransform(self.desk.crs(), target, QgsProject.instance())
        point = canvas.getCoordinateTransform().transform(transform.transform(QgsPointXY(x, y)))
        return QPoint(round(point.x()), round(point.y()))

    def export(self) -> Iterator[None]:
        """Write the list to Excel (the window for files is the system's)."""
        path = OUT / "list.xlsx"
        self.desk.ask_file = lambda *_: str(path)
        self.hand.click(self.desk.dock.export_button)
        yield from self.still(60)
        self.check("the list is a workbook", path.is_file())

    def small_screen(self) -> Iterator[None]:
        """Look at the dock on a small screen, and whether any button is dead."""
        window = iface.mainWindow()
        window.setGeometry(0, 0, 1366, 768)
        yield from pause(1.0)
        self.hand.picture("at_1366_768")
        width = self.desk.dock.widget().minimumSizeHint().width()
        self.figure("least width of the dock (px)", width)
        self.check("the dock needs at most 520 px", width <= 520 * int(os.environ.get("QT_SCALE_FACTOR") or 1))
        window.setGeometry(0, 0, 1900, 1060)
        yield from self.settled()


if __name__ == "__main__":
    begin_round(DispatchDay)

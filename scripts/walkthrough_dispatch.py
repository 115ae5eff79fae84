# SPDX-License-Identifier: GPL-2.0-or-later
"""A dispatcher's day in the real window (``qgis --code``): 100 new cases from import to slips, by keyboard.

``bash scripts/run_walkthrough.sh --dispatch`` starts it with the demo city. Every move is made with its keys (F9 and a
letter), every button and entry of a menu is pressed once; what each left is read from the store, in its step and at the
end. What can be told of windows without eyes (``review_looks.py``) is told, too. ``DCM_WALK_STEPS`` of the environment
names the steps when not all are wanted. The pictures ``doc_….png`` are those of ``docs/user/img``.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QDialogButtonBox
from qgis.utils import iface

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from walkthrough_dispatch_page import PageSteps  # (``--code`` sets no path)
from walkthrough_dispatch_slips import SlipSteps
from walkthrough_hand import DATA, LEFT, OUT, begin_round, pause, wait_for

NONE = Qt.KeyboardModifier.NoModifier
NEW = 100
MORE = 12  # by which every entry of the menus is tried
UNPLACED = 3
PARK = "汇龙人民公园"
COLUMNS = (
    "案件编号", "问题类型", "小类代码", "小类名称", "立案条件", "问题来源", "X坐标", "Y坐标", "地址描述", "所在街道",
    "所在社区", "上报时间",
)  # fmt: skip


def new_cases(path: Path) -> None:
    """Write the new cases of the day: rows of the demo city as they are when they have just been reported."""
    with (DATA / "cases.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["X坐标"]][: NEW + MORE]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        for number, row in enumerate(rows):
            row["案件编号"] = f"N{number + 1:05}" if number < NEW else f"M{number - NEW + 1:05}"
            row["上报时间"] = f"2026-03-05 08:{number % 60:02}:00"
            if number < UNPLACED:
                row.update({"X坐标": "", "Y坐标": "", "地址描述": "地图上点选", "所在社区": "", "所在街道": ""})
            if number >= NEW + MORE - UNPLACED - 1:  # one is placed on the map, the others when their place is known
                row.update({"X坐标": "", "Y坐标": "", "地址描述": PARK, "部件编码": ""})
            writer.writerow(row)


class DispatchDay(PageSteps, SlipSteps):
    """The steps."""

    STEPS = tuple(os.environ.get("DCM_WALK_STEPS", "").split()) or (
        "intake", "open_dock", "lists", "accept", "file_cases", "dispatch", "duty", "returns", "wrong", "parking",
        "departments", "checking", "closing", "undo", "on_map", "export", "menu_moves", "links", "near", "rulings",
        "funds", "places", "filters", "cancel", "slips", "nothing_chosen", "packages", "small_screen", "dead",
    )  # fmt: skip

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
        self.watch_buttons()
        iface.mainWindow().resizeDocks([self.desk.dock], [560], Qt.Orientation.Horizontal)
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
        yield from self.numbers()
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

    def numbers(self) -> Iterator[None]:
        """List the cases of a number of an assessment table, as its dock does, and all others again by the button."""
        from digital_citymgmt_plugin.core.assessment.number_ids import NumberId

        dock = self.desk.dock
        number = NumberId("reported", {}, "reported", "2026-03-05", "2026-03-05", "2026-03-06")
        self.desk.show_number(number.to_text(), "上报：全部")
        yield from self.still()
        self.check("a number: its line and its cases are shown", dock.number_area.isVisible() and self.count() >= NEW)
        self.hand.picture("number", dock)
        self.hand.click(dock.number_button)
        yield from self.still()
        self.check("a number: all cases are back", not dock.number_area.isVisible())
        yield from self.queue("new")

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
        yield from self.give_remediation(200, "井盖缺失")
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
        self.keys("remediate")
        yield from self.give_remediation(100, "权属单位无力整治")
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
        before = list(self.moves.done)
        self.hand.click(self.desk.dock.move_buttons["close"])
        yield from self.written(before, "closing")
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
        yield from self.search("M00009")
        yield from self.row(0)
        fid = self.desk.fid
        self.check("the case has no place yet", self.desk.page["case"]["x"] is None)
        self.hand.click(dock.place_button)
        QTest.mouseClick(canvas.viewport(), LEFT, NONE, self.pixel(place["x"] + 30, place["y"]))
        yield from self.still()
        self.desk.show_fid(fid)
        yield from self.still()
        self.check("a click places a case", self.desk.page["case"]["x"] is not None)
        yield from self.search("")

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

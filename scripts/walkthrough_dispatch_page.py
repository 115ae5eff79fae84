# SPDX-License-Identifier: GPL-2.0-or-later
"""Steps at the case page of the dispatch dock: all moves from the menu and by buttons, component, duty, remediation.

What each left is read from the store at once; wrong input writes nothing and is told.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from qgis.PyQt.QtCore import QDate, Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QDialogButtonBox, QFileDialog, QLabel
from qgis.utils import iface
from walkthrough_dispatch_hand import DispatchHand
from walkthrough_hand import LEFT, OUT, pause, wait_for

from digital_citymgmt_plugin.core.requests import ImportPlaces, ImportTracks, Layer

NONE = Qt.KeyboardModifier.NoModifier
OK = QDialogButtonBox.StandardButton.Ok
_OF_CASE = "FROM case_record WHERE case_no = ?"


class PageSteps(DispatchHand):
    """The steps."""

    # -- moves ------------------------------------------------------------------------------------------------------

    def menu_moves(self) -> Iterator[None]:
        """Make every move of the menu by mouse, then every button once."""
        dock = self.desk.dock
        yield from self.find_case("M00001")
        yield from self.role("acceptor")
        yield from self.by_menu("verify", "collection")
        yield from self.by_menu("accept", "filing")
        yield from self.role("shift_lead")
        yield from self.by_menu("file", "dispatch")
        yield from self.role("dispatcher")
        yield from self.by_menu("supervise", "dispatch", reason="领导批示")
        yield from self.from_menu(dock.moves_button, dock.moves_menu, self.moves.actions["remediate"])
        yield from self.give_remediation(800, "权属不清")
        yield from self.by_menu("return", "filing", reason="地址有误")
        yield from self.role("shift_lead")
        yield from self.by_menu("file", "dispatch")
        yield from self.role("dispatcher")
        department = str(self.desk.departments[2][0])
        yield from self.by_menu("dispatch", "disposal", dept=department)
        yield from self.by_menu("park", "parked", reason="等待施工")
        yield from self.by_menu("resume", "disposal")
        for answer in ("grant", "refuse"):
            yield from self.role("department")
            yield from self.by_menu("ask_extension", "disposal", reason="缺少配件", amount=3)
            yield from self.by_menu("appeal", "disposal", reason="责任有争议")
            yield from self.role("shift_lead")
            given = {"reason": "期限充足"} if answer == "refuse" else {}
            yield from self.by_menu(f"{answer}_extension", "disposal", **given)
            stage = "dispatch" if answer == "grant" else "disposal"
            yield from self.by_menu(f"{answer}_appeal", stage, reason="依据权责清单")
            if answer == "grant":
                yield from self.role("dispatcher")
                yield from self.by_menu("dispatch", "disposal", dept=department)
        yield from self.role("department")
        yield from self.by_menu("dispose", "feedback")
        yield from self.by_menu("feedback", "check")
        yield from self.role("collector")
        yield from self.by_menu("rework", "disposal", reason="未清净")
        yield from self.role("department")
        yield from self.by_menu("dispose", "feedback")
        yield from self.by_menu("feedback", "check")
        yield from self.role("collector")
        yield from self.by_menu("check", "check")
        yield from self.role("shift_lead")
        yield from self.by_menu("close", "closed")
        self.check("nothing can be done with a closed case but to appeal", not any(
            made.isEnabled() for name, made in self.moves.actions.items() if "appeal" not in name
        ))  # fmt: skip
        yield from self.find_case("M00002")
        yield from self.role("acceptor")
        yield from self.by_menu("reject_filing", "void", reason="不属于城市管理范围")
        yield from self.find_case("M00003")
        yield from self.by_menu("void", "void", reason="重复上报")
        yield from self.corrections()
        yield from self.button_moves(department)

    def button_moves(self, department: str) -> Iterator[None]:
        """Press every button of a move once."""
        yield from self.find_case("M00004")
        yield from self.role("acceptor")
        yield from self.by_button("accept", "filing")
        yield from self.role("shift_lead")
        yield from self.by_button("file", "dispatch")
        yield from self.role("dispatcher")
        yield from self.by_button("return", "filing", reason="街道有误")
        yield from self.role("shift_lead")
        yield from self.by_button("file", "dispatch")
        yield from self.role("dispatcher")
        yield from self.by_button("dispatch", "disposal", dept=department)
        yield from self.by_button("park", "parked", reason="等待施工")
        yield from self.by_menu("resume", "disposal")
        yield from self.role("department")
        yield from self.by_menu("dispose", "feedback")
        yield from self.by_menu("feedback", "check")
        yield from self.role("collector")
        yield from self.by_button("rework", "disposal", reason="未清净")
        yield from self.role("department")
        yield from self.by_menu("dispose", "feedback")
        yield from self.by_menu("feedback", "check")
        yield from self.role("collector")
        yield from self.by_button("check", "check")
        yield from self.role("shift_lead")
        yield from self.by_button("close", "closed")
        self.findings["moves by mouse"] = sorted(self.entries)

    def corrections(self) -> Iterator[None]:
        """Correct place and class, from the menu and by buttons."""
        dock, desk = self.desk.dock, self.desks.amending
        yield from self.find_case("M00004")
        yield from self.from_menu(dock.moves_button, dock.moves_menu, desk.place_action)
        self.check("menu: a correction waits for a click on the map", dock.place_button.isChecked())
        yield from self.move_place("the correction from the menu")
        self.hand.click(dock.place_button)
        yield from self.move_place("the correction by its button")
        for words, code in (("menu", "0102"), ("button", "0103")):
            before = list(self.moves.done)
            if words == "menu":
                yield from self.from_menu(dock.moves_button, dock.moves_menu, desk.class_action)
            else:
                self.hand.click(dock.class_button)
            dialog = yield from self.window()
            self.hand.picture("class_asked", dialog)
            self.hand.write(dialog.picker.field, code)
            yield from pause(0.4)
            dialog.picker.field.setFocus()
            QTest.keyClick(dialog.picker.field, Qt.Key.Key_Return)
            yield from self.written(before, f"the class by {words}")
            told = self.read(f"SELECT class_code {_OF_CASE}", "M00004")
            self.check(f"class by {words} is in the store", told == [(code,)])

    def move_place(self, words: str) -> Iterator[None]:
        """Click a place some metres beside the case of the page; the store has the new one, and back."""
        fid, case = self.desk.fid, self.desk.page["case"]
        before = list(self.moves.done)
        self.desk.show_point(case)
        yield from self.settled()
        QTest.mouseClick(iface.mapCanvas().viewport(), LEFT, NONE, self.pixel(case["x"] + 12, case["y"] + 7))
        yield from self.written(before, words)
        told = self.read("SELECT place_method FROM case_record WHERE fid = ?", fid)
        self.check(f"{words} is in the store", told == [("hand",)])
        self.desk.show_fid(fid)
        yield from self.still()

    # -- wrong input ------------------------------------------------------------------------------------------------

    def asked(self, action: str) -> Iterator[None]:
        """Press the keys of a move and wait for its window."""
        self.keys(action)
        yield from self.window()

    def refused(self, words: str, dialog: Any) -> Iterator[None]:
        """See that a window says what is wrong and cannot be accepted by button or Enter."""
        yield from pause(0.2)
        self.hand.picture("refused", dialog)
        ok = dialog.buttons.button(OK)
        self.check(f"wrong: {words}: OK is off", not ok.isEnabled())
        self.hand.click(ok)
        QTest.keyClick(dialog, Qt.Key.Key_Return)
        yield from pause(0.3)
        self.check(f"wrong: {words}: the window stays", dialog.isVisible())
        self.check(f"wrong: {words}: a sentence says why", any(
            label.isVisible() and label.text().strip() for label in dialog.findChildren(QLabel, "missing")
        ))  # fmt: skip

    def wrong(self) -> Iterator[None]:
        """Give each window what it cannot take: nothing is written, and it says what is missing."""
        before = self.operations()
        yield from self.find_case("M00005")
        yield from self.role("acceptor")
        yield from self.asked("reject_filing")
        dialog = self.moves.dialog
        yield from self.refused("no reason", dialog)
        dialog.reason_edit.setPlainText(" \n\t ")
        yield from self.refused("a reason of blanks", dialog)
        dialog.reject()
        yield from self.still()
        yield from self.wrong_extension()
        yield from self.wrong_filters()
        after = self.operations()
        self.figure("operations before and after wrong input", after - before)
        self.check("wrong input wrote nothing", after == before)

    def wrong_extension(self) -> Iterator[None]:
        """Letters in a number, no length, a day of review in the past, a dispatch to nobody."""
        yield from self.queue("with_departments")
        yield from self.search("N0")
        yield from self.row(5)
        yield from self.role("department")
        yield from self.asked("ask_extension")
        dialog = self.moves.dialog
        dialog.amount_box.setFocus()
        dialog.amount_box.selectAll()
        QTest.keyClicks(dialog.amount_box, "abc")
        dialog.reason_edit.setPlainText("缺少配件")
        self.check("wrong: letters are no number", dialog.amount_box.value() == 0)
        yield from self.refused("an extension of nothing", dialog)
        dialog.amount_box.selectAll()
        QTest.keyClicks(dialog.amount_box, "-5")
        self.check("wrong: no extension is negative", dialog.amount_box.value() >= 0)
        dialog.reject()
        yield from self.still()
        yield from self.role("dispatcher")
        yield from self.asked("park")
        dialog = self.moves.dialog
        dialog.reason_edit.setPlainText("等待施工")
        dialog.until_edit.setDate(QDate(2020, 1, 1))
        yield from self.refused("a review in the past", dialog)
        dialog.reject()
        yield from self.still()

    def wrong_filters(self) -> Iterator[None]:
        """Days that are none, a search of signs: a sentence, or an empty list."""
        dock = self.desk.dock
        self.hand.click(dock.filter_button)
        whole = self.count()
        for text in ("2026-13-45", "昨天"):
            yield from self.enter(dock.from_edit, text)
            told = dock.label.text()
            self.findings.setdefault("told", {})[text] = told
            self.check(f"wrong: the day {text} is told", text in told)
        self.hand.picture("wrong_day", dock)
        yield from self.enter(dock.from_edit, "")
        for text in ("' OR 1=1 --", "%", "<b>x</b>", "=1+1"):
            yield from self.search(text)
            self.check(f"wrong: {text} is looked for as it is", self.count() == 0)
        yield from self.search("N0")
        self.hand.click(dock.filter_button)
        yield from self.still()
        self.check("wrong: the list is whole again", self.count() == whole)

    # -- component --------------------------------------------------------------------------------------------------

    def links(self) -> Iterator[None]:
        """Choose another component for a case, none, and take both back; press Enter on one."""
        desk, dock = self.desks.links, self.desk.dock
        numbers = [row[0] for row in self.read(
            "SELECT case_no FROM case_record WHERE kind = 'component' AND stage NOT IN ('closed', 'void')"
            " AND component_uuid IS NOT NULL ORDER BY case_no LIKE 'M%' DESC, case_no"
        )]  # fmt: skip
        for number in numbers[:40]:
            yield from self.find_case(number)
            yield from self.tab(desk.area)
            yield from wait_for(lambda: desk.told is not None, 20, "what it may be about")
            if len(desk.choices) > 1:
                break
        self.check("component: there is a choice", len(desk.choices) > 1)
        self.document("dispatch-links", dock.panel)
        held = self.read(f"SELECT component_uuid, link_method {_OF_CASE}", number)
        other = next(at for at, one in enumerate(desk.choices) if not one["current"])
        wanted = str(desk.choices[other]["uuid"])
        for words, act, expected in (
            ("chosen", lambda: self.hand.click(desk.choose_button), [(wanted, "manual")]),
            ("none", lambda: self.hand.click(desk.none_button), [(None, "manual")]),
            ("by Enter", lambda: QTest.keyClick(desk.view, Qt.Key.Key_Return), [(wanted, "manual")]),
        ):  # fmt: skip
            yield from wait_for(lambda: desk.told is not None, 20, "what it may be about")
            yield from pause(0.2)
            before = list(self.moves.done)
            desk.view.setFocus()
            desk.view.selectRow([str(one["uuid"]) for one in desk.choices].index(wanted))
            act()
            yield from self.written(before, f"component {words}")
            told = self.read(f"SELECT component_uuid, link_method {_OF_CASE}", number)
            self.findings.setdefault("links", []).append([words, told])
            self.check(f"component: {words} is in the store", told == expected)
        yield from wait_for(lambda: desk.told is not None, 20, "what it may be about")
        self.hand.picture("link_chosen", dock.panel)
        for _ in range(3):
            before = list(self.moves.done)
            self.hand.click(dock.undo_button)
            yield from self.written(before, "taking back")
        told = self.read(f"SELECT component_uuid, link_method {_OF_CASE}", number)
        self.check("component: taken back to what it was", told == held)
        dock.panel.tabs.setCurrentIndex(0)

    # -- what is near ----------------------------------------------------------------------------------------------

    def near(self) -> Iterator[None]:
        """Bring a camera and a track in; press Enter on what is near, and on an earlier case."""
        panel = self.desk.dock.panel
        crs = self.desk.crs().authid()
        earlier = "SELECT case_no FROM case_record WHERE case_no LIKE 'M%' ORDER BY case_no"
        for (number,) in self.read(earlier):
            yield from self.find_case(number)
            if self.desk.page["earlier"] and self.desk.page["case"]["x"] is not None:
                break
        case, other = self.desk.page["case"], self.desk.page["earlier"][0]
        x, y = case["x"], case["y"]
        for name, head, line in (
            ("cameras", "编号,点位名称,方向,视角,距离,x,y", f"CAM1,路口摄像头,180,90,80,{x},{y + 40}"),
            ("tracks", "监督员,时间,X坐标,Y坐标", f"王强,2026-03-05 08:30:00,{x + 60},{y - 20}"),
        ):
            (OUT / f"{name}.csv").write_text(f"{head}\n{line}\n", encoding="utf-8")
        self.desk.write_now(ImportPlaces(Layer(str(OUT / "cameras.csv"), crs=crs), "camera"), lambda _answer: None)
        yield from self.settled()
        tracks = ImportTracks(Layer(str(OUT / "tracks.csv"), crs=crs), kind="collector")
        self.desk.write_now(tracks, lambda _answer: None)
        yield from self.settled()
        self.desk.show_fid(case["fid"])
        yield from self.still()
        yield from self.tab(panel.nearby)
        rows = panel.nearby.model().rowCount()
        self.check("near: the collector and the camera are told", rows == 2)
        self.document("dispatch-nearby", panel)
        canvas = iface.mapCanvas()
        for row in range(rows):
            panel.nearby.setFocus()
            panel.nearby.selectRow(row)
            canvas.setExtent(canvas.fullExtent())
            QTest.keyClick(panel.nearby, Qt.Key.Key_Return)
            yield from self.settled()
            one = panel._near[row]
            far = canvas.center().sqrDist(self.on_canvas(one["x"], one["y"])) ** 0.5
            self.check(f"near: Enter shows row {row} on the map", canvas.extent().contains(
                self.on_canvas(one["x"], one["y"])) and far < canvas.extent().width() / 2)  # fmt: skip
        yield from self.tab(panel.earlier)
        panel.earlier.setFocus()
        panel.earlier.selectRow(0)
        QTest.keyClick(panel.earlier, Qt.Key.Key_Return)
        yield from self.still()
        self.check("earlier: Enter opens the case", self.desk.fid == other["fid"])
        panel.tabs.setCurrentIndex(0)

    # -- rulings ----------------------------------------------------------------------------------------------------

    def rulings(self) -> Iterator[None]:
        """Rule that a case is nobody's, disputed, a department's (with evidence); take all three back, rule again."""
        desk, dock, panel = self.desks.duty, self.desk.dock, self.desk.dock.panel
        proof = OUT / "会议纪要.txt"
        proof.write_text("由该部门负责", encoding="utf-8")
        count = "SELECT count(*) FROM ruling"
        yield from self.find_case("M00006")
        yield from self.tab(panel.duty_area)
        before = self.read(count)
        for number, kind in enumerate(("unowned", "disputed", "owner", "owner")):
            if number == 3:
                for _ in range(3):
                    held = list(self.moves.done)
                    self.hand.click(dock.undo_button)
                    yield from self.written(held, "taking back")
                self.check("rulings: taken back", self.read(count) == before)
            held = list(self.moves.done)
            self.hand.click(panel.ruling_button)
            yield from wait_for(lambda: desk.dialog is not None and desk.dialog.isVisible(), 20, "the ruling")
            dialog = desk.dialog
            self.hand.choose(dialog.kind_box, kind)
            if kind == "owner":
                dialog.dept_box.setCurrentIndex(-1)
                yield from self.refused("a ruling for no department", dialog)
                self.hand.choose(dialog.dept_box, str(self.desk.departments[1][0]))
                ask, QFileDialog.getOpenFileNames = QFileDialog.getOpenFileNames, lambda *_: ([str(proof)], "")
                self.hand.click(dialog.file_button)  # (the window for files is the system's)
                QFileDialog.getOpenFileNames = ask
                self.hand.write(dialog.by_edit, "指挥中心")
            self.hand.write(dialog.decision_edit, f"裁定{number}")
            self.hand.click(dialog.buttons.button(OK))
            yield from self.written(held, f"the ruling {kind}")
            told = self.read("SELECT kind, decision, evidence IS NOT NULL FROM ruling ORDER BY fid DESC LIMIT 1")
            self.check(f"ruling {number}: {kind} is in the store", told == [(kind, f"裁定{number}", kind == "owner")])
        yield from wait_for(lambda: desk.told is not None, 30, "who answers")
        self.hand.picture("ruled", panel)
        yield from self.ask_another()

    def ask_another(self) -> Iterator[None]:
        """Ask for a remediation of a case, first without a reason."""
        desk, panel = self.desks.duty, self.desk.dock.panel
        yield from self.find_case("M00007")
        yield from self.role("shift_lead")
        yield from self.to_dispatch()
        yield from self.tab(panel.duty_area)
        before = self.read("SELECT count(*) FROM remediation")[0][0]
        self.hand.click(panel.remediate_button)
        yield from wait_for(lambda: desk.dialog is not None and desk.dialog.isVisible(), 20, "the remediation")
        dialog = desk.dialog
        yield from self.refused("a remediation without a reason", dialog)
        dialog.estimate_box.setFocus()
        dialog.estimate_box.selectAll()
        QTest.keyClicks(dialog.estimate_box, "-100x")
        self.check("wrong: an estimate is no letters and not negative", dialog.estimate_box.value() >= 0)
        yield from self.give_remediation(300, "护栏倒伏")
        after = self.read("SELECT count(*) FROM remediation")[0][0]
        self.check("remediation: asked for", after == before + 1)
        panel.tabs.setCurrentIndex(0)

    def to_dispatch(self) -> Iterator[None]:
        """Bring the new case of the page to where it can be dispatched."""
        yield from self.role("acceptor")
        yield from self.by_menu("accept", "filing")
        yield from self.by_menu("file", "dispatch")
        yield from self.role("dispatcher")

    # -- remediation and funds --------------------------------------------------------------------------------------

    def funds(self) -> Iterator[None]:
        """Add a fund, change it; approve, finish and refuse remediations; wrong amounts are told."""
        desk = self.desks.remediation
        yield from self.menu_action("dcm_remediation")
        yield from wait_for(lambda: desk.dialog is not None and desk.dialog.isVisible(), 20, "the funds")
        dialog = desk.dialog
        yield from self.fund(dialog.new_button, "应急维修资金", 500, wrong=True)
        self.check("fund: is in the store", self.read("SELECT name, amount FROM fund") == [("应急维修资金", 500)])
        dialog.queue_view.selectRow(self.asked_row(dialog, 800))
        self.hand.click(dialog.steps["approve"])
        step = yield from self.question()
        yield from self.refused("more than the fund has", step)
        self.hand.click(step.over_box)
        yield from self.refused("an overdraft by nobody", step)
        step.reject()
        yield from pause(0.3)
        dialog.fund_view.selectRow(0)
        yield from self.fund(dialog.change_button, "应急维修资金", 5000)
        self.check("fund: is changed", self.read("SELECT amount FROM fund") == [(5000,)])
        for name, cost in (("approve", 800), ("finish", 700)):
            dialog.queue_view.selectRow(self.asked_row(dialog, 800))
            self.hand.click(dialog.steps[name])
            step = yield from self.question()
            step.amount_box.setValue(cost)
            self.hand.write(step.note_edit, "已核")
            self.hand.picture(f"remediation_{name}", step)
            self.hand.click(step.buttons.button(OK))
            yield from self.settled()
        told = self.read("SELECT state, cost FROM remediation WHERE estimate = 800")
        self.check("remediation: is done and paid", told == [("done", 700)])
        dialog.queue_view.selectRow(self.asked_row(dialog, 300))
        self.hand.click(dialog.steps["refuse"])
        step = yield from self.question()
        yield from self.refused("a refusal without a reason", step)
        self.hand.write(step.note_edit, "由权属单位整治")
        self.hand.click(step.buttons.button(OK))
        yield from self.settled()
        told = self.read("SELECT state FROM remediation WHERE estimate = 300")
        self.check("remediation: is refused", told == [("refused",)])
        self.hand.click(dialog.refresh_button)
        yield from self.settled()
        self.document("remediation", desk.dialog)
        self.hand.click(dialog.case_button)
        yield from self.still()
        shown = dialog.chosen_row()["case_fid"]
        self.check("remediation: its case is shown", self.desk.fid == shown)
        dialog.reject()
        yield from self.settled()

    @staticmethod
    def asked_row(dialog: Any, estimate: float) -> int:
        """Return the row of the remediation with an estimate."""
        return next(at for at, row in enumerate(dialog.queue.rows) if row["estimate"] == estimate)

    def question(self) -> Generator[None, None, Any]:
        """Wait for the question that the window of funds asks."""
        desk = self.desks.remediation
        yield from wait_for(lambda: desk.question is not None and desk.question.isVisible(), 20, "the question")
        return desk.question

    def fund(self, button: Any, name: str, amount: float, *, wrong: bool = False) -> Iterator[None]:
        """Add or change a fund."""
        self.hand.click(button)
        asked = yield from self.question()
        self.hand.write(asked.name_edit, "")
        if wrong:
            yield from self.refused("a fund without a name", asked)
        self.hand.write(asked.name_edit, name)
        asked.amount_box.setValue(amount)
        self.hand.picture("fund", asked)
        self.hand.click(asked.buttons.button(OK))
        yield from self.settled()

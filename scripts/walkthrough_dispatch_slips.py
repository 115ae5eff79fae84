# SPDX-License-Identifier: GPL-2.0-or-later
"""Steps of the dispatch walk with files: filters against the store, slips of each kind, packages and their receipt.

The last step looks for buttons and entries of menus that nobody pressed.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.utils import iface
from walkthrough_dispatch_hand import DispatchHand
from walkthrough_hand import LEFT, OUT, pause, wait_for

from digital_citymgmt_plugin.core.requests import ImportPlaces, Layer

_COUNT = "SELECT count(*) FROM case_record WHERE "
# What a filter asks of the store; the value is the code of its entry.
_SQL = {
    "class_box": _COUNT + "class_code LIKE ? || '%'", "dept_box": _COUNT + "coalesce(dept_code, '') = ?",
    "area_box": _COUNT + "? IN (street_code, community_code, grid_code)",
    "source_box": _COUNT + "coalesce(source, '') = ?", "stage_box": _COUNT + "stage = ?",
}  # fmt: skip
_SLIPS = 3


class SlipSteps(DispatchHand):
    """The steps."""

    def filters(self) -> Iterator[None]:
        """Choose in each filter; the list has as many cases as the store says."""
        dock = self.desk.dock
        yield from self.queue("all")
        yield from self.search("")
        yield from wait_for(lambda: self.desk.full >= 1, 60, "closed cases")
        yield from self.still()
        whole = self.count()
        self.check("all cases are listed", whole == self.read("SELECT count(*) FROM case_record")[0][0])
        self.hand.click(dock.filter_button)
        for name in (*_SQL, "beat_box", "lamp_box"):
            box = getattr(dock, name)
            if box.count() < 2:
                self.findings.setdefault("filters without a choice", []).append(name)
                continue
            box.setFocus()
            for _ in range(min(2, box.count() - 1)):
                QTest.keyClick(box, Qt.Key.Key_Down)
            yield from self.still()
            number = self.count()
            if name in _SQL:
                there = self.read(_SQL[name], box.currentData())[0][0]
                self.check(f"filter {name}: the list is that of the store", number == there)
            self.check(f"filter {name}: something is filtered", number < whole)
            self.hand.click(dock.clear_button)
            yield from self.still()
        day = _COUNT + "date(reported_at, '+8 hours') "  # of the city, whose day is another one than that of UTC
        for edit, question in ((dock.from_edit, day + ">= ?"), (dock.to_edit, day + "<= ?")):
            yield from self.enter(edit, "2026-03-05")
            there = self.read(question, "2026-03-05")[0][0]
            self.check(f"filter by days {question[-4:-2]}: the list is the store's", self.count() == there)
            self.hand.click(dock.clear_button)
            yield from self.still()
        self.hand.click(dock.filter_button)
        self.check("filters: the list is whole again", self.count() == whole)

    def cancel(self) -> Iterator[None]:
        """Stop bulk moves while their counts are made, by both buttons: nothing is written."""
        dock = self.desk.dock
        line = self.buttons()["dcm_cancel_running"]
        yield from self.queue("all")
        yield from self.search("")
        before = self.operations()
        for button in (dock.cancel_button, line):
            yield from self.every()
            self.keys("void")
            yield from self.asked_reason("重复上报")
            for _ in range(300):
                if button.isVisible() or self.moves.dialog is not None:
                    break
                yield
            self.findings.setdefault("cancelled", []).append(button.isVisible())
            self.hand.click(button)
            yield from pause(0.5)
            if self.moves.dialog is not None:
                self.moves.dialog.reject()
            yield from self.still()
        self.check("cancel: nothing is written", self.operations() == before)
        self.check("cancel: the bar is gone", not dock.cancel_button.isVisible())

    def asked_reason(self, reason: str) -> Iterator[None]:
        """Give a reason and press OK at once."""
        dialog = yield from self.window()
        dialog.reason_edit.setPlainText(reason)
        self.hand.click(dialog.ok)

    def places(self) -> Iterator[None]:
        """Go through the cases that wait for a place: take one that is proposed, look one up, click one on the map."""
        desk, dock = self.desks.places, self.desk.dock
        crs = self.desk.crs().authid()
        case = self.read("SELECT max(case_no) FROM case_record WHERE case_no LIKE 'M%' AND geom IS NOT NULL")[0][0]
        yield from self.find_case(case)
        x, y = self.desk.page["case"]["x"], self.desk.page["case"]["y"]
        (OUT / "parks.csv").write_text(f"名称,x,y\n汇龙人民公园,{x + 15},{y}\n", encoding="utf-8")
        self.desk.write_now(ImportPlaces(Layer(str(OUT / "parks.csv"), crs=crs), "landmark"), lambda _answer: None)
        yield from self.settled()
        yield from self.role("dispatcher")
        lost = "SELECT count(*) FROM case_record WHERE case_no LIKE 'M%' AND geom IS NULL"
        waiting = self.read(lost)[0][0]
        self.check("places: some wait", waiting >= 3)
        yield from self.tab(desk.area)
        self.hand.choose(desk.which_box, "nowhere")
        self.hand.click(desk.next_button)
        yield from self.still()
        yield from self.find_case("M00012")
        yield from self.tab(desk.area)
        yield from wait_for(lambda: desk.told is not None, 20, "where it may be")
        self.check("places: one is proposed", bool(desk.places))
        self.document("dispatch-place")
        before = list(self.moves.done)
        self.hand.click(desk.take_button)
        yield from self.written(before, "the proposed place")
        self.check("places: the proposed one is in the store", self.read(lost)[0][0] == waiting - 1)
        yield from self.find_case("M00011")
        yield from self.tab(desk.area)
        yield from wait_for(lambda: desk.told is not None, 20, "where it may be")
        self.hand.write(desk.text_edit, "没有这个地方")
        desk.text_edit.setFocus()
        QTest.keyClick(desk.text_edit, Qt.Key.Key_Return)
        yield from self.still()
        self.check("wrong: a place that is none is told", not desk.places and bool(desk.label.text()))
        self.hand.write(desk.text_edit, "汇龙人民公园")
        desk.text_edit.setFocus()
        QTest.keyClick(desk.text_edit, Qt.Key.Key_Return)
        yield from self.still()
        self.check("places: another name is looked up", bool(desk.places))
        before = list(self.moves.done)
        desk.view.setFocus()
        QTest.keyClick(desk.view, Qt.Key.Key_Return)
        yield from self.written(before, "the place that was looked up")
        yield from self.find_case("M00010")
        yield from self.tab(desk.area)
        self.desk.show_point({"x": x, "y": y})
        yield from self.settled()
        before = list(self.moves.done)
        self.hand.click(desk.click_button)
        QTest.mouseClick(iface.mapCanvas().viewport(), LEFT, Qt.KeyboardModifier.NoModifier, self.pixel(x - 9, y + 9))
        yield from self.written(before, "the place that was clicked")
        self.check("places: all three are in the store", self.read(lost)[0][0] == waiting - 3)
        dock.panel.tabs.setCurrentIndex(0)

    # -- slips ------------------------------------------------------------------------------------------------------

    def some_rows(self, number: int) -> Iterator[None]:
        """Select the first rows by keyboard."""
        yield from self.row(0)
        for _ in range(number - 1):
            QTest.keyClick(self.desk.dock.view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
        yield from self.still()

    def dialog_of(self, words: str) -> Iterator[None]:
        """Wait for the dialog that a menu opened."""
        yield from wait_for(lambda: bool(self.plugin.dialogs.dialogs()), 20, f"the dialog of {words}")
        yield from pause(0.4)

    def slips(self) -> Iterator[None]:
        """Write slips of each kind from the menu; the files are there."""
        dock, desk = self.desk.dock, self.desks.slips
        for kind in ("dispatch", "supervision", "check", "parked_list", "dossier"):
            yield from self.queue("parked" if kind == "parked_list" else "all")
            yield from self.search("" if kind == "parked_list" else "N0000")
            yield from self.some_rows(_SLIPS)
            yield from self.from_menu(dock.slips_button, dock.slips_menu, desk.actions[kind])
            yield from self.dialog_of(kind)
            dialog = self.plugin.dialogs.dialogs()[-1]
            folder = OUT / "slips" / kind
            folder.parent.mkdir(exist_ok=True)
            self.hand.write(self.widget(dialog, "OUTPUT"), str(folder))
            yield from self.algorithm(f"slips_{kind}")
            files = sorted(folder.glob("*.pdf")) if folder.is_dir() else []
            self.check(f"slips: {kind} are written", len(files) == (1 if kind == "parked_list" else _SLIPS))
            self.check(f"slips: {kind} are no empty files", all(one.stat().st_size > 2_000 for one in files))
        yield from self.queue("all")
        yield from self.search("N0000")
        yield from self.some_rows(_SLIPS)
        for number, words in enumerate((*desk.actions,), start=1):
            QTest.keyClick(self.front(), Qt.Key.Key_F9)
            QTest.keyClick(dock.view, getattr(Qt.Key, f"Key_{number}"))
            yield from self.dialog_of(words)
            self.check(f"keys: F9, {number} opens {words}", len(self.plugin.dialogs.dialogs()) == 1)
            self.plugin.dialogs.dialogs()[-1].close()
            yield from self.settled()

    def nothing_chosen(self) -> Iterator[None]:
        """Slips of no case and of a case that is not there: a sentence, no file."""
        dock, desk = self.desk.dock, self.desks.slips
        yield from self.search("no such case")
        dock.view.clearSelection()
        self.desk.fid = 0
        yield from self.from_menu(dock.slips_button, dock.slips_menu, desk.actions["dispatch"])
        yield from self.still()
        self.check("wrong: slips of no case are told", not self.plugin.dialogs.dialogs() and bool(dock.label.text()))
        self.controller.run_algorithm("dcm:writeslips", {
            "STORE": self.controller.path, "CASES": "没有这个案件", "OUTPUT": str(OUT / "slips" / "none"),
        })  # fmt: skip
        yield from self.algorithm("slips_unknown")
        self.check("wrong: slips of an unknown case are none", not list((OUT / "slips").glob("none/*.pdf")))

    # -- packages ---------------------------------------------------------------------------------------------------

    def packages(self) -> Iterator[None]:
        """Pack the cases of two departments, with their slips; read the receipts back, a wrong one first."""
        dock, desk = self.desk.dock, self.desks.slips
        yield from self.queue("all")
        yield from self.search("N0000")
        yield from self.some_rows(_SLIPS)
        yield from self.from_menu(dock.slips_button, dock.slips_menu, desk.actions["pack"])
        yield from self.dialog_of("pack")
        dialog, folder = self.plugin.dialogs.dialogs()[-1], OUT / "packages"
        self.hand.write(self.widget(dialog, "OUTPUT"), str(folder))
        self.hand.write(self.widget(dialog, "SLIPS"), str(OUT / "slips" / "dispatch"))
        yield from self.algorithm("pack")
        zips = sorted(folder.glob("*.zip"))
        self.check("packages: are written", bool(zips))
        packed = self.read("SELECT count(*) FROM package_case")[0][0]
        self.check("packages: the store knows who got which", packed == _SLIPS)
        nonsense = OUT / "nonsense.xlsx"
        nonsense.write_text("nothing", encoding="utf-8")
        for path in (nonsense, *[self.receipt(one) for one in zips]):
            yield from self.from_menu(dock.slips_button, dock.slips_menu, desk.actions["receipt"])
            yield from self.dialog_of("receipt")
            dialog = self.plugin.dialogs.dialogs()[-1]
            self.hand.write(self.widget(dialog, "INPUT"), str(path))
            yield from self.algorithm("receipt_wrong" if path == nonsense else "receipt")
            if path == nonsense:
                states = self.read("SELECT DISTINCT state FROM package_case")
                self.check("wrong: a receipt that is none writes nothing", states == [("packed",)])
        states = dict(self.read("SELECT state, count(*) FROM package_case GROUP BY state"))
        self.findings["receipts"] = states
        self.check("receipts: are read back", states == {"accepted": _SLIPS})

    @staticmethod
    def receipt(package: Path) -> Path:
        """Fill in the receipt of a package, as its receiver does."""
        from openpyxl import load_workbook

        path = OUT / f"receipt_{package.stem}.xlsx"
        with zipfile.ZipFile(package) as archive:
            name = next(one for one in archive.namelist() if one.endswith("receipt.xlsx"))
            path.write_bytes(archive.read(name))
        book = load_workbook(path)
        for sheet in book.worksheets:
            head = [str(cell.value or "") for cell in sheet[1]]
            if "state" in head:
                for row in range(2, sheet.max_row + 1):
                    sheet.cell(row, head.index("state") + 1).value = "已接收"
                    sheet.cell(row, head.index("at") + 1).value = "2026-03-06 09:00"
        book.save(path)
        return path

    # -- what nobody pressed ----------------------------------------------------------------------------------------

    def dead(self) -> Iterator[None]:
        """Tell the buttons and entries that were not pressed."""
        yield from pause(0.1)
        never: list[Any] = [name for name in self.buttons() if name not in self.pressed]
        for menu in (self.desk.dock.moves_menu, self.desk.dock.slips_menu):
            never += [one.text() for one in menu.actions() if not one.isSeparator() and one.text() not in self.entries]
        self.findings["never pressed"] = never
        self.check(f"dead: never pressed: {never}" if never else "every button and entry was pressed", not never)
        self.findings["looks"] = self.looks
        self.check("windows: nothing is cut off, unnamed, untranslated or has a letter twice", not self.looks)

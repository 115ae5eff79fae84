# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases brought in by example in the real window: a platform's workbook, guesses, counts, rejects mended and fed back.

``bash scripts/run_walkthrough.sh --cases`` starts it with the workbook of ``scripts/case_workbook.py``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from qgis.utils import iface

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from walkthrough_census import CensusDay  # (``--code`` sets no path)
from walkthrough_hand import DATA, OUT, begin_round, pause, wait_for

from digital_citymgmt_plugin.core.requests import CreateStore, ImportAreas, Layer

BOOK = OUT / "cases" / "平台导出.xlsx"
STORE = OUT / "city.gpkg"


class CasesDay(CensusDay):
    """The steps."""

    STEPS = ("look", "choose", "write", "again", "mended")

    def run(self) -> Iterator[None]:
        """Make a city that has communities and no cases, then do the steps."""
        iface.mainWindow().setGeometry(0, 0, 1900, 1060)
        self.desks = self.plugin.census
        yield from pause(1.0)
        self.begin("new city")
        self.controller.create_store(CreateStore(str(STORE), "2013", "320681", "启东市", "EPSG:4550"))
        yield from wait_for(lambda: bool(self.controller.path), 60, "the store")
        yield from self.quiet()
        areas = Layer(str(DATA / "areas.gpkg"), layer="communities")
        self.plugin.cases.write_now(ImportAreas(areas, "community", "code", "name"))
        yield from self.quiet()
        self.findings["demo"] = self.controller.path
        self.opened: list[str] = []
        self.plugin.cases.open_file = self.opened.append  # no spreadsheet program in the walk
        for step in self.STEPS:
            self.begin(step)
            yield from getattr(self, step)()

    def look(self) -> Iterator[None]:
        """Open the file (the window of the system is not ours): the sheet and its columns are found."""
        actions = self.plugin.cases
        began = time.monotonic()
        actions.look(str(BOOK))
        yield from wait_for(lambda: actions.dialog is not None and actions.dialog.isVisible(), 60, "the window")
        yield from self.settled()
        dialog = actions.dialog
        dialog.move(40, 20)
        self.figure("workbook looked at, s", time.monotonic() - began)
        self.check("the sheet of cases is found", dialog.layer_box.currentText() == "案件明细")
        self.check("the case number is guessed", dialog.boxes["case_no"].currentData() == "工单流水")
        self.check("the time is guessed by its values", dialog.boxes["reported_at"].currentData() == "群众反映")
        self.check("the coordinates are guessed", dialog.boxes["x"].currentData() == "东坐标")
        self.check("unknown words are listed", dialog.words.rowCount() > 0)
        self.check("places are drawn", len(dialog.sketch.points) > 100)
        self.check("nothing is written yet", self.dock.model.counts.get("cases", 0) == 0)
        self.document("cases-mapping", dialog)

    def choose(self) -> Iterator[None]:
        """Choose a class for a word; take a column away and put it back: the picture follows."""
        dialog = self.plugin.cases.dialog
        names = [dialog.words.item(row, 0).text() for row in range(dialog.words.rowCount())]
        box = dialog.words.cellWidget(names.index("流动摊点占道"), 2)
        box.setCurrentIndex(max(1, box.currentIndex()))
        box.activated.emit(box.currentIndex())
        self.hand.choose(dialog.boxes["x"], "")
        yield from self.settled()
        self.check("without a column there are no places", not dialog.sketch.points)
        self.hand.choose(dialog.boxes["x"], "东坐标")
        yield from self.settled()
        self.check("with it there are", len(dialog.sketch.points) > 0)

    def write(self) -> Iterator[None]:
        """See the counts, write; the list of rejects is opened."""
        actions = self.plugin.cases
        self.hand.click(actions.dialog.go)
        yield from self.confirm("cases", lambda: actions.preview)
        yield from self.settled()
        self.check("cases are in the store", self.dock.model.counts.get("cases", 0) > 300)
        self.check("the list of rejects is opened", len(self.opened) == 1 and Path(self.opened[0]).is_file())
        self.hand.picture("cases_written")

    def again(self) -> Iterator[None]:
        """Look at the same file again: it is known by its headings and has nothing new."""
        actions = self.plugin.cases
        actions.look(str(BOOK))
        yield from wait_for(lambda: actions.dialog is not None and actions.dialog.isVisible(), 60, "the window")
        yield from self.settled()
        self.check("the mapping is known again", actions.dialog.answer["origin"] == "recognised")
        self.check("the word has its class", actions.dialog.words.rowCount() == 0 or "流动摊点占道" not in [
            actions.dialog.words.item(row, 0).text() for row in range(actions.dialog.words.rowCount())
        ])  # fmt: skip
        self.hand.picture("cases_again", actions.dialog)
        actions.close_dialog()
        yield from self.settled()

    def mended(self) -> Iterator[None]:
        """Feed the list of rejects back after its times were mended (by hand, in a spreadsheet program)."""
        from openpyxl import load_workbook

        before = self.dock.model.counts.get("cases", 0)
        path = Path(self.opened[0])
        book = load_workbook(path)
        sheet = book.worksheets[0]
        head = [cell.value for cell in sheet[1]]
        column = head.index("群众反映") + 1
        for row in range(2, sheet.max_row + 1):
            if sheet.cell(row, column).value == "上周某日":
                sheet.cell(row, column).value = "2025年3月5日 下午3时20分"
        book.save(path)
        actions = self.plugin.cases
        actions.look(str(path))
        yield from wait_for(lambda: actions.dialog is not None and actions.dialog.isVisible(), 60, "the window")
        yield from self.settled()
        self.hand.picture("cases_mended", actions.dialog)
        self.hand.click(actions.dialog.go)
        yield from self.confirm("cases_mended", lambda: actions.preview)
        yield from self.settled()
        self.check("the mended rows came in", self.dock.model.counts.get("cases", 0) > before)


if __name__ == "__main__":
    begin_round(CasesDay)

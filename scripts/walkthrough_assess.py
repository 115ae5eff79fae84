# SPDX-License-Identifier: GPL-2.0-or-later
"""The assessment dock in the real window (``qgis --code``): periods, figures on the map, cases of numbers, files.

``bash scripts/run_walkthrough.sh --assess`` starts it with the demo city. The pictures ``doc_….png`` are those of
``docs/user/img``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from typing import Any

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication
from qgis.utils import iface

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from walkthrough_census import CensusDay  # (``--code`` sets no path)
from walkthrough_hand import OUT, begin_round, pause, wait_for

from digital_citymgmt_plugin.bridge.assessment_layer import find_assessed


class AssessmentDay(CensusDay):
    """The steps."""

    STEPS = (
        "open_dock", "figures", "on_map", "periods", "fairness", "cases", "rates", "kept", "compared", "brief",
        "another_day", "files", "small_screen",
    )  # fmt: skip

    @property
    def desk(self) -> Any:
        """The desk of the assessment."""
        return self.desks.assessment

    def still(self, seconds: float = 60) -> Iterator[None]:
        """Wait until table, comparison and series have come."""
        yield from pause(0.25)
        courier = self.desk.courier
        yield from wait_for(
            lambda: not courier.busy and not courier.handing and not self.desk._timer.isActive(), seconds, "the table"
        )
        yield from pause(0.1)

    def set(self, box: Any, value: str) -> Iterator[None]:
        """Choose in a box by its words; the time until the table stands there is noted."""
        began = time.perf_counter()
        shown: list[float] = []

        def note() -> None:
            shown.append(time.perf_counter() - began)

        self.desk.shown.connect(note)
        self.hand.choose(box, box.itemText(box.findData(value)))
        yield from self.still()
        self.desk.shown.disconnect(note)
        self.findings.setdefault("seconds", {})[value] = [round(second, 3) for second in shown[:1]]

    def cell(self, key: str, row: int = 0) -> None:
        """Select a cell."""
        view, model = self.desk.dock.view, self.desk.dock.model
        index = model.index(row, self.desk.table.at(key))
        view.setCurrentIndex(index)
        view.scrollTo(index)

    def open_dock(self) -> Iterator[None]:
        """Open the dock from the menu; all cases stand there."""
        yield from self.menu_action("dcm_assessment")
        yield from wait_for(lambda: self.desk.answer is not None, 20, "the table")
        yield from self.still()
        dock = self.desk.dock
        self.check("streets and their total", dock.model.rowCount() > 1)
        self.check("formulas stand below", bool(dock.notes.toPlainText()))
        self.hand.picture("open")

    def figures(self) -> Iterator[None]:
        """Sort by a figure, choose a scheme, choose rows."""
        dock = self.desk.dock
        yield from self.set(dock.by_box, "department")
        self.desk._sort(self.desk.table.at("filed"))
        yield from pause(0.2)
        self.document("assessment-table", dock)
        yield from self.set(dock.by_box, "community")

    def on_map(self) -> Iterator[None]:
        """Colour communities by a rate, then by a number."""
        dock = self.desk.dock
        self.hand.click(dock.map_button)
        yield from pause(1.5)
        layer = find_assessed()
        self.check("the figure is on the map", layer is not None and layer.featureCount() > 0)
        if layer is not None:
            canvas = iface.mapCanvas()
            canvas.setExtent(canvas.mapSettings().layerExtentToOutputExtent(layer, layer.extent()).buffered(200))
        yield from self.settled()
        self.cell("closing_rate", 0)
        self.document("assessment-map")

    def periods(self) -> Iterator[None]:
        """Go through the periods; compare with the one before."""
        dock = self.desk.dock
        for name in ("this_month", "last_month", "this_quarter", "last_year", "this_year"):
            yield from self.set(dock.period_box, name)
        self.hand.click(dock.more_button)
        yield from self.set(dock.period_box, "this_month")
        yield from self.set(dock.compare_box, "before")
        self.check("the change of ranks stands there", self.desk.table.at("change") > 0)
        self.document("assessment-compare", dock)
        yield from self.set(dock.compare_box, "")
        yield from self.set(dock.period_box, "all")

    def fairness(self) -> Iterator[None]:
        """Look at the series, go into one of its months; at intervals and ranks, at what rose; at the totals."""
        dock = self.desk.dock
        yield from self.set(dock.by_box, "department")
        yield from self.set(dock.period_box, "this_year")
        self.hand.picture("series", dock)
        spans = self.desk.series.spans
        self.check("a series has parts", len(spans) > 1)
        dock.chart.chosen.emit(1)
        yield from self.still()
        self.check("a click shows that part", dock.days() == spans[1])
        yield from self.set(dock.compare_box, "before")
        for name, page in (("fairness", self.desk.fairness.fair), ("change", self.desk.fairness.change)):
            dock.tabs.setCurrentWidget(page)
            yield from self.still()
            self.document(f"assessment-{name}", dock)
        self.check("rates are judged", self.desk.fairness.fair_view.model().rowCount() > 0)
        self.check("changes are listed", self.desk.fairness.change_view.model().rowCount() > 0)
        dock.tabs.setCurrentWidget(dock.ties)
        yield from pause(0.2)
        self.check("all totals agree", "✓" in dock.tabs.tabText(dock.tabs.currentIndex()))
        self.hand.picture("ties", dock)
        dock.tabs.setCurrentWidget(dock.chart)
        yield from self.set(dock.compare_box, "")
        yield from self.set(dock.by_box, "community")
        yield from self.set(dock.period_box, "all")

    def kept(self) -> Iterator[None]:
        """Keep the table, change what is shown, open it again."""
        dock, runs = self.desk.dock, self.desk.runs
        before = [list(row) for row in self.desk.table.rows]
        self.hand.click(dock.freeze_button)
        yield from wait_for(lambda: runs.dialog is not None and runs.dialog.isVisible(), 20, "the name")
        self.hand.picture("keep", runs.dialog)
        runs.dialog.accept()
        yield from self.quiet()
        yield from self.still()
        yield from self.set(dock.by_box, "grid")
        self.hand.click(dock.runs_button)
        yield from wait_for(lambda: hasattr(runs.dialog, "view") and runs.dialog.isVisible(), 20, "the kept tables")
        dialog = runs.dialog
        dialog.view.selectRow(0)
        yield from pause(0.3)
        self.document("assessment-kept", dialog)
        self.hand.click(dialog.open_button)
        yield from self.still()
        self.check("the kept table is as it was", self.desk.table.rows == before and bool(self.desk.frozen))
        path = OUT / "kept.png"
        self.desk.ask_file = lambda *_words: str(path)
        self.hand.click(dock.picture_button)
        yield from pause(0.5)
        self.check("its picture is written", path.is_file())
        yield from self.set(dock.by_box, "community")

    def compared(self) -> Iterator[None]:
        """Compare the kept table with what is counted now: nothing changed."""
        dock, runs = self.desk.dock, self.desk.runs
        runs.dialog = None  # the one before is gone
        self.hand.click(dock.runs_button)
        yield from wait_for(lambda: runs.dialog is not None and runs.dialog.isVisible(), 20, "the kept tables")
        kept, runs.dialog = runs.dialog, None
        kept.view.selectRow(0)
        yield from pause(0.3)
        self.hand.click(kept.compare_button)
        yield from wait_for(lambda: runs.dialog is not None and runs.dialog.isVisible(), 20, "the comparison")
        self.hand.picture("compared", runs.dialog)
        self.check("nothing changed since it was kept", runs.dialog.rows == [])
        runs.dialog.reject()

    def brief(self) -> Iterator[None]:
        """Write the brief of the kept table: Word file and workbook."""
        dock, runs = self.desk.dock, self.desk.runs
        path = OUT / "简报.docx"
        self.desk.ask_file = lambda *_words: str(path)
        runs.dialog = None  # the one before is gone
        self.hand.click(dock.runs_button)
        yield from wait_for(lambda: hasattr(runs.dialog, "view") and runs.dialog.isVisible(), 20, "the kept tables")
        runs.dialog.view.selectRow(0)
        yield from pause(0.3)
        self.hand.click(runs.dialog.brief_button)
        yield from wait_for(lambda: path.is_file() and path.with_suffix(".xlsx").is_file(), 60, "the brief")
        yield from self.quiet()
        self.hand.picture("brief_written")
        self.check("the brief is a Word file", path.read_bytes()[:2] == b"PK" and path.stat().st_size > 20_000)

    def another_day(self) -> Iterator[None]:
        """Colour the unit grids as they were on a day, and beats; a day without grids is refused with a sentence."""
        dock = self.desk.dock
        yield from self.set(dock.by_box, "grid")
        now = {str(row[0]) for row in self.desk.table.rows}
        if not dock.more_button.isChecked():
            self.hand.click(dock.more_button)
        for day, words in ((time.strftime("%Y-%m-%d"), ""), ("1999-01-01", "1999-01-01")):
            self.hand.click(dock.grids_edit)
            dock.grids_edit.clear()
            QTest.keyClicks(dock.grids_edit, day)
            QTest.keyClick(dock.grids_edit, Qt.Key.Key_Return)
            yield from self.still()
            if words:
                self.check("a day without grids is refused", words in dock.label.text())
                continue
            if not dock.map_button.isChecked():
                self.hand.click(dock.map_button)
            yield from wait_for(lambda: find_assessed() is not None, 20, "the coloured grids of the day")
            rows = {str(row[0]) for row in self.desk.table.rows}
            self.check("rows are the grids of today", rows - {""} == now - {""})
            self.check("its day stands in the name", day in find_assessed().name())
            self.hand.picture("grids_of_a_day")
        dock.grids_edit.clear()
        QTest.keyClick(dock.grids_edit, Qt.Key.Key_Return)
        yield from self.set(dock.by_box, "beat")
        self.hand.picture("beats")
        self.hand.click(dock.map_button)
        yield from self.set(dock.by_box, "community")

    def cases(self) -> Iterator[None]:
        """Open the cases of a number with Enter: they stand in the dispatch dock."""
        dock = self.desk.dock
        self.cell("filed", 1)
        QApplication.setActiveWindow(iface.mainWindow())
        dock.view.setFocus()
        QTest.keyClick(dock.view, Qt.Key.Key_Return)
        yield from self.still()
        desk = self.desks.dispatch
        yield from wait_for(lambda: desk.dock.isVisible() and bool(desk.number), 20, "the dispatch dock")
        yield from wait_for(lambda: not desk.courier.busy and not desk._timer.isActive(), 30, "the list")
        yield from self.settled()
        expected = self.desk.dock.model.row(1)[self.desk.table.at("filed")]
        self.findings["cases"] = [expected, desk.dock.cases.total]
        self.check("as many cases as the number says", desk.dock.cases.total == expected)
        self.document("assessment-cases")
        self.hand.click(desk.dock.number_button)
        yield from self.settled()
        self.check("all cases again", not desk.number and not desk.dock.number_area.isVisible())

    def rates(self) -> Iterator[None]:
        """Of a rate a menu asks which cases are meant."""
        self.desks._bring(self.desk.dock)
        yield from pause(0.5)
        self.cell("closing_rate", 0)
        self.hand.click(self.desk.dock.cases_button)
        yield from pause(0.4)
        menu = self.desk.numbers.menu
        self.check("three choices", menu is not None and len(menu.actions()) == 3)
        self.hand.picture("rate_menu")
        if menu is not None:
            menu.close()
        yield from pause(0.2)

    def files(self) -> Iterator[None]:
        """Write the table as workbook, CSV and layer (the window of files is the system's)."""
        for ending in ("xlsx", "csv", "gpkg"):
            path = OUT / f"assessment.{ending}"
            self.desk.ask_file = lambda *_words, path=path: str(path)
            self.hand.click(self.desk.dock.export_button)
            yield from self.quiet()
            yield from pause(0.3)
            self.check(f"{ending} is written", path.is_file())
        del self.desk.ask_file

    def small_screen(self) -> Iterator[None]:
        """Look at the dock on a small screen."""
        window = iface.mainWindow()
        window.setGeometry(0, 0, 1366, 768)
        yield from pause(1.0)
        self.hand.picture("at_1366_768")
        self.check("the dock fits 1366 × 768", window.height() <= 768)
        window.setGeometry(0, 0, 1900, 1060)
        yield from self.settled()


if __name__ == "__main__":
    begin_round(AssessmentDay)

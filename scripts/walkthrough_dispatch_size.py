# SPDX-License-Identifier: GPL-2.0-or-later
"""The dispatch dock over a big store in the real window (``qgis --code``): how fast it opens, filters, sorts, shows.

``bash scripts/run_walkthrough.sh --dispatch --store city.gpkg`` starts it. Figures are told beside their bars, not
judged: other work on the machine is in them. Each is the median of several; the wait is from the click to the list or
page.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.utils import iface

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from walkthrough_hand import LEFT, Round, begin_round, pause, wait_for

STORE = os.environ.get("DCM_WALK_STORE", "")
NONE = Qt.KeyboardModifier.NoModifier


class BigDesk(Round):
    """The steps."""

    def __init__(self) -> None:
        super().__init__()
        self.desk: Any = self.plugin.census.dispatch
        self.lists = self.pages = 0
        self.desk.listed.connect(self._listed)
        self.desk.page_shown.connect(self._shown)

    def _listed(self) -> None:
        self.lists += 1

    def _shown(self, _fid: int) -> None:
        self.pages += 1

    def run(self) -> Iterator[None]:
        """Open the store, then the dock; filter, sort, search, select."""
        iface.mainWindow().setGeometry(0, 0, 1900, 1060)
        self.dock.show()
        self.begin("open store")
        self.controller.open_store(STORE)
        yield from wait_for(lambda: bool(self.dock.model.counts), 120, "the counts")
        yield from wait_for(lambda: self.controller._loading is None, 300, "the layers")
        yield from self.quiet(300)
        yield from self.open_dock()
        yield from self.work("open cases")
        yield from self.whole()
        yield from self.work("all cases")
        yield from self.search()
        self.hand.picture("end")

    def open_dock(self) -> Iterator[None]:
        """Open the dock: until the list with its counts is there."""
        self.begin("open dock")
        began = time.perf_counter()
        self.plugin.census._bring(self.desk.dock)
        yield from wait_for(lambda: self.lists > 0, 60, "the list")
        self.figure("dock opened with its list (s, bar 2)", time.perf_counter() - began)
        self.figure("cases in the store's open queues", self.desk.dock.queue_box.count())
        yield from pause(0.5)
        self.hand.picture("opened")

    def timed(self, words: str, acts: list[Callable[[], None]], bar: float, what: str = "lists") -> Iterator[None]:
        """Do several things; note the median and the longest time from each to its answer."""
        self.begin(words)
        took = []
        for act in acts:
            before = getattr(self, what)
            began = time.perf_counter()
            act()
            while getattr(self, what) == before:
                if time.perf_counter() - began > 60:
                    raise TimeoutError(words)
                yield
            took.append(time.perf_counter() - began)
            yield from pause(0.2)
        self.figure(f"{words}: median (s, bar {bar})", statistics.median(took))
        self.figure(f"{words}: longest (s)", max(took))

    def work(self, name: str) -> Iterator[None]:
        """Go to a queue; filter, sort, select."""
        dock, desk = self.desk.dock, self.desk
        queue = "open" if name == "open cases" else "all"
        if queue == "open":
            yield from self.timed(f"{name}: queue", [lambda: self.queue("open")], 0.3)
        dock.filter_button.setChecked(True)
        head = dock.view.horizontalHeader()

        def sort(column: int) -> Callable[[], None]:
            return lambda: QTest.mouseClick(
                head.viewport(), LEFT, NONE, self.place(head, column)
            )  # fmt: skip

        yield from self.timed(f"{name}: sort", [sort(column) for column in (0, 3, 4, 2, 1, 0)], 0.3)
        boxes = (dock.dept_box, dock.class_box, dock.source_box, dock.area_box)
        acts: list[Callable[[], None]] = []
        for box in boxes:
            acts += [lambda box=box: box.setCurrentIndex(2), lambda box=box: box.setCurrentIndex(0)]
        yield from self.timed(f"{name}: filter (150 ms of waiting for more in it)", acts, 0.3)

        def click(row: int) -> Callable[[], None]:
            view = dock.view
            return lambda: QTest.mouseClick(
                view.viewport(), LEFT, NONE, view.visualRect(dock.cases.index(row, 0)).center()
            )

        dock.view.clearSelection()  # a row that is chosen already asks for nothing
        yield from self.timed(f"{name}: page of a case", [click(row) for row in (1, 3, 2, 4, 0, 5)], 0.2, "pages")
        yield from self.timed(
            f"{name}: next case by key", [lambda: QTest.keyClick(dock.view, Qt.Key.Key_Down) for _ in range(10)], 0.2,
            "pages",
        )  # fmt: skip
        self.hand.picture(name.replace(" ", "_"))
        bar = dock.view.verticalScrollBar()
        self.begin(f"{name}: scroll")
        began = time.perf_counter()
        bar.setValue(bar.maximum() // 2)
        row = dock.cases.total // 2
        yield from wait_for(lambda: dock.cases.row(row) is not None, 20, "the page")
        self.figure(f"{name}: page in the middle of the list (s)", time.perf_counter() - began)
        bar.setValue(0)
        desk.dock.clear_button.click()
        yield from pause(0.6)

    def queue(self, queue: str) -> None:
        """Choose a queue."""
        self.desk.dock.queue_box.setCurrentIndex(self.desk.dock.queue_box.findData(queue))

    @staticmethod
    def place(head: Any, column: int) -> Any:
        """Return where the heading of a column is, brought into sight."""
        from qgis.PyQt.QtCore import QPoint

        view = head.parent()
        view.scrollTo(view.model().index(view.rowAt(2), column))
        return QPoint(head.sectionViewportPosition(column) + 12, head.height() // 2)

    def whole(self) -> Iterator[None]:
        """Wait until the engine has read closed cases, too; then list all."""
        self.begin("closed cases read")
        began = time.perf_counter()
        yield from wait_for(lambda: self.desk.full >= 1, 120, "closed cases")
        self.figure("closed cases read meanwhile (s)", time.perf_counter() - began)
        yield from self.timed("all cases: queue", [lambda: self.queue("all")], 0.3)
        self.figure("cases listed", self.desk.dock.cases.total)

    def search(self) -> Iterator[None]:
        """Search among all cases."""
        edit = self.desk.dock.search_edit
        for word in ("84号", "C010220150730", "路"):
            yield from self.timed(f"search {word}", [lambda word=word: edit.setText(word)], 1.0)
            self.figure(f"search {word}: found", self.desk.dock.cases.total)
        yield from self.timed("search taken away", [lambda: edit.setText("")], 0.3)


if __name__ == "__main__":
    begin_round(BigDesk)

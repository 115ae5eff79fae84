# SPDX-License-Identifier: GPL-2.0-or-later
"""The assessment dock over a big store in the real window (``qgis --code``): how fast a change of choice is answered.

``bash scripts/run_walkthrough.sh --assess --store city.gpkg`` starts it. Figures are told beside their bars, not
judged: other work on the machine is in them. Each is the median of several; the wait is from the choice to the table,
with the 60 ms that the dock waits for further choices.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from qgis.utils import iface

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from walkthrough_hand import Round, begin_round, pause, wait_for

STORE = os.environ.get("DCM_WALK_STORE", "")


class BigTable(Round):
    """The steps."""

    def __init__(self) -> None:
        super().__init__()
        self.desk: Any = self.plugin.census.assessment
        self.tables = 0
        self.desk.shown.connect(self._shown)

    def _shown(self) -> None:
        self.tables += 1

    def run(self) -> Iterator[None]:
        """Open the store, then the dock; change period, rows, scheme, with the map and without."""
        iface.mainWindow().setGeometry(0, 0, 1900, 1060)
        self.dock.show()
        self.begin("open store")
        self.controller.open_store(STORE)
        yield from wait_for(lambda: bool(self.dock.model.counts), 120, "the counts")
        yield from wait_for(lambda: self.controller._loading is None, 300, "the layers")
        yield from self.quiet(300)
        self.begin("first table")
        began = time.perf_counter()
        self.plugin.census._bring(self.desk.dock)
        yield from wait_for(lambda: self.tables > 0, 600, "the first table")
        self.figure("first table, all cases read (s)", time.perf_counter() - began)
        yield from pause(2)
        self.hand.picture("first")
        dock = self.desk.dock
        periods = ("this_month", "last_month", "this_quarter", "last_quarter", "this_year", "last_year", "this_week")
        for by in ("department", "community", "street", "grid"):
            yield from self.timed(f"{by}: rows", [self.chooser(dock.by_box, by)], 0.3)
            yield from self.timed(f"{by}: period", [self.chooser(dock.period_box, name) for name in periods], 0.3)
        self.hand.picture("grids")
        yield from self.timed("other scheme", [self.chooser(dock.scheme_box, "qidong")], 0.3)
        dock.map_button.setChecked(True)
        yield from pause(3)
        acts = [self.chooser(dock.period_box, name) for name in periods]
        yield from self.timed("grids on the map: period", acts, 0.3)
        yield from pause(5)
        self.hand.picture("map")

    @staticmethod
    def chooser(box: Any, value: str) -> Callable[[], None]:
        """Return what chooses a value in a box."""
        return lambda: box.setCurrentIndex(box.findData(value))

    def timed(self, words: str, acts: list[Callable[[], None]], bar: float) -> Iterator[None]:
        """Do several things; note the median and the longest time from each to its table."""
        self.begin(words)
        took, asked = [], []
        for act in acts:
            before, began = self.tables, time.perf_counter()
            act()
            while self.tables == before:
                if time.perf_counter() - began > 120:
                    raise TimeoutError(words)
                yield
            took.append(time.perf_counter() - began)
            asked.append(self.desk.took)
            yield from wait_for(lambda: not self.desk.courier.busy and not self.desk.courier.handing, 120, "the series")
            yield from pause(0.3)
        self.figure(f"{words}: median (s, bar {bar})", statistics.median(took))
        self.figure(f"{words}: longest (s)", max(took))
        self.figure(f"{words}: of it engine and pipe, median (s)", statistics.median(asked))


if __name__ == "__main__":
    begin_round(BigTable)

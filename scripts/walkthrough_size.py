# SPDX-License-Identifier: GPL-2.0-or-later
"""A big store in the real window (``qgis --code``): open it, click every number, save and reopen the project.

``bash scripts/run_walkthrough.sh --store city.gpkg`` starts it. Figures are told, not judged: ``make test`` does not
run this.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

import qgis.utils
from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.utils import iface

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from walkthrough_hand import LEFT, OUT, Round, begin_round, pause, wait_for

PLUGIN = "digital_citymgmt_plugin"
STORE = os.environ.get("DCM_WALK_STORE", "")


class BigCity(Round):
    """The steps."""

    def run(self) -> Iterator[None]:
        """Open the store, click all numbers, pan, save, reopen."""
        iface.mainWindow().setGeometry(0, 0, 1900, 1060)
        self.dock.hide()
        yield from pause(1.0)
        yield from self.open()
        yield from self.numbers()
        yield from self.again()

    def open(self) -> Iterator[None]:
        """Show the dock with a store: from the click to the counts, and to the last layer."""
        self.begin("open dock and store")
        began = time.perf_counter()
        self.dock.show()
        self.controller.open_store(STORE)
        yield from wait_for(lambda: bool(self.dock.model.counts), 120, "the counts")
        self.figure("dock with counts (s)", time.perf_counter() - began)
        yield from wait_for(lambda: self.controller._loading is None, 300, "the layers")
        self.figure("all layers there (s)", time.perf_counter() - began)
        self.begin("first drawing")
        yield from self.quiet(300)
        self.figure("map drawn (s)", time.perf_counter() - began)
        self.hand.picture("opened")

    def numbers(self) -> Iterator[None]:
        """Click every line of the table."""
        from digital_citymgmt_plugin.gui.models.health import KEY_ROLE

        model, view = self.dock.model, self.dock.health_view
        for key in list(model.counts):
            self.begin(f"number: {key}")
            flags = Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive
            index = model.match(model.index(0, 0), KEY_ROLE, key, 1, flags)[0]
            view.scrollTo(index)
            self.dock.selection_label.setText("")
            began = time.perf_counter()
            QTest.mouseClick(view.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, view.visualRect(index).center())
            yield from wait_for(lambda: bool(self.dock.selection_label.text()), 60, f"an answer to {key}")
            self.figure(f"answer to {key} (s)", time.perf_counter() - began)
            yield from self.quiet(300)
            self.hand.picture(f"number_{key}")

    def again(self) -> Iterator[None]:
        """Save the project, start with an empty one, open it again; once more without the plugin."""
        project = QgsProject.instance()
        path = str(OUT / "big.qgz")
        self.begin("save project")
        project.write(path)
        yield from pause(0.3)
        self.begin("close store")
        self.controller.close_store()
        yield from pause(0.5)
        self.begin("empty project")
        iface.newProject(False)
        yield from pause(2.0)
        self.begin("open project")
        began = time.perf_counter()
        iface.addProject(path)
        self.figure("project read (s)", time.perf_counter() - began)
        yield from wait_for(lambda: bool(self.dock.model.counts), 120, "the counts")
        self.figure("project read, dock with counts (s)", time.perf_counter() - began)
        self.begin("project: first drawing")
        yield from self.quiet(300)
        self.figure("project drawn (s)", time.perf_counter() - began)
        self.hand.picture("project")
        self.begin("close")
        self.controller.close_store()
        iface.newProject(False)
        yield from pause(1.0)
        yield from self.without(path)

    def without(self, path: str) -> Iterator[None]:
        """Read the same project in the same window without the plugin: what QGIS itself needs for it."""
        qgis.utils.unloadPlugin(PLUGIN)
        yield from pause(1.0)
        self.begin("QGIS alone: open project")
        began = time.perf_counter()
        iface.addProject(path)
        self.figure("QGIS alone: project read (s)", time.perf_counter() - began)
        yield from pause(0.5)
        self.begin("QGIS alone: empty project")
        iface.newProject(False)
        yield from pause(0.5)
        self.begin("plugin loaded again")
        if not (qgis.utils.loadPlugin(PLUGIN) and qgis.utils.startPlugin(PLUGIN)):
            raise RuntimeError("the plugin does not load again")
        yield from pause(0.5)


begin_round(BigCity)

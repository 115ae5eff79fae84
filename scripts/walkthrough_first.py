# SPDX-License-Identifier: GPL-2.0-or-later
"""The first run in the real window (``qgis --code``): the demo city by a click, the wizard with good and bad files.

``bash scripts/run_walkthrough.sh --first`` starts it; ``--theme`` and ``--scale`` set how it looks.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QMimeData, QPointF, Qt, QUrl
from qgis.PyQt.QtGui import QDropEvent
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QWidget, QWizard
from qgis.utils import iface

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from walkthrough_hand import DATA, OUT, Round, begin_round, pause, wait_for  # (``--code`` sets no path)

FILES = OUT / "first_day"
NEXT, FINISH = QWizard.WizardButton.NextButton, QWizard.WizardButton.FinishButton


class FirstRun(Round):
    """The steps."""

    def run(self) -> Iterator[None]:
        """Demo city, wizard with much, wizard with little."""
        theme = os.environ.get("DCM_WALK_THEME", "")
        if theme:
            QgsApplication.setUITheme(theme)
        size = iface.mainWindow().screen().availableGeometry()
        iface.mainWindow().setGeometry(0, 0, min(1900, size.width()), min(1060, size.height()))
        yield from pause(1.0)
        yield from self.demo()
        yield from self.much()
        yield from self.little()
        yield from self.one_layer()

    # -- demo ---------------------------------------------------------------------------------------------------

    def demo(self) -> Iterator[None]:
        """Press *Open demo city*."""
        self.begin("demo city")
        self.hand.picture("empty_dock")
        self.hand.picture("empty_dock_close", self.dock)
        self.check("the dock offers the demo city", self.dock.demo_button.isVisible())
        began = time.perf_counter()
        self.hand.click(self.dock.demo_button)
        yield from wait_for(lambda: self.dock.progress_bar.value() > 30 or bool(self.controller.path), 120, "progress")
        self.hand.picture("demo_building")
        yield from wait_for(lambda: bool(self.controller.path), 240, "the demo city")
        self.figure("demo city built and open (s)", time.perf_counter() - began)
        yield from self.quiet()
        yield from pause(1.0)  # the map begins to draw a moment after the last layer
        yield from self.quiet()
        self.findings["demo"] = self.controller.path
        self.hand.picture("demo_city")
        self.begin("demo city again")
        self.controller.close_store()
        yield from pause(1.0)
        self.hand.click(self.dock.demo_button)
        yield from wait_for(lambda: bool(self.controller.path), 60, "the demo city again")
        self.check("the demo city is not built twice", self.controller.path == self.findings["demo"])
        yield from self.quiet()
        self.controller.close_store()
        yield from pause(0.5)

    # -- wizard -------------------------------------------------------------------------------------------------

    def open_wizard(self) -> Iterator[None]:
        """Open the wizard by menu."""
        yield from self.menu_action("dcm_wizard")
        yield from wait_for(lambda: self.plugin.first_run.wizard is not None, 5, "the wizard")
        self.wizard: Any = self.plugin.first_run.wizard
        yield from wait_for(self.wizard.isVisible, 5)
        yield from pause(0.3)

    def drop(self, *names: Path) -> Iterator[None]:
        """Drop files onto the first page and wait for the answer."""
        page = self.wizard.files_page
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(name)) for name in names])
        event = QDropEvent(
            QPointF(50, 50), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        )
        page.dropEvent(event)  # only the window system can send one
        yield from pause(0.2)
        yield from wait_for(lambda: not page.busy, 120, "the files to be looked at")
        yield from pause(0.2)

    def press(self, button: Any) -> None:
        """Press a button of the wizard."""
        self.hand.click(self.wizard.button(button))

    def much(self) -> Iterator[None]:
        """Use a vendor's grids with faults, an old census, an Excel table, and files that are nothing."""
        self.begin("wizard: wrong files")
        yield from self.open_wizard()
        page = self.wizard.files_page
        self.hand.picture("wizard_empty", self.wizard)
        self.check("nothing chosen, no next page", not self.wizard.button(NEXT).isEnabled())
        yield from self.drop(FILES / "empty.csv", FILES / "picture.shp", FILES / "notes.csv")
        self.hand.picture("wizard_wrong_files", self.wizard)
        self.check("wrong files, no next page", not self.wizard.button(NEXT).isEnabled())
        self.check("wrong files are told", [one.broken for one in self.wizard.state.entries] == [True, True, False])
        while self.wizard.state.entries:
            self.hand.click(page.remove_button)
            yield
        self.begin("wizard: files")
        files = [FILES / "单元网格.shp", DATA / "components" / "components_old.csv", FILES / "案件.xlsx"]
        yield from self.drop(*files)
        page.table.setCurrentCell(0, 0)
        yield from pause(0.3)
        self.hand.picture("wizard_files", self.wizard)
        roles = [entry.role for entry in self.wizard.state.entries]
        self.check("the files are recognised", roles == ["grids", "components", "cases"])
        self.check("the faults are told", bool(self.wizard.state.entries[0].found["faults"]))
        self.keyboard(page)
        self.press(NEXT)
        yield from pause(0.3)
        yield from self.city("多资料")

    def keyboard(self, page: QWidget) -> None:
        """Go through the page by Tab: every widget that can be used is met, and the way comes back."""
        QApplication.setActiveWindow(self.wizard)  # there is no window manager that would
        page.add_button.setFocus()
        met: list[QWidget] = []
        for _ in range(40):
            widget = QApplication.focusWidget()
            if widget is None or widget in met:
                break
            met.append(widget)
            QTest.keyClick(widget, Qt.Key.Key_Tab)
        self.findings["tab"] = [type(one).__name__ + " " + one.objectName() + one.accessibleName() for one in met]
        wanted = [page.add_button, page.remove_button, page.table, page.role, page.code_field, self.wizard.button(NEXT)]
        self.check("Tab meets every widget", all(widget in met for widget in wanted if widget.isEnabled()))
        self.check("every widget has a name", all(one.accessibleName() or one.text() for one in wanted))

    def city(self, name: str) -> Iterator[None]:
        """Fill the second page, look at the third, stop once in the middle, then build."""
        page = self.wizard.city_page
        self.begin("wizard: city")
        self.check("the county code is guessed", page.county_code.text() == "320681")
        self.hand.write(page.county_name, "启东市")
        folder = OUT / "cities"
        self.hand.write(page.path.lineEdit(), "/proc/nowhere/city.gpkg")
        yield from pause(0.3)
        self.hand.picture("wizard_city", self.wizard)
        self.press(NEXT)
        yield from pause(0.3)
        self.begin("wizard: folder that cannot be written")
        self.press(NEXT)
        yield from wait_for(lambda: bool(self.wizard.check_page.said.text()), 60, "a refusal")
        self.check("a folder that cannot be written is told", "/proc/nowhere" in self.wizard.check_page.said.text())
        self.hand.picture("wizard_refused", self.wizard)
        self.press(QWizard.WizardButton.BackButton)
        yield from pause(0.2)
        self.hand.write(page.path.lineEdit(), str(folder / f"{name}.gpkg"))
        yield from pause(0.2)
        self.hand.picture("wizard_city_ready", self.wizard)
        self.press(NEXT)
        yield from pause(0.3)
        self.hand.picture("wizard_check", self.wizard)
        self.begin("wizard: stopped in the middle")
        self.press(NEXT)
        yield from wait_for(lambda: self.wizard.run_page.progress.value() > 20 or self.wizard.run_page.done, 120)
        self.hand.picture("wizard_building", self.wizard)
        QTest.keyClick(self.wizard, Qt.Key.Key_Escape)
        yield from wait_for(lambda: not self.wizard.link.busy, 60, "the stop")
        yield from pause(0.5)
        # A build that was faster than the hand has nothing to stop; tests/bridge stops at every step for certain.
        faster = self.wizard.run_page.done
        stopped = self.wizard.currentPage() is self.wizard.check_page
        left = [one.name for one in folder.iterdir()] if folder.is_dir() else []
        self.findings["left_after_stop"] = ["faster than the hand"] if faster else left
        self.check("stopped in the middle: nothing is left", faster or (stopped and left == []))
        self.hand.picture("wizard_stopped", self.wizard)
        yield from self.finish(f"wizard: build ({name})", begin=not faster)

    def finish(self, step: str, *, begin: bool = True) -> Iterator[None]:
        """Build, look at the summary, press *Finish*."""
        self.begin(step)
        began = time.perf_counter()
        if begin:
            self.press(NEXT)
        refused = self.wizard.check_page
        yield from wait_for(
            lambda: self.wizard.run_page.done or (bool(refused.said.text()) and self.wizard.currentPage() is refused),
            300,
            "the city",
        )
        self.figure(f"{step} (s)", time.perf_counter() - began)
        if not self.wizard.run_page.done:
            raise AssertionError(self.wizard.check_page.said.text())
        yield from self.quiet()
        self.hand.picture("wizard_summary", self.wizard)
        built = self.wizard.run_page.built
        self.findings.setdefault("built", {})[step] = built
        path = self.wizard.run_page.built["path"]
        self.wizard.run_page.save(path.replace(".gpkg", "_汇总.xlsx"))
        self.check(f"{step}: the summary can be saved", Path(path.replace(".gpkg", "_汇总.xlsx")).is_file())
        self.check(f"{step}: the city is open", self.controller.path == path)
        QTest.keyClick(self.wizard.button(FINISH), Qt.Key.Key_Return)
        yield from wait_for(lambda: self.plugin.first_run.wizard is None, 5, "the wizard to close")
        yield from pause(0.5)
        self.hand.picture("city_of_the_wizard")
        self.controller.close_store()
        yield from pause(0.5)

    def little(self) -> Iterator[None]:
        """Use nothing but one table of cases, of which the map knows nothing."""
        self.begin("wizard: cases alone")
        yield from self.open_wizard()
        yield from self.drop(FILES / "案件.xlsx")
        page = self.wizard.files_page
        # Eastings of six digits could be of any zone: it has to be said.
        self.check("coordinates without zone are asked about", not self.wizard.button(NEXT).isEnabled())
        from qgis.core import QgsCoordinateReferenceSystem

        page.crs.setCrs(QgsCoordinateReferenceSystem("EPSG:4550"))
        yield from pause(0.3)
        self.hand.picture("wizard_cases_alone", self.wizard)
        self.press(NEXT)
        yield from pause(0.2)
        self.wizard.city_page.crs.setCrs(QgsCoordinateReferenceSystem("EPSG:4550"))
        self.hand.write(self.wizard.city_page.path.lineEdit(), str(OUT / "cities" / "只有案件.gpkg"))
        self.press(NEXT)
        yield from pause(0.2)
        self.hand.picture("wizard_cases_alone_check", self.wizard)
        yield from self.finish("wizard: build (只有案件)")

    def one_layer(self) -> Iterator[None]:
        """Use nothing but one layer of polygons, taken from the project."""
        self.begin("wizard: one layer")
        layer = QgsVectorLayer(f"{DATA / 'areas.gpkg'}|layername=communities", "社区", "ogr")
        QgsProject.instance().addMapLayer(layer)
        yield from pause(0.5)
        yield from self.open_wizard()
        self.hand.click(self.wizard.files_page.layers_button)
        yield from wait_for(lambda: bool(self.wizard.state.entries), 60, "the layer")
        self.hand.picture("wizard_one_layer", self.wizard)
        self.press(NEXT)
        yield from pause(0.2)
        self.hand.write(self.wizard.city_page.path.lineEdit(), str(OUT / "cities" / "只有社区.gpkg"))
        self.press(NEXT)
        yield from pause(0.2)
        yield from self.finish("wizard: build (只有社区)")
        self.begin("wizard: closed by Esc")
        yield from self.open_wizard()
        QTest.keyClick(self.wizard, Qt.Key.Key_Escape)
        yield from wait_for(lambda: self.plugin.first_run.wizard is None, 5, "the wizard to close")
        yield from pause(0.3)


begin_round(FirstRun)

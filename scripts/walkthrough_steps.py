# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of the walkthrough that runs inside QGIS (``qgis --code``): a hand on the mouse and the keyboard.

Every step is made of events to real widgets (menu, dock, dialogs of Processing). After each step the main window is
drawn to a picture; the longest time that the main thread did not answer is measured all along. Findings go to
``findings.json``; the store is read by the process that started QGIS, not here.
"""

from __future__ import annotations

import json
import os
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QPoint, Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGroupBox,
    QLineEdit,
    QListView,
    QMenu,
    QScrollArea,
    QTextEdit,
    QToolButton,
    QTreeView,
    QWidget,
)
from qgis.utils import iface, plugins

OUT = Path(os.environ["DCM_WALK_OUT"])
DATA = Path(os.environ["DCM_WALK_DATA"])
NAME = "digital_citymgmt_plugin"
LEFT = Qt.MouseButton.LeftButton
Wait = Callable[[], bool]


class Watch:
    """Measures how long the main thread does not come to its event loop; pictures are not counted."""

    def __init__(self) -> None:
        self.step = "start"
        self.gaps: dict[str, float] = {}
        self.last = time.perf_counter()
        self.timer = QTimer()
        self.timer.setInterval(10)
        self.timer.timeout.connect(self.tick)
        self.timer.start()

    def tick(self) -> None:
        """Note the time since the last turn of the event loop."""
        now = time.perf_counter()
        self.gaps[self.step] = max(self.gaps.get(self.step, 0.0), now - self.last)
        self.last = now

    def pause(self) -> None:
        """Leave out what the walkthrough itself has just done."""
        self.last = time.perf_counter()


class Hand:
    """Clicks and types."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.pictures = 0

    def picture(self, name: str, widget: QWidget | None = None) -> None:
        """Draw a window to a picture."""
        self.pictures += 1
        (widget or iface.mainWindow()).grab().save(str(OUT / f"{self.pictures:02d}_{name}.png"))
        self.watch.pause()

    def click(self, widget: QWidget, place: QPoint | None = None) -> None:
        """Click with the left button, in the middle unless a place is given."""
        QTest.mouseClick(widget, LEFT, Qt.KeyboardModifier.NoModifier, place or widget.rect().center())

    def write(self, edit: QLineEdit, text: str) -> None:
        """Replace the text of a line."""
        edit.setFocus()
        edit.selectAll()
        QTest.keyClick(edit, Qt.Key.Key_Delete)
        if text.isascii():
            QTest.keyClicks(edit, text)
        else:
            # There is no input method here that could type Chinese: pasted, as a user may.
            QApplication.clipboard().setText(text)
            QTest.keyClick(edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(edit, Qt.Key.Key_Tab)

    def choose(self, box: QComboBox, words: str) -> None:
        """Go to an entry by Home and Down."""
        texts = [box.itemText(n) for n in range(box.count())]
        places = [
            n for n, text in enumerate(texts) if words in (text, box.itemData(n)) or text.startswith(words + " [")
        ]
        if not places:
            raise AssertionError(f"{words} is not among {texts}")
        index = places[0]
        box.setFocus()
        QTest.keyClick(box, Qt.Key.Key_Home)
        for _ in range(1000):
            if box.currentIndex() >= index:
                break
            QTest.keyClick(box, Qt.Key.Key_Down)
        if box.currentIndex() != index:
            raise AssertionError(f"{words}: not reached")


def wait_for(what: Wait, seconds: float = 60.0, words: str = "") -> Iterator[None]:
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:.0f} s in vain: {words}")
        yield


def pause(seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield


def first(found: list[Any], words: str) -> Any:
    """Return the first thing found; say what was looked for when there is none."""
    if not found:
        raise AssertionError(f"not found: {words}")
    return found[0]


class Walk:
    """The steps, as a generator: between its yields QGIS lives."""

    def __init__(self) -> None:
        self.watch = Watch()
        self.hand = Hand(self.watch)
        self.plugin = plugins[NAME]
        self.dock = self.plugin.dock
        self.controller = self.plugin.controller
        self.about = json.loads((DATA / "about.json").read_text(encoding="utf-8"))
        self.store = OUT / "city.gpkg"
        self.findings: dict[str, Any] = {"steps": []}

    def begin(self, step: str) -> None:
        """Note which step begins."""
        self.watch.step = step
        self.findings["steps"].append(step)

    def run(self) -> Iterator[None]:
        """Do all steps."""
        # No window manager here that could maximise it.
        iface.mainWindow().setGeometry(0, 0, 1900, 1060)
        yield from pause(1.0)
        # First the inputs: they give the project its reference system, which a new city then takes over.
        yield from self.load_inputs()
        yield from self.new_city()
        for level, layer in (("street", "streets"), ("community", "communities")):
            yield from self.algorithm(
                "importareas", f"import_{layer}",
                lambda dialog, level=level, layer=layer: self._areas(dialog, level, layer),
            )  # fmt: skip
        yield from self.algorithm("draftgrids", "draft_grids", self._draft, seconds=180)
        yield from self.algorithm("adoptgrids", "adopt_grids", self._input("draft"))
        for layer in QgsProject.instance().mapLayers().values():
            if "/draft.gpkg" in layer.source():
                QgsProject.instance().layerTreeRoot().findLayer(layer).setItemVisibilityChecked(False)
        for layer in ("components_point", "components_line", "components_area"):
            yield from self.algorithm("importcomponents", layer, self._input(layer))
        yield from self.algorithm("assigncodes", "assign_codes", lambda dialog: iter(()))
        yield from self.algorithm("importcases", "import_cases", self._cases)
        yield from self.algorithm("linkcases", "link_cases", lambda dialog: iter(()))
        yield from self.algorithm("assess", "assess", self._assess)
        yield from self.health()
        yield from self.close()

    # -- steps --------------------------------------------------------------------------------------------------

    def new_city(self) -> Iterator[None]:
        """Make a new city by menu and dialog."""
        self.begin("new city")
        bar, menu = iface.mainWindow().menuBar(), iface.mainWindow().findChild(QMenu, "DcmMenu")
        self.hand.click(bar, bar.actionGeometry(menu.menuAction()).center())
        yield from wait_for(menu.isVisible, 5, "the menu")
        self.hand.picture("menu")
        action = next(one for one in menu.actions() if one.objectName() == "dcm_new")
        self.hand.click(menu, menu.actionGeometry(action).center())
        yield from wait_for(lambda: self.controller._dialog is not None and self.controller._dialog.isVisible(), 5)
        dialog = self.controller._dialog
        self.hand.write(dialog.path.lineEdit(), str(self.store))
        self.hand.choose(dialog.edition, self.about["edition"])
        self.hand.write(dialog.county_code, self.about["county_code"])
        self.hand.write(dialog.county_name, self.about["county_name"])
        yield from pause(0.3)
        self.hand.picture("new_city", dialog)
        self.hand.click(dialog.buttons.button(QDialogButtonBox.StandardButton.Ok))
        yield from wait_for(lambda: bool(self.controller.path), 60, "the new store")
        yield from self.quiet()
        self.hand.picture("city_open")

    def load_inputs(self) -> Iterator[None]:
        """Bring the inputs into the project, as dragging them from the browser does."""
        self.begin("load inputs")
        group = QgsProject.instance().layerTreeRoot().addGroup("inputs")
        wanted = [("areas.gpkg|layername=streets", "streets"), ("areas.gpkg|layername=communities", "communities")]
        wanted += [(f"base_map.gpkg|layername={name}", name) for name in ("roads", "rivers", "walls", "buildings")]
        wanted += [("components/components_point.shp", "components_point")]
        wanted += [(f"components/components_{name}.gpkg", f"components_{name}") for name in ("line", "area")]
        for source, name in wanted:
            layer = QgsVectorLayer(str(DATA / source), name, "ogr")
            if not layer.isValid():
                raise AssertionError(source)
            QgsProject.instance().addMapLayer(layer, False)
            group.addLayer(layer)
            yield
        table = QgsVectorLayer(str(DATA / "cases.csv"), "cases", "ogr")
        QgsProject.instance().addMapLayer(table, False)
        group.addLayer(table)
        yield from pause(1.0)
        group.setItemVisibilityChecked(False)

    def algorithm(
        self, name: str, title: str, fill: Callable[[Any], Iterator[None]], seconds: float = 120
    ) -> Iterator[None]:
        """Press a step's button, fill the dialog, press Run, wait, close."""
        self.begin(title)
        before = set(self.plugin.dialogs.dialogs())
        self.hand.click(self.dock.step_buttons[name])
        yield from wait_for(lambda: set(self.plugin.dialogs.dialogs()) - before, 20, f"the dialog of {name}")
        dialog = (set(self.plugin.dialogs.dialogs()) - before).pop()
        yield from wait_for(dialog.isVisible, 5)
        yield from pause(0.5)
        yield from fill(dialog)
        yield from pause(0.3)
        self.hand.picture(f"{title}_asked", dialog)
        self.hand.click(dialog.runButton())
        yield from wait_for(dialog.wasExecuted, seconds, f"{name} to end")
        yield from pause(0.5)
        self.hand.picture(f"{title}_log", dialog)
        logs = [edit.toPlainText() for edit in dialog.findChildren(QTextEdit)]
        self.findings.setdefault("logs", {})[title] = next((text for text in logs if "Input parameters" in text), "")
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        yield from wait_for(lambda: dialog not in self.plugin.dialogs.dialogs(), 5, "the dialog to close")
        yield from self.quiet()
        self.hand.picture(title)

    def quiet(self) -> Iterator[None]:
        """Wait until the engine has answered and the map is drawn."""
        yield from pause(0.6)
        yield from wait_for(
            lambda: not self.controller.link.busy and self.controller._loading is None, 60, "the engine"
        )
        yield from wait_for(lambda: not iface.mapCanvas().isDrawing(), 60, "the map")
        yield from pause(0.3)

    def health(self) -> Iterator[None]:
        """Click numbers of the health table; the objects are selected on the map."""
        self.begin("health")
        from digital_citymgmt_plugin.gui.models.health import KEY_ROLE

        model, view = self.dock.model, self.dock.health_view
        found = {}
        for key in ("grids", "components", "issues"):
            flags = Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive
            index = model.match(model.index(0, 0), KEY_ROLE, key, 1, flags)[0]
            view.scrollTo(index)
            self.hand.click(view.viewport(), view.visualRect(index).center())
            yield from self.quiet()
            layers = [
                layer for layer in QgsProject.instance().mapLayers().values() if isinstance(layer, QgsVectorLayer)
            ]
            found[key] = sum(layer.selectedFeatureCount() for layer in layers)
            self.hand.picture(f"health_{key}")
        self.findings["selected"] = found

    def close(self) -> Iterator[None]:
        """Close the store by its button."""
        self.begin("close")
        self.hand.click(self.dock.close_button)
        yield from wait_for(lambda: not self.controller.path, 5)
        yield from pause(1.0)
        self.hand.picture("closed")

    # -- dialogs ------------------------------------------------------------------------------------------------

    def _widget(self, dialog: Any, parameter: str, kind: type) -> Any:
        """Find the widget of a parameter in Processing's dialog."""
        wrapper = dialog.mainWidget().wrappers[parameter]
        widget = wrapper.wrappedWidget() if hasattr(wrapper, "wrappedWidget") else wrapper.widget
        found = widget if isinstance(widget, kind) else widget.findChild(kind)
        if found is None:
            inside = sorted({type(child).__name__ for child in widget.findChildren(QWidget)})
            raise AssertionError(f"{parameter}: no {kind.__name__} in {type(widget).__name__} ({inside})")
        return found

    def _pick(self, dialog: Any, parameter: str, layer: str) -> None:
        # Processing names the layer of a result as it likes: found by its file.
        found = [one.name() for one in QgsProject.instance().mapLayers().values() if f"/{layer}.gpkg" in one.source()]
        self.hand.choose(self._widget(dialog, parameter, QComboBox), found[0] if layer == "draft" and found else layer)

    def _input(self, layer: str) -> Callable[[Any], Iterator[None]]:
        def fill(dialog: Any) -> Iterator[None]:
            self._pick(dialog, "INPUT", layer)
            yield

        return fill

    def _cases(self, dialog: Any) -> Iterator[None]:
        """A table does not say what its coordinates are in: told under the advanced parameters."""
        self._pick(dialog, "INPUT", "cases")
        box = first(
            [one for one in dialog.findChildren(QGroupBox) if "QgsCollapsible" in one.metaObject().className()],
            "advanced",
        )
        self.hand.click(box, QPoint(20, 8))
        yield from pause(0.5)
        crs = self._widget(dialog, "CRS", QComboBox)
        area = first([one for one in dialog.findChildren(QScrollArea) if one.isAncestorOf(crs)], "scroll area")
        area.ensureWidgetVisible(crs)
        texts = [crs.itemText(n) for n in range(crs.count())]
        self.hand.choose(crs, first([text for text in texts if self.about["crs"] in text], str(texts)))
        yield from pause(0.3)

    def _areas(self, dialog: Any, level: str, layer: str) -> Iterator[None]:
        self._pick(dialog, "INPUT", layer)
        yield from pause(0.2)
        self.hand.choose(self._widget(dialog, "LEVEL", QComboBox), level)
        self.hand.choose(self._widget(dialog, "CODE_FIELD", QComboBox), "code")
        self.hand.choose(self._widget(dialog, "NAME_FIELD", QComboBox), "name")
        yield

    def _draft(self, dialog: Any) -> Iterator[None]:
        self._pick(dialog, "AREAS", "communities")
        yield from pause(0.2)
        # Several layers: the "…" button opens a list to tick in.
        self.hand.click(self._widget(dialog, "BARRIERS", QToolButton))
        yield from pause(0.8)
        panel = next(
            (widget for widget in dialog.findChildren(QWidget)
             if "MultipleInputPanel" in widget.metaObject().className() and widget.isVisible()
             and widget.findChild(QListView) is not None), None,
        )  # fmt: skip
        if panel is None:
            shown = {widget.metaObject().className() for widget in dialog.findChildren(QWidget) if widget.isVisible()}
            raise AssertionError(f"the list of layers is not shown: {sorted(shown)}")
        view = panel.findChild(QListView) or panel.findChild(QTreeView)
        for row in range(view.model().rowCount()):
            index = view.model().index(row, 0)
            if any(index.data().startswith(name) for name in ("roads", "rivers", "walls")):
                view.setCurrentIndex(index)
                view.setFocus()
                QTest.keyClick(view, Qt.Key.Key_Space)
        yield from pause(0.2)
        self.hand.picture("barriers", dialog)
        self.hand.click(panel.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok))
        yield from pause(0.5)
        self.hand.write(self._widget(dialog, "RANK_FIELD", QLineEdit), "rank")
        self._pick(dialog, "BUILDINGS", "buildings")
        self.hand.write(self._widget(dialog, "OUTPUT", QLineEdit), str(OUT / "draft.gpkg"))
        yield

    def _assess(self, dialog: Any) -> Iterator[None]:
        self.hand.choose(self._widget(dialog, "BY", QComboBox), "department")
        self.hand.write(self._widget(dialog, "OUTPUT", QLineEdit), str(OUT / "assess.xlsx"))
        yield


class Runner:
    """Takes the walk a step further at every turn of the event loop, and ends QGIS with it."""

    def __init__(self) -> None:
        self.walk = Walk()
        self.steps = self.walk.run()
        self.timer = QTimer()
        self.timer.setInterval(30)
        self.timer.timeout.connect(self.turn)
        self.timer.start()

    def turn(self) -> None:
        """Take one step."""
        self.timer.stop()
        try:
            next(self.steps)
        except StopIteration:
            self.end("")
        except BaseException:
            self.walk.hand.picture("failed")
            for widget in QApplication.topLevelWidgets():
                if isinstance(widget, QDialog) and widget.isVisible():
                    self.walk.hand.picture("failed_dialog", widget)
            self.end(traceback.format_exc())
        else:
            self.timer.start()

    def end(self, error: str) -> None:
        """Write the findings and leave QGIS."""
        findings = self.walk.findings
        findings["error"] = error
        findings["layers"] = [layer.source() for layer in QgsProject.instance().mapLayers().values()]
        findings["said"] = [item.text() for item in iface.messageBar().items()]
        findings["longest_wait"] = {step: round(gap, 3) for step, gap in self.walk.watch.gaps.items()}
        (OUT / "findings.json").write_text(json.dumps(findings, ensure_ascii=False, indent=1), encoding="utf-8")
        self.walk.watch.timer.stop()
        QgsProject.instance().clear()
        QgsProject.instance().setDirty(False)
        iface.actionExit().trigger()


runner: Runner | None = None


def start() -> None:
    global runner
    runner = Runner()


QTimer.singleShot(3000, start)

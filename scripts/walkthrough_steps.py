# SPDX-License-Identifier: GPL-2.0-or-later
"""The main job in the real window (``qgis --code``): menu, dock and the dialogs of Processing.

After each step the main window is drawn to a picture. The store is read by the process that started QGIS, not here.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialogButtonBox,
    QGroupBox,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QTextEdit,
    QWidget,
)
from qgis.utils import iface

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from walkthrough_hand import DATA, OUT, Round, begin_round, first, pause, wait_for

# Steps that show their counts and ask before they write.
CONFIRMED = {"importareas", "adoptgrids", "importcomponents", "assigncodes", "importcases", "linkcases"}


class Walk(Round):
    """The main job step by step, with the dialogs of Processing."""

    def __init__(self) -> None:
        super().__init__()
        self.about = json.loads((DATA / "about.json").read_text(encoding="utf-8"))
        self.store = OUT / "city.gpkg"

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
        yield from self.draft()
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
        yield from self.menu_action("dcm_new")
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
        if name in CONFIRMED:
            yield from self.confirm(title, seconds)
        yield from wait_for(dialog.wasExecuted, seconds, f"{name} to end")
        yield from pause(0.5)
        self.hand.picture(f"{title}_log", dialog)
        logs = [edit.toPlainText() for edit in dialog.findChildren(QTextEdit)]
        self.findings.setdefault("logs", {})[title] = next((text for text in logs if "Input parameters" in text), "")
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        yield from wait_for(lambda: dialog not in self.plugin.dialogs.dialogs(), 5, "the dialog to close")
        yield from self.quiet()
        self.hand.picture(title)

    def draft(self) -> Iterator[None]:
        """Press the step's button: its window finds the layers; draft into a file of our own."""
        self.begin("draft_grids")
        desk, drafts = self.plugin.census.draft, self.plugin.census.drafts
        self.hand.click(self.dock.step_buttons["draftgrids"])
        yield from wait_for(lambda: desk.dialog is not None and desk.dialog.isVisible(), 20, "the window of drafts")
        dialog = desk.dialog
        yield from wait_for(lambda: bool(dialog.area_chart.values), 60, "the first preview")
        yield from self.quiet()
        dialog.move(20, 60)
        dialog.tabs.setCurrentWidget(dialog.target_page)
        self.hand.write(dialog.target_page.output_edit, str(OUT / "draft.gpkg"))
        yield from pause(0.3)
        self.hand.picture("draft_grids_asked", dialog)
        self.hand.click(dialog.draft_button)
        yield from wait_for(lambda: bool(drafts.layer_id), 240, "the draft")
        yield from self.quiet()
        dialog.reject()
        yield from pause(0.5)
        self.hand.picture("draft_grids")

    def confirm(self, title: str, seconds: float) -> Iterator[None]:
        """Wait for the counts and press Write."""
        asked = self.plugin.dialogs.confirmations.dialogs
        yield from wait_for(lambda: bool(asked()), seconds, f"the counts of {title}")
        dialog = asked()[0]
        yield from pause(0.5)
        self.hand.picture(f"{title}_counts", dialog)
        self.hand.click(first(dialog.findChildren(QPushButton, "write_previewed"), f"Write of {title}"))
        yield from wait_for(lambda: not asked(), 5, "the counts to close")

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
        own = wrapper.wrappedWidget() if hasattr(wrapper, "wrappedWidget") else None
        widget = own if own is not None else wrapper.widget  # a wrapper in Python keeps its widget itself
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

    def _assess(self, dialog: Any) -> Iterator[None]:
        self.hand.choose(self._widget(dialog, "BY", QComboBox), "department")
        self.hand.write(self._widget(dialog, "OUTPUT", QLineEdit), str(OUT / "assess.xlsx"))
        yield


begin_round(Walk)

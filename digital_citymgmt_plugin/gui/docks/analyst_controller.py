# SPDX-License-Identifier: GPL-2.0-or-later
"""What the *Analyst* dock does: asks a question, shows the answer as table, map and chart that select one another."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from qgis.core import Qgis, QgsDateTimeRange, QgsProcessingUtils, QgsVectorLayer
from qgis.PyQt.QtCore import QCoreApplication

from digital_citymgmt_plugin.bridge.findings_layer import (
    days_range,
    find_findings,
    know_times,
    remove_findings,
    show_findings,
    show_time,
)
from digital_citymgmt_plugin.bridge.layers import find_layer
from digital_citymgmt_plugin.core.requests import REQUESTS, Request
from digital_citymgmt_plugin.gui.desk import Desk
from digital_citymgmt_plugin.gui.docks.analyst_dock import AnalystDock
from digital_citymgmt_plugin.gui.docks.analyst_files import FindingFiles
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.docks.parts import chosen_rows
from digital_citymgmt_plugin.gui.map_view import show_extent
from digital_citymgmt_plugin.gui.models.findings import Findings, Way, exposure_words, findings_of, question_words


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("AnalystDock", text)


class AnalystController(Desk):
    """Wires the dock to the engine and the map."""

    dock: AnalystDock

    def __init__(self, controller: CityController, dock: AnalystDock) -> None:
        super().__init__(controller, dock)
        self.findings, self.title = Findings(), ""
        self.way: Way | None = None  # how the question that is shown was answered
        self._linking = False  # a selection made by us is not answered once more
        self._exposure_own = False  # whether the user has chosen the denominator
        self.files = FindingFiles(self)
        self._connect()

    def _connect(self) -> None:
        dock = self.dock
        dock.question_box.currentIndexChanged.connect(lambda _=0: self._question_chosen())
        dock.run_button.clicked.connect(lambda _=False: self.run())
        dock.class_edit.returnPressed.connect(self.run)
        dock.kind_box.currentIndexChanged.connect(lambda _=0: self._kind_chosen())
        dock.exposure_box.activated.connect(lambda _=0: self._exposure_chosen())
        dock.chart.chosen.connect(self._bar_chosen)
        dock.slider.valueChanged.connect(lambda value: self.show_period(value - 1))
        dock.view.activated.connect(lambda _index: self.go_there())
        dock.place_button.clicked.connect(lambda _=False: self.go_there())
        self.watch()

    # -- what is asked ------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """A question is asked by its button: a store that was opened or changed makes it ready, no more."""
        if not self.findings.rows:
            self.dock.show_ready()

    def _question_chosen(self) -> None:
        self.dock.show_way()

    def _exposure_chosen(self) -> None:
        self._exposure_own = True

    def _kind_chosen(self) -> None:
        """Propose a denominator by kind: components break where components are, events happen along roads."""
        if not self._exposure_own:
            of_kind = {"component": "components", "event": "road_km"}
            proposed = of_kind.get(str(self.dock.kind_box.currentData()), "even")
            self.dock.exposure_box.setCurrentIndex(self.dock.exposure_box.findData(proposed))

    def request(self, way: Way, output: str) -> Request:
        """Return the question with its parameters; ``output``: the file of its layer."""
        dock = self.dock
        first, last = dock.days()
        source = str(dock.source_box.currentData() or "")
        classes = [code.strip() for code in dock.class_edit.text().replace("，", ",").split(",") if code.strip()]
        values: dict[str, Any] = {
            "from_date": first, "to_date": last, "kind": str(dock.kind_box.currentData() or ""), "classes": classes,
            "sources": [source] if source else [], "by": dock.by_box.currentData(),
            "exposure": dock.exposure_box.currentData(), "period": dock.step_box.currentData(),
            "radius": float(dock.radius_spin.value()), "simulations": dock.times_box.currentData(),
            "every": dock.every_box.currentData(), "reach": float(dock.reach_spin.value()),
            "hours": dock.hours_spin.value(), "grids": self._chosen_grids() if "chosen" in way.asks else [],
            "output": output or None,
        }  # fmt: skip
        kind = REQUESTS[way.method]
        known = {one.name for one in fields(kind)}
        return kind(**{name: value for name, value in {**values, **way.fixed}.items() if name in known})

    def _chosen_grids(self) -> list[str]:
        layer = find_layer(self.path, "unit_grid", "current") if self.dock.chosen_box.isChecked() else None
        return sorted(str(one["code"]) for one in layer.selectedFeatures()) if layer is not None else []

    def run(self) -> None:
        """Ask the question."""
        way = self.dock.way()
        if way is None or not self.path:
            return
        if "chosen" in way.asks and self.dock.chosen_box.isChecked() and not self._chosen_grids():
            self.dock.label.setText(tr("Select unit grids on the map first."))
            return
        output = QgsProcessingUtils.generateTempFilename(f"{way.layer}.gpkg") if way.layer else ""
        title = self._title(way)
        self.dock.run_button.setEnabled(False)

        def answered(answer: dict[str, Any]) -> None:
            self.dock.run_button.setEnabled(True)
            self.show(way, title, answer, output)

        def failed(error: Exception) -> None:
            self.dock.run_button.setEnabled(True)
            self.dock.label.setText(self.controller.messages.sentence(error))

        self.ask(question_words(way.code), self.request(way, output), answered, failed=failed)

    def _title(self, way: Way) -> str:
        """Return question, cases and denominator: the name of the layer, of the page and of the sheet."""
        dock, parts = self.dock, [question_words(way.code)]
        if "exposure" in way.asks:
            parts.append(exposure_words(str(dock.exposure_box.currentData())))
        if way.method == "density":
            parts.append(tr("cases per km² and 30 days"))
        if way.method == "watcher_bias":
            parts.append(tr("share of collectors among cases of known source"))
        for box in (dock.kind_box, dock.source_box):
            if box.currentData():
                parts.append(box.currentText())
        if dock.class_edit.text().strip():
            parts.append(dock.class_edit.text().strip())
        first, last = dock.days()
        parts.append(f"{first} – {last}" if first else tr("All cases"))
        return " · ".join(parts)

    # -- what is shown ------------------------------------------------------------------------------------------

    def show(self, way: Way, title: str, answer: dict[str, Any], output: str) -> None:
        """Show an answer as table, chart and layer."""
        show_time(self.controller.iface.mapCanvas(), "", "")
        self.way, self.title, self.findings = way, title, findings_of(way, answer)
        self.dock.show_findings(self.findings)
        self.dock.view.selectionModel().selectionChanged.connect(lambda _new=None, _old=None: self._row_chosen())
        layer = None
        if output and self.findings.rows:
            found = self.findings
            layer = show_findings(self.path, output, way.layer, title, found.marks, found.breaks)
        else:
            remove_findings()
        if layer is not None:
            layer.selectionChanged.connect(lambda *_changed: self._feature_chosen())
        self.dock.page_button.setEnabled(layer is not None)
        self.dock.place_button.setEnabled(layer is not None)
        if self.findings.spans:
            first, last = min(one[1] for one in self.findings.spans), max(one[2] for one in self.findings.spans)
            self.dock.offer_days(first, last)
            if way.layer == "density":
                know_times(first, last)
                self.choose(len(self.findings.spans) - 1)  # hexagons of all periods would lie over one another

    def choose(self, row: int) -> None:
        """Select a row; map and chart follow."""
        if 0 <= row < len(self.findings.rows):
            self.dock.view.selectRow(row)

    def _bar_chosen(self, bar: int) -> None:
        self.choose(bar)

    def row(self) -> int:
        """Return the selected row, −1 for none."""
        return next(iter(chosen_rows(self.dock.view)), -1)

    def _row_chosen(self) -> None:
        at = self.row()
        if self._linking or at < 0 or self.way is None:
            return
        if self.way.layer == "density":
            before = self.dock.slider.blockSignals(True)
            self.dock.slider.setValue(at + 1)
            self.dock.slider.blockSignals(before)
            self._show_time(at)
            return
        layer = find_findings()
        if layer is not None:
            self._linking = True
            layer.selectByExpression(self._filter(at))
            self._linking = False

    def _filter(self, row: int) -> str:
        value = self.findings.keys[row]
        told = str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
        return f'"{self.way.key}" = {told}' if self.way is not None else ""

    def _feature_chosen(self) -> None:
        """Select the row of what was selected on the map."""
        layer = find_findings()
        if self._linking or layer is None or self.way is None or layer.selectedFeatureCount() != 1:
            return
        key = layer.selectedFeatures()[0][self.way.key]
        if key in self.findings.keys:
            self._linking = True
            self.choose(self.findings.keys.index(key))
            self._linking = False

    def go_there(self) -> None:
        """Show the selected row on the map."""
        layer: QgsVectorLayer | None = find_findings()
        at = self.row()
        if layer is None or at < 0 or self.way is None:
            return
        if self.way.layer == "density":
            box = layer.extent()
            areas = find_layer(self.path, "admin_area", "community")
            if areas is not None and areas.featureCount():  # a case far off would shrink the city to a dot
                box = areas.extent()
            show_extent(self.controller.iface.mapCanvas(), box, self.crs())
            return
        layer.selectByExpression(self._filter(at))
        canvas = self.controller.iface.mapCanvas()
        show_extent(canvas, layer.boundingBoxOfSelected(), layer.crs())
        canvas.flashFeatureIds(layer, layer.selectedFeatureIds())

    def show_period(self, at: int) -> None:
        """Show one period on the map, −1: all; the table follows where its rows are the periods."""
        if not 0 <= at < len(self.findings.spans):
            show_time(self.controller.iface.mapCanvas(), "", "")
            return
        if self.row() != at:
            self.choose(at)
        self._show_time(at)

    def _show_time(self, at: int) -> None:
        _words, first, last = self.findings.spans[at]
        show_time(self.controller.iface.mapCanvas(), first, last)
        told = tr("On the map: {first} to {last}").replace("{first}", first).replace("{last}", last)
        self.dock.label.setText(f"{self.findings.hint} {told}")

    def span(self) -> QgsDateTimeRange | None:
        """Return the days that the map shows, None for all."""
        at = self.dock.slider.value() - 1
        return days_range(*self.findings.spans[at][1:]) if 0 <= at < len(self.findings.spans) else None

    def span_words(self) -> str:
        """Return the days that the map shows, "" for all."""
        at = self.dock.slider.value() - 1
        return " – ".join(self.findings.spans[at][1:]) if 0 <= at < len(self.findings.spans) else ""

    def message(self, words: str, *, good: bool = True) -> None:
        """Say something in the message bar."""
        level = Qgis.MessageLevel.Success if good else Qgis.MessageLevel.Warning
        self.controller.messages.show(words, level)

    # -- stores come and go -------------------------------------------------------------------------------------

    def _opened(self, path: str) -> None:
        self._forget()
        super()._opened(path)

    def _forget(self) -> None:
        if self.findings.spans:
            show_time(self.controller.iface.mapCanvas(), "", "")
        self.findings, self.way, self.title = Findings(), None, ""
        self.dock.show_findings(self.findings)
        self.dock.run_button.setEnabled(True)
        remove_findings()

    def shut(self) -> None:
        """End: the layer of a file that is thrown away goes, too."""
        self._forget()
        super().shut()

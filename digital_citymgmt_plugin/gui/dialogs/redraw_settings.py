# SPDX-License-Identifier: GPL-2.0-or-later
"""What the figures of the redraw bench count: target and band, days of cases, population, load by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QRadioButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.bridge import layers
from digital_citymgmt_plugin.gui.dialogs.draft_inputs import WeightPage
from digital_citymgmt_plugin.gui.dialogs.draft_target import spin
from digital_citymgmt_plugin.gui.dialogs.question import fit
from digital_citymgmt_plugin.gui.docks.parts import plain_label
from digital_citymgmt_plugin.gui.models.redraw import tr
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons


class RedrawSettings(QDialog):
    """Asks what counts; ``values`` are those of ``OpenRedraw``.

    Parameters
    ----------
    classes : sequence of mapping
        ``code``, ``name`` and ``count`` of the component classes of the store.
    values : mapping
        What is so now.
    """

    def __init__(
        self, classes: Sequence[Mapping[str, Any]], values: Mapping[str, Any], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("What the figures count"))
        self.weight_page = WeightPage(classes)
        for code, box in self.weight_page.boxes.items():
            box.setValue(float((values.get("load_weights") or {}).get(code, 1.0)))
        self.tabs = QTabWidget()
        self.tabs.addTab(self._page(values), tr("Band and cases"))
        self.tabs.addTab(self.weight_page, tr("Load by class"))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        name_buttons(self.buttons)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.tabs)
        layout.addWidget(self.buttons)
        fit(self, 520, 420)

    def _page(self, values: Mapping[str, Any]) -> QWidget:
        self.area_radio = QRadioButton(tr("&Area of a grid (m²)"))
        self.load_radio = QRadioButton(tr("&Load of a grid"))
        self.group = QButtonGroup(self)
        for radio in (self.area_radio, self.load_radio):
            self.group.addButton(radio)
        by_load = values.get("target_load") is not None
        (self.load_radio if by_load else self.area_radio).setChecked(True)
        area, load = float(values.get("target_area") or 40_000), float(values.get("target_load") or 100)
        low, high = (float(part) for part in str(values.get("band") or "0.5,2.0").split(","))
        self.area_spin = spin(tr("Area of a grid (m²)"), 1_000, 100_000_000, area, step=2_500)
        self.load_spin = spin(tr("Load of a grid"), 1, 1_000_000, load, step=10)
        self.low_spin = spin(tr("Smallest (share of the target)"), 0.05, 0.95, low, 2, 0.05)
        self.high_spin = spin(tr("Largest (share of the target)"), 1.05, 20, high, 2, 0.1)
        self.days_spin = spin(tr("Cases of the last days"), 1, 3_660, float(values.get("days") or 90), step=30)
        self.people_box, self.field_box = QComboBox(), QComboBox()
        self.people_box.setAccessibleName(tr("Population layer"))
        self.field_box.setAccessibleName(tr("Field with the number of people"))
        self.people_box.currentIndexChanged.connect(lambda _=0: self._fields(""))
        page = QWidget()
        form = QFormLayout()
        form.addRow(self.area_radio, self.area_spin)
        form.addRow(self.load_radio, self.load_spin)
        form.addRow(tr("Smallest (share of the target)"), self.low_spin)
        form.addRow(tr("Largest (share of the target)"), self.high_spin)
        form.addRow(tr("Cases of the last days"), self.days_spin)
        form.addRow(tr("Population layer"), self.people_box)
        form.addRow(tr("Field with the number of people"), self.field_box)
        layout = QVBoxLayout(page)
        layout.addLayout(form)
        layout.addWidget(plain_label(tr("Days are counted back from the newest case in the store.")))
        layout.addStretch(1)
        self.area_radio.toggled.connect(lambda _=False: self._enable())
        self._enable()
        self._offer(str(values.get("people_layer") or ""), str(values.get("population_field") or ""))
        return page

    def _enable(self) -> None:
        self.area_spin.setEnabled(self.area_radio.isChecked())
        self.load_spin.setEnabled(self.load_radio.isChecked())

    def _offer(self, chosen: str, field: str) -> None:
        """Offer the layers of the project that have a number; those of stores have no people."""
        self.people_box.addItem(tr("none"), "")
        for layer in QgsProject.instance().mapLayers().values():
            other = isinstance(layer, QgsVectorLayer) and layer.isSpatial() and not layers.path_of(layer)
            if other and _numbers(layer):
                self.people_box.addItem(layer.name(), layer.id())
        self.people_box.setCurrentIndex(max(0, self.people_box.findData(chosen)))
        self._fields(field)

    def _fields(self, chosen: str) -> None:
        self.field_box.clear()
        layer = QgsProject.instance().mapLayer(str(self.people_box.currentData() or ""))
        self.field_box.addItems(_numbers(layer) if isinstance(layer, QgsVectorLayer) else [])
        self.field_box.setCurrentIndex(max(0, self.field_box.findText(chosen)))
        self.field_box.setEnabled(self.field_box.count() > 0)

    def values(self) -> dict[str, Any]:
        """Return what is wished; ``people_layer`` is the id of a layer of the project."""
        found: dict[str, Any] = {
            "days": int(self.days_spin.value()), "target_area": self.area_spin.value(),
            "band": f"{self.low_spin.value():.2f},{self.high_spin.value():.2f}",
            "load_weights": self.weight_page.weights(),
        }  # fmt: skip
        if self.load_radio.isChecked():
            found["target_load"] = self.load_spin.value()
        if self.people_box.currentData() and self.field_box.currentText():
            found["people_layer"] = self.people_box.currentData()
            found["population_field"] = self.field_box.currentText()
        return found


def _numbers(layer: QgsVectorLayer) -> list[str]:
    return [field.name() for field in layer.fields() if field.isNumeric()]

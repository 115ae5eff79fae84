# SPDX-License-Identifier: GPL-2.0-or-later
"""How large the drafted grids shall be: by area or by load, with a band; seed; where the draft is written."""

from __future__ import annotations

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import (
    QButtonGroup,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.gui.docks.parts import button, plain_label
from digital_citymgmt_plugin.gui.models.draft import tr


class TargetPage(QWidget):
    """The page; ``changed`` when another draft is wanted."""

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.area_radio = QRadioButton(tr("&Area of a grid (m²)"))
        self.load_radio = QRadioButton(tr("&Load of a grid"))
        self.group = QButtonGroup(self)
        for radio in (self.area_radio, self.load_radio):
            self.group.addButton(radio)
        self.area_radio.setChecked(True)
        self.area_spin = spin(tr("Area of a grid (m²)"), 1_000, 100_000_000, 40_000, step=2_500)
        self.load_spin = spin(tr("Load of a grid"), 1, 1_000_000, 100, step=10)
        self.low_spin = spin(tr("Smallest grid, as a share of the area wanted"), 0.05, 0.95, 0.5, 2, 0.05)
        self.high_spin = spin(tr("Largest grid, as a share of the area wanted"), 1.05, 20, 2.0, 2, 0.1)
        self.seed_spin = spin(tr("Seed: another one gives another draft of equal standing"), 0, 1_000_000, 0)
        self.output_edit = QLineEdit()
        self.output_edit.setAccessibleName(tr("File of the draft"))
        self.output_button = button("…", tr("Choose where the draft is written"), "draft_output")
        self._lay_out()
        for box in (self.area_spin, self.load_spin, self.low_spin, self.high_spin, self.seed_spin):
            box.valueChanged.connect(lambda _=0.0: self.changed.emit())
        self.area_radio.toggled.connect(lambda _=False: self._switch())
        self._enable()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow(self.area_radio, self.area_spin)
        form.addRow(self.load_radio, self.load_spin)
        form.addRow(tr("Smallest (share)"), self.low_spin)
        form.addRow(tr("Largest (share)"), self.high_spin)
        form.addRow(tr("Seed"), self.seed_spin)
        file = QHBoxLayout()
        file.addWidget(self.output_edit, 1)
        file.addWidget(self.output_button)
        form.addRow(tr("File of the draft"), file)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(plain_label(tr(
            "By load the band is one of loads; areas are bounded loosely by the area that holds the load wanted on the "
            "mean of the city."
        )))  # fmt: skip
        layout.addStretch(1)

    def _switch(self) -> None:
        self._enable()
        self.changed.emit()

    def _enable(self) -> None:
        self.area_spin.setEnabled(self.area_radio.isChecked())
        self.load_spin.setEnabled(self.load_radio.isChecked())

    def allow_load(self, there: bool) -> None:
        """Offer a load only where components are counted."""
        self.load_radio.setEnabled(there)
        if not there:
            self.area_radio.setChecked(True)

    def values(self) -> dict[str, object]:
        """Return the parts of the request that are asked for here."""
        band = f"{self.low_spin.value():.2f},{self.high_spin.value():.2f}"
        load = self.load_spin.value() if self.load_radio.isChecked() else None
        return {
            "target_area": self.area_spin.value(), "target_load": load, "band": band,
            "seed": int(self.seed_spin.value()),
        }  # fmt: skip


def spin(name: str, least: float, most: float, value: float, decimals: int = 0, step: float = 1.0) -> QDoubleSpinBox:
    """Return a box for a number that tells its name."""
    made = QDoubleSpinBox()
    made.setAccessibleName(name)
    made.setDecimals(decimals)
    made.setRange(least, most)
    made.setSingleStep(step)
    made.setValue(value)
    made.setGroupSeparatorShown(True)
    made.setKeyboardTracking(False)  # on the way to 20,000 stands 20: nobody wants that drafted
    return made

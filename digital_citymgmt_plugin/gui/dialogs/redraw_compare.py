# SPDX-License-Identifier: GPL-2.0-or-later
"""Two scenarios side by side: grid by grid, and in total."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from digital_citymgmt_plugin.gui.docks.parts import plain_label, rows_view
from digital_citymgmt_plugin.gui.models.redraw import tr
from digital_citymgmt_plugin.gui.models.rows import RowsModel
from digital_citymgmt_plugin.gui.models.scenarios import compared_header, compared_rows
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons


class CompareDialog(QDialog):
    """Shows what ``CompareScenarios`` answers. Signal ``maps_asked``: show both on the map."""

    maps_asked = pyqtSignal()

    def __init__(self, names: tuple[str, str], answer: Mapping[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Scenarios side by side"))
        first, second = names
        self.label = plain_label(tr("{first} → {second}").format(first=first, second=second))
        self.view = rows_view(tr("Scenarios side by side"))
        self.view.setModel(RowsModel(compared_header(), compared_rows(answer), self))
        self.view.resizeColumnsToContents()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        name_buttons(self.buttons)
        self.map_button = self.buttons.addButton(tr("Show both on the map"), QDialogButtonBox.ButtonRole.ActionRole)
        self.map_button.clicked.connect(lambda _=False: self.maps_asked.emit())
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (self.label, self.view, self.buttons):
            layout.addWidget(widget)
        self.resize(900, 480)

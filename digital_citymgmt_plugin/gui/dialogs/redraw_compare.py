# SPDX-License-Identifier: GPL-2.0-or-later
"""Two scenarios side by side: in total, and the grids in which they differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from digital_citymgmt_plugin.gui.dialogs.question import fit
from digital_citymgmt_plugin.gui.docks.parts import plain_label, rows_view
from digital_citymgmt_plugin.gui.models.redraw import tr
from digital_citymgmt_plugin.gui.models.rows import RowsModel
from digital_citymgmt_plugin.gui.models.scenarios import cells_header, cells_rows, conflicts_words, totals_rows
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons


class CompareDialog(QDialog):
    """Shows what ``CompareScenarios`` answers. Signal ``maps_asked``: show both on the map."""

    maps_asked = pyqtSignal()

    def __init__(self, names: tuple[str, str], answer: Mapping[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Scenarios side by side"))
        counts = answer.get("counts") or {}
        words = tr("{first_count} grids only in “{first}”, {second_count} only in “{second}”, {same} the same in both.")
        lines = [words.format(
            first=names[0], second=names[1], first_count=counts.get("first", 0), second_count=counts.get("second", 0),
            same=counts.get("same", 0),
        )]  # fmt: skip
        for name, conflicts in zip(names, answer.get("conflicts") or ()):
            if conflicts:
                left_out = tr("Changes of “{name}” that no longer fit and were left out:").format(name=name)
                lines += [left_out, conflicts_words(conflicts)]
        self.label = plain_label("\n".join(lines))
        self.totals_view = rows_view(tr("Both scenarios in total"), many=False)
        header = [tr("Figure"), *names, tr("Difference")]
        self.totals_view.setModel(RowsModel(header, totals_rows(answer["totals"]), self))
        self.cells_view = rows_view(tr("Grids in which the scenarios differ"))
        self.cells_view.setModel(RowsModel(cells_header(), cells_rows(names, answer.get("cells") or []), self))
        for view in (self.totals_view, self.cells_view):
            view.resizeColumnsToContents()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        name_buttons(self.buttons)
        self.map_button = self.buttons.addButton(tr("Show both on the map…"), QDialogButtonBox.ButtonRole.ActionRole)
        self.map_button.clicked.connect(lambda _=False: self.maps_asked.emit())
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget, stretch in ((self.label, 0), (self.totals_view, 3), (self.cells_view, 2), (self.buttons, 0)):
            layout.addWidget(widget, stretch)
        fit(self, 880, 600)

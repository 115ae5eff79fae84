# SPDX-License-Identifier: GPL-2.0-or-later
"""The *Draft of unit grids* dock: the doubtful places of a draft, worst first, to accept, edit or lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import QAction, QCheckBox, QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from digital_citymgmt_plugin.gui.docks.parts import (
    Buttons,
    Scrolled,
    button,
    chosen_rows,
    fit_columns,
    plain_label,
    rows_view,
)
from digital_citymgmt_plugin.gui.models.draft import cells_row, header, tr, why_words
from digital_citymgmt_plugin.gui.models.rows import RowsModel

NAME = "DcmDraftDock"


class DraftDock(QgsDockWidget):
    """The dock's widgets by name; the controller says what they do. Signal ``chosen``: the row that is looked at."""

    chosen = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Draft of unit grids"), parent)
        self.setObjectName(NAME)
        self.cells: list[Mapping[str, Any]] = []
        self._made: Mapping[str, Any] = {}
        self._model: RowsModel | None = None
        self.draft_box = QComboBox()
        self.draft_box.setAccessibleName(tr("Draft that is looked at"))
        self.summary = plain_label()
        self.every_box = QCheckBox(tr("All cells"))
        self.every_box.setToolTip(tr("List all cells, not only those that the draft is not sure of"))
        self.open_box = QCheckBox(tr("Not decided yet"))
        self.view = rows_view(tr("Cells to look at, the worst first"), many=False)
        self.detail = plain_label()
        self._build_buttons()
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(6, 6, 6, 6)
        for row in self._rows():
            layout.addLayout(row)
        layout.addWidget(self.summary)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.detail)
        layout.addWidget(Buttons(self.previous_button, self.next_button, self.show_button, most=3))
        layout.addWidget(Buttons(self.accept_button, self.edit_button, self.lock_button, self.reset_button, most=4))
        layout.addWidget(Buttons(self.adopt_button, self.export_button))
        self.setWidget(Scrolled(body))
        self._shortcuts()
        self.show_cells([], {}, "")

    def _build_buttons(self) -> None:
        self.draft_button = button(tr("&Draft…"), tr("Choose layers and draft again"), "dcm_draft_again")
        words = tr("Read the draft again, after it was edited")
        self.refresh_button = button(tr("&Refresh"), words, "dcm_draft_read")
        self.previous_button = button(tr("Previous"), tr("Cell before (Alt+Up)"), "dcm_draft_previous")
        self.next_button = button(tr("Next"), tr("Next cell (Alt+Down)"), "dcm_draft_next")
        self.show_button = button(tr("Show"), tr("Show the cell on the map (Alt+0)"), "dcm_draft_show")
        self.accept_button = button(tr("Accept"), tr("The cell is good as it is (Alt+1)"), "dcm_draft_accept")
        self.edit_button = button(tr("Edit"), tr("Move its corners on the map (Alt+2)"), "dcm_draft_edit")
        self.lock_button = button(tr("Lock"), tr("Keep the cell when drafting again (Alt+3)"), "dcm_draft_lock")
        self.reset_button = button(tr("Re&open"), tr("Take the decision back (Alt+4)"), "dcm_draft_reset")
        self.adopt_button = button(
            tr("&Adopt into the city store…"), tr("Number all cells of the draft; counts first"), "dcm_draft_adopt"
        )
        self.export_button = button(tr("E&xport…"), tr("Write the list to a workbook"), "dcm_draft_export")

    def _rows(self) -> tuple[QHBoxLayout, ...]:
        top = QHBoxLayout()
        top.addWidget(self.draft_box, 1)
        top.addWidget(self.refresh_button)
        top.addWidget(self.draft_button)
        choice = QHBoxLayout()
        choice.addWidget(self.every_box)
        choice.addWidget(self.open_box)
        choice.addStretch(1)
        return top, choice

    def _shortcuts(self) -> None:
        self.shortcuts: list[QAction] = []
        for keys, made in (
            ("Alt+Up", self.previous_button), ("Alt+Down", self.next_button), ("Alt+0", self.show_button),
            ("Alt+1", self.accept_button), ("Alt+2", self.edit_button), ("Alt+3", self.lock_button),
            ("Alt+4", self.reset_button),
        ):  # fmt: skip
            action = QAction(made.text(), self)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(lambda _=False, made=made: made.click())
            self.addAction(action)
            self.shortcuts.append(action)
        self.previous_button.clicked.connect(lambda _=False: self.step(-1))
        self.next_button.clicked.connect(lambda _=False: self.step(1))

    # -- what is shown ------------------------------------------------------------------------------------------

    def show_drafts(self, listed: Sequence[tuple[str, str]], chosen: str) -> None:
        """Offer drafts (id of the layer, name) without telling anybody."""
        self.draft_box.blockSignals(True)
        self.draft_box.clear()
        for key, words in listed:
            self.draft_box.addItem(words, key)
        self.draft_box.setCurrentIndex(max(0, self.draft_box.findData(chosen)) if listed else -1)
        self.draft_box.blockSignals(False)

    def show_cells(self, cells: Sequence[Mapping[str, Any]], made: Mapping[str, Any], words: str, row: int = 0) -> None:
        """Fill the list; ``row`` is looked at next, without moving the map."""
        self.cells, self._made = list(cells), made
        self.summary.setText(words)
        self.view.setEnabled(True)
        old = self._model
        self._model = RowsModel(header(), [cells_row(cell, made) for cell in self.cells], self, (1, 3, 4))
        self.view.setModel(self._model)
        if old is not None:
            old.deleteLater()
        fit_columns(self.view)
        if self.cells:
            self.view.selectRow(min(max(row, 0), len(self.cells) - 1))
        self.view.selectionModel().selectionChanged.connect(lambda *_: self._moved())
        self._moved(told=False)

    def show_cell(self, row: int, cell: Mapping[str, Any]) -> None:
        """Show one row as it is now."""
        self.cells[row] = cell
        if self._model is not None:
            self._model.replace_row(row, cells_row(cell, self._made))
        self._moved(told=False)

    def row(self) -> int:
        """Return the number of the cell that is looked at, −1 for none."""
        rows = chosen_rows(self.view)
        return rows[0] if rows else -1

    def step(self, by: int) -> None:
        """Go to the next or the previous cell."""
        row = self.row() + by
        if 0 <= row < len(self.cells):
            self.view.selectRow(row)
            self.view.scrollTo(self.view.model().index(row, 0))

    def _moved(self, *, told: bool = True) -> None:
        row = self.row()
        there = row >= 0
        self.detail.setText(why_words(self.cells[row], self._made) if there else "")
        self.previous_button.setEnabled(row > 0)
        self.next_button.setEnabled(there and row < len(self.cells) - 1)
        for made in (self.show_button, self.accept_button, self.edit_button, self.lock_button, self.reset_button):
            made.setEnabled(there)
        has_draft = self.draft_box.currentIndex() >= 0
        for made in (self.adopt_button, self.refresh_button, self.export_button):
            made.setEnabled(has_draft)
        if there and told:
            self.chosen.emit(row)

    def show_no_store(self) -> None:
        """Show that no store is open."""
        self.show_drafts([], "")
        self.show_cells([], {}, tr("Open a city store first."))
        self.view.setEnabled(False)

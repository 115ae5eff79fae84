# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of text as a table: differences, faults, whatever the engine lists."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from digital_citymgmt_plugin.gui.plain_text import as_tip

NOWHERE = QModelIndex()


class RowsModel(QAbstractTableModel):
    """A header and rows of equal length; read-only. ``numbers``: columns of numbers, which stand to the right."""

    def __init__(
        self, header: Sequence[str], rows: Sequence[Sequence[Any]], parent: QObject | None = None,
        numbers: Container[int] = (),
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.numbers = numbers
        self._header = [str(word) for word in header]
        self._rows = [["" if value is None else str(value) for value in row] for row in rows]

    def replace_row(self, row: int, cells: Sequence[Any]) -> None:
        """Show other cells in a row."""
        self._rows[row] = ["" if value is None else str(value) for value in cells]
        self.dataChanged.emit(self.index(row, 0), self.index(row, len(self._header) - 1))

    def rowCount(self, parent: QModelIndex = NOWHERE) -> int:
        """Return how many rows there are."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = NOWHERE) -> int:
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(self._header)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the text of a cell; the tool tip shows what a narrow column cuts off."""
        if index.isValid() and role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            text = self._rows[index.row()][index.column()]
            return as_tip(text) if role == Qt.ItemDataRole.ToolTipRole else text
        if role == Qt.ItemDataRole.TextAlignmentRole and index.isValid() and index.column() in self.numbers:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the heading of a column."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            # A view that is given a model with fewer columns asks once more for those of before.
            return self._header[section] if 0 <= section < len(self._header) else None
        return super().headerData(section, orientation, role)

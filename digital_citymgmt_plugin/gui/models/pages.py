# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows that come page by page: a view of 100,000 holds what was scrolled to."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, pyqtSignal

from digital_citymgmt_plugin.gui.plain_text import as_tip

NOWHERE = QModelIndex()
Row = Mapping[str, Any]
Cells = Callable[[Row], Sequence[str]]


class PagedModel(QAbstractTableModel):
    """A table whose further rows are asked for when the view comes to its end.

    Parameters
    ----------
    header : sequence of str
    cells : callable
        Row → its texts, made when they are shown.
    decoration : callable, optional
        Row → icon of the first column.
    numbers : container of int, optional
        Columns of numbers, which stand to the right.

    Signals: ``wanted`` (fid of the last row): the next page is needed.
    """

    wanted = pyqtSignal(int)

    def __init__(
        self,
        header: Sequence[str],
        cells: Cells,
        decoration: Callable[[Row], Any] | None = None,
        parent: QObject | None = None,
        numbers: Container[int] = (),
    ) -> None:
        super().__init__(parent)
        self.numbers = numbers
        self.header, self._cells, self._decoration = list(header), cells, decoration
        self.rows: list[Row] = []
        self._more = self._asked = False

    @property
    def more(self) -> bool:
        """Whether there are further rows, asked for or not."""
        return self._more

    def fill(self, rows: Sequence[Row], more: bool) -> None:
        """Show a first page."""
        self.beginResetModel()
        self.rows, self._more, self._asked = list(rows), more, False
        self.endResetModel()

    def append(self, rows: Sequence[Row], more: bool) -> None:
        """Add the next page."""
        self._more, self._asked = more, False
        if rows:
            self.beginInsertRows(NOWHERE, len(self.rows), len(self.rows) + len(rows) - 1)
            self.rows += rows
            self.endInsertRows()

    def canFetchMore(self, parent: QModelIndex = NOWHERE) -> bool:
        """Tell whether there is another page that was not asked for yet."""
        return self._more and not self._asked and not parent.isValid()

    def fetchMore(self, parent: QModelIndex = NOWHERE) -> None:
        """Ask for the next page; it comes when the engine has answered."""
        if self.canFetchMore(parent):
            self._asked = True
            self.wanted.emit(int(self.rows[-1]["fid"]) if self.rows else 0)

    def rowCount(self, parent: QModelIndex = NOWHERE) -> int:
        """Return how many rows are here."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = NOWHERE) -> int:
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(self.header)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the text of a cell, its tool tip, or the icon of the row."""
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0 and self._decoration is not None:
            return self._decoration(row)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            text = str(self._cells(row)[index.column()])
            return as_tip(text) if role == Qt.ItemDataRole.ToolTipRole else text
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in self.numbers:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the heading of a column."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self.header[section]
        return super().headerData(section, orientation, role)

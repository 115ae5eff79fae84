# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of an assessment: numbers that sort as numbers, a bar's length in each cell, the total always last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QCoreApplication, QLocale, QModelIndex, QObject, Qt
from qgis.PyQt.QtGui import QColor, QFont, QIcon, QPainter, QPixmap

from digital_citymgmt_plugin.core.assessment.classes import class_of
from digital_citymgmt_plugin.gui.models.rows import NOWHERE
from digital_citymgmt_plugin.gui.plain_text import as_tip

BAR = Qt.ItemDataRole.UserRole + 1  # length of the bar in a cell, 0 to 1; None without one
NOTHING = "–"
# Classes on map and in table: light to dark, told apart in grey and by colour-blind eyes (Blues of ColorBrewer 2.0).
COLOURS = ("#eff3ff", "#bdd7e7", "#6baed6", "#3182bd", "#08519c")
NUMBERS = ("count", "rate", "score")


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("AssessmentDock", text)


@dataclass(frozen=True)
class Column:
    """One column: ``kind`` is code, name, rank, change, grade, score, rate or count; ``digits`` behind the point."""

    key: str
    title: str
    kind: str
    unit: str = ""
    lower: bool = False  # less is better
    above: str = ""  # the counts that it is made of: sums of names
    below: str = ""  # "" for a number of cases
    shown: int = 2

    @property
    def digits(self) -> int:
        """Return how many digits stand behind the point."""
        return self.shown if self.kind in ("rate", "score") else 0


@dataclass
class Table:
    """What the dock shows. ``rows`` have a cell for each column; ``total`` too; a value that is none is None."""

    columns: list[Column] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    total: list[Any] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    before: dict[str, dict[str, float | None]] = field(default_factory=dict)  # column → code → figure of then

    def at(self, key: str) -> int:
        """Return the place of a column; -1 when there is none."""
        return next((at for at, column in enumerate(self.columns) if column.key == key), -1)

    def mapped(self) -> list[Column]:
        """Return the columns that a map can show."""
        return [column for column in self.columns if column.kind in NUMBERS]

    def values(self, key: str) -> dict[str, float | None]:
        """Return the figures of a column by the code of the row."""
        at = self.at(key)
        return {str(row[0]): None if at < 0 or row[at] is None else float(row[at]) for row in self.rows}


def text_of(value: Any, column: Column) -> str:
    """Return what a cell shows."""
    if column.kind == "change":
        return change_words(value)
    if value is None:
        return NOTHING if column.kind in (*NUMBERS, "rank") else ""
    if value != "" and column.kind in (*NUMBERS, "rank"):
        return QLocale().toString(float(value), "f", column.digits)
    return str(value)


def change_words(change: Any) -> str:
    """Return how many places a row went up or down: told by the sign, not by a colour."""
    if change is None:
        return ""
    number = int(change)
    return f"▲ {number}" if number > 0 else f"▼ {-number}" if number < 0 else "="


def swatch(colour: str, size: int = 12) -> QIcon:
    """Return a small square of a colour with an edge."""
    picture = QPixmap(size, size)
    picture.fill(QColor(colour))
    painter = QPainter(picture)
    painter.setPen(QColor("#5e5c64"))
    painter.drawRect(0, 0, size - 1, size - 1)
    painter.end()
    return QIcon(picture)


class AssessmentModel(QAbstractTableModel):
    """Rows of a table, sorted here, so that the total stays last."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.table = Table()
        self.order: list[int] = []
        self.edges: Sequence[float] = ()
        self._column, self._falls = -1, False
        self._mapped = -1
        self._most: list[float] = []
        self._signs = [swatch(colour) for colour in COLOURS]
        self._bold = QFont()
        self._bold.setBold(True)

    def fill(self, table: Table, mapped: str = "", edges: Sequence[float] = ()) -> None:
        """Show another table; what was sorted by a column stays so where the column is there."""
        before = self.table.columns[self._column].key if 0 <= self._column < len(self.table.columns) else ""
        self.beginResetModel()
        self.table = table
        self._column = table.at(before) if before else -1
        self._most = [_most(table, at) for at in range(len(table.columns))]
        self._mapped, self.edges = table.at(mapped), edges
        self._sort()
        self.endResetModel()

    def show_classes(self, mapped: str, edges: Sequence[float]) -> None:
        """Mark the cells of the column that the map shows with the colours of its classes."""
        self._mapped, self.edges = self.table.at(mapped), edges
        if self.rowCount():
            last = self.index(self.rowCount() - 1, self.columnCount() - 1)
            self.dataChanged.emit(self.index(0, 0), last, [Qt.ItemDataRole.DecorationRole])

    def sort_by(self, column: int) -> tuple[int, bool]:
        """Sort by a column: high first, then low first, then as it came; return it (-1: none) and whether it falls."""
        if column != self._column:
            numeric = self.table.columns[column].kind in (*NUMBERS, "change")
            self._column, self._falls = column, numeric
        elif self._falls == (self.table.columns[column].kind in (*NUMBERS, "change")):
            self._falls = not self._falls
        else:
            self._column, self._falls = -1, False
        self.layoutAboutToBeChanged.emit()
        self._sort()
        self.layoutChanged.emit()
        return self._column, self._falls

    def _sort(self) -> None:
        rows, column = self.table.rows, self._column
        self.order = list(range(len(rows)))
        if column < 0:
            return
        known = [at for at in self.order if rows[at][column] is not None]
        known.sort(key=lambda at: _sortable(rows[at][column]), reverse=self._falls)
        self.order = known + [at for at in self.order if rows[at][column] is None]

    def row(self, number: int) -> list[Any] | None:
        """Return the cells of a row as it stands in the view; None for the total."""
        return self.table.rows[self.order[number]] if 0 <= number < len(self.order) else None

    def place_of(self, code: str) -> int:
        """Return where the row of a code stands; -1 when it does not."""
        return next((at for at, row in enumerate(self.order) if str(self.table.rows[row][0]) == code), -1)

    def rowCount(self, parent: QModelIndex = NOWHERE) -> int:
        """Return the number of rows with the total."""
        return 0 if parent.isValid() else len(self.order) + bool(self.table.total)

    def columnCount(self, parent: QModelIndex = NOWHERE) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.table.columns)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, tool tip, alignment, bar or sign of a cell."""
        if not index.isValid():
            return None
        row, at = self.row(index.row()), index.column()
        column = self.table.columns[at]
        value = self.table.total[at] if row is None else row[at]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return text_of(value, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            words = f"{column.title}: {text_of(value, column)}{self._parts(row, column)}"
            return as_tip(words if row is None else words + self._before(str(row[0]), column))
        if role == Qt.ItemDataRole.TextAlignmentRole and column.kind in (*NUMBERS, "rank", "change"):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.FontRole and row is None:
            return self._bold
        if role == BAR and row is not None and value is not None and column.kind in NUMBERS:
            return max(0.0, min(1.0, float(value) / self._most[at])) if self._most[at] > 0 else 0.0
        if role == Qt.ItemDataRole.DecorationRole and row is not None and at == self._mapped:
            found = class_of(None if value is None else float(value), self.edges)
            return self._signs[colour_of(found, len(self.edges) - 1)] if found >= 0 else None
        return None

    def _parts(self, row: Sequence[Any] | None, column: Column) -> str:
        """Return numerator and denominator of a rate in figures, where both are columns."""
        cells = self.table.total if row is None else row
        places = self.table.at(column.above), self.table.at(column.below)
        if column.kind != "rate" or min(places) < 0:
            return ""
        number = QLocale().toString
        words = [f"{self.table.columns[at].title} {number(int(cells[at] or 0))}" for at in places]
        return f" = {words[0]} ÷ {words[1]}"

    def _before(self, code: str, column: Column) -> str:
        """Return the figure of the period that the table is compared with."""
        if column.key not in self.table.before:
            return ""
        return "\n" + tr("Before: {value}").replace("{value}", text_of(self.table.before[column.key].get(code), column))

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the heading of a column."""
        if orientation == Qt.Orientation.Vertical and self.table.columns and section < self.rowCount():
            row = self.row(section) or self.table.total
            name = str(row[1] or row[0])
            if role == Qt.ItemDataRole.DisplayRole:
                return name
            return as_tip(f"{row[0]} {name}".strip()) if role == Qt.ItemDataRole.ToolTipRole else None
        if orientation == Qt.Orientation.Horizontal and 0 <= section < len(self.table.columns):
            column = self.table.columns[section]
            if role == Qt.ItemDataRole.DisplayRole:
                return column.title
            if role == Qt.ItemDataRole.ToolTipRole:
                return as_tip(column.title)
        return None


def colour_of(number: int, classes: int) -> int:
    """Return which of the colours a class has: few classes are spread over all of them."""
    last = len(COLOURS) - 1
    return last if classes <= 1 else round(number * last / (classes - 1))


def _most(table: Table, at: int) -> float:
    column = table.columns[at]
    known = [float(row[at]) for row in table.rows if row[at] is not None] if column.kind in NUMBERS else []
    most = max(known, default=0.0)
    return max(100.0, most) if column.unit == "%" or column.kind == "score" else most


def _sortable(value: Any) -> tuple[bool, Any]:
    return (True, str(value)) if isinstance(value, str) else (False, value)


# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases as rows of a table: a million of them stand in the view, those that are seen are asked for page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from qgis.PyQt.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QDateTime,
    QModelIndex,
    QObject,
    QPoint,
    Qt,
    pyqtSignal,
)
from qgis.PyQt.QtGui import QColor, QIcon, QPainter, QPixmap, QPolygon

from digital_citymgmt_plugin.bridge.messages import template
from digital_citymgmt_plugin.gui.plain_text import as_tip

NOWHERE = QModelIndex()
FAMILY = "dispatch"  # of the sentences
PAGE = 100
_KEPT = 400  # pages in memory
# Column of the table → column of the engine that it is sorted by.
COLUMNS = (
    "case_no", "lamp", "stage", "class_code", "dept_code", "address", "due_at", "reported_at", "returns", "grid_code",
    "source",
)  # fmt: skip
# A colour and a shape each: they are told apart without colours, too.
_LAMPS = {"green": "#1a8f3c", "amber": "#e69f00", "red": "#c62828"}


def tr(text: str) -> str:
    """Translate a text of the table."""
    return QCoreApplication.translate("DispatchDock", text)


def header() -> list[str]:
    """Return the headings of the table."""
    return [
        tr("Number"), tr("Lamp"), tr("Stage"), tr("Class"), tr("Department"), tr("Address"), tr("Due"), tr("Reported"),
        tr("Returns"), tr("Unit grid"), tr("Source"),
    ]  # fmt: skip


def stage_words(stage: Any) -> str:
    """Return the word of a stage."""
    return template(f"{FAMILY}.stage_{stage}") or str(stage or "")


def lamp_words(lamp: Any) -> str:
    """Return what a lamp says."""
    return (template(f"{FAMILY}.lamp_{lamp}") or str(lamp)) if lamp else ""


def queue_words(queue: str) -> str:
    """Return the name of a queue."""
    return template(f"{FAMILY}.queue_{queue}") or queue


def minute(text: Any) -> str:
    """Return a time of the store (UTC) as the clock of this computer shows it, to the minute."""
    at = QDateTime.fromString(str(text or ""), Qt.DateFormat.ISODateWithMs)
    return at.toLocalTime().toString("yyyy-MM-dd HH:mm") if at.isValid() else str(text or "")


@lru_cache(maxsize=8)
def lamp_icon(lamp: str) -> QIcon:
    """Return the icon of a lamp: a circle, a triangle, a square."""
    pixmap = QPixmap(32, 32)
    pixmap.fill(QColor(0, 0, 0, 0))
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(QColor(_LAMPS.get(lamp, "#9e9e9e")))
    painter.setPen(QColor("#202020"))
    if lamp == "amber":
        painter.drawPolygon(QPolygon([QPoint(16, 3), QPoint(30, 29), QPoint(2, 29)]))
    elif lamp == "red":
        painter.drawRect(4, 4, 24, 24)
    else:
        painter.drawEllipse(4, 4, 24, 24)
    painter.end()
    return QIcon(pixmap)


def cells(row: Mapping[str, Any]) -> list[str]:
    """Return the texts of a row."""
    named = f"{row['class_code'] or ''} {row['class_name'] or ''}".strip()
    return [
        str(row["case_no"] or ""), template(f"{FAMILY}.lit_{row.get('lamp')}") or "", stage_words(row["stage"]), named,
        str(row["dept_name"] or row["dept_code"] or ""), str(row["address"] or row["description"] or ""),
        minute(row["due_at"]), minute(row["reported_at"]), str(row["returns"] or ""), str(row["grid_code"] or ""),
        str(row["source"] or ""),
    ]  # fmt: skip


class CaseModel(QAbstractTableModel):
    """Signal ``wanted`` (offset): a page that is seen and not here."""

    wanted = pyqtSignal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.header = header()
        self.total, self.token = 0, ""
        self._pages: dict[int, list[dict[str, Any]]] = {}
        self._asked: set[int] = set()
        self._texts: dict[int, list[str]] = {}

    def fill(self, total: int, token: str, offset: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """Show another list, of which one page has come."""
        self.beginResetModel()
        self.total, self.token = total, token
        self._pages, self._asked, self._texts = {}, set(), {}
        self._keep(offset, rows)
        self.endResetModel()

    def put(self, offset: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take a page that was asked for."""
        self._keep(offset, rows)
        if rows:
            first, last = offset, min(self.total, offset + len(rows)) - 1
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(self.header) - 1))

    def _keep(self, offset: int, rows: Sequence[Mapping[str, Any]]) -> None:
        for start in range(0, len(rows), PAGE):
            number = (offset + start) // PAGE
            self._pages[number] = [dict(row) for row in rows[start : start + PAGE]]
            self._asked.discard(number)
        while len(self._pages) > _KEPT:
            gone = next(iter(self._pages))
            del self._pages[gone]
            for row in range(gone * PAGE, gone * PAGE + PAGE):
                self._texts.pop(row, None)

    def row(self, number: int) -> dict[str, Any] | None:
        """Return a case of the list, None when its page is not here."""
        page = self._pages.get(number // PAGE)
        at = number % PAGE
        return page[at] if page is not None and at < len(page) else None

    def row_of(self, fid: int) -> int:
        """Return where a case stands among those that are here; -1 when it does not."""
        for number, page in self._pages.items():
            for at, row in enumerate(page):
                if row["fid"] == fid:
                    return number * PAGE + at
        return -1

    def rowCount(self, parent: QModelIndex = NOWHERE) -> int:
        """Return how many cases the list has."""
        return 0 if parent.isValid() else self.total

    def columnCount(self, parent: QModelIndex = NOWHERE) -> int:
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(self.header)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the text of a cell, its tool tip, or the lamp."""
        if not index.isValid():
            return None
        told = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
        if role not in told and not (role == Qt.ItemDataRole.DecorationRole and index.column() == 1):
            return None
        row = self.row(index.row())
        if row is None:
            page = index.row() // PAGE
            if page not in self._asked:
                self._asked.add(page)
                self.wanted.emit(page * PAGE)
            return "…" if role == Qt.ItemDataRole.DisplayRole and index.column() == 0 else None
        if role == Qt.ItemDataRole.DecorationRole:
            return lamp_icon(str(row["lamp"])) if row.get("lamp") else None
        texts = self._texts.get(index.row())
        if texts is None:
            texts = self._texts[index.row()] = cells(row)
        text = texts[index.column()]
        return as_tip(text) if role == Qt.ItemDataRole.ToolTipRole else text

    def forget(self, offset: int) -> None:
        """Let a page be asked for again: it did not come."""
        self._asked.discard(offset // PAGE)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the heading of a column."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self.header[section]
        return super().headerData(section, orientation, role)

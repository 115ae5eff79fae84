# SPDX-License-Identifier: GPL-2.0-or-later
"""The live figures of the redraw bench in words: before → after, with a sign and a word for each judgement.

Colour is never the only sign: the badge of a judgement differs in shape, and its word stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QCoreApplication, QLocale, QModelIndex, QObject, QPointF, Qt
from qgis.PyQt.QtGui import QBrush, QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF

from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.bridge.palette import MAJORS
from digital_citymgmt_plugin.bridge.palette import tr as tr_major
from digital_citymgmt_plugin.gui.plain_text import as_tip

NOWHERE = QModelIndex()
# Dark enough to be seen on white, light enough on black.
COLOURS = {"green": "#2e9e4f", "amber": "#c8820a", "red": "#d4303f"}
SIGNS = {"green": "✓", "amber": "!", "red": "✕"}
MORE, LESS, SAME = "▲", "▼", "="
_COMMUNITY = 12  # digits of a community in the code of a grid


def tr(text: str) -> str:
    """Translate a text of the redraw bench."""
    return QCoreApplication.translate("Redraw", text)


def verdict_words(verdict: str) -> str:
    """Return the word of a judgement against the band."""
    words = {"green": tr("in the band"), "amber": tr("somewhat out of it"), "red": tr("far out of it")}
    return words.get(verdict, "")


def badge(verdict: str, size: int = 16) -> QIcon:
    """Return the badge of a judgement: a disc with a tick, a triangle, a square with a cross."""
    pixmap = QPixmap(size, size)
    pixmap.fill(QColor(0, 0, 0, 0))
    if verdict not in COLOURS:
        return QIcon(pixmap)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(QColor(COLOURS[verdict])))
    unit = size / 16
    if verdict == "green":
        painter.drawEllipse(QPointF(8 * unit, 8 * unit), 7 * unit, 7 * unit)
        strokes = [[(4.5, 8.5), (7, 11), (11.5, 5.5)]]
    elif verdict == "amber":
        painter.drawPolygon(QPolygonF([QPointF(x * unit, y * unit) for x, y in ((8, 1), (15.5, 14.5), (0.5, 14.5))]))
        strokes = [[(8, 6), (8, 10)], [(8, 12), (8, 12.6)]]
    else:
        painter.drawRect(round(unit), round(unit), round(14 * unit), round(14 * unit))
        strokes = [[(5, 5), (11, 11)], [(11, 5), (5, 11)]]
    painter.setPen(QPen(QColor("#ffffff"), 2 * unit, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    for stroke in strokes:
        painter.drawPolyline(QPolygonF([QPointF(x * unit, y * unit) for x, y in stroke]))
    painter.end()
    return QIcon(pixmap)


def number_words(value: Any, digits: int = 0) -> str:
    """Return a number as the user writes it; "–" for none."""
    if value is None:
        return "–"
    return QLocale().toString(float(value), "f", digits) if digits else QLocale().toString(round(float(value)))


def change_words(before: Any, after: Any, digits: int = 0) -> str:
    """Return before and after with a sign; the after alone when there was nothing before."""
    if before is None and after is None:
        return "–"
    if before is None:
        return number_words(after, digits)
    if after is None:
        return f"{number_words(before, digits)} → –"
    old, new = number_words(before, digits), number_words(after, digits)
    if old == new:
        return f"{new} {SAME}"
    return f"{old} → {new} {MORE if float(after) > float(before) else LESS}"


def cell_words(cell: Mapping[str, Any]) -> str:
    """Return how a cell is called: by its code, a new one by that of what it came from and a number."""
    return str(cell.get("name") or cell.get("code") or str(cell.get("id") or "")[:8])


def short_words(cell: Mapping[str, Any]) -> str:
    """Return how a cell is called on the map: without the code of its community, which its neighbours have, too."""
    words = cell_words(cell)
    return words[_COMMUNITY:] if len(words) > _COMMUNITY and words[:_COMMUNITY].isdigit() else words


def state_words(state: str) -> str:
    """Return what becomes of a cell."""
    return {"kept": tr("changed"), "new": tr("new"), "gone": tr("goes away")}.get(state, state)


# measure → heading, digits, factor of what the engine gives
MEASURES: tuple[tuple[str, str, int, float], ...] = (
    ("area_m2", "Area (ha)", 2, 1e-4),
    ("load", "Load", 1, 1.0),
    ("components", "Components", 0, 1.0),
    ("cases", "Cases", 0, 1.0),
    ("open_cases", "Open cases", 0, 1.0),
    ("road_m", "Roads (km)", 2, 1e-3),
    ("population", "People", 0, 1.0),
    ("compactness", "Compactness", 2, 1.0),
    ("on_features", "Boundary on features (%)", 0, 100.0),
)
_LIVE = MEASURES[:7]


def live_header() -> list[str]:
    """Return the headings of the live list."""
    return [tr("Grid"), tr("Judgement"), *(tr(words) for _measure, words, _digits, _factor in _LIVE)]


def detail_header() -> list[str]:
    """Return the headings of the figures of one cell."""
    return [tr("Figure"), tr("Before"), tr("After"), tr("Difference")]


def value_of(figures: Mapping[str, Any] | None, measure: str, factor: float) -> float | None:
    """Return a figure in the unit in which it is shown; None when it is not told."""
    found = (figures or {}).get(measure)
    return None if found is None else float(found) * factor


def verdict_of(cell: Mapping[str, Any]) -> str:
    """Return how a cell is judged: as it will be, one that goes away not at all."""
    return str((cell.get("after") or {}).get("verdict") or "") if cell.get("state") != "gone" else ""


def live_row(cell: Mapping[str, Any]) -> list[str]:
    """Return the texts of a cell in the live list."""
    before, after = cell.get("before"), cell.get("after")
    old, new = str((before or {}).get("verdict") or ""), verdict_of(cell)
    judged = f"{SIGNS.get(new, '')} {verdict_words(new)}".strip()
    if cell.get("state") == "gone":
        judged = state_words("gone")
    elif old and old != new:
        judged = f"{SIGNS.get(old, '')} → {judged}"
    texts = [cell_words(cell), judged]
    for measure, _words, digits, factor in _LIVE:
        texts.append(change_words(value_of(before, measure, factor), value_of(after, measure, factor), digits))
    return texts


def detail_rows(cell: Mapping[str, Any]) -> list[list[str]]:
    """Return all figures of one cell: measure, before, after, difference; components by major class, too."""
    before, after = cell.get("before"), cell.get("after")
    rows = []
    for measure, words, digits, factor in MEASURES:
        rows.append(_detail(tr(words), value_of(before, measure, factor), value_of(after, measure, factor), digits))
        if measure == "components":
            old, new = (dict((figures or {}).get("by_major") or {}) for figures in (before, after))
            for major in sorted({*old, *new}):
                title = tr_major(MAJORS[major][1]) if major in MAJORS else major
                missing_old, missing_new = (None if figures is None else 0 for figures in (before, after))
                rows.append(_detail(f"    {title}", old.get(major, missing_old), new.get(major, missing_new), 0))
    old, new = str((before or {}).get("verdict") or ""), verdict_of(cell)
    rows.append([tr("Judgement"), *(f"{SIGNS.get(one, '')} {verdict_words(one)}".strip() for one in (old, new)), ""])
    return rows


def _detail(words: str, before: float | None, after: float | None, digits: int) -> list[str]:
    told = "" if before is None or after is None else signed_words(after - before, digits)
    return [words, number_words(before, digits), number_words(after, digits), told]


def signed_words(difference: float, digits: int = 0) -> str:
    """Return a difference with its sign; what rounds to nothing has none."""
    told = number_words(difference, digits)
    if told.strip("-−0., ") == "":
        return number_words(0, digits)
    return f"+{told}" if difference > 0 else told


class LiveModel(QAbstractTableModel):
    """Rows of text that change many times a second; the second column may have a badge."""

    def __init__(self, header: Sequence[str], parent: QObject | None = None, badges: int = -1) -> None:
        super().__init__(parent)
        self._header = list(header)
        self._badges = badges
        self._icons = {verdict: badge(verdict) for verdict in COLOURS}
        self.rows: list[list[str]] = []
        self.verdicts: list[str] = []

    def fill(self, rows: Sequence[Sequence[str]], verdicts: Sequence[str] = ()) -> None:
        """Show other rows; as many as before are changed in place, so that the selection stays."""
        same = len(rows) == len(self.rows)
        if not same:
            self.beginResetModel()
        self.rows = [list(row) for row in rows]
        self.verdicts = list(verdicts)
        if not same:
            self.endResetModel()
        elif rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(self._header) - 1))

    def rowCount(self, parent: QModelIndex = NOWHERE) -> int:
        """Return how many rows there are."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = NOWHERE) -> int:
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(self._header)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, badge and alignment of a cell of the table."""
        if not index.isValid():
            return None
        row, column = index.row(), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self.rows[row][column]
        if role == Qt.ItemDataRole.ToolTipRole:
            return as_tip(self.rows[row][column])
        if role == Qt.ItemDataRole.DecorationRole and column == self._badges and row < len(self.verdicts):
            return self._icons.get(self.verdicts[row])
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the heading of a column."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self._header[section]
        return super().headerData(section, orientation, role)


def notes_words(notes: Sequence[Any] | None) -> str:
    """Return what the engine has to say besides, each thing once."""
    told = [sentence(str(note.get("code")), note.get("values") or {}) for note in notes or ()]
    return " ".join(dict.fromkeys(told))


def judged_words(verdicts: Sequence[str]) -> str:
    """Return how many grids are judged how."""
    counts = {verdict: sum(one == verdict for one in verdicts) for verdict in SIGNS}
    told = [f"{SIGNS[key]} {verdict_words(key)} {number_words(count)}" for key, count in counts.items() if count]
    return ", ".join(told)


def rows_of(columns: Mapping[str, Sequence[Any]], wanted: Sequence[str]) -> list[dict[str, Any]]:
    """Return cells told by columns, as far as they are ``wanted`` (ids), as an answer to an edit tells them."""
    at = {key: row for row, key in enumerate(columns.get("id") or ())}
    found = []
    for key in wanted:
        if key in at:
            row = {name: values[at[key]] for name, values in columns.items()}
            found.append({**row, "state": "kept" if row.get("code") else "new", "before": None, "after": row})
    return found

# SPDX-License-Identifier: GPL-2.0-or-later
"""The *Beats* dock: what each beat carries, the brush, the draft, and the way into the store. Widgets only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QRectF, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPen
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QSpinBox,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.gui.docks.parts import Scrolled, button, chosen_rows, in_tab_order, plain_label, rows_view
from digital_citymgmt_plugin.gui.docks.wrapping import Wrapped
from digital_citymgmt_plugin.gui.models.beats import COLOURS, TOLERANCE, header, row_words, tr
from digital_citymgmt_plugin.gui.models.rows import NOWHERE, RowsModel

NAME = "DcmBeatDock"
MIX = "mix"


class BeatRows(RowsModel):
    """The table of beats; the first column bears the colour of the map."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], colours: Mapping[str, str], parent: Any) -> None:
        super().__init__(header(), [row_words(row) for row in rows], parent)
        self._colours = [QColor(colours.get(str(row["code"]), "#888888")) for row in rows]

    def data(self, index: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the text of a cell, its colour, numbers to the right."""
        if index.isValid() and role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            return self._colours[index.row()]
        if index.isValid() and role == Qt.ItemDataRole.TextAlignmentRole and 2 <= index.column() <= 8:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return super().data(index, role)

    def rowCount(self, parent: Any = NOWHERE) -> int:
        """Return how many beats there are."""
        return super().rowCount(parent)


class Bars(QWidget):
    """A bar for the load of each beat, the even load and the tolerance as lines."""

    def __init__(self) -> None:
        super().__init__()
        self.bars: list[tuple[str, float, str]] = []  # code, load as a share of the even one, colour
        self.setMinimumHeight(80)
        self.setAccessibleName(tr("Load of each beat against the even load"))

    def sizeHint(self) -> QSize:
        """Return a size at which the bars can be told apart."""
        return QSize(320, 110)

    def show_bars(self, bars: Sequence[tuple[str, float, str]]) -> None:
        """Draw these bars."""
        self.bars = list(bars)
        self.setToolTip("\n".join(f"{code}: {100 * share:.1f} %" for code, share, _colour in self.bars))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the bars from the ground line, the even load dashed, what is beyond the tolerance hatched."""
        if not self.bars:
            return
        painter = QPainter(self)
        width, height = self.width(), self.height() - 4
        most = max(1.3, *(share for _code, share, _colour in self.bars))
        step = width / len(self.bars)
        for at, (_code, share, colour) in enumerate(self.bars):
            tall = height * min(share, most) / most
            box = QRectF(at * step + 0.1 * step, height - tall, 0.8 * step, tall)
            painter.fillRect(box, QColor(colour))
            if abs(share - 1) > TOLERANCE:
                painter.fillRect(box, QBrush(QColor(0, 0, 0, 150), Qt.BrushStyle.BDiagPattern))
        ink = self.palette().windowText().color()
        for share, style in (
            (1.0, Qt.PenStyle.SolidLine), (1 - TOLERANCE, Qt.PenStyle.DotLine), (1 + TOLERANCE, Qt.PenStyle.DotLine),
        ):  # fmt: skip
            painter.setPen(QPen(ink, 1, style))
            y = int(height - height * share / most)
            painter.drawLine(0, y, width, y)
        painter.end()


class BeatDock(QgsDockWidget):
    """The dock's widgets by name. Signal ``chosen``: code of the beat that is painted with."""

    chosen = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Beats"), parent)
        self.setObjectName(NAME)
        self.codes: list[str] = []
        self._model: BeatRows | None = None
        self.summary = plain_label()
        self.view = rows_view(tr("Beats and what they carry"), many=False)
        self.bars = Bars()
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(self._load_line())
        layout.addWidget(self.summary)
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.addWidget(self.view)
        parts.addWidget(self.bars)
        parts.setStretchFactor(0, 1)
        layout.addWidget(parts, 1)
        for line in (self._brush_line(), self._draft_line(), self._write_line()):
            layout.addLayout(line)
        self.setWidget(Scrolled(body))
        in_tab_order(
            self.weight_box, self.mix_edit, self.reload_button, self.import_button, self.export_button, self.view,
            self.paint_button, self.erase_button, self.new_button, self.lock_button, self.name_button, self.count_box,
            self.current_box, self.moves_box, self.draft_button, self.stop_button, self.undo_button, self.redo_button,
            self.save_button, self.discard_button,
        )  # fmt: skip
        self.show_no_store()

    def _load_line(self) -> Wrapped:
        self.weight_box = QComboBox()
        for word, key in (
            (tr("Components"), "components"), (tr("Area"), "area"), (tr("Cases of 90 days"), "cases"),
            (tr("Length of road"), "road"), (tr("A mix…"), MIX),
        ):  # fmt: skip
            self.weight_box.addItem(word, key)
        self.weight_box.setAccessibleName(tr("What the load is made of"))
        self.mix_edit = QLineEdit("components=2, cases=1, road=1")
        self.mix_edit.setAccessibleName(tr("Weights of the mix"))
        self.mix_edit.setToolTip(tr("area, components, cases, road: what each counts, as shares of the city's total"))
        self.mix_edit.hide()
        self.reload_button = button(tr("&Refresh"), tr("Read grids and beats of the store again"), "dcm_beats_read")
        self.import_button = button(
            tr("&Import…"), tr("Polygons of a vendor, or a table of grids with their beat"), "dcm_beats_import"
        )
        self.export_button = button(tr("E&xport…"), tr("Write the table to a workbook"), "dcm_beats_export")
        return Wrapped(
            QLabel(tr("Load:")), self.weight_box, self.mix_edit, self.reload_button, self.import_button,
            self.export_button,
        )  # fmt: skip

    def _brush_line(self) -> Wrapped:
        tip = tr("Click or drag over unit grids to give them to the chosen beat; right button: choose the beat there")
        self.paint_button = button(tr("&Paint"), tip, "dcm_beats_paint")
        self.erase_button = button(tr("&Take out"), tr("Click or drag: the grids have no beat"), "dcm_beats_erase")
        for made in (self.paint_button, self.erase_button):
            made.setCheckable(True)
        self.new_button = button(tr("&New beat"), tr("Begin a new beat and paint with it"), "dcm_beats_new")
        self.lock_button = button(tr("&Lock"), tr("The beat neither gives nor takes grids, or again"), "dcm_beats_lock")
        self.name_button = button(tr("Na&me…"), tr("Give the chosen beat a name"), "dcm_beats_name")
        return Wrapped(self.paint_button, self.erase_button, self.new_button, self.lock_button, self.name_button)

    def _draft_line(self) -> Wrapped:
        self.count_box = QSpinBox()
        self.count_box.setRange(1, 9_999)
        self.count_box.setValue(25)
        self.count_box.setAccessibleName(tr("Number of beats"))
        self.current_box = QCheckBox(tr("from these"))
        self.current_box.setToolTip(tr("Start from the beats as they are here, so that few grids change hands"))
        self.moves_box = QSpinBox()
        self.moves_box.setRange(-1, 99_999)
        self.moves_box.setValue(-1)
        self.moves_box.setSpecialValueText(tr("any"))
        self.moves_box.setAccessibleName(tr("Grids that may change hands"))
        self.moves_box.setToolTip(tr("How many grids may change hands"))
        self.draft_button = button(tr("&Draft"), tr("Divide the grids into even beats"), "dcm_beats_draft")
        self.stop_button = button(tr("&Stop"), tr("Stop and keep the best so far"), "dcm_beats_stop")
        return Wrapped(
            QLabel(tr("Beats:")), self.count_box, self.current_box, QLabel(tr("moves:")), self.moves_box,
            self.draft_button, self.stop_button,
        )  # fmt: skip

    def _write_line(self) -> Wrapped:
        """Undo, redo and writing side by side, as in the *Redraw* dock; one line of all would be too wide."""
        self.undo_button = button(tr("Undo"), tr("Take the last stroke back (Ctrl+Z on the map)"), "dcm_beats_undo")
        self.redo_button = button(tr("Redo"), tr("Do it again (Ctrl+Shift+Z on the map)"), "dcm_beats_redo")
        self.save_button = button(tr("&Apply to the store…"), tr("Write the changes; counts first"), "dcm_beats_save")
        self.discard_button = button(
            tr("Dis&card"),
            tr("Give all changes up: the beats as the store has them (can be undone)"),
            "dcm_beats_discard",
        )
        return Wrapped(self.undo_button, self.redo_button, self.save_button, self.discard_button)

    # -- what is shown ------------------------------------------------------------------------------------------

    def show_beats(self, rows: Sequence[Mapping[str, Any]], colours: Mapping[str, str], words: str, code: str) -> None:
        """Fill the table and the bars; ``code`` stays chosen."""
        self.codes = [str(row["code"]) for row in rows]
        self.summary.setText(words)
        old, first = self._model, self._model is None
        self._model = BeatRows(rows, colours, self)
        self.view.setModel(self._model)
        if old is not None:
            old.deleteLater()
        measure = self.view.fontMetrics().horizontalAdvance
        if first or rows:
            for column, text in enumerate(header()[:-1]):
                widest = max((text, *(row_words(row)[column] for row in rows[:60])), key=measure)
                self.view.setColumnWidth(column, measure(widest) + (34 if column == 0 else 14))
        if code in self.codes:
            self.view.selectRow(self.codes.index(code))
        self.view.selectionModel().selectionChanged.connect(lambda *_: self.chosen.emit(self.code()))
        self.bars.show_bars(
            [(str(row["code"]), 1 + row["off"], colours.get(str(row["code"]), "#888888")) for row in rows]
        )

    def code(self) -> str:
        """Return the chosen beat, "" when none is."""
        rows = chosen_rows(self.view)
        return self.codes[rows[0]] if rows else ""

    def choose(self, code: str) -> None:
        """Choose a beat."""
        if code in self.codes:
            row = self.codes.index(code)
            self.view.selectRow(row)
            self.view.scrollTo(self.view.model().index(row, 0))

    def allow(self, *, there: bool, undo: bool, redo: bool, changed: bool, drafting: bool) -> None:
        """Enable what can be done."""
        chosen = there and bool(self.code())
        for made in (self.paint_button, self.lock_button, self.name_button):
            made.setEnabled(chosen and not drafting)
        for made in (
            self.erase_button, self.new_button, self.reload_button, self.export_button, self.draft_button,
            self.import_button,
        ):  # fmt: skip
            made.setEnabled(there and not drafting)
        self.undo_button.setEnabled(undo and not drafting)
        self.redo_button.setEnabled(redo and not drafting)
        self.save_button.setEnabled(changed and not drafting)
        self.discard_button.setEnabled(changed and not drafting)
        self.stop_button.setEnabled(drafting)
        for part in (self.view, self.weight_box, self.mix_edit, self.count_box, self.current_box, self.moves_box):
            part.setEnabled(there)

    def show_no_store(self) -> None:
        """Show that no store is open."""
        self.show_beats([], {}, tr("Open a city store first."), "")
        self.allow(there=False, undo=False, redo=False, changed=False, drafting=False)


def colours_of(codes: Sequence[str]) -> dict[str, str]:
    """Return a colour for each beat, by its place in the list of codes."""
    return {code: COLOURS[at % len(COLOURS)] for at, code in enumerate(codes)}

# SPDX-License-Identifier: GPL-2.0-or-later
"""The *Doubles* dock: pairs of components that may be one, side by side, to merge or to let stand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QSize, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QImage, QImageReader, QKeySequence, QPixmap
from qgis.PyQt.QtWidgets import (
    QAction,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.gui.docks.parts import Buttons, Scrolled, button, fit_columns, plain_label, rows_view
from digital_citymgmt_plugin.gui.hints import hint
from digital_citymgmt_plugin.gui.models.pages import PagedModel
from digital_citymgmt_plugin.gui.models.pair import PairModel, pair_header, pair_row, tr
from digital_citymgmt_plugin.gui.models.rows import RowsModel

NAME = "DcmDuplicatesDock"
PHOTO = 160  # px, the longer side of a thumbnail
PHOTOS = 3  # thumbnails on a side
LARGEST = 100_000_000  # px: a photo that says it is larger is not decoded
LARGEST_WHOLE = 16_000_000  # px, of kinds that are decoded whole before they are made small: longer than 0.2 s beyond


class DuplicatesDock(QgsDockWidget):
    """The dock's widgets by name; the controller says what they do.

    Signals
    -------
    chosen : int
        The number of the pair that is looked at now.
    """

    chosen = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Doubles"), parent)
        self.setObjectName(NAME)
        self.pairs: list[dict[str, Any]] = []
        self._waiting: list[tuple[QLabel, Path, str]] = []  # photos that are not shown yet
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._show_photo)
        self.summary = plain_label()
        self.pair_view = rows_view(tr("Pairs of components that may be one"), many=False)
        # Cells are made when they are seen: 5,000 pairs made at once held the window up for 0.3 s.
        self._listed = PagedModel(pair_header(), pair_row, None, self, (1, 3))
        self.pair_view.setModel(self._listed)
        self.pair_view.selectionModel().currentRowChanged.connect(lambda now, _before: self._moved(now.row()))
        self.value_view = rows_view(tr("The values of both, side by side"), many=False)
        self.photo_row = QHBoxLayout()
        self.end_label = plain_label()
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self.pair_view)
        splitter.addWidget(self.value_view)
        splitter.setStretchFactor(1, 2)
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self._top())
        layout.addWidget(self.summary)
        layout.addWidget(splitter, 1)
        layout.addLayout(self.photo_row)
        layout.addWidget(self.end_label)
        layout.addWidget(self._steps())
        layout.addLayout(self._waive())
        self.setWidget(Scrolled(body))
        self._shortcuts()
        self.show_pairs([], 0, 0)

    def _top(self) -> Buttons:
        self.find_button = button(tr("Find"), tr("Look for doubles in the whole census"), "dcm_find_doubles")
        self.bulk_button = button(
            tr("Merge all of one code…"), tr("Merge all pairs with the same code; counts first"), "dcm_merge_doubles"
        )
        self.export_button = button(tr("E&xport…"), tr("Write the list to a workbook"), "dcm_export_doubles")
        return Buttons(self.find_button, self.bulk_button, self.export_button, most=3)

    def _steps(self) -> Buttons:
        self.previous_button = button(tr("Previous"), tr("Pair before (Alt+Up)"), "dcm_previous_double")
        self.next_button = button(tr("Next"), tr("Next pair (Alt+Down)"), "dcm_next_double")
        self.left_button = button(tr("Keep left"), tr("Merge; the left one goes on (Alt+1)"), "dcm_keep_left")
        self.right_button = button(tr("Keep right"), tr("Merge; the right one goes on (Alt+2)"), "dcm_keep_right")
        self.zoom_button = button(tr("Show"), tr("Show the pair on the map (Alt+3)"), "dcm_show_double")
        return Buttons(
            self.previous_button, self.next_button, self.zoom_button, self.left_button, self.right_button, most=5
        )

    def _waive(self) -> QHBoxLayout:
        self.reason_edit = QLineEdit()
        hint(self.reason_edit, tr("Why they are two things"))
        self.reason_edit.setAccessibleName(tr("Why they are two things"))
        self.reason_edit.setMaxLength(200)
        self.waive_button = button(tr("Not a double"), tr("Let both stand, with the reason (Alt+0)"), "dcm_no_double")
        self.reason_edit.textChanged.connect(lambda _text: self._enable())
        row = QHBoxLayout()
        row.addWidget(self.reason_edit, 1)
        row.addWidget(self.waive_button)
        return row

    def _shortcuts(self) -> None:
        self.shortcuts: list[QAction] = []
        for keys, made in (
            ("Alt+Up", self.previous_button), ("Alt+Down", self.next_button), ("Alt+1", self.left_button),
            ("Alt+2", self.right_button), ("Alt+3", self.zoom_button), ("Alt+0", self.waive_button),
        ):  # fmt: skip
            shortcut = QAction(made.text(), self)
            shortcut.setShortcut(QKeySequence(keys))
            shortcut.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.triggered.connect(lambda _=False, made=made: made.click())
            self.addAction(shortcut)
            self.shortcuts.append(shortcut)
        self.previous_button.clicked.connect(lambda: self.step(-1))
        self.next_button.clicked.connect(lambda: self.step(1))

    # -- what is shown ------------------------------------------------------------------------------------------

    def show_pairs(self, pairs: Sequence[dict[str, Any]], total: int, same_code: int, row: int = 0) -> None:
        """Fill the list; ``row`` is looked at next."""
        self.pairs = list(pairs)
        words = tr("{total} pairs, {same} with the same code").format(total=total, same=same_code)
        if total > len(self.pairs):
            words += tr("; the {count} surest are listed").format(count=len(self.pairs))
        self.summary.setText(words)
        self._listed.fill(self.pairs, False)
        fit_columns(self.pair_view)
        self.bulk_button.setEnabled(same_code > 0)
        self.export_button.setEnabled(bool(self.pairs))
        self.clear_pair()
        if self.pairs:
            self.pair_view.selectRow(min(max(row, 0), len(self.pairs) - 1))

    def _moved(self, row: int) -> None:
        self.clear_pair()
        self._enable()
        if row >= 0:
            self.chosen.emit(row)

    def row(self) -> int:
        """Return the number of the pair that is looked at, −1 for none."""
        index = self.pair_view.currentIndex()
        return index.row() if index.isValid() else -1

    def step(self, by: int) -> None:
        """Go to the next or the previous pair."""
        row = self.row() + by
        if 0 <= row < len(self.pairs):
            self.pair_view.selectRow(row)

    def clear_pair(self) -> None:
        """Show no pair."""
        _fill(self.value_view, PairModel([], "component_point", self))
        self.end_label.setText("")
        self.reason_edit.clear()
        self._waiting.clear()
        while self.photo_row.count():
            widget = self.photo_row.takeAt(0).widget()
            if widget is not None:
                widget.deleteLater()
        self._enable()

    def show_pair(self, answer: dict[str, Any], folder: Path) -> None:
        """Show both components; ``folder`` is the city's photo folder."""
        left, right = answer["ends"]
        _fill(self.value_view, PairModel(answer["rows"], str(left["table"]), self))
        fit_columns(self.value_view)
        words = tr("Left: {cases} cases, {photos} photos. Right: {others} cases, {pictures} photos.")
        self.end_label.setText(
            words.format(
                cases=left["cases"], photos=len(left["photos"]), others=right["cases"], pictures=len(right["photos"])
            )
        )
        for side, end in ((tr("Left"), left), (tr("Right"), right)):
            for name in list(end["photos"])[:PHOTOS]:
                label = photo_label(str(name), side)
                self.photo_row.addWidget(label)
                self._waiting.append((label, folder, str(name)))
        self._timer.start(0)

    def _show_photo(self) -> None:
        """Show the next photo; one after the other, else six large ones hold the window up."""
        if not self._waiting:
            self._timer.stop()
            return
        label, folder, name = self._waiting.pop(0)
        image = small_photo(folder, name)
        if image is not None:
            label.setPixmap(QPixmap.fromImage(image))
            label.setMinimumHeight(image.height())  # a label that wraps words asks for no height, whatever it shows

    def _enable(self) -> None:
        row, there = self.row(), bool(self.pairs) and self.row() >= 0
        self.previous_button.setEnabled(there and row > 0)
        self.next_button.setEnabled(there and row < len(self.pairs) - 1)
        for made in (self.left_button, self.right_button, self.zoom_button, self.reason_edit):
            made.setEnabled(there)
        self.waive_button.setEnabled(there and bool(self.reason_edit.text().strip()))


def photo_label(name: str, side: str) -> QLabel:
    """Return a label with the name of a photo, in which the photo is to be shown."""
    label = plain_label()
    label.setToolTip(f"{side}: {Path(name).name}".replace("<", "‹"))
    label.setAccessibleName(f"{side}: {Path(name).name}")
    label.setText(f"{side}: {Path(name).name}")
    return label


def small_photo(folder: Path, name: str) -> QImage | None:
    """Return a photo, small; None where it cannot be shown: what lies outside the folder never is."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        return None
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    size = reader.size()
    most = LARGEST if bytes(reader.format()) == b"jpeg" else LARGEST_WHOLE
    if not size.isValid() or size.width() * size.height() > most:
        return None
    reader.setScaledSize(size.scaled(QSize(PHOTO, PHOTO), Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    return None if image.isNull() else image


def _fill(view: QTableView, model: RowsModel) -> None:
    """Give a view another model and let the old one go."""
    old = view.model()
    view.setModel(model)
    if old is not None:
        old.deleteLater()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Small widgets that the census docks are put together of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QItemSelection, QItemSelectionModel, Qt
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QAction,
    QComboBox,
    QDockWidget,
    QHeaderView,
    QLabel,
    QMainWindow,
    QPushButton,
    QTableView,
    QWidget,
)

_ARRANGED = "dcm/arranged"


def button(text: str, tip: str, name: str) -> QPushButton:
    """Return a button that a keyboard and a screen reader find."""
    made = QPushButton(text)
    made.setToolTip(tip)
    made.setAccessibleName(tip)
    made.setObjectName(name)
    made.setAutoDefault(False)  # in a dialog, Enter in a field would press it: Enter ends a number, no more
    return made


def plain_label(text: str = "") -> QLabel:
    """Return a label that shows text from files as it is, in as many lines as it needs."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(True)
    return made


def rows_view(name: str, *, many: bool = True) -> QTableView:
    """Return a table of whole rows; the last column takes what is left."""
    view = QTableView()
    view.setAccessibleName(name)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    several, one = QAbstractItemView.SelectionMode.ExtendedSelection, QAbstractItemView.SelectionMode.SingleSelection
    view.setSelectionMode(several if many else one)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setAlternatingRowColors(True)
    view.setWordWrap(False)
    view.verticalHeader().hide()
    view.verticalHeader().setDefaultSectionSize(view.fontMetrics().height() + 8)
    view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    view.horizontalHeader().setStretchLastSection(True)
    view.setTabKeyNavigation(False)  # Tab leaves the table, so that the keyboard gets on
    return view


def shortcut(dock: QgsDockWidget, text: str, keys: str, slot: Callable[[], None]) -> QAction:
    """Add an action to a dock whose keys hold in the whole window while the dock is shown."""
    action = QAction(text, dock)
    action.setShortcut(QKeySequence(keys))
    action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
    action.triggered.connect(lambda _=False: slot())
    dock.addAction(action)
    return action


def chosen_rows(view: QTableView) -> list[int]:
    """Return the numbers of the selected rows, from top to bottom."""
    model = view.selectionModel()
    return sorted(index.row() for index in model.selectedRows()) if model is not None else []


def select_rows(view: QTableView, rows: Sequence[int]) -> None:
    """Select these rows (ascending), run by run: one by one, hundreds of them hold the window up."""
    model, selection = view.model(), QItemSelection()
    last = model.columnCount() - 1
    start = 0
    for end in range(1, len(rows) + 1):
        if end == len(rows) or rows[end] != rows[end - 1] + 1:
            selection.select(model.index(rows[start], 0), model.index(rows[end - 1], last))
            start = end
    view.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)


def in_tab_order(*widgets: QWidget) -> None:
    """Let Tab go through widgets in this order."""
    for first, second in zip(widgets, widgets[1:]):
        QWidget.setTabOrder(first, second)


class StillBox(QComboBox):
    """A box in a table: the wheel scrolls the table and does not change what the mouse happens to be over."""

    def wheelEvent(self, event: Any) -> None:
        """Take the wheel only after a click or Tab."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


def bring_forward(window: Any, dock: QgsDockWidget, beside: QWidget | None) -> None:
    """Raise a dock that was just shown; the first time as another tab of the City dock.

    One over the other, none would have room for its tables. Only now: QGIS, which sets its window up after the plugins,
    undoes what was arranged before. A user who moves the dock is not overruled in the same session.
    """
    if (
        not dock.property(_ARRANGED)
        and isinstance(window, QMainWindow) and isinstance(beside, QDockWidget)
        and beside.isVisible() and not beside.isFloating() and not dock.isFloating()
        and window.dockWidgetArea(dock) == window.dockWidgetArea(beside)
    ):  # fmt: skip
        window.tabifyDockWidget(beside, dock)
    dock.setProperty(_ARRANGED, True)
    dock.raise_()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Small widgets that the census docks are put together of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QEvent, QItemSelection, QItemSelectionModel, QSize, Qt
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QAction,
    QComboBox,
    QDockWidget,
    QGridLayout,
    QHeaderView,
    QLabel,
    QMainWindow,
    QPushButton,
    QScrollArea,
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


class Holder(QWidget):
    """Around the body of a dock that scrolls; without a layout: Qt would not let one with wrapped words shrink."""

    def __init__(self, body: QWidget) -> None:
        super().__init__()
        self.body = body
        body.setParent(self)

    def minimumSizeHint(self) -> QSize:
        """Return the least size at the width that there is."""
        least, layout = self.body.minimumSizeHint(), self.body.layout()
        if layout is not None and layout.hasHeightForWidth():
            least.setHeight(layout.minimumHeightForWidth(max(self.width(), least.width())))
        return least

    def sizeHint(self) -> QSize:
        """Return the size of the body."""
        return self.body.sizeHint()

    def resizeEvent(self, event: Any) -> None:
        """Give the body all the room."""
        super().resizeEvent(event)
        self.body.setGeometry(self.rect())


class Scrolled(QScrollArea):
    """The body of a dock: only its height scrolls. What is cut off at the right would not be found."""

    def __init__(self, body: QWidget) -> None:
        super().__init__()
        self.body = body
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for view in body.findChildren(QTableView):  # some rows to be seen: with large letters the dock scrolls instead
            view.setMinimumHeight(max(view.minimumHeight(), 4 * view.verticalHeader().defaultSectionSize()))
        self.setWidget(Holder(body))
        body.installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Hear that the body needs another size: its words have changed."""
        if watched is self.body and event.type() == QEvent.Type.LayoutRequest:
            self.widget().updateGeometry()
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def minimumSizeHint(self) -> QSize:
        """Return the width of the body, and a height at which there is something to scroll."""
        wide, bar = self.body.minimumSizeHint().width(), self.verticalScrollBar().sizeHint().width()
        return QSize(wide + bar, 8 * self.fontMetrics().height())

    def sizeHint(self) -> QSize:
        """Return the size of the body."""
        return self.body.sizeHint().expandedTo(self.minimumSizeHint())


class Buttons(QWidget):
    """Buttons of equal width, side by side as many as there is room for; ``down``: one below the other first."""

    def __init__(self, *buttons: QWidget, most: int = 2, down: bool = False) -> None:
        super().__init__()
        self._down = down
        self._buttons, self._most, self._columns = buttons, most, 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._arrange(most)

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        for column in range(self._columns):
            self._grid.setColumnStretch(column, 0)
        self._columns = columns
        lines = -(-len(self._buttons) // columns)
        for at, made in enumerate(self._buttons):
            row, column = (at % lines, at // lines) if self._down else divmod(at, columns)
            self._grid.addWidget(made, row, column)
        for column in range(columns):
            self._grid.setColumnStretch(column, 1)
        self.updateGeometry()

    def _fitting(self, width: int) -> int:
        """Return how many columns fit a width; as even as they can be."""
        gap, widest = self._grid.horizontalSpacing(), self.minimumSizeHint().width()
        fits = max(1, min(self._most, (width + gap) // max(1, widest + gap)))
        lines = -(-len(self._buttons) // fits)
        return fits if fits == self._most else -(-len(self._buttons) // lines)

    def minimumSizeHint(self) -> QSize:
        """Return the width of the widest button."""
        widest = max(made.minimumSizeHint().width() for made in self._buttons)
        return QSize(widest, self._grid.minimumSize().height())

    def resizeEvent(self, event: Any) -> None:
        """Put the buttons into as many columns as there is room for."""
        super().resizeEvent(event)
        self._arrange(self._fitting(self.width()))


def fit_columns(view: QTableView, most: int = 40) -> None:
    """Make the columns as wide as their words, in any language and size of letters, yet at most ``most`` letters."""
    model, header = view.model(), view.horizontalHeader()
    metrics, room = view.fontMetrics(), view.fontMetrics().height()
    for column in range(model.columnCount() - 1):
        words = [str(model.headerData(column, Qt.Orientation.Horizontal) or "")]
        words += [str(model.index(row, column).data() or "") for row in range(min(50, model.rowCount()))]
        icon = room + 4 if model.rowCount() and model.index(0, column).data(Qt.ItemDataRole.DecorationRole) else 0
        widest = max(metrics.horizontalAdvance(word) for word in words)
        header.resizeSection(column, min(widest, most * metrics.averageCharWidth()) + room + icon)
    last = model.columnCount() - 1
    if last in getattr(model, "numbers", ()):  # a number at the far right would be far from its row
        header.setStretchLastSection(False)
        if last < 5:
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)


def allow(body: QWidget, on: bool) -> None:
    """Enable all controls of a dock, or none; what it says stays readable."""
    for part in body.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
        if not isinstance(part, QLabel):
            part.setEnabled(on)


def make_tab(window: Any, dock: QgsDockWidget, beside: QWidget | None) -> None:
    """Make a dock another tab of the City dock, once in a session: a user who moves it later is not overruled.

    One over the other, none would have room for its tables, and the window would grow beyond a small screen the moment
    that the second is shown: hence before it is shown.
    """
    if (
        not dock.property(_ARRANGED)
        and isinstance(window, QMainWindow) and isinstance(beside, QDockWidget)
        and not beside.isFloating() and not dock.isFloating()
        and window.dockWidgetArea(dock) in (window.dockWidgetArea(beside), Qt.DockWidgetArea.NoDockWidgetArea)
        and dock not in window.tabifiedDockWidgets(beside)
    ):  # fmt: skip
        window.tabifyDockWidget(beside, dock)


def add_dock(iface: Any, dock: QgsDockWidget, beside: QWidget | None) -> None:
    """Add a dock to the window that is shown already, another tab from the first moment."""
    window = iface.mainWindow()
    make_tab(window, dock, beside)
    if not isinstance(window, QMainWindow) or window.dockWidgetArea(dock) == Qt.DockWidgetArea.NoDockWidgetArea:
        iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)


def bring_forward(window: Any, dock: QgsDockWidget, beside: QWidget | None) -> None:
    """Show a dock in front, the first time as another tab of the City dock.

    Once more, since QGIS sets its window up after the plugins and may undo what was arranged before.
    """
    make_tab(window, dock, beside)
    dock.setProperty(_ARRANGED, True)
    dock.show()
    dock.raise_()

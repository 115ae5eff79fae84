# SPDX-License-Identifier: GPL-2.0-or-later
"""The *City* dock: what the open store is, how whole its chain is, the steps in order, what the engine does.

Widgets only; ``city_controller.py`` fills them and acts. No colours of our own: levels are told by icon and word, so
that themes and high contrast hold.
"""

from __future__ import annotations

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QCoreApplication, QEvent, QModelIndex, Qt, pyqtSignal
from qgis.PyQt.QtGui import QFont, QKeyEvent
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.gui.docks.parts import Buttons, Scrolled
from digital_citymgmt_plugin.gui.docks.progress import ProgressLine
from digital_citymgmt_plugin.gui.icons import icon
from digital_citymgmt_plugin.gui.models.health import KEY_ROLE, HealthModel
from digital_citymgmt_plugin.gui.models.steps import STEPS
from digital_citymgmt_plugin.gui.models.steps import tr as tr_step
from digital_citymgmt_plugin.gui.plain_text import as_tip

NAME = "DcmCityDock"


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("CityDock", text)


class HealthView(QTreeView):
    """The health table; a click, Enter or Space on a line asks for its objects."""

    asked = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setAlternatingRowColors(True)
        self.setUniformRowHeights(True)
        self.setExpandsOnDoubleClick(False)
        self.setMinimumHeight(150)
        self.clicked.connect(self._ask)

    def _ask(self, index: QModelIndex) -> None:
        key = index.data(KEY_ROLE)
        if key:
            self.asked.emit(str(key))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space do what a click does."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._ask(self.currentIndex())
            return
        super().keyPressEvent(event)


class CityDock(QgsDockWidget):
    """The dock's widgets, by name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("City"), parent)
        self.setObjectName(NAME)
        self.setAllowedAreas(Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea)
        self.model = HealthModel(self)
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(self._header())
        layout.addWidget(self._first_buttons())
        layout.addWidget(self._store_buttons())
        layout.addWidget(self._health(), 1)
        layout.addWidget(self._steps())
        layout.addWidget(self._engine_line())
        self.setWidget(Scrolled(body))
        self._order_tabs()
        self.show_no_store()

    # -- parts --------------------------------------------------------------------------------------------------

    def _header(self) -> QVBoxLayout:
        self.city_label = QLabel()
        font = QFont(self.font())
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.3)
        self.city_label.setFont(font)
        self.city_label.setObjectName("city_label")
        self.detail_label = QLabel()
        self.detail_label.setWordWrap(True)
        self.path_label = QLabel()
        self.path_label.setWordWrap(True)
        for label in (self.city_label, self.detail_label, self.path_label):
            label.setTextFormat(Qt.TextFormat.PlainText)  # names come from files
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        # A long path must not widen the dock.
        self.path_label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        box = QVBoxLayout()
        box.setSpacing(2)
        for label in (self.city_label, self.detail_label, self.path_label):
            box.addWidget(label)
        return box

    def _first_buttons(self) -> QWidget:
        """Return what stands there while no store is open: the two ways to begin without knowing anything."""
        self.wizard_button = _button(
            tr("New city fro&m what I have…"), tr("A city from one layer of polygons or one table of cases"), "new"
        )
        self.demo_button = _button(
            tr("Open &demo city"),
            tr("A made-up city to try everything on; built on this machine in some seconds"),
            "city",
        )
        self.first_buttons = QWidget()
        layout = QVBoxLayout(self.first_buttons)
        layout.setContentsMargins(0, 6, 0, 6)
        layout.addWidget(self.wizard_button)
        layout.addWidget(self.demo_button)
        return self.first_buttons

    def _store_buttons(self) -> Buttons:
        self.new_button = _button(tr("&New…"), tr("Create a new city store"), "new")
        self.open_button = QToolButton()
        self.open_button.setText(tr("O&pen…"))
        self.open_button.setIcon(icon("open"))
        self.open_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.open_button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.open_button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.open_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        _name(self.open_button, tr("Open a city store"))
        self.recent_menu = QMenu(self.open_button)
        self.open_button.setMenu(self.recent_menu)
        self.close_button = _button(tr("Clos&e"), tr("Close the city store and take its layers out of the project"), "")
        self.refresh_button = _button(tr("&Refresh"), tr("Count again and redraw"), "refresh")
        return Buttons(self.new_button, self.open_button, self.close_button, self.refresh_button)

    def _health(self) -> QGroupBox:
        box = QGroupBox(tr("Health of the chain"))
        self.health_view = HealthView()
        self.health_view.setModel(self.model)
        _name(self.health_view, tr("Health of the chain: press Enter on a line to show its objects on the map"))
        self.export_button = _button(tr("E&xport…"), tr("Write the table to a workbook"), "")
        self.selection_label = QLabel()
        self.selection_label.setWordWrap(True)
        self.selection_label.setAccessibleName(tr("What is selected"))
        row = QHBoxLayout()
        row.addWidget(self.selection_label, 1)
        row.addWidget(self.export_button)
        layout = QVBoxLayout(box)
        layout.addWidget(self.health_view, 1)
        layout.addLayout(row)
        return box

    def _steps(self) -> QGroupBox:
        box = QGroupBox(tr("Steps in order of work"))
        layout = QVBoxLayout(box)
        self.step_buttons: dict[str, QPushButton] = {}
        for number, step in enumerate(STEPS):
            words = tr_step(step.title)
            button = _button(f"&{number + 1} {words}", words.rstrip("…"), step.icon)
            button.setObjectName(f"step_{step.algorithm}")
            self.step_buttons[step.algorithm] = button
        layout.addWidget(Buttons(*self.step_buttons.values(), down=True))
        self.next_label = QLabel()
        self.next_label.setWordWrap(True)
        self.vendor_button = _button(
            tr("2 I have &grids already…"),
            tr("Take the unit grids of a vendor with their codes, see their faults, and mend these one by one"),
            "grid_adopt",
        )
        self.redraw_button = _button(
            tr("2 Redra&w unit grids"), tr("Split, merge and reshape the unit grids; see at once what that moves"),
            "redraw",
        )  # fmt: skip
        layout.addWidget(Buttons(self.vendor_button, self.redraw_button))
        layout.addWidget(self.next_label)
        self.mapping_button = _button(
            tr("Map a census file…"), tr("Columns and classes of any census, guessed and shown before its import"), ""
        )
        self.photos_button = _button(tr("Import photos…"), tr("Photos of components, matched and copied"), "")
        layout.addWidget(Buttons(self.mapping_button, self.photos_button))
        return box

    def _engine_line(self) -> ProgressLine:
        """Return the line that all docks have; here it is seen at all times and says whether the engine runs."""
        line = ProgressLine()
        self.engine_label, self.progress_bar, self.cancel_button = line.label, line.bar, line.cancel_button
        line.show()
        return line

    def _order_tabs(self) -> None:
        order: list[QWidget] = [
            self.wizard_button, self.demo_button, self.new_button, self.open_button, self.close_button,
            self.refresh_button, self.health_view, self.export_button, *self.step_buttons.values(), self.vendor_button,
            self.redraw_button, self.mapping_button, self.photos_button, self.cancel_button,
        ]  # fmt: skip
        for first, second in zip(order, order[1:]):
            QWidget.setTabOrder(first, second)

    # -- what it shows ------------------------------------------------------------------------------------------

    def show_no_store(self) -> None:
        """Say that nothing is open and what to do."""
        self.city_label.setText(tr("No city store is open"))
        self.detail_label.setText(tr("Create a new one or open an existing one. Nothing leaves this machine."))
        self.path_label.clear()
        self.path_label.setToolTip("")
        self.selection_label.clear()
        self.model.fill([])
        self.set_open(False)
        self.show_next("")

    def show_store(self, city: str, detail: str, path: str) -> None:
        """Say which store is open."""
        self.city_label.setText(city)
        self.detail_label.setText(detail)
        # Zero-width spaces let a long path break at its separators.
        self.path_label.setText(path.replace("/", "/\u200b").replace("\\", "\\\u200b"))
        self.path_label.setToolTip(as_tip(path))
        self.set_open(True)

    def set_open(self, is_open: bool) -> None:
        """Enable what needs a store."""
        wanting = (self.vendor_button, self.mapping_button, self.photos_button)
        self.redraw_button.setEnabled(is_open and bool(self.model.counts.get("grids")))
        for widget in (self.close_button, self.refresh_button, self.export_button, self.health_view, *wanting):
            widget.setEnabled(is_open)
        self.first_buttons.setVisible(not is_open)
        for step in STEPS:
            self.step_buttons[step.algorithm].setEnabled(is_open or not step.takes_store)

    def fill_health(self, items: list[dict[str, object]]) -> None:
        """Show the counts; the line that had the keyboard keeps it."""
        current = self.health_view.currentIndex().data(KEY_ROLE)
        self.model.fill(items)
        self.redraw_button.setEnabled(self.health_view.isEnabled() and bool(self.model.counts.get("grids")))
        self.health_view.expandAll()
        header = self.health_view.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        if current:
            found = self.model.match(
                self.model.index(0, 0), KEY_ROLE, current, 1,
                Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive,
            )  # fmt: skip
            if found:
                self.health_view.setCurrentIndex(found[0])

    def show_next(self, algorithm: str) -> None:
        """Mark the step that comes next."""
        for name, button in self.step_buttons.items():
            font = QFont(button.font())
            font.setBold(name == algorithm)
            button.setFont(font)
            words = button.text().replace("&", "")
            button.setAccessibleName(tr("Next step: {step}").format(step=words) if name == algorithm else words)
        button = self.step_buttons.get(algorithm)
        text = tr("Next: {step}").format(step=button.text().replace("&", "").rstrip("…")) if button else ""
        if algorithm == "draftgrids":  # two ways lead to grids
            text += tr(", or {step}").format(step=self.vendor_button.text().replace("&", "").rstrip("…"))
        self.next_label.setText(text)

    def show_engine(self, text: str, fraction: float | None = None, *, busy: bool = False) -> None:
        """Say what the engine does; ``fraction`` None while busy means that how far it is is not known."""
        self.engine_label.setText(text)
        self.progress_bar.setVisible(busy)
        self.cancel_button.setVisible(busy)
        self.progress_bar.setRange(0, 0 if fraction is None else 100)
        if fraction is not None:
            self.progress_bar.setValue(round(fraction * 100))

    def changeEvent(self, event: QEvent) -> None:
        """Draw the icons of the levels anew when the style changes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and self.isVisible():
            self.health_view.viewport().update()


def _button(text: str, tip: str, icon_name: str) -> QPushButton:
    button = QPushButton(text)
    if icon_name:
        button.setIcon(icon(icon_name))
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    _name(button, tip)
    return button


def _name(widget: QWidget, tip: str) -> None:
    if tip:
        widget.setToolTip(tip)
        widget.setAccessibleName(tip)

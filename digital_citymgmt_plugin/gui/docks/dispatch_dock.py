# SPDX-License-Identifier: GPL-2.0-or-later
"""The *Dispatch* dock: queues of cases, filters, the list, and below it the page of the case that is selected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QCoreApplication, QLocale, Qt
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QProgressBar,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.core.cases.names import LAMPS, QUEUES, STAGES
from digital_citymgmt_plugin.gui.docks.case_panel import CasePanel
from digital_citymgmt_plugin.gui.docks.parts import (
    Buttons,
    Scrolled,
    allow,
    button,
    in_tab_order,
    plain_label,
    rows_view,
)
from digital_citymgmt_plugin.gui.docks.wrapping import Wrapped
from digital_citymgmt_plugin.gui.models.cases import CaseModel, lamp_icon, lamp_words, queue_words, stage_words

NAME = "DcmDispatchDock"
MOST = 20_000  # cases of one bulk move
# Moves that have a button; the menu has all.
BUTTONS = ("accept", "file", "dispatch", "return", "check", "rework", "close", "park")


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("DispatchDock", text)


class DispatchDock(QgsDockWidget):
    """The dock's widgets, by name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Dispatch"), parent)
        self.setObjectName(NAME)
        self.cases = CaseModel(self)
        self.view = rows_view(tr("Cases: the one selected is shown on the map and below"))
        self.view.setModel(self.cases)
        self.view.verticalHeader().setSectionResizeMode(self.view.verticalHeader().ResizeMode.Fixed)
        head = self.view.horizontalHeader()
        head.setSortIndicatorShown(True)
        head.setSectionsClickable(True)
        head.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        for column, width in enumerate((140, 60, 60, 110, 110, 150, 115, 115, 50, 120)):
            self.view.setColumnWidth(column, width)
        self.panel = CasePanel()
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self.view)
        splitter.addWidget(self.panel)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 1)
        self.label, self.result = plain_label(), plain_label()
        self.result.setAccessibleName(tr("What came of the last move"))
        self.result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.result.hide()
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(self._queue_line())
        layout.addWidget(self._filters())
        layout.addWidget(self._number_line())
        layout.addWidget(splitter, 1)
        layout.addWidget(self.label)
        layout.addWidget(self.result)
        layout.addWidget(self._moves())
        layout.addWidget(self._buttons())
        layout.addLayout(self._progress())
        self.body = body
        self.setWidget(Scrolled(body))
        in_tab_order(
            self.queue_box, self.search_edit, self.filter_button, *self.filters, self.clear_button, self.number_button,
            self.view,
            *self.panel.tab_chain(), self.role_box, *self.move_buttons.values(), self.moves_button,
            self.previous_button, self.next_button, self.pick_button, self.place_button, self.class_button,
            self.undo_button, self.export_button, self.slips_button, self.cancel_button,
        )  # fmt: skip
        self.show_no_store()

    def _queue_line(self) -> Wrapped:
        self.queue_box, self.search_edit = QComboBox(), QLineEdit()
        self.queue_box.setAccessibleName(tr("Queue"))
        self.queue_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.queue_box.setMinimumContentsLength(12)
        for queue in QUEUES:
            self.queue_box.addItem(queue_words(queue), queue)
        self.queue_box.setCurrentIndex(self.queue_box.findData("to_dispatch"))
        self.search_edit.setPlaceholderText(tr("Number, address or description"))
        self.search_edit.setAccessibleName(tr("Search in number, address and description"))
        self.search_edit.setClearButtonEnabled(True)
        self.filter_button = QToolButton()
        self.filter_button.setText(tr("Filters"))
        self.filter_button.setToolTip(tr("Filter by class, department, area, source, lamp, stage and day"))
        self.filter_button.setAccessibleName(self.filter_button.toolTip())
        self.filter_button.setCheckable(True)
        self.filter_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.filter_button.setObjectName("case_filters")
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.queue_box.setSizePolicy(policy)
        return Wrapped(self.queue_box, self.search_edit, self.filter_button)

    def _filters(self) -> QWidget:
        self.class_box, self.dept_box, self.area_box, self.beat_box, self.source_box = (QComboBox() for _ in range(5))
        self.lamp_box, self.stage_box = QComboBox(), QComboBox()
        self.from_edit, self.to_edit = QLineEdit(), QLineEdit()
        for box, words, name in (
            (self.class_box, tr("All classes"), tr("Class of the cases")),
            (self.dept_box, tr("All departments"), tr("Department of the cases")),
            (self.area_box, tr("All areas"), tr("Street, community or unit grid of the cases")),
            (self.beat_box, tr("All beats"), tr("Beat of the cases")),
            (self.source_box, tr("All sources"), tr("Source of the cases")),
            (self.lamp_box, tr("All lamps"), tr("Lamp of the cases")),
            (self.stage_box, tr("All stages"), tr("Stage of the cases")),
        ):  # fmt: skip
            box.addItem(words, None)
            box.setAccessibleName(name)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(8)
        self.area_box.setEditable(True)
        self.area_box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.area_box.setToolTip(tr("Choose a street or community, or type the code of a unit grid"))
        for lamp in LAMPS[1:]:
            self.lamp_box.addItem(lamp_icon(lamp), lamp_words(lamp), lamp)
        for stage in STAGES:
            self.stage_box.addItem(stage_words(stage), stage)
        for edit, words in ((self.from_edit, tr("Reported from (2026-03-05)")), (self.to_edit, tr("Reported until"))):
            edit.setPlaceholderText(words)
            edit.setAccessibleName(words)
            edit.setClearButtonEnabled(True)
        self.clear_button = button(tr("Clear filters"), tr("Show the whole queue again"), "clear_filters")
        self.filters = (
            self.class_box, self.dept_box, self.area_box, self.beat_box, self.source_box, self.lamp_box,
            self.stage_box, self.from_edit, self.to_edit,
        )  # fmt: skip
        self.filter_area = QWidget()
        grid = QGridLayout(self.filter_area)
        grid.setContentsMargins(0, 0, 0, 0)
        for number, widget in enumerate((*self.filters, self.clear_button)):
            grid.addWidget(widget, number // 2, number % 2)
        self.filter_area.setVisible(False)
        self.filter_button.toggled.connect(self.filter_area.setVisible)
        return self.filter_area

    def _number_line(self) -> QWidget:
        """Make the line that says that only the cases of a number of an assessment table are listed."""
        self.number_label = plain_label()
        self.number_button = button(tr("All cases again"), tr("List all cases of the queue again"), "forget_number")
        self.number_area = QWidget()
        line = QHBoxLayout(self.number_area)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.number_label, 1)
        line.addWidget(self.number_button)
        self.number_area.setVisible(False)
        return self.number_area

    def _moves(self) -> Buttons:
        self.role_box = QComboBox()
        self.role_box.setAccessibleName(tr("Role in which you act"))
        self.role_box.setToolTip(tr("Role in which you act"))
        self.role_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.role_box.setMinimumContentsLength(6)
        self.moves_button = QToolButton()
        self.moves_button.setText(tr("All moves"))
        self.moves_button.setToolTip(tr("All moves of the workflow with their keys"))
        self.moves_button.setAccessibleName(self.moves_button.toolTip())
        self.moves_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.moves_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.moves_button.setObjectName("all_moves")
        self.moves_menu = QMenu(self.moves_button)
        self.moves_menu.setToolTipsVisible(True)
        self.moves_button.setMenu(self.moves_menu)
        self.move_buttons: dict[str, QToolButton] = {}
        for action in BUTTONS:
            made = QToolButton()
            made.setObjectName(f"move_{action}")
            made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            made.setEnabled(False)
            self.move_buttons[action] = made
        self.moves_button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        return Buttons(self.role_box, *self.move_buttons.values(), self.moves_button, most=5)

    def _buttons(self) -> Buttons:
        self.previous_button = button(tr("Previous"), tr("Select the previous case (Shift+F4)"), "previous_case")
        self.next_button = button(tr("Next"), tr("Select the next case (F4)"), "next_case")
        self.pick_button = button(tr("Pick on map"), tr("Click a case on the map to select it here"), "pick_case")
        self.pick_button.setCheckable(True)
        self.place_button = button(tr("Place on map"), tr("Click where the selected case is"), "place_case")
        self.place_button.setCheckable(True)
        self.class_button = button(tr("Class…"), tr("Find the class by code, name, pinyin or initials"), "amend_class")
        self.undo_button = button(tr("Take back"), tr("Take the last move made here back (F9, Backspace)"), "undo_move")
        self.undo_button.setEnabled(False)
        self.export_button = button(tr("E&xport…"), tr("Write the list to Excel or CSV"), "export_cases")
        self.slips_button = button(tr("S&lips…"), tr("Slips and packages of the selected cases (F9, 1 to 8)"), "slips")
        self.slips_menu = QMenu(self.slips_button)
        self.slips_menu.setToolTipsVisible(True)
        self.slips_button.setMenu(self.slips_menu)
        return Buttons(
            self.previous_button, self.next_button, self.pick_button, self.place_button, self.class_button,
            self.undo_button, self.export_button, self.slips_button, most=4,
        )  # fmt: skip

    def _progress(self) -> QHBoxLayout:
        self.progress_bar = QProgressBar()
        self.progress_bar.setAccessibleName(tr("Progress of the search"))
        self.cancel_button = button(tr("Cancel"), tr("Stop what is running; nothing is changed"), "cancel_dispatch")
        row = QHBoxLayout()
        row.addWidget(self.progress_bar, 1)
        row.addWidget(self.cancel_button)
        self.show_progress(None)
        return row

    # -- what it shows ------------------------------------------------------------------------------------------

    def show_no_store(self) -> None:
        """Say that nothing is open."""
        self.cases.fill(0, "", 0, [])
        self.panel.show_none()
        self.label.setText(tr("Open a city store first."))
        allow(self.body, False)

    def tell(self, words: str) -> None:
        """Say what came of something; it stays until the next, whatever the list says meanwhile."""
        self.result.setText(words)
        self.result.setVisible(bool(words))

    def show_queues(self, counts: Mapping[str, int]) -> None:
        """Show the number of cases of each queue beside its name."""
        number = QLocale().toString
        for at in range(self.queue_box.count()):
            queue = str(self.queue_box.itemData(at))
            words = queue_words(queue)
            self.queue_box.setItemText(at, f"{words} ({number(counts[queue])})" if queue in counts else words)
        allow(self.body, True)

    def show_choices(self, choices: Mapping[str, Sequence[Sequence[Any]]]) -> None:
        """Offer what can be filtered by; what was chosen stays chosen."""
        for box, names in (
            (self.class_box, ("majors", "classes")), (self.dept_box, ("departments",)),
            (self.area_box, ("streets", "communities")), (self.beat_box, ("beats",)), (self.source_box, ("sources",)),
        ):  # fmt: skip
            kept, before = box.currentData(), box.blockSignals(True)
            typed = box.currentText() if box.currentText() != box.itemText(box.currentIndex()) else ""
            while box.count() > 1:
                box.removeItem(1)
            for name in names:
                for code, words, _count in choices.get(name) or ():
                    text = f"{code} {words}".strip() if code else tr("(none)")
                    box.addItem(text, str(code or ""))
            box.setCurrentIndex(max(0, box.findData(kept)) if kept is not None else 0)
            if typed and box.isEditable():
                box.setEditText(typed)
            box.blockSignals(before)

    def chosen(self) -> list[int]:
        """Return the numbers of the selected rows, at most one more than ``MOST``: a million may be selected."""
        model = self.view.selectionModel()
        runs = sorted({(run.top(), run.bottom()) for run in model.selection()}) if model is not None else []
        rows: list[int] = []
        for top, bottom in runs:
            rows += range(top, min(bottom, top + MOST - len(rows)) + 1)
            if len(rows) > MOST:
                break
        return rows

    def show_progress(self, fraction: float | None, *, busy: bool = False) -> None:
        """Show how far something is; ``fraction`` None while busy means that it is not known."""
        self.progress_bar.setVisible(busy)
        self.cancel_button.setVisible(busy)
        self.progress_bar.setRange(0, 0 if fraction is None else 100)
        if fraction is not None:
            self.progress_bar.setValue(round(fraction * 100))

# SPDX-License-Identifier: GPL-2.0-or-later
"""The *Lineage* dock: a unit grid by code or by a click, who it was and what became of it, the grids of any day.

Widgets only; ``lineage_controller.py`` says what they do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QDate, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QDateEdit,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.gui.docks.parts import Buttons, Scrolled, button, in_tab_order, plain_label
from digital_citymgmt_plugin.gui.hints import hint
from digital_citymgmt_plugin.gui.models.lineage import (
    Line,
    days,
    header,
    last_of,
    name_of,
    short,
    status_of,
    taken_back,
    told,
    tr,
    tree,
)
from digital_citymgmt_plugin.gui.plain_text import as_tip

NAME = "DcmLineageDock"
VERSION = Qt.ItemDataRole.UserRole
_OPEN = 3  # levels that are unfolded at first


class LineageDock(QgsDockWidget):
    """The dock's widgets by name.

    Signals
    -------
    chosen : list of str
        The versions of the line that is looked at: one, or all at the ends of a branch.
    """

    chosen = pyqtSignal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Lineage of unit grids"), parent)
        self.setObjectName(NAME)
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(self._grid_line())
        layout.addWidget(self._day_line())
        self.summary = plain_label()
        layout.addWidget(self.summary)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName(tr("Who the grid was and what became of it"))
        self.tree.setAlternatingRowColors(True)
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(14)
        self.tree.setHeaderLabels(header())
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.tree.itemSelectionChanged.connect(self._moved)
        layout.addWidget(self.tree, 1)
        self.zoom_button = button(tr("Show"), tr("Show the grid and its kin on the map"), "dcm_kin_zoom")
        self.follow_button = button(tr("Go on with this one"), tr("Look at the chosen grid"), "dcm_kin_follow")
        layout.addWidget(Buttons(self.zoom_button, self.follow_button))
        self.setWidget(Scrolled(body))
        in_tab_order(
            self.code_edit, self.look_button, self.pick_button, self.day_box, self.day_edit, self.day_button,
            self.tree, self.zoom_button, self.follow_button,
        )  # fmt: skip
        self.show_no_store()

    def _grid_line(self) -> QVBoxLayout:
        self.code_edit = QLineEdit()
        hint(self.code_edit, tr("Code of a unit grid, also a retired one"))
        self.code_edit.setAccessibleName(tr("Code of a unit grid, also a retired one"))
        self.code_edit.setClearButtonEnabled(True)
        self.code_edit.setMaxLength(64)
        self.look_button = button(tr("Look up"), tr("Look the code up (Enter)"), "dcm_kin_look")
        self.pick_button = button(tr("Pick"), tr("Click a unit grid on the map; Esc ends"), "dcm_kin_pick")
        self.pick_button.setCheckable(True)
        lines = QVBoxLayout()
        lines.addWidget(self.code_edit)  # alone: a code of 15 digits is to be seen whole in a narrow dock
        lines.addWidget(Buttons(self.look_button, self.pick_button))
        return lines

    def _day_line(self) -> Buttons:
        self.day_box = QCheckBox(tr("As of"))
        self.day_box.setToolTip(tr("Look at the grids as they were at the end of a day"))
        self.day_edit = QDateEdit(QDate.currentDate())
        self.day_edit.setDisplayFormat("yyyy-MM-dd")
        self.day_edit.setCalendarPopup(True)
        self.day_edit.setAccessibleName(tr("Day"))
        self.day_button = button(
            tr("Show the grids of the day"), tr("Show them on the map in place of those of today"), "dcm_kin_day"
        )
        self.day_button.setCheckable(True)
        self.day_box.toggled.connect(self._day_asked)
        self._day_asked(False)
        return Buttons(self.day_box, self.day_edit, self.day_button, most=3)

    def _day_asked(self, asked: bool) -> None:
        self.day_edit.setEnabled(asked)
        self.day_button.setEnabled(asked)
        if not asked:
            self.day_button.setChecked(False)

    def day(self) -> str:
        """Return the day asked for, '' for today."""
        date = self.day_edit.date()
        return f"{date.year():04d}-{date.month():02d}-{date.day():02d}" if self.day_box.isChecked() else ""

    # -- what is shown ------------------------------------------------------------------------------------------

    def show_no_store(self) -> None:
        """Say that nothing is open."""
        self.show_nothing(tr("Open a city store first."), there=False)

    def show_nothing(self, words: str, *, there: bool = True) -> None:
        """Show no grid and say why; ``there``: whether one can be looked for."""
        self.tree.clear()
        self.summary.setText(words)
        for part in (self.code_edit, self.look_button, self.pick_button, self.day_box, self.tree):
            part.setEnabled(there)
        self._enable()

    def show_lineage(self, answer: Mapping[str, Any]) -> None:
        """Show a grid with all its kin."""
        self.summary.setText(told(answer))
        self.tree.clear()
        grid = answer["grid"]
        before = self._branch(tr("Who it was"), last_of(answer, forward=False), tree(answer, forward=False))
        own = QTreeWidgetItem([short(grid), "", status_of(grid), days(grid)])
        own.setToolTip(0, as_tip(name_of(grid)))
        own.setData(0, VERSION, [str(grid["id"])])
        font = own.font(0)
        font.setBold(True)
        own.setFont(0, font)
        after = self._branch(tr("What became of it"), last_of(answer, forward=True), tree(answer, forward=True))
        self.tree.addTopLevelItems([before, own, after])
        undone = taken_back(answer)
        if undone:
            self.tree.addTopLevelItem(self._branch(tr("Taken back"), [], undone))
        self.tree.expandToDepth(_OPEN - 1)
        for column in range(len(header())):
            self.tree.resizeColumnToContents(column)
        self.tree.setCurrentItem(own)
        self._enable()

    def _branch(self, words: str, ends: Sequence[str], lines: Sequence[Line]) -> QTreeWidgetItem:
        item = QTreeWidgetItem([words if lines else tr("{branch}: none").format(branch=words), "", "", ""])
        item.setData(0, VERSION, list(ends))
        item.addChildren([self._item(line) for line in lines])
        return item

    def _item(self, line: Line) -> QTreeWidgetItem:
        item = QTreeWidgetItem(list(line.cells))
        item.setData(0, VERSION, [line.version] if line.version else [])
        for column in range(len(line.cells)):
            item.setToolTip(column, as_tip(line.tip))
        item.setTextAlignment(1, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter))
        item.addChildren([self._item(one) for one in line.lines])
        return item

    def versions(self) -> list[str]:
        """Return the versions of the line that is looked at."""
        items = self.tree.selectedItems()
        return [str(one) for one in (items[0].data(0, VERSION) or [])] if items else []

    def _moved(self) -> None:
        self._enable()
        self.chosen.emit(self.versions())

    def _enable(self) -> None:
        self.zoom_button.setEnabled(self.tree.topLevelItemCount() > 0)
        self.follow_button.setEnabled(len(self.versions()) == 1)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The *Redraw* dock: the pens, what they would do to each cell (before → after), scenarios, and the way into the store.

Widgets only; ``redraw_controller.py`` says what they do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import (
    QAction,
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.gui.docks.parts import Scrolled, button, chosen_rows, in_tab_order, plain_label, rows_view
from digital_citymgmt_plugin.gui.docks.wrapping import Wrapped
from digital_citymgmt_plugin.gui.hints import hint
from digital_citymgmt_plugin.gui.icons import icon
from digital_citymgmt_plugin.gui.map_tools.pens import TOOLS
from digital_citymgmt_plugin.gui.models.redraw import (
    LiveModel,
    detail_header,
    detail_rows,
    live_header,
    live_row,
    tr,
    verdict_of,
)

NAME = "DcmRedrawDock"


class RedrawDock(QgsDockWidget):
    """The dock's widgets by name. Signal ``chosen``: name of the tool that is taken, "" when none is."""

    chosen = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Redraw unit grids"), parent)
        self.setObjectName(NAME)
        self.cells: list[Mapping[str, Any]] = []
        self._detail_of = ""
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(self._session_line())
        layout.addLayout(self._tools())
        self.hint = plain_label()
        self.said = plain_label()
        font = self.said.font()
        font.setBold(True)
        self.said.setFont(font)
        self.mend_button = button(
            tr("Mend co&mmunity edges…"),
            tr("Find the unit grids that the edges of the communities cross now, and split them there; counts first"),
            "dcm_redraw_mend",
        )
        line = QHBoxLayout()
        line.addWidget(self.hint, 1)
        line.addWidget(self.mend_button)
        layout.addLayout(line)
        layout.addWidget(self._figures(), 1)
        layout.addWidget(self.said)
        layout.addLayout(self._scenarios())
        layout.addLayout(self._writing())
        self.setWidget(Scrolled(body))
        self._shortcuts()
        in_tab_order(
            self.begin_button, self.settings_button, *self.tool_buttons.values(), self.mend_button,
            self.live_view, self.detail_view, self.scenario_box, self.save_button, self.scenario_button,
            self.policy_box, self.reason_edit, self.undo_button, self.redo_button, self.apply_button,
            self.discard_button,
        )  # fmt: skip
        self.show_no_store()

    # -- parts --------------------------------------------------------------------------------------------------

    def _session_line(self) -> QHBoxLayout:
        self.status = plain_label()
        self.begin_button = button(
            tr("&Begin"), tr("Read the grids and what lies in them, and begin to redraw"), "dcm_redraw_begin"
        )
        self.settings_button = button(
            tr("Se&ttings…"), tr("What the load counts, the band, days of cases, population"), "dcm_redraw_settings"
        )
        row = QHBoxLayout()
        row.addWidget(self.status, 1)
        row.addWidget(self.settings_button)
        row.addWidget(self.begin_button)
        return row

    def _tools(self) -> Wrapped:
        self.tool_buttons: dict[str, QToolButton] = {}
        self.tool_group = QButtonGroup(self)
        self.tool_group.setExclusive(False)  # one that is taken can be put down again
        for number, tool in enumerate(TOOLS):
            made = QToolButton()
            made.setText(tr(tool.title))
            made.setIcon(icon(f"redraw_{tool.name}"))
            made.setIconSize(QSize(24, 24))
            made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            made.setCheckable(True)
            made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            words = tr("{tool} (Alt+{key}; {key} on the map): {hint}")
            tip = words.format(tool=tr(tool.title), key=number + 1, hint=tr(tool.hint))
            made.setToolTip(tip)
            made.setAccessibleName(tip)
            made.setObjectName(f"dcm_redraw_{tool.name}")
            made.clicked.connect(lambda on=False, name=tool.name: self.chosen.emit(name if on else ""))
            self.tool_group.addButton(made)
            self.tool_buttons[tool.name] = made
        return Wrapped(*self.tool_buttons.values())

    def _figures(self) -> QSplitter:
        self.live = LiveModel(live_header(), self, badges=1)
        self.live_view = rows_view(tr("Grids under the pen: before and after"), many=False)
        self.live_view.setModel(self.live)
        self.detail = LiveModel(detail_header(), self)
        self.detail_view = rows_view(tr("All figures of the selected grid"), many=False)
        self.detail_view.setModel(self.detail)
        measure = self.live_view.fontMetrics().horizontalAdvance
        samples = ("320681001001015-10", "", "10.00 → 10.00 ▲", "100.0 → 100.0 ▲", "1,000 → 1,000 ▲",
                   "1,000 → 1,000 ▲", "100 → 100 ▲", "10.00 → 10.00 ▲")  # fmt: skip
        for column, sample in enumerate(samples):
            widest = sample or f"✓ → ✕ {tr('somewhat out of it')}   "
            self.live_view.setColumnWidth(column, measure(widest) + 14)
        self.detail_view.setColumnWidth(0, measure(f"{tr('Boundary on features (%)')}  "))
        for column in (1, 2):
            self.detail_view.setColumnWidth(column, measure(f"✕ {tr('somewhat out of it')}  "))
        self.live_view.selectionModel().selectionChanged.connect(lambda *_: self._selected())
        splitter = QSplitter(Qt.Orientation.Vertical)
        for view in (self.live_view, self.detail_view):
            view.setMinimumHeight(70)
            splitter.addWidget(view)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 4)
        return splitter

    def _scenarios(self) -> Wrapped:
        self.scenario_box = QComboBox()
        self.scenario_box.setAccessibleName(tr("Scenario"))
        self.scenario_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.scenario_box.setMinimumContentsLength(10)
        self.save_button = button(
            tr("Sa&ve as…"), tr("Keep the changes as a scenario, without writing them to the grids"), "dcm_redraw_save"
        )
        self.scenario_button = QToolButton()
        self.scenario_button.setText(tr("Scenarios"))
        self.scenario_button.setAccessibleName(tr("Open, compare or put aside a scenario"))
        self.scenario_button.setToolTip(tr("Open, compare or put aside a scenario"))
        self.scenario_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.scenario_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        menu = QMenu(self.scenario_button)
        self.open_action = menu.addAction(tr("Open the one chosen"))
        self.compare_action = menu.addAction(tr("Compare the one chosen with what is drawn…"))
        self.drop_action = menu.addAction(tr("Put the one chosen aside…"))
        self.scenario_button.setMenu(menu)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.scenario_box.setSizePolicy(policy)
        return Wrapped(QLabel(tr("Scenario")), self.scenario_box, self.save_button, self.scenario_button)

    def _writing(self) -> QVBoxLayout:
        self.policy_box = QComboBox()
        self.policy_box.setAccessibleName(tr("Which part keeps the code"))
        self.policy_box.addItem(tr("Largest part keeps the code"), "largest_keeps")
        self.policy_box.addItem(tr("All new codes"), "all_new")
        self.reason_edit = QLineEdit()
        hint(self.reason_edit, tr("Reason, kept with retired codes"))
        self.reason_edit.setAccessibleName(tr("Reason, kept with retired codes"))
        self.undo_button = button(tr("Undo"), tr("Take the last change back (Ctrl+Z)"), "dcm_redraw_undo")
        self.redo_button = button(tr("Redo"), tr("Do it again (Ctrl+Shift+Z)"), "dcm_redraw_redo")
        self.apply_button = button(
            tr("&Apply to the store…"), tr("Write the changes; counts first"), "dcm_redraw_apply"
        )
        self.discard_button = button(tr("&Discard"), tr("Give all changes up; nothing was written"), "dcm_redraw_drop")
        buttons = (self.undo_button, self.redo_button, self.apply_button, self.discard_button)
        for made in buttons:
            made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        both = QVBoxLayout()
        both.addLayout(Wrapped(self.policy_box, self.reason_edit))
        both.addLayout(Wrapped(*buttons))
        return both

    def _shortcuts(self) -> None:
        self.shortcuts: list[QAction] = []
        pressed: list[tuple[str, Any]] = [
            (f"Alt+{number}", self.tool_buttons[tool.name]) for number, tool in enumerate(TOOLS, 1)
        ]
        pressed += [("Ctrl+Z", self.undo_button), ("Ctrl+Shift+Z", self.redo_button)]
        for keys, made in pressed:
            action = QAction(made.text(), self)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(lambda _=False, made=made: made.click())
            self.addAction(action)
            self.shortcuts.append(action)

    # -- what is shown ------------------------------------------------------------------------------------------

    def show_tool(self, name: str) -> None:
        """Show which tool is in hand, "" for none, and what to do with it."""
        for key, made in self.tool_buttons.items():
            made.setChecked(key == name)
        found = next((tool for tool in TOOLS if tool.name == name), None)
        self.hint.setText(tr(found.hint) if found else tr("Take a tool."))

    def show_cells(self, cells: Sequence[Mapping[str, Any]]) -> None:
        """Show the cells under the pen (or of the last change) and the figures of the one selected."""
        chosen = self.row()
        kept = str(self.cells[chosen].get("id")) if 0 <= chosen < len(self.cells) else ""
        self.cells = list(cells)
        self.live.fill([live_row(cell) for cell in self.cells], [verdict_of(cell) for cell in self.cells])
        ids = [str(cell.get("id")) for cell in self.cells]
        staying = [row for row, cell in enumerate(self.cells) if cell.get("after")]
        row = ids.index(kept) if kept in ids else next(iter(staying), 0)
        if self.cells and self.row() != row:
            self.live_view.selectRow(row)
        else:
            self._selected()

    def row(self) -> int:
        """Return the number of the cell that is selected, −1 for none."""
        rows = chosen_rows(self.live_view)
        return rows[0] if rows else -1

    def _selected(self) -> None:
        row = self.row()
        self.detail.fill(detail_rows(self.cells[row]) if 0 <= row < len(self.cells) else [])

    def say(self, words: str) -> None:
        """Say one sentence about what the pen does: why it cannot be used, what was mended."""
        if words != self.said.text():
            self.said.setText(words)

    def show_scenarios(self, listed: Sequence[tuple[str, str]], chosen: str) -> None:
        """Offer scenarios (id, words) without telling anybody."""
        self.scenario_box.blockSignals(True)
        self.scenario_box.clear()
        for key, words in listed:
            self.scenario_box.addItem(words, key)
        at = self.scenario_box.findData(chosen)
        self.scenario_box.setCurrentIndex(at if listed else -1)
        self.scenario_box.blockSignals(False)

    def allow(self, *, session: bool, steps: int, undone: int) -> None:
        """Enable what can be done."""
        self.begin_button.setText(tr("E&nd") if session else tr("&Begin"))
        self.settings_button.setEnabled(not session)
        for made in (*self.tool_buttons.values(), self.mend_button, self.live_view, self.detail_view):
            made.setEnabled(session)
        self.undo_button.setEnabled(session and steps > 0)
        self.redo_button.setEnabled(session and undone > 0)
        for made in (self.apply_button, self.discard_button, self.save_button, self.policy_box, self.reason_edit):
            made.setEnabled(session and steps > 0)

    def show_no_store(self) -> None:
        """Show that no store is open."""
        self.status.setText(tr("Open a city store first."))
        self.show_tool("")
        self.show_cells([])
        self.say("")
        self.show_scenarios([], "")
        self.allow(session=False, steps=0, undone=0)
        self.begin_button.setEnabled(False)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The *Issues* dock: what the checks found, by rule with counts, and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QCoreApplication, QLocale, Qt
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.bridge.captions import table_caption
from digital_citymgmt_plugin.gui.docks.parts import (
    Buttons,
    Scrolled,
    allow,
    button,
    chosen_rows,
    fit_columns,
    in_tab_order,
    plain_label,
    rows_view,
    select_rows,
)
from digital_citymgmt_plugin.gui.hints import hint
from digital_citymgmt_plugin.gui.models.issues import (
    LEVELS,
    STATES,
    grouped,
    issue_words,
    level_icon,
    level_words,
    object_words,
    rule_title,
    state_words,
)
from digital_citymgmt_plugin.gui.models.pages import PagedModel

NAME = "DcmIssueDock"
# Whose issues can be looked at alone.
TABLES = ("component_point", "component_line", "component_area", "unit_grid", "admin_area", "case_record", "place")


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("IssueDock", text)


class IssueDock(QgsDockWidget):
    """The dock's widgets, by name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Issues"), parent)
        self.setObjectName(NAME)
        self.rules = PagedModel(
            [tr("Rule"), tr("Level"), state_words("open"), state_words("waived")], _rule_cells,
            lambda row: level_icon(str(row["level"])), self, (2, 3),
        )  # fmt: skip
        self.issues = PagedModel(
            [tr("Object"), tr("Level"), tr("State"), tr("What was found"), tr("Reason")], _issue_cells,
            lambda row: level_icon(str(row["level"])), self,
        )  # fmt: skip
        self.body = body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(self._check_line())
        layout.addLayout(self._filters())
        self.summary_label = plain_label()
        layout.addWidget(self.summary_label)
        splitter = QSplitter(Qt.Orientation.Vertical)
        self.rule_view = rows_view(tr("Rules with the number of issues"))
        self.rule_view.setModel(self.rules)
        self.issue_view = rows_view(tr("Issues: press Enter to show one on the map"))
        self.issue_view.setModel(self.issues)
        for view in (self.rule_view, self.issue_view):
            splitter.addWidget(view)
            view.model().modelReset.connect(lambda view=view: fit_columns(view, 28))
            fit_columns(view)
        splitter.setStretchFactor(1, 2)
        layout.addWidget(splitter, 1)
        self.found_label = plain_label()
        layout.addWidget(self.found_label)
        layout.addWidget(self._buttons())
        self.setWidget(Scrolled(body))
        in_tab_order(
            self.check_button, self.state_box, self.level_box, self.sheet_edit, self.table_box, self.extent_box,
            self.rule_view, self.issue_view, self.previous_button, self.next_button, self.fix_button,
            self.fix_all_button, self.waive_button, self.waive_all_button, self.reopen_button, self.export_button,
            self.history_button, self.rules_button, self.totals_button,
        )  # fmt: skip
        self.show_no_store()

    def _check_line(self) -> QHBoxLayout:
        self.check_button = QToolButton()
        self.check_button.setText(tr("Check now"))
        self.check_button.setAccessibleName(tr("Run the checks"))
        self.check_button.setToolTip(tr("Run the checks"))
        self.check_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.check_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        menu = QMenu(self.check_button)
        self.check_changed = menu.addAction(tr("What changed since the last run"))
        self.check_sheet = menu.addAction(tr("This sheet"))
        self.check_all = menu.addAction(tr("All"))
        menu.addSeparator()
        self.check_grids = menu.addAction(tr("Unit grids"))
        self.repair_grids = menu.addAction(tr("Unit grids and small repairs…"))
        self.check_button.setMenu(menu)
        row = QHBoxLayout()
        row.addWidget(self.check_button)
        row.addStretch(1)
        return row

    def _filters(self) -> QVBoxLayout:
        self.state_box, self.level_box, self.sheet_edit = QComboBox(), QComboBox(), QLineEdit()
        self.state_box.setAccessibleName(tr("State of the issues"))
        for state in STATES:
            self.state_box.addItem(state_words(state), state)
        self.state_box.addItem(tr("All states"), "")
        self.level_box.setAccessibleName(tr("Level of the issues"))
        self.level_box.addItem(tr("All levels"), "")
        for level in LEVELS:
            self.level_box.addItem(level_icon(level), level_words(level), level)
        hint(self.sheet_edit, tr("Sheet number"))
        self.sheet_edit.setAccessibleName(tr("Only issues on this sheet"))
        self.sheet_edit.setClearButtonEnabled(True)
        self.table_box, self.extent_box = QComboBox(), QCheckBox(tr("Only what the map shows"))
        self.table_box.setAccessibleName(tr("Objects of the issues"))
        self.table_box.addItem(tr("All objects"), "")
        for table in TABLES:
            self.table_box.addItem(table_caption(table), table)
        self.extent_box.setToolTip(tr("Issues within the map's extent; going from one to the next keeps the list"))
        both = QVBoxLayout()
        both.addWidget(Buttons(self.state_box, self.level_box, self.sheet_edit, most=3))
        both.addWidget(Buttons(self.table_box, self.extent_box))
        return both

    def _buttons(self) -> Buttons:
        self.previous_button = button(tr("Previous"), tr("Show the previous issue (Shift+F8)"), "previous_issue")
        self.next_button = button(tr("Next"), tr("Show the next issue (F8)"), "next_issue")
        self.fix_button = button(
            tr("&Fix…"), tr("Mend the component's values here, or the faults of the unit grids selected"), "fix_issue"
        )
        self.fix_all_button = button(
            tr("Fix all of the rule…"), tr("Mend all open faults of unit grids of the selected rules"), "fix_rule"
        )
        self.waive_button = button(tr("&Waive…"), tr("Let the selected issues stand, with a reason"), "waive_issues")
        self.waive_all_button = button(
            tr("Waive all of the rule…"), tr("Let all open issues of the selected rules stand"), "waive_rule"
        )
        self.reopen_button = button(tr("Take waiver back"), tr("The selected issues are open again"), "reopen_issues")
        self.export_button = button(tr("E&xport…"), tr("Write what is listed to Excel or a layer"), "export_issues")
        self.history_button = button(tr("Over time…"), tr("Open issues run by run"), "issue_history")
        self.rules_button = button(tr("&Rules…"), tr("Level, switch and values of the check rules"), "check_rules")
        self.totals_button = button(tr("&Totals…"), tr("Whether all totals of the census tie"), "totals")
        return Buttons(
            self.previous_button, self.next_button, self.fix_button, self.fix_all_button, self.waive_button,
            self.waive_all_button, self.reopen_button, self.export_button, self.history_button,
            self.rules_button, self.totals_button,
        )  # fmt: skip

    # -- what it shows ------------------------------------------------------------------------------------------

    def show_no_store(self) -> None:
        """Say that nothing is open."""
        self.rules.fill([], False)
        self.issues.fill([], False)
        self.summary_label.setText(tr("Open a city store first."))
        self.found_label.clear()
        allow(self.body, False)

    def show_groups(self, groups: Sequence[Sequence[Any]]) -> None:
        """Show the rules with their counts; those that were selected stay so."""
        kept = set(self.chosen_rules())
        lines = grouped(groups)
        self.rules.fill([{"fid": at, **line} for at, line in enumerate(lines)], False)
        select_rows(self.rule_view, [at for at, line in enumerate(lines) if line["rule"] in kept])
        number = QLocale().toString
        words = tr("{open} open, {waived} waived, {settled} settled")
        sums = {state: number(sum(line[state] for line in lines)) for state in STATES}
        self.summary_label.setText(words.format(**sums))
        allow(self.body, True)

    def chosen_rules(self) -> list[str]:
        """Return the rules that are selected; none means all."""
        return [str(self.rules.rows[row]["rule"]) for row in chosen_rows(self.rule_view)]

    def chosen_issues(self) -> list[dict[str, Any]]:
        """Return the issues that are selected."""
        return [dict(self.issues.rows[row]) for row in chosen_rows(self.issue_view)]


def _rule_cells(row: Any) -> list[str]:
    number = QLocale().toString
    return [rule_title(row["rule"]), level_words(row["level"]), number(row["open"]), number(row["waived"])]


def _issue_cells(row: Any) -> list[str]:
    waived = " – ".join(str(row[name]) for name in ("reason", "waived_by") if row.get(name))
    return [object_words(row), level_words(row["level"]), state_words(row["state"]), issue_words(row), waived]

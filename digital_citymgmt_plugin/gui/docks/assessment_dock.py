# SPDX-License-Identifier: GPL-2.0-or-later
"""The *Assessment* dock: scheme, rows, period; the table with bars; below it the series, formulas and ties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QCoreApplication, QDate, Qt
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDateEdit,
    QGridLayout,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QSizePolicy,
    QSplitter,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.core.assessment.periods import PRESETS
from digital_citymgmt_plugin.core.assessment.question import LEVELS_THEN
from digital_citymgmt_plugin.gui.docks.assessment_bars import BarDelegate
from digital_citymgmt_plugin.gui.docks.assessment_words import BY, by_words, period_words
from digital_citymgmt_plugin.gui.docks.parts import (
    Buttons,
    Scrolled,
    allow,
    button,
    fit_columns,
    in_tab_order,
    plain_label,
    rows_view,
)
from digital_citymgmt_plugin.gui.docks.wrapping import Wrapped
from digital_citymgmt_plugin.gui.models.assessment import AssessmentModel, Table
from digital_citymgmt_plugin.gui.models.rows import RowsModel
from digital_citymgmt_plugin.gui.series_chart import SeriesChart

NAME = "DcmAssessmentDock"


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("AssessmentDock", text)


class AssessmentDock(QgsDockWidget):
    """The dock's widgets, by name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Assessment"), parent)
        self.setObjectName(NAME)
        self._own = False  # whether the days are typed in
        self.model = AssessmentModel(self)
        self.view = rows_view(tr("Assessment table: press Enter in a number for its cases"), many=False)
        self.view.setSelectionBehavior(self.view.SelectionBehavior.SelectItems)
        self.view.setModel(self.model)
        self.view.setItemDelegate(BarDelegate(self.view))
        side = self.view.verticalHeader()  # the names of the rows stay in sight whatever is scrolled
        side.setSectionResizeMode(side.ResizeMode.Fixed)
        side.setDefaultSectionSize(self.view.fontMetrics().height() + 12)
        side.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # codes differ in their ends
        side.setMaximumWidth(20 * self.view.fontMetrics().averageCharWidth())
        side.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        side.setVisible(True)
        head = self.view.horizontalHeader()
        head.setSortIndicatorShown(True)
        head.setSectionsClickable(True)
        head.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        head.setStretchLastSection(False)
        self.label = plain_label()
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(self._what_line())
        layout.addLayout(self._period_line())
        layout.addWidget(self._more())
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self.view)
        splitter.addWidget(self._tabs())
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        layout.addWidget(splitter, 1)
        layout.addLayout(self._figure_line())
        layout.addWidget(self.label)
        layout.addWidget(self._buttons())
        self.body = body
        self.setWidget(Scrolled(body))
        in_tab_order(
            self.scheme_box, self.by_box, self.period_box, self.from_edit, self.to_edit, self.more_button, *self.more,
            self.view, self.tabs, self.notes, self.ties, self.figure_box, self.map_button, self.place_button,
            self.cases_button,
            self.freeze_button, self.runs_button, self.export_button, self.picture_button,
        )  # fmt: skip
        self.show_no_store()

    @staticmethod
    def _box(name: str, letters: int = 8) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        box.setToolTip(name)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(letters)
        box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        return box

    def _what_line(self) -> Wrapped:
        self.scheme_box, self.by_box = self._box(tr("Scheme of the indicators")), self._box(tr("Rows of the table"))
        for by in BY:
            self.by_box.addItem(by_words(by), by)
        self.by_box.setCurrentIndex(self.by_box.findData("street"))
        return Wrapped(self.scheme_box, self.by_box)

    def rows(self) -> str:
        """Return what rows are, with the day whose unit grids they are of, if one is given and they can be."""
        by, day = str(self.by_box.currentData()), self.grids_edit.text().strip()
        return f"{by}@{day}" if day and by in LEVELS_THEN else by

    def _period_line(self) -> Wrapped:
        self.period_box = self._box(tr("Period: weeks, months … up to the latest case, or to the cut-off"))
        for name in PRESETS:
            self.period_box.addItem(period_words(name), name)
        self.from_edit, self.to_edit = QDateEdit(), QDateEdit()
        for edit, words in ((self.from_edit, tr("First day")), (self.to_edit, tr("Last day, included"))):
            edit.setDisplayFormat("yyyy-MM-dd")
            edit.setCalendarPopup(True)
            edit.setAccessibleName(words)
            edit.setToolTip(words)
            edit.setEnabled(False)
        self.more_button = QToolButton()
        self.more_button.setText(tr("More"))
        self.more_button.setToolTip(tr("Which cases a period selects, class, cut-off, what it is compared with"))
        self.more_button.setAccessibleName(self.more_button.toolTip())
        self.more_button.setCheckable(True)
        self.more_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.more_button.setObjectName("assessment_more")
        return Wrapped(self.period_box, self.from_edit, self.to_edit, self.more_button)

    def _more(self) -> QWidget:
        self.compare_box = self._box(tr("What it is compared with"))
        for name, words in (
            ("", tr("Not compared")), ("before", tr("With the period before")), ("year", tr("With the year before")),
        ):  # fmt: skip
            self.compare_box.addItem(words, name)
        self.basis_box = self._box(tr("Which cases belong to a period"))
        for name, words in (
            ("", tr("As the scheme says")), ("filed", tr("Filed in the period")),
            ("reported", tr("Reported in the period")), ("flow", tr("What happened in the period")),
        ):  # fmt: skip
            self.basis_box.addItem(words, name)
        self.kind_box, self.exempt_box = self._box(tr("Kind of the cases")), self._box(tr("Exempt cases"))
        for name, words in (
            ("", tr("Components and events")), ("component", tr("Components alone")), ("event", tr("Events alone")),
        ):  # fmt: skip
            self.kind_box.addItem(words, name)
        self.exempt_box.addItem(tr("With exempt cases"), "")
        self.exempt_box.addItem(tr("Without exempt cases"), "exempt")
        self.exempt_box.setToolTip(tr("Exempt: an appeal of the department was granted"))
        self.boxes = (self.compare_box, self.basis_box, self.kind_box, self.exempt_box)
        self.cut_off_edit = QLineEdit()
        self.cut_off_edit.setPlaceholderText(tr("Cut-off (2026-03-05); empty: now"))
        self.cut_off_edit.setAccessibleName(tr("Cut-off: what happened after the end of this day is not known"))
        self.cut_off_edit.setToolTip(self.cut_off_edit.accessibleName())
        self.cut_off_edit.setClearButtonEnabled(True)
        self.grids_edit = QLineEdit()
        self.grids_edit.setPlaceholderText(tr("Unit grids of the day; empty: today's"))
        self.grids_edit.setAccessibleName(
            tr("Rows by grid, community or street on the unit grids as they were on this day (2026-03-05)")
        )
        self.grids_edit.setToolTip(self.grids_edit.accessibleName())
        self.grids_edit.setClearButtonEnabled(True)
        self.more = (*self.boxes, self.cut_off_edit, self.grids_edit)
        self.more_area = QWidget()
        self.more_grid = QGridLayout(self.more_area)
        self.more_grid.setContentsMargins(0, 0, 0, 0)
        for number, widget in enumerate(self.more):
            self.more_grid.addWidget(widget, number // 2, number % 2)
        self.more_area.setVisible(False)
        self.more_button.toggled.connect(self.more_area.setVisible)
        return self.more_area

    def _tabs(self) -> QTabWidget:
        self.tabs = QTabWidget()
        self.chart = SeriesChart()
        self.notes = QPlainTextEdit()
        self.notes.setReadOnly(True)
        self.notes.setTabChangesFocus(True)
        self.notes.setAccessibleName(tr("Formulas, period and cut-off of the table"))
        self.ties = rows_view(tr("Totals that have to agree"), many=False)
        self.ties.setModel(RowsModel([], [], self.ties))
        self.tabs.addTab(self.chart, tr("Series"))
        self.tabs.addTab(self.notes, tr("Formulas"))
        self.tabs.addTab(self.ties, tr("Totals"))
        return self.tabs

    def _figure_line(self) -> Wrapped:
        self.figure_box = self._box(tr("Figure of map and series"), 12)
        self.map_button = QToolButton()
        self.map_button.setText(tr("On the map"))
        self.map_button.setToolTip(tr("Colour the areas by this figure"))
        self.map_button.setAccessibleName(self.map_button.toolTip())
        self.map_button.setCheckable(True)
        self.map_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.map_button.setObjectName("assessment_map")
        tip = tr("Show the area of the selected row on the map")
        self.place_button = button(tr("Go there"), tip, "assessment_place")
        return Wrapped(self.figure_box, self.map_button, self.place_button)

    def _buttons(self) -> Buttons:
        self.cases_button = button(
            tr("Cases"), tr("List the cases of the number that is selected, and show them on the map (Enter)"),
            "assessment_cases",
        )  # fmt: skip
        self.freeze_button = button(
            tr("&Freeze…"), tr("Keep this table with its scheme, so that it can be printed again to the digit"),
            "assessment_freeze",
        )  # fmt: skip
        self.runs_button = button(
            tr("&Kept tables…"), tr("List the tables that were kept and open one"), "assessment_runs"
        )
        self.export_button = button(
            tr("E&xport…"), tr("Write the table to Excel with formulas, to CSV or to a layer"), "assessment_export"
        )
        self.picture_button = button(tr("&Picture…"), tr("Write table and series as a picture"), "assessment_picture")
        self.cases_menu = QMenu(self.cases_button)
        return Buttons(
            self.cases_button, self.freeze_button, self.runs_button, self.export_button, self.picture_button, most=3
        )

    # -- what it shows ------------------------------------------------------------------------------------------

    def show_no_store(self) -> None:
        """Say that nothing is open."""
        self.show_table(Table(), "", ())
        self.chart.show_series("", [], [])
        self.label.setText(tr("Open a city store first."))
        allow(self.body, False)

    def show_table(self, table: Table, mapped: str, edges: Sequence[float]) -> None:
        """Show another table; the figure that was chosen stays so where it is there."""
        same = [column.title for column in table.columns] == [column.title for column in self.model.table.columns]
        self.model.fill(table, mapped, edges)
        if not same:
            fit_columns(self.view, 16)
            for column in range(min(2, len(table.columns))):  # code and name
                self.view.setColumnHidden(column, True)
            for column in range(2, len(table.columns)):
                self.view.setColumnHidden(column, False)
            self.view.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.notes.setPlainText("\n".join(table.notes))
        allow(self.body, True)
        self.show_period(None, None, own=self._own)

    def show_figures(self, table: Table) -> None:
        """Offer the figures of a table; the one that was chosen stays."""
        kept, before = self.figure_box.currentData(), self.figure_box.blockSignals(True)
        self.figure_box.clear()
        for column in sorted(table.mapped(), key=lambda column: column.kind == "count"):
            self.figure_box.addItem(column.title, column.key)
        self.figure_box.setCurrentIndex(max(0, self.figure_box.findData(kept)))
        self.figure_box.blockSignals(before)

    def show_choices(self, box: QComboBox, choices: Sequence[tuple[str, str]]) -> None:
        """Offer other choices (value, words) in a box; what was chosen stays."""
        kept, before = box.currentData(), box.blockSignals(True)
        box.clear()
        for value, words in choices:
            box.addItem(words, value)
        box.setCurrentIndex(max(0, box.findData(kept)))
        box.blockSignals(before)

    def show_period(self, first: date | None, last: date | None, *, own: bool) -> None:
        """Show the days of a period; they can be changed only when it is one's own."""
        self._own = own
        for edit, day in ((self.from_edit, first), (self.to_edit, last)):
            edit.setEnabled(own)
            if day is not None:
                before = edit.blockSignals(True)
                edit.setDate(QDate(day.year, day.month, day.day))
                edit.blockSignals(before)

    def days(self) -> tuple[date, date]:
        """Return the days that stand in the fields."""
        found = [edit.date() for edit in (self.from_edit, self.to_edit)]
        first, last = (date(day.year(), day.month(), day.day()) for day in found)
        return first, last

    def show_ties(self, ties: Sequence[Mapping[str, Any]]) -> None:
        """Show which totals agree: told by words and signs."""
        header = [tr("What must agree"), tr("One"), tr("Other"), ""]
        rows = [(tie["what"], tie["one"], tie["other"], "✓" if tie["one"] == tie["other"] else "✗") for tie in ties]
        old = self.ties.model()
        self.ties.setModel(RowsModel(header, rows, self.ties, (1, 2)))
        old.deleteLater()
        fit_columns(self.ties, 48)
        wrong = sum(tie["one"] != tie["other"] for tie in ties)
        words = tr("Totals")
        self.tabs.setTabText(self.tabs.indexOf(self.ties), f"{words} ✗ {wrong}" if wrong else f"{words} ✓")

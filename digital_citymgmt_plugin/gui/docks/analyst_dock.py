# SPDX-License-Identifier: GPL-2.0-or-later
"""The *Analyst* dock: first the question, then what it is asked of, then table, chart and what the words mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QCoreApplication, QDate, Qt
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDateEdit,
    QDoubleSpinBox,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

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
from digital_citymgmt_plugin.gui.models.findings import (
    Findings,
    Way,
    exposure_words,
    question_tip,
    question_words,
    ways,
)
from digital_citymgmt_plugin.gui.models.rows import RowsModel
from digital_citymgmt_plugin.gui.series_chart import SeriesChart

NAME = "DcmAnalystDock"


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("AnalystDock", text)


class AnalystDock(QgsDockWidget):
    """The dock's widgets, by name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Analyst"), parent)
        self.setObjectName(NAME)
        self.question_box = self._box(tr("Question"))
        for way in ways():
            self.question_box.addItem(question_words(way.code), way)
            at = self.question_box.count() - 1
            self.question_box.setItemData(at, question_tip(way.code), Qt.ItemDataRole.ToolTipRole)
        self.told = plain_label()
        self.view = rows_view(tr("Findings: the selected row is shown on the map and in the chart"), many=False)
        self.view.setModel(RowsModel([], [], self.view))
        self.label = plain_label()
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(Wrapped(self.question_box))
        layout.addWidget(self.told)
        layout.addLayout(self._cases())
        layout.addLayout(self._parameters())
        layout.addWidget(self._run())
        layout.addWidget(self.label)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self.view)
        splitter.addWidget(self._tabs())
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        layout.addWidget(splitter, 1)
        layout.addWidget(self._slider())
        layout.addWidget(self._buttons())
        self.body = body
        self.setWidget(Scrolled(body))
        in_tab_order(
            self.question_box, self.period_box, self.from_edit, self.to_edit, self.kind_box, self.source_box,
            self.class_edit, self.by_box, self.exposure_box, self.every_box, self.step_box, self.radius_spin,
            self.reach_spin, self.times_box, self.hours_spin, self.chosen_box, self.run_button, self.view, self.tabs,
            self.notes, self.slider, self.place_button, self.page_button, self.export_button, self.picture_button,
        )  # fmt: skip
        self.show_no_store()

    @staticmethod
    def _box(name: str, choices: Sequence[tuple[str, Any]] = (), letters: int = 8) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        box.setToolTip(name)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(letters)
        box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for words, value in choices:
            box.addItem(words, value)
        return box

    def _cases(self) -> Wrapped:
        self.period_box = self._box(
            tr("Days on which the cases were reported"), [(tr("All cases"), "all"), (tr("From … to …"), "own")]
        )
        self.from_edit, self.to_edit = QDateEdit(), QDateEdit()
        for edit, words in ((self.from_edit, tr("First day")), (self.to_edit, tr("Last day, included"))):
            edit.setDisplayFormat("yyyy-MM-dd")
            edit.setCalendarPopup(True)
            edit.setAccessibleName(words)
            edit.setToolTip(words)
            edit.setEnabled(False)
        self.kind_box = self._box(
            tr("Kind of the cases"),
            [(tr("Components and events"), ""), (tr("Components alone"), "component"), (tr("Events alone"), "event")],
        )
        self.source_box = self._box(
            tr("Who found the cases"),
            [(tr("All sources"), ""), (tr("Collectors"), "collector"), (tr("Citizens"), "citizen")],
        )
        self.class_edit = QLineEdit()
        self.class_edit.setPlaceholderText(tr("Class codes, with commas; empty: all"))
        self.class_edit.setAccessibleName(tr("Codes with which the classes of the cases begin, with commas"))
        self.class_edit.setToolTip(self.class_edit.accessibleName())
        self.class_edit.setClearButtonEnabled(True)
        self.period_box.currentIndexChanged.connect(lambda _=0: self._show_days())
        return Wrapped(
            self.period_box, self.from_edit, self.to_edit, self.kind_box, self.source_box, self.class_edit
        )

    def _show_days(self) -> None:
        for edit in (self.from_edit, self.to_edit):
            edit.setEnabled(self.period_box.currentData() == "own")

    def _parameters(self) -> Wrapped:
        self.by_box = self._box(
            tr("Cells in which cases are counted"),
            [(tr("By unit grid"), "grid"), (tr("By community"), "community"), (tr("By street"), "street")],
        )
        self.exposure_box = self._box(
            tr("What the cases are held against"),
            [(exposure_words(name), name) for name in ("even", "area", "road_km", "components")],
        )
        times = {"day": tr("Day by day"), "week": tr("Week by week"), "month": tr("Month by month")}
        self.step_box = self._box(tr("Length of a step in time"), [(words, name) for name, words in times.items()])
        self.step_box.setCurrentIndex(1)
        self.every_box = self._box(
            tr("Periods of the density"),
            [(times["month"], "month"), (times["week"], "week"), (tr("Quarter by quarter"), "quarter"),
             (tr("The whole in one"), "")],
        )  # fmt: skip
        self.radius_spin, self.reach_spin = QDoubleSpinBox(), QDoubleSpinBox()
        for spin, name, prefix, most, value in (
            (self.radius_spin, tr("Largest radius of a cluster, metres"), tr("Radius up to"), 10_000.0, 1_000.0),
            (self.reach_spin, tr("How far a case reaches, metres"), tr("Reach"), 2_000.0, 200.0),
        ):
            spin.setRange(20.0, most)
            spin.setDecimals(0)
            spin.setSingleStep(50.0)
            spin.setValue(value)
            spin.setPrefix(f"{prefix} ")
            spin.setSuffix(" m")
            spin.setAccessibleName(name)
            spin.setToolTip(name)
        self.times_box = self._box(
            tr("Simulated cities: the least p is 1 / (number + 1)"), [(tr("99 simulations"), 99),
            (tr("999 simulations"), 999), (tr("19 simulations"), 19)],
        )  # fmt: skip
        self.hours_spin = QSpinBox()
        self.hours_spin.setRange(1, 12)
        self.hours_spin.setValue(3)
        self.hours_spin.setPrefix(f"{tr('Patrol of')} ")
        self.hours_spin.setSuffix(" h")
        self.hours_spin.setAccessibleName(tr("Hours of the patrol that is advised"))
        self.hours_spin.setToolTip(self.hours_spin.accessibleName())
        self.chosen_box = QCheckBox(tr("Only unit grids selected on the map"))
        self.fields: dict[str, QWidget] = {
            "by": self.by_box, "exposure": self.exposure_box, "period": self.step_box, "radius": self.radius_spin,
            "simulations": self.times_box, "every": self.every_box, "reach": self.reach_spin,
            "hours": self.hours_spin, "chosen": self.chosen_box,
        }  # fmt: skip
        return Wrapped(*self.fields.values())

    def _run(self) -> QWidget:
        self.run_button = button(tr("&Find out"), tr("Answer the question; it can be stopped"), "analyst_run")
        return Buttons(self.run_button, most=1)

    def _tabs(self) -> QTabWidget:
        self.tabs, self.chart, self.notes = QTabWidget(), SeriesChart(), QPlainTextEdit()
        self.notes.setReadOnly(True)
        self.notes.setTabChangesFocus(True)
        self.notes.setAccessibleName(tr("Definitions, denominator and cases without a place"))
        self.tabs.addTab(self.chart, tr("Chart"))
        self.tabs.addTab(self.notes, tr("Definitions"))
        return self.tabs

    def _slider(self) -> QSlider:
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(tr("Period on the map; far left: all"))
        self.slider.setToolTip(self.slider.accessibleName())
        self.slider.setPageStep(1)
        self.slider.setTickPosition(QSlider.TickPosition.TicksBelow)
        self.slider.setVisible(False)
        return self.slider

    def _buttons(self) -> Buttons:
        self.place_button = button(tr("Go there"), tr("Show the selected row on the map"), "analyst_place")
        self.page_button = button(
            tr("&Map page…"), tr("Make a page of the map with its legend, ready to print"), "analyst_page"
        )
        self.export_button = button(
            tr("E&xport…"), tr("Write the table with its definitions to Excel"), "analyst_export"
        )
        self.picture_button = button(tr("&Picture…"), tr("Write the chart as a picture"), "analyst_picture")
        return Buttons(self.place_button, self.page_button, self.export_button, self.picture_button, most=4)

    # -- what it shows ------------------------------------------------------------------------------------------

    def way(self) -> Way | None:
        """Return how the chosen question is answered."""
        found = self.question_box.currentData()
        return found if isinstance(found, Way) else None

    def show_way(self) -> None:
        """Show the parameters of the question alone."""
        way = self.way()
        self.told.setText(question_tip(way.code) if way is not None else tr("There are no questions in this version."))
        for name, widget in self.fields.items():
            widget.setVisible(way is not None and name in way.asks)

    def show_no_store(self) -> None:
        """Say that nothing is open."""
        self.show_way()
        self.show_findings(Findings())
        self.label.setText(tr("Open a city store first."))
        allow(self.body, False)

    def show_ready(self) -> None:
        """Let questions be asked."""
        allow(self.body, True)
        self.show_way()
        self.label.setText(tr("Choose a question and press Find out."))

    def show_findings(self, findings: Findings) -> None:
        """Show an answer as table, chart and words."""
        old = self.view.model()
        self.view.setModel(RowsModel(findings.header, findings.texts(), self.view, findings.numbers))
        old.deleteLater()
        fit_columns(self.view, 16)
        self.chart.show_series(findings.chart, findings.labels, findings.values)
        self.notes.setPlainText("\n".join(findings.notes))
        self.label.setText(findings.hint)
        self.slider.blockSignals(True)
        self.slider.setRange(0, len(findings.spans))
        self.slider.setValue(0)
        self.slider.blockSignals(False)
        self.slider.setVisible(len(findings.spans) > 1)
        for made in (self.export_button, self.picture_button):
            made.setEnabled(bool(findings.rows))
        self.place_button.setEnabled(False)
        self.page_button.setEnabled(False)

    def days(self) -> tuple[str, str]:
        """Return the days that stand in the fields, "" for all cases."""
        if self.period_box.currentData() == "all":
            return "", ""
        first, last = (edit.date().toString("yyyy-MM-dd") for edit in (self.from_edit, self.to_edit))
        return first, last

    def offer_days(self, first: str, last: str) -> None:
        """Put the days of the cases into the fields, unless the user has typed their own."""
        if self.period_box.currentData() == "all":
            for edit, day in ((self.from_edit, first), (self.to_edit, last)):
                edit.setDate(QDate.fromString(day, "yyyy-MM-dd"))

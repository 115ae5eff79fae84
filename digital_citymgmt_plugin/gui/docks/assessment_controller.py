# SPDX-License-Identifier: GPL-2.0-or-later
"""What the *Assessment* dock does: asks for the table of a period, shows it as table, map and series, writes files."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, Qt, QTimer, pyqtSignal

from digital_citymgmt_plugin.bridge.messages import sentence, templates
from digital_citymgmt_plugin.core.assessment.periods import before, preset, year_before
from digital_citymgmt_plugin.core.assessment.schemes import POSTS
from digital_citymgmt_plugin.core.requests_assessment import (
    Evaluate,
    ListSchemes,
    ShowEvaluation,
    WarmPanel,
)
from digital_citymgmt_plugin.gui.assessment_map import FiguresOnMap
from digital_citymgmt_plugin.gui.desk import Desk
from digital_citymgmt_plugin.gui.docks.assessment_dock import AssessmentDock
from digital_citymgmt_plugin.gui.docks.assessment_fairness import FairnessDesk
from digital_citymgmt_plugin.gui.docks.assessment_files import FileDesk
from digital_citymgmt_plugin.gui.docks.assessment_numbers import NumberDesk
from digital_citymgmt_plugin.gui.docks.assessment_runs import RunDesk
from digital_citymgmt_plugin.gui.docks.assessment_series import SeriesDesk
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.models.assessment import Column, Table
from digital_citymgmt_plugin.gui.models.evaluations import compared, evaluation_table
from digital_citymgmt_plugin.gui.plain_text import as_tip
from digital_citymgmt_plugin.gui.redraw_courier import Courier

_REST_MS = 60  # several choices in a row are one question
_WARM_MS = 400


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("AssessmentDock", text)


class AssessmentController(Desk):
    """Wires the dock to the engine and the map.

    Signals: ``shown``: a table has come; ``compared``: the one it is compared with, too; ``drawn``: the series;
    ``cases_asked`` (number id, words): the cases of a number are wanted.
    """

    dock: AssessmentDock
    WATCHED = frozenset(
        {
            "case_record", "case_event", "department", "admin_area", "unit_grid", "evaluation_scheme", "score_term",
            "score_band",
        }
    )  # fmt: skip
    shown, compared, drawn = pyqtSignal(), pyqtSignal(), pyqtSignal()
    cases_asked = pyqtSignal(str, str)

    def __init__(self, controller: CityController, dock: AssessmentDock) -> None:
        super().__init__(controller, dock)
        # A courier of its own: a change of period does not wait for what other docks ask.
        self.courier = Courier(controller.session.pool, self, keeps=True, sentences=spoken)
        self.answer: dict[str, Any] | None = None
        self.table = Table()
        self.today = date.today()  # of the latest case, or of the cut-off
        self.asked: Evaluate | None = None
        self._warm_of = ""  # store whose cases stand in the engine
        self.took = 0.0  # seconds of the table in the engine and its pipe
        self.frozen = ""  # uuid of the kept table that is shown
        self.schemes: list[dict[str, Any]] = []
        self.on_map, self.numbers = FiguresOnMap(self), NumberDesk(self)
        self.series, self.runs, self.fairness = SeriesDesk(self), RunDesk(self), FairnessDesk(self)
        self.files = FileDesk(self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST_MS)
        self._timer.timeout.connect(self.reload)
        self._colour = QTimer(self)
        self._colour.setSingleShot(True)
        self._colour.setInterval(0)
        self._colour.timeout.connect(self.on_map.show)
        dock.show_choices(dock.scheme_box, [("default", tr("Rates of the standard"))])
        self._connect()

    def _connect(self) -> None:
        dock = self.dock
        dock.by_box.currentIndexChanged.connect(lambda _=0: self._offer_schemes())
        for box in (dock.scheme_box, dock.by_box, *dock.boxes):
            box.currentIndexChanged.connect(lambda _=0: self._timer.start())
        dock.period_box.currentIndexChanged.connect(lambda _=0: self._period_chosen())
        for edit in (dock.from_edit, dock.to_edit):
            edit.dateChanged.connect(lambda _day=None: self._timer.start())
        for line in (dock.cut_off_edit, dock.grids_edit):
            line.editingFinished.connect(self._timer.start)
        dock.figure_box.currentIndexChanged.connect(lambda _=0: self._figure_chosen())
        dock.map_button.toggled.connect(lambda _on=False: self.on_map.show())
        dock.view.horizontalHeader().sectionClicked.connect(self._sort)
        dock.view.activated.connect(lambda _index: self.numbers.open())
        dock.cases_button.clicked.connect(lambda _=False: self.numbers.open())
        dock.place_button.clicked.connect(lambda _=False: self.on_map.show_row())
        self.watch()

    # -- what is asked ------------------------------------------------------------------------------------------

    def _period_chosen(self) -> None:
        name = str(self.dock.period_box.currentData())
        first, last = preset(name, self.today)
        self.dock.show_period(first, last, own=name == "own")
        self._timer.start()

    def days(self) -> tuple[date, date] | None:
        """Return first and last day of the period, None for all cases."""
        return None if self.dock.period_box.currentData() == "all" else self.dock.days()

    def request(self) -> Evaluate:
        """Return what the dock asks for."""
        dock, days = self.dock, self.days()
        first, last = (days[0].isoformat(), days[1].isoformat()) if days else ("", "")
        kind = str(dock.kind_box.currentData() or "")
        return Evaluate(
            by=dock.rows(), scheme=str(dock.scheme_box.currentData() or "default"), from_date=first,
            to_date=last, cut_off=dock.cut_off_edit.text().strip(), basis=str(dock.basis_box.currentData() or ""),
            where={"kind": [kind]} if kind else {}, without=str(dock.exempt_box.currentData() or ""),
        )  # fmt: skip

    def reload(self) -> None:
        """Ask for the table, then for what it is compared with and for the series."""
        if not self.path:
            return
        self._timer.stop()
        asked = self.asked = self.request()
        self.frozen = ""
        self.series.forget()
        self.fairness.forget()
        if self._warm_of == self.path:
            self.probe(asked, shown(asked), self._show)
        else:
            self.probe(asked, WarmPanel(_WARM_MS), lambda answer: self._warmed(asked, answer))

    def _warmed(self, asked: Evaluate, answer: dict[str, Any]) -> None:
        """Go on reading until all cases are in the engine: its first table of a million takes half a minute."""
        if answer["ready"]:
            self._warm_of = self.path
            self.courier.send(self.path, ListSchemes(), self._schemes_came, self.failed)
            self.probe(asked, shown(asked), self._show)
            return
        percent = round(100 * float(answer["fraction"]))
        self.dock.label.setText(tr("Reading cases: {percent} %").replace("{percent}", str(percent)))
        self.probe(asked, WarmPanel(_WARM_MS), lambda more: self._warmed(asked, more))

    def probe(self, asked: Evaluate, request: Any, done: Callable[[dict[str, Any]], None]) -> None:
        """Ask beside what other docks ask; what was asked for a choice that is no more is dropped."""
        path = self.path

        def answered(answer: dict[str, Any]) -> None:
            if path == self.path and asked == self.asked:
                done(answer)

        def failed(error: Exception) -> None:
            if path == self.path and asked == self.asked:
                self.failed(error)

        self.courier.probe(path, request, answered, failed)

    def failed(self, error: Exception) -> None:
        """Say why something was refused; what is shown stays."""
        self.dock.label.setText(self.controller.messages.sentence(error))

    def _schemes_came(self, answer: dict[str, Any]) -> None:
        self.schemes = list(answer["schemes"])
        self._offer_schemes()

    def _offer_schemes(self) -> None:
        """Offer the schemes that are for such rows; the one that was chosen stays where it is among them."""
        by = str(self.dock.by_box.currentData())
        fitting = [(one["code"], one["name"]) for one in self.schemes if one["object"] in ("", object_of(by))]
        if fitting:
            self.dock.show_choices(self.dock.scheme_box, [*fitting, ("all", tr("All indicators"))])
        for one in self.schemes:  # what a scheme rests on, and what is wrong with it
            at = self.dock.scheme_box.findData(one["code"])
            lines = [str(one.get(name) or "") for name in ("source", "confidence", "note")]
            lines += [sentence(code, values) for code, values in one.get("problems") or []]
            told = "\n".join(line for line in lines if line)
            self.dock.scheme_box.setItemData(at, as_tip(told), Qt.ItemDataRole.ToolTipRole)

    def show_days(self, first: date, last: date) -> None:
        """Show the table of a period of one's own."""
        dock = self.dock
        before = dock.period_box.blockSignals(True)
        dock.period_box.setCurrentIndex(dock.period_box.findData("own"))
        dock.period_box.blockSignals(before)
        dock.show_period(first, last, own=True)
        self._timer.start()

    def other_days(self) -> tuple[date, date] | None:
        """Return the period that the table is compared with, None when it is not."""
        days, how = self.days(), self.dock.compare_box.currentData()
        if days is None or not how or days[0] > days[1]:
            return None
        return before(*days) if how == "before" else year_before(*days)

    # -- what is shown ------------------------------------------------------------------------------------------

    def _show(self, answer: dict[str, Any]) -> None:
        self.answer, self.took = answer, self.courier.took
        told = answer["evaluation"]
        if not self.dock.cut_off_edit.text().strip():
            with suppress(ValueError):
                self.today = date.fromisoformat(str(told["selection"]["cut_off"])[:10])
        self._show_table(evaluation_table(answer))
        self.shown.emit()
        asked, other = self.asked, self.other_days()
        if asked is not None and other is not None:
            earlier = replace(
                asked, from_date=other[0].isoformat(), to_date=other[1].isoformat(), cut_off=self._other_cut_off(other)
            )
            self.probe(asked, shown(earlier), self._compare)
        else:
            self.series.ask()
            self.fairness.ask()

    def _other_cut_off(self, other: tuple[date, date]) -> str:
        """Return when the other period is looked at: as long after its end as this one is after its own.

        Cases of a month ago have had a month more to be closed: ranks of then are those that were printed then.
        """
        told = self.answer["evaluation"]["selection"]["cut_off"] if self.answer is not None else ""
        days = self.days()
        if not told or days is None:
            return ""
        moment = datetime.strptime(str(told)[:19], "%Y-%m-%dT%H:%M:%S") - (days[1] - other[1])
        return f"{moment.isoformat()}.{str(told)[20:23] or '000'}Z"

    def show_run(self, answer: dict[str, Any]) -> None:
        """Show a table as it was kept: nothing of it is counted again."""
        self._timer.stop()
        self.answer, self.frozen = answer, str(answer["run"]["uuid"])
        self.series.forget()
        self.fairness.forget()
        self._show_table(evaluation_table(answer))
        self.dock.chart.show_series("", [], [])
        words = tr("Kept table: {name}. Its figures are those of then.").replace("{name}", answer["run"]["name"])
        self.dock.label.setText(words)
        self.shown.emit()

    def _show_table(self, table: Table) -> None:
        self.table = table
        if self.answer is not None:
            self.dock.show_ties(self.series.ties(table, self.answer["evaluation"]))
        self.dock.show_figures(table)
        self.dock.show_table(table, "", ())
        rows = len(table.rows)
        words = tr("{rows} rows. Press Enter in a number for its cases.").replace("{rows}", str(rows))
        self.dock.label.setText(words if rows else tr("There is nothing to count in this period."))
        self._colour.start()  # the table stands there before thousands of areas are coloured

    def _compare(self, answer: dict[str, Any]) -> None:
        self._show_table(compared(self.table, evaluation_table(answer)))
        other = self.other_days()
        if other is not None:
            words = tr("Compared with {first} to {last}, as known as long after its end.")
            words = words.replace("{first}", other[0].isoformat()).replace("{last}", other[1].isoformat())
            self.dock.label.setText(f"{self.dock.label.text()} {words}")
        self.compared.emit()
        self.series.ask()
        self.fairness.ask()

    def figure(self) -> Column | None:
        """Return the column that map and series show."""
        at = self.table.at(str(self.dock.figure_box.currentData() or ""))
        return self.table.columns[at] if at >= 0 else None

    def _figure_chosen(self) -> None:
        self.on_map.show()
        self.series.draw()
        self.fairness.ask()

    def _sort(self, column: int) -> None:
        at, falls = self.dock.model.sort_by(column)
        order = Qt.SortOrder.DescendingOrder if falls else Qt.SortOrder.AscendingOrder
        self.dock.view.horizontalHeader().setSortIndicator(at, order)

    def _opened(self, path: str) -> None:
        for timer in (self._timer, self._colour):
            timer.stop()
        self.courier.forget()
        self.asked, self.answer, self.table, self._warm_of = None, None, Table(), ""
        self.frozen = ""
        self.series.forget()
        self.fairness.forget()
        self.on_map.clear()
        self.on_map.forget()
        super()._opened(path)

    def _changed(self, tables: list[str]) -> None:
        self.on_map.forget()
        super()._changed(tables)

    def shut(self) -> None:
        """End: close what stands open."""
        for timer in (self._timer, self._colour):
            timer.stop()
        self.series.forget()
        self.courier.shut()
        super().shut()


def shown(request: Evaluate) -> ShowEvaluation:
    """Return the question whose answer has no more than the dock shows."""
    return ShowEvaluation(**asdict(request))


def spoken() -> dict[str, str]:
    """Return the words that a table needs: few enough to go with every question."""
    of_tables = ("table.", "assess.", "fairness.", "compare.")
    return {code: text for code, text in templates().items() if code.startswith(of_tables)}


def object_of(by: str) -> str:
    """Return what schemes for rows of a kind evaluate: areas, departments, people of a post."""
    return by if by in POSTS else "department" if by == "department" else "area"

# SPDX-License-Identifier: GPL-2.0-or-later
"""What the *Assessment* dock does: asks for the table of a period, shows it as table, map and series, writes files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication, Qt, QTimer, pyqtSignal

from digital_citymgmt_plugin.bridge import assessment_layer
from digital_citymgmt_plugin.core.assessment.classes import breaks
from digital_citymgmt_plugin.core.assessment.periods import preset
from digital_citymgmt_plugin.core.requests import Assess
from digital_citymgmt_plugin.gui.desk import Desk
from digital_citymgmt_plugin.gui.docks.assessment_dock import AssessmentDock, by_words
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.models.assessment import COLOURS, Column, Table, assess_table, colour_of
from digital_citymgmt_plugin.gui.redraw_courier import Courier

_REST_MS = 120  # several choices in a row are one question


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("AssessmentDock", text)


class AssessmentController(Desk):
    """Wires the dock to the engine and the map.

    Signals: ``shown``: a table has come.
    """

    dock: AssessmentDock
    WATCHED = frozenset({"case_record", "case_event", "department", "admin_area", "unit_grid", "score_scheme"})
    shown = pyqtSignal()

    def __init__(self, controller: CityController, dock: AssessmentDock) -> None:
        super().__init__(controller, dock)
        # A courier of its own: a change of period does not wait for what other docks ask.
        self.courier = Courier(controller.session.pool, self, keeps=True)
        self.table = Table()
        self.edges: list[float] = []
        self.today = date.today()  # of the latest case, or of the cut-off
        self._asked: Any = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST_MS)
        self._timer.timeout.connect(self.reload)
        dock.show_choices(dock.scheme_box, scheme_choices())
        self._connect()

    def _connect(self) -> None:
        dock = self.dock
        for box in (dock.scheme_box, dock.by_box, dock.compare_box):
            box.currentIndexChanged.connect(lambda _=0: self._timer.start())
        dock.period_box.currentIndexChanged.connect(lambda _=0: self._period_chosen())
        for edit in (dock.from_edit, dock.to_edit):
            edit.dateChanged.connect(lambda _day=None: self._timer.start())
        dock.cut_off_edit.editingFinished.connect(self._timer.start)
        dock.figure_box.currentIndexChanged.connect(lambda _=0: self.show_figure())
        dock.map_button.toggled.connect(lambda _on=False: self.show_figure(map_too=True))
        dock.view.horizontalHeader().sectionClicked.connect(self._sort)
        dock.view.activated.connect(lambda _index: self.show_place())
        dock.export_button.clicked.connect(lambda _=False: self.ask_export())
        for made in (dock.cases_button, dock.freeze_button, dock.runs_button, dock.picture_button):
            made.setEnabled(False)
        self.watch()

    # -- what is asked ------------------------------------------------------------------------------------------

    def _period_chosen(self) -> None:
        self._show_days()
        self._timer.start()

    def _show_days(self) -> None:
        name = str(self.dock.period_box.currentData())
        first, last = preset(name, self.today)
        self.dock.show_period(first, last, own=name == "own")

    def days(self) -> tuple[str | None, str | None]:
        """Return first and last day of the period, None and None for all cases."""
        if self.dock.period_box.currentData() == "all":
            return None, None
        first, last = self.dock.days()
        return first.isoformat(), last.isoformat()

    def request(self) -> Assess:
        """Return what the dock asks for."""
        dock = self.dock
        first, last = self.days()
        return Assess(
            by=str(dock.by_box.currentData()), from_date=first, to_date=last,
            cut_off=dock.cut_off_edit.text().strip() or None, scheme=str(dock.scheme_box.currentData() or "default"),
        )  # fmt: skip

    def reload(self) -> None:
        """Ask for the table."""
        if not self.path:
            return
        self._timer.stop()
        asked = self._asked = self.request()

        def came(answer: dict[str, Any]) -> None:
            if asked == self._asked:
                self._show(answer)

        self.probe(asked, came)

    def probe(self, request: Any, done: Callable[[dict[str, Any]], None]) -> None:
        """Ask beside what other docks ask; of questions that wait the latest alone; answers of another store drop."""
        path = self.path

        def answered(answer: dict[str, Any]) -> None:
            if path == self.path:
                done(answer)

        def failed(error: Exception) -> None:
            if path == self.path:
                self.dock.label.setText(self.controller.messages.sentence(error))

        self.courier.probe(path, request, answered, failed)

    # -- what is shown ------------------------------------------------------------------------------------------

    def _show(self, answer: dict[str, Any]) -> None:
        if not self.dock.cut_off_edit.text().strip():
            self.today = date.fromisoformat(str(answer["cut_off"])[:10])
        self.table = assess_table(answer)
        self.dock.show_figures(self.table)
        self.edges = []
        self.dock.show_table(self.table, "", ())
        rows = len(self.table.rows)
        words = tr("{rows} rows. Press Enter in a number for its place on the map.").replace("{rows}", str(rows))
        self.dock.label.setText(words if rows else tr("There is nothing to count in this period."))
        self.show_figure()
        self.shown.emit()

    def figure(self) -> Column | None:
        """Return the column that map and series show."""
        at = self.table.at(str(self.dock.figure_box.currentData() or ""))
        return self.table.columns[at] if at >= 0 else None

    def show_figure(self, *, map_too: bool = False) -> None:
        """Show the figure that was chosen: on the map when that is wanted, and in the chart."""
        column, by = self.figure(), str(self.dock.by_box.currentData())
        self.dock.map_button.setEnabled(assessment_layer.can_show(by))
        if column is None:
            return
        values = self.table.values(column.key)
        on = self.dock.map_button.isChecked() and assessment_layer.can_show(by)
        self.edges = breaks(list(values.values())) if on else []
        self.dock.model.show_classes(column.key if on else "", self.edges)
        names = {str(row[0]): str(row[1]) for row in self.table.rows}
        self.dock.chart.show_series(
            column.title, list(names.values()), [values[code] for code in names], percent=column.unit == "%"
        )
        if on:
            self._colour(column, by, names, values)
        elif map_too or assessment_layer.find_assessed() is not None:
            assessment_layer.remove_assessed()

    def _colour(self, column: Column, by: str, names: dict[str, str], values: dict[str, float | None]) -> None:
        first, last = self.days()
        period = f", {first} – {last}" if first else ""
        title = f"{column.title}, {by_words(by)}{period}"
        classes = max(0, len(self.edges) - 1)
        colours = [COLOURS[colour_of(number, classes)] for number in range(classes)]
        layer = assessment_layer.show_assessed(
            self.path, by, title, names, values, self.edges, colours, column.digits
        )
        if layer is None:
            self.dock.label.setText(tr("The areas of the city are not loaded: there is nothing to colour."))

    def show_place(self) -> None:
        """Go to the area of the row that is selected."""
        index = self.dock.view.currentIndex()
        row = self.dock.model.row(index.row()) if index.isValid() else None
        by = str(self.dock.by_box.currentData())
        if row is None or not assessment_layer.can_show(by):
            return
        source, shapes = assessment_layer.shapes_of(self.path, by)
        shape = shapes.get(str(row[0]))
        if source is not None and shape is not None:
            box = shape.boundingBox()
            self.show_boxes([[box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()]])
            self.controller.iface.mapCanvas().flashGeometries([shape], source.crs())

    def _sort(self, column: int) -> None:
        at, falls = self.dock.model.sort_by(column)
        order = Qt.SortOrder.DescendingOrder if falls else Qt.SortOrder.AscendingOrder
        self.dock.view.horizontalHeader().setSortIndicator(at, order)

    # -- files --------------------------------------------------------------------------------------------------

    def ask_export(self) -> None:
        """Ask for a file and write the table."""
        kinds = (tr("Workbook") + " (*.xlsx)", "CSV (*.csv)", tr("Layer") + " (*.gpkg)")
        path = self.ask_file(tr("Export the table"), tr("Assessment") + ".xlsx", ";;".join(kinds)) if self.path else ""
        if path:
            asked = self.request()
            words = tr("The table was written to {file}.").replace("{file}", path)
            request = Assess(**{**vars(asked), "output": path})
            self.ask(
                tr("Writing the table"), request,
                lambda _answer: self.controller.messages.show(words, Qgis.MessageLevel.Success),
            )  # fmt: skip

    def _opened(self, path: str) -> None:
        self._timer.stop()
        self.courier.forget()
        self._asked = None
        if path != self.path or not path:
            self.table = Table()
        assessment_layer.remove_assessed()
        super()._opened(path)

    def shut(self) -> None:
        """End: close what stands open."""
        self._timer.stop()
        self.courier.shut()
        super().shut()


def scheme_choices() -> list[tuple[str, str]]:
    """Return the schemes that every city has."""
    return [("default", tr("Rates of the standard")), ("qidong", tr("Report of Qidong")), ("all", tr("All indicators"))]

# SPDX-License-Identifier: GPL-2.0-or-later
"""The *Sheets* dock: which sheet is where in the work, whose it is, and how the days go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QCoreApplication, Qt
from qgis.PyQt.QtWidgets import QComboBox, QLineEdit, QSplitter, QVBoxLayout, QWidget

from digital_citymgmt_plugin.bridge.captions import value_captions
from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.requests_desk import ExportSheets, ListSheets, MakeSheets, UpdateSheets
from digital_citymgmt_plugin.core.sheets import STATUSES
from digital_citymgmt_plugin.gui.desk import Desk
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
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
from digital_citymgmt_plugin.gui.models.pages import PagedModel

NAME = "DcmSheetBoard"
KEEP = ""  # of the box: the status stays as it is


def tr(text: str) -> str:
    """Translate a text of the board."""
    return QCoreApplication.translate("SheetBoard", text)


def status_words(status: str) -> str:
    """Return the word of a status."""
    return value_captions("sheet", "status").get(status, status)


class SheetBoard(QgsDockWidget):
    """The dock's widgets, by name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Sheets"), parent)
        self.setObjectName(NAME)
        words = [status_words(status) for status in STATUSES]
        self.sheets = PagedModel(
            [tr("Number"), tr("Name"), tr("Crew"), tr("Status"), tr("Planned"), tr("Finished"), tr("Components"),
             tr("Open issues")], _sheet_cells, None, self, (6, 7),
        )  # fmt: skip
        header = [tr("Crew"), tr("Number of sheets"), *words, tr("Open issues")]
        self.crews = PagedModel(header, _crew_cells, None, self, range(1, len(header)))
        self.sheet_view = rows_view(tr("Sheets: press Enter to show one on the map"))
        self.sheet_view.setModel(self.sheets)
        self.crew_view = rows_view(tr("Number of sheets by crew and status"), many=False)
        self.crew_view.setModel(self.crews)
        self.summary_label, self.day_label = plain_label(), plain_label()
        splitter = QSplitter(Qt.Orientation.Vertical)
        for view in (self.sheet_view, self.crew_view):
            view.model().modelReset.connect(lambda view=view: fit_columns(view))
            fit_columns(view)
        splitter.addWidget(self.sheet_view)
        splitter.addWidget(self.crew_view)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 1)
        self.body = body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self._filters())
        layout.addWidget(self.summary_label)
        layout.addWidget(splitter, 1)
        layout.addWidget(self.day_label)
        layout.addWidget(self._form())
        layout.addWidget(self._buttons())
        self.setWidget(Scrolled(body))
        in_tab_order(
            self.status_filter, self.crew_filter, self.sheet_view, self.crew_view, self.status_box, self.crew_edit,
            self.planned_edit, self.apply_button, self.make_button, self.make_base_button, self.export_button,
        )  # fmt: skip
        self.show_no_store()

    def _filters(self) -> Buttons:
        self.status_filter, self.crew_filter = QComboBox(), QLineEdit()
        self.status_filter.setAccessibleName(tr("Only sheets of this status"))
        self.status_filter.addItem(tr("All"), KEEP)
        hint(self.crew_filter, tr("Crew"))
        self.crew_filter.setAccessibleName(tr("Only sheets of this crew"))
        self.crew_filter.setClearButtonEnabled(True)
        for status in STATUSES:
            self.status_filter.addItem(status_words(status), status)
        return Buttons(self.status_filter, self.crew_filter)

    def _form(self) -> Buttons:
        self.status_box, self.crew_edit, self.planned_edit = QComboBox(), QLineEdit(), QLineEdit()
        self.status_box.setAccessibleName(tr("New status of the selected sheets"))
        self.status_box.addItem(tr("Status stays"), KEEP)
        for status in STATUSES:
            self.status_box.addItem(status_words(status), status)
        hint(self.crew_edit, tr("New crew"))
        self.crew_edit.setAccessibleName(tr("New crew of the selected sheets"))
        hint(self.planned_edit, tr("Planned on (2026-01-31)"))
        self.planned_edit.setAccessibleName(tr("New planned day of the selected sheets"))
        self.apply_button = button(tr("&Apply to selected…"), tr("Change the selected sheets"), "update_sheets")
        return Buttons(self.status_box, self.crew_edit, self.planned_edit, self.apply_button)

    def _buttons(self) -> Buttons:
        self.make_button = button(
            tr("&Make over communities…"), tr("Make the 500 m sheets that cover the communities"), "make_sheets"
        )
        self.make_base_button = button(
            tr("Make over &base map…"), tr("Make the 500 m sheets that cover the base map"), "make_sheets_base"
        )
        self.export_button = button(tr("E&xport…"), tr("Write the board to Excel"), "export_sheets")
        return Buttons(self.make_button, self.make_base_button, self.export_button, most=3)

    def show_no_store(self) -> None:
        """Say that nothing is open."""
        self.sheets.fill([], False)
        self.crews.fill([], False)
        self.summary_label.setText(tr("Open a city store first."))
        self.day_label.clear()
        allow(self.body, False)

    def show_board(self, answer: Mapping[str, Any]) -> None:
        """Show the sheets that meet the filter, the crews and the days."""
        status, crew = self.status_filter.currentData(), self.crew_filter.text().strip()
        rows = [
            item
            for item in answer["sheets"]
            if status in (KEEP, item["status"]) and (not crew or crew in str(item["crew"] or ""))
        ]
        chosen = {item["number"] for item in self.chosen()}
        self.sheets.fill(rows, False)
        select_rows(self.sheet_view, [at for at, item in enumerate(rows) if item["number"] in chosen])
        self.crews.fill([{"fid": at, **item} for at, item in enumerate(answer["crews"])], False)
        counts = answer["counts"]
        parts = [f"{status_words(name)} {counts[name]}" for name in STATUSES]
        words = counted(tr("{count} [sheet|sheets]: {parts}"), count=counts["sheets"], parts=", ".join(parts))
        self.summary_label.setText(words if counts["sheets"] else tr("There are no sheets yet: make them first."))
        last = [tr("{day}: {count} finished, {total} so far").format(day=day, count=count, total=total)
                for day, count, total in answer["days"][-3:]]  # fmt: skip
        self.day_label.setText("; ".join(last))
        allow(self.body, True)

    def chosen(self) -> list[Mapping[str, Any]]:
        """Return the sheets that are selected."""
        return [self.sheets.rows[row] for row in chosen_rows(self.sheet_view)]


def _sheet_cells(row: Mapping[str, Any]) -> list[str]:
    texts = [row["number"], row["name"], row["crew"], status_words(str(row["status"])), row["planned_on"],
             row["finished_on"], row["components"], row["issues"]]  # fmt: skip
    return ["" if text is None else str(text) for text in texts]


def _crew_cells(row: Mapping[str, Any]) -> list[str]:
    numbers = [str(row[name]) for name in ("sheets", *STATUSES, "issues")]
    return [str(row["crew"]) or tr("No crew"), *numbers]


class SheetController(Desk):
    """Wires the board to the engine and the map."""

    dock: SheetBoard
    WATCHED = frozenset({"sheet", "check_issue", *COMPONENTS})

    def __init__(self, controller: CityController, dock: SheetBoard) -> None:
        super().__init__(controller, dock)
        self._answer: dict[str, Any] = {}
        for box in (dock.status_filter.currentIndexChanged, dock.crew_filter.editingFinished):
            box.connect(lambda *_: self._show_again())
        dock.sheet_view.activated.connect(lambda _index: self._show_chosen())
        dock.sheet_view.clicked.connect(lambda _index: self._show_chosen())
        dock.apply_button.clicked.connect(lambda _=False: self.apply())
        dock.make_button.clicked.connect(lambda _=False: self.make("communities"))
        dock.make_base_button.clicked.connect(lambda _=False: self.make("base_map"))
        dock.export_button.clicked.connect(lambda _=False: self.ask_export())
        self.watch()

    def reload(self) -> None:
        """Ask for the board."""
        self.ask(tr("Counting sheets"), ListSheets(), self._listed)

    def _listed(self, answer: dict[str, Any]) -> None:
        self._answer = answer
        self._show_again()

    def _show_again(self) -> None:
        if self.path and self._answer:
            self.dock.show_board(self._answer)

    def _show_chosen(self) -> None:
        self.show_boxes([item["extent"] for item in self.dock.chosen()])

    def make(self, cover: str) -> None:
        """Make the sheets over the communities or the base map; the counts are shown before."""
        self.write(MakeSheets(cover))

    def apply(self) -> None:
        """Change the selected sheets; the counts are shown before."""
        dock = self.dock
        numbers = [str(item["number"]) for item in dock.chosen()]
        values = {
            "status": dock.status_box.currentData() or None, "crew": dock.crew_edit.text().strip() or None,
            "planned_on": dock.planned_edit.text().strip() or None,
        }  # fmt: skip
        if not numbers or not any(values.values()):
            dock.day_label.setText(tr("Select sheets, and choose a status, a crew or a day."))
            return
        self.write(UpdateSheets(numbers, **values))

    def ask_export(self) -> None:
        """Ask for a workbook and write the board."""
        path = self.ask_file(tr("Export sheets"), tr("Sheets") + ".xlsx", tr("Workbook") + " (*.xlsx)")
        if path:
            self.export(ExportSheets(path))

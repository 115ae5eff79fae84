# SPDX-License-Identifier: GPL-2.0-or-later
"""What the *Dispatch* dock does with the case that is selected: list, map and page in step; export of the list."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QLocale, pyqtSignal

from digital_citymgmt_plugin.core.requests_dispatch import CasePage, CaseQueue, ExportCases
from digital_citymgmt_plugin.gui.dispatch_map import CasesOnMap
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.docks.dispatch_dock import MOST, DispatchDock
from digital_citymgmt_plugin.gui.docks.dispatch_list import DispatchList
from digital_citymgmt_plugin.gui.docks.parts import shortcut
from digital_citymgmt_plugin.gui.models.cases import PAGE


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("DispatchDock", text)


class DispatchController(DispatchList):
    """Wires the page of a case and the map to the list.

    Signals: ``listed``: a list has come; ``page_shown`` (fid): the page of a case has come.
    """

    page_shown = pyqtSignal(int)

    def __init__(self, controller: CityController, dock: DispatchDock) -> None:
        super().__init__(controller, dock)
        self.page: dict[str, Any] | None = None
        self.duty: dict[str, Any] | None = None  # who answers for it, once that is known
        self.on_map = CasesOnMap(self)
        shortcut(dock, tr("Next case"), "F4", lambda: self.go(1))
        shortcut(dock, tr("Previous case"), "Shift+F4", lambda: self.go(-1))
        shortcut(dock, tr("Search for cases"), "Ctrl+F4", dock.search_edit.setFocus)
        self._connect()

    def _connect(self) -> None:
        dock = self.dock
        dock.view.selectionModel().selectionChanged.connect(lambda *_: self._selected())
        dock.view.activated.connect(lambda _index: self.show_on_map())
        dock.panel.case_wanted.connect(self.show_fid)
        dock.panel.place_wanted.connect(lambda x, y: self.show_point({"x": x, "y": y}))
        for made, slot in (
            (dock.next_button, lambda: self.go(1)), (dock.previous_button, lambda: self.go(-1)),
            (dock.export_button, self.ask_export), (dock.cancel_button, self.controller.link.cancel),
        ):  # fmt: skip
            made.clicked.connect(lambda _=False, slot=slot: slot())
        self.watch()
        self.listed.connect(self._show_ways)
        self.page_shown.connect(lambda _fid=0: self._show_ways())
        dock.view.selectionModel().selectionChanged.connect(lambda *_: self._show_ways())
        dock.visibilityChanged.connect(lambda shown=False: self.on_map.shown(bool(shown)))
        self.controller.link.progressed.connect(self._progressed)
        self.controller.link.busy_changed.connect(self._busy)

    def _opened(self, path: str) -> None:
        self.page = None
        self.on_map.clear()
        super()._opened(path)

    def _show_ways(self) -> None:
        """Enable what can do something: a step where there is one more case, a file of a list that is not empty."""
        rows, total = self.dock.chosen(), self.dock.cases.total
        at = self.dock.view.currentIndex().row() if rows else -1
        self.dock.next_button.setEnabled(at + 1 < total)
        self.dock.previous_button.setEnabled(at > 0 or (at < 0 < total))
        self.dock.export_button.setEnabled(total > 0)

    def go(self, step: int) -> None:
        """Select the next or the previous case."""
        view, total = self.dock.view, self.dock.cases.total
        row = view.currentIndex().row() + step if view.selectionModel().hasSelection() else 0
        if 0 <= row < total:
            self._select(row)
        elif total:
            self.dock.label.setText(tr("This is the last case.") if step > 0 else tr("This is the first case."))

    def _selected(self) -> None:
        rows = self.dock.chosen()
        if len(rows) == 1:
            row = self.dock.cases.row(rows[0])
            if row is None:
                self.dock.cases.data(self.dock.cases.index(rows[0], 0))  # asks for its page; then it is shown
            else:
                self.show_fid(int(row["fid"]))
        elif len(rows) > 1:
            more = "" if len(rows) <= MOST else "+"
            count = QLocale().toString(min(len(rows), MOST)) + more
            words = tr("{count} cases are selected.").format(count=count)
            self.dock.place_button.setChecked(False)
            self._show_no_page(words)

    def _show_no_page(self, words: str) -> None:
        self.page = None
        self.dock.panel.show_none(words)
        self.page_shown.emit(0)

    def role(self) -> str:
        """Return the role in which the user acts."""
        return str(self.dock.role_box.currentData() or "")

    def show_fid(self, fid: int, *, to_map: bool = True) -> None:
        """Show the page of a case, its row in the list and its place on the map."""
        if fid != self.fid:
            self.dock.place_button.setChecked(False)  # a click on the map was meant for the case before
        self.fid = fid
        at = self.dock.cases.row_of(fid)
        if self.dock.chosen() != ([at] if at >= 0 else []):
            before = self.dock.view.selectionModel().blockSignals(True)
            if at >= 0:
                self._select(at)
            else:  # what is done now is done with the case of the page, not with one that stays chosen in the list
                self.dock.view.clearSelection()
            self.dock.view.selectionModel().blockSignals(before)
            self.dock.view.viewport().update()
        path = self.path

        def meant() -> bool:
            return path == self.path and fid == self.fid and not self.several()

        def came(answer: dict[str, Any]) -> None:
            if meant():
                self.page = answer
                store = Path(path)
                self.dock.panel.show_case(answer, str(store.with_name(f"{store.stem}_photos")))
                self.on_map.show(answer["case"], move=to_map)
                self.page_shown.emit(fid)

        def lost(error: Exception) -> None:
            if meant():  # the page of another case must not stay: what is done is done with what is seen
                self._show_no_page("")
                self.on_map.clear()
                self._failed(error)

        if path:
            self.courier.probe(path, CasePage(fid=fid, role=self.role()), came, lost)

    def show_picked(self, fid: int) -> None:
        """Show a case that was picked on the map: its row in the list, if it is in it, and its page."""
        if fid == self.fid:
            return
        self.show_fid(fid, to_map=False)
        if self.dock.cases.row_of(fid) < 0:
            asked = self.filters()

            def came(answer: dict[str, Any]) -> None:
                if asked == self.filters() and fid == self.fid:
                    if int(answer["at"]) >= 0:
                        self._show_list(answer)
                    else:
                        self.dock.view.clearSelection()
                        self.dock.label.setText(tr("The case is not in this list; its page is shown."))

            self.send(CaseQueue(**asdict(asked), limit=PAGE, seek=fid), came)

    def show_on_map(self) -> None:
        """Go to the case whose page is shown."""
        if self.page is not None and not self.show_point(self.page["case"]):
            self.dock.label.setText(tr("It has no place on the map."))

    def proposed_department(self) -> str:
        """Return the department that is proposed for the case of the page; "" when none is."""
        duty = str((self.duty or {}).get("department") or "")
        return duty or str((self.page or {}).get("case", {}).get("dept_code") or "")

    # -- files --------------------------------------------------------------------------------------------------

    def ask_export(self) -> None:
        """Ask for a file and write what is listed."""
        kinds = (tr("Workbook") + " (*.xlsx)", "CSV (*.csv)")
        path = self.ask_file(tr("Export cases"), tr("Cases") + ".xlsx", ";;".join(kinds)) if self.path else ""
        if path:
            self.export(ExportCases(**asdict(self.filters()), output=path))

    def _progressed(self, fraction: float, _message: str, _values: dict[str, Any]) -> None:
        self.dock.show_progress(fraction, busy=True)

    def _busy(self, busy: bool, _words: str) -> None:
        self.dock.show_progress(None, busy=busy)

    def shut(self) -> None:
        """End: close what stands open."""
        for timer in (self._timer, self._warm, self._beat):
            timer.stop()
        self.courier.shut()
        with suppress(RuntimeError):  # the canvas went first
            self.on_map.shut()
        super().shut()

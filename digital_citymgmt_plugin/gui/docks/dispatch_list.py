# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of the *Dispatch* dock: queue, filters, search, sort, pages as they are seen, and which cases are chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QLocale, Qt, QTimer, pyqtSignal

from digital_citymgmt_plugin.core.requests_dispatch import CaseFilter, CaseQueue, WarmCases
from digital_citymgmt_plugin.gui.desk import Desk
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.docks.dispatch_dock import MOST, DispatchDock
from digital_citymgmt_plugin.gui.docks.dispatch_filters import filter_of, is_filtered
from digital_citymgmt_plugin.gui.models.cases import COLUMNS, PAGE
from digital_citymgmt_plugin.gui.redraw_courier import Courier

MANY = 100_000  # rows from the top whose numbers the engine answers
_BEAT_MS = 60_000  # lamps change with the time: counts and list are asked for anew


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("DispatchDock", text)


class DispatchList(Desk):
    """Asks for the list and shows it; what is done with the case that is selected, ``DispatchController`` knows.

    Signal ``listed``: a list has come.
    """

    dock: DispatchDock
    CHOICES = frozenset({"department", "class", "admin_area", "beat"})  # what the filters offer
    WATCHED = frozenset({"case_record", "case_event"}) | CHOICES
    listed = pyqtSignal()

    def __init__(self, controller: CityController, dock: DispatchDock) -> None:
        super().__init__(controller, dock)
        # A courier of its own: neither a long import's turn nor the busy signs of other docks stand between two cases.
        self.courier = Courier(controller.session.pool, self, keeps=True)
        self.fid = 0  # of the case that is selected
        self.full = 0.0  # how much of the closed cases the engine has in memory
        self._choices_of = ""
        self.departments: list[list[Any]] = []  # code and name of all that cases can go to
        self._sort, self._falls = "", False
        self.number = ""  # of an assessment table: only its cases are listed
        self._keep_row = -1  # where the selection stood, when its case has left the list
        self._timer = self._once(150, self.reload)  # several filters changed in a row are one question
        self._warm = self._once(100, self._ask_warm)
        self._beat = QTimer(self)
        self._beat.setInterval(_BEAT_MS)
        self._beat.timeout.connect(self._tick)
        self._beat.start()
        self._connect_list()

    def _once(self, milliseconds: int, slot: Callable[[], None]) -> QTimer:
        made = QTimer(self)
        made.setSingleShot(True)
        made.setInterval(milliseconds)
        made.timeout.connect(slot)
        return made

    def _connect_list(self) -> None:
        dock = self.dock
        dock.queue_box.currentIndexChanged.connect(lambda _=0: self._timer.start())
        for box in dock.filters:
            if hasattr(box, "currentIndexChanged"):
                box.currentIndexChanged.connect(lambda _=0: self._timer.start())
            else:
                box.editingFinished.connect(self._timer.start)
        dock.area_box.lineEdit().editingFinished.connect(self._timer.start)
        dock.search_edit.textChanged.connect(lambda _="": self._timer.start())
        dock.search_edit.returnPressed.connect(lambda: dock.view.setFocus())
        dock.clear_button.clicked.connect(lambda _=False: self.clear_filters())
        dock.number_button.clicked.connect(lambda _=False: self.show_number("", ""))
        dock.view.horizontalHeader().sectionClicked.connect(self.sort_by)
        for changed in (
            *(box.currentIndexChanged for box in dock.filters if hasattr(box, "currentIndexChanged")),
            *(box.textChanged for box in dock.filters if hasattr(box, "textChanged")),
            dock.area_box.editTextChanged, dock.search_edit.textChanged,
        ):  # fmt: skip
            changed.connect(lambda *_: self._show_filtered())
        self._show_filtered()
        dock.cases.wanted.connect(self._page_wanted)

    def _show_filtered(self) -> None:
        """Let the whole queue be shown again only while something is filtered."""
        self.dock.clear_button.setEnabled(is_filtered(self.filters()))

    def show_fid(self, fid: int, *, to_map: bool = True) -> None:
        """Show the page of a case."""
        raise NotImplementedError

    # -- what is asked ------------------------------------------------------------------------------------------

    def _opened(self, path: str) -> None:
        self._timer.stop()
        self.courier.forget()
        self.fid, self.full, self._choices_of = 0, 0.0, ""
        self.show_number("", "")
        self._timer.stop()
        super()._opened(path)

    def _changed(self, tables: list[str]) -> None:
        if not tables or self.CHOICES & {*tables}:
            self._choices_of = ""  # asked for anew with the list
        super()._changed(tables)

    def filters(self) -> CaseFilter:
        """Return what queue, filters, search and sort of the dock say."""
        return filter_of(self.dock, self._sort, self._falls, self.number)

    def show_number(self, number: str, words: str) -> None:
        """List only the cases of a number of an assessment table, whatever their queue; "" lists all again."""
        self.number = number
        self.dock.number_label.setText(words)
        self.dock.number_area.setVisible(bool(number))
        if number:
            self.clear_filters()
            before = self.dock.queue_box.blockSignals(True)
            self.dock.queue_box.setCurrentIndex(self.dock.queue_box.findData("all"))
            self.dock.queue_box.blockSignals(before)
        self._timer.start()

    def clear_filters(self) -> None:
        """Show the whole queue again."""
        for box in self.dock.filters:
            box.setCurrentIndex(0) if hasattr(box, "setCurrentIndex") else box.clear()
        self.dock.search_edit.clear()
        self._timer.start()

    def sort_by(self, column: int) -> None:
        """Sort by a column; by the same once more the other way round, and then as the queue is sorted itself."""
        name = COLUMNS[column]
        if self._sort == name and self._falls:
            self._sort, self._falls = "", False
        else:
            self._falls = self._sort == name
            self._sort = name
        order = Qt.SortOrder.DescendingOrder if self._falls else Qt.SortOrder.AscendingOrder
        self.dock.view.horizontalHeader().setSortIndicator(column if self._sort else -1, order)
        self.reload()

    def reload(self) -> None:
        """Ask for the list anew; the case that is selected stays so if it is in it."""
        if not self.path:
            return
        self._timer.stop()
        asked = self.filters()
        choices = self._choices_of != self.path
        seek = self.fid
        self._keep_row = self.dock.cases.row_of(seek) if seek else -1
        request = CaseQueue(**asdict(asked), limit=PAGE, seek=seek, choices=choices)

        def came(answer: dict[str, Any]) -> None:
            if asked != self.filters():
                return
            if seek != self.fid:  # another case was chosen meanwhile: this list stands at the one before
                self.reload()
            else:
                self._show_list(answer)

        if asked.queue == "all" and self.full < 1:  # takes seconds: with progress, and can be stopped
            self.controller.link.forget(tr("Reading cases"))
            self.ask(tr("Reading cases"), request, came, failed=self._failed)
        else:
            self.send(request, came)

    def send(
        self, request: Any, done: Callable[[dict[str, Any]], None], failed: Callable[[Exception], None] | None = None
    ) -> None:
        """Ask beside what other docks ask; answers of another store are dropped."""
        path = self.path

        def answered(answer: dict[str, Any]) -> None:
            if path == self.path:
                done(answer)

        if path:
            self.courier.send(path, request, answered, failed or self._failed)

    def _failed(self, error: Exception) -> None:
        self.dock.label.setText(self.controller.messages.sentence(error))

    def _show_list(self, answer: dict[str, Any]) -> None:
        dock = self.dock
        self.full = float(answer["full"])
        if "choices" in answer:
            dock.show_choices(answer["choices"])
            self.departments = list(answer["choices"].get("every_department") or [])
            self._choices_of = self.path
        dock.show_queues(answer.get("queues") or {})
        before = dock.view.selectionModel().blockSignals(True)
        dock.cases.fill(int(answer["total"]), str(answer["token"]), int(answer["offset"]), answer["cases"])
        at = int(answer["at"])
        dock.view.selectionModel().blockSignals(before)
        if at >= 0:
            dock.view.selectRow(at)
            dock.view.scrollTo(dock.cases.index(at, 0))
        elif dock.cases.total and self.fid and self._keep_row >= 0:  # it left the queue: the next one is at its place
            self._keep_row = min(self._keep_row, dock.cases.total - 1)
            self.fid = 0
            self._select(self._keep_row)
        elif self.fid:  # of no list that is shown, and maybe another one now
            self.show_fid(self.fid, to_map=False)
        words = tr("{count} cases are listed.").format(count=QLocale().toString(dock.cases.total))
        dock.label.setText(words if dock.cases.total else tr("No case meets the filter."))
        self.listed.emit()
        if self.full < 1:
            self._warm.start()

    def _page_wanted(self, offset: int) -> None:
        asked, token = self.filters(), self.dock.cases.token

        def came(answer: dict[str, Any]) -> None:
            if token != self.dock.cases.token or asked != self.filters():
                return
            if str(answer["token"]) != token:
                self._timer.start()  # the order is another one: begin anew
            else:
                self.dock.cases.put(int(answer["offset"]), answer["cases"])
                self._select_waiting()

        def lost(error: Exception) -> None:
            self.dock.cases.forget(offset)
            self._failed(error)

        self.send(CaseQueue(**asdict(asked), offset=offset, limit=PAGE, counts=False), came, lost)

    def _ask_warm(self) -> None:
        if not self.path or not self.dock.isVisible() or self.full >= 1:
            return
        if self.courier.busy or self.controller.link.busy:
            self._warm.start()
            return

        def came(answer: dict[str, Any]) -> None:
            self.full = float(answer["full"])
            if self.full < 1:
                self._warm.start()

        self.send(WarmCases(milliseconds=50), came, lambda _error: None)

    def _tick(self) -> None:
        """Look at lamps and counts again; a list that somebody scrolls in, or selects several in, stays."""
        still = not self.dock.view.verticalScrollBar().value() and not self.several()
        if self.path and self.dock.isVisible() and still:
            self._timer.start()

    def _select(self, row: int) -> None:
        self.dock.view.selectRow(row)
        self.dock.view.scrollTo(self.dock.cases.index(row, 0))

    # -- which cases are chosen ---------------------------------------------------------------------------------

    def with_chosen(self, then: Callable[[list[int]], None]) -> None:
        """Go on with the cases that are selected, whether their rows are here or not; else with that of the page."""
        numbers = self.dock.chosen()
        rows = [self.dock.cases.row(number) for number in numbers[: MOST + 1]]
        if len(numbers) > MOST:
            words = tr("At most {count} cases are moved at once: filter the list first.")
            self.dock.label.setText(words.format(count=QLocale().toString(MOST)))
        elif all(row is not None for row in rows):
            fids = [int(row["fid"]) for row in rows if row is not None]
            then(fids or ([self.fid] if self.fid else []))
        else:
            token = self.dock.cases.token

            def came(answer: dict[str, Any]) -> None:
                every = answer["fids"]
                if str(answer["token"]) == token and numbers[-1] < len(every):
                    then([int(every[number]) for number in numbers])
                else:
                    self.dock.label.setText(tr("The list has changed meanwhile: select again."))
                    self.reload()

            last = numbers[-1] + 1  # of those below, the engine answers no numbers: filter instead
            if last > MANY:
                self.dock.label.setText(tr("The selected cases lie too far below: filter the list first."))
                return
            request = CaseQueue(**asdict(self.filters()), offset=numbers[0], limit=1, counts=False, every=last)
            self.send(request, came)

    def several(self) -> bool:
        """Tell whether more than one case is selected."""
        return len(self.dock.chosen()) > 1

    def _select_waiting(self) -> None:
        rows = self.dock.chosen()
        row = self.dock.cases.row(rows[0]) if len(rows) == 1 else None
        if row is not None and int(row["fid"]) != self.fid:
            self.show_fid(int(row["fid"]))

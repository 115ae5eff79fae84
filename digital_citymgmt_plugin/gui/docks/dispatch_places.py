# SPDX-License-Identifier: GPL-2.0-or-later
"""The tab *Place* of the dispatch dock: where a case may lie, the choice, a click on the map, the next that waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QObject, Qt, QTimer
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import QAction, QComboBox, QLineEdit, QVBoxLayout, QWidget

from digital_citymgmt_plugin.bridge.captions import value_captions
from digital_citymgmt_plugin.core.requests_intake import PlaceQueue, SuggestPlaces
from digital_citymgmt_plugin.gui.docks.dispatch_amending import AmendDesk
from digital_citymgmt_plugin.gui.docks.dispatch_controller import DispatchController
from digital_citymgmt_plugin.gui.docks.parts import Buttons, button, fit_columns, in_tab_order, plain_label, rows_view
from digital_citymgmt_plugin.gui.hints import hint
from digital_citymgmt_plugin.gui.models.rows import RowsModel

_REST_MS = 250  # how long a case is looked at before it is asked where it may lie


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("DispatchDock", text)


class PlaceDesk(QObject):
    """Lists places that a case may have, and goes through the cases that wait for one.

    Parameters
    ----------
    desk : DispatchController
        Whose page it belongs to.
    amending : AmendDesk
        Which writes the place.
    """

    def __init__(self, desk: DispatchController, amending: AmendDesk) -> None:
        super().__init__(desk)
        self.desk, self.amending, self.panel = desk, amending, desk.dock.panel
        self.places: list[dict[str, Any]] = []
        self.told: dict[str, Any] | None = None  # the newest answer, None while it is waited for
        self._walked = 0  # the case that the walk through a queue of places came to
        self._make()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST_MS)
        self._timer.timeout.connect(self.ask)
        self.view.activated.connect(lambda index: self.take(index.row()))
        self.take_button.clicked.connect(lambda _=False: self.take(self.view.currentIndex().row()))
        self.click_button.clicked.connect(lambda _=False: desk.dock.place_button.toggle())
        self.next_button.clicked.connect(lambda _=False: self.next())
        self.text_edit.returnPressed.connect(self.ask)
        self.panel.tabs.currentChanged.connect(lambda _at=0: self._rest())
        desk.page_shown.connect(lambda _fid=0: self._page())
        amending.placed.connect(self.placed)
        desk.dock.queue_box.currentIndexChanged.connect(lambda _=0: self._queue())
        self.next_action = QAction(tr("Next case that waits for a place"), desk.dock)
        self.next_action.setObjectName("dcm_next_unplaced")
        self.next_action.setShortcut(QKeySequence("F9, H"))
        self.next_action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        self.next_action.triggered.connect(lambda _=False: self.next())
        desk.dock.addAction(self.next_action)
        self._page()

    def _make(self) -> None:
        self.area, self.label, self.text_edit = QWidget(), plain_label(), QLineEdit()
        hint(self.text_edit, tr("Another address or name: press Enter to look it up"))
        self.text_edit.setAccessibleName(tr("Address or name that is looked up for the case"))
        self.text_edit.setClearButtonEnabled(True)
        self.view = rows_view(tr("Places that the case may have: press Enter to take one"), many=False)
        self.view.setModel(RowsModel([], [], self.view))
        self.view.setMinimumHeight(60)
        self.take_button = button(tr("Take place"), tr("The case lies there (Enter)"), "take_place")
        self.click_button = button(tr("Click on map"), tr("Click where the case is (F9, K)"), "click_place")
        self.which_box = QComboBox()
        for which, words in (
            ("nowhere", tr("No place, no area")), ("coarse", tr("An area only")), ("unsure", tr("Unsure place")),
        ):  # fmt: skip
            self.which_box.addItem(words, which)
        self.which_box.setAccessibleName(tr("Which cases wait for a place"))
        self.which_box.setToolTip(self.which_box.accessibleName())
        self.next_button = button(
            tr("Next unplaced"), tr("Go to the next case that waits for a place (F9, H)"), "next_unplaced"
        )
        column = QVBoxLayout(self.area)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.label)
        column.addWidget(self.text_edit)
        column.addWidget(self.view, 1)
        column.addWidget(Buttons(self.take_button, self.click_button, self.which_box, self.next_button, most=4))
        self.panel.tabs.addTab(self.area, tr("Place"))
        chain = (self.text_edit, self.view, self.take_button, self.click_button, self.which_box, self.next_button)
        in_tab_order(self.panel.tab_chain()[-1], *chain)

    # -- what may be its place ----------------------------------------------------------------------------------

    def _page(self) -> None:
        self.told = None
        self.text_edit.clear()
        self._fill([])
        page = self.desk.page
        self.label.setText("" if page is None else tr("Looking where the case may be…"))
        words = tr("Place")
        lost = page is not None and page["case"]["x"] is None
        self.panel.tabs.setTabText(self.panel.tabs.indexOf(self.area), f"{words} (!)" if lost else words)
        self._rest()

    def _queue(self) -> None:
        """In the queue of cases without a place, its proposals are what is looked at."""
        if self.desk.dock.queue_box.currentData() == "unplaced":
            self.panel.tabs.setCurrentWidget(self.area)

    def _rest(self) -> None:
        """Ask when the tab is looked at: most cases are passed over."""
        self._timer.stop()
        if self.panel.tabs.currentWidget() is not self.area:
            self.desk.on_map.propose([])
        elif self.told is not None:
            self.desk.on_map.propose(self.places)
        elif self.desk.page is not None:
            self._timer.start()

    def ask(self) -> None:
        """Ask where the case of the page may be, by its own words or by those that were typed."""
        if self.desk.page is not None:
            fid, text = int(self.desk.page["case"]["fid"]), self.text_edit.text().strip()
            request = SuggestPlaces(fid, text)
            self.desk.send(request, lambda answer: self._came(fid, text, answer))

    def _came(self, fid: int, text: str, answer: dict[str, Any]) -> None:
        page = self.desk.page
        if page is None or fid != int(page["case"]["fid"]) or text != self.text_edit.text().strip():
            return
        self.told = answer
        self._fill(list(answer["places"]))
        count = len(self.places)
        words = tr("{count} places may be meant.").format(count=count)
        since = {
            "case": tr("Distances are from where it is now."), "grid": tr("Distances are from its unit grid."),
            "community": tr("Distances are from its community."),
        }.get(str(answer.get("from") or ""), "")  # fmt: skip
        self.label.setText(f"{words} {since}".rstrip() if count else tr("Its words name no known place."))
        if self.panel.tabs.currentWidget() is self.area:
            self.desk.on_map.propose(self.places)

    def _fill(self, places: list[dict[str, Any]]) -> None:
        self.places = places
        header = [tr("Name"), tr("Confidence"), tr("Distance"), tr("Found by")]
        old, made = self.view.model(), RowsModel(header, [_row(one) for one in places], self.view, (1, 2))
        self.view.setModel(made)
        self.view.selectionModel().currentRowChanged.connect(lambda index, _before: self._look(index.row()))
        old.deleteLater()
        if places:
            fit_columns(self.view, 24)
            self.view.selectRow(0)
        may = self.amending.may()
        self.take_button.setEnabled(may and bool(places))
        self.click_button.setEnabled(may)
        self.text_edit.setEnabled(self.desk.page is not None)

    def _look(self, row: int) -> None:
        if 0 <= row < len(self.places) and self.panel.tabs.currentWidget() is self.area:
            self.desk.on_map.look_at(self.places[row])

    def take(self, row: int) -> None:
        """Put the case at the place of a row."""
        if 0 <= row < len(self.places) and self.amending.may():
            one = self.places[row]
            name, score, _apart, method = _row(one)
            reason = " · ".join(part for part in (name, method, score) if part)
            self.amending.place(float(one["x"]), float(one["y"]), reason)

    # -- the cases that wait for a place ------------------------------------------------------------------------

    def placed(self, fid: int) -> None:
        """Go on with the next one when the walk came to the case that has its place now."""
        if fid and fid == self._walked:
            self.next()

    def next(self) -> None:
        """Go to the next case of the queue of places; from the last on to the first."""
        after = self._walked if self._walked == self.desk.fid else 0
        self._ask_next(str(self.which_box.currentData()), after)

    def _ask_next(self, which: str, after: int) -> None:
        def came(answer: dict[str, Any]) -> None:
            rows = answer["rows"]
            if rows:
                self._walked = int(rows[0]["fid"])
                self.panel.tabs.setCurrentWidget(self.area)
                self.desk.show_fid(self._walked)
                self.view.setFocus()
            elif after:
                self._ask_next(which, 0)
            else:
                self._walked = 0
                self.desk.dock.label.setText(tr("No case of this kind waits for a place."))

        self.desk.send(PlaceQueue(which, after=after, limit=1, counts=False), came)

    def shut(self) -> None:
        """Ask nothing any more."""
        self._timer.stop()


def _row(one: Mapping[str, Any]) -> list[str]:
    method, apart = str(one["method"]), one.get("distance")
    return [
        str(one["by"] or ""), f"{float(one['score']):.0%}",
        "" if apart is None else tr("{distance} m").format(distance=round(float(apart))),
        value_captions("case_record", "place_method").get(method, method),
    ]  # fmt: skip

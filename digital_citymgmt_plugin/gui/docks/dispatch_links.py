# SPDX-License-Identifier: GPL-2.0-or-later
"""The tab *Which component?* of the dispatch dock: components a case may be about, side by side, and the choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QObject, QTimer
from qgis.PyQt.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from digital_citymgmt_plugin.core.requests_links import ChooseLink, LinkChoices
from digital_citymgmt_plugin.gui.docks.dispatch_controller import DispatchController
from digital_citymgmt_plugin.gui.docks.dispatch_moves import MoveDesk
from digital_citymgmt_plugin.gui.docks.parts import button, in_tab_order, plain_label, rows_view
from digital_citymgmt_plugin.gui.models.rows import RowsModel

_REST_MS = 250  # how long a case is looked at before it is asked what it may be about


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("DispatchDock", text)


class LinkDesk(QObject):
    """Lists the components and writes the choice, which the dock's *Take back* undoes.

    Parameters
    ----------
    desk : DispatchController
        Whose page it belongs to.
    moves : MoveDesk
        Which takes back what was done.
    """

    def __init__(self, desk: DispatchController, moves: MoveDesk) -> None:
        super().__init__(desk)
        self.desk, self.moves, self.panel = desk, moves, desk.dock.panel
        self.choices: list[dict[str, Any]] = []
        self.told: dict[str, Any] | None = None  # the newest answer, None while it is waited for
        self.area, self.label = QWidget(), plain_label()
        self.view = rows_view(tr("Components that the case may be about: press Enter to choose one"), many=False)
        self.view.setModel(RowsModel([], [], self.view))
        self.view.setMinimumHeight(60)
        self.choose_button = button(
            tr("Choose"), tr("The case is about this component (Enter); no later run changes that"), "choose_component"
        )
        self.none_button = button(
            tr("No component"), tr("The case is about no component; no later run changes that"), "no_component"
        )
        below = QHBoxLayout()
        below.addWidget(self.choose_button)
        below.addWidget(self.none_button)
        column = QVBoxLayout(self.area)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.label)
        column.addWidget(self.view, 1)
        column.addLayout(below)
        self.panel.tabs.addTab(self.area, tr("Which component?"))
        chain = self.panel.tab_chain()
        in_tab_order(chain[-1], self.view, self.choose_button, self.none_button, desk.dock.role_box)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST_MS)
        self._timer.timeout.connect(self.ask)
        self.view.activated.connect(lambda index: self.choose(index.row()))
        self.choose_button.clicked.connect(lambda _=False: self.choose(self.view.currentIndex().row()))
        self.none_button.clicked.connect(lambda _=False: self.write(""))
        self.panel.tabs.currentChanged.connect(lambda _at=0: self._rest())
        desk.page_shown.connect(self._page)
        self._page(0)

    def _page(self, _fid: int) -> None:
        self.told = None
        self._fill([])
        page = self.desk.page
        self.label.setText("" if page is None else tr("Looking for components near the case…"))
        doubt = page is not None and page["case"]["kind"] == "component" and not page["case"]["component_uuid"]
        words = tr("Which component?")
        self.panel.tabs.setTabText(self.panel.tabs.indexOf(self.area), f"{words} (!)" if doubt else words)
        self._rest()

    def _rest(self) -> None:
        """Ask when the tab is looked at: most cases are passed over."""
        self._timer.stop()
        if self.told is None and self.desk.page is not None and self.panel.tabs.currentWidget() is self.area:
            self._timer.start()

    def ask(self) -> None:
        """Ask what the case of the page may be about."""
        if self.desk.page is not None:
            fid = int(self.desk.page["case"]["fid"])
            self.desk.send(LinkChoices(fid), lambda answer: self._came(fid, answer))

    def _came(self, fid: int, answer: dict[str, Any]) -> None:
        page = self.desk.page
        if page is None or fid != int(page["case"]["fid"]):
            return
        self.told = answer
        self._fill(list(answer["choices"]))
        count, left = len(self.choices), int(answer["left"])
        words = tr("{count} components may be meant.").format(count=count) if count else tr("No component is in reach.")
        self.label.setText(f"{words} {tr('{count} more are farther away.').format(count=left)}" if left else words)

    def _fill(self, choices: list[dict[str, Any]]) -> None:
        self.choices = choices
        header = [
            tr("Component"), tr("Distance"), tr("Score"), tr("Class"), tr("What"), tr("Owner"), tr("State"), tr("Name"),
        ]  # fmt: skip
        old, made = self.view.model(), RowsModel(header, [_row(one) for one in choices], self.view, (1, 2))
        self.view.setModel(made)
        old.deleteLater()
        if choices:
            self.view.resizeColumnsToContents()
            held = next((at for at, one in enumerate(choices) if one["current"]), 0)
            self.view.selectRow(held)
        free = self.told is not None and bool(self.told["case"]["open"])
        self.choose_button.setEnabled(free and bool(choices))
        self.none_button.setEnabled(free)

    def choose(self, row: int) -> None:
        """Link the case to the component of a row."""
        if 0 <= row < len(self.choices):
            self.write(str(self.choices[row]["uuid"]))

    def write(self, component: str) -> None:
        """Link the case of the page to a component, or to none."""
        if self.told is None or self.desk.page is None:
            return
        fid, seen = int(self.told["case"]["fid"]), int(self.told["newest"])
        request = ChooseLink(fid, component, role=self.desk.role(), seen=seen)
        words = tr("Component of the case")

        def written(answer: dict[str, Any]) -> None:
            if not answer.get("operation"):
                self.desk.dock.tell(tr("The case has this component already."))
                return
            told = f"{words} · {self.moves.named([fid])}"
            self.moves.remember(answer, told)
            self.desk.dock.tell(f"{told}: {tr('The component of the case is chosen.')}")
            self.desk.controller.store_changed(self.desk.path, list(answer["tables"]))
            if self.desk.fid == fid:
                self.desk.show_fid(fid, to_map=False)

        self.desk.ask(words, request, written, failed=self._failed)

    def _failed(self, error: Exception) -> None:
        self.desk.controller.messages.show_error(error)
        if self.desk.fid:
            self.desk.show_fid(self.desk.fid, to_map=False)

    def shut(self) -> None:
        """Ask nothing any more."""
        self._timer.stop()


def _row(one: Mapping[str, Any]) -> list[str]:
    what = [
        words
        for there, words in (
            (one["current"], tr("linked now")), (one["by_code"], tr("by code")),
            (one["same_class"], tr("class of the case")),
        )
        if there
    ]  # fmt: skip
    apart = "" if one["distance"] is None else tr("{distance} m").format(distance=f"{one['distance']:.1f}")
    return [
        str(one["code"] or str(one["uuid"])[:8]), apart, "" if one["score"] is None else f"{one['score']:.2f}",
        f"{one['class_code'] or ''} {one['class_name'] or ''}".strip(), ", ".join(what) or tr("other class"),
        str(one["owner_name"] or ""), str(one["state"] or ""), str(one["name"] or ""),
    ]  # fmt: skip

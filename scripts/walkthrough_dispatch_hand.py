# SPDX-License-Identifier: GPL-2.0-or-later
"""Hands at the dispatch dock for its walk: queues, rows, moves by keys and from the menu, what the store says."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

from qgis.core import QgsApplication, QgsCoordinateTransform, QgsPointXY, QgsProject
from qgis.PyQt.QtCore import QPoint, Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import (
    QAbstractButton,
    QAction,
    QApplication,
    QDialogButtonBox,
    QLineEdit,
    QMenu,
    QPushButton,
    QTabBar,
    QTableView,
    QWidget,
)
from qgis.utils import iface
from review_looks import report
from walkthrough_census import CensusDay
from walkthrough_hand import first, pause, wait_for


class DispatchHand(CensusDay):
    """What a dispatcher's hands do."""

    def __init__(self) -> None:
        super().__init__()
        self.pressed: set[str] = set()  # buttons of the dock, by name
        self.entries: set[str] = set()  # of its menus, by text
        self.looks: dict[str, dict[str, Any]] = {}  # what is wrong with the look of a window, by name
        draw = self.hand.picture

        def picture(name: str, widget: QWidget | None = None) -> None:
            draw(name, widget)
            if type(widget).__module__.startswith("digital_citymgmt_plugin"):
                self.look(name, widget)

        self.hand.picture = picture

    def look(self, name: str, widget: QWidget) -> None:
        """Note what can be told of a window without eyes."""
        seen = report(widget, chinese=QgsApplication.locale().startswith("zh"))
        wrong = {kind: seen[kind] for kind in ("cut off", "unnamed", "letters twice", "untranslated") if seen.get(kind)}
        if wrong:
            self.looks[name] = wrong

    @property
    def desk(self) -> Any:
        """The desk of the dispatcher."""
        return self.desks.dispatch

    @property
    def moves(self) -> Any:
        """The moves of the dock."""
        return self.desks.moves

    # -- hands ----------------------------------------------------------------------------------------------------

    def still(self, seconds: float = 60) -> Iterator[None]:
        """Wait until list and page have come."""
        yield from pause(0.25)
        courier, link = self.desk.courier, self.controller.link
        yield from wait_for(
            lambda: not courier.busy and not courier.handing and not link.busy and not self.desk._timer.isActive(),
            seconds, "the desk",
        )  # fmt: skip
        yield from pause(0.1)

    def queue(self, queue: str) -> Iterator[None]:
        """Go to a queue by keyboard."""
        self.hand.choose(self.desk.dock.queue_box, queue)
        yield from self.still()

    def role(self, role: str) -> Iterator[None]:
        """Act in a role."""
        self.hand.choose(self.desk.dock.role_box, role)
        yield from self.still()

    def search(self, text: str) -> Iterator[None]:
        """Type into the search."""
        self.hand.write(self.desk.dock.search_edit, text)
        yield from self.still()

    def row(self, number: int) -> Iterator[None]:
        """Choose a row by keyboard."""
        view = self.desk.dock.view
        view.setFocus()
        view.clearSelection()
        QTest.keyClick(view, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
        for _ in range(number):
            QTest.keyClick(view, Qt.Key.Key_Down)
        if not view.selectionModel().hasSelection():
            view.selectRow(number)
        yield from self.still()

    def every(self) -> Iterator[None]:
        """Choose all rows of the list."""
        self.desk.dock.view.setFocus()
        QTest.keyClick(self.desk.dock.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        yield from self.still()

    def keys(self, action: str) -> None:
        """Press the keys of a move: F9 and its letter."""
        from digital_citymgmt_plugin.gui.docks.dispatch_moves import KEYS

        view = self.front()
        QTest.keyClick(view, Qt.Key.Key_F9)
        QTest.keyClick(view, getattr(Qt.Key, f"Key_{KEYS[action]}"))

    def front(self) -> Any:
        """Let the main window have the keyboard (there is no window manager that would) and return the list."""
        QApplication.setActiveWindow(iface.mainWindow())
        QApplication.processEvents()  # a window that has just closed hands the keyboard back
        self.desk.dock.view.setFocus()
        return self.desk.dock.view

    def give(self, reason: str = "", dept: str = "", amount: float = 0.0) -> Iterator[None]:
        """Fill the window of a move by keyboard and press its OK."""
        yield from wait_for(lambda: self.moves.dialog is not None and self.moves.dialog.isVisible(), 20, "the window")
        dialog = self.moves.dialog
        if dept:
            self.hand.choose(dialog.dept_box, dept)
        if amount:
            dialog.amount_box.setFocus()
            dialog.amount_box.selectAll()
            QTest.keyClicks(dialog.amount_box, f"{amount:g}")
            QTest.keyClick(dialog.amount_box, Qt.Key.Key_Tab)
        if reason:
            dialog.reason_edit.setPlainText(reason)
        yield from pause(0.2)
        self.hand.picture("move_asked", dialog)
        self.hand.click(dialog.buttons.button(QDialogButtonBox.StandardButton.Ok))
        yield from self.still()

    def window(self) -> Generator[None, None, Any]:
        """Wait for the window of a move or a correction."""
        yield from wait_for(lambda: self.moves.dialog is not None and self.moves.dialog.isVisible(), 20, "the window")
        yield from pause(0.2)
        return self.moves.dialog

    def give_remediation(self, estimate: float, reason: str) -> Iterator[None]:
        """Fill the window that asks for a remediation, and press its OK."""
        desk, before = self.desks.duty, list(self.moves.done)
        yield from wait_for(lambda: desk.dialog is not None and desk.dialog.isVisible(), 20, "the remediation")
        dialog = desk.dialog
        dialog.estimate_box.setValue(estimate)
        self.hand.write(dialog.note_edit, reason)
        self.hand.picture("remediation", dialog)
        self.hand.click(dialog.buttons.button(QDialogButtonBox.StandardButton.Ok))
        yield from self.written(before, "the remediation")

    def write(self) -> Iterator[None]:
        """See the counts of a bulk move and write."""
        yield from wait_for(
            lambda: self.moves.dialog is not None and self.moves.dialog.isVisible()
            and bool(self.moves.dialog.findChildren(QPushButton, "discard_previewed")), 60, "the counts",
        )  # fmt: skip
        yield from pause(0.3)
        self.hand.picture("bulk_counts", self.moves.dialog)
        self.hand.click(first(self.moves.dialog.findChildren(QPushButton, "write_previewed"), "Write"))
        yield from self.still(120)

    def count(self) -> int:
        """Return how many cases the list has."""
        return int(self.desk.dock.cases.total)

    def one(self, action: str, stage: str, **given: Any) -> Iterator[None]:
        """Make one move with the case of the page by keys; look at the stage that it has then."""
        fid = self.desk.fid
        before = list(self.moves.done)
        may = self.moves.actions[action].isEnabled()
        self.check(f"{action}: may be done", may)
        if not may:
            self.findings.setdefault("refused", {})[action] = self.moves.actions[action].toolTip()
            return
        self.keys(action)
        if given:
            yield from self.give(**given)
        yield from self.written(before, action)
        self.desk.show_fid(fid)
        yield from self.still()
        self.check(f"{action}: the page shows the stage {stage}", self.desk.page["case"]["stage"] == stage)

    # -- what was pressed -------------------------------------------------------------------------------------------

    def buttons(self) -> dict[str, QAbstractButton]:
        """Return the buttons of the dock by name; those that Qt puts into lines, tables and tabs are not ours."""
        found = {}
        for one in self.desk.dock.body.findChildren(QAbstractButton):
            if not isinstance(one.parent(), (QLineEdit, QTableView, QTabBar)) and one.objectName()[:3] != "qt_":
                found[one.objectName() or one.text() or repr(one)] = one
        return found

    def watch_buttons(self) -> None:
        """Note from now on which buttons are pressed."""
        for name, one in self.buttons().items():
            one.clicked.connect(lambda _=False, name=name: self.pressed.add(name))

    def from_menu(self, button: QWidget, menu: QMenu, action: QAction) -> Iterator[None]:
        """Open a menu by its button and click an entry; the button may wait until the menu is shut."""
        self.check(f"menu: {action.text()} may be chosen", action.isEnabled())
        if not action.isEnabled():
            self.findings.setdefault("refused", {})[action.text()] = action.toolTip()
            return
        tries: list[int] = []
        picked: list[str] = []

        def pick() -> None:
            tries.append(1)
            if menu.isVisible():
                QTest.qWait(50)
                self.hand.click(menu, menu.actionGeometry(action).center())
                picked.append(action.text())
                menu.close()
            elif len(tries) < 50:
                QTimer.singleShot(100, pick)

        QTimer.singleShot(200, pick)
        self.hand.click(button)
        name = button.objectName()
        yield from wait_for(lambda: bool(picked) or len(tries) >= 50, 20, f"the menu of {name}")
        self.entries.update(picked)
        self.pressed.add(name)  # one with a menu does not say that it is clicked
        yield from pause(0.2)

    def by_menu(self, action: str, stage: str, **given: Any) -> Iterator[None]:
        """Make one move with the case of the page from the menu of moves; look at the store."""
        fid, before = self.desk.fid, list(self.moves.done)
        made = self.moves.actions[action]
        yield from self.from_menu(self.desk.dock.moves_button, self.desk.dock.moves_menu, made)
        yield from self._made(action, stage, fid, before, given)

    def by_button(self, action: str, stage: str, **given: Any) -> Iterator[None]:
        """Make one move with the case of the page by its button; look at the store."""
        fid, before = self.desk.fid, list(self.moves.done)
        button = self.desk.dock.move_buttons[action]
        self.check(f"button: {action} may be pressed", button.isEnabled())
        if button.isEnabled():
            self.hand.click(button)
        yield from self._made(action, stage, fid, before, given)

    def _made(self, action: str, stage: str, fid: int, before: list[str], given: dict[str, Any]) -> Iterator[None]:
        if given:
            yield from self.give(**given)
        yield from self.written(before, action)
        told = self.read(
            "SELECT action, to_stage FROM case_event WHERE case_fid = ? ORDER BY fid DESC LIMIT 1", fid
        )  # fmt: skip
        self.check(f"{action}: the store has it, and the stage {stage}", told == [(action, stage)])
        self.desk.show_fid(fid)
        yield from self.still()

    def written(self, before: list[str], words: str) -> Iterator[None]:
        """Wait until other operations of the dock than before can be taken back."""
        yield from wait_for(lambda: self.moves.done != before, 30, f"{words} to be written")
        yield from self.still()

    def enter(self, edit: QLineEdit, text: str) -> Iterator[None]:
        """Write into a line of the dock and press Enter."""
        self.front()
        self.hand.write(edit, text)
        edit.setFocus()
        QTest.keyClick(edit, Qt.Key.Key_Return)
        yield from self.still()

    def read(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the store."""
        with closing(sqlite3.connect(f"file:{self.controller.path}?mode=ro", uri=True)) as connection:
            return connection.execute(question, values).fetchall()

    def operations(self) -> int:
        """Return how many operations the store has."""
        return int(self.read("SELECT count(*) FROM operation")[0][0])

    def find_case(self, number: str) -> Iterator[None]:
        """Show a case by its number, whatever its queue: the only row of the list."""
        self.hand.choose(self.desk.dock.queue_box, "all")
        yield from self.still()
        yield from self.search(number)
        yield from self.row(0)
        self.check(f"{number} is found", self.desk.page is not None and self.desk.page["case"]["case_no"] == number)

    def tab(self, widget: QWidget) -> Iterator[None]:
        """Go to a tab of the case page."""
        self.desk.dock.panel.tabs.setCurrentWidget(widget)
        yield from pause(0.4)
        yield from self.still()

    def pixel(self, x: float, y: float) -> QPoint:
        """Return where a place of the store is on the canvas."""
        point = iface.mapCanvas().getCoordinateTransform().transform(self.on_canvas(x, y))
        return QPoint(round(point.x()), round(point.y()))

    def on_canvas(self, x: float, y: float) -> QgsPointXY:
        """Return a place of the store in the CRS of the map."""
        target = iface.mapCanvas().mapSettings().destinationCrs()
        return QgsCoordinateTransform(self.desk.crs(), target, QgsProject.instance()).transform(QgsPointXY(x, y))

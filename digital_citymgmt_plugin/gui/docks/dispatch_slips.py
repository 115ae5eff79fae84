# SPDX-License-Identifier: GPL-2.0-or-later
"""Slips and packages from the dispatch dock: a menu for the selected cases that opens the algorithm filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QObject, Qt
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import QAction

from digital_citymgmt_plugin.core.cases.slips import DISPATCH, DOSSIER, KINDS, PARKED_LIST, SUPERVISION
from digital_citymgmt_plugin.gui.docks.dispatch_controller import DispatchController


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("DispatchDock", text)


class SlipDesk(QObject):
    """Fills the menu *Slips…*.

    Parameters
    ----------
    desk : DispatchController
        Whose selected cases are meant.
    """

    def __init__(self, desk: DispatchController) -> None:
        super().__init__(desk)
        self.desk, self.dock = desk, desk.dock
        self.actions: dict[str, QAction] = {}
        words = {
            DISPATCH: tr("Dispatch slips…"), SUPERVISION: tr("Supervision notices…"), "check": tr("Check slips…"),
            PARKED_LIST: tr("List of parked cases…"), DOSSIER: tr("Dossiers…"),
        }  # fmt: skip
        for number, kind in enumerate(KINDS, start=1):
            tip = tr("Write them for the selected cases, as PDF or Word")
            tip = tr("Write it for the selected cases, or for all that are parked") if kind == PARKED_LIST else tip
            self._add(kind, words[kind], tip, str(number), lambda kind=kind: self.write(kind))
        self.dock.slips_menu.addSeparator()
        tip = tr("Put the selected cases into packages with a list of what is in them")
        self._add("pack", tr("Pack for hand-over…"), tip, "6", self.pack)
        tip = tr("Read what a department answered to a package")
        self._add("receipt", tr("Read a receipt…"), tip, "7", lambda: self.run("readreceipt", {}))
        tip = tr("Write the print layout of a kind of slip, to be edited in QGIS and given as template")
        self._add("layout", tr("Layout for editing…"), tip, "8", self.save_layout)
        desk.page_shown.connect(lambda _fid=0: self.show_allowed())
        desk.listed.connect(self.show_allowed)
        self.show_allowed()

    def show_allowed(self) -> None:
        """Enable what can be written: most of it is of cases that are selected."""
        there = bool(self.desk.path) and (bool(self.desk.fid) or bool(self.dock.chosen()))
        for name, action in self.actions.items():
            action.setEnabled(bool(self.desk.path) if name in (PARKED_LIST, "receipt", "layout") else there)

    def _add(self, name: str, words: str, tip: str, key: str, slot: Any) -> None:
        action = QAction(words, self.dock)
        action.setShortcut(QKeySequence(f"F9, {key}"))
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setObjectName(f"dcm_slip_{name}")
        action.setToolTip(f"{tip} (F9, {key})")
        action.triggered.connect(lambda _=False: slot())
        self.dock.addAction(action)  # its keys hold in the whole window
        self.dock.slips_menu.addAction(action)
        self.actions[name] = action

    def write(self, kind: str) -> None:
        """Open the dialog for slips of the selected cases; a list of parked cases without any is of all that are."""

        def go(fids: list[int]) -> None:
            if not fids and kind != PARKED_LIST:
                self.dock.label.setText(tr("Select a case first."))
                return
            chosen = chosen_words(fids) if fids else "queue:parked"
            self.run("writeslips", {"KIND": kind, "CASES": chosen, "OUTPUT": self.folder("slips")})

        self.desk.with_chosen(go)

    def pack(self) -> None:
        """Open the dialog for packages of the selected cases."""

        def go(fids: list[int]) -> None:
            if not fids:
                self.dock.label.setText(tr("Select a case first."))
                return
            self.run("packcases", {"CASES": chosen_words(fids), "OUTPUT": self.folder("packages")})

        self.desk.with_chosen(go)

    def save_layout(self) -> None:
        """Open the dialog for the layout of a kind of slip."""
        self.run("writeslips", {"FORMAT": "qpt", "OUTPUT": self.folder("slips")})

    def folder(self, name: str) -> str:
        """Return the folder beside the store that is proposed."""
        store = Path(self.desk.path)
        return str(store.with_name(f"{store.stem}_{name}"))

    def run(self, algorithm: str, parameters: dict[str, Any]) -> None:
        """Open Processing's dialog of an algorithm on the open store."""
        if self.desk.path:
            self.desk.controller.run_algorithm(f"dcm:{algorithm}", {"STORE": self.desk.path, **parameters})


def chosen_words(fids: list[int]) -> str:
    """Return cases as the parameter CASES takes them."""
    return "fids:" + ",".join(str(fid) for fid in fids)

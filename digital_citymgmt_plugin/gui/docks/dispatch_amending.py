# SPDX-License-Identifier: GPL-2.0-or-later
"""Corrections from the dispatch dock: the place of a case by a click or a proposal, the class of one or of many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QObject, Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import QAction

from digital_citymgmt_plugin.core.class_search import key_from_dict
from digital_citymgmt_plugin.core.requests import ListClasses
from digital_citymgmt_plugin.core.requests_intake import AmendCases
from digital_citymgmt_plugin.gui.dialogs.class_picker import ClassDialog
from digital_citymgmt_plugin.gui.docks.dispatch_controller import DispatchController
from digital_citymgmt_plugin.gui.docks.dispatch_moves import MoveDesk
from digital_citymgmt_plugin.gui.docks.dispatch_words import KEYS, why_words
from digital_citymgmt_plugin.gui.plain_text import as_tip


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("DispatchDock", text)


class AmendDesk(QObject):
    """Corrects cases; each correction is an event of the case that *Take back* undoes.

    Parameters
    ----------
    desk : DispatchController
        Whose selected cases are corrected.
    moves : MoveDesk
        Which writes, says what came of it and takes back.

    Signal ``placed`` (fid): a case has its place.
    """

    placed = pyqtSignal(int)

    def __init__(self, desk: DispatchController, moves: MoveDesk) -> None:
        super().__init__(desk)
        self.desk, self.moves, self.dock = desk, moves, desk.dock
        place, words = self.dock.place_button, tr("Correct the class…")
        self.place_action = self._add("dcm_move_amend", tr("Correct the place on the map"), KEYS["amend"], place.toggle)
        self.class_action = self._add("dcm_amend_class", words, KEYS["class"], self.ask_class)
        self.dock.class_button.clicked.connect(lambda _=False: self.ask_class())
        desk.page_shown.connect(lambda _fid=0: self.show_allowed())
        desk.listed.connect(self.show_allowed)
        desk.on_map.asked = self.place
        self.show_allowed()

    def _add(self, name: str, words: str, key: str, slot: Callable[[], None]) -> QAction:
        made = QAction(words, self.dock)
        made.setObjectName(name)
        made.setShortcut(QKeySequence(f"F9, {key}"))
        made.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        made.triggered.connect(lambda _=False: slot())
        self.dock.addAction(made)
        self.dock.moves_menu.addAction(made)
        return made

    def may(self) -> bool:
        """Tell whether the case of the page may be corrected in the role of the user."""
        return bool(self._move().get("allowed"))

    def _move(self) -> dict[str, Any]:
        moves = (self.desk.page or {}).get("moves") or ()
        return next((dict(move) for move in moves if move["action"] == "amend"), {})

    def show_allowed(self) -> None:
        """Enable what can be corrected now, and say why the rest cannot."""
        move, many = self._move(), self.desk.several()
        why = "" if self.may() else tr("Select a case first.")
        why = why_words(move["why"]) if move.get("why") else why
        place = tr("Click where the selected case is")
        new_class = tr("Find the class by code, name, pinyin or initials")
        for made, on, tip in (
            (self.place_action, self.may(), why or place), (self.dock.place_button, self.may(), why or place),
            (self.class_action, many or self.may(), new_class if many else why or new_class),
            (self.dock.class_button, many or self.may(), new_class if many else why or new_class),
        ):  # fmt: skip
            key = KEYS["amend"] if made in (self.place_action, self.dock.place_button) else KEYS["class"]
            made.setEnabled(on)
            made.setToolTip(as_tip(f"{tip} (F9, {key})"))

    # -- the place ----------------------------------------------------------------------------------------------

    def place(self, x: float, y: float, reason: str = "") -> None:
        """Put the case of the page at a place in the store's CRS."""
        fid = int(self.desk.page["case"]["fid"]) if self.desk.page is not None else 0
        if fid and fid == self.desk.fid:  # else the page of the case that is selected is still on its way
            request = AmendCases(cases=[fid], x=x, y=y, role=self.desk.role(), reason=reason)
            self.moves.do(request, tr("Place of the case"), [fid], lambda: self.placed.emit(fid))

    # -- the class ----------------------------------------------------------------------------------------------

    def ask_class(self) -> None:
        """Ask for the right class of the selected cases, and write it."""
        self.desk.with_chosen(self._ask_class)

    def _ask_class(self, fids: list[int]) -> None:
        if not fids:
            self.dock.label.setText(tr("Select a case first."))
            return

        def listed(answer: dict[str, Any]) -> None:
            case = self.moves.case_of(fids[0]) if len(fids) == 1 else {}
            now = f"{case.get('class_code') or ''} {case.get('class_name') or ''}".strip()
            said = f"{self.moves.named(fids)} {now}".strip()
            dialog = ClassDialog(
                [key_from_dict(row) for row in answer.get("classes") or []], bool(answer.get("pinyin")), self.dock,
                title=tr("Correct the class"), said=said + "\n" + tr("Enter or a double click takes the class."),
            )  # fmt: skip
            dialog.picked.connect(lambda kind, code: self._write_class(fids, kind, code))
            self.moves.show(dialog)

        self.desk.send(ListClasses(), listed)

    def _write_class(self, fids: list[int], kind: str, code: str) -> None:
        request = AmendCases(cases=fids, values={"kind": kind, "class_code": code}, role=self.desk.role())
        self.moves.do(request, tr("Class {code}").format(code=code), fids)

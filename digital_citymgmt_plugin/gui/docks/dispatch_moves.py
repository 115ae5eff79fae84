# SPDX-License-Identifier: GPL-2.0-or-later
"""Moves of the workflow from the dispatch dock: what may be done in a role, keys, what a move needs to be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from qgis.core import QgsApplication, QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, QDateTime, Qt
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import QAction

from digital_citymgmt_plugin.core.cases.workflow import ACTIONS, ROLES
from digital_citymgmt_plugin.core.requests import REQUESTS
from digital_citymgmt_plugin.gui.dialogs.move_cases import MoveDialog
from digital_citymgmt_plugin.gui.dialogs.supervise_cases import SuperviseDialog
from digital_citymgmt_plugin.gui.docks.dispatch_controller import DispatchController
from digital_citymgmt_plugin.gui.docks.dispatch_words import KEYS, action_words, role_words, usual_needs, why_words
from digital_citymgmt_plugin.gui.docks.dispatch_writing import DispatchWriting
from digital_citymgmt_plugin.gui.models.cases import stage_words
from digital_citymgmt_plugin.gui.plain_text import as_label, as_tip

ROLE_KEY = "digital_citymgmt/dispatch_role"


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("DispatchDock", text)


def now_utc() -> str:
    """Return the moment as the store writes it, to compare with a due time."""
    return str(QDateTime.currentDateTimeUtc().toString("yyyy-MM-ddTHH:mm:ss.zzzZ"))


class MoveDesk(DispatchWriting):
    """The moves of the dock.

    Parameters
    ----------
    desk : DispatchController
        Whose list and page they act on.
    """

    def __init__(self, desk: DispatchController) -> None:
        super().__init__(desk)
        self.actions: dict[str, QAction] = {}
        self.instead: dict[str, Callable[[], None]] = {}  # actions that ask for more than a move does, one by one
        self.names: dict[str, str] = {}  # of the moves, as the city's workflow has them
        self.needs: dict[str, list[str]] = {}
        for role in ROLES:
            self.dock.role_box.addItem(role_words(role), role)
        kept = str(QgsSettings().value(ROLE_KEY, "dispatcher") or "dispatcher")
        self.dock.role_box.setCurrentIndex(max(0, self.dock.role_box.findData(kept)))
        self.dock.role_box.currentIndexChanged.connect(lambda _=0: self._role_changed())
        for action in ACTIONS:
            if action != "amend":  # a correction is no move: ``AmendDesk``
                self._add(action)
        desk.page_shown.connect(lambda _fid=0: self.show_allowed())
        desk.listed.connect(self.show_allowed)
        desk.controller.store_opened.connect(lambda _path="": self._new_store())
        self.show_allowed()

    def _add(self, action: str) -> None:
        made = QAction(action_words(action), self.dock)
        made.setObjectName(f"dcm_move_{action}")
        if action in KEYS:
            made.setShortcut(QKeySequence(f"F9, {KEYS[action]}"))
            made.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        made.triggered.connect(lambda _=False: self.start(action))
        self.dock.addAction(made)
        self.dock.moves_menu.addAction(made)
        if action in self.dock.move_buttons:
            self.dock.move_buttons[action].setDefaultAction(made)
        self.actions[action] = made

    def _role_changed(self) -> None:
        QgsSettings().setValue(ROLE_KEY, self.desk.role())
        if self.desk.fid:
            self.desk.show_fid(self.desk.fid, to_map=False)

    def _new_store(self) -> None:
        self.forget()
        self.show_allowed()

    # -- what may be done ---------------------------------------------------------------------------------------

    def show_allowed(self) -> None:
        """Enable what may be done with the case of the page; of several selected, the preview tells."""
        page = self.desk.page
        many = len(self.dock.chosen()) > 1
        known = {str(move["action"]): move for move in (page or {}).get("moves") or ()}
        self.needs.update({action: list(move["needs"]) for action, move in known.items()})
        chinese = str(QgsApplication.locale()).startswith("zh")
        for action, made in self.actions.items():
            move = known.get(action)
            keys = made.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            words = action_words(action)
            if move is not None:
                words = str(move["name"] if chinese else move["name_en"] or move["name"])
            made.setText(as_label(words))
            self.names[action] = words
            if many and action in self.instead:
                made.setEnabled(False)
                tip = tr("Only for one case at a time.")
            elif many:
                made.setEnabled(True)
                tip = tr("Do this with all selected cases; how many may be is shown before.")
            elif move is None:
                made.setEnabled(False)
                tip = tr("Select a case first.") if page is None else tr("The city's workflow has no such move.")
            else:
                made.setEnabled(bool(move["allowed"]))
                tip = tr("To the stage {stage}").format(stage=self._stage(move))
                tip = tip if move["allowed"] else why_words(move["why"])
            told = f"{words} ({keys}): {tip}"
            made.setToolTip(as_tip(told))
            if action in self.dock.move_buttons:
                self.dock.move_buttons[action].setAccessibleName(told)

    def _stage(self, move: Mapping[str, Any]) -> str:
        stage = str(move["to_stage"])
        if stage == "<":
            return tr("in which it was parked")
        return tr("in which it is") if stage == "=" else stage_words(stage)

    # -- doing it -----------------------------------------------------------------------------------------------

    def start(self, action: str) -> None:
        """Ask for what a move needs, then do it: one case at once, several after the counts were seen."""
        if action in self.instead:
            self.instead[action]()
        else:
            self.desk.with_chosen(lambda fids: self._start(action, fids))

    def _start(self, action: str, fids: list[int]) -> None:
        if not fids:
            self.dock.label.setText(tr("Select a case first."))
            return
        needs = self.needs.get(action) or usual_needs(action)
        if not needs and action != "supervise":
            self.move(action, fids)
            return
        case = self.case_of(fids[0]) if len(fids) == 1 else {}
        words = self.named(fids)
        proposed = self.desk.proposed_department() if case and case is (self.desk.page or {}).get("case") else ""
        dialog: MoveDialog
        if action == "supervise":
            overdue = str(case.get("due_at") or "") <= now_utc()
            dialog = SuperviseDialog(self.names[action], words, needs, self.desk.departments, overdue, self.dock)
        else:
            dialog = MoveDialog(
                self.names[action], words, needs, self.desk.departments, proposed,
                str(case.get("limit_unit") or ""), self.dock,
            )  # fmt: skip

        def accepted() -> None:
            self.move(action, fids, dept=dialog.department(), reason=dialog.reason(), payload=dialog.payload())

        dialog.accepted.connect(accepted)
        self.show(dialog)

    def request(self, action: str, fids: Sequence[int], **given: Any) -> Any:
        """Return the request of a move; None when this version has none."""
        kind = REQUESTS.get("move_cases")
        if kind is None:
            return None
        page, seen = self.desk.page, {}
        if page is not None and list(fids) == [page["case"]["fid"]] and page["newest"]:
            seen = {str(page["case"]["fid"]): int(page["newest"])}
        values = {
            "cases": list(fids), "action": action, "role": self.desk.role(), "dept_code": given.get("dept") or None,
            "reason": given.get("reason") or None, "payload": given.get("payload") or {}, "seen": seen,
        }  # fmt: skip
        known = {item.name for item in fields(kind)}
        return kind(**{name: value for name, value in values.items() if name in known and value is not None})

    def move(self, action: str, fids: Sequence[int], **given: Any) -> None:
        """Move cases: a single one at once, several after a preview of the counts."""
        request = self.request(action, fids, **given)
        if request is None:
            self.dock.tell(tr("This version cannot move cases yet."))
            return
        self.do(request, self.names[action], fids)

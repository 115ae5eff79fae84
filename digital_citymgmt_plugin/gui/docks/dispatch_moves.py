# SPDX-License-Identifier: GPL-2.0-or-later
"""Moves of the workflow from the dispatch dock: what may be done, keys, reasons, bulk with counts before, undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from qgis.core import Qgis, QgsApplication, QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, QLocale, QObject, Qt
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import QAction, QDialog

from digital_citymgmt_plugin.bridge.messages import sentence, template
from digital_citymgmt_plugin.core.cases.workflow import ACTIONS, ROLES
from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.core.requests import REQUESTS, UndoOperation
from digital_citymgmt_plugin.gui.desk import request_of
from digital_citymgmt_plugin.gui.dialogs.move_cases import MoveDialog
from digital_citymgmt_plugin.gui.dialogs.operations import counts_words
from digital_citymgmt_plugin.gui.dialogs.preview import PreviewDialog
from digital_citymgmt_plugin.gui.docks.dispatch_controller import DispatchController
from digital_citymgmt_plugin.gui.models.cases import FAMILY, stage_words
from digital_citymgmt_plugin.gui.plain_text import as_label, as_tip

# F9 and then the letter; letters by the English word.
KEYS = {
    "accept": "A", "file": "F", "dispatch": "D", "return": "R", "check": "C", "rework": "W", "close": "E", "park": "P",
    "resume": "U", "supervise": "S", "verify": "V", "reject_filing": "N", "ask_extension": "X", "grant_extension": "G",
    "refuse_extension": "J", "dispose": "O", "feedback": "B", "void": "Z", "remediate": "M", "appeal": "L",
    "grant_appeal": "T", "refuse_appeal": "Y", "amend": "K",
}  # fmt: skip
ROLE_KEY = "digital_citymgmt/dispatch_role"
_GONE = ("undo.already", "undo.unknown", "undo.not_recorded")  # nothing of it is left to be taken back
_UNDOS = 50  # moves that can be taken back one after the other


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("DispatchDock", text)


def action_words(action: str) -> str:
    """Return the word of an action."""
    return template(f"{FAMILY}.action_{action}") or action


def role_words(role: str) -> str:
    """Return the word of a role."""
    return template(f"{FAMILY}.role_{role}") or role


def why_words(why: Mapping[str, Any]) -> str:
    """Return why a move is not allowed, in the words of the user."""
    values = dict(why.get("values") or {})
    if "action" in values:
        values["action"] = action_words(str(values["action"]))
    if "stage" in values:
        values["stage"] = stage_words(values["stage"])
    if "role" in values:
        values["role"] = role_words(str(values["role"]))
    if "roles" in values:
        values["roles"] = ", ".join(role_words(one.strip()) for one in str(values["roles"]).split(","))
    return sentence(str(why["code"]), values)


def move_counts(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the counts of a move under names that have words of their own."""
    names = {"moved": "cases_processed", "refused": "cases_refused"}
    return {names.get(name, name): value for name, value in counts.items()}


class MoveDesk(QObject):
    """The moves of the dock.

    Parameters
    ----------
    desk : DispatchController
        Whose list and page they act on.
    """

    def __init__(self, desk: DispatchController) -> None:
        super().__init__(desk)
        self.desk, self.dock = desk, desk.dock
        self.dialog: QDialog | None = None
        self.actions: dict[str, QAction] = {}
        self.names: dict[str, str] = {}  # of the moves, as the city's workflow has them
        self.done: list[str] = []  # operations of this dock, the newest last
        self.needs: dict[str, list[str]] = {}
        for role in ROLES:
            self.dock.role_box.addItem(role_words(role), role)
        kept = str(QgsSettings().value(ROLE_KEY, "dispatcher") or "dispatcher")
        self.dock.role_box.setCurrentIndex(max(0, self.dock.role_box.findData(kept)))
        self.dock.role_box.currentIndexChanged.connect(lambda _=0: self._role_changed())
        for action in ACTIONS:
            self._add(action)
        desk.page_shown.connect(lambda _fid=0: self.show_allowed())
        desk.listed.connect(self.show_allowed)
        desk.controller.store_opened.connect(lambda _path="": self._new_store())
        self.dock.undo_button.clicked.connect(lambda _=False: self.undo())
        desk.on_map.asked = self.place
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
        self.done.clear()
        self.dock.undo_button.setEnabled(False)
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
            if many:
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
        placeable = page is not None and bool(known.get("amend", {}).get("allowed"))
        self.dock.place_button.setEnabled(placeable)
        amend = known.get("amend") or {}
        tip = tr("Click where the selected case is")
        self.dock.place_button.setToolTip(as_tip(why_words(amend["why"])) if amend.get("why") else tip)

    def _stage(self, move: Mapping[str, Any]) -> str:
        stage = str(move["to_stage"])
        if stage == "<":
            return tr("in which it was parked")
        return tr("in which it is") if stage == "=" else stage_words(stage)

    # -- doing it -----------------------------------------------------------------------------------------------

    def start(self, action: str) -> None:
        """Ask for what a move needs, then do it: one case at once, several after the counts were seen."""
        if action == "amend":
            self.dock.place_button.setChecked(True)
        else:
            self.desk.with_chosen(lambda fids: self._start(action, fids))

    def _start(self, action: str, fids: list[int]) -> None:
        if not fids:
            self.dock.label.setText(tr("Select a case first."))
            return
        needs = self.needs.get(action) or self._usual_needs(action)
        if not needs:
            self.move(action, fids)
            return
        case = self._case(fids[0]) if len(fids) == 1 else {}
        named = str(case.get("case_no") or "")
        count = QLocale().toString(len(fids))
        words = named or tr("{count} cases").format(count=count)
        proposed = self.desk.proposed_department() if case and case is (self.desk.page or {}).get("case") else ""
        dialog = MoveDialog(
            self.names[action], words, needs, self.desk.departments, proposed,
            str(case.get("limit_unit") or ""), self.dock,
        )  # fmt: skip

        def accepted() -> None:
            self.move(action, fids, dept=dialog.department(), reason=dialog.reason(), payload=dialog.payload())

        dialog.accepted.connect(accepted)
        self._show(dialog)

    def _case(self, fid: int) -> Mapping[str, Any]:
        """Return a case as its page tells it, as its row does while the page is still another one's."""
        case: Mapping[str, Any] = (self.desk.page or {}).get("case") or {}
        if case.get("fid") == fid:
            return case
        return self.dock.cases.row(self.dock.cases.row_of(fid)) or {}

    @staticmethod
    def _usual_needs(action: str) -> list[str]:
        usual = {"dispatch": ["dept"], "park": ["reason", "until"], "ask_extension": ["reason", "amount"]}
        without = ("verify", "accept", "file", "resume", "dispose", "feedback", "check", "close", "grant_extension")
        return usual.get(action, [] if action in without else ["reason"])

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
            self.dock.label.setText(tr("This version cannot move cases yet."))
            return
        if len(fids) == 1:
            self._write(request, action)
        else:
            words = self.names[action]
            self.desk.ask(words, request, lambda answer: self._seen(words, request, action, answer), preview="hold")

    def _seen(self, words: str, request: Any, action: str, answer: dict[str, Any]) -> None:
        dialog = PreviewDialog(words, self._preview(answer), self.dock)
        dialog.accepted.connect(lambda: self._write(request, action))
        dialog.rejected.connect(self.desk.reload)  # any other request ends the holding
        self._show(dialog)

    @staticmethod
    def _preview(answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return an answer as a preview shows it: counts in the words of moves, each reason once with its number."""
        counts = move_counts(answer["counts"])
        of_code = {str(one["code"]): one for one in reversed(answer.get("refused") or [])}
        reasons = []
        for code, count in (answer.get("refusals") or {}).items():
            why = why_words(of_code.get(code, {"code": code}))
            reasons.append({"code": "dispatch.refused", "values": {"why": why, "count": count}})
        notes = [*(answer.get("notes") or []), *reasons]
        return {"writes": bool(answer["counts"].get("moved")), **answer, "counts": counts, "notes": notes}

    def _write(self, request: Any, action: str) -> None:
        def written(answer: dict[str, Any]) -> None:
            self.remember(answer)
            refused = list(answer.get("refused") or [])
            if refused:
                told = [why_words(one) for one in refused[:3]]
                self.desk.controller.messages.show("\n".join(dict.fromkeys(told)), Qgis.MessageLevel.Warning)
            counts = counts_words(move_counts(answer["counts"]))
            words = f"{action_words(action)}: {counts}" if counts else action_words(action)
            self.changed(list(answer.get("tables") or ["case_record", "case_event"]))
            self.dock.label.setText(words)

        self.desk.ask(action_words(action), request, written, failed=self._failed)

    def _failed(self, error: Exception) -> None:
        self.desk.controller.messages.show_error(error)
        self.desk.reload()

    def changed(self, tables: list[str]) -> None:
        """Let list, page and layers follow what was written."""
        self.desk.controller.store_changed(self.desk.path, tables)

    def place(self, x: float, y: float) -> None:
        """Put the case of the page where the map was clicked."""
        fid = int(self.desk.page["case"]["fid"]) if self.desk.page is not None else 0
        if not fid or fid != self.desk.fid:  # the page of the case that is selected is still on its way
            return
        request = request_of("amend_cases", cases=[fid], x=x, y=y, role=self.desk.role())
        if request is not None:
            self._write(request, "amend")

    def remember(self, answer: Mapping[str, Any]) -> None:
        """Keep what an answer says was written as what is taken back first."""
        if answer.get("operation"):
            self.done = [*self.done, str(answer["operation"])][-_UNDOS:]
        self.dock.undo_button.setEnabled(bool(self.done))

    def _drop(self, operation: str) -> None:
        self.done = [one for one in self.done if one != operation]
        self.dock.undo_button.setEnabled(bool(self.done))

    def undo(self) -> None:
        """Take the last move of this dock back."""
        if not self.done:
            return
        operation = self.done[-1]

        def back(answer: dict[str, Any]) -> None:
            self._drop(operation)
            self.changed(list(answer.get("tables") or ["case_record", "case_event"]))
            self.dock.label.setText(tr("The last move was taken back."))

        def failed(error: Exception) -> None:
            if isinstance(error, CityError) and error.code in _GONE:  # else it would bar the way to those before it
                self._drop(operation)
            self._failed(error)

        self.desk.ask(tr("Taking back"), UndoOperation(operation), back, failed=failed)

    def _show(self, dialog: QDialog) -> None:
        self.shut_dialog()
        self.dialog = dialog
        dialog.finished.connect(lambda _answer: self._ended(dialog))
        dialog.open()

    def _ended(self, dialog: QDialog) -> None:
        if self.dialog is dialog:
            self.dialog = None
        dialog.deleteLater()

    def shut_dialog(self) -> None:
        """Close the window that stands open."""
        if self.dialog is not None:
            self.dialog.reject()

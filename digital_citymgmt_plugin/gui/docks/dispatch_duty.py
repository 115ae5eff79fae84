# SPDX-License-Identifier: GPL-2.0-or-later
"""The tab *Responsibility* of the dispatch dock: who answers for the case and why; rulings, remediation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QObject, QTimer
from qgis.PyQt.QtWidgets import QDialog

from digital_citymgmt_plugin.bridge.messages import sentence, template
from digital_citymgmt_plugin.core.requests import REQUESTS
from digital_citymgmt_plugin.gui.desk import request_of
from digital_citymgmt_plugin.gui.dialogs.rule_case import RemediateDialog, RulingDialog
from digital_citymgmt_plugin.gui.docks.dispatch_controller import DispatchController
from digital_citymgmt_plugin.gui.docks.dispatch_moves import MoveDesk
from digital_citymgmt_plugin.gui.docks.dispatch_words import why_words
from digital_citymgmt_plugin.gui.plain_text import as_tip

_DUTY = "duty"  # family of sentences
_REST_MS = 250  # how long a case is looked at before it is asked who answers for it


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("DispatchDock", text)


def fired_words(one: Mapping[str, Any]) -> str:
    """Return which rule decided, with what it says."""
    words = template(f"{_DUTY}.fired_{one.get('fired') or 'nobody'}") or str(one.get("fired") or "")
    told = "; ".join(str(value) for value in (one.get("why") or {}).values() if value not in (None, ""))
    return f"{words}: {told}" if told else words


def named(one: Mapping[str, Any]) -> str:
    """Return code and name of a department; that it is nobody's without one."""
    if not one.get("department"):
        return template(f"{_DUTY}.fired_nobody") or ""
    parts = [str(one["department"]), str(one.get("dept_name") or "")]
    return " ".join(dict.fromkeys(part for part in parts if part))


class DutyDesk(QObject):
    """Asks who answers for the case of the page, and writes rulings and remediations.

    Parameters
    ----------
    desk : DispatchController
        Whose page it is.
    moves : MoveDesk
        Which takes back what was written.
    """

    def __init__(self, desk: DispatchController, moves: MoveDesk) -> None:
        super().__init__(desk)
        self.desk, self.dock, self.moves = desk, desk.dock, moves
        self.told: dict[str, Any] | None = None
        self.dialog: QDialog | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST_MS)
        self._timer.timeout.connect(self.ask)
        desk.page_shown.connect(self._page)
        panel = self.dock.panel
        moves.instead["remediate"] = self.ask_remediation  # with fund and estimate: flag and row come together
        panel.ruling_button.clicked.connect(lambda _=False: self.ask_ruling())
        panel.remediate_button.clicked.connect(lambda _=False: self.ask_remediation())
        self._page(0)

    def _page(self, _fid: int) -> None:
        self.told = self.desk.duty = None
        there = self.desk.page is not None
        self.dock.panel.ruling_button.setEnabled(there)
        moves = (self.desk.page or {}).get("moves") or ()
        move = next((one for one in moves if one["action"] == "remediate"), {})
        self.dock.panel.remediate_button.setEnabled(bool(move.get("allowed")))
        tip = tr("Have it mended on behalf of its owner, paid by a fund")
        self.dock.panel.remediate_button.setToolTip(as_tip(why_words(move["why"]) if move.get("why") else tip))
        self._timer.stop()
        if there and "explain_duty" in REQUESTS:
            self.dock.panel.show_duty(tr("Looking up who answers for the case…"), [])
            self._timer.start()

    def ask(self) -> None:
        """Ask who answers for the case of the page."""
        fid = self.desk.fid
        request = request_of("explain_duty", cases=[fid])
        if request is not None and self.desk.page is not None and self.desk.page["case"]["fid"] == fid:
            self.desk.send(request, lambda answer: self._came(fid, answer))

    def _came(self, fid: int, answer: dict[str, Any]) -> None:
        if fid != self.desk.fid or not answer.get("duties"):
            return
        told = self.told = self.desk.duty = dict(answer["duties"][0])
        rows = [(tr("Proposed"), named(told)), (tr("Because"), fired_words(told))]
        if told.get("now"):
            rows.append((tr("Has now"), self._department(str(told["now"]))))
        if told.get("next"):
            rows.append((tr("Next best"), f"{named(told['next'])} – {fired_words(told['next'])}"))
        for warning in told.get("warnings") or ():
            rows.append((tr("Look at"), sentence(str(warning["code"]), warning.get("values") or {})))
        for ruling in told.get("precedents") or ():
            rows.append((tr("Precedent"), self._ruling(ruling)))
        count = len(told.get("warnings") or ())
        words = tr("Proposed: {department}").format(department=named(told))
        if count:
            words += " " + tr("{count} things to look at before it is sent.").format(count=count)
        self.dock.panel.show_duty(words, rows, count)

    def _department(self, code: str) -> str:
        name = next((str(one[1]) for one in self.desk.departments if str(one[0]) == code), "")
        return f"{code} {name}".strip()

    @staticmethod
    def _ruling(ruling: Mapping[str, Any]) -> str:
        parts = [ruling.get("ruled_on"), ruling.get("dept_name"), ruling.get("decision")]
        if ruling.get("distance") is not None:
            parts.append(tr("{distance} m").format(distance=round(float(ruling["distance"]))))
        return " · ".join(str(part) for part in parts if part)

    # -- writing --------------------------------------------------------------------------------------------------

    def ask_ruling(self) -> None:
        """Ask for a ruling on the case of the page, and record it."""
        page = self.desk.page
        if page is None:
            return
        proposed = str((self.told or {}).get("department") or "")
        case = page["case"]
        dialog = RulingDialog(str(case["case_no"]), self.desk.departments, proposed, page["component"], self.dock)

        def accepted() -> None:
            request = request_of("record_ruling", case=int(case["fid"]), **dialog.values())
            if request is not None:
                self.write(request)

        dialog.accepted.connect(accepted)
        self._show(dialog)

    def ask_remediation(self) -> None:
        """Ask for the remediation of the case of the page: fund and estimate."""
        page = self.desk.page
        request = request_of("list_remediation")
        if page is None or request is None:
            self.dock.tell(tr("This version cannot do that yet."))
            return
        case = page["case"]

        def listed(answer: dict[str, Any]) -> None:
            dialog = RemediateDialog(str(case["case_no"]), list(answer.get("funds") or []), self.dock)

            def accepted() -> None:
                asked = request_of("remediate", step="ask", case=int(case["fid"]), **dialog.values())
                if asked is not None:
                    self.write(asked)

            dialog.accepted.connect(accepted)
            self._show(dialog)

        self.desk.send(request, listed)

    def write(self, request: Any) -> None:
        """Write a ruling or a step of a remediation, then look at the case again."""
        words = template(f"operation.{request.method}") or request.method
        fid = self.desk.fid

        def again() -> None:
            if fid == self.desk.fid:
                self.desk.show_fid(fid, to_map=False)

        self.moves.write(request, f"{words} · {self.moves.named([fid])}", again)

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
        self._timer.stop()
        if self.dialog is not None:
            self.dialog.reject()

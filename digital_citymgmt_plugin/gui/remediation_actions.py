# SPDX-License-Identifier: GPL-2.0-or-later
"""The window of remediations and funds in the menu: listed, steps taken, funds added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QDate, pyqtSignal
from qgis.PyQt.QtWidgets import QDialog

from digital_citymgmt_plugin.core.requests_duty import ListRemediation, Remediate, SaveFund
from digital_citymgmt_plugin.gui.desk import Desk
from digital_citymgmt_plugin.gui.dialogs.remediation import RemediationDialog
from digital_citymgmt_plugin.gui.dialogs.remediation_step import FundDialog, StepDialog
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.menu_actions import OneWindow


def tr(text: str) -> str:
    """Translate a text of the window."""
    return QCoreApplication.translate("Remediation", text)


class RemediationActions(OneWindow, Desk):
    """What the menu entry does. Signal: ``case_asked`` (fid): a case is to be shown."""

    case_asked = pyqtSignal(int)
    dialog: RemediationDialog | None

    def __init__(self, controller: CityController, window: Any) -> None:
        super().__init__(controller, window)
        self.question: QDialog | None = None
        # What the window shows belongs to the store that it was opened for.
        controller.store_opened.connect(lambda _path: self.close_dialog())

    def show(self) -> None:
        """List the remediations and funds."""
        if self.has_store():
            self.ask(tr("Listing the remediations"), ListRemediation(), self._listed)

    def _listed(self, answer: dict[str, Any]) -> None:
        if self.dialog is not None:
            self.dialog.fill(answer)
            self.raised()
            return
        dialog = RemediationDialog(answer, self.dock)
        dialog.step_asked.connect(self._ask_step)
        dialog.fund_asked.connect(self._ask_fund)
        dialog.refresh_asked.connect(self._refresh)
        dialog.case_asked.connect(self.case_asked)
        self.open(dialog)

    def _refresh(self) -> None:
        """List again into the window that is open; one that was closed meanwhile stays so."""
        dialog = self.dialog

        def listed(answer: dict[str, Any]) -> None:
            if dialog is not None and self.dialog is dialog:
                dialog.fill(answer)

        if dialog is not None:
            self.ask(tr("Listing the remediations"), ListRemediation(), listed)

    def _ask_step(self, step: str, row: Mapping[str, Any]) -> None:
        if self.dialog is None:
            return
        made = StepDialog(step, row, self.dialog.funds.rows, self.dialog)
        made.accepted.connect(lambda: self._write(Remediate(**made.values())))
        self._open(made)

    def _ask_fund(self, fund: Mapping[str, Any] | None) -> None:
        if self.dialog is None:
            return
        made = FundDialog(fund, QDate.currentDate().year(), self.dialog)
        made.accepted.connect(lambda: self._write(SaveFund(**made.values())))
        self._open(made)

    def _write(self, request: Any) -> None:
        self.write_now(request, lambda _answer: self._refresh())

    def _open(self, question: QDialog) -> None:
        self.question = question
        question.finished.connect(lambda _answer: self._answered(question))
        question.open()

    def _answered(self, question: QDialog) -> None:
        if self.question is question:
            self.question = None
        question.deleteLater()

    def shut(self) -> None:
        """End: close the windows."""
        if self.question is not None:
            self.question.done(0)
        self.close_dialog()
        super().shut()

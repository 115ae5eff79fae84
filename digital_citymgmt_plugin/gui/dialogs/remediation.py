# SPDX-License-Identifier: GPL-2.0-or-later
"""Remediations (代整治) with their steps, and the funds that pay: what is asked, reserved, spent and left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QLocale, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QSplitter, QTableView, QVBoxLayout, QWidget

from digital_citymgmt_plugin.gui.dialogs.question import fit
from digital_citymgmt_plugin.gui.docks.parts import button, chosen_rows, plain_label, rows_view
from digital_citymgmt_plugin.gui.models.pages import PagedModel, Row
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons


def tr(text: str) -> str:
    """Translate a text of the window."""
    return QCoreApplication.translate("Remediation", text)


def money(value: Any) -> str:
    """Return an amount of yuan with two decimals, '' for none."""
    return "" if value is None or value != value else QLocale().toString(float(value), "f", 2)


def state_words(state: str) -> str:
    """Return the word for a state of a remediation."""
    return {
        "asked": tr("asked"), "approved": tr("approved"), "refused": tr("refused"), "done": tr("done"),
    }.get(state, state)  # fmt: skip


class RemediationDialog(QDialog):
    """The queue above, the funds below.

    Signals: ``step_asked`` (step, row), ``fund_asked``, ``refresh_asked``, ``case_asked`` (fid).
    """

    step_asked = pyqtSignal(str, object)
    fund_asked = pyqtSignal(object)
    refresh_asked = pyqtSignal()
    case_asked = pyqtSignal(int)

    def __init__(self, answer: Mapping[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Remediation and funds"))
        self.summary = plain_label()
        self.queue = PagedModel(
            [
                tr("Case"), tr("State"), tr("Estimate"), tr("Cost"), tr("Fund"), tr("Department"), tr("Address"),
                tr("Remark"),
            ],
            _queue_cells, None, self, numbers=(2, 3),
        )  # fmt: skip
        self.funds = PagedModel(
            [tr("Fund"), tr("Year"), tr("Amount"), tr("Asked"), tr("Reserved"), tr("Spent"), tr("Still left")],
            _fund_cells, None, self, numbers=(1, 2, 3, 4, 5, 6),
        )  # fmt: skip
        self.queue_view = self._view(tr("Remediations, the newest first"), self.queue, (150, 80, 90, 90, 140, 140, 160))
        self.fund_view = self._view(tr("Funds with what is left of each"), self.funds, (170, 55, 90, 90, 90, 90))
        self.steps = {
            "approve": button(tr("&Approve…"), tr("Reserve its estimate in a fund"), "approve"),
            "refuse": button(tr("Re&fuse…"), tr("Refuse it and free what was reserved"), "refuse"),
            "finish": button(tr("&Done…"), tr("Take what it cost from the fund"), "finish"),
        }
        self.new_button = button(tr("&New fund…"), tr("Add a fund that pays for remediation"), "new_fund")
        self.change_button = button(tr("&Change fund…"), tr("Change name, year or amount of the fund"), "change_fund")
        body = QSplitter(Qt.Orientation.Vertical)
        body.addWidget(_with_buttons(self.queue_view, self.steps.values()))
        body.addWidget(_with_buttons(self.fund_view, (self.new_button, self.change_button)))
        body.setStretchFactor(0, 3)
        body.setStretchFactor(1, 2)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        name_buttons(self.buttons)
        self.refresh_button = self.buttons.addButton(tr("&Refresh"), QDialogButtonBox.ButtonRole.ActionRole)
        self.case_button = self.buttons.addButton(tr("&Show the case"), QDialogButtonBox.ButtonRole.ActionRole)
        self.buttons.rejected.connect(self.reject)
        self.refresh_button.clicked.connect(lambda: self.refresh_asked.emit())
        self.case_button.clicked.connect(lambda: self._show_case())
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(body, 1)
        layout.addWidget(self.buttons)
        fit(self, 980, 640)
        for step, made in self.steps.items():
            made.clicked.connect(lambda _=False, step=step: self._ask(step))
        self.new_button.clicked.connect(lambda _=False: self.fund_asked.emit(None))
        self.change_button.clicked.connect(lambda _=False: self.fund_asked.emit(self.chosen_fund()))
        self.queue_view.selectionModel().selectionChanged.connect(lambda *_: self._chosen())
        self.fund_view.selectionModel().selectionChanged.connect(lambda *_: self._chosen())
        self.queue_view.activated.connect(lambda _index: self._show_case())
        self.fill(answer)

    @staticmethod
    def _view(name: str, model: PagedModel, widths: Sequence[int]) -> QTableView:
        view = rows_view(name, many=False)
        view.setModel(model)
        for column, width in enumerate(widths):
            view.setColumnWidth(column, width)
        return view

    def fill(self, answer: Mapping[str, Any]) -> None:
        """Show the queue and the funds; the row that was chosen stays chosen."""
        held = self.chosen_row() or {}
        self.queue.fill([{"fid": at, **row} for at, row in enumerate(answer["rows"])], False)
        self.funds.fill(list(answer["funds"]), False)
        counts = answer["counts"]
        short = sum(float(fund["left"]) < 0 for fund in answer["funds"])
        words = tr("{asked} asked for, {approved} approved, {done} done, {refused} refused.").format(**counts)
        if short:
            words += " " + tr("{count} funds are overdrawn.").format(count=short)
        self.summary.setText(words)
        at = next((at for at, row in enumerate(self.queue.rows) if row["uuid"] == held.get("uuid")), 0)
        if self.queue.rows:
            self.queue_view.selectRow(at)
        self._chosen()

    def chosen_row(self) -> Row | None:
        """Return the remediation that is chosen."""
        rows = chosen_rows(self.queue_view)
        return self.queue.rows[rows[0]] if rows and rows[0] < len(self.queue.rows) else None

    def chosen_fund(self) -> Row | None:
        """Return the fund that is chosen."""
        rows = chosen_rows(self.fund_view)
        return self.funds.rows[rows[0]] if rows and rows[0] < len(self.funds.rows) else None

    def _chosen(self) -> None:
        row = self.chosen_row()
        state = row["state"] if row else ""
        for step, states in (("approve", ("asked",)), ("refuse", ("asked", "approved")), ("finish", ("approved",))):
            self.steps[step].setEnabled(state in states)
        self.case_button.setEnabled(row is not None and row["case_fid"] is not None)
        self.change_button.setEnabled(self.chosen_fund() is not None)

    def _ask(self, step: str) -> None:
        row = self.chosen_row()
        if row is not None:
            self.step_asked.emit(step, row)

    def _show_case(self) -> None:
        row = self.chosen_row()
        if row is not None and row["case_fid"] is not None:
            self.case_asked.emit(int(row["case_fid"]))


def _with_buttons(view: QTableView, buttons: Any) -> QWidget:
    made = QWidget()
    line = QHBoxLayout()
    for one in buttons:
        line.addWidget(one)
    line.addStretch(1)
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(view, 1)
    column.addLayout(line)
    return made


def _queue_cells(row: Row) -> list[str]:
    return [
        str(row["case_no"] or ""), state_words(str(row["state"])), money(row["estimate"]), money(row["cost"]),
        str(row["fund_name"] or ""), str(row["dept_name"] or ""), str(row["address"] or ""),
        str(row["note"] or "").replace("\n", "; "),
    ]  # fmt: skip


def _fund_cells(row: Row) -> list[str]:
    return [
        str(row["name"] or ""), str(row["year"] or ""),
        *(money(row[name]) for name in ("amount", "asked", "reserved", "spent", "left")),
    ]  # fmt: skip

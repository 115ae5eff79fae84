# SPDX-License-Identifier: GPL-2.0-or-later
"""Questions of the remediation window: what a step needs, and a fund."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.gui.dialogs.question import fit, missing_label, tell_missing
from digital_citymgmt_plugin.gui.dialogs.remediation import money, tr
from digital_citymgmt_plugin.gui.docks.parts import in_tab_order, plain_label
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons

_MOST = 1e9  # yuan


def _amount(words: str, value: Any) -> QDoubleSpinBox:
    made = QDoubleSpinBox()
    made.setRange(0.0, _MOST)
    made.setDecimals(2)
    made.setAccessibleName(words)
    made.setValue(float(value or 0.0))
    return made


class _Asked(QDialog):
    """A form with *OK* and *Cancel*."""

    def __init__(self, title: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.form = QFormLayout()
        self.form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        name_buttons(self.buttons)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.told, self.missing = plain_label(), missing_label()
        layout = QVBoxLayout(self)
        layout.addWidget(self.told)
        layout.addLayout(self.form)
        layout.addWidget(self.missing)
        layout.addWidget(self.buttons)

    def order(self, *fields: QWidget) -> None:
        """Let Tab go through the fields, then the buttons, and begin in the first that can be used.

        The buttons were made before the fields: *Cancel* would have the keyboard, and Enter would mean it.
        """
        cancel = self.buttons.button(QDialogButtonBox.StandardButton.Cancel)
        in_tab_order(*fields, self.ok, cancel)
        next(one for one in fields if one.isEnabled()).setFocus()


class StepDialog(_Asked):
    """Asks what a step of a remediation needs.

    Parameters
    ----------
    step : str
        ``approve``, ``refuse`` or ``finish``.
    row : mapping
        The remediation.
    funds : sequence of mappings
    """

    def __init__(
        self, step: str, row: Mapping[str, Any], funds: Sequence[Mapping[str, Any]], parent: QWidget | None = None
    ) -> None:
        titles = {
            "approve": tr("Approve the remediation"), "refuse": tr("Refuse the remediation"),
            "finish": tr("The remediation is done"),
        }  # fmt: skip
        super().__init__(titles[step], parent)
        self.step, self.row = step, row
        self.fund_box, self.note_edit, self.by_edit = QComboBox(), QLineEdit(), QLineEdit()
        self.over_box = QCheckBox(tr("The fund may go below zero"))
        self._left = {str(fund["uuid"]): float(fund["left"]) for fund in funds}
        for fund in funds:
            words = tr("{fund}, {left} left").format(fund=fund["name"] or "", left=money(fund["left"]))
            self.fund_box.addItem(words, str(fund["uuid"]))
        held = self.fund_box.findData(str(row.get("fund") or ""))
        self.fund_box.setCurrentIndex(held if held >= 0 else 0)
        self.fund_box.setAccessibleName(tr("Fund that pays"))
        self.note_edit.setAccessibleName(tr("Remark"))
        self.by_edit.setAccessibleName(tr("Who approves that"))
        self.amount_box = _amount(tr("Cost") if step == "finish" else tr("Estimate"), row.get("estimate"))
        if step != "refuse":
            self.form.addRow(tr("Fund that pays"), self.fund_box)
            self.form.addRow(self.amount_box.accessibleName(), self.amount_box)
        self.fund_box.setEnabled(step == "approve")
        self.form.addRow(tr("Remark"), self.note_edit)
        if step != "refuse":
            self.form.addRow("", self.over_box)
            self.form.addRow(tr("Who approves that"), self.by_edit)
        for signal in (
            self.fund_box.currentIndexChanged, self.amount_box.valueChanged, self.note_edit.textChanged,
            self.by_edit.textChanged, self.over_box.toggled,
        ):  # fmt: skip
            signal.connect(lambda *_: self._check())
        self._check()
        if step == "refuse":
            self.order(self.note_edit)
        else:
            self.order(self.fund_box, self.amount_box, self.note_edit, self.over_box, self.by_edit)
        fit(self, 460, 260)

    def _check(self) -> None:
        """Say what is left afterwards, and let only that be sent which can be taken."""
        number = str(self.row.get("case_no") or "")
        if self.step == "refuse":
            self.told.setText(number)
            tell_missing(self.missing, self.ok, [] if self.note_edit.text().strip() else [tr("Remark")])
            return
        fund = str(self.fund_box.currentData() or "")
        free = self._left.get(fund, 0.0) + (float(self.row.get("estimate") or 0.0) if self.step == "finish" else 0.0)
        left = round(free - self.amount_box.value(), 2)
        self.over_box.setEnabled(left < 0)
        over = left < 0 and self.over_box.isChecked()
        self.by_edit.setEnabled(over)
        words = tr("{case}: {left} would be left.").format(case=number, left=money(left))
        self.told.setText(words if fund else number)
        short = left < 0 and not over
        wrong = "" if fund else tr("Add a fund first.")
        wrong = wrong or (tr("The fund has not enough left: choose another, or let it go below zero.") if short else "")
        named = not over or bool(self.by_edit.text().strip())
        tell_missing(self.missing, self.ok, [] if named else [tr("Who approves that")], wrong)

    def values(self) -> dict[str, Any]:
        """Return what the request takes."""
        given: dict[str, Any] = {
            "step": self.step, "uuid": str(self.row["uuid"]), "note": self.note_edit.text().strip(),
        }  # fmt: skip
        if self.step == "refuse":
            return given
        given["cost" if self.step == "finish" else "estimate"] = self.amount_box.value()
        over = self.over_box.isEnabled() and self.over_box.isChecked()
        return {
            **given, "fund": str(self.fund_box.currentData() or ""), "overdraw": over,
            "approved_by": self.by_edit.text().strip() if over else "",
        }  # fmt: skip


class FundDialog(_Asked):
    """Asks for a fund: a new one, or what changes of one."""

    def __init__(self, fund: Mapping[str, Any] | None, year: int, parent: QWidget | None = None) -> None:
        super().__init__(tr("Change fund") if fund else tr("New fund"), parent)
        held = dict(fund or {})
        self.uuid = str(held.get("uuid") or "")
        self.department = str(held.get("department_code") or "")
        self.name_edit, self.year_box = QLineEdit(str(held.get("name") or "")), QSpinBox()
        self.name_edit.setAccessibleName(tr("Name of the fund"))
        self.year_box.setRange(1990, 2199)
        self.year_box.setValue(int(held.get("year") or year))
        self.year_box.setAccessibleName(tr("Year"))
        self.amount_box = _amount(tr("Amount"), held.get("amount"))
        self.form.addRow(tr("Name of the fund"), self.name_edit)
        self.form.addRow(tr("Year"), self.year_box)
        self.form.addRow(tr("Amount"), self.amount_box)
        bound = float(held.get("reserved") or 0.0) + float(held.get("spent") or 0.0)
        self.amount_box.setMinimum(bound)
        self.told.setText(tr("{amount} are reserved or spent.").format(amount=money(bound)) if fund else "")
        self.name_edit.textChanged.connect(lambda _text: self._check())
        self._check()
        self.order(self.name_edit, self.year_box, self.amount_box)
        fit(self, 420, 200)

    def _check(self) -> None:
        tell_missing(self.missing, self.ok, [] if self.name_edit.text().strip() else [tr("Name of the fund")])

    def values(self) -> dict[str, Any]:
        """Return what the request takes."""
        return {
            "name": self.name_edit.text().strip(), "amount": self.amount_box.value(), "year": self.year_box.value(),
            "uuid": self.uuid, "department_code": self.department,
        }  # fmt: skip

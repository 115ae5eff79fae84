# SPDX-License-Identifier: GPL-2.0-or-later
"""What has to be given with a move: reason, department, length of an extension, day of review."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QDate, Qt
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDateEdit,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.bridge.messages import template
from digital_citymgmt_plugin.gui.dialogs.question import missing_label, tell_missing
from digital_citymgmt_plugin.gui.docks.parts import plain_label
from digital_citymgmt_plugin.gui.models.cases import FAMILY
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons

REVIEW_DAYS = 30  # proposed until a parked case is looked at again; a default of the plugin


def tr(text: str) -> str:
    """Translate a text of the window."""
    return QCoreApplication.translate("DispatchDock", text)


class MoveDialog(QDialog):
    """Asks for what a move needs; cannot be accepted without.

    Parameters
    ----------
    title, words : str
        The move, and which cases it is of.
    needs : sequence of str
        Of ``core.cases.workflow.NEEDS``.
    departments : sequence of (code, name)
    proposed : str
        Code of the department that is chosen at first.
    unit : str
        Unit of the cases' limit, proposed for an extension.
    """

    def __init__(
        self,
        title: str,
        words: str,
        needs: Sequence[str],
        departments: Sequence[Sequence[Any]] = (),
        proposed: str = "",
        unit: str = "",
        parent: QWidget | None = None,
    ) -> None:
        from digital_citymgmt_plugin.core.profile import LIMIT_UNITS  # with numpy, which may not be there at load

        super().__init__(parent)
        self.setWindowTitle(title)
        self.needs = tuple(needs)
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self.dept_box = QComboBox()
        self.dept_box.setAccessibleName(tr("Department"))
        self.dept_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.dept_box.setMinimumContentsLength(20)
        for code, name, *_more in departments:
            if code:
                self.dept_box.addItem(f"{code} {name}".strip(), str(code))
        self.dept_box.setCurrentIndex(self.dept_box.findData(proposed) if proposed else -1)
        self.amount_box, self.unit_box = QDoubleSpinBox(), QComboBox()
        self.amount_box.setRange(0.0, 1_000.0)
        self.amount_box.setDecimals(1)
        self.amount_box.setAccessibleName(tr("How much longer"))
        self.unit_box.setAccessibleName(tr("Unit of the extension"))
        for one in LIMIT_UNITS:
            self.unit_box.addItem(template(f"{FAMILY}.unit_{one}") or one, one)
        self.unit_box.setCurrentIndex(max(0, self.unit_box.findData(unit or "work_day")))
        self.until_edit = QDateEdit(QDate.currentDate().addDays(REVIEW_DAYS))
        self.until_edit.setCalendarPopup(True)
        self.until_edit.setDisplayFormat("yyyy-MM-dd")
        self.until_edit.setAccessibleName(tr("Day on which it is looked at again"))
        self.reason_edit = QPlainTextEdit()
        self.reason_edit.setTabChangesFocus(True)
        kept = tr("Reason, kept with each case") if "reason" in needs else tr("Remark, kept with each case")
        self.reason_edit.setAccessibleName(kept)
        self.reason_edit.setPlaceholderText(kept)
        if "dept" in needs:
            form.addRow(tr("Department"), self.dept_box)
        if "amount" in needs:
            row = QHBoxLayout()
            row.addWidget(self.amount_box)
            row.addWidget(self.unit_box)
            form.addRow(tr("How much longer"), row)
        if "until" in needs:
            form.addRow(tr("Look at again on"), self.until_edit)
        form.addRow(tr("Reason") if "reason" in needs else tr("Remark"), self.reason_edit)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        name_buttons(self.buttons)
        self.ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(plain_label(words))
        layout.addLayout(form)
        self.missing = missing_label()
        layout.addWidget(self.missing)
        layout.addWidget(self.buttons)
        self.reason_edit.textChanged.connect(self._check)
        self.dept_box.currentIndexChanged.connect(lambda _=0: self._check())
        self.amount_box.valueChanged.connect(lambda _=0.0: self._check())
        self.until_edit.dateChanged.connect(lambda _day: self._check())
        self._check()
        self.resize(440, 260)
        first: QWidget = self.amount_box if "amount" in needs else self.reason_edit
        (self.dept_box if "dept" in needs else first).setFocus()

    def _check(self) -> None:
        """Say what is still missing; only with all of it can the window be accepted."""
        lacks = {
            "dept": (tr("Department"), not self.dept_box.currentData()),
            "amount": (tr("How much longer"), self.amount_box.value() <= 0),
            "reason": (tr("Reason"), not self.reason()),
        }
        names = [words for need, (words, lacking) in lacks.items() if need in self.needs and lacking]
        past = "until" in self.needs and self.until_edit.date() < QDate.currentDate()
        wrong = tr("The day on which it is looked at again has passed already.") if past else ""
        tell_missing(self.missing, self.ok, names, wrong)

    def reason(self) -> str:
        """Return what was typed, in one line."""
        return " ".join(self.reason_edit.toPlainText().split())

    def department(self) -> str:
        """Return the code of the department, "" when the move needs none."""
        return str(self.dept_box.currentData() or "") if "dept" in self.needs else ""

    def payload(self) -> dict[str, Any]:
        """Return what the move says beyond reason and department."""
        told: dict[str, Any] = {}
        if "amount" in self.needs:
            told.update(amount=self.amount_box.value(), unit=str(self.unit_box.currentData()))
        if "until" in self.needs:
            told["until"] = str(self.until_edit.date().toString(Qt.DateFormat.ISODate))
        return told

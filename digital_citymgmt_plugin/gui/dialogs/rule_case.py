# SPDX-License-Identifier: GPL-2.0-or-later
"""Windows of the responsibility tab: a ruling (确权) with its evidence, and asking for a remediation (代整治)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QListWidget,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.gui.dialogs.question import missing_label, tell_missing
from digital_citymgmt_plugin.gui.docks.parts import button, plain_label
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons


def tr(text: str) -> str:
    """Translate a text of the windows."""
    return QCoreApplication.translate("DispatchDock", text)


def _buttons(dialog: QDialog) -> QDialogButtonBox:
    made = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
    name_buttons(made)
    made.accepted.connect(dialog.accept)
    made.rejected.connect(dialog.reject)
    return made


class RulingDialog(QDialog):
    """Asks for a ruling: whose the matter is, what was decided, and files that prove it.

    Parameters
    ----------
    number : str
        Of the case.
    departments : sequence of (code, name)
    proposed : str
        Code of the department that is chosen at first.
    component : mapping or None
        Card of the case's component: the ruling may hold for it.
    """

    def __init__(
        self,
        number: str,
        departments: Sequence[Sequence[Any]],
        proposed: str,
        component: Mapping[str, Any] | None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Record a ruling"))
        self.kind_box, self.dept_box = QComboBox(), QComboBox()
        self.kind_box.setAccessibleName(tr("What is ruled"))
        for kind, words in (
            ("owner", tr("It belongs to a department")), ("unowned", tr("It is nobody's")),
            ("disputed", tr("Whose it is, is disputed")),
        ):  # fmt: skip
            self.kind_box.addItem(words, kind)
        self.dept_box.setAccessibleName(tr("Department"))
        self.dept_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.dept_box.setMinimumContentsLength(20)
        for code, name, *_more in departments:
            self.dept_box.addItem(f"{code} {name}".strip(), str(code))
        self.dept_box.setCurrentIndex(self.dept_box.findData(proposed) if proposed else -1)
        self.decision_edit, self.by_edit = QLineEdit(), QLineEdit()
        self.decision_edit.setAccessibleName(tr("What was decided"))
        self.by_edit.setAccessibleName(tr("Who decided"))
        self.files = QListWidget()
        self.files.setAccessibleName(tr("Files that prove it"))
        self.files.setMaximumHeight(80)
        about = tr("A copy of each is kept with the city, at most 500 MB each")
        self.file_button = button(tr("Add files…"), about, "add_evidence")
        self.file_button.clicked.connect(lambda _=False: self.ask_files())
        self.component_box = QCheckBox(tr("It holds for the component, too"))
        self.component_box.setChecked(component is not None)
        self.component_box.setEnabled(component is not None)
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.addRow(tr("What is ruled"), self.kind_box)
        form.addRow(tr("Department"), self.dept_box)
        form.addRow(tr("What was decided"), self.decision_edit)
        form.addRow(tr("Who decided"), self.by_edit)
        form.addRow(tr("Evidence"), self.files)
        form.addRow("", self.file_button)
        form.addRow("", self.component_box)
        self.buttons = _buttons(self)
        self.ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.missing = missing_label()
        layout = QVBoxLayout(self)
        layout.addWidget(plain_label(number))
        layout.addLayout(form)
        layout.addWidget(self.missing)
        layout.addWidget(self.buttons)
        for box in (self.kind_box, self.dept_box):
            box.currentIndexChanged.connect(lambda _=0: self._check())
        self._check()
        self.resize(460, 380)

    def _check(self) -> None:
        owner = self.kind_box.currentData() == "owner"
        self.dept_box.setEnabled(owner)
        lacking = owner and self.dept_box.currentData() is None
        tell_missing(self.missing, self.ok, [tr("Department")] if lacking else [])

    def ask_files(self) -> None:
        """Ask for files that prove the ruling."""
        paths, _ = QFileDialog.getOpenFileNames(self, tr("Files that prove it"))
        self.files.addItems(paths)

    def values(self) -> dict[str, Any]:
        """Return what the request takes."""
        owner = self.kind_box.currentData() == "owner"
        return {
            "kind": str(self.kind_box.currentData()),
            "department_code": str(self.dept_box.currentData() or "") if owner else "",
            "decision": self.decision_edit.text().strip(), "ruled_by": self.by_edit.text().strip(),
            "evidence": [self.files.item(at).text() for at in range(self.files.count())],
            "of_component": self.component_box.isChecked(),
        }  # fmt: skip


class RemediateDialog(QDialog):
    """Asks which fund is to pay and what it is estimated at.

    Parameters
    ----------
    number : str
        Of the case.
    funds : sequence of dict
        ``uuid``, ``name``, ``left``.
    """

    def __init__(self, number: str, funds: Sequence[Mapping[str, Any]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Ask for remediation"))
        self.fund_box, self.estimate_box, self.note_edit = QComboBox(), QDoubleSpinBox(), QLineEdit()
        self.fund_box.setAccessibleName(tr("Fund that pays"))
        self.fund_box.addItem(tr("(named when it is approved)"), "")
        for fund in funds:
            left = fund.get("left")
            words = str(fund.get("name") or "")
            if left is not None:
                words = tr("{fund}, {left} left").format(fund=words, left=f"{float(left):.2f}")
            self.fund_box.addItem(words, str(fund.get("uuid") or ""))
        self.estimate_box.setRange(0.0, 1e9)
        self.estimate_box.setDecimals(2)
        self.estimate_box.setAccessibleName(tr("Estimate"))
        self.note_edit.setAccessibleName(tr("Reason"))
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.addRow(tr("Fund that pays"), self.fund_box)
        form.addRow(tr("Estimate"), self.estimate_box)
        form.addRow(tr("Reason"), self.note_edit)
        self.buttons = _buttons(self)
        self.missing = missing_label()
        self.note_edit.textChanged.connect(lambda _text: self._check())
        layout = QVBoxLayout(self)
        layout.addWidget(plain_label(number))
        layout.addLayout(form)
        layout.addWidget(self.missing)
        layout.addWidget(self.buttons)
        self._check()
        self.resize(420, 200)

    def _check(self) -> None:
        ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        # A move needs a reason.
        tell_missing(self.missing, ok, [] if self.note_edit.text().strip() else [tr("Reason")])

    def values(self) -> dict[str, Any]:
        """Return what the request takes."""
        return {
            "fund": str(self.fund_box.currentData() or ""), "estimate": self.estimate_box.value(),
            "note": self.note_edit.text().strip(),
        }  # fmt: skip

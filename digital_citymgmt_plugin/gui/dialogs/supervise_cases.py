# SPDX-License-Identifier: GPL-2.0-or-later
"""What has to be given with a supervision (督办): the reason, and if wanted its level and the day of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QDate, Qt
from qgis.PyQt.QtWidgets import QCheckBox, QDateEdit, QFormLayout, QHBoxLayout, QSpinBox, QWidget

from digital_citymgmt_plugin.gui.dialogs.move_cases import MoveDialog

ANSWER_DAYS = 3  # proposed for the answer; a default of the plugin
_HIGHEST = 9


def tr(text: str) -> str:
    """Translate a text of the window."""
    return QCoreApplication.translate("DispatchDock", text)


class SuperviseDialog(MoveDialog):
    """Asks for a supervision. Without a level the supervisions of a case are counted, without a day its due time holds.

    Parameters
    ----------
    title, words : str
        The move, and which cases it is of.
    needs : sequence of str
        Of ``core.cases.workflow.NEEDS``.
    departments : sequence of (code, name)
        For workflows whose supervision names one.
    overdue : bool
        Whether the due time says nothing any more: then a day is proposed.
    """

    def __init__(
        self,
        title: str,
        words: str,
        needs: Sequence[str],
        departments: Sequence[Sequence[Any]] = (),
        overdue: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(title, words, needs, departments, parent=parent)
        self.level_box, self.day_box = QSpinBox(), QCheckBox(tr("Answer until"))
        self.level_box.setRange(0, _HIGHEST)
        self.level_box.setSpecialValueText(tr("counted"))
        self.level_box.setAccessibleName(tr("Level of the supervision"))
        self.level_box.setToolTip(tr("Counted: the first supervision of a case is of level 1, the next of level 2"))
        self.day_edit = QDateEdit(QDate.currentDate().addDays(ANSWER_DAYS))
        self.day_edit.setCalendarPopup(True)
        self.day_edit.setDisplayFormat("yyyy-MM-dd")
        self.day_edit.setMinimumDate(QDate.currentDate())
        self.day_edit.setAccessibleName(tr("Day until which it is answered"))
        self.day_box.setToolTip(tr("Without a day the due time of the case holds"))
        self.day_box.setChecked(overdue)
        self.day_edit.setEnabled(overdue)
        self.day_box.toggled.connect(self.day_edit.setEnabled)
        row = QHBoxLayout()
        row.addWidget(self.day_box)
        row.addWidget(self.day_edit, 1)
        form = self.findChild(QFormLayout)
        form.insertRow(0, tr("Level of the supervision"), self.level_box)
        form.insertRow(1, "", row)

    def payload(self) -> dict[str, Any]:
        """Return what the move says beyond its reason: ``level`` and ``until`` where they were given."""
        told = super().payload()
        if self.level_box.value():
            told["level"] = self.level_box.value()
        if self.day_box.isChecked() and "until" not in told:
            told["until"] = str(self.day_edit.date().toString(Qt.DateFormat.ISODate))
        return told

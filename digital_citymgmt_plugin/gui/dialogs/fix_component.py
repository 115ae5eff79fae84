# SPDX-License-Identifier: GPL-2.0-or-later
"""A small form of what can be set by hand on a component, and the reason of a waiver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QDate, QDateTime, Qt
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.bridge.captions import column_caption
from digital_citymgmt_plugin.core.class_search import ClassKey
from digital_citymgmt_plugin.gui.hints import hint
from digital_citymgmt_plugin.gui.pick_edit import PickEdit
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons

FIELDS = ("name", "class_code", "state", "manager_dept", "owner_dept", "maintainer_dept", "first_on", "changed_on",
          "source", "accuracy", "photo_count", "remark")  # fmt: skip
DEPARTMENTS = ("manager_dept", "owner_dept", "maintainer_dept")
CHOICES = {"state": ("", "完好", "破损", "丢失", "废弃", "移除"), "accuracy": ("", "A", "B", "C")}


def tr(text: str) -> str:
    """Translate a text of the form."""
    return QCoreApplication.translate("FixComponent", text)


class FixDialog(QDialog):
    """The fields of one component; ``changes`` are those that were given another value.

    Parameters
    ----------
    known : dict
        Field → present value.
    title, problem : str
        The component, and what was found.
    classes, departments : sequence of ClassKey
        What the fields of class and departments offer.
    """

    def __init__(
        self,
        known: Mapping[str, Any],
        title: str,
        problem: str,
        parent: QWidget | None = None,
        classes: Sequence[ClassKey] = (),
        departments: Sequence[ClassKey] = (),
    ) -> None:
        super().__init__(parent)
        self._lists = {"class_code": classes, **dict.fromkeys(DEPARTMENTS, departments)}
        self.setWindowTitle(tr("Fix component {object}").format(object=title))
        self._known = {name: _text(known.get(name)) for name in FIELDS}
        self.editors: dict[str, QLineEdit | QComboBox] = {}
        layout = QVBoxLayout(self)
        label = QLabel(problem)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        layout.addWidget(label)
        form = QFormLayout()
        for name in FIELDS:
            if name == "class_code" and known.get("code"):
                continue  # the code holds the class
            editor = self._editor(name)
            caption = column_caption("component_point", name) or name
            editor.setAccessibleName(caption)
            form.addRow(caption, editor)
            self.editors[name] = editor
        layout.addLayout(form)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        name_buttons(buttons)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.setMinimumWidth(460)

    def _editor(self, name: str) -> QLineEdit | QComboBox:
        value = self._known[name]
        if self._lists.get(name):
            return PickEdit(self._lists[name], value)
        if name not in CHOICES:
            return QLineEdit(value)
        box = QComboBox()
        box.addItems(CHOICES[name] if value in CHOICES[name] else (*CHOICES[name], value))
        box.setCurrentText(value)
        return box

    def changes(self) -> dict[str, str]:
        """Return field → new text."""
        found = {name: _given(editor) for name, editor in self.editors.items()}
        return {name: value.strip() for name, value in found.items() if value.strip() != self._known[name]}


def _given(editor: QLineEdit | QComboBox) -> str:
    if isinstance(editor, PickEdit):
        return editor.value()
    return str(editor.currentText() if isinstance(editor, QComboBox) else editor.text())


class ReasonDialog(QDialog):
    """Asks for the reason of a waiver; cannot be accepted without."""

    def __init__(self, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Waive issues"))
        label = QLabel(words)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        self.edit = QPlainTextEdit()
        self.edit.setAccessibleName(tr("Reason, kept with each issue"))
        hint(self.edit, tr("Reason, kept with each issue"))
        self.edit.setTabChangesFocus(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        name_buttons(self.buttons)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        ok.setEnabled(False)
        self.edit.textChanged.connect(lambda: ok.setEnabled(bool(self.reason())))
        layout = QVBoxLayout(self)
        for widget in (label, self.edit, self.buttons):
            layout.addWidget(widget)
        self.setMinimumWidth(460)

    def reason(self) -> str:
        """Return what was typed, in one line."""
        return " ".join(self.edit.toPlainText().split())


def _text(value: Any) -> str:
    """Return a value of a layer as text, dates as the store writes them; QGIS's NULL and None are empty."""
    if isinstance(value, (QDate, QDateTime)):
        return str(value.toString(Qt.DateFormat.ISODate))
    return "" if value is None or str(value) == "NULL" else str(value)

# SPDX-License-Identifier: GPL-2.0-or-later
"""A field that offers what fits while one types: classes or departments by code, name, pinyin or initials."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QCoreApplication, QModelIndex, Qt, QTimer
from qgis.PyQt.QtWidgets import QCompleter, QLineEdit, QWidget

from digital_citymgmt_plugin.core.class_search import ClassKey
from digital_citymgmt_plugin.gui.hints import hint
from digital_citymgmt_plugin.gui.icons import icon
from digital_citymgmt_plugin.gui.models.classes import ClassModel


def tr(text: str) -> str:
    """Translate a text of the field."""
    return QCoreApplication.translate("PickEdit", text)


class PickEdit(QLineEdit):
    """Shows code and name; ``value`` is the code, or what was typed when it is none of the list.

    Parameters
    ----------
    keys : sequence of ClassKey
        What there is to pick from.
    value : str
        The code that is there now.
    """

    def __init__(self, keys: Sequence[ClassKey], value: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._by_code = {key.code: key for key in keys}
        self._by_name = {key.name: key for key in reversed(keys)}
        self.model = ClassModel(self)
        self.model.set_keys(keys)
        completer = QCompleter(self.model, self)
        # The model itself finds what fits, by pinyin too: the completer shows all that it has.
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        completer.setCompletionRole(int(Qt.ItemDataRole.UserRole))
        completer.setMaxVisibleItems(12)
        completer.activated[QModelIndex].connect(self._picked)
        self.setCompleter(completer)
        self.setClearButtonEnabled(True)
        hint(self, tr("Code, name, pinyin or initials"))
        self.list_action = self.addAction(icon("class_search"), QLineEdit.ActionPosition.TrailingPosition)
        self.list_action.setToolTip(tr("Show all (Down)"))
        self.list_action.triggered.connect(lambda _=False: self.show_all())
        self.textEdited.connect(self.model.find)
        self.set_value(value)

    def _picked(self, index: QModelIndex) -> None:
        code = str(index.data(Qt.ItemDataRole.UserRole))
        QTimer.singleShot(0, lambda: self.set_value(code))  # the field itself puts the bare code in after this

    def set_value(self, code: str) -> None:
        """Show a code with its name."""
        key = self._by_code.get(code)
        self.setText(f"{key.code}  {key.name}" if key else code)
        self.setCursorPosition(0)

    def value(self) -> str:
        """Return the code that is picked, typed or named; what is in no list comes back as it was typed."""
        text = self.text().strip()
        first = text.split(maxsplit=1)[0] if text else ""
        key = self._by_code.get(first)
        if key is not None and text in (first, f"{key.code}  {key.name}"):
            return first
        return self._by_name[text].code if text in self._by_name else text

    def show_all(self) -> None:
        """Open the whole list."""
        self.setFocus()
        self.model.find("")
        self.completer().complete()

    def keyPressEvent(self, event: object) -> None:
        """Open the list with the arrow, as a combo box does."""
        if event.key() == Qt.Key.Key_Down and not self.completer().popup().isVisible():  # type: ignore[attr-defined]
            self.show_all()
            return
        super().keyPressEvent(event)

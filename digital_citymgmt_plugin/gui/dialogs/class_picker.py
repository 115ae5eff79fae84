# SPDX-License-Identifier: GPL-2.0-or-later
"""A field and a list to pick a class by code, name, pinyin or initials; as a widget and as a window of its own."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QCoreApplication, QEvent, QModelIndex, QObject, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QDialog, QLineEdit, QListView, QVBoxLayout, QWidget

from digital_citymgmt_plugin.core.class_search import ClassKey
from digital_citymgmt_plugin.gui.dialogs.question import fit
from digital_citymgmt_plugin.gui.docks.parts import plain_label
from digital_citymgmt_plugin.gui.hints import hint
from digital_citymgmt_plugin.gui.models.classes import ClassModel


def tr(text: str) -> str:
    """Translate a text of the class search."""
    return QCoreApplication.translate("ClassPicker", text)


class ClassPicker(QWidget):
    """Type, and the fitting classes stand below; Enter or a double click picks one."""

    picked = pyqtSignal(str, str)  # kind and code

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ClassModel(self)
        self.field = QLineEdit()
        self.field.setClearButtonEnabled(True)
        hint(self.field, tr("Code, name, pinyin or initials"))
        self.field.setAccessibleName(tr("Code, name, pinyin or initials"))
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setUniformItemSizes(True)
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.field)
        layout.addWidget(self.list, 1)
        self.setFocusProxy(self.field)
        self.field.textChanged.connect(self._find)
        self.field.returnPressed.connect(lambda: self._pick(self.list.currentIndex()))
        self.list.activated.connect(self._pick)
        self.field.installEventFilter(self)

    def set_classes(self, keys: Sequence[ClassKey]) -> None:
        """Take the classes of a city."""
        self.model.set_keys(keys)
        self._select_first()

    def _find(self, text: str) -> None:
        self.model.find(text)
        self._select_first()

    def _select_first(self) -> None:
        self.list.setCurrentIndex(self.model.index(0, 0))

    def _pick(self, index: QModelIndex) -> None:
        key = self.model.key(index)
        if key is not None:
            self.picked.emit(key.kind, key.code)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the arrow keys in the field move in the list."""
        if event.type() == QEvent.Type.KeyPress and event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            row = max(0, min(self.model.rowCount() - 1, self.list.currentIndex().row() + step))
            self.list.setCurrentIndex(self.model.index(row, 0))
            return True
        return super().eventFilter(watched, event)


class ClassDialog(QDialog):
    """The picker in a window; what is picked is handed to ``picked`` and stays visible below.

    Parameters
    ----------
    title, said : str
        Given when a class is chosen for something: the window closes with the choice.
    """

    picked = pyqtSignal(str, str)

    def __init__(
        self, keys: Sequence[ClassKey], pinyin: bool, parent: QWidget | None = None, *, title: str = "", said: str = ""
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title or tr("Find a class"))
        self._once = bool(title)
        self.picker = ClassPicker(self)
        self.picker.set_classes(keys)
        words = [said or tr("Enter or a double click copies the code.")]
        if not pinyin:
            words.append(tr("The package pypinyin is missing: only name and code are searched."))
        self.said = plain_label("\n".join(words if said else words[-1:]))
        layout = QVBoxLayout(self)
        layout.addWidget(self.picker, 1)
        layout.addWidget(self.said)
        fit(self, 460, 420)
        self.picker.picked.connect(self._picked)

    def _picked(self, kind: str, code: str) -> None:
        if self._once:
            self.accept()
        else:
            self.said.setText(tr("{code} was copied.").format(code=code))
        self.picked.emit(kind, code)

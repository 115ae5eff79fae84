# SPDX-License-Identifier: GPL-2.0-or-later
"""The classes of the city as a list that follows what is typed: code, name, pinyin, initials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.PyQt.QtCore import QAbstractListModel, QModelIndex, QObject, Qt

from digital_citymgmt_plugin.core.class_search import ClassKey, search
from digital_citymgmt_plugin.gui.plain_text import as_tip

NOWHERE = QModelIndex()


class ClassModel(QAbstractListModel):
    """The classes that fit what was typed, the best first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._keys: list[ClassKey] = []
        self._shown: list[ClassKey] = []
        self._text = ""

    def set_keys(self, keys: Sequence[ClassKey]) -> None:
        """Take the classes of a city."""
        self._keys = list(keys)
        self.find(self._text)

    def find(self, text: str) -> None:
        """Show what fits."""
        self.beginResetModel()
        self._text = text
        self._shown = search(self._keys, text, limit=200)
        self.endResetModel()

    def key(self, index: QModelIndex) -> ClassKey | None:
        """Return the class of a line."""
        return self._shown[index.row()] if index.isValid() and index.row() < len(self._shown) else None

    def rowCount(self, parent: QModelIndex = NOWHERE) -> int:
        """Return how many classes fit."""
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the line of a class, or its code."""
        key = self.key(index)
        if key is None:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            of = " · ".join(word for word in (key.kind_name, key.major_name) if word)
            text = f"{key.code}  {key.name}  ({of})" if of else f"{key.code}  {key.name}"
            return as_tip(text) if role == Qt.ItemDataRole.ToolTipRole else text
        return key.code if role == Qt.ItemDataRole.UserRole else None

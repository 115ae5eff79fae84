# SPDX-License-Identifier: GPL-2.0-or-later
"""The classes of a city as the entries of boxes: one model for all boxes of a window, however many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QObject, Qt
from qgis.PyQt.QtGui import QStandardItem, QStandardItemModel


def class_model(
    classes: Sequence[Mapping[str, Any]], *before: tuple[str, str], parent: QObject | None = None
) -> QStandardItemModel:
    """Return code and name of each class, the code as its data; ``before``: (data, text) of entries that go first."""
    model = QStandardItemModel(parent)
    entries = [*before, *((str(row["code"]), f"{row['code']} {row['name']}") for row in classes)]
    for data, text in entries:
        item = QStandardItem(text)
        item.setData(data, Qt.ItemDataRole.UserRole)
        model.appendRow(item)
    return model

# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells with a bar along their foot: in the theme's own colour, so that the number above stays readable."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QModelIndex, QRectF
from qgis.PyQt.QtGui import QPainter, QPalette
from qgis.PyQt.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from digital_citymgmt_plugin.gui.models.assessment import BAR

_HIGH = 4  # pixels


class BarDelegate(QStyledItemDelegate):
    """Draws the cell as the style does and a bar of the length that the model tells."""

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Draw one cell."""
        super().paint(painter, option, index)
        length: Any = index.data(BAR)
        if painter is None or length is None:
            return
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        role = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Highlight
        room = option.rect
        bar = QRectF(room.left() + 2, room.bottom() - _HIGH, (room.width() - 4) * float(length), _HIGH - 1)
        painter.save()
        painter.fillRect(bar, option.palette.color(role))
        painter.restore()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Words in an empty field that say what goes there, readable in every theme of QGIS."""

from __future__ import annotations

from qgis.PyQt.QtCore import QEvent, QObject
from qgis.PyQt.QtGui import QColor, QPalette
from qgis.PyQt.QtWidgets import QLineEdit

_CHANGES = (QEvent.Type.Polish, QEvent.Type.PaletteChange, QEvent.Type.StyleChange, QEvent.Type.Show)
ON_DARK, ON_LIGHT = QColor(255, 255, 255, 170), QColor(0, 0, 0, 160)


class _Hint(QObject):
    """Keeps the colour of a field's hint apart from its ground.

    QGIS's themes are style sheets: they change the ground of a field and leave the role of the hint as it was, black
    on black in a dark theme. The ground is known by its role.
    """

    def __init__(self, edit: QLineEdit) -> None:
        super().__init__(edit)
        self.edit = edit
        edit.installEventFilter(self)
        self._adapt()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Hear that the theme is another one."""
        if event.type() in _CHANGES:
            self._adapt()
        return False

    def _adapt(self) -> None:
        palette = QPalette(self.edit.palette())
        wanted = ON_DARK if palette.color(QPalette.ColorRole.Base).lightness() < 128 else ON_LIGHT
        if palette.color(QPalette.ColorRole.PlaceholderText) != wanted:
            palette.setColor(QPalette.ColorRole.PlaceholderText, wanted)
            self.edit.setPalette(palette)


def hint(edit: QLineEdit, words: str) -> None:
    """Show words in a field while it is empty."""
    edit.setPlaceholderText(words)
    if not edit.findChildren(_Hint):
        _Hint(edit)

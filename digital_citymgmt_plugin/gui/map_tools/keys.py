# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of a pen: taken before the window's own shortcuts while the map has the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.PyQt.QtCore import QEvent, QObject, Qt

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier
KEYPAD = Qt.KeyboardModifier.KeypadModifier
STEP, FINE = 10, 1  # pixels that Ctrl with an arrow moves the pen; with Shift, too
ARROWS = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
}  # fmt: skip
# (key, modifiers) → what it means
PLAIN = {
    (Qt.Key.Key_Escape, NONE): "cancel",
    (Qt.Key.Key_Backspace, NONE): "back",
    (Qt.Key.Key_Delete, NONE): "back",
    (Qt.Key.Key_Return, NONE): "end",
    (Qt.Key.Key_Enter, NONE): "end",
    (Qt.Key.Key_Insert, NONE): "point",
    (Qt.Key.Key_P, NONE): "point",
    (Qt.Key.Key_Z, CTRL): "undo",
    (Qt.Key.Key_Z, CTRL | SHIFT): "redo",
    (Qt.Key.Key_Y, CTRL): "redo",
}


def meaning(event: Any) -> str:
    """Return what a key event means to a pen: "" for nothing, else a word of ``PLAIN``, ``tool 3``, ``move -10 0``."""
    key, held = event.key(), event.modifiers() & ~KEYPAD
    if key in ARROWS and held in (CTRL, CTRL | SHIFT):
        across, down = ARROWS[key]
        step = FINE if held & SHIFT else STEP
        return f"move {across * step} {down * step}"
    if Qt.Key.Key_1 <= key <= Qt.Key.Key_9 and held == NONE:
        return f"tool {int(key) - int(Qt.Key.Key_0)}"
    return PLAIN.get((key, held), "")


class Keys(QObject):
    """Watches a canvas; ``act`` is told the meaning of a key and returns whether it took it."""

    def __init__(self, canvas: Any, act: Callable[[str], bool]) -> None:
        super().__init__(canvas)
        self.canvas = canvas
        self._act = act
        self._on = False

    def watch(self, on: bool) -> None:
        """Begin or end to listen."""
        if on != self._on:
            self._on = on
            if on:
                self.canvas.installEventFilter(self)
            else:
                self.canvas.removeEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Take the keys that mean something to the pen: else Ctrl+Z would be that of the layer that is edited."""
        kind = event.type()
        if kind == QEvent.Type.ShortcutOverride and meaning(event):
            event.accept()
            return True
        if kind == QEvent.Type.KeyPress:
            said = meaning(event)
            if said and self._act(said):
                event.accept()
                return True
        return False

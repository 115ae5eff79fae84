# SPDX-License-Identifier: GPL-2.0-or-later
"""A line of controls that goes on in the next line where a dock is too narrow or its letters are too large for one."""

from __future__ import annotations

from qgis.PyQt.QtCore import QPoint, QRect, QSize, Qt
from qgis.PyQt.QtWidgets import QLayout, QLayoutItem, QSizePolicy, QWidget

SPACE = 6  # pixels between controls and between lines


class Wrapped(QLayout):
    """Controls side by side, in as many lines as they need; each line's controls that can grow share what is left.

    Parameters
    ----------
    *parts : QWidget
        From left to right.
    """

    def __init__(self, *parts: QWidget) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        for part in parts:
            self.addWidget(part)

    def addItem(self, item: QLayoutItem) -> None:
        """Take an item (called by ``addWidget``)."""
        self._items.append(item)

    def count(self) -> int:
        """Return how many items there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """Return an item; None where there is none."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Give an item up."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """Return that it takes the width there is and no more height than it needs."""
        return Qt.Orientation.Horizontal

    def hasHeightForWidth(self) -> bool:
        """Return that a narrow one is higher."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the height of all lines at a width."""
        return self._lay(QRect(0, 0, width, 0), False)

    def minimumSize(self) -> QSize:
        """Return the size of its widest control."""
        sizes = [item.minimumSize() for item in self._seen()]
        return QSize(max((one.width() for one in sizes), default=0), max((one.height() for one in sizes), default=0))

    def sizeHint(self) -> QSize:
        """Return the size of one line."""
        sizes = [item.sizeHint() for item in self._seen()]
        width = sum(one.width() for one in sizes) + SPACE * max(0, len(sizes) - 1)
        return QSize(width, max((one.height() for one in sizes), default=0))

    def setGeometry(self, rect: QRect) -> None:
        """Put the controls in their places."""
        super().setGeometry(rect)
        self._lay(rect, True)

    def _seen(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _lines(self, width: int) -> list[list[QLayoutItem]]:
        lines: list[list[QLayoutItem]] = []
        used = 0
        for item in self._seen():
            wide = item.sizeHint().width()
            if lines and used + SPACE + wide <= width:
                lines[-1].append(item)
                used += SPACE + wide
            else:
                lines.append([item])
                used = wide
        return lines

    def _lay(self, rect: QRect, put: bool) -> int:
        y = rect.y()
        for number, line in enumerate(self._lines(rect.width())):
            y += SPACE if number else 0
            tall = max(item.sizeHint().height() for item in line)
            if put:
                self._put(line, QRect(rect.x(), y, rect.width(), tall))
            y += tall
        return y - rect.y()

    @staticmethod
    def _put(line: list[QLayoutItem], rect: QRect) -> None:
        widths = [min(item.sizeHint().width(), rect.width()) for item in line]
        left = rect.width() - sum(widths) - SPACE * (len(line) - 1)
        growing = [at for at, item in enumerate(line) if _grows(item)]
        for at in growing if left > 0 else ():
            widths[at] += left // len(growing)
        x = rect.x()
        for item, wide in zip(line, widths):
            tall = min(item.sizeHint().height(), rect.height())
            item.setGeometry(QRect(QPoint(x, rect.y() + (rect.height() - tall) // 2), QSize(wide, tall)))
            x += wide + SPACE


def _grows(item: QLayoutItem) -> bool:
    widget = item.widget()
    return widget is not None and widget.sizePolicy().horizontalPolicy() in (
        QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding,
    )  # fmt: skip

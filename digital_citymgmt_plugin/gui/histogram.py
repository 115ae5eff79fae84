# SPDX-License-Identifier: GPL-2.0-or-later
"""How many cells of a draft have which area or load: drawn in the theme's own colours, the limits as dashed lines."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QCoreApplication, QLocale, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QPainter, QPaintEvent, QPalette, QPen
from qgis.PyQt.QtWidgets import QWidget

BARS = 16


def tr(text: str) -> str:
    """Translate a text of the histogram."""
    return QCoreApplication.translate("Histogram", text)


def bars(values: Sequence[float], limits: Sequence[float] = (), count: int = BARS) -> tuple[list[int], float]:
    """Return how many values lie in each of equal steps from 0 to the largest value or limit, and a step's width."""
    most = max((*values, *(limits if values else ())), default=0.0)
    if not most > 0:
        return ([len(values)] + [0] * (count - 1) if values else []), 1.0
    step = most / count
    found = [0] * count
    for value in values:
        found[min(count - 1, max(0, int(value / step)))] += 1
    return found, step


class Histogram(QWidget):
    """Bars of counts over values from 0; ``limits`` (in the values' unit) part what is in the band from the rest."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = title
        self.values: list[float] = []
        self.limits: tuple[float, ...] = ()
        self.setMinimumSize(200, 110)
        self.show_values([])

    def sizeHint(self) -> QSize:
        """Ask for room for the bars and their words."""
        return QSize(280, 140)

    def show_values(self, values: Sequence[float], limits: Sequence[float] = ()) -> None:
        """Draw other values."""
        self.values = [float(value) for value in values]
        self.limits = tuple(limits)
        counts, step = bars(self.values, self.limits)
        number = QLocale().toString
        words = [f"{number(round(at * step, 1))}–{number(round((at + 1) * step, 1))}: {count}"
                 for at, count in enumerate(counts) if count]  # fmt: skip
        self.setAccessibleName(": ".join(part for part in (self.title, ", ".join(words)) if part))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the title, the bars, the axis with its ends and the limits."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.Base))
        ink, strong = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Highlight)
        painter.setPen(ink)
        line = self.fontMetrics().height()
        centre = int(Qt.AlignmentFlag.AlignHCenter)
        painter.drawText(QRectF(0, 2, self.width(), line), centre, self.title)
        counts, step = bars(self.values, self.limits)
        if not counts:
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), tr("Nothing drafted yet."))
            return
        number = QLocale().toString
        most, end = max(counts), step * len(counts)
        left = self.fontMetrics().horizontalAdvance(number(most)) + 12
        area = QRectF(left, 1.5 * line, max(10, self.width() - left - 12), max(10, self.height() - 3 * line))
        width = area.width() / len(counts)
        for at, count in enumerate(counts):
            height = area.height() * count / most
            box = QRectF(area.left() + at * width + 1, area.bottom() - height, max(1.0, width - 2), height)
            painter.fillRect(box, strong)
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.drawLine(area.topLeft(), area.bottomLeft())
        box = QRectF(0, area.top() - line / 2, left - 6, line)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), number(most))
        below = QRectF(area.left(), area.bottom() + 3, area.width(), line)
        painter.drawText(below, int(Qt.AlignmentFlag.AlignLeft), "0")
        painter.drawText(below, int(Qt.AlignmentFlag.AlignRight), number(round(end) if end >= 10 else round(end, 1)))
        painter.setPen(QPen(ink, 1.2, Qt.PenStyle.DashLine))
        for limit in self.limits:
            if 0 < limit <= end:
                x = area.left() + area.width() * limit / end
                painter.drawLine(int(x), int(area.top()), int(x), int(area.bottom()))

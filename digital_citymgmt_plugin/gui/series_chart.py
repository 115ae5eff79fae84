# SPDX-License-Identifier: GPL-2.0-or-later
"""A figure period by period: bars for numbers, a line for rates, drawn in the theme's own colours with its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QCoreApplication, QLocale, QPointF, QRectF, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from qgis.PyQt.QtWidgets import QToolTip, QWidget


def tr(text: str) -> str:
    """Translate a text of the chart."""
    return QCoreApplication.translate("SeriesChart", text)


class SeriesChart(QWidget):
    """Signal ``chosen`` (number of the period): it was clicked.

    Periods without a value are gaps: no line goes over them, no bar stands there.
    """

    chosen = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = ""
        self.labels: list[str] = []
        self.values: list[float | None] = []
        self.whole: float | None = None  # the figure of all periods together: a dashed line
        self.percent = False
        self.setMinimumSize(200, 120)
        self.setMouseTracking(True)
        self.show_series("", [], [])

    def sizeHint(self) -> QSize:
        """Ask for room for the line and its words."""
        return QSize(320, 170)

    def show_series(
        self, title: str, labels: Sequence[str], values: Sequence[float | None], *, whole: float | None = None,
        percent: bool = False,
    ) -> None:  # fmt: skip
        """Draw other figures."""
        self.title, self.labels, self.values = title, list(labels), list(values)
        self.whole, self.percent = whole, percent
        told = [f"{label}: {self.number(value)}" for label, value in zip(self.labels, self.values)]
        self.setAccessibleName(": ".join(part for part in (title or tr("Series"), ", ".join(told[-24:])) if part))
        self.update()

    def number(self, value: float | None) -> str:
        """Return a figure as it is written beside the axis."""
        if value is None:
            return "–"
        return QLocale().toString(float(value), "f", 2 if self.percent else 0) + (" %" if self.percent else "")

    def _most(self) -> float:
        known = [value for value in (*self.values, self.whole) if value is not None]
        most = max(known, default=0.0)
        return (100.0 if most <= 100.0 else most) if self.percent else max(1.0, most)

    def _area(self) -> QRectF:
        line = self.fontMetrics().height()
        left = self.fontMetrics().horizontalAdvance(self.number(self._most())) + 12
        return QRectF(left, 1.5 * line, max(10.0, self.width() - left - 12), max(10.0, self.height() - 3.2 * line))

    def _at(self, x: float) -> int:
        area = self._area()
        if not self.values or not area.left() <= x <= area.right():
            return -1
        return min(len(self.values) - 1, int((x - area.left()) / area.width() * len(self.values)))

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Tell the figure under the mouse."""
        if event is None:
            return
        at = self._at(event.pos().x())
        if at >= 0:
            where = self.mapToGlobal(event.pos())
            QToolTip.showText(where, f"{self.labels[at]}: {self.number(self.values[at])}", self)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Choose the period under the mouse."""
        at = self._at(event.pos().x()) if event is not None else -1
        if at >= 0:
            self.chosen.emit(at)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw title, axes, figures and the dashed line of the whole."""
        painter = QPainter(self)
        self.draw(painter)
        painter.end()

    def draw(self, painter: QPainter) -> None:
        """Draw it with any painter of this size."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, line = self.palette(), self.fontMetrics().height()
        painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.Base))
        ink, strong = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Highlight)
        painter.setPen(ink)
        title = self.fontMetrics().elidedText(self.title, Qt.TextElideMode.ElideRight, self.width() - 8)
        painter.drawText(QRectF(0, 2, self.width(), line), int(Qt.AlignmentFlag.AlignHCenter), title)
        if not [value for value in self.values if value is not None]:
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), tr("No figures in these periods."))
            return
        area, most = self._area(), self._most()
        step = area.width() / len(self.values)
        middle = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for value in (0.0, most):
            y = area.bottom() - area.height() * value / most
            painter.drawText(QRectF(0, y - line / 2, area.left() - 6, line), middle, self.number(value))
        if self.percent:
            self._draw_line(painter, area, most, step)
        else:
            for at, value in enumerate(self.values):
                high = area.height() * (value or 0.0) / most
                gap = min(2.0, step / 4)
                box = QRectF(area.left() + at * step + gap, area.bottom() - high, max(1.0, step - 2 * gap), high)
                painter.fillRect(box, strong)
        painter.setPen(ink)
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.drawLine(area.topLeft(), area.bottomLeft())
        self._draw_labels(painter, area, step, line)
        if self.whole is not None:
            y = area.bottom() - area.height() * self.whole / most
            painter.setPen(QPen(ink, 1.2, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            words = tr("Whole period: {value}").replace("{value}", self.number(self.whole))
            above = y - line - 1 if y - line > area.top() else y + 1
            painter.drawText(QRectF(area.left() + 4, above, area.width() - 8, line), middle, words)

    def _draw_line(self, painter: QPainter, area: QRectF, most: float, step: float) -> None:
        strong = self.palette().color(QPalette.ColorRole.Highlight)
        painter.setPen(QPen(strong, 2.0))
        run: list[QPointF] = []
        for at, value in enumerate([*self.values, None]):
            if value is not None:
                run.append(QPointF(area.left() + (at + 0.5) * step, area.bottom() - area.height() * value / most))
                continue
            if len(run) > 1:
                painter.drawPolyline(run)
            painter.setBrush(strong)
            for point in run:
                painter.drawEllipse(point, 2.5, 2.5)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            run = []

    def _draw_labels(self, painter: QPainter, area: QRectF, step: float, line: int) -> None:
        """Write as many of the labels as there is room for."""
        widest = max(self.fontMetrics().horizontalAdvance(label) for label in self.labels) + 8
        every = max(1, -(-int(widest) // max(1, int(step))))
        free = 0.0  # where the label before ends
        for at in range(0, len(self.labels), every):
            x = area.left() + (at + 0.5) * step - widest / 2
            x = min(max(x, 0.0), self.width() - widest)
            if x < free:
                continue
            free = x + widest
            box = QRectF(x, area.bottom() + 3, widest, line)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignHCenter), self.labels[at])

# SPDX-License-Identifier: GPL-2.0-or-later
"""An assessment as a picture: a bar for each row in the order of the table, the series, period and formulas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QRectF, Qt
from qgis.PyQt.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPalette

from digital_citymgmt_plugin.gui.models.assessment import Column, Table, text_of
from digital_citymgmt_plugin.gui.series_chart import SeriesChart

WIDE, EDGE = 1600, 48
MOST = 60  # rows with a bar
_BAR, _INK, _PAPER = "#3182bd", "#1f1f1f", "#ffffff"


def tr(text: str) -> str:
    """Translate a text of the picture."""
    return QCoreApplication.translate("AssessmentDock", text)


def draw_picture(
    table: Table, column: Column, answer: Mapping[str, Any], chart: SeriesChart, order: Sequence[int]
) -> QImage:
    """Return the picture of a figure: dark on white, whatever theme the window has."""
    said, at = answer["said"], table.at(column.key)
    rows = [table.rows[number] for number in order][:MOST]
    left = len(table.rows) - len(rows)
    font, small, title = QFont(), QFont(), QFont()
    for one, size in ((font, 22), (small, 17), (title, 32)):
        one.setPixelSize(size)
    title.setBold(True)
    lines = [*said["formulas"], *said["notes"]]
    if left:
        lines.insert(0, tr("{count} more rows are in the table.").replace("{count}", str(left)))
    foot = sum(_height(line, small) for line in lines)
    has_series = bool(chart.labels)
    tall = int(EDGE * 2 + 60 + 36 * (len(rows) + 1) + (400 if has_series else 0) + foot + 40)
    image = QImage(WIDE, tall, QImage.Format.Format_RGB32)
    image.fill(QColor(_PAPER))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(_INK))
    painter.setFont(title)
    head = f"{answer['evaluation']['scheme']['name']} · {column.title} · {said['by']}"
    painter.drawText(QRectF(EDGE, EDGE, WIDE - 2 * EDGE, 46), _flags("left"), head)
    y = EDGE + 60.0
    painter.setFont(font)
    names = max((QFontMetricsF(font).horizontalAdvance(_name(row)) for row in rows), default=0.0)
    wide = min(names, 480.0)
    most = max([float(row[at] or 0) for row in rows] + [100.0 if column.unit == "%" else 1.0])
    for row in [*rows, table.total]:
        words = QFontMetricsF(font).elidedText(_name(row), Qt.TextElideMode.ElideRight, wide)
        painter.drawText(QRectF(EDGE, y, wide, 32), _flags("right"), words)
        length = (WIDE - 2 * EDGE - wide - 190) * float(row[at] or 0) / most if row is not table.total else 0.0
        painter.fillRect(QRectF(EDGE + wide + 14, y + 5, length, 22), QColor(_BAR))
        painter.drawText(QRectF(EDGE + wide + 22 + length, y, 170, 32), _flags("left"), text_of(row[at], column))
        y += 36
    if has_series:
        painter.save()
        painter.translate(EDGE, y + 16)
        _draw_series(painter, chart)
        painter.restore()
        y += 400
    painter.setFont(small)
    painter.setPen(QColor(_INK))
    for line in lines:
        tall_line = _height(line, small)
        painter.drawText(QRectF(EDGE, y + 16, WIDE - 2 * EDGE, tall_line), int(Qt.TextFlag.TextWordWrap), line)
        y += tall_line
    painter.end()
    return image


def _draw_series(painter: QPainter, chart: SeriesChart) -> None:
    """Draw the series in the picture's own size and colours."""
    copy = SeriesChart()
    palette = QPalette()
    for role, colour in (
        (QPalette.ColorRole.Base, _PAPER), (QPalette.ColorRole.Text, _INK), (QPalette.ColorRole.Highlight, _BAR),
    ):  # fmt: skip
        palette.setColor(role, QColor(colour))
    copy.setPalette(palette)
    font = QFont()
    font.setPixelSize(19)
    copy.setFont(font)
    copy.resize(WIDE - 2 * EDGE, 370)
    copy.show_series(chart.title, chart.labels, chart.values, whole=chart.whole, percent=chart.percent)
    painter.setFont(font)
    copy.draw(painter)
    copy.deleteLater()


def _name(row: Sequence[Any]) -> str:
    return str(row[1] or row[0])


def _height(line: str, font: QFont) -> float:
    room = QRectF(0, 0, WIDE - 2 * EDGE, 10_000)
    return QFontMetricsF(font).boundingRect(room, int(Qt.TextFlag.TextWordWrap), line).height() + 4


def _flags(side: str) -> int:
    where = Qt.AlignmentFlag.AlignRight if side == "right" else Qt.AlignmentFlag.AlignLeft
    return int(where | Qt.AlignmentFlag.AlignVCenter)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The number of issues run by run: drawn in the theme's own colours, with the numbers beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QPointF, QRectF, Qt, pyqtSignal
from qgis.PyQt.QtGui import QPainter, QPaintEvent, QPalette, QPen
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QHeaderView, QTableView, QVBoxLayout, QWidget

from digital_citymgmt_plugin.gui.dialogs.operations import moment
from digital_citymgmt_plugin.gui.dialogs.question import fit
from digital_citymgmt_plugin.gui.models.issues import state_words
from digital_citymgmt_plugin.gui.models.rows import RowsModel
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons

# State → pen: told by the dashes and the word at the end of the line, not by colour.
PENS = {"open": Qt.PenStyle.SolidLine, "waived": Qt.PenStyle.DashLine, "settled": Qt.PenStyle.DotLine}


def tr(text: str) -> str:
    """Translate a text of the burn-down."""
    return QCoreApplication.translate("BurnDown", text)


class BurnDown(QWidget):
    """A line each for open, waived and settled issues over the runs of the checks."""

    def __init__(self, runs: Sequence[Mapping[str, Any]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.runs = list(runs)
        self.setMinimumSize(320, 160)
        words = [f"{moment(run['at'])[:10]}: {run['open']}" for run in self.runs[-8:]]
        self.setAccessibleName(tr("Open issues after each run") + ": " + ", ".join(words))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw axes, lines and their words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.Base))
        ink, strong = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Highlight)
        painter.setPen(ink)
        metrics = self.fontMetrics()
        if not self.runs:
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), tr("The checks were not run yet."))
            return
        most = max(1, *(int(run[state]) for run in self.runs for state in PENS))
        left = metrics.horizontalAdvance(str(most)) + 12
        right = max(metrics.horizontalAdvance(state_words(state)) for state in PENS) + 12
        line = metrics.height()
        area = QRectF(left, line, max(10, self.width() - left - right), max(10, self.height() - 3 * line))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.drawLine(area.topLeft(), area.bottomLeft())
        for value in (0, most):
            y = area.bottom() - area.height() * value / most
            box = QRectF(0, y - line / 2, left - 6, line)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), str(value))
        below = QRectF(left, area.bottom() + 4, area.width(), line)
        ends = [moment(run["at"]) for run in (self.runs[0], self.runs[-1])]
        size = 16 if ends[0][:10] == ends[1][:10] else 10  # runs of one day are told apart by their time
        painter.drawText(below, int(Qt.AlignmentFlag.AlignLeft), ends[0][:size])
        if len(self.runs) > 1:
            painter.drawText(below, int(Qt.AlignmentFlag.AlignRight), ends[1][:size])
        taken: list[float] = []
        for state, style in PENS.items():
            points = self._points(area, state, most)
            painter.setPen(QPen(strong if state == "open" else ink, 2.0 if state == "open" else 1.2, style))
            painter.drawPolyline(points)
            for point in points:
                painter.drawEllipse(point, 2.0, 2.0)
            y = points[-1].y()
            while any(abs(y - other) < line for other in taken):
                y -= line  # words of lines that end together stand above each other
            taken.append(y)
            painter.setPen(ink)
            box = QRectF(area.right() + 6, y - line / 2, right, line)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter), state_words(state))

    def _points(self, area: QRectF, state: str, most: int) -> list[QPointF]:
        step = area.width() / max(1, len(self.runs) - 1)
        return [
            QPointF(area.left() + at * step, area.bottom() - area.height() * int(run[state]) / most)
            for at, run in enumerate(self.runs)
        ]


class BurnDownDialog(QDialog):
    """The chart with its numbers; ``export_asked`` wants them in a file."""

    export_asked = pyqtSignal()

    def __init__(self, runs: Sequence[Mapping[str, Any]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Issues over time"))
        self.chart = BurnDown(runs, self)
        self.header = [tr("Run"), tr("Scope"), tr("Components"), *(state_words(state) for state in PENS)]
        scopes = {"all": tr("All"), "sheet": tr("Sheet"), "changed": tr("What changed")}
        self.rows = [
            (
                moment(run["at"]),
                f"{scopes.get(str(run['scope']), run['scope'])} {run.get('sheet') or ''}".rstrip(),
                int(run["components"] or 0),
                *(int(run[state]) for state in PENS),
            )
            for run in runs
        ]
        table = QTableView()
        table.setModel(RowsModel(self.header, self.rows, self))
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        table.verticalHeader().hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        name_buttons(buttons)
        buttons.rejected.connect(self.reject)
        button = buttons.addButton(tr("E&xport…"), QDialogButtonBox.ButtonRole.ActionRole)
        button.clicked.connect(lambda: self.export_asked.emit())
        layout = QVBoxLayout(self)
        layout.addWidget(self.chart, 2)
        layout.addWidget(table, 1)
        layout.addWidget(buttons)
        fit(self, 640, 480)

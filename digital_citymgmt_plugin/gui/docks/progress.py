# SPDX-License-Identifier: GPL-2.0-or-later
"""What the engine does, the same line at the foot of every dock: words, how far it is, a button that stops it."""

from __future__ import annotations

from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QCoreApplication, QTimer
from qgis.PyQt.QtWidgets import QBoxLayout, QHBoxLayout, QProgressBar, QWidget

from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.gui.docks.parts import Scrolled, button, plain_label
from digital_citymgmt_plugin.gui.engine_link import EngineLink

PATIENCE = 400  # ms: what is done sooner would only flicker


def tr(text: str) -> str:
    """Translate a text of the line."""
    return QCoreApplication.translate("ProgressLine", text)


class ProgressLine(QWidget):
    """Hidden while nothing runs, and in the first moment of what does."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = plain_label()
        self.label.setAccessibleName(tr("State of the engine"))
        self.bar = QProgressBar()
        self.bar.setMaximumWidth(120)
        self.bar.setAccessibleName(tr("Progress of the running action"))
        self.bar.setToolTip(tr("Progress of the running action"))
        self.cancel_button = button(
            tr("Cance&l"), tr("Stop the running action; nothing is changed"), "dcm_cancel_running"
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.label, 1)
        row.addWidget(self.bar)
        row.addWidget(self.cancel_button)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PATIENCE)
        self._timer.timeout.connect(self.show)
        self.hide()

    def follow(self, link: EngineLink) -> None:
        """Tell what this link does."""
        link.busy_changed.connect(self.show_busy)
        link.progressed.connect(self.show_progress)
        self.cancel_button.clicked.connect(lambda _=False: link.cancel())

    def show_busy(self, busy: bool, words: str) -> None:
        """Say what runs, or nothing."""
        self.bar.setRange(0, 0)
        if busy:
            self.label.setText(f"{words}…")
            self._timer.start()
        else:
            self._timer.stop()
            self.hide()

    def show_progress(self, fraction: float, message: str, values: dict[str, Any]) -> None:
        """Say how far it is."""
        self.bar.setRange(0, 100)
        self.bar.setValue(round(fraction * 100))
        if message and not message.startswith("step:"):
            self.label.setText(sentence(message, values))


def add_progress(dock: QgsDockWidget, link: EngineLink) -> ProgressLine:
    """Put the line at the foot of a dock."""
    body = dock.widget().body if isinstance(dock.widget(), Scrolled) else dock.widget()
    line = ProgressLine(body)
    layout = body.layout()
    assert isinstance(layout, QBoxLayout)  # noqa: S101  (every dock is a column)
    layout.addWidget(line)
    line.follow(link)
    return line

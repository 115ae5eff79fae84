# SPDX-License-Identifier: GPL-2.0-or-later
"""From the thread that finds an engine dead to the main thread."""

from __future__ import annotations

from qgis.PyQt.QtCore import QObject, Qt, pyqtSignal


class Restarts(QObject):
    """Says ``restarted(path)`` in the main thread; ``path`` is "" for the engine without a store."""

    restarted = pyqtSignal(str)
    _told = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self._told.connect(self._pass_on, Qt.ConnectionType.QueuedConnection)

    def tell(self, path: str | None) -> None:
        """Note that an engine that had ended was started again; from any thread."""
        self._told.emit(path or "")

    def _pass_on(self, path: str) -> None:
        self.restarted.emit(path)

# SPDX-License-Identifier: GPL-2.0-or-later
"""That a store has changed: algorithms tell it in any thread, docks and layers hear it in the main thread."""

from __future__ import annotations

from collections.abc import Iterable

from qgis.PyQt.QtCore import QCoreApplication, QObject, Qt, pyqtSignal


class StoreEvents(QObject):
    """Says ``store_changed(path, tables)`` in the main thread; ``path`` as ``engine_pool.normalised`` spells it."""

    store_changed = pyqtSignal(str, list)
    store_opened = pyqtSignal(str)  # by an engine, in the main thread
    _told = pyqtSignal(str, list)
    _told_opened = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        application = QCoreApplication.instance()
        if application is not None:
            self.moveToThread(application.thread())
        # Queued: whoever tells goes on at once, and whoever hears does so in the main thread.
        self._told.connect(self._pass_on, Qt.ConnectionType.QueuedConnection)
        self._told_opened.connect(self._pass_opened, Qt.ConnectionType.QueuedConnection)

    def tell(self, path: str, tables: Iterable[str]) -> None:
        """Say that tables of a store have changed; from any thread."""
        self._told.emit(path, sorted(set(tables)))

    def tell_opened(self, path: str) -> None:
        """Say that an engine has opened a store; from any thread."""
        self._told_opened.emit(path)

    def _pass_opened(self, path: str) -> None:
        self.store_opened.emit(path)

    def _pass_on(self, path: str, tables: list[str]) -> None:
        self.store_changed.emit(path, tables)


_events: StoreEvents | None = None


def store_events() -> StoreEvents:
    """Return the one object to connect to; made at the first call."""
    global _events
    if _events is None:
        _events = StoreEvents()
    return _events


def tell_store_changed(path: str, tables: Iterable[str]) -> None:
    """Say that tables of a store have changed; from any thread."""
    store_events().tell(path, tables)

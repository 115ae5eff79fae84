# SPDX-License-Identifier: GPL-2.0-or-later
"""What the entries of the menu share: the open store, a question to its engine, one window at a time."""

from __future__ import annotations

from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication, QObject
from qgis.PyQt.QtWidgets import QDialog

from digital_citymgmt_plugin.core.requests import Request
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.engine_link import OnError, OnResult


class OneWindow:
    """Beside a ``QObject`` with a ``controller``: the window that an entry of the menu has open, one at a time."""

    controller: CityController
    dialog: Any = None

    def has_store(self) -> bool:
        """Tell whether a store is open, and the user that none is."""
        if not self.controller.path:
            words = QCoreApplication.translate("MenuActions", "Open a city store first.")
            self.controller.messages.show(words, Qgis.MessageLevel.Info)
        return bool(self.controller.path)

    def raised(self) -> bool:
        """Bring the window that is open to the front; False when none is."""
        if self.dialog is not None:
            self.dialog.raise_()
            self.dialog.activateWindow()
        return self.dialog is not None

    def open(self, dialog: QDialog) -> None:
        """Show a window in the place of the one before."""
        self.close_dialog()
        self.dialog = dialog
        dialog.finished.connect(lambda _answer: self._finished(dialog))
        dialog.show()

    def _finished(self, dialog: QDialog) -> None:
        if self.dialog is dialog:
            self.dialog = None
            self.left()
        dialog.deleteLater()

    def left(self) -> None:
        """Do what has to be done when the window was closed."""

    def close_dialog(self) -> None:
        """Close the window that is open."""
        if self.dialog is not None:
            self.dialog.done(0)  # without asking what a window may ask when it is left
            self.dialog = None


class MenuActions(OneWindow, QObject):
    """Entries of the menu with a window; the store is the one of the City dock."""

    def __init__(self, controller: CityController) -> None:
        super().__init__(controller)
        self.controller = controller

    def ask(self, words: str, store: str, request: Request, then: OnResult, failed: OnError | None = None) -> None:
        """Send a request; the answer comes in the main thread, an error to the message bar unless ``failed`` takes it.

        ``store`` is the one that was open when the user began.
        """
        work = self.controller.session.ask(store, request)
        self.controller.link.ask(words, work, then, failed or self.controller.messages.show_error)

    def shut(self) -> None:
        """Close the window that is open."""
        self.close_dialog()

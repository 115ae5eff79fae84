# SPDX-License-Identifier: GPL-2.0-or-later
"""The first minutes: *New city from what I have* and *Open demo city*."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QObject

from digital_citymgmt_plugin.bridge.building import build_demo
from digital_citymgmt_plugin.bridge.settings import DEMO_STORE
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.engine_link import OnProgress
from digital_citymgmt_plugin.gui.wizard.city_page import documents
from digital_citymgmt_plugin.gui.wizard.new_city import NewCityWizard

FOLDER = "数字城管演示"


def tr(text: str) -> str:
    """Translate a text of the first run."""
    return QCoreApplication.translate("FirstRun", text)


class FirstRun(QObject):
    """Opens the wizard and builds the demo city; both end with the city open in the dock."""

    def __init__(self, controller: CityController) -> None:
        super().__init__(controller)
        self.controller = controller
        self.wizard: NewCityWizard | None = None

    def ask_wizard(self) -> None:
        """Open the wizard; once is enough."""
        if self.wizard is not None:
            self.wizard.raise_()
            self.wizard.activateWindow()
            return
        wizard = NewCityWizard(self.controller.session.pool, self.controller.iface.mainWindow())
        wizard.built.connect(self.controller.open_store)
        wizard.finished.connect(self._ended)
        self.wizard = wizard
        wizard.show()

    def _ended(self, _answer: int) -> None:
        wizard, self.wizard = self.wizard, None
        if wizard is not None:
            wizard.deleteLater()

    def open_demo(self) -> None:
        """Open the demo city; the first time it is built in the user's documents. Nothing is ever overwritten."""
        known = str(DEMO_STORE.get())
        if known and Path(known).is_file():
            self.controller.open_store(known)
            return
        if self.controller.link.busy:
            return
        folder = documents() / FOLDER
        pool = self.controller.session.pool

        def work(on_progress: OnProgress, is_cancelled: Any) -> dict[str, Any]:
            made = build_demo(pool, folder, on_progress, is_cancelled)
            return {"path": made.path}

        words = tr("Building the demo city")
        self.controller.link.ask(words, work, self._demo_built, self.controller.messages.show_error)

    def _demo_built(self, answer: dict[str, Any]) -> None:
        DEMO_STORE.set(answer["path"])
        self.controller.messages.show(
            tr("The demo city is in {file}. Try whatever you like on it.").format(file=answer["path"])
        )
        self.controller.open_store(answer["path"])

    def shut(self) -> None:
        """End: a wizard that is open is closed."""
        if self.wizard is not None:
            wizard, self.wizard = self.wizard, None
            wizard.finished.disconnect(self._ended)
            wizard.shut()
            wizard.deleteLater()

# SPDX-License-Identifier: GPL-2.0-or-later
"""The wizard itself: its pages, its questions to the engine, and what a key or a closed window does meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QWidget, QWizard

from digital_citymgmt_plugin.bridge.building import CityPlan, build
from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.bridge.settings import LAST_FOLDER
from digital_citymgmt_plugin.core.errors import Cancelled
from digital_citymgmt_plugin.core.requests import Layer, SurveyFiles
from digital_citymgmt_plugin.gui.dialogs.question import fit
from digital_citymgmt_plugin.gui.engine_link import EngineLink, OnProgress
from digital_citymgmt_plugin.gui.wizard.build_pages import CheckPage, RunPage
from digital_citymgmt_plugin.gui.wizard.city_page import CityPage
from digital_citymgmt_plugin.gui.wizard.files_page import FilesPage
from digital_citymgmt_plugin.gui.wizard.state import WizardState, tr


class NewCityWizard(QWizard):
    """*New city from what I have*; not modal, so that the map stays usable.

    Says ``built(path)`` when a city is there. Until then nothing is written; a refusal or a stop leads back to the page
    before with the reason.
    """

    built = pyqtSignal(str)

    def __init__(self, pool: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pool = pool
        self.setObjectName("DcmNewCityWizard")
        self.setWindowTitle(tr("New city from what I have"))
        # The same on every desktop; other styles draw a band that dark themes cannot follow.
        self.setWizardStyle(QWizard.WizardStyle.ClassicStyle)
        self.setOption(QWizard.WizardOption.DisabledBackButtonOnLastPage, True)
        self.setOption(QWizard.WizardOption.NoBackButtonOnStartPage, True)
        self.state = WizardState()
        self.link = EngineLink(self)
        self.files_page = FilesPage(self.state, self.look, self.link.cancel)
        self.city_page = CityPage(self.state)
        self.check_page = CheckPage(self.state, self.plan)
        self.run_page = RunPage(self.start, self.link.cancel)
        for page in (self.files_page, self.city_page, self.check_page, self.run_page):
            self.addPage(page)
        self.check_page.setButtonText(QWizard.WizardButton.NextButton, tr("B&uild the city"))
        for button, words in (
            (QWizard.WizardButton.NextButton, tr("&Next")), (QWizard.WizardButton.BackButton, tr("&Back")),
            (QWizard.WizardButton.FinishButton, tr("&Finish")), (QWizard.WizardButton.CancelButton, tr("Cancel")),
        ):  # fmt: skip
            self.setButtonText(button, words)
        self.link.progressed.connect(self._on_progress)
        fit(self, 860, 640)

    # -- looking ------------------------------------------------------------------------------------------------

    def look(self, layers: list[Layer]) -> None:
        """Look at files; the answer fills the list."""

        def work(on_progress: OnProgress, is_cancelled: Any) -> dict[str, Any]:
            with self.pool.lease() as lease:
                return dict(lease.call(SurveyFiles(layers), on_progress=on_progress, is_cancelled=is_cancelled))

        self.files_page.show_busy(True)
        self.link.ask(tr("Looking at the files"), work, self._looked, self._not_looked)

    def _looked(self, answer: dict[str, Any]) -> None:
        self.state.take(answer)
        self.files_page.show_busy(False)
        self.files_page.refill()

    def _not_looked(self, error: Exception) -> None:
        self.files_page.show_busy(False)
        self.files_page.refill()
        self.files_page.said.setText(sentence(error))

    # -- building -----------------------------------------------------------------------------------------------

    def plan(self) -> CityPlan:
        """Return what is to be built, as the pages stand."""
        return self.state.plan(self.city_page.request())

    def start(self) -> None:
        """Build; called when the last page comes."""
        plan = self.plan()

        def work(on_progress: OnProgress, is_cancelled: Any) -> dict[str, Any]:
            made = build(self.pool, plan, on_progress, is_cancelled)
            return {"path": made.path, "steps": made.steps, "rejects": made.rejects}

        self.link.ask(tr("Building the city"), work, self._made, self._not_made)

    def _made(self, answer: dict[str, Any]) -> None:
        LAST_FOLDER.set(str(Path(answer["path"]).parent))
        self.run_page.show_built(answer)
        # Nothing is left to cancel.
        self.button(QWizard.WizardButton.CancelButton).setEnabled(False)
        self.built.emit(answer["path"])

    def _not_made(self, error: Exception) -> None:
        self.back()
        if isinstance(error, Cancelled):
            self.check_page.said.setText(tr("Stopped. Nothing was written."))
        else:
            self.check_page.said.setText(tr("Nothing was written: {reason}").format(reason=sentence(error)))

    def _on_progress(self, fraction: float, message: str, values: Mapping[str, Any]) -> None:
        if self.currentPage() is self.run_page:
            self.run_page.show_progress(fraction, message, values)
        else:
            self.files_page.show_progress(fraction, sentence(message, values) if message else "")

    # -- ending -------------------------------------------------------------------------------------------------

    def reject(self) -> None:
        """Esc and Cancel stop what runs first; with nothing running they close the wizard."""
        if self.link.busy:
            self.run_page.stop_button.setEnabled(False)
            self.link.cancel()
            return
        super().reject()

    def shut(self) -> None:
        """End for good: whatever runs is stopped, and what was half built is gone."""
        self.link.shut()
        self.close()

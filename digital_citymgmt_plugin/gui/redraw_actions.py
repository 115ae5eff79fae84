# SPDX-License-Identifier: GPL-2.0-or-later
"""Writing a redraw, its scenarios, its settings: what the *Redraw* dock does besides drawing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtWidgets import QDialog

from digital_citymgmt_plugin.bridge import scenario_layers
from digital_citymgmt_plugin.bridge.messages import sentence, template
from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.core.requests_draft import DraftSources
from digital_citymgmt_plugin.core.requests_redraw import (
    ApplyRedraw,
    CompareScenarios,
    DiscardScenario,
    ListScenarios,
    RebaseRedraw,
    SaveScenario,
)
from digital_citymgmt_plugin.gui.dialogs.question import ask_text, question, said_yes
from digital_citymgmt_plugin.gui.dialogs.redraw_compare import CompareDialog
from digital_citymgmt_plugin.gui.dialogs.redraw_settings import RedrawSettings
from digital_citymgmt_plugin.gui.docks.redraw_controller import RedrawController
from digital_citymgmt_plugin.gui.models.redraw import tr
from digital_citymgmt_plugin.gui.models.scenarios import conflicts_words, scenario_words
from digital_citymgmt_plugin.gui.redraw_mending import RedrawMending

DRAWN = "session"  # stands for what is drawn now
CHANGED = "redraw.changed"  # somebody else changed grids since the redraw began


class RedrawActions(QObject):
    """Wires the lower half of the dock."""

    def __init__(self, desk: RedrawController) -> None:
        super().__init__(desk)
        self.desk, self.dock = desk, desk.dock
        self.dialog: Any = None
        self.listed: list[dict[str, Any]] = []
        self._own = False  # what is written now is our own
        self.mending = RedrawMending(desk)
        dock = self.dock
        dock.settings_button.clicked.connect(lambda _=False: self.ask_settings())
        dock.apply_button.clicked.connect(lambda _=False: self.apply())
        dock.save_button.clicked.connect(lambda _=False: self.ask_name())
        dock.open_action.triggered.connect(lambda _=False: self.ask_open())
        dock.compare_action.triggered.connect(lambda _=False: self.compare())
        dock.drop_action.triggered.connect(lambda _=False: self.put_aside())
        dock.visibilityChanged.connect(lambda shown=False: self.list() if shown else None)
        desk.begun.connect(self.list)
        desk.controller.tables_changed.connect(self._tables)

    # -- writing ------------------------------------------------------------------------------------------------

    def apply(self) -> None:
        """Show the counts of what the changes move; write them when the user says so."""
        desk = self.desk
        if not desk.session or not desk.entries:
            return
        desk.pens.drop()
        policy, reason = str(self.dock.policy_box.currentData()), self.dock.reason_edit.text().strip()
        request = ApplyRedraw(desk.session, policy, reason)
        desk.courier.hold(True)  # a question of a pen would end the preview that the engine holds
        words = template(f"operation.{request.method}") or tr("Redraw unit grids")

        def seen(answer: dict[str, Any]) -> None:
            self._own = True
            desk.show_counts(words, request, moved(answer), self._applied, self._not_applied)
            assert desk.preview is not None  # noqa: S101  (just shown)
            desk.preview.finished.connect(lambda _code: desk.courier.hold(False))
            desk.preview.rejected.connect(self._not_own)

        desk.ask(words, request, seen, preview="hold", failed=self._not_applied)

    def _applied(self, answer: dict[str, Any]) -> None:
        """Go on from what is written: the engine's session does, without changes."""
        self._own = False
        self.desk.written(answer)
        self.dock.reason_edit.clear()
        self.list()

    def _tables(self, tables: list[str]) -> None:
        """Take note of writes: of scenarios, and of grids that somebody else wrote under a session without changes."""
        if "scenario" in tables:
            self.list()
        if self.desk.session and not self._own and (not tables or "unit_grid" in tables):
            if self.desk.entries:
                self.dock.say(tr("The grids in the store have changed: on writing you are asked what is to be done."))
            else:
                self.rebase()

    def _not_own(self) -> None:
        self._own = False

    def _not_applied(self, error: Exception) -> None:
        self._own = False
        self.desk.courier.hold(False)
        if isinstance(error, CityError) and error.code == CHANGED:
            words = tr("Do your changes again on the grids as they are now? What no longer fits is listed.")
            self._question(sentence(error), words, self.rebase)
        else:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        """Tell an error; the session that was lost with its engine is made again, so that the next try does it."""
        if not self.desk.mend(error):
            self.desk.controller.messages.show_error(error)

    def rebase(self) -> None:
        """Do the changes again on the grids as they are now."""
        request = RebaseRedraw(self.desk.session)
        self.desk.ask(tr("Doing the changes again"), request, self._rebased, failed=self._failed)

    def _rebased(self, answer: dict[str, Any]) -> None:
        self.desk.go_on(answer)
        if not self.desk.entries and not answer.get("conflicts"):
            return
        words = conflicts_words(answer.get("conflicts"))
        level = Qgis.MessageLevel.Warning if words else Qgis.MessageLevel.Success
        done = counted(
            tr("{count} [change stands|changes stand] on the grids as they are now."), count=len(self.desk.entries)
        )
        self.desk.controller.messages.show(done, level, words)

    # -- scenarios ----------------------------------------------------------------------------------------------

    def list(self) -> None:
        """Offer the scenarios of the store."""
        if self.desk.path and self.dock.isVisible():
            self.desk.ask(tr("Listing scenarios"), ListScenarios(), self._listed, failed=lambda _error: None)

    def _listed(self, answer: dict[str, Any]) -> None:
        self.listed = list(answer.get("scenarios") or [])
        rows = [(str(one["uuid"]), scenario_words(one)) for one in self.listed]
        self.dock.show_scenarios(rows, self.desk.scenario or str(self.dock.scenario_box.currentData() or ""))

    def _chosen(self) -> dict[str, Any] | None:
        key = self.dock.scenario_box.currentData()
        found = next((one for one in self.listed if one["uuid"] == key), None)
        if found is None:
            self.dock.say(tr("Choose a scenario first."))
        return found

    def ask_name(self) -> None:
        """Ask how the scenario is to be called, and save it; the name of one that is there writes over it."""
        desk = self.desk
        known = next((str(one["name"]) for one in self.listed if one["uuid"] == desk.scenario), "")
        title, words = tr("Save as a scenario"), tr("Name of the scenario (one that is there is written over)")
        self._show(ask_text(self.dock, title, words, known, lambda name: self.save(name.strip()), tr("Save")))

    def save(self, name: str) -> None:
        """Keep the changes under a name."""
        desk = self.desk
        if not name or not desk.session:
            return
        over = next((str(one["uuid"]) for one in self.listed if one["name"] == name), None)
        request = SaveScenario(desk.session, name, over, None if over == desk.scenario else desk.scenario or None)
        if over is not None and over != desk.scenario:
            words = tr("Write over the scenario “{name}”?").format(name=name)
            told = tr("What it holds now is replaced; the action can be taken back.")
            self._question(words, told, lambda: self._save(request))
        else:
            self._save(request)

    def _save(self, request: SaveScenario) -> None:
        desk = self.desk

        def saved(answer: dict[str, Any]) -> None:
            desk.scenario = str(answer.get("scenario") or "")
            self.list()

        desk.write_now(request, saved, self._failed)

    def ask_open(self) -> None:
        """Open the scenario that is chosen; asks when changes would be lost."""
        found = self._chosen()
        if found is not None:
            self.desk.if_sure(
                tr("Give {count} [change|changes] up?"), lambda: self.desk.begin(scenario=str(found["uuid"]))
            )

    def put_aside(self) -> None:
        """Put the scenario that is chosen aside; asks first."""
        found = self._chosen()
        if found is not None:
            words = tr("Put the scenario “{name}” aside?").format(name=found["name"])
            told = tr("Its row stays in the store; the action can be taken back.")
            self._question(words, told, lambda: self.desk.write_now(DiscardScenario(str(found["uuid"]))))

    def compare(self) -> None:
        """Set the scenario that is chosen beside what is drawn now; while nothing is, beside the grids as they are."""
        found = self._chosen()
        if found is None:
            return
        desk = self.desk
        if not desk.session:
            self.dock.say(tr("Press “Begin” first."))
            return
        drawn = bool(desk.entries)
        names = (tr("drawn now") if drawn else tr("grids as they are"), str(found["name"]))
        request = CompareScenarios(desk.session, DRAWN if drawn else "", str(found["uuid"]))

        def came(answer: dict[str, Any]) -> None:
            dialog = CompareDialog(names, answer, self.dock)
            dialog.maps_asked.connect(lambda: self._ask_maps(names, request))
            self._show(dialog)

        desk.ask(tr("Comparing scenarios"), request, came, failed=self._failed)

    def _ask_maps(self, names: tuple[str, str], request: CompareScenarios) -> None:
        """Ask for a file, have both written to it and load them."""
        path = self.desk.ask_file(tr("Scenarios side by side"), tr("Scenarios side by side") + ".gpkg", "*.gpkg")
        if path:
            path = path if path.lower().endswith(".gpkg") else f"{path}.gpkg"
            asked = replace(request, output=path)
            words = tr("Comparing scenarios")
            self.desk.ask(words, asked, lambda _answer: self._load(path, names), failed=self._failed)

    def _load(self, path: str, names: tuple[str, str]) -> None:
        try:
            scenario_layers.load(path, names)
        except CityError as error:
            self.desk.controller.messages.show_error(error)

    # -- settings -----------------------------------------------------------------------------------------------

    def ask_settings(self) -> None:
        """Ask what the figures count."""
        self.desk.ask(tr("Looking at what there is to count"), DraftSources(), self._settings)

    def _settings(self, answer: dict[str, Any]) -> None:
        dialog = RedrawSettings(answer.get("classes") or [], self.desk.settings, self.dock)
        dialog.accepted.connect(lambda: self._set(dialog.values()))
        self._show(dialog)

    def _set(self, values: dict[str, Any]) -> None:
        self.desk.settings = values

    # -- windows ------------------------------------------------------------------------------------------------

    def _question(self, text: str, told: str, then: Any) -> None:
        box = question(self.dock, tr("Redraw unit grids"), text, told)
        box.finished.connect(lambda answer: then() if said_yes(answer) else None)
        self._show(box)

    def _show(self, dialog: QDialog) -> None:
        if self.dialog is not None:
            self.dialog.done(0)
        self.dialog = dialog
        dialog.finished.connect(lambda _answer: self._ended(dialog))
        dialog.open()

    def _ended(self, dialog: QDialog) -> None:
        if self.dialog is dialog:
            self.dialog = None
        dialog.deleteLater()

    def shut(self) -> None:
        """End: close what stands open."""
        self.mending.shut()
        if self.dialog is not None:
            self.dialog.done(0)


def moved(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the counts of a redraw for the window that confirms them, with a sentence of what moves."""
    counts = dict(answer.get("counts") or {})
    values = {"components": counts.get("components_moved", 0), "cases": counts.get("open_cases_moved", 0)}
    notes = [{"code": "redraw.will_move", "values": values}, *(answer.get("notes") or [])]
    return {**answer, "notes": notes}

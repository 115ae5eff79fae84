# SPDX-License-Identifier: GPL-2.0-or-later
"""The docks of the census bench: made hidden, shown from menu and toolbar, taken away again."""

from __future__ import annotations

from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QCoreApplication, Qt, QTimer
from qgis.PyQt.QtWidgets import QMenu, QToolBar

from digital_citymgmt_plugin.gui.backdrop_actions import BackdropActions
from digital_citymgmt_plugin.gui.base_map_actions import BaseMapActions
from digital_citymgmt_plugin.gui.desk import Desk
from digital_citymgmt_plugin.gui.docks.analyst_controller import AnalystController
from digital_citymgmt_plugin.gui.docks.analyst_dock import AnalystDock
from digital_citymgmt_plugin.gui.docks.assessment_controller import AssessmentController
from digital_citymgmt_plugin.gui.docks.assessment_dock import AssessmentDock
from digital_citymgmt_plugin.gui.docks.beat_controller import BeatController
from digital_citymgmt_plugin.gui.docks.beat_dock import BeatDock
from digital_citymgmt_plugin.gui.docks.candidate_panel import CandidateController, CandidatePanel
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.docks.dispatch_amending import AmendDesk
from digital_citymgmt_plugin.gui.docks.dispatch_controller import DispatchController
from digital_citymgmt_plugin.gui.docks.dispatch_dock import DispatchDock
from digital_citymgmt_plugin.gui.docks.dispatch_duty import DutyDesk
from digital_citymgmt_plugin.gui.docks.dispatch_links import LinkDesk
from digital_citymgmt_plugin.gui.docks.dispatch_moves import MoveDesk
from digital_citymgmt_plugin.gui.docks.dispatch_places import PlaceDesk
from digital_citymgmt_plugin.gui.docks.dispatch_slips import SlipDesk
from digital_citymgmt_plugin.gui.docks.draft_controller import DraftController
from digital_citymgmt_plugin.gui.docks.draft_dock import DraftDock
from digital_citymgmt_plugin.gui.docks.issue_controller import IssueController
from digital_citymgmt_plugin.gui.docks.issue_dock import IssueDock
from digital_citymgmt_plugin.gui.docks.lineage_controller import LineageController
from digital_citymgmt_plugin.gui.docks.lineage_dock import LineageDock
from digital_citymgmt_plugin.gui.docks.parts import bring_forward, make_tab
from digital_citymgmt_plugin.gui.docks.progress import add_progress
from digital_citymgmt_plugin.gui.docks.redraw_controller import RedrawController
from digital_citymgmt_plugin.gui.docks.redraw_dock import RedrawDock
from digital_citymgmt_plugin.gui.docks.sheet_board import SheetBoard, SheetController
from digital_citymgmt_plugin.gui.draft_actions import DraftActions
from digital_citymgmt_plugin.gui.icons import icon
from digital_citymgmt_plugin.gui.redraw_actions import RedrawActions
from digital_citymgmt_plugin.gui.remediation_actions import RemediationActions
from digital_citymgmt_plugin.gui.rule_actions import RuleActions
from digital_citymgmt_plugin.gui.totals_actions import TotalsActions
from digital_citymgmt_plugin.gui.unwritten import ExitBlocker
from digital_citymgmt_plugin.gui.vendor_actions import VendorActions, VendorBeatActions


def tr(text: str) -> str:
    """Translate a text of the menu."""
    return QCoreApplication.translate("CensusDocks", text)


class CensusDocks:
    """Makes the docks with their controllers."""

    def __init__(self, iface: Any, controller: CityController) -> None:
        self.iface = iface
        window = iface.mainWindow()
        issue_dock, board, panel = IssueDock(window), SheetBoard(window), CandidatePanel(window)
        self.issues = IssueController(controller, issue_dock)
        self.sheets = SheetController(controller, board)
        self.candidates = CandidateController(controller, panel)
        draft_dock = DraftDock(window)
        self.drafts = DraftController(controller, draft_dock)
        self.draft = DraftActions(controller, window)
        redraw_dock = RedrawDock(window)
        self.redraw = RedrawController(controller, redraw_dock)
        self.redraw_actions = RedrawActions(self.redraw)
        lineage_dock = LineageDock(window)
        self.lineage = LineageController(controller, lineage_dock)
        beat_dock = BeatDock(window)
        self.beats = BeatController(controller, beat_dock)
        dispatch_dock = DispatchDock(window)
        self.dispatch = DispatchController(controller, dispatch_dock)
        self.moves = MoveDesk(self.dispatch)
        self.amending = AmendDesk(self.dispatch, self.moves)
        self.duty = DutyDesk(self.dispatch, self.moves)
        self.links = LinkDesk(self.dispatch, self.moves)
        self.places = PlaceDesk(self.dispatch, self.amending)
        self.slips = SlipDesk(self.dispatch)
        def show_number(number: str, words: str) -> None:
            self._bring(dispatch_dock)
            self.dispatch.show_number(number, words)

        assessment_dock = AssessmentDock(window)
        self.assessment = AssessmentController(controller, assessment_dock)
        self.assessment.cases_asked.connect(show_number)
        analyst_dock = AnalystDock(window)
        self.analyst = AnalystController(controller, analyst_dock)
        # Without a store the algorithm's own dialog opens: it drafts from layers alone.
        controller.windows["draftgrids"] = self.draft.show
        self.vendor = VendorActions(controller, window)
        self.vendor.adopted.connect(self._show_grid_faults)
        self.vendor_beats = VendorBeatActions(controller, window)
        self.vendor.beats_next.connect(self.vendor_beats.show)
        self.vendor_beats.adopted.connect(lambda: self._bring(beat_dock))
        controller.dock.vendor_button.clicked.connect(lambda _=False: self.vendor.show())
        controller.dock.redraw_button.clicked.connect(lambda _=False: self._bring(redraw_dock))
        self.base_map = BaseMapActions(controller, window)
        self.backdrop = BackdropActions(controller, window)
        self.rules = RuleActions(controller)
        self.totals = TotalsActions(controller, window)
        self.remediation = RemediationActions(controller, window)

        def show_case(fid: int) -> None:
            self._bring(dispatch_dock)
            self.dispatch.show_fid(fid)

        self.remediation.case_asked.connect(show_case)

        def ask_rules() -> None:
            self.rules.show_rule(next(iter(issue_dock.chosen_rules()), ""))

        draft_dock.draft_button.clicked.connect(lambda _=False: self.draft.show())
        self.draft.drafted.connect(self._drafted)
        issue_dock.rules_button.clicked.connect(lambda _=False: ask_rules())
        issue_dock.totals_button.clicked.connect(lambda _=False: self.totals.show())
        self.desks: list[Desk] = [
            self.issues, self.sheets, self.candidates, self.base_map, self.backdrop, self.totals, self.draft,
            self.drafts, self.vendor, self.vendor_beats, self.redraw, self.lineage, self.beats, self.dispatch,
            self.remediation, self.assessment, self.analyst,
        ]  # fmt: skip
        self.docks: list[tuple[str, str, QgsDockWidget]] = [
            (tr("&Issues"), "issues", issue_dock),
            (tr("&Sheets"), "sheets", board),
            (tr("C&andidates"), "candidates", panel),
            (tr("&Draft of unit grids"), "grid_draft", draft_dock),
            (tr("Redra&w unit grids"), "redraw", redraw_dock),
            (tr("&Lineage of unit grids"), "lineage", lineage_dock),
            (tr("&Beats"), "beats", beat_dock),
            (tr("Dis&patch of cases"), "dispatch", dispatch_dock),
            (tr("Assess&ment"), "assessment", assessment_dock),
            (tr("Anal&yst"), "analyst", analyst_dock),
        ]
        self.exit_blocker = ExitBlocker(controller.unwritten, iface)
        for _words, _name, dock in self.docks:
            iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
            dock.hide()
            add_progress(dock, controller.link)
        self._make_tabs()
        QTimer.singleShot(0, self._make_tabs)  # QGIS sets its window up after the plugins: once more then

    def add_to(self, menu: QMenu, toolbar: QToolBar) -> None:
        """Add an entry that shows and hides each dock."""
        menu.addSeparator()
        toolbar.addSeparator()
        base_map = menu.addAction(icon("base_map"), tr("Import &base map…"))
        base_map.setObjectName("dcm_base_map")
        base_map.triggered.connect(lambda _=False: self.base_map.ask_file_in())
        vendor = menu.addAction(icon("grid_adopt"), tr("I have &grids already…"))
        vendor.setObjectName("dcm_vendor_grids")
        vendor.triggered.connect(lambda _=False: self.vendor.show())
        orthophoto = menu.addAction(icon("base_map"), tr("Add &orthophoto…"))
        orthophoto.setObjectName("dcm_orthophoto")
        orthophoto.triggered.connect(lambda _=False: self.backdrop.ask_image())
        rules = menu.addAction(icon("check_rules"), tr("Check &rules…"))
        rules.setObjectName("dcm_check_rules")
        rules.triggered.connect(lambda _=False: self.rules.show_rule(""))
        totals = menu.addAction(icon("totals"), tr("&Totals and their check…"))
        totals.setObjectName("dcm_totals")
        totals.triggered.connect(lambda _=False: self.totals.show())
        remediation = menu.addAction(icon("assess"), tr("Re&mediation and funds…"))
        remediation.setObjectName("dcm_remediation")
        remediation.triggered.connect(lambda _=False: self.remediation.show())
        for words, name, dock in self.docks:
            action = dock.toggleViewAction()
            action.setText(words)
            action.setIcon(icon(name))
            action.setObjectName(f"dcm_{name}")
            action.triggered.connect(lambda shown=False, dock=dock: self._bring(dock) if shown else None)
            menu.addAction(action)
            toolbar.addAction(action)

    def _make_tabs(self) -> None:
        """Put all docks beside the City dock, before any is shown."""
        for _words, _name, dock in self.docks:
            make_tab(self.iface.mainWindow(), dock, self.issues.controller.dock)

    def _drafted(self, layer: Any) -> None:
        """Show the new draft in its dock."""
        self._bring(self.drafts.dock)
        self.drafts.take(layer.id())

    def _show_grid_faults(self) -> None:
        """Open the faults of the grids that were adopted, the first one on the map."""
        self._bring(self.issues.dock)
        self.issues.show_open("unit_grid")

    def _bring(self, dock: QgsDockWidget) -> None:
        """Show a dock beside the City dock."""
        bring_forward(self.iface.mainWindow(), dock, self.issues.controller.dock)

    def shut(self) -> None:
        """Take everything away."""
        self.exit_blocker.shut()
        self.issues.controller.windows.clear()
        self.rules.shut()
        self.moves.shut_dialog()
        self.duty.shut_dialog()
        self.links.shut()
        self.places.shut()
        self.redraw_actions.shut()
        for desk in self.desks:
            desk.shut()
        for _words, _name, dock in self.docks:
            self.iface.removeDockWidget(dock)
            dock.deleteLater()
        self.docks, self.desks = [], []

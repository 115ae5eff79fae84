# SPDX-License-Identifier: GPL-2.0-or-later
"""Composition root of the QGIS side: translator, provider, menu, toolbar, dock; ``unload()`` takes all of it back."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, Qt
from qgis.PyQt.QtWidgets import QAction, QMenu, QToolBar

from digital_citymgmt_plugin.algorithms.provider import DcmProvider
from digital_citymgmt_plugin.bridge.engines import pool
from digital_citymgmt_plugin.bridge.events import store_events
from digital_citymgmt_plugin.bridge.i18n import install_translator, remove_translator
from digital_citymgmt_plugin.gui.case_actions import CaseActions
from digital_citymgmt_plugin.gui.catalogue_actions import CatalogueActions
from digital_citymgmt_plugin.gui.census_actions import CensusActions
from digital_citymgmt_plugin.gui.census_docks import CensusDocks
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.docks.city_dock import CityDock
from digital_citymgmt_plugin.gui.duplicates import DuplicatesActions
from digital_citymgmt_plugin.gui.first_run import FirstRun
from digital_citymgmt_plugin.gui.icons import icon
from digital_citymgmt_plugin.gui.map_menu import MapMenu
from digital_citymgmt_plugin.gui.messages import Messages
from digital_citymgmt_plugin.gui.models.steps import STEPS
from digital_citymgmt_plugin.gui.models.steps import tr as tr_step
from digital_citymgmt_plugin.gui.operations import OperationsActions
from digital_citymgmt_plugin.gui.processing_dialogs import AlgorithmDialogs
from digital_citymgmt_plugin.gui.profile_actions import ProfileActions
from digital_citymgmt_plugin.gui.recent import RecentStores
from digital_citymgmt_plugin.gui.restarts import Restarts
from digital_citymgmt_plugin.gui.session import StoreSession

MENU_NAME = "DcmMenu"
TOOLBAR_NAME = "DcmToolBar"


def tr(text: str) -> str:
    """Translate a text of menu and toolbar."""
    return QCoreApplication.translate("Plugin", text)


class CityPlugin:
    """Digital city management in QGIS.

    Parameters
    ----------
    iface : QgisInterface
        The application; None where there is no window (``qgis_process``).
    """

    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.translator: Any = None
        self.provider: DcmProvider | None = None
        self.dock: CityDock | None = None
        self.controller: CityController | None = None
        self.profile_actions: ProfileActions | None = None
        self.catalogue: CatalogueActions | None = None
        self.mapping: CensusActions | None = None
        self.cases: CaseActions | None = None
        self.operations: OperationsActions | None = None
        self.duplicates: DuplicatesActions | None = None
        self.first_run: FirstRun | None = None
        self.census: CensusDocks | None = None
        self.dialogs: AlgorithmDialogs | None = None
        self.restarts: Restarts | None = None
        self.menu: QMenu | None = None
        self.toolbar: QToolBar | None = None
        self.map_menu: MapMenu | None = None

    def initProcessing(self) -> None:
        """Register the algorithms, in the user's language; ``qgis_process`` calls this alone."""
        if self.translator is None:
            self.translator = install_translator()
        if self.provider is None:
            self.provider = DcmProvider()
            QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self) -> None:
        """Build everything the user sees."""
        self.initProcessing()
        window = self.iface.mainWindow()
        self.dialogs = AlgorithmDialogs(window)
        self.restarts = Restarts()
        self.dock = CityDock(window)
        self.controller = CityController(
            self.iface,
            self.dock,
            StoreSession(pool()),
            Messages(self.iface),
            RecentStores(),
            self.dialogs.show,
        )
        self.first_run = FirstRun(self.controller)
        self.dock.wizard_button.clicked.connect(self.first_run.ask_wizard)
        self.dock.demo_button.clicked.connect(self.first_run.open_demo)
        self.profile_actions = ProfileActions(self.controller)
        self.catalogue = CatalogueActions(self.controller)
        self.mapping = CensusActions(self.controller)
        self.cases = CaseActions(self.controller, window)
        self.dock.mapping_button.clicked.connect(self.mapping.ask_file)
        self.dock.photos_button.clicked.connect(self.mapping.photos)
        self.operations = OperationsActions(self.controller)
        self.duplicates = DuplicatesActions(self.controller)
        self.iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.census = CensusDocks(self.iface, self.controller)
        self._build_actions(window)
        store_events().store_changed.connect(self.controller.store_changed)
        self.restarts.restarted.connect(self.controller.engine_restarted)
        pool().on_restart = self.restarts.tell
        self.iface.newProjectCreated.connect(self.controller.project_cleared)
        self.iface.projectRead.connect(self.controller.project_read)

    def _build_actions(self, window: Any) -> None:
        controller = self.controller
        assert controller is not None and self.first_run is not None  # noqa: S101  (made just before)
        assert self.census is not None  # noqa: S101
        toggle = self.dock.toggleViewAction()
        toggle.setText(tr("City dock"))
        toggle.setIcon(icon("city"))
        self.menu = QMenu(tr("Digital &city management"), window)
        self.menu.setObjectName(MENU_NAME)
        self.toolbar = self.iface.addToolBar(tr("Digital city management"))
        self.toolbar.setObjectName(TOOLBAR_NAME)
        for words, name, slot in (
            (tr("New city from &what I have…"), "wizard", self.first_run.ask_wizard),
            (tr("Open &demo city"), "demo", self.first_run.open_demo),
        ):
            action = self.menu.addAction(icon("city" if name == "demo" else "new"), words)
            action.setObjectName(f"dcm_{name}")
            action.triggered.connect(lambda _=False, slot=slot: slot())
        self.menu.addSeparator()
        plain = (
            (tr("&Open city store…"), "open", controller.ask_open),
            (tr("&New city store…"), "new", controller.ask_new),
            (tr("&Refresh"), "refresh", controller.refresh),
        )
        for words, name, slot in plain:
            action = QAction(icon(name), words, self.menu)
            action.setObjectName(f"dcm_{name}")
            action.triggered.connect(lambda _=False, slot=slot: slot())
            self.menu.addAction(action)
            self.toolbar.addAction(action)
        self.menu.addAction(toggle)
        self.toolbar.addAction(toggle)
        self.menu.addSeparator()
        self.toolbar.addSeparator()
        for number, step in enumerate(STEPS, 1):
            action = QAction(icon(step.icon), f"&{number} {tr_step(step.title)}", self.menu)
            action.setObjectName(f"dcm_{step.algorithm}")
            action.triggered.connect(lambda _=False, name=step.algorithm: controller.start_step(name))
            self.menu.addAction(action)
            self.toolbar.addAction(action)
        self.census.add_to(self.menu, self.toolbar)
        self._build_operations_action()
        self._build_profile_actions()
        self.map_menu = MapMenu(self.iface, controller.messages, lambda: controller.path)
        self.map_menu.add_to(self.menu)
        # One menu of our own in the menu bar, before Help.
        bar = window.menuBar()
        last = bar.actions()[-1] if bar.actions() else None
        if last is None:
            bar.addMenu(self.menu)
        else:
            bar.insertMenu(last, self.menu)

    def _build_operations_action(self) -> None:
        assert self.operations is not None and self.duplicates is not None  # noqa: S101  (made just before)
        action = self.menu.addAction(icon("duplicates"), tr("Merge &doubles…"))
        action.setObjectName("dcm_duplicates")
        action.triggered.connect(lambda _=False: self.duplicates.show())
        action = self.menu.addAction(icon("undo"), tr("&Actions and taking back…"))
        action.setObjectName("dcm_operations")
        action.triggered.connect(lambda _=False: self.operations.show())

    def _build_profile_actions(self) -> None:
        profile = self.profile_actions
        assert profile is not None and self.catalogue is not None  # noqa: S101  (made just before)
        assert self.mapping is not None and self.cases is not None  # noqa: S101
        self.menu.addSeparator()
        for words, name, slot in (
            (tr("E&xport city profile…"), "profile_out", profile.export),
            (tr("I&mport city profile…"), "profile_in", profile.ask_import),
            (tr("Find a &class…"), "class_search", profile.find_class),
            (tr("Class ca&talogue…"), "class_catalogue", self.catalogue.show),
            (tr("Map a census &file…"), "census_mapping", self.mapping.ask_file),
            (tr("Import p&hotos…"), "photos", self.mapping.photos),
            (tr("Import cases &by example…"), "case_mapping", self.cases.ask_file),
        ):
            action = self.menu.addAction(icon(name), words)
            action.setObjectName(f"dcm_{name}")
            action.triggered.connect(lambda _=False, slot=slot: slot())

    def unload(self) -> None:
        """Take back all that ``initProcessing`` and ``initGui`` did; harmless when it did nothing."""
        if self.controller is not None:
            store_events().store_changed.disconnect(self.controller.store_changed)
            self.restarts.restarted.disconnect(self.controller.engine_restarted)
            self.iface.newProjectCreated.disconnect(self.controller.project_cleared)
            self.iface.projectRead.disconnect(self.controller.project_read)
            parts = (self.census, self.duplicates, self.first_run, self.operations)
            for part in (*parts, self.catalogue, self.mapping, self.cases, self.profile_actions):
                if part is not None:
                    part.shut()
            self.census = self.duplicates = self.first_run = self.operations = None
            self.catalogue = self.mapping = self.cases = self.profile_actions = None
            self.controller.shut()
            self.controller.deleteLater()
            self.controller = None
        if self.dialogs is not None:
            self.dialogs.close_all()
            self.dialogs = None
        if self.dock is not None:
            self.iface.removeDockWidget(self.dock)
            self.dock.deleteLater()
            self.dock = None
        if self.toolbar is not None:
            self.iface.mainWindow().removeToolBar(self.toolbar)
            self.toolbar.deleteLater()
            self.toolbar = None
        self.map_menu = None
        if self.menu is not None:
            self.iface.mainWindow().menuBar().removeAction(self.menu.menuAction())
            self.menu.deleteLater()
            self.menu = None
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
        engines = pool()
        engines.on_restart = None
        engines.shutdown(2.0)
        if self.restarts is not None:
            self.restarts.deleteLater()
            self.restarts = None
        remove_translator(self.translator)
        self.translator = None

# SPDX-License-Identifier: GPL-2.0-or-later
"""Loading and unloading: all is there, all is gone again, twice; and with packages missing."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading

import pytest
from qgis.core import QgsApplication, QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, QEvent
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QAction, QDockWidget, QMenu, QToolBar

from digital_citymgmt_plugin.bridge.engines import pool
from digital_citymgmt_plugin.bridge.events import store_events
from digital_citymgmt_plugin.bridge.i18n import find_translation
from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.plugin import MENU_NAME, TOOLBAR_NAME, CityPlugin
from tests.qgis.desktop import ROOT
from tests.qgis.window import Iface


@pytest.fixture
def iface(qgis_app):
    iface = Iface()
    iface.window.show()
    yield iface
    iface.window.close()


def settle():
    """Let ``deleteLater`` happen."""
    QTest.qWait(20)
    QCoreApplication.sendPostedEvents(None, int(QEvent.Type.DeferredDelete))
    gc.collect()


def census(iface):
    """Count what a plugin can leave behind."""
    window = iface.window
    return {
        "docks": len(window.findChildren(QDockWidget)),
        "toolbars": len(window.findChildren(QToolBar)),
        "menus": len(window.findChildren(QMenu)),
        "actions": len(window.findChildren(QAction)),
        "menu bar": len(window.menuBar().actions()),
        "providers": sorted(provider.id() for provider in QgsApplication.processingRegistry().providers()),
        "store_changed": store_events().receivers(store_events().store_changed),
        "newProjectCreated": iface.receivers(iface.newProjectCreated),
        "projectRead": iface.receivers(iface.projectRead),
        "held": pool().held(),
        "on_restart": pool().on_restart,
        "threads": sorted(thread.name for thread in threading.enumerate() if thread.name.startswith("dcm")),
        "tasks": QgsApplication.taskManager().count(),
    }


def test_loading_gives_provider_menu_toolbar_and_dock(iface):
    plugin = CityPlugin(iface)
    plugin.initGui()
    assert QgsApplication.processingRegistry().providerById("dcm") is not None
    assert iface.window.findChild(QDockWidget, "DcmCityDock").isVisible()
    assert iface.window.findChild(QToolBar, TOOLBAR_NAME) is not None
    titles = [action.text().replace("&", "") for action in iface.window.menuBar().actions()]
    assert titles == ["Digital city management", "Help"]
    menu = iface.window.findChild(QMenu, MENU_NAME)
    assert [action.objectName() for action in menu.actions() if action.objectName().startswith("dcm_")][:5] == [
        "dcm_wizard", "dcm_demo", "dcm_open", "dcm_new", "dcm_refresh",
    ]  # fmt: skip
    plugin.unload()
    settle()


def test_loading_and_unloading_twice_leaves_nothing(iface):
    pool().on_restart = None
    settle()
    before = census(iface)
    for _ in range(2):
        plugin = CityPlugin(iface)
        plugin.initGui()
        assert census(iface) != before
        plugin.unload()
        del plugin
        settle()
        assert census(iface) == before


def test_unloading_without_loading_is_harmless(iface):
    pool().on_restart = None
    settle()
    before = census(iface)
    plugin = CityPlugin(iface)
    plugin.unload()
    plugin.unload()
    settle()
    assert census(iface) == before
    plugin.initGui()
    assert QgsApplication.processingRegistry().providerById("dcm") is not None
    plugin.unload()
    settle()
    assert census(iface) == before


@pytest.fixture
def compiled():
    """Compile the translation where the working copy has none yet: it is not committed."""
    if find_translation("zh_CN") is None:
        command = [sys.executable, str(ROOT / "scripts" / "build_ts.py")]
        subprocess.run(command, cwd=ROOT, capture_output=True, check=True)


@pytest.mark.parametrize("start", ["initProcessing", "initGui"])
def test_algorithms_are_chinese_in_a_chinese_qgis_until_unloaded(iface, compiled, start):
    settings = QgsSettings()
    settings.setValue("locale/userLocale", "zh-Hans")
    settings.setValue("locale/overrideFlag", True)
    plugin = CityPlugin(iface)
    try:
        getattr(plugin, start)()
        title = plugin.provider.algorithm("createstore").displayName()
        refusal = sentence("parameter.missing", {"parameter": "X"})
    finally:
        plugin.unload()
        settings.remove("locale/userLocale")
        settings.remove("locale/overrideFlag")
        settle()
    assert (title, refusal.isascii()) == ("新建城市库", False)
    assert sentence("parameter.missing", {"parameter": "X"}).isascii()


def test_every_step_of_the_dock_is_an_algorithm_of_the_provider(iface):
    from digital_citymgmt_plugin.gui.models.steps import STEPS

    plugin = CityPlugin(iface)
    plugin.initGui()
    known = {algorithm.name() for algorithm in plugin.provider.algorithms()}
    assert {step.algorithm for step in STEPS} <= known
    plugin.unload()
    settle()


def test_every_step_has_an_icon(qgis_app):
    from digital_citymgmt_plugin.gui.icons import icon
    from digital_citymgmt_plugin.gui.models.steps import STEPS

    names = [step.icon for step in STEPS] + ["open", "new", "refresh", "city"]
    assert [name for name in names if icon(name).isNull()] == []


def test_layers_are_read_anew_once_however_often_the_plugin_was_switched_on(iface):
    events = store_events()
    counts = []
    for _ in range(3):
        plugin = CityPlugin(iface)
        plugin.initGui()
        counts.append(events.receivers(events.store_opened))
        plugin.unload()
        settle()
    assert counts[0] == counts[2]


_BLOCKED = """
import importlib.abc, sys

class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Blocker())
from qgis.core import QgsApplication
app = QgsApplication([], True)
app.initQgis()
from tests.qgis.window import Iface
import digital_citymgmt_plugin
iface = Iface()
plugin = digital_citymgmt_plugin.classFactory(iface)
plugin.initGui()
print(len(plugin.provider.algorithms()), plugin.dock.isVisible() or not iface.window.isVisible())
plugin.unload()
print("loaded", sorted(name for name in {blocked!r} if name in sys.modules))
"""


@pytest.mark.parametrize(
    "blocked",
    [
        ["pandas", "geopandas", "fiona", "pyogrio", "openpyxl", "rtree", "pyproj", "scipy"],
        ["pandas", "geopandas", "fiona", "pyogrio", "openpyxl", "rtree", "pyproj", "scipy", "shapely", "numpy"],
    ],
    ids=["numpy and shapely alone", "nothing at all"],
)
def test_the_plugin_loads_without_packages(blocked, root, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", _BLOCKED.format(blocked=blocked)],
        cwd=root, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "loaded []" in done.stdout, done.stderr[-3000:]
    assert int(done.stdout.split()[0]) >= 11

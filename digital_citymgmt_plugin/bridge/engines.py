# SPDX-License-Identifier: GPL-2.0-or-later
"""The engines of this QGIS: the shared pool, made with the user's settings."""

from __future__ import annotations

import os

from qgis.core import Qgis, QgsApplication, QgsMessageLog

from digital_citymgmt_plugin.bridge.engine_client import EngineClient
from digital_citymgmt_plugin.bridge.engine_pool import EnginePool, shared_pool
from digital_citymgmt_plugin.bridge.events import store_events
from digital_citymgmt_plugin.bridge.interpreter import find_interpreter
from digital_citymgmt_plugin.bridge.layers import reload_store
from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.bridge.settings import ENGINE_PYTHON

LOG_TAG = "DCM"


def program_name() -> str:
    """Return how a second program is told who holds a store."""
    name = QgsApplication.platform()  # "desktop", "qgis_process", "external" …
    shown = "QGIS" if name in ("desktop", "external") else name
    return f"{shown} {Qgis.QGIS_VERSION.split('-')[0]} (pid {os.getpid()})"


def new_client() -> EngineClient:
    """Make a client with the interpreter that the settings name."""
    return EngineClient(find_interpreter(ENGINE_PYTHON.get()), program=program_name())


def pool() -> EnginePool:
    """Return the pool shared by algorithms and docks; ``pool().shutdown()`` in ``unload()``."""
    shared = shared_pool(new_client)
    if shared.on_restart is None:
        shared.on_restart = _say_restarted
    if shared.on_opened is None:  # once for all times that the plugin is switched on, or layers would be read as often
        store_events().store_opened.connect(reload_store)
        shared.on_opened = store_events().tell_opened
    return shared


def _say_restarted(path: str | None) -> None:
    QgsMessageLog.logMessage(sentence("engine.restarted", {"store": path}), LOG_TAG, Qgis.MessageLevel.Warning)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Authoring bench of digital city management (数字城管) inside QGIS."""

from typing import Any


def classFactory(iface: Any) -> Any:  # noqa: N802  (name fixed by QGIS)
    """Make the plugin; imported late so that a missing package cannot stop QGIS from starting."""
    from digital_citymgmt_plugin.plugin import CityPlugin

    return CityPlugin(iface)

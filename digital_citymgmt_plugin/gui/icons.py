# SPDX-License-Identifier: GPL-2.0-or-later
"""Icons of the plugin, read from its folder."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtGui import QIcon

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "icons"


def icon(name: str) -> QIcon:
    """Return an icon by name; an empty one when there is no such file."""
    path = FOLDER / f"{name}.svg"
    return QIcon(str(path)) if path.exists() else QIcon()

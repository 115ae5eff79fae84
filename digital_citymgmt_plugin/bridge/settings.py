# SPDX-License-Identifier: GPL-2.0-or-later
"""All settings of the plugin: key, kind, default. Kept in the user's QGIS profile; nothing secret is among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qgis.core import QgsSettings

RECENT_MAX = 8


@dataclass(frozen=True)
class Setting:
    """One setting; ``kind`` is str, bool, int, float or list."""

    key: str
    kind: type
    default: Any

    def get(self) -> Any:
        """Return the value, the default when there is none or it is of another kind."""
        value = QgsSettings().value(self.key, self.default)
        if self.kind is bool and isinstance(value, str):  # ini files hold text
            return value.lower() in ("true", "1", "yes")
        if self.kind is list:
            return [value] if isinstance(value, str) and value else list(value or [])
        try:
            return self.kind(value)
        except (TypeError, ValueError):
            return self.default

    def set(self, value: Any) -> None:
        """Keep a value."""
        QgsSettings().setValue(self.key, value)

    def clear(self) -> None:
        """Go back to the default."""
        QgsSettings().remove(self.key)


ENGINE_PYTHON = Setting("dcm/engine/python", str, "")
RECENT_STORES = Setting("dcm/stores/recent", list, [])
LAST_STORE = Setting("dcm/stores/last", str, "")
LAST_FOLDER = Setting("dcm/folder", str, "")
DEMO_STORE = Setting("dcm/stores/demo", str, "")
ALL = (ENGINE_PYTHON, RECENT_STORES, LAST_STORE, LAST_FOLDER, DEMO_STORE)


def remember_store(path: str) -> None:
    """Put a store at the head of the recent ones."""
    others = [other for other in RECENT_STORES.get() if other != path]
    RECENT_STORES.set([path, *others][:RECENT_MAX])
    LAST_STORE.set(path)

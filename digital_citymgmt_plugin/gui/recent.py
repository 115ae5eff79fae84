# SPDX-License-Identifier: GPL-2.0-or-later
"""The stores used before."""

from __future__ import annotations

from digital_citymgmt_plugin.bridge.settings import RECENT_STORES, remember_store


class RecentStores:
    """Kept in the settings; whether a file is still there shows when it is opened."""

    def stores(self) -> list[str]:
        """List the paths, the last used first."""
        return [str(path) for path in RECENT_STORES.get()]

    def add(self, path: str) -> None:
        """Put a path first."""
        remember_store(path)

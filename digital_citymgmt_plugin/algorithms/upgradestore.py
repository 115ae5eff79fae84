# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:upgradestore`."""

from __future__ import annotations

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests import UpgradeStore


class UpgradeStoreAlgorithm(CityAlgorithm):
    """Bring a store of an older version up to date."""

    ID = "upgradestore"
    ICON = "refresh"
    GROUP = "city"
    COUNTS = ("steps",)
    OPENS_STORE = False

    def displayName(self) -> str:
        return tr("Upgrade city store")

    def what(self) -> str:
        return tr(
            "Brings a city store made by an older version of the plugin up to date. The file is copied first; the copy "
            "lies beside it. Interrupted, it goes on at the next run. The disk needs room for twice the store."
        )

    def limits(self) -> str:
        return tr(
            "A store of a newer version is refused and left as it is; there is no way back but the copy. "
            "The store must not be open elsewhere."
        )

    def declare(self) -> None:
        self.add(*p.store())

    def request(self, given: Given) -> UpgradeStore:
        return UpgradeStore(given.store_path())

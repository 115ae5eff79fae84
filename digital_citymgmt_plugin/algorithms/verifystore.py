# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:verifystore`."""

from __future__ import annotations

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests import VerifyStore


class VerifyStoreAlgorithm(CityAlgorithm):
    """Check a store against itself."""

    ID = "verifystore"
    ICON = "verify"
    GROUP = "city"
    COUNTS = ("findings",)

    def displayName(self) -> str:
        return tr("Verify city store")

    def what(self) -> str:
        return tr(
            "Checks a city store against itself: integrity of the file, spatial index and extents, codes against the "
            "register, references between tables. Every fault is listed."
        )

    def limits(self) -> str:
        return tr("It reads only: nothing is repaired.")

    def declare(self) -> None:
        self.add(*p.store())

    def request(self, given: Given) -> VerifyStore:
        given.store_path()
        return VerifyStore()

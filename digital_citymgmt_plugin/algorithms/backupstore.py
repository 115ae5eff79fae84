# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:backupstore`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterBoolean, QgsProcessingParameterFileDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests import BackupStore


class BackupStoreAlgorithm(CityAlgorithm):
    """Copy a store while it is open."""

    ID = "backupstore"
    ICON = "city"
    GROUP = "city"
    COUNTS = ("megabytes",)

    def displayName(self) -> str:
        return tr("Back up city store")

    def what(self) -> str:
        return tr(
            "Copies a city store into another file as it is at one moment, also while it is open and being edited. "
            "The copy is checked before it gets its name; it is a city store like any other."
        )

    def limits(self) -> str:
        return tr(
            "Photos are not in the store and are not copied. To go back to a copy, close the store everywhere, move "
            "the old file and what lies beside it (-wal, -shm) away and put the copy in its place."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            QgsProcessingParameterFileDestination("OUTPUT", tr("Copy"), p.GEOPACKAGE),
            tr("The file to make, with the ending .gpkg; best on another disk."),
        )
        self.add(
            QgsProcessingParameterBoolean("OVERWRITE", tr("Overwrite another city store"), False),
            tr("Without it a file that is there is refused. A file that is no city store is never overwritten."),
        )

    def request(self, given: Given) -> BackupStore:
        given.store_path()
        output = given.output_file("OUTPUT")
        return BackupStore(target=output or given.need("OUTPUT"), overwrite=given.flag("OVERWRITE"))

# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:verifystore`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterBoolean, QgsProcessingParameterVectorDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests import RepairStore, VerifyStore


class VerifyStoreAlgorithm(CityAlgorithm):
    """Check a store against itself, and repair it when asked to."""

    ID = "verifystore"
    ICON = "verify"
    GROUP = "city"
    COUNTS = ("findings", "errors", "warnings", "repairable", "repaired", "left")

    def displayName(self) -> str:
        return tr("Verify city store")

    def what(self) -> str:
        return tr(
            "Checks a city store against itself: the file and its schema, spatial index and extents against the "
            "geometries, codes against the register, references between tables, cases and components against their "
            "logs, the chain of the log. Every fault is listed with its objects and what to do."
        )

    def limits(self) -> str:
        return tr(
            "Without “Repair” it reads only. What was lost is not made up: it is listed, and has to come from a "
            "backup. A value changed past the triggers that had never been changed before is not noticed."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            QgsProcessingParameterBoolean("REPAIR", tr("Repair"), False),
            tr(
                "Repairs what can be made anew from what is sound, as one action, after copying the store beside "
                "itself (.repair.backup.gpkg)."
            ),
        )
        self.add(
            QgsProcessingParameterVectorDestination("OUTPUT", tr("Findings"), p.ANY, None, True),
            tr("XLSX, CSV or GPKG by its ending: one row per object, at most 1,000 per finding."),
        )

    def request(self, given: Given) -> VerifyStore | RepairStore:
        given.store_path()
        output = given.output_layer("OUTPUT")
        return RepairStore(output) if given.flag("REPAIR") else VerifyStore(output)

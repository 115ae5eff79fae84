# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:findduplicates`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterVectorDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests_duplicates import FindDuplicates


class FindDuplicatesAlgorithm(CityAlgorithm):
    """Find components that may be one thing surveyed twice."""

    ID = "findduplicates"
    ICON = "duplicates"
    GROUP = "components"
    COUNTS = (
        "read",
        "pairs",
        "clusters",
        "same_code",
        "near",
        "one_spot",
        "same_photo",
        "waived",
        "fresh",
        "settled",
        "taken_over",
    )
    WRITES = True

    def displayName(self) -> str:
        return tr("Find doubles")

    def what(self) -> str:
        return tr(
            "Finds components that may be one thing surveyed twice: of one class and nearer than its tolerance, of "
            "different classes on one spot (5 cm), with the same code (also in other tables, as number of the source "
            "or in columns that were not mapped) or the same photo. Each pair has distance, score and reasons."
        )

    def limits(self) -> str:
        return tr(
            "Nothing is merged: the pairs are listed as issues, the waived ones stay waived. Merged components and "
            "those in the state 移除 or 废弃 are left out. Tolerances and scores are defaults of this plugin, no "
            "standard gives any."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            p.number("TOLERANCE", tr("Tolerance (m)"), None, 0.0), tr("For all classes; empty: as each class says.")
        )
        self.add(
            QgsProcessingParameterVectorDestination("OUTPUT", tr("Pairs"), p.ANY, None, True, False),
            tr("The pairs as points between the two (GPKG, SHP, GeoJSON) or as a table (XLSX, CSV)."),
        )

    def request(self, given: Given) -> FindDuplicates:
        given.store_path()
        return FindDuplicates(tolerance=given.number("TOLERANCE", 0.0), output=given.output_layer("OUTPUT"))

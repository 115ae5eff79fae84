# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:gridson`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterDateTime, QgsProcessingParameterVectorDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests_history import GridsOn


class GridsOnAlgorithm(CityAlgorithm):
    """Write the unit grids as they were on a day."""

    ID = "gridson"
    ICON = "verify"
    GROUP = "areas"
    COUNTS = ("grids_then", "unchanged", "reshaped", "recoded", "retired")

    def displayName(self) -> str:
        return tr("Unit grids as of a day")

    def what(self) -> str:
        return tr(
            "Writes the unit grids that there were at the end of a day, in the shapes that they had then, and what "
            "became of each since: the same, another shape, another code, retired."
        )

    def limits(self) -> str:
        return tr(
            "What happened before the grids came into the store is not known. Operations taken back count as if they "
            "had never been. Communities are those that each grid belonged to last."
        )

    def declare(self) -> None:
        self.add(*p.store())
        kind = QgsProcessingParameterDateTime.Type.Date
        self.add(QgsProcessingParameterDateTime("DAY", tr("Day"), kind, None, True), tr("Empty: today."))
        self.add(
            QgsProcessingParameterVectorDestination("OUTPUT", tr("Unit grids of the day"), p.POLYGON),
            tr("A layer of the grids with code, days, area and what became of each."),
        )

    def request(self, given: Given) -> GridsOn:
        given.store_path()
        return GridsOn(given.date("DAY") or "", given.need_output_layer("OUTPUT"))

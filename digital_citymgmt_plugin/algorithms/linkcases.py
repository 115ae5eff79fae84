# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:linkcases`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterBoolean, QgsProcessingParameterNumber

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests_links import LinkCases


class LinkCasesAlgorithm(CityAlgorithm):
    """Link cases to unit grid, community, component and department."""

    ID = "linkcases"
    ICON = "link"
    GROUP = "cases"
    COUNTS = (
        "read",
        "placed",
        "grid",
        "community",
        "linked_by_code",
        "linked_by_distance",
        "linked_before",
        "links_differ",
        "relinked",
        "ambiguous",
        "unlinked",
        "code_unknown",
        "disagreements",
        "updated",
    )
    WRITES = True

    def displayName(self) -> str:
        return tr("Link cases")

    def what(self) -> str:
        return tr(
            "Places cases (by coordinates, component code or community) and links each to its unit grid, community and "
            "department, and component cases to their component: by code, else the nearest of the right class within "
            "the tolerance."
        )

    def limits(self) -> str:
        return tr(
            "Links made before are kept; which of them would now be otherwise is counted and listed, and those made by "
            "hand are never changed. What cannot be placed or linked is counted and stays open; a stated area "
            "that differs from the place is listed as an issue."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            QgsProcessingParameterNumber(
                "TOLERANCE", tr("Tolerance (m)"), QgsProcessingParameterNumber.Type.Double, None, True, 0.0
            ),
            tr("For all classes; empty: as each class says."),
        )
        self.add(
            QgsProcessingParameterBoolean("RELINK", tr("Change links that would now be otherwise"), False),
            tr("Links of earlier runs where the data now say another component; otherwise they are only listed."),
        )

    def request(self, given: Given) -> LinkCases:
        given.store_path()
        return LinkCases(tolerance=given.number("TOLERANCE", 0.0), relink=given.flag("RELINK"))

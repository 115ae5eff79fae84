# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:renumbergrids`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterFileDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests_history import RenumberGrids


class RenumberGridsAlgorithm(CityAlgorithm):
    """Give the grids of communities new codes in reading order."""

    ID = "renumbergrids"
    ICON = "code"
    GROUP = "areas"
    WRITES = True
    COUNTS = ("communities", "grids_renumbered", "unchanged", "components_moved", "cases_moved", "beats_moved")

    def displayName(self) -> str:
        return tr("Renumber unit grids")

    def what(self) -> str:
        return tr(
            "Numbers the unit grids of communities anew, west to east, north to south, after the highest number ever "
            "used there. Old codes are retired with day and reason; components, cases, places, beats and issues "
            "follow to the new ones, and a crosswalk lists both. One action, which can be taken back."
        )

    def limits(self) -> str:
        return tr(
            "Codes of components carry no grid and stay. Codes once used are never given again, so numbers do not "
            "begin at 001 anew. Communities whose grids stand in reading order without a gap are left alone. Other "
            "systems that know the old codes have to be given the crosswalk."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            p.text("COMMUNITIES", tr("Communities"), optional=True),
            tr("Community codes, comma-separated. Empty: all."),
        )
        self.add(p.text("REASON", tr("Reason"), optional=True), tr("Kept in the log."))
        self.add(
            QgsProcessingParameterFileDestination("OUTPUT", tr("Crosswalk"), p.WORKBOOK_OR_TEXT, None, True, False),
            tr("Old and new code of each grid, with its components and cases."),
        )

    def request(self, given: Given) -> RenumberGrids:
        given.store_path()
        communities = (given.text("COMMUNITIES") or "").replace("，", ",").split(",")
        return RenumberGrids(
            [code.strip() for code in communities if code.strip()],
            reason=given.text("REASON") or "",
            output=given.output_file("OUTPUT"),
        )

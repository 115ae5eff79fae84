# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:makecandidates`."""

from __future__ import annotations

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests_basemap import MakeCandidates


class MakeCandidatesAlgorithm(CityAlgorithm):
    """Make component candidates of the symbols of the base map."""

    ID = "makecandidates"
    ICON = "candidates"
    GROUP = "components"
    COUNTS = ("symbols", "proposed", "inserted", "updated", "unchanged", "removed", "ambiguous")
    WRITES = True

    def displayName(self) -> str:
        return tr("Make candidates")

    def what(self) -> str:
        return tr(
            "Looks for lamps, covers, poles, trees, boxes and other components among the symbols of the base map. Each "
            "becomes a candidate with class, place, drawing and handle; the class comes from the mapping, the SOUTH "
            "code, or the name of block or layer, and the evidence is kept."
        )

    def limits(self) -> str:
        return tr(
            "No component is made: that is done by “Decide on candidates” or in the dock. What was decided stays as it "
            "is; open candidates follow the base map. A second run finds nothing to do."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            p.text("MAPPING", tr("Mapping of layers"), optional=True, lines=True),
            tr("As of “Import base map”: what layers, blocks and codes stand for, as component; “-” is none."),
        )

    def request(self, given: Given) -> MakeCandidates:
        given.store_path()
        return MakeCandidates(given.mapping("MAPPING"))

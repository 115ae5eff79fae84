# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:hotspots`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterBoolean, QgsProcessingParameterVectorDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.asked_cases import add_asked_cases, asked_cases
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests_hotspots import Hotspots


class HotspotsAlgorithm(CityAlgorithm):
    """Find hot and cold spots."""

    ID = "hotspots"
    ICON = "assess"
    GROUP = "cases"
    COUNTS = ("cases", "elsewhere", "cells", "left_out", "islands", "hot", "cold")

    def displayName(self) -> str:
        return tr("Find hotspots")

    def what(self) -> str:
        return tr(
            "Tells where cells with many cases, or with few, lie together by more than chance gives (Getis-Ord Gi*), "
            "as counts or per road, area or component. Bands of 99, 95 and 90 % are corrected for the number of cells."
        )

    def limits(self) -> str:
        return tr(
            "A hot spot is no cause: where collectors look more often more is found. At least 30 cells are needed; "
            "cells with hardly any denominator are left out and counted."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(p.choice("BY", tr("Cells"), ("grid", "community", "street"), "grid"))
        add_asked_cases(self)
        self.add(p.choice("DENOMINATOR", tr("Denominator"), ("even", "area", "road_km", "components"), "even"))
        self.add(p.choice("NEIGHBOURS", tr("Neighbours"), ("queen", "distance"), "queen"),
                 tr("queen: cells that touch; distance: cells whose middles are near."))  # fmt: skip
        self.add(p.number("METRES", tr("Greatest distance (m)"), 300, 1), advanced=True)
        self.add(
            QgsProcessingParameterBoolean("STAR", tr("The cell counts among its neighbours (Gi*)"), True), advanced=True
        )
        self.add(
            p.number("PERMUTATIONS", tr("Permutations"), 999, 0),
            tr("For the pseudo-p beside the bands; 0: none."),
        )
        self.add(p.number("SEED", tr("Seed"), 1, 0), tr("The same seed gives the same p-values."), advanced=True)
        self.add(QgsProcessingParameterVectorDestination("OUTPUT", tr("Hotspots"), p.ANY, None, True))

    def request(self, given: Given) -> Hotspots:
        given.store_path()
        return Hotspots(
            **asked_cases(given), by=given.choice("BY"), exposure=given.choice("DENOMINATOR"),
            neighbours=given.choice("NEIGHBOURS"), metres=float(given.number("METRES", 1) or 1),
            star=given.flag("STAR"), permutations=int(given.number("PERMUTATIONS", 0) or 0),
            seed=int(given.number("SEED", 0) or 0), output=given.output_layer("OUTPUT"),
        )  # fmt: skip

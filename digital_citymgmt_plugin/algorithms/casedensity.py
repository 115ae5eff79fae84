# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:casedensity`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterVectorDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.asked_cases import add_asked_cases, asked_cases
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests_scan import Density

EVERY = ("whole", "week", "month", "quarter", "year")


class CaseDensityAlgorithm(CityAlgorithm):
    """Density of cases on hexagons."""

    ID = "casedensity"
    ICON = "assess"
    GROUP = "cases"
    COUNTS = ("cases", "unlocated", "undated", "hexagons", "periods")

    def displayName(self) -> str:
        return tr("Density of cases")

    def what(self) -> str:
        return tr(
            "Tells on hexagons how dense cases lie, in cases per square kilometre and 30 days, for one or many "
            "periods. All periods share one scale, so that maps compare; hexagons are clipped to the streets of the "
            "base map and labelled with the number of cases."
        )

    def limits(self) -> str:
        return tr(
            "A dense place is not yet a hotspot: where there is more street there are more cases. Cases without a "
            "point are counted and not drawn. Density near the edge of the city is too low, as cases beyond it are "
            "not known."
        )

    def declare(self) -> None:
        self.add(*p.store())
        add_asked_cases(self)
        self.add(p.number("REACH", tr("Radius of the kernel (m)"), 200, 10))
        self.add(p.number("ACROSS", tr("Distance of hexagons (m)"), 0, 0), tr("0: half of the radius."), advanced=True)
        self.add(p.choice("EVERY", tr("Map for each"), EVERY, "whole"))
        self.add(p.number("CLIP", tr("Clip to streets (m)"), 30, 0), tr("Distance from roads; 0: no clip."))
        self.add(
            p.text("BREAKS", tr("Bounds of classes"), optional=True),
            tr("Rising numbers separated by commas; empty: made so that at most a tenth lies in the highest class."),
            advanced=True,
        )
        self.add(QgsProcessingParameterVectorDestination("OUTPUT", tr("Density")))

    def request(self, given: Given) -> Density:
        given.store_path()
        every, bounds = given.choice("EVERY"), given.text("BREAKS") or ""
        try:
            breaks = [float(part) for part in bounds.replace("，", ",").split(",") if part.strip()]
        except ValueError:
            raise InputRefused("density.breaks", value=bounds) from None
        return Density(
            **asked_cases(given), reach=float(given.number("REACH", 0) or 0),
            across=float(given.number("ACROSS", 0) or 0), every="" if every == "whole" else every,
            clip=float(given.number("CLIP", 0) or 0), breaks=breaks, output=given.output_layer("OUTPUT"),
        )  # fmt: skip

# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:assigncodes`."""

from __future__ import annotations

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests import AssignCodes


class AssignCodesAlgorithm(CityAlgorithm):
    """Give unit grid, community and code to components that lack them."""

    ID = "assigncodes"
    ICON = "code"
    GROUP = "components"
    COUNTS = (
        "read",
        "coded",
        "placed",
        "outside",
        "scopes",
    )
    WRITES = True

    def displayName(self) -> str:
        return tr("Assign codes")

    def what(self) -> str:
        return tr(
            "Finds the unit grid and community of every component that lacks them, and gives a code (county, class, "
            "number) to every one that has none. Numbers go on after the highest ever issued."
        )

    def limits(self) -> str:
        return tr(
            "Components outside all unit grids get a code, too, and are counted. When the numbers of a class would run "
            "out nothing is written. Codes hold no grid: redrawing grids never renumbers a component."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            p.choice("ORDER", tr("Order of numbering"), ("place", "import"), "place"),
            tr("place: by unit grid, then north to south, west to east; import: as the rows came in."),
        )

    def request(self, given: Given) -> AssignCodes:
        given.store_path()
        return AssignCodes(order=given.choice("ORDER"))

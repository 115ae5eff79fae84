# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:adoptgrids`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterField

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests import AdoptGrids


class AdoptGridsAlgorithm(CityAlgorithm):
    """Number unit grids and put them into the store."""

    ID = "adoptgrids"
    ICON = "grid_adopt"
    GROUP = "areas"
    COUNTS = (
        "read",
        "accepted",
        "rejected",
        "inserted",
        "kept",
        "unchanged",
        "retired",
        "renumbered",
        "issues",
        "components_moved",
        "cases_moved",
    )
    WRITES = True
    INPUTS = ("INPUT",)

    def displayName(self) -> str:
        return tr("Adopt unit grids")

    def what(self) -> str:
        return tr(
            "Puts unit grids into the city store, with codes and with their lineage from the grids before. Without a "
            "code field they are numbered inside each community from west to east and north to south; with one, the "
            "codes of the file (a vendor's) are checked, kept and registered.\n"
            "Gaps, overlaps and grids in two communities are listed as issues."
        )

    def limits(self) -> str:
        return tr(
            "Communities must have been imported before. A code once issued is never given again. Rows with a wrong or "
            "double code or without a usable polygon are rejected with their reason; nothing is repaired in silence."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(p.source("INPUT", tr("Unit grids")), p.source_help())
        self.add(
            QgsProcessingParameterField("CODE_FIELD", tr("Field with the code"), None, "INPUT", optional=True),
            tr("Empty: the grids are numbered."),
        )
        self.add(
            p.choice("POLICY", tr("Codes of redrawn grids"), ("largest_keeps", "all_new"), "largest_keeps"),
            tr(
                "largest_keeps: the part that has most of an old grid keeps its code; "
                "all_new: every changed grid gets a new one."
            ),
        )
        self.add(
            p.choice("WRONG_CODES", tr("Grids with a wrong code"), ("reject", "number"), "reject"),
            tr(
                "reject: they go into the reject list; number: they get the next number of their community and are "
                "listed as issues with the file's code."
            ),
        )
        self.add(*p.rejects())
        self.add(*p.encoding(), advanced=True)
        self.add(p.crs(), p.crs_help(), advanced=True)

    def request(self, given: Given) -> AdoptGrids:
        given.store_path()
        return AdoptGrids(
            input=given.need_layer("INPUT", encoding=given.text("ENCODING"), crs=given.crs("CRS")),
            code_field=given.text("CODE_FIELD"),
            policy=given.choice("POLICY"),
            wrong_codes=given.choice("WRONG_CODES"),
            rejects=given.output_file("REJECTS"),
        )

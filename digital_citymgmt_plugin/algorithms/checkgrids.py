# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:checkgrids`."""

from __future__ import annotations

from qgis.core import (
    QgsProcessingParameterField,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterVectorDestination,
)

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests import CheckGrids


class CheckGridsAlgorithm(CityAlgorithm):
    """Check unit grids by the rule pack and mend small faults."""

    ID = "checkgrids"
    ICON = "verify"
    GROUP = "areas"
    COUNTS = (
        "grids", "rules", "found", "errors", "warnings", "infos", "new", "settled", "open", "waived", "gaps_closed",
        "overlaps_removed", "parts_joined", "grids_changed", "left_alone", "components_moved", "cases_moved",
    )  # fmt: skip
    INPUTS = ("INPUT", "BUILDINGS", "COMPOUNDS", "FEATURES")

    def displayName(self) -> str:
        return tr("Check unit grids")

    def what(self) -> str:
        return tr(
            "Checks the city's unit grids, or those of a layer, by the rule pack: gaps, overlaps, slivers, several "
            "parts, holes, edges of communities, area and load, buildings and compounds cut, shape, boundaries that "
            "follow nothing, codes, and components in no grid or in another than they state. What is found becomes "
            "issues with its exact shape.\n"
            "With a tolerance for repairs, gaps, overlaps and splinters are mended first where no boundary moves "
            "farther than that; one action, which can be taken back. The rest is left and listed."
        )

    def limits(self) -> str:
        return tr(
            "A layer is only looked at: its findings and its mended grids go to files, nothing into the store. Where "
            "the base map has no buildings, walls or roads, nothing is said of them. Wide gaps and overlaps, holes, "
            "grids across communities and codes are never mended, nor is what would part a grid."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            p.text("RULES", tr("Rules"), optional=True),
            tr("Codes or families of rules, comma-separated, as in “gap, overlap, grid_code”. Empty: all in use."),
        )
        self.add(
            p.source("INPUT", tr("Unit grids of a layer"), p.POLYGON, optional=True),
            tr("A draft, or a vendor's grids. Empty: the current grids of the store."),
        )
        self.add(
            QgsProcessingParameterField("CODE_FIELD", tr("Field with the code"), None, "INPUT", optional=True),
            tr("Empty: nothing is said of codes."),
        )
        self.add(
            QgsProcessingParameterField(
                "COMMUNITY_FIELD", tr("Field with the community code"), None, "INPUT", optional=True
            ),
            tr("Empty: each grid belongs to the community that holds most of it."),
        )
        words = tr("Empty: those of the base map.")
        self.add(p.source("BUILDINGS", tr("Buildings"), p.POLYGON, optional=True), words, advanced=True)
        self.add(p.source("COMPOUNDS", tr("Compounds"), p.POLYGON, optional=True), words, advanced=True)
        self.add(
            QgsProcessingParameterMultipleLayers("FEATURES", tr("Roads, walls, water"), p.GEOMETRY, None, True),
            words,
            advanced=True,
        )
        self.add(
            p.number("REPAIR", tr("Repair up to (m)"), 0.0, 0.0),
            tr("How far a boundary may move at most when faults are mended; 0 only checks. Up to 5 m."),
        )
        self.add(
            QgsProcessingParameterVectorDestination("OUTPUT", tr("Issues found"), p.ANY, None, True, False),
            tr("A layer of areas, each of the exact shape, or a table (XLSX, CSV): rule, level, object, sentence."),
        )
        self.add(
            QgsProcessingParameterVectorDestination(
                "MENDED", tr("Grids after the repair"), p.POLYGON, None, True, False
            ),
            tr("Only for grids of a layer."),
        )

    def request(self, given: Given) -> CheckGrids:
        given.store_path()
        return CheckGrids(
            rules=given.text("RULES"),
            input=given.layer("INPUT"),
            code_field=given.text("CODE_FIELD"),
            community_field=given.text("COMMUNITY_FIELD"),
            buildings=given.layer("BUILDINGS"),
            compounds=given.layer("COMPOUNDS"),
            features=given.layers("FEATURES"),
            repair=given.number("REPAIR", 0.0) or 0.0,
            output=given.output_layer("OUTPUT"),
            mended=given.output_layer("MENDED"),
        )

# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:draftgrids`."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterField,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterVectorDestination,
)

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.bridge.draft_layers import draw_as_draft
from digital_citymgmt_plugin.core.draft_guesses import ANY_CLASS, COMPOUND_CLASSES
from digital_citymgmt_plugin.core.load_weights import parse_weights
from digital_citymgmt_plugin.core.requests_draft import DraftGrids


class DraftStyle(QgsProcessingLayerPostProcessorInterface):
    """Draws a draft as what it is: dashed outlines in the colour of unit grids, nothing that hides the map."""

    def postProcessLayer(self, layer: Any, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> None:
        """Style the layer that was just loaded."""
        draw_as_draft(layer)


class DraftGridsAlgorithm(CityAlgorithm):
    """Draft unit grids inside areas from barriers."""

    ID = "draftgrids"
    ICON = "grid_draft"
    GROUP = "areas"
    COUNTS = (
        "areas",
        "barriers",
        "buildings",
        "cells",
        "notes",
    )
    INPUTS = ("AREAS", "BARRIERS", "BUILDINGS", "COMPOUNDS", "COMPONENTS", "LOCKED")

    def displayName(self) -> str:
        return tr("Draft unit grids")

    def what(self) -> str:
        return tr(
            "Drafts unit grids inside each area (community): the faces between roads, rivers, railways and walls; "
            "small ones are merged, so that each grid has about the area or the load wanted, and no building or "
            "compound is cut. Writes a layer to look at, edit and adopt.\n"
            "The same input and seed give the same draft."
        )

    def limits(self) -> str:
        return tr(
            "A draft, not a decision: it needs no city store and changes none. Layers in degrees are reprojected to "
            "the coordinate reference system given, else to a metric one that suits the place, and that is said. "
            "Where barriers are few a grid may stay larger than wanted."
        )

    def declare(self) -> None:
        self.add(p.source("AREAS", tr("Areas"), p.POLYGON), tr("Polygons, each to be divided: as a rule communities."))
        self.add(
            QgsProcessingParameterField(
                "AREA_CODE_FIELD", tr("Field with the code of the area"), None, "AREAS", optional=True
            ),
            tr("Written to each grid of the draft; empty: found by its name."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterMultipleLayers("BARRIERS", tr("Barriers"), p.GEOMETRY),
            tr(
                "Lines or polygons that grids should not cross: roads, rivers, railways, walls. Narrow polygons of "
                "rank 1 to 3 count by their middle, wide ones (water, squares) are grids of their own."
            ),
        )
        self.add(
            p.text("RANK_FIELD", tr("Field with the rank of barriers"), optional=True),
            tr("A lower number divides more strongly; road classes such as primary are known by name."),
        )
        self.add(p.source("BUILDINGS", tr("Buildings"), p.POLYGON, optional=True), tr("Not to be cut."))
        self.add(p.source("COMPOUNDS", tr("Compounds"), p.POLYGON, optional=True), tr("Not to be cut."))
        self.add(
            QgsProcessingParameterBoolean("COMPOUND_CLASSES", tr("Compounds by their use alone"), False),
            tr("Of a layer of land use only housing estates, schools, hospitals, works and offices are compounds."),
            advanced=True,
        )
        self.add(p.source("COMPONENTS", tr("Components"), p.GEOMETRY, optional=True), tr("Their number is the load."))
        self.add(
            QgsProcessingParameterField("LOAD_FIELD", tr("Field with the load"), None, "COMPONENTS", optional=True),
            tr("A number per component, or with weights its class; empty: each counts one, or the class is found."),
            advanced=True,
        )
        self.add(
            p.text("LOAD_WEIGHTS", tr("Weights of classes"), optional=True),
            tr("What one component of a class counts, such as 0101=2, 0306=0.5, *=1; * stands for all others."),
            advanced=True,
        )
        self.add(
            p.source("LOCKED", tr("Grids to keep"), p.POLYGON, optional=True), tr("Stay as they are."), advanced=True
        )
        self.add(
            QgsProcessingParameterNumber(
                "TARGET_AREA",
                tr("Area wanted (m\u00b2)"),
                QgsProcessingParameterNumber.Type.Double,
                40000.0,
                False,
                100.0,
            ),
            tr("Default 40,000 m\u00b2, 200 m by 200 m."),
        )
        self.add(
            p.number("TARGET_LOAD", tr("Load wanted"), None, 0.0),
            tr("In place of an area: the band is one of loads then, areas are bounded loosely. Needs components."),
            advanced=True,
        )
        self.add(
            p.text("BAND", tr("Band of areas"), default="0.5,2.0", optional=True),
            tr("Least and largest area (or load) as shares of what is wanted."),
            advanced=True,
        )
        self.add(p.crs(), tr("Projected, in metres; empty: that of the areas, else one that suits the place."))
        self.add(
            QgsProcessingParameterNumber("SEED", tr("Seed"), QgsProcessingParameterNumber.Type.Integer, 0, False, 0),
            tr("Another seed gives another draft of equal standing."),
            advanced=True,
        )
        self.add(QgsProcessingParameterVectorDestination("OUTPUT", tr("Draft of unit grids"), p.POLYGON))

    def request(self, given: Given) -> DraftGrids:
        load = given.number("TARGET_LOAD", 0.0)
        by_class = given.flag("COMPOUND_CLASSES") and given.layer("COMPOUNDS") is not None
        return DraftGrids(
            areas=given.need_layer("AREAS"),
            output=given.need_output_layer("OUTPUT"),
            barriers=given.layers("BARRIERS"),
            rank_field=given.text("RANK_FIELD"),
            buildings=given.layer("BUILDINGS"),
            compounds=given.layer("COMPOUNDS"),
            components=given.layer("COMPONENTS"),
            load_field=given.text("LOAD_FIELD"),
            locked=given.layer("LOCKED"),
            target_area=given.number("TARGET_AREA", 100.0) or 40_000.0,
            band=given.text("BAND") or "0.5,2.0",
            crs=given.crs("CRS"),
            seed=int(given.number("SEED") or 0),
            area_code_field=given.text("AREA_CODE_FIELD"),
            target_load=load or None,
            load_weights=parse_weights(given.text("LOAD_WEIGHTS") or "") or None,
            rows={"compounds": {ANY_CLASS: list(COMPOUND_CLASSES)}} if by_class else None,
        )

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        found = super().processAlgorithm(parameters, context, feedback)
        path = str(found.get("OUTPUT") or "")
        if context.willLoadLayerOnCompletion(path):
            context.layerToLoadOnCompletionDetails(path).setPostProcessor(DRAFT_STYLE)
        return found


# QGIS keeps no reference of its own to a post-processor: this one lives as long as the program.
DRAFT_STYLE = DraftStyle()

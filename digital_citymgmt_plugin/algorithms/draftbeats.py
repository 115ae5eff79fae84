# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:draftbeats`."""

from __future__ import annotations

from qgis.core import (
    QgsProcessingParameterBoolean,
    QgsProcessingParameterNumber,
    QgsProcessingParameterVectorDestination,
)

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.grids.beat_loads import MEASURES
from digital_citymgmt_plugin.core.load_weights import parse_weights
from digital_citymgmt_plugin.core.requests_beats import DraftBeats

MIX = "mix"


class DraftBeatsAlgorithm(CityAlgorithm):
    """Draft beats of unit grids."""

    ID = "draftbeats"
    ICON = "beat_draft"
    GROUP = "areas"
    COUNTS = ("grids_in_beats", "beats", "moved", "uneven_beats")

    def displayName(self) -> str:
        return tr("Draft beats")

    def what(self) -> str:
        return tr(
            "Divides the current unit grids into connected beats (\u8d23\u4efb\u7f51\u683c) of even load: area, "
            "components, cases, length of road, or a mix of these. From scratch, or from the beats of today so that "
            "few unit grids change hands.\n"
            "The same store, parameters and seed give the same beats. Stopped, it writes the best found so far."
        )

    def limits(self) -> str:
        return tr(
            "Writes a layer to look at and changes nothing: adopt it with \u201cImport beats\u201d. Grids are "
            "neighbours over an edge of 1 m or more; ground that lies apart (islands, rivers without a grid) is "
            "joined across the shortest gap, and that is said. Roads are the lines of the base map's theme."
        )

    def declare(self) -> None:
        self.add(*p.store())
        integer = QgsProcessingParameterNumber.Type.Integer
        self.add(
            QgsProcessingParameterNumber("COUNT", tr("Number of beats"), integer, 25, False, 1),
            tr("As many as there are collectors, as a rule."),
        )
        self.add(
            p.choice("WEIGHT", tr("Load"), (*MEASURES, MIX), "components"),
            tr("What is to be even: area, components, cases, road (length), or mix (see the weights)."),
        )
        self.add(
            p.text("WEIGHTS", tr("Weights of a mix"), optional=True),
            tr("Such as components=2, cases=1, road=1; each is first divided by the city's total."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterBoolean("START_FROM_CURRENT", tr("Start from the beats of today"), False),
            tr("As few unit grids as can be change hands; beats keep their codes."),
        )
        self.add(
            QgsProcessingParameterNumber("MOVES", tr("Grids that may change hands"), integer, None, True, 0),
            tr("Empty: as many as it takes. Else the beats get as even as these allow, and that is said."),
        )
        self.add(
            QgsProcessingParameterNumber("DAYS", tr("Cases of the last days"), integer, 90, False, 0),
            tr("Counted back from the newest case; 0: all."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterNumber(
                "TOLERANCE", tr("Tolerance (%)"), QgsProcessingParameterNumber.Type.Double, 5.0, False, 0.0, 99.0
            ),
            tr("What a beat may be off the even load."),
            advanced=True,
        )
        self.add(
            p.text("LOCKED", tr("Locked beats"), optional=True),
            tr("Codes of beats that stay as they are, parted by commas."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterNumber("SEED", tr("Seed"), integer, 0, False, 0),
            tr("Another seed gives another draft of equal standing."),
            advanced=True,
        )
        self.add(QgsProcessingParameterVectorDestination("OUTPUT", tr("Draft of beats"), p.POLYGON))

    def request(self, given: Given) -> DraftBeats:
        given.store_path()
        weight = given.choice("WEIGHT") or "components"
        weights = parse_weights(given.text("WEIGHTS") or "") if weight == MIX else {weight: 1.0}
        moves = given.number("MOVES", 0.0)
        locked = [code.strip() for code in (given.text("LOCKED") or "").replace("\uff0c", ",").split(",")]
        return DraftBeats(
            count=int(given.number("COUNT", 1.0) or 1),
            output=given.need_output_layer("OUTPUT"),
            weights=weights,
            from_current=given.flag("START_FROM_CURRENT"),
            moves=None if moves is None else int(moves),
            locked=[code for code in locked if code] or None,
            tolerance=(given.number("TOLERANCE", 0.0) or 0.0) / 100,
            days=int(given.number("DAYS") or 0),
            seed=int(given.number("SEED") or 0),
        )

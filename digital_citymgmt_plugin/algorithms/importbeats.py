# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:importbeats`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterField

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests_beats import ImportBeats


class ImportBeatsAlgorithm(CityAlgorithm):
    """Bring beats into the store."""

    ID = "importbeats"
    ICON = "beat_adopt"
    GROUP = "areas"
    COUNTS = (
        "read",
        "accepted",
        "rejected",
        "beats",
        "beats_new",
        "beats_retired",
        "beats_changed",
        "grids_moved",
        "grids_given",
        "grids_freed",
        "grids_without",
    )
    WRITES = True
    INPUTS = ("INPUT",)

    def displayName(self) -> str:
        return tr("Import beats")

    def what(self) -> str:
        return tr(
            "Puts beats (\u8d23\u4efb\u7f51\u683c) into the city store: a vendor's polygons, a draft of beats, or a "
            "table that names the beat of each unit grid. Of polygons each current unit grid goes to the one that "
            "holds most of it; the boundary of a beat is always the union of its unit grids.\n"
            "Beats that have no unit grid any more are retired, with their history."
        )

    def limits(self) -> str:
        return tr(
            "Unit grids must be there. Grids that the file does not name have no beat afterwards, and are listed. "
            "Codes of beats that were retired are not given again."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(p.source("INPUT", tr("Beats")), p.source_help())
        self.add(
            QgsProcessingParameterField("CODE_FIELD", tr("Field with the code of the beat"), "code", "INPUT"),
            tr("Up to 20 characters; a beat may have several rows."),
        )
        self.add(
            QgsProcessingParameterField("NAME_FIELD", tr("Field with the name"), None, "INPUT", optional=True),
            tr("Empty: beats keep the name that they have."),
        )
        self.add(
            QgsProcessingParameterField(
                "GRID_FIELD", tr("Field with the code of the unit grid"), None, "INPUT", optional=True
            ),
            tr("For a table of unit grids with their beat; its geometry is not looked at."),
        )
        self.add(*p.rejects())
        self.add(*p.encoding(), advanced=True)
        self.add(p.crs(), p.crs_help(), advanced=True)

    def request(self, given: Given) -> ImportBeats:
        given.store_path()
        return ImportBeats(
            input=given.need_layer("INPUT", encoding=given.text("ENCODING"), crs=given.crs("CRS")),
            code_field=given.need("CODE_FIELD"),
            name_field=given.text("NAME_FIELD"),
            grid_field=given.text("GRID_FIELD"),
            rejects=given.output_file("REJECTS"),
        )

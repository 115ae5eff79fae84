# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:importareas`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterBoolean, QgsProcessingParameterField

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests import ImportAreas


class ImportAreasAlgorithm(CityAlgorithm):
    """Bring in county, street or community areas."""

    ID = "importareas"
    ICON = "areas"
    GROUP = "areas"
    COUNTS = (
        "read",
        "accepted",
        "rejected",
        "inserted",
        "updated",
        "unchanged",
        "repaired",
        "merged",
        "ended",
    )
    WRITES = True
    INPUTS = ("INPUT",)

    def displayName(self) -> str:
        return tr("Import areas")

    def what(self) -> str:
        return tr(
            "Brings the areas of one level (county, street or community) into the city store, with code, name and "
            "boundary. A table without geometry brings codes and names alone.\n"
            "The same file a second time changes nothing."
        )

    def limits(self) -> str:
        return tr(
            "Codes must have the length of their level and begin with the county code of the store; rows that do not, "
            "or whose geometry cannot be used, are rejected one by one and told in the log. Layers in degrees are "
            "reprojected to the coordinate reference system of the store."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(p.source("INPUT", tr("Areas")), p.source_help())
        self.add(p.choice("LEVEL", tr("Level"), ("county", "street", "community"), "community"))
        self.add(
            QgsProcessingParameterField("CODE_FIELD", tr("Field with the code"), None, "INPUT"),
            tr("County 6, street 9, community 12 digits."),
        )
        self.add(QgsProcessingParameterField("NAME_FIELD", tr("Field with the name"), None, "INPUT"))
        self.add(
            QgsProcessingParameterBoolean("COMPLETE", tr("Areas that are not in the layer end"), False),
            tr(
                "The layer has all areas of the level: those that are in the store alone (merged, abolished) end "
                "today. Nothing ends when rows were rejected."
            ),
        )
        self.add(*p.encoding(), advanced=True)
        self.add(p.crs(), p.crs_help(), advanced=True)

    def request(self, given: Given) -> ImportAreas:
        given.store_path()
        return ImportAreas(
            input=given.need_layer("INPUT", encoding=given.text("ENCODING"), crs=given.crs("CRS")),
            level=given.choice("LEVEL"),
            code_field=given.need("CODE_FIELD"),
            name_field=given.need("NAME_FIELD"),
            complete=given.flag("COMPLETE"),
        )

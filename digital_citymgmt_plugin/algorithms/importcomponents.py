# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:importcomponents`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterField

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.census.fields import FIELDS
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import ImportComponents


class ImportComponentsAlgorithm(CityAlgorithm):
    """Bring a census file into the store."""

    ID = "importcomponents"
    ICON = "components"
    GROUP = "components"
    COUNTS = (
        "read",
        "accepted",
        "rejected",
        "inserted",
        "updated",
        "unchanged",
        "with_code",
        "on_stored",
        "same_place",
        "same_all",
        "repeated_ids",
    )
    WRITES = True
    INPUTS = ("INPUT",)

    def displayName(self) -> str:
        return tr("Import components")

    def what(self) -> str:
        return tr(
            "Brings components (points, lines or polygons) from a census file into the city store. Columns are matched "
            "by a mapping; classes come from a field or are the same for the whole file.\n"
            "Codes that the file brings are checked, kept and registered, and new codes continue after the highest. "
            "The same file a second time changes nothing."
        )

    def limits(self) -> str:
        return tr(
            "Unknown classes, double codes, codes of another edition, broken geometry and points far away are rejected "
            "row by row with their reason: accepted and rejected together are the rows read. Codes and unit grids are "
            "given by \u201cAssign codes\u201d."
        )

    def declare(self) -> None:
        p.add_input(self, tr("Components"), FIELDS)
        self.add(
            QgsProcessingParameterField("CLASS_FIELD", tr("Field with the class"), None, "INPUT", optional=True),
            tr("Codes or names of classes; empty: as the mapping says."),
        )
        self.add(
            p.text("CLASS", tr("Class of all rows"), optional=True),
            tr("A class code for the whole file, e.g. 0101; instead of a field."),
        )
        p.add_file_options(self)

    def request(self, given: Given) -> ImportComponents:
        given.store_path()
        class_field, class_code = given.text("CLASS_FIELD"), given.text("CLASS")
        if class_field and class_code:
            raise InputRefused("parameter.both", first=given.title("CLASS_FIELD"), second=given.title("CLASS"))
        return ImportComponents(
            input=given.need_layer("INPUT", encoding=given.text("ENCODING"), crs=given.crs("CRS")),
            mapping=given.mapping("MAPPING"),
            class_field=class_field,
            class_code=class_code,
            rejects=given.output_file("REJECTS"),
        )

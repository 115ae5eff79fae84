# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:importcases`."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingParameterFileDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.cases.fields import FIELDS
from digital_citymgmt_plugin.core.requests import ImportCases


class ImportCasesAlgorithm(CityAlgorithm):
    """Bring case records into the store."""

    ID = "importcases"
    ICON = "cases"
    GROUP = "cases"
    COUNTS = (
        "read",
        "accepted",
        "rejected",
        "inserted",
        "updated",
        "unchanged",
        "placed",
        "events",
        "issues",
    )
    WRITES = True
    INPUTS = ("INPUT", "EVENTS")

    def displayName(self) -> str:
        return tr("Import cases")

    def what(self) -> str:
        return tr(
            "Brings case records from a table or layer into the city store: number, class, times of the stages, "
            "department, place. A second table may hold the log of events. Times without a zone are in the time zone "
            "of the store.\n"
            "The same file a second time changes nothing."
        )

    def limits(self) -> str:
        return tr(
            "Blank rows, double numbers and dates that cannot be read are rejected row by row with their reason. Cases "
            "without coordinates are taken; \u201cLink cases\u201d places them by code or community."
        )

    def declare(self) -> None:
        p.add_input(self, tr("Cases"), FIELDS)
        self.add(p.source("EVENTS", tr("Log of events"), optional=True), tr("One row per move of a case."))
        self.add(
            p.text("SHEET", tr("Sheet"), optional=True),
            tr("Of a workbook; needed when several sheets hold rows: without a choice they are listed."),
        )
        self.add(*p.shift())
        p.add_file_options(self)
        self.add(
            QgsProcessingParameterFileDestination(
                "REPORT", tr("What changed"), "Excel (*.xlsx)", None, True, False
            ),
            tr("What a repeated import changed, field by field; nothing is written when nothing changed."),
        )

    def outputs(self, result: dict[str, Any], given: Given) -> dict[str, Any]:
        """Leave out a report that was not written: nothing changed."""
        found = super().outputs(result, given)
        if not result.get("report"):
            found.pop("REPORT", None)
        return found

    def request(self, given: Given) -> ImportCases:
        given.store_path()
        encoding, crs = given.text("ENCODING"), given.crs("CRS")
        return ImportCases(
            input=given.need_layer("INPUT", encoding=encoding, crs=crs, sheet=given.text("SHEET")),
            mapping=given.mapping("MAPPING"),
            rejects=given.output_file("REJECTS"),
            events=given.layer("EVENTS", encoding=encoding),
            shift=given.choice("SHIFT"),
            report=given.output_file("REPORT"),
        )

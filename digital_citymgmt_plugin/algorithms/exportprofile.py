# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:exportprofile`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterFileDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import ExportProfile

WORKBOOK = "Excel (*.xlsx)"


class ExportProfileAlgorithm(CityAlgorithm):
    """Write the city profile as one workbook."""

    ID = "exportprofile"
    ICON = "profile_out"
    GROUP = "city"
    COUNTS = (
        "class", "department", "filing_standard", "responsibility_rule", "indicator", "work_calendar", "work_hours",
    )  # fmt: skip

    def displayName(self) -> str:
        return tr("Export city profile")

    def what(self) -> str:
        return tr(
            "Writes the city profile of a store as one Excel workbook: settings, code schemes, classes, departments, "
            "filing standard, rules of responsibility, indicators and work calendar. Edit it there and import it again."
        )

    def limits(self) -> str:
        return tr(
            "What no source confirms is a default and says so in the column “confidence”. Mappings and assessment "
            "schemes of the store are not in the workbook."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            QgsProcessingParameterFileDestination("OUTPUT", tr("Workbook"), WORKBOOK),
            tr("The workbook to write, with the ending .xlsx."),
        )

    def request(self, given: Given) -> ExportProfile:
        given.store_path()
        output = given.output_file("OUTPUT")
        if output is None:
            raise InputRefused("parameter.missing", parameter=given.title("OUTPUT"))
        if not output.lower().endswith(".xlsx"):
            raise InputRefused("profile.not_xlsx", file=output)
        return ExportProfile(output)

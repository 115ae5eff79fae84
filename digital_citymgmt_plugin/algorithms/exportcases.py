# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:exportcases`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterFile, QgsProcessingParameterFileDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import Layer
from digital_citymgmt_plugin.core.requests_slips import ExportPlatformCases


class ExportCasesAlgorithm(CityAlgorithm):
    """Write cases in the layout of a platform."""

    ID = "exportcases"
    ICON = "cases"
    GROUP = "cases"
    COUNTS = ("cases", "unknown", "columns", "without_field", "differences")

    def displayName(self) -> str:
        return tr("Export cases in the layout of a platform")

    def what(self) -> str:
        return tr(
            "Writes cases with the columns, the order, the way of writing times and the codes of a platform, told by a "
            "sample of its own export. What was written is read back and compared with the sample; differences are "
            "listed."
        )

    def limits(self) -> str:
        return tr(
            "Columns that nothing of ours fills stay empty and are counted. A code list is what stands in the sample: "
            "the longer the sample, the better. Nothing is sent to the platform."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            QgsProcessingParameterFile("SAMPLE", tr("Sample of the platform's export")),
            tr("An XLSX or CSV that the platform wrote itself."),
        )
        self.add(p.text("SHEET", tr("Sheet"), optional=True), tr("Of the sample; empty: the only one."))
        self.add(
            p.text("MAPPING", tr("Mapping of columns"), optional=True),
            tr("How the platform's columns are ours: JSON or the name of a saved mapping of an import; empty: the "
               "saved one of these headings, else guessed by example."),
        )  # fmt: skip
        self.add(
            p.text("CASES", tr("Cases"), default="queue:open", lines=True),
            tr("Numbers of cases parted by commas or lines; or queue: and the name of a queue (queue:overdue); or a "
               "filter as JSON."),
        )  # fmt: skip
        books = tr("Workbook") + " (*.xlsx);;CSV (*.csv)"
        self.add(QgsProcessingParameterFileDestination("OUTPUT", tr("Cases for the platform"), books))
        self.add(
            QgsProcessingParameterFileDestination("REPORT", tr("List of differences"), books, None, True, False),
            tr("Where the file is not as the sample: headings, types, times, codes."),
        )

    def request(self, given: Given) -> ExportPlatformCases:
        given.store_path()
        path = given.path("SAMPLE")
        if path is None:
            raise InputRefused("parameter.missing", parameter=given.title("SAMPLE"))
        return ExportPlatformCases(
            sample=Layer(path, given.text("SHEET")), output=given.output_file("OUTPUT") or "",
            mapping=given.mapping("MAPPING"), chosen=given.need("CASES"), report=given.output_file("REPORT"),
        )  # fmt: skip

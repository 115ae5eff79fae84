# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:writebrief`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterFile, QgsProcessingParameterFileDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests_assessment import WriteBrief

KINDS = ("auto", "week", "month", "quarter", "year", "other")


class WriteBriefAlgorithm(CityAlgorithm):
    """Write a brief of a kept table."""

    ID = "writebrief"
    ICON = "assess"
    GROUP = "cases"
    COUNTS = ("rows", "numbers")

    def displayName(self) -> str:
        return tr("Write a brief")

    def what(self) -> str:
        return tr(
            "Writes a weekly or monthly brief of one kept assessment: a Word file with sentences, ranking, charts and "
            "map, and a workbook with live formulas. All numbers come from the kept table; each is locked and names "
            "the query that opens its cases."
        )

    def limits(self) -> str:
        return tr(
            "Keep a table in the assessment panel first. Paper shows at most 60 rows and 5 indicators; the workbook "
            "has all. Charts and map need a font with Chinese letters; without one they are left out and that is said."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(p.text("RUN", tr("Kept table"), optional=True), tr("Its name or number; empty: the newest."))
        self.add(p.choice("KIND", tr("Kind of brief"), KINDS, "auto"), tr("auto: by the length of the period."))
        for name, title in (("BEFORE", tr("Kept table of the period before")),
                            ("YEAR", tr("Kept table of the year before"))):  # fmt: skip
            self.add(
                p.text(name, title, optional=True),
                tr("Name or number; empty: counted from the log under the same scheme; -: not compared."),
                advanced=True,
            )
        self.add(
            QgsProcessingParameterFile("TEMPLATE", tr("Word template of one's own"), extension="docx", optional=True),
            tr("A .docx with names in double braces; the names stand in the manual."),
        )
        self.add(
            QgsProcessingParameterFile("TEXTS", tr("Sentences of one's own"), optional=True),
            tr("A workbook that this tool wrote, its last sheet edited; or a CSV with the same columns."),
        )
        for name, title, ending in (("DOCUMENT", tr("Word file"), "DOCX (*.docx)"),
                                    ("WORKBOOK", tr("Workbook"), "XLSX (*.xlsx)")):  # fmt: skip
            made = QgsProcessingParameterFileDestination(name, title, ending, None, True, False)
            self.add(made, tr("Where it goes; one of the two may be left out."))

    def request(self, given: Given) -> WriteBrief:
        given.store_path()
        kind = given.choice("KIND")
        return WriteBrief(
            run=given.text("RUN") or "", kind="" if kind == "auto" else kind,
            document=given.output_file("DOCUMENT") or "", workbook=given.output_file("WORKBOOK") or "",
            template=given.path("TEMPLATE") or "", texts=given.path("TEXTS") or "",
            before=given.text("BEFORE") or "", year=given.text("YEAR") or "",
        )  # fmt: skip

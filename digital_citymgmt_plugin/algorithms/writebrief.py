# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:writebrief`."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingParameterDateTime,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
)

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.assess import ROWS
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests_assessment import BriefPeriod, WriteBrief

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
            "Writes a weekly or monthly brief of one kept assessment, or of a period whose assessment is kept with it: "
            "a Word file with sentences, ranking, charts and map, and a workbook with live formulas. All numbers "
            "come from the kept table; each is locked and names the query that opens its cases."
        )

    def limits(self) -> str:
        return tr(
            "Paper shows at most 60 rows and 5 indicators; the workbook "
            "has all. Charts and map need a font with Chinese letters; without one they are left out and that is said."
        )

    def declare(self) -> None:
        self.add(*p.store())
        day = QgsProcessingParameterDateTime.Type.Date
        for name, title in (("FROM", tr("From")), ("TO", tr("To"))):
            self.add(
                QgsProcessingParameterDateTime(name, title, day, None, True),
                tr("Days of the period, both included: its assessment is kept, too. Empty: a table kept already."),
            )
        self.add(
            p.text("RUN", tr("Kept table"), optional=True),
            tr("Its name or number; empty: the newest. With a period: the name to keep its table under."),
        )
        self.add(p.choice("BY", tr("By"), ROWS, "department"), tr("Rows of the table of a period."), advanced=True)
        self.add(
            p.text("SCHEME", tr("Scheme"), default="default", optional=True), tr("Of a period: its code or name."),
            advanced=True,
        )  # fmt: skip
        self.add(
            QgsProcessingParameterDateTime("CUT_OFF", tr("Cut-off"), day, None, True),
            tr("What was not done by the end of this day counts as open; empty: the latest time in the store."),
            advanced=True,
        )
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
        for name, title, ending in (("OUTPUT", tr("Brief"), "DOCX (*.docx);;XLSX (*.xlsx)"),
                                    ("WORKBOOK", tr("Workbook"), "XLSX (*.xlsx)")):  # fmt: skip
            made = QgsProcessingParameterFileDestination(name, title, ending, None, True, False)
            self.add(made, tr("Where it goes; one of the two may be left out."))

    def request(self, given: Given) -> WriteBrief:
        given.store_path()
        kind, output = given.choice("KIND"), given.output_file("OUTPUT") or ""
        workbook = given.output_file("WORKBOOK") or ""
        if output.lower().endswith(".xlsx") and not workbook:
            output, workbook = "", output
        brief: dict[str, Any] = {
            "run": given.text("RUN") or "", "kind": "" if kind == "auto" else kind, "document": output,
            "workbook": workbook, "template": given.path("TEMPLATE") or "", "texts": given.path("TEXTS") or "",
            "before": given.text("BEFORE") or "", "year": given.text("YEAR") or "",
        }  # fmt: skip
        first, last = given.date("FROM") or "", given.date("TO") or ""
        if not (first or last):
            return WriteBrief(**brief)
        return BriefPeriod(
            **brief, by=given.choice("BY"), scheme=given.text("SCHEME") or "default", from_date=first, to_date=last,
            cut_off=given.date("CUT_OFF") or "",
        )  # fmt: skip

# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:drawrecheck`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterDateTime, QgsProcessingParameterFileDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests_fairness import DrawRecheck

STRATA = ("none", "department", "street", "community", "beat", "class", "major", "kind", "source")


class DrawRecheckAlgorithm(CityAlgorithm):
    """Draw cases by lot for a re-check."""

    ID = "drawrecheck"
    ICON = "assess"
    GROUP = "cases"
    WRITES = True
    COUNTS = ("cases", "strata", "drawn")

    def displayName(self) -> str:
        return tr("Draw cases for a re-check")

    def what(self) -> str:
        return tr(
            "Draws cases of a count by lot, from each department, class or other stratum, and writes a form to fill in "
            "with what was found. The seed is kept and printed: with it anybody can repeat the draw."
        )

    def limits(self) -> str:
        return tr(
            "At most 10,000 cases. The form is for this store: it is read back by its number with \u201cRead a "
            "re-check back\u201d. Taking the action back leaves the file."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            p.text("COUNT", tr("Count"), default="closed"),
            tr("Code of the count that is re-checked: closed, closed_on_time, filed \u2026"),
        )
        self.add(p.choice("BY", tr("Drawn from each"), STRATA, "department"))
        self.add(p.choice("BY2", tr("And from each"), STRATA, "none"))
        self.add(p.number("NUMBER", tr("Cases to draw"), 100, 1))
        self.add(p.number("LEAST", tr("Least of each"), 1, 0),
                 tr("So many of each stratum at least, even if it is small."), advanced=True)  # fmt: skip
        self.add(p.text("SEED", tr("Seed"), optional=True), tr("Any text; empty: the present moment."))
        kind = QgsProcessingParameterDateTime.Type.Date
        for name, title, words in (
            ("FROM", tr("From"), tr("First day; empty: from the first case.")),
            ("TO", tr("To"), tr("Last day, included; empty: to the last case.")),
            ("CUT_OFF", tr("Cut-off"), tr("What was not done by the end of this day counts as open; empty: the latest "
                                          "time in the store.")),
        ):  # fmt: skip
            self.add(QgsProcessingParameterDateTime(name, title, kind, None, True), words)
        self.add(
            QgsProcessingParameterFileDestination("OUTPUT", tr("Form"), "XLSX (*.xlsx)", None, True),
            tr("One row for each case that was drawn."),
        )

    def request(self, given: Given) -> DrawRecheck:
        given.store_path()
        by, by2 = ("" if one == "none" else one for one in (given.choice("BY"), given.choice("BY2")))
        return DrawRecheck(
            count=given.need("COUNT"), by=by, by2=by2 if by2 != by else "",
            number=int(given.number("NUMBER", 1) or DrawRecheck.number), least=int(given.number("LEAST", 0) or 0),
            seed=given.text("SEED") or "", from_date=given.date("FROM") or "", to_date=given.date("TO") or "",
            cut_off=given.date("CUT_OFF") or "", output=given.output_file("OUTPUT"),
        )  # fmt: skip

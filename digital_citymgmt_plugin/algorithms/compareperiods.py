# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:compareperiods`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterDateTime, QgsProcessingParameterVectorDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests_fairness import ComparePeriods


class ComparePeriodsAlgorithm(CityAlgorithm):
    """Compare a period with an earlier one."""

    ID = "compareperiods"
    ICON = "assess"
    GROUP = "cases"
    COUNTS = ("rows", "risen", "fallen")

    def displayName(self) -> str:
        return tr("Compare periods")

    def what(self) -> str:
        return tr(
            "Compares a count or an indicator of a period, by area or department, with the period before or with the "
            "same days a year before. What rose or fell by more than chance is marked, with the test that was made; of "
            "counts the top risers are ranked."
        )

    def limits(self) -> str:
        return tr(
            "Rows with few cases are never called risen or fallen. Both periods are looked at equally long after their "
            "ends, so that recent cases do not look slow. Cases of one street are not independent of each other: a "
            "mark keeps chance out, it proves no cause."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            p.text("MEASURE", tr("Count or indicator"), default="filed"),
            tr("Its code: filed, closed, overdue, disposal_rate \u2026; the assessment table names them."),
        )
        self.add(p.choice("KIND", tr("Compare with"), ("before", "year"), "before"),
                 tr("The period before, or the same days a year before."))  # fmt: skip
        self.add(p.choice("BY", tr("By"), ("county", "street", "community", "grid", "department"), "street"))
        kind = QgsProcessingParameterDateTime.Type.Date
        self.add(QgsProcessingParameterDateTime("FROM", tr("From"), kind), tr("First day."))
        self.add(QgsProcessingParameterDateTime("TO", tr("To"), kind), tr("Last day, included."))
        self.add(
            QgsProcessingParameterDateTime("CUT_OFF", tr("Cut-off"), kind, None, True),
            tr("What was not done by the end of this day counts as open; empty: the latest time in the store."),
        )
        self.add(*p.grids_on(), advanced=True)
        self.add(p.number("LEAST", tr("Least cases"), 10, 0),
                 tr("Rows with fewer cases in both periods together are not judged."), advanced=True)  # fmt: skip
        self.add(
            QgsProcessingParameterVectorDestination("OUTPUT", tr("Comparison"), p.ANY, None, True),
            tr("XLSX, CSV or GPKG by its ending."),
        )

    def request(self, given: Given) -> ComparePeriods:
        given.store_path()
        first, last = given.date("FROM"), given.date("TO")
        if first is None or last is None:
            raise InputRefused("compare.days")
        return ComparePeriods(
            measure=given.need("MEASURE"), kind=given.choice("KIND"), by=p.rows_of(given), from_date=first,
            to_date=last, cut_off=given.date("CUT_OFF") or "", least=int(given.number("LEAST", 0) or 0),
            output=given.output_layer("OUTPUT"),
        )  # fmt: skip

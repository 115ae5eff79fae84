# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:assess`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterDateTime, QgsProcessingParameterVectorDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests import Assess


class AssessAlgorithm(CityAlgorithm):
    """Count cases and compute rates over a period."""

    ID = "assess"
    ICON = "assess"
    GROUP = "cases"
    COUNTS = ("rows", "cases")

    def displayName(self) -> str:
        return tr("Assess")

    def what(self) -> str:
        return tr(
            "Counts cases and computes the indicators of a scheme (disposal rate, closing rate, on-time closing rate "
            "\u2026) by area or department over a period. The formula of every indicator stands under the table and in "
            "the log."
        )

    def limits(self) -> str:
        return tr(
            "Cases must have been linked before. A rate whose denominator is zero shows \u2013 (empty in a GPKG), not "
            "zero. The period is by the day of filing, of reporting where a case was not filed, in the time zone of "
            "the store; both days are included."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            p.choice("BY", tr("By"), ("county", "street", "community", "grid", "department"), "street"),
        )
        for name, title, words in (
            ("FROM", tr("From"), tr("First day; empty: from the first case.")),
            ("TO", tr("To"), tr("Last day, included; empty: to the last case.")),
            (
                "CUT_OFF", tr("Cut-off"),
                tr("What was not done by the end of this day counts as open; empty: the latest time in the store."),
            ),
        ):
            self.add(
                QgsProcessingParameterDateTime(name, title, QgsProcessingParameterDateTime.Type.Date, None, True), words
            )
        self.add(
            p.text("SCHEME", tr("Scheme"), default="default", optional=True), tr("Of the city profile."), advanced=True
        )
        self.add(
            QgsProcessingParameterVectorDestination("OUTPUT", tr("Assessment table"), p.ANY, None, True),
            tr("XLSX, CSV or GPKG by its ending."),
        )

    def request(self, given: Given) -> Assess:
        given.store_path()
        return Assess(
            by=given.choice("BY"),
            from_date=given.date("FROM"),
            to_date=given.date("TO"),
            cut_off=given.date("CUT_OFF"),
            scheme=given.text("SCHEME") or "default",
            output=given.output_layer("OUTPUT"),
        )

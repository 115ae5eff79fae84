# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:assess`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterDateTime, QgsProcessingParameterVectorDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests import Assess
from digital_citymgmt_plugin.core.requests_assessment import FreezeRun

ROWS = (
    "county", "street", "community", "grid", "beat", "department", "collector", "acceptor", "shift_lead", "dispatcher",
)  # fmt: skip
_PARTED = ("none", "month", "week", "quarter", "year", "class", "major", "source", "department", "street")


def _joined(text: str) -> dict[str, str]:
    """Read pairs of codes; what is no pair is handed on, to be refused by name."""
    pairs = [part.partition("=") for part in text.replace("；", ";").replace("＝", "=").split(";") if part.strip()]
    return {code.strip(): into.strip() for code, _, into in pairs}


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
            "\u2026) by area, department or person over a period; where the scheme has weights with scores, composite, "
            "grade and rank. The formula of every indicator stands under the table and in the log."
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
            p.choice("BY", tr("By"), ROWS, "street"),
            tr("Areas, departments, or people by their post: who did it in the log of the cases."),
        )
        self.add(p.choice("BY2", tr("Parted by"), _PARTED, "none"), tr("Each row once for each month, class …"))
        for name, title, words in (
            ("FROM", tr("From"), tr("First day; empty: from the first case.")),
            ("TO", tr("To"), tr("Last day, included; empty: to the last case.")),
            (
                "CUT_OFF",
                tr("Cut-off"),
                tr("What was not done by the end of this day counts as open; empty: the latest time in the store."),
            ),
        ):
            self.add(
                QgsProcessingParameterDateTime(name, title, QgsProcessingParameterDateTime.Type.Date, None, True), words
            )
        self.add(
            p.text("SCHEME", tr("Scheme"), default="default", optional=True),
            tr(
                "Code or name of a scheme of the city profile: default, qidong, zhengzhou, s3_area_1, s3_department, "
                "s3_collector \u2026; all: every indicator."
            ),
        )
        self.add(
            p.choice("BASIS", tr("Cases of the period"), ("scheme", "filed", "reported", "flow"), "scheme"),
            tr("Filed or reported in it; flow: each count by its own day; scheme: as the scheme says."),
            advanced=True,
        )
        self.add(
            p.text("JOIN", tr("Joined rows"), optional=True),
            tr("Codes of rows that are one, e.g. of merged departments: D09=D01; D08=D01. The first joins the second."),
            advanced=True,
        )
        self.add(*p.grids_on(), advanced=True)
        self.add(
            p.text("RUN", tr("Keep as"), optional=True),
            tr("A name under which the whole is kept in the store, to be opened again to the digit; empty: not kept."),
        )
        self.add(
            QgsProcessingParameterVectorDestination("OUTPUT", tr("Assessment table"), p.ANY, None, True),
            tr("XLSX, CSV or GPKG by its ending."),
        )

    def request(self, given: Given) -> Assess | FreezeRun:
        given.store_path()
        by2, basis = given.choice("BY2"), given.choice("BASIS")
        by2, basis = "" if by2 == "none" else by2, "" if basis == "scheme" else basis
        by = p.rows_of(given)
        name, join = given.text("RUN"), _joined(given.text("JOIN") or "")
        if name:
            return FreezeRun(
                by=by,
                scheme=given.text("SCHEME") or "default",
                by2=by2,
                basis=basis,
                from_date=given.date("FROM") or "",
                to_date=given.date("TO") or "",
                cut_off=given.date("CUT_OFF") or "",
                join=join,
                name=name,
                output=given.output_layer("OUTPUT") or "",
            )
        return Assess(
            by=by,
            by2=by2,
            basis=basis,
            join=join,
            from_date=given.date("FROM"),
            to_date=given.date("TO"),
            cut_off=given.date("CUT_OFF"),
            scheme=given.text("SCHEME") or "default",
            output=given.output_layer("OUTPUT"),
        )

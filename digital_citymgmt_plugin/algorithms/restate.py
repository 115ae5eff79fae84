# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:restate`."""

from __future__ import annotations

from qgis.core import (
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterField,
    QgsProcessingParameterVectorDestination,
)

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests_history import Restate


class RestateAlgorithm(CityAlgorithm):
    """Tell figures of the grids of one day on the grids of another."""

    ID = "restate"
    ICON = "totals"
    GROUP = "areas"
    INPUTS = ("INPUT",)
    COUNTS = (
        "read", "accepted", "rejected", "grids_before", "grids_then", "by_same", "by_whole", "by_area", "by_nothing",
        "points", "without_point",
    )  # fmt: skip

    def displayName(self) -> str:
        return tr("Restate figures on other grids")

    def what(self) -> str:
        return tr(
            "Tells the figures of one day's unit grids on the grids of another: an old period on today's grids, or "
            "today's figures on the old ones. Numbers of a table go over whole where an old grid lies whole in a new "
            "one, and by area where it was cut; cases and components of the store are located anew by their points.\n"
            "Each row says which rule was used and which grids it came from. What lies in no grid stands in a row of "
            "its own, so that every total stays what it was to the last digit."
        )

    def limits(self) -> str:
        return tr(
            "Only what adds up can be restated (counts, lengths, money), no rates or averages. By area means as if the "
            "figure lay evenly over the grid. Components are those that are there now. Cases without a point count "
            "with the grid they name."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            p.source("INPUT", tr("Table of figures"), optional=True),
            tr("Grid codes and numbers. Empty: only what is counted out of the store."),
        )
        self.add(
            QgsProcessingParameterField("CODE_FIELD", tr("Field with the code"), None, "INPUT", optional=True),
            tr("Empty: guessed by its name."),
        )
        self.add(
            QgsProcessingParameterField(
                "FIELDS", tr("Fields of numbers"), None, "INPUT", allowMultiple=True, optional=True
            ),
            tr("Empty: all that hold numbers only."),
        )
        day = QgsProcessingParameterDateTime.Type.Date
        for name, title, words in (
            ("FROM_DAY", tr("Day of the table's grids"), tr("Empty: today.")),
            ("TO_DAY", tr("Day of the grids wanted"), tr("Empty: today.")),
        ):
            self.add(QgsProcessingParameterDateTime(name, title, day, None, True), words)
        self.add(QgsProcessingParameterBoolean("CASES", tr("Count cases anew"), False), tr("By their points."))
        for name, title, words in (
            ("SINCE", tr("Cases from"), tr("First day of filing, else reporting; empty: from the first.")),
            ("UNTIL", tr("Cases to"), tr("Last day, included; empty: to the last.")),
        ):
            self.add(QgsProcessingParameterDateTime(name, title, day, None, True), words)
        self.add(
            QgsProcessingParameterBoolean("COMPONENTS", tr("Count components anew"), False),
            tr("By their points, those removed left out."),
        )
        self.add(
            p.number("DECIMALS", tr("Decimals of parts"), 2, 0),
            tr("Of figures cut by area; 0: whole numbers stay whole, by the largest remainder."),
        )
        self.add(
            QgsProcessingParameterVectorDestination("OUTPUT", tr("Figures restated"), p.ANY),
            tr("A table (XLSX, CSV) or a layer of the grids, by the ending."),
        )
        self.add(*p.rejects())

    def request(self, given: Given) -> Restate:
        given.store_path()
        figures = [word for name, word in (("CASES", "cases"), ("COMPONENTS", "components")) if given.flag(name)]
        return Restate(
            output=given.need_output_layer("OUTPUT"),
            input=given.layer("INPUT"),
            code_field=given.text("CODE_FIELD"),
            fields=given.fields("FIELDS"),
            figures=figures,
            from_day=given.date("FROM_DAY") or "",
            to_day=given.date("TO_DAY") or "",
            since=given.date("SINCE") or "",
            until=given.date("UNTIL") or "",
            decimals=int(given.number("DECIMALS", 0.0) or 0),
            rejects=given.output_file("REJECTS"),
        )

# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:collectorsheets`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterDateTime, QgsProcessingParameterFileDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests_fairness import CollectorSheets


class CollectorSheetsAlgorithm(CityAlgorithm):
    """Sheets of collectors: cover of the beat by day, cases that were walked past."""

    ID = "collectorsheets"
    ICON = "assess"
    GROUP = "cases"
    COUNTS = ("collectors", "days", "misses", "unassigned")

    def displayName(self) -> str:
        return tr("Collector sheets")

    def what(self) -> str:
        return tr(
            "Tells for each collector, from the tracks in the store, which share of the unit grids and of the road of "
            "the beat was covered, by day and in the whole period, and which cases of the public came from places that "
            "the collector had passed on that day. The definitions stand under the sheets."
        )

    def limits(self) -> str:
        return tr(
            "Needs tracks and beats. A track whose carrier is no collector of the store is set against the beat that "
            "holds most of its fixes of the day. Days before the first beats have those. A day ends at midnight, in "
            "night shifts as well."
        )

    def declare(self) -> None:
        self.add(*p.store())
        kind = QgsProcessingParameterDateTime.Type.Date
        for name, title, words in (
            ("FROM", tr("From"), tr("First day; empty: from the first track.")),
            ("TO", tr("To"), tr("Last day, included; empty: to the last track.")),
        ):
            self.add(QgsProcessingParameterDateTime(name, title, kind, None, True), words)
        self.add(
            p.number("REACH", tr("Reach (m)"), CollectorSheets.reach, 1),
            tr("A piece of road no farther from the track counts as walked."),
        )
        self.add(
            QgsProcessingParameterFileDestination("OUTPUT", tr("Workbook"), "XLSX (*.xlsx)", None, True),
            tr("Three sheets: collectors, days, misses."),
        )

    def request(self, given: Given) -> CollectorSheets:
        given.store_path()
        return CollectorSheets(
            from_date=given.date("FROM") or "", to_date=given.date("TO") or "",
            reach=given.number("REACH", 1) or CollectorSheets.reach, output=given.output_file("OUTPUT"),
        )  # fmt: skip

# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:readrecheck`."""

from __future__ import annotations

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests_fairness import ReadRecheck


class ReadRecheckAlgorithm(CityAlgorithm):
    """Read a filled form of a re-check back."""

    ID = "readrecheck"
    ICON = "assess"
    GROUP = "cases"
    WRITES = True
    INPUTS = ("INPUT",)
    COUNTS = ("rows", "genuine", "false", "unseen", "rejected", "changed")

    def displayName(self) -> str:
        return tr("Read a re-check back")

    def what(self) -> str:
        return tr(
            "Reads the form of a re-check that was filled in, and states the count again: share of genuine cases with "
            "its interval, over all and by stratum."
        )

    def limits(self) -> str:
        return tr(
            "The cases themselves stay as they are. Rows of another re-check, of a case that was not drawn, twice or "
            "without a known result are listed. A form that is read again takes the place of what it said before."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(p.source("INPUT", tr("Form, filled in")), tr("The workbook of the draw, or a CSV of it."))
        self.add(*p.rejects())

    def request(self, given: Given) -> ReadRecheck:
        given.store_path()
        return ReadRecheck(given.need_layer("INPUT"), rejects=given.output_file("REJECTS"))

# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:recomputedue`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterBoolean

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests_cases import RecomputeDue


class RecomputeDueAlgorithm(CityAlgorithm):
    """Count due times anew."""

    ID = "recomputedue"
    ICON = "cases"
    GROUP = "cases"
    COUNTS = (
        "cases_read", "due_changed", "due_later", "due_earlier", "due_other", "due_overdue", "judged_otherwise",
        "due_stated",
    )  # fmt: skip
    WRITES = True

    def displayName(self) -> str:
        return tr("Count due times anew")

    def what(self) -> str:
        return tr(
            "After days of the work calendar, working hours or the rule for returns were changed: counts the due times "
            "of cases anew from their limits and logs. Each change stands in the case's log."
        )

    def limits(self) -> str:
        return tr(
            "Cases whose table stated a due time keep it, and limits stay as they are. Without the option only open "
            "cases are counted: closed ones keep the judgement of their time."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            QgsProcessingParameterBoolean("ENDED", tr("Closed and void cases, too"), False),
            tr("Whether they were in time is judged anew, unless a table stated it."),
        )

    def request(self, given: Given) -> RecomputeDue:
        given.store_path()
        return RecomputeDue(ended=given.flag("ENDED"))

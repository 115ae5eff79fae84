# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:undooperation`."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingFeedback

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.core.requests import UndoOperation


class UndoOperationAlgorithm(CityAlgorithm):
    """Take an import or a bulk action back."""

    ID = "undooperation"
    ICON = "undo"
    GROUP = "city"
    COUNTS = (
        "removed",
        "restored",
        "returned",
        "codes_retired",
        "edits_lost",
        "operations_undone",
    )
    WRITES = True

    def displayName(self) -> str:
        return tr("Take an action back")

    def what(self) -> str:
        return tr(
            "Takes an import or a bulk action back as a whole: rows that it added go away, values that it wrote over "
            "return. The tables are then as they were before. A new entry of the operation log says so."
        )

    def limits(self) -> str:
        return tr(
            "Codes stay in the register for good and are never given out again; only a file that brought codes of its "
            "own may bring them once more. What later actions built on is refused, with their names, unless they are "
            "to be taken back, too; so are rows edited in QGIS since. Rows written in QGIS that name what would go "
            "away are never touched. A taking back can itself be taken back while nothing was written after it."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            p.text("OPERATION", tr("Action"), default="last"),
            tr("The uuid of the action in the operation log, or last: the last one that can be taken back."),
        )
        self.add(
            p.choice("DEPENDENTS", tr("Later actions that build on it"), ("refuse", "undo"), "refuse"),
            tr(
                "refuse: say which they are and change nothing; undo: take them back first, newest first; edits made "
                "in QGIS since are lost."
            ),
        )

    def request(self, given: Given) -> UndoOperation:
        given.store_path()
        return UndoOperation(operation=given.need("OPERATION"), dependents=given.choice("DEPENDENTS"))

    def tell(self, result: dict[str, Any], feedback: QgsProcessingFeedback) -> None:
        for step in result.get("steps") or []:
            feedback.pushInfo(sentence("undo.step", step))
        for table, (removed, restored, returned) in (result.get("by_table") or {}).items():
            values = {"table": table, "removed": removed, "restored": restored, "returned": returned}
            feedback.pushInfo(sentence("undo.table", values))
        for item in result.get("blocked") or []:
            feedback.pushWarning(sentence(item["code"], item["values"]))

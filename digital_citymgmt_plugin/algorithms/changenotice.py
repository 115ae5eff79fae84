# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:changenotice`."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessingAlgorithm,
    QgsProcessingFeedback,
    QgsProcessingParameterFileDestination,
)

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.bridge.change_notice import print_notice
from digital_citymgmt_plugin.bridge.engines import pool
from digital_citymgmt_plugin.core.requests import Health
from digital_citymgmt_plugin.core.requests_history import ChangeNotice


class ChangeNoticeAlgorithm(CityAlgorithm):
    """Print what an operation did to the unit grids."""

    ID = "changenotice"
    ICON = "lineage"
    GROUP = "areas"
    _path = ""
    COUNTS = ("before", "after", "retired", "new", "reshaped")

    def displayName(self) -> str:
        return tr("Print change notice of unit grids")

    def what(self) -> str:
        return tr(
            "Writes a PDF of what one operation did to the unit grids: maps of before and after, counts of what moved, "
            "lines to sign, and a table of old and new codes with shares and areas."
        )

    def limits(self) -> str:
        return tr(
            "One operation at a time. A first adoption changed nothing and has no "
            "notice; an operation that was taken back has none either."
        )

    def flags(self) -> Any:
        """Run in the main thread: layouts belong there."""
        return super().flags() | QgsProcessingAlgorithm.Flag.FlagNoThreading

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            p.text("OPERATION", tr("Operation"), default="last", optional=True),
            tr("Its uuid in the log, or “last”: the last one that changed unit grids."),
        )
        self.add(
            QgsProcessingParameterFileDestination("OUTPUT", tr("Change notice"), "PDF (*.pdf)"), tr("A PDF, A4 lying.")
        )

    def request(self, given: Given) -> ChangeNotice:
        given.store_path()
        self._path = given.output_file("OUTPUT") or ""
        return ChangeNotice(given.text("OPERATION") or "last")

    def tell(self, result: dict[str, Any], feedback: QgsProcessingFeedback) -> None:
        given = self._given
        if given is None or not self._path:
            return
        with pool().lease(given.store) as engine:
            meta = engine.call(Health())["meta"]
        crs = QgsCoordinateReferenceSystem(str(meta.get("crs") or ""))
        pages = print_notice(result, str(meta.get("county_name") or ""), crs, self._path)
        feedback.pushInfo(tr("{pages} pages were written.").format(pages=pages))

# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:importprofile`."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingOutputBoolean,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
)

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import ImportProfile


class ImportProfileAlgorithm(CityAlgorithm):
    """Bring the city profile to what a workbook says, with a report of every difference."""

    ID = "importprofile"
    ICON = "profile_in"
    GROUP = "city"
    COUNTS = ("differences", "rows_added", "rows_changed", "rows_removed")

    def displayName(self) -> str:
        return tr("Import city profile")

    def what(self) -> str:
        return tr(
            "Brings the city profile of a store to what a workbook says and reports every row added, changed (old and "
            "new value) and removed. A broken workbook is refused as a whole, with sheet, row and column of each fault."
        )

    def limits(self) -> str:
        return tr(
            "Classes and departments that components or cases name cannot be removed (put a class out of use instead), "
            "and a code scheme cannot change once codes were issued. Cases keep the due times that they have."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            QgsProcessingParameterFile("INPUT", tr("City profile"), fileFilter=tr("City profile") + " (*.xlsx *.json)"),
            tr("A workbook as “Export city profile” writes it, or one that lists what differs from a base edition."),
        )
        self.add(
            QgsProcessingParameterBoolean("PREVIEW", tr("Only compare"), False),
            tr("Tell the differences and write nothing into the store."),
        )
        self.add(
            QgsProcessingParameterFileDestination(
                "OUTPUT", tr("Report of differences"), p.WORKBOOK_OR_TEXT, None, True, False
            ),
            tr("Every difference: sheet, key, change, column, old, new."),
        )
        self.addOutput(QgsProcessingOutputBoolean("WRITTEN", tr("Whether the store was changed")))

    def request(self, given: Given) -> ImportProfile:
        given.store_path()
        profile = given.path("INPUT")
        if profile is None:
            raise InputRefused("parameter.missing", parameter=given.title("INPUT"))
        return ImportProfile(profile, preview=given.flag("PREVIEW"), output=given.output_file("OUTPUT"))

    def outputs(self, result: dict[str, Any], given: Given) -> dict[str, Any]:
        return {**super().outputs(result, given), "WRITTEN": bool(result.get("written"))}

# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:exportaudit`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterDateTime, QgsProcessingParameterVectorDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests import ExportAudit


class ExportAuditAlgorithm(CityAlgorithm):
    """Write the audit trail into a file."""

    ID = "exportaudit"
    ICON = "verify"
    GROUP = "city"
    COUNTS = ("operations", "changes", "lineage", "events", "codes")

    def displayName(self) -> str:
        return tr("Export audit trail")

    def what(self) -> str:
        return tr(
            "Writes who did what and when: operations, changes of components with old and new values, descents of "
            "grids, events of cases, codes issued. Says whether the chain of the log is whole."
        )

    def limits(self) -> str:
        return tr(
            "Changed shapes are named, not written out. Values of a first import are in the store, not in the trail. "
            "What was edited in plain QGIS has no operation. A worksheet holds a million entries of a kind at most."
        )

    def declare(self) -> None:
        self.add(*p.store())
        for name, title, words in (
            ("FROM", tr("From"), tr("First day; empty: from the first entry.")),
            ("TO", tr("To"), tr("Last day, included; empty: to the last entry.")),
        ):
            self.add(
                QgsProcessingParameterDateTime(name, title, QgsProcessingParameterDateTime.Type.Date, None, True), words
            )
        self.add(
            p.text("KIND", tr("Kind"), optional=True),
            tr("Of the action, e.g. import_components, or of the entry: operation, change, lineage, event, code."),
        )
        self.add(
            QgsProcessingParameterVectorDestination("OUTPUT", tr("Audit trail"), p.ANY),
            tr("XLSX, CSV or GPKG by its ending."),
        )

    def request(self, given: Given) -> ExportAudit:
        given.store_path()
        return ExportAudit(
            output=given.need_output_layer("OUTPUT"),
            from_date=given.date("FROM"),
            to_date=given.date("TO"),
            kind=given.text("KIND"),
        )

# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:checkcomponents`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterVectorDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests import CheckComponents


class CheckComponentsAlgorithm(CityAlgorithm):
    """Check the census by the rule pack."""

    ID = "checkcomponents"
    ICON = "verify"
    GROUP = "components"
    COUNTS = ("components", "rules", "found", "errors", "warnings", "infos", "new", "settled", "open", "waived")

    def displayName(self) -> str:
        return tr("Check components")

    def what(self) -> str:
        return tr(
            "Checks the census by the city's rule pack: codes and register, classes, geometry, unit grid and "
            "community, departments, photos, dates, states, doubles, accuracy, and the place on the base map. What is "
            "found becomes issues: found again they stay as they are (waived ones stay waived), mended they are "
            "settled."
        )

    def limits(self) -> str:
        return tr(
            "Rules can be switched and changed in the city's rule pack. “changed” goes on from the last run with all "
            "rules and looks at all when there was none, or when rules, classes, grids, areas or base map changed. Of "
            "one rule at most 50,000 issues are listed; all are counted. Without a base map nothing is said of "
            "buildings, water and roads."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            p.text("RULES", tr("Rules"), optional=True),
            tr("Codes or families of rules, comma-separated, as in “near_double, photo”. Empty: all in use."),
        )
        self.add(
            p.choice("SCOPE", tr("What to check"), ("all", "sheet", "changed"), "all"),
            tr("All components, those of a sheet, or what changed since the last run."),
        )
        self.add(p.text("SHEET", tr("Map sheet"), optional=True), tr("Number or name of the sheet."))
        self.add(
            QgsProcessingParameterVectorDestination("OUTPUT", tr("Issues found"), p.ANY, None, True),
            tr("A layer of points, or a table (XLSX, CSV): rule, level, object, sentence."),
        )

    def request(self, given: Given) -> CheckComponents:
        given.store_path()
        return CheckComponents(
            scope=given.choice("SCOPE"),
            sheet=given.text("SHEET"),
            rules=given.text("RULES"),
            output=given.output_layer("OUTPUT"),
        )

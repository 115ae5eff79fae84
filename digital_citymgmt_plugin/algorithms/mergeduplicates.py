# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:mergeduplicates`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterVectorDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests_duplicates import MergeDuplicates


class MergeDuplicatesAlgorithm(CityAlgorithm):
    """Merge doubles into one component each."""

    ID = "mergeduplicates"
    ICON = "duplicates"
    GROUP = "components"
    COUNTS = (
        "pairs",
        "going_on",
        "merged_away",
        "already",
        "filled",
        "cases_redirected",
        "photos_moved",
        "codes_retired",
    )
    WRITES = True

    def displayName(self) -> str:
        return tr("Merge doubles")

    def what(self) -> str:
        return tr(
            "Merges doubles that are sure enough, or the pairs named. The component with the older code goes on and "
            "takes the values that it lacks; the other keeps row and code, gets the state 移除 and names the one that "
            "goes on. Its code is retired, its cases and photos go over; each case tells so in its log."
        )

    def limits(self) -> str:
        return tr(
            "Without pairs, only components of one class are merged, and never a waived pair. No row is deleted; the "
            "whole can be taken back. A second run finds nothing to do."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            p.choice("REASON", tr("Evidence"), ("code", "near", "photo", "any"), "code"),
            tr("Which pairs are merged: those with the same code, near each other, with the same photo, or any."),
        )
        self.add(
            p.number("LEAST_SCORE", tr("Least score"), 0.9, 0.0),
            tr("0 to 1: how sure it has to be that the two are one; pairs below are left for a person."),
        )
        self.add(
            p.number("TOLERANCE", tr("Tolerance (m)"), None, 0.0), tr("For all classes; empty: as each class says.")
        )
        self.add(
            p.text("PAIRS", tr("Pairs"), optional=True, lines=True),
            tr("One pair of uuids a line instead: “a>b” (a goes on) or “a b” (the older code goes on)."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterVectorDestination("OUTPUT", tr("Pairs merged"), p.ANY, None, True, False),
            tr("The pairs as points between the two (GPKG, SHP, GeoJSON) or as a table (XLSX, CSV)."),
        )

    def request(self, given: Given) -> MergeDuplicates:
        given.store_path()
        score = given.number("LEAST_SCORE", 0.0)
        listed = [line.strip() for line in (given.text("PAIRS") or "").splitlines()]
        return MergeDuplicates(
            pairs=[line for line in listed if line],
            tolerance=given.number("TOLERANCE", 0.0),
            reason=given.choice("REASON"),
            least_score=0.9 if score is None else score,
            output=given.output_layer("OUTPUT"),
        )

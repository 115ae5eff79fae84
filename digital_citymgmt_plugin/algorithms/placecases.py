# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:placecases`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterBoolean, QgsProcessingParameterNumber

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests_intake import LEAST, PlaceCases


class PlaceCasesAlgorithm(CityAlgorithm):
    """Give cases without coordinates a place."""

    ID = "placecases"
    ICON = "place"
    GROUP = "cases"
    COUNTS = (
        "read",
        "placed",
        "by_component",
        "by_door",
        "by_number",
        "by_crossing",
        "by_poi",
        "by_street",
        "stated",
        "several",
        "unsure",
        "nowhere",
        "place_kept",
        "updated",
    )
    WRITES = True

    def displayName(self) -> str:
        return tr("Place cases")

    def what(self) -> str:
        return tr(
            "Gives cases without coordinates a place: by the code of their component, else by what address and "
            "description say, read with the gazetteer of the store (streets with house numbers, door plates, points of "
            "interest, landmarks; crossings of streets; \u201c200 m north of\u201d), else by grid code or community "
            "alone. Each place has its method and a score from 0 to 1."
        )

    def limits(self) -> str:
        return tr(
            "A case that has a place keeps it. Where a text names several places, or the score is too low, nothing is "
            "written: the case waits to be placed by hand. The gazetteer comes in with \u201cImport places\u201d. "
            "Scores are defaults of the plugin."
        )

    def declare(self) -> None:
        self.add(*p.store())
        score = QgsProcessingParameterNumber(
            "LEAST", tr("Least score"), QgsProcessingParameterNumber.Type.Double, LEAST, False, 0.0, 1.0
        )
        self.add(score, tr("Places that are less sure are not written (0 to 1)."))
        self.add(
            QgsProcessingParameterBoolean("AGAIN", tr("Look placed addresses up again"), False),
            tr(
                "After the gazetteer has grown: places found by address are looked for anew; where nothing sure is "
                "found the old one stays, as do those set by hand."
            ),
        )

    def request(self, given: Given) -> PlaceCases:
        given.store_path()
        least = given.number("LEAST", 0.0)
        return PlaceCases(least=LEAST if least is None else least, again=given.flag("AGAIN"))

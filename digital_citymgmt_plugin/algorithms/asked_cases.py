# SPDX-License-Identifier: GPL-2.0-or-later
"""Parameters of algorithms that ask for some of the cases."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingParameterDateTime

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given

SOURCES = ("any", "collector", "citizen")


def add_asked_cases(algorithm: CityAlgorithm) -> None:
    """Declare which cases are asked for."""
    kind = QgsProcessingParameterDateTime.Type.Date
    for name, title in (("FROM", tr("From")), ("TO", tr("To"))):
        algorithm.add(
            QgsProcessingParameterDateTime(name, title, kind, None, True), tr("Day of reporting, included; empty: all.")
        )
    algorithm.add(
        p.text("CLASSES", tr("Classes"), optional=True),
        tr("Beginnings of class codes, separated by commas; empty: all. One class at a time tells most."),
    )
    algorithm.add(p.choice("SOURCE", tr("Reported by"), SOURCES, "any"))


def asked_cases(given: Given) -> dict[str, Any]:
    """Return what the request is told of them."""
    source = given.choice("SOURCE")
    classes = (given.text("CLASSES") or "").replace("，", ",").split(",")
    return {
        "from_date": given.date("FROM") or "", "to_date": given.date("TO") or "",
        "classes": [code.strip() for code in classes if code.strip()], "sources": [] if source == "any" else [source],
    }  # fmt: skip

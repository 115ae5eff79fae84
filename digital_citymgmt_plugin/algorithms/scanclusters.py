# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:scanclusters`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterBoolean, QgsProcessingParameterVectorDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.asked_cases import add_asked_cases, asked_cases
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests_scan import ScanClusters


class ScanClustersAlgorithm(CityAlgorithm):
    """Find clusters in space and time."""

    ID = "scanclusters"
    ICON = "assess"
    GROUP = "cases"
    COUNTS = ("cases", "elsewhere", "undated", "clusters", "certain")

    def displayName(self) -> str:
        return tr("Scan for clusters")

    def what(self) -> str:
        return tr(
            "Looks for groups of neighbouring cells that had, for some time, more cases than chance gives (Kulldorff's "
            "space-time scan statistic), and tells of each its days, cells and cases, and how often chance alone gives "
            "one as strong anywhere in the city."
        )

    def limits(self) -> str:
        return tr(
            "Zones are round: long stretches of street are found in parts. The Poisson model without a denominator "
            "calls cells that are always busy a cluster; the permutation model finds only what changed in time. Cases "
            "that come in chains are no independent chance: one broken cover reported ten times is a cluster."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(p.choice("BY", tr("Cells"), ("grid", "community", "street", "hexagon"), "grid"))
        self.add(p.number("ACROSS", tr("Distance of hexagons (m)"), 500, 20), advanced=True)
        add_asked_cases(self)
        self.add(
            p.choice("MODEL", tr("Model"), ("poisson", "permutation"), "permutation"),
            tr("Poisson: cases fall by the denominator. Permutation: only what changed in time is found."),
        )
        self.add(p.choice("EXPOSURE", tr("Denominator"), ("even", "area", "road_km", "components"), "even"),
                 tr("Of the Poisson model."))  # fmt: skip
        self.add(p.choice("PERIOD", tr("Period"), ("day", "week", "month"), "week"))
        self.add(QgsProcessingParameterBoolean("PROSPECTIVE", tr("Only clusters that still last"), False))
        self.add(p.number("RADIUS", tr("Greatest distance (m)"), 1000, 0), tr("0: any."))
        self.add(p.number("LONGEST", tr("Longest cluster (periods)"), 8, 0), tr("0: half of all."), advanced=True)
        self.add(p.number("MOST", tr("Most cells of a cluster"), 40, 1), advanced=True)
        self.add(
            QgsProcessingParameterBoolean("TREND", tr("Keep the numbers of each period"), False),
            tr("Poisson model: a rise of the whole city is then no cluster."),
            advanced=True,
        )
        self.add(p.number("SIMULATIONS", tr("Simulations"), 99, 0), tr("999 for figures that are published."))
        self.add(p.number("SEED", tr("Seed"), 1, 0), tr("The same seed gives the same p-values."), advanced=True)
        self.add(QgsProcessingParameterVectorDestination("OUTPUT", tr("Clusters"), p.ANY, None, True))

    def request(self, given: Given) -> ScanClusters:
        given.store_path()

        def whole(name: str) -> int:
            return int(given.number(name, 0) or 0)

        return ScanClusters(
            **asked_cases(given), by=given.choice("BY"), model=given.choice("MODEL"), exposure=given.choice("EXPOSURE"),
            period=given.choice("PERIOD"),
            longest=whole("LONGEST"), radius=float(given.number("RADIUS", 0) or 0),
            most=whole("MOST"),
            across=float(given.number("ACROSS", 0) or 0), prospective=given.flag("PROSPECTIVE"),
            trend=given.flag("TREND"),
            simulations=whole("SIMULATIONS"), seed=whole("SEED"), output=given.output_layer("OUTPUT"),
        )  # fmt: skip

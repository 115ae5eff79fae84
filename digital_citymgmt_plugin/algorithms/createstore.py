# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:createstore`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterFile, QgsProcessingParameterFileDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests import CreateStore


class CreateStoreAlgorithm(CityAlgorithm):
    """Make a new, empty city store."""

    ID = "createstore"
    ICON = "new"
    GROUP = "city"
    OPENS_STORE = False

    def displayName(self) -> str:
        return tr("New city store")

    def what(self) -> str:
        return tr(
            "Makes a new, empty city store: one GeoPackage that holds areas, unit grids, components, cases and the "
            "city profile (classes, departments, rules) of an edition of the standard."
        )

    def limits(self) -> str:
        return tr(
            "An existing file is never overwritten. The coordinate reference system must be projected, in metres. "
            "County code, edition and coordinate reference system cannot be changed later."
        )

    def declare(self) -> None:
        self.add(
            QgsProcessingParameterFileDestination(self.STORE, tr("City store"), p.GEOPACKAGE),
            tr("The file to make, with the ending .gpkg."),
        )
        self.add(
            p.choice("EDITION", tr("Edition of the standard"), ("2007", "2013", "2026"), "2026"),
            tr("2007: CJ/T 213 and 214; 2013: GB/T 30428; 2026: GB/T 47678. It decides codes and classes."),
        )
        self.add(p.text("COUNTY_CODE", tr("County code")), tr("Six digits, e.g. 320681."))
        self.add(p.text("COUNTY_NAME", tr("County name")))
        self.add(
            p.crs(optional=False), tr("Projected, in metres, e.g. EPSG:4549 (CGCS2000, 3 degrees, 120 E). For good.")
        )
        self.add(
            QgsProcessingParameterFile(
                "PROFILE", tr("City profile"), optional=True, fileFilter=tr("City profile") + " (*.xlsx *.json)"
            ),
            tr("A profile workbook; empty: the built-in profile of the edition."),
        )
        self.add(
            p.text("TIME_ZONE", tr("Time zone"), default="Asia/Shanghai", optional=True),
            tr("Where times in files are without a zone."),
            advanced=True,
        )

    def request(self, given: Given) -> CreateStore:
        return CreateStore(
            path=given.new_store_path(),
            edition=given.choice("EDITION"),
            county_code=given.need("COUNTY_CODE"),
            county_name=given.need("COUNTY_NAME"),
            crs=given.need_crs("CRS"),
            profile=given.path("PROFILE"),
            time_zone=given.text("TIME_ZONE") or "Asia/Shanghai",
        )

# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:exportgrids`."""

from __future__ import annotations

from qgis.core import (
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
)

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests_history import ExportGrids

PLATFORMS = ("geojson_full", "geojson_page", "shp_objid", "shp_gbk")


class ExportGridsAlgorithm(CityAlgorithm):
    """Write unit grids as another platform wants them."""

    ID = "exportgrids"
    ICON = "areas"
    GROUP = "areas"
    COUNTS = ("grids_then", "features", "losses", "grids_hit", "differs")

    def displayName(self) -> str:
        return tr("Export unit grids for a platform")

    def what(self) -> str:
        return tr(
            "Writes the unit grids as another platform wants them, by a profile: format, fields, code page, "
            "coordinates. Before anything is written it says what the file and the platform's importer lose: parts, "
            "holes, codes, columns, signs, lengths, decimals. The file is read back and compared field by field and "
            "shape by shape."
        )

    def limits(self) -> str:
        return tr(
            "What an importer does is told as it was read in its code or seen; a newer version may do otherwise. A "
            "profile of one's own is a JSON file of the same form as the built-in ones."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            p.choice("PLATFORM", tr("Platform profile"), PLATFORMS, "geojson_full"),
            tr(
                "geojson_full: GeoJSON with all columns, degrees of WGS 84. geojson_page: GeoJSON for an upload page "
                "over AMap (Yuncheng), GCJ-02, single parts. shp_objid: SHP in UTF-8 with ObjID and ObjName (Unicom). "
                "shp_gbk: SHP in GBK with field names of ten characters. The last three come with a code table."
            ),
        )
        self.add(
            QgsProcessingParameterFile("PROFILE", tr("Profile of one's own"), extension="json", optional=True),
            tr("A JSON file with one profile or a list; the first one in it is used."),
            advanced=True,
        )
        kind = QgsProcessingParameterDateTime.Type.Date
        self.add(QgsProcessingParameterDateTime("DAY", tr("Day"), kind, None, True), tr("Empty: today."))
        self.add(
            QgsProcessingParameterBoolean("CHECK", tr("Only say what gets lost"), False),
            tr("No file is written, but for the list of losses."),
        )
        self.add(
            QgsProcessingParameterFileDestination(
                "OUTPUT", tr("File for the platform"), "GeoJSON (*.geojson);;SHP (*.shp)", None, True, False
            ),
            tr("GeoJSON or SHP, as the profile says."),
        )
        self.add(
            QgsProcessingParameterFileDestination(
                "REPORT", tr("List of losses"), p.WORKBOOK_OR_TEXT, None, True, False
            ),
            tr("Every loss and every difference found when the file was read back, grid by grid."),
        )

    def request(self, given: Given) -> ExportGrids:
        given.store_path()
        check, output = given.flag("CHECK"), given.output_file("OUTPUT")
        if output is None and not check:
            raise InputRefused("parameter.missing", parameter=given.title("OUTPUT"))
        profile = given.path("PROFILE")
        return ExportGrids(
            "" if profile else given.choice("PLATFORM"),
            output=output or "",
            profile=profile,
            day=given.date("DAY") or "",
            report=given.output_file("REPORT"),
            check=check,
        )

# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:importbasemap`."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingFeedback, QgsProcessingParameterFile, QgsProcessingParameterFileDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.bridge.messages import sentence, template
from digital_citymgmt_plugin.core.basemap.themes import THEMES
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests_basemap import ImportBaseMap

DRAWINGS = "DXF, SHP, GPKG (*.dxf *.DXF *.shp *.SHP *.gpkg)"
EXAMPLE = '{"name": "x", "layers": {"LAMPS": {"theme": "facility", "component": "路灯"}, "WALL": "wall"}}'
_MOST_TOLD = 20  # drawings of which the log says how they were read


class ImportBaseMapAlgorithm(CityAlgorithm):
    """Bring drawings in as base map."""

    ID = "importbasemap"
    ICON = "base_map"
    GROUP = "areas"
    COUNTS = (
        "files", "drawings", "unchanged", "replaced", "failed", "dwg", "entities", "base_point", "base_line",
        "base_area", "base_text", "strays", "skipped", "sheets", "unknown_layers",
    )  # fmt: skip
    WRITES = True

    def displayName(self) -> str:
        return tr("Import base map")

    def what(self) -> str:
        return tr(
            "Brings 1:1000 drawings into the base map of the city store, or into a GeoPackage: DXF of R12 to "
            "R2018, SHP and GPKG, one file or a folder of them. Layers of CASS and codes of SOUTH become themes; "
            "block references become points with their attributes. Sheets of 500 m are made for what is covered.\n"
            "The same file a second time changes nothing; a changed one of the same name takes the place of the "
            "old."
        )

    def limits(self) -> str:
        return tr(
            "DWG cannot be read: save it as DXF first. A drawing over 200 MB or with over 3 million entities is "
            "refused: save it by sheet. Code page and coordinate reference system are found by evidence and said;"
            " what lies far from the rest of its drawing is set apart. Of a folder, drawings that cannot be read "
            "are listed and the others come in."
        )

    def declare(self) -> None:
        store = QgsProcessingParameterFile("STORE", tr("City store"), fileFilter=p.GEOPACKAGE, optional=True)
        self.add(store, tr("The city store, or an output below."))
        self.add(
            QgsProcessingParameterFile("INPUT", tr("Drawing or folder"), fileFilter=DRAWINGS),
            tr("A DXF, SHP or GPKG; or the path of a folder, which is looked through with the folders in it."),
        )
        words = tr("The name of a saved mapping, a JSON file or JSON text: theme and component of layers not of CASS.")
        more = " ".join((words, tr("Themes:"), ", ".join(THEMES) + ".", tr("Example:"), EXAMPLE))
        self.add(p.text("MAPPING", tr("Mapping of layers"), optional=True, lines=True), more)
        self.add(*p.encoding())
        self.add(p.crs(), p.crs_help())
        output = QgsProcessingParameterFileDestination("OUTPUT", tr("GeoPackage"), p.GEOPACKAGE, None, True, False)
        self.add(output, tr("Writes the base map there, not into the store."))

    def request(self, given: Given) -> ImportBaseMap:
        output = given.output_file("OUTPUT")
        if given.text("STORE"):
            given.store_path()
        elif output is None:
            raise InputRefused("parameter.missing", parameter=given.title("STORE"))
        source = given.path("INPUT")
        if source is None:
            raise InputRefused("parameter.missing", parameter=given.title("INPUT"))
        return ImportBaseMap(
            input=source,
            encoding=given.text("ENCODING"),
            crs=given.crs("CRS"),
            mapping=given.mapping("MAPPING"),
            output=output,
        )

    def tell(self, result: dict[str, Any], feedback: QgsProcessingFeedback) -> None:
        for drawing in (result.get("drawings") or [])[:_MOST_TOLD]:
            code_page, crs = (str(drawing.get(f"{name}_evidence") or "") for name in ("encoding", "crs"))
            values = {
                "name": drawing["name"], "encoding": drawing.get("encoding") or "–",
                "encoding_why": template(code_page) or code_page, "crs": drawing["crs"],
                "crs_why": template(crs) or crs,
            }  # fmt: skip
            feedback.pushInfo(sentence("basemap.read", values))
            if drawing.get("swapped"):
                feedback.pushWarning(sentence("basemap.swapped", {"name": drawing["name"]}))

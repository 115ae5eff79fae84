# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:packcases`."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProcessingParameterBoolean, QgsProcessingParameterFile, QgsProcessingParameterFolderDestination

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests_slips import PackCases


class PackCasesAlgorithm(CityAlgorithm):
    """Hand cases over in packages."""

    ID = "packcases"
    ICON = "cases"
    GROUP = "cases"
    WRITES = True
    COUNTS = ("packages", "cases", "unknown", "without_slip")

    def displayName(self) -> str:
        return tr("Pack cases for hand-over")

    def what(self) -> str:
        return tr(
            "Writes a package of cases for each department, or one for a named receiver: cases as workbook, text and "
            "GeoPackage, slips that were written before, a receipt to fill in, and a manifest with the SHA-256 of each "
            "file. The store remembers who got which case and what it said then."
        )

    def limits(self) -> str:
        return tr(
            "Nothing is sent, and the city's platform is never written to. Taking the action back leaves the files. A "
            "folder that is there already is refused, a zip of the same name is replaced."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            p.text("CASES", tr("Cases"), default="queue:to_dispatch", lines=True),
            tr("Numbers of cases parted by commas or lines; or queue: and the name of a queue (queue:overdue); or a "
               "filter as JSON."),
        )  # fmt: skip
        self.add(
            p.text("RECEIVER", tr("Receiver"), optional=True),
            tr("One package for this receiver; empty: one for each department."),
        )
        slips = QgsProcessingParameterFile(
            "SLIPS", tr("Folder of the slips"), QgsProcessingParameterFile.Behavior.Folder, optional=True
        )
        self.add(slips, tr("Slips of these cases in it go along."))
        self.add(QgsProcessingParameterBoolean("ZIP", tr("As zip"), True), tr("Otherwise a package is a folder."))
        self.add(QgsProcessingParameterFolderDestination("OUTPUT", tr("Folder of the packages")))

    def request(self, given: Given) -> PackCases:
        given.store_path()
        folder = given.output_folder("OUTPUT")
        Path(folder).mkdir(exist_ok=True)
        return PackCases(
            folder=folder, chosen=given.need("CASES"), receiver=given.text("RECEIVER") or "", zipped=given.flag("ZIP"),
            slips=given.path("SLIPS") or "",
        )  # fmt: skip

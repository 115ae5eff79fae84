# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:importphotos`."""

from __future__ import annotations

from qgis.core import (
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
)

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import ImportPhotos


class ImportPhotosAlgorithm(CityAlgorithm):
    """Match photos to components and copy them into the city's folder."""

    ID = "importphotos"
    ICON = "components"
    GROUP = "components"
    COUNTS = (
        "photos", "by_name", "by_code", "by_source", "by_place", "photo_unchanged", "photo_twice", "photo_orphans",
        "photo_unreadable", "component_orphans", "photos_listed_missing",
    )  # fmt: skip
    WRITES = True

    def displayName(self) -> str:
        return tr("Import photos")

    def what(self) -> str:
        return tr(
            "Matches the photos of a folder to components: by the photo names that the census lists, by component code "
            "or source id in the file name, else by the place that the camera noted. They are copied into the folder "
            "“…_photos” beside the city store, named by code, each copy checked by its checksum; the originals stay.\n"
            "Both kinds of orphans are listed: photos without component, components whose photo is missing."
        )

    def limits(self) -> str:
        return tr(
            "JPEG, PNG and WebP up to 64 MB; what cannot be read is listed with its reason. Place and time that cannot "
            "be true are left out. A photo as near to two components as to one is given to neither. Taking the import "
            "back takes the entries out of the store; the copies stay in the folder and are used again."
        )

    def declare(self) -> None:
        self.add(*p.store())
        folder = QgsProcessingParameterFile(
            "FOLDER", tr("Folder of photos"), QgsProcessingParameterFile.Behavior.Folder
        )
        self.add(folder, tr("Folders in it are looked through, too."))
        self.add(
            p.text("FIELD", tr("Column that lists photos"), optional=True),
            tr("A column of the imported census; empty: 照片, photo and the like."),
        )
        self.add(
            p.number("TOLERANCE", tr("Farthest place (m)"), 15.0, 0.0),
            tr("How far the place in a photo may lie from its component; 0: names only."),
        )
        output = QgsProcessingParameterFileDestination(
            "OUTPUT", tr("List of orphans"), "Excel (*.xlsx)", None, True, False
        )
        self.add(output, tr("A workbook: photos without component, components whose photo is missing."))

    def request(self, given: Given) -> ImportPhotos:
        given.store_path()
        folder = given.path("FOLDER")
        if folder is None:
            raise InputRefused("parameter.missing", parameter=given.title("FOLDER"))
        tolerance = given.number("TOLERANCE", 0.0)
        return ImportPhotos(
            folder=folder,
            field=given.text("FIELD"),
            tolerance=15.0 if tolerance is None else tolerance,
            output=given.output_file("OUTPUT"),
        )

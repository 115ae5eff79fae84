# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:readreceipt`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterFile

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests_slips import ReadReceipt


class ReadReceiptAlgorithm(CityAlgorithm):
    """Read a receipt of a package back."""

    ID = "readreceipt"
    ICON = "cases"
    GROUP = "cases"
    WRITES = True
    COUNTS = ("rows", "accepted", "refused", "answered", "rejected", "changed")

    def displayName(self) -> str:
        return tr("Read the receipt of a package")

    def what(self) -> str:
        return tr(
            "Reads what a receiver says of the cases of a package: accepted, refused or answered, with the time. What "
            "contradicts is listed: unknown package or case, checksum that differs, a case that has changed since."
        )

    def limits(self) -> str:
        return tr(
            "Cases themselves stay as they are: a move is made in the dispatch dock. A zip is never unpacked; one "
            "whose members lead out of it, are links, or grow beyond measure is refused."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            QgsProcessingParameterFile("INPUT", tr("Receipt")),
            tr("The receipt (XLSX, CSV, JSON) that came with the package, filled in; or a zip that holds it."),
        )
        self.add(*p.rejects())

    def request(self, given: Given) -> ReadReceipt:
        given.store_path()
        path = given.path("INPUT")
        if path is None:
            raise InputRefused("parameter.missing", parameter=given.title("INPUT"))
        return ReadReceipt(input=path, rejects=given.output_file("REJECTS"))

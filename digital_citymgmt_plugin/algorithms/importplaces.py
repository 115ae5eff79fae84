# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:importplaces`."""

from __future__ import annotations

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.places.fields import KINDS, all_fields
from digital_citymgmt_plugin.core.requests import ImportPlaces


class ImportPlacesAlgorithm(CityAlgorithm):
    """Bring the gazetteer and cameras into the store."""

    ID = "importplaces"
    ICON = "areas"
    GROUP = "areas"
    COUNTS = ("read", "accepted", "rejected", "inserted", "updated", "unchanged", "outside", "repeated_ids")
    WRITES = True
    INPUTS = ("INPUT",)

    def displayName(self) -> str:
        return tr("Import places")

    def what(self) -> str:
        return tr(
            "Brings points of interest, landmarks, door plates, streets with their house numbers, or cameras into the "
            "city store. Addresses are taken apart into street, number and what follows (号, 弄, 支); unit grid, "
            "community and street are those of the map.\n"
            "Columns are matched by a mapping. The same file a second time changes nothing."
        )

    def limits(self) -> str:
        return tr(
            "Rows without a name (plates: without a street and a number), streets that are no lines, cameras that are "
            "no points, and places far away are rejected row by row with their reason. Exchanged coordinates are "
            "found; shifted ones are not, and are put back only when asked for. Nothing is looked up on the network."
        )

    def declare(self) -> None:
        p.add_input(self, tr("Places"), all_fields())
        self.add(
            p.choice("KIND", tr("Kind of places"), KINDS),
            tr("Points of interest, landmarks, door plates, streets (lines), cameras."),
        )
        self.add(*p.shift(), advanced=True)
        p.add_file_options(self)

    def request(self, given: Given) -> ImportPlaces:
        given.store_path()
        return ImportPlaces(
            input=given.need_layer("INPUT", encoding=given.text("ENCODING"), crs=given.crs("CRS")),
            kind=given.choice("KIND"),
            mapping=given.mapping("MAPPING"),
            shift=given.choice("SHIFT"),
            rejects=given.output_file("REJECTS"),
        )

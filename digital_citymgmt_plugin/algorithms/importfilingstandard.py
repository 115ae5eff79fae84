# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:importfilingstandard`."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterBoolean, QgsProcessingParameterString

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.cases.limit_text import FIELDS
from digital_citymgmt_plugin.core.requests_duty import ImportFilingStandard


class ImportFilingStandardAlgorithm(CityAlgorithm):
    """Bring a filing standard of any layout into the city profile."""

    ID = "importfilingstandard"
    ICON = "profile_in"
    GROUP = "city"
    COUNTS = (
        "read", "accepted", "rejected", "classes", "with_limit", "assumed", "rows_added", "rows_changed",
        "rows_removed",
    )  # fmt: skip
    WRITES = True
    INPUTS = ("INPUT",)

    def displayName(self) -> str:
        return tr("Import filing standard")

    def what(self) -> str:
        return tr(
            "Reads filing conditions, time limits and closing conditions out of a city's own table, whatever its "
            "layout: the heading is found, columns are known by heading or by value, merged classes are filled down, "
            "and limits are read out of their texts (2紧急工作时, 4个工作小时, 1天, whole sentences)."
        )

    def limits(self) -> str:
        return tr(
            "Days without a word are taken as working days, hours as working hours, 24 hours and more as hours of the "
            "clock; the result says how many. Cases keep the due times that they have."
        )

    def declare(self) -> None:
        self.add(*p.store())
        self.add(p.source("INPUT", tr("Filing standard")), p.source_help())
        self.add(*p.mapping(FIELDS))
        self.add(
            QgsProcessingParameterBoolean("REPLACE_ALL", tr("Replace all rules"), False),
            tr("Otherwise only the classes that stand in the table get new rules."),
        )
        self.add(
            QgsProcessingParameterString("AT_ONCE", tr("Limit that “at once” stands for"), None, False, True),
            tr("Such as 1紧急工作时. Empty: conditions with 即时, 立即 and the like have no limit."),
        )
        self.add(*p.rejects())
        self.add(*p.encoding(), advanced=True)

    def request(self, given: Given) -> ImportFilingStandard:
        given.store_path()
        return ImportFilingStandard(
            input=given.need_layer("INPUT", encoding=given.text("ENCODING")),
            mapping=given.mapping("MAPPING"),
            replace_all=given.flag("REPLACE_ALL"),
            at_once=given.text("AT_ONCE"),
            rejects=given.output_file("REJECTS"),
        )

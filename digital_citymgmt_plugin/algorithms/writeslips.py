# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:writeslips`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessingAlgorithm,
    QgsProcessingFeedback,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
)

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.bridge.engines import pool
from digital_citymgmt_plugin.bridge.feedback import cancel_of
from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.bridge.slip_layouts import save_layout
from digital_citymgmt_plugin.bridge.slip_run import FORMATS, run_slips
from digital_citymgmt_plugin.core.cases.slips import KINDS
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import Health
from digital_citymgmt_plugin.core.requests_slips import SlipCases


class WriteSlipsAlgorithm(CityAlgorithm):
    """Print slips of cases."""

    ID = "writeslips"
    ICON = "cases"
    GROUP = "cases"
    COUNTS = ("cases", "unknown", "files", "photos_missing", "without_map")

    def displayName(self) -> str:
        return tr("Write slips of cases")

    def what(self) -> str:
        return tr(
            "Writes dispatch slips, supervision notices, check slips, the list of parked cases or dossiers as PDF, as "
            "Word, or both: with location map, photos, component, unit grid, due time and who is responsible by which "
            "rule."
        )

    def limits(self) -> str:
        return tr(
            "At most 5,000 cases at a time; a case is a file of its own, the list of parked cases is one. Photos come "
            "from the city's photo folder only; what could not be put on a slip is said on it and counted. Word files "
            "need the package python-docx."
        )

    def flags(self) -> Any:
        """Run in the main thread: layouts belong there."""
        return super().flags() | QgsProcessingAlgorithm.Flag.FlagNoThreading

    def declare(self) -> None:
        self.add(*p.store())
        self.add(
            p.choice("KIND", tr("Kind of slip"), KINDS, "dispatch"),
            tr("Dispatch slip, supervision notice, check slip, list of parked cases, dossier of a case."),
        )
        self.add(
            p.text("CASES", tr("Cases"), default="queue:to_dispatch", lines=True),
            tr("Numbers of cases parted by commas or lines; or queue: and the name of a queue (queue:overdue); or a "
               "filter as JSON."),
        )  # fmt: skip
        self.add(
            p.choice("FORMAT", tr("Format"), FORMATS, "pdf"),
            tr("PDF, Word (docx), or both; qpt: no slips, but the print layout of the kind, to be edited in QGIS."),
        )
        self.add(
            QgsProcessingParameterFile(
                "TEMPLATE", tr("Template of one's own"), optional=True, fileFilter="QGIS, Word (*.qpt *.docx)"
            ),
            tr(
                "For PDF a .qpt whose items are found by id (title, facts, map, photos, table, signature, footer), for "
                "Word a .docx with names in double braces, e.g. case_no; both stand in the manual. What would run, or "
                "read other files or the network, is refused or left out and told."
            ),
        )
        self.add(
            QgsProcessingParameterFolderDestination("OUTPUT", tr("Folder of the slips")),
            tr("A folder; slips of the same cases in it are replaced."),
        )

    def request(self, given: Given) -> SlipCases | Health:
        given.store_path()
        self._format = given.choice("FORMAT")
        self._folder = given.output_folder("OUTPUT")
        self._template = given.path("TEMPLATE") or ""
        self._kind = given.choice("KIND")
        if self._template and Path(self._template).suffix.lower() not in (".qpt", ".docx"):
            raise InputRefused("qpt.kind_of_file", file=Path(self._template).name)
        if self._format == "qpt":
            return Health()
        return SlipCases(kind=self._kind, chosen=given.need("CASES"))

    def tell(self, result: dict[str, Any], feedback: QgsProcessingFeedback) -> None:
        given, request = self._given, self._request
        if self._format == "qpt":
            path = save_layout(self._kind, self._folder)
            feedback.pushInfo(tr("The layout was written: {file}").format(file=path))
            return
        if given is None or given.store is None or not isinstance(request, SlipCases):
            return
        with pool().lease(given.store) as engine:
            meta = engine.call(Health())["meta"]
            crs = QgsCoordinateReferenceSystem(str(meta.get("crs") or ""))
            Path(self._folder).mkdir(exist_ok=True)
            counts = run_slips(
                engine, given.store, crs, request.kind, result, self._format, self._folder,
                lambda share: feedback.setProgress(100 * share), cancel_of(feedback), self._template,
                lambda code, values: feedback.pushWarning(sentence(code, values)),
            )  # fmt: skip
        result["counts"].update(counts)
        feedback.pushInfo(
            tr("{files} files were written, {pages} pages of PDF; {photos} photos could not be shown.").format(
                files=counts["files"], pages=counts["pages"], photos=counts["photos_missing"]
            )
        )

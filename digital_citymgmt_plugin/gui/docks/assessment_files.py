# SPDX-License-Identifier: GPL-2.0-or-later
"""What the assessment dock writes: workbook, CSV or layer by the engine, a picture by the window."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication

from digital_citymgmt_plugin.core.requests_assessment import ExportEvaluation
from digital_citymgmt_plugin.gui.assessment_picture import draw_picture


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("AssessmentDock", text)


class FileDesk:
    """Asks where to, and writes.

    Parameters
    ----------
    desk : AssessmentController
    """

    def __init__(self, desk: Any) -> None:
        self.desk = desk
        desk.dock.export_button.clicked.connect(lambda _=False: self.ask_export())
        desk.dock.picture_button.clicked.connect(lambda _=False: self.ask_picture())

    def ask_export(self) -> None:
        """Ask for a file and write the table."""
        kinds = (tr("Workbook") + " (*.xlsx)", "CSV (*.csv)", tr("Layer") + " (*.gpkg)")
        desk, name = self.desk, tr("Assessment") + ".xlsx"
        path = desk.ask_file(tr("Export the table"), name, ";;".join(kinds)) if desk.path else ""
        if path:
            words = tr("The table was written to {file}.").replace("{file}", path)
            desk.ask(
                tr("Writing the table"), ExportEvaluation(**asdict(desk.request()), output=path, run=desk.frozen),
                lambda _answer: desk.controller.messages.show(words, Qgis.MessageLevel.Success),
            )  # fmt: skip

    def ask_picture(self) -> None:
        """Ask for a file and draw the table's bars and the series into it."""
        desk, column = self.desk, self.desk.figure()
        if column is None or desk.answer is None:
            return
        path = desk.ask_file(tr("Save as a picture"), tr("Assessment") + ".png", "PNG (*.png)")
        if path:
            picture = draw_picture(desk.table, column, desk.answer, desk.dock.chart, desk.dock.model.order)
            saved = picture.save(path, "PNG")
            words = tr("The picture was written to {file}.") if saved else tr("{file} could not be written.")
            level = Qgis.MessageLevel.Success if saved else Qgis.MessageLevel.Warning
            desk.controller.messages.show(words.replace("{file}", path), level)

# SPDX-License-Identifier: GPL-2.0-or-later
"""What the analyst's dock writes: a workbook by the engine, the chart as a picture, a page of the map."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QCoreApplication

from digital_citymgmt_plugin.bridge.findings_layer import FINDINGS, find_findings, set_times
from digital_citymgmt_plugin.core.requests_analyst import WriteFindings
from digital_citymgmt_plugin.gui.models.findings import question_words


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("AnalystDock", text)


class FindingFiles:
    """Asks where to, and writes.

    Parameters
    ----------
    desk : AnalystController
    """

    def __init__(self, desk: Any) -> None:
        self.desk = desk
        desk.dock.export_button.clicked.connect(lambda _=False: self.ask_export())
        desk.dock.picture_button.clicked.connect(lambda _=False: self.ask_picture())
        desk.dock.page_button.clicked.connect(lambda _=False: self.make_page())

    def ask_export(self) -> None:
        """Ask for a file and write the table with its question and definitions."""
        desk, found = self.desk, self.desk.findings
        if not found.rows:
            return
        path = desk.ask_file(tr("Export the findings"), tr("Findings") + ".xlsx", tr("Workbook") + " (*.xlsx)")
        if path:
            words = tr("The table was written to {file}.").replace("{file}", path)
            rows = [[int(value) if isinstance(value, bool) else value for value in row] for row in found.rows]
            request = WriteFindings([desk.title, found.hint], list(found.header), rows, list(found.notes), path)
            desk.ask(tr("Writing the table"), request, lambda _answer: desk.message(words))

    def ask_picture(self) -> None:
        """Ask for a file and draw the chart into it."""
        path = self.desk.ask_file(tr("Save as a picture"), tr("Findings") + ".png", "PNG (*.png)")
        if path:
            saved = self.desk.dock.chart.grab().save(path, "PNG")
            words = tr("The picture was written to {file}.") if saved else tr("{file} could not be written.")
            self.desk.message(words.replace("{file}", path), good=saved)

    def make_page(self) -> None:
        """Make a page of the map, with the findings above the city's areas, and open it."""
        from digital_citymgmt_plugin.bridge.layouts import new_layout

        desk, layer = self.desk, find_findings()
        if layer is None:
            return
        # A copy, which the page shows and the next question leaves alone; a theme shows only what is in the tree.
        kept = layer.clone()
        kept.removeCustomProperty(FINDINGS)
        set_times(kept)
        if desk.span() is not None:  # a page of one period says which
            kept.setName(f"{layer.name()} · {desk.span_words()}")
        project = QgsProject.instance()
        project.addMapLayer(kept, False)
        root = project.layerTreeRoot()
        root.insertLayer(1, kept).setItemVisibilityChecked(False)
        node = root.findLayer(layer.id())
        node.setItemVisibilityChecked(False)  # what is shown meanwhile would stand on the page twice
        question = question_words(desk.way.code)
        made = new_layout(project, desk.path, "cases", desk.controller.city(), above=(kept,), title=question)
        node.setItemVisibilityChecked(True)
        span = desk.span()
        if span is not None:  # not all periods over one another
            sheet = made.itemById("map")
            sheet.setIsTemporal(True)
            sheet.setTemporalRange(span)
        desk.controller.iface.openLayoutDesigner(made)

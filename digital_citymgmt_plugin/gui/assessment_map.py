# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures of the assessment dock on the map: areas coloured in the classes that the table marks."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QCoreApplication

from digital_citymgmt_plugin.bridge import assessment_layer
from digital_citymgmt_plugin.core.assessment.classes import breaks
from digital_citymgmt_plugin.core.requests_assessment import RowShapes
from digital_citymgmt_plugin.gui.docks.assessment_words import by_words
from digital_citymgmt_plugin.gui.models.assessment import COLOURS, colour_of


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("AssessmentDock", text)


class FiguresOnMap:
    """Shows and takes away the layer.

    Parameters
    ----------
    desk : AssessmentController
    """

    def __init__(self, desk: Any) -> None:
        self.desk = desk
        self.edges: list[float] = []
        self._own: dict[str, assessment_layer.Shapes] = {}  # of rows that no layer of the city has

    @property
    def by(self) -> str:
        """What the rows of the table are."""
        answer = self.desk.answer
        return str(answer["evaluation"]["selection"]["by"]) if answer is not None else ""

    def show(self) -> None:
        """Colour the areas by the figure that was chosen, or take the colours away where that is not wanted."""
        dock, column, by = self.desk.dock, self.desk.figure(), self.by
        dock.map_button.setEnabled(assessment_layer.can_show(by))
        wanted = column is not None and dock.map_button.isChecked() and assessment_layer.can_show(by)
        if not wanted or column is None:
            self.clear()
            return
        if assessment_layer.needs_shapes(by) and by not in self._own:
            self.desk.probe(self.desk.asked, RowShapes(by), lambda answer: self._shapes_came(by, answer))
            return
        values = self.desk.table.values(column.key)
        self.edges = breaks(list(values.values()))
        dock.model.show_classes(column.key, self.edges)
        classes = max(0, len(self.edges) - 1)
        colours = [COLOURS[colour_of(number, classes)] for number in range(classes)]
        names = {str(row[0]): str(row[1]) for row in self.desk.table.rows}
        layer = assessment_layer.show_assessed(
            self.desk.path, by, self._title(column.title, by), names, values, self.edges, colours, column.digits,
            self._own.get(by),
        )  # fmt: skip
        if layer is None:
            dock.label.setText(tr("The areas of the city are not loaded: there is nothing to colour."))

    def _shapes_came(self, by: str, answer: dict[str, Any]) -> None:
        self._own[by] = assessment_layer.shapes_from(answer)
        self.show()

    def forget(self) -> None:
        """Ask for shapes again: the store is another, or has changed."""
        self._own.clear()

    def _title(self, figure: str, by: str) -> str:
        chosen = self.desk.answer["evaluation"]["selection"]
        period = f", {chosen['from_date']} – {chosen['to_date']}" if chosen["from_date"] else ""
        return f"{figure}, {by_words(by)}{period}"

    def clear(self) -> None:
        """Take layer and marks away."""
        self.edges = []
        self.desk.dock.model.show_classes("", ())
        assessment_layer.remove_assessed()

    def show_row(self) -> None:
        """Go to the area of the row that is selected."""
        dock, by = self.desk.dock, self.by
        index = dock.view.currentIndex()
        row = dock.model.row(index.row()) if index.isValid() else None
        if row is None or not assessment_layer.can_show(by):
            return
        own = self._own.get(by)
        if own is None and not assessment_layer.needs_shapes(by):
            source, shapes = assessment_layer.shapes_of(self.desk.path, by)
            own = (source.crs(), shapes) if source is not None else None
        shape = own[1].get(str(row[0])) if own is not None else None
        if own is not None and shape is not None:
            box = shape.boundingBox()
            self.desk.show_boxes([[box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()]])
            self.desk.controller.iface.mapCanvas().flashGeometries([shape], own[0])

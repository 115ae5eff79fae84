# SPDX-License-Identifier: GPL-2.0-or-later
"""Every number of the assessment table opens its cases: in the list of the dispatch dock, selected on the map."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QLocale
from qgis.PyQt.QtWidgets import QMenu

from digital_citymgmt_plugin.bridge import layers
from digital_citymgmt_plugin.core.assessment.expressions import counts_in
from digital_citymgmt_plugin.core.assessment.number_ids import NumberId
from digital_citymgmt_plugin.core.requests_assessment import CasesOfNumber
from digital_citymgmt_plugin.gui.models.assessment import Column
from digital_citymgmt_plugin.gui.plain_text import as_label

_MOST = 5_000  # cases that are selected on the map


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("AssessmentDock", text)


class NumberDesk:
    """Opens the cases of the cell that is selected.

    Parameters
    ----------
    desk : AssessmentController
    """

    def __init__(self, desk: Any) -> None:
        self.desk = desk
        self.menu: QMenu | None = None

    def choices(self) -> list[tuple[str, str]]:
        """Return what can be opened at the cell that is selected: sum of counts and its words."""
        view, model = self.desk.dock.view, self.desk.dock.model
        index = view.currentIndex()
        if not index.isValid() or self.desk.answer is None:
            return []
        column: Column = model.table.columns[index.column()]
        if not column.above:
            return []
        if not column.below:
            return [(column.above, self.words(column.above))]
        found = [(column.above, self.words(column.above)), (column.below, self.words(column.below))]
        if len(counts_in(column.above, column.below)) == 2:  # of single counts, the one within the other
            both = tr("{below}, without {above}")
            words = both.replace("{below}", found[1][1]).replace("{above}", found[0][1])
            found.append((f"{column.below} - {column.above}", words))
        return found

    def words(self, text: str) -> str:
        """Return a sum of counts in the user's words."""
        names = self.desk.answer["said"]["counts"]
        return text if not counts_in(text) else " ".join(str(names.get(part, part)) for part in text.split())

    def number(self, text: str) -> str:
        """Return the text that names a sum of counts of the row that is selected; of all rows in the total."""
        chosen = self.desk.answer["evaluation"]["selection"]
        row = self.desk.dock.model.row(self.desk.dock.view.currentIndex().row())
        keys = {} if row is None else {str(chosen["by"]): str(row[0])}
        return NumberId(
            text, keys, chosen["basis"], chosen["from_date"], chosen["to_date"], chosen["cut_off"], chosen["where"],
            self.desk.answer["evaluation"]["without"],
        ).to_text()  # fmt: skip

    def open(self) -> None:
        """Open the cases of the cell; of a rate a menu asks which ones."""
        choices, view = self.choices(), self.desk.dock.view
        if not choices:
            self.desk.dock.label.setText(tr("Select a number of cases or a rate first."))
        elif len(choices) == 1:
            self.show(*choices[0])
        else:
            self.menu = QMenu(view)
            for text, words in choices:
                action = self.menu.addAction(as_label(words))
                action.triggered.connect(lambda _=False, text=text, words=words: self.show(text, words))
            self.menu.popup(view.viewport().mapToGlobal(view.visualRect(view.currentIndex()).bottomLeft()))

    def show(self, text: str, words: str) -> None:
        """List the cases of a sum of counts and select them on the map."""
        number, path = self.number(text), self.desk.path
        row = self.desk.dock.model.row(self.desk.dock.view.currentIndex().row())
        name = str(self.desk.table.total[1] if row is None else row[1] or row[0])

        def came(answer: dict[str, Any]) -> None:
            fids = [int(fid) for fid in answer["fids"]]
            told = tr("{count} cases: {words}, {row}").replace("{count}", QLocale().toString(len(fids)))
            told = told.replace("{words}", words).replace("{row}", name)
            self.desk.dock.label.setText(told)
            layer = layers.find_layer(path, "case_record")
            if layer is not None and len(fids) <= _MOST:
                layers.select(layer, fids)
                self._into_sight(layer)
            self.desk.cases_asked.emit(number, told)

        self.desk.courier.send(path, CasesOfNumber(number), came, self._failed)

    def _into_sight(self, layer: Any) -> None:
        box = layer.boundingBoxOfSelected()
        areas = layers.find_layer(self.desk.path, "admin_area", "community")
        if areas is not None and not areas.extent().isNull():  # a case at 0, 0 would put the city out of sight
            around = areas.extent().buffered(areas.extent().width() / 10)
            box = box.intersect(around) if box.intersects(around) else around
        if not box.isNull():
            self.desk.show_boxes([[box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()]])

    def _failed(self, error: Exception) -> None:
        self.desk.dock.label.setText(self.desk.controller.messages.sentence(error))

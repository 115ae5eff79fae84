# SPDX-License-Identifier: GPL-2.0-or-later
"""The class catalogue in the menu: shown, changed with every difference seen before it is written, exported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QDialog

from digital_citymgmt_plugin.core.requests import EditClasses, ListClasses, Request
from digital_citymgmt_plugin.gui.compared_edits import ComparedEdits
from digital_citymgmt_plugin.gui.dialogs.class_catalogue import ClassCatalogue
from digital_citymgmt_plugin.gui.models.differences import column_words, key_words, line_words, sheet_words


def tr(text: str) -> str:
    """Translate a text of the class catalogue."""
    return QCoreApplication.translate("ClassCatalogue", text)


class CatalogueActions(ComparedEdits):
    """The window of the classes."""

    FILE = "class_catalogue.xlsx"

    def title(self) -> str:
        """Return what is changed."""
        return tr("Class catalogue")

    def list_request(self) -> Request:
        """Return the request for all classes."""
        return ListClasses(every=True)

    def edit_request(self, changes: str, *, preview: bool) -> Request:
        """Return the request that changes classes."""
        return EditClasses(changes, preview=preview)

    def make(self, answer: dict[str, Any]) -> QDialog:
        """Return the window."""
        window = self.controller.iface.mainWindow()
        return ClassCatalogue(answer["classes"], answer.get("departments") or [], window)

    def shown(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return the differences with classes and columns as the window calls them."""
        return {**answer, "differences": [line_words(line, self._called) for line in answer["differences"]]}

    def fault(self, code: str, values: dict[str, Any]) -> Sequence[Any]:
        """Return where a fault is and its sentence."""
        _sheet, _row, _column, words = super().fault(code, values)
        sheet, key, column = (str(values.get(name) or "") for name in ("table", "key", "column"))
        return sheet_words(sheet), key_words(sheet, key, self._called), column_words(sheet, column), words

    def _called(self, key: str) -> str:
        """Return the name of a class by its kind and code."""
        rows = self.dialog.classes if self.dialog is not None else []
        return next((str(row["name"]) for row in rows if f"{row['kind']} {row['code']}" == key), "")

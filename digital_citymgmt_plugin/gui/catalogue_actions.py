# SPDX-License-Identifier: GPL-2.0-or-later
"""The class catalogue in the menu: shown, changed with every difference seen before it is written, exported."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QDialog

from digital_citymgmt_plugin.core.requests import EditClasses, ListClasses, Request
from digital_citymgmt_plugin.gui.compared_edits import ComparedEdits
from digital_citymgmt_plugin.gui.dialogs.class_catalogue import ClassCatalogue


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

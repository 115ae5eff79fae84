# SPDX-License-Identifier: GPL-2.0-or-later
"""A window that collects changes of a table of the city: differences are seen before they are written, table exported.

Shared by the class catalogue and the rules of the checks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QDialog, QFileDialog

from digital_citymgmt_plugin.bridge.export import write_table
from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.core.requests import Request
from digital_citymgmt_plugin.gui.dialogs.profile_differences import ProfileDifferences
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.menu_actions import MenuActions


def tr(text: str) -> str:
    """Translate a text that the windows share."""
    return QCoreApplication.translate("ComparedEdits", text)


class ComparedEdits(MenuActions):
    """What the menu entry does; the store is the one of the dock.

    A window has the signals ``changes_asked`` (list) and ``export_asked`` (header, rows).
    """

    FILE = ""  # name that an export proposes

    def __init__(self, controller: CityController) -> None:
        super().__init__(controller)
        self.compared: QDialog | None = None

    # -- what each window has of its own ------------------------------------------------------------------------

    def title(self) -> str:
        """Return what is changed, as users know it."""
        raise NotImplementedError

    def list_request(self) -> Request:
        """Return the request that fetches the table."""
        raise NotImplementedError

    def edit_request(self, changes: str, *, preview: bool) -> Request:
        """Return the request that compares or writes changes (JSON)."""
        raise NotImplementedError

    def make(self, answer: dict[str, Any]) -> QDialog:
        """Return the window for what was fetched."""
        raise NotImplementedError

    def shown(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return a comparison in the words of the window."""
        return answer

    def fault(self, code: str, values: dict[str, Any]) -> Sequence[Any]:
        """Return sheet, row, column and sentence of a fault."""
        return values.get("table"), values.get("key"), values.get("column"), sentence(code, values)

    # -- what they share ----------------------------------------------------------------------------------------

    def show(self) -> None:
        """Fetch the table and show it."""
        store = self.controller.path
        if self.has_store():
            self.ask(self.title(), store, self.list_request(), lambda answer: self._listed(store, answer))

    def _listed(self, store: str, answer: dict[str, Any]) -> None:
        dialog: Any = self.make(answer)
        dialog.changes_asked.connect(lambda changes: self.compare(store, changes))
        dialog.export_asked.connect(self.ask_export)
        self.open(dialog)

    def compare(self, store: str, changes: list[dict[str, Any]]) -> None:
        """Show what would change; nothing is written before."""
        text = json.dumps(changes, ensure_ascii=False)
        request = self.edit_request(text, preview=True)
        self.ask(self.title(), store, request, lambda answer: self._compared(store, text, answer), self._refused)

    def _compared(self, store: str, text: str, answer: dict[str, Any]) -> None:
        dialog = ProfileDifferences(self.title(), self.shown(answer), parent=self.dialog, title=self.title())
        dialog.accepted.connect(lambda: self.write(store, text))
        self._show(dialog)

    def _refused(self, error: Exception) -> None:
        faults = error.values.get("faults") if isinstance(error, CityError) else None
        if not isinstance(faults, list):
            self.controller.messages.show_error(error)
            return
        rows = [self.fault(str(fault.get("code")), fault.get("values") or {}) for fault in faults]
        self._show(ProfileDifferences(self.title(), {}, rows, self.dialog, title=self.title()))

    def write(self, store: str, text: str) -> None:
        """Write what was compared, and show the table as it is then."""
        request = self.edit_request(text, preview=False)
        self.ask(self.title(), store, request, lambda answer: self._written(store, answer), self._refused)

    def _written(self, store: str, answer: dict[str, Any]) -> None:
        words = tr("{title}: {count} [difference was|differences were] written.")
        count = answer["counts"]["differences"]
        self.controller.messages.show(counted(words, title=self.title(), count=count), Qgis.MessageLevel.Success)
        if answer.get("tables"):
            self.controller.store_changed(store, list(answer["tables"]))
        if self.dialog is not None:
            self.show()

    def ask_export(self, header: list[str], rows: list[list[str]]) -> None:
        """Write the table as it is shown to a workbook."""
        path, _ = QFileDialog.getSaveFileName(
            self.dialog,
            tr("Export the table"),
            str(Path(self.controller.path).parent / self.FILE),
            tr("Workbook") + " (*.xlsx);;CSV (*.csv)",
        )
        if path:
            self.export(path, header, rows)

    def export(self, path: str, header: list[str], rows: list[list[str]]) -> None:
        """Write the table to ``path``."""
        try:
            write_table(path, header, rows)
        except CityError as error:
            self.controller.messages.show_error(error)
        else:
            words = tr("The table was written to {file}.").format(file=path)
            self.controller.messages.show(words, Qgis.MessageLevel.Success)

    def _show(self, dialog: QDialog) -> None:
        if self.compared is not None:
            self.compared.reject()
        self.compared = dialog
        dialog.finished.connect(lambda _answer: self._compared_ended(dialog))
        dialog.show()

    def _compared_ended(self, dialog: QDialog) -> None:
        if self.compared is dialog:
            self.compared = None
        dialog.deleteLater()

    def shut(self) -> None:
        """Close the windows that are open."""
        if self.compared is not None:
            self.compared.reject()
            self.compared = None
        super().shut()

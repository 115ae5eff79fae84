# SPDX-License-Identifier: GPL-2.0-or-later
"""The totals in menu and issue dock: counted, shown with their check, the objects behind a number, export."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QCoreApplication

from digital_citymgmt_plugin.core.requests import TotalObjects, Totals
from digital_citymgmt_plugin.gui.desk import Desk
from digital_citymgmt_plugin.gui.dialogs.totals import TotalsDialog
from digital_citymgmt_plugin.gui.menu_actions import OneWindow


def tr(text: str) -> str:
    """Translate a text of the totals."""
    return QCoreApplication.translate("Totals", text)


class TotalsActions(OneWindow, Desk):
    """What the menu entry does."""

    dialog: TotalsDialog | None

    def show(self) -> None:
        """Count and show."""
        if self.has_store():
            self.ask(tr("Counting the census"), Totals(), self._counted)

    def _counted(self, answer: dict[str, Any]) -> None:
        if self.dialog is not None:
            self.dialog.fill(answer)
            self.raised()
            return
        dialog = TotalsDialog(answer, self.dock)
        dialog.objects_asked.connect(self._objects)
        dialog.object_shown.connect(self._show_object)
        dialog.refresh_asked.connect(self.show)
        dialog.export_asked.connect(self.ask_export)
        self.open(dialog)
        dialog.tie_view.clearSelection()
        dialog.tie_view.selectRow(0)  # now that somebody hears what it asks for

    def _objects(self, by: str, key: str) -> None:
        def came(answer: dict[str, Any]) -> None:
            if self.dialog is not None:
                self.dialog.show_objects((by, key), answer)

        self.ask(tr("Looking for the objects"), TotalObjects(by, key), came)

    def _show_object(self, row: dict[str, Any]) -> None:
        if not self.show_point(row) and self.dialog is not None:
            self.dialog.found.setText(tr("It has no place on the map."))

    def ask_export(self) -> None:
        """Ask for a workbook and write all tables with their check."""
        path = self.ask_file(tr("Export the totals"), tr("totals") + ".xlsx", tr("Workbook") + " (*.xlsx)")
        if path:
            self.export(Totals(path))

    def shut(self) -> None:
        """End: close the window."""
        self.close_dialog()
        super().shut()

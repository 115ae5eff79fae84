# SPDX-License-Identifier: GPL-2.0-or-later
"""Looking at a vendor's file of beats, polygons of their own, before they come in: the second step after its grids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QComboBox, QWidget

from digital_citymgmt_plugin.gui.dialogs.vendor_grids import VendorDialog

_CODE, _NAME = ("beat_field", "code_field"), ("name", "mc", "名称", "责任网格名称")


def tr(text: str) -> str:
    """Translate a text of the dialog."""
    return QCoreApplication.translate("VendorGrids", text)


class VendorBeatsDialog(VendorDialog):
    """As the window of the grids, for polygons of beats with a field of codes and one of names."""

    COUNTS = ("read", "accepted", "rejected", "beats", "beats_new", "beats_retired", "beats_changed", "grids_given",
              "grids_moved", "grids_freed")  # fmt: skip

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Start from the beats that are there"))
        self.label.setText(tr(
            "Choose the file of the vendor's beats (SHP, GeoJSON, GPKG), or drop it here: each unit grid gets the beat "
            "that holds most of it."
        ))  # fmt: skip
        self.code_box.setAccessibleName(tr("Field with the codes of the beats"))
        self.crs_box.setAccessibleName(tr("CRS of the beats"))
        self.file_button.setToolTip(tr("Choose the file of beats"))
        self.adopt_button.setToolTip(
            tr("Write the beats into the city store, then open the panel in which they are mended")
        )
        self.name_box = QComboBox()
        self.name_box.setAccessibleName(tr("Field with the names of the beats"))
        self.name_box.setEnabled(False)
        self.name_box.currentIndexChanged.connect(lambda _=0: None if self._filling else self.count_again.emit())
        self.form.removeRow(self.wrong_box)  # a code of a beat is any text
        self.form.addRow(tr("Field with the name"), self.name_box)

    def _allow_forms(self, on: bool) -> None:
        for widget in (self.encoding_box, self.crs_box, self.code_box):
            widget.setEnabled(on)
        if hasattr(self, "name_box"):
            self.name_box.setEnabled(on)

    def name_field(self) -> str | None:
        """Return the field with the names; None: beats keep theirs."""
        return str(self.name_box.currentData() or "") or None

    def wrong_codes(self) -> str:
        """Rows without a code stay out."""
        return "reject"

    def show_answer(self, answer: Mapping[str, Any]) -> None:
        """Show what the head of the file says."""
        fields = [str(name) for name in answer["fields"]]
        code = next((str(answer.get(one)) for one in _CODE if answer.get(one)), "")
        code = code or next((name for name in fields if "code" in name.lower() or "编码" in name), "")
        super().show_answer({**answer, "code_field": code})
        self._filling = True
        self.code_box.setItemText(0, tr("choose it here"))
        chosen = self.name_box.currentData() if self.name_box.count() else next(
            (name for name in fields if name.lower() in _NAME), ""
        )  # fmt: skip
        self.name_box.clear()
        self.name_box.addItem(tr("none: beats keep the name they have"), "")
        for name in fields:
            self.name_box.addItem(name, name)
        self.name_box.setCurrentIndex(max(0, self.name_box.findData(chosen or "")))
        self._filling = False

    def begin(self) -> None:
        """Forget what was said of another file."""
        self._filling = True
        self.name_box.clear()
        super().begin()
        self.show_busy(tr("Looking at the beats…"))

    def stays_out(self, code: str) -> str:
        """Say what becomes of rows that are not taken."""
        return tr("stays out: written to the reject list; mend it there and choose that file here")

    def more_faults(self, answer: Mapping[str, Any]) -> list[tuple[str, int, str]]:
        """Return grids that lie in two beats, and those in none."""
        counts, notes = answer["counts"], {note["code"]: note["values"] for note in answer.get("notes") or []}
        across, found = notes.get("beats.across") or {}, []
        if across.get("count"):
            found.append((tr("Unit grids across the edge of two beats"), int(across["count"]),
                          tr("go to the one that holds most: paint them otherwise in the Beats panel")))  # fmt: skip
        if counts.get("grids_without"):
            found.append((tr("Unit grids in no beat"), int(counts["grids_without"]),
                          tr("have none: paint them in the Beats panel, which opens then")))  # fmt: skip
        return found

    def nothing_new(self) -> str:
        """Say that the store holds all of it."""
        return tr("All these beats are in the store already.")

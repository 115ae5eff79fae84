# SPDX-License-Identifier: GPL-2.0-or-later
"""Looking at a vendor's unit grids before they come in: code field, CRS, first rows, and every fault by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.core import QgsCoordinateReferenceSystem
from qgis.gui import QgsProjectionSelectionWidget
from qgis.PyQt.QtCore import QCoreApplication, QLocale, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.bridge.messages import sentence, template
from digital_citymgmt_plugin.gui.dialogs.base_map import ENCODINGS
from digital_citymgmt_plugin.gui.dialogs.dropping import TakesOneFile
from digital_citymgmt_plugin.gui.dialogs.question import fit
from digital_citymgmt_plugin.gui.dialogs.vendor_parts import CODE_REASONS, OUTSIDE, fate, item, reason_words, table
from digital_citymgmt_plugin.gui.docks.parts import button, plain_label
from digital_citymgmt_plugin.gui.models.issues import rule_title
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons

_COUNTS = ("read", "accepted", "renumbered", "rejected", "inserted", "kept", "unchanged", "retired", "issues",
           "components_moved", "cases_moved")  # fmt: skip


def tr(text: str) -> str:
    """Translate a text of the dialog."""
    return QCoreApplication.translate("VendorGrids", text)


class VendorDialog(TakesOneFile, QDialog):
    """Asks for a file of unit grids and shows what was found in it; accepted to adopt.

    Signals: ``file_asked`` (the button; the caller opens the window of the system), ``chosen`` (a file was dropped),
    ``look_again`` (CRS or code page was changed), ``count_again`` (code field or what becomes of wrong codes).
    """

    file_asked = pyqtSignal()
    chosen = pyqtSignal(str)
    look_again = pyqtSignal()
    count_again = pyqtSignal()

    COUNTS: tuple[str, ...] = _COUNTS

    def __init__(self, parent: QWidget | None = None, *, beats: bool = False) -> None:
        super().__init__(parent)
        self._beats = beats  # whether this version can take beats in
        self.setWindowTitle(tr("Start from the unit grids that are there"))
        self.setAcceptDrops(True)
        self.label = plain_label(tr(
            "Choose the file of the vendor's unit grids (SHP, GeoJSON, GPKG), or drop it here. "
            "Nothing is written before the faults were seen."
        ))  # fmt: skip
        self.encoding_box, self.code_box, self.wrong_box = QComboBox(), QComboBox(), QComboBox()
        self.beat_box = QComboBox()
        self.beat_box.setAccessibleName(tr("Field with the beats of the grids"))
        self.next_box = QCheckBox(tr("Then the beats, from a file of polygons of their &own"))
        self.next_box.setToolTip(tr("After the grids are adopted a window asks for the vendor's file of beats"))
        for name in ENCODINGS:
            self.encoding_box.addItem(name or tr("As found"), name)
        self.encoding_box.setAccessibleName(tr("Code page of the texts"))
        self.crs_box = QgsProjectionSelectionWidget()
        self.crs_box.setOptionVisible(QgsProjectionSelectionWidget.CrsOption.CrsNotSet, True)
        self.crs_box.setCrs(QgsCoordinateReferenceSystem())
        self.crs_box.setAccessibleName(tr("CRS of the grids"))
        self.crs_label, self.summary = plain_label(), plain_label()
        self.code_box.setAccessibleName(tr("Field with the codes of the grids"))
        self.wrong_box.setAccessibleName(tr("What becomes of grids whose code is wrong"))
        self.wrong_box.addItem(tr("get the next number of their community, and are listed"), "number")
        self.wrong_box.addItem(tr("stay out, and go into the reject list"), "reject")
        self.sample = table(tr("First rows of the file"))
        self.faults = table(tr("Faults of the file"))
        self.faults.setColumnCount(3)
        self.faults.setHorizontalHeaderLabels([tr("What was found"), tr("Number"), tr("What becomes of it")])
        self.faults.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.faults.setColumnWidth(1, 70)
        self.faults.setColumnWidth(2, 320)
        self._filling = False
        self._asked = ""  # CRS that the user chose
        self._build_buttons()
        self._lay_out()
        self.encoding_box.activated.connect(lambda _=0: self.look_again.emit())
        self.crs_box.crsChanged.connect(lambda _=None: self._crs_chosen())
        for box in (self.code_box, self.wrong_box):
            box.currentIndexChanged.connect(lambda _=0: None if self._filling else self.count_again.emit())
        self._allow_forms(False)
        fit(self, 780, 680)

    def _build_buttons(self) -> None:
        self.file_button = button(tr("&File…"), tr("Choose the file of unit grids"), "vendor_file")
        self.file_button.clicked.connect(lambda _=False: self.file_asked.emit())
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        name_buttons(self.buttons)
        self.adopt_button = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.adopt_button.setText(tr("&Adopt"))
        self.adopt_button.setToolTip(tr("Write the grids into the city store, then open the list of their faults"))
        self.adopt_button.setEnabled(False)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.file_button)
        top.addWidget(self.label, 1)
        form = self.form = QFormLayout()
        form.addRow(tr("Code page"), self.encoding_box)
        form.addRow(tr("CRS"), self.crs_box)
        form.addRow("", self.crs_label)
        form.addRow(tr("Field with the code"), self.code_box)
        form.addRow(tr("Grids with a wrong code"), self.wrong_box)
        if self._beats:
            form.addRow(tr("Field with the beat"), self.beat_box)
            form.addRow("", self.next_box)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addLayout(form)
        layout.addWidget(self.sample, 1)
        layout.addWidget(self.summary)
        layout.addWidget(self.faults, 2)
        layout.addWidget(self.buttons)

    def _allow_forms(self, on: bool) -> None:
        for widget in (self.encoding_box, self.crs_box, self.code_box, self.wrong_box, self.beat_box):
            widget.setEnabled(on)

    # -- what the user chose ----------------------------------------------------------------------------------------

    def _crs_chosen(self) -> None:
        if not self._filling:
            crs = self.crs_box.crs()
            self._asked = (crs.authid() or crs.toWkt()) if crs.isValid() else ""
            self.look_again.emit()

    def encoding(self) -> str | None:
        """Return the code page chosen; None: as found."""
        return str(self.encoding_box.currentData()) or None

    def asked_crs(self) -> str | None:
        """Return the CRS that the user chose; None: none yet."""
        return self._asked or None

    def crs(self) -> str | None:
        """Return the CRS to read the grids in: what stands in the box, chosen or found."""
        crs = self.crs_box.crs()
        return (crs.authid() or crs.toWkt()) if crs.isValid() else None

    def code_field(self) -> str | None:
        """Return the field with the codes; None: the grids are numbered."""
        return str(self.code_box.currentData() or "") or None

    def beat_field(self) -> str | None:
        """Return the field with the beat of each grid; None: no beats come in."""
        return (str(self.beat_box.currentData() or "") or None) if self._beats else None

    def wrong_codes(self) -> str:
        """Return what becomes of grids with a wrong code."""
        return str(self.wrong_box.currentData())

    # -- what it shows ----------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Forget what was said of another file."""
        self._asked = ""
        self._filling = True
        self.crs_box.setCrs(QgsCoordinateReferenceSystem())
        self.encoding_box.setCurrentIndex(0)
        self.code_box.clear()
        self.beat_box.clear()
        self._filling = False
        self.show_busy(tr("Looking at the grids…"))

    def show_busy(self, text: str) -> None:
        """Say what is being done; nothing can be adopted meanwhile."""
        self.summary.setText(text)
        self.adopt_button.setEnabled(False)

    def show_problem(self, text: str) -> None:
        """Say why nothing can be adopted as it stands."""
        self.summary.setText(text)
        self.faults.setRowCount(0)
        self.adopt_button.setEnabled(False)

    def show_answer(self, answer: Mapping[str, Any]) -> None:
        """Show what the head of the file says: fields, first rows, CRS and why it is that one."""
        self._filling = True
        rows = answer.get("rows")
        words = tr("{name}: {count} rows, {encoding}") if rows is not None else tr("{name}: {encoding}")
        number = QLocale().toString
        self.label.setText(words.format(
            name=answer["name"], count=number(int(rows or 0)), encoding=answer.get("encoding") or "UTF-8",
        ))  # fmt: skip
        crs = QgsCoordinateReferenceSystem(str(answer.get("crs") or ""))
        self.crs_box.setCrs(crs)
        self.crs_label.setText(self._crs_words(answer))
        for box, none, guess in (
            (self.code_box, tr("none: all grids are numbered anew"), answer.get("code_field")),
            (self.beat_box, tr("none: no beats come in"), answer.get("beat_field")),
        ):
            chosen = box.currentData() if box.count() else guess
            box.clear()
            box.addItem(none, "")
            for name in answer["fields"]:
                box.addItem(str(name), str(name))
            box.setCurrentIndex(max(0, box.findData(chosen or "")))
        self._fill_sample(answer["fields"], answer.get("sample") or [])
        self._allow_forms(True)
        self._filling = False

    def _crs_words(self, answer: Mapping[str, Any]) -> str:
        words = sentence(str(answer.get("crs_why") or "guess.crs_unknown"), {})
        if not answer.get("crs"):
            return tr("The file states no CRS, and nothing tells which it is: choose it here.")
        stated = str(answer.get("stated") or "")
        if stated and stated != answer["crs"]:
            return tr("{why} (the file states {stated})").format(why=words, stated=stated[:60])
        return words

    def _fill_sample(self, fields: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.sample.setColumnCount(len(fields))
        self.sample.setHorizontalHeaderLabels([str(name) for name in fields])
        self.sample.setRowCount(len(rows))
        for at, row in enumerate(rows):
            for column, text in enumerate(row):
                self.sample.setItem(at, column, item(str(text)))

    def show_faults(self, answer: Mapping[str, Any]) -> None:
        """Show the counts of an adoption that was tried and thrown away, fault by fault."""
        counts = answer["counts"]
        told = [(template(f"count.{name}") or name, counts[name]) for name in self.COUNTS if counts.get(name)]
        number = QLocale().toString
        lines = [" · ".join(f"{words} {number(int(count))}" for words, count in told)]
        lines += [sentence(str(note.get("code")), note.get("values") or {}) for note in answer.get("notes") or []]
        if not answer.get("writes", True):
            lines.append(self.nothing_new())
        self.summary.setText("\n".join(lines))
        rows = [
            (reason_words(code), count, self.stays_out(code)) for code, count in (answer.get("reasons") or {}).items()
        ]
        rows += [
            (rule_title(rule), count, fate(rule))
            for rule, count in sorted((answer.get("by_rule") or {}).items(), key=lambda item: -item[1])
        ]
        rows += self.more_faults(answer)
        self.faults.setRowCount(len(rows))
        for at, (words, count, becomes) in enumerate(rows):
            for column, text in enumerate((words, number(int(count)), becomes)):
                self.faults.setItem(at, column, item(text))
        self.faults.resizeRowsToContents()  # what becomes of it may be a sentence
        self.adopt_button.setEnabled(bool(answer.get("writes", True)))

    # -- what a window of other things says otherwise -----------------------------------------------------------------

    def stays_out(self, code: str) -> str:
        """Say what becomes of rows that are not taken, and where they are mended."""
        if code in CODE_REASONS and self.wrong_codes() == "reject":
            return tr("stays out: choose above that it gets a number, or mend the code in the reject list")
        if code == OUTSIDE:
            return tr("stays out: import the area of its community first, or move it in the reject list; then adopt it")
        return tr("stays out: written to the reject list")

    def more_faults(self, answer: Mapping[str, Any]) -> list[tuple[str, int, str]]:
        """Return further lines of faults: words, number, what becomes of it."""
        return []

    def nothing_new(self) -> str:
        """Say that the store holds all of it."""
        return tr("All these grids are in the store already.")

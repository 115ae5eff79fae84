# SPDX-License-Identifier: GPL-2.0-or-later
"""Looking at drawings before they come in: ten texts, code page, CRS, and which layer means what."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from qgis.core import QgsCoordinateReferenceSystem
from qgis.gui import QgsProjectionSelectionWidget
from qgis.PyQt.QtCore import QCoreApplication, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QListWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.bridge.captions import value_captions
from digital_citymgmt_plugin.bridge.messages import SENTENCES, sentence
from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.gui.dialogs.dropping import TakesOneFile
from digital_citymgmt_plugin.gui.dialogs.question import fit
from digital_citymgmt_plugin.gui.docks.parts import StillBox, button, plain_label
from digital_citymgmt_plugin.gui.hints import hint
from digital_citymgmt_plugin.gui.models.class_items import class_model
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons

ENCODINGS = ("", "GB18030", "UTF-8", "Big5", "CP949", "CP932", "CP1252")
THEMES = (
    "control", "elevation", "building", "wall", "facility", "road", "pipe", "water", "boundary", "contour", "terrain",
    "vegetation", "frame", "survey", "text", "other",
)  # fmt: skip

NO_COMPONENT = "-"  # what a mapping says of symbols that are no components
SHOWN = 4  # drawings of which a line tells
SAMPLES = 10


def tr(text: str) -> str:
    """Translate a text of the dialog."""
    return QCoreApplication.translate("BaseMap", text)


def theme_words(theme: str) -> str:
    """Return the word of a theme."""
    return value_captions("base_point", "theme").get(theme, theme)


class BaseMapDialog(TakesOneFile, QDialog):
    """Asks for drawings and shows what ``PreviewBaseMap`` found in them; accepted to import.

    Signals: ``look_again`` (code page, CRS or mapping was changed), ``chosen`` (a file or folder), ``file_asked`` and
    ``folder_asked`` (the buttons; the caller opens the window of the system).
    """

    look_again = pyqtSignal()
    chosen = pyqtSignal(str)
    file_asked = pyqtSignal()
    folder_asked = pyqtSignal()

    def __init__(self, parent: QWidget | None = None, classes: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Import base map"))
        self.setAcceptDrops(True)
        self.label = plain_label(tr("Choose a drawing or a folder of drawings, or drop one here."))
        self.encoding_box = QComboBox()
        self.encoding_box.setEditable(True)
        for name in ENCODINGS:
            self.encoding_box.addItem(name or tr("As found"), name)
        self.encoding_box.setAccessibleName(tr("Code page of the texts"))
        self.crs_box = QgsProjectionSelectionWidget()
        self.crs_box.setOptionVisible(QgsProjectionSelectionWidget.CrsOption.CrsNotSet, True)
        self.crs_box.setCrs(QgsCoordinateReferenceSystem())
        self.crs_box.setAccessibleName(tr("CRS of the drawings"))
        self.name_box = QComboBox()
        self.name_box.setEditable(True)
        hint(self.name_box.lineEdit(), tr("Name under which the meanings are kept and used again"))
        self.name_box.setAccessibleName(tr("Name of the mapping"))
        self.samples = QListWidget()
        self.samples.setAccessibleName(tr("Sample texts"))
        self.class_model = class_model(classes, ("", tr("As found")), (NO_COMPONENT, tr("no component")), parent=self)
        self.table = QTableWidget(0, 4)
        self.table.setHorizontalHeaderLabels([tr("Layer"), tr("Entities"), tr("Means"), tr("Its symbols are")])
        self.table.setAccessibleName(tr("Layers and what they mean"))
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().hide()
        self.theme_boxes: dict[str, QComboBox] = {}
        self.component_boxes: dict[str, QComboBox] = {}
        self._found: dict[str, dict[str, str]] = {}
        self._mappings: dict[str, dict[str, Any]] = {}
        self._suggested = False
        self._file = ""
        self._build_buttons()
        self._lay_out()
        self.encoding_box.activated.connect(lambda _=0: self._look())
        self.crs_box.crsChanged.connect(lambda _=None: self._look())
        self.name_box.activated.connect(lambda _=0: self._look())
        fit(self, 720, 680)

    def _build_buttons(self) -> None:
        self.file_button = button(tr("&Drawing…"), tr("Choose one drawing"), "base_map_file")
        self.folder_button = button(tr("&Folder…"), tr("Choose a folder of drawings"), "base_map_folder")
        self.file_button.clicked.connect(lambda _=False: self.file_asked.emit())
        self.folder_button.clicked.connect(lambda _=False: self.folder_asked.emit())
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        name_buttons(self.buttons)
        self.import_button = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.import_button.setText(tr("Import"))
        self.import_button.setEnabled(False)
        self.look_button = self.buttons.addButton(tr("&Look again"), QDialogButtonBox.ButtonRole.ActionRole)
        self.look_button.clicked.connect(lambda _=False: self._look())
        self.look_button.setEnabled(False)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow(tr("Code page"), self.encoding_box)
        form.addRow(tr("CRS"), self.crs_box)
        form.addRow(tr("Name of the mapping"), self.name_box)
        top = QHBoxLayout()
        top.addWidget(self.file_button)
        top.addWidget(self.folder_button)
        top.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.label)
        layout.addLayout(form)
        layout.addWidget(plain_label(tr("Texts of the drawing, as they will be read:")))
        layout.addWidget(self.samples, 1)
        layout.addWidget(self.table, 2)
        layout.addWidget(self.buttons)

    def _look(self) -> None:
        if self._file:
            self.look_again.emit()

    def set_file(self, file: str) -> None:
        """Take note of what is looked at: a new mapping is called by it until it gets another name."""
        self._file = file
        self._suggested = False
        self.look_button.setEnabled(True)
        self.label.setText(tr("Looking at the drawings"))

    def encoding(self) -> str | None:
        """Return the code page chosen; None: as found."""
        text = self.encoding_box.currentText().strip()
        return None if text in ("", tr("As found")) else text

    def crs(self) -> str | None:
        """Return the CRS chosen; None: as found."""
        crs = self.crs_box.crs()
        return (crs.authid() or crs.toWkt()) if crs.isValid() else None

    def mapping(self) -> str | None:
        """Return a mapping as JSON when a meaning was changed here, else the name of a kept one, None without.

        What the kept mapping of that name says of other layers, of blocks and of codes goes along: it is replaced as a
        whole. Without a name it is kept under that of the drawing, so that candidates are found by it, too.
        """
        name = self.name_box.currentText().strip()
        changed = self._changed()
        if not changed:
            return name if name in self._mappings else None
        kept = self._mappings.get(name) or {}
        layers = {layer: dict(entry) for layer, entry in (kept.get("layers") or {}).items()}
        for layer, entry in changed.items():
            layers.setdefault(layer, {}).update(entry)
        parts = {part: kept[part] for part in ("blocks", "codes") if kept.get(part)}
        return json.dumps({"name": name or PurePath(self._file).stem, "layers": layers, **parts}, ensure_ascii=False)

    def _changed(self) -> dict[str, dict[str, str]]:
        """Return what was chosen other than found: layer → theme, component."""
        changed: dict[str, dict[str, str]] = {}
        for key, boxes in (("theme", self.theme_boxes), ("component", self.component_boxes)):
            for layer, box in boxes.items():
                if str(box.currentData()) != self._found[layer][key]:
                    changed.setdefault(layer, {})[key] = str(box.currentData())
        return changed

    def show_problem(self, text: str) -> None:
        """Say in the window why nothing could be looked at; nothing can be imported then."""
        self.label.setText(text)
        self.samples.clear()
        self.table.setRowCount(0)
        self.theme_boxes, self.component_boxes, self._found = {}, {}, {}
        self.import_button.setEnabled(False)

    def show_answer(self, answer: Mapping[str, Any]) -> None:
        """Show what was found in the drawings; a kept mapping that knows unknown layers is taken once by itself."""
        drawings = list(answer.get("drawings") or [])
        files = int(answer.get("files", len(drawings)))
        lines = [counted(tr("{count} [drawing|drawings], {looked} of them looked at:"),
            count=files, looked=answer.get("looked", len(drawings)))]  # fmt: skip
        self.samples.clear()
        # What cannot be read comes first: it waits for an answer.
        told = sorted(drawings, key=lambda one: "problem" not in one)
        lines += [_words(one) for one in told[:SHOWN]]
        if len(told) > SHOWN:
            lines.append(tr("… and {count} more.").format(count=len(told) - SHOWN))
        texts = list(dict.fromkeys(str(text) for one in drawings for text in one.get("samples") or []))
        self.samples.addItems(texts[:SAMPLES])
        if answer.get("dwg"):
            lines.append(
                counted(tr("{count} DWG [file|files] cannot be read: save them as DXF first."), count=answer["dwg"])
            )
        self.label.setText("\n".join(lines))
        self.import_button.setEnabled(any("problem" not in one for one in drawings))
        kept = self._changed()
        self._show_mappings(answer.get("mappings") or {})
        layers: dict[str, dict[str, Any]] = {}
        for one in drawings:
            for row in one.get("layers") or []:
                zero = {"theme": str(row["theme"]), "component": "", "count": 0, "symbols": 0}
                known = layers.setdefault(str(row["layer"]), zero)
                known["count"] += int(row["count"])
                known["symbols"] += int(row.get("symbols") or 0)
                known["component"] = known["component"] or str(row.get("component") or "")
        self._fill(layers, kept)
        suggested = str(answer.get("suggested") or "")
        if suggested and not self._suggested and not self.name_box.currentText().strip():
            self._suggested = True
            self.name_box.setCurrentText(suggested)
            self.look_again.emit()

    def _show_mappings(self, mappings: Mapping[str, Mapping[str, Any]]) -> None:
        self._mappings = {name: dict(one) for name, one in mappings.items()}
        text = self.name_box.currentText()
        self.name_box.clear()
        self.name_box.addItems(list(self._mappings))
        self.name_box.setCurrentText(text)

    def _fill(self, layers: Mapping[str, Mapping[str, Any]], kept: Mapping[str, Mapping[str, str]]) -> None:
        self.theme_boxes, self.component_boxes, self._found = {}, {}, {}
        # What nobody knows comes first: it waits for an answer.
        order = sorted(layers, key=lambda name: (layers[name]["theme"] != "other", name))
        no = (self._mappings.get(self.name_box.currentText().strip()) or {}).get("layers") or {}
        self.table.setRowCount(0)  # takes the boxes of the last answer along
        self.table.setRowCount(len(order))
        for at, name in enumerate(order):
            row = layers[name]
            said = NO_COMPONENT if (no.get(name) or {}).get("component") == NO_COMPONENT else str(row["component"])
            self._found[name] = {"theme": str(row["theme"]), "component": said}
            wanted = {**self._found[name], **kept.get(name, {})}
            for column, text in enumerate((name, str(row["count"]))):
                item = QTableWidgetItem(text)
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                self.table.setItem(at, column, item)
            box = StillBox()
            for theme in THEMES:
                box.addItem(theme_words(theme), theme)
            box.setCurrentIndex(max(0, box.findData(wanted["theme"])))
            box.setAccessibleName(tr("Meaning of layer {layer}").format(layer=name))
            self.table.setCellWidget(at, 2, box)
            self.theme_boxes[name] = box
            if row["symbols"] and self.class_model.rowCount() > 2:
                box = StillBox()
                box.setModel(self.class_model)
                box.setCurrentIndex(max(0, box.findData(wanted["component"])))
                if box.findData(said) < 0:
                    self._found[name]["component"] = ""
                box.setAccessibleName(tr("Component class of the symbols of layer {layer}").format(layer=name))
                self.table.setCellWidget(at, 3, box)
                self.component_boxes[name] = box
        self.table.setColumnWidth(3, 180)


def _words(one: Mapping[str, Any]) -> str:
    """Return one line on a drawing: its format, code page and CRS with how they were found, or its problem."""
    parts = [str(one.get("name") or ""), " ".join(str(one[name]) for name in ("format", "version") if one.get(name))]
    for name in ("encoding", "crs"):
        evidence = str(one.get(f"{name}_evidence") or "")
        told = sentence(evidence, one) if evidence in SENTENCES else ""
        if one.get(name):
            parts.append(f"{one[name]} ({told})" if told else str(one[name]))
    if one.get("entities"):
        words = (
            tr("{count} [entity|entities], {strays} far away") if one.get("strays") else tr("{count} [entity|entities]")
        )
        parts.append(counted(words, count=one["entities"], strays=one.get("strays")))
    if one.get("problem"):
        parts.append(sentence(str(one["problem"]), one.get("values") or {}))
    return " · ".join(part for part in parts if part)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Looking at drawings before they come in: ten texts, code page, CRS, and which layer means what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from qgis.core import QgsCoordinateReferenceSystem
from qgis.gui import QgsProjectionSelectionWidget
from qgis.PyQt.QtCore import QCoreApplication, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHeaderView,
    QLineEdit,
    QListWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.bridge.captions import value_captions
from digital_citymgmt_plugin.bridge.messages import SENTENCES, sentence
from digital_citymgmt_plugin.gui.docks.parts import plain_label
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons

ENCODINGS = ("", "GB18030", "UTF-8", "Big5", "CP949", "CP932", "CP1252")
THEMES = (
    "control", "elevation", "building", "wall", "facility", "road", "pipe", "water", "boundary", "contour", "terrain",
    "vegetation", "frame", "survey", "text", "other",
)  # fmt: skip


def tr(text: str) -> str:
    """Translate a text of the dialog."""
    return QCoreApplication.translate("BaseMap", text)


def theme_words(theme: str) -> str:
    """Return the word of a theme."""
    return value_captions("base_point", "theme").get(theme, theme)


class BaseMapDialog(QDialog):
    """Shows what ``PreviewBaseMap`` found; ``look_again`` when code page or CRS was changed, accepted to import."""

    look_again = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Import base map"))
        self.label = plain_label()
        self.encoding_box = QComboBox()
        self.encoding_box.setEditable(True)
        for name in ENCODINGS:
            self.encoding_box.addItem(name or tr("As found"), name)
        self.encoding_box.setAccessibleName(tr("Code page of the texts"))
        self.crs_box = QgsProjectionSelectionWidget()
        self.crs_box.setOptionVisible(QgsProjectionSelectionWidget.CrsOption.CrsNotSet, True)
        self.crs_box.setCrs(QgsCoordinateReferenceSystem())
        self.crs_box.setAccessibleName(tr("CRS of the drawings"))
        self.name_edit = QLineEdit()
        self.name_edit.setPlaceholderText(tr("Name under which the meanings are kept and used again"))
        self.name_edit.setAccessibleName(tr("Name of the mapping"))
        self.samples = QListWidget()
        self.samples.setAccessibleName(tr("Sample texts"))
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels([tr("Layer"), tr("Entities"), tr("Means")])
        self.table.setAccessibleName(tr("Layers and what they mean"))
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().hide()
        self.theme_boxes: dict[str, QComboBox] = {}
        self._found: dict[str, str] = {}
        form = QFormLayout()
        form.addRow(tr("Code page"), self.encoding_box)
        form.addRow(tr("CRS"), self.crs_box)
        form.addRow(tr("Name of the mapping"), self.name_edit)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        name_buttons(self.buttons)
        self.import_button = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.import_button.setText(tr("Import"))
        look = self.buttons.addButton(tr("&Look again"), QDialogButtonBox.ButtonRole.ActionRole)
        look.clicked.connect(lambda: self.look_again.emit())
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.label)
        layout.addLayout(form)
        layout.addWidget(plain_label(tr("Texts of the drawing, as they will be read:")))
        layout.addWidget(self.samples, 1)
        layout.addWidget(self.table, 2)
        layout.addWidget(self.buttons)
        self.resize(640, 680)

    def encoding(self) -> str | None:
        """Return the code page chosen; None: as found."""
        text = self.encoding_box.currentText().strip()
        return None if text in ("", tr("As found")) else text

    def crs(self) -> str | None:
        """Return the CRS chosen; None: as found."""
        crs = self.crs_box.crs()
        return (crs.authid() or crs.toWkt()) if crs.isValid() else None

    def mapping(self) -> str | None:
        """Return the meanings of layers as JSON when one was changed, else the name of a mapping, None without.

        With a name all meanings go along: the mapping that is kept under it is replaced as a whole.
        """
        name = self.name_edit.text().strip()
        given = {layer: str(box.currentData()) for layer, box in self.theme_boxes.items()}
        changed = {layer: theme for layer, theme in given.items() if theme != self._found[layer]}
        if not changed:
            return name or None
        layers = {layer: {"theme": theme} for layer, theme in (given if name else changed).items()}
        return json.dumps({"name": name, "layers": layers}, ensure_ascii=False)

    def show_answer(self, answer: Mapping[str, Any]) -> None:
        """Show what was found in the first drawings."""
        drawings = list(answer.get("drawings") or [])
        lines = [tr("{count} drawings; of the first ones:").format(count=answer.get("files", len(drawings)))]
        self.samples.clear()
        for one in drawings:
            lines.append(_words(one))
            self.samples.addItems([str(text) for text in one.get("samples") or []])
        if answer.get("dwg"):
            lines.append(tr("{count} DWG files cannot be read: save them as DXF first.").format(count=answer["dwg"]))
        self.label.setText("\n".join(lines))
        self.import_button.setEnabled(any("problem" not in one for one in drawings))
        kept = {layer: box.currentData() for layer, box in self.theme_boxes.items()
                if box.currentData() != self._found[layer]}  # fmt: skip
        layers: dict[str, dict[str, Any]] = {}
        for one in drawings:
            for row in one.get("layers") or []:
                known = layers.setdefault(str(row["layer"]), {"theme": str(row["theme"]), "count": 0})
                known["count"] += int(row["count"])
        self._fill(layers, kept)

    def _fill(self, layers: Mapping[str, Mapping[str, Any]], kept: Mapping[str, Any]) -> None:
        self.theme_boxes, self._found = {}, {}
        # What nobody knows comes first: it waits for an answer.
        order = sorted(layers, key=lambda name: (layers[name]["theme"] != "other", name))
        self.table.setRowCount(len(order))
        for at, name in enumerate(order):
            box = QComboBox()
            for theme in THEMES:
                box.addItem(theme_words(theme), theme)
            theme = layers[name]["theme"]
            box.setCurrentIndex(max(0, box.findData(kept.get(name, theme))))
            box.setAccessibleName(tr("Meaning of layer {layer}").format(layer=name))
            for column, text in enumerate((name, str(layers[name]["count"]))):
                item = QTableWidgetItem(text)
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                self.table.setItem(at, column, item)
            self.table.setCellWidget(at, 2, box)
            self.theme_boxes[name], self._found[name] = box, str(theme)


def _words(one: Mapping[str, Any]) -> str:
    """Return one line on a drawing: its format, code page and CRS with how they were found, or its problem."""
    parts = [str(one.get("name") or ""), " ".join(str(one[name]) for name in ("format", "version") if one.get(name))]
    for name in ("encoding", "crs"):
        evidence = str(one.get(f"{name}_evidence") or "")
        told = sentence(evidence, one) if evidence in SENTENCES else ""
        if one.get(name):
            parts.append(f"{one[name]} ({told})" if told else str(one[name]))
    if one.get("entities"):
        parts.append(tr("{count} entities, {strays} far away").format(count=one["entities"], strays=one["strays"]))
    if one.get("problem"):
        parts.append(sentence(str(one["problem"]), one.get("values") or {}))
    return " · ".join(part for part in parts if part)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Which column of a census is what: guesses to be changed, 100 rows to look at, its words for classes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QLocale, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QSplitter,
    QTableView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.bridge.captions import column_caption
from digital_citymgmt_plugin.bridge.messages import template
from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.gui.dialogs.question import fit
from digital_citymgmt_plugin.gui.docks.parts import StillBox
from digital_citymgmt_plugin.gui.models.class_items import class_model
from digital_citymgmt_plugin.gui.models.rows import RowsModel
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons

_CLASS = ("class_code", "class_name")


def tr(text: str) -> str:
    """Translate a text of the mapping window."""
    return QCoreApplication.translate("CensusMapping", text)


class CensusMapping(QDialog):
    """Column → field, shown beside the first rows; accepted, ``mapping`` is what ``ImportComponents`` takes.

    Parameters
    ----------
    answer : dict
        Of ``PreviewTable``.
    classes : sequence of dict
        Of ``ListClasses`` for components.

    Signals: ``class_column_asked`` (another column is to be that of classes).
    """

    class_column_asked = pyqtSignal(str)

    def __init__(
        self, answer: Mapping[str, Any], classes: Sequence[Mapping[str, Any]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.answer = dict(answer)
        self._shows_class = str(answer["class_column"])
        self.setWindowTitle(tr("Map a census: {name}").format(name=answer["name"]))
        self.class_model = class_model(classes, ("", "–"), parent=self)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self._build_fields()
        self.words = QTableWidget(0, 3)
        self.words.setHorizontalHeaderLabels([tr("Word in the file"), tr("Rows"), tr("Class")])
        self.words.verticalHeader().hide()
        self.words.horizontalHeader().setStretchLastSection(True)
        self.preview = QTableView()
        self.preview.setModel(RowsModel(answer["columns"], answer["rows"], self))
        self.preview.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.preview.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.crs_field, self.nulls_field = QLineEdit(str(answer["crs"] or "")), QLineEdit()
        self.nulls_field.setText(" ; ".join(answer["null_values"]))
        self.all_box = QComboBox()
        self.all_box.setModel(self.class_model)
        options = QWidget()
        form = QFormLayout(options)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(tr("Coordinate reference system"), self.crs_field)
        form.addRow(tr("Texts that mean nothing"), self.nulls_field)
        form.addRow(tr("One class for all rows"), self.all_box)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        name_buttons(self.buttons)
        go = self.buttons.addButton(tr("Go on to the import…"), QDialogButtonBox.ButtonRole.AcceptRole)
        go.setObjectName("import_mapped")
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        upper = QSplitter()
        upper.addWidget(self.fields)
        upper.addWidget(self.words)
        layout = QVBoxLayout(self)
        layout.addWidget(self.said)
        layout.addWidget(upper, 3)
        layout.addWidget(self.preview, 2)
        layout.addWidget(options)
        layout.addWidget(self.buttons)
        fit(self, 1000, 680)
        self._restore(answer.get("saved"))
        self.show_words(answer)
        self.all_box.currentIndexChanged.connect(lambda _=0: self._say())
        self.crs_field.textChanged.connect(lambda _="": self._say())
        for box in self.boxes.values():
            box.currentIndexChanged.connect(lambda _=0: self._say())
        self._say()

    def _build_fields(self) -> None:
        names = [*self.answer["known"], *(() if self.answer["geometry"] else ("x", "y"))]
        guessed = {**self.answer["fields"], "x": self.answer["x"], "y": self.answer["y"]}
        # What was guessed comes first: it is to be checked, and there are more fields than the table shows.
        names.sort(key=lambda name: not guessed.get(name))
        self.fields = QTableWidget(len(names), 3)
        self.fields.setHorizontalHeaderLabels([tr("Field"), tr("Column of the file"), tr("Why")])
        self.fields.verticalHeader().hide()
        self.fields.horizontalHeader().setStretchLastSection(True)
        self.boxes: dict[str, QComboBox] = {}
        for row, name in enumerate(names):
            title = QTableWidgetItem(self._title(name))
            title.setFlags(Qt.ItemFlag.ItemIsEnabled)
            self.fields.setItem(row, 0, title)
            box = StillBox()
            box.addItem("–", "")
            for column in self.answer["columns"]:
                box.addItem(column, column)
            box.setCurrentIndex(max(0, box.findData(guessed.get(name) or "")))
            self.fields.setCellWidget(row, 1, box)
            why = self.answer["why"].get(name)
            reason = QTableWidgetItem(template(why) or "" if why else "")
            reason.setFlags(Qt.ItemFlag.ItemIsEnabled)
            self.fields.setItem(row, 2, reason)
            self.boxes[name] = box
            if name in _CLASS:
                box.currentIndexChanged.connect(lambda _=0: self._class_changed())
        self.fields.resizeColumnsToContents()

    def _title(self, name: str) -> str:
        words = {
            "x": tr("X or longitude"), "y": tr("Y or latitude"), "class_name": tr("Name of the class"),
            "source_id": tr("Number in the source"), "uuid": "UUID",
        }  # fmt: skip
        return words.get(name) or column_caption("component_point", name) or name

    def _restore(self, saved: str | None) -> None:
        """Set what was remembered for this source over the guesses."""
        try:
            data = json.loads(saved) if saved else {}
        except ValueError:
            return
        if not isinstance(data, dict) or not data:
            return
        rules = data.get("fields") or {}
        for name, box in self.boxes.items():
            rule = data.get(name) if name in ("x", "y") else rules.get(name)
            column = rule if isinstance(rule, str) else rule.get("column") if isinstance(rule, dict) else ""
            box.blockSignals(True)
            box.setCurrentIndex(max(0, box.findData(column or "")))
            box.blockSignals(False)
        rule = rules.get("class_code")
        if isinstance(rule, dict):
            self._remembered = dict(rule.get("values") or {})
            self.all_box.setCurrentIndex(max(0, self.all_box.findData(str(rule.get("const") or ""))))
        if data.get("crs"):
            self.crs_field.setText(str(data["crs"]))
        if data.get("null_values"):
            self.nulls_field.setText(" ; ".join(map(str, data["null_values"])))

    _remembered: Mapping[str, str] = {}

    def class_column(self) -> str:
        """Return the column of classes."""
        return str(self.boxes["class_code"].currentData() or self.boxes["class_name"].currentData() or "")

    def _class_changed(self) -> None:
        column = self.class_column()
        if column and column != self._shows_class:
            self.class_column_asked.emit(column)
        elif not column:
            self.show_words({"classes": [], "class_column": ""})

    def show_words(self, answer: Mapping[str, Any]) -> None:
        """List the words of the class column, those that are no class first, each with a class to choose."""
        self._shows_class = str(answer["class_column"])
        rows = sorted(answer["classes"], key=lambda row: bool(row[3]))
        self.words.setRowCount(len(rows))
        for at, (word, count, code, _known) in enumerate(rows):
            for column, text in enumerate((word, str(count))):
                item = QTableWidgetItem(text)
                item.setFlags(Qt.ItemFlag.ItemIsEnabled)
                self.words.setItem(at, column, item)
            box = StillBox()
            box.setModel(self.class_model)
            box.setCurrentIndex(max(0, box.findData(self._remembered.get(word) or code)))
            box.currentIndexChanged.connect(lambda _=0: self._say())
            self.words.setCellWidget(at, 2, box)
        self.words.resizeColumnsToContents()
        self._known = {row[0] for row in rows if row[3]}
        self._say()

    _known: set[str] = set()  # noqa: RUF012  (replaced, never changed)

    def chosen_classes(self) -> dict[str, str]:
        """Return word → code of a class, "" where none was chosen."""
        return {
            self.words.item(at, 0).text(): str(self.words.cellWidget(at, 2).currentData() or "")
            for at in range(self.words.rowCount())
        }

    def _say(self) -> None:
        total = self.answer["total"]
        name, rows = self.answer["name"], QLocale().toString(int(total)) if total is not None else ""
        told = [tr("{name}: {rows} rows.").format(name=name, rows=rows) if rows else f"{name}:"]
        told.append(
            tr("The mapping of the last time is remembered.") if self.answer.get("saved")
            else tr("Guesses are to be checked.")
        )  # fmt: skip
        open_ones = [word for word, code in self.chosen_classes().items() if not code]
        if not self.all_box.currentData() and not self.class_column():
            told.append(tr("Choose the column of classes, or one class for all rows."))
        elif not self.all_box.currentData() and open_ones:
            words = tr("{count} [word has|words have] no class yet: their rows will be rejected.")
            told.append(counted(words, count=len(open_ones)))
        if not self.answer["geometry"]:
            if not (self.boxes["x"].currentData() and self.boxes["y"].currentData()):
                told.append(tr("Choose the columns of the coordinates."))
            elif not self.crs_field.text().strip():
                told.append(tr("Say in which reference system the coordinates are, e.g. EPSG:4490."))
        self.said.setText(" ".join(told))

    def mapping(self) -> dict[str, Any]:
        """Return the mapping as ``ImportComponents`` takes it; its name is that of the source, so it is remembered."""
        rules: dict[str, Any] = {}
        for name, box in self.boxes.items():
            if name not in (*_CLASS, "x", "y") and box.currentData():
                rules[name] = box.currentData()
        column, chosen = self.class_column(), self.chosen_classes()
        if self.all_box.currentData():
            rules["class_code"] = {"const": self.all_box.currentData()}
        elif column and set(chosen) <= self._known:
            rules["class_code"] = column
        elif column:
            values = {word: code for word, code in chosen.items() if code}
            rules["class_code"] = {"column": column, "values": values}
        result: dict[str, Any] = {"name": self.answer["name"], "fields": rules}
        if self.boxes.get("x") is not None and self.boxes["x"].currentData() and self.boxes["y"].currentData():
            result.update(x=self.boxes["x"].currentData(), y=self.boxes["y"].currentData())
        if self.crs_field.text().strip():
            result["crs"] = self.crs_field.text().strip()
        nulls = [part.strip() for part in self.nulls_field.text().split(";") if part.strip()]
        if nulls:
            result["null_values"] = nulls
        return result

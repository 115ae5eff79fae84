# SPDX-License-Identifier: GPL-2.0-or-later
"""Which column of a table of cases is what: guesses by example to be changed, where its places lie, its words."""

from __future__ import annotations

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
    QLineEdit,
    QSplitter,
    QTableView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.bridge.captions import column_caption
from digital_citymgmt_plugin.bridge.messages import fill, template
from digital_citymgmt_plugin.core.requests import SHIFTS
from digital_citymgmt_plugin.gui.dialogs.case_sketch import PlacesSketch
from digital_citymgmt_plugin.gui.docks.parts import StillBox, plain_label
from digital_citymgmt_plugin.gui.models.class_items import class_model
from digital_citymgmt_plugin.gui.models.rows import RowsModel
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons


def tr(text: str) -> str:
    """Translate a text of the window that brings cases in."""
    return QCoreApplication.translate("CaseMapping", text)


class CaseMapping(QDialog):
    """Column → field beside the first rows; accepted, ``mapping`` is what ``ImportCases`` takes.

    Parameters
    ----------
    answer : dict
        Of ``PreviewCases``.
    classes : sequence of dict
        Of ``ListClasses`` for all kinds.

    Signals: ``look_again`` (what was chosen is to be looked at anew), ``layer_asked`` (another sheet).
    """

    look_again = pyqtSignal()
    layer_asked = pyqtSignal(str)

    def __init__(
        self, answer: Mapping[str, Any], classes: Sequence[Mapping[str, Any]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.answer: dict[str, Any] = dict(answer)
        self.setWindowTitle(tr("Import cases: {name}").format(name=answer["name"]))
        # Components and events share codes: the data holds the kind, too.
        listed = [(f"{row['kind']}:{row['code']}", f"{row['code']} {row['name']}") for row in classes]
        self.class_model = class_model([], ("", "–"), *listed, parent=self)
        self.said = plain_label("")
        self.places_said = plain_label("")
        self.sketch = PlacesSketch()
        self.fields = _table([tr("Field"), tr("Column of the file"), tr("Why")])
        self.words = _table([tr("Word in the file"), tr("Rows"), tr("Class")])
        self.preview = QTableView()
        self.preview.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.preview.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.boxes: dict[str, QComboBox] = {}
        self.layer_box, self.shift_box = QComboBox(), QComboBox()
        self.crs_field, self.nulls_field, self.format_field = QLineEdit(), QLineEdit(), QLineEdit()
        self.name_field = QLineEdit()
        self._build()
        self.show_answer(answer)
        self.layer_box.activated.connect(lambda _=0: self.layer_asked.emit(self.layer_box.currentText()))
        self.shift_box.activated.connect(lambda _=0: self.look_again.emit())
        for line in (self.crs_field, self.format_field, self.nulls_field):
            line.editingFinished.connect(self._edited)

    def _build(self) -> None:
        words = {"none": tr("none"), "gcj02": tr("GCJ-02 (AMap, Tencent)"), "bd09": tr("BD-09 (Baidu)")}
        for shift in SHIFTS:
            self.shift_box.addItem(words.get(shift, shift), shift)
        options = QWidget()
        form = QFormLayout(options)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(tr("Sheet"), self.layer_box)
        form.addRow(tr("Coordinate reference system"), self.crs_field)
        form.addRow(tr("Shift of online maps"), self.shift_box)
        form.addRow(tr("Pattern of times"), self.format_field)
        form.addRow(tr("Texts that mean nothing"), self.nulls_field)
        form.addRow(tr("Remember as"), self.name_field)
        self.format_field.setPlaceholderText("%d/%m/%Y %H:%M")
        places = QWidget()
        column = QVBoxLayout(places)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.sketch, 1)
        column.addWidget(self.places_said)
        column.addWidget(options)
        upper = QSplitter()
        for part in (self.fields, self.words, places):
            upper.addWidget(part)
        upper.setSizes([430, 300, 330])
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        name_buttons(self.buttons)
        self.go = self.buttons.addButton(tr("Count and import…"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.go.setObjectName("import_cases")
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.said)
        layout.addWidget(upper, 3)
        layout.addWidget(self.preview, 2)
        layout.addWidget(self.buttons)
        self.resize(1080, 760)

    def show_answer(self, answer: Mapping[str, Any]) -> None:
        """Show what was found: fields, words, rows, places."""
        self.answer = dict(answer)
        self.layer_box.clear()
        self.layer_box.addItems([str(name) for name in answer["layers"]])
        self.layer_box.setCurrentText(str(answer["layer"]))
        self.layer_box.setEnabled(self.layer_box.count() > 1)
        self.crs_field.setText(str(answer["crs"] or ""))
        self.nulls_field.setText(" ; ".join(answer["null_values"]))
        self.format_field.setText(str(answer["time_format"]))
        if not self.name_field.text():
            self.name_field.setText(str(answer["name"]))
        self.preview.setModel(RowsModel(answer["columns"], answer["rows"], self))
        self._show_fields()
        self._show_words()
        self.show_places(answer)

    def _show_fields(self) -> None:
        answer = self.answer
        names = [*answer["known"], *(() if answer["geometry"] else ("x", "y"))]
        guessed = {**answer["fields"], "x": answer["x"], "y": answer["y"]}
        names.sort(key=lambda name: not guessed.get(name))  # what was guessed is to be checked first
        self.fields.setRowCount(len(names))
        self.boxes = {}
        for row, name in enumerate(names):
            box = StillBox()
            box.addItem("–", "")
            for column in answer["columns"]:
                box.addItem(column, column)
            box.setCurrentIndex(max(0, box.findData(guessed.get(name) or "")))
            box.activated.connect(lambda _=0: self._changed())
            why = answer["why"].get(name)
            _put(self.fields, row, 0, self._title(name))
            self.fields.setCellWidget(row, 1, box)
            _put(self.fields, row, 2, (template(why) or "") if why else "")
            self.boxes[name] = box
        self.fields.resizeColumnsToContents()

    def _title(self, name: str) -> str:
        words = {
            "x": tr("X or longitude"), "y": tr("Y or latitude"), "class_name": tr("Name of the class"),
            "community_name": tr("Name of the community"), "void": tr("Void"),
        }  # fmt: skip
        return words.get(name) or column_caption("case_record", name) or name

    def _show_words(self) -> None:
        rows = self.answer["words"]
        self.words.setRowCount(len(rows))
        for at, (word, count, proposed) in enumerate(rows):
            _put(self.words, at, 0, word)
            _put(self.words, at, 1, str(count))
            box = StillBox()
            box.setModel(self.class_model)
            box.setCurrentIndex(max(0, box.findData(proposed)))
            box.activated.connect(lambda _=0: self._say())
            self.words.setCellWidget(at, 2, box)
        self.words.resizeColumnsToContents()

    def show_places(self, answer: Mapping[str, Any]) -> None:
        """Show where the places of the first rows lie, as a picture and in words."""
        self.answer.update({name: answer[name] for name in ("places", "times", "notes")})
        places = answer["places"]
        self.sketch.show_places(places["rings"], places["points"])
        if places["problem"]:
            self.places_said.setText(template(places["problem"]) or places["problem"])
        else:
            told = [
                tr("Of the first {read} rows {inside} lie in or near the city, {outside} elsewhere, {none} nowhere.")
                .format(**{name: places[name] for name in ("read", "inside", "outside", "none")})
            ]  # fmt: skip
            told += [
                fill(template(f"note.coordinates_{kind}") or kind, {"count": count})
                for kind, count in sorted(places["mended"].items())
            ]
            self.places_said.setText(" ".join(told))
        self._say()

    def _changed(self) -> None:
        self._say()
        self.look_again.emit()

    def _edited(self) -> None:
        shown = (str(self.answer["crs"] or ""), str(self.answer["time_format"]), " ; ".join(self.answer["null_values"]))
        if (self.crs_field.text(), self.format_field.text(), self.nulls_field.text()) != shown:
            self.answer.update(crs=self.crs_field.text(), time_format=self.format_field.text())
            self.answer["null_values"] = self.nulls()
            self.look_again.emit()

    def nulls(self) -> list[str]:
        """Return the texts that mean nothing."""
        return [part.strip() for part in self.nulls_field.text().split(";") if part.strip()]

    def ready(self) -> bool:
        """Tell whether the import can be tried: a case number is needed."""
        return bool(self.boxes["case_no"].currentData())

    def synonyms(self) -> dict[str, str]:
        """Return word → ``kind:code`` of the classes that were chosen."""
        chosen = {}
        for at in range(self.words.rowCount()):
            code = str(self.words.cellWidget(at, 2).currentData() or "")
            if code:
                chosen[self.words.item(at, 0).text()] = code
        return chosen

    def _say(self) -> None:
        answer = self.answer
        total = QLocale().toString(int(answer["total"])) if answer["total"] is not None else ""
        told = [tr("{name}: {rows} rows.").format(name=answer["name"], rows=total) if total else f"{answer['name']}:"]
        if answer["origin"] == "recognised":
            told.append(tr("Known again by its headings: the mapping of the last time is used."))
        else:
            told.append(tr("Guesses are to be checked."))
        if not self.ready():
            told.append(tr("Choose the column of case numbers."))
        wrong = [self._title(name) for name, (_, bad) in answer["times"].items() if bad]
        if wrong:
            words = tr("Times that cannot be read: {fields}. Their rows will be rejected; a pattern of times may help.")
            told.append(words.format(fields=", ".join(wrong)))
        lacking = self.words.rowCount() - len(self.synonyms())
        if lacking > 0:
            told.append(tr("{count} words have no class yet: such cases keep the word.").format(count=lacking))
        self.said.setText(" ".join(told))
        self.go.setEnabled(self.ready())

    def mapping(self) -> dict[str, Any]:
        """Return the mapping as ``ImportCases`` takes it; with a name it is remembered for such headings."""
        rules = {name: box.currentData() for name, box in self.boxes.items() if box.currentData()}
        x, y = rules.pop("x", ""), rules.pop("y", "")
        result: dict[str, Any] = {"fields": rules}
        if self.name_field.text().strip():
            result = {"name": self.name_field.text().strip(), **result}
        if x and y:
            result.update(x=x, y=y)
        if self.crs_field.text().strip():
            result["crs"] = self.crs_field.text().strip()
        if self.shift_box.currentData() not in (None, "none"):
            result["shift"] = self.shift_box.currentData()
        if self.format_field.text().strip():
            result["time_format"] = self.format_field.text().strip()
        if self.nulls():
            result["null_values"] = self.nulls()
        if self.synonyms():
            result["synonyms"] = self.synonyms()
        return result


def _table(headings: Sequence[str]) -> QTableWidget:
    table = QTableWidget(0, len(headings))
    table.setHorizontalHeaderLabels(list(headings))
    table.verticalHeader().hide()
    table.horizontalHeader().setStretchLastSection(True)
    return table


def _put(table: QTableWidget, row: int, column: int, text: str) -> None:
    item = QTableWidgetItem(text)
    item.setFlags(Qt.ItemFlag.ItemIsEnabled)
    table.setItem(row, column, item)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The class catalogue as a table with a form under it: what a class asks of its components."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.bridge.captions import column_caption
from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.bridge.symbols import symbol_file, symbol_names, symbol_words
from digital_citymgmt_plugin.core.catalogue import ACCURACIES, GEOMETRIES, REQUIRABLE, split_fields
from digital_citymgmt_plugin.core.class_search import key_from_dict, search
from digital_citymgmt_plugin.gui.dialogs.question import ask_text, fit, question, said_yes
from digital_citymgmt_plugin.gui.hints import hint
from digital_citymgmt_plugin.gui.models.rows import RowsModel
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons

EDITED = (
    "geometry",
    "accuracy",
    "required_fields",
    "photo_count",
    "duplicate_m",
    "symbol",
    "department_code",
    "enabled",
)


def tr(text: str) -> str:
    """Translate a text of the class catalogue."""
    return QCoreApplication.translate("ClassCatalogue", text)


class ClassCatalogue(QDialog):
    """All classes with search; what is changed is collected and handed over at once.

    Parameters
    ----------
    classes, departments : sequence of dict
        Of ``ListClasses`` with ``every``.

    Signals: ``changes_asked`` (list of changes as ``EditClasses`` takes them), ``export_asked`` (header, rows).
    """

    changes_asked = pyqtSignal(list)
    export_asked = pyqtSignal(list, list)

    def __init__(
        self,
        classes: Sequence[Mapping[str, Any]],
        departments: Sequence[Mapping[str, Any]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Class catalogue"))
        self.classes = [dict(row) for row in classes]
        self._before = {_key(row): dict(row) for row in self.classes}
        self._keys = [key_from_dict(row) for row in self.classes]
        self._shown: list[dict[str, Any]] = []
        self._filling = False
        self.field = QLineEdit()
        self.field.setClearButtonEnabled(True)
        hint(self.field, tr("Code, name, pinyin or initials"))
        self.kind = QComboBox()
        self.kind.addItem(tr("All kinds"), "")
        for kind, name in {row["kind"]: row["kind_name"] for row in self.classes}.items():
            self.kind.addItem(str(name), kind)
        self.kind.setCurrentIndex(max(0, self.kind.findData("component")))
        self.table = QTableView()
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.horizontalHeader().setResizeContentsPrecision(100)  # rows: of more the widths are much the same
        self.table.verticalHeader().hide()
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self._build_form(departments)
        self._build_buttons()
        top = QHBoxLayout()
        top.addWidget(self.field, 1)
        top.addWidget(self.kind)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.table, 3)
        layout.addWidget(self.form)
        layout.addWidget(self.said)
        layout.addWidget(self.buttons)
        fit(self, 980, 680)
        self.field.textChanged.connect(self.refill)
        self.kind.currentIndexChanged.connect(lambda _=0: self.refill())
        self.refill()

    def reject(self) -> None:
        """Close; what was changed and not written is not lost without a question."""
        if not self.changes() or not self.isVisible() or self._may_discard():
            super().reject()

    def _may_discard(self) -> bool:
        words = tr("What you changed is not written yet. Discard it?")
        return said_yes(int(question(self, self.windowTitle(), words, loses=True).exec()))

    def _build_form(self, departments: Sequence[Mapping[str, Any]]) -> None:
        self.form = QWidget()
        columns = QHBoxLayout(self.form)
        columns.setContentsMargins(0, 0, 0, 0)
        left, right = QFormLayout(), QFormLayout()
        self.geometry_box, self.accuracy_box, self.department_box, self.symbol_box = (QComboBox() for _ in range(4))
        words = {"point": tr("Point"), "line": tr("Line"), "area": tr("Area"), "": "–"}
        for value in GEOMETRIES:
            self.geometry_box.addItem(words[value], value)
        for value in ACCURACIES:
            self.accuracy_box.addItem(value or "–", value)
        self.department_box.addItem("–", "")
        for one in departments:
            self.department_box.addItem(f"{one['code']} {one['name']}", one["code"])
        self.symbol_box.addItem(tr("by the name"), "")
        for name in symbol_names():
            self.symbol_box.addItem(QIcon(symbol_file(name)), symbol_words(name), name)
        self.photos_field, self.duplicate_field = QLineEdit(), QLineEdit()
        self.enabled_box = QCheckBox(tr("In use"))
        self.required_list = QListWidget()
        for field in REQUIRABLE:
            item = QListWidgetItem(column_caption("component_point", field) or field)
            item.setData(Qt.ItemDataRole.UserRole, field)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Unchecked)
            self.required_list.addItem(item)
        left.addRow(tr("Geometry"), self.geometry_box)
        left.addRow(tr("Accuracy"), self.accuracy_box)
        left.addRow(tr("Least photos"), self.photos_field)
        left.addRow(tr("Doubles within (m)"), self.duplicate_field)
        left.addRow(tr("Symbol"), self.symbol_box)
        left.addRow(tr("Department"), self.department_box)
        left.addRow("", self.enabled_box)
        right.addRow(tr("Fields that must be filled"), self.required_list)
        columns.addLayout(left, 1)
        columns.addLayout(right, 1)
        for box in (self.geometry_box, self.accuracy_box, self.department_box, self.symbol_box):
            box.currentIndexChanged.connect(lambda _=0: self._take())
        for field in (self.photos_field, self.duplicate_field):
            field.textChanged.connect(lambda _="": self._take())
        self.enabled_box.toggled.connect(lambda _=False: self._take())
        self.required_list.itemChanged.connect(lambda _=None: self._take())

    def _build_buttons(self) -> None:
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        name_buttons(self.buttons)
        role = QDialogButtonBox.ButtonRole.ActionRole
        self.add_button = self.buttons.addButton(tr("Add a class…"), role)
        self.export_button = self.buttons.addButton(tr("E&xport…"), role)
        self.write_button = self.buttons.addButton(tr("Show differences…"), role)
        self.write_button.setObjectName("write_catalogue")
        self.write_button.setEnabled(False)
        self.buttons.rejected.connect(self.reject)
        self.add_button.clicked.connect(lambda: self._ask_new())
        self.export_button.clicked.connect(lambda: self.export_asked.emit(self.header(), self.rows()))
        self.write_button.clicked.connect(lambda: self.changes_asked.emit(self.changes()))

    def header(self) -> list[str]:
        """Return the headings of the table."""
        return [
            tr("Code"), tr("Class"), tr("Major class"), tr("Geometry"), tr("Accuracy"),
            tr("Fields that must be filled"), tr("Least photos"),
            tr("Doubles within (m)"), tr("Symbol"), tr("Department"), tr("In use"),
        ]  # fmt: skip

    def rows(self) -> list[list[str]]:
        """Return what the table shows, as text; a tolerance in brackets is the default of the accuracy."""
        words = {self.geometry_box.itemData(at): self.geometry_box.itemText(at) for at in range(len(GEOMETRIES))}
        fields = [
            ", ".join(column_caption("component_point", name) or name for name in split_fields(row["required_fields"]))
            for row in self._shown
        ]
        return [
            [
                row["code"], row["name"], row["major_name"], words.get(row["geometry"], row["geometry"]),
                row["accuracy"], fields[at], _shown(row["photo_count"]),
                _shown(row["duplicate_m"]) or f"({row.get('duplicate_applies') or 0:g})", row["symbol"],
                row["department_code"], tr("yes") if row["enabled"] else tr("no"),
            ]
            for at, row in enumerate(self._shown)
        ]  # fmt: skip

    def refill(self) -> None:
        """Show the classes that fit what is typed, and keep the chosen one."""
        kind = self.kind.currentData()
        keys = [key for key in self._keys if not kind or key.kind == kind]
        places = {_key(row): row for row in self.classes}
        chosen = self.chosen()
        self._shown = [places[key.kind, key.code] for key in search(keys, self.field.text(), limit=2_000)]
        kept = [at for at, row in enumerate(self._shown) if chosen is not None and _key(row) == _key(chosen)]
        self._show_table(kept[0] if kept else 0)

    def _show_table(self, row: int) -> None:
        old = self.table.model()
        self.table.setModel(RowsModel(self.header(), self.rows(), self))
        if old is not None:
            old.deleteLater()
        self.table.resizeColumnsToContents()
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._fill_form())
        self.table.selectRow(min(row, len(self._shown) - 1))
        self._fill_form()

    def chosen(self) -> dict[str, Any] | None:
        """Return the class that is selected."""
        rows = self.table.selectionModel().selectedRows() if self.table.selectionModel() else []
        return self._shown[rows[0].row()] if rows and rows[0].row() < len(self._shown) else None

    def _fill_form(self) -> None:
        row = self.chosen()
        self.form.setEnabled(row is not None)
        if row is None:
            return
        self._filling = True
        for box, name in self._boxes():
            box.setCurrentIndex(max(0, box.findData(row[name] or "")))
        self.photos_field.setText(_shown(row["photo_count"]))
        self.duplicate_field.setText(_shown(row["duplicate_m"]))
        hint(self.duplicate_field, f"{row.get('duplicate_applies') or 0:g}")
        self.enabled_box.setChecked(bool(row["enabled"]))
        wanted = split_fields(row["required_fields"] or "")
        for at in range(self.required_list.count()):
            item = self.required_list.item(at)
            is_wanted = item.data(Qt.ItemDataRole.UserRole) in wanted
            item.setCheckState(Qt.CheckState.Checked if is_wanted else Qt.CheckState.Unchecked)
        self._filling = False

    def _boxes(self) -> tuple[tuple[QComboBox, str], ...]:
        return (
            (self.geometry_box, "geometry"), (self.accuracy_box, "accuracy"), (self.symbol_box, "symbol"),
            (self.department_box, "department_code"),
        )  # fmt: skip

    def _take(self) -> None:
        """Take over what the form says; numbers are checked by the engine, which names what is wrong."""
        row = self.chosen()
        if self._filling or row is None:
            return
        for box, name in self._boxes():
            row[name] = box.currentData() or ""
        row["photo_count"] = _number(self.photos_field.text())
        row["duplicate_m"] = _number(self.duplicate_field.text())
        row["enabled"] = self.enabled_box.isChecked()
        items = [self.required_list.item(at) for at in range(self.required_list.count())]
        wanted = [one for one in items if one.checkState() == Qt.CheckState.Checked]
        row["required_fields"] = ",".join(str(one.data(Qt.ItemDataRole.UserRole)) for one in wanted)
        at = self.table.selectionModel().selectedRows()[0].row()
        self.table.model().replace_row(at, self.rows()[at])
        self._say()

    def _say(self) -> None:
        changed = {(one["kind"], one["code"]) for one in self.changes()}
        self.write_button.setEnabled(bool(changed))
        words = counted(tr("{count} [class is|classes are] changed; nothing is written yet."), count=len(changed))
        self.said.setText(words if changed else "")

    def changes(self) -> list[dict[str, Any]]:
        """Return what differs from what was fetched, as ``EditClasses`` takes it."""
        found = []
        for row in self.classes:
            old = self._before.get(_key(row), {})
            names = EDITED if old else (*EDITED, "name")
            changed = {name: row[name] for name in names if not _same(row[name], old.get(name))}
            if changed:
                found.append({"kind": row["kind"], "code": row["code"], **changed})
        return found

    def _ask_new(self) -> None:
        title = tr("Add a class")

        def named(code: str, name: str) -> None:
            if name.strip():
                self.add_class(code, name.strip())

        def coded(text: str) -> None:
            code = text.strip()
            if code:
                ask_text(self, title, tr("Name of the class"), "", lambda name: named(code, name)).open()

        ask_text(self, title, tr("Code of the class (major and minor)"), "", coded).open()

    def add_class(self, code: str, name: str) -> None:
        """Put a class of the city's own into the list; the kind is the one that is shown."""
        kind = self.kind.currentData() or "component"
        if (kind, code) not in {_key(row) for row in self.classes}:
            row = {
                "kind": kind, "kind_name": self.kind.currentText(), "code": code, "name": name, "major_name": "",
                "geometry": "", "accuracy": "", "required_fields": "", "photo_count": None, "duplicate_m": None,
                "symbol": "", "department_code": "", "enabled": True,
            }  # fmt: skip
            self.classes.append(row)
            self._keys.append(key_from_dict(row))
        self.field.setText(code)
        self.refill()
        self._say()


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["kind"]), str(row["code"])


def _shown(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _number(text: str) -> Any:
    """Return a number, None for nothing, and what is no number as it is typed: the engine says what is wrong."""
    text = text.strip()
    try:
        number = float(text) if text else None
    except ValueError:
        return text
    return number if number is None or math.isfinite(number) else text


def _same(one: Any, two: Any) -> bool:
    return (one in (None, "") and two in (None, "")) or one == two

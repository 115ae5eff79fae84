# SPDX-License-Identifier: GPL-2.0-or-later
"""The rule pack of the checks in groups with a form under it: level, switch and parameters of a rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QLocale, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.gui.dialogs.question import fit
from digital_citymgmt_plugin.gui.docks.parts import button, plain_label
from digital_citymgmt_plugin.gui.hints import hint
from digital_citymgmt_plugin.gui.models.issues import LEVELS, level_icon, level_words, rule_title
from digital_citymgmt_plugin.gui.models.rules import (
    family_words,
    param_words,
    params_words,
    reason_words,
    row_faults,
    source_words,
    value_given,
    value_text,
)
from digital_citymgmt_plugin.gui.plain_text import as_tip
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons

CODE = Qt.ItemDataRole.UserRole
WIDTHS = (240, 70, 60, 70, 80, 380)
EDITED = ("level", "enabled", "params")


def tr(text: str) -> str:
    """Translate a text of the rule window."""
    return QCoreApplication.translate("CheckRules", text)


class CheckRules(QDialog):
    """All rules by family; what is changed is collected and handed over at once.

    Parameters
    ----------
    rules : sequence of dict
        Of ``ListRules``.
    chosen : str
        Code of the rule to stand on; '' for the first.

    Signals: ``changes_asked`` (list of changes as ``EditRules`` takes them), ``export_asked`` (header, rows).
    """

    changes_asked = pyqtSignal(list)
    export_asked = pyqtSignal(list, list)

    def __init__(self, rules: Sequence[Mapping[str, Any]], chosen: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Check rules"))
        self.rules = [_copy(row) for row in rules]
        self._before = {row["code"]: _copy(row) for row in rules}
        self._filling = False
        self._editors: dict[str, QLineEdit] = {}
        self._items: dict[str, QTreeWidgetItem] = {}
        self._build_filters()
        self.tree = QTreeWidget()
        self.tree.setAccessibleName(tr("Rules by family"))
        self.tree.setHeaderLabels(self.header()[1:-2])
        self.tree.setUniformRowHeights(True)
        self.tree.setAlternatingRowColors(True)
        for column, width in enumerate(WIDTHS):
            self.tree.setColumnWidth(column, width)
        self.said = plain_label()
        self._build_form()
        self._build_buttons()
        layout = QVBoxLayout(self)
        layout.addLayout(self.filters)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.form)
        layout.addWidget(self.said)
        layout.addWidget(self.buttons)
        fit(self, 980, 680)
        self.tree.currentItemChanged.connect(lambda *_: self._fill_form())
        self.refill(chosen)

    def _build_filters(self) -> None:
        self.field, self.family_box, self.state_box = QLineEdit(), QComboBox(), QComboBox()
        self.field.setClearButtonEnabled(True)
        hint(self.field, tr("Search: title, code, reason"))
        self.field.setAccessibleName(tr("Search: title, code, reason"))
        self.family_box.setAccessibleName(tr("Family of rules"))
        self.family_box.addItem(tr("All families"), "")
        for family in dict.fromkeys(row["family"] for row in self.rules):
            self.family_box.addItem(family_words(family), family)
        self.state_box.setAccessibleName(tr("Which rules"))
        for words, key in (
            (tr("All rules"), ""), (tr("In use"), "on"), (tr("Switched off"), "off"), (tr("Changed"), "changed"),
            (tr("With open issues"), "open"),
        ):  # fmt: skip
            self.state_box.addItem(words, key)
        self.filters = QHBoxLayout()
        self.filters.addWidget(self.field, 1)
        self.filters.addWidget(self.family_box)
        self.filters.addWidget(self.state_box)
        self.field.textChanged.connect(lambda _="": self.refill())
        for box in (self.family_box, self.state_box):
            box.currentIndexChanged.connect(lambda _=0: self.refill())

    def _build_form(self) -> None:
        self.form = QWidget()
        self.form_layout = QFormLayout(self.form)
        self.form_layout.setContentsMargins(0, 0, 0, 0)
        self.reason_label, self.source_label = plain_label(), plain_label()
        self.level_box, self.enabled_box = QComboBox(), QCheckBox(tr("In use"))
        self.level_box.setAccessibleName(tr("Level"))
        for level in LEVELS:
            self.level_box.addItem(level_icon(level), level_words(level), level)
        self.reset_button = button(tr("As in the pack again"), tr("Give this rule its default values"), "reset_rule")
        line = QHBoxLayout()
        line.addWidget(self.level_box)
        line.addWidget(self.enabled_box)
        line.addStretch(1)
        line.addWidget(self.reset_button)
        self.form_layout.addRow(tr("Reason"), self.reason_label)
        self.form_layout.addRow(tr("Rests on"), self.source_label)
        self.form_layout.addRow(tr("Level"), line)
        self._fixed_rows = self.form_layout.rowCount()
        self.level_box.currentIndexChanged.connect(lambda _=0: self._take())
        self.enabled_box.toggled.connect(lambda _=False: self._take())
        self.reset_button.clicked.connect(lambda: self.reset())

    def _build_buttons(self) -> None:
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        name_buttons(self.buttons)
        role = QDialogButtonBox.ButtonRole.ActionRole
        self.reset_all_button: QPushButton = self.buttons.addButton(tr("All as in the pack…"), role)
        self.export_button = self.buttons.addButton(tr("E&xport…"), role)
        self.write_button = self.buttons.addButton(tr("Show differences…"), role)
        self.write_button.setObjectName("write_rules")
        self.buttons.rejected.connect(self.reject)
        for made in (*self.buttons.buttons(), self.reset_button):
            made.setAutoDefault(False)  # else Enter in a field would reset
        self.reset_all_button.clicked.connect(lambda: self.reset_all())
        self.export_button.clicked.connect(lambda: self.export_asked.emit(self.header(), self.rows()))
        self.write_button.clicked.connect(lambda: self.changes_asked.emit(self.changes()))

    # -- what it shows ------------------------------------------------------------------------------------------

    def header(self) -> list[str]:
        """Return the headings of what is exported; the tree shows those between the first and the last two."""
        return [
            tr("Family"), tr("Rule"), tr("Level"), tr("In use"), tr("Changed"), tr("Open issues"), tr("Parameters"),
            tr("Reason"), tr("Rests on"),
        ]  # fmt: skip

    def rows(self) -> list[list[str]]:
        """Return the rules that are shown, as text."""
        return [
            [family_words(row["family"]), *self._cells(row), reason_words(row), source_words(row)]
            for row in self._fitting()
        ]

    def _cells(self, row: Mapping[str, Any]) -> list[str]:
        number = QLocale().toString(int(row["open"])) if row["open"] else ""
        return [
            rule_title(row["code"]), level_words(row["level"]), tr("yes") if row["enabled"] else tr("no"),
            tr("yes") if self._is_own(row) else "", number, params_words(row["params"]),
        ]  # fmt: skip

    @staticmethod
    def _is_own(row: Mapping[str, Any]) -> bool:
        return bool(row.get("ignored")) or any(row[name] != row["default"][name] for name in EDITED)

    def _fitting(self) -> list[dict[str, Any]]:
        words = self.field.text().casefold().split()
        family, state = self.family_box.currentData(), self.state_box.currentData()
        tests = {
            "": lambda row: True, "on": lambda row: row["enabled"], "off": lambda row: not row["enabled"],
            "changed": self._is_own, "open": lambda row: row["open"],
        }  # fmt: skip
        return [
            row for row in self.rules
            if family in ("", row["family"]) and tests[state](row) and all(word in _text_of(row) for word in words)
        ]  # fmt: skip

    def refill(self, chosen: str = "") -> None:
        """Show the rules that fit the filters by family, and keep the chosen one."""
        now = self.chosen()
        chosen = chosen or (now["code"] if now else "")
        before = self.tree.blockSignals(True)
        self.tree.clear()
        self._items = {}
        groups: dict[str, QTreeWidgetItem] = {}
        for row in self._fitting():
            family = row["family"]
            if family not in groups:
                groups[family] = QTreeWidgetItem(self.tree, [family_words(family)])
                groups[family].setFirstColumnSpanned(True)
                groups[family].setExpanded(True)
            item = QTreeWidgetItem(groups[family])
            item.setData(0, CODE, row["code"])
            self._items[row["code"]] = item
            self._show_cells(row)
        for family, group in groups.items():
            words = counted(tr("{family}: {count} [rule|rules]"), family=family_words(family), count=group.childCount())
            group.setText(0, words)
            group.setExpanded(True)
        self.tree.setCurrentItem(self._items.get(chosen) or next(iter(self._items.values()), None))
        self.tree.blockSignals(before)
        self._fill_form()

    def _show_cells(self, row: Mapping[str, Any]) -> None:
        item = self._items.get(row["code"])
        if item is None:
            return
        for column, text in enumerate(self._cells(row)):
            item.setText(column, text)
            item.setToolTip(column, as_tip(text))
        item.setIcon(1, level_icon(row["level"]))
        item.setTextAlignment(4, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter))

    def chosen(self) -> dict[str, Any] | None:
        """Return the rule that is selected; None on the line of a family."""
        item = self.tree.currentItem()
        code = None if item is None else item.data(0, CODE)
        return next((row for row in self.rules if row["code"] == code), None)

    def _fill_form(self) -> None:
        row = self.chosen()
        self.form.setEnabled(row is not None)
        self._filling = True
        while self.form_layout.rowCount() > self._fixed_rows:
            self.form_layout.removeRow(self._fixed_rows)
        self._editors = {}
        self.reason_label.setText(reason_words(row) if row else "")
        self.source_label.setText(source_words(row) if row else "")
        if row is not None:
            self.level_box.setCurrentIndex(self.level_box.findData(row["level"]))
            self.enabled_box.setChecked(bool(row["enabled"]))
            for name, value in row["params"].items():
                editor = QLineEdit(value_text(value))
                editor.setAccessibleName(param_words(name))
                hint(editor, value_text(row["default"]["params"][name]))
                editor.textChanged.connect(lambda _="": self._take())
                self.form_layout.addRow(param_words(name), editor)
                self._editors[name] = editor
        self._filling = False
        self._say()

    # -- what is changed ----------------------------------------------------------------------------------------

    def _take(self) -> None:
        """Take over what the form says; a value that cannot be is told and keeps the window from writing."""
        row = self.chosen()
        if self._filling or row is None:
            return
        row["level"], row["enabled"] = self.level_box.currentData(), self.enabled_box.isChecked()
        for name, editor in self._editors.items():
            row["params"][name] = value_given(editor.text(), row["default"]["params"][name])
        self._show_cells(row)
        self._say()

    def reset(self) -> None:
        """Give the chosen rule the values of the pack."""
        row = self.chosen()
        if row is not None:
            _reset(row)
            self._show_cells(row)
            self._fill_form()

    def reset_all(self) -> None:
        """Give all rules the values of the pack; nothing is written before the differences were seen."""
        for row in self.rules:
            _reset(row)
        self.refill()

    def _say(self) -> None:
        row, faults = self.chosen(), [words for one in self.rules for words in row_faults(one)]
        changed = len(self.changes())
        self.reset_button.setEnabled(row is not None and self._is_own(row))
        self.reset_all_button.setEnabled(any(self._is_own(one) for one in self.rules))
        self.write_button.setEnabled(bool(changed) and not faults)
        words = (
            counted(tr("{count} [rule is|rules are] changed; nothing is written yet."), count=changed)
            if changed
            else ""
        )
        self.said.setText("\n".join(faults[:3]) or words)

    def changes(self) -> list[dict[str, Any]]:
        """Return what differs from what was fetched, as ``EditRules`` takes it."""
        found: list[dict[str, Any]] = []
        for row in self.rules:
            old = self._before[row["code"]]
            values: dict[str, Any] = {name: row[name] for name in ("level", "enabled") if row[name] != old[name]}
            params = {name: value for name, value in row["params"].items() if value != old["params"][name]}
            if params:
                values["params"] = params
            if not self._is_own(row) and self._is_own(old):
                values = {"reset": True}
            if values:
                found.append({"code": row["code"], **values})
        return found


def _copy(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "params": dict(row["params"])}


def _reset(row: dict[str, Any]) -> None:
    default = row["default"]
    row.update(level=default["level"], enabled=default["enabled"], params=dict(default["params"]), ignored=False)


def _text_of(row: Mapping[str, Any]) -> str:
    return " ".join((rule_title(row["code"]), row["title_zh"], row["title"], row["code"], reason_words(row))).casefold()

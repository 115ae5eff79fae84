# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules of the checks in menu and issue dock: shown, changed with every difference seen before, exported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QDialog

from digital_citymgmt_plugin.core.requests import EditRules, ListRules, Request
from digital_citymgmt_plugin.gui.compared_edits import ComparedEdits
from digital_citymgmt_plugin.gui.dialogs.check_rules import CheckRules
from digital_citymgmt_plugin.gui.models.issues import rule_title
from digital_citymgmt_plugin.gui.models.rules import column_words, fault_words, param_words, shown_value


def tr(text: str) -> str:
    """Translate a text of the rule window."""
    return QCoreApplication.translate("CheckRules", text)


class RuleActions(ComparedEdits):
    """The window of the rules; ``chosen`` is the rule that it stands on when it opens."""

    FILE = "check_rules.xlsx"
    chosen = ""

    def show_rule(self, code: str) -> None:
        """Show the window with a rule chosen."""
        self.chosen = code
        self.show()

    def title(self) -> str:
        """Return what is changed."""
        return tr("Check rules")

    def list_request(self) -> Request:
        """Return the request for all rules."""
        return ListRules()

    def edit_request(self, changes: str, *, preview: bool) -> Request:
        """Return the request that changes rules."""
        return EditRules(changes, preview=preview)

    def make(self, answer: dict[str, Any]) -> QDialog:
        """Return the window."""
        return CheckRules(answer["rules"], self.chosen, self.controller.iface.mainWindow())

    def compare(self, store: str, changes: list[dict[str, Any]]) -> None:
        """Show what would change, and stand on the same rule afterwards."""
        row = self.dialog.chosen() if self.dialog is not None else None
        self.chosen = row["code"] if row else ""
        super().compare(store, changes)

    def shown(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return the differences with rules, parameters and levels as the window calls them."""
        words = (tr("yes"), tr("no"))
        lines = [
            [
                self.title(), rule_title(key), change, column_words(column, tr("Level"), tr("In use")),
                shown_value(column, old, *words), shown_value(column, new, *words),
            ]
            for _sheet, key, change, column, old, new in answer["differences"]
        ]  # fmt: skip
        return {**answer, "differences": lines}

    def fault(self, code: str, values: dict[str, Any]) -> Sequence[Any]:
        """Return where a fault is and its sentence."""
        rule, param = str(values.get("rule") or ""), str(values.get("param") or "")
        return self.title(), rule_title(rule), param_words(param) if param else "", fault_words(code, values)

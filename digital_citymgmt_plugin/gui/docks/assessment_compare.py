# SPDX-License-Identifier: GPL-2.0-or-later
"""What changed between two kept tables, or between a kept one and what is counted now."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, pyqtSignal
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from digital_citymgmt_plugin.gui.dialogs.question import fit
from digital_citymgmt_plugin.gui.docks.parts import fit_columns, plain_label, rows_view
from digital_citymgmt_plugin.gui.models.rows import RowsModel
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons

_NONE = "–"


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("AssessmentDock", text)


class ComparedDialog(QDialog):
    """The rows of two tables that differ: what became of score, grade, rank, and of each figure; ``wanted``: as a file.

    Parameters
    ----------
    answer : dict
        Of ``compare_runs``.
    """

    wanted = pyqtSignal()

    def __init__(self, answer: dict[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Compare kept tables"))
        second = str(answer["other"].get("name") or tr("counted now"))
        words = tr("{first} → {second}: {changed} of {rows} rows changed, {new} new, {gone} gone.")
        counts = answer["counts"]
        for name, value in {"changed": counts["changed"], "rows": counts["rows"], "new": counts["new"],
                            "gone": counts["gone"]}.items():  # fmt: skip
            words = words.replace("{" + name + "}", str(value))
        # Names last: they are the city's own and may hold braces.
        first, _, rest = words.partition("{first}")
        between, _, end = rest.partition("{second}")
        self.label = plain_label(f"{first}{answer['run']['name']}{between}{second}{end}")
        self.header = header = [
            tr("Name"), tr("Change"), tr("Score"), tr("Grade"), tr("Rank"), tr("Rank change"), tr("Figures"),
        ]  # fmt: skip
        self.rows = [_cells(row, answer["names"]) for row in answer["rows"] if row["state"] != "same"]
        self.view = rows_view(tr("Rows that changed"))
        self.view.setModel(RowsModel(header, self.rows, self.view))
        fit_columns(self.view)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        name_buttons(buttons)
        self.export_button = buttons.addButton(tr("E&xport…"), QDialogButtonBox.ButtonRole.ActionRole)
        self.export_button.setEnabled(bool(self.rows))
        self.export_button.clicked.connect(lambda _=False: self.wanted.emit())
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.label)
        layout.addWidget(self.view, 1)
        layout.addWidget(buttons)
        fit(self, 860, 460)


def _cells(row: dict[str, Any], names: dict[str, str]) -> list[str]:
    states = {"changed": tr("changed"), "gone": tr("gone"), "new": tr("new")}
    before, after = row["rank"]
    moved = f"{before - after:+d}" if before and after else _NONE  # up is +: a smaller number is a better place
    figures = {**row["counts"], **row["values"]}
    told = "; ".join(f"{names.get(name, name)} {_pair(pair)}" for name, pair in figures.items() if pair[0] != pair[1])
    return [
        str(row["name"] or row["code"] or _NONE), states[row["state"]], _pair(row["composite"]), _pair(row["grade"]),
        _pair([before or None, after or None]), moved, told,
    ]  # fmt: skip


def _pair(pair: list[Any]) -> str:
    before, after = (_NONE if value is None or value == "" else str(value) for value in pair)
    return before if before == after else f"{before} → {after}"

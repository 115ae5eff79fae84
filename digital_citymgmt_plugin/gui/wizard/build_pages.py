# SPDX-License-Identifier: GPL-2.0-or-later
"""Third and fourth page: what will be done, with counts, before anything is written; then doing it, and its summary."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import Qt, QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWizardPage,
)

from digital_citymgmt_plugin.bridge.building import CityPlan, plan_steps
from digital_citymgmt_plugin.bridge.export import write_table
from digital_citymgmt_plugin.bridge.messages import sentence, template
from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.core import roles
from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.gui.plain_text import as_tip
from digital_citymgmt_plugin.gui.wizard.state import STEP_WORDS, WizardState, fault_words, number, step_words, tr

# Counts of a step that say something to the reader, in their order; read, accepted and rejected have their own column.
TOLD = (
    "inserted",
    "coded",
    "linked_by_code",
    "linked_by_distance",
    "unlinked",
    "events",
    "issues",
    "repaired",
    "cells",
)


def make_table(headings: list[str], name: str) -> QTableWidget:
    """Make a table to read in: no editing, Tab goes on to the next widget."""
    table = QTableWidget(0, len(headings))
    table.setHorizontalHeaderLabels(headings)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.setAccessibleName(name)
    header = table.horizontalHeader()
    for column in range(len(headings) - 1):
        header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(len(headings) - 1, QHeaderView.ResizeMode.Stretch)
    return table


def fill(table: QTableWidget, rows: list[list[str]], right: tuple[int, ...]) -> None:
    """Fill a table with texts; the columns of ``right`` hold numbers."""
    table.setRowCount(len(rows))
    for index, row in enumerate(rows):
        for column, text in enumerate(row):
            item = QTableWidgetItem(text)
            item.setToolTip(as_tip(text))
            if column in right:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            table.setItem(index, column, item)


class CheckPage(QWizardPage):
    """What will be done."""

    def __init__(self, state: WizardState, plan: Callable[[], CityPlan]) -> None:
        super().__init__()
        self.state, self._plan = state, plan
        self.setTitle(tr("This will be done"))
        self.setSubTitle(tr("Nothing has been written yet. The city is built as a whole, or not at all."))
        self.table = make_table([tr("Step"), tr("File"), tr("Rows"), tr("Remark")], tr("Steps of the build"))
        self.target = QLabel()
        self.said = QLabel()
        for label in (self.target, self.said):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setAccessibleName(tr("Why the last attempt ended"))
        layout = QVBoxLayout(self)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.target)
        layout.addWidget(self.said)

    def initializePage(self) -> None:
        """Show the steps."""
        self.said.clear()
        self.show_plan()

    def show_plan(self) -> None:
        """Show the steps of the plan as it is now."""
        plan = self._plan()
        rows = []
        entries = {(entry.found["path"], entry.found["layer"]): entry for entry in self.state.used()}
        for step in plan_steps(plan):
            layer = getattr(step.request, "input", None)
            entry = entries.get((layer.path, layer.layer)) if layer is not None else None
            count = number(entry.found["rows"]) if entry is not None else ""
            rows.append([tr(STEP_WORDS[step.key]), step.file, count, self._remark(step.key, step.request, entry)])
        fill(self.table, rows, (2,))
        store = plan.store
        text = tr("{name} ({code}), edition {edition}, {crs}").format(
            name=store.county_name, code=store.county_code, edition=store.edition, crs=store.crs[:60]
        )
        self.target.setText(f"{text}\n{store.path}\n{self._later(plan)}".rstrip())

    def _remark(self, key: str, request: Any, entry: Any) -> str:
        if key == "areas_made":
            if getattr(request, "codes", "") == "cut":
                return tr("by the first digits of the grid codes")
            return tr("all grids as one community")
        if key in ("communities", "streets") and getattr(request, "codes", "") == "number":
            return tr("numbered provisionally from north to south")
        if key == "grids" and entry is not None:
            numbered = "" if getattr(request, "code_field", None) else tr("numbered anew")
            return "; ".join(part for part in (numbered, fault_words(entry.found["faults"])) if part)
        return ""

    @staticmethod
    def _later(plan: CityPlan) -> str:
        given = {part.role for part in plan.parts}
        if not given & {roles.GRIDS, roles.COMMUNITIES}:
            return tr(
                "Without communities and unit grids the cases stay without place; the dock says what to add next."
            )
        if roles.GRIDS not in given:
            return tr("Without unit grids: draft them next, the dock says how.")
        return ""


class RunPage(QWizardPage):
    """Progress, then the summary."""

    def __init__(self, start: Callable[[], None], stop: Callable[[], None]) -> None:
        super().__init__()
        self._start = start
        self.done = False
        self.built: dict[str, Any] = {}
        self.setTitle(tr("Building the city"))
        self.setSubTitle(tr("You can go on working on the map meanwhile."))
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setAccessibleName(tr("What is being done"))
        self.progress = QProgressBar()
        self.progress.setAccessibleName(tr("Progress of the build"))
        self.stop_button = QPushButton(tr("S&top"))
        headings = [tr("Step"), tr("File"), tr("Read"), tr("Accepted"), tr("Rejected"), tr("Result")]
        self.table = make_table(headings, tr("What came out"))
        self.rejects_button = QPushButton(tr("Open the folder of the &reject lists"))
        self.save_button = QPushButton(tr("&Save the summary…"))
        line = QHBoxLayout()
        line.addWidget(self.progress, 1)
        line.addWidget(self.stop_button)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.rejects_button)
        buttons.addWidget(self.save_button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.words)
        layout.addLayout(line)
        layout.addWidget(self.table, 1)
        layout.addLayout(buttons)
        layout.addStretch(0)  # keeps the progress at the top while there is no table
        self.stop_button.clicked.connect(stop)
        self.rejects_button.clicked.connect(self.open_rejects)
        self.save_button.clicked.connect(self.ask_save)

    def initializePage(self) -> None:
        """Begin."""
        self.done, self.built = False, {}
        self.table.setRowCount(0)
        self.words.clear()
        self._show(running=True)
        self._start()

    def _show(self, *, running: bool) -> None:
        self.progress.setVisible(running)
        self.progress.setRange(0, 100 if not running else 0)
        self.stop_button.setVisible(running)
        self.stop_button.setEnabled(True)
        self.table.setVisible(not running)
        self.save_button.setVisible(not running)
        self.rejects_button.setVisible(not running and bool(self.built.get("rejects")))
        self.completeChanged.emit()

    def show_progress(self, fraction: float, message: str, values: Mapping[str, Any]) -> None:
        """Say how far it is; a step is named first, then what it says itself."""
        self.progress.setRange(0, 100)
        self.progress.setValue(round(fraction * 100))
        if message.startswith("step:"):
            self.words.setText(step_words(message[5:], str(values.get("file") or "")))
        elif message:
            self.progress.setFormat(f"%p%  {sentence(message, values)}".replace("%p%%", "%p%"))

    def show_built(self, built: dict[str, Any]) -> None:
        """Show the summary."""
        self.done, self.built = True, built
        self.setTitle(tr("The city is there"))
        self.setSubTitle(tr("It is open in the City dock, which says what comes next. Everything can be added later."))
        rows = summary_rows(built["steps"])
        fill(self.table, rows, (2, 3, 4))
        rejected = sum(int(step["counts"].get("rejected") or 0) for step in built["steps"])
        issues = sum(int(step["counts"].get("issues") or 0) for step in built["steps"])
        lines = [built["path"]]
        if rejected:
            lines.append(
                tr(
                    "{count} rows were not taken; with their reasons they are in {folder}. "
                    "Mend them there and import the list."
                ).format(count=number(rejected), folder=built["rejects"])
            )
        if issues:
            lines.append(
                counted(
                    tr("{count} [issue was|issues were] listed; the dock shows them on the map."), count=number(issues)
                )
            )
        if not rejected and not issues:
            lines.append(tr("All rows were taken; nothing is to be mended."))
        self.words.setText("\n".join(lines))
        self._show(running=False)

    def open_rejects(self) -> None:
        """Open the folder with the lists in the desktop's file manager."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(self.built["rejects"]))

    def ask_save(self) -> None:
        """Ask where to write the summary."""
        start = str(Path(self.built["path"]).with_suffix(".xlsx"))
        path, _ = QFileDialog.getSaveFileName(
            self, tr("Save the summary"), start, tr("Workbook") + " (*.xlsx);;CSV (*.csv)"
        )
        if path:
            self.save(path)

    def save(self, path: str) -> None:
        """Write the summary to ``path``."""
        rows = [
            (" – ".join(part for part in row[:2] if part), _whole(row[3]), "; ".join(part for part in (
                f"{tr('Rejected')} {row[4]}" if row[4] not in ("", "0") else "", row[5]) if part))
            for row in summary_rows(self.built["steps"])
        ]  # fmt: skip
        try:
            write_table(path, [tr("Step"), tr("Accepted"), tr("Result")], rows)
        except CityError as error:
            self.words.setText(sentence(error))
        else:
            self.words.setText(tr("The summary was written to {file}.").format(file=path))

    def isComplete(self) -> bool:
        """Tell whether *Finish* can be pressed."""
        return self.done


def summary_rows(steps: list[dict[str, Any]]) -> list[list[str]]:
    """Return one line per step: words, file, read, accepted, rejected, what came out."""
    rows = []
    for step in steps:
        counts = step["counts"]
        tied = [number(counts[name]) if name in counts else "" for name in ("read", "accepted", "rejected")]
        told = [f"{sentence('count.' + name)} {number(counts[name])}" for name in TOLD if counts.get(name)]
        told += [f"{_reason(reason)}: {number(count)}" for reason, count in step["reasons"].items()]
        rows.append([tr(STEP_WORDS[step["key"]]), step["file"], *tied, "; ".join(told)])
    return rows


def _reason(code: str) -> str:
    """Return the sentence of a reason without the values of a single row."""
    return re.sub(r"\{\w+\}", "…", template(code) or code).rstrip(".。")


def _whole(text: str) -> int:
    digits = "".join(letter for letter in text if letter.isdigit())
    return int(digits) if digits else 0

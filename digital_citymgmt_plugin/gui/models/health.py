# SPDX-License-Identifier: GPL-2.0-or-later
"""The health of the chain as a tree: areas, unit grids, components, cases, issues, each with its count and level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QLocale, Qt
from qgis.PyQt.QtGui import QStandardItem, QStandardItemModel
from qgis.PyQt.QtWidgets import QApplication, QStyle

KEY_ROLE = int(Qt.ItemDataRole.UserRole) + 1
COUNT_ROLE = int(Qt.ItemDataRole.UserRole) + 2
LEVEL_ROLE = int(Qt.ItemDataRole.UserRole) + 3


@dataclass(frozen=True)
class HealthItem:
    """One line of the tree: key of the engine's answer, words, the line above it and what the number means."""

    key: str
    title: str
    parent: str = ""
    hint: str = ""


ITEMS = (
    HealthItem("counties", "Counties"),
    HealthItem("streets", "Streets"),
    HealthItem("communities", "Communities"),
    HealthItem(
        "areas_without_geometry", "Without boundary", "communities", "Areas of which only code and name are known"
    ),
    HealthItem("grids", "Unit grids"),
    HealthItem("components", "Components"),
    HealthItem("components_uncoded", "Without code", "components", "Run 'Assign codes'"),
    HealthItem("components_outside", "Outside any unit grid", "components", "No unit grid covers their place"),
    HealthItem("cases", "Cases"),
    HealthItem("cases_unplaced", "Without place", "cases", "Neither coordinates nor a known area place them"),
    HealthItem("cases_unlinked", "Component cases without component", "cases", "Run 'Link cases'"),
    HealthItem("issues", "Open issues"),
)
LEVELS = {"ok": "In order", "warn": "To be looked at", "error": "To be mended", "none": ""}


def tr(text: str) -> str:
    """Translate a word of the health table."""
    return QCoreApplication.translate("Health", text)


class HealthModel(QStandardItemModel):
    """Item, count and level; the level is told by icon and by word, never by colour alone."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(0, 3, parent)
        self._counts: dict[str, int] = {}
        self.fill([])

    def fill(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Show the items of an answer to ``Health``; keys that are not known here come last under their own name."""
        found = {str(item["key"]): item for item in items}
        self._counts = {key: int(item.get("count") or 0) for key, item in found.items()}
        self.clear()
        self.setHorizontalHeaderLabels([tr("Item"), tr("Count"), tr("State")])
        known = {item.key for item in ITEMS}
        rows: dict[str, QStandardItem] = {}
        for item in (*ITEMS, *(HealthItem(key, key) for key in found if key not in known)):
            if item.key not in found:
                continue
            row = self._row(item, found[item.key])
            rows[item.key] = row[0]
            parent = rows.get(item.parent)
            if parent is None:
                self.appendRow(row)
            else:
                parent.appendRow(row)

    def _row(self, item: HealthItem, answer: Mapping[str, Any]) -> list[QStandardItem]:
        count, level = int(answer.get("count") or 0), str(answer.get("level") or "none")
        state = tr(LEVELS[level]) if LEVELS.get(level) else ""
        texts = [tr(item.title), QLocale().toString(count), state]
        cells = [QStandardItem(text) for text in texts]
        spoken = f"{texts[0]}: {texts[1]}" + (f", {state}" if state else "")
        for cell in cells:
            cell.setEditable(False)
            cell.setData(item.key, KEY_ROLE)
            cell.setData(count, COUNT_ROLE)
            cell.setData(level, LEVEL_ROLE)
            cell.setData(spoken, int(Qt.ItemDataRole.AccessibleTextRole))
            cell.setToolTip(tr(item.hint) if item.hint else tr("Show these objects on the map"))
        cells[1].setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        icon = _icon(level)
        if icon is not None:
            cells[2].setIcon(icon)
        return cells

    @property
    def counts(self) -> dict[str, int]:
        """Key → count, as last answered."""
        return dict(self._counts)

    def table(self) -> list[tuple[str, int, str]]:
        """Return the lines as (words, count, state), the indented ones with their parent's words before."""
        lines: list[tuple[str, int, str]] = []
        for row in range(self.rowCount()):
            head = self.item(row, 0)
            lines.append((head.text(), head.data(COUNT_ROLE), self.item(row, 2).text()))
            for inner in range(head.rowCount()):
                child = head.child(inner, 0)
                lines.append((f"{head.text()} – {child.text()}", child.data(COUNT_ROLE), head.child(inner, 2).text()))
        return lines


def _icon(level: str) -> Any:
    """Return the desktop's own icon of a level: it follows the theme and high contrast."""
    names = {
        "ok": QStyle.StandardPixmap.SP_DialogApplyButton,
        "warn": QStyle.StandardPixmap.SP_MessageBoxWarning,
        "error": QStyle.StandardPixmap.SP_MessageBoxCritical,
    }
    style = QApplication.style()
    return style.standardIcon(names[level]) if level in names and style is not None else None

# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of the redraw bench in words: what they are called, what no longer fits, two side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication

from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.gui.map_tools.pens import TOOLS
from digital_citymgmt_plugin.gui.models.redraw import (
    MEASURES,
    SIGNS,
    number_words,
    signed_words,
    value_of,
    verdict_words,
)

# Of both sides in total: key, heading, digits, factor.
TOTALS: tuple[tuple[str, str, int, float], ...] = (
    ("area_m2", "Mean area (ha)", 2, 1e-4),
    ("load", "Mean load", 1, 1.0),
    ("load_spread", "Spread of the load (%)", 1, 100.0),
    ("compactness", "Mean compactness", 2, 1.0),
    ("on_features", "Boundary on features (%)", 0, 100.0),
)


def tr(text: str) -> str:
    """Translate a text of the redraw bench."""
    return QCoreApplication.translate("Redraw", text)


def tool_words(name: str) -> str:
    """Return what a tool is called."""
    if name == "mend":
        return tr("Mend community edges")
    return next((tr(tool.title) for tool in TOOLS if tool.name == name), name)


def scenario_words(row: Mapping[str, Any]) -> str:
    """Return how a scenario is told in a list: its name, how many changes, whether its grids have changed since."""
    words = counted(tr("{name} ({count} [change|changes])"), name=row.get("name"), count=row.get("edits") or 0)
    if not row.get("changed"):
        return words
    return f"{words} – {counted(tr('{count} of its grids [has|have] changed since'), count=row['changed'])}"


def conflicts_words(conflicts: Sequence[Mapping[str, Any]] | None) -> str:
    """Return which changes no longer fit and why, one a line; "" for none."""
    lines = []
    for one in conflicts or ():
        reason = sentence(str(one.get("code")), one.get("values") or {})
        words = tr("Change {number} ({tool}): {reason}")
        number = int(one.get("step") or 0) + 1
        lines.append(words.format(number=number, tool=tool_words(str(one.get("tool"))), reason=reason))
    return "\n".join(lines)


def totals_rows(totals: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Return both sides in total: figure, first, second, difference."""
    first, second = totals
    rows = [_total(tr("Grids"), first.get("cells"), second.get("cells"), 0)]
    for verdict, sign in SIGNS.items():
        rows.append(_total(f"{sign} {verdict_words(verdict)}", first.get(verdict), second.get(verdict), 0))
    for key, words, digits, factor in TOTALS:
        rows.append(_total(tr(words), value_of(first, key, factor), value_of(second, key, factor), digits))
    return rows


def _total(words: str, first: float | None, second: float | None, digits: int) -> list[str]:
    told = [number_words(first, digits), number_words(second, digits)]
    return [words, *told, "" if first is None or second is None else signed_words(second - first, digits)]


def cells_header() -> list[str]:
    """Return the headings of the cells in which two scenarios differ."""
    return [tr("Scenario"), tr("Grid"), tr("Judgement"), *(tr(words) for _measure, words, _digits, _factor in MEASURES)]


def cells_rows(names: Sequence[str], cells: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Return the cells in which two scenarios differ, those of one ground beside each other by their names."""
    rows = []
    for cell in sorted(cells, key=lambda one: (str(one.get("name")).split("-")[0], one["side"], str(one.get("name")))):
        verdict = str(cell.get("verdict") or "")
        figures = [number_words(value_of(cell, key, factor), digits) for key, _words, digits, factor in MEASURES]
        judged = f"{SIGNS.get(verdict, '')} {verdict_words(verdict)}".strip()
        rows.append([names[int(cell["side"])], str(cell.get("name") or ""), judged, *figures])
    return rows

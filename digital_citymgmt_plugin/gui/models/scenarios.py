# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of the redraw bench in words: what they are called, what no longer fits, two side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.gui.map_tools.pens import TOOLS
from digital_citymgmt_plugin.gui.models.redraw import MEASURES, SIGNS, change_words, tr, value_of, verdict_words


def tool_words(name: str) -> str:
    """Return what a tool is called."""
    return next((tr(tool.title) for tool in TOOLS if tool.name == name), name)


def scenario_words(row: Mapping[str, Any]) -> str:
    """Return how a scenario is told in a list: its name, how many changes, whether they still fit."""
    words = tr("{name} ({count} changes)").format(name=row.get("name"), count=row.get("edits") or 0)
    return words if row.get("fits", True) else f"{words} – {tr('the grids have changed since')}"


def conflicts_words(conflicts: Sequence[Mapping[str, Any]] | None) -> str:
    """Return which changes no longer fit and why, one a line; "" for none."""
    lines = []
    for one in conflicts or ():
        reason = sentence(str(one.get("code")), one.get("values") or {})
        words = tr("Change {number} ({tool}): {reason}")
        number = int(one.get("step") or 0) + 1
        lines.append(words.format(number=number, tool=tool_words(str(one.get("tool"))), reason=reason))
    return "\n".join(lines)


def compared_header() -> list[str]:
    """Return the headings of two scenarios side by side."""
    return [tr("Grid"), tr("Judgement"), *(tr(words) for _measure, words, _digits, _factor in MEASURES)]


def compared_rows(answer: Mapping[str, Any]) -> list[list[str]]:
    """Return the rows of two scenarios side by side, the total last."""
    rows = [_row(str(one.get("name") or one.get("code") or ""), one) for one in answer.get("cells") or ()]
    if answer.get("total"):
        rows.append(_row(tr("In total"), answer["total"]))
    return rows


def _row(name: str, one: Mapping[str, Any]) -> list[str]:
    first, second = one.get("first"), one.get("second")
    judged = []
    for figures in (first, second):
        verdict = str((figures or {}).get("verdict") or "")
        judged.append(f"{SIGNS.get(verdict, '–')} {verdict_words(verdict)}".strip())
    told = judged[0] if judged[0] == judged[1] else " → ".join(judged)
    texts = [name, told]
    for measure, _words, digits, factor in MEASURES:
        texts.append(change_words(value_of(first, measure, factor), value_of(second, measure, factor), digits))
    return texts

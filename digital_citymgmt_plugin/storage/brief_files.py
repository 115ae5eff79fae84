# SPDX-License-Identifier: GPL-2.0-or-later
"""A brief in files: Word, workbook, or both; all of them or none."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.core.assessment.brief import MAP, Brief
from digital_citymgmt_plugin.core.assessment.evaluation import Evaluation
from digital_citymgmt_plugin.storage.brief_book import write_brief_book
from digital_citymgmt_plugin.storage.brief_pictures import draw
from digital_citymgmt_plugin.storage.brief_word import TEMPLATE, write_brief_word
from digital_citymgmt_plugin.storage.replacing import replacing

Note = tuple[str, dict[str, Any]]


def write_brief(
    brief: Brief, evaluation: Evaluation, said: Mapping[str, Any], *, document: str, workbook: str, template: str
) -> list[Note]:
    """Write a brief; returns what is to be said of it (``brief.no_font``: charts and map could not be drawn).

    Raises
    ------
    InputRefused
        ``output.…``, ``template.…``; then neither file is there.
    """
    wanted = {name: chart for name, chart in brief.charts.items() if document or chart.kind == MAP}
    pictures = {name: made for name, chart in wanted.items() if (made := draw(chart)) is not None}
    with ExitStack() as stack:
        # Made both before either takes its place.
        if document:
            write_brief_word(stack.enter_context(replacing(document)), brief, pictures, template)
        if workbook:
            write_brief_book(stack.enter_context(replacing(workbook)), brief, evaluation, said, pictures)
    return [("brief.no_font", {"count": len(wanted)})] if len(pictures) < len(wanted) else []


def builtin_texts() -> list[dict[str, str]]:
    """Return the sentences that the plugin brings along."""
    path = Path(TEMPLATE).with_name("brief_texts.tsv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))

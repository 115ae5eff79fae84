# SPDX-License-Identifier: GPL-2.0-or-later
"""Write cases, their log and the truth behind them batch by batch: memory stays flat at any number of cases."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

import numpy as np

from scripts.demo_city.areas import Areas
from scripts.demo_city.case_ground import Ground
from scripts.demo_city.case_scale import CaseScale
from scripts.demo_city.case_table import CaseMaker, CaseTables, Table

FILES = {
    "cases": "cases.csv", "events": "case_events.csv", "truth": "truth/case_truth.csv",
    "repeats": "truth/repeats.csv", "recurring_places": "truth/recurring_places.csv", "days": "truth/days.csv",
}  # fmt: skip


def write_cases(ground: Ground, areas: Areas, scale: CaseScale, seed: int, folder: Path) -> dict[str, int]:
    """Make the cases of a city and write them as CSV in UTF-8 with the mark that Excel needs.

    Returns
    -------
    dict
        Rows per file.
    """
    return write_batches(CaseMaker(ground, areas, scale, seed).batches(), folder)


def write_batches(batches: Iterable[CaseTables], folder: Path) -> dict[str, int]:
    """Write batches of cases one after the other; returns the rows per file."""
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    handles: dict[str, TextIO] = {}
    rows = dict.fromkeys(FILES.values(), 0)
    begun: set[str] = set()
    try:
        for name, file in FILES.items():
            handles[name] = (folder / file).open("w", encoding="utf-8-sig", newline="")
        for batch in batches:
            for name, file in FILES.items():
                table = getattr(batch, name)
                if table:
                    rows[file] += write_rows(handles[name], table, heading=name not in begun)
                    begun.add(name)
    finally:
        for handle in handles.values():
            handle.close()
    return rows


def write_rows(handle: TextIO, table: Table, heading: bool) -> int:
    """Write rows of a table as CSV; none of our texts needs quotes, and one that did would be found here.

    Raises
    ------
    ValueError
        A text holds a comma, a quotation mark or a line break.
    """
    columns = [np.asarray(column) for column in table.values()]
    # ``tolist`` first: a number as Python writes it.
    words = [c.tolist() if c.dtype.kind in "OU" else [str(value) for value in c.tolist()] for c in columns]
    lines = [",".join(row) for row in zip(*words)]
    text = "\r\n".join(lines)
    count = len(lines)
    if text.count(",") != count * (len(columns) - 1) or '"' in text or text.count("\n") != max(0, count - 1):
        raise ValueError("a text that needs quotes: " + next(iter(table)))
    if heading:
        handle.write(",".join(table) + "\r\n")
    if count:
        handle.write(text + "\r\n")
    return count

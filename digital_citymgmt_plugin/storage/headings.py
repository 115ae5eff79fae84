# SPDX-License-Identifier: GPL-2.0-or-later
"""The heading of a table: which row holds it, in tables made by people with titles above and merged cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from digital_citymgmt_plugin.core.cells import Formula

LOOK = 40  # rows that are looked at

_NUMBER = re.compile(
    r"[-+]?[\d,.]+(?:[eE][-+]?\d+)?%?|\d{1,4}[-/.年]\d{1,2}(?:[-/.月]\d{1,4}日?)?(?:[ T]\d{1,2}:\d{2}.*)?"
)


def is_blank(value: Any) -> bool:
    """Tell whether a cell holds nothing."""
    return value is None or (isinstance(value, str) and not value.strip())


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, Formula) and not _NUMBER.fullmatch(value.strip())


def find_header(rows: Sequence[Sequence[Any]]) -> int | None:
    """Return the index of the heading among the first rows, None when no row looks like one.

    The heading is the first row that fills at least six tenths of the widest row and holds more words than numbers and
    dates. Rows above it with fewer cells are titles.
    """
    filled = [[value for value in row if not is_blank(value)] for row in rows[:LOOK]]
    widest = max((len(cells) for cells in filled), default=0)
    for index, cells in enumerate(filled):
        if cells and len(cells) >= 0.6 * widest and sum(map(_is_word, cells)) * 2 > len(cells):
            return index
    return None


def clean(value: Any) -> str:
    """Return a heading as one line without a byte order mark."""
    return "" if is_blank(value) else " ".join(str(value).replace("\ufeff", "").split())


def joined(upper: Sequence[Any], lower: Sequence[Any]) -> list[str]:
    """Join the two lines of a heading with merged groups: 位置 over 经度 gives ``位置_经度``."""
    names = []
    for position in range(max(len(upper), len(lower))):
        parts = [clean(row[position]) if position < len(row) else "" for row in (upper, lower)]
        names.append("_".join(dict.fromkeys(part for part in parts if part)))
    return names


def letters(column: int) -> str:
    """Return the letters of a column counted from 0, as a spreadsheet shows them."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def name_columns(header: Sequence[Any], rows: Sequence[Sequence[Any]]) -> tuple[list[str], list[str]]:
    """Return the names of all columns and those that had to be changed because they came twice.

    A column without heading that holds a value in ``rows`` is called by its letters (``column_E``); one without either
    is called ``""`` and is to be left out. Empty columns at the end are not returned.
    """
    used = [
        any(index < len(row) and not is_blank(row[index]) for row in rows)
        for index in range(max(map(len, rows), default=0))
    ]
    width = max(len(header), len(used))
    names, doubled, seen = [], [], set[str]()
    for index in range(width):
        name = clean(header[index]) if index < len(header) else ""
        if not name and index < len(used) and used[index]:
            name = f"column_{letters(index)}"
        if name.casefold() in seen:
            number = 2
            while f"{name}_{number}".casefold() in seen:
                number += 1
            doubled.append(name)
            name = f"{name}_{number}"
        if name:
            seen.add(name.casefold())
        names.append(name)
    while names and not names[-1]:
        names.pop()
    return names, doubled

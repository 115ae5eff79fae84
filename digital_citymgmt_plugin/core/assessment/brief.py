# SPDX-License-Identifier: GPL-2.0-or-later
"""A brief (周报, 月报): what is said of one kept run, in sentences, tables, charts and a map.

Sentences are data (``brief_texts``); their numbers come from the run alone. Every number carries a mark that leads to
the text that names it (``number_ids``), so that a reader can open its cases. In texts a number stands between signs of
Unicode's private area, which the writers turn into locked fields or plain text:
``\ue000mark\ue001text\ue002``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

OPEN, PART, CLOSE = "\ue000", "\ue001", "\ue002"
_SIGNS = re.compile("[\ue000-\ue002]")
_FIGURE = re.compile(f"{OPEN}([0-9]*){PART}([^{OPEN}{CLOSE}]*){CLOSE}")
BARS, LINE, MAP = "bars", "line", "map"


@dataclass(frozen=True)
class Figure:
    """A number that is printed: its mark, how it is written, what it is, and the texts that name its counts."""

    mark: int
    text: str
    what: str
    numbers: tuple[str, ...]


@dataclass(frozen=True)
class Chart:
    """A picture: ``labels`` and ``values`` (None: no value) side by side; a map has ``shapes`` and ``edges`` too."""

    kind: str
    title: str
    labels: tuple[str, ...]
    values: tuple[float | None, ...]
    digits: int = 0
    unit: str = ""
    note: str = ""
    shapes: tuple[Any, ...] = ()
    edges: tuple[float, ...] = ()
    nothing: str = ""  # words of the legend for what has no value


@dataclass(frozen=True)
class Table:
    """Rows of text; numbers stand in figure signs. ``left`` columns from the left hold words, all others numbers."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 1
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Brief:
    """All that a brief says. ``values``: single texts for the template (title, period …)."""

    values: dict[str, str]
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    tables: dict[str, Table]
    figures: tuple[Figure, ...]
    charts: dict[str, Chart]
    formulas: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    texts: tuple[tuple[str, ...], ...] = ()  # the sentences as they were used, to be edited
    words: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[tuple[Any, ...], ...] = ()  # code, name, now, before, a year ago, id, id, id (None: not known)


class Marks:
    """Gives every number its mark; the same number of the same sense has one mark."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []
        self._known: dict[tuple[str, tuple[str, ...]], int] = {}

    def of(self, text: str, what: str, numbers: Sequence[str]) -> str:
        """Return a number's text between the signs, with its mark."""
        key = (text, tuple(numbers))
        mark = self._known.get(key)
        if mark is None:
            mark = self._known[key] = len(self.figures) + 1
            self.figures.append(Figure(mark, text, what, tuple(numbers)))
        return f"{OPEN}{mark}{PART}{clean(text)}{CLOSE}"


def locked(text: str) -> str:
    """Return a number between the signs without a mark of its own: its row has one."""
    return f"{OPEN}{PART}{clean(text)}{CLOSE}"


def clean(text: str) -> str:
    """Take the signs out of a text from outside."""
    return _SIGNS.sub("", text)


def plain(text: str) -> str:
    """Return a text without signs and marks."""
    return _FIGURE.sub(lambda found: found.group(2), text)


def noted(text: str) -> str:
    """Return a text with the marks in brackets behind the numbers."""
    return _FIGURE.sub(lambda found: found.group(2) + (f"[{found.group(1)}]" if found.group(1) else ""), text)


def pieces(text: str) -> list[tuple[str, str | None]]:
    """Split a text: (words, None) and (number, its mark or "")."""
    result: list[tuple[str, str | None]] = []
    at = 0
    for found in _FIGURE.finditer(text):
        if found.start() > at:
            result.append((text[at : found.start()], None))
        result.append((found.group(2), found.group(1)))
        at = found.end()
    if at < len(text):
        result.append((text[at:], None))
    return result


def renumbered(brief: Brief) -> Brief:
    """Return a brief whose marks run in the order in which a reader meets them; numbers that stand nowhere are gone."""
    order: dict[str, int] = {}
    by_mark = {str(one.mark): one for one in brief.figures}

    def anew(text: str) -> str:
        def sign(found: re.Match[str]) -> str:
            if not found.group(1):
                return found.group(0)
            return f"{OPEN}{order.setdefault(found.group(1), len(order) + 1)}{PART}{found.group(2)}{CLOSE}"

        return _FIGURE.sub(sign, text)

    values = {name: anew(text) for name, text in brief.values.items()}
    sections = tuple((head, tuple(anew(text) for text in lines)) for head, lines in brief.sections)
    tables = {
        name: replace(table, rows=tuple(tuple(anew(text) for text in row) for row in table.rows))
        for name, table in brief.tables.items()
    }
    figures = tuple(replace(by_mark[mark], mark=number) for mark, number in order.items())
    return replace(brief, values=values, sections=sections, tables=tables, figures=figures)


def written(value: float | None, digits: int, unit: str = "") -> str | None:
    """Return a value as it is printed, None where there is none; ``value`` is rounded already."""
    if value is None or value != value:
        return None
    return f"{value:.{digits}f}{unit}"

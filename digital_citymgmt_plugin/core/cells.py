# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells of tables from outside that must not be used as values: their rows go to the reject list with a reason."""

from __future__ import annotations


class Formula(str):
    """A cell whose text must not be used as a value; the row goes to the reject list with ``reason``.

    A spreadsheet formula is never evaluated and the result cached in the file is not trusted. The text is the formula
    as written, so that the reject list shows it.
    """

    __slots__ = ()
    reason = "reject.formula"


class Ragged(Formula):
    """Every cell of a text row that has more cells than the header: which value belongs where cannot be told."""

    __slots__ = ()
    reason = "reject.cells"


class LongCell(Ragged):
    """Every cell of a text row of which one is longer than any value: its beginning, and the ``length`` of all."""

    __slots__ = ("length",)
    reason = "reject.cell_long"
    length: int

    def __new__(cls, text: str, most: int) -> LongCell:
        """Keep the beginning: a file of such cells must not fill the memory."""
        cell = super().__new__(cls, text[:most])
        cell.length = len(text)
        return cell

# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the cells of a sheet stand where they say: once each, in order, each in its own row.

A sheet whose XML was cut or pasted can be well-formed and mean two things: readers differ on which of two cells of one
place counts. What Excel, WPS and LibreOffice write always passes.
"""

from __future__ import annotations

import re
from typing import IO, Any
from xml.parsers import expat

from digital_citymgmt_plugin.storage.profile_sheets import Faults

_PLACE = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")


class _Cells:
    """Follows the rows and cells of one sheet."""

    def __init__(self, faults: Faults, sheet: str) -> None:
        self._faults, self._sheet = faults, sheet
        self._row, self._column = 0, 0
        self._told = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "row":
            number = attributes.get("r", "")
            good = number.isascii() and number.isdigit() and int(number) > self._row
            if not good:
                self._tell(number)
            self._row, self._column = (int(number), 0) if good else (self._row + 1, 0)
        elif name == "c":
            place = _PLACE.fullmatch(attributes.get("r", ""))
            column = _number(place[1]) if place else 0
            if not place or int(place[2]) != self._row or column <= self._column:
                self._tell(attributes.get("r", ""))
            self._column = max(column, self._column)

    def _tell(self, place: str) -> None:
        if not self._told:  # one fault shifts all that follows
            self._told = True
            column = re.match(r"[A-Z]*", place)
            letters = (column[0] if column else "") or "A"
            self._faults.add("profile.cells_disordered", self._sheet, max(self._row, 1), letters, place)


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def check_cells(stream: IO[bytes], sheet: str, faults: Faults) -> None:
    """Tell the first cell of a sheet that stands in the wrong place, or twice.

    Raises
    ------
    xml.parsers.expat.ExpatError
        The sheet is no XML.
    """
    cells = _Cells(faults, sheet)
    parser: Any = expat.ParserCreate()
    parser.StartElementHandler = cells.start
    while block := stream.read(1 << 16):
        parser.Parse(block, False)
    parser.Parse(b"", True)

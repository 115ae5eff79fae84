# SPDX-License-Identifier: GPL-2.0-or-later
"""Square map sheets: their numbers and their status; ``core.sheet_squares`` finds those that cover a city.

A sheet is numbered by the coordinates of its south-west corner in kilometres, x (north) first: one decimal for 1:1000
and 1:2000, two for 1:500 (``10.0-21.0``, ``10.40-27.75``: general practice of Chinese large scale maps). The habit of
two decimals for 1:1000, as frames of CASS have it, is offered beside.
"""

from __future__ import annotations

SIZE = 500.0  # metres: a sheet 1:1000 of 50 cm
STATUSES = ("open", "field", "back", "checked", "accepted")  # in their order of work


def number_of(x: float, y: float, size: float = SIZE, *, fine: bool = False) -> str:
    """Return the number of the sheet whose south-west corner is at ``x`` (east), ``y`` (north), in metres.

    ``fine`` writes two decimals whatever the size is.
    """
    digits = 2 if fine or size % 100 else 1
    return f"{y / 1000:.{digits}f}-{x / 1000:.{digits}f}"


def corner_of(number: str) -> tuple[float, float] | None:
    """Return x (east) and y (north) in metres of the corner that a number names; None when it is no such number."""
    north, _, east = number.strip().partition("-")
    try:
        return round(float(east) * 1000, 3), round(float(north) * 1000, 3)
    except ValueError:
        return None

# SPDX-License-Identifier: GPL-2.0-or-later
"""How large a unit grid shall be: for a load wanted, and how far from the target it may be."""

from __future__ import annotations

from digital_citymgmt_plugin.core.errors import InputRefused


def target_area(load: float, density: float) -> float:
    """Return the area in m² that holds a load, given the load per m².

    The engine evens the load out within the band of areas, so that a target of load comes down to that of an area.

    Raises
    ------
    InputRefused
        ``draft.no_load``: a load is wanted but no area holds any.
    """
    if not density > 0:
        raise InputRefused("draft.no_load")
    return load / density


def read_band(text: str) -> tuple[float, float]:
    """Read the least and the most of a band, as multiples of the target (``0.5,2.0``; ``;`` parts them, too).

    Raises
    ------
    InputRefused
        ``input.band``: no two numbers, a least below 0, or a most that is not above it.
    """
    try:
        low, high = (float(part) for part in text.replace(";", ",").split(","))
    except ValueError:
        raise InputRefused("input.band", value=text) from None
    if not 0 <= low < high:
        raise InputRefused("input.band", value=text)
    return low, high

# SPDX-License-Identifier: GPL-2.0-or-later
"""How large a drafted unit grid shall be for a load wanted."""

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

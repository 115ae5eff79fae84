# SPDX-License-Identifier: GPL-2.0-or-later
"""How much work there is on a square metre, and how large a drafted unit grid shall be for a load wanted."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.locate import locate_points, representative_points


def mean_load(shapes: NDArray[Any], components: NDArray[Any] | None, loads: NDArray[np.float64] | None) -> float:
    """Return the load per m² on the mean of all areas; components outside them do not count."""
    if components is None or not len(components):
        return 0.0
    place = representative_points(components)
    weight = np.ones(len(components)) if loads is None else loads
    known = np.isfinite(place).all(axis=1) & np.isfinite(weight)
    held = locate_points(place[known], shapes) >= 0
    return float(weight[known][held].sum() / max(float(shapely.area(shapes).sum()), 1e-9))


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

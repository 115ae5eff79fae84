# SPDX-License-Identifier: GPL-2.0-or-later
"""The days of the city on which moments lie."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.times import parse_times, to_local


def local_days(moments: NDArray[Any], zone: str) -> NDArray[np.object_]:
    """Return the day in the city of moments in UTC."""
    if not len(moments):
        return np.empty(0, dtype=object)
    utc, _bad = parse_times(moments, "UTC")
    return to_local(utc, zone).astype("datetime64[D]").astype(str).astype(object)

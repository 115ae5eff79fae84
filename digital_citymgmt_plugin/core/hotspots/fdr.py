# SPDX-License-Identifier: GPL-2.0-or-later
"""Many tests at once: which of them hold when a share of those that hold may be false.

Benjamini, Y. and Hochberg, Y. (1995), Controlling the false discovery rate, J. R. Statist. Soc. B 57, 289-300.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def adjust(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values adjusted after Benjamini and Hochberg (1995), as shares of 1; none of them may be NaN."""
    order = np.argsort(p)[::-1]
    count = len(p)
    stepped = np.minimum.accumulate(p[order] * count / np.arange(count, 0, -1))
    made = np.empty(count)
    made[order] = np.minimum(stepped, 1.0)
    return made


def certain(chance: NDArray[np.float64], level: float) -> NDArray[np.bool_]:
    """Tell which tests hold when a share ``level`` of those that hold may be false.

    NaN never holds and does not count among the tests.
    """
    held = np.zeros(len(chance), dtype=bool)
    tested = np.isfinite(chance)
    held[tested] = adjust(chance[tested]) <= level
    return held

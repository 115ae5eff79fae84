# SPDX-License-Identifier: GPL-2.0-or-later
"""Which grid's code a redrawn cell goes on with: what the person did decides, then the largest part."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.lineage import common

SAME_GROUND = 1e-6  # share of a cell that may be amiss between two outlines of one ground: a corner on an edge


def identities(
    new: NDArray[Any],
    new_group: NDArray[Any],
    old: NDArray[Any],
    old_group: NDArray[Any],
    stayed: NDArray[np.int64],
    *,
    keep: bool,
) -> NDArray[np.int64]:
    """Return for each new cell the old grid whose code it goes on with, −1 for a new code.

    A cell of the same ground goes on in any case. With ``keep`` a cell that stayed in its place (``stayed``: row of the
    old grid, −1 none) does, too, whatever its share; of the others the largest part of an old grid takes its code, and
    of several old grids in one cell the largest one gives it. Codes do not leave their community, and each goes on
    once.
    """
    found = np.full(len(new), -1, dtype=np.int64)
    if not len(new) or not len(old):
        return found
    child, parent, area = common(new, old)
    home = new_group[child] == old_group[parent]
    child, parent, area = child[home], parent[home], area[home]
    whole = np.maximum(shapely.area(new)[child], shapely.area(old)[parent])
    ground = area >= (1 - SAME_GROUND) * whole
    found[child[ground]] = parent[ground]
    if not keep:
        return found
    taken = np.zeros(len(old), dtype=bool)
    taken[found[found >= 0]] = True
    for row in np.flatnonzero((found < 0) & (stayed >= 0)).tolist():
        if new_group[row] == old_group[stayed[row]] and not taken[stayed[row]]:
            found[row] = stayed[row]
            taken[stayed[row]] = True
    for pair in np.lexsort((parent, child, -area)).tolist():
        if found[child[pair]] < 0 and not taken[parent[pair]]:
            found[child[pair]] = parent[pair]
            taken[parent[pair]] = True
    return found

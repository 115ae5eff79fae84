# SPDX-License-Identifier: GPL-2.0-or-later
"""Join ends of lines that miss the line they meet by less than a millimetre: what rounding of coordinates left."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.barriers import runs_of

MISSED = 1e-3  # m: a map in millimetres puts the end of a street so near to the middle of another street, not on it
MET = 1e-7  # m: nearer ends are joined by the noding


def joints(lines: NDArray[Any], edges: NDArray[Any]) -> NDArray[Any]:
    """Return short lines over the gaps between ends of ``lines`` and other lines or ``edges``.

    A street that ends a tenth of a millimetre beside another parts no block: noding on a fine grid takes it for a dead
    end, and boundaries leave it before the crossing.

    Parameters
    ----------
    lines, edges : arrays of lines
        Barriers, and outlines of the region; local coordinates in metres.
    """
    if not len(lines):
        return lines
    ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
    runs, line = runs_of(np.concatenate([lines, edges]))
    end, run = shapely.STRtree(runs).query(ends, predicate="dwithin", distance=MISSED)
    other = line[run] != end % len(lines)
    end, run = end[other], run[other]
    gap = shapely.distance(ends[end], runs[run])
    order = np.lexsort((run, np.round(gap, 9), end))
    end, run, gap = end[order], run[order], gap[order]
    nearest = np.concatenate([[True], end[1:] != end[:-1]])[: len(end)] & (gap > MET)
    if not nearest.any():
        return lines[:0]
    across = shapely.get_coordinates(shapely.shortest_line(ends[end[nearest]], runs[run[nearest]])).reshape(-1, 2, 2)
    step = across[:, 1] - across[:, 0]
    step *= (1 + MISSED / np.hypot(step[:, 0], step[:, 1]))[:, None]  # beyond the line, so that noding finds a crossing
    across[:, 1] = across[:, 0] + step
    return np.asarray(shapely.linestrings(across), dtype=object)

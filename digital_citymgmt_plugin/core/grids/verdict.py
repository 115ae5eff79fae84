# SPDX-License-Identifier: GPL-2.0-or-later
"""Say of each drafted cell why it is as it is, how sure the draft is of it, and where a person should look."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.barriers import DraftNote

ROUND = 0.56  # Polsby-Popper: below this a cell's outline begins to look ragged
THIN = 0.25  # Polsby-Popper: no cell should be thinner (issue 5); those that are have to be looked at
STRIP = 0.25  # of the side of a square of the target's size: where an area is narrower, its cells cannot be round
DOUBTFUL = 0.65  # cells that the draft is less sure of are places to look at


def neighbours(cells: NDArray[Any]) -> list[list[int]]:
    """Return for each cell the cells with which it shares an edge, not just a corner; in rising order."""
    rings, owner = shapely.get_rings(cells, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    joined = ring[1:] == ring[:-1]
    ends = np.concatenate([xy[:-1], xy[1:]], axis=1)[joined]
    turned = (ends[:, 0] > ends[:, 2]) | ((ends[:, 0] == ends[:, 2]) & (ends[:, 1] > ends[:, 3]))
    ends[turned] = ends[turned][:, [2, 3, 0, 1]]
    home = owner[ring[:-1][joined]]
    order = np.lexsort((home, *ends.T))
    ends, home = ends[order], home[order]
    same = np.flatnonzero((ends[1:] == ends[:-1]).all(axis=1))
    found: list[set[int]] = [set() for _ in cells]
    for one, other in zip(home[same].tolist(), home[same + 1].tolist()):
        if one != other:
            found[one].add(other)
            found[other].add(one)
    return [sorted(near) for near in found]


def reasons(
    cells: NDArray[Any],
    blocks: NDArray[np.int64],
    block_m2: NDArray[np.float64],
    target: float,
    band: tuple[float, float],
    *,
    by_load: bool = False,
) -> tuple[NDArray[Any], list[dict[str, Any]]]:
    """Return why each cell was made so (a code) and the values of its sentence; areas in hectares.

    ``draft.split``: part of a block that is too large; ``draft.joined``: several blocks that are too small, or parts of
    them; ``draft.block``: one block as it is. Where a load is wanted (``by_load``) no area is the cause:
    ``draft.parted`` and ``draft.joined_load``.
    """
    area = shapely.area(cells)
    part = (blocks == 1) & (area < 0.95 * block_m2)
    code = np.select(
        [part & (block_m2 > band[1] * target), part, blocks > 1],
        ["draft.split", "draft.parted", "draft.joined"],
        "draft.block",
    )
    if by_load:
        code = np.select([part, blocks > 1], ["draft.parted", "draft.joined_load"], "draft.block")
    values = [
        {
            "area": round(float(a) / 1e4, 2), "block": round(float(b) / 1e4, 2), "count": int(n),
            "largest": round(band[1] * target / 1e4, 2), "smallest": round(band[0] * target / 1e4, 2),
        }
        for a, b, n in zip(area, block_m2, blocks)
    ]  # fmt: skip
    return code.astype(object), values


def confidence(
    cells: NDArray[Any],
    on_rank: NDArray[np.float64],
    load: NDArray[np.float64],
    mean_load: float,
    ratio: NDArray[np.float64],
    band: tuple[float, float],
) -> NDArray[np.float64]:
    """Return how sure the draft is of each cell, 0 to 1; ``ratio`` is its area (or load) by what is wanted.

    A rule of thumb, of use for an order. Up to 0.45 is taken off for outline on no feature, 0.3 for a ragged outline,
    up to 0.3 for an area near the limits of the band or beyond, up to 0.2 for a load of twice the mean or none.
    """
    area, outline = shapely.area(cells), np.maximum(shapely.length(cells), 1e-9)
    free = on_rank[:, -1] / np.maximum(on_rank.sum(axis=1), 1e-9)
    ragged = np.clip((ROUND - 4 * np.pi * area / outline**2) / 0.3, 0, 1)
    ratio = np.maximum(ratio, 1e-9)
    near = np.where(ratio < 1, np.log(ratio) / np.log(band[0]), np.log(ratio) / np.log(band[1]))
    value = 1 - 0.45 * free - 0.3 * ragged - 0.3 * np.clip((near - 0.75) / 0.35, 0, 1)
    if mean_load > 0:
        value = value - 0.2 * np.clip(np.abs(load / mean_load - 1) - 0.3, 0, 1)
    return np.asarray(np.clip(value, 0, 1), dtype=np.float64)


def thin(
    cells: NDArray[Any], owner: NDArray[np.int64], grounds: NDArray[Any], target: float, given: NDArray[np.bool_]
) -> NDArray[Any]:
    """Tell which cells are thinner than ``THIN`` and why; empty where a cell is not.

    ``draft.thin_ground``: the ground itself is a strip there, and without that strip the cell would not be thin (or
    nothing would be left of it); ``draft.thin``: another cause.

    Parameters
    ----------
    owner : array of int
        Row of ``grounds`` (the land of a community that the cell was drafted in) of each cell.
    given : array of bool
        Cells that nobody drafted: water, and cells taken over.
    """
    out = np.full(len(cells), "", dtype=object)
    half = STRIP * float(np.sqrt(target)) / 2
    for row in np.flatnonzero((_roundness(cells) < THIN) & ~given).tolist():
        wide = shapely.buffer(shapely.buffer(grounds[owner[row]], -half), half * 1.01)
        rest = shapely.get_parts(shapely.intersection(cells[row], wide))
        rest = rest[shapely.get_dimensions(rest) == 2]
        rest = rest[shapely.area(rest) > half * half]
        sound = not len(rest) or bool(_roundness(rest)[np.argmax(shapely.area(rest))] >= THIN)
        out[row] = "draft.thin_ground" if sound else "draft.thin"
    return out


def _roundness(cells: NDArray[Any]) -> NDArray[np.float64]:
    """Return 4 π A / P² (Polsby-Popper) of each cell."""
    return np.asarray(4 * np.pi * shapely.area(cells) / np.maximum(shapely.length(cells), 1e-9) ** 2)


def doubtful(
    cells: NDArray[Any],
    area_index: NDArray[np.int64],
    sure: NDArray[np.float64],
    on_rank: NDArray[np.float64],
    thin_why: NDArray[Any],
) -> list[DraftNote]:
    """Return the cells that the draft is not sure of, the worst first; thin ones with the reason (``thin``)."""
    free = on_rank[:, -1] / np.maximum(on_rank.sum(axis=1), 1e-9)
    order = np.lexsort((np.arange(len(cells)), np.round(sure, 6)))
    return [
        DraftNote(
            thin_why[i] or "draft.doubtful", int(area_index[i]), cells[i],
            {
                "confidence": round(float(sure[i]), 2), "free": round(100 * float(free[i])), "cell": int(i),
                "area": round(cells[i].area / 1e4, 2),
            },
        )
        for i in order
        if sure[i] < DOUBTFUL
    ]  # fmt: skip

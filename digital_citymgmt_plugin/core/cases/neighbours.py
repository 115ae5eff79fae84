# SPDX-License-Identifier: GPL-2.0-or-later
"""Which of several places a case means, by the area it states and the areas that the cases around each place state.

A table may name wards or districts that the city has no polygons of. Where cases of known place state them, they tell
where such an area lies: of two places with one name the one amidst cases of the same area is meant.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

ASKED = 15  # cases around a place that are asked
LEAST = 0.6  # share of them that must state the same area …
MOST = 0.2  # … and that at most may do so around every other place (defaults of the plugin)
FAR = 2_000.0  # m: cases further off say nothing


def choose_by_neighbours(
    xy: NDArray[np.float64],
    areas: Sequence[str],
    candidates: Sequence[Sequence[tuple[float, float]]],
    stated: Sequence[str],
) -> list[int]:
    """Return for each case which of its candidates is meant, −1 where the cases around do not tell.

    Parameters
    ----------
    xy, areas : array of places and sequence of words
        Cases of known place, and the area each states.
    candidates : sequence of sequences of (x, y)
        The places that each open case may mean, CRS of ``xy``.
    stated : sequence of str
        The area that each open case states.
    """
    if len(xy) < ASKED:
        return [-1] * len(candidates)
    words = {word: number for number, word in enumerate(sorted(set(areas)))}
    known = np.array([words[word] for word in areas], dtype=np.int64)
    flat = np.array([place for places in candidates for place in places], dtype=np.float64).reshape(-1, 2)
    owner = np.repeat(np.arange(len(candidates)), [len(places) for places in candidates])
    distance, near = cKDTree(xy).query(flat, k=ASKED)
    wanted = np.array([words.get(word, -1) for word in stated], dtype=np.int64)[owner]
    same = (known[np.minimum(near, len(known) - 1)] == wanted[:, None]) & (distance <= FAR)
    share = same.sum(axis=1) / ASKED
    result = []
    start = 0
    for places in candidates:
        part = share[start : start + len(places)]
        start += len(places)
        order = np.argsort(-part, kind="stable")
        clear = len(part) > 1 and part[order[0]] >= LEAST and part[order[1]] <= MOST
        result.append(int(order[0]) if clear else -1)
    return result

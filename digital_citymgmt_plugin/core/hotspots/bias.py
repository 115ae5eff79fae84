# SPDX-License-Identifier: GPL-2.0-or-later
"""Who sees the cases of a cell: collectors or citizens. Where only we look, many cases may only mean many eyes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from digital_citymgmt_plugin.core.assessment.fairness import is_small, wilson
from digital_citymgmt_plugin.core.hotspots.fdr import adjust

OURS_ONLY, OURS, EVEN, THEIRS, SMALL, NONE = "ours_only", "ours", "even", "theirs", "small", "none"
KINDS = (OURS_ONLY, OURS, EVEN, THEIRS, SMALL, NONE)
GAP = 300.0  # seconds between two points of a track above which nobody is known to have been there
LEVEL = 0.05


@dataclass(frozen=True)
class Bias:
    """By cell: share found by collectors with its Wilson interval, ``kind``, and cases per hour of patrol.

    ``adjusted``: two-sided binomial p against the share of the city, after Benjamini–Hochberg over the cells that are
    judged. Small cells (fewer cases with a known source than ``least``) are not judged.
    """

    share: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    adjusted: NDArray[np.float64]
    kind: NDArray[np.object_]
    per_hour: NDArray[np.float64]
    city: float


def bias(
    ours: NDArray[np.int64], theirs: NDArray[np.int64], hours: NDArray[np.float64] | None = None, least: int = 10
) -> Bias:
    """Judge the cells of a city.

    Parameters
    ----------
    ours, theirs : cases found by collectors, and by citizens and others, by cell.
    hours : hours of patrol by cell; None where there are no tracks.
    least : cases below which a share is not judged.

    Notes
    -----
    ``ours_only``: no citizen reported at all, and that is not chance, or so it is in the whole city;
    ``ours``, ``theirs``: the share of collectors is above or below that of the city by more than chance; ``even``:
    neither.
    """
    total = ours + theirs
    known = int(total.sum())
    city = float(ours.sum() / known) if known else float("nan")
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(total > 0, ours / np.maximum(total, 1), np.nan)
    low, high = wilson(ours, total)
    judged = ~is_small(total, least) & (total > 0)
    adjusted = np.full(len(total), np.nan)
    if judged.any():
        hits, of = ours[judged], total[judged]
        tail = np.minimum(binom.cdf(hits, of, city), binom.sf(hits - 1, of, city))
        adjusted[judged] = adjust(np.minimum(1.0, 2 * tail))
    kind = np.where(total > 0, SMALL, NONE).astype(object)
    kind[judged] = EVEN
    apart = judged & (np.nan_to_num(adjusted, nan=1.0) <= LEVEL)
    kind[apart & (share > city)] = OURS
    kind[apart & (share > city) & (theirs == 0)] = OURS_ONLY
    if not theirs.any():  # nobody else reports anywhere: no cell differs, and all of them are seen by us only
        kind[judged] = OURS_ONLY
    kind[apart & (share < city)] = THEIRS
    walked = np.zeros(len(total)) if hours is None else hours
    per_hour = np.where(walked > 0, ours / np.where(walked > 0, walked, 1.0), np.nan)
    return Bias(share, low, high, adjusted, kind, per_hour, city)


def hours_in(
    cell: NDArray[np.int64], seconds: NDArray[np.float64], track: NDArray[np.int64], cells: int, gap: float = GAP
) -> NDArray[np.float64]:
    """Return hours spent in each cell by the points of tracks, in the order of track and time.

    The time to the next point of a track counts in the cell of the earlier one, unless it is longer than ``gap``.
    ``cell``: number, −1 for none.
    """
    if len(cell) < 2:  # one point tells of no time
        return np.zeros(cells)
    passed = np.diff(seconds)
    good = (np.diff(track) == 0) & (passed > 0) & (passed <= gap) & (cell[:-1] >= 0)
    hours = np.bincount(cell[:-1][good], passed[good] / 3600.0, minlength=cells)
    return np.asarray(hours, dtype=np.float64)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The order of a case's events where a log from outside came in: by moment, whenever it was brought in. Vectorised.

Moves of our own and what the times of a table tell are written in order. A log that is imported later tells of earlier
moments, too: its events stand among the others by their moments. What has no moment, and what states or amends
columns, was said knowing the events before it, and stays behind the latest of these.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.times import from_text

LOG = "log"  # source of events of such a log


def in_order(
    case: NDArray[np.int64], at: NDArray[Any], told: NDArray[np.bool_], logged: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return the places of events in the order in which they count.

    Parameters
    ----------
    case : int64 array
        Ascending; the events of a case in the order in which they were written.
    at : object or datetime64 array
        Moments as the store keeps them (None where there is none), or as numpy does.
    told : bool array
        Which state or amend columns and are no step of the case.
    logged : bool array
        Which came with a log from outside; cases without any are left as they are.
    """
    order = np.arange(len(case), dtype=np.int64)
    if not logged.any():
        return order
    rows = np.flatnonzero(np.isin(case, case[logged]))
    moments = at[rows] if at.dtype.kind == "M" else from_text(at[rows])
    timed = ~np.isnat(moments) & ~told[rows]
    rank = np.zeros(len(rows), dtype=np.int64)
    rank[timed] = np.unique(moments[timed], return_inverse=True)[1].reshape(-1) + 1
    key = case[rows] * (len(rows) + 2) + rank
    key = np.where(timed, key, np.maximum.accumulate(key))
    order[rows] = rows[np.argsort(key, kind="stable")]
    return order


def contradicting(
    case: NDArray[np.int64],
    before: NDArray[np.int8],
    after: NDArray[np.int8],
    own: NDArray[np.bool_],
    logged: NDArray[np.bool_],
    unknown: int,
) -> NDArray[np.int64]:
    """Return pairs of places (n × 2): neighbours, one of a log and one of our own, that do not go on from each other.

    Parameters
    ----------
    case, before, after
        Steps of cases in their order: stage before and after each, ``unknown`` where that is not said.
    own, logged : bool arrays
        Moves made here; events of a log from outside.
    """
    known = np.flatnonzero(after != unknown)
    first, second = known[:-1], known[1:]
    mixed = (own[first] & logged[second]) | (logged[first] & own[second])
    wrong = (case[first] == case[second]) & mixed & (before[second] != unknown) & (before[second] != after[first])
    return np.stack([first[wrong], second[wrong]], axis=1)

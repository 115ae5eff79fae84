# SPDX-License-Identifier: GPL-2.0-or-later
"""The stages of a case, read from what a table says or derived from its times; their words are in ``names.py``."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.names import (
    ACTION_OF,
    ACTIONS,
    CHECK,
    CLOSED,
    COLLECTION,
    DISPATCH,
    DISPOSAL,
    ENDED,
    FEEDBACK,
    FILING,
    PARKED,
    STAGE_OF,
    STAGES,
    STEPS,
    UNKNOWN,
    VOID,
    stage_rank,
)

__all__ = [  # the words of names.py too
    "ACTIONS",
    "ACTION_OF",
    "CHECK",
    "CLOSED",
    "COLLECTION",
    "DISPATCH",
    "DISPOSAL",
    "ENDED",
    "FEEDBACK",
    "FILING",
    "PARKED",
    "STAGES",
    "STAGE_OF",
    "STEPS",
    "UNKNOWN",
    "VOID",
    "derive_stages",
    "on_time_by_clock",
    "out_of_order",
    "rank_by_times",
    "stage_rank",
]


def rank_by_times(
    times: Mapping[str, NDArray[np.datetime64]], size: int, cut_off: np.datetime64 | None = None
) -> NDArray[np.int8]:
    """Return the stage that the times tell, per case.

    The latest stage with a time counts, whatever is missing before it. Times after ``cut_off`` are not known yet.
    """
    rank = np.full(size, COLLECTION, dtype=np.int8)
    for column, (_, _, after) in STEPS.items():
        moments = times.get(column)
        if moments is None:
            continue
        reached = ~np.isnat(moments)
        if cut_off is not None:
            reached &= moments <= cut_off
        rank[reached] = np.maximum(rank[reached], after)
    return rank


def derive_stages(
    times: Mapping[str, NDArray[np.datetime64]],
    size: int,
    explicit: NDArray[np.int8] | None = None,
    void: NDArray[np.bool_] | None = None,
    parked: NDArray[np.bool_] | None = None,
) -> NDArray[np.int8]:
    """Return the stage of each case: void before what the table says, before parked, before what the times tell.

    Parameters
    ----------
    times : dict
        Arrays of moments by column name; missing columns are taken as unknown.
    size : int
        Number of cases.
    explicit : int8 array, optional
        Ranks that the table says, ``UNKNOWN`` where it does not. A case sent back for rework is in disposal although
        it has a time of disposal: so the table's word comes first.
    void, parked : bool arrays, optional
        A parked case that is closed is closed.
    """
    rank = rank_by_times(times, size)
    if parked is not None:
        rank = np.where(parked & (rank != CLOSED), PARKED, rank)
    if explicit is not None:
        rank = np.where(explicit != UNKNOWN, explicit, rank)
    if void is not None:
        rank = np.where(void, VOID, rank)
    result: NDArray[np.int8] = rank.astype(np.int8)
    return result


def out_of_order(times: Mapping[str, NDArray[np.datetime64]], size: int) -> list[tuple[NDArray[np.bool_], str, str]]:
    """Find times that contradict the order of a case's life.

    Returns
    -------
    list of (mask, earlier column, later column)
        Where the later step has the earlier time. Each time is compared with the nearest known one before it, so that
        one wrong time is named once or twice and not with every other.
    """
    found = []
    last = np.full(size, np.datetime64("NaT", "ms"))
    last_column = np.full(size, -1, dtype=np.int8)
    columns = [column for column in STEPS if column in times]
    for position, column in enumerate(columns):
        moments = times[column]
        there = ~np.isnat(moments)
        wrong = there & ~np.isnat(last) & (moments < last)
        for before in np.unique(last_column[wrong]).tolist():
            found.append((wrong & (last_column == before), columns[before], column))
        last = np.where(there, moments, last)
        last_column = np.where(there, position, last_column).astype(np.int8)
    return found


def on_time_by_clock(
    due: NDArray[np.datetime64] | None,
    disposed: NDArray[np.datetime64] | None,
    closed: NDArray[np.datetime64] | None,
    size: int,
    cut_off: np.datetime64 | None = None,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Judge by the clock whether cases are on time.

    The moment of disposal counts, not of closing (count definitions of one vendor); closing stands in where no
    disposal is recorded. Without a target a case is on time. An open case is overdue once ``cut_off`` is past its
    target. Extensions are taken as already worked into the target; work hours and holidays are not looked at.

    Returns
    -------
    on_time : bool array
    finished : bool array
        Whether the judgement is final: the case was disposed of (or closed) by ``cut_off``.
    """
    nothing = np.full(size, np.datetime64("NaT", "ms"))
    end = nothing if disposed is None else disposed
    if closed is not None:
        end = np.where(np.isnat(end), closed, end)
    target = nothing if due is None else due
    finished = ~np.isnat(end)
    if cut_off is not None:
        finished &= end <= cut_off
    judged = np.where(finished, end, cut_off if cut_off is not None else np.datetime64("NaT", "ms"))
    late = ~np.isnat(target) & ~np.isnat(judged) & (judged > target)
    return ~late, finished

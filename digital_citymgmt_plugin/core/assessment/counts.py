# SPDX-License-Identifier: GPL-2.0-or-later
"""Named counts of cases at a cut-off: for each case, in which of them it is.

Source of the definitions: the statistics collector of one vendor, and for the rates several systems. Where the text
leaves a choice, this is what is done here:

* A void case counts as reported, as filed when it had been filed, and as one of the three kinds of void; in nothing
  else, so that a case voided after dispatch is not owed for ever.
* The stage that the table says holds from the case's latest known time on; before that, the times alone tell.
* A parked case has the stage it had before, is not in disposal, and its clock stands still: it is not overdue.
* On time is what the source states; else the moment of disposal (of closing where none is known) against the target;
  no target is on time. An open case is overdue once the cut-off is past its target. Cases for which the source states
  timeliness but left it blank are in ``timeliness_missing`` and neither on time nor late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.stages import (
    CLOSED,
    COLLECTION,
    DISPATCH,
    DISPOSAL,
    FEEDBACK,
    FILING,
    PARKED,
    STAGES,
    VOID,
    rank_by_times,
)

# Counts that the profile does not define but every table of ours can show: code → Chinese name, definition in Chinese
# and in English.
OWN: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "pending": ("未结案数", "已上报、未结案且未作废的案件", "Cases reported, neither closed nor voided"),
        "on_time": (
            "按期数", "未作废、处置（未处置的到截止时刻）不晚于截止时间的案件；无截止时间的视为按期",
            "Cases not voided that were disposed of (open ones: are at the cut-off) within the target; without a "
            "target they are on time",
        ),
        "overdue": (
            "超期数", "未作废、处置（未处置的到截止时刻）晚于截止时间的案件",
            "Cases not voided that were disposed of (open ones: are at the cut-off) past the target",
        ),
        "timeliness_missing": (
            "按期未知数", "来源说明是否按期，但该案件留空", "The source states timeliness, but not for these cases",
        ),
    }
)  # fmt: skip
# What ``case_counts`` gives; other counts of the profile need what a case record does not hold.
KNOWN = (
    "reported", "valid_reported", "filed", "to_be_dispatched", "dispatched", "to_be_disposed", "disposed",
    "disposed_on_time", "disposed_late", "in_disposal", "in_disposal_on_time", "in_disposal_late", "to_be_closed",
    "to_be_closed_not_parked", "closed", "closed_on_time", "closed_late", "reworked", "rework_times", "extended",
    "parked", "not_accepted", "not_filed", "voided", *OWN,
)  # fmt: skip

NAT = np.datetime64("NaT", "ms")
STAGE_RANK = {name: rank for rank, name in enumerate(STAGES)}


@dataclass(frozen=True)
class Cases:
    """What is needed of cases to count them, by columns of equal length.

    ``times`` holds moments (UTC) by column name; ``stage`` ranks; ``stated`` 1, 0 or −1 where the source states
    nothing; ``blank`` where it should have stated and did not.
    """

    times: Mapping[str, NDArray[np.datetime64]]
    due: NDArray[np.datetime64]
    stage: NDArray[np.int8]
    stated: NDArray[np.int8]
    blank: NDArray[np.bool_]
    parked: NDArray[np.bool_]
    reworks: NDArray[np.int64]
    extensions: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.stage)


def latest(cases: Cases) -> np.datetime64:
    """Return the latest moment that is known of any case (targets do not count); NaT without any."""
    best = NAT
    for moments in cases.times.values():
        there = moments[~np.isnat(moments)]
        if len(there) and (np.isnat(best) or there.max() > best):
            best = there.max()
    return best


def first_known(cases: Cases) -> NDArray[np.datetime64]:
    """Return the first known moment of each case, NaT without any."""
    return _fold(cases, np.fmin)


def _fold(cases: Cases, choose: Any) -> NDArray[np.datetime64]:
    result = np.full(len(cases), NAT)
    for moments in cases.times.values():
        result = choose(result, moments)
    return result


def ranks_at(cases: Cases, cut_off: np.datetime64) -> NDArray[np.int8]:
    """Return how far each case had come at the cut-off, void and parked ones as far as their times tell."""
    by_times = rank_by_times(cases.times, len(cases), cut_off)
    last = _fold(cases, np.fmax)
    current = np.isnat(last) | (last <= cut_off)
    said = current & (cases.stage <= CLOSED)
    # Parking is asked for in disposal: a parked case without times was dispatched.
    bare = current & (cases.stage == PARKED) & (by_times < DISPOSAL)
    rank = np.where(said, cases.stage, np.where(bare, DISPOSAL, by_times))
    return rank.astype(np.int8)


def case_counts(cases: Cases, cut_off: np.datetime64) -> dict[str, NDArray[Any]]:
    """Return for each count which cases are in it (bool), or how often (``rework_times``, int).

    Parameters
    ----------
    cases : Cases
    cut_off : datetime64
        UTC. What happened later is not known; cases whose first time is later are in no count.
    """
    known = first_known(cases)
    there = np.isnat(known) | (known <= cut_off)
    rank = ranks_at(cases, cut_off)
    void = there & (cases.stage == VOID)
    alive = there & ~void
    parked = alive & (cases.parked | (cases.stage == PARKED)) & (rank < CLOSED)
    late, missing = _late(cases, rank, parked, cut_off)
    dispatched = alive & (rank >= DISPOSAL)
    disposed = alive & (rank >= FEEDBACK)
    in_disposal = alive & (rank == DISPOSAL) & ~parked
    closed = alive & (rank == CLOSED)
    on_time = ~late & ~missing
    owed = disposed | (in_disposal & late)
    reworked = alive & (cases.reworks > 0)
    counts: dict[str, NDArray[Any]] = {
        "reported": there,
        "valid_reported": alive & (rank >= DISPATCH),
        "filed": there & (rank >= DISPATCH),
        "to_be_dispatched": alive & (rank >= DISPATCH),
        "dispatched": dispatched,
        "to_be_disposed": dispatched,
        "disposed": disposed,
        "disposed_on_time": disposed & on_time,
        "disposed_late": disposed & late,
        "in_disposal": in_disposal,
        "in_disposal_on_time": in_disposal & on_time,
        "in_disposal_late": in_disposal & late,
        "to_be_closed": owed,
        "to_be_closed_not_parked": owed & ~parked,
        "closed": closed,
        "closed_on_time": closed & on_time,
        "closed_late": closed & late,
        "reworked": reworked,
        "rework_times": np.where(reworked, cases.reworks, 0),
        "extended": alive & (cases.extensions > 0),
        "parked": parked,
        "not_accepted": void & (rank <= COLLECTION),
        "not_filed": void & (rank == FILING),
        "voided": void & (rank > FILING),
        "pending": alive & ~closed,
        "on_time": alive & on_time,
        "overdue": alive & late,
        "timeliness_missing": alive & missing,
    }
    return counts


def _late(
    cases: Cases, rank: NDArray[np.int8], parked: NDArray[np.bool_], cut_off: np.datetime64
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which cases are late, and of which it cannot be said although the source should have."""
    end = cases.times.get("disposed_at", np.full(len(cases), NAT))
    end = np.where(np.isnat(end), cases.times.get("closed_at", NAT), end)
    finished = (rank >= FEEDBACK) & ~np.isnat(end) & (end <= cut_off)
    judged = np.where(finished, end, cut_off)
    late = ~np.isnat(cases.due) & (judged > cases.due)
    # Finished at an unknown moment, or parked: the clock has nothing to say.
    late &= finished | ((rank < FEEDBACK) & ~parked)
    late = np.where(cases.stated >= 0, cases.stated == 0, late)
    return late & ~cases.blank, cases.blank


# SPDX-License-Identifier: GPL-2.0-or-later
"""What is known of cases at a cut-off, as columns: one row per case. Counts (``counts.py``) are asked of nothing else.

Most stands in ``case_record``. What only the log tells – parked once, voided from where, by whom – is ``LogFacts``;
without a log counts of it are not known. Moments are UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.stages import (
    CLOSED,
    DISPOSAL,
    FEEDBACK,
    PARKED,
    STAGES,
    VOID,
    rank_by_times,
)

NAT = np.datetime64("NaT", "ms")
STAGE_RANK = {name: rank for rank, name in enumerate(STAGES)}
Bools = NDArray[np.bool_]
Moments = NDArray[np.datetime64]

# Who did the last step of a kind: person → action of the log. A post's work is counted by these.
PEOPLE: Mapping[str, str] = MappingProxyType(
    {
        "reporter": "report", "verifier": "verify", "acceptor": "accept", "filer": "file", "dispatcher": "dispatch",
        "disposer": "dispose", "checker": "check", "closer": "close",
    }
)  # fmt: skip
# Where a report comes from.
SOURCE_UNKNOWN, COLLECTOR, OTHERS = 0, 1, 2
_COLLECTORS = ("监督员", "采集员", "信息员", "巡查", "collector", "patrol")
# Tasks with a limit of working minutes: from which step to which.
TASKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "filing": ("accepted_at", "filed_at"), "dispatch": ("filed_at", "dispatched_at"),
        "verify": ("reported_at", "verified_at"), "check": ("feedback_at", "checked_at"),
    }
)  # fmt: skip


def source_kind(text: str | None) -> int:
    """Tell whether a source is the collectors' own, or the public and others; nothing said is not known."""
    word = (text or "").strip().lower()
    if not word:
        return SOURCE_UNKNOWN
    return COLLECTOR if any(part in word for part in _COLLECTORS) else OTHERS


@dataclass(frozen=True)
class LogFacts:
    """What only the log tells of cases; columns of equal length.

    ``void_from``: rank of the stage in which a case was voided, −1 where no event tells. ``disposals``: how often it
    was disposed of; ``cycles``: how often by the department that had disposed of it before, after it was sent back or
    dispatched again. ``extension_hours``: of extensions in force, as asked for. ``exempt``: an appeal was granted.
    ``people``: numbers of persons by ``PEOPLE``, −1 for nobody. ``first``, ``last``: moments of the log.
    """

    ever_parked: Bools
    void_from: NDArray[np.int8]
    void_at: Moments
    exempt: Bools
    disposals: NDArray[np.int16]
    cycles: NDArray[np.int16]
    extension_times: NDArray[np.int16]
    extension_hours: NDArray[np.float32]
    verified_at: Moments
    self_disposed: Bools
    people: Mapping[str, NDArray[np.int32]]
    first: Moments
    last: Moments


@dataclass(frozen=True)
class Cases:
    """What is needed of cases to count them, by columns of equal length.

    ``times`` holds moments (UTC) by column name; ``stage`` ranks; ``stated`` 1, 0 or −1 where the source states
    nothing; ``blank`` where it should have stated and did not. ``source``: ``COLLECTOR``, ``OTHERS`` or not known.
    ``minutes``: working minutes that tasks (``TASKS``) took, NaN where they are not known; ``allowed``: their limits.
    """

    times: Mapping[str, Moments]
    due: Moments
    stage: NDArray[np.int8]
    stated: NDArray[np.int8]
    blank: Bools
    parked: Bools
    reworks: NDArray[Any]
    extensions: NDArray[Any]
    source: NDArray[np.int8] | None = None
    returns: NDArray[Any] | None = None
    log: LogFacts | None = None
    minutes: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    allowed: Mapping[str, float] = field(default_factory=dict)
    went_on: Bools | None = None  # what these columns tell is not the end of the case: later steps were taken back

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


def first_known(cases: Cases) -> Moments:
    """Return the first known moment of each case, NaT without any."""
    return _fold(cases, np.fmin)


def _fold(cases: Cases, choose: Any) -> Moments:
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


class Known:
    """Cases as they are known at a cut-off; what several counts ask for is worked out once."""

    def __init__(self, cases: Cases, cut_off: np.datetime64) -> None:
        self.cases, self.cut_off = cases, cut_off

    def at(self, name: str) -> Moments:
        """Return the moments of a step, NaT where it was not reached by the cut-off."""
        moments = self.cases.times.get(name)
        if moments is None:
            return np.full(len(self.cases), NAT)
        return np.where(moments <= self.cut_off, moments, NAT)

    @cached_property
    def there(self) -> Bools:
        """Reported by the cut-off, or at no known moment."""
        known = first_known(self.cases)
        return np.isnat(known) | (known <= self.cut_off)

    @cached_property
    def rank(self) -> NDArray[np.int8]:
        """How far each case had come."""
        return ranks_at(self.cases, self.cut_off)

    def stands(self, stage: int) -> Bools:
        """Tell which cases had come just as far as a stage."""
        found: Bools = self.rank == stage
        return found

    @cached_property
    def void(self) -> Bools:
        """Voided, at whatever stage."""
        void: Bools = self.there & np.equal(self.cases.stage, VOID)
        return void

    @cached_property
    def void_rank(self) -> NDArray[np.int8]:
        """In which stage a void case was voided: as the log says, else as far as its times tell."""
        log = self.cases.log
        if log is None:
            return self.rank
        return np.where((log.void_from >= 0) & (log.void_from < CLOSED), log.void_from, self.rank).astype(np.int8)

    @cached_property
    def alive(self) -> Bools:
        """Reported and not voided."""
        return self.there & ~self.void

    @cached_property
    def parked(self) -> Bools:
        """Parked now."""
        parked: Bools = self.alive & (self.cases.parked | (self.cases.stage == PARKED)) & (self.rank < CLOSED)
        return parked

    @cached_property
    def _ends(self) -> tuple[Moments, Bools]:
        """When cases were disposed of (closed, where no disposal is known), and for which that is known."""
        end = self.cases.times.get("disposed_at", np.full(len(self.cases), NAT))
        end = np.where(np.isnat(end), self.cases.times.get("closed_at", NAT), end)
        return end, (self.rank >= FEEDBACK) & ~np.isnat(end) & (end <= self.cut_off)

    @cached_property
    def late(self) -> Bools:
        """Past the target: at the disposal, or, of those not disposed of, at the cut-off."""
        end, finished = self._ends
        judged = np.where(finished, end, self.cut_off)
        late = ~np.isnat(self.cases.due) & (judged > self.cases.due)
        # Finished at an unknown moment, or parked: the clock has nothing to say.
        late &= finished | ((self.rank < FEEDBACK) & ~self.parked)
        late = np.where((self.cases.stated >= 0) & self._judged, self.cases.stated == 0, late)
        return late & ~self.missing

    @cached_property
    def _judged(self) -> Bools:
        """Whether what the source states of timeliness holds yet: not of a case in disposal that went on later."""
        known: Bools = self.rank >= FEEDBACK
        if not known.all() and ((self.cases.stated >= 0) | self.cases.blank).any():
            later = _fold(self.cases, np.fmax) > self.cut_off
            known = known | ~(later if self.cases.went_on is None else later | self.cases.went_on)
        return known

    @cached_property
    def missing(self) -> Bools:
        """The source should have said whether it was on time, and did not."""
        missing: Bools = self.cases.blank & self._judged
        return missing

    @cached_property
    def on_time(self) -> Bools:
        """Neither late nor unknown."""
        return ~self.late & ~self.missing

    def within(self, task: str) -> Bools:
        """Tell which cases did a task within its limit of working minutes; without both moments nobody knows."""
        minutes, allowed = self.cases.minutes.get(task), self.cases.allowed.get(task)
        if minutes is None or allowed is None:
            return np.zeros(len(self.cases), dtype=bool)
        return np.isfinite(minutes) & (minutes <= allowed)

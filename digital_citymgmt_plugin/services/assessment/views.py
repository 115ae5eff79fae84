# SPDX-License-Identifier: GPL-2.0-or-later
"""All cases as they are known at one cut-off: in which counts each is, and on which day it counts.

At the end of the log every case is judged once. At another cut-off only those are judged anew that had not come to
their end then; of these, what happened later is taken back by replaying their logs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.counts import COUNTS, known_counts
from digital_citymgmt_plugin.core.assessment.facts import Cases, Known, LogFacts
from digital_citymgmt_plugin.core.assessment.flows import NO_DAY, basis_moments, flow_moments
from digital_citymgmt_plugin.core.assessment.tally import Combinations, packed_bits
from digital_citymgmt_plugin.core.cases.times import to_local

HEAVY = ("return_times", "rework_times", "rework_cycles", "extension_times", "extension_hours", "overtime_times")
PLAIN = tuple(code for code in COUNTS if code not in HEAVY)
BASIS_DAYS = ("filed", "reported")
Ints = NDArray[np.int64]
Days = NDArray[np.int32]


def _judged(cases: Cases, cut_off: np.datetime64) -> tuple[NDArray[np.uint64], dict[str, Ints], Known]:
    known = Known(cases, cut_off)
    counts = known_counts(known)
    return packed_bits(counts, PLAIN, len(cases)), {name: counts[name].astype(np.int64) for name in HEAVY}, known


def _days_of(known: Known, name: str, zone: str) -> Days:
    moments = basis_moments(known, name) if name in BASIS_DAYS else flow_moments(known, name)
    days = to_local(moments, zone).astype("datetime64[D]")
    return np.where(np.isnat(days), NO_DAY, days.astype(np.int64)).astype(np.int32)


class View:
    """Cases at a cut-off: ``sums`` of counts and ``day`` of each case by a basis or a moment."""

    def __init__(self, cut_off: np.datetime64, zone: str, cases: Cases) -> None:
        self.cut_off, self.zone = cut_off, zone
        bits, heavy, self.known = _judged(cases, cut_off)
        self.combinations = Combinations(PLAIN, bits, heavy)
        self.rows = self.gone = np.empty(0, dtype=np.int64)
        self.part: Mapping[str, NDArray[Any]] = {}
        self.part_log: LogFacts | None = None
        self._days: dict[str, Days] = {}
        self._base: View | None = None
        self.sides: dict[str, NDArray[np.int32]] = {}

    def at(
        self,
        cut_off: np.datetime64,
        rows: Ints,
        gone: Ints,
        part: Mapping[str, NDArray[Any]],
        log: LogFacts | None,
        cases: Cases,
    ) -> View:
        """Return the view at another cut-off.

        Parameters
        ----------
        rows : int64 array
            Cases that are judged anew, of ``part``, ``log`` and ``cases``; all others had come to their end.
        gone : int64 array
            Cases that nobody knew of yet.
        """
        made = object.__new__(View)
        made.cut_off, made.zone, made.rows, made.gone = cut_off, self.zone, rows, gone
        bits, heavy, made.known = _judged(cases, cut_off)
        made.combinations = self.combinations.changed(rows, bits, heavy, gone)
        made.part, made.part_log, made._base, made._days, made.sides = part, log, self, {}, {}
        return made

    def brought(self, cut_off: np.datetime64, rows: Ints, part: Cases, cases: Cases) -> View:
        """Return the view at a later end of the log, in which some cases (``rows``: ``part``) are judged anew.

        ``cases``: all of them, as they are now.
        """
        made = object.__new__(View)
        made.cut_off, made.zone, made.rows, made.gone = cut_off, self.zone, self.rows, self.gone
        bits, heavy, known = _judged(part, cut_off)
        made.combinations = self.combinations.changed(rows, bits, heavy, self.gone)
        made.known, made.part, made.part_log, made._base, made.sides = Known(cases, cut_off), {}, None, None, {}
        made._days = {}
        for name, days in self._days.items():
            made._days[name] = days.copy()
            made._days[name][rows] = _days_of(known, name, self.zone)
        return made

    def day(self, name: str) -> Days:
        """Return the local day (since 1970) of each case by a basis or a moment; ``NO_DAY`` where it has none."""
        if name not in self._days:
            found = _days_of(self.known, name, self.zone)
            if self._base is not None:
                whole = self._base.day(name).copy()
                whole[self.gone] = NO_DAY
                whole[self.rows] = found
                found = whole
            self._days[name] = found
        return self._days[name]

    def side(self, name: str, base: NDArray[np.int32], of: Callable[..., NDArray[np.int32]]) -> NDArray[np.int32]:
        """Return the place of each case on a side that the log may tell: as it was known at the cut-off."""
        if self._base is None:
            return base
        if name not in self.sides:
            made = base.copy()
            made[self.rows] = of(self.part, self.part_log)
            self.sides[name] = made
        return self.sides[name]

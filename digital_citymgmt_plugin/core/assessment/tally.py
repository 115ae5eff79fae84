# SPDX-License-Identifier: GPL-2.0-or-later
"""Sums of all counts by group in one pass: cases that are in the same counts are told by one number.

Of a million cases some hundred combinations of counts occur. Cases are counted by group and combination; what each
combination is in, is added up afterwards. Counts that may be more than one of a case are few and added up singly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_BITS = 18  # of a hash
_FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)
_DENSE = 4_000_000  # groups times combinations up to which they are counted without sorting


class Combinations:
    """Which counts each case is in (``bits``), as the number of its combination (``code``)."""

    def __init__(self, counts: Sequence[str], bits: NDArray[np.uint64], heavy: Mapping[str, Ints]) -> None:
        self.counts, self.heavy = tuple(counts), dict(heavy)
        self.table, self.code = _numbered(bits)

    def changed(self, rows: Ints, bits: NDArray[np.uint64], heavy: Mapping[str, Ints], gone: Ints) -> Combinations:
        """Return others, in which some cases (``rows``) are in other counts and some (``gone``) in none."""
        made = object.__new__(Combinations)
        made.counts = self.counts
        made.table = np.union1d(self.table, np.r_[bits, np.uint64(0)])
        moved = np.searchsorted(made.table, self.table).astype(np.int32)
        made.code = moved[self.code]
        made.code[gone] = np.searchsorted(made.table, np.uint64(0))
        made.code[rows] = np.searchsorted(made.table, bits)
        made.heavy = {}
        for name, values in self.heavy.items():
            made.heavy[name] = values.copy()
            made.heavy[name][gone] = 0
            made.heavy[name][rows] = heavy[name]
        return made

    def sums(self, rows: NDArray[Any], group: Ints, size: int, wanted: Sequence[str]) -> dict[str, Ints]:
        """Return the sums of counts by group of some cases; ``group`` tells the group of each of ``rows``."""
        kinds = len(self.table)
        found = {}
        plain = [name for name in wanted if name in self.counts]
        if plain:
            code = self.code[rows]
            if size * kinds <= max(_DENSE, 4 * len(group)):
                seen = np.bincount(group.astype(np.int64) * kinds + code, minlength=size * kinds)
                seen = seen.reshape(size, kinds)
                for name in plain:
                    found[name] = seen @ self._in(name)
            else:
                keys, number = np.unique(group.astype(np.int64) * kinds + code, return_counts=True)
                for name in plain:
                    part = self._in(name)[keys % kinds] > 0
                    weights = number[part].astype(np.float64)
                    found[name] = np.rint(np.bincount(keys[part] // kinds, weights, size)).astype(np.int64)
        for name in wanted:
            if name in self.heavy:
                values = self.heavy[name][rows]
                some = np.flatnonzero(values)
                sums = np.bincount(group[some], values[some].astype(np.float64), size)
                found[name] = np.rint(sums).astype(np.int64)
        return found

    def _in(self, name: str) -> Ints:
        place = np.uint64(self.counts.index(name))
        return ((self.table >> place) & np.uint64(1)).astype(np.int64)

    def members(self, name: str) -> NDArray[np.bool_]:
        """Tell which cases are in a count."""
        if name in self.heavy:
            found: NDArray[np.bool_] = self.heavy[name] > 0
            return found
        inside: NDArray[np.bool_] = (self._in(name) > 0)[self.code]
        return inside


def _numbered(bits: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Do what ``np.unique`` does without sorting: combinations are few, a table of their hashes holds them all."""
    for factor in _FACTORS:
        place = ((bits * np.uint64(factor)) >> np.uint64(64 - _BITS)).astype(np.int32)
        held = np.zeros(1 << _BITS, dtype=np.uint64)
        met = np.zeros(1 << _BITS, dtype=bool)
        held[place], met[place] = bits, True
        if np.array_equal(held[place], bits):  # no two have one place
            places = np.flatnonzero(met)
            order = np.argsort(held[places])
            number = np.zeros(1 << _BITS, dtype=np.int32)
            number[places[order]] = np.arange(len(places), dtype=np.int32)
            return held[places[order]], number[place]
    table, code = np.unique(bits, return_inverse=True)
    return table, code.astype(np.int32)


def packed_bits(counts: Mapping[str, NDArray[Any]], names: Sequence[str], size: int) -> NDArray[np.uint64]:
    """Return the counts (booleans) of each case as bits, the first name the lowest."""
    bits = np.zeros(size, dtype=np.uint64)
    for place, name in enumerate(names):
        bits |= counts[name].astype(np.uint64) << np.uint64(place)
    return bits

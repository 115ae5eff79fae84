# SPDX-License-Identifier: GPL-2.0-or-later
"""Which rows of a long stream were seen before, in 16 bytes a row instead of the 150 of a Python dictionary."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def hashes(values: Iterable[bytes]) -> NDArray[np.uint64]:
    """Return 64 bits of each value's BLAKE2b digest.

    Two different values of a million share them with a chance of 1 in 30 million.
    """
    digests = b"".join(hashlib.blake2b(value, digest_size=8).digest() for value in values)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64, copy=False)


class Seen:
    """The first row of every value of a stream, in sorted runs that are merged as they grow."""

    def __init__(self) -> None:
        self._runs: list[tuple[NDArray[np.uint64], NDArray[np.int64]]] = []

    def first(self, values: NDArray[np.uint64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the first row that ever had each value (its own row when it is the first), and remember the new ones.

        Parameters
        ----------
        values : array of n uint64
        rows : array of n int64
            Numbers of the rows, rising over all calls.
        """
        if not len(values):
            return np.empty(0, dtype=np.int64)
        distinct, at, back = np.unique(values, return_index=True, return_inverse=True)
        found = rows[at].astype(np.int64)
        fresh = np.ones(len(distinct), dtype=bool)
        for known, firsts in self._runs:
            place = np.minimum(np.searchsorted(known, distinct), len(known) - 1)
            hit = known[place] == distinct
            found[hit] = firsts[place[hit]]
            fresh &= ~hit
        self._add(distinct[fresh], found[fresh])
        result: NDArray[np.int64] = found[back.reshape(-1)]
        return result

    def _add(self, values: NDArray[np.uint64], rows: NDArray[np.int64]) -> None:
        if not len(values):
            return
        while self._runs and len(self._runs[-1][0]) <= 2 * len(values):
            older, older_rows = self._runs.pop()
            values, rows = np.concatenate([older, values]), np.concatenate([older_rows, rows])
            order = np.argsort(values, kind="stable")
            values, rows = values[order], rows[order]
        self._runs.append((values, rows))

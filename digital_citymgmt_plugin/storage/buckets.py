# SPDX-License-Identifier: GPL-2.0-or-later
"""The port ``Buckets``: fixed-size records in files of a temporary folder, one file per bucket."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class DiskBuckets:
    """Records by bucket on disk.

    Parameters
    ----------
    kind : numpy dtype
        Of the records; without objects, since nothing is pickled.
    count : int
        How many buckets there are.

    Raises
    ------
    OSError
        A full disk; the engine says so.
    """

    def __init__(self, kind: Any, count: int) -> None:
        self._kind = np.dtype(kind)
        if self._kind.hasobject:
            raise TypeError(kind)
        self._folder = tempfile.mkdtemp(prefix="dcm_buckets_")
        self._remove = weakref.finalize(self, shutil.rmtree, self._folder, True)
        self._sizes = np.zeros(count, dtype=np.int64)

    def _path(self, bucket: int) -> Path:
        return Path(self._folder) / f"{bucket}.bin"

    def add(self, records: NDArray[Any], buckets: NDArray[np.int64]) -> None:
        """Append records, each to its bucket."""
        order = np.argsort(buckets, kind="stable")
        records, buckets = np.ascontiguousarray(records[order], dtype=self._kind), buckets[order]
        starts = np.concatenate([[0], np.flatnonzero(np.diff(buckets)) + 1, [len(buckets)]]).tolist()
        for start, stop in zip(starts, starts[1:]):
            if stop > start:
                with self._path(int(buckets[start])).open("ab") as file:
                    file.write(records[start:stop].tobytes())
                self._sizes[buckets[start]] += stop - start

    def each(self) -> Iterator[NDArray[Any]]:
        """Yield the records of each bucket that has any."""
        for bucket in np.flatnonzero(self._sizes).tolist():
            yield np.fromfile(self._path(bucket), dtype=self._kind)

    def close(self) -> None:
        """Remove the folder."""
        self._remove()

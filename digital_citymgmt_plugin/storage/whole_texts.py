# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts that come in are whole: halves of characters (lone surrogates) can be held by no file and no store.

They stand in workbooks and JSON of programs that cut texts by their length. As nobody can tell what the character was,
the replacement character (U+FFFD) takes its place, and how often is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.ports import GEOM, ROW, Columns, Source

_HALF = re.compile("[\ud800-\udfff]")


def whole(text: str) -> str:
    """Return a text that can be written; two halves that belong together become their character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _HALF.search(text) else text


class WholeTexts:
    """A source whose texts can all be written; ``notes`` says how many could not."""

    def __init__(self, source: Source, file: str) -> None:
        self._source, self._file = source, file
        self.info, self.notes = source.info, source.notes

    def chunks(self, size: int = 20_000) -> Iterator[Columns]:
        """Yield the rows in order."""
        count, first = 0, 0
        for chunk in self._source.chunks(size):
            bad = np.zeros(len(chunk[ROW]), dtype=bool)
            for name, column in chunk.items():
                if name not in (ROW, GEOM) and column.dtype == object and not _can_be_written(column):
                    chunk[name] = _mended(column, bad)
            if bad.any():
                first = first or int(chunk[ROW][np.argmax(bad)])
                count += int(bad.sum())
            yield chunk
        if count:
            self.notes.append(("input.half_characters", {"file": self._file, "count": count, "row": first}))

    def close(self) -> None:
        """Let go of the file."""
        self._source.close()


def _can_be_written(column: NDArray[Any]) -> bool:
    try:
        "\n".join([value for value in column.tolist() if type(value) is str]).encode()
    except UnicodeEncodeError:
        return False
    return True


def _mended(column: NDArray[Any], bad: NDArray[np.bool_]) -> NDArray[Any]:
    mended = column.copy()
    for row, value in enumerate(column.tolist()):
        if isinstance(value, str) and _HALF.search(value):
            mended[row] = whole(value)
            bad[row] = True
    return mended

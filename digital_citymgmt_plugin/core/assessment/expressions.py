# SPDX-License-Identifier: GPL-2.0-or-later
"""Sums of named counts, as a profile writes them: ``closed``, ``filed - voided``, ``disposed + in_disposal_late``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the window reads sums, too, and opens where numpy is missing
    import numpy as np
    from numpy.typing import NDArray

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_FORM = re.compile(r"\s*[a-z][a-z0-9_]*(\s*[+\-−]\s*[a-z][a-z0-9_]*)*\s*")
_PART = re.compile(r"([+\-−]?)\s*([a-z][a-z0-9_]*)")


def parse_counts(text: str) -> tuple[tuple[int, str], ...]:
    """Return the counts of a sum with their signs.

    Raises
    ------
    ValueError
        When the text is no sum of names.
    """
    if not _FORM.fullmatch(text):
        raise ValueError(text)
    return tuple((-1 if sign in ("-", "−") else 1, name) for sign, name in _PART.findall(text))


def counts_in(*texts: str) -> tuple[str, ...]:
    """Return the names of all counts in sums, each once; a text that is no sum has none."""
    found = [name for text in texts if _FORM.fullmatch(text) for name in _NAME.findall(text)]
    return tuple(dict.fromkeys(found))


def in_words(text: str, name: Callable[[str], str], *, brackets: bool = True) -> str:
    """Return a sum with its counts called by name; with ``brackets`` around it where it is more than one."""
    parts = parse_counts(text)
    said = name(parts[0][1]) if parts[0][0] > 0 else f"−{name(parts[0][1])}"
    said += "".join(f"{' − ' if sign < 0 else ' + '}{name(code)}" for sign, code in parts[1:])
    return f"({said})" if brackets and len(parts) > 1 else said


def sum_of(text: str, counts: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
    """Return the value of a sum, row by row.

    Raises
    ------
    KeyError
        With the name of a count that is not among ``counts``.
    """
    parts: list[NDArray[np.int64]] = [sign * counts[name].astype("int64") for sign, name in parse_counts(text)]
    return sum(parts[1:], parts[0])

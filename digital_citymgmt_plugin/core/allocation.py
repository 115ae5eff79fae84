# SPDX-License-Identifier: GPL-2.0-or-later
"""The next codes of many objects at once: numbering restarts in every scope and never goes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digital_citymgmt_plugin.core.codes import CodeScheme, matrix_of, numbers_of, scopes_as_text
from digital_citymgmt_plugin.core.errors import CodeError


def allocate(scheme: CodeScheme, scopes: ArrayLike, last: Mapping[str, int]) -> tuple[NDArray[np.str_], dict[str, int]]:
    """Give out the next codes, in the order given, restarting in every scope.

    Parameters
    ----------
    scheme : CodeScheme
    scopes : array of n str
        All but the sequence, one for each object.
    last : mapping of scope to int
        The highest number ever issued, lent or imported; scopes that are missing start at 1. Numbers in gaps below it
        are never given out: a code once issued stays in the register for ever.

    Returns
    -------
    codes : array of n str
    new_last : dict
        ``last`` with the counters moved.

    Raises
    ------
    CodeError
        ``codes.exhausted`` with scope, capacity, needed, free, before any code is given out; ``codes.bad_scope``.
    """
    text = scopes_as_text(scheme, scopes)
    new_last = dict(last)
    if not len(text):
        return np.empty(0, dtype=f"U{scheme.length}"), new_last
    # Scopes as integers sort ten times faster than as text.
    _, first, group = np.unique(numbers_of(matrix_of(text)), return_index=True, return_inverse=True)
    serials, moved = number_groups(scheme, [str(scope) for scope in text[first]], group, last)
    new_last.update(moved)
    return scheme.join_many(text, serials), new_last


def number_groups(
    scheme: CodeScheme, scopes: Sequence[str], group: NDArray[np.int64], last: Mapping[str, int]
) -> tuple[NDArray[np.int64], dict[str, int]]:
    """Give out the next numbers as ``allocate``, for objects whose scopes are known as places in a short list.

    Parameters
    ----------
    scheme : CodeScheme
    scopes : sequence of m str
    group : (n,) int array
        Which of the scopes each object has.
    last : mapping of scope to int

    Returns
    -------
    serials : (n,) int64 array
    moved : dict
        The counters of ``scopes`` afterwards.

    Raises
    ------
    CodeError
        ``codes.exhausted``, before any number is given out.
    """
    counts = np.bincount(group, minlength=len(scopes))
    before = np.array([max(int(last.get(scope, 0)), 0) for scope in scopes], dtype=np.int64)
    for index in np.flatnonzero(before + counts > scheme.capacity):
        raise CodeError(
            "codes.exhausted",
            scope=scopes[index],
            capacity=scheme.capacity,
            needed=int(counts[index]),
            free=max(scheme.capacity - int(before[index]), 0),
        )
    # 16 bits sort in one pass over the rows.
    order = np.argsort(group.astype(np.uint16) if len(scopes) <= 1 << 16 else group, kind="stable")
    starts = np.cumsum(counts) - counts
    serials = np.empty(len(group), dtype=np.int64)
    serials[order] = np.arange(1, len(group) + 1) - (starts - before).repeat(counts)
    return serials, dict(zip(scopes, (before + counts).tolist()))


def places_in_list(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the different values in the order of their first appearance, and for each row the place of its value."""
    listed = values.tolist()
    seen = {value: place for place, value in enumerate(dict.fromkeys(listed))}
    different = np.empty(len(seen), dtype=object)
    different[:] = list(seen)
    return different, np.fromiter(map(seen.__getitem__, listed), np.int64, len(listed))


def in_place_order(
    cell: NDArray[np.int64], points: NDArray[np.float64], fid: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return rows by grid, inside a grid north to south, then west to east, then by ``fid``; those outside come last.

    The same as ``numpy.lexsort((fid, x, -y, cell))``, three times faster: only where y is equal more is compared.

    Parameters
    ----------
    cell : (n,) int array
        Place of the grid, −1 outside.
    points : (n, 2) float array
        Metres; NaN comes last in its grid.
    fid : (n,) int array
    """
    where = np.where(cell < 0, cell.max(initial=0) + 1, cell)
    if where.max(initial=0) < 1 << 16:
        where = where.astype(np.uint16)  # sorts in one pass over the rows
    south = -points[:, 1]
    order = np.argsort(south)
    order = order[np.argsort(where[order], kind="stable")]
    equal = (where[order][1:] == where[order][:-1]) & ~(south[order][1:] > south[order][:-1])
    tied = np.flatnonzero(np.r_[equal, False] | np.r_[False, equal])
    rows = order[tied]
    order[tied] = rows[np.lexsort((fid[rows], points[rows, 0], south[rows], where[rows]))]
    return order

# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules over pairs of components: one code, identity or source number twice; two things where only one can stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from digital_citymgmt_plugin.core.census.check_pack import Params
from digital_citymgmt_plugin.core.census.checks.model import ClassInfo

_MOST = 2_000_000  # pairs looked at in one class: a heap of points would fill the memory with pairs
NONE = np.empty(0, dtype=np.int64)


@dataclass
class Everything:
    """All components that can be half of a pair, in a few bytes each, ordered by table and ``fid``.

    ``code``, ``uuid``, ``source``: 64-bit hashes, 0 where there is nothing. ``class_of``: place in ``classes``.
    ``there``: whether it stands outside still. ``asked``: whether it may be told of; the rest is only compared with.
    """

    table: NDArray[np.int8]
    fid: NDArray[np.int64]
    xy: NDArray[np.float64]
    class_of: NDArray[np.int32]
    classes: list[str]
    code: NDArray[np.int64]
    uuid: NDArray[np.int64]
    source: NDArray[np.int64]
    there: NDArray[np.bool_]
    asked: NDArray[np.bool_]


@dataclass
class Pairs:
    """Components told of (the later of two), the earlier one of each, and their distance in metres (NaN: of no use)."""

    rows: NDArray[np.int64]
    others: NDArray[np.int64]
    metres: NDArray[np.float64]


PairCheck = Callable[[Everything, Mapping[str, ClassInfo], Params], Pairs]


def _same(every: Everything, keys: NDArray[np.int64]) -> Pairs:
    """Find what has the key of an earlier component."""
    there = np.flatnonzero(keys)
    order = there[np.argsort(keys[there], kind="stable")]
    fresh = np.r_[True, keys[order][1:] != keys[order][:-1]] if len(order) else np.empty(0, dtype=bool)
    first = order[np.maximum.accumulate(np.where(fresh, np.arange(len(order)), 0))] if len(order) else NONE
    rows, others = order[~fresh], first[~fresh]
    return _asked(every, rows, others, np.full(len(rows), np.nan))


def code_double(every: Everything, classes: Mapping[str, ClassInfo], params: Params) -> Pairs:
    """Find codes that an earlier component has, in whatever table."""
    return _same(every, every.code)


def uuid_double(every: Everything, classes: Mapping[str, ClassInfo], params: Params) -> Pairs:
    """Find identities that an earlier component has."""
    return _same(every, every.uuid)


def source_double(every: Everything, classes: Mapping[str, ClassInfo], params: Params) -> Pairs:
    """Find numbers of the source that an earlier component has."""
    return _same(every, every.source)


def near_double(every: Everything, classes: Mapping[str, ClassInfo], params: Params) -> Pairs:
    """Find components nearer to an earlier one of their class than the class's duplicate tolerance.

    A class without one takes ``metres``. Lines and areas count by one point, and only tables alike are compared. Each
    is told once, with the nearest earlier one.
    """
    found = []
    usable = every.there & np.isfinite(every.xy).all(axis=1)
    key = every.class_of.astype(np.int64) * 4 + every.table
    order = np.flatnonzero(usable)
    order = order[np.argsort(key[order], kind="stable")]
    bounds = np.flatnonzero(np.r_[True, key[order][1:] != key[order][:-1], True]) if len(order) else NONE
    for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist()):
        rows = order[start:stop]
        entry = classes.get(every.classes[every.class_of[rows[0]]])
        own = entry.duplicate_m if entry is not None else None
        found.append(_near(every, rows, float(params["metres"] if own is None else own)))
    return _nearest(every, found)


def same_spot(every: Everything, classes: Mapping[str, ClassInfo], params: Params) -> Pairs:
    """Find points nearer than ``metres`` to an earlier one of another class.

    Of several of one class at the very same place the first alone is looked at: the others are near doubles.
    """
    rows = np.flatnonzero(every.there & (every.table == 0) & np.isfinite(every.xy).all(axis=1))
    keys = np.column_stack([every.class_of[rows], every.xy[rows]])
    rows = rows[np.sort(np.unique(keys, axis=0, return_index=True)[1])] if len(rows) else rows
    later, earlier, away = _near(every, rows, float(params["metres"]))
    other = every.class_of[later] != every.class_of[earlier]
    return _nearest(every, [(later[other], earlier[other], away[other])])


_Found = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


def _near(every: Everything, rows: NDArray[np.int64], metres: float) -> _Found:
    """Return the pairs of ``rows`` (rising) not farther apart than ``metres``: later, earlier, distance.

    Of many at the very same place each is paired with the first alone, or a heap of n points would give n² pairs.
    """
    if len(rows) < 2 or metres <= 0:
        return NONE, NONE, np.empty(0)
    xy = every.xy[rows]
    keys = np.column_stack([every.class_of[rows], xy])
    keys, first, back = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    places = keys[:, 1:]
    back = back.reshape(-1)
    heap = np.flatnonzero(first[back] != np.arange(len(rows)))
    tree = cKDTree(places)
    count = tree.count_neighbors(tree, metres) if len(places) > 1 else 0
    if (count - len(places)) // 2 > _MOST:  # a tolerance beyond sense: only the nearest neighbour of each is looked at
        away, near = tree.query(places, k=2, distance_upper_bound=metres * (1 + 1e-12))
        told = np.flatnonzero(np.isfinite(away[:, 1]))
        pairs = np.column_stack([told, near[told, 1]])
    else:
        pairs = tree.query_pairs(metres, output_type="ndarray").reshape(-1, 2)
    one, two = first[pairs[:, 0]], first[pairs[:, 1]]
    later = np.concatenate([heap, np.maximum(one, two)])
    earlier = np.concatenate([first[back[heap]], np.minimum(one, two)])
    away = np.hypot(*(xy[later] - xy[earlier]).T)
    return rows[later], rows[earlier], away


def _nearest(every: Everything, found: list[_Found]) -> Pairs:
    """Keep of each component the nearest earlier one."""
    if not found:
        return Pairs(NONE, NONE, np.empty(0))
    rows, others, metres = (np.concatenate(column) for column in zip(*found))
    order = np.lexsort((others, metres, rows))
    rows, others, metres = rows[order], others[order], metres[order]
    first = np.r_[True, rows[1:] != rows[:-1]] if len(rows) else np.empty(0, dtype=bool)
    return _asked(every, rows[first], others[first], metres[first])


def _asked(every: Everything, rows: NDArray[np.int64], others: NDArray[np.int64], metres: NDArray[np.float64]) -> Pairs:
    asked = every.asked[rows]
    order = np.argsort(rows[asked], kind="stable")
    return Pairs(rows[asked][order], others[asked][order], metres[asked][order])


PAIRS: dict[str, PairCheck] = {
    "component.code_double": code_double,
    "component.uuid_double": uuid_double,
    "component.source_double": source_double,
    "component.near_double": near_double,
    "component.same_spot": same_spot,
}

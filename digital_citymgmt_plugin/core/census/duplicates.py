# SPDX-License-Identifier: GPL-2.0-or-later
"""Components that may be one thing surveyed twice: pairs by evidence, each with distance, score and reasons.

No standard says when two components are one. Tolerances, weights and limits here are the plugin's own defaults.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CODE, NEAR, SPOT, PHOTO, LOOK = 1, 2, 4, 8, 16
REASONS = {CODE: "code", NEAR: "near", SPOT: "spot", PHOTO: "photo", LOOK: "look"}
SAME_SPOT = 0.05  # m: two classes on one spot
CROWD = 20  # of more alike on one coordinate, or of one code or photo, each is paired with the first one only
MOST_PAIRS = 2_000_000
FAR = 100.0  # m: farther apart, one code is rather a slip of the pen than one thing
_SLACK = 1e-6  # m: metres at 4,000 km have no more digits that mean something
_LARGEST = 1e9  # m: farther away is no place on earth
_PART = 2_000_000  # candidates looked at in one go
# How much each kind of evidence says by itself; NEAR grows by _CLOSER up to distance 0.
_WEIGHTS = {CODE: 0.9, NEAR: 0.5, SPOT: 0.4, PHOTO: 0.7, LOOK: 0.5}
_CLOSER, _CODE_FAR = 0.4, 0.6


@dataclass(frozen=True)
class Evidence:
    """What rows bear: ``key[i]`` (number of a code or photo) belongs to ``row[i]``; rows may bear several."""

    row: Ints
    key: Ints


NOTHING = Evidence(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


@dataclass(frozen=True)
class Pairs:
    """Pairs in the order of ``first``, then ``second`` (rows, ``first < second``).

    ``distance`` (m) is NaN where one of the two has no place, ``score`` 0 to 1, ``reasons`` the sum of ``REASONS``,
    ``cluster`` the number of the group of components that hang together by pairs, in the order of their first rows.
    """

    first: Ints
    second: Ints
    distance: Floats
    score: Floats
    reasons: Ints
    cluster: Ints

    def __len__(self) -> int:
        return len(self.first)


def reason_names(reasons: int) -> list[str]:
    """Return the names of the reasons, the strongest first."""
    return [name for bit, name in REASONS.items() if reasons & bit]


def find_pairs(
    geometries: NDArray[Any] | None,
    boxes: Floats,
    kind: Ints,
    classes: Ints,
    tolerance: Floats,
    *,
    codes: Evidence = NOTHING,
    photos: Evidence = NOTHING,
    looks: Evidence = NOTHING,
    same_spot: float = SAME_SPOT,
) -> Pairs:
    """Find the pairs of components that may be one.

    Parameters
    ----------
    geometries : array of n shapely geometries, or None
        Looked at only where ``kind`` is not 0; None when all are points.
    boxes : (n, 4) float array
        minx, miny, maxx, maxy in metres; NaN where there is no place.
    kind : (n,) int array
        0 point, 1 line, 2 area: only equal kinds are compared by place.
    classes, tolerance : (n,) arrays
        Number of the class, and within how many metres two of it may be one; NaN or below 0: not looked at. Lines and
        areas are near when no part of one is farther from the other (discrete Hausdorff distance).
    codes, photos, looks : Evidence
        Codes, digests and perceptual hashes; rows of one key are pairs, however far apart.

    Raises
    ------
    InputRefused
        ``duplicates.too_many`` when there are more than ``MOST_PAIRS``: the tolerance is too large for this census.

    Notes
    -----
    A distance of the tolerance itself counts. Cells of the size of the tolerance are sorted once, and each is joined
    with its neighbours: no work for far pairs, no loop over components.
    """
    boxes = np.where((np.abs(boxes) < _LARGEST).all(axis=1)[:, None], boxes, np.nan)
    parts = [_joined(evidence, bit) for evidence, bit in ((codes, CODE), (photos, PHOTO), (looks, LOOK))]
    shapes = _Shapes(geometries, boxes, kind)
    group = np.asarray(classes, dtype=np.int64) * 3 + kind
    parts.append((*_near(shapes, group, np.asarray(tolerance, dtype=np.float64), None), NEAR))
    everywhere = np.full(len(boxes), float(same_spot))
    parts.append((*_near(shapes, np.asarray(kind, dtype=np.int64), everywhere, group), SPOT))
    return _gather(parts, shapes, np.asarray(tolerance, dtype=np.float64))


class _Shapes:
    """Where components are, and how far two are apart."""

    def __init__(self, geometries: NDArray[Any] | None, boxes: Floats, kind: Ints) -> None:
        self.geometries, self.boxes, self.kind = geometries, boxes, np.asarray(kind, dtype=np.int64)

    def distances(self, one: Ints, two: Ints) -> Floats:
        """Return metres: between points, shapes of one kind (Hausdorff), else the middles of their boxes."""
        apart = self._middles(one) - self._middles(two)
        result = np.asarray(np.hypot(apart[:, 0], apart[:, 1]), dtype=np.float64)
        shaped = np.flatnonzero((self.kind[one] == self.kind[two]) & (self.kind[one] > 0))
        if len(shaped) and self.geometries is not None:
            far = shapely.hausdorff_distance(self.geometries[one[shaped]], self.geometries[two[shaped]])
            result[shaped] = far
        return result

    def _middles(self, rows: Ints) -> Floats:
        boxes = self.boxes[rows]
        return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2.0, dtype=np.float64)


def _near(shapes: _Shapes, group: Ints, tolerance: Floats, differing: Ints | None) -> tuple[Ints, Ints]:
    """Return the pairs of one group within the tolerance, of different ``differing`` where this is given."""
    boxes = shapes.boxes
    with np.errstate(invalid="ignore"):
        usable = np.flatnonzero(np.isfinite(boxes[:, 0]) & (tolerance >= 0))
    if len(usable) < 2:
        return NOTHING.row, NOTHING.row
    one = two = usable[:0]
    rows, key, step = _cells(boxes, usable, group, tolerance)
    if _longest(key) > CROWD:
        usable, one, two = _uncrowd(usable, boxes, group if differing is None else differing)
        rows, key, step = _cells(boxes, usable, group, tolerance)
    ones, twos = ([one], [two]) if differing is None else ([one[:0]], [two[:0]])
    found = 0
    for here, begin, end in _spans(key, step):
        for a, b in _expand(begin, end):
            first, second = rows[here[a]], rows[b]
            kept = group[first] == group[second]
            if differing is not None:
                kept &= differing[first] != differing[second]
            limit = tolerance[first] + _SLACK
            kept &= (np.abs(boxes[first] - boxes[second]) <= limit[:, None]).all(axis=1)
            first, second, limit = first[kept], second[kept], limit[kept]
            kept = shapes.distances(first, second) <= limit
            ones.append(first[kept])
            twos.append(second[kept])
            found += int(kept.sum())
            if found > MOST_PAIRS:
                raise InputRefused("duplicates.too_many", most=MOST_PAIRS)
    return np.concatenate(ones), np.concatenate(twos)


def _cells(boxes: Floats, usable: Ints, group: Ints, tolerance: Floats) -> tuple[Ints, Ints, np.int64]:
    """Return the rows by group, column and cell, these as one number (sorted), and how far columns are apart.

    The place is the corner of the box: shapes within the tolerance of each other have corners within it. Where the
    number runs over, two cells share it: what is no pair is sorted out later.
    """
    size = np.maximum(tolerance[usable], 1e-3) + 2 * _SLACK
    low = boxes[usable, :2].min(axis=0)
    columns = np.floor((boxes[usable, 0] - low[0]) / size).astype(np.int64)
    lines = np.floor((boxes[usable, 1] - low[1]) / size).astype(np.int64)
    step = np.int64(lines.max() + 3)
    with np.errstate(over="ignore"):
        key = (group[usable] * (columns.max() + 3) + columns) * step + lines
    order = np.argsort(key)  # equal ones in any order: which of a pair comes first is settled at the end
    return usable[order], key[order], step


def _spans(key: Ints, step: np.int64) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Yield which places of the sorted numbers have others in reach, and from where to where these stand.

    Of a million hardly any do: whether the next one is near is seen before it is asked how far the near ones go.
    """
    with np.errstate(over="ignore"):
        here = np.flatnonzero(key[1:] <= key[:-1] + 1)
        yield here, here + 1, np.searchsorted(key, key[here] + 1, side="right")
        begin = np.searchsorted(key, key + (step - 1), side="left")
        there = np.flatnonzero(begin < len(key))
        there = there[key[begin[there]] <= key[there] + (step + 1)]
        yield there, begin[there], np.searchsorted(key, key[there] + (step + 1), side="right")


def _longest(key: Ints) -> int:
    """Return the length of the longest run of equal numbers."""
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1], True])
    return int(np.diff(starts).max())


def _uncrowd(rows: Ints, boxes: Floats, group: Ints) -> tuple[Ints, Ints, Ints]:
    """Leave of a crowd on one place its first row; returns the rows left, and the pairs of the others with it.

    A file whose 50,000 rows without place all lie at 0, 0 would else give a milliard of pairs.
    """
    order = rows[np.lexsort((rows, *boxes[rows].T, group[rows]))]
    fresh = np.r_[True, (boxes[order[1:]] != boxes[order[:-1]]).any(axis=1) | (group[order[1:]] != group[order[:-1]])]
    number = np.cumsum(fresh) - 1
    point = (boxes[order, :2] == boxes[order, 2:]).all(axis=1)  # shapes of one box may differ
    crowded = point & (np.bincount(number)[number] > CROWD)
    if not crowded.any():
        return rows, rows[:0], rows[:0]
    first = order[np.flatnonzero(fresh)][number]
    others = crowded & ~fresh
    return np.sort(order[~others]), first[others], order[others]


def _expand(begin: Ints, end: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield (a, b) for all ``begin[a] <= b < end[a]``, part by part."""
    count = np.maximum(end - begin, 0)
    sums = np.cumsum(count)
    start = 0
    while start < len(count):
        base = int(sums[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(sums, base + _PART, side="right")))
        part = count[start:stop]
        total = int(part.sum())
        if total:
            a = np.repeat(np.arange(start, stop, dtype=np.int64), part)
            within = np.arange(total, dtype=np.int64) - np.repeat(np.cumsum(part) - part, part)
            yield a, begin[a] + within
        start = stop


def _joined(evidence: Evidence, bit: int) -> tuple[Ints, Ints, int]:
    """Return all pairs of rows that bear one key; of a crowd each with the first."""
    if not len(evidence.row):
        return NOTHING.row, NOTHING.row, bit
    order = np.lexsort((evidence.row, evidence.key))
    row, key = np.asarray(evidence.row)[order], np.asarray(evidence.key)[order]
    once = np.r_[True, (row[1:] != row[:-1]) | (key[1:] != key[:-1])]
    row, key = row[once], key[once]
    fresh = np.r_[True, key[1:] != key[:-1]]
    number = np.cumsum(fresh) - 1
    crowded = np.bincount(number)[number] > CROWD
    first = row[np.flatnonzero(fresh)][number]
    ones, twos = [first[crowded & ~fresh]], [row[crowded & ~fresh]]
    row, key = row[~crowded], key[~crowded]
    for step in range(1, CROWD):
        same = key[step:] == key[:-step]
        if not same.any():
            break
        ones.append(row[:-step][same])
        twos.append(row[step:][same])
    one, two = np.concatenate(ones), np.concatenate(twos)
    if len(one) > MOST_PAIRS:
        raise InputRefused("duplicates.too_many", most=MOST_PAIRS)
    return one, two, bit


def _gather(parts: list[tuple[Ints, Ints, int]], shapes: _Shapes, tolerance: Floats) -> Pairs:
    """Put the pairs together: each once, with all its reasons."""
    size = max(len(shapes.boxes), 1)
    low = np.concatenate([np.minimum(one, two) for one, two, _ in parts])
    high = np.concatenate([np.maximum(one, two) for one, two, _ in parts])
    bits = np.concatenate([np.full(len(one), bit, dtype=np.int64) for one, _, bit in parts])
    number, place = np.unique(low * size + high, return_inverse=True)
    reasons = np.zeros(len(number), dtype=np.int64)
    np.bitwise_or.at(reasons, place.ravel(), bits)
    first, second = number // size, number % size
    distance = shapes.distances(first, second)
    score = _scores(reasons, distance, tolerance[first])
    return Pairs(first, second, distance, score, reasons, clusters(first, second))


def _scores(reasons: Ints, distance: Floats, tolerance: Floats) -> Floats:
    """Return how sure it is that two are one: the kinds of evidence taken together as if each spoke for itself."""
    doubt = np.ones(len(reasons))
    for bit, weight in _WEIGHTS.items():
        says = np.full(len(reasons), weight)
        with np.errstate(invalid="ignore", divide="ignore"):
            if bit == NEAR:
                share = np.where(tolerance > 0, distance / tolerance, 0.0)
                says += _CLOSER * (1.0 - np.clip(np.nan_to_num(share), 0.0, 1.0))
            elif bit == CODE:
                says[distance > FAR] = _CODE_FAR
        doubt *= np.where(reasons & bit, 1.0 - says, 1.0)
    return np.asarray(np.round(1.0 - doubt, 2), dtype=np.float64)


def clusters(first: Ints, second: Ints) -> Ints:
    """Return, for each pair, the number of the cluster that it belongs to, in the order of the clusters' first rows."""
    if not len(first):
        return NOTHING.row
    rows, place = np.unique(np.concatenate([first, second]), return_inverse=True)
    one, two = np.split(place.ravel().astype(np.int64), 2)
    label = np.arange(len(rows), dtype=np.int64)
    while True:  # every round halves the way to the smallest label at least
        before = label.copy()
        least = np.minimum(label[one], label[two])
        np.minimum.at(label, one, least)
        np.minimum.at(label, two, least)
        np.minimum.at(label, before[one], least)
        np.minimum.at(label, before[two], least)
        label = label[label]
        if (label == before).all():
            break
    return np.asarray(np.unique(label[one], return_inverse=True)[1].ravel(), dtype=np.int64)

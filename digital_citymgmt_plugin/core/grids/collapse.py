# SPDX-License-Identifier: GPL-2.0-or-later
"""Collapse what is one barrier on the ground but several lines on the map: carriageways, cycle tracks, ditches beside.

Of lines that run side by side the strongest stays as it is drawn and the others give way to it: a middle line between
two carriageways would lie on no line of the map, and cells with it. Ends that hang loose afterwards, and dead ends near
another barrier, are tied to what is nearest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

STEP = 8.0  # m: length of the pieces that are compared
PART = 2_000  # pieces whose neighbours are looked at together
ANGLE = np.cos(np.radians(25.0))  # pieces turned by more are not parallel
WEAK = 4
WEAK_SHARE = 1.0
STRAIGHT = np.cos(np.radians(40.0))  # a street goes on as another where it turns by less


@dataclass(frozen=True)
class _Pieces:
    """Straight pieces of lines: ends, middle, unit direction, line, half their length."""

    geoms: NDArray[Any]
    middle: NDArray[np.float64]
    along: NDArray[np.float64]
    line: NDArray[np.int64]
    half: NDArray[np.float64]


def _pieces(lines: NDArray[Any]) -> _Pieces:
    xy, owner = shapely.get_coordinates(shapely.segmentize(lines, STEP), return_index=True)
    ends = np.stack([xy[:-1], xy[1:]], axis=1)[owner[1:] == owner[:-1]]
    line = owner[:-1][owner[1:] == owner[:-1]].astype(np.int64)
    step = ends[:, 1] - ends[:, 0]
    length = np.hypot(step[:, 0], step[:, 1])
    real = length > 1e-6
    along = step[real] / length[real, None]
    return _Pieces(shapely.linestrings(ends[real]), ends[real].mean(axis=1), along, line[real], length[real] / 2)


def strokes(lines: NDArray[Any], ranks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number lines so that those which go on in each other (same rank, no sharp turn) have one number."""
    first, last = (shapely.get_coordinates(shapely.get_point(lines, i)) for i in (0, -1))
    second, before = (shapely.get_coordinates(shapely.get_point(lines, i)) for i in (1, -2))
    place = np.concatenate([first, last])
    toward = np.concatenate([first - second, last - before])
    toward /= np.maximum(np.hypot(toward[:, 0], toward[:, 1]), 1e-9)[:, None]
    size = len(lines)
    key = np.rint(place * 1000).astype(np.int64)
    order = np.lexsort((key[:, 1], key[:, 0]))
    cut = np.flatnonzero((np.diff(key[order], axis=0) != 0).any(axis=1)) + 1
    links = []
    for ends in np.split(order, cut):
        if len(ends) < 2 or len(ends) > 12:
            continue
        found = []
        for i, one in enumerate(ends):
            for other in ends[i + 1 :]:
                if ranks[one % size] == ranks[other % size] and one % size != other % size:
                    found.append((round(float(toward[one] @ toward[other]), 6), int(one), int(other)))
        used: set[int] = set()
        for turn, one, other in sorted(found):
            if turn < -STRAIGHT and one not in used and other not in used:
                used |= {one, other}
                links.append((one % size, other % size))
    pairs = np.array(links, dtype=np.int64).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def collapse(
    lines: NDArray[Any],
    ranks: NDArray[np.int64],
    region: NDArray[np.int64],
    edges: NDArray[Any],
    edge_region: NDArray[np.int64],
    width: float,
) -> NDArray[Any]:
    """Take from each line what runs beside a stronger one or beside the edge of its region.

    Parameters
    ----------
    lines, ranks, region : arrays
        Lines inside regions, in an order fixed by their shape; 1 is the strongest rank.
    edges, edge_region : arrays
        Outlines of regions; they are stronger than any line.
    width : float
        m: how far apart side by side may be.

    Returns
    -------
    array of lines or multilines
        What is left of each line; empty where nothing is.
    """
    if not len(lines):
        return lines
    stroke = strokes(lines, ranks)
    length = np.bincount(stroke, weights=np.round(shapely.length(lines), 3))
    size = len(lines)
    # Strongest first, then the longest street: a short stretch of the other side must not win in between.
    order = np.lexsort((stroke, -length[stroke], ranks))
    place = np.empty(size, dtype=np.int64)
    place[order] = np.arange(size)
    group = np.concatenate([stroke, -1 - np.arange(len(edges))])
    home = np.concatenate([region, edge_region])
    place = np.concatenate([place + 1, np.zeros(len(edges), dtype=np.int64)])
    parts = _pieces(np.concatenate([lines, edges]))
    own = np.flatnonzero(parts.line < size)
    weak = np.concatenate([ranks, np.zeros(len(edges), dtype=np.int64)])[parts.line[own]] >= WEAK
    tree, reach = KDTree(parts.middle), np.where(weak, WEAK_SHARE * width, width)
    turn = place[parts.line]
    pairs = []
    for rows in np.array_split(np.arange(len(own)), len(own) // PART + 1):  # of a crowd there are millions of pairs
        some = KDTree(parts.middle[own[rows]])
        near = some.sparse_distance_matrix(tree, width + STEP / 2 + 0.01, output_type="ndarray")
        row, other = rows[near["i"]], near["j"]
        good = turn[other] < turn[own[row]]
        row, other = row[good], other[good]
        one = own[row]
        # Of one stroke the lines are in one order, too, but they do not shadow each other.
        a, b = parts.line[one], parts.line[other]
        good = (group[a] != group[b]) & (home[a] == home[b])
        row, one, other = row[good], one[good], other[good]
        (ax, ay), (bx, by) = parts.along[one].T, parts.along[other].T
        good = np.abs(ax * bx + ay * by) > ANGLE
        row, one, other = row[good], one[good], other[good]
        pairs.append(np.stack([one, other])[:, _within(parts, one, other, reach[row])])
    one, other = np.concatenate(pairs, axis=1)
    return _without(lines, parts, one, other, place, width)


def _within(
    parts: _Pieces, one: NDArray[np.int64], other: NDArray[np.int64], reach: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Tell whether the middles of pieces lie within so many metres of other pieces."""
    (x, y), (east, north) = (parts.middle[one] - parts.middle[other]).T, parts.along[other].T
    beyond = np.maximum(np.abs(x * east + y * north) - parts.half[other], 0.0)
    across = x * north - y * east
    return np.asarray(across * across + beyond * beyond <= reach * reach)


def _without(
    lines: NDArray[Any],
    parts: _Pieces,
    one: NDArray[np.int64],
    other: NDArray[np.int64],
    place: NDArray[np.int64],
    width: float,
) -> NDArray[Any]:
    gone = np.zeros(len(parts.line), dtype=bool)
    begin = np.searchsorted(parts.line, np.arange(len(lines) + 1))
    rank = np.argsort(place[parts.line[one]], kind="stable")
    one, other = one[rank], other[rank]
    owner = parts.line[one]
    split = np.flatnonzero(np.diff(owner)) + 1
    size = shapely.length(parts.geoms)
    out = lines.copy()
    for piece, beside in zip(np.split(one, split), np.split(other, split)):
        if not len(piece):
            continue
        line = int(parts.line[piece[0]])
        low, high = begin[line], begin[line + 1]
        hit = np.zeros(high - low, dtype=bool)
        hit[piece[~gone[beside]] - low] = True
        hit = _runs(hit, size[low:high], width)
        if hit.any():
            gone[low:high] = hit
            out[line] = _rest(parts.geoms[low:high], hit)
    return out


def _runs(hit: NDArray[np.bool_], size: NDArray[np.float64], width: float) -> NDArray[np.bool_]:
    """Close short gaps in a row of pieces, then leave out rows that are too short to be a street side by side."""
    for value, least in ((False, 1.5 * width), (True, 1.5 * width)):
        cut = np.flatnonzero(np.diff(hit)) + 1
        for run in np.split(np.arange(len(hit)), cut):
            inner = value or (run[0] > 0 and run[-1] < len(hit) - 1)
            if hit[run[0]] == value and inner and len(run) < len(hit) and size[run].sum() < least:
                hit[run] = not value
    return hit


def _rest(pieces: NDArray[Any], hit: NDArray[np.bool_]) -> Any:
    if hit.all():
        return shapely.linestrings(np.zeros((0, 2)))
    merged = shapely.line_merge(shapely.multilinestrings(pieces[~hit]))
    return shapely.simplify(merged, 0.001)  # the comparison put a vertex every few metres


def tie_ends(
    lines: NDArray[Any],
    region: NDArray[np.int64],
    edges: NDArray[Any],
    edge_region: NDArray[np.int64],
    buildings: NDArray[Any],
    reach: float,
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return lines that tie loose ends to the nearest barrier ahead of them, and the line each belongs to.

    An end is tied straight ahead where that meets a barrier within ``reach`` metres, else to the nearest point that
    does not lie behind it. No tie goes through a building.
    """
    if not len(lines):
        return lines, np.zeros(0, dtype=np.int64)
    size = len(lines)
    ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
    behind = np.concatenate([shapely.get_point(lines, 1), shapely.get_point(lines, -2)])
    owner = np.tile(np.arange(size), 2)
    everything = np.concatenate([lines, edges])
    home = np.concatenate([region, edge_region])
    tree = shapely.STRtree(everything)
    end, near = tree.query(ends, predicate="dwithin", distance=1e-3)
    touched = np.bincount(end[(near != owner[end]) & (home[near] == region[owner[end]])], minlength=len(ends)) > 0
    loose = np.flatnonzero(~touched & ~np.tile(shapely.is_closed(lines), 2))
    if not len(loose):
        return lines[:0], np.zeros(0, dtype=np.int64)
    at, back = shapely.get_coordinates(ends[loose]), shapely.get_coordinates(behind[loose])
    ahead = at - back
    ahead /= np.maximum(np.hypot(ahead[:, 0], ahead[:, 1]), 1e-9)[:, None]
    rays = shapely.linestrings(np.stack([at + 1e-3 * ahead, at + reach * ahead], axis=1))
    ray, near = tree.query(rays, predicate="intersects")
    good = (near != owner[loose[ray]]) & (home[near] == region[owner[loose[ray]]])
    ray, near = ray[good], near[good]
    hit = shapely.shortest_line(shapely.points(at[ray]), shapely.intersection(rays[ray], everything[near]))
    end2, near2 = tree.query(ends[loose], predicate="dwithin", distance=reach)
    good = (near2 != owner[loose[end2]]) & (home[near2] == region[owner[loose[end2]]])
    end2, near2 = end2[good], near2[good]
    side = shapely.shortest_line(ends[loose[end2]], everything[near2])
    step = shapely.get_coordinates(side).reshape(-1, 2, 2)
    step = step[:, 1] - step[:, 0]
    forward = (step * ahead[end2]).sum(axis=1) >= -0.2 * np.hypot(step[:, 0], step[:, 1])
    ties = np.concatenate([hit, side[forward]])
    which = np.concatenate([ray, end2[forward]])
    kind = np.concatenate([np.zeros(len(hit)), np.ones(int(forward.sum()))])
    if len(buildings) and len(ties):
        struck = np.unique(shapely.STRtree(buildings).query(ties, predicate="intersects")[0])
        keep = ~np.isin(np.arange(len(ties)), struck)
        ties, which, kind = ties[keep], which[keep], kind[keep]
    away = np.round(shapely.length(ties), 6)
    keep = away > 0
    ties, which, kind, away = ties[keep], which[keep], kind[keep], away[keep]
    order = np.lexsort((away, kind, which))
    _, first = np.unique(which[order], return_index=True)
    chosen = order[first]
    # A hair longer, so that noding finds the crossing.
    return _longer(ties[chosen]), owner[loose[which[chosen]]]


def _longer(ties: NDArray[Any]) -> NDArray[Any]:
    ends = shapely.get_coordinates(ties).reshape(-1, 2, 2)
    step = ends[:, 1] - ends[:, 0]
    step /= np.maximum(np.hypot(step[:, 0], step[:, 1]), 1e-9)[:, None]
    ends = ends.copy()
    ends[:, 1] += 1e-3 * step
    return np.asarray(shapely.linestrings(ends), dtype=object)

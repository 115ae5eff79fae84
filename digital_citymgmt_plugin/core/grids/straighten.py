# SPDX-License-Identifier: GPL-2.0-or-later
"""Turn sets of atoms into polygons with straight boundaries, each shared boundary drawn once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.faces import Segments
from digital_citymgmt_plugin.core.grids.fewest import fewest_corners

GAP_TOLERANCES = (30.0, 20.0, 12.0, 8.0, 5.0, 3.0, 1.5, 0.5)  # m, for boundaries that follow no barrier
BARRIER_TOLERANCE = 0.95  # m: still on the barrier for every user
CLEARANCE = 0.8  # m from buildings
EDGE, BARRIER, GAP = 0, 1, 2


def plain_cells(atoms: NDArray[Any], cell: NDArray[np.int64]) -> NDArray[Any]:
    """Return the union of the atoms of each cell 0, 1, …, with every vertex kept."""
    order = np.argsort(cell, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], np.diff(cell[order]) > 0]))
    out = np.empty(len(starts), dtype=object)
    for number, members in enumerate(np.split(atoms[order], starts[1:])):
        out[number] = shapely.coverage_union_all(members) if len(members) > 1 else members[0]
    merged: NDArray[Any] = shapely.normalize(out)
    return merged


def straight_cells(
    atoms: NDArray[Any],
    cell: NDArray[np.int64],
    segments: Segments,
    edge: Any,
    buildings: NDArray[Any],
    fits: Callable[[NDArray[Any]], NDArray[np.bool_]],
) -> NDArray[Any]:
    """Return the polygon of each cell 0, 1, … of one region; boundaries are straightened where that is safe.

    The edge of the region keeps its place. A boundary that would come nearer to a building or meet another boundary
    keeps more of its corners, and so do those of a cell that straightening would push out of the band (``fits``). Where
    the result would not be the same cells, all corners are kept.
    """
    plain = plain_cells(atoms, cell)
    left = cell[segments.left]
    right = np.where(segments.right >= 0, cell[np.maximum(segments.right, 0)], -1)
    row = np.flatnonzero(left != right)
    kind = np.where(right[row] < 0, EDGE, np.where(segments.rank[row] > 0, BARRIER, GAP))
    arcs, arc_kind, sides = _arcs(segments.ends[row], left[row], right[row], kind, len(plain))
    arcs[arc_kind == EDGE] = _without_nodes(arcs[arc_kind == EDGE], edge)
    good = fits(plain)
    least = np.zeros(len(arcs), dtype=np.int64)
    for _ in range(6):
        chosen = _choose(arcs, arc_kind, buildings, least)
        found = _match(shapely.get_parts(shapely.polygonize(chosen)), plain)
        if found is None:
            break
        lost = np.flatnonzero(good & ~fits(found))
        if not len(lost):
            return found
        least[np.isin(sides, lost).any(axis=1)] += 2
    least[:] = len(GAP_TOLERANCES)
    found = _match(shapely.get_parts(shapely.polygonize(_choose(arcs, arc_kind, buildings, least))), plain)
    return plain if found is None else found


def _without_nodes(arcs: NDArray[Any], edge: Any) -> NDArray[Any]:
    """Leave out the corners that atoms left on the region's edge: both sides of it must keep the very same corners."""
    own = np.rint(shapely.get_coordinates(edge) * 1e6).astype(np.int64)
    own = np.unique(own[:, 0] + 1j * own[:, 1])
    xy, arc = shapely.get_coordinates(arcs, return_index=True)
    key = np.rint(xy * 1e6)
    keep = np.isin(key[:, 0] + 1j * key[:, 1], own)
    last = np.concatenate([arc[1:] != arc[:-1], [True]]) if len(arc) else np.zeros(0, dtype=bool)
    keep |= last | np.concatenate([[True], last[:-1]])[: len(last)]
    out: NDArray[Any] = shapely.linestrings(xy[keep], indices=arc[keep])
    return out


def _arcs(
    ends: NDArray[np.float64], left: NDArray[np.int64], right: NDArray[np.int64], kind: NDArray[np.int64], size: int
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    """Merge the segments of each pair of cells and kind to lines; return them, their kinds and the two cells."""
    low, high = np.minimum(left, right), np.maximum(left, right)
    key = ((low + 1) * (size + 1) + high) * 3 + kind
    order = np.argsort(key, kind="stable")
    _, group = np.unique(key[order], return_inverse=True)
    bundles = shapely.multilinestrings(shapely.linestrings(ends[order]), indices=group)
    arcs, owner = shapely.get_parts(shapely.line_merge(bundles), return_index=True)
    first = np.searchsorted(group, np.arange(len(bundles)))
    row = order[first][owner]
    return arcs, kind[row], np.stack([left[row], right[row]], axis=1)


def _choose(
    arcs: NDArray[Any], kind: NDArray[np.int64], buildings: NDArray[Any], least: NDArray[np.int64]
) -> NDArray[Any]:
    """Take the coarsest form of each arc, from step ``least`` on, that meets neither another arc nor a building."""
    steps = np.array([*GAP_TOLERANCES, 0.0])
    closed = shapely.is_closed(arcs)
    short = arcs.copy()
    open_barrier = (kind == BARRIER) & ~closed
    short[open_barrier] = fewest_corners(arcs[open_barrier], BARRIER_TOLERANCE)
    fine = np.where(kind == BARRIER, BARRIER_TOLERANCE, 0.0)
    level = np.minimum(np.where(kind == GAP, least, np.maximum(least, len(steps) - 2)), len(steps) - 1)
    level[closed] = len(steps) - 1

    def forms(rows: NDArray[np.int64]) -> NDArray[Any]:
        tolerance = np.where(kind[rows] == GAP, steps[level[rows]], fine[rows])
        tolerance[level[rows] == len(steps) - 1] = 0.0
        out = shapely.simplify(arcs[rows], tolerance, preserve_topology=False)
        followed = (tolerance > 0) & open_barrier[rows]
        out[followed] = short[rows][followed]
        out[tolerance == 0] = arcs[rows][tolerance == 0]
        bad = (shapely.get_num_coordinates(out) < 2) | (shapely.length(out) == 0)
        out[bad] = arcs[rows][bad]
        return np.asarray(out, dtype=object)

    # An arc may stay as near to a building as it was; where it cuts one, only all its corners say where.
    before = _near_buildings(arcs, np.arange(len(arcs)), buildings)
    before = before[before % (2 * len(buildings) + 1) % 2 == 0]
    current = forms(np.arange(len(arcs)))
    check = np.arange(len(arcs))
    while len(check):
        bad = np.zeros(len(arcs), dtype=bool)
        bad[_clashes(current, check)] = True
        near = _near_buildings(current, check, buildings)
        bad[near[~np.isin(near, before)] // (2 * len(buildings) + 1)] = True
        check = np.flatnonzero(bad & (level < len(steps) - 1))
        level[check] += 1
        current[check] = forms(check)
    return current


def _near_buildings(arcs: NDArray[Any], rows: NDArray[np.int64], buildings: NDArray[Any]) -> NDArray[np.int64]:
    """Return one number per pair of arc and building that is too near (even) or cut (odd)."""
    if not len(buildings):
        return np.zeros(0, dtype=np.int64)
    arc, building = shapely.STRtree(buildings).query(arcs[rows], predicate="dwithin", distance=CLEARANCE)
    cut = shapely.intersects(arcs[rows[arc]], buildings[building])
    code = rows[arc] * (2 * len(buildings) + 1) + 2 * building
    found: NDArray[np.int64] = np.unique(np.concatenate([code, code[cut] + 1]))
    return found


def _clashes(arcs: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the arcs that meet another arc elsewhere than in their ends, or themselves."""
    one, other = shapely.STRtree(arcs).query(arcs[rows], predicate="intersects")
    one = rows[one]
    pairs = one != other
    one, other = one[pairs], other[pairs]
    wrong = ~shapely.relate_pattern(arcs[one], arcs[other], "FF*F*****")
    tangled = rows[~shapely.is_simple(arcs[rows])]
    found: NDArray[np.int64] = np.unique(np.concatenate([one[wrong], other[wrong], tangled]))
    return found


def _match(faces: NDArray[Any], plain: NDArray[Any]) -> NDArray[Any] | None:
    """Give each face to the cell it shares most with; None unless that is one to one and nothing is lost."""
    single = bool((shapely.get_type_id(plain) == 3).all())
    if not single or not shapely.is_valid(faces).all():
        return None
    face, cell = shapely.STRtree(plain).query(faces, predicate="intersects")
    common = shapely.area(shapely.intersection(faces[face], plain[cell]))
    order = np.lexsort((-common, face))
    face, cell, common = face[order], cell[order], common[order]
    first = np.concatenate([[True], face[1:] != face[:-1]]) if len(face) else np.zeros(0, dtype=bool)
    face, cell, common = face[first], cell[first], common[first]
    # Faces that no cell holds are enclaves and holes between areas.
    held = common > 0.5 * shapely.area(faces[face])
    face, cell = face[held], cell[held]
    if len(cell) != len(plain) or len(np.unique(cell)) != len(plain):
        return None
    out = np.empty(len(plain), dtype=object)
    out[cell] = faces[face]
    # Straightening moves land between cells, never in or out of the whole: 1 mm along the outer edges at most.
    loss = abs(shapely.area(out).sum() - shapely.area(plain).sum())
    if loss > 1e-3 * max(float(shapely.length(plain).sum()), 1.0):
        return None
    matched: NDArray[Any] = shapely.normalize(out)
    return matched

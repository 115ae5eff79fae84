# SPDX-License-Identifier: GPL-2.0-or-later
"""Cut regions into atoms: the smallest pieces a draft puts together, and how they touch.

All lines go through one noding on a grid; cells are unions of atoms, so that they fit without gap or overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import QhullError, Voronoi

from digital_citymgmt_plugin.core.grids.barriers import Barriers, Regions, runs_of
from digital_citymgmt_plugin.core.grids.locate import locate_points

TOUCHING = 1.5  # m: buildings nearer than this are one block, no boundary fits between them
ON_LINE = 5e-3  # m: a segment this near to a barrier lies on it
# Cost of a metre of boundary by rank of the barrier it lies on: 0 none (a gap between buildings), 1 strongest.
# Relative weights, found by trial on one city (see docs); they only have to keep the order.
COST = np.array([1.0, 0.02, 0.04, 0.07, 0.12, 0.16])
ATOMS = 14  # atoms to a cell in empty land
DRAWN = 20.0  # m: how far a corner between buildings moves to lie on a dead end
STUB = 0.01  # m: loose ends as short are none
COARSE = 0.4  # m: how far corners of a line between buildings may be left out; blocks are at least 1.5 m apart
TIED = 0.8  # cost of a metre on a tie: it has a rank, but no line of the map is there
BESIDE = 3.0  # how much dearer a metre on no line is that runs within ``STRIP`` of one
ON_MAP, STRIP = 0.9, 5.0  # m: so near to a line a boundary follows it; within the strip it seems to miss it
LARGE = 0.4  # faces above this share of the target may be parted between buildings
SAMPLE = 3.0  # m: spacing of the points that stand for a building's outline


def blocks_of(buildings: NDArray[Any]) -> NDArray[np.int64]:
    """Give buildings that (nearly) touch one number."""
    left, right = shapely.STRtree(buildings).query(buildings, predicate="dwithin", distance=TOUCHING)
    size = len(buildings)
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def node(lines: NDArray[Any], snap: float) -> Any:
    """Node lines on a grid of ``snap`` metres."""
    return shapely.union_all(lines, grid_size=snap)


def polygonize(noded: Any, regions: Regions) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the faces between noded lines inside the regions and the region of each, in a fixed order."""
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    points = shapely.get_coordinates(shapely.point_on_surface(faces)) if len(faces) else np.zeros((0, 2))
    region = locate_points(points, regions.polygons)
    keep = np.flatnonzero(region >= 0)
    order = keep[np.lexsort((points[keep, 1], points[keep, 0], region[keep]))]
    return faces[order], region[order]


def loose_ends(noded: Any) -> NDArray[Any]:
    """Return the lines that part no face: dead ends and bridges between rings."""
    _, cuts, dangles, _ = shapely.polygonize_full(shapely.get_parts(noded))
    loose = np.concatenate([shapely.get_parts(cuts), shapely.get_parts(dangles)])
    merged: NDArray[Any] = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(loose)))
    merged = merged[shapely.length(merged) > STUB]  # what noding left behind a crossing is no dead end
    return merged


def ridges(
    faces: NDArray[Any], buildings: NDArray[Any], blocks: NDArray[np.int64], loose: NDArray[Any], target: float
) -> list[Any]:
    """Draw lines half-way between buildings, and a lattice in empty land, in faces too large for one cell.

    Faces with a hole are opened towards it, whatever their size: a cell must not enclose another.
    """
    size = shapely.area(faces)
    large = np.flatnonzero((size > LARGE * target) | ((size > target / 8) & _straddled(faces, buildings)))
    face, building = shapely.STRtree(buildings).query(faces[large], predicate="intersects")
    starts = np.searchsorted(face, np.arange(len(large) + 1))
    dead, dead_line = shapely.STRtree(loose).query(faces[large], predicate="intersects")
    dead_starts = np.searchsorted(dead, np.arange(len(large) + 1))
    lines = []
    for position, index in enumerate(large):
        inside = building[starts[position] : starts[position + 1]]
        soft = loose[dead_line[dead_starts[position] : dead_starts[position + 1]]]
        lines.append(
            _face_ridges(
                faces[index], buildings[inside], blocks[inside], soft, np.sqrt(target / ATOMS * 2 / np.sqrt(3.0))
            )
        )
    holed = faces[shapely.get_num_interior_rings(faces) > 0]
    lines += [_openings(face, target / 28) for face in holed]
    return [line for line in lines if line is not None and not line.is_empty]


def _straddled(faces: NDArray[Any], buildings: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which faces hold a part of a building that lies in other faces, too: whole, they would be one unit."""
    core = shapely.buffer(buildings, -0.5, quad_segs=1)
    building, face = shapely.STRtree(faces).query(core, predicate="intersects")
    many = np.bincount(building, minlength=len(buildings))[building] > 1
    return np.isin(np.arange(len(faces)), face[many])


def _face_ridges(
    face: Any, buildings: NDArray[Any], blocks: NDArray[np.int64], loose: NDArray[Any], step: float
) -> Any:
    xy, owner = shapely.get_coordinates(shapely.segmentize(buildings, SAMPLE), return_index=True)
    label = blocks[owner] if len(blocks) else np.zeros(0, dtype=np.int64)
    lattice = _lattice(face, buildings, step)
    xy = np.concatenate([xy, lattice])
    label = np.concatenate([label, -1 - np.arange(len(lattice))])
    xy, first = np.unique(np.round(xy, 3), axis=0, return_index=True)
    label = label[first]
    if len(np.unique(label)) < 2:
        return None
    centre = np.round(xy.mean(axis=0))
    far = 4 * (np.ptp(xy, axis=0).max() + np.ptp(np.reshape(face.bounds, (2, 2)), axis=0).max() + 1)
    fence = centre + far * np.array([[-1.0, -1.1], [1.2, -1.0], [1.0, 1.3], [-1.4, 1.0]])
    try:
        diagram = Voronoi(np.concatenate([xy, fence]) - centre)
    except QhullError:  # all points on one line, within rounding
        return None
    label = np.concatenate([label, np.full(4, np.iinfo(np.int64).max)])
    pairs, ends = diagram.ridge_points, np.asarray(diagram.ridge_vertices)
    wanted = (label[pairs[:, 0]] != label[pairs[:, 1]]) & (ends >= 0).all(axis=1) & (pairs < len(xy)).all(axis=1)
    corner, line = diagram.vertices + centre, np.full(len(diagram.vertices), -1)
    if len(loose):
        used, first = np.unique(ends[wanted], return_index=True)
        room = np.hypot(*(corner[used] - xy[np.repeat(pairs[wanted, 0], 2)[first]]).T)
        corner[used], line[used] = _drawn_to(corner[used], room, loose)
    # What lies on a line of the map on both ends is that line already.
    wanted[wanted] = (line[ends[wanted, 0]] < 0) | (line[ends[wanted, 0]] != line[ends[wanted, 1]])
    corners = corner[ends[wanted]]
    corners = corners[np.hypot(*(corners[:, 0] - corners[:, 1]).T) > 1e-3]
    if not len(corners):
        return None
    lines = shapely.linestrings(corners)
    shapely.prepare(face)
    lines = lines[shapely.intersects(face, lines)]
    # Fewer corners before noding; ends and forks keep their place.
    chains = shapely.simplify(shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines))), COARSE)
    whole = shapely.contains_properly(face, chains)
    cut = shapely.get_parts(shapely.intersection(chains[~whole], face))
    return shapely.multilinestrings(np.concatenate([chains[whole], cut[shapely.get_dimensions(cut) == 1]]))


def _drawn_to(
    corner: NDArray[np.float64], room: NDArray[np.float64], loose: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Move corners onto lines of the map that are nearer than any building (``room``), so that cells follow them."""
    points = shapely.points(corner)
    (which, line), away = shapely.STRtree(loose).query_nearest(
        points, max_distance=DRAWN, return_distance=True, all_matches=False
    )
    near = away < 0.95 * room[which]
    which, line = which[near], line[near]
    out, on = corner.copy(), np.full(len(corner), -1)
    out[which] = shapely.get_coordinates(
        shapely.line_interpolate_point(loose[line], shapely.line_locate_point(loose[line], points[which]))
    )
    on[which] = line
    return out, on


def _lattice(face: Any, buildings: NDArray[Any], step: float) -> NDArray[np.float64]:
    """Return points on a lattice along the face's main axis, where no building is near."""
    frame = shapely.get_coordinates(shapely.oriented_envelope(face))
    if len(frame) < 4:
        return np.zeros((0, 2))
    sides = np.array([frame[1] - frame[0], frame[2] - frame[1]])
    length = np.hypot(sides[:, 0], sides[:, 1])
    if length.min() < 1e-6:
        return np.zeros((0, 2))
    sides /= length[:, None]
    row = step * np.sqrt(3.0) / 2
    rows, columns = np.maximum(np.rint(length[[1, 0]] / [row, step]).astype(int), 1)
    u, v = np.meshgrid((np.arange(columns + 1)) * (length[0] / columns), (np.arange(rows) + 0.5) * (length[1] / rows))
    # Every other row half a step on: hexagons, whose chains go in all directions without stairs.
    u = u + np.where(np.arange(rows) % 2, 0.25, -0.25)[:, None] * (length[0] / columns)
    xy = (frame[0] + u[..., None] * sides[0] + v[..., None] * sides[1]).reshape(-1, 2)
    shapely.prepare(face)
    xy = xy[shapely.contains_xy(face, xy[:, 0], xy[:, 1])]
    if len(buildings) and len(xy):
        near = shapely.STRtree(buildings).query(shapely.points(xy), predicate="dwithin", distance=step * 0.4)[0]
        xy = np.delete(xy, np.unique(near), axis=0)
    rounded: NDArray[np.float64] = np.round(xy, 3)
    return rounded


def _openings(face: Any, smallest: float) -> Any:
    """Return lines through each larger hole of a face, along and across it, as far as they lie in the face."""
    rings = shapely.polygons(shapely.get_rings(face)[1:])
    rings = rings[shapely.area(rings) >= smallest]
    size = float(np.ptp(np.reshape(face.bounds, (2, 2)), axis=0).max()) * 2
    lines = []
    for ring in rings:
        frame = shapely.get_coordinates(shapely.oriented_envelope(ring))
        middle = shapely.get_coordinates(shapely.point_on_surface(ring))[0]
        for side in (frame[1] - frame[0], frame[2] - frame[1]):
            step = side / max(float(np.hypot(*side)), 1e-9) * size
            lines.append(shapely.linestrings([middle - step, middle + step]))
    if not lines:
        return None
    inside = shapely.get_parts(shapely.intersection(shapely.union_all(lines), face))
    return shapely.multilinestrings(inside[shapely.get_dimensions(inside) == 1])


@dataclass(frozen=True)
class Segments:
    """Every straight boundary piece between atoms once.

    ``left`` and ``right`` are atoms (right −1: outside all regions); ``key`` holds the two end points as integers;
    ``rank`` is that of the barrier it lies on, 0 when on none; ``price`` what a metre of boundary there costs.
    """

    ends: NDArray[np.float64]
    key: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    length: NDArray[np.float64]
    rank: NDArray[np.int64]
    price: NDArray[np.float64]


def segments_of(atoms: NDArray[Any], barriers: Barriers, snap: float) -> Segments:
    """Find which atoms share which segments, by whole-number keys of the end points and not by intersection."""
    xy, owner = shapely.get_coordinates(atoms, return_index=True)
    rings, ring_owner = shapely.get_rings(atoms, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    owner = ring_owner[ring]
    point = _numbered(np.rint(xy / snap).astype(np.int64))
    joined = ring[1:] == ring[:-1]
    start, end, owner = point[:-1][joined], point[1:][joined], owner[:-1][joined]
    ends = np.stack([xy[:-1], xy[1:]], axis=1)[joined]
    key = np.stack([np.minimum(start, end), np.maximum(start, end)], axis=1)
    order = np.lexsort((owner, key[:, 1], key[:, 0]))
    key, owner, ends = key[order], owner[order], ends[order]
    same = np.concatenate([(key[1:] == key[:-1]).all(axis=1), [False]])
    first = np.concatenate([[True], ~same[:-1]])
    right = np.where(same, np.roll(owner, -1), -1)[first]
    ends = ends[first]
    length = np.hypot(*(ends[:, 0] - ends[:, 1]).T)
    rank = _ranks(ends, barriers, max(5 * snap, ON_LINE))
    price = _prices(ends, rank, barriers)
    return Segments(ends, key[first], owner[first].astype(np.int64), right.astype(np.int64), length, rank, price)


def _prices(ends: NDArray[np.float64], rank: NDArray[np.int64], barriers: Barriers) -> NDArray[np.float64]:
    """Return what a metre of boundary costs: ties have a rank, but nobody sees a line there."""
    price = COST[rank]
    if not len(barriers.raw):
        return price
    middle = shapely.points(ends.mean(axis=1))
    tree = shapely.STRtree(runs_of(barriers.raw)[0])
    on, near = (
        np.isin(np.arange(len(ends)), tree.query(middle, predicate="dwithin", distance=reach)[0])
        for reach in (ON_MAP, STRIP)
    )
    price = np.where((rank > 0) & ~on, TIED, price)
    return np.asarray(np.where(near & ~on, BESIDE * price, price), dtype=np.float64)


def _numbered(grid: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give equal points one number: with micrometres, two coordinates no longer fit into one integer."""
    order = np.lexsort((grid[:, 1], grid[:, 0]))
    new = np.concatenate([[0], (np.diff(grid[order], axis=0) != 0).any(axis=1).astype(np.int64)])[: len(grid)]
    out = np.empty(len(grid), dtype=np.int64)
    out[order] = np.cumsum(new)
    return out


def _ranks(ends: NDArray[np.float64], barriers: Barriers, tolerance: float) -> NDArray[np.int64]:
    """Return the strongest rank of the barriers that each segment lies on."""
    rank = np.full(len(ends), np.iinfo(np.int64).max)
    if len(barriers.lines):
        middle = shapely.points(ends.mean(axis=1))
        runs, line = runs_of(barriers.lines)
        segment, run = shapely.STRtree(runs).query(middle, predicate="dwithin", distance=tolerance)
        np.minimum.at(rank, segment, barriers.ranks[line[run]])
    rank[rank == np.iinfo(np.int64).max] = 0
    return rank

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

from digital_citymgmt_plugin.core.grids.barriers import Barriers, Regions
from digital_citymgmt_plugin.core.grids.locate import locate_points

TOUCHING = 1.5  # m: buildings nearer than this are one block, no boundary fits between them
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


def ridges(faces: NDArray[Any], buildings: NDArray[Any], blocks: NDArray[np.int64], target: float) -> list[Any]:
    """Draw lines half-way between buildings, and a lattice in empty land, in faces too large for one cell.

    Faces with a hole are opened towards it, whatever their size: a cell must not enclose another.
    """
    large = np.flatnonzero(shapely.area(faces) > 0.75 * target)
    face, building = shapely.STRtree(buildings).query(faces[large], predicate="intersects")
    starts = np.searchsorted(face, np.arange(len(large) + 1))
    lines = []
    for position, index in enumerate(large):
        inside = building[starts[position] : starts[position + 1]]
        lines.append(_face_ridges(faces[index], buildings[inside], blocks[inside], np.sqrt(target / 6)))
    holed = faces[shapely.get_num_interior_rings(faces) > 0]
    lines += [_openings(face, target / 28) for face in holed]
    return [line for line in lines if line is not None and not line.is_empty]


def _face_ridges(face: Any, buildings: NDArray[Any], blocks: NDArray[np.int64], step: float) -> Any:
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
    corners = diagram.vertices[ends[wanted]] + centre
    corners = corners[np.hypot(*(corners[:, 0] - corners[:, 1]).T) > 1e-3]
    if not len(corners):
        return None
    lines = shapely.linestrings(corners)
    shapely.prepare(face)
    return shapely.intersection(shapely.multilinestrings(lines[shapely.intersects(face, lines)]), face)


def _lattice(face: Any, buildings: NDArray[Any], step: float) -> NDArray[np.float64]:
    """Return points on a lattice along the face's main axis, where no building is near."""
    frame = shapely.get_coordinates(shapely.oriented_envelope(face))
    if len(frame) < 4:
        return np.zeros((0, 2))
    sides = np.array([frame[1] - frame[0], frame[2] - frame[1]])
    length = np.hypot(sides[:, 0], sides[:, 1])
    if length.min() < 1e-6:
        return np.zeros((0, 2))
    counts = np.maximum(np.ceil(length / step).astype(int), 1)
    u = (np.arange(counts[0]) + 0.5) / counts[0]
    v = (np.arange(counts[1]) + 0.5) / counts[1]
    xy = (frame[0] + u[:, None, None] * sides[0] + v[None, :, None] * sides[1]).reshape(-1, 2)
    shapely.prepare(face)
    xy = xy[shapely.contains_xy(face, xy[:, 0], xy[:, 1])]
    if len(buildings) and len(xy):
        near = shapely.STRtree(buildings).query(shapely.points(xy), predicate="dwithin", distance=step / 2)[0]
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
    ``rank`` is that of the barrier it lies on, 0 when on none.
    """

    ends: NDArray[np.float64]
    key: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    length: NDArray[np.float64]
    rank: NDArray[np.int64]


def segments_of(atoms: NDArray[Any], barriers: Barriers, snap: float) -> Segments:
    """Find which atoms share which segments, by whole-number keys of the end points and not by intersection."""
    xy, owner = shapely.get_coordinates(atoms, return_index=True)
    rings, ring_owner = shapely.get_rings(atoms, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    owner = ring_owner[ring]
    grid = np.rint(xy / snap).astype(np.int64)
    point = (grid[:, 0] << 32) + grid[:, 1]
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
    rank = _ranks(ends, barriers, 5 * snap)
    return Segments(ends, key[first], owner[first].astype(np.int64), right.astype(np.int64), length, rank)


def _ranks(ends: NDArray[np.float64], barriers: Barriers, tolerance: float) -> NDArray[np.int64]:
    """Return the strongest rank of the barriers that each segment lies on."""
    rank = np.full(len(ends), np.iinfo(np.int64).max)
    if len(barriers.lines):
        middle = shapely.points(ends.mean(axis=1))
        segment, line = shapely.STRtree(barriers.lines).query(middle, predicate="dwithin", distance=tolerance)
        np.minimum.at(rank, segment, barriers.ranks[line])
    rank[rank == np.iinfo(np.int64).max] = 0
    return rank

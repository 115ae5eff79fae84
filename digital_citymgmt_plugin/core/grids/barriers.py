# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the inputs of a draft fit for noding: repair areas, cut barriers to them, let barriers yield to their edges.

All coordinates are local (an origin in whole metres is taken away first), so that millimetres fit into integers and
precision does not depend on where a city lies; a zone prefix (x = 38,500,000 m) would cost four digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.collapse import collapse, tie_ends

PIECE = 50.0  # m: longest piece of an edge in an index
RUN = 24  # vertices of a line that an index takes as one
CLOSE = 1.0  # m: vertices nearer than this on the mean are thinned out


@dataclass(frozen=True)
class DraftNote:
    """A place to look at: what was found, in which input area (−1: none), where, and the values the sentence names."""

    code: str
    area_index: int
    geometry: Any
    values: dict[str, Any]


@dataclass(frozen=True)
class Regions:
    """What cells may never leave: single polygons, free of overlap.

    A community (or one part of it), less its locked cells, is a region; each locked cell is one, too. ``kind`` tells
    land, wide barrier areas and islands apart (``core.grids.carve``); None: all land.
    """

    polygons: NDArray[Any]
    area_index: NDArray[np.int64]
    locked: NDArray[np.bool_]
    kind: NDArray[np.int64] | None = None


def usable(geometries: Any, origin: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return flat, local copies of the geometries that can be used and their rows, in an order fixed by their shape.

    Missing, empty and non-finite geometries are left out. Sorting makes everything after independent of row order.
    """
    geoms = np.array([] if geometries is None else geometries, dtype=object)
    rows = np.flatnonzero(~(shapely.is_missing(geoms) | shapely.is_empty(geoms)))
    # With Z or M left in, a null height would make a good outline look non-finite.
    flat = shapely.force_2d(geoms[rows])
    finite = np.isfinite(shapely.bounds(flat)).all(axis=1) if len(rows) else np.zeros(0, dtype=bool)
    finite_rows = np.zeros(len(rows), dtype=bool)
    xy, owner = shapely.get_coordinates(flat, return_index=True)
    bad = np.bincount(owner[~np.isfinite(xy).all(axis=1)], minlength=len(rows)) > 0
    finite_rows[:] = finite & ~bad
    rows, flat = rows[finite_rows], flat[finite_rows]
    local = shapely.transform(flat, lambda c: np.round(c - origin, 6))
    order = wkb_order(local)
    return local[order], rows[order]


def wkb_order(geoms: NDArray[Any]) -> NDArray[np.int64]:
    """Order geometries by their normalised WKB: the same for any order of rows and any start vertex."""
    if not len(geoms):
        return np.zeros(0, dtype=np.int64)
    keys = shapely.to_wkb(shapely.normalize(geoms), byte_order=1, output_dimension=2)
    return np.array(sorted(range(len(geoms)), key=lambda i: keys[i]), dtype=np.int64)


@dataclass(frozen=True)
class Barriers:
    """Lines inside regions with their rank; ``raw`` before they yielded to the edges, ``lines`` after."""

    lines: NDArray[Any]
    ranks: NDArray[np.int64]
    raw: NDArray[Any]


def fit_barriers(
    geoms: NDArray[Any],
    ranks: NDArray[np.int64],
    regions: Regions,
    yield_to: float,
    width: float,
    buildings: NDArray[Any],
) -> Barriers:
    """Cut barriers to the regions and let them yield to the regions' edges.

    Polygons count by their outlines. A barrier nearer than ``yield_to`` metres to the edge of its region is dropped
    there, because two lines with one meaning make strips; the loose ends that this leaves are tied to the edge.
    """
    parts, owner = shapely.get_parts(geoms, return_index=True)
    parts, inner = shapely.get_parts(parts, return_index=True)
    ranks = ranks[owner[inner]]
    flat = shapely.get_dimensions(parts) == 2
    parts = parts.copy()
    parts[flat] = shapely.boundary(parts[flat])
    keep = (shapely.get_dimensions(parts) == 1) & (shapely.length(parts) > 0)
    parts, ranks = _thinned(parts[keep]), ranks[keep]
    line, region = shapely.STRtree(regions.polygons).query(parts, predicate="intersects")
    shapely.prepare(regions.polygons)
    whole = shapely.covers(regions.polygons[region], parts[line])
    cut = parts[line].copy()
    cut[~whole] = shapely.intersection(parts[line[~whole]], regions.polygons[region[~whole]])
    pieces, index = _lines(cut)
    region, rank = region[index], ranks[line[index]]
    fitted, index = _yielded(pieces, region, regions, yield_to)
    region, rank = region[index], rank[index]
    edges, edge_region = shapely.get_rings(regions.polygons, return_index=True)
    if width > 0:
        fitted, index = _lines(collapse(fitted, rank, region, edges, edge_region, width))
        region, rank = region[index], rank[index]
    ties, tied = tie_ends(fitted, region, edges, edge_region, buildings, max(width, yield_to))
    return Barriers(np.concatenate([fitted, ties]), np.concatenate([rank, rank[tied]]), pieces)


def _lines(geoms: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    parts, index = shapely.get_parts(geoms, return_index=True)
    parts, inner = shapely.get_parts(parts, return_index=True)
    index = index[inner]
    keep = (shapely.get_dimensions(parts) == 1) & (shapely.length(parts) > 0)
    return parts[keep], index[keep].astype(np.int64)


def pieces_of(lines: NDArray[Any], longest: float = PIECE) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Cut lines into straight pieces, at most ``longest`` metres long, with the line each came from."""
    fine = shapely.segmentize(lines, longest)
    xy, owner = shapely.get_coordinates(fine, return_index=True)
    joined = owner[1:] == owner[:-1]
    ends = np.stack([xy[:-1], xy[1:]], axis=1)[joined]
    return shapely.linestrings(ends), owner[:-1][joined].astype(np.int64)


def runs_of(lines: NDArray[Any], most: int = RUN) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Cut lines into runs of at most ``most`` vertices, with the line each came from: an index of them stays quick.

    Of a street of ten thousand vertices every question about its neighbourhood would look at all of them.
    """
    long = np.flatnonzero(shapely.get_num_coordinates(lines) > most)
    if not len(long):
        return lines, np.arange(len(lines))
    pieces, piece_of = [], []
    for row in long.tolist():
        xy = shapely.get_coordinates(lines[row])
        for at in range(0, len(xy) - 1, most - 1):  # a run ends in the vertex that the next one starts with
            pieces.append(xy[at : at + most])
            piece_of.append(row)
    runs = shapely.linestrings(np.concatenate(pieces), indices=np.repeat(np.arange(len(pieces)), [*map(len, pieces)]))
    rest = np.setdiff1d(np.arange(len(lines)), long)
    return np.concatenate([lines[rest], runs]), np.concatenate([rest, np.array(piece_of, dtype=np.int64)])


def _thinned(lines: NDArray[Any]) -> NDArray[Any]:
    """Leave out what no eye sees of lines with a vertex every few centimetres: noding would take minutes."""
    dense = shapely.length(lines) < CLOSE * (shapely.get_num_coordinates(lines) - 1)
    out = lines.copy()
    out[dense] = shapely.simplify(lines[dense], 0.001)
    return out


def _yielded(
    lines: NDArray[Any], region: NDArray[np.int64], regions: Regions, reach: float
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    if not len(lines):
        return lines, np.zeros(0, dtype=np.int64)
    rings, owner = shapely.get_rings(regions.polygons, return_index=True)
    edge, ring = pieces_of(rings)
    edge_region = owner[ring]
    tree = shapely.STRtree(edge)
    line, near = tree.query(lines, predicate="dwithin", distance=reach)
    own = edge_region[near] == region[line]
    line, near = line[own], near[own]
    touched = np.unique(line)
    zones = shapely.buffer(
        shapely.multilinestrings(edge[near], indices=np.searchsorted(touched, line)), reach, quad_segs=3
    )
    rest, index = _lines(shapely.difference(lines[touched], zones))
    keep = shapely.length(rest) > reach
    rest, index = rest[keep], touched[index[keep]]
    ties, tied = _ties(rest, region[index], edge, edge_region, tree, reach)
    free = np.setdiff1d(np.arange(len(lines)), touched)
    return (
        np.concatenate([lines[free], rest, ties]),
        np.concatenate([free, index, index[tied]]).astype(np.int64),
    )


def _ties(
    rest: NDArray[Any],
    region: NDArray[np.int64],
    edge: NDArray[Any],
    edge_region: NDArray[np.int64],
    tree: Any,
    reach: float,
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Join the ends that cutting left 3 m from the edge to its nearest point."""
    ends = np.concatenate([shapely.get_point(rest, 0), shapely.get_point(rest, -1)])
    owner = np.tile(np.arange(len(rest)), 2)
    end, near = tree.query(ends, predicate="dwithin", distance=reach * 1.1)
    own = edge_region[near] == region[owner[end]]
    end, near = end[own], near[own]
    distance = np.round(shapely.distance(ends[end], edge[near]), 6)
    order = np.lexsort((near, distance, end))
    end, near = end[order], near[order]
    _, first = np.unique(end, return_index=True)
    end, near = end[first], near[first]
    ties = shapely.shortest_line(ends[end], edge[near])
    keep = shapely.length(ties) > 0
    return ties[keep], owner[end[keep]]

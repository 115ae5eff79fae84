# SPDX-License-Identifier: GPL-2.0-or-later
"""Fit cells of regions drafted apart to one coverage: where a cell ends on a common edge, both sides get a corner."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

WIDE = 4.0  # grid steps: faces narrower on the average are slivers


def stitch(cells: NDArray[Any], snap: float) -> NDArray[Any]:
    """Return the cells with the corners of their neighbours put in; nothing moves by more than ``snap`` metres.

    Parameters
    ----------
    cells : array of polygons
        Cells that overlap nowhere; those of one region already fit.
    snap : float
        m: the grid that all of them lie on.
    """
    if len(cells) < 2:
        return cells
    noded = shapely.union_all(shapely.boundary(cells), grid_size=snap)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    wide = shapely.area(faces) > WIDE * snap * shapely.length(faces)
    main, slivers = faces[wide], faces[~wide]
    face, cell = shapely.STRtree(cells).query(shapely.point_on_surface(main), predicate="intersects")
    # Holes between communities are faces, too, that no cell holds.
    if len(face) != len(cells) or len(np.unique(cell)) != len(cells) or len(np.unique(face)) != len(face):
        return _with_corners(cells, 2 * snap)
    out = np.empty(len(cells), dtype=object)
    out[cell] = main[face]
    closed = _closed(out, slivers, WIDE * snap)
    fitted: NDArray[Any] = shapely.normalize(_filled(out, slivers) if closed is None else closed)
    return fitted


def _closed(cells: NDArray[Any], slivers: NDArray[Any], reach: float) -> NDArray[Any] | None:
    """Close slivers between two edges drawn a grid step apart: both sides get the corners of both; None if they cannot.

    Given to one cell, a sliver along several would be a tail of no width and some hundred metres.
    """
    if not len(slivers):
        return cells
    whole = shapely.get_parts(shapely.coverage_union_all(slivers))
    along: dict[tuple[tuple[float, ...], tuple[float, ...]], list[tuple[float, ...]]] = {}
    for ring in shapely.get_rings(whole):
        xy = shapely.get_coordinates(ring)
        for start, end in zip(xy[:-1], xy[1:]):
            step = end - start
            size = float(np.hypot(*step))
            share = (xy[:-1] - start) @ step / size**2
            aside = np.abs((xy[:-1] - start) @ np.array([-step[1], step[0]])) / size
            inner = np.flatnonzero((aside <= reach) & (share * size > 0) & ((1 - share) * size > 0))
            inner = inner[np.argsort(share[inner], kind="stable")]
            between = [tuple(point) for point in xy[inner].tolist()]
            between = [point for point in between if point not in (tuple(start.tolist()), tuple(end.tolist()))]
            if between:
                along[tuple(start.tolist()), tuple(end.tolist())] = between
                along[tuple(end.tolist()), tuple(start.tolist())] = between[::-1]
    out = cells.copy()
    for index in np.unique(shapely.STRtree(cells).query(whole, predicate="intersects")[1]).tolist():
        rings = []
        for ring in shapely.get_rings(cells[index]):
            path = [tuple(point) for point in shapely.get_coordinates(ring).tolist()]
            wound = [path[0]]
            for start, end in zip(path[:-1], path[1:]):
                wound += [*along.get((start, end), []), end]
            rings.append(wound)
        out[index] = shapely.Polygon(rings[0], rings[1:])
    return out if shapely.is_valid(out).all() else None


def _filled(cells: NDArray[Any], slivers: NDArray[Any]) -> NDArray[Any]:
    """Add slivers between two edges drawn a grid step apart to the cell with which they share the longest edge."""
    sliver, cell = shapely.STRtree(cells).query(slivers, predicate="intersects")
    shared = shapely.length(shapely.intersection(shapely.boundary(slivers[sliver]), shapely.boundary(cells[cell])))
    order = np.lexsort((cell, -np.round(shared, 6), sliver))
    sliver, cell, shared = sliver[order], cell[order], shared[order]
    _, first = np.unique(sliver, return_index=True)
    for row in first[shared[first] > 0].tolist():
        joined = shapely.coverage_union_all([cells[cell[row]], slivers[sliver[row]]])
        if shapely.get_type_id(joined) == 3:
            cells[cell[row]] = joined
    return cells


def _with_corners(cells: NDArray[Any], reach: float) -> NDArray[Any]:
    """Put each corner that lies on another cell's edge into that edge, ring by ring."""
    corners = shapely.points(np.unique(shapely.get_coordinates(cells), axis=0))
    cell, corner = shapely.STRtree(corners).query(shapely.boundary(cells), predicate="dwithin", distance=reach)
    out = cells.copy()
    for index in np.unique(cell):
        near = shapely.multipoints(corners[corner[cell == index]])
        rings = [_ring(ring, near, reach) for ring in shapely.get_rings(cells[index])]
        out[index] = shapely.Polygon(rings[0], rings[1:])
    fitted: NDArray[Any] = shapely.normalize(out)
    return fitted


def _ring(ring: Any, corners: Any, reach: float) -> Any:
    points = shapely.get_parts(corners)
    points = points[shapely.dwithin(points, ring, reach)]
    xy = np.concatenate([shapely.get_coordinates(ring)[:-1], shapely.get_coordinates(points)])
    xy = xy[np.sort(np.unique(np.round(xy, 9), axis=0, return_index=True)[1])]
    along = shapely.line_locate_point(ring, shapely.points(xy))
    return shapely.linearrings(xy[np.argsort(along, kind="stable")])

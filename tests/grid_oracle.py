# SPDX-License-Identifier: GPL-2.0-or-later
"""Tell whether cells are a coverage without the plugin's own checks, and without trusting GEOS alone."""

from __future__ import annotations

from collections import Counter

import numpy as np
import shapely

CUT_AREA, CUT_SHARE = 1.0, 0.02  # of a building in a second cell, as the scorer counts


def some(*shapes):
    """Make an array of objects: numpy would take multipart geometries apart."""
    out = np.empty(len(shapes), dtype=object)
    out[:] = shapes
    return out


def loose_edges(cells):
    """Return the straight pieces that only one cell has, and those that more than two or one way round share.

    In a coverage each piece is either shared by two cells, which run along it in opposite directions, or lies on the
    outline of all. Coordinates are compared as they are, bit by bit.
    """
    ways = Counter()
    for cell in shapely.orient_polygons(cells):
        for ring in [cell.exterior, *cell.interiors]:
            xy = list(ring.coords)
            ways.update(zip(xy[:-1], xy[1:]))
    twice = [edge for edge, count in ways.items() if count > 1]
    single = [edge for edge in ways if edge[::-1] not in ways]
    return single, twice


def faults(cells, areas, area_index=None, within=1e-6):
    """Return in words what is wrong with cells that are to tile areas; ``within`` is the share of the area allowed."""
    found = []
    if not shapely.is_valid(cells).all():
        found.append("invalid " + "; ".join(shapely.is_valid_reason(cells[~shapely.is_valid(cells)])))
    if not (shapely.get_type_id(cells) == 3).all():
        found.append("not single polygons")
    if shapely.is_empty(cells).any() or not np.isfinite(shapely.bounds(cells)).all():
        found.append("empty or not finite")
    if found:
        return found
    # The oracle's own buffers need digits that coordinates with a zone prefix do not have.
    corner = np.floor(shapely.total_bounds(areas)[:2])
    cells, areas = (shapely.transform(shapes, lambda xy: xy - corner) for shapes in (cells, areas))
    whole = shapely.union_all(areas)
    union = shapely.union_all(cells)
    total = max(float(whole.area), 1e-9)
    if hasattr(shapely, "coverage_is_valid") and not shapely.coverage_is_valid(cells):
        wrong = shapely.coverage_invalid_edges(cells)
        found.append(f"GEOS: no coverage, {shapely.length(wrong).sum():.6f} m of edges")
    single, twice = loose_edges(cells)
    if twice:
        found.append(f"{len(twice)} edges run along twice the same way")
    outline = shapely.boundary(union)
    middle = shapely.points(np.array(single).mean(axis=1)) if single else some()
    inner = shapely.distance(middle, outline) > 1e-5
    if inner.any():
        found.append(f"{int(inner.sum())} inner edges that one cell alone has")
    if abs(float(shapely.area(cells).sum()) - total) > within * total:
        found.append(f"areas sum up to {shapely.area(cells).sum():.6f}, not {total:.6f}")
    if float(union.symmetric_difference(whole).area) > within * total:
        found.append(f"differs from the areas by {union.symmetric_difference(whole).area:.6f} m²")
    if area_index is not None:
        beyond = shapely.area(shapely.difference(cells, shapely.buffer(areas[area_index], 1e-5, quad_segs=1)))
        if beyond.max() > 1e-3:
            found.append(f"a cell leaves its community by {beyond.max():.6f} m²")
    return found


def cut_buildings(cells, buildings):
    """Return the rows of the buildings that lie in two cells, by brute force."""
    rows = []
    for row, house in enumerate(buildings):
        parts = np.sort(shapely.area(shapely.intersection(cells, house)))[::-1]
        if len(parts) > 1 and parts[1] > max(CUT_AREA, CUT_SHARE * house.area):
            rows.append(row)
    return rows

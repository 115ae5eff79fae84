# SPDX-License-Identifier: GPL-2.0-or-later
"""The grounds that drafts of unit grids are measured on: two real base maps of OpenStreetMap, demo cities.

The real maps have no communities: Haidian counts as one, Longgang is parted along its larger roads into pieces of half
a square kilometre and more. They have no components, either: points are strewn evenly at the density of Qidong (4,100
to the square kilometre), so that their loads say little.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.grids.locate import representative_points
from scripts.rank_grid_methods import OSM, _clipped, _layer

Array = Any
DENSITY = 4100.0  # components to the km²
COMMUNITY = 500_000.0  # m²: least size of a made-up community
TARGET = 40_000.0


@dataclass
class Ground:
    """One base map, in metres: what methods work on and what the scorer looks at."""

    name: str
    crs: str
    communities: Array
    lines: Array
    ranks: Array
    buildings: Array
    compounds: Array
    components: Array
    sparse: bool  # only streets and walls are given: the bar of the boundary on barriers is lower

    @property
    def km2(self) -> float:
        """Return the area in km²."""
        return float(shapely.area(self.communities).sum()) / 1e6


def real(path: Path, name: str, parted: bool) -> Ground:
    """Read a base map of OpenStreetMap: streets that are no tunnels, railways, water, walls, buildings; UTM."""
    crs = "EPSG:32650"
    lines, frame = _layer(path, "roads", crs)
    tunnel = frame["other_tags"].fillna("").str.contains('"tunnel"=>"yes"')
    good = (frame["highway"].isin(list(OSM)) & ~tunnel).to_numpy()
    found, ranks = [lines[good]], [frame["highway"][good].map(OSM).to_numpy()]
    for layer, rank in (("railways", 1), ("waterways", 1), ("water_areas", 2), ("barriers", 4)):
        shapes, frame = _layer(path, layer, crs)
        if layer == "railways":
            shapes = shapes[(frame["railway"] == "rail").to_numpy()]
        found.append(shapes)
        ranks.append(np.full(len(shapes), rank))
    areas, buildings = _layer(path, "aoi", crs)[0], _layer(path, "buildings", crs)[0]
    ground = _clipped(areas, np.concatenate(found), np.concatenate(ranks).astype(int), buildings, crs)
    communities = _communities(areas, ground.lines[ground.ranks <= 3], ground.buildings) if parted else areas
    return Ground(
        name, crs, communities, ground.lines, ground.ranks, ground.buildings, np.zeros(0, dtype=object),
        _strewn(communities), sparse=parted,
    )  # fmt: skip


def demo(folder: Path, name: str) -> Ground:
    """Read a demo city: roads, rivers, drives and walls are barriers, components count one each."""
    import pyogrio

    base = folder / "base_map.gpkg"
    known = {row[0] for row in pyogrio.list_layers(base)}
    areas = _layer(folder / "areas.gpkg", "communities")[0]
    lines, frame = _layer(base, "roads")
    found, ranks = [lines], [frame["rank"].to_numpy()]
    for layer, rank in (("rivers", 1), ("drives", 5), ("walls", 4)):
        if layer in known:
            shapes = _layer(base, layer)[0]
            found.append(shapes)
            ranks.append(np.full(len(shapes), rank))
    buildings, compounds = _layer(base, "buildings")[0], _layer(base, "compounds")[0]
    ground = _clipped(areas, np.concatenate(found), np.concatenate(ranks).astype(int), buildings, "EPSG:4550")
    components = np.concatenate([_components(path) for path in sorted((folder / "components").glob("components_*.*"))])
    return Ground(
        name, ground.crs, shapely.force_2d(areas), ground.lines, ground.ranks, ground.buildings,
        shapely.force_2d(compounds), components, sparse=False,
    )  # fmt: skip


def _components(path: Path) -> Array:
    import geopandas

    if path.suffix not in (".gpkg", ".shp"):
        return np.zeros(0, dtype=object)
    shapes = np.asarray(geopandas.read_file(path).geometry, dtype=object)
    place = representative_points(shapes)
    return shapely.points(place[np.isfinite(place).all(axis=1)])


def _strewn(areas: Array) -> Array:
    rng = np.random.default_rng(30428)
    left, bottom, right, top = shapely.total_bounds(areas)
    count = round((right - left) * (top - bottom) / 1e6 * DENSITY)
    points = shapely.points(rng.uniform((left, bottom), (right, top), (count, 2)))
    zone = shapely.union_all(areas)
    shapely.prepare(zone)
    return points[shapely.intersects(zone, points)]


def _communities(areas: Array, streets: Array, buildings: Array) -> Array:
    """Part areas along larger streets; join parts that are too small to the neighbour with the longest common edge."""
    noded = shapely.union_all(np.concatenate([streets, shapely.boundary(areas)]), grid_size=0.001)
    faces = shapely.get_parts(shapely.polygonize([noded]))
    zone = shapely.union_all(areas)
    shapely.prepare(zone)
    parts = list(faces[shapely.contains(zone, shapely.point_on_surface(faces))])
    # A building that a street crosses keeps both its sides together, as a real community would.
    for building in buildings:
        hit = [i for i, part in enumerate(parts) if part.intersection(building).area > 0.5]
        if len(hit) > 1:
            whole = shapely.union_all([parts[i] for i in hit])
            parts = [part for i, part in enumerate(parts) if i not in hit] + list(shapely.get_parts([whole]))
    while len(parts) > 1:
        small = min(range(len(parts)), key=lambda i: (parts[i].area, parts[i].bounds))
        if parts[small].area >= COMMUNITY:
            break
        piece = parts.pop(small)
        edge = piece.boundary
        shared = [edge.intersection(part.boundary).length for part in parts]
        near = int(np.argmax(shared))
        parts[near] = shapely.union(parts[near], piece, grid_size=0.001)
    return np.array(parts, dtype=object)

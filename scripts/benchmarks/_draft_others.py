# SPDX-License-Identifier: GPL-2.0-or-later
"""Other grounds for drafts of unit grids: real maps that nothing was tuned on.

Windsor (Ontario) has streets, trails, sidewalks and manholes but neither buildings nor communities, Tainan communities
(里) and cables along its streets but no streets, the Korean drawing a road survey of a valley. Communities that are not
given are made up along larger streets, as for Longgang.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from scripts.benchmarks._draft_grounds import Ground, _communities, _strewn
from scripts.rank_grid_methods import OSM, _clipped, _layer

WINDSOR = {"centre": (330_200.0, 4_685_800.0), "suburb": (335_300.0, 4_685_800.0), "fields": (332_700.0, 4_678_500.0)}


def others(shared: Path) -> dict[str, Callable[[], Ground]]:
    """Name the other grounds of which the data are there, each with what reads it."""
    found: dict[str, Callable[[], Ground]] = {}
    base = shared / "basemap" / "windsor_base.gpkg"
    if base.exists():
        for name, middle in WINDSOR.items():
            found[f"windsor_{name}"] = lambda m=middle, n=name: windsor(shared, f"windsor_{n}", m)
    if (shared / "admin" / "tainan_villages.gpkg").exists():
        found["tainan"] = lambda: tainan(shared)
    if (shared / "dxf" / "korea_road_survey_EPSG5186.dxf.gz").exists():
        found["korea"] = lambda: korea(shared)
    old = shared / "basemap" / "beijing_haidian_osm.gpkg"
    if old.exists():
        found["dense"] = lambda: dense(old)
    return found


def windsor(shared: Path, name: str, middle: tuple[float, float], side: float = 2500.0) -> Ground:
    """A square of Windsor: streets and trails, parks as outlines, manholes as components."""
    base, crs = shared / "basemap" / "windsor_base.gpkg", "EPSG:26917"
    x, y = middle
    square = shapely.box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
    streets, frame = _layer(base, "street_centreline")
    kind = frame["CLASS"].fillna("").astype(str)
    large, middling = kind.str.contains("Arterial|Expressway|Parkway"), kind.str.contains("Collector")
    rank = np.where(large, 1, np.where(middling, 2, 3))
    trails, parks = _layer(base, "trails")[0], _layer(base, "parks")[0]
    lines = np.concatenate([streets, trails, shapely.boundary(shapely.make_valid(parks))])
    ranks = np.concatenate([rank, np.full(len(trails), 5), np.full(len(parks), 4)]).astype(int)
    zone = np.array([square], dtype=object)
    ground = _clipped(zone, lines, ranks, np.zeros(0, dtype=object), crs)
    points = _layer(shared / "components" / "windsor_sewer_access_points.gpkg", "sewer_access_points")[0]
    points = points[shapely.intersects(square, points)]
    communities = _communities(zone, ground.lines[ground.ranks <= 3], ground.buildings)
    return Ground(
        name, crs, communities, ground.lines, ground.ranks, ground.buildings, np.zeros(0, dtype=object), points,
        sparse=True,
    )  # fmt: skip


def tainan(shared: Path) -> Ground:
    """A district of an old town: communities as they are drawn, the outlines of its statistical units as streets."""
    crs = "EPSG:3826"
    villages, frame = _layer(shared / "admin" / "tainan_villages.gpkg", "villages", crs)
    mine = (frame["TOWNNAME"] == "中西區").to_numpy()
    areas = shapely.force_2d(villages[mine])
    units = _layer(shared / "admin" / "tainan_basic_statistical_units.gpkg", "bsu", crs)[0]
    lines = shapely.get_parts(shapely.line_merge(shapely.union_all(shapely.boundary(units), grid_size=0.01)))
    ground = _clipped(areas, lines, np.full(len(lines), 3), np.zeros(0, dtype=object), crs)
    return Ground(
        "tainan", crs, areas, ground.lines, ground.ranks, ground.buildings, np.zeros(0, dtype=object), _strewn(areas),
        sparse=False,
    )  # fmt: skip


def korea(shared: Path) -> Ground:
    """A valley with a road survey: all lines of the drawing as barriers, closed ones of a building's size as houses."""
    import ezdxf
    from ezdxf import path as paths

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "survey.dxf"
        file.write_bytes(gzip.decompress((shared / "dxf" / "korea_road_survey_EPSG5186.dxf.gz").read_bytes()))
        drawing = ezdxf.readfile(file)
    lines: list[Any] = []
    for entity in drawing.modelspace():
        if entity.dxftype() in ("LINE", "LWPOLYLINE", "POLYLINE", "ARC"):
            xy = [(point.x, point.y) for point in paths.make_path(entity).flattening(0.1)]
            if len(xy) > 1 and len(set(xy)) > 1:
                lines.append(shapely.LineString(xy))
    shapes = np.array(lines, dtype=object)
    centre = np.median(shapely.get_coordinates(shapely.centroid(shapes)), axis=0)
    shapes = shapes[shapely.distance(shapes, shapely.Point(centre)) < 3000]
    closed = shapes[shapely.is_closed(shapes) & (shapely.get_num_coordinates(shapes) > 3)]
    rings = shapely.polygons([shapely.LinearRing(line.coords) for line in closed])
    rings = shapely.make_valid(rings)
    size = shapely.area(rings)
    houses = rings[(size > 20) & (size < 3000) & (shapely.get_type_id(rings) == 3)]
    west, south, east, north = np.percentile(shapely.bounds(shapes), [2, 2, 98, 98], axis=0).diagonal()
    zone = np.array([shapely.box(west, south, east, north)], dtype=object)
    ground = _clipped(zone, shapes, np.full(len(shapes), 3), houses, "EPSG:5186")
    return Ground(
        "korea", "EPSG:5186", zone, ground.lines, ground.ranks, ground.buildings, np.zeros(0, dtype=object),
        _strewn(zone), sparse=True,
    )  # fmt: skip


def dense(path: Path) -> Ground:
    """The middle of Haidian with every footway and every small community that its streets make."""
    crs = "EPSG:32650"
    area = _layer(path, "aoi", crs)[0]
    middle = shapely.get_coordinates(shapely.centroid(area))[0]
    square = shapely.intersection(area, shapely.box(*(middle - 600), *(middle + 600)))
    roads, frame = _layer(path, "roads", crs)
    known = frame["highway"].isin(list(OSM)).to_numpy()
    ranks = frame["highway"].map(OSM).fillna(5).to_numpy().astype(int)
    houses = _layer(path, "buildings", crs)[0]
    ground = _clipped(square, roads[known], ranks[known], houses, crs)
    communities = _communities(square, ground.lines[ground.ranks <= 3], ground.buildings)
    return Ground(
        "dense", crs, communities, ground.lines, ground.ranks, ground.buildings, np.zeros(0, dtype=object),
        _strewn(communities), sparse=True,
    )  # fmt: skip

# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare how methods of drafting unit grids rank on the demo city and on a real base map (Haidian).

A demo city is of use for work on grids only if a method that is better there is better on real ground, too. Five
methods are run on both and scored by the same scorer: squares, Voronoi cells, street blocks, street blocks with small
ones merged, and the plugin's *Draft unit grids*. A pair of methods is reversed when a figure orders it one way here and
the other way there, each time by a clear margin.

Run by hand: ``python -m scripts.rank_grid_methods --city FOLDER --haidian FILE.gpkg --scorer grid_quality.py``.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.grids.draft import draft_grids

Array = Any
TARGET = 40_000.0
SMALL = 20_000.0  # m²: street blocks below are merged by the fourth method
# Figure: whether more is better, and the margin below which two methods count as equal.
FIGURES = {
    "internal_barrier_1m": (True, 0.03),
    "internal_barrier_5m": (True, 0.03),
    "buildings_cut_share": (False, 0.01),
    "area_in_band": (True, 0.03),
    "area_cv": (False, 0.08),
    "pp_median": (True, 0.02),
    "slivers_share": (False, 0.01),
}
# Strength of a street by its OSM class; what is not here is no boundary on the ground.
OSM = {"motorway": 1, "trunk": 1, "primary": 1, "primary_link": 2, "secondary": 2, "secondary_link": 3, "tertiary": 3,
       "tertiary_link": 3, "residential": 3, "unclassified": 3, "living_street": 4, "service": 4, "pedestrian": 4,
       "footway": 5, "cycleway": 5, "path": 5}  # fmt: skip


@dataclass
class Ground:
    """What methods work on: areas, lines with their ranks (1 strong … 5 weak), buildings; metres."""

    areas: Array
    lines: Array
    ranks: Array
    buildings: Array
    crs: str


def _layer(path: Path, layer: str, crs: str | None = None) -> tuple[Array, Any]:
    import geopandas

    frame = geopandas.read_file(path, layer=layer)
    frame = frame.to_crs(crs) if crs else frame
    return np.asarray(frame.geometry, dtype=object), frame


def haidian(path: Path) -> Ground:
    """Read the real base map: OSM streets, railways, water, walls and buildings, in UTM."""
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
    return _clipped(areas, np.concatenate(found), np.concatenate(ranks).astype(int), buildings, crs)


def demo(folder: Path, like: Array | None, at: tuple[float, float]) -> Ground:
    """Read a demo city: communities, roads, rivers, drives, walls, buildings.

    With ``like``, of the city only a window as wide and high as that area, as one area, at a place in the city given by
    two shares of its width and height (0.5, 0.5: the middle).
    """
    base = folder / "base_map.gpkg"
    areas = _layer(folder / "areas.gpkg", "communities")[0]
    if like is not None:
        left, bottom, right, top = shapely.total_bounds(like)
        half = np.array([right - left, top - bottom]) / 2.0
        low, high = shapely.total_bounds(areas).reshape(2, 2)
        middle = low + (high - low) * np.array(at)
        areas = shapely.intersection(shapely.union_all(areas), shapely.box(*(middle - half), *(middle + half)))
        areas = np.array([areas], object)
    lines, frame = _layer(base, "roads")
    found, ranks = [lines], [frame["rank"].to_numpy()]
    for layer, rank in (("rivers", 1), ("drives", 5), ("walls", 4)):
        shapes = _layer(base, layer)[0]
        found.append(shapes)
        ranks.append(np.full(len(shapes), rank))
    buildings = _layer(base, "buildings")[0]
    return _clipped(areas, np.concatenate(found), np.concatenate(ranks).astype(int), buildings, "EPSG:4550")


def _clipped(areas: Array, lines: Array, ranks: Array, buildings: Array, crs: str) -> Ground:
    zone = shapely.union_all(areas)
    shapely.prepare(zone)
    lines = shapely.force_2d(np.where(shapely.get_dimensions(lines) == 2, shapely.boundary(lines), lines))
    near = shapely.intersects(zone, lines)
    parts, row = shapely.get_parts(shapely.intersection(lines[near], zone.buffer(30.0)), return_index=True)
    good = shapely.get_dimensions(parts) == 1
    inside = shapely.covers(zone, buildings)
    return Ground(areas, parts[good], ranks[near][row[good]], shapely.force_2d(buildings[inside]), crs)


def squares(ground: Ground) -> Array:
    """Return squares of the target's size, clipped to the communities."""
    side = TARGET**0.5
    left, bottom, right, top = shapely.total_bounds(ground.areas)
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(left, right, side), np.arange(bottom, top, side)))
    return _inside(shapely.box(x, y, x + side, y + side), ground.areas)


def voronoi(ground: Ground) -> Array:
    """Return Voronoi cells of random seeds settled by ten rounds of Lloyd's method, clipped to the communities."""
    rng = np.random.default_rng(2014)
    cells = []
    for area in ground.areas:
        count = max(1, round(area.area / TARGET))
        box = area.bounds
        seeds = np.empty((0, 2))
        while len(seeds) < count:
            xy = rng.uniform(box[:2], box[2:], (4 * count + 20, 2))
            seeds = np.concatenate([seeds, xy[shapely.contains_xy(area, xy[:, 0], xy[:, 1])]])
        seeds = seeds[:count]
        for _ in range(10):
            parts = _cells_of(seeds, area)
            seeds = shapely.get_coordinates(shapely.centroid(parts))
        cells.append(parts)
    return np.concatenate(cells)


def _cells_of(seeds: Array, area: Any) -> Array:
    if len(seeds) == 1:
        return np.array([area], object)
    found = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=area))
    return _inside(found, np.array([area], object))


def blocks(ground: Ground) -> Array:
    """Return the faces between streets (ranks 1 to 4) inside each community."""
    lines = ground.lines[ground.ranks <= 4]
    noded = shapely.union_all(np.concatenate([lines, shapely.boundary(ground.areas)]), grid_size=0.001)
    faces = shapely.get_parts(shapely.polygonize([noded]))
    zone = shapely.union_all(ground.areas)
    shapely.prepare(zone)
    return faces[shapely.contains(zone, shapely.point_on_surface(faces))]


def merged_blocks(ground: Ground) -> Array:
    """Return street blocks; each below 2 ha joins the neighbour with which it shares most edge, smallest first."""
    faces = list(blocks(ground))
    tree = shapely.STRtree(ground.areas)
    home = dict(zip(*tree.query(shapely.point_on_surface(faces), predicate="intersects").tolist()))
    beside = _beside(np.array(faces, object))
    live = set(range(len(faces)))
    while True:
        small = [n for n in live if faces[n].area < SMALL]
        small.sort(key=lambda n: faces[n].area)
        for number in small:
            near = [n for n in beside[number] if n in live and home.get(n) == home.get(number)]
            shared = [shapely.length(shapely.intersection(faces[number].boundary, faces[n].boundary)) for n in near]
            if near and max(shared) > 0.5:
                to = near[int(np.argmax(shared))]
                faces[to] = shapely.union(faces[to], faces[number])
                beside[to] |= beside[number] - {to, number}
                for other in beside[number]:
                    beside[other] = (beside[other] - {number}) | ({to} if other != to else set())
                live.discard(number)
                break
        else:
            return np.array([faces[n] for n in sorted(live)], object)


def _beside(faces: Array) -> list[set[int]]:
    one, other = shapely.STRtree(faces).query(faces, predicate="intersects")
    found: list[set[int]] = [set() for _ in faces]
    for a, b in zip(one.tolist(), other.tolist()):
        if a != b:
            found[a].add(b)
    return found


def ours(ground: Ground) -> Array:
    """Return what the plugin drafts."""
    return draft_grids(ground.areas, ground.lines, ground.ranks, buildings=ground.buildings).cells


METHODS = {"squares": squares, "voronoi": voronoi, "blocks": blocks, "merged": merged_blocks, "draftgrids": ours}


def _inside(shapes: Array, areas: Array) -> Array:
    cell, area = shapely.STRtree(areas).query(shapes, predicate="intersects")
    parts = shapely.get_parts(shapely.intersection(shapes[cell], areas[area]))
    return parts[(shapely.get_type_id(parts) == 3) & (shapely.area(parts) > 1.0)]


def scored(ground: Ground, scorer: Any) -> dict[str, dict[str, float]]:
    """Run and score all methods on one ground."""
    import geopandas

    out = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        layers = {"areas": ground.areas, "lines": ground.lines, "buildings": ground.buildings}
        for name, shapes in layers.items():
            geopandas.GeoDataFrame(geometry=shapes, crs=ground.crs).to_file(folder / f"{name}.gpkg")
        areas, lines, buildings = (str(folder / f"{name}.gpkg") for name in layers)
        for name, method in METHODS.items():
            begin = time.perf_counter()
            cells = method(ground)
            seconds = time.perf_counter() - begin
            path = folder / f"{name}_cells.gpkg"
            geopandas.GeoDataFrame(geometry=cells, crs=ground.crs).to_file(path)
            figures = scorer.score(str(path), areas, TARGET, areas, [lines], buildings, None)
            figures["slivers_share"] = figures["slivers"] / figures["cells"]
            out[name] = {**figures, "seconds": round(seconds, 1)}
    return out


def reversed_pairs(here: dict[str, dict[str, float]], there: dict[str, dict[str, float]]) -> list[tuple[str, str, str]]:
    """Return figure and methods of each pair that two grounds order in opposite ways, clearly on both."""
    found = []
    for figure, (_, margin) in FIGURES.items():
        for one, other in combinations(METHODS, 2):
            a = here[one][figure] - here[other][figure]
            b = there[one][figure] - there[other][figure]
            if abs(a) > margin and abs(b) > margin and (a > 0) != (b > 0):
                found.append((figure, one, other))
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--city", type=Path, required=True, help="folder of a demo city")
    parser.add_argument("--whole", action="store_true", help="the whole city, not a window as large as Haidian")
    parser.add_argument("--at", type=float, nargs=2, default=(0.5, 0.5), help="where: shares of width and height")
    parser.add_argument("--haidian", type=Path, required=True, help="beijing_haidian_osm.gpkg")
    parser.add_argument("--scorer", type=Path, required=True, help="grid_quality.py")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    spec = importlib.util.spec_from_file_location("grid_quality", options.scorer)
    if spec is None or spec.loader is None:
        parser.error(f"{options.scorer} is no Python file")
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    real = haidian(options.haidian)
    made = demo(options.city, None if options.whole else real.areas, tuple(options.at))
    results = {"haidian": scored(real, scorer), "demo": scored(made, scorer)}
    shown = ("cells", "area_mean", *FIGURES, "seconds")
    for ground, figures in results.items():
        print(f"\n{ground:12}" + "".join(f"{name:>21}" for name in shown))
        for method, values in figures.items():
            print(f"{method:12}" + "".join(f"{values[name] or 0:21.3f}" for name in shown))
    turned = reversed_pairs(results["haidian"], results["demo"])
    pairs = len(FIGURES) * len(list(combinations(METHODS, 2)))
    print(f"\n{len(turned)} of {pairs} pairs reversed" + "".join(f"\n  {f}: {a}, {b}" for f, a, b in turned))
    if options.json:
        options.json.write_text(json.dumps({**results, "reversed": turned}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

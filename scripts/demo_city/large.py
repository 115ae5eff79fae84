# SPDX-License-Identifier: GPL-2.0-or-later
"""Write a large demo city: the network of the whole town, then community by community, so that memory stays flat."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from scripts.demo_city import map_layers
from scripts.demo_city.areas import Areas
from scripts.demo_city.basemap import CompoundNames
from scripts.demo_city.case_files import FILES as CASE_FILES
from scripts.demo_city.case_files import write_cases
from scripts.demo_city.case_ground import ground_of, whole_ground
from scripts.demo_city.case_scale import CASES
from scripts.demo_city.components import Components, old_codes
from scripts.demo_city.config import COUNTY_CODE, COUNTY_NAME, CRS, ORIGIN, RANKS, stream
from scripts.demo_city.departments import DEPARTMENTS
from scripts.demo_city.gazetteer import Gazetteer, Wanted
from scripts.demo_city.network import Network, build_network
from scripts.demo_city.partition import Division, build_division, shares
from scripts.demo_city.place_tables import TABLES as PLACE_TABLES
from scripts.demo_city.place_tables import write_place_tables
from scripts.demo_city.quarter import Quarter, build_quarter
from scripts.demo_city.quotas import build_share, room_for
from scripts.demo_city.sink import Sink
from scripts.demo_city.sizes import Size
from scripts.demo_city.tables import census_columns, water_class, write_table
from scripts.demo_city.tracks import Rounds

Array = Any
KINDS = {0: "Point", 1: "LineString", 3: "Polygon"}
FILES = ("areas.gpkg", "grids.gpkg", "base_map.gpkg", "places.gpkg", "components/components_point.gpkg",
         "components/components_line.gpkg", "components/components_area.gpkg", "components/components_old.csv",
         "departments.csv", *CASE_FILES.values(), *PLACE_TABLES, "tracks/collectors.csv",
         "truth/track_faults.csv", "about.json")  # fmt: skip


class _Owed:
    """A number that is parted over the communities; what one cannot place, the next ones take over."""

    def __init__(self, weight: Array, total: int) -> None:
        self.planned, self.total, self.behind, self.done = shares(weight, total), total, 0, 0

    def due(self, row: int) -> int:
        """Return how many the community of this row shall have."""
        return int(self.planned[row]) + self.behind

    def got(self, row: int, count: int) -> None:
        """Note how many it has."""
        self.behind = self.due(row) - count
        self.done += count

    def settle(self, what: str) -> None:
        """Refuse a city that is not complete."""
        if self.behind:
            raise RuntimeError(f"{what}: {self.done} of {self.total} were placed")


def write_large_city(size: Size, folder: Path, seed: int) -> dict[str, int]:
    """Write areas, unit grids, base map, components, places and cases of a city into a folder.

    Files of the same names are replaced, others stay.

    Returns
    -------
    dict
        Rows per layer, ``file|layer``, and per table of the cases.

    Raises
    ------
    RuntimeError
        The town has no room for as many objects as its size asks for.
    """
    (folder / "components").mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / name).unlink(missing_ok=True)
    network = build_network(size, seed)
    division = build_division(network, size, seed)
    sink = Sink(folder)
    _write_areas(sink, division)
    _write_network(sink, network)
    gazetteer = Gazetteer(network, seed)
    sink.add("places.gpkg", "streets", "LineString", *gazetteer.streets())
    room, urban, area = _room(network, division)
    owed = {
        "components": _Owed(room, size.components), "old": _Owed(room, size.old_codes),
        "plates": _Owed(urban, size.plates), "pois": _Owed(urban, size.pois),
        "landmarks": _Owed(area, size.landmarks), "cameras": _Owed(urban, size.cameras),
    }  # fmt: skip
    names = CompoundNames(stream(seed, "basemap"))
    rounds = Rounds(size.collectors, seed)
    old: list[Components] = []
    ground = []
    serial = 0
    for row in range(len(division.code)):
        quarter = build_quarter(network, division, row, names, seed)
        _write_base_map(sink, quarter)
        found, before = build_share(quarter.site, owed["components"].due(row), owed["old"].due(row), (seed, row))
        found.source_id = np.array([f"PC{n:07d}" for n in range(serial + 1, serial + len(found.code) + 1)], object)
        serial += len(found.code)
        _write_components(sink, found)
        sink.add("base_map.gpkg", "symbols", "Point", *map_layers.symbols(quarter, found, seed))
        ground.append(ground_of(quarter.site, found, seed, row))
        old.append(before)
        owed["components"].got(row, len(found.code))
        owed["old"].got(row, len(before.code))
        _write_places(sink, gazetteer, quarter, owed)
        rounds.add(quarter)
    rows = sink.close()
    for what, account in owed.items():
        account.settle(what)
    areas = Areas(
        division.community, division.code, division.name, division.town_code[division.home],
        division.town, division.town_code, division.town_name,
    )  # fmt: skip
    rows.update(write_cases(whole_ground(ground), areas, CASES[size.name], seed, folder))
    rows.update(rounds.write(folder))
    rows.update(write_place_tables(folder))
    _write_old(old, folder / "components" / "components_old.csv")
    write_table(folder / "departments.csv", {"部门编码": list(DEPARTMENTS), "部门名称": list(DEPARTMENTS.values())})
    about = {"size": size.name, "seed": seed, "county_code": COUNTY_CODE, "county_name": COUNTY_NAME, "crs": CRS,
             "edition": "2013", "area_m2": round(network.outline.area), "components": size.components,
             "grids": size.grids, "communities": division.code.tolist(), "rows": rows}  # fmt: skip
    (folder / "about.json").write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return rows


def _room(network: Network, division: Division) -> tuple[Array, Array, Array]:
    """Return three weights of the communities: for components, for what the old town has more of, and their areas."""
    room, out = [], []
    for zone in division.community:
        roads = np.sort(network.road_tree.query(zone))
        rivers = np.sort(network.river_tree.query(zone))
        room.append(room_for(zone, network.roads[roads], network.rank[roads], network.rivers[rivers]))
        middle = np.array([zone.centroid.x, zone.centroid.y])
        out.append(min(1.0, float(np.hypot(*(network.centres - middle).T).min()) / network.radius))
    urban = np.array(room) * (1.6 - 1.1 * np.array(out))
    return np.array(room) * (1.25 - 0.4 * np.array(out)), urban, shapely.area(division.community)


def _write_areas(sink: Sink, division: Division) -> None:
    sink.add("areas.gpkg", "streets", "MultiPolygon", _multi(division.town),
             {"code": division.town_code, "name": division.town_name})  # fmt: skip
    sink.add("areas.gpkg", "communities", "MultiPolygon", _multi(division.community), {
        "code": division.code, "name": division.name, "street_code": division.town_code[division.home],
    })  # fmt: skip
    sink.add("grids.gpkg", "unit_grids", "Polygon", division.grid, {
        "code": division.grid_code, "community": division.code[division.grid_home],
        "area": np.round(shapely.area(division.grid)),
    })  # fmt: skip


def _multi(shapes: Array) -> Array:
    return np.array([shapely.MultiPolygon(list(shapely.get_parts(shape))) for shape in shapes], object)


def _write_network(sink: Sink, network: Network) -> None:
    sink.add("base_map.gpkg", "roads", "LineString", network.roads, {
        "class": np.array([RANKS[int(rank)].name for rank in network.rank], object),
        "rank": network.rank.astype(np.int32), "name": network.name, "width": network.width,
    })  # fmt: skip
    sink.add("base_map.gpkg", "rivers", "LineString", network.rivers, {
        "name": network.river_name, "width": network.river_width, "class": water_class(network.river_width),
    })  # fmt: skip
    wide = shapely.buffer(network.rivers, network.river_width / 2.0, quad_segs=4)
    water = shapely.intersection(wide, network.outline)
    parts, row = shapely.get_parts(water, return_index=True)
    sink.add("base_map.gpkg", "river_areas", "Polygon", parts, {
        "name": network.river_name[row], "class": water_class(network.river_width)[row],
    })  # fmt: skip


def _write_base_map(sink: Sink, quarter: Quarter) -> None:
    base, code = quarter.site.base, quarter.code
    width = np.array(base.drives.columns.get("width", []), float)
    sink.add("base_map.gpkg", "drives", "LineString", base.drives.shapes, {
        "class": np.array(base.drives.columns.get("kind", []), object), "width": width,
        "community": np.full(len(width), code, object),
    })  # fmt: skip
    sink.add("base_map.gpkg", "road_areas", "Polygon", *map_layers.road_areas(quarter))
    sink.add("base_map.gpkg", "road_edges", "LineString", *map_layers.road_edges(quarter))
    sink.add("base_map.gpkg", "walls", "LineString", *map_layers.walls(quarter))
    for name, kind in (("buildings", "Polygon"), ("compounds", "Polygon"), ("green", "Polygon"), ("gates", "Point")):
        layer = getattr(base, name)
        columns = {
            key: np.array(values, object if isinstance(values[0], str) else np.int32)
            for key, values in layer.columns.items() if values
        }  # fmt: skip
        columns["community"] = np.full(len(layer.geometry), code, object)
        sink.add("base_map.gpkg", name, kind, layer.shapes, columns)


def _write_components(sink: Sink, found: Components) -> None:
    columns = census_columns(found)
    for kind, name in ((0, "point"), (1, "line"), (3, "area")):
        here = found.kind == kind
        sink.add(f"components/components_{name}.gpkg", f"components_{name}", KINDS[kind], found.geometry[here],
                 {key: column[here] for key, column in columns.items()})  # fmt: skip


def _write_places(sink: Sink, gazetteer: Gazetteer, quarter: Quarter, owed: dict[str, _Owed]) -> None:
    kinds = ("pois", "landmarks", "plates", "cameras")
    made = gazetteer.places(quarter, Wanted(*(owed[kind].due(quarter.row) for kind in kinds)))
    for kind in kinds:
        shapes, table = made[kind]
        owed[kind].got(quarter.row, len(shapes))
        columns = {
            name: np.array(values, object if values and isinstance(values[0], str) else None)
            for name, values in table.items()
        }  # fmt: skip
        columns["community"] = np.full(len(shapes), quarter.code, object)
        sink.add("places.gpkg", kind, "Point", shapes, columns)


def _write_old(parts: list[Components], path: Path) -> None:
    """Write the points of an earlier census, which have codes."""
    parts = [part for part in parts if len(part.code)]
    old = Components(**{
        name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])
    })  # fmt: skip
    old.source_id = np.array([f"OLD{number:07d}" for number in range(1, len(old.code) + 1)], object)
    xy = shapely.get_coordinates(old.geometry) + np.array(ORIGIN, float)
    write_table(path, {
        "标识码": old_codes(old), **census_columns(old),
        "X坐标": np.char.mod("%.3f", xy[:, 0]), "Y坐标": np.char.mod("%.3f", xy[:, 1]),
    })  # fmt: skip

# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the demo city as the files that users have: GeoPackages, a shapefile in GBK, tables as CSV.

The bytes depend on the city and on the versions of GDAL alone: dates that drivers write into files are fixed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from scripts.demo_city.case_files import FILES as CASE_FILES
from scripts.demo_city.case_files import write_batches
from scripts.demo_city.city import City
from scripts.demo_city.config import COUNTY_CODE, COUNTY_NAME, CRS, ORIGIN, RANKS
from scripts.demo_city.departments import DEPARTMENTS
from scripts.demo_city.map_layers import without_higher
from scripts.demo_city.tables import census_columns, water_class, write_table

Array = Any
WRITTEN = "2015-05-08"  # the day that the files say they were written on

POINTS = [f"components/components_point.{suffix}" for suffix in ("shp", "shx", "dbf", "prj")]
FILES = (
    "about.json", "areas.gpkg", "base_map.gpkg", "departments.csv", *CASE_FILES.values(), *POINTS,
    "components/components_line.gpkg", "components/components_area.gpkg", "components/components_old.csv",
)  # fmt: skip


def write_city(city: City, folder: Path) -> list[Path]:
    """Write all files into a folder; files of the same names are replaced. Returns their paths."""
    import pyogrio

    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{WRITTEN}T00:00:00.000Z"})
    (folder / "components").mkdir(parents=True, exist_ok=True)
    for name in FILES:  # drivers would add layers to what is there
        (folder / name).unlink(missing_ok=True)
    _write_areas(city, folder / "areas.gpkg")
    _write_base_map(city, folder / "base_map.gpkg")
    _write_components(city, folder / "components")
    write_table(folder / "departments.csv", {"部门编码": list(DEPARTMENTS), "部门名称": list(DEPARTMENTS.values())})
    write_batches([city.cases], folder)
    about = {"county_code": COUNTY_CODE, "county_name": COUNTY_NAME, "crs": CRS, "edition": "2013",
             "components": len(city.components.geometry), "cases": len(city.cases.truth["case_no"]),
             "communities": city.areas.code.tolist()}  # fmt: skip
    (folder / "about.json").write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return [folder / name for name in FILES]


def _layer(path: Path, layer: str, shapes: Array, columns: dict[str, Any], **options: Any) -> None:
    """Write one layer, moved to its place on earth, on a grid of 1 mm."""
    import pyogrio

    placed = shapely.transform(shapes, lambda xy: np.round(xy + np.array(ORIGIN, float), 3))
    # Rounding may let a ring touch itself: such a polygon is mended, the others keep their vertices.
    broken = ~shapely.is_valid(placed)
    placed[broken] = shapely.buffer(placed[broken], 0.0)
    single = not np.isin(shapely.get_type_id(placed), (4, 5, 6)).any()
    names = {0: "Point", 1: "LineString", 3: "Polygon"}
    kind = names[int(shapely.get_type_id(shapely.get_parts(placed[:1]))[0])]
    pyogrio.raw.write(
        str(path), shapely.to_wkb(placed), [np.asarray(c) for c in columns.values()], list(columns),
        layer=layer, crs=CRS, geometry_type=kind if single else f"Multi{kind}", promote_to_multi=not single,
        append=path.exists() and path.suffix == ".gpkg", **options,
    )  # fmt: skip


def _objects(values: Any) -> Array:
    return np.array(list(values), dtype=object)


def _write_areas(city: City, path: Path) -> None:
    areas = city.areas
    _layer(path, "streets", areas.street, {"code": areas.streets_code, "name": areas.streets_name})
    _layer(path, "communities", areas.community,
           {"code": areas.code, "name": areas.name, "street_code": areas.street_code})  # fmt: skip


def _write_base_map(city: City, path: Path) -> None:
    town, base = city.town, city.base
    drive_width = np.array(base.drives.columns["width"], dtype=float)
    _layer(path, "roads", np.concatenate([town.roads, base.drives.shapes]), {
        "class": _objects([RANKS[int(r)].name for r in town.rank] + base.drives.columns["kind"]),
        "rank": np.concatenate([town.rank, np.full(len(drive_width), 5)]).astype(np.int32),
        "name": _objects([*town.name, *[""] * len(drive_width)]),
        "width": np.concatenate([town.width, drive_width]),
    })  # fmt: skip
    surfaces, row = without_higher(town.carriageways, town.rank)
    _layer(path, "road_areas", surfaces, {
        "class": _objects(RANKS[int(r)].name for r in town.rank[row]), "name": town.name[row],
    })  # fmt: skip
    names, wide = town.river_name, town.river_width
    _layer(path, "rivers", town.rivers, {"name": names, "width": wide, "class": water_class(wide)})
    parts, row = shapely.get_parts(town.water, return_index=True)
    _layer(path, "river_areas", parts, {"name": names[row], "class": water_class(wide)[row]})
    for name in ("walls", "compounds", "buildings", "green", "gates"):
        layer = getattr(base, name)
        columns = {key: _typed(values) for key, values in layer.columns.items()}
        _layer(path, name, layer.shapes, columns)


def _typed(values: list[Any]) -> Array:
    return np.array(values, dtype=object if isinstance(values[0], str) else np.int32)


def _write_components(city: City, folder: Path) -> None:
    found = city.components
    columns = census_columns(found)
    for kind, name in ((1, "line"), (3, "area")):
        here = found.kind == kind
        _layer(folder / f"components_{name}.gpkg", f"components_{name}", found.geometry[here],
               {key: column[here] for key, column in columns.items()})  # fmt: skip
    here = found.kind == 0
    path = folder / "components_point.shp"
    _layer(path, "components_point", found.geometry[here], {key: column[here] for key, column in columns.items()},
           driver="ESRI Shapefile", encoding="GBK",
           layer_options={"RESIZE": "YES", "DBF_DATE_LAST_UPDATE": WRITTEN})  # fmt: skip
    # Surveyors' files come without: the code page must be found out.
    path.with_suffix(".cpg").unlink(missing_ok=True)
    old = city.old
    xy = shapely.get_coordinates(old.geometry) + np.array(ORIGIN, float)
    write_table(folder / "components_old.csv", {
        "标识码": city.old_code,
        **census_columns(old),
        "X坐标": np.char.mod("%.3f", xy[:, 0]), "Y坐标": np.char.mod("%.3f", xy[:, 1]),
    })  # fmt: skip

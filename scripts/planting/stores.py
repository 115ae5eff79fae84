# SPDX-License-Identifier: GPL-2.0-or-later
"""A finished city store of a large demo city (sizes tiny, qidong, qingdao), as errors are planted into."""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
import uuid
from pathlib import Path
from typing import Any

import shapely

from digital_citymgmt_plugin.bridge.engine_client import EngineClient
from digital_citymgmt_plugin.core.requests import (
    AdoptGrids,
    AssignCodes,
    CreateStore,
    ImportAreas,
    ImportComponents,
    Layer,
)
from scripts.planting import blobs
from scripts.planting.places import BUILDING, ROAD, WATER

SURFACES = (("buildings", BUILDING), ("river_areas", WATER), ("road_areas", ROAD))


def finished(data: Path, store: Path) -> int:
    """Bring the demo city's areas, grids, census and base map into a new store; returns the number of components."""
    about = json.loads((data / "about.json").read_text(encoding="utf-8"))
    with (data / "departments.csv").open(encoding="utf-8-sig", newline="") as file:
        departments = [{"code": row["部门编码"], "name": row["部门名称"]} for row in csv.DictReader(file)]
    profile = store.with_suffix(".json")
    settings = {"base": about["edition"], "name": about["county_name"]}
    profile.write_text(json.dumps({"settings": settings, "departments": departments}), encoding="utf-8")
    county = (about["county_code"], about["county_name"])
    engine = EngineClient(sys.executable)
    try:
        engine.call(CreateStore(str(store), about["edition"], *county, about["crs"], str(profile)))
        for level, name in (("street", "streets"), ("community", "communities")):
            engine.call(ImportAreas(Layer(str(data / "areas.gpkg"), name), level, "code", "name"))
        engine.call(AdoptGrids(Layer(str(data / "grids.gpkg"), "unit_grids"), code_field="code"))
        for kind in ("point", "line", "area"):
            path = str(data / "components" / f"components_{kind}.gpkg")
            engine.call(ImportComponents(Layer(path), class_field="CLASS"))
        coded = int(engine.call(AssignCodes())["counts"]["coded"])
    finally:
        engine.close()
    surfaces(data / "base_map.gpkg", store)
    return coded


def surfaces(base_map: Path, store: Path) -> int:
    """Put buildings, water and carriageways of the demo's base map into ``base_area``, without an engine."""
    import pyogrio

    rows: list[tuple[Any, ...]] = []
    with sqlite3.connect(store) as connection:
        sql = "SELECT srs_id FROM gpkg_geometry_columns WHERE table_name = 'base_area'"
        srs = int(connection.execute(sql).fetchone()[0])
        for layer, theme in SURFACES:
            shapes = shapely.from_wkb(pyogrio.raw.read(str(base_map), layer=layer, columns=[])[2])
            for number, shape in enumerate(shapes):
                blob = blobs.pack(shapely.multipolygons(shapely.get_parts(shape)), srs)
                name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{layer}/{number}"))
                rows.append((blob, name, theme, layer, *shapely.bounds(shape)))
        sql = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'base_area'"
        triggers = connection.execute(sql).fetchall()
        for name, _ in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        for fid, (blob, name, theme, layer, west, south, east, north) in enumerate(rows, 1):
            connection.execute(
                "INSERT INTO base_area (fid, geom, uuid, theme, layer) VALUES (?, ?, ?, ?, ?)",
                (fid, blob, name, theme, layer),
            )
            sql = "INSERT INTO rtree_base_area_geom VALUES (?, ?, ?, ?, ?)"
            connection.execute(sql, (fid, west, east, south, north))
        for _, text in triggers:
            connection.execute(text)
    connection.close()
    return len(rows)

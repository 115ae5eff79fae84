# SPDX-License-Identifier: GPL-2.0-or-later
"""A vendor's unit grids as they come: SHP in GBK and GeoJSON in WGS 84, with every fault that such files have.

``python -m scripts.vendor_grids --data sample_data --out /tmp/vendor`` makes them of a demo city's communities.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.storage.files import CityFiles

SIDE = 160.0  # m, of a vendor's grid
NAMES = ("网格编码", "网格名称", "所属社区", "责任网格", "面积")
BEATS = 4  # unit grids in a row of one beat

# What is planted, and how often it is in each file: rule or reason → number of faults that must be told.
PLANTED = {
    "reject.no_geometry": 1,
    "codes.missing": 1,
    "codes.other_county": 1,
    "codes.wrong_length": 1,
    "reject.duplicate_code": 1,
}
DRAWN = ("grid.overlap", "grid.gap", "grid.hole", "grid.multipart", "grid.crossing", "grid.duplicate")


def make_vendor(out: Path, data: Path) -> list[Path]:
    """Write ``厂商单元网格.shp`` (GBK, no ``.prj``) and ``厂商单元网格.geojson`` (degrees) into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    source = CityFiles().open_source(str(data / "areas.gpkg"), layer="communities")
    rows = next(source.chunks())
    crs = str(source.info.crs)
    source.close()
    shapes, table = faulty(rows["code"].tolist(), rows[GEOM].tolist())
    paths = [out / "厂商单元网格.shp", out / "厂商单元网格.geojson"]
    write_shp(paths[0], shapes, table)
    write_geojson(paths[1], shapes, table, crs)
    return paths


def faulty(codes: list[str], communities: list[Any]) -> tuple[list[Any], dict[str, list[Any]]]:
    """Cut communities into squares, and plant one fault of each kind, each at grids of its own."""
    shapes: list[Any] = []
    table: dict[str, list[Any]] = {name: [] for name in NAMES}
    for code, area in zip(codes, communities):
        west, south, east, north = area.bounds
        cells = [
            shapely.box(x, y, x + SIDE, y + SIDE)
            for y in np.arange(south, north, SIDE) for x in np.arange(west, east, SIDE)
        ]  # fmt: skip
        cut = [_polygon(part) for part in shapely.intersection(cells, area) if part.area > SIDE * SIDE / 4]
        for number, part in enumerate(cut, 1):
            shapes.append(part)
            beat = f"责{code[-3:]}-{1 + number // BEATS:02d}"
            row = (f"{code}{number:03d}", f"第{number}网格", code, beat, round(part.area, 1))
            for name, value in zip(NAMES, row):
                table[name].append(value)
    whole = [at for at, part in enumerate(shapes) if abs(part.area - SIDE * SIDE) < 1]
    place = {name: whole[2 * n] for n, name in enumerate((
        "overlap", "gap", "hole", "parts", "twice", "missing", "foreign", "short", "double", "null",
    ))}  # fmt: skip
    _over_the_edge(shapes, table["所属社区"], codes, communities)
    moved = shapes[place["overlap"]].buffer(8, join_style="mitre")  # over all its neighbours
    shapes[place["overlap"]] = moved
    shapes[place["gap"]] = shapes[place["gap"]].buffer(-9, join_style="mitre")
    hole = shapes[place["hole"]]
    shapes[place["hole"]] = hole.difference(hole.centroid.buffer(25, quad_segs=2))
    split = shapes[place["parts"]]
    west, south, east, north = split.bounds
    shapes[place["parts"]] = shapely.MultiPolygon([
        shapely.box(west, south, west + 90, north), shapely.box(east - 40, south, east, north),
    ])  # fmt: skip
    codes_of = table["网格编码"]
    codes_of[place["missing"]] = ""
    codes_of[place["foreign"]] = "110105" + codes_of[place["foreign"]][6:]
    codes_of[place["short"]] = codes_of[place["short"]][:-2]
    codes_of[place["double"]] = codes_of[place["double"] - 1]
    shapes[place["null"]] = None
    _add(shapes, table, shapes[place["twice"]], codes_of[place["twice"]][:12] + "990")
    far = shapely.box(west - 9_000, south, west - 9_000 + SIDE, south + SIDE)
    _add(shapes, table, far, "")
    return shapes, table


def _polygon(shape: Any) -> Any:
    parts = shapely.get_parts(shape)
    return parts[int(np.argmax(shapely.area(parts)))]


def _over_the_edge(shapes: list[Any], stated: list[str], codes: list[str], communities: list[Any]) -> None:
    """Let one grid reach 15 m into the next community, and take that ground from the grids there."""
    home = dict(zip(codes, communities))
    for at, shape in enumerate(shapes):
        if shape is None or shape.geom_type != "Polygon" or shapely.get_num_interior_rings(shape):
            continue
        others = shapely.union_all([area for code, area in home.items() if code != stated[at]])
        piece = shapely.intersection(shape.buffer(15, join_style="mitre"), others)
        if piece.area > 1_500 and shapely.intersection(shape, others).area < 1:
            shapes[at] = _polygon(shapely.union(shape, piece))
            for other, neighbour in enumerate(shapes):
                if other != at and neighbour is not None and neighbour.intersects(piece):
                    shapes[other] = _polygon(neighbour.difference(piece))
            return
    raise AssertionError("no grid lies at another community")


def _add(shapes: list[Any], table: dict[str, list[Any]], shape: Any, code: str) -> None:
    shapes.append(shape)
    for name, value in zip(NAMES, (code, "补绘", code[:12], "", 0.0)):
        table[name].append(value)


def write_shp(path: Path, shapes: list[Any], table: dict[str, list[Any]]) -> None:
    """Write a shapefile as old desktop programs do: names in GBK, neither ``.prj`` nor ``.cpg``."""
    from pyogrio.raw import write

    wkb = np.array([None if shape is None else shapely.to_wkb(shape) for shape in shapes], dtype=object)
    columns = [np.array(table[name], dtype=object if name != "面积" else np.float64) for name in NAMES]
    write(str(path), wkb, columns, list(NAMES), geometry_type="Polygon", crs=None, driver="ESRI Shapefile",
          encoding="GBK", promote_to_multi=False)  # fmt: skip
    for ending in (".prj", ".cpg"):
        path.with_suffix(ending).unlink(missing_ok=True)


def write_geojson(path: Path, shapes: list[Any], table: dict[str, list[Any]], crs: str) -> None:
    """Write GeoJSON as web platforms do: degrees of WGS 84, seven decimals."""
    from digital_citymgmt_plugin.storage.projections import Projected

    known = np.empty(len(shapes), dtype=object)
    known[:] = shapes
    degrees = Projected().transform(known, crs, "EPSG:4326")
    features = [
        {
            "type": "Feature", "properties": {name: table[name][at] for name in NAMES},
            "geometry": None if shape is None else _rounded(json.loads(shapely.to_geojson(shape))),
        }
        for at, shape in enumerate(degrees.tolist())
    ]  # fmt: skip
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 7)
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return {key: _rounded(one) for key, one in value.items()} if isinstance(value, dict) else value


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="files of a demo city")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    make_vendor(options.out, options.data)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Door plates, landmarks and cameras once more as the tables that offices hand over: each with habits of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scripts.demo_city.config import CRS
from scripts.demo_city.tables import write_table

TABLES = ("places/plates.csv", "places/landmarks.csv", "places/cameras.csv")


def write_place_tables(folder: Path) -> dict[str, int]:
    """Write the tables from ``places.gpkg``: plates in UTF-8, landmarks in GBK, cameras in degrees (CGCS2000).

    Returns
    -------
    dict
        Rows per file.
    """
    import pyogrio
    import shapely
    from pyproj import Transformer

    (folder / "places").mkdir(exist_ok=True)
    rows = {}
    for path in TABLES:
        layer = Path(path).stem
        meta, _, geometry, values = pyogrio.raw.read(str(folder / "places.gpkg"), layer=layer)
        of = dict(zip(meta["fields"], values))
        x, y = shapely.get_coordinates(shapely.from_wkb(geometry)).T
        east_north = {"X坐标": np.char.mod("%.3f", x), "Y坐标": np.char.mod("%.3f", y)}
        if layer == "plates":
            columns = {"街路巷名称": of["street"], "门牌号": of["number"], "详细地址": of["address"], **east_north}
        elif layer == "landmarks":
            columns = {"标志物名称": of["name"], "类别": of["category"], "详细地址": of["address"], **east_north}
        else:
            lon, lat = Transformer.from_crs(CRS, "EPSG:4490", always_xy=True).transform(x, y)
            columns = {
                "编号": of["code"], "点位名称": of["name"], "类型": of["kind"], "方位角": of["direction"],
                "视场角": of["angle"], "可视距离": of["reach"],
                "经度": np.char.mod("%.7f", lon), "纬度": np.char.mod("%.7f", lat),
            }  # fmt: skip
        write_table(folder / path, columns, "gb18030" if layer == "landmarks" else "utf-8-sig")
        rows[path] = len(x)
    return rows

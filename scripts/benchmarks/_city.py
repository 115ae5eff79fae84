# SPDX-License-Identifier: GPL-2.0-or-later
"""A made-up city of a given size for benchmarks: communities, irregular unit grids, clustered components."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.profiles import builtin_profile

SIZES = {"tiny": (300, 4), "demo": (10_000, 11), "qidong": (103_334, 24), "qingdao": (776_143, 69)}
# components, grids along a side
CRS = "EPSG:4550"
CELL = 200.0  # m
ORIGIN = (500_000.0, 3_500_000.0)


def make(folder: Path, scale: str) -> dict[str, int]:
    """Write communities.gpkg, grids.gpkg and components.gpkg; returns how many of each."""
    return make_city(folder, *SIZES[scale])


def make_city(folder: Path, count: int, side: int) -> dict[str, int]:
    """As ``make``, for any number of components and of grids along a side."""
    source = np.random.default_rng(2014)
    extent = side * CELL
    x = np.linspace(0, extent, side + 1)[None, :] + source.normal(0, 20, (side + 1, side + 1))
    y = np.linspace(0, extent, side + 1)[:, None] + source.normal(0, 20, (side + 1, side + 1))
    x[:, 0], x[:, -1], y[0, :], y[-1, :] = 0, extent, 0, extent
    x, y = x + ORIGIN[0], y + ORIGIN[1]
    cells, homes = [], []
    for row in range(side):
        for column in range(side):
            corners = ((row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column))
            cells.append(shapely.Polygon([(x[corner], y[corner]) for corner in corners]))
            homes.append(f"320681{100 + row // 12:03d}{(row % 12) // 3 * 100 + column // 3 + 1:03d}")
    grids, codes = np.array(cells, dtype=object), np.array(homes, dtype=object)
    names = np.unique(codes.astype(str))
    areas = np.array([shapely.union_all(grids[codes == name]) for name in names], dtype=object)
    place = source.random((count, 2)) * extent
    middle = count // 2  # half of all things stand in the old town
    place[:middle] = np.clip(source.normal(extent / 2, extent / 6, (middle, 2)), 1, extent - 1)
    points = shapely.points(place[:, 0] + ORIGIN[0], place[:, 1] + ORIGIN[1])
    classes = [entry.code for entry in builtin_profile("2013").classes if entry.kind == "component"]
    files = CityFiles()
    text = names.astype(object)
    files.write_layer(
        str(folder / "communities.gpkg"), "communities", {"code": text, "name": text, "geom": areas}, CRS, "Polygon"
    )
    files.write_layer(str(folder / "grids.gpkg"), "grids", {"home": codes, "geom": grids}, CRS, "Polygon")
    columns = {"class": source.choice(np.array(classes, dtype=object), count), "geom": points}
    files.write_layer(str(folder / "components.gpkg"), "components", columns, CRS, "Point")
    return {"communities": len(names), "grids": len(grids), "components": count}

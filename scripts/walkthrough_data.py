# SPDX-License-Identifier: GPL-2.0-or-later
"""What a city may have on its first day, made of the demo city: a vendor's faulty grids, an Excel table of cases."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import shapely

from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.storage.files import CityFiles

SIDE = 220.0  # m, of a vendor's grid


def make_first_day(out: Path, data: Path) -> None:
    """Write ``单元网格.shp`` (with faults), ``案件.xlsx`` and three files that are no input into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    with_codes(out / "单元网格.shp", data)
    workbook(out / "案件.xlsx", data / "cases.csv")
    (out / "empty.csv").write_bytes(b"")
    (out / "picture.shp").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    (out / "notes.csv").write_text("读我,备注\n一,二\n", encoding="utf-8")


def with_codes(path: Path, data: Path) -> None:
    """Cut the communities into squares and plant faults: an overlap, a gap, a code twice, a grid of two parts."""
    files = CityFiles()
    source = files.open_source(str(data / "areas.gpkg"), layer="communities")
    rows = next(source.chunks())
    crs = source.info.crs
    source.close()
    shapes, codes = [], []
    for code, area in zip(rows["code"].tolist(), rows[GEOM].tolist()):
        west, south, east, north = area.bounds
        cells = [
            shapely.box(x, y, x + SIDE, y + SIDE)
            for y in np.arange(south, north, SIDE)
            for x in np.arange(west, east, SIDE)
        ]
        cut = [part for part in shapely.intersection(cells, area) if part.area > SIDE * SIDE / 4]
        shapes += cut
        codes += [f"{code}{number:03d}" for number in range(1, len(cut) + 1)]
    shapes[1] = shapes[1].buffer(8)  # over its neighbours
    shapes[5] = shapes[5].buffer(-9)  # gaps around it
    codes[8] = codes[7]
    shapes[11] = shapely.MultiPolygon([shapes[11].buffer(-60), shapes[12].buffer(-90)])
    table = {"WGBM": np.array(codes, dtype=object), "备注": np.array(["厂商"] * len(codes), dtype=object)}
    geometry = np.empty(len(shapes), dtype=object)
    geometry[:] = shapes
    files.write_layer(str(path), path.stem, {**table, GEOM: geometry}, crs, "Polygon")


def workbook(path: Path, cases: Path) -> None:
    """Write a table of cases as the platform's Excel export."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("案件")
    with cases.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.reader(file):
            sheet.append(row)
    book.save(path)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Input files of a made-up town for tests of safety: large enough that every action takes a while, and quickly made.

100 communities of 500 m × 500 m in five streets, 2,500 unit grids, 8,000 components of 20 classes (200 with a code of
their own), 3,000 cases. Written with geopandas and csv, not with the code under test.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import shapely

CRS = "EPSG:4550"
COUNTY = "320681"
X, Y = 500_000.0, 3_520_000.0
SIDE, ACROSS, DOWN = 500.0, 10, 10
CLASSES = tuple(f"01{minor:02d}" for minor in range(1, 21))


@dataclass(frozen=True)
class Town:
    """Paths of the input files."""

    folder: Path

    def __getattr__(self, name: str) -> str:
        for ending in (".gpkg", ".csv", ".xlsx", ""):
            path = self.folder / (name + ending)
            if path.exists():
                return str(path)
        raise AttributeError(name)


def make_town(
    folder: Path, *, components: int = 8_000, cases: int = 3_000, seed: int = 7, notched: bool = False
) -> Town:
    """Write the files into a folder; the same seed gives the same rows. ``notched``: two cells leave gaps; beats."""
    rng = np.random.default_rng(seed)
    communities = [
        (f"{COUNTY}{100 + row // 2}{(row % 2) * ACROSS + column + 1:03d}", _square(row, column))
        for row in range(DOWN)
        for column in range(ACROSS)
    ]
    streets: dict[str, list[shapely.Geometry]] = {}
    for code, shape in communities:
        streets.setdefault(code[:9], []).append(shape)
    merged = {code: shapely.unary_union(shapes) for code, shapes in streets.items()}
    _write(folder / "county.gpkg", [(COUNTY, "启东市", shapely.unary_union(list(merged.values())))])
    _write(folder / "streets.gpkg", [(code, f"街道{code[6:]}", shape) for code, shape in merged.items()])
    _write(folder / "communities.gpkg", [(code, f"社区{code[6:]}", shape) for code, shape in communities])
    _write(folder / "few.gpkg", [(code, f"社区{code[6:]}", shape) for code, shape in communities[:12]])
    cells = [
        shapely.segmentize(shapely.box(x, y, x + 100, y + 100), 20)
        for x in np.arange(X, X + ACROSS * SIDE, 100)
        for y in np.arange(Y, Y + DOWN * SIDE, 100)
    ]
    if notched:
        for number, width in ((60, 0.2), (100, 3.0)):
            corners = shapely.get_coordinates(cells[number])
            at = (corners == corners[2]).all(axis=1)[:, None]
            cells[number] = shapely.Polygon(np.where(at, corners - [width, 0], corners))
    strips = [shapely.box(X + 1_000 * at, Y, X + 1_000 * (at + 1), Y + DOWN * SIDE) for at in range(ACROSS // 2)]
    _write(folder / "beats.gpkg", [(f"B{at}", f"片区{at}", strip) for at, strip in enumerate(strips)])
    _write(folder / "cells.gpkg", [(str(number), "", cell) for number, cell in enumerate(cells)])
    east, north = (rng.uniform(0, count * SIDE, components) for count in (ACROSS, DOWN))
    places = np.column_stack([X + east, Y + north])
    classes = rng.choice(CLASSES, components)
    surveyed = rng.choice(components, components // 40, replace=False)
    own = {row: f"{COUNTY}{classes[row]}{row + 1:06d}" for row in surveyed}
    _components(folder / "components.gpkg", places, classes, own)
    chosen = rng.choice(components, cases)
    _cases(folder / "cases.csv", rng, places[chosen], classes[chosen], [own.get(row) for row in chosen])
    _barriers(folder / "barriers.gpkg")
    _plates(folder / "plates.gpkg", rng)
    _tracks(folder / "tracks.csv", rng)
    return Town(folder)


def _square(row: int, column: int) -> shapely.Geometry:
    x, y = X + column * SIDE, Y + row * SIDE
    return shapely.segmentize(shapely.box(x, y, x + SIDE, y + SIDE), 4)


def _write(path: Path, rows: list[tuple[str, str, shapely.Geometry]]) -> None:
    import geopandas

    codes, names, shapes = zip(*rows)
    frame = geopandas.GeoDataFrame({"code": codes, "name": names}, geometry=list(shapes), crs=CRS)
    frame.to_file(path, driver="GPKG", engine="pyogrio")


def _components(path: Path, places: np.ndarray, classes: np.ndarray, own: dict[int, str]) -> None:
    import geopandas

    size = len(places)
    frame = geopandas.GeoDataFrame(
        {
            "source_id": [f"S{row}" for row in range(size)],
            "class_code": classes,
            "code": [own.get(row) for row in range(size)],
            "name": [f"部件{row}" for row in range(size)],
            "remark": ["长一点的备注,使事务变大"] * size,
        },
        geometry=shapely.points(places),
        crs=CRS,
    )
    frame.to_file(path, driver="GPKG", engine="pyogrio")


HEADER = "案件编号 案件类型 小类编码 部件编码 上报时间 立案时间 结案时间 截止时间 X坐标 Y坐标"


def _cases(
    path: Path, rng: np.random.Generator, places: np.ndarray, classes: np.ndarray, codes: list[str | None]
) -> None:
    first = datetime(2025, 1, 1, 8)
    shifted = places + rng.normal(0, 3, places.shape)
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(HEADER.split())
        for row, ((x, y), class_code, code) in enumerate(zip(shifted, classes, codes)):
            at = first + timedelta(minutes=37 * row)
            closed = at + timedelta(hours=int(rng.integers(1, 90))) if row % 7 else None
            times = [at, at + timedelta(minutes=20), closed, at + timedelta(hours=48)]
            texts = [time.strftime("%Y-%m-%d %H:%M:%S") if time else "" for time in times]
            place = ("", "") if code else (f"{x:.2f}", f"{y:.2f}")  # to be placed by the component
            writer.writerow([f"C{row:06d}", "部件", class_code, code or "", *texts, *place])


def _plates(path: Path, rng: np.random.Generator) -> None:
    import geopandas

    xy = np.column_stack([X + rng.uniform(0, ACROSS * SIDE, 4_000), Y + rng.uniform(0, DOWN * SIDE, 4_000)])
    address = [f"启东市人民{row % 40}路{row + 1}弄{row % 9 + 1}号" if row % 500 else "" for row in range(len(xy))]
    frame = geopandas.GeoDataFrame({"gid": range(len(xy)), "address": address}, geometry=shapely.points(xy), crs=CRS)
    frame.to_file(path, driver="GPKG", engine="pyogrio")


def _tracks(path: Path, rng: np.random.Generator) -> None:
    begin = datetime(2026, 1, 5, 8)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["车牌", "时间", "x", "y"])
        for car in range(20):
            x, y = rng.uniform(1_000, 4_000, 2)
            for step in range(600):
                x, y = np.clip([x + rng.normal(0, 20), y + rng.normal(0, 20)], 0, 5_000)
                away = 4_000 if rng.random() < 0.01 else 0
                at = begin + timedelta(seconds=step * 10)
                writer.writerow([f"苏F{car:04d}", at.isoformat(" "), f"{X + x + away:.2f}", f"{Y + y:.2f}"])


def _barriers(path: Path) -> None:
    import geopandas

    lines = [shapely.LineString([(X + at, Y), (X + at, Y + DOWN * SIDE)]) for at in np.arange(0, ACROSS * SIDE, 170)]
    lines += [shapely.LineString([(X, Y + at), (X + ACROSS * SIDE, Y + at)]) for at in np.arange(0, DOWN * SIDE, 190)]
    frame = geopandas.GeoDataFrame({"rank": [1 + row % 4 for row in range(len(lines))]}, geometry=lines, crs=CRS)
    frame.to_file(path, driver="GPKG", engine="pyogrio")

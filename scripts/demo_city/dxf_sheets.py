# SPDX-License-Identifier: GPL-2.0-or-later
"""The base map as 1:1000 sheets in DXF: ``python -m scripts.demo_city.dxf_sheets --base base_map.gpkg --out DIR``.

Sheets are 500 m × 500 m, numbered by their south-west corner in kilometres, north first: with one decimal
(3520.5-371.5) or, as frames of CASS have it, with two (3520.50-371.50). Lines and areas are cut at the frame, a symbol
and a text stand on one sheet. Layers are read chunk by chunk and the entities set aside by sheet on disk: memory stays
flat.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from scripts.demo_city import dxf_text
from scripts.demo_city.dxf_symbols import SYMBOLS

Array = Any
SIDE = 500.0
CHUNK = 20_000
# Layer of the base map → CASS layer and SOUTH code of its lines; areas are drawn by their rings.
LINES = {
    "buildings": ("JMD", "141101"), "road_edges": ("DLSS", "163210"), "walls": ("YZH", "144302"),
    "river_areas": ("SXSS", "181101"),
}  # fmt: skip
GREEN = {"农田": "211200", "公园": "214300", "绿地": "214300", "宅间绿地": "214300"}
STRUCTURE = {"住宅": "混", "民房": "砖", "商铺": "混", "厂房": "钢"}  # before the floors: what a house is built of
_INDEX = ("number", "number_two_decimals", "name", "west", "south", "file", "entities", "symbols")


@dataclass
class Sheet:
    """One sheet in the making."""

    column: int
    row: int
    next_handle: int = dxf_text.FIRST
    symbols: int = 0
    name: str = ""
    biggest: float = 0.0
    waiting: list[str] = field(default_factory=list)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Return west, south, east, north."""
        west, south = self.column * SIDE, self.row * SIDE
        return west, south, west + SIDE, south + SIDE

    def number(self, decimals: int) -> str:
        """Return the number of the sheet: its south-west corner in km, north first."""
        return f"{self.row * SIDE / 1000:.{decimals}f}-{self.column * SIDE / 1000:.{decimals}f}"

    def handle(self) -> int:
        """Return a new handle."""
        self.next_handle += 1
        return self.next_handle - 1


class Sheets:
    """All sheets; their entities wait in files until the last layer was read."""

    def __init__(self, folder: Path) -> None:
        self.sheets: dict[tuple[int, int], Sheet] = {}
        self._parts = folder / ".parts"
        shutil.rmtree(self._parts, ignore_errors=True)
        self._parts.mkdir(parents=True)

    def at(self, column: int, row: int) -> Sheet:
        """Return a sheet by its place."""
        key = (column, row)
        if key not in self.sheets:
            self.sheets[key] = Sheet(column, row)
        return self.sheets[key]

    def set_aside(self) -> None:
        """Write what waits."""
        for sheet in self.sheets.values():
            if sheet.waiting:
                with self._part(sheet).open("ab") as file:
                    file.write(dxf_text.encoded("".join(sheet.waiting)))
                sheet.waiting = []

    def _part(self, sheet: Sheet) -> Path:
        return self._parts / f"{sheet.column}_{sheet.row}"

    def close(self, folder: Path, decimals: int) -> list[list[Any]]:
        """Write the sheets and return the rows of their index."""
        rows = []
        for _, sheet in sorted(self.sheets.items(), key=lambda item: (-item[1].row, item[1].column)):
            _frame(sheet)
            self.set_aside()
            path = folder / f"{sheet.number(decimals)}.dxf"
            with path.open("wb") as file:
                file.write(dxf_text.before(sheet.box, sheet.next_handle))
                with self._part(sheet).open("rb") as part:
                    shutil.copyfileobj(part, file, 1 << 20)
                file.write(dxf_text.AFTER)
            count = sheet.next_handle - dxf_text.FIRST
            rows.append([sheet.number(1), sheet.number(2), sheet.name, *sheet.box[:2], path.name, count, sheet.symbols])
        shutil.rmtree(self._parts)
        return rows


def write_sheets(base: Path, folder: Path, decimals: int = 2) -> dict[str, int]:
    """Write the sheets of a base map, their index and the legend of symbols.

    Returns
    -------
    dict
        ``sheets``, ``entities``, ``symbols``.
    """
    import pyogrio

    folder.mkdir(parents=True, exist_ok=True)
    sheets = Sheets(folder)
    layers = {str(name) for name, _ in pyogrio.list_layers(base)}
    lines = dict(LINES) if "road_edges" in layers else {**LINES, "road_areas": LINES["road_edges"]}
    for name, (layer, code) in lines.items():
        for shapes, columns in _chunks(base, name, layers):
            _draw(sheets, shapes, layer, np.full(len(shapes), code, object))
            _label(sheets, name, layer, shapes, columns)
            sheets.set_aside()
    for shapes, columns in _chunks(base, "green", layers):
        _draw(sheets, shapes, "ZBTZ", np.array([GREEN.get(str(kind)) for kind in columns["kind"]], object))
        sheets.set_aside()
    for name, layer in (("compounds", "JMD"), ("roads", "DLSS")):
        for shapes, columns in _chunks(base, name, layers):
            _label(sheets, name, layer, shapes, columns)
            sheets.set_aside()
    for name in ("gates", "symbols"):
        for shapes, columns in _chunks(base, name, layers):
            kinds = columns["kind"] if name == "symbols" else np.full(len(shapes), "围墙门", object)
            _insert(sheets, shapes, kinds, columns.get("angle"), counted=name == "symbols")
            sheets.set_aside()
    rows = sheets.close(folder, decimals)
    _write_csv(folder / "sheets.csv", _INDEX, rows)
    legend = [[one.kind, one.block, one.layer, one.code] for one in SYMBOLS.values()]
    _write_csv(folder / "legend.csv", ("kind", "block", "layer", "code"), legend)
    return {"sheets": len(rows), "entities": sum(row[6] for row in rows), "symbols": sum(row[7] for row in rows)}


def _write_csv(path: Path, header: tuple[str, ...], rows: list[list[Any]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def _chunks(base: Path, layer: str, there: set[str]) -> Iterator[tuple[Array, dict[str, Array]]]:
    """Yield the shapes and columns of a layer; nothing of one that the base map lacks."""
    import pyogrio

    done = 0
    while layer in there:
        about, _, wkb, values = pyogrio.raw.read(base, layer=layer, skip_features=done, max_features=CHUNK)
        if not len(wkb):
            return
        yield shapely.from_wkb(wkb), dict(zip(about["fields"], values))
        done += len(wkb)
        if len(wkb) < CHUNK:
            return


def _draw(sheets: Sheets, shapes: Array, layer: str, codes: Array) -> None:
    """Draw lines, and areas by their rings, cut at the frames of the sheets."""
    low, high = _cells(shapely.bounds(shapes)[:, :2]), _cells(shapely.bounds(shapes)[:, 2:])
    whole = (low == high).all(axis=1)
    for index in np.flatnonzero(whole).tolist():
        _draw_one(sheets.at(*low[index].tolist()), shapes[index], layer, codes[index])
    for index in np.flatnonzero(~whole).tolist():
        for column in range(low[index, 0], high[index, 0] + 1):
            for row in range(low[index, 1], high[index, 1] + 1):
                frame = shapely.box(column * SIDE, row * SIDE, (column + 1) * SIDE, (row + 1) * SIDE)
                piece = shapely.intersection(shapes[index], frame)
                if not piece.is_empty:
                    _draw_one(sheets.at(column, row), piece, layer, codes[index])


def _cells(xy: Array) -> Array:
    return np.floor(xy / SIDE).astype(np.int64)


def _draw_one(sheet: Sheet, shape: Any, layer: str, code: str | None) -> None:
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon":
            for ring in (part.exterior, *part.interiors):
                xy = shapely.get_coordinates(ring)[:-1].tolist()
                sheet.waiting.append(dxf_text.polyline(sheet.handle(), layer, xy, True, code))
        elif part.geom_type == "LineString":
            xy = shapely.get_coordinates(part).tolist()
            closed = len(xy) > 3 and xy[0] == xy[-1]
            xy = xy[:-1] if closed else xy
            sheet.waiting.append(dxf_text.polyline(sheet.handle(), layer, xy, closed, code))


def _label(sheets: Sheets, name: str, layer: str, shapes: Array, columns: dict[str, Array]) -> None:
    """Write what is written on a map: floors in houses, names of roads, waters and compounds."""
    words = _words(name, columns)
    if words is None:
        return
    middle = shapely.get_coordinates(
        shapely.line_interpolate_point(shapes, 0.5, normalized=True)
        if name == "roads"
        else shapely.point_on_surface(shapes)
    )
    size = shapely.area(shapes) if name == "compounds" else np.zeros(len(shapes))
    for index, ((column, row), line) in enumerate(zip(_cells(middle).tolist(), words)):
        if not line:
            continue
        sheet = sheets.at(column, row)
        x, y = middle[index]
        sheet.waiting.append(dxf_text.text(sheet.handle(), layer, line, x, y))
        if size[index] > sheet.biggest or (not sheet.name and name == "roads"):
            sheet.name, sheet.biggest = line, float(size[index])


def _words(name: str, columns: dict[str, Array]) -> list[str] | None:
    if name == "buildings":
        pairs = zip(columns["kind"].tolist(), columns["floors"].tolist())
        return [f"{STRUCTURE.get(kind, '砼')}{floors if floors > 1 else ''}" for kind, floors in pairs]
    if name in ("roads", "river_areas", "compounds"):
        return [str(one or "") for one in columns["name"].tolist()]
    return None


def _insert(sheets: Sheets, shapes: Array, kinds: Array, angles: Array | None, *, counted: bool) -> None:
    xy = shapely.get_coordinates(shapes)
    turned = np.zeros(len(xy)) if angles is None else np.asarray(angles, float)
    for (column, row), (x, y), kind, angle in zip(_cells(xy).tolist(), xy.tolist(), kinds.tolist(), turned.tolist()):
        sheet, symbol = sheets.at(column, row), SYMBOLS[kind]
        sheet.waiting.append(dxf_text.insert(sheet.handle(), symbol.layer, symbol.block, x, y, angle, symbol.code))
        sheet.symbols += counted


def _frame(sheet: Sheet) -> None:
    """Draw the frame: neat line, border, ticks each 100 m, number in both writings, name, scale."""
    west, south, east, north = sheet.box
    lines: list[tuple[list[tuple[float, float]], bool]] = [
        ([(west, south), (east, south), (east, north), (west, north)], True),
        ([(west - 12, south - 12), (east + 12, south - 12), (east + 12, north + 12), (west - 12, north + 12)], True),
    ]
    for x in np.arange(west + 100.0, east, 100.0).tolist():
        for y in np.arange(south + 100.0, north, 100.0).tolist():
            lines += [([(x - 5.0, y), (x + 5.0, y)], False), ([(x, y - 5.0), (x, y + 5.0)], False)]
    for xy, closed in lines:
        sheet.waiting.append(dxf_text.polyline(sheet.handle(), "TK", xy, closed, None))
    middle = (west + east) / 2.0
    for words, x, y, height in (
        (sheet.name, middle, north + 36.0, 6.0), (sheet.number(2), middle, north + 22.0, 5.0),
        (sheet.number(1), east - 30.0, north + 22.0, 3.0), ("1:1000", middle, south - 20.0, 4.0),
        ("2000国家大地坐标系", west + 40.0, south - 20.0, 3.0),
    ):  # fmt: skip
        if words:
            sheet.waiting.append(dxf_text.text(sheet.handle(), "TK", words, x, y, None, height))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.demo_city.dxf_sheets", description="Write DXF sheets.")
    parser.add_argument("--base", type=Path, required=True, help="base_map.gpkg of a demo city")
    parser.add_argument("--out", type=Path, required=True, help="folder; files of the same names are replaced")
    parser.add_argument("--decimals", type=int, choices=(1, 2), default=2, help="of the sheet numbers in file names")
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    counts = write_sheets(options.base, options.out, options.decimals)
    words = ", ".join(f"{count} {name}" for name, count in counts.items())
    print(f"{options.out}: {words}, {time.perf_counter() - start:.1f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

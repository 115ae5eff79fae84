# SPDX-License-Identifier: GPL-2.0-or-later
"""A city store with a past: grids adopted, redrawn twice and numbered anew on days of the last years.

``python -m scripts.history_city --data sample_data --out /tmp/city.gpkg`` makes it of a demo city's communities.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.ports import GEOM, Context
from digital_citymgmt_plugin.core.requests import AdoptGrids, CreateStore, ImportAreas, Layer
from digital_citymgmt_plugin.core.requests_history import RenumberGrids
from digital_citymgmt_plugin.engine.stores import make_store
from digital_citymgmt_plugin.services.adoption import adopt_grids
from digital_citymgmt_plugin.services.areas import import_areas
from digital_citymgmt_plugin.services.renumbering import renumber_grids
from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.gpkg import GpkgStore
from digital_citymgmt_plugin.storage.projections import Projected

SIDE = 320.0  # m, of a grid
DAYS = ("2024-03-04", "2024-09-10", "2025-06-02", "2026-01-12")  # adopted, redrawn, redrawn, numbered anew


class _Quiet:
    """No progress to be told, and nobody who stops."""

    def __call__(self, fraction: float, message: str = "", **values: Any) -> None:
        """Say nothing."""

    def check(self) -> None:
        """Go on."""


def make_history(out: Path, data: Path) -> Path:
    """Make the store; returns its path."""
    out.parent.mkdir(parents=True, exist_ok=True)
    now = [_moment(DAYS[0])]
    source = CityFiles().open_source(str(data / "areas.gpkg"), layer="communities")
    rows = next(source.chunks())
    crs = str(source.info.crs)
    source.close()
    request = CreateStore(str(out), "2013", str(rows["code"][0])[:6], "启东市", crs)
    make_store(request, Projected(), "walkthrough", "walkthrough", lambda: now[0])
    store = GpkgStore(str(out), program="walkthrough", clock=lambda: now[0], done_by="walkthrough")
    quiet = _Quiet()
    context = Context(files=CityFiles(str(out)), projections=Projected(), progress=quiet, cancel=quiet,
                      clock=lambda: now[0], store=store, sentences={})  # fmt: skip
    try:
        for level in ("streets", "communities"):
            layer = Layer(str(data / "areas.gpkg"), layer=level)
            import_areas(context, ImportAreas(layer, level.replace("ies", "y").rstrip("s"), "code", "name"))
        cells = _squares(rows[GEOM].tolist())
        for day, change in zip(DAYS[:3], (_same, _merged_and_split, _merged_and_split)):
            now[0] = _moment(day)
            cells = change(cells)
            path = out.with_name(f"cells_{day}.gpkg")
            columns = {"n": np.arange(len(cells)), GEOM: _objects(cells)}
            CityFiles().write_layer(str(path), "cells", columns, crs, "Polygon")
            adopt_grids(context, AdoptGrids(Layer(str(path))))
        now[0] = _moment(DAYS[3])
        renumber_grids(context, RenumberGrids(reason="编号整理"))
    finally:
        store.close()
    return out


def _moment(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T02:00:00").replace(tzinfo=timezone.utc)


def _objects(values: Iterable[Any]) -> Any:
    listed = list(values)
    made = np.empty(len(listed), dtype=object)
    made[:] = listed
    return made


def _squares(areas: list[Any]) -> list[Any]:
    cells = []
    for area in areas:
        west, south, east, north = area.bounds
        for x in np.arange(west, east, SIDE):
            for y in np.arange(south, north, SIDE):
                part = shapely.intersection(shapely.box(x, y, x + SIDE, y + SIDE), area)
                cells += [one for one in shapely.get_parts(part).tolist() if one.area > 1.0]
    return cells


def _same(cells: list[Any]) -> list[Any]:
    return cells


def _merged_and_split(cells: list[Any]) -> list[Any]:
    """Merge the first of each four with the next one where both share a line; cut the third in two."""
    made: list[Any] = []
    taken: set[int] = set()
    for number, cell in enumerate(cells):
        if number in taken:
            continue
        other = number + 1
        if number % 4 == 0 and other < len(cells) and shapely.intersection(cell, cells[other]).length > SIDE / 2:
            taken.add(other)
            made.append(shapely.union(cell, cells[other]))
        elif number % 4 == 2:
            west, south, east, north = cell.bounds
            middle = (west + east) / 2
            for half in (shapely.box(west, south, middle, north), shapely.box(middle, south, east, north)):
                made += [one for one in shapely.get_parts(shapely.intersection(cell, half)).tolist() if one.area > 1.0]
        else:
            made.append(cell)
    return made


def main() -> None:
    """Make the store."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("sample_data"))
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    make_history(options.out.resolve(), options.data.resolve())


if __name__ == "__main__":
    main()

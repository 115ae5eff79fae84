# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases with their log into the city store, linked and assessed: seconds, memory, and how both grow.

Ours runs in the engine, once with a fifth of the cases and once with all of them, on the same city; the peer is pandas,
which reads both tables, parses the times and writes them into a new SQLite file with two indexes, without a check. The
cases are those of the demo city (``scripts/demo_city``) on scattered components and places.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from digital_citymgmt_plugin.bridge.engine_client import EngineClient
from digital_citymgmt_plugin.core.requests import (
    AdoptGrids,
    Assess,
    CloseStore,
    CreateStore,
    ImportAreas,
    ImportCases,
    ImportComponents,
    Layer,
    LinkCases,
)
from digital_citymgmt_plugin.storage.files import CityFiles
from scripts.benchmarks._case_clock import clock_figures, duty_figures
from scripts.benchmarks._case_links import chain_figures, nearest_figures
from scripts.benchmarks._case_moves import log_figures, move_figures
from scripts.benchmarks._case_placing import placing_figures
from scripts.benchmarks._city import CRS, make
from scripts.benchmarks._versions import versions
from scripts.benchmarks.importcomponents import figure, peak_memory
from scripts.demo_city.areas import Areas
from scripts.demo_city.case_files import write_cases
from scripts.demo_city.case_ground import KINDS, Ground
from scripts.demo_city.case_scale import CASES
from scripts.demo_city.components import BY_CODE
from scripts.demo_city.config import ORIGIN

_PANDAS = """
import sqlite3, sys, pandas as pd
store = sqlite3.connect(sys.argv[3])
for path, table in ((sys.argv[1], "case_record"), (sys.argv[2], "case_event")):
    for part in pd.read_csv(path, dtype=str, encoding="utf-8-sig", chunksize=100_000):
        for name in part.columns:
            if name.endswith("时间"):
                part[name] = pd.to_datetime(part[name]).dt.tz_localize("Asia/Shanghai").dt.tz_convert("UTC")
        part.to_sql(table, store, if_exists="append", index=False)
    store.execute(f'CREATE INDEX {table}_number ON {table} ("案件编号")')
store.commit()
"""
SIZES = {"tiny": "tiny", "demo": "small", "qidong": "qidong", "qingdao": "qingdao"}
_GROWTH = 1.35  # seconds per case with all cases against a fifth of them
_MEGABYTES = 400.0  # by which the peak may grow: keys of the cases, not the cases
LARGE = 100_000
_SECONDS = {"link": 60.0}  # of a million cases
_SPEED = frozenset(("s", "CPU s", "ratio", "MB"))  # their bars are for large sizes
_MOST = 3_000.0  # MB, the engine that imports and links them


def ground_of(folder: Path) -> tuple[Ground, Areas]:
    """Return the ground of the made-up city: its components, and as many places beside them."""
    columns: dict[str, list[Any]] = {"class": [], "geom": []}
    for chunk in CityFiles().open_source(str(folder / "components.gpkg")).chunks():
        for name, values in columns.items():
            values.extend(chunk[name].tolist())
    communities = next(iter(CityFiles().open_source(str(folder / "communities.gpkg")).chunks()))
    known = np.array([code in BY_CODE for code in columns["class"]])  # the demo city has not every class
    xy = shapely.get_coordinates(np.array(columns["geom"], object)[known]) - np.array(ORIGIN, float)
    count = len(xy)
    rng = np.random.default_rng(2014)
    address = np.array([f"和平路{number}号附近".encode() for number in range(count)])
    ids = np.array([f"PC{number:07d}".encode() for number in range(count)])
    place = xy[rng.permutation(count)] + rng.uniform(-9.0, 9.0, xy.shape)
    kinds = rng.integers(0, len(KINDS), count).astype(np.int8)
    shapes = shapely.transform(communities["geom"], lambda found: found - np.array(ORIGIN, float))
    code = communities["code"]
    street = np.array([str(value)[:9] for value in code], object)
    streets = np.unique(street.astype(str)).astype(object)
    outlines = np.array([shapely.union_all(shapes[street == value]) for value in streets], object)
    areas = Areas(shapes, code, code, street, outlines, streets, streets)
    return Ground(xy, np.array(columns["class"])[known].astype("S4"), ids, address, place, kinds, address), areas


def run(folder: Path, cases: Path) -> tuple[dict[str, float], dict[str, int], float | None]:
    """Time the engine on a new store; returns seconds per step, counts, and its peak memory (MB)."""
    store = folder / "city.gpkg"
    for left in folder.glob("city.gpkg*"):
        left.unlink()
    engine = EngineClient(sys.executable)
    engine.call(CreateStore(str(store), "2013", "320681", "启东市", CRS))
    engine.call(ImportAreas(Layer(str(folder / "communities.gpkg")), "community", "code", "name"))
    engine.call(AdoptGrids(Layer(str(folder / "grids.gpkg"))))
    engine.call(ImportComponents(Layer(str(folder / "components.gpkg")), class_field="class"))
    log = Layer(str(cases / "case_events.csv"))
    seconds, counts = {}, {}
    for name, request in (
        ("import", ImportCases(Layer(str(cases / "cases.csv"), crs=CRS), events=log)), ("link", LinkCases()),
        ("assess", Assess("community")),
    ):  # fmt: skip
        began = time.perf_counter()
        counts[name] = engine.call(request)["counts"]
        seconds[name] = time.perf_counter() - began
    engine.call(CloseStore())
    peak = peak_memory(engine.pid)
    engine.close()
    rows = {"cases": int(counts["import"]["inserted"]), "events": int(counts["import"]["events"])}
    return seconds, rows, peak


def peer(folder: Path, cases: Path) -> float:
    """Time pandas' whole process."""
    target = folder / "pandas.sqlite"
    target.unlink(missing_ok=True)
    command = [sys.executable, "-c", _PANDAS, str(cases / "cases.csv"), str(cases / "case_events.csv"), str(target)]
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    """Run and write the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", default="demo")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=1, help="of the whole; the last one counts")
    arguments = parser.parse_args()
    scale = CASES[SIZES[arguments.scale]]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        sizes = make(folder, arguments.scale)
        ground, areas = ground_of(folder)
        write_cases(ground, areas, scale.part(5), 2014, folder / "fifth")
        began = time.perf_counter()
        write_cases(ground, areas, scale, 2014, folder / "all")
        made = time.perf_counter() - began
        for _ in range(arguments.runs):
            less, fewer, low = run(folder, folder / "fifth")
            seconds, rows, peak = run(folder, folder / "all")
            pandas = peer(folder, folder / "all")
        linked = [*nearest_figures(folder), *chain_figures(folder / "city.gpkg", rows["cases"])]
        moved = [*log_figures(folder / "city.gpkg"), *move_figures(folder / "city.gpkg")]
    if rows["cases"] != scale.reports:
        raise SystemExit(f"only {rows['cases']} of {scale.reports} cases came in")
    large = scale.reports >= LARGE
    figures = [figure("cases and log, made by the generator", made, "s")]
    for name, value in seconds.items():
        limit = _SECONDS.get(name) if scale.reports >= 1_000_000 else None
        words, holds = (None, None) if limit is None else (f"<= {limit:g} s", value <= limit)
        figures.append(figure(f"cases, {name}", value, "s", words, holds))
        growth = (value / rows["cases"]) / (less[name] / fewer["cases"])
        bar = f"<= {_GROWTH:g} from {LARGE:,} cases on"
        figures.append(
            figure(f"cases, {name}: growth per case", growth, "ratio", bar, growth <= _GROWTH if large else None)
        )
    figures.append(figure("cases and log, pandas into SQLite", pandas, "s"))
    figures.append(figure("cases, import: ours / pandas", seconds["import"] / pandas, "ratio"))
    if peak is not None and low is not None:
        bar = f"<= {_MEGABYTES:g} MB from {LARGE:,} cases on"
        more = peak - low
        figures.append(figure("cases: peak memory", peak, "MB", f"<= {_MOST:g} MB", peak <= _MOST))
        figures.append(
            figure("cases: peak over that of a fifth", more, "MB", bar, more <= _MEGABYTES if large else None)
        )
    figures += [*linked, *moved, *clock_figures(), *duty_figures()]
    figures += placing_figures(1_000_000 if large else 20_000)
    for each in figures:
        each["value"] = float(each["value"])
        if not large and each["unit"] in _SPEED:
            each["holds"] = None
    found = {"figures": figures, "versions": versions(), "sizes": {**sizes, **rows}}
    arguments.json.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Drafts of unit grids against squares, street blocks and merged blocks, by one scorer, on real and made-up maps.

Every method runs in a process of its own, which reads the ground from files and writes its cells to a GeoPackage; the
scorer reads that file. The bars are for ours alone. Needs the folder of shared data (``DCM_SHARED``, default
``../shared/data``) with the scorer beside it (``../tools/grid_quality.py``); without it only demo cities are measured,
and nothing without the scorer.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.benchmarks._draft_city import engine_figures
from scripts.benchmarks._draft_grounds import TARGET, Ground, demo, real
from scripts.benchmarks._draft_methods import METHODS
from scripts.benchmarks._draft_others import others
from scripts.benchmarks._versions import versions
from scripts.benchmarks.importcomponents import figure, peak_memory

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("DCM_SHARED", ROOT.parent / "shared" / "data"))
CITIES = {"tiny": ["demo"], "demo": ["demo"], "qidong": ["demo", "qidong"], "qingdao": ["demo", "qidong", "qingdao"]}
WHOLE_CITY = 100.0  # km²
ZERO = ("gap_area", "overlap_area", "uncovered_area", "outside_area")
SHOWN = ("cells", "area_mean", "area_in_band", "internal_barrier_1m", "internal_barrier_5m", "free_barrier_1m",
         "buildings_cut", "cells_crossing", "load_cv", "pp_median", "pp_p05", "pp_min", "slivers", "holes",
         "vertices_per_cell", "seconds", "mb")  # fmt: skip


def load_scorer() -> Any:
    """Import the scorer from where it lies, outside of the repository."""
    path = SHARED.parent / "tools" / "grid_quality.py"
    if not path.exists():
        return None
    spec = importlib.util.spec_from_file_location("grid_quality", path)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def grounds(scale: str, cities: Path | None, scratch: Path, only: list[str] | None) -> dict[str, Any]:
    """Name the grounds of a scale, each with what reads it; ``store`` is the folder of its largest city."""
    found: dict[str, Any] = {}
    base = SHARED / "basemap"
    for name, file, parted in (
        ("haidian", "beijing_haidian_osm.gpkg", False),
        ("longgang", "shenzhen_longgang_osm.gpkg", True),
    ):
        if (base / file).exists() and name in (only or [name]):
            found[name] = lambda p=base / file, n=name, d=parted: real(p, n, d)
    largest = CITIES[scale][-1]
    for size in CITIES[scale]:
        if only and size not in only and not (size == largest and "store" in only):
            continue
        folder = (cities or scratch) / f"city_{size}"
        if not folder.exists():
            command = [sys.executable, "-m", "scripts.demo_city", "--size", size, "--out", str(folder)]
            subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        if size in (only or [size]):
            found[size] = lambda f=folder, n=size: demo(f, n)
        if size == largest and "store" in (only or ["store"]):
            found["store"] = folder
    return found


def run_method(method: str, ground: Path, output: Path) -> None:
    """Run one method (in its own process): read the ground, draft, write; print seconds of CPU and peak memory."""
    import geopandas
    import numpy as np
    import shapely

    with ground.open("rb") as stream:  # written by this script a moment ago
        given = pickle.load(stream)  # noqa: S301
    begin = time.process_time()
    cells = METHODS[method](given)
    seconds = time.process_time() - begin
    geopandas.GeoDataFrame(geometry=cells, crs=given.crs).to_file(output)
    ratio = 4 * np.pi * shapely.area(cells) / shapely.length(cells) ** 2
    print(json.dumps({"seconds": seconds, "mb": peak_memory(os.getpid()), "pp_min": float(ratio.min())}))


def measure(
    ground: Ground, scorer: Any, methods: list[str], scratch: Path, keep: Path | None
) -> dict[str, dict[str, Any]]:
    """Run and score the methods on one ground."""
    import geopandas

    where = (keep or scratch) / ground.name
    where.mkdir(parents=True, exist_ok=True)
    layers = {
        "areas": ground.communities,
        "lines": ground.lines,
        "buildings": ground.buildings,
        "components": ground.components,
    }
    for name, shapes in layers.items():
        geopandas.GeoDataFrame(geometry=shapes, crs=ground.crs).to_file(where / f"{name}.gpkg")
    paths = {name: str(where / f"{name}.gpkg") for name in layers}
    with (where / "ground.pickle").open("wb") as stream:
        pickle.dump(ground, stream)
    found = {}
    for method in methods:
        for suffix in (".gpkg", ".shp") if method == "ours" else (".gpkg",):
            output = where / f"{method}{suffix}"
            command = [
                sys.executable,
                "-m",
                "scripts.benchmarks.draftgrids",
                "--run",
                method,
                str(where / "ground.pickle"),
                str(output),
            ]
            if suffix == ".shp":
                geopandas.read_file(where / f"{method}.gpkg").to_file(output, encoding="utf-8")
            else:
                done = subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True)
                told = json.loads(done.stdout.splitlines()[-1])
            figures = scorer.score(
                str(output),
                paths["areas"],
                TARGET,
                paths["areas"],
                [paths["lines"]],
                paths["buildings"],
                paths["components"],
            )
            figures["vertices_per_cell"] = figures["vertices"] / figures["cells"]
            if suffix == ".shp":
                found[method]["shp"] = {name: figures[name] for name in ("coverage_valid", *ZERO, "multiparts")}
            else:
                found[method] = {**figures, **told}
    return found


def barred(ground: Ground, ours: dict[str, Any]) -> list[dict[str, Any]]:
    """Hold ours to the bars of the issue."""
    name, rows = ground.name, []

    def bar(text: str, value: float, unit: str, words: str, holds: bool) -> None:
        rows.append(figure(f"{name}: {text}", value, unit, words, holds))

    for kind, values in (("GPKG", ours), ("SHP", ours["shp"])):
        faults = max(values[key] for key in ZERO)
        bar(f"{kind}: coverage valid", float(values["coverage_valid"]), "", "1", values["coverage_valid"])
        bar(f"{kind}: gap, overlap, uncovered, outside", faults, "m²", "< 0.05", faults < 0.05)
        bar(f"{kind}: multiparts", values["multiparts"], "", "0", values["multiparts"] == 0)
    for key in ("slivers", "holes", "cells_crossing", "buildings_cut"):
        bar(key, ours[key], "", "0", ours[key] == 0)
    mean = ours["area_mean"] / TARGET - 1
    on, on5 = ours["internal_barrier_1m"], ours["internal_barrier_5m"]
    least = 0.73 if ground.sparse else 0.90
    bar("in band", ours["area_in_band"], "", "1", ours["area_in_band"] == 1)
    bar("mean area against target", mean, "", "± 0.03", abs(mean) <= 0.03)
    bar("boundary within 1 m of a barrier", on, "", f">= {least}", on >= least)
    bar("5 m minus 1 m", on5 - on, "", "<= 0.01", on5 - on <= 0.01)
    bar("load CV", ours["load_cv"], "", "<= 0.35", ours["load_cv"] <= 0.35)
    bar("Polsby-Popper median", ours["pp_median"], "", ">= 0.70", ours["pp_median"] >= 0.70)
    bar("Polsby-Popper 5th percentile", ours["pp_p05"], "", ">= 0.52", ours["pp_p05"] >= 0.52)
    bar("Polsby-Popper least", ours["pp_min"], "", ">= 0.25", ours["pp_min"] >= 0.25)
    bar("vertices per cell", ours["vertices_per_cell"], "", "<= 14", ours["vertices_per_cell"] <= 14)
    limit = 20.0 * ground.km2 / 25.0 if ground.km2 < WHOLE_CITY else 120.0 * ground.km2 / 190.0
    bar("time", ours["seconds"], "CPU s", f"<= {limit:.1f}", ours["seconds"] <= limit)
    bar("peak memory", ours["mb"], "MB", "<= 1200", ours["mb"] <= 1200)
    return rows


def show(name: str, found: dict[str, dict[str, Any]]) -> None:
    """Print the figures of one ground, a row per figure and a column per method."""
    print(f"\n{name:22}" + "".join(f"{method:>12}" for method in found))
    for key in SHOWN:
        values = [figures.get(key) for figures in found.values()]
        shown = [("" if v is None else f"{v:.4g}" if abs(v) < 1000 else f"{v:.0f}") for v in values]
        print(f"{key:22}" + "".join(f"{text:>12}" for text in shown), flush=True)


def main() -> int:
    """Measure, print, write; 0 even when a bar does not hold (``scripts/bench.py`` tells)."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--scale", default="demo", choices=list(CITIES))
    parser.add_argument("--json", type=Path)
    made = os.environ.get("DCM_CITIES")
    parser.add_argument(
        "--cities", type=Path, default=Path(made) if made else None,
        help="folder with city_demo, city_qidong … made before (default: DCM_CITIES, else they are made)",
    )  # fmt: skip
    parser.add_argument("--keep", type=Path, help="folder to leave grounds and cells in")
    parser.add_argument("--ground", action="append", help="only these grounds ('store': the largest city in a store)")
    parser.add_argument("--others", action="store_true", help="other real maps, on which nothing was tuned")
    parser.add_argument("--method", action="append", help="only these methods")
    parser.add_argument("--run", nargs=3, metavar=("METHOD", "GROUND", "OUTPUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        run_method(options.run[0], Path(options.run[1]), Path(options.run[2]))
        return 0
    scorer = load_scorer()
    if scorer is None:
        parser.error("grid_quality.py was not found: set DCM_SHARED")
    rows, sizes = [], {}
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        where = others(SHARED) if options.others else grounds(options.scale, options.cities, scratch, options.ground)
        for name, read in where.items():
            if name == "store":
                rows += engine_figures(read, f"store of {read.name[5:]}", scratch)
                continue
            ground = read()
            # Others' methods say nothing more of a whole city than of a part, and the bars are for ours.
            methods = options.method or (["ours"] if ground.km2 > WHOLE_CITY else list(METHODS))
            found = measure(ground, scorer, methods, scratch, options.keep)
            show(name, found)
            sizes[name] = round(ground.km2, 2)
            for method, figures in found.items():
                if method != "ours":
                    rows += [
                        figure(f"{name}: {method}: {key}", figures[key], "", None, None)
                        for key in SHOWN
                        if figures.get(key) is not None
                    ]
            if "ours" in found:
                rows += barred(ground, found["ours"])
    missed = [row for row in rows if row["holds"] is False]
    print("\nmissed: " + ("; ".join(f"{r['name']} {r['value']:.3g} ({r['bar']})" for r in missed) or "none"))
    if options.json:
        options.json.write_text(
            json.dumps({"figures": rows, "versions": versions(), "sizes": sizes}, ensure_ascii=False, indent=1) + "\n",
            encoding="utf-8",
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: GPL-2.0-or-later
"""Grid assignment and numbering of a whole census: ours, geopandas, and QGIS's own algorithms, each a whole process.

Ours goes from the store to the committed store with register; the peers read the same tables of the same file and write
a new GeoPackage with the same indexes, without a register of codes. In turn, three times.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from digital_citymgmt_plugin.bridge.engine_client import EngineClient
from digital_citymgmt_plugin.core.requests import (
    AdoptGrids,
    AssignCodes,
    CreateStore,
    ImportAreas,
    ImportComponents,
    Layer,
    OpenStore,
)
from scripts.benchmarks._city import CRS, make
from scripts.benchmarks._peers import ALONE, DUCKDB, GEOPANDAS, QGIS, PostGis, has_duckdb_spatial, process
from scripts.benchmarks._versions import has, versions
from scripts.benchmarks.importcomponents import figure, peak_memory


def prepare(folder: Path) -> Path:
    """Make a store with everything but codes, and return its path."""
    path = folder / "before.gpkg"
    engine = EngineClient(sys.executable)
    engine.call(CreateStore(str(path), "2013", "320681", "启东市", CRS))
    engine.call(ImportAreas(Layer(str(folder / "communities.gpkg")), "community", "code", "name"))
    engine.call(AdoptGrids(Layer(str(folder / "grids.gpkg"))))
    engine.call(ImportComponents(Layer(str(folder / "components.gpkg")), class_field="class"))
    engine.close()
    return path


def ours(folder: Path, before: Path) -> tuple[float, int, float]:
    """Time the engine from its start to its end; returns seconds, how many were coded, and its peak memory in MB."""
    store = folder / "ours.gpkg"
    shutil.copy(before, store)
    began = time.perf_counter()
    engine = EngineClient(sys.executable)
    engine.call(OpenStore(str(store)))
    counts = engine.call(AssignCodes())["counts"]
    peak = peak_memory(engine.pid) or 0.0
    engine.close()
    taken = time.perf_counter() - began
    store.unlink()
    return taken, int(counts["coded"]), peak


def peer(code: str, folder: Path, before: Path) -> float:
    """Time a peer's whole process."""
    output = folder / "peer.gpkg"
    output.unlink(missing_ok=True)
    seconds, _ = process(code, str(before), str(output))
    output.unlink()
    return seconds


def main() -> None:
    """Run and write the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", default="demo")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    peers = {name: code for name, code in (("geopandas", GEOPANDAS), ("QGIS", QGIS)) if has(name)}
    if has_duckdb_spatial():
        peers["DuckDB"] = DUCKDB
    postgis = PostGis()
    peak, alone = 0.0, {}
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        folder = Path(scratch)
        sizes = make(folder, arguments.scale)
        before = prepare(folder)
        seconds: dict[str, list[float]] = {name: [] for name in ("ours", *peers)}
        if postgis.there and has("ogr2ogr"):
            stack.enter_context(postgis.running())
            seconds["PostGIS (its transaction alone)"] = []
        for number in range(arguments.runs):
            taken, coded, memory = ours(folder, before)
            peak = max(peak, memory)
            if coded != sizes["components"]:
                raise SystemExit(f"only {coded} of {sizes['components']} components were coded")
            seconds["ours"].append(taken)
            for name, code in peers.items():
                seconds[name].append(peer(code, folder, before))
            if len(seconds) > 1 + len(peers) and not number:  # once: it takes minutes and has no bar
                seconds["PostGIS (its transaction alone)"].append(postgis.assign(before))
        if "geopandas" in peers:
            alone = json.loads(process(ALONE, str(before))[1])
    figures = gather(seconds, alone, peak, large=arguments.scale == "qingdao")
    arguments.json.write_text(
        json.dumps({"figures": figures, "versions": versions(), "sizes": sizes}), encoding="utf-8"
    )


def gather(
    seconds: dict[str, list[float]], alone: dict[str, float], peak: float, *, large: bool
) -> list[dict[str, Any]]:
    """Return the figures; the bars are those of a whole census (qingdao)."""
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    figures = [figure(f"assigncodes: {name}", value, "s") for name, value in middle.items()]

    def against(name: str, value: float, bar: float, unit: str = "ratio") -> None:
        holds = value <= bar if large else None
        figures.append(figure(f"assigncodes: {name}", value, unit, f"<= {bar:.4g} at qingdao", holds))

    for name, bar in (("QGIS", 1 / 6), ("geopandas", 1.5)):
        if name in middle:
            against(f"ours / {name}", middle["ours"] / middle[name], bar)
    if alone:
        against("grids and numbers alone, ours / sjoin + cumcount", alone["ours"] / alone["geopandas"], 0.5)
    against("peak of the engine", peak, 1_500.0, "MB")
    return figures


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-2.0-or-later
"""A census from a GeoPackage into the city store: ours, ogr2ogr and geopandas, each a whole process.

Ours checks every row, gives keys, writes the operation and keeps the R-tree; ogr2ogr appends the rows to a layer that
is there, geopandas reads and writes a new file, both with a spatial index and without a check. The same file, in turn.
Memory is the engine's peak for the whole file and for a fifth of it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from digital_citymgmt_plugin.bridge.engine_client import EngineClient
from digital_citymgmt_plugin.core.requests import CloseStore, CreateStore, ImportComponents, Layer
from digital_citymgmt_plugin.storage.files import CityFiles
from scripts.benchmarks._city import CRS, make
from scripts.benchmarks._versions import has, versions

_GEOPANDAS = """
import sys, geopandas as gpd
gpd.read_file(sys.argv[1], engine="pyogrio").to_file(sys.argv[2], layer="components", engine="pyogrio")
"""
_SECONDS = 60.0  # for 100,000 rows
_MEGABYTES = 120.0  # by which the peak may grow from a fifth of the rows to all


def part_of(source: Path, target: Path, rows: int) -> None:
    """Write the first rows of a layer as a layer of its own."""
    chunk = next(iter(CityFiles().open_source(str(source)).chunks(rows)))
    CityFiles().write_layer(str(target), "components", chunk, CRS, "Point")


def ours(source: Path, store: Path) -> tuple[float, int, float | None]:
    """Time the engine from its start to the closed store; returns seconds, rows and its peak memory (MB)."""
    store.unlink(missing_ok=True)
    began = time.perf_counter()
    engine = EngineClient(sys.executable)
    engine.call(CreateStore(str(store), "2013", "320681", "启东市", CRS))
    counts = engine.call(ImportComponents(Layer(str(source)), class_field="class"))["counts"]
    engine.call(CloseStore())
    taken, peak = time.perf_counter() - began, peak_memory(engine.pid)
    engine.close()
    return taken, int(counts["inserted"]), peak


def peak_memory(pid: int | None) -> float | None:
    """Return the peak of a process's memory (MB), None where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), None)


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds that a process and its children, ended ones too, have used (Linux; elsewhere 0)."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()
        except OSError:  # ended in this moment
            continue
        if int(path.parent.name) == pid or int(fields[1]) == pid:
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK") if ticks else 0.0


def peer(name: str, source: Path, target: Path) -> float:
    """Time a peer's whole process; for ogr2ogr the layer to append to is made before."""
    target.unlink(missing_ok=True)
    if name == "ogr2ogr":
        empty = ["ogr2ogr", "-f", "GPKG", str(target), str(source), "components", "-where", "0"]
        subprocess.run(empty, check=True, capture_output=True)
        command = ["ogr2ogr", "-append", str(target), str(source), "components"]
    else:
        command = [sys.executable, "-c", _GEOPANDAS, str(source), str(target)]
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    """Run and write the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", default="demo")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        sizes = make(folder, arguments.scale)
        source, rows = folder / "components.gpkg", sizes["components"]
        part_of(source, folder / "fifth.gpkg", max(rows // 5, 1))
        peers = [name for name in ("ogr2ogr", "geopandas") if has(name)]
        seconds: dict[str, list[float]] = {name: [] for name in ("ours", *peers)}
        _, _, small = ours(folder / "fifth.gpkg", folder / "ours.gpkg")
        for _ in range(arguments.runs):
            taken, inserted, peak = ours(source, folder / "ours.gpkg")
            if inserted != rows:
                raise SystemExit(f"only {inserted} of {rows} components came in")
            seconds["ours"].append(taken)
            for name in peers:
                seconds[name].append(peer(name, source, folder / f"{name}.gpkg"))
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    figures = [figure(f"{name}, import", value, "s") for name, value in middle.items()]
    figures += [figure(f"import: ours / {name}", middle["ours"] / middle[name], "ratio") for name in peers]
    each = middle["ours"] * 100_000 / rows
    large = rows >= 100_000
    figures.append(figure("import of 100,000 rows", each, "s", f"<= {_SECONDS:g} s from 100,000 rows on",
                          each <= _SECONDS if large else None))  # fmt: skip
    if peak is not None and small is not None:
        more = peak - small
        bar = f"<= {_MEGABYTES:g} MB from 100,000 rows on"
        figures.append(figure("import: peak memory", peak, "MB"))
        figures.append(
            figure("import: peak over that of a fifth", more, "MB", bar, more <= _MEGABYTES if large else None)
        )
    found = {"figures": figures, "versions": versions(), "sizes": sizes}
    arguments.json.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")


def figure(name: str, value: float, unit: str, bar: str | None = None, holds: bool | None = None) -> dict[str, Any]:
    """Return one figure."""
    return {"name": name, "value": round(value, 3), "unit": unit, "bar": bar, "holds": holds}


if __name__ == "__main__":
    main()

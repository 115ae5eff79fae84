# SPDX-License-Identifier: GPL-2.0-or-later
"""Growth, time and peak memory of every algorithm that fills or checks a store, each in an engine of its own.

A made-up city at an eighth, a quarter, half and the whole of the scale's components, with 1.29 cases to a component
(1,000,000 at qingdao) and five rows of the log to a case. The bar: from the first size of 100,000 components on, the
work grows no faster than the number of things: the slope of the log of CPU time over log size, with some room for
noise. Times by the clock are shown, too, and their slope: on a busy machine it says more of its disk than of us.
"""

from __future__ import annotations

import argparse
import json
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
    AssignCodes,
    BackupStore,
    CreateStore,
    DraftGrids,
    Health,
    ImportAreas,
    ImportCases,
    ImportComponents,
    Layer,
    LinkCases,
    OpenStore,
    Request,
    VerifyStore,
)
from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.profiles import builtin_profile
from scripts.benchmarks._cases import write_cases
from scripts.benchmarks._city import CELL, CRS, ORIGIN, SIZES, make_city
from scripts.benchmarks._versions import versions
from scripts.benchmarks.importcomponents import cpu_seconds, figure, peak_memory

SLOPE = 1.15
PEAK = 8_000.0  # MB, of the whole machine that must bear it
PARTS = (8, 4, 2, 1)


def prepare(folder: Path, count: int, side: int) -> None:
    """Write the files of one size."""
    make_city(folder, count, side)
    classes = [entry.code for entry in builtin_profile("2013").classes if entry.kind == "component"]
    write_cases(folder, round(count * 1_000_000 / 776_143), side * CELL, classes, ORIGIN)
    files = CityFiles()
    grids = files.open_source(str(folder / "grids.gpkg"))
    edges = shapely.boundary(np.concatenate([part["geom"] for part in grids.chunks()]))
    files.write_layer(str(folder / "barriers.gpkg"), "barriers", {"geom": edges}, CRS, "LineString")


def jobs(folder: Path) -> list[tuple[str, Request]]:
    """Return what is timed, in the order of a city's life."""
    layer = lambda name: Layer(str(folder / name))  # noqa: E731
    return [
        ("importareas", ImportAreas(layer("communities.gpkg"), "community", "code", "name")),
        ("draftgrids", DraftGrids(layer("communities.gpkg"), str(folder / "draft.gpkg"), [layer("barriers.gpkg")])),
        ("adoptgrids", AdoptGrids(layer("grids.gpkg"))),
        ("importcomponents", ImportComponents(layer("components.gpkg"), class_field="class")),
        ("assigncodes", AssignCodes()),
        ("importcases", ImportCases(Layer(str(folder / "cases.csv"), crs=CRS), events=layer("case_events.csv"))),
        ("linkcases", LinkCases()),
        ("assess", Assess(output=str(folder / "assess.csv"), by="community")),
        ("health of the dock", Health()),
        ("verifystore", VerifyStore()),
        ("backupstore", BackupStore(str(folder / "copy.gpkg"))),
    ]


def measure(folder: Path, count: int, side: int) -> dict[str, tuple[float, float, float]]:
    """Run all jobs at one size; returns seconds, peak memory in MB and CPU seconds by name."""
    prepare(folder, count, side)
    store, found = str(folder / "city.gpkg"), {}
    engine = EngineClient(sys.executable)
    engine.call(CreateStore(store, "2013", "320681", "启东市", CRS))
    engine.close()
    for name, request in jobs(folder):
        engine = EngineClient(sys.executable)
        engine.call(OpenStore(store))
        began, worked = time.perf_counter(), cpu_seconds(engine.pid)
        engine.call(request)
        seconds = time.perf_counter() - began
        found[name] = (seconds, peak_memory(engine.pid) or 0.0, cpu_seconds(engine.pid) - worked)
        engine.close()
        seconds, peak, work = found[name]
        print(f"[store] {count:>7} {name:20s} {seconds:8.2f} s {work:8.2f} CPU s {peak:5.0f} MB", flush=True)
    return found


def main() -> None:
    """Run and write the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", default="demo")
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    whole, side = SIZES[arguments.scale]
    sizes = [whole // part for part in PARTS]
    found = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            found.append(measure(Path(scratch), size, max(2, round(side * (size / whole) ** 0.5))))
    gathered = {"figures": gather(sizes, found), "versions": versions(), "sizes": {"components": whole, "parts": sizes}}
    arguments.json.write_text(json.dumps(gathered), encoding="utf-8")


def gather(sizes: list[int], found: list[dict[str, tuple[float, float, float]]]) -> list[dict[str, Any]]:
    """Return the figures of all jobs; short times say nothing about growth, so each counts at least half a second."""
    figures: list[dict[str, Any]] = []
    large = sizes[-1] >= 500_000
    for name in found[0]:
        seconds, peaks, works = zip(*(entry[name] for entry in found))
        for size, clock, work in zip(sizes, seconds, works):
            figures.append(figure(f"store: {name} at {size:,}", clock, "s"))
            figures.append(figure(f"store: {name} at {size:,}, work", work, "CPU s"))
        figures.append(figure(f"store: {name}, slope by the clock", _slope(sizes, seconds), "ratio"))
        for what, value, bar, unit in (
            ("slope", _slope(sizes, works), SLOPE, "ratio"), ("peak", max(peaks), PEAK, "MB")
        ):  # fmt: skip
            holds = value <= bar if large else None
            figures.append(figure(f"store: {name}, {what}", value, unit, f"<= {bar} at qingdao", holds))
    return figures


def _slope(sizes: list[int], seconds: tuple[float, ...]) -> float:
    return float(np.polyfit(np.log(sizes), np.log(np.maximum(seconds, 0.5)), 1)[0])


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Grid assignment and numbering of a whole census: ours, geopandas, and QGIS's own algorithms, each a whole process.

Ours goes from the store to the committed store with register; the peers from a GeoPackage to a new GeoPackage with the
spatial index, without a register of codes. The same components, the same grids, in turn, three times.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
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
from scripts.benchmarks._versions import has, versions

_GEOPANDAS = """
import sys, geopandas as gpd
folder = sys.argv[1]
points = gpd.read_file(folder + "/components.gpkg", engine="pyogrio")
grids = gpd.read_file(folder + "/grids.gpkg", engine="pyogrio").reset_index(names="grid")
joined = points.sjoin(grids[["grid", "geometry"]], how="left", predicate="within")
joined = joined[~joined.index.duplicated()]
number = joined.groupby("class").cumcount() + 1
joined["code"] = "320681" + joined["class"] + number.astype(str).str.zfill(6)
joined.drop(columns="index_right").to_file(folder + "/peer_geopandas.gpkg", engine="pyogrio")
"""

_QGIS = """
import sys
from qgis.core import QgsApplication
QgsApplication.setPrefixPath("/usr", True)
app = QgsApplication([], False); app.initQgis()
sys.path.append("/usr/share/qgis/python/plugins")
import processing
from processing.core.Processing import Processing
Processing.initialize()
folder = sys.argv[1]
run = lambda name, **p: processing.run(name, p)["OUTPUT"]
joined = run("native:joinattributesbylocation", INPUT=folder + "/components.gpkg", JOIN=folder + "/grids.gpkg",
             PREDICATE=[5], JOIN_FIELDS=["home"], METHOD=1, DISCARD_NONMATCHING=False,
             PREFIX="", OUTPUT="TEMPORARY_OUTPUT")
numbered = run("native:addautoincrementalfield", INPUT=joined, FIELD_NAME="no", START=1, GROUP_FIELDS=["class"],
               OUTPUT="TEMPORARY_OUTPUT")
run("native:fieldcalculator", INPUT=numbered, FIELD_NAME="code", FIELD_TYPE=2, FIELD_LENGTH=20,
    FORMULA="'320681' || \\"class\\" || lpad(\\"no\\", 6, '0')", OUTPUT=folder + "/peer_qgis.gpkg")
"""


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


def ours(folder: Path, before: Path) -> tuple[float, int]:
    """Time the engine from its start to its end; returns seconds and how many were coded."""
    store = folder / "ours.gpkg"
    store.unlink(missing_ok=True)
    shutil.copy(before, store)
    began = time.perf_counter()
    engine = EngineClient(sys.executable)
    engine.call(OpenStore(str(store)))
    counts = engine.call(AssignCodes())["counts"]
    engine.close()
    return time.perf_counter() - began, int(counts["coded"])


def peer(code: str, folder: Path, output: str) -> float:
    """Time a peer's whole process."""
    (folder / output).unlink(missing_ok=True)
    began = time.perf_counter()
    command, quiet = [sys.executable, "-c", code, str(folder)], subprocess.DEVNULL
    subprocess.run(command, check=True, stdout=quiet, stderr=quiet, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"})
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
        before = prepare(folder)
        peers = {"geopandas": (_GEOPANDAS, "peer_geopandas.gpkg"), "QGIS": (_QGIS, "peer_qgis.gpkg")}
        peers = {name: peers[name] for name in peers if has(name)}
        seconds: dict[str, list[float]] = {name: [] for name in ("ours", *peers)}
        for _ in range(arguments.runs):
            taken, coded = ours(folder, before)
            if coded != sizes["components"]:
                raise SystemExit(f"only {coded} of {sizes['components']} components were coded")
            seconds["ours"].append(taken)
            for name, (code, output) in peers.items():
                seconds[name].append(peer(code, folder, output))
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    large = arguments.scale == "qingdao"
    figures: list[dict[str, Any]] = [
        {"name": f"{name}, whole", "value": round(value, 2), "unit": "s", "bar": None, "holds": None}
        for name, value in middle.items()
    ]
    for name, bar in (("QGIS", 1 / 6), ("geopandas", 1.5)):
        if name not in middle:
            continue
        ratio = middle["ours"] / middle[name]
        figures.append({
            "name": f"ours / {name}", "value": round(ratio, 3), "unit": "ratio", "bar": f"<= {bar:.3g} at qingdao",
            "holds": ratio <= bar if large else None,
        })  # fmt: skip
    arguments.json.write_text(
        json.dumps({"figures": figures, "versions": versions(), "sizes": sizes}), encoding="utf-8"
    )


if __name__ == "__main__":
    main()

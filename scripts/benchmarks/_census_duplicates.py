# SPDX-License-Identifier: GPL-2.0-or-later
"""Doubles by class tolerance at size: ours whole and alone, against QGIS's own join by nearest, class by class.

QGIS has no search by class and tolerance. The nearest way is what its users do: for every class
``native:joinbynearest`` of the layer with itself, neighbours 2 (the first is the point itself), and a greatest
distance. It runs in a process of its own on the same GeoPackage; the process and the opening of the layer count, as
they do for ours.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from digital_citymgmt_plugin.bridge.engine_client import EngineClient
from digital_citymgmt_plugin.core.census.duplicates import NEAR, find_pairs
from digital_citymgmt_plugin.core.requests import OpenStore
from digital_citymgmt_plugin.core.requests_duplicates import FindDuplicates
from scripts.benchmarks._peers import process
from scripts.benchmarks._versions import has
from scripts.benchmarks.importcomponents import figure, peak_memory

TOLERANCE = 1.0  # m, of all classes: what both sides are asked for
RUNS = 3

# Prints how many pairs there are, and the seconds from the start of the search to its end.
QGIS = """
import sys, time
from qgis.core import QgsApplication
QgsApplication.setPrefixPath("/usr", True)
app = QgsApplication([], False); app.initQgis()
sys.path.append("/usr/share/qgis/python/plugins")
import processing
from processing.core.Processing import Processing
Processing.initialize()
from qgis.core import QgsVectorLayer
store, tolerance = sys.argv[1], float(sys.argv[2])
began = time.perf_counter()
layer = QgsVectorLayer(store + "|layername=component_point", "points", "ogr")
pairs = set()
for code in sorted(layer.uniqueValues(layer.fields().indexOf("class_code"))):
    part = QgsVectorLayer(f"{store}|layername=component_point|subset=\\"class_code\\" = '{code}'", code, "ogr")
    joined = processing.run("native:joinbynearest", {
        "INPUT": part, "INPUT_2": part, "FIELDS_TO_COPY": ["fid"], "DISCARD_NONMATCHING": True, "PREFIX": "other_",
        "NEIGHBORS": 2, "MAX_DISTANCE": tolerance, "OUTPUT": "TEMPORARY_OUTPUT"})["OUTPUT"]
    for feature in joined.getFeatures():
        one, two = feature["fid"], feature["other_fid"]
        if one != two:
            pairs.add((min(one, two), max(one, two)))
print(len(pairs), time.perf_counter() - began)
"""


def whole(folder: Path, store: Path) -> tuple[float, float, dict[str, int], float]:
    """Time the request on a copy of a store, and the engine from start to end; returns counts and peak memory (MB)."""
    copy = folder / "ours.gpkg"
    shutil.copy(store, copy)
    with copy.open("rb+") as file:
        os.fsync(file.fileno())  # else our first commit writes the whole copy out: that is no part of the search
    began = time.perf_counter()
    engine = EngineClient(sys.executable)
    engine.call(OpenStore(str(copy)))
    asked = time.perf_counter()
    counts = engine.call(FindDuplicates(tolerance=TOLERANCE))["counts"]
    request = time.perf_counter() - asked
    peak = peak_memory(engine.pid) or 0.0
    engine.close()
    seconds = time.perf_counter() - began
    copy.unlink()
    return request, seconds, counts, peak


def alone(store: Path) -> tuple[float, int]:
    """Time the search from arrays to arrays; returns seconds and the pairs that are near."""
    import sqlite3

    from digital_citymgmt_plugin.storage.blob import xy_of_blobs

    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT geom, class_code FROM component_point ORDER BY fid").fetchall()
    xy = xy_of_blobs([row[0] for row in rows])
    classes = np.unique(np.array([row[1] for row in rows]), return_inverse=True)[1]
    kind = np.zeros(len(xy), dtype=np.int64)
    boxes, limits = np.concatenate([xy, xy], axis=1), np.full(len(xy), TOLERANCE)
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        pairs = find_pairs(None, boxes, kind, classes, limits)
        times.append(time.perf_counter() - began)
    return float(np.median(times)), int((pairs.reasons & NEAR > 0).sum())


def figures(folder: Path, store: Path, scale: str) -> list[dict[str, Any]]:
    """Return the figures; bars hold at qingdao.

    The peer is run once: it takes minutes. It finds of each point the nearest other one only, so it must not have found
    more pairs than ours, nor none where ours has some.
    """
    large = scale == "qingdao"
    runs = [whole(folder, store) for _ in range(RUNS if not large else 2)]
    request = float(np.median([run[0] for run in runs]))
    seconds, counts, peak = float(np.median([run[1] for run in runs])), runs[0][2], max(run[3] for run in runs)
    search, near = alone(store)
    if near != counts["near"]:
        raise SystemExit(f"doubles: the request found {counts['near']} near pairs, the search alone {near}")
    bar = "< 10 at qingdao"
    result = [
        figure("census: doubles, request", request, "s", bar, request < 10 if large else None),
        figure("census: doubles, engine from start to end", seconds, "s"),
        figure("census: doubles, search alone", search, "s"),
        figure("census: doubles, pairs near", near, "pairs"),
        figure("census: doubles, peak of the engine", peak, "MB", "< 2000 at qingdao", peak < 2000 if large else None),
    ]
    if has("QGIS"):
        theirs, printed = process(QGIS, str(store), str(TOLERANCE))
        found, inside = printed.split()[-2:]
        if int(found) > near or (near and not int(found)):
            raise SystemExit(f"doubles: QGIS found {found} pairs, ours {near}")
        ratio = theirs / seconds
        holds = ratio >= 20 if large else None
        result += [
            figure("census: doubles, QGIS joinbynearest by class, whole process", theirs, "s"),
            figure("census: doubles, QGIS joinbynearest by class, search", float(inside), "s"),
            figure("census: doubles, QGIS / ours, whole", ratio, "x", ">= 20 at qingdao", holds),
            figure("census: doubles, QGIS / ours, search alone", float(inside) / search, "x"),
        ]
    return result


if __name__ == "__main__":  # python -m scripts.benchmarks._census_duplicates FOLDER STORE SCALE
    print(json.dumps(figures(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]), indent=1))

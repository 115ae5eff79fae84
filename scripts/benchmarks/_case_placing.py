# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases without coordinates: brought in by a guessed mapping, placed by a made-up gazetteer whose answers are known.

Streets run as a net of 200 by 200, 100 m apart, with house numbers on both sides; every street has 100 door plates,
every tenth crossing a point of interest. Of the addresses a half are street and number, a quarter doors, the others
crossings, places with an offset, and texts that say nothing. The bar of 300 s for 1,000,000 addresses is our own:
nothing in the task gives one.
"""

from __future__ import annotations

import contextlib
import csv
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
from digital_citymgmt_plugin.core.requests import CloseStore, CreateStore, ImportAreas, ImportCases, ImportPlaces, Layer
from digital_citymgmt_plugin.core.requests_intake import PlaceCases
from digital_citymgmt_plugin.storage.files import CityFiles
from scripts.benchmarks.importcomponents import figure, peak_memory

CRS, WEST, SOUTH = "EPSG:4550", 360_000.0, 3_500_000.0
NET, APART, PLATES = 200, 100.0, 100
BAR = 300.0  # s for a million
_NAMES = "东南西北中山河海春秋花木金石云风明德文武"


def _name(number: int, across: bool) -> str:
    return f"{_NAMES[number // 20 % 20]}{_NAMES[number % 20]}{'路' if across else '街'}"


def _write(folder: Path, count: int) -> None:
    reach = NET * APART
    files = CityFiles()

    def layer(file: str, shapes: list[Any], kind: str, /, **columns: list[Any]) -> None:
        table = {key: np.array([*value, None], dtype=object)[:-1] for key, value in columns.items()}
        table["geom"] = np.array(shapes, dtype=object)
        files.write_layer(str(folder / f"{file}.gpkg"), file, table, CRS, kind)

    box = shapely.box(WEST - 500, SOUTH - 500, WEST + reach + 500, SOUTH + reach + 500)
    layer("areas", [box], "Polygon", code=["320681001001"], name=["中心社区"])
    lines, names = [], []
    for number in range(NET):
        at = number * APART
        lines.append(shapely.LineString([(WEST, SOUTH + at), (WEST + reach, SOUTH + at)]))
        lines.append(shapely.LineString([(WEST + at, SOUTH), (WEST + at, SOUTH + reach)]))
        names += [_name(number, True), _name(number, False)]
    size = len(lines)
    layer("streets", lines, "LineString", name=names, odd_from=["1"] * size, odd_to=["3999"] * size,
          even_from=["2"] * size, even_to=["4000"] * size)  # fmt: skip
    doors = [(name, line, number * 40 + 2) for name, line in zip(names, lines) for number in range(PLATES)]
    layer("plates", [line.interpolate(number / 4000, normalized=True) for _, line, number in doors], "Point",
          street=[name for name, _, _ in doors], number=[f"{number}号" for _, _, number in doors])  # fmt: skip
    spots = [(one, other) for one in range(0, NET, 10) for other in range(0, NET, 10)]
    layer("poi", [shapely.Point(WEST + a * APART, SOUTH + b * APART) for a, b in spots], "Point",
          name=[f"{_NAMES[a // 10]}{_NAMES[b // 10]}公园" for a, b in spots])  # fmt: skip
    lot = np.random.default_rng(7)
    picks = lot.integers(0, NET, (count, 2)).tolist()
    numbers = lot.integers(1, 4000, count).tolist()
    with (folder / "cases.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["案件编号", "上报时间", "地址", "描述"])
        for row, ((one, other), number) in enumerate(zip(picks, numbers)):
            street, kind = _name(one, bool(row % 2)), row % 20
            if kind < 10:
                text = f"启东市{street}{number}号"
            elif kind < 15:
                text = f"{street}{number // 40 * 40 + 2}号门口"
            elif kind < 18:
                text = f"{_name(one, True)}与{_name(other, False)}交叉口"
            elif kind == 18:
                text = f"{_NAMES[one // 10]}{_NAMES[other // 10]}公园以北{number}米"
            else:
                text = f"某处第{number}段"
            writer.writerow([f"P{row:08d}", f"2024-03-{row % 28 + 1:02d} 08:00", text, "占道经营影响通行"])


def _cpu(pid: int | None) -> float:
    """Return the seconds that a process has computed: they are the same when others work beside it."""
    try:
        parts = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return time.perf_counter()
    return (int(parts[11]) + int(parts[12])) / 100


def placing_figures(count: int = 1_000_000) -> list[dict[str, Any]]:
    """Return seconds of the engine's CPU for import and placing, and whether all were placed where they are."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder, count)
        seconds: dict[str, float] = {}
        with contextlib.closing(EngineClient(sys.executable)) as engine:
            engine.call(CreateStore(str(folder / "city.gpkg"), "2013", "320681", "启东市", CRS))
            engine.call(ImportAreas(Layer(str(folder / "areas.gpkg")), "community", "code", "name"))
            for kind, file in (("street", "streets"), ("plate", "plates"), ("poi", "poi")):
                engine.call(ImportPlaces(Layer(str(folder / f"{file}.gpkg")), kind))
            told: dict[str, Any] = {}
            for what, request in (
                ("import", ImportCases(Layer(str(folder / "cases.csv")))), ("placing", PlaceCases()),
                ("placing again", PlaceCases()),
            ):  # fmt: skip
                began = _cpu(engine.pid)
                told[what] = engine.call(request)["counts"]
                seconds[what] = _cpu(engine.pid) - began
            memory = peak_memory(engine.pid) or 0.0
            engine.call(CloseStore())
    counts = told["placing"]
    wanted = count * 19 // 20
    rate = BAR * count / 1_000_000
    return [
        figure("import without coordinates, mapping guessed", seconds["import"], "CPU s"),
        figure("placing by address", seconds["placing"], "CPU s", f"≤ {rate:.0f}", seconds["placing"] <= rate),
        figure("placing again: nothing to do", seconds["placing again"], "CPU s"),
        figure("placed of those that can be", counts["placed"] / wanted * 100, "%", "100", counts["placed"] == wanted),
        figure("placing: peak memory", memory, "MB"),
    ]


if __name__ == "__main__":
    print(json.dumps(placing_figures(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000), ensure_ascii=False))

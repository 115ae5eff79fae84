# SPDX-License-Identifier: GPL-2.0-or-later
"""The redraw bench by its engine and in its window: opening, figures at a pen move, preview, writing, all taken back.

Every figure is a question through the engine's pipe, as the window asks it. A pen draws by lot on the city's own grids:
lines that grow while they are drawn, corners and edges that are dragged. ``--store`` takes a store that is there (a
copy of it is changed) in place of a city made anew, which takes a quarter of an hour at the size of Qingdao.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import math
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from digital_citymgmt_plugin.bridge.engine_client import EngineClient
from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.core.requests import (
    AdoptGrids,
    AssignCodes,
    CreateStore,
    ImportAreas,
    ImportCases,
    ImportComponents,
    Layer,
    LinkCases,
    OpenStore,
    Request,
    UndoOperation,
    VerifyStore,
)
from digital_citymgmt_plugin.core.requests_draft import DraftSources
from digital_citymgmt_plugin.core.requests_redraw import ApplyRedraw, EditRedraw, OpenRedraw, ProbeRedraw
from digital_citymgmt_plugin.storage.blob import from_blobs
from scripts.benchmarks._city import CRS, make
from scripts.benchmarks._draft_store import build, draft_request
from scripts.benchmarks._redraw_history import born_before, history_figures
from scripts.benchmarks._redraw_window import window_figures
from scripts.benchmarks._versions import versions
from scripts.benchmarks.importcomponents import figure
from scripts.demo_city.__main__ import main as make_city

OPENING, PROBE, PREVIEW, APPLY = 5.0, 25.0, 1.0, 2.0  # s, ms, s, s: bars of a city of Qingdao's size
PENS, MOVES = 60, 8  # strokes, and moves of the pen in each
ROUNDS = 12  # redraws that are written, one after the other
EQUAL = (
    "SELECT uuid, code, community_code, geom FROM unit_grid WHERE status = 'current' ORDER BY uuid",
    *(f"SELECT uuid, grid_code, community_code FROM {table} ORDER BY fid"  # noqa: S608
      for table in ("component_point", "component_line", "component_area", "case_record", "place", "camera")),
    "SELECT uuid, beat_uuid, grid_uuid, valid_to FROM beat_member ORDER BY fid",
)  # fmt: skip
LOGS = ("operation", "code_register", "component_change", "case_event")


def make_store(scale: str, folder: Path) -> Path:
    """Make a demo city and a store of it with grids, components, codes, base map and cases."""
    city, store = folder / "city", folder / "city.gpkg"
    make_city(["--out", str(city), "--size", scale])
    build(city, store)
    crs = json.loads((city / "about.json").read_text(encoding="utf-8"))["crs"]
    engine = EngineClient(sys.executable)
    try:
        engine.call(OpenStore(str(store)))
        if not (city / "grids.gpkg").exists():
            drawn = folder / "drawn.gpkg"
            engine.call(draft_request(engine.call(DraftSources()), drawn))
            for request in (AdoptGrids(Layer(str(drawn))), AssignCodes()):
                engine.call(request)
        log = Layer(str(city / "case_events.csv"))
        for request in (ImportCases(Layer(str(city / "cases.csv"), crs=crs), events=log), LinkCases()):
            engine.call(request)
    finally:
        engine.close()
    return store


def make_tiny(folder: Path) -> Path:
    """Make a store of a few grids and components, without base map and cases."""
    store = folder / "city.gpkg"
    make(folder, "tiny")
    engine = EngineClient(sys.executable)
    try:
        for request in (
            CreateStore(str(store), "2013", "320681", "启东市", CRS),
            ImportAreas(Layer(str(folder / "communities.gpkg")), "community", "code", "name"),
            AdoptGrids(Layer(str(folder / "grids.gpkg"))),
            ImportComponents(Layer(str(folder / "components.gpkg")), class_field="class"), AssignCodes(),
        ):  # fmt: skip
            engine.call(request)
    finally:
        engine.close()
    return store


def digest(path: Path) -> tuple[str, dict[str, int]]:
    """Return a digest of what must come back, and how long the logs are."""
    whole = hashlib.sha256()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for query in EQUAL:
            for row in connection.execute(query):
                whole.update(repr(row).encode())
        sizes = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in LOGS}  # noqa: S608
    return whole.hexdigest(), sizes


def grids_of(path: Path) -> Any:
    """Return the current grids as single polygons."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT geom FROM unit_grid WHERE status = 'current' ORDER BY code").fetchall()
    return shapely.get_parts(from_blobs([row[0] for row in rows]))


class Pen:
    """Draws by lot on cells: strokes as lists of what is asked while the pen moves."""

    def __init__(self, cells: Any, seed: int) -> None:
        self._cells, self._lot = cells, random.Random(seed)  # noqa: S311

    def stroke(self) -> tuple[str, list[list[float]]]:
        """Return a tool and the points at each move; the last move is where the pen is let go."""
        cell = self._cells[self._lot.randrange(len(self._cells))]
        if self._lot.random() < 0.6:
            return "split", self._line(cell)
        return self._lot.choice((("move_vertex", self._drag(cell, 0.0)), ("move_edge", self._drag(cell, 0.5))))

    def _line(self, cell: Any) -> list[list[float]]:
        """A line that grows through a cell, from beyond one edge to beyond the other."""
        middle, turn = cell.representative_point(), self._lot.uniform(0, math.pi)
        reach = self._lot.uniform(0.5, 1.2) * math.sqrt(cell.area)
        x, y = reach * math.cos(turn), reach * math.sin(turn)
        start = [middle.x - x, middle.y - y]
        ends = np.linspace(0.2, 2.0, MOVES)
        return [[*start, start[0] + x * end, start[1] + y * end] for end in ends.tolist()]

    def _drag(self, cell: Any, along: float) -> list[list[float]]:
        ring = shapely.get_coordinates(cell.exterior)
        row = self._lot.randrange(len(ring) - 1)
        start = ring[row] + along * (ring[row + 1] - ring[row])
        goal = np.array([self._lot.uniform(-1, 1), self._lot.uniform(-1, 1)]) * 0.1 * math.sqrt(cell.area)
        return [[*start.tolist(), *(start + goal * part).tolist()] for part in np.linspace(0.2, 1.0, MOVES)]


class Bench:
    """An engine with the store open, and the seconds that its answers took."""

    def __init__(self, store: Path) -> None:
        self.engine = EngineClient(sys.executable)
        self.engine.call(OpenStore(str(store)))

    def worked(self) -> float:
        """Return the seconds that the engine's main thread has had a processor: what others do does not count."""
        try:
            return int(Path(f"/proc/{self.engine.pid}/schedstat").read_text(encoding="utf-8").split()[0]) / 1e9
        except (OSError, ValueError):
            return float("nan")

    def ask(self, request: Request, preview: str | None = None) -> tuple[float, dict[str, Any]]:
        """Return seconds and answer."""
        began = time.perf_counter()
        result = self.engine.call(request, preview=preview)
        return time.perf_counter() - began, result


def probes(bench: Bench, session: str, pen: Pen) -> tuple[list[float], list[float], int, int]:
    """Move the pen; returns ms of each question, those of the processor, how many pens could be used, cells told."""
    taken: list[float] = []
    worked: list[float] = []
    used, cells = 0, 0
    for _ in range(PENS):
        tool, moves = pen.stroke()
        for points in moves:
            before = bench.worked()
            seconds, told = bench.ask(ProbeRedraw(session, tool, points))
            taken.append(1000 * seconds)
            worked.append(1000 * (bench.worked() - before))
            used += told["error"] is None
            cells += len(told["cells"])
    return taken, worked, used, cells


def redraw_once(bench: Bench, session: str, pen: Pen, edits: int) -> tuple[list[float], float, float, dict[str, Any]]:
    """Draw some edits, look at what they would do, write them; returns their seconds and the answer."""
    drawn: list[float] = []
    for _ in range(200 * edits):
        tool, moves = pen.stroke()
        try:
            drawn.append(bench.ask(EditRedraw(session, tool, len(drawn), moves[-1]))[0])
        except CityError:
            continue
        if len(drawn) == edits:
            break
    seen, _ = bench.ask(ApplyRedraw(session), "drop")
    written, result = bench.ask(ApplyRedraw(session))
    return drawn, seen, written, result


def main() -> None:
    """Run and write the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", default="demo")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--store", type=Path, default=os.environ.get("DCM_REDRAW_STORE"))
    parser.add_argument("--window", action="store_true", help="drive the map tools in a QGIS, too (always at qingdao)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as scratch:
        store = Path(scratch) / "store.gpkg"
        if options.store:
            shutil.copy(options.store, store)
        else:
            made = make_tiny(Path(scratch)) if options.scale == "tiny" else make_store(options.scale, Path(scratch))
            made.rename(store)
        full = options.scale == "qingdao"
        figures, sizes = measure(store, full=full)
        if full or options.window:
            figures += window_figures(store, Path(scratch), full=full)
        born_before(store)
        bench = Bench(store)
        try:
            pen = Pen(grids_of(store), 11)
            figures += history_figures(bench, pen, store, Path(scratch), figure, full=full)
        finally:
            bench.engine.close()
    options.json.write_text(json.dumps({"figures": figures, "versions": versions(), "sizes": sizes}), encoding="utf-8")


def measure(store: Path, *, full: bool) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Return the figures, and the sizes of the city; bars of time are told at full size alone."""
    figures: list[dict[str, Any]] = []

    def say(name: str, value: float, unit: str, most: float | None = None) -> None:
        bar = None if most is None else f"<= {most:g} at qingdao"
        figures.append(figure(name, float(value), unit, bar, value <= most if full and most is not None else None))

    def hold(name: str, good: bool) -> None:
        figures.append(figure(name, float(good), "yes", "= 1", good))

    start, logs = digest(store)
    before = grids_of(store)
    bench = Bench(store)
    before_opening = bench.worked()
    seconds, opened = bench.ask(OpenRedraw())
    say("open the bench", seconds, "s", OPENING)
    say("open the bench, processor", bench.worked() - before_opening, "s")
    say("open it once more", bench.ask(OpenRedraw())[0], "s", OPENING)
    session = bench.ask(OpenRedraw())[1]["session"]
    taken, worked, used, cells = probes(bench, session, Pen(before, 5))
    say("pen move, median", float(np.median(taken)), "ms")
    say("pen move, p95", float(np.percentile(taken, 95)), "ms", PROBE)
    say("pen move, slowest", max(taken), "ms")
    say("pen move, p95 of the processor", float(np.percentile(worked, 95)), "ms")
    say("pen moves that have figures", 100 * used / len(taken), "%")
    say("cells told at each", cells / max(used, 1), "cells")
    pen, drawn, seen, written, operations = Pen(before, 7), [], [], [], []
    moved = dict.fromkeys(("components_moved", "cases_moved"), 0)
    for number in range(ROUNDS):
        edits, preview, apply, result = redraw_once(bench, session, pen, 1 + number % 4)
        drawn += edits
        seen.append(preview)
        written.append(apply)
        operations += [result["operation"]] if result["operation"] else []
        for name in moved:
            moved[name] += result["counts"][name]
        after = bench.ask(ProbeRedraw(session, "merge"))[0]  # the session stands on what was written
    say("an edit, p95", 1000 * float(np.percentile(drawn, 95)), "ms")
    say("preview, slowest", max(seen), "s", PREVIEW)
    say("apply, slowest", max(written), "s", APPLY)
    say("first question after apply", after, "s")
    say("components moved", moved["components_moved"], "components")
    say("cases moved", moved["cases_moved"], "cases")
    now = grids_of(store)
    hold("coverage valid", bool(shapely.coverage_is_valid(now)) or not shapely.coverage_is_valid(before))
    hold("area conserved", abs(math.fsum(shapely.area(now)) - math.fsum(shapely.area(before))) <= 1e-6 * len(now))
    findings = bench.ask(VerifyStore())[1]["counts"]["findings"]
    hold("the store holds by verifystore", findings == 0)
    back = [bench.ask(UndoOperation(operation))[0] for operation in reversed(operations)]
    say("taken back, slowest", max(back), "s")
    bench.engine.close()
    end, grown = digest(store)
    hold("all taken back, equal by digest", end == start)
    hold("logs have only grown", all(grown[name] >= size for name, size in logs.items()))
    counts = opened["counts"]
    return figures, {"grids": counts["cells"], "components": counts["components"], "cases of 90 days": counts["cases"]}


if __name__ == "__main__":
    main()

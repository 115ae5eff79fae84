# SPDX-License-Identifier: GPL-2.0-or-later
"""Grids of a whole city by the store: what the windows ask, drafted, adopted, checked, mended, taken back.

Each request is served in one process with one thread of work (``_draft_steps.py``); the draft once more by an engine
with its workers, stopped at some moments. The checks are compared with geopandas and with GEOS' own check of coverages.
Bars are those of a city of 190 km²: what the issue says of drafts, and what a user would wait for the rest.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.bridge.engine_client import EngineClient
from digital_citymgmt_plugin.core.errors import Cancelled
from digital_citymgmt_plugin.core.requests import AdoptGrids, CheckGrids, Layer, OpenStore, UndoOperation
from digital_citymgmt_plugin.core.requests_draft import DraftSources
from digital_citymgmt_plugin.storage.blob import from_blobs, register_functions, to_blobs
from scripts.benchmarks._draft_steps import asked
from scripts.benchmarks._draft_store import build, draft_request
from scripts.benchmarks.importcomponents import figure

MOMENTS = (0.02, 0.1, 0.5)  # of a draft, at which it is stopped; later ones only take longer
SHRUNK, BY, TOLERANCE = 40, 0.15, 0.5  # each so many-th grid is drawn in by so many m and mended within so many
PLANTED = 200  # at most

GEOPANDAS = """
import sys
import geopandas as gpd
store = sys.argv[1]
read = lambda layer, **more: gpd.read_file(store, layer=layer, engine="pyogrio", **more)
grids = read("unit_grid", where="status = 'current'")[["code", "geometry"]].reset_index(drop=True)
homes = read("admin_area", where="level = 'community' AND valid_to IS NULL")[["geometry"]]
houses = read("base_area", where="theme = 'building'")[["geometry"]]
points = read("component_point", columns=["grid_code"])
pairs = grids.sjoin(grids, predicate="overlaps")
gaps = homes.overlay(grids[["geometry"]], how="difference", keep_geom_type=True)
across = grids.overlay(homes, how="intersection", keep_geom_type=True)
cut = houses.reset_index().overlay(grids[["geometry"]], how="intersection", keep_geom_type=True)
cut = cut["index"].duplicated().sum()
there = points.sjoin(grids, how="left", predicate="within")
lost = (there["code"] != there["grid_code"]).sum()
print(len(pairs), gaps.area.sum(), len(across) - len(grids), cut, lost)
"""
COVERAGE = """
import sys
import geopandas as gpd, shapely
cells = gpd.read_file(sys.argv[1], layer="unit_grid", where="status = 'current'", engine="pyogrio").geometry.values
parts = shapely.get_parts(cells)
print(shapely.length(shapely.coverage_invalid_edges(parts)).sum())
"""


class Told:
    """Gathers figures of one city; bars count at full size only."""

    def __init__(self, name: str, km2: float) -> None:
        self.name, self.large, self.rows = name, km2 > 100, []  # type: ignore[var-annotated]

    def say(self, text: str, value: float, unit: str, most: float | None = None) -> None:
        """Add a figure that must be at most ``most``."""
        bar = None if most is None else f"<= {most:g}" + ("" if self.large else " at qingdao")
        holds = value <= most if most is not None and self.large else None
        self.rows.append(figure(f"{self.name}: {text}", value, unit, bar, holds))
        print(f"[draftgrids] {self.name}: {text} {value:.3g} {unit}", flush=True)

    def step(self, text: str, found: dict[str, Any], seconds: float | None, memory: float | None) -> None:
        """Add the figures of a request."""
        self.say(text, found["cpu"], "CPU s", seconds)
        self.say(f"{text}: peak memory", found["mb"], "MB", memory)
        self.say(f"{text}: longest that a stop takes", found["unasked"], "CPU s", 1.0)


def engine_figures(city: Path, name: str, scratch: Path) -> list[dict[str, Any]]:
    """Build the store of a demo city, have everything done and return the figures."""
    store, output = scratch / f"{name}.gpkg", scratch / f"{name}_draft.gpkg"
    began = time.perf_counter()
    build(city, store)
    filled = time.perf_counter() - began
    (found,) = asked(store, [DraftSources()], keep=True)
    sources = found["result"]
    told = Told(name, sum(one["area"] for one in sources["communities"]) / 1e6)
    told.say("store filled (areas, grids, components, base map, codes)", filled, "s")
    told.say("what the window asks first", found["cpu"], "CPU s", 1.0)
    _previews(told, store, sources, scratch)
    drafted = asked(store, [draft_request(sources, output)])[0]
    told.step("draft from the store, one process", drafted, 120.0, 1200.0)
    told.say("draft from the store: longest without a word", drafted["untold"], "CPU s", 10.0)
    told.say("draft from the store: cells", drafted["counts"]["cells"], "rows")
    _stopped(told, store, sources, scratch)
    adopted = scratch / f"{name}_adopted.gpkg"
    shutil.copy(store, adopted)
    told.step("draft adopted", asked(adopted, [AdoptGrids(Layer(str(output)))])[0], 60.0, 1500.0)
    if not sources["counts"]["grids"]:  # a city without grids of its own goes on with these
        shutil.copy(adopted, store)
    told.step("adoption taken back", asked(adopted, [UndoOperation("last")])[0], 60.0, 1500.0)
    adopted.unlink()
    _checks(told, store)
    return told.rows


def _previews(told: Told, store: Path, sources: dict[str, Any], scratch: Path) -> None:
    """Preview communities one after the other in one engine, as the window does when another is chosen."""
    by_size = sorted(sources["communities"], key=lambda one: (one["area"], one["code"]))
    chosen = [by_size[-1], *by_size[:: max(len(by_size) // (8 if told.large else 2), 1)]]
    requests = [draft_request(sources, scratch / "one.gpkg", one["code"]) for one in chosen]
    found = asked(store, [requests[0], *requests])
    told.say("preview of the largest community, the first in a session", found[0]["cpu"], "CPU s")
    seconds = [one["cpu"] for one in found[1:]]
    told.say("preview of the largest community", seconds[0], "CPU s")
    told.say("preview of a community, median", float(np.median(seconds[1:])), "CPU s", 1.0)


def _stopped(told: Told, store: Path, sources: dict[str, Any], scratch: Path) -> None:
    """Let an engine draft with its workers, then stop it at some moments; its output must not be there."""
    output = scratch / "stopped.gpkg"
    engine = EngineClient(sys.executable)
    try:
        engine.call(OpenStore(str(store)))
        began = time.perf_counter()
        engine.call(draft_request(sources, output))
        whole = time.perf_counter() - began
        told.say("draft from the store, engine with its workers", whole, "s")
        output.unlink()
        longest = 0.0
        for moment in MOMENTS if told.large else MOMENTS[1:2]:
            asked_at: list[float] = []
            began = time.perf_counter()

            def stop(at: float = began + moment * whole, when: list[float] = asked_at) -> bool:
                if time.perf_counter() < at:
                    return False
                when.append(time.perf_counter())
                return True

            with contextlib.suppress(Cancelled):
                engine.call(draft_request(sources, output), is_cancelled=stop)
            if asked_at and not output.exists():
                longest = max(longest, time.perf_counter() - asked_at[0])
        told.say("draft stopped in the engine, longest wait", longest, "s", 1.0)
    finally:
        engine.close()


def _checks(told: Told, store: Path) -> None:
    (checked,) = asked(store, [CheckGrids()])
    told.step("check of all grids", checked, 60.0, 1500.0)
    told.say("check of all grids: findings", checked["counts"]["found"], "findings")
    for name, script in (("geopandas", GEOPANDAS), ("GEOS coverage", COVERAGE)):
        began = os.times()
        done = subprocess.run([sys.executable, "-c", script, str(store)], check=False, capture_output=True, text=True)
        ended = os.times()
        if done.returncode == 0:
            used = ended.children_user + ended.children_system - began.children_user - began.children_system
            told.say(f"check by {name}", used, "CPU s")
            print(f"[draftgrids] {name} says: {done.stdout.strip()}", flush=True)
    shrunk = plant(store)
    before = _grids(store)
    told.step("repair seen before", asked(store, [CheckGrids(repair=TOLERANCE)], preview="drop")[0], 60.0, 1500.0)
    if _grids(store) != before:
        raise SystemExit("a preview changed the grids")
    (mended,) = asked(store, [CheckGrids(repair=TOLERANCE)])
    told.step("repair", mended, 60.0, 1500.0)
    told.say("repair: gaps planted", shrunk, "rows")
    told.say("repair: gaps left alone", mended["counts"]["left_alone"], "rows")
    told.step("repair taken back", asked(store, [UndoOperation("last")])[0], 60.0, 1500.0)
    told.say("repair taken back: grids that differ", len(before ^ _grids(store)), "rows", 0.0)


def _grids(store: Path) -> set[Any]:
    with contextlib.closing(sqlite3.connect(store)) as connection:
        return set(connection.execute("SELECT code, uuid, community_code, status, hex(geom) FROM unit_grid"))


def plant(store: Path) -> int:
    """Draw grids in, past the triggers that forbid it: each leaves a gap all around; returns how many."""
    guards = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'unit_grid' AND sql LIKE '%RAISE%'"
    )
    with contextlib.closing(sqlite3.connect(store)) as connection, connection:
        register_functions(connection)  # the R-tree triggers call them
        triggers = connection.execute(guards).fetchall()
        for name, _ in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        rows = connection.execute("SELECT fid, geom FROM unit_grid WHERE status = 'current' ORDER BY fid").fetchall()
        chosen = rows[:: max(SHRUNK, len(rows) // PLANTED)]
        (srs,) = connection.execute(
            "SELECT srs_id FROM gpkg_geometry_columns WHERE table_name = 'unit_grid'"
        ).fetchone()
        shapes = shapely.buffer(from_blobs([blob for _, blob in chosen]), -BY, join_style="mitre")
        whole = np.array([shapely.multipolygons(shapely.get_parts([one])) for one in shapes], dtype=object)
        values = [(blob, fid) for (fid, _), blob in zip(chosen, to_blobs(whole, srs))]
        connection.executemany("UPDATE unit_grid SET geom = ? WHERE fid = ?", values)
        for _, text in triggers:
            connection.execute(text)
    return len(chosen)

# SPDX-License-Identifier: GPL-2.0-or-later
"""All checks on a census: a whole run, its peak of memory, and a run of 500 changed components, each in an engine."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.bridge.engine_client import EngineClient
from digital_citymgmt_plugin.core.requests import CheckComponents, OpenStore
from digital_citymgmt_plugin.storage.blob import register_functions
from scripts.benchmarks.importcomponents import figure, peak_memory

CHANGED = 500
BARS = {"all": 120.0, "memory": 2_048.0, "changed": 2.0}  # s, MB, s; of a whole census (qingdao)


def change(store: Path, count: int) -> int:
    """Change components as someone does in plain QGIS: ``component_change`` gets a row of each; returns how many."""
    with sqlite3.connect(store) as connection:
        register_functions(connection)  # the R-tree triggers call them
        last = connection.execute("SELECT max(fid) FROM component_point").fetchone()[0]
        step = max(1, last // count)
        fids = [(fid,) for fid in range(1, last + 1, step)][:count]
        connection.executemany("UPDATE component_point SET remark = 'seen again', state = '破损' WHERE fid = ?", fids)
    connection.close()
    return len(fids)


def figures(folder: Path, store_path: Path, scale: str) -> list[dict[str, Any]]:
    """Check a copy of a coded store: everything, then what changed; returns the figures with their bars."""
    store = folder / "checks.gpkg"
    shutil.copy(store_path, store)
    engine = EngineClient(sys.executable)
    engine.call(OpenStore(str(store)))
    began = time.perf_counter()
    whole = engine.call(CheckComponents())
    seconds, peak = time.perf_counter() - began, peak_memory(engine.pid) or 0.0
    engine.close()
    changed = change(store, CHANGED)
    engine = EngineClient(sys.executable)
    engine.call(OpenStore(str(store)))
    began = time.perf_counter()
    again = engine.call(CheckComponents("changed"))
    seconds_changed = time.perf_counter() - began
    engine.close()
    if again["scope"] != "changed" or again["counts"]["components"] < changed:
        raise SystemExit(f"{again['counts']['components']} components were checked again, {changed} had changed")
    large = scale == "qingdao"

    def told(name: str, value: float, unit: str, bar: str) -> dict[str, Any]:
        limit = BARS[bar]
        return figure(f"checks: {name}", value, unit, f"<= {limit:g} at qingdao", value <= limit if large else None)

    return [
        figure("checks: components", float(whole["counts"]["components"]), "components"),
        figure("checks: findings", float(whole["counts"]["found"]), "findings"),
        told("all rules on all components", seconds, "s", "all"),
        told("peak of the engine", peak, "MB", "memory"),
        told(f"{changed} changed checked again", seconds_changed, "s", "changed"),
    ]

# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole census taken back, before and after its codes: seconds, the engine's peak memory, tables equal by digest.

The digest covers every value of every row of every table, ``fid``, ``uuid`` and times included, all R-trees and all
extents; the logs aside (operation, code_register, component_change, undo_journal), which must have grown.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import sqlite3
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
    Request,
    UndoOperation,
    VerifyStore,
)
from scripts.benchmarks._city import CRS, make
from scripts.benchmarks._versions import versions

_LOGS = ("operation", "code_register", "component_change", "undo_journal")


def digest(path: Path) -> tuple[str, dict[str, int]]:
    """Return the digest of all that must be equal, and how many rows the logs have."""
    whole = hashlib.sha256()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        names = [name for (name,) in rows]
        for name in names:
            parts = name.endswith(("_node", "_parent", "_rowid")) and name.startswith("rtree_")
            if name in (*_LOGS, "gpkg_contents") or name.startswith("sqlite_") or parts:
                continue
            whole.update(name.encode())
            for row in connection.execute(f'SELECT * FROM "{name}" ORDER BY 1'):  # noqa: S608
                whole.update(repr(row).encode())
        query = "SELECT table_name, min_x, min_y, max_x, max_y FROM gpkg_contents ORDER BY 1"
        whole.update(repr(connection.execute(query).fetchall()).encode())
        sizes = {}
        for name in _LOGS:
            sizes[name] = connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608
    return whole.hexdigest(), sizes


def timed(path: Path, request: Request) -> tuple[float, float, dict[str, Any]]:
    """Serve one request in an engine of its own; returns seconds, its peak memory in MiB and the result."""
    engine = EngineClient(sys.executable)
    engine.call(OpenStore(str(path)))
    began = time.perf_counter()
    result = engine.call(request)
    seconds = time.perf_counter() - began
    peak = 0.0
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{engine.pid}/status").read_text(encoding="utf-8")
        peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    engine.close()
    return seconds, peak, result


def main() -> None:
    """Run and write the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", default="demo")
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    figures: list[dict[str, Any]] = []

    def say(name: str, value: Any, unit: str, bar: str | None = None, holds: bool | None = None) -> None:
        figures.append({"name": name, "value": float(value), "unit": unit, "bar": bar, "holds": holds})

    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as scratch:
        folder = Path(scratch)
        sizes = make(folder, arguments.scale)
        path = folder / "city.gpkg"
        engine = EngineClient(sys.executable)
        engine.call(CreateStore(str(path), "2013", "320681", "启东市", CRS))
        engine.call(ImportAreas(Layer(str(folder / "communities.gpkg")), "community", "code", "name"))
        engine.call(AdoptGrids(Layer(str(folder / "grids.gpkg"))))
        engine.close()
        empty, logs = digest(path)
        census = ImportComponents(Layer(str(folder / "components.gpkg")), class_field="class")
        seconds, _, result = timed(path, census)
        operation = result["operation"]
        say("import", round(seconds, 2), "s")
        uncoded, _ = digest(path)
        seconds, _, result = timed(path, AssignCodes())
        say("assign codes", round(seconds, 2), "s")
        coding = result["operation"]
        for name, asked, wanted in (
            ("codes taken back", UndoOperation(coding), uncoded),
            ("import taken back", UndoOperation(operation), empty),
        ):
            seconds, peak, result = timed(path, asked)
            found, grown = digest(path)
            say(name, round(seconds, 2), "s")
            small = peak <= 1536 if arguments.scale == "qingdao" else None
            say(f"{name}, peak memory", round(peak), "MB", "<= 1536 at qingdao", small)
            say(f"{name}, tables equal", found == wanted, "yes", "= 1", found == wanted)
            more = all(grown[log] >= logs[log] for log in logs) and grown["operation"] > logs["operation"]
            say(f"{name}, logs grown", more, "yes", "= 1", more)
            logs = grown
        seconds, peak, result = timed(path, UndoOperation("last"))
        found, _ = digest(path)
        say("import brought back", round(seconds, 2), "s")
        say("import brought back, tables equal", found == uncoded, "yes", "= 1", found == uncoded)
        found_faults = timed(path, VerifyStore())[2]["counts"]["findings"]
        say("findings of verifystore", found_faults, "rows", "= 0", found_faults == 0)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            size = connection.execute("SELECT total(length(old)) FROM undo_journal").fetchone()[0]
        say("undo journal", round(size / 2**20, 1), "MB")
    arguments.json.write_text(
        json.dumps({"figures": figures, "versions": versions(), "sizes": sizes}), encoding="utf-8"
    )


if __name__ == "__main__":
    main()

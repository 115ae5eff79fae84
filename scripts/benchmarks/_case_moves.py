# SPDX-License-Identifier: GPL-2.0-or-later
"""The logs of all cases replayed against their rows, and 10,000 cases moved at once: looked at, moved, taken back."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.bridge.engine_client import EngineClient
from digital_citymgmt_plugin.core.requests import CloseStore, MoveCases, OpenStore, UndoOperation
from digital_citymgmt_plugin.storage.gpkg import connect
from digital_citymgmt_plugin.storage.verifying.base import Run
from digital_citymgmt_plugin.storage.verifying.case_logs import clock_of, differences
from scripts.benchmarks.importcomponents import figure

MOVED = 10_000
_REPLAY = 60.0  # s of CPU, a million cases
_MOVE = 15.0  # s, 10,000 cases
_OPEN = "SELECT fid FROM case_record WHERE stage IN ('dispatch', 'disposal', 'parked', 'check') ORDER BY fid LIMIT ?"


def log_figures(store: Path) -> list[dict[str, Any]]:
    """Replay the log of every case of a store; CPU seconds of one core, since a machine may be shared."""
    with contextlib.closing(connect(str(store))) as connection:
        cases = int(connection.execute("SELECT count(*) FROM case_record").fetchone()[0])
        events = int(connection.execute("SELECT count(*) FROM case_event").fetchone()[0])
        began = time.process_time()
        unlike = sum(len(part) for part in differences(Run(connection), clock_of(connection)))
        seconds = time.process_time() - began
    large = cases >= 1_000_000
    return [
        figure(f"{cases:,} cases, {events:,} events replayed, CPU", seconds, "s", f"<= {_REPLAY:g} s for 1,000,000",
               seconds <= _REPLAY if large else None),
        figure("cases that differ from their logs", unlike, "cases", "0", unlike == 0),
    ]  # fmt: skip


def move_figures(store: Path) -> list[dict[str, Any]]:
    """Supervise up to 10,000 open cases in the engine, and take it back."""
    with contextlib.closing(sqlite3.connect(store)) as connection:
        fids = [int(row[0]) for row in connection.execute(_OPEN, (MOVED,))]
    engine = EngineClient(sys.executable)
    engine.call(OpenStore(str(store)))
    figures = []
    large = len(fids) == MOVED
    operation = ""
    for name in ("looked at (dry run)", "moved", "taken back"):
        asked = MoveCases(fids, "supervise", "commander", reason="超时", dry_run=name != "moved")
        request = UndoOperation(operation) if name == "taken back" else asked
        began = time.perf_counter()
        answer = engine.call(request)
        seconds = time.perf_counter() - began
        operation = str(answer.get("operation") or operation)
        bar = f"<= {_MOVE:g} s for {MOVED:,}"
        figures.append(figure(f"{len(fids):,} cases {name}", seconds, "s", bar, seconds <= _MOVE if large else None))
    engine.call(CloseStore())
    engine.close()
    return figures

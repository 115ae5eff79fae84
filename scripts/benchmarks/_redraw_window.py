# SPDX-License-Identifier: GPL-2.0-or-later
"""The redraw bench in a real QGIS window: its map tools driven by mouse events (``scripts/walkthrough_pace.py``)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from scripts.benchmarks.importcomponents import figure

ROOT = Path(__file__).resolve().parents[2]
PANEL = 50.0  # ms from a move of the mouse to the panel with the figures of that place, 95 of 100
UNITS = (", ms", "ms"), (", s", "s"), ("a second", "1/s")


def window_figures(store: Path, folder: Path, *, full: bool) -> list[dict[str, Any]]:
    """Draw in a QGIS under Xvfb with a store that no engine holds; returns what was measured, the bar at full size."""
    out = folder / "window"
    command = [sys.executable, str(ROOT / "scripts" / "walkthrough.py"), "--redraw", "--store", str(store)]
    subprocess.run([*command, "--out", str(out), "--locale", "en_US"], check=True, cwd=ROOT)
    found = json.loads((out / "findings.json").read_text(encoding="utf-8"))["figures"]
    rows = []
    for words, value in found.items():
        unit = next((unit for end, unit in UNITS if words.endswith(end)), "")
        judged = words == "panel at a move of the pen, p95, ms"
        bar = f"<= {PANEL:g} at qingdao" if judged else None
        rows.append(figure(f"window: {words}", value, unit, bar, value <= PANEL if judged and full else None))
    return rows

# SPDX-License-Identifier: GPL-2.0-or-later
"""Seeded errors: how many of the planted ones the checks name, and how much they say that was not planted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from scripts.benchmarks.importcomponents import figure
from scripts.demo_city.__main__ import main as make_city
from scripts.plant_errors import plant
from scripts.planting.scoring import issues, score
from scripts.planting.stores import finished

SIZES = {"tiny": ("tiny", 300), "demo": ("tiny", 300), "qidong": ("qidong", 2_200), "qingdao": ("qidong", 2_200)}


def figures(folder: Path, store: Path, scale: str) -> list[dict[str, Any]]:
    """Plant into the demo city (its census, not that of ``store``) and compare with a run on the clean one."""
    size, count = SIZES[scale]
    make_city(["--size", size, "--out", str(folder / "data")])
    clean, planted = folder / "clean.gpkg", folder / "planted.gpkg"
    components = finished(folder / "data", clean)
    truth = plant(clean, planted, count)
    found = score(truth, issues(clean, sys.executable), issues(planted, sys.executable))
    false, most = float(len(found.false)), 0.001 * components
    kinds = len({one.kind for one in truth})
    at = "at qidong's size" if size == "qidong" else ""
    return [
        figure(f"census: planted errors {at}".strip(), float(len(truth)), "rows", f">= {count}", len(truth) >= count),
        figure("census: kinds of planted errors", float(kinds), "rows", ">= 25", kinds >= 25),
        figure("census: planted errors that are not named", float(len(found.missed)), "rows", "0", not found.missed),
        figure("census: issues that nothing planted explains", false, "rows", f"< {most:.1f} (0.1 %)", false < most),
    ]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Beats against others that divide graphs: how even, in how many pieces, how many grids change hands, how long.

Cities come from ``DCM_CITIES`` (folders ``city_qidong``, ``city_qingdao`` of ``scripts.demo_city``); without it a board
of squares stands for one. Others run with the Python that ``DCM_BEAT_PEERS`` names (one with spopt, pymetis,
gerrychain, in an environment of its own) on the same graph; without it ours is measured alone. The bars are for ours.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from digital_citymgmt_plugin.core.grids.beat_ground import Ground, ground_of
from digital_citymgmt_plugin.core.grids.beat_start import pieces_of
from digital_citymgmt_plugin.core.grids.beats import BeatOptions, draft_beats
from digital_citymgmt_plugin.core.grids.locate import locate_points
from scripts.benchmarks._versions import versions
from scripts.benchmarks.importcomponents import figure

PEERS = ("pymetis", "gerrychain", "spopt_maxp", "spopt_skater")
BEATS = {"board": 12, "qidong": 25, "qingdao": 200}
SECONDS = {"qidong": 10.0}  # the bar of a draft
PATIENCE = 100.0  # s for another's
MOVES = 15


def city(folder: Path) -> tuple[NDArray[Any], dict[str, NDArray[np.float64]]]:
    """Read unit grids, their area, and how many components of each kind of shape lie in them."""
    import pyogrio

    def shapes(path: Path) -> NDArray[Any]:
        return np.asarray(shapely.from_wkb(pyogrio.raw.read(str(path), columns=[])[2]), dtype=object)

    grids = shapes(folder / "grids.gpkg")
    at = locate_points(shapes(folder / "components" / "components_point.gpkg"), grids)
    return grids, {"area": shapely.area(grids), "components": np.bincount(at[at >= 0], minlength=len(grids)) * 1.0}


def board() -> tuple[NDArray[Any], dict[str, NDArray[np.float64]]]:
    """Return squares of uneven load."""
    cells = [shapely.box(x * 200, y * 200, x * 200 + 200, y * 200 + 200) for y in range(12) for x in range(16)]
    load = np.random.default_rng(1).gamma(2, 10, len(cells)).round() + 1
    return np.array(cells, dtype=object), {"components": load}


def judged(ground: Ground, load: NDArray[np.float64], label: list[int], today: NDArray[np.int64] | None) -> dict:
    """Judge a division by one measure, whoever made it: parts are matched with today's so that most grids stay."""
    _known, parts = np.unique(np.array(label), return_inverse=True)
    count = int(parts.max()) + 1
    sums = np.bincount(parts, weights=load)
    found = {
        "beats": count, "uneven_pct": 100 * float(np.abs(sums / (load.sum() / count) - 1).max()),
        "pieces": max(len(pieces_of(ground, np.flatnonzero(parts == part).tolist())) for part in range(count)),
        "cut_km": sum(
            length for one, row in enumerate(ground.near) for other, length in row
            if one < other and parts[one] != parts[other]
        ) / 1000,
    }  # fmt: skip
    if today is not None:
        common = np.zeros((int(today.max()) + 1, count))
        np.add.at(common, (today, parts), 1)
        kept = common[linear_sum_assignment(-common)].sum()
        found["moves"] = int(len(label) - kept)
    return found


def ours(ground: Ground, load: NDArray[np.float64], count: int, options: BeatOptions | None = None) -> dict[str, Any]:
    """Draft with ours."""
    began, cpu = time.perf_counter(), time.process_time()
    draft = draft_beats(ground, load, count, options)
    used = time.process_time() - cpu
    return {"labels": draft.beat.tolist(), "seconds": time.perf_counter() - began, "cpu": used}


def other(name: str, python: str, task: dict[str, Any]) -> dict[str, Any] | None:
    """Have another do the task; None when it fails or takes too long (said)."""
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder) / "task.json", Path(folder) / "out.json"
        given.write_text(json.dumps(task), encoding="utf-8")
        command = [python, str(Path(__file__).with_name("_beat_peers.py")), name, str(given), str(out)]
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            print(f"[draftbeats] {name}: not done after {PATIENCE:.0f} s", flush=True)
            return None
        if done.returncode or not out.exists():
            print(f"[draftbeats] {name}: {(done.stderr.strip().splitlines() or ['failed'])[-1][:160]}", flush=True)
            return None
        found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return found


def measure(place: str, grids: NDArray[Any], loads: dict[str, NDArray[np.float64]], python: str | None) -> list[dict]:
    """Measure one place: each load from scratch, then from beats that were even in another load."""
    ground, count, figures = ground_of(grids), BEATS[place], []
    # Today's beats: even in a load that was another (what was counted some years ago).
    old = next(iter(loads.values())) * np.random.default_rng(7).uniform(0.4, 1.6, len(grids))
    today = draft_beats(ground, old, count, BeatOptions(seed=3)).beat
    edges = [[one, two] for one, row in enumerate(ground.near) for two, _ in row if one < two]
    for name, load in loads.items():
        task = {"edges": edges, "load": load.tolist(), "count": count, "places": ground.place.tolist()}
        before = judged(ground, load, today.tolist(), None)["uneven_pct"]
        figures.append(figure(f"{place} {name}: today uneven", before, "%", None, None))
        rows: dict[str, dict[str, Any] | None] = {
            "ours anew": ours(ground, load, count),
            f"ours from today, {MOVES} moves": ours(ground, load, count, BeatOptions(start=today, moves=MOVES)),
            "ours from today": ours(ground, load, count, BeatOptions(start=today)),
        }
        rows.update({peer: other(peer, python, task) for peer in PEERS} if python else {})
        for who, done in rows.items():
            if done is None:
                continue
            for key, value in judged(ground, load, done["labels"], today).items():
                figures.append(_with_bar(place, name, who, key, value))
            figures.append(_with_bar(place, name, who, "seconds", done["seconds"]))
            figures.append(_with_bar(place, name, who, "CPU seconds", done["cpu"]))
    return figures


def _with_bar(place: str, load: str, who: str, key: str, value: float) -> dict[str, Any]:
    """Return a figure; ours has bars: 5 %, one piece, 10 s (CPU: others may be at work), the moves allowed."""
    bars: dict[str, float] = {"pieces": 1}
    if who in ("ours anew", "ours from today"):
        bars["uneven_pct"] = 5.0
    if place in SECONDS:
        bars["CPU seconds"] = SECONDS[place]
    if "moves" in who:
        bars["moves"] = MOVES
    bar = bars.get(key) if who.startswith("ours") else None
    return figure(f"{place} {load}: {who}, {key}", value, "", bar, None if bar is None else value <= bar + 1e-6)


def main() -> int:
    """Measure; 1 when a bar does not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", default="demo", choices=["tiny", "demo", "qidong", "qingdao"])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder, python = os.environ.get("DCM_CITIES"), os.environ.get("DCM_BEAT_PEERS")
    places: dict[str, Any] = {}
    for name in ("qidong", "qingdao"):
        there = Path(folder or "") / f"city_{name}"
        if folder and (there / "grids.gpkg").exists() and options.scale in (name, "qingdao"):
            places[name] = lambda there=there: city(there)
    if not places:
        places["board"] = board
    figures, sizes = [], {}
    for name, read in places.items():
        grids, loads = read()
        sizes[f"grids_{name}"] = len(grids)
        print(f"[draftbeats] {name}: {len(grids)} grids, {BEATS[name]} beats", flush=True)
        figures += measure(name, grids, loads, python)
    result = {"figures": figures, "versions": versions(), "sizes": sizes}
    if options.json:
        options.json.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    else:
        for one in figures:
            value = f"{one['value']:.4g}" if isinstance(one["value"], float) else one["value"]
            print(f"{one['name']:<60} {value} {one['unit']} {one['bar'] or ''} {one['holds']}")
    return 0 if all(one["holds"] in (True, None) for one in figures) else 1


if __name__ == "__main__":
    sys.exit(main())

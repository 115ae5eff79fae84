# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmarks run at a tiny size and write what ``bench.py`` gathers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import bench

ROOT = Path(__file__).resolve().parents[2]
# The canvas is measured in the real desktop: minutes, and no peer. What is in it is tested in test_bench_canvas.py.
NAMES = [name for name in bench.names() if name != "canvas"]

UNITS = (
    "s", "CPU s", "ms", "ratio", "x", "%", "MB", "yes", "rows", "pairs", "components", "findings", "photos", "cells",
    "cases", "operations", "redraws", "bytes",
)  # fmt: skip
SPEED = frozenset(("s", "CPU s", "ms", "ratio", "x", "MB"))  # their bars are for large sizes
WITH_PEERS = {"assigncodes", "importcomponents", "cases"}


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_writes_figures_versions_and_sizes(name, tmp_path):
    out = tmp_path / "figures.json"
    script = ROOT / "scripts" / "benchmarks" / f"{name}.py"
    command = [sys.executable, str(script), "--scale", "tiny", "--json", str(out)]
    if name in WITH_PEERS:
        command += ["--runs", "1"]
    if name == "draftgrids":  # real maps are drafted in tests/real
        command += ["--ground", "demo", "--ground", "store", "--method", "ours", "--method", "squares"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text(encoding="utf-8"))
    assert set(found) == {"figures", "versions", "sizes"}
    if name in ("draftgrids", "draftbeats"):  # sizes in km² and grids; quality is met or missed at any size
        assert found["sizes"] and all(figure["holds"] in (True, False, None) for figure in found["figures"])
        return
    assert found["sizes"]["components"] == 300
    assert {"python", "sqlite", "numpy", "shapely", "geopandas", "gdal of pyogrio"} <= set(found["versions"])
    assert all(isinstance(version, str) and version[0].isdigit() for version in found["versions"].values())
    names = [figure["name"] for figure in found["figures"]]
    assert len(set(names)) == len(names)
    assert any(" / " in each for each in names) or name not in WITH_PEERS, "a ratio to a peer"
    for figure in found["figures"]:
        assert set(figure) == {"name", "value", "unit", "bar", "holds"}
        assert isinstance(figure["value"], float) and figure["unit"] in UNITS
        right = (True,) if figure["unit"] in ("yes", "rows") else (None,) if figure["unit"] in SPEED else (True, None)
        assert figure["holds"] in right, figure
    assert bench.table(found["figures"]).count("\n") == len(names)


def test_there_is_a_benchmark_of_each_main_job():
    assert {"assigncodes", "importcomponents"} <= set(NAMES)


def test_a_benchmark_that_fails_does_not_hold(monkeypatch, tmp_path):
    (tmp_path / "broken.py").write_text("raise SystemExit(3)", encoding="utf-8")
    monkeypatch.setattr(bench, "BENCHMARKS", tmp_path)
    (figure,) = bench.run("broken", "tiny")["figures"]
    assert (figure["name"], figure["holds"]) == ("broken: ended with 3", False)

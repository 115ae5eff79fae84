# SPDX-License-Identifier: GPL-2.0-or-later
"""Panning the map of a whole city in the real desktop at 1:5,000 with all layers on: frames a second, and opening.

QGIS runs under Xvfb with the plugin's project (no plugin, so that nothing but drawing is in it). The map is dragged by
mouse events for some seconds in each direction, in the middle of the old town and half way to the edge. A frame is a
paint of the canvas while the mouse is down, as the user sees it (the map that is there, moved, with the parts QGIS has
drawn ahead). Told beside it, without a bar: how long after each drag the whole new view is drawn anew, all layers.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.benchmarks._canvas_store import build
from scripts.benchmarks._city import CRS
from scripts.benchmarks._versions import versions

ROOT = Path(__file__).resolve().parents[2]
FRAMES = 10.0  # a second
OPENING = 5.0  # seconds
PATIENCE = 900

# Writes the project, in a QGIS without a window.
_PROJECT = """
import os, sys
sys.path.insert(0, sys.argv[1])
from qgis.core import QgsApplication
application = QgsApplication([], True)
application.initQgis()
from digital_citymgmt_plugin.bridge.project import write_project
write_project(sys.argv[2], sys.argv[3], "启东市", sys.argv[4])
sys.stdout.flush()
os._exit(0)
"""


def make_project(store: Path, project: Path) -> None:
    """Write the project of a store."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", _PROJECT, str(ROOT), str(store), str(project), CRS]
    subprocess.run(command, check=True, env=environment)


def pan(project: Path, folder: Path, pictures: Path | None) -> dict[str, Any]:
    """Pan the project's map in the desktop; returns what ``_canvas_steps.py`` measured."""
    profile = folder / "profiles" / "profiles" / "bench" / "QGIS"
    profile.mkdir(parents=True)
    (profile / "QGIS3.ini").write_text(
        "[qgis]\ncheckVersion=false\nshowTips=false\nnewsFeed\\enabled=false\nparallel_rendering=true\n"
        "[core]\nNewsFeed\\http\\feedqgisorg\\disabled=true\n",
        encoding="utf-8",
    )
    (folder / "run").mkdir(mode=0o700)
    environment = {
        **os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder / "run"), "LC_ALL": "C.UTF-8",
        "DCM_CANVAS_PROJECT": str(project), "DCM_CANVAS_OUT": str(folder / "found.json"),
        "DCM_CANVAS_PICTURES": str(pictures or ""),
    }  # fmt: skip
    for name in ("QT_QPA_PLATFORM", "QGIS_CUSTOM_CONFIG_PATH"):
        environment.pop(name, None)
    command = ["xvfb-run", "-a", "-s", "-screen 0 1920x1080x24", "qgis", "--nologo", "--noversioncheck", "--noplugins"]
    command += ["--profiles-path", str(folder / "profiles"), "--profile", "bench"]
    command += ["--code", str(Path(__file__).with_name("_canvas_steps.py"))]
    with (folder / "qgis.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            pass
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    found: dict[str, Any] = json.loads((folder / "found.json").read_text(encoding="utf-8"))
    if found.get("error"):
        raise SystemExit(found["error"])
    return found


def figures(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Set out what was measured, each figure with its bar."""
    opening = found["opening"]
    rows = [
        {"name": "canvas: project opens", "value": opening, "unit": "s", "bar": OPENING, "holds": opening <= OPENING},
        {"name": "canvas: first map drawn after opening", "value": found["first_map"], "unit": "s"},
    ]
    for place, drags in found["places"].items():
        slowest = min(drag["frames"] for drag in drags)
        rows.append(
            {"name": f"canvas: frames a second, slowest drag, {place}", "value": slowest, "unit": "1/s",
             "bar": FRAMES, "holds": slowest >= FRAMES}
        )  # fmt: skip
        for name, words, unit in (
            ("longest_gap", "longest time between two frames", "s"),
            ("redrawn", "whole view drawn anew after a drag (longest)", "s"),
        ):
            value = max(drag[name] for drag in drags)
            rows.append({"name": f"canvas: {words}, {place}", "value": value, "unit": unit})
        rows.append({"name": f"canvas: components in view, {place}", "value": drags[0]["components"], "unit": ""})
    return [{"bar": None, "holds": None, **row} for row in rows]


def main() -> None:
    """Run and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", default="demo", choices=["tiny", "demo", "qidong", "qingdao"])
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--store", type=Path, help="an existing city store (made when not given)")
    parser.add_argument("--pictures", type=Path, help="folder for pictures of the map at each place")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dcm-canvas-") as scratch:
        folder = Path(scratch)
        store = options.store or folder / "city.gpkg"
        sizes = {} if options.store else build(options.scale, store)
        project = store.with_name("canvas.qgz")
        make_project(store, project)
        sizes["project_bytes"] = project.stat().st_size
        found = pan(project, folder, options.pictures)
    sizes["canvas_pixels"] = found["pixels"]
    text = json.dumps({"figures": figures(found), "versions": versions(), "sizes": sizes}, ensure_ascii=False, indent=1)
    options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

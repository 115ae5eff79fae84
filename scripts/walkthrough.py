# SPDX-License-Identifier: GPL-2.0-or-later
"""Walk through the main job in a real QGIS window with mouse and keyboard; read the store for each click's effect.

``bash scripts/run_walkthrough.sh [--out build/walkthrough] [--locale zh_CN]``. Starts QGIS under Xvfb with a profile of
its own, lets ``walkthrough_steps.py`` act, and, after QGIS has ended, reads what it left behind. Exit status 0 when
every step has its effect. How long the window did not answer is told, not judged: other work on the machine is in it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 0.2  # seconds that the main thread may wait for the engine
# What each step must leave in the store: words, question, least number.
EFFECTS = (
    ("new city: classes of the edition", "SELECT count(*) FROM class", 50),
    ("new city: county", "SELECT count(*) FROM meta WHERE key = 'county_code'", 1),
    ("import streets", "SELECT count(*) FROM admin_area WHERE level = 'street'", 1),
    ("import communities", "SELECT count(*) FROM admin_area WHERE level = 'community'", 2),
    ("adopt the draft", "SELECT count(*) FROM unit_grid WHERE status = 'current' AND code IS NOT NULL", 2),
    ("import points", "SELECT count(*) FROM component_point", 10),
    ("import lines", "SELECT count(*) FROM component_line", 1),
    ("import areas of components", "SELECT count(*) FROM component_area", 1),
    ("assign codes", "SELECT count(*) FROM component_point WHERE code IS NOT NULL AND grid_code IS NOT NULL", 10),
    ("import cases", "SELECT count(*) FROM case_record", 10),
    ("link cases: place", "SELECT count(*) FROM case_record WHERE community_code IS NOT NULL", 10),
    ("link cases: component", "SELECT count(*) FROM case_record WHERE component_uuid IS NOT NULL", 1),
)
KINDS = {
    "create_store", "import_areas", "adopt_grids", "import_components", "assign_codes", "import_cases", "link_cases",
}  # fmt: skip


def find_data(out: Path) -> Path:
    """Return the demo city's files; made when the repository holds none."""
    data = ROOT / "sample_data"
    if (data / "about.json").is_file():
        return data
    data = out / "data"
    subprocess.run([sys.executable, "-m", "scripts.demo_city", "--out", str(data)], check=True, cwd=ROOT)
    return data


def run_qgis(out: Path, data: Path, options: argparse.Namespace) -> int:
    """Start QGIS with the plugin and the steps; return its exit status."""
    locale, seconds = options.locale, options.timeout
    steps = "walkthrough_size.py" if options.store else "walkthrough_steps.py"
    profile = out / "profiles" / "profiles" / "walk"
    install = [sys.executable, str(ROOT / "scripts" / "install_profile.py"), str(profile), "--locale", locale]
    subprocess.run(install, check=True, cwd=ROOT)
    run_time, home = out / "run", out / "home"
    for folder in (run_time, home):
        folder.mkdir(mode=0o700, exist_ok=True)
    site = next(path for path in sys.path if path.endswith("site-packages"))
    environment = {
        **os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(run_time), "LC_ALL": "C.UTF-8", "PYTHONPATH": site,
        "DCM_PYTHON": sys.executable, "DCM_WALK_OUT": str(out), "DCM_WALK_DATA": str(data),
        "DCM_WALK_SCRIPTS": str(ROOT / "scripts"), "DCM_WALK_STORE": str(options.store or ""),
    }  # fmt: skip
    environment.pop("QT_QPA_PLATFORM", None)
    command = ["xvfb-run", "-a", "-s", "-screen 0 1920x1080x24", "qgis", "--nologo", "--noversioncheck"]
    command += ["--profiles-path", str(out / "profiles"), "--profile", "walk"]
    command += ["--code", str(ROOT / "scripts" / steps)]
    with (out / "qgis.log").open("w", encoding="utf-8") as log:
        try:
            return subprocess.run(
                command, env=environment, stdout=log, stderr=log, timeout=seconds, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            return -1


def effects(store: Path) -> list[tuple[str, int, bool]]:
    """Ask the store what each step left: words, number, whether that is enough."""
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        found = []
        for words, question, least in EFFECTS:
            number = int(connection.execute(question).fetchone()[0])
            found.append((words, number, number >= least))
        kinds = {row[0] for row in connection.execute("SELECT kind FROM operation")}
        found.append(("an operation of each kind", len(kinds & KINDS), kinds >= KINDS))
        double = connection.execute("SELECT count(*) - count(DISTINCT code) FROM code_register").fetchone()[0]
        found.append(("no code twice", int(double), double == 0))
        sound = connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        found.append(("the file is sound", int(sound), sound))
    return found


def main() -> int:
    """Walk, read, tell; 0 when all is as it must be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "walkthrough")
    parser.add_argument("--locale", default="zh_CN")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds for QGIS")
    parser.add_argument("--store", type=Path, help="a big store to open and click through instead of the main job")
    options = parser.parse_args()
    out = options.out.resolve()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    options.store = options.store.resolve() if options.store else None
    status = run_qgis(out, find_data(out), options)
    return tell_size(out, status) if options.store else tell(out, status)


def tell(out: Path, status: int) -> int:
    """Print what was found; 0 when all is as it must be."""
    if not (out / "findings.json").is_file():
        print(f"QGIS ended with {status} before the walk did; see {out / 'qgis.log'}.")
        return 1
    findings: dict[str, Any] = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    failures = []
    if findings["error"]:
        failures.append(f"the walk stopped at '{findings['steps'][-1]}':\n{findings['error']}")
    if status != 0:
        failures.append(f"QGIS ended with {status}")
    failures += [
        f"{name} was not written" for name in ("city.gpkg", "draft.gpkg", "assess.xlsx") if not (out / name).is_file()
    ]
    lines = effects(out / "city.gpkg") if (out / "city.gpkg").is_file() else []
    lines += [
        (f"selected on the map: {key}", number, number > 0) for key, number in findings.get("selected", {}).items()
    ]
    for words, number, good in lines:
        print(f"  {'ok  ' if good else 'FAIL'}  {words:<40} {number}")
        if not good:
            failures.append(words)
    tell_waits(findings)
    print(f"  pictures: {len(list(out.glob('*.png')))} in {out}")
    for failure in failures:
        print(f"FAILED: {failure}")
    return 1 if failures else 0


def tell_waits(findings: dict[str, Any]) -> None:
    """Print how long the window did not answer in each step, and where it was."""
    print("  longest time without an answer of the window, by step (s):")
    for step, gap in findings["longest_wait"].items():
        over = f"  over {LONGEST}: {findings['stalled_at'].get(step, '')}" if gap > LONGEST else ""
        print(f"        {step:<40} {gap:.2f}{over}")


def tell_size(out: Path, status: int) -> int:
    """Print the figures of a big store; 1 only when the round did not come to its end."""
    if not (out / "findings.json").is_file():
        print(f"QGIS ended with {status} before the round did; see {out / 'qgis.log'}.")
        return 1
    findings: dict[str, Any] = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    for words, value in findings["figures"].items():
        print(f"  {words:<48} {value}")
    tell_waits(findings)
    if findings["error"]:
        print(f"FAILED at '{findings['steps'][-1]}':\n{findings['error']}")
    return 1 if findings["error"] or status else 0


if __name__ == "__main__":
    sys.exit(main())

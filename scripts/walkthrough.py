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
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from walkthrough_data import make_first_day

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
CURRENT = "SELECT count(*) FROM unit_grid WHERE status = 'current'"
# What the first run must leave: city → words, question, least number.
FIRST: dict[str, tuple[tuple[str, str, int], ...]] = {
    "demo": (
        ("unit grids", CURRENT, 10),
        ("components with code", "SELECT count(*) FROM component_point WHERE code IS NOT NULL", 1000),
        ("cases at components", "SELECT count(*) FROM case_record WHERE component_uuid IS NOT NULL", 100),
    ),
    "多资料": (
        ("a vendor's grids", CURRENT, 50),
        ("communities made of them", "SELECT count(*) FROM admin_area WHERE level = 'community'", 6),
        ("faults listed", "SELECT count(*) FROM check_issue WHERE rule LIKE 'grid.%'", 3),
        ("components with code", "SELECT count(*) FROM component_point WHERE code IS NOT NULL", 20),
        ("cases in grids", "SELECT count(*) FROM case_record WHERE grid_code IS NOT NULL", 1000),
    ),
    "只有案件": (("cases without place", "SELECT count(*) FROM case_record WHERE grid_code IS NULL", 1500),),
    "只有社区": (("communities", "SELECT count(*) FROM admin_area WHERE level = 'community'", 6),),
}
# What the census day must leave: words, question, least number.
CENSUS = (
    ("drawings of the base map", "SELECT count(*) FROM drawing", 10),
    ("lamps and lids of a drawing by its mapping", "SELECT count(*) FROM candidate", 75),
    ("candidates confirmed", "SELECT count(*) FROM candidate WHERE state = 'confirmed'", 20),
    ("a candidate rejected", "SELECT count(*) FROM candidate WHERE state = 'rejected'", 1),
    ("sheets of a crew", "SELECT count(*) FROM sheet WHERE crew = '一组'", 1),
    ("a class asks for photos", "SELECT count(*) FROM class WHERE photo_count = 1 AND name = '路灯'", 1),
    ("old ledger", "SELECT count(*) FROM component_point WHERE import_key LIKE '旧台账%'", 75),
    ("photos", "SELECT count(*) FROM photo", 20),
    ("doubles merged", "SELECT count(*) FROM component_point WHERE merged_uuid IS NOT NULL", 1),
    ("issues waived", "SELECT count(*) FROM check_issue WHERE state = 'waived'", 2),
)  # fmt: skip
# What the day of the grids must leave.
GRIDS = (
    ("drawings of the base map", "SELECT count(*) FROM drawing", 10),
    ("grids", CURRENT, 40),
    ("adopted once more", "SELECT count(*) FROM operation WHERE kind = 'adopt_grids'", 2),
)
# What the first run with a vendor's grids must leave.
VENDOR = (
    ("the vendor's grids", CURRENT, 80),
    ("faults are listed", "SELECT count(*) FROM check_issue WHERE rule LIKE 'grid.%'", 20),
    ("faults are mended", "SELECT count(*) FROM check_issue WHERE rule = 'grid.overlap' AND state = 'settled'", 3),
    ("faults are ignored with a reason", "SELECT count(*) FROM check_issue WHERE state = 'waived'", 1),
)
# What redrawing must leave: it is taken back at the end.
REDRAW = (
    ("grids", CURRENT, 10),
    ("a redraw was written", "SELECT count(*) FROM operation WHERE kind = 'redraw'", 1),
    ("a scenario", "SELECT count(*) FROM scenario", 1),
)
# What the store with a past must hold.
HISTORY = (
    ("grids", CURRENT, 40),
    ("retired grids", "SELECT count(*) FROM unit_grid WHERE status = 'retired'", 40),
    ("steps of the lineage", "SELECT count(*) FROM grid_lineage", 80),
)
# What painting beats must leave.
BEATS = (
    ("grids", CURRENT, 10),
    ("beats", "SELECT count(*) FROM beat WHERE valid_to IS NULL", 6),
    ("changes of beats", "SELECT count(*) FROM operation WHERE kind = 'save_beats'", 2),
)
# What a dispatcher's day must leave: each move of the workflow, and where the cases are.
_MOVED = "SELECT count(*) FROM case_event WHERE source = 'move' AND action = "
_NEW = "SELECT count(*) FROM case_record WHERE case_no LIKE 'N00%'"
DISPATCH = (
    ("new cases", _NEW, 100),
    ("closed", f"{_NEW} AND stage = 'closed' AND closed_at IS NOT NULL AND dispatched_at IS NOT NULL", 97),
    ("void", f"{_NEW} AND stage = 'void'", 2),
    ("with their department", f"{_NEW} AND stage = 'closed' AND dept_code IS NOT NULL", 97),
    *(
        (f"moves: {action}", f"{_MOVED}'{action}'", least)
        for action, least in (
            ("verify", 1), ("accept", 99), ("reject_filing", 1), ("void", 1), ("file", 98), ("dispatch", 98),
            ("return", 2), ("supervise", 1), ("remediate", 1), ("park", 1), ("resume", 1), ("ask_extension", 2),
            ("grant_extension", 1), ("refuse_extension", 1), ("appeal", 1), ("refuse_appeal", 1), ("dispose", 98),
            ("feedback", 98), ("rework", 1), ("check", 97), ("close", 97),
        )
    ),
    ("rulings", "SELECT count(*) FROM ruling", 1),
    ("remediations asked for", "SELECT count(*) FROM remediation", 1),
    ("supervised", f"{_NEW} AND supervised = 1", 1),
    ("extensions", f"{_NEW} AND extensions = 1", 1),
    ("reworks", f"{_NEW} AND reworks = 1", 1),
    ("placed by hand", "SELECT count(*) FROM case_record WHERE place_method = 'hand'", 1),
    ("taken back", "SELECT count(*) FROM operation WHERE undone_by IS NOT NULL", 7),
    ("funds", "SELECT count(*) FROM fund", 1),
    ("remediations paid", "SELECT count(*) FROM remediation WHERE state = 'done' AND cost = 700", 1),
    ("remediations refused", "SELECT count(*) FROM remediation WHERE state = 'refused'", 1),
    ("cases handed over, receipts read", "SELECT count(*) FROM package_case WHERE state = 'accepted'", 3),
)
# What bringing cases in by example must leave.
CASES = (
    ("cases", "SELECT count(*) FROM case_record", 390),
    ("with the class of a word that was mapped", "SELECT count(*) FROM class_synonym WHERE word = '流动摊点占道'", 1),
    ("a mapping is remembered", "SELECT count(*) FROM mapping WHERE kind = 'cases'", 1),
    ("with a place (two of the demo city are at 0, 0, which is none)",
     "SELECT count(*) FROM case_record WHERE geom IS NOT NULL", 386),
    ("turned coordinates are turned back", "SELECT count(*) FROM case_record WHERE geom IS NOT NULL"
     " AND CAST(substr(case_no, 3) AS INTEGER) % 50 = 3", 8),
)  # fmt: skip
# What looking at assessments must leave: the table that was kept.
ASSESS = (
    ("cases", "SELECT count(*) FROM case_record", 300),
    ("kept tables", "SELECT count(*) FROM assessment_run", 1),
)
# What an analyst's questions must leave: nothing is written.
ANALYST = (("cases", "SELECT count(*) FROM case_record", 300),)
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
    part = "size" if options.store else "first" if options.first else "census" if options.census else "steps"
    days = ("grids", "vendor", "redraw", "history", "beats", "review", "cases", "assess", "analyst")
    part = next((name for name in days if getattr(options, name)), part)
    part = "kills" if options.kills else "pace" if options.redraw and options.store else part
    if options.dispatch:
        part = "dispatch_size" if options.store else "dispatch"
    if options.assess and options.store:
        part = "assess_size"
    profile = out / "profiles" / "profiles" / "walk"
    install = [sys.executable, str(ROOT / "scripts" / "install_profile.py"), str(profile), "--locale", locale]
    install += ["--font", str(options.font)] if options.font else []
    subprocess.run(install, check=True, cwd=ROOT)
    run_time, home = out / "run", out / "home"
    for folder in (run_time, home):
        folder.mkdir(mode=0o700, exist_ok=True)
    site = next(path for path in sys.path if path.endswith("site-packages"))
    environment = {
        **os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(run_time), "LC_ALL": "C.UTF-8", "PYTHONPATH": site,
        "DCM_PYTHON": sys.executable, "DCM_WALK_OUT": str(out), "DCM_WALK_DATA": str(data),
        "DCM_WALK_SCRIPTS": str(ROOT / "scripts"), "DCM_WALK_STORE": str(options.store or ""),
        "DCM_WALK_THEME": options.theme, "QT_SCALE_FACTOR": str(options.scale), "DCM_WALK_KILLS": str(options.kills),
        "DCM_WALK_PALETTE": options.palette, "PYTHONFAULTHANDLER": "1",
    }  # fmt: skip
    environment.pop("QT_QPA_PLATFORM", None)
    wide, high = (int(side) * options.scale for side in options.size.split("x"))
    command = ["xvfb-run", "-a", "-s", f"-screen 0 {wide}x{high}x24"]
    program = shutil.which("qgis.bin") or "qgis"  # "qgis" may be a script that starts it
    if options.debugger:  # slow; a crash is told with the stacks of all threads, in qgis.log
        stops = ["-ex", "run", "-ex", "backtrace 30", "-ex", "thread apply all backtrace 30"]
        command += ["gdb", "-q", "-batch", *stops, "--args", program]
    else:
        command += ["qgis"]
    command += ["--nologo", "--noversioncheck"]
    command += ["--profiles-path", str(out / "profiles"), "--profile", "walk"]
    command += ["--code", str(ROOT / "scripts" / f"walkthrough_{part}.py")]
    with (out / "qgis.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return -1
        finally:
            # Xvfb and QGIS, too, where they outlived xvfb-run.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


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
    parser.add_argument("--first", action="store_true", help="the first run: demo city and wizard")
    parser.add_argument("--census", action="store_true", help="a census day: base map, census, photos, doubles, checks")
    parser.add_argument("--grids", action="store_true", help="drafting unit grids: preview, review, adoption")
    parser.add_argument("--vendor", action="store_true", help="a vendor's unit grids: faults, adoption, mending")
    parser.add_argument("--redraw", action="store_true", help="redrawing unit grids: tools, scenarios, writing")
    parser.add_argument("--kills", type=int, default=0, help="redrawing while the engine is killed so many times")
    parser.add_argument("--debugger", action="store_true", help="run QGIS in gdb")
    parser.add_argument("--history", action="store_true", help="the lineage of unit grids, the grids of a day")
    parser.add_argument("--beats", action="store_true", help="beats: drafted, painted, locked, saved")
    parser.add_argument("--cases", action="store_true", help="cases of a platform's workbook, by example")
    parser.add_argument("--dispatch", action="store_true", help="a day of a dispatcher; with --store: its speed")
    parser.add_argument("--assess", action="store_true", help="the assessment dock: periods, map, cases, files")
    parser.add_argument("--analyst", action="store_true", help="the analyst's dock: questions, map, periods, a page")
    parser.add_argument("--review", action="store_true", help="all docks, windows and dialogs, one after the other")
    parser.add_argument("--size", default="1920x1080", help="of the screen, e.g. 1366x768")
    parser.add_argument("--font", type=float, default=0, help="size of all texts in points; QGIS' own without")
    parser.add_argument("--palette", default="", help="of --review, --dispatch and the other days: dark or contrast")
    parser.add_argument(
        "--docs", action="store_true", help="put the pictures of --census, --grids or --redraw into docs/user/img"
    )
    parser.add_argument("--theme", default="", help="a theme of QGIS, e.g. 'Night Mapping'")
    parser.add_argument("--scale", type=int, default=1, help="how large everything is drawn: 1 or 2")
    parser.add_argument("--store", type=Path, help="a big store to open and click through instead of the main job")
    options = parser.parse_args()
    out = options.out.resolve()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    options.store = options.store.resolve() if options.store else None
    data = find_data(out)
    if options.first:
        make_first_day(out / "first_day", data)
    day = {"census": CENSUS, "grids": GRIDS, "redraw": REDRAW, "vendor": VENDOR, "history": HISTORY, "beats": BEATS,
           "dispatch": DISPATCH, "cases": CASES, "assess": ASSESS, "analyst": ANALYST}  # fmt: skip
    kind = next((name for name in (*day, "review") if getattr(options, name)), "redraw" if options.kills else "")
    if options.history:
        from scripts.history_city import make_history

        make_history(out / "history" / "city.gpkg", data)
    elif options.cases:
        from scripts.case_workbook import make_case_workbook

        make_case_workbook(out / "cases" / "平台导出.xlsx", data)
    elif kind and kind not in ("vendor", "beats", "dispatch", "assess", "analyst") and not options.store:
        from walkthrough_census_data import make_census_day

        make_census_day(out / "census_day", data)
    if options.vendor:
        from scripts.vendor_grids import make_vendor

        make_vendor(out / "vendor", data)
    status = run_qgis(out, data, options)
    if options.docs:
        put_into_docs(out)
    if options.review:
        return tell_review(out, status)
    if kind and not options.store:
        return tell_census(out, status, day[kind])
    if options.first:
        return tell_first(out, status)
    return tell_size(out, status) if options.store else tell(out, status)


def put_into_docs(out: Path) -> None:
    """Put the pictures made for the user's pages there, small: at most 1,200 pixels wide, 200 colours."""
    from PIL import Image

    for path in sorted(out.glob("*_doc_*.png")):
        with Image.open(path) as image:
            picture = image.convert("RGB")
        if picture.width > 1200:
            size = (1200, picture.height * 1200 // picture.width)
            picture = picture.resize(size, Image.Resampling.LANCZOS)
        picture.quantize(200).save(ROOT / "docs" / "user" / "img" / f"{path.stem.split('_doc_')[1]}.png", optimize=True)


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
    print("  longest time without an answer of the window, by step (s; in brackets what its thread worked in it):")
    for step, gap in findings["longest_wait"].items():
        over = f"  over {LONGEST}: {findings.get('stalled_at', {}).get(step, '')}" if gap > LONGEST else ""
        own = findings.get("own_work", {}).get(step, 0.0)
        print(f"        {step:<40} {gap:.2f} ({own:.2f}){over}")


def tell_first(out: Path, status: int) -> int:
    """Print what the first run left; 0 when all is as it must be."""
    if not (out / "findings.json").is_file():
        print(f"QGIS ended with {status} before the walk did; see {out / 'qgis.log'}.")
        return 1
    findings: dict[str, Any] = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    lines = [(words, int(good), good) for words, good in findings["checks"].items()]
    for name, questions in FIRST.items():
        path = Path(findings.get("demo", "")) if name == "demo" else out / "cities" / f"{name}.gpkg"
        if not path.is_file():
            lines.append((f"{name}: the city is there", 0, False))
            continue
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            for words, question, least in questions:
                number = int(connection.execute(question).fetchone()[0])
                lines.append((f"{name}: {words}", number, number >= least))
            sound = connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            lines.append((f"{name}: the file is sound", int(sound), sound))
    hidden = [one.name for one in (out / "cities").glob(".*")] if (out / "cities").is_dir() else []
    lines.append(("no hidden folder is left", len(hidden), not hidden))
    for words, number, good in lines:
        print(f"  {'ok  ' if good else 'FAIL'}  {words:<52} {number}")
    for words, value in findings["figures"].items():
        print(f"  {words:<48} {value}")
    tell_waits(findings)
    if findings["error"]:
        print(f"FAILED at '{findings['steps'][-1]}':\n{findings['error']}")
    return 1 if findings["error"] or status or not all(good for _, _, good in lines) else 0


def tell_census(out: Path, status: int, questions: tuple[tuple[str, str, int], ...]) -> int:
    """Print what the census day or that of the grids left; 0 when all is as it must be."""
    if not (out / "findings.json").is_file():
        print(f"QGIS ended with {status} before the day did; see {out / 'qgis.log'}.")
        return 1
    findings: dict[str, Any] = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    lines = [(words, int(good), good) for words, good in findings["checks"].items()]
    store = findings.get("demo") or ""
    if Path(store).is_file():
        with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
            for words, question, least in questions:
                number = int(connection.execute(question).fetchone()[0])
                lines.append((words, number, number >= least))
    for words, number, good in lines:
        print(f"  {'ok  ' if good else 'FAIL'}  {words:<52} {number}")
    for words, value in findings["figures"].items():
        print(f"  {words:<48} {value}")
    tell_waits(findings)
    if findings["error"]:
        print(f"FAILED at '{findings['steps'][-1]}':\n{findings['error']}")
    return 1 if findings["error"] or status or not all(good for _, _, good in lines) else 0


def tell_review(out: Path, status: int) -> int:
    """Print what the review could not open, and how many pictures there are; 1 when it did not come to its end."""
    if not (out / "review.json").is_file():
        print(f"QGIS ended with {status} before the review did; see {out / 'qgis.log'}.")
        return 1
    found = json.loads((out / "review.json").read_text(encoding="utf-8"))
    for name, why in found["missed"].items():
        print(f"  not seen: {name}: {why}")
    for name, one in found["seen"].items():
        for words in ("cut off", "unnamed", "letters twice", "untranslated"):
            if one.get(words):
                print(f"  {name}: {words}: {str(one[words])[:300]}")
    print(f"  seen: {len(found['seen'])}; pictures: {len(list(out.glob('*.png')))} in {out}")
    return 1 if status else 0


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

# SPDX-License-Identifier: GPL-2.0-or-later
"""The main job on the demo city: from files to a city store, a styled project, a map and the assessment tables.

Runs the plugin's own Processing algorithms in a QGIS without a window: ``make demo`` or
``bash scripts/headless.sh .venv/bin/python scripts/run_demo.py --out build/demo``. Writes ``city.gpkg``, ``city.qgz``,
``map.png`` and ``summary.xlsx``, replacing those of an earlier run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
FILES = ("city.gpkg", "city.qgz", "map.png", "summary.xlsx")


class Refused(Exception):
    """A step did not work; the text is one sentence."""


def say(text: str = "") -> None:
    """Write a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def start_qgis(locale: str) -> Any:
    """Start QGIS without a window, with Processing and the plugin's provider and language."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("DCM_PYTHON", sys.executable)
    from qgis.core import QgsApplication, QgsSettings

    application = QgsApplication([], True)
    application.setPrefixPath("/usr", True)
    application.initQgis()
    QgsSettings().setValue("locale/userLocale", locale)
    sys.path.append(str(Path(QgsApplication.pkgDataPath()) / "python" / "plugins"))
    from processing.core.Processing import Processing

    from digital_citymgmt_plugin.algorithms.provider import DcmProvider
    from digital_citymgmt_plugin.bridge.i18n import find_translation, install_translator

    if not locale.startswith("en") and find_translation(locale) is None:
        # A fresh working copy holds no compiled translation; without the compiler the demo speaks English.
        command = [sys.executable, str(ROOT / "scripts" / "build_ts.py")]
        subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    application.dcm_translator = install_translator(locale)
    Processing.initialize()
    provider = DcmProvider()
    QgsApplication.processingRegistry().addProvider(provider)
    application.dcm_provider = provider
    return application


def run(title: str, algorithm: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Run one algorithm, say what it counted and how long it took."""
    import processing
    from qgis.core import QgsProcessingException, QgsProcessingFeedback

    class Feedback(QgsProcessingFeedback):
        def __init__(self) -> None:
            super().__init__(False)
            self.errors: list[str] = []

        def reportError(self, error: str, fatalError: bool = False) -> None:  # noqa: N802, N803  (names of QGIS)
            self.errors.append(error)

    feedback = Feedback()
    begun = time.perf_counter()
    try:
        result = processing.run(f"dcm:{algorithm}", dict(parameters), feedback=feedback)
    except QgsProcessingException as error:
        raise Refused(f"{title}: {feedback.errors[0] if feedback.errors else error}") from error
    counts = ", ".join(f"{name.lower()} {value}" for name, value in result.items() if isinstance(value, int) and value)
    say(f"  {title:<34} {time.perf_counter() - begun:6.1f} s   {counts}")
    return dict(result)


def find_data(folder: Path | None, scratch: Path) -> Path:
    """Return the folder with the demo city's files; the whole small city is made when none is given."""
    if folder is not None:
        if (folder / "about.json").is_file():
            return folder
        raise Refused(f"{folder} holds no demo city (about.json is missing).")
    from scripts.demo_city.__main__ import main as make_city

    data = scratch / "demo_city"
    make_city(["--out", str(data)])
    return data


def build(data: Path, about: Mapping[str, Any], store: Path, scratch: Path) -> list[dict[str, Any]]:
    """Do the main job; return the three assessments (title and table file)."""
    from digital_citymgmt_plugin.bridge.demo_profile import write_demo_profile
    from digital_citymgmt_plugin.bridge.engines import pool

    city = {"STORE": str(store)}
    base, census = data / "base_map.gpkg", data / "components"
    run(
        "new city store",
        "createstore",
        {**city, "EDITION": about["edition"], "COUNTY_CODE": about["county_code"],
         "COUNTY_NAME": about["county_name"], "CRS": about["crs"],
         "PROFILE": write_demo_profile(data, str(about["edition"]), scratch / "profile.json")},
    )  # fmt: skip
    # One engine for all steps.
    pool().hold(str(store))
    for level in ("street", "community"):
        layer = "streets" if level == "street" else "communities"
        run(f"import areas: {layer}", "importareas",
            {**city, "INPUT": _layer(data / "areas.gpkg", layer), "LEVEL": level, "CODE_FIELD": "code",
             "NAME_FIELD": "name"})  # fmt: skip
    draft = scratch / "draft.gpkg"
    run("draft unit grids", "draftgrids", {
        "AREAS": _layer(data / "areas.gpkg", "communities"), "AREA_CODE_FIELD": "code",
        "BARRIERS": [_layer(base, name) for name in ("roads", "rivers", "walls")], "RANK_FIELD": "rank",
        "BUILDINGS": _layer(base, "buildings"), "COMPOUNDS": _layer(base, "compounds"), "CRS": about["crs"],
        "OUTPUT": str(draft)})  # fmt: skip
    run("adopt unit grids", "adoptgrids", {**city, "INPUT": str(draft)})
    for path in sorted(census.iterdir()):
        if path.suffix in (".shp", ".gpkg", ".csv"):
            run(f"import {path.name}", "importcomponents", {
                **city, "INPUT": str(path), "CRS": about["crs"] if path.suffix == ".csv" else None,
                "REJECTS": str(scratch / f"rejects_{path.stem}.xlsx")})  # fmt: skip
    run("assign codes", "assigncodes", city)
    run("import cases", "importcases", {
        **city, "INPUT": str(data / "cases.csv"), "EVENTS": str(data / "case_events.csv"), "CRS": about["crs"],
        "REJECTS": str(scratch / "rejects_cases.xlsx")})  # fmt: skip
    run("link cases", "linkcases", city)
    tables = []
    for by in ("street", "community", "department"):
        path = scratch / f"assess_{by}.xlsx"
        run(f"assess by {by}", "assess", {**city, "BY": by, "OUTPUT": str(path)})
        tables.append({"by": by, "path": path})
    return tables


def _layer(path: Path, layer: str) -> str:
    return f"{path}|layername={layer}"


def write_summary(
    path: Path, health: Mapping[str, Any], tables: list[dict[str, Any]]
) -> tuple[list[list[Any]], list[list[Any]]]:
    """Put the health of the chain and the assessments into one workbook; return the table by street and the health."""
    import openpyxl

    from digital_citymgmt_plugin.gui.models.health import HealthModel

    model = HealthModel()
    model.fill(health["items"])
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "health"
    counts = [[model.horizontalHeaderItem(column).text() for column in range(3)], *map(list, model.table())]
    for line in counts:
        sheet.append(line)
    first: list[list[Any]] = []
    for table in tables:
        source = openpyxl.load_workbook(table["path"])
        for page in source.worksheets:
            name = table["by"] if len(source.worksheets) == 1 else f"{table['by']} {page.title}"
            copy = book.create_sheet(name[:31])
            rows = [[_cell(value) for value in row] for row in page.iter_rows(values_only=True)]
            for row in rows:
                copy.append(row)
            first = first or rows
    for page in book.worksheets:
        for column in page.columns:
            width = max((_width(cell.value) for cell in column), default=8)
            page.column_dimensions[column[0].column_letter].width = min(40, width + 2)
    book.save(path)
    return first, counts


def _cell(value: Any) -> Any:
    """Text that begins like a formula stays text."""
    return "'" + value if isinstance(value, str) and value[:1] in "=+@" else value


def _width(value: Any) -> int:
    """Columns that a value takes on a terminal: a Chinese character takes two."""
    return sum(2 if ord(letter) > 0x2E80 else 1 for letter in ("" if value is None else str(value)))


def show(rows: list[list[Any]]) -> None:
    """Print a table with its columns in line; rows with one cell are lines of text."""
    texts = [[_text(value) for value in row] for row in rows]
    lines = [row for row in texts if sum(1 for text in row if text) > 1]
    columns = max((len(row) for row in lines), default=0)
    widths = [max((_width(row[n]) for row in lines if n < len(row)), default=0) for n in range(columns)]
    for row in texts:
        if row not in lines:
            say("  " + "".join(row))
            continue
        first, *others = zip(row, widths)
        cells = [first[0] + " " * (first[1] - _width(first[0]))]
        cells += [" " * (width - _width(text)) + text for text, width in others]
        say("  " + "  ".join(cells).rstrip())


def _text(value: Any) -> str:
    return "" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)


def shorten(rows: list[list[Any]]) -> list[list[Any]]:
    """Keep of the assessment what a terminal holds: name, the first counts and the rates."""
    header = next((row for row in rows if sum(1 for value in row if value) > 3), [])
    rates = [n for n, value in enumerate(header) if str(value or "").endswith("(%)")]
    keep = [*range(1, min(4, len(header))), *rates]
    return [
        [row[n] for n in keep] if sum(1 for value in row if value is not None) > 1 else [row[0]]
        for row in rows
        if row and any(value is not None for value in row)
    ]


def main() -> int:
    """Run the demo; 0 when all four files are there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "demo", help="folder for the four files")
    parser.add_argument("--data", type=Path, help="folder with the demo city's files (made when not given)")
    parser.add_argument("--locale", default=os.environ.get("DCM_LOCALE") or "zh_CN", help="language")
    options = parser.parse_args()
    begun = time.perf_counter()
    application = None
    try:
        with tempfile.TemporaryDirectory(prefix="dcm-demo-") as scratch:
            application = start_qgis(options.locale)
            rows, health = _work(options, Path(scratch))
    except Refused as refusal:
        sys.stderr.write(f"The demo failed: {refusal}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"The demo failed: {error.strerror}: {error.filename}.\n")
        return 1
    finally:
        if application is not None:
            from digital_citymgmt_plugin.bridge.engines import pool

            pool().shutdown()
    say()
    show(health)
    say()
    show(shorten(rows))
    say()
    for name in FILES:
        path = options.out / name
        say(f"  {path}  {path.stat().st_size / 1e6:.1f} MB")
    say(f"Done in {time.perf_counter() - begun:.0f} s. 'make qgis' opens it in QGIS.")
    return 0


def _work(options: argparse.Namespace, scratch: Path) -> tuple[list[list[Any]], list[list[Any]]]:
    import json

    from digital_citymgmt_plugin.bridge.engines import pool
    from digital_citymgmt_plugin.bridge.project import render_map, write_project
    from digital_citymgmt_plugin.core.errors import CityError
    from digital_citymgmt_plugin.core.requests import Health

    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    for name in (*FILES, "city.gpkg-wal", "city.gpkg-shm"):
        (out / name).unlink(missing_ok=True)
    data = find_data(options.data, scratch)
    about = json.loads((data / "about.json").read_text(encoding="utf-8"))
    store = out / "city.gpkg"
    say(f"Demo city {about['county_name']} ({about['county_code']}), edition {about['edition']}, from {data}")
    try:
        tables = build(data, about, store, scratch)
        health = pool().hold(str(store)).call(Health())
        # The store is one plain file again before QGIS reads it.
        pool().release(str(store), wait=True)
        rows, counts = write_summary(out / "summary.xlsx", health, tables)
        begun = time.perf_counter()
        project = write_project(str(store), str(out / "city.qgz"), about["county_name"], about["crs"])
        render_map(project, str(out / "map.png"))
        project.clear()
        say(f"  {'project and map':<34} {time.perf_counter() - begun:6.1f} s")
    except CityError as error:
        from digital_citymgmt_plugin.bridge.messages import sentence

        raise Refused(sentence(error)) from error
    missing = [name for name in FILES if not (out / name).is_file()]
    if missing:
        raise Refused(f"{', '.join(missing)} was not written to {out}.")
    return rows, counts


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # QGIS takes its own time to come down when Python ends; all files are closed by now.
    os._exit(status)

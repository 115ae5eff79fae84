# SPDX-License-Identifier: GPL-2.0-or-later
"""``make demo`` on the sample data: the four files, whose figures are those of the store, replaced by a second run."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest

pytestmark = pytest.mark.qgis
ROOT = Path(__file__).resolve().parents[2]
FILES = ["city.gpkg", "city.qgz", "map.png", "summary.xlsx"]


def demo(out: Path, home: Path) -> str:
    """Run the demo in a process and a home of its own; return what it says."""
    home.mkdir(exist_ok=True)
    command = [sys.executable, "scripts/run_demo.py", "--out", str(out), "--data", "sample_data", "--locale", "en"]
    env = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        command, cwd=ROOT, env={**env, "PYTHONUTF8": "1"}, capture_output=True, text=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "启东 演示's"
    folder.mkdir()
    (folder / "city.gpkg").write_bytes(b"of an earlier run")
    (folder / "notes.txt").write_text("the user's own", encoding="utf-8")
    demo(folder, folder.parent / "home")
    return folder


def rows_of(out: Path, sql: str) -> list[tuple]:
    connection = sqlite3.connect(f"{(out / 'city.gpkg').as_uri()}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_the_demo_writes_its_four_files_and_leaves_others(out):
    assert sorted(path.name for path in out.iterdir()) == sorted([*FILES, "notes.txt"])
    assert (out / "map.png").read_bytes().startswith(b"\x89PNG")
    assert zipfile.ZipFile(out / "city.qgz").testzip() is None
    assert rows_of(out, "PRAGMA integrity_check") == [("ok",)]


def test_the_summary_ties_with_the_store(out):
    book = openpyxl.load_workbook(out / "summary.xlsx")
    assert book.sheetnames[0] == "health" and {"street", "community", "department"} <= set(book.sheetnames)
    ((cases,),) = rows_of(out, "SELECT count(*) FROM case_record")
    ((components,),) = rows_of(
        out, "SELECT (SELECT count(*) FROM component_point) + (SELECT count(*) FROM component_line) "
        "+ (SELECT count(*) FROM component_area)"
    )  # fmt: skip
    ((grids,),) = rows_of(out, "SELECT count(*) FROM unit_grid WHERE status = 'current'")
    said = {str(row[0]): row[1] for row in book["health"].iter_rows(values_only=True)}
    assert cases > 0 and components > 0 and grids > 0
    assert (said["Components"], said["Cases"], said["Unit grids"]) == (components, cases, grids)


@pytest.mark.parametrize(("by", "column"), [("street", "street_code"), ("department", "dept_code")])
def test_an_assessment_in_the_summary_ties_with_the_cases(out, by, column):
    rows = list(openpyxl.load_workbook(out / "summary.xlsx")[by].iter_rows(values_only=True))
    head = next(row for row in rows if "Reported" in row)
    wanted = [head.index(name) for name in ("Reported", "Filed", "Closed")]
    said = {row[0]: tuple(row[at] for at in wanted) for row in rows if row[0] and row[2] is not None and row != head}
    counted = rows_of(out, f"SELECT {column}, count(reported_at), count(filed_at), count(closed_at) FROM case_record "
                           f"WHERE {column} IS NOT NULL GROUP BY 1")  # fmt: skip
    assert said == {code: tuple(counts) for code, *counts in counted}
    assert (
        tuple(next(row for row in rows if row[1] == "Total")[at] for at in wanted)
        == rows_of(out, "SELECT count(reported_at), count(filed_at), count(closed_at) FROM case_record")[0]
    )


def test_a_second_run_replaces_the_first(out):
    tables = "SELECT (SELECT count(*) FROM case_record), (SELECT count(*) FROM component_point), county FROM (" \
             "SELECT value AS county FROM meta WHERE key = 'county_code')"  # fmt: skip
    before, made = rows_of(out, tables), rows_of(out, "SELECT uuid FROM operation ORDER BY fid")
    text = demo(out, out.parent / "home")
    assert all(name in text for name in FILES) and "Done in" in text
    assert rows_of(out, tables) == before
    assert not set(made) & set(rows_of(out, "SELECT uuid FROM operation"))
    assert sorted(path.name for path in out.iterdir()) == sorted([*FILES, "notes.txt"])
